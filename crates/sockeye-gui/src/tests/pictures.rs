//! What the window looks like, compared with pictures that are committed.
//!
//! After a change on purpose: `UPDATE_SNAPSHOTS=1 cargo test -p sockeye-gui pictures`, and look at them.

use std::time::Duration;

use eframe::egui::{Key, Theme};
use sockeye_engine::desk::Status;

use super::*;
use crate::settings::Sorting;

/// Compares the windows, one after the other, and says of all what differs.
fn compare_all(windows: Vec<(Window, &str)>) {
    let mut results = egui_kittest::SnapshotResults::new();
    for (mut window, name) in windows {
        compare(&mut window, name);
        results.extend_harness(&mut window);
    }
    results.unwrap();
}

/// Compares the window with the picture `name`.
fn compare(window: &mut Window, name: &str) {
    // Processors round sums of floats in ways of their own; an edge of a letter may differ by a hair.
    let options = egui_kittest::SnapshotOptions::new().threshold(1.5).max_failed_pixels(40);
    window.snapshot_options(name, &options);
}

fn settings() -> Settings {
    Settings { hidden_states: Vec::new(), ..Settings::default() }
}

#[test]
fn main_window_in_both_themes() {
    let themes = [(Theme::Dark, "main-dark"), (Theme::Light, "main-light")];
    let window = |theme| settled(window_with(board::desk(), settings(), theme));
    compare_all(themes.map(|(theme, name)| (window(theme), name)).into());
}

#[test]
fn groups_and_chosen_rows() {
    let by_port = Sorting { column: "network.local.port".into(), is_descending: true };
    let group = Some("process.executable.name".into());
    let grouped = Settings { group, sort: vec![by_port], ..settings() };
    let mut window = settled(window_with(board::desk(), grouped, Theme::Light));
    press(&mut window, Key::ArrowDown);
    compare(&mut window, "groups-light");
}

#[test]
fn nothing_to_show() {
    let window = |status, theme| settled(window_with(board::empty(status), settings(), theme));
    let waiting = Status { interval: Duration::from_secs(1), ..Status::default() };
    let error = Some("cannot open netlink: Operation not permitted".into());
    let failed = Status { error, ..waiting.clone() };
    compare_all(vec![
        (window(board::status(), Theme::Light), "empty-light"),
        (window(waiting, Theme::Dark), "beginning-dark"),
        (window(failed, Theme::Dark), "error-dark"),
    ]);
}

#[test]
fn what_cannot_be_seen_is_explained() {
    let mut window = window();
    click(&mut window, "Looking every interval · 1 limit");
    compare(&mut window, "degraded-dark");
}

#[test]
fn palette_and_contrast() {
    let high = Settings { is_high_contrast: true, ..settings() };
    let mut window = settled(window_with(board::desk(), high, Theme::Light));
    press_ctrl(&mut window, Key::K);
    compare(&mut window, "palette-contrast");
}

#[test]
fn the_doctor() {
    let mut window = settled(window_with(board::desk(), settings(), Theme::Light));
    click(&mut window, "Looking every interval · 1 limit");
    click(&mut window, "What Would Help…");
    commands::await_label(&mut window, "Owners");
    compare(&mut window, "doctor-light");
}
