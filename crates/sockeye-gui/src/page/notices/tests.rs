//! Notices from a board to a sentence, and what outlives the program.

use std::sync::{Arc, Mutex};

use eframe::egui;
use sockeye_core::filter::Filter;
use sockeye_core::notice::Rules;
use sockeye_core::{Action, Endpoint, Occurrence, State};
use sockeye_engine::desk::Desk;

use super::watch::Worker;
use super::*;
use crate::page::samples;

/// A file in a directory of its own.
fn place(name: &str) -> PathBuf {
    let directory = std::env::temp_dir().join(format!("sockeye-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&directory);
    directory.join("sockeye").join(name)
}

/// Lets something happen to an endpoint.
fn occur(desk: &Desk, action: Action, endpoint: Endpoint) {
    let mut board = desk.board();
    board.recent.push_back(Occurrence {
        time: samples::at(1),
        action,
        start: None,
        end: None,
        reason: None,
        lost: None,
        endpoint: Some(endpoint.into()),
    });
    board.occurred += 1;
}

fn worker(desk: &Desk, file: Option<PathBuf>) -> (Worker, Arc<Mutex<Told>>) {
    let told = Arc::default();
    let filter = Filter::all(Vec::new());
    let rules = Rules { has_listeners: true, has_connections: true, filter };
    (Worker::new(desk.spectator(), (rules, file), Arc::clone(&told)), told)
}

#[test]
fn what_is_new_is_told_once_and_remembered() {
    let file = place("seen");
    let desk = Desk::still(samples::board());
    let (mut worker, told) = worker(&desk, Some(file.clone()));
    // What is there at the first look is no news.
    assert!(!worker.look());
    let listener = |port: u16| {
        let mut endpoint = samples::endpoints(0).remove(0);
        endpoint.local.set_port(port);
        endpoint.state = Some(State::Listen);
        endpoint
    };
    occur(&desk, Action::Listening, listener(443));
    assert!(!worker.look());
    occur(&desk, Action::Listening, listener(8080));
    occur(&desk, Action::Listening, listener(8080));
    assert!(worker.look() && !worker.look());
    let told = told.lock().unwrap();
    let sentences: Vec<String> = told.notices.iter().map(sentence).collect();
    assert_eq!(sentences, ["/usr/sbin/nginx (1207) listens at tcp 0.0.0.0:8080"]);
    assert_eq!((told.unread, told.failure.is_some()), (1, true));
    drop(told);
    worker.save();
    // The next run knows it.
    let (mut next, _) = self::worker(&desk, Some(file.clone()));
    assert!(!next.look());
    occur(&desk, Action::Listening, listener(8080));
    assert!(!next.look());
    occur(&desk, Action::Listening, listener(8081));
    assert!(next.look());
    fs::remove_dir_all(file.parent().unwrap().parent().unwrap()).unwrap();
}

#[test]
fn wishes_outlive_the_program_and_bad_ones_are_said() {
    let file = place("notices.toml");
    let wish = Wish { listeners: true, connections: false, filter: "port = 443".into() };
    save(&file, &wish).unwrap();
    assert_eq!(load(&file), (wish, None));
    fs::write(&file, "listeners = 7").unwrap();
    let (wish, failure) = load(&file);
    assert_eq!(wish, Wish::default());
    assert!(failure.unwrap().contains("could not be read"));
    assert!(Wish { filter: "nonsense".into(), ..Wish::default() }.rules().is_err());
    fs::remove_dir_all(file.parent().unwrap().parent().unwrap()).unwrap();
}

#[test]
fn a_thread_watches_while_notices_are_wanted() {
    let desk = Desk::still(samples::board());
    let ctx = egui::Context::default();
    let mut notices = Notices::default();
    notices.wish.listeners = true;
    notices.follow(&ctx, &desk);
    assert!(notices.watch.is_some());
    notices.wish.listeners = false;
    notices.follow(&ctx, &desk);
    assert!(notices.watch.is_none());
}
