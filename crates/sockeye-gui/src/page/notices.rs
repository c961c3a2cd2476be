//! Notices of new listeners and first connections: what is wanted, and what was told.

mod watch;

use std::collections::VecDeque;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use eframe::egui::{self, Label, RichText, TextEdit, Ui};
use etcetera::BaseStrategy as _;
use serde::{Deserialize, Serialize};
use sockeye_core::degradation::number_of;
use sockeye_core::filter::Filter;
use sockeye_core::notice::{News, Notice, Rules};
use sockeye_core::{Ownerless, Timestamp};
use sockeye_engine::desk::Desk;
use sockeye_print::escaped;

use super::draw;
use super::words;
use crate::whole;
use watch::Watch;

/// So many notices are kept for whoever looks later.
const KEPT: usize = 500;

/// What notices are wanted of, as it is kept.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(default)]
struct Wish {
    /// Of programs that begin to listen.
    listeners: bool,
    /// Of programs that connect for the first time.
    connections: bool,
    /// Only of what this filter wants.
    filter: String,
}

impl Wish {
    /// The rules that it makes; why its filter makes none.
    fn rules(&self) -> Result<Rules, String> {
        let filter = match self.filter.trim() {
            "" => Filter::all(Vec::new()),
            text => Filter::parse(text).map_err(|error| error.to_string())?,
        };
        Ok(Rules { has_listeners: self.listeners, has_connections: self.connections, filter })
    }

    fn is_anything(&self) -> bool {
        self.listeners || self.connections
    }
}

/// Files that outlive the program.
#[derive(Clone, Default, Debug)]
pub(super) struct Places {
    /// What is wanted.
    wish: Option<PathBuf>,
    /// What was seen.
    seen: Option<PathBuf>,
}

impl Places {
    /// The user's own.
    pub(super) fn own() -> Self {
        let Ok(own) = etcetera::choose_base_strategy() else { return Self::default() };
        Self {
            wish: Some(own.config_dir().join("sockeye").join("notices.toml")),
            seen: Some(own.data_dir().join("sockeye").join("seen")),
        }
    }
}

/// What was told, by the thread that watches.
#[derive(Default, Debug)]
struct Told {
    /// The oldest first.
    notices: VecDeque<Notice>,
    /// How many nobody has looked at.
    unread: usize,
    /// Why the desktop shows none of them.
    failure: Option<String>,
}

/// Notices, and the window that shows them.
#[derive(Default, Debug)]
pub(super) struct Notices {
    places: Places,
    wish: Wish,
    /// The file could not be read or written.
    failure: Option<String>,
    told: Arc<Mutex<Told>>,
    watch: Option<Watch>,
    is_open: bool,
    /// The wish is to be followed: it is new, or was not followed yet.
    is_due: bool,
}

impl Notices {
    /// Those that were wanted when the program ended last.
    pub(super) fn new(places: Places) -> Self {
        let (wish, failure) = places.wish.as_deref().map_or_else(Default::default, load);
        Self { places, wish, failure, is_due: true, ..Self::default() }
    }

    /// Opens the window.
    pub(super) fn open(&mut self) {
        self.is_open = true;
    }

    fn told(&self) -> std::sync::MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a notice as the thread does.
    #[cfg(test)]
    pub(super) fn tell(&self, notice: Notice) {
        let mut told = self.told();
        told.notices.push_back(notice);
        told.unread += 1;
    }

    /// Watches as it is wished, and draws the window.
    pub(super) fn show(&mut self, ctx: &egui::Context, desk: &Desk) {
        if std::mem::take(&mut self.is_due) {
            self.follow(ctx, desk);
        }
        if !self.is_open {
            self.hint(ctx);
            return;
        }
        let mut is_open = true;
        let now = desk.board().session.context().time;
        let window = egui::Window::new("Notices").id(egui::Id::unique("notices"));
        let place = draw::place(ctx, [520.0, 420.0], 0);
        let window = window.open(&mut is_open).default_rect(place).collapsible(false);
        window.show(ctx, |ui| {
            self.body(ui, now);
        });
        self.told().unread = 0;
        self.is_open = is_open;
    }

