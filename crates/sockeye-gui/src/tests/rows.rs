//! The table: choosing, sorting, moving, grouping, copying, saving, for eyes and ears.

use std::path::PathBuf;

use egui::{Key, Modifiers};
use egui_kittest::kittest::AccessKitNode;

use super::*;
use crate::command::Id;

/// The first words of every row that is seen.
fn processes(window: &Window) -> Vec<String> {
    let first = |row: String| row.split(", ").next().unwrap_or_default().to_owned();
    rows(window).into_iter().map(first).collect()
}

fn chosen(window: &mut Window) -> usize {
    app(window).table.choice.len()
}

fn row(window: &Window, place: usize) -> Node<'_> {
    window.query_all_by_role(Role::Row).nth(place).unwrap()
}

/// The heading that is called `label`.
fn heading<'w>(window: &'w Window, label: &'w str) -> Node<'w> {
    window.get_by_role_and_label(Role::ColumnHeader, label)
}

/// The columns, in order, by their dotted names.
fn columns(window: &mut Window) -> Vec<String> {
    app(window).settings.columns.iter().map(|shown| shown.name.clone()).collect()
}

#[test]
fn screen_readers_know_table_rows_and_cells() {
    let window = window();
    let table = window.get_by_role(Role::Table);
    assert_eq!(table.accesskit_node().label().as_deref(), Some("Endpoints"));
    let rows = rows(&window);
    assert_eq!(rows.len(), 24);
    assert!(rows.iter().any(|row| row.starts_with("opened: curl, 5120, TCP, Established")));
    assert!(rows.iter().any(|row| row.starts_with("closed: firefox")));
    assert!(rows.iter().any(|row| row.starts_with("changed: python3.11")));
    let is_inside = |node: &Node<'_>, role| {
        std::iter::successors(node.accesskit_node().parent(), AccessKitNode::parent)
            .any(|parent| parent.role() == role)
    };
    assert!(window.query_all_by_role(Role::Row).all(|row| is_inside(&row, Role::Table)));
    let cells: Vec<_> = window.query_all_by_role(Role::Cell).collect();
    assert_eq!(cells.len(), 24 * 14);
    assert!(cells.iter().all(|cell| is_inside(cell, Role::Row)));
    assert!(window.query_all_by_label("State: Time-Wait").count() == 2);
    assert_eq!(window.query_all_by_role(Role::ColumnHeader).count(), 14);
}

#[test]
fn rows_are_chosen_by_mouse() {
    let mut window = window();
    row(&window, 3).click();
    rest(&mut window);
    assert_eq!(chosen(&mut window), 1);
    row(&window, 6).click_modifiers(Modifiers::SHIFT);
    rest(&mut window);
    assert_eq!(chosen(&mut window), 4);
    row(&window, 8).click_modifiers(Modifiers::COMMAND);
    rest(&mut window);
    assert_eq!(chosen(&mut window), 5);
    row(&window, 8).click_modifiers(Modifiers::COMMAND);
    rest(&mut window);
    assert_eq!(chosen(&mut window), 4);
    row(&window, 0).click();
    rest(&mut window);
    assert_eq!(chosen(&mut window), 1);
}

#[test]
fn rows_are_chosen_by_keyboard() {
    let mut window = window();
    press(&mut window, Key::ArrowDown);
    press(&mut window, Key::ArrowDown);
    assert_eq!(chosen(&mut window), 1);
    window.key_press_modifiers(Modifiers::SHIFT, Key::ArrowDown);
    rest(&mut window);
    assert_eq!(chosen(&mut window), 2);
    window.key_press_modifiers(Modifiers::SHIFT, Key::End);
    rest(&mut window);
    assert_eq!(chosen(&mut window), 23);
    press(&mut window, Key::Home);
    assert_eq!(chosen(&mut window), 1);
    press_ctrl(&mut window, Key::A);
    assert_eq!(chosen(&mut window), 24);
    press_ctrl(&mut window, Key::ArrowDown);
    assert_eq!(chosen(&mut window), 24);
    press_ctrl(&mut window, Key::Space);
    assert_eq!(chosen(&mut window), 23);
}

