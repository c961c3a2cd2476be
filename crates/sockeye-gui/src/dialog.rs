//! What opens over the main window: questions, the palette of commands, keys, doctor, about.

use std::sync::mpsc::{self, Receiver, TryRecvError};
use std::thread;

use eframe::egui::{self, Button, Grid, Id, Key, Modifiers, RichText, ScrollArea, TextEdit, Ui};
use sockeye_os::support::{Finding, Status};

use crate::command::{self, Command, ELEVATE, Facts};
use crate::search::sentence;
use crate::settings::{INTERVALS_MS, Saved, Settings};
use crate::theme::{self, Tones, icon};
use crate::toolbar;

/// Whether a dialog stays.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) enum Closing {
    #[default]
    Stay,
    Close,
}

/// The dialog that is open.
#[derive(Debug)]
pub(crate) enum Dialog {
    Palette(Palette),
    Keys,
    About,
    Doctor(Doctor),
    /// What is typed: seconds.
    Interval(String),
    /// What is typed: the name of the filter.
    SaveFilter(String),
    Reset,
    Save(crate::save::Question),
}

/// Draws a dialog with a title; closes by Escape, and by a click beside it.
pub(crate) fn modal(
    ctx: &egui::Context,
    title: &str,
    content: impl FnOnce(&mut Ui, &mut Closing),
) -> Closing {
    let mut closing = Closing::Stay;
    let frame = egui::Frame::popup(&ctx.global_style()).inner_margin(16.0);
    let id = Id::unique("dialog");
    let area = egui::Modal::default_area(id).accessible_name(title);
    let response = egui::Modal::new(id).area(area).frame(frame).show(ctx, |ui| {
        ui.spacing_mut().item_spacing.y = theme::STEP;
        ui.label(RichText::new(title).font(theme::bold(15.0)));
        content(ui, &mut closing);
    });
    if response.should_close() { Closing::Close } else { closing }
}

/// Draws what can be answered: on the right the act, which needs a click, before it what changes
/// nothing. Returns whether the act was chosen.
pub(crate) fn answers(ui: &mut Ui, (act, stay): (&str, &str), tones: &Tones) -> Option<bool> {
    let mut answer = None;
    ui.add_space(theme::HALF);
    ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
        let text = RichText::new(act).color(tones.on_accent);
        if ui.add(Button::new(text).fill(tones.accent).min_size(egui::vec2(88.0, 28.0))).clicked() {
            answer = Some(true);
        }
        if ui.add(Button::new(stay).min_size(egui::vec2(88.0, 28.0))).clicked() {
            answer = Some(false);
        }
    });
    answer
}

/// The page of keys: the table of commands, those that have one.
pub(crate) fn keys(ctx: &egui::Context, tones: &Tones) -> Closing {
    modal(ctx, "Keyboard shortcuts", |ui, closing| {
        ui.set_width(460.0);
        ScrollArea::vertical().max_height(460.0).auto_shrink([false, true]).show(ui, |ui| {
            Grid::new("keys").num_columns(2).min_col_width(190.0).show(ui, |ui| {
                for command in command::all() {
                    let Some((keys, _)) = command.keys else { continue };
                    ui.label(RichText::new(ctx.format_shortcut(&keys)).color(tones.accent));
                    ui.label(command.full_label());
                    ui.end_row();
                }
                for (keys, meaning) in OTHER_KEYS {
                    ui.label(RichText::new(*keys).color(tones.accent));
                    ui.label(*meaning);
                    ui.end_row();
                }
            });
        });
        if closed(ui) {
            *closing = Closing::Close;
        }
    })
}

/// Keys that are no commands: moving and choosing in the table.
const OTHER_KEYS: &[(&str, &str)] = &[
    ("↑ ↓ Page Up Page Down", "Table: Go to another row"),
    ("Shift with these", "Table: Select the rows between"),
    ("Ctrl with these", "Table: Go without selecting"),
    ("Ctrl+Space", "Table: Select or deselect the row"),
    ("← →", "Table: Go to another cell; close or open a group"),
    ("Tab", "Go to the next part of the window"),
    ("Enter on a heading", "Table: Sort by that column; with Shift also by it"),
    ("Alt+← Alt+→ on a heading", "Table: Move that column"),
    ("F10", "Go to the menus"),
    ("Alt with a letter", "Open the menu that begins with it"),
    ("Esc", "Leave the search, close what is open"),
];

