//! How long a frame takes with very many rows; measured, not judged: machines differ.
//!
//! `cargo test --release -p sockeye-gui speed -- --ignored --nocapture`

use std::time::{Duration, Instant};

use sockeye_core::event::{Change, Event, EventKind, Sighting};
use sockeye_core::session::Session;
use sockeye_core::{State, Timestamp};

use super::*;

/// Rows, changes in a frame, frames.
const ROWS: u32 = 100_000;
const CHANGES: usize = 100;
const FRAMES: usize = 100;

/// Changes the state of some endpoints.
fn change(session: &mut Session, frame: usize) {
    let time = Timestamp::from_unix_ns(session.context().time.unix_ns() + 1);
    let slots = session.slots().skip(frame * CHANGES).take(CHANGES);
    let endpoints: Vec<_> =
        slots.filter_map(|slot| session.live(slot)).map(|live| live.endpoint.clone()).collect();
    for mut endpoint in endpoints {
        let change = Change::State(endpoint.state);
        endpoint.state = Some(State::CloseWait);
        let sighting = Box::new(Sighting { change, endpoint, is_held: true });
        session.handle_event(Event { time, kind: EventKind::Endpoint(sighting) });
    }
}

/// The middle and the longest of some times.
fn summary(mut times: Vec<Duration>) -> String {
    times.sort();
    format!("{:?} in the middle, {:?} at most", times[times.len() / 2], times[times.len() - 1])
}

#[test]
#[ignore = "measures"]
#[expect(clippy::print_stdout, reason = "what was measured is the result")]
fn frames_of_many_rows() {
    let ctx = egui::Context::default();
    theme::install_faces(&ctx);
    let kept = (Store::at(None), Settings::default(), None);
    let mut app = App::new(&ctx, board::many(ROWS), kept);
    let screen = egui::Rect::from_min_size(egui::Pos2::ZERO, egui::vec2(1280.0, 800.0));
    let frame = |app: &mut App, events: Vec<egui::Event>| {
        let input = egui::RawInput { screen_rect: Some(screen), events, ..Default::default() };
        let mut took = Duration::ZERO;
        let mut output = ctx.run_ui(input, |ui| {
            let begun = Instant::now();
            app.show(ui);
            took = begun.elapsed();
        });
        output.textures_delta.clear();
        took
    };
    for _ in 0..10 {
        frame(&mut app, Vec::new());
    }
    let (mut drawing, mut sorting) = (Vec::new(), Vec::new());
    for number in 0..FRAMES {
        let mut board = app.desk.board();
        change(&mut board.session, number);
        let begun = Instant::now();
        board.renew();
        sorting.push(begun.elapsed());
        drop(board);
        drawing.push(frame(&mut app, Vec::new()));
    }
    println!("a frame of changes: {}", summary(drawing));
    println!("the order of {CHANGES} changes, by the desk's thread: {}", summary(sorting));
    let wheel = |_| {
        let delta = egui::vec2(0.0, -700.0);
        let (unit, phase) = (egui::MouseWheelUnit::Point, egui::TouchPhase::Move);
        let modifiers = egui::Modifiers::NONE;
        let pointer = egui::Event::PointerMoved(egui::pos2(600.0, 400.0));
        let source = egui::MouseWheelSource::Wheel;
        let wheel = egui::Event::MouseWheel { unit, delta, phase, modifiers, source };
        frame(&mut app, vec![pointer, wheel])
    };
    println!("a frame of scrolling: {}", summary((0..FRAMES).map(wheel).collect()));
}