#[test]
fn a_screen_reader_can_click_a_row() {
    let mut window = window();
    row(&window, 5).click_accesskit();
    rest(&mut window);
    assert_eq!(chosen(&mut window), 1);
}

#[test]
fn headings_sort_and_shift_sorts_further() {
    let mut window = window();
    let before = processes(&window);
    heading(&window, "Process").click();
    rest(&mut window);
    heading(&window, "Process, sorted upwards").click();
    rest(&mut window);
    let mut names = processes(&window);
    names.retain(|name| !name.contains(": ") && !name.contains(' ') && name != "closed");
    let mut sorted = names.clone();
    sorted.sort_by_key(|name| std::cmp::Reverse(name.to_lowercase()));
    assert_eq!(names, sorted);
    heading(&window, "Local port").click_modifiers(Modifiers::SHIFT);
    rest(&mut window);
    assert_eq!(app(&mut window).settings.sort.len(), 2);
    heading(&window, "Process, sorted downwards").click();
    rest(&mut window);
    assert_eq!(processes(&window), before);
}

#[test]
fn headings_move_by_a_drag_and_by_keys() {
    let mut window = window();
    let pid = heading(&window, "PID").rect().center();
    let state = heading(&window, "State").rect();
    window.drag_at(pid);
    window.run_steps(2);
    window.hover_at(egui::pos2(state.right() - 8.0, pid.y));
    window.run_steps(2);
    window.drop_at(egui::pos2(state.right() - 8.0, pid.y));
    rest(&mut window);
    let names = columns(&mut window);
    assert_eq!(
        names[..4].join(" "),
        "process.executable.name network.transport network.connection.state process.pid"
    );
    heading(&window, "PID").focus();
    rest(&mut window);
    window.key_press_modifiers(Modifiers::ALT, Key::ArrowLeft);
    rest(&mut window);
    assert_eq!(columns(&mut window)[2], "process.pid");
}

#[test]
fn columns_are_resized_at_their_edge() {
    let mut window = window();
    let before = app(&mut window).settings.columns[0].width;
    let heading = heading(&window, "Process").rect();
    let edge = egui::pos2(heading.right() - 1.0, heading.center().y);
    window.drag_at(edge);
    window.run_steps(2);
    window.hover_at(edge + egui::vec2(60.0, 0.0));
    window.run_steps(2);
    window.drop_at(edge + egui::vec2(60.0, 0.0));
    rest(&mut window);
    let after = app(&mut window).settings.columns[0].width;
    assert!((after - before - 60.0).abs() < 4.0, "{before} {after}");
}

#[test]
fn columns_hide_and_come_back() {
    let mut window = window();
    heading(&window, "Service").click_secondary();
    rest(&mut window);
    click(&mut window, "Hide Service");
    assert!(!columns(&mut window).contains(&"service.name".to_owned()));
    let ctx = window.ctx.clone();
    app(&mut window).run(Id::Column("service.name"), &ctx);
    app(&mut window).run(Id::Column("tcp.rtt_us"), &ctx);
    rest(&mut window);
    assert_eq!(columns(&mut window).len(), 15);
    app(&mut window).run(Id::UsualColumns, &ctx);
    rest(&mut window);
    assert_eq!(
        columns(&mut window),
        Settings::default().columns.iter().map(|c| c.name.clone()).collect::<Vec<_>>()
    );
}

#[test]
fn rows_stay_while_somebody_points_at_them() {
    let mut window = window();
    let is_frozen = |window: &mut Window| app(window).desk.board().view.is_frozen();
    assert!(!is_frozen(&mut window));
    window.hover_at(row(&window, 4).rect().center());
    rest(&mut window);
    assert!(is_frozen(&mut window));
    window.hover_at(egui::pos2(600.0, 4.0));
    rest(&mut window);
    assert!(!is_frozen(&mut window));
    click(&mut window, "Help");
    assert!(is_frozen(&mut window));
    press(&mut window, Key::Escape);
    rest(&mut window);
    assert!(!is_frozen(&mut window));
}

