//! Every menu entry, shortcut, toggle and dialog, by its label.

use egui::Key;

use super::*;
use crate::command::{self, Facts, Id, Menu};

/// The one entry of a menu that is called `label`.
fn item<'w>(window: &'w Window, label: &'w str) -> Node<'w> {
    let is_item = |node: &Node<'_>| {
        let role = node.accesskit_node().role();
        [Role::MenuItem, Role::MenuItemRadio, Role::MenuItemCheckBox].contains(&role)
    };
    let mut found: Vec<_> = window.query_all_by_label(label).filter(is_item).collect();
    assert_eq!(found.len(), 1, "{label}: {found:?}");
    found.remove(0)
}

/// Opens a menu of the menu bar.
fn open_menu(window: &mut Window, name: &str) {
    window.get_by_role_and_label(Role::Button, name).click();
    rest(window);
}

/// Opens a menu inside of the menu that is open.
fn open_submenu(window: &mut Window, name: &str) {
    item(window, name).click();
    rest(window);
}

/// What can be seen under a label, whatever it is.
fn is_there(window: &Window, label: &str) -> bool {
    window.query_all_by_label(label).next().is_some()
}

/// Waits until another thread's work is seen.
pub(super) fn await_label(window: &mut Window, label: &str) {
    let end = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while !is_there(window, label) {
        assert!(std::time::Instant::now() < end, "{label} does not come");
        rest(window);
    }
    rest(window);
}

#[test]
fn every_command_is_in_its_menu_and_stands_as_it_should() {
    let mut window = window();
    for menu in Menu::ALL {
        open_menu(&mut window, menu.label());
        let counts = app(&mut window).counts();
        let settings = app(&mut window).settings.clone();
        let facts = Facts { settings: &settings, counts };
        for command in command::all().iter().filter(|command| command.menu == menu) {
            if command.submenu.is_empty() {
                let found = item(&window, command.label);
                let standing = command.id.standing(&facts);
                let found = found.accesskit_node();
                assert_eq!(found.is_disabled(), standing.refusal.is_some(), "{command:?}");
            } else {
                item(&window, command.submenu);
            }
        }
        press(&mut window, Key::Escape);
    }
}

#[test]
fn every_submenu_has_its_commands() {
    let mut window = window();
    let mut names: Vec<(Menu, &str)> =
        command::all().iter().map(|c| (c.menu, c.submenu)).filter(|(_, s)| !s.is_empty()).collect();
    names.dedup();
    assert_eq!(names.len(), 6, "{names:?}");
    for (menu, submenu) in names {
        open_menu(&mut window, menu.label());
        open_submenu(&mut window, submenu);
        for command in command::all().iter().filter(|command| command.submenu == submenu) {
            item(&window, command.label);
        }
        press(&mut window, Key::Escape);
        press(&mut window, Key::Escape);
    }
}

#[test]
fn shortcuts_do_what_menus_do() {
    let mut window = window();
    let is_paused = |window: &mut Window| app(window).desk.board().status.is_paused;
    press(&mut window, Key::Space);
    assert!(is_paused(&mut window));
    press(&mut window, Key::Space);
    assert!(!is_paused(&mut window));
    press_ctrl(&mut window, Key::R);
    assert!(app(&mut window).settings.resolves_names);
    assert!(app(&mut window).desk.board().status.is_resolving);
    let version = app(&mut window).desk.board().version;
    press(&mut window, Key::F5);
    assert!(app(&mut window).desk.board().version > version);
    press_ctrl(&mut window, Key::Plus);
    assert!(app(&mut window).settings.text_size > theme::TEXT);
    press_ctrl(&mut window, Key::Num0);
    press_ctrl(&mut window, Key::Minus);
    assert!(app(&mut window).settings.text_size < theme::TEXT);
    press_ctrl(&mut window, Key::Num0);
    press_ctrl(&mut window, Key::F);
    assert!(node(&window, "Search").is_focused());
}

#[test]
fn a_space_that_is_typed_is_no_pause() {
    let mut window = window();
    press_ctrl(&mut window, Key::F);
    node(&window, "Search").type_text("a b");
    press(&mut window, Key::Space);
    assert!(!app(&mut window).desk.board().status.is_paused);
}

#[test]
fn dialogs_open_by_their_keys_and_close_by_escape() {
    let mut window = window();
    let dialogs = [
        (Key::K, true, "Commands"),
        (Key::F1, false, "Keyboard shortcuts"),
        (Key::S, true, "Save endpoints as"),
    ];
    for (key, has_ctrl, title) in dialogs {
        if has_ctrl {
            press_ctrl(&mut window, key);
        } else {
            press(&mut window, key);
        }
        assert!(is_there(&window, title), "{title}");
        let dialogs = window.query_all_by_role(Role::Dialog).count();
        assert_eq!(dialogs, 1, "{title}");
        press(&mut window, Key::Escape);
        assert!(!is_there(&window, title), "{title}");
    }
}

