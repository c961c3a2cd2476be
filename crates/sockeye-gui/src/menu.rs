//! The menu bar and the menu of rows: both are the table of commands.

use eframe::egui::{self, AtomExt as _, Button, Role, Ui, WidgetInfo, vec2};

use crate::command::{self, Command, Facts, Id, Menu};
use crate::theme::icon;

/// Draws the menu bar and returns what was chosen in it.
pub(crate) fn bar(ui: &mut Ui, facts: &Facts<'_>) -> Option<Id> {
    let mut chosen = None;
    egui::MenuBar::new().ui(ui, |ui| {
        for menu in Menu::ALL {
            let button = ui.menu_button(menu.label(), |ui| {
                let inside: Vec<_> = command::all().iter().filter(|c| c.menu == menu).collect();
                chosen = items(ui, &inside, facts).or(chosen);
            });
            if is_summoned(ui, menu) {
                let popup = egui::Popup::default_response_id(&button.response);
                egui::Popup::open_id(ui.ctx(), popup);
                button.response.request_focus();
            }
        }
    });
    chosen
}

/// Whether Alt and the letter that a menu begins with were pressed, and no dialog is open.
fn is_summoned(ui: &Ui, menu: Menu) -> bool {
    let key = menu.label().get(..1).and_then(egui::Key::from_name);
    let is_free = ui.memory(|memory| memory.top_modal_layer().is_none());
    let is_pressed = |key| ui.input_mut(|input| input.consume_key(egui::Modifiers::ALT, key));
    is_free && key.is_some_and(is_pressed)
}

/// Draws the menu of rows and returns what was chosen in it.
pub(crate) fn of_rows(ui: &mut Ui, facts: &Facts<'_>) -> Option<Id> {
    ui.set_min_width(200.0);
    let mut chosen = None;
    let of_rows = command::all().iter().filter(|command| command.is_of_row);
    let mut before = None;
    // What is done most stands first.
    let mut sorted: Vec<&Command> = of_rows.collect();
    sorted.sort_by_key(|command| match command.menu {
        Menu::Process => 0,
        Menu::Connection => 1,
        _ => 2,
    });
    for command in sorted {
        if before.is_some_and(|menu| menu != command.menu) {
            ui.separator();
        }
        before = Some(command.menu);
        chosen = item(ui, command, facts).or(chosen);
    }
    chosen
}

/// Draws only what is in the submenu `name`: for buttons that open it by itself.
pub(crate) fn submenu(ui: &mut Ui, name: &str, facts: &Facts<'_>) -> Option<Id> {
    let inside: Vec<_> = command::all().iter().filter(|c| c.submenu == name).collect();
    section(ui, &inside, facts)
}

/// Draws commands of one menu, those of a submenu behind a button.
fn items(ui: &mut Ui, commands: &[&Command], facts: &Facts<'_>) -> Option<Id> {
    ui.set_min_width(220.0);
    let mut chosen = None;
    let mut before = None;
    for group in commands.chunk_by(|a, b| a.submenu == b.submenu) {
        let Some(first) = group.first() else { continue };
        if before.is_some_and(|section| section != first.section / 10) {
            ui.separator();
        }
        before = Some(group.last().map_or(0, |last| last.section) / 10);
        if first.submenu.is_empty() {
            chosen = section(ui, group, facts).or(chosen);
        } else {
            let opener = ui.menu_button((space(), first.submenu), |ui| {
                egui::ScrollArea::vertical().max_height(520.0).show(ui, |ui| {
                    chosen = section(ui, group, facts).or(chosen);
                });
            });
            let name = first.submenu;
            opener.response.widget_info(|| WidgetInfo::labeled(Role::MenuItem, true, name));
        }
    }
    chosen
}

/// Draws commands, with a line where a section ends.
fn section(ui: &mut Ui, commands: &[&Command], facts: &Facts<'_>) -> Option<Id> {
    ui.set_min_width(180.0);
    let mut chosen = None;
    let mut before = None;
    for command in commands {
        if before.is_some_and(|section| section != command.section) {
            ui.separator();
        }
        before = Some(command.section);
        chosen = item(ui, command, facts).or(chosen);
    }
    chosen
}

/// What stands where a mark could be.
fn space() -> egui::Atom<'static> {
    "".atom_size(vec2(16.0, 16.0))
}

/// Draws one command. A choice of several stays open to the next one.
fn item(ui: &mut Ui, command: &Command, facts: &Facts<'_>) -> Option<Id> {
    let standing = command.id.standing(facts);
    let mark = match standing.is_on {
        Some(true) => icon::CHECK.atom_size(vec2(16.0, 16.0)),
        _ => space(),
    };
    let mut button = Button::new((mark, command.label));
    if let Some((keys, _)) = command.keys {
        button = button.shortcut_text(ui.ctx().format_shortcut(&keys));
    }
    let is_enabled = standing.refusal.is_none();
    let response = ui.add_enabled(is_enabled, button);
    let role = match standing.is_on {
        None => Role::MenuItem,
        Some(_) if command.id.is_choice() => Role::MenuItemRadio,
        Some(_) => Role::MenuItemCheckBox,
    };
    response.widget_info(|| WidgetInfo {
        selected: standing.is_on,
        ..WidgetInfo::labeled(role, is_enabled, command.label)
    });
    let is_clicked = response.clicked();
    if let Some(why) = standing.refusal {
        response.on_disabled_hover_text(why);
    }
    let stays = standing.is_on.is_some() && !command.id.is_choice() && !command.submenu.is_empty();
    if is_clicked && !stays {
        ui.close();
    }
    is_clicked.then_some(command.id)
}