#[test]
fn groups_open_and_close_and_are_added_up() {
    let mut window = window();
    let ctx = window.ctx.clone();
    app(&mut window).run(Id::Group(Some("process.executable.name")), &ctx);
    rest(&mut window);
    assert!(rows(&window).contains(&"nginx, 4 endpoints".to_owned()), "{:?}", rows(&window));
    // As the status bar counts: what has closed is told apart.
    assert!(rows(&window).contains(&"firefox, 3 endpoints + 1 closed".to_owned()));
    let before = rows(&window).len();
    node(&window, "nginx, 4 endpoints").click();
    rest(&mut window);
    node(&window, "nginx, 4 endpoints").click();
    rest(&mut window);
    assert_eq!(rows(&window).len(), before);
    app(&mut window).run(Id::CloseGroups, &ctx);
    rest(&mut window);
    assert_eq!(rows(&window).len(), 10);
    // The keyboard opens the group that it is on.
    press(&mut window, Key::Home);
    press(&mut window, Key::ArrowRight);
    assert_eq!(rows(&window).len(), 12);
    press(&mut window, Key::ArrowLeft);
    assert_eq!(rows(&window).len(), 10);
    assert_eq!(chosen(&mut window), 2);
}

#[test]
fn names_stand_in_place_of_addresses_where_they_are_known() {
    let mut window = window();
    assert_eq!(window.query_all_by_label("Remote address: 140.82.121.4").count(), 1);
    press_ctrl(&mut window, Key::R);
    let named = "Remote address: lb-140-82-121-4-fra.github.com";
    assert_eq!(window.query_all_by_label(named).count(), 1);
}

/// Two snapshots later, with connections that the table did not have, while it is pointed at.
#[test]
fn heads_stay_true_while_rows_are_held() {
    let mut window = window();
    let ctx = window.ctx.clone();
    app(&mut window).run(Id::Group(Some("process.executable.name")), &ctx);
    rest(&mut window);
    app(&mut window).run(Id::CloseGroups, &ctx);
    rest(&mut window);
    window.hover_at(row(&window, 4).rect().center());
    rest(&mut window);
    let before = rows(&window);
    board::go_on(&app(&mut window).desk);
    rest(&mut window);
    let held = rows(&window);
    let place = |label: &str| held.iter().position(|row| row.starts_with(label));
    let new = place("New, 2 endpoints").unwrap_or_else(|| panic!("{held:#?}"));
    assert_eq!(new, before.len());
    assert!(held[new + 1..].iter().all(|row| row.contains("python3.11")), "{held:#?}");
    assert!(place("python3.11, 3 endpoints").is_some(), "{held:#?}");
    window.hover_at(egui::pos2(600.0, 4.0));
    rest(&mut window);
    assert!(rows(&window).iter().any(|row| row.starts_with("python3.11, 5 endpoints")));
}

#[test]
fn a_chosen_group_looks_chosen() {
    let mut window = window();
    let ctx = window.ctx.clone();
    app(&mut window).run(Id::Group(Some("process.executable.name")), &ctx);
    rest(&mut window);
    app(&mut window).run(Id::CloseGroups, &ctx);
    rest(&mut window);
    press(&mut window, Key::Home);
    press(&mut window, Key::ArrowDown);
    let is_chosen = |window: &Window, head| {
        let head = window.get_by_role_and_label(Role::Row, head);
        head.accesskit_node().data().is_selected()
    };
    let (first, second) = ("avahi-daemon, 2 endpoints", "cupsd, 1 endpoint");
    assert_eq!(is_chosen(&window, first), Some(false));
    assert_eq!(is_chosen(&window, second), Some(true));
    press(&mut window, Key::ArrowUp);
    assert_eq!(is_chosen(&window, second), Some(false));
}

#[test]
fn the_usual_columns_fit_a_small_screen_and_cut_no_heading() {
    let window = window();
    let columns = Settings::default().shown_columns();
    let width: f32 = columns.iter().map(|(_, width)| width).sum();
    assert!(width + 18.0 <= 1280.0, "{width}");
    let measured = |text: &str, font| {
        let color = egui::Color32::WHITE;
        window.ctx.fonts_mut(|fonts| fonts.layout_no_wrap(text.to_owned(), font, color).size().x)
    };
    let mut cut = Vec::new();
    for (column, width) in columns {
        let needed = measured(column.header, theme::bold(theme::SMALL)) + 10.0;
        if needed > width {
            cut.push(format!("{}: {needed} of {width}", column.header));
        }
    }
    for (name, text) in
        [("event.start", "00:00:00"), ("state", "Close-Wait"), ("state", "Syn-Received")]
    {
        let column = sockeye_core::Column::find(name).unwrap().name;
        let columns = Settings::default().shown_columns();
        let (_, width) = columns.iter().find(|(it, _)| it.name == column).unwrap();
        let needed = measured(text, theme::plain(theme::TEXT)) + 10.0;
        if needed > *width {
            cut.push(format!("{text}: {needed} of {width}"));
        }
    }
    assert!(cut.is_empty(), "{cut:?}");
}

