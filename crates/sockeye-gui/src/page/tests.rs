//! Pages as people use them, over a board that stands still.

use std::time::{Duration, Instant};

use eframe::egui::{self, Key, Vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use sockeye_core::Description;
use sockeye_core::signature::{Distrust, Signature};
use sockeye_engine::act::Fate;
use sockeye_engine::desk::Desk;
use sockeye_engine::whois::Record;

use super::deeds::Deeds;
use super::notices::Places;
use super::samples::{self, FAKE, advance, row};
use super::{Pages, Powers};

/// A window with nothing in it but pages.
struct Stage {
    pages: Pages,
    desk: Desk,
}

fn stage(deeds: Deeds) -> Harness<'static, Stage> {
    let pages = Pages::new(deeds, Places::default());
    let stage = Stage { pages, desk: Desk::still(samples::board()) };
    let draw = |ui: &mut egui::Ui, stage: &mut Stage| {
        let Stage { pages, desk } = stage;
        pages.show(ui.ctx(), desk, false);
    };
    let builder = Harness::builder().with_size(Vec2::new(1000.0, 760.0)).with_max_steps(1);
    let builder = builder.with_context_setup(|ctx| {
        crate::theme::install_faces(ctx);
        crate::theme::apply(ctx, egui::ThemePreference::Dark, crate::theme::Contrast::Usual);
    });
    let builder = builder.renderer(crate::tests::raster::Raster::default());
    let mut harness = builder.build_ui_state(draw, stage);
    // What this user may do is found out by a thread.
    wait(&mut harness, |harness| harness.state().pages.is_examined);
    harness
}

/// Draws until something holds.
fn wait(harness: &mut Harness<'_, Stage>, is_done: impl Fn(&Harness<'_, Stage>) -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !is_done(harness) {
        assert!(Instant::now() < end, "it did not come: {:#?}", harness.root());
        harness.run_steps(1);
    }
    harness.run_steps(3);
}

fn wait_for(harness: &mut Harness<'_, Stage>, label: &str) {
    wait(harness, |harness| harness.query_all_by_label_contains(label).next().is_some());
}

/// Clicks what is called so and is no mere text.
fn click(harness: &mut Harness<'_, Stage>, label: &str) {
    let nodes = harness.query_all_by_label(label);
    let is_text = |node: &egui_kittest::Node<'_>| {
        node.accesskit_node().role() == egui::accesskit::Role::Label
    };
    let node = nodes.into_iter().find(|node| !is_text(node));
    node.unwrap_or_else(|| panic!("nobody is called {label}")).click();
    harness.run_steps(1);
}

const SERVED: (&str, &str) = ("10.0.0.5:443", "192.0.2.77:51234");
const ASKED: (&str, &str) = ("10.0.0.5:40112", "198.51.100.9:443");
const LISTENER: (&str, &str) = ("0.0.0.0:443", "");
const WAITING: (&str, &str) = ("10.0.0.5:443", "192.0.2.90:50981");

fn rows(harness: &Harness<'_, Stage>, sides: &[(&str, &str)]) -> Vec<sockeye_core::view::RowId> {
    sides.iter().map(|(local, remote)| row(&harness.state().desk, local, remote)).collect()
}

#[test]
fn closing_is_asked_by_name_and_the_safe_answer_has_the_focus() {
    let mut harness = stage(FAKE);
    let chosen = rows(&harness, &[SERVED, LISTENER]);
    harness.state_mut().pages.close(chosen);
    wait_for(&mut harness, "Close 1 connection?");
    assert!(harness.state().pages.is_modal());
    let dialog = harness.get_by_role(egui::accesskit::Role::Dialog);
    assert_eq!(dialog.accesskit_node().label().as_deref(), Some("Close 1 connection?"));
    assert!(harness.get_by_label("Cancel").accesskit_node().is_focused());
    harness.get_by_label("TCP 10.0.0.5:443 to 192.0.2.77:51234 of nginx (1207)");
    harness.get_by_label("A listener is no connection: end its process instead.");
    // Enter gives the safe answer.
    harness.key_press(Key::Enter);
    harness.run_steps(3);
    assert!(!harness.state().pages.is_modal());
}