    /// Tells in a corner of the window that there are notices nobody has looked at.
    fn hint(&mut self, ctx: &egui::Context) {
        let unread = self.told().unread;
        if unread == 0 {
            return;
        }
        let area = egui::Area::new(egui::Id::unique("notices hint"));
        let area = area.anchor(egui::Align2::RIGHT_BOTTOM, [-16.0, -40.0]);
        area.show(ctx, |ui| {
            egui::Frame::popup(ui.style()).show(ui, |ui| {
                let text = number_of(unread, "new notice", "new notices");
                let button = egui::Button::new(text).wrap_mode(egui::TextWrapMode::Extend);
                if ui.add(button).clicked() {
                    self.is_open = true;
                }
            });
        });
    }

    /// Begins to watch anew, or ends it.
    fn follow(&mut self, ctx: &egui::Context, desk: &Desk) {
        // The one before keeps what it has seen, which the next one reads.
        self.watch = None;
        let Ok(rules) = self.wish.rules() else { return };
        if self.wish.is_anything() {
            let seen = self.places.seen.clone();
            self.watch = Watch::start(desk.spectator(), (rules, seen), &self.told, ctx.clone());
        }
    }

    fn body(&mut self, ui: &mut Ui, now: Timestamp) {
        let before = self.wish.clone();
        ui.checkbox(&mut self.wish.listeners, "Tell when a program begins to listen at a new port");
        ui.checkbox(&mut self.wish.connections, "Tell when a program connects for the first time");
        ui.horizontal(|ui| {
            let label = ui.label("Only what matches");
            let edit = TextEdit::singleline(&mut self.wish.filter).hint_text("not loopback");
            ui.add(edit.desired_width(f32::INFINITY)).labelled_by(label.id);
        });
        if let Err(mistake) = self.wish.rules() {
            draw::failure(ui, &format!("{mistake}: nothing is told until this is mended."));
        }
        if self.wish != before {
            self.is_due = true;
            self.failure =
                self.places.wish.as_deref().and_then(|path| save(path, &self.wish).err());
        }
        if let Some(failure) = &self.failure {
            draw::failure(ui, failure);
        }
        let told = self.told();
        if let (Some(failure), true) = (&told.failure, self.wish.is_anything()) {
            let text = format!("{} They are listed here.", escaped(failure));
            ui.add(Label::new(RichText::new(text).weak()).wrap());
        }
        ui.separator();
        if told.notices.is_empty() {
            let text = if self.wish.is_anything() {
                "Nothing new so far. What was there already is no news."
            } else {
                "Nothing is watched for."
            };
            ui.weak(text);
        }
        let area = egui::ScrollArea::vertical().auto_shrink([false, false]);
        area.show(ui, |ui| {
            for notice in told.notices.iter().rev() {
                ui.weak(words::time(notice.time, now));
                ui.add(Label::new(sentence(notice)).wrap().selectable(true));
            }
        });
        drop(told);
    }
}

/// What is told of a notice: the sentence, in the window and on the desktop.
fn sentence(notice: &Notice) -> String {
    let (transport, local) = (notice.transport.id(), notice.local);
    let who = match (&*notice.program, notice.process) {
        ("", Ok(process)) => format!("process {process}"),
        ("", Err(reason)) => format!("somebody ({})", Ownerless::phrase(reason)),
        (program, Ok(process)) => format!("{} ({process})", escaped(program)),
        (program, Err(_)) => escaped(program),
    };
    match notice.news {
        News::Listener => format!("{who} listens at {transport} {local}"),
        News::Connection(remote) => {
            format!("{who} connected for the first time: to {transport} {remote}")
        }
    }
}

/// What is wanted by the file at `path`; a sentence where that could not be read.
fn load(path: &Path) -> (Wish, Option<String>) {
    let failed = |reason: String| Some(format!("{} could not be read: {reason}.", path.display()));
    match fs::read_to_string(path) {
        Ok(text) => match toml::from_str(&text) {
            Ok(wish) => (wish, None),
            Err(error) => (Wish::default(), failed(escaped(error.message()))),
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => (Wish::default(), None),
        Err(error) => (Wish::default(), failed(error.to_string())),
    }
}

fn save(path: &Path, wish: &Wish) -> Result<(), String> {
    let text = toml::to_string(wish).map_err(|error| error.to_string());
    let written = text.and_then(|text| whole::keep(path, &text).map_err(|error| error.to_string()));
    written.map_err(|reason| format!("{} could not be written: {reason}.", path.display()))
}

#[cfg(test)]
mod tests;