/// What this program is.
pub(crate) fn about(ctx: &egui::Context, tones: &Tones) -> Closing {
    modal(ctx, "Sockeye", |ui, closing| {
        ui.set_width(380.0);
        ui.label(format!("Version {}", env!("CARGO_PKG_VERSION")));
        ui.label("Every TCP and UDP endpoint of this machine, who owns it and how it changes.");
        ui.label(RichText::new(env!("CARGO_PKG_REPOSITORY")).color(tones.accent));
        ui.label(RichText::new("MIT or Apache 2.0, as you like. Faces: Inter (SIL Open Font License 1.1) and Phosphor (MIT).").color(tones.dim));
        if closed(ui) {
            *closing = Closing::Close;
        }
    })
}

/// A button that closes; whether it was pressed.
fn closed(ui: &mut Ui) -> bool {
    ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
        let response = ui.add(Button::new("Close").min_size(egui::vec2(88.0, 28.0)));
        if ui.memory(|memory| memory.focused().is_none()) {
            response.request_focus();
        }
        response.clicked()
    })
    .inner
}

/// Asks for the time between two refreshes.
pub(crate) fn interval(
    ctx: &egui::Context,
    text: &mut String,
    settings: &mut Settings,
    tones: &Tones,
) -> Closing {
    modal(ctx, "Update speed", |ui, closing| {
        ui.set_width(300.0);
        ui.label("Seconds between two refreshes");
        let is_entered = input(ui, "Seconds", text);
        let milliseconds = parse_seconds(text);
        let (least, most) = INTERVALS_MS;
        if milliseconds.is_none() {
            let range =
                format!("A number from {} to {}.", toolbar::speed(least), toolbar::speed(most));
            ui.label(RichText::new(range).color(tones.error));
        }
        let answer = answers(ui, ("Set", "Cancel"), tones).or(is_entered.then_some(true));
        if answer == Some(false) {
            *closing = Closing::Close;
        }
        if let (Some(true), Some(milliseconds)) = (answer, milliseconds) {
            settings.interval_ms = milliseconds;
            *closing = Closing::Close;
        }
    })
}

/// Milliseconds of what was typed, if it is a time that can be kept.
fn parse_seconds(text: &str) -> Option<u64> {
    let text = text.trim().trim_end_matches('s').trim().replace(',', ".");
    let seconds = text.parse::<f64>().ok().filter(|seconds| seconds.is_finite())?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
    let milliseconds = (seconds * 1000.0).round() as u64;
    (INTERVALS_MS.0..=INTERVALS_MS.1).contains(&milliseconds).then_some(milliseconds)
}

/// Asks what a filter is to be called.
pub(crate) fn save_filter(
    ctx: &egui::Context,
    name: &mut String,
    (filter, settings): (&str, &mut Settings),
    tones: &Tones,
) -> Closing {
    modal(ctx, "Save filter", |ui, closing| {
        ui.set_width(360.0);
        ui.label(RichText::new(filter).color(tones.dim));
        let is_entered = input(ui, "Name", name);
        let answer = answers(ui, ("Save", "Cancel"), tones).or(is_entered.then_some(true));
        if answer == Some(false) {
            *closing = Closing::Close;
        }
        let name = name.trim();
        if answer == Some(true) && !name.is_empty() {
            settings.filters.retain(|saved| saved.name != name);
            let saved = Saved { name: name.to_owned(), text: filter.trim().to_owned() };
            settings.filters.push(saved);
            *closing = Closing::Close;
        }
    })
}

/// Asks whether to forget all settings.
pub(crate) fn reset(ctx: &egui::Context, settings: &mut Settings, tones: &Tones) -> Closing {
    modal(ctx, "Reset settings?", |ui, closing| {
        ui.set_width(360.0);
        ui.label("Columns, filters and everything else go back to what they were at first. Saved filters are forgotten.");
        match answers(ui, ("Reset Settings", "Cancel"), tones) {
            Some(true) => {
                let window = settings.window;
                *settings = Settings { window, ..Settings::default() };
                *closing = Closing::Close;
            }
            Some(false) => *closing = Closing::Close,
            None => {}
        }
    })
}