#[test]
fn what_came_of_closing_is_said_for_each() {
    let deeds = Deeds {
        close: |endpoints| {
            assert_eq!(endpoints.len(), 3);
            vec![Fate::Done, Fate::NotPermitted("it takes CAP_NET_ADMIN".into()), Fate::Remains]
        },
        ..FAKE
    };
    let mut harness = stage(deeds);
    let chosen = rows(&harness, &[SERVED, ASKED, WAITING]);
    harness.state_mut().pages.close(chosen);
    wait_for(&mut harness, "Close 3 connections?");
    click(&mut harness, "Close 3 connections");
    wait_for(&mut harness, "1 of 3 connections closed");
    let dialog = harness.get_by_role(egui::accesskit::Role::Dialog);
    assert_eq!(dialog.accesskit_node().label().as_deref(), Some("1 of 3 connections closed"));
    harness.get_by_label_contains("198.51.100.9:443 of curl (4711): not permitted");
    harness.get_by_label("it takes CAP_NET_ADMIN");
    harness.get_by_label_contains("192.0.2.90:50981: still open");
    click(&mut harness, "Done");
    harness.run_steps(3);
    assert!(!harness.state().pages.is_modal());
}

#[test]
fn ending_names_the_process_and_others_are_refused() {
    let deeds = Deeds {
        end: |processes, insistence| {
            assert_eq!(processes, [samples::id(4711)]);
            assert_eq!(insistence, sockeye_engine::act::Insistence::AskThenForce);
            vec![Fate::Done]
        },
        ..FAKE
    };
    let mut harness = stage(deeds);
    let chosen = rows(&harness, &[ASKED, SERVED, LISTENER, WAITING]);
    harness.state_mut().pages.end(chosen);
    wait_for(&mut harness, "End curl (4711)?");
    harness.get_by_label("nginx (1207)");
    harness.get_by_label("Only your own.");
    harness.get_by_label("No process is known that holds it: closed by its process, waiting.");
    click(&mut harness, "Force it if it still runs after 2 seconds");
    harness.run_steps(2);
    click(&mut harness, "End curl (4711)");
    wait_for(&mut harness, "curl (4711): ended");
    let dialog = harness.get_by_role(egui::accesskit::Role::Dialog);
    assert_eq!(dialog.accesskit_node().label().as_deref(), Some("Ended curl (4711)"));
    harness.key_press(Key::Escape);
    harness.run_steps(3);
    assert!(!harness.state().pages.is_modal());
}

#[test]
fn nothing_that_could_be_closed_is_said() {
    let mut harness = stage(FAKE);
    let chosen = rows(&harness, &[LISTENER]);
    harness.state_mut().pages.close(chosen);
    wait_for(&mut harness, "There is no connection to close");
    assert!(harness.query_by_label("Cancel").is_none());
    // Rows that are gone ask nothing.
    let chosen = rows(&harness, &[SERVED]);
    for second in 1..6 {
        advance(&harness.state().desk, second, Vec::new());
    }
    click(&mut harness, "Close");
    harness.run_steps(3);
    harness.state_mut().pages.close(chosen);
    harness.run_steps(3);
    assert!(!harness.state().pages.is_modal());
}

#[test]
fn the_page_of_a_process_says_what_is_known_and_why_the_rest_is_not() {
    let mut harness = stage(FAKE);
    let chosen = rows(&harness, &[SERVED]);
    harness.state_mut().pages.open_properties(chosen[0]);
    wait_for(&mut harness, "nginx 1.22.1-9, by Debian Nginx Maintainers");
    for label in [
        "small, powerful, scalable web/proxy server",
        "pid 1207 · running 3 d 4 h",
        "/usr/sbin/nginx",
        "nginx: worker\\u{202e} process",
        "www-data (33), started as root (0)",
        "nginx.service",
        "nginx (1206) ‹ systemd (1)",
        "not permitted to see",
        "2 endpoints",
    ] {
        assert!(
            harness.query_all_by_label(label).next().is_some(),
            "{label}: {:#?}",
            harness.root()
        );
    }
    // It is another user's.
    assert!(harness.get_by_label("End process…").accesskit_node().is_disabled());
    click(&mut harness, "Copy");
    let copied = harness.output().platform_output.commands.iter().find_map(|it| match it {
        egui::OutputCommand::CopyText(text) => Some(text.clone()),
        _ => None,
    });
    let copied = copied.unwrap();
    assert!(
        copied.contains("Image: /usr/sbin/nginx\n") && copied.contains("0.0.0.0:443"),
        "{copied}"
    );
    click(&mut harness, "Close");
    harness.run_steps(3);
    assert!(harness.state().pages.properties.is_empty());
}

