//! Closing connections and ending processes: a question first, then what came of it.

use eframe::egui::{self, Id, RichText, Ui};
use sockeye_core::degradation::number_of;
use sockeye_core::view::RowId;
use sockeye_core::{Endpoint, Ownerless, Process, ProcessId, Row};
use sockeye_engine::act::{Fate, Insistence, is_closable};
use sockeye_engine::desk::Board;
use sockeye_print::escaped;

use super::deeds::{Deeds, Powers, Progress, Task};
use super::draw;

/// Why a row's connection cannot be closed, or `None` where it can.
pub(super) fn refusal_to_close(row: &Row<'_>, powers: &Powers) -> Option<String> {
    if !is_closable(row.endpoint) {
        let what = if row.endpoint.is_listener() {
            "A listener is no connection: end its process instead."
        } else {
            "It has no remote, so there is no connection to close."
        };
        return Some(what.to_owned());
    }
    powers.no_closing.clone()
}

/// Why a row's process cannot be ended, or `None` where it can.
pub(super) fn refusal_to_end(row: &Row<'_>, powers: &Powers) -> Option<String> {
    match (row.owner, row.process) {
        (None, _) => {
            let reason = row.endpoint.owners.reason();
            let phrase = reason.map_or("not observed", Ownerless::phrase);
            let remedy = match reason {
                Some(Ownerless::NotPermitted) => " Help, Doctor tells what helps.",
                _ => "",
            };
            Some(format!("No process is known that holds it: {phrase}.{remedy}"))
        }
        (Some(_), process) => refusal_to_end_process(process?, powers),
    }
}

/// The same of a process alone.
pub(super) fn refusal_to_end_process(process: &Process, powers: &Powers) -> Option<String> {
    let is_foreign = process.user_id.is_some() && process.user_id != powers.user;
    powers.no_foreign_ending.clone().filter(|_| is_foreign)
}

/// What is to be done.
#[derive(Clone, Debug)]
enum Deed {
    Close(Vec<Endpoint>),
    End(Vec<ProcessId>),
}

/// How far it is.
#[derive(Debug)]
enum Stage {
    /// It is asked; whether the safe answer has had the focus.
    Asking { has_focus: bool },
    /// It is being done.
    Acting(Task<Vec<Fate>>),
}

/// A question, and what came of the answer.
#[derive(Debug)]
pub(super) struct Question {
    deed: Deed,
    /// What each subject is called.
    names: Vec<String>,
    /// What cannot be acted on, and why.
    refused: Vec<(String, String)>,
    insistence: Insistence,
    stage: Stage,
}

impl Question {
    /// Whether to close the connections of `rows`; `None` where all of them are gone.
    pub(super) fn close(rows: &[RowId], board: &Board, powers: &Powers) -> Option<Self> {
        let (mut endpoints, mut names, mut refused) = (Vec::new(), Vec::new(), Vec::new());
        for id in rows {
            let Some(shown) = board.view.row(*id, &board.session) else { continue };
            let name = name_of_endpoint(&shown.row);
            match refusal_to_close(&shown.row, powers) {
                Some(reason) => refused.push((name, reason)),
                None => {
                    endpoints.push(shown.row.endpoint.clone());
                    names.push(name);
                }
            }
        }
        Self::new(Deed::Close(endpoints), names, refused)
    }

    /// Whether to end the processes of `rows`, each once.
    pub(super) fn end(rows: &[RowId], board: &Board, powers: &Powers) -> Option<Self> {
        let (mut processes, mut names, mut refused) = (Vec::new(), Vec::new(), Vec::new());
        for id in rows {
            let Some(shown) = board.view.row(*id, &board.session) else { continue };
            let name = shown.row.process.map(name_of_process);
            let name = name.unwrap_or_else(|| name_of_endpoint(&shown.row));
            match (refusal_to_end(&shown.row, powers), shown.row.owner) {
                (None, Some(owner)) if processes.contains(&owner.process) => {}
                (None, Some(owner)) => {
                    processes.push(owner.process);
                    names.push(name);
                }
                (reason, _) if !refused.iter().any(|(known, _)| *known == name) => {
                    refused.push((name, reason.unwrap_or_default()));
                }
                _ => {}
            }
        }
        Self::new(Deed::End(processes), names, refused)
    }

