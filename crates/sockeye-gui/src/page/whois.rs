//! Whose an address is: what the registries answer, as text.

use std::net::IpAddr;
use std::sync::Arc;

use eframe::egui::{self, Label, RichText, Ui};
use sockeye_core::reach::special_purpose;
use sockeye_engine::whois::Record;
use sockeye_os::Error;
use sockeye_print::escaped;

use super::deeds::{Deeds, Progress, Task};
use super::draw;

/// An address, and what is known of it.
#[derive(Debug)]
pub(super) struct WhoisPage {
    address: IpAddr,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    /// Registries are asked.
    Asking(Task<Result<Record, Error>>),
    /// Nobody is asked any more: the user did not want to wait.
    Cancelled,
    /// Nobody has to be asked: what the address is for.
    Special(String),
    /// What they answered.
    Told(Arc<Answer>),
}

/// An answer that can be shown.
#[derive(Debug)]
struct Answer {
    /// Who says so, and who was asked before.
    source: String,
    /// What they say, line by line.
    text: String,
    /// Why there is no more.
    end: Option<String>,
}

impl WhoisPage {
    /// Begins to ask, where there is somebody to ask.
    pub(super) fn new(address: IpAddr, ctx: &egui::Context, deeds: &Deeds) -> Self {
        let address = address.to_canonical();
        Self { address, stage: Stage::begin(address, ctx, deeds) }
    }

    /// The address.
    pub(super) fn address(&self) -> IpAddr {
        self.address
    }

    /// Draws it.
    pub(super) fn show(&mut self, ui: &mut Ui, deeds: &Deeds) {
        self.stage.take_answer();
        match &self.stage {
            Stage::Asking(_) => {
                let is_cancelled = ui.horizontal(|ui| {
                    ui.spinner();
                    ui.label("Asking the registries …");
                    ui.button("Cancel").clicked()
                });
                if is_cancelled.inner {
                    self.stage = Stage::Cancelled;
                }
            }
            Stage::Cancelled => {
                ui.label("Nobody was waited for.");
                self.again(ui, deeds);
            }
            Stage::Special(sentence) => {
                ui.add(Label::new(sentence).wrap().selectable(true));
            }
            Stage::Told(answer) => {
                let answer = Arc::clone(answer);
                answer.show(ui);
                ui.horizontal(|ui| {
                    if !answer.text.is_empty() && ui.button("Copy").clicked() {
                        ui.ctx().copy_text(answer.text.clone());
                    }
                    self.again(ui, deeds);
                });
            }
        }
    }

    fn again(&mut self, ui: &mut Ui, deeds: &Deeds) {
        if ui.button("Ask again").clicked() {
            self.stage = Stage::begin(self.address, ui.ctx(), deeds);
        }
    }
}

impl Stage {
    fn begin(address: IpAddr, ctx: &egui::Context, deeds: &Deeds) -> Self {
        if let Some(purpose) = special_purpose(address) {
            let (phrase, source) = (purpose.phrase, purpose.source);
            return Self::Special(format!(
                "{address} is {phrase} ({source}): no registry knows whose."
            ));
        }
        let ask = deeds.whois;
        Self::Asking(Task::start("whois", ctx, move || ask(address)))
    }

    /// Goes on to what was answered.
    fn take_answer(&mut self) {
        let Self::Asking(task) = self else { return };
        let answer = match task.poll() {
            Progress::Running => return,
            Progress::Failed => Answer::failed("No thread could be made to ask."),
            Progress::Done(Ok(record)) => Answer::new(record),
            Progress::Done(Err(error)) => Answer::failed(&format!("Nobody answered: {error}.")),
        };
        *self = Self::Told(Arc::new(answer));
    }
}

impl Answer {
    fn new(record: &Record) -> Self {
        let mut source = format!("{} says", escaped(&record.server.to_string()));
        if !record.referrals.is_empty() {
            let asked = record.referrals.iter().map(|server| escaped(&server.to_string()));
            let asked: Vec<String> = asked.collect();
            source.push_str(&format!(" (asked before: {})", asked.join(", ")));
        }
        let mut end =
            record.end.as_ref().map(|error| format!("Nobody further was asked: {error}."));
        if record.is_cut {
            end = Some("The answer is longer; its end was not read.".to_owned());
        }
        // Lines are escaped one by one: their ends are the only controls that are meant.
        let lines = record.text.lines().map(|line| escaped(line.trim_end_matches('\r')));
        let text = lines.collect::<Vec<_>>().join("\n");
        Self { source, text, end: end.map(|end| escaped(&end)) }
    }

    fn failed(sentence: &str) -> Self {
        Self { source: String::new(), text: String::new(), end: Some(escaped(sentence)) }
    }

    fn show(&self, ui: &mut Ui) {
        if !self.source.is_empty() {
            ui.add(Label::new(RichText::new(&self.source).weak()).wrap());
        }
        if let Some(end) = &self.end {
            draw::failure(ui, end);
        }
        if self.text.is_empty() {
            return;
        }
        // Room below for the buttons.
        let height = (ui.available_height() - 48.0).max(120.0);
        let lines: Vec<&str> = self.text.lines().collect();
        let row = ui.text_style_height(&egui::TextStyle::Monospace);
        egui::ScrollArea::both().max_height(height).auto_shrink([false, false]).show_rows(
            ui,
            row,
            lines.len(),
            |ui, range| {
                for line in lines.get(range).unwrap_or_default() {
                    let text = RichText::new(*line).monospace();
                    ui.add(Label::new(text).extend().selectable(true));
                }
            },
        );
    }
}