#[test]
fn a_process_of_ones_own_can_be_ended_from_its_page() {
    let mut harness = stage(FAKE);
    let chosen = rows(&harness, &[ASKED]);
    harness.state_mut().pages.open_properties(chosen[0]);
    wait_for(&mut harness, "End process…");
    click(&mut harness, "End process…");
    wait_for(&mut harness, "End curl (4711)?");
}

#[test]
fn the_page_of_an_endpoint_follows_it_until_it_is_gone() {
    let mut harness = stage(FAKE);
    let chosen = rows(&harness, &[SERVED]);
    harness.state_mut().pages.open_properties(chosen[0]);
    wait_for(&mut harness, "Endpoint");
    click(&mut harness, "Endpoint");
    wait_for(&mut harness, "Established");
    harness.get_by_label_contains("The next two measurements");
    harness.get_by_label_contains("since before Sockeye began to watch");
    harness.get_by_label("accepted");
    harness.get_by_label("25 ms");
    advance(&harness.state().desk, 1, samples::endpoints(1_200_000));
    harness.run_steps(1);
    advance(&harness.state().desk, 2, samples::endpoints(1_500_000));
    wait_for(&mut harness, "1\u{2009}500\u{2009}000 bytes");
    assert!(harness.query_by_label_contains("The next two measurements").is_none());
    for second in 3..8 {
        advance(&harness.state().desk, second, Vec::new());
    }
    wait_for(&mut harness, "It is gone; this is how it was at last.");
    assert!(harness.get_by_label("Close connection…").accesskit_node().is_disabled());
}

#[test]
fn escape_closes_only_what_is_in_front() {
    let mut harness = stage(FAKE);
    let chosen = rows(&harness, &[ASKED]);
    harness.state_mut().pages.open_properties(chosen[0]);
    wait_for(&mut harness, "End process…");
    harness.state_mut().pages.end(chosen);
    wait_for(&mut harness, "End curl (4711)?");
    click(&mut harness, "End curl (4711)");
    wait_for(&mut harness, "Ended curl (4711)");
    harness.key_press(Key::Escape);
    harness.run_steps(3);
    assert!(!harness.state().pages.is_modal());
    assert_eq!(harness.state().pages.properties.len(), 1);
    harness.key_press(Key::Escape);
    harness.run_steps(3);
    assert!(harness.state().pages.properties.is_empty());
}

#[test]
fn a_process_says_who_signed_its_program() {
    let deeds = Deeds {
        describe: |_, process| {
            let mut told = samples::told(process);
            let reason = Distrust::Changed;
            let signature = Ok(Signature::Untrusted { reason, signer: Some("Igor".into()) });
            let description = Description { signature, ..(*told.description).clone() };
            told.description = description.into();
            told
        },
        ..FAKE
    };
    let mut harness = stage(deeds);
    let chosen = rows(&harness, &[SERVED]);
    harness.state_mut().pages.open_properties(chosen[0]);
    wait_for(&mut harness, "file was changed after it was signed; it names Igor");
    harness.get_by_label("Signature");
    let mut harness = stage(FAKE);
    let chosen = rows(&harness, &[SERVED]);
    harness.state_mut().pages.open_properties(chosen[0]);
    wait_for(&mut harness, "nginx 1.22.1-9");
    assert!(harness.query_by_label("Signature").is_none());
}

#[test]
fn a_listener_says_why_it_has_no_graph() {
    let mut harness = stage(FAKE);
    let chosen = rows(&harness, &[LISTENER]);
    harness.state_mut().pages.open_properties(chosen[0]);
    wait_for(&mut harness, "Endpoint");
    click(&mut harness, "Endpoint");
    wait_for(&mut harness, "what a listener accepts has rows of its own");
    assert!(harness.query_by_label_contains("UDP").is_none());
}