/// A box that has the keyboard from the start; whether Enter was pressed in it.
fn input(ui: &mut Ui, label: &str, text: &mut String) -> bool {
    let edit = TextEdit::singleline(text).id_salt(label).desired_width(f32::INFINITY);
    let response = ui.add(edit.margin(egui::Margin::symmetric(6, 4)));
    toolbar::name_input(&response, label, text);
    if ui.memory(|memory| memory.focused().is_none()) && !response.lost_focus() {
        response.request_focus();
    }
    response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter))
}

/// The palette of commands.
#[derive(Default, Debug)]
pub(crate) struct Palette {
    text: String,
    place: usize,
}

impl Palette {
    /// Draws it and returns what was chosen in it.
    pub(crate) fn show(
        &mut self,
        ctx: &egui::Context,
        facts: &Facts<'_>,
        tones: &Tones,
    ) -> (Closing, Option<command::Id>) {
        let mut chosen = None;
        let closing = modal(ctx, "Commands", |ui, closing| {
            ui.set_width(480.0);
            let step = self.keys(ui);
            let is_entered = input(ui, "Command", &mut self.text);
            let found = self.found(facts);
            let last = found.len().saturating_sub(1);
            self.place = self.place.saturating_add_signed(step).min(last);
            ScrollArea::vertical().max_height(360.0).auto_shrink([false, false]).show(ui, |ui| {
                ui.spacing_mut().item_spacing.y = 0.0;
                for (index, command) in found.iter().enumerate() {
                    let is_current = index == self.place;
                    let response = line(ui, command, (facts, tones), is_current);
                    if is_current && step != 0 {
                        response.scroll_to_me(None);
                    }
                    if response.clicked() || (is_entered && is_current) {
                        chosen = Some(command.id);
                    }
                }
                if found.is_empty() {
                    ui.label(RichText::new("No command matches.").color(tones.dim));
                }
            });
            if chosen.is_some() || is_entered {
                *closing = Closing::Close;
            }
        });
        let chosen = chosen.filter(|id| id.standing(facts).refusal.is_none());
        (closing, chosen)
    }

    /// How many lines up or down.
    fn keys(&self, ui: &Ui) -> isize {
        let pressed = |key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
        isize::from(pressed(Key::ArrowDown)) - isize::from(pressed(Key::ArrowUp))
    }