#[test]
fn the_page_of_keys_has_every_shortcut() {
    let mut window = window();
    press(&mut window, Key::F1);
    for command in command::all().iter().filter(|command| command.keys.is_some()) {
        assert!(is_there(&window, &command.full_label()), "{command:?}");
    }
}

#[test]
fn the_palette_finds_by_words_and_does_it() {
    let mut window = window();
    press_ctrl(&mut window, Key::K);
    node(&window, "Command").type_text("group process");
    rest(&mut window);
    press(&mut window, Key::Enter);
    let group = app(&mut window).settings.group.clone();
    assert_eq!(group.as_deref(), Some("process.executable.name"));
    assert!(app(&mut window).dialog.is_none());
    assert!(is_there(&window, "nginx, 4 endpoints"));
}

#[test]
fn speed_and_theme_are_chosen_in_menus() {
    let mut window = window();
    for (menu, submenu, label) in
        [("View", "Update Speed", "5 Seconds"), ("Options", "Theme", "Light")]
    {
        open_menu(&mut window, menu);
        open_submenu(&mut window, submenu);
        item(&window, label).click();
        rest(&mut window);
    }
    assert_eq!(app(&mut window).settings.interval_ms, 5000);
    assert_eq!(app(&mut window).desk.board().status.interval.as_secs(), 5);
    assert_eq!(app(&mut window).settings.theme, ThemeChoice::Light);
    assert_eq!(window.ctx.theme(), Theme::Light);
}

#[test]
fn an_interval_can_be_typed() {
    let mut window = window();
    let ctx = window.ctx.clone();
    app(&mut window).run(Id::CustomInterval, &ctx);
    rest(&mut window);
    node(&window, "Seconds").click();
    press_ctrl(&mut window, Key::A);
    node(&window, "Seconds").type_text("0.25");
    rest(&mut window);
    click(&mut window, "Set");
    assert_eq!(app(&mut window).settings.interval_ms, 250);
}

#[test]
fn settings_are_reset_after_a_question() {
    let mut window = window();
    let ctx = window.ctx.clone();
    app(&mut window).run(Id::HighContrast, &ctx);
    app(&mut window).run(Id::Reset, &ctx);
    rest(&mut window);
    click(&mut window, "Cancel");
    assert!(app(&mut window).settings.is_high_contrast);
    app(&mut window).run(Id::Reset, &ctx);
    rest(&mut window);
    click(&mut window, "Reset Settings");
    assert!(!app(&mut window).settings.is_high_contrast);
}

#[test]
fn the_doctor_tells_what_helps() {
    let mut window = window();
    click(&mut window, "Looking every interval · 1 limit");
    click(&mut window, "What Would Help…");
    await_label(&mut window, "Owners");
    assert!(is_there(&window, "limited") && is_there(&window, "works"));
    click(&mut window, "Copy Command");
    let copied = window.state_mut().copied.take();
    assert!(copied.is_some_and(|text| text.starts_with("sudo setcap")));
    click(&mut window, "Close");
    assert!(!is_there(&window, "limited"));
}

#[test]
fn about_says_the_version() {
    let mut window = window();
    let ctx = window.ctx.clone();
    app(&mut window).run(Id::About, &ctx);
    rest(&mut window);
    assert!(is_there(&window, &format!("Version {}", env!("CARGO_PKG_VERSION"))));
    click(&mut window, "Close");
}

#[test]
fn what_cannot_be_done_says_why() {
    let mut window = window();
    press(&mut window, Key::Delete);
    let notice = app(&mut window).notice.clone().unwrap();
    assert_eq!(notice.text, "No row is selected.");
    click(&mut window, "Dismiss");
    assert!(app(&mut window).notice.is_none());
}

#[test]
fn a_notice_moves_nothing_and_goes_by_itself() {
    let mut window = window();
    let top = window.get_by_role(Role::Table).rect();
    press(&mut window, Key::Delete);
    assert!(is_there(&window, "No row is selected."));
    assert_eq!(window.get_by_role(Role::Table).rect(), top);
    press(&mut window, Key::ArrowDown);
    window.key_press_modifiers(egui::Modifiers::SHIFT, Key::ArrowDown);
    rest(&mut window);
    press_ctrl(&mut window, Key::C);
    assert!(is_there(&window, "Copied 2 rows.") && !is_there(&window, "No row is selected."));
    // Thirty frames are a second.
    window.run_steps(190);
    assert!(!is_there(&window, "Copied 2 rows."));
    app(&mut window).complain("Nothing was saved: it is full.");
    window.run_steps(190);
    assert!(is_there(&window, "Nothing was saved: it is full."));
}

#[test]
fn what_may_not_be_seen_is_the_reason() {
    let counts = command::Counts { chosen: 1, unseen: 1, ..command::Counts::default() };
    let settings = Settings::default();
    let facts = Facts { settings: &settings, counts };
    let refusal = Id::End.standing(&facts).refusal.unwrap();
    assert!(refusal.contains("not permitted"), "{refusal}");
}