#[test]
fn what_was_found_later_says_when_and_that_older_events_are_gone() {
    let mut harness = stage(FAKE);
    let mut endpoints = samples::endpoints(1_000_000);
    let found = samples::carried(77, 1, 1);
    let local = "10.0.0.5:7777".parse().unwrap();
    endpoints.push(sockeye_core::Endpoint { local, ..found });
    advance(&harness.state().desk, 30, endpoints);
    let mut board = harness.state().desk.board();
    board.recent.clear();
    board.occurred += 1;
    drop(board);
    let chosen = rows(&harness, &[("10.0.0.5:7777", "192.0.2.77:51234")]);
    harness.state_mut().pages.open_properties(chosen[0]);
    wait_for(&mut harness, "Endpoint");
    click(&mut harness, "Endpoint");
    wait_for(&mut harness, "first seen 10:40:30");
    harness.get_by_label("first seen");
    harness.get_by_label("Of all endpoints, only the last 10 000 events are kept.");
    assert!(harness.query_by_label_contains("since before").is_none());
    assert!(harness.query_by_label_contains("Nothing since").is_none());
}

#[test]
fn an_endpoint_without_a_process_says_why() {
    let mut harness = stage(FAKE);
    let chosen = rows(&harness, &[WAITING]);
    harness.state_mut().pages.open_properties(chosen[0]);
    wait_for(&mut harness, "closed by its process, waiting");
    click(&mut harness, "Process");
    wait_for(&mut harness, "No process is known: closed by its process, waiting.");
}

#[test]
fn whois_asks_only_of_the_internet_and_can_be_cancelled() {
    let mut harness = stage(FAKE);
    let chosen = rows(&harness, &[SERVED]);
    harness.state_mut().pages.whois(chosen[0]);
    wait_for(&mut harness, "192.0.2.77 is an address for documentation (RFC 5737)");
    let deeds = Deeds {
        whois: |address| {
            let text = format!("inetnum: {address}\r\nevil: \u{1b}[2J\n");
            let server: sockeye_engine::whois::Server = "whois.ripe.net".parse().unwrap();
            let root = "whois.iana.org".parse().unwrap();
            Ok(Record { server, referrals: vec![root], text, end: None, is_cut: false })
        },
        ..FAKE
    };
    let mut harness = stage(deeds);
    harness.state_mut().pages.requests.push(super::Request::Whois("8.8.8.8".parse().unwrap()));
    wait_for(&mut harness, "whois.ripe.net says (asked before: whois.iana.org)");
    harness.get_by_label("inetnum: 8.8.8.8");
    harness.get_by_label("evil: \\u{1b}[2J");
    let deeds = Deeds {
        whois: |_| {
            std::thread::sleep(Duration::from_secs(60));
            unreachable!("nobody waits for it")
        },
        ..FAKE
    };
    let mut harness = stage(deeds);
    harness.state_mut().pages.requests.push(super::Request::Whois("8.8.8.8".parse().unwrap()));
    wait_for(&mut harness, "Asking the registries …");
    click(&mut harness, "Cancel");
    wait_for(&mut harness, "Nobody was waited for.");
}

#[test]
fn a_registry_that_fails_says_so() {
    let mut harness = stage(FAKE);
    harness.state_mut().pages.requests.push(super::Request::Whois("8.8.8.8".parse().unwrap()));
    wait_for(&mut harness, "Nobody answered");
}

#[test]
fn pages_are_bounded_and_one_row_has_one() {
    let mut harness = stage(FAKE);
    let chosen = rows(&harness, &[SERVED]);
    for _ in 0..3 {
        harness.state_mut().pages.open_properties(chosen[0]);
    }
    harness.run_steps(3);
    assert_eq!(harness.state().pages.properties.len(), 1);
    let mut pages: Vec<usize> = (0..40).collect();
    super::bound(&mut pages);
    assert_eq!((pages.len(), pages.first()), (super::MOST, Some(&24)));
}

#[test]
fn what_this_user_may_not_do_is_refused_with_the_reason() {
    let desk = Desk::still(samples::board());
    let board = desk.board();
    let powers = Powers {
        no_closing: Some("It takes CAP_NET_ADMIN.".into()),
        no_foreign_ending: Some("Only your own.".into()),
        user: Some(1000),
    };
    let check = |index: usize, closing: Option<&str>, ending: Option<&str>| {
        let endpoints = samples::endpoints(0);
        let snapshot = samples::snapshot(0, Vec::new());
        let endpoint = &endpoints[index];
        let row = sockeye_core::Row::each(&snapshot, endpoint).next().unwrap();
        assert_eq!(super::question::refusal_to_close(&row, &powers).as_deref(), closing, "{index}");
        assert_eq!(super::question::refusal_to_end(&row, &powers).as_deref(), ending, "{index}");
    };
    drop(board);
    let listener = "A listener is no connection: end its process instead.";
    check(0, Some(listener), Some("Only your own."));
    check(1, Some("It takes CAP_NET_ADMIN."), Some("Only your own."));
    check(2, Some("It takes CAP_NET_ADMIN."), None);
    let waiting = "No process is known that holds it: closed by its process, waiting.";
    check(3, Some("It takes CAP_NET_ADMIN."), Some(waiting));
}