    /// Whether to end one process.
    pub(super) fn end_process(process: &Process) -> Option<Self> {
        Self::new(Deed::End(vec![process.id]), vec![name_of_process(process)], Vec::new())
    }

    fn new(deed: Deed, names: Vec<String>, refused: Vec<(String, String)>) -> Option<Self> {
        let is_empty = names.is_empty() && refused.is_empty();
        let stage = Stage::Asking { has_focus: false };
        let insistence = Insistence::Ask;
        (!is_empty).then_some(Self { deed, names, refused, insistence, stage })
    }

    /// What the dangerous answer is called: the act by name.
    fn act(&self) -> String {
        match (&self.deed, self.names.as_slice()) {
            (Deed::End(_), [name]) => format!("End {name}"),
            (Deed::End(_), names) => {
                format!("End {}", number_of(names.len(), "process", "processes"))
            }
            (Deed::Close(_), names) => {
                format!("Close {}", number_of(names.len(), "connection", "connections"))
            }
        }
    }

    fn title(&mut self) -> String {
        if let Stage::Acting(task) = &mut self.stage {
            return match task.poll() {
                Progress::Running => format!("{} …", self.act()),
                Progress::Failed => "Nothing was done".to_owned(),
                Progress::Done(fates) => outcome(&self.deed, fates, &self.names),
            };
        }
        match (&self.deed, self.names.is_empty()) {
            (Deed::Close(_), true) => "There is no connection to close".to_owned(),
            (Deed::End(_), true) => "There is no process to end".to_owned(),
            (_, false) => format!("{}?", self.act()),
        }
    }

    /// Draws it; `false` when it is over.
    pub(super) fn show(&mut self, ctx: &egui::Context, deeds: &Deeds) -> bool {
        let title = self.title();
        let id = Id::unique("question");
        let frame = egui::Frame::window(&ctx.global_style());
        let modal = egui::Modal::new(id).frame(frame).show(ctx, |ui| {
            ui.set_width(460.0_f32.min(ui.ctx().content_rect().width() - 64.0));
            draw::name_dialog(ui, &title);
            ui.heading(&title);
            ui.add_space(8.0);
            self.body(ui, deeds)
        });
        let is_busy = match &mut self.stage {
            Stage::Acting(task) => matches!(task.poll(), Progress::Running),
            Stage::Asking { .. } => false,
        };
        !(modal.inner || (!is_busy && modal.should_close()))
    }

    /// What stands below the title; whether it is over.
    fn body(&mut self, ui: &mut Ui, deeds: &Deeds) -> bool {
        match &mut self.stage {
            Stage::Asking { .. } => self.ask(ui, deeds),
            Stage::Acting(task) => match task.poll() {
                Progress::Running => {
                    ui.horizontal(|ui| {
                        ui.spinner();
                        ui.label("Acting, and looking again …");
                    });
                    false
                }
                Progress::Failed => {
                    draw::failure(ui, "No thread could be made for it: nothing was done.");
                    draw::answer(ui, "Done")
                }
                Progress::Done(fates) => {
                    let told = fates.iter().zip(&self.names);
                    let told: Vec<_> = told.map(|(fate, name)| (name, fate)).collect();
                    show_fates(ui, &self.deed, &told);
                    draw::answer(ui, "Done")
                }
            },
        }
    }

    fn ask(&mut self, ui: &mut Ui, deeds: &Deeds) -> bool {
        let height = 180.0;
        egui::ScrollArea::vertical().id_salt("subjects").max_height(height).show(ui, |ui| {
            for name in &self.names {
                ui.add(egui::Label::new(name).wrap());
            }
            for (name, reason) in &self.refused {
                ui.add(egui::Label::new(RichText::new(name).weak()).wrap());
                ui.add(egui::Label::new(RichText::new(reason).weak().small()).wrap());
            }
        });
        ui.add_space(8.0);
        if self.names.is_empty() {
            return draw::answer(ui, "Close");
        }
        match &self.deed {
            Deed::Close(_) => {
                let text = "Both sides are told that the connection was reset. What was not yet \
                            delivered is lost.";
                ui.add(egui::Label::new(text).wrap());
            }
            Deed::End(_) => {
                let text = "It is asked to end, and may refuse. What it has not saved is lost.";
                ui.add(egui::Label::new(text).wrap());
                let mut is_forced = self.insistence == Insistence::AskThenForce;
                ui.checkbox(&mut is_forced, "Force it if it still runs after 2 seconds");
                self.insistence =
                    if is_forced { Insistence::AskThenForce } else { Insistence::Ask };
            }
        }
        ui.add_space(12.0);
        self.answers(ui, deeds)
    }