#[test]
fn escape_closes_the_dialog_in_front_alone() {
    let mut window = window();
    press(&mut window, Key::ArrowDown);
    press(&mut window, Key::Enter);
    let is_open = |window: &Window| window.query_all_by_label_contains(": properties").count() > 0;
    assert!(is_open(&window));
    press(&mut window, Key::F1);
    press(&mut window, Key::Escape);
    assert!(!is_there(&window, "Keyboard shortcuts") && is_open(&window));
    press(&mut window, Key::Escape);
    assert!(!is_open(&window));
}

#[test]
fn menus_open_by_alt_and_their_letter() {
    let mut window = window();
    for menu in Menu::ALL {
        let key = Key::from_name(&menu.label()[..1]).unwrap();
        window.key_press_modifiers(egui::Modifiers::ALT, key);
        rest(&mut window);
        let first = command::all().iter().find(|command| command.menu == menu).unwrap();
        item(&window, first.label);
        press(&mut window, Key::Escape);
    }
}

#[test]
fn the_palette_has_first_what_is_called_so() {
    let mut window = window();
    press_ctrl(&mut window, Key::K);
    node(&window, "Command").type_text("conn");
    rest(&mut window);
    let found = window.query_all_by_role(Role::Button).filter_map(|node| {
        let label = node.accesskit_node().label()?;
        label.contains(": ").then_some((node.rect().top(), label))
    });
    let mut found: Vec<_> = found.collect();
    found.sort_by(|a, b| a.0.total_cmp(&b.0));
    assert!(found[0].1.starts_with("Connection: Close Connections"), "{found:?}");
}

#[test]
fn the_menu_of_rows_has_what_is_done_to_rows() {
    let mut window = window();
    let row = window.query_all_by_role(Role::Row).nth(2).unwrap();
    row.click_secondary();
    rest(&mut window);
    for command in command::all().iter().filter(|command| command.is_of_row) {
        assert!(is_there(&window, command.label), "{command:?}");
    }
    assert_eq!(app(&mut window).table.choice.len(), 1);
    press(&mut window, Key::Escape);
    assert!(!is_there(&window, "Close Connections…"));
}

#[test]
fn bars_can_be_hidden() {
    let mut window = window();
    let ctx = window.ctx.clone();
    assert!(is_there(&window, "TCPv4") && is_there(&window, "6 listening"));
    app(&mut window).run(Id::Toolbar, &ctx);
    app(&mut window).run(Id::Overview, &ctx);
    rest(&mut window);
    assert!(!is_there(&window, "TCPv4") && !is_there(&window, "6 listening"));
}

/// Waits until the user's answer has come, and returns what was asked of the window meanwhile.
fn await_answer(window: &mut Window) -> Vec<egui::ViewportCommand> {
    let end = std::time::Instant::now() + std::time::Duration::from_secs(20);
    loop {
        assert!(std::time::Instant::now() < end, "no answer comes");
        window.step();
        let commands = &window.output().viewport_output;
        let commands: Vec<_> = commands.values().flat_map(|it| it.commands.clone()).collect();
        let is_closing = commands.contains(&egui::ViewportCommand::Close);
        if is_closing || app(window).notice.is_some() {
            return commands;
        }
    }
}

#[test]
fn restarting_as_administrator_makes_way_or_goes_on() {
    use sockeye_os::desktop::Elevation;
    use sockeye_os::{Error, Kind};

    fn failed(kind: Kind) -> Result<(), Error> {
        Err(Error::new(kind, "start", "", "a reason"))
    }

    let mut window = window();
    let ctx = window.ctx.clone();
    app(&mut window).run(Id::Elevate, &ctx);
    assert!(app(&mut window).notice.take().is_some_and(|it| it.text.contains("no such rights")));
    app(&mut window).elevate.elevation = Elevation::Possible;
    rest(&mut window);

    app(&mut window).elevate.start = |_| failed(Kind::Denied);
    click(&mut window, "Looking every interval · 1 limit");
    click(&mut window, command::ELEVATE);
    let asked = await_answer(&mut window);
    assert!(!asked.contains(&egui::ViewportCommand::Close), "{asked:?}");
    let notice = app(&mut window).notice.take().unwrap();
    assert!(notice.text.contains("refused") && !notice.is_bad, "{notice:?}");

    app(&mut window).elevate.start = |_| failed(Kind::Os);
    let ctx = window.ctx.clone();
    app(&mut window).run(Id::Doctor, &ctx);
    await_label(&mut window, "Owners");
    click(&mut window, command::ELEVATE);
    await_answer(&mut window);
    let notice = app(&mut window).notice.take().unwrap();
    assert!(notice.text.contains("cannot start: a reason") && notice.is_bad, "{notice:?}");

    // What is searched for goes along, and is never taken for an option.
    app(&mut window).elevate.start = |arguments| {
        assert_eq!(arguments, ["--", "-x"]);
        Ok(())
    };
    app(&mut window).search.text = "-x".to_owned();
    app(&mut window).run(Id::Elevate, &ctx);
    let asked = await_answer(&mut window);
    assert!(asked.contains(&egui::ViewportCommand::Close), "{asked:?}");
}