#[test]
fn notices_are_off_until_they_are_wanted() {
    let mut harness = stage(FAKE);
    harness.state_mut().pages.open_notices();
    wait_for(&mut harness, "Nothing is watched for.");
    click(&mut harness, "Tell when a program connects for the first time");
    wait_for(&mut harness, "What was there already is no news.");
    // Until it has looked once, nothing is news.
    std::thread::sleep(Duration::from_millis(600));
    let mut board = harness.state().desk.board();
    let mut occurrence = board.recent.back().unwrap().clone();
    occurrence.action = sockeye_core::Action::Opened;
    let mut endpoint = samples::endpoints(0).remove(2);
    endpoint.owners = samples::endpoints(0).remove(0).owners;
    occurrence.endpoint = Some(endpoint.into());
    board.recent.push_back(occurrence);
    board.occurred += 1;
    drop(board);
    wait_for(&mut harness, "Nothing new so far");
}

/// Compares with the picture `name`, as the main window's pictures are.
fn compare(mut harness: Harness<'static, Stage>, name: &str) {
    harness.run_steps(12);
    // Processors round sums of floats in ways of their own; an edge of a letter may differ by a hair.
    let options = egui_kittest::SnapshotOptions::new().threshold(1.5).max_failed_pixels(40);
    harness.snapshot_options(name, &options);
}

#[test]
fn picture_of_a_question() {
    let mut harness = stage(FAKE);
    let chosen = rows(&harness, &[ASKED, SERVED]);
    harness.state_mut().pages.end(chosen);
    wait_for(&mut harness, "End curl (4711)?");
    compare(harness, "page-question-dark");
}

#[test]
fn picture_of_a_process() {
    let mut harness = stage(FAKE);
    let chosen = rows(&harness, &[SERVED]);
    harness.state_mut().pages.open_properties(chosen[0]);
    wait_for(&mut harness, "nginx 1.22.1-9, by Debian Nginx Maintainers");
    carry(&mut harness);
    compare(harness, "page-process-dark");
}

#[test]
fn picture_of_an_endpoint() {
    let mut harness = stage(FAKE);
    let chosen = rows(&harness, &[SERVED]);
    harness.state_mut().pages.open_properties(chosen[0]);
    wait_for(&mut harness, "Endpoint");
    click(&mut harness, "Endpoint");
    carry(&mut harness);
    compare(harness, "page-endpoint-dark");
}

/// Lets the connection carry something for a minute.
fn carry(harness: &mut Harness<'static, Stage>) {
    for second in 1..60_u64 {
        let burst = if second % 20 < 8 { 40_000 } else { 2_000 };
        let carried = 1_000_000 + second * 1_000 + burst * (second % 7);
        advance(
            &harness.state().desk,
            second.cast_signed(),
            samples::endpoints(carried.max(second * 30_000)),
        );
        harness.run_steps(1);
    }
}

#[test]
fn picture_of_whois() {
    let deeds = Deeds {
        whois: |address| {
            let text =
                format!("% This is the RIPE Database.\n\ninetnum:  {address}\nnetname:  EXAMPLE\n");
            let server: sockeye_engine::whois::Server = "whois.ripe.net".parse().unwrap();
            let root = "whois.iana.org".parse().unwrap();
            Ok(Record { server, referrals: vec![root], text, end: None, is_cut: false })
        },
        ..FAKE
    };
    let mut harness = stage(deeds);
    harness.state_mut().pages.requests.push(super::Request::Whois("8.8.8.8".parse().unwrap()));
    wait_for(&mut harness, "whois.ripe.net says");
    compare(harness, "page-whois-dark");
}

#[test]
fn picture_of_notices() {
    let mut harness = stage(FAKE);
    harness.state().pages.notices.tell(samples::notice());
    wait_for(&mut harness, "1 new notice");
    click(&mut harness, "1 new notice");
    wait_for(&mut harness, "/usr/sbin/nginx (1207) listens at tcp 0.0.0.0:8080");
    compare(harness, "page-notices-dark");
}
