//! Searching, filtering, and what leaves rows out.

use egui::Key;
use sockeye_core::Filter;
use sockeye_core::column::Row;

use super::*;

/// How many endpoints of the board a filter fits, found without the window.
fn fitting(text: &str) -> usize {
    let filter = Filter::parse(text).unwrap();
    let session = board::session();
    let rows = session
        .lives()
        .filter(|live| Row::each(session.context(), live.endpoint).any(|row| filter.matches(&row)));
    rows.count()
}

/// Types into the search box.
fn search(window: &mut Window, text: &str) {
    press_ctrl(window, Key::F);
    node(window, "Search").type_text(text);
    rest(window);
}

#[test]
fn buttons_leave_out_what_they_name() {
    for (label, left_out) in [
        ("TCPv4", "transport = tcp and family = ipv4"),
        ("TCPv6", "transport = tcp and family = ipv6"),
        ("UDPv4", "transport = udp and family = ipv4"),
        ("UDPv6", "transport = udp and family = ipv6"),
    ] {
        let mut window = window();
        click(&mut window, label);
        assert_eq!(count(&mut window), 24 - fitting(left_out), "{label}");
        click(&mut window, label);
        assert_eq!(count(&mut window), 24, "{label}");
    }
}

#[test]
fn counts_above_the_table_filter_by_their_state() {
    let mut window = window();
    click(&mut window, "6 listening");
    assert_eq!(count(&mut window), fitting("state = listen"));
    click(&mut window, "6 listening");
    assert_eq!(count(&mut window), 24);
    click(&mut window, "2 time-wait");
    assert_eq!(count(&mut window), 2);
    click(&mut window, "23 endpoints");
    assert_eq!(count(&mut window), 24);
}

#[test]
fn states_are_hidden_by_their_menu() {
    let mut window = window();
    click(&mut window, "Connection States");
    click(&mut window, "Established");
    click(&mut window, "Listen");
    press(&mut window, Key::Escape);
    assert_eq!(count(&mut window), 24 - fitting("state in (established, listen)"));
}

#[test]
fn a_word_is_searched_for_and_an_operator_filters() {
    let mut window = window();
    search(&mut window, "nginx");
    assert_eq!(count(&mut window), 4);
    press(&mut window, Key::Escape);
    assert_eq!(count(&mut window), 24);
    search(&mut window, "remote.port = 443 and process = firefox");
    assert_eq!(count(&mut window), fitting("remote.port = 443 and process = firefox"));
}

#[test]
fn a_mistake_is_shown_and_changes_nothing() {
    let mut window = window();
    search(&mut window, "nginx");
    press_ctrl(&mut window, Key::F);
    node(&window, "Search").type_text("remote.prot = 443");
    rest(&mut window);
    assert_eq!(count(&mut window), 4, "what was found before stays");
    assert_eq!(window.query_all_by_label_contains("did you mean remote.port?").count(), 1);
}

#[test]
fn a_filter_that_is_typed_letter_by_letter_empties_nothing_by_a_mistake() {
    let mut window = window();
    press_ctrl(&mut window, Key::F);
    for letter in "remote.prot = 443".chars() {
        node(&window, "Search").type_text(&letter.to_string());
        window.run_steps(1);
    }
    rest(&mut window);
    assert_eq!(count(&mut window), 24, "what was shown before it was begun");
    let mistake = window.query_by_label_contains("did you mean remote.port?").unwrap();
    let counts = node(&window, "6 listening").rect();
    assert!(mistake.rect().top() > counts.bottom(), "it covers the counts");
}

#[test]
fn what_matches_nothing_says_so_and_how_to_see_all() {
    let mut window = window();
    search(&mut window, "no such thing");
    assert_eq!(count(&mut window), 0);
    assert_eq!(window.query_all_by_label("No endpoint matches").count(), 1);
    click(&mut window, "Show All Endpoints");
    assert_eq!(count(&mut window), 24);
}

#[test]
fn filters_are_kept_by_name() {
    let mut window = window();
    search(&mut window, "user = ada");
    click(&mut window, "Saved Filters");
    click(&mut window, "Save Filter…");
    node(&window, "Name").type_text("mine");
    rest(&mut window);
    press(&mut window, Key::Enter);
    assert_eq!(app(&mut window).settings.filters.len(), 1);
    click(&mut window, "Clear Search");
    assert_eq!(count(&mut window), 24);
    click(&mut window, "Saved Filters");
    click(&mut window, "mine");
    assert_eq!(count(&mut window), fitting("user = ada"));
    click(&mut window, "Saved Filters");
    click(&mut window, "Forget mine");
    assert!(app(&mut window).settings.filters.is_empty());
}