/// What the window puts on the clipboard for a key.
fn copied(window: &mut Window, modifiers: Modifiers, key: Key) -> Option<String> {
    window.state_mut().copied = None;
    window.key_press_modifiers(modifiers, key);
    rest(window);
    window.state_mut().copied.take()
}

#[test]
fn chosen_rows_are_copied_as_they_are_shown() {
    let mut window = window();
    row(&window, 2).click();
    rest(&mut window);
    row(&window, 3).click_modifiers(Modifiers::SHIFT);
    rest(&mut window);
    let text = copied(&mut window, Modifiers::COMMAND, Key::C).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 2);
    assert!(lines[0].starts_with("sshd\t871\ttcp\tLISTEN\t0.0.0.0\t22\t"), "{text}");
    assert!(lines.iter().all(|line| line.matches('\t').count() == 13), "{text}");
    let both = Modifiers { shift: true, ..Modifiers::COMMAND };
    press(&mut window, Key::ArrowRight);
    assert!(copied(&mut window, both, Key::C).is_some());
}

/// A directory of a test's own.
fn place(name: &str) -> PathBuf {
    let place = std::env::temp_dir().join(format!("sockeye-gui-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&place).unwrap();
    place
}

#[test]
fn what_is_shown_is_saved_in_every_format() {
    let mut window = window();
    let place = place("saved");
    for (end, start) in [
        ("csv", "process.executable.name,process.pid,"),
        ("json", "[\n{\"process\":"),
        ("txt", "PROCESS"),
        ("html", "<!DOCTYPE html>"),
        ("tcpvcon.csv", "TCP,"),
    ] {
        let path = place.join(format!("endpoints.{end}"));
        app(&mut window).save(&path).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with(start) || end == "tcpvcon.csv", "{end}: {text}");
        assert!(text.contains("nginx"), "{end}: {text}");
    }
    let csv = std::fs::read_to_string(place.join("endpoints.csv")).unwrap();
    assert_eq!(csv.lines().count(), 25);
    assert!(app(&mut window).save(std::path::Path::new("/nonexistent/x.csv")).is_err());
    std::fs::remove_dir_all(place).unwrap();
}

#[test]
fn a_file_that_is_there_is_replaced_only_after_a_question() {
    let mut window = window();
    let place = place("replaced");
    let path = place.join("there.csv");
    std::fs::write(&path, "old").unwrap();
    app(&mut window).settings.save_path = Some(path.clone());
    let ctx = window.ctx.clone();
    app(&mut window).run(Id::SaveAs, &ctx);
    rest(&mut window);
    let save = window.query_all_by_role_and_label(Role::Button, "Save").last().unwrap();
    save.click();
    rest(&mut window);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "old");
    click(&mut window, "Replace");
    assert!(std::fs::read_to_string(&path).unwrap().contains("nginx"));
    assert!(app(&mut window).notice.clone().unwrap().text.starts_with("24 endpoints saved to "));
    press_ctrl(&mut window, Key::S);
    assert!(app(&mut window).dialog.is_none(), "saved again without a question");
    std::fs::remove_dir_all(place).unwrap();
}

#[test]
fn only_what_is_seen_is_drawn_of_many_rows() {
    let desk = board::many(100_000);
    let mut window = settled(window_with(desk, Settings::default(), Theme::Dark));
    assert_eq!(count(&mut window), 100_000);
    assert!((20..60).contains(&rows(&window).len()), "{}", rows(&window).len());
    press(&mut window, Key::End);
    rest(&mut window);
    let last = window.query_all_by_role(Role::Row).last().unwrap();
    assert_eq!(last.accesskit_node().data().row_index(), Some(99_999));
}