    /// The commands that have every word that is typed, those that can be done first.
    fn found(&self, facts: &Facts<'_>) -> Vec<&'static Command> {
        let words: Vec<String> =
            self.text.to_lowercase().split_whitespace().map(str::to_owned).collect();
        let fits = |command: &&Command| {
            let label = command.full_label().to_lowercase();
            words.iter().all(|word| label.contains(word.as_str()))
        };
        let all = command::all().iter().filter(|command| command.id != command::Id::Palette);
        let mut found: Vec<_> = all.filter(fits).collect();
        let is_named = |command: &Command| {
            let label = command.label.to_lowercase();
            words.iter().all(|word| label.contains(word.as_str()))
        };
        // What is called so itself before what is in a menu that is called so.
        found.sort_by_key(|command| {
            (!is_named(command), command.id.standing(facts).refusal.is_some())
        });
        found
    }
}

/// One line of the palette.
fn line(
    ui: &mut Ui,
    command: &Command,
    (facts, tones): (&Facts<'_>, &Tones),
    is_current: bool,
) -> egui::Response {
    let standing = command.id.standing(facts);
    let is_enabled = standing.refusal.is_none();
    let mark = if standing.is_on == Some(true) { icon::CHECK } else { "" };
    let keys = command.keys.map(|(keys, _)| ui.ctx().format_shortcut(&keys)).unwrap_or_default();
    let label = command.full_label();
    let button = Button::new(label.as_str())
        .right_text(RichText::new(format!("{mark}  {keys}")).color(tones.dim))
        .frame_when_inactive(is_current)
        .selected(is_current)
        .min_size(egui::vec2(ui.available_width(), theme::CONTROL));
    let response = ui.add_enabled(is_enabled, button);
    match standing.refusal {
        Some(why) => response.on_disabled_hover_text(why),
        None => response,
    }
}

/// What can be seen and done here, found out by another thread.
#[derive(Debug)]
pub(crate) struct Doctor {
    awaited: Option<Receiver<Vec<Finding>>>,
    findings: Vec<Finding>,
}

impl Doctor {
    /// Begins to find out by `examine`, which may take some seconds.
    pub(crate) fn start(examine: fn() -> Vec<Finding>, ctx: &egui::Context) -> Self {
        let (sender, awaited) = mpsc::channel();
        let ctx = ctx.clone();
        let work = move || {
            // Nobody waits any more when the dialog was closed.
            let _ = sender.send(examine());
            ctx.request_repaint();
        };
        // Without a thread the sender is dropped, and nothing is awaited.
        let _ = thread::Builder::new().name("doctor".to_owned()).spawn(work);
        Self { awaited: Some(awaited), findings: Vec::new() }
    }

    /// Draws what was found out, and what mends it where that `may_elevate`; returns what was chosen.
    pub(crate) fn show(
        &mut self,
        ctx: &egui::Context,
        tones: &Tones,
        may_elevate: bool,
    ) -> (Closing, Option<command::Id>) {
        let mut chosen = None;
        match self.awaited.as_ref().map(Receiver::try_recv) {
            Some(Ok(findings)) => (self.findings, self.awaited) = (findings, None),
            Some(Err(TryRecvError::Disconnected)) => self.awaited = None,
            Some(Err(TryRecvError::Empty)) | None => {}
        }
        let closing = modal(ctx, "What can be seen and done here", |ui, closing| {
            ui.set_width(620.0);
            if self.awaited.is_some() {
                ui.horizontal(|ui| {
                    ui.spinner();
                    ui.label("Trying everything that Sockeye does…");
                });
            }
            ScrollArea::vertical().max_height(480.0).auto_shrink([false, true]).show(ui, |ui| {
                for finding in &self.findings {
                    show_finding(ui, finding, tones);
                }
            });
            if may_elevate && ui.button(ELEVATE).clicked() {
                (chosen, *closing) = (Some(command::Id::Elevate), Closing::Close);
            }
            if closed(ui) {
                *closing = Closing::Close;
            }
        });
        (closing, chosen)
    }
}

fn show_finding(ui: &mut Ui, finding: &Finding, tones: &Tones) {
    let (mark, color) = match finding.status {
        Status::Works => (icon::CHECK, tones.good),
        Status::Limited => (icon::WARNING, tones.warning),
        Status::Missing => (icon::ERROR, tones.error),
    };
    ui.horizontal_top(|ui| {
        let response = ui.label(RichText::new(mark).color(color).size(15.0));
        response.widget_info(|| {
            egui::WidgetInfo::labeled(egui::Role::Label, true, finding.status.id())
        });
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 2.0;
            ui.label(RichText::new(finding.title).font(theme::bold(theme::TEXT)));
            let detail = sockeye_print::escaped(&finding.detail);
            ui.label(RichText::new(sentence(&detail)).color(tones.dim));
            if let Some(remedy) = &finding.remedy {
                show_remedy(ui, &sockeye_print::escaped(remedy), tones);
            }
        });
    });
}

/// A command for a shell, with a button that copies it.
fn show_remedy(ui: &mut Ui, remedy: &str, tones: &Tones) {
    let frame = egui::Frame::NONE.fill(tones.hover).corner_radius(4.0);
    frame.inner_margin(egui::Margin::symmetric(8, 4)).show(ui, |ui| {
        ui.horizontal(|ui| {
            let copy = ui.add(toolbar::quiet(icon::COPY));
            toolbar::name(&copy, "Copy Command");
            if copy.on_hover_text("Copy the command").clicked() {
                ui.ctx().copy_text(remedy.to_owned());
            }
            ui.add(egui::Label::new(remedy).wrap().selectable(true));
        });
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_read_as_they_are_typed() {
        let check = |text, expected| assert_eq!(parse_seconds(text), expected, "{text}");
        check("3", Some(3000));
        check(" 0.25 s", Some(250));
        check("1,5", Some(1500));
        check("0.01", None);
        check("3601", None);
        check("-1", None);
        check("nan", None);
        check("", None);
    }
}