    /// The two answers; whether it is over.
    fn answers(&mut self, ui: &mut Ui, deeds: &Deeds) -> bool {
        let act = self.act();
        let (mut is_over, mut is_given) = (false, false);
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            // The safe answer comes first where the keyboard goes, and has the focus.
            let cancel = ui.button("Cancel");
            if let Stage::Asking { has_focus } = &mut self.stage
                && !std::mem::replace(has_focus, true)
            {
                cancel.request_focus();
            }
            is_over = cancel.clicked();
            let red = ui.visuals().error_fg_color;
            is_given = ui.button(RichText::new(&act).color(red)).clicked();
        });
        if is_given {
            self.stage = Stage::Acting(self.begin(ui.ctx(), deeds));
        }
        is_over
    }

    fn begin(&self, ctx: &egui::Context, deeds: &Deeds) -> Task<Vec<Fate>> {
        match self.deed.clone() {
            Deed::Close(endpoints) => {
                let close = deeds.close;
                let work = move || close(&endpoints.iter().collect::<Vec<_>>());
                Task::start("close", ctx, work)
            }
            Deed::End(processes) => {
                let (end, insistence) = (deeds.end, self.insistence);
                Task::start("end", ctx, move || end(&processes, insistence))
            }
        }
    }
}

/// What came of it in all: `Closed 1 connection`, `1 of 2 processes ended`.
fn outcome(deed: &Deed, fates: &[Fate], names: &[String]) -> String {
    let done = fates.iter().filter(|fate| matches!(fate, Fate::Done)).count();
    let (act, one, many) = match deed {
        Deed::Close(_) => ("Closed", "connection", "connections"),
        Deed::End(_) => ("Ended", "process", "processes"),
    };
    match (done == fates.len(), deed, names) {
        (true, Deed::End(_), [name]) => format!("{act} {name}"),
        (true, ..) => format!("{act} {}", number_of(done, one, many)),
        (false, ..) => {
            format!("{done} of {} {}", number_of(fates.len(), one, many), act.to_lowercase())
        }
    }
}

/// What became of each.
fn show_fates(ui: &mut Ui, deed: &Deed, fates: &[(&String, &Fate)]) {
    egui::ScrollArea::vertical().id_salt("fates").max_height(220.0).show(ui, |ui| {
        for (name, fate) in fates {
            let (word, reason) = word(deed, fate);
            let color = match fate {
                Fate::Done | Fate::Gone => ui.visuals().text_color(),
                Fate::Remains | Fate::NotPermitted(_) | Fate::Failed(_) => {
                    ui.visuals().error_fg_color
                }
            };
            let text = format!("{name}: {word}");
            ui.add(egui::Label::new(RichText::new(text).color(color)).wrap());
            if let Some(reason) = reason {
                ui.add(egui::Label::new(RichText::new(escaped(reason)).weak().small()).wrap());
            }
        }
    });
    ui.add_space(12.0);
}

/// What became of one, as the console says it, and why.
fn word<'a>(deed: &Deed, fate: &'a Fate) -> (&'static str, Option<&'a str>) {
    let (done, remains) = match deed {
        Deed::Close(_) => ("closed", "still open"),
        Deed::End(_) => ("ended", "still running"),
    };
    match fate {
        Fate::Done => (done, None),
        Fate::Remains => (remains, None),
        Fate::Gone => ("gone before that", None),
        Fate::NotPermitted(why) => ("not permitted", Some(why)),
        Fate::Failed(why) => ("failed", Some(why)),
    }
}

/// `nginx (1207)`.
pub(super) fn name_of_process(process: &Process) -> String {
    format!("{} ({})", escaped(&process.name), process.id)
}

/// `tcp 10.0.0.5:40112 to 192.0.2.1:443 of curl (4711)`.
fn name_of_endpoint(row: &Row<'_>) -> String {
    let cell = |name| super::words::cell(name, row);
    let transport = row.endpoint.transport.id().to_uppercase();
    let mut text = format!("{transport} {}", cell("local").unwrap_or_default());
    text.extend(cell("remote").map(|remote| format!(" to {remote}")));
    text.extend(row.process.map(|process| format!(" of {}", name_of_process(process))));
    text
}
