//! The toolbar: what is done most, by a click.

use eframe::egui::{self, Button, Response, Role, Ui, Vec2, WidgetInfo};

use crate::command::{self, Facts, Id};
use crate::menu;
use crate::search::Search;
use crate::settings::{Kind, Settings};
use crate::theme::{self, Tones, icon};

/// A button without a frame, for an icon.
pub(crate) fn quiet(icon: &str) -> Button<'_> {
    Button::new(icon).frame_when_inactive(false).min_size(Vec2::splat(theme::CONTROL))
}

/// Tells screen readers what a button with an icon does.
pub(crate) fn name(response: &Response, label: &str) {
    let is_enabled = response.enabled();
    response.widget_info(|| WidgetInfo::labeled(Role::Button, is_enabled, label));
}

/// Tells screen readers what is typed into a box.
pub(crate) fn name_input(response: &Response, label: &str, text: &str) {
    let is_enabled = response.enabled();
    response.widget_info(|| WidgetInfo {
        current_text_value: Some(text.to_owned()),
        ..WidgetInfo::labeled(Role::TextInput, is_enabled, label)
    });
}

/// Draws the toolbar and returns what was chosen in it.
pub(crate) fn show(
    ui: &mut Ui,
    search: &mut Search,
    settings: &mut Settings,
    (counts, tones): (command::Counts, &Tones),
) -> Vec<Id> {
    let mut chosen = Vec::new();
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = theme::HALF;
        let facts = Facts { settings, counts };
        let pause = if counts.is_paused { (icon::PLAY, "Resume") } else { (icon::PAUSE, "Pause") };
        chosen.extend(button(ui, Id::Pause, pause, &facts));
        chosen.extend(button(ui, Id::Refresh, (icon::REFRESH, "Refresh Now"), &facts));
        let speed = speed(settings.interval_ms);
        chosen.extend(opener(ui, (&speed, "Update Speed"), &facts));
        separator(ui);
        chosen.extend(toggle(ui, Id::Resolve, (icon::RESOLVE, "Resolve Addresses"), &facts));
        separator(ui);
        for kind in Kind::ALL {
            let label = (kind.label(), kind.label());
            chosen.extend(toggle(ui, Id::of_kind(kind), label, &facts));
        }
        separator(ui);
        chosen.extend(opener(ui, ("States", "Connection States"), &facts));
        let group = settings.group_column().map_or("Group", |column| column.header);
        let group = format!("{} {group}", icon::GROUP);
        chosen.extend(opener(ui, (&group, "Group By"), &facts));
        separator(ui);
        chosen.extend(search.show(ui, settings, tones));
    });
    chosen
}

/// An interval as it is short: `1 s`, `0.5 s`.
pub(crate) fn speed(interval_ms: u64) -> String {
    let (seconds, rest) = (interval_ms / 1000, interval_ms % 1000);
    if rest == 0 {
        return format!("{seconds} s");
    }
    format!("{seconds}.{} s", format!("{rest:03}").trim_end_matches('0'))
}

fn separator(ui: &mut Ui) {
    ui.add_space(theme::HALF);
    ui.add(egui::Separator::default().vertical().spacing(1.0).shrink(4.0));
    ui.add_space(theme::HALF);
}

/// What a command's button tells a pointer: what it does, by which key, or why not.
fn hint(ui: &Ui, response: Response, (id, label): (Id, &str), facts: &Facts<'_>) -> Response {
    let keys = command::find(id).and_then(|command| command.keys);
    let keys = keys.map(|(keys, _)| format!(" ({})", ui.ctx().format_shortcut(&keys)));
    let response = response.on_hover_text(format!("{label}{}", keys.unwrap_or_default()));
    match id.standing(facts).refusal {
        Some(why) => response.on_disabled_hover_text(why),
        None => response,
    }
}

fn button(
    ui: &mut Ui,
    id: Id,
    (icon, label): (&'static str, &str),
    facts: &Facts<'_>,
) -> Option<Id> {
    let is_enabled = id.standing(facts).refusal.is_none();
    let response = ui.add_enabled(is_enabled, quiet(icon));
    name(&response, label);
    hint(ui, response, (id, label), facts).clicked().then_some(id)
}

/// A button that is on or off.
fn toggle(ui: &mut Ui, id: Id, (text, label): (&str, &str), facts: &Facts<'_>) -> Option<Id> {
    let is_on = id.standing(facts).is_on.unwrap_or_default();
    let button = quiet(text).selected(is_on).frame_when_inactive(is_on);
    let response = ui.add(button);
    response.widget_info(|| WidgetInfo {
        selected: Some(is_on),
        ..WidgetInfo::labeled(Role::Button, true, label)
    });
    let label = match command::find(id) {
        Some(command) if matches!(id, Id::Kind(_)) => format!("Show {}", command.label),
        _ => label.to_owned(),
    };
    hint(ui, response, (id, &label), facts).clicked().then_some(id)
}

/// A button that opens a submenu of the menu bar by itself.
fn opener(ui: &mut Ui, (text, submenu): (&str, &str), facts: &Facts<'_>) -> Option<Id> {
    let mut chosen = None;
    let button = Button::new((text, icon::DOWN)).frame_when_inactive(false);
    let button = button.min_size(Vec2::splat(theme::CONTROL));
    let config = egui::containers::menu::MenuConfig::new()
        .close_behavior(egui::PopupCloseBehavior::CloseOnClickOutside);
    let (response, _) =
        egui::containers::menu::MenuButton::from_button(button).config(config).ui(ui, |ui| {
            egui::ScrollArea::vertical().max_height(520.0).show(ui, |ui| {
                chosen = menu::submenu(ui, submenu, facts);
            });
        });
    name(&response, submenu);
    response.on_hover_text(submenu);
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_short() {
        let check = |ms, expected: &str| assert_eq!(speed(ms), expected);
        check(500, "0.5 s");
        check(1000, "1 s");
        check(1250, "1.25 s");
        check(60_000, "60 s");
    }
}
