//! The page of a process: what it is, whose, what it holds and carries.

use std::sync::{Arc, Mutex, PoisonError};

use eframe::egui::{self, Label, RichText, TextureHandle, TextureOptions, Ui, Vec2};
use sockeye_core::degradation::number_of;
use sockeye_core::process::Absent;
use sockeye_core::{Endpoint, Process, ProcessId, Row};
use sockeye_engine::desk::Board;
use sockeye_os::desktop::show_folder_of;
use sockeye_print::escaped;

use super::Request;
use super::deeds::{Deeds, Powers, Progress, Task};
use super::facts::{self, Line};
use super::informant::{Informant, Told};
use super::question::refusal_to_end_process;
use super::rates::Rates;
use super::words::{self, cell};
use super::{draw, graph};

/// So many of its endpoints are listed.
const LISTED: usize = 200;
/// The columns of an endpoint, its state apart.
const COLUMNS: [&str; 3] = ["proto", "local", "remote"];

/// What is known of one process.
#[derive(Debug)]
pub(super) struct ProcessPage {
    process: Process,
    task: Option<Task<Told>>,
    told: Option<Told>,
    picture: Option<Picture>,
    /// Its endpoints, cell by cell, and how many there are.
    endpoints: (Vec<[String; 4]>, usize),
    lines: Vec<Line>,
    /// How long it runs, in seconds.
    age: Option<u64>,
    has_ended: bool,
    rates: Rates,
    /// What came of opening its folder, where that failed.
    failure: Option<String>,
    opening: Option<Task<Result<(), String>>>,
}

struct Picture(TextureHandle);

impl std::fmt::Debug for Picture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Picture")
    }
}

impl ProcessPage {
    /// The page of `process`.
    pub(super) fn new(process: Process) -> Self {
        Self {
            process,
            task: None,
            told: None,
            picture: None,
            endpoints: (Vec::new(), 0),
            lines: Vec::new(),
            age: None,
            has_ended: false,
            rates: Rates::default(),
            failure: None,
            opening: None,
        }
    }

    /// The process it is about.
    pub(super) fn process(&self) -> &Process {
        &self.process
    }

    /// Has everything found out in a thread, where that was not done; whether it is known from now on.
    pub(super) fn find_out(
        &mut self,
        ctx: &egui::Context,
        deeds: &Deeds,
        informant: &Arc<Mutex<Informant>>,
    ) -> bool {
        if self.told.is_some() {
            return false;
        }
        let task = self.task.get_or_insert_with(|| {
            let (describe, process) = (deeds.describe, self.process.clone());
            let informant = Arc::clone(informant);
            Task::start("inspect", ctx, move || {
                // Whoever panicked with it left what it had found out.
                let mut informant = informant.lock().unwrap_or_else(PoisonError::into_inner);
                describe(&mut informant, &process)
            })
        });
        match task.poll() {
            Progress::Running => {}
            Progress::Failed => {
                self.failure = Some("No thread could be made to look at it.".to_owned());
            }
            Progress::Done(told) => {
                let load = |picture: &egui::ColorImage| {
                    ctx.load_texture("program", picture.clone(), TextureOptions::LINEAR)
                };
                self.picture = told.picture.as_ref().map(load).map(Picture);
                self.told = Some(told.clone());
                self.task = None;
            }
        }
        self.told.is_some()
    }

    /// Takes what the board knows now.
    pub(super) fn renew(&mut self, board: &Board) {
        let round = board.session.snapshots();
        let context = board.session.context();
        if let Some(process) = context.processes.get(&self.process.id) {
            self.process = process.clone();
        }
        self.lines = match &self.told {
            Some(told) => facts::of_told(told, context),
            None => facts::of_process(&self.process, context),
        };
        let created = self.process.created;
        self.age = created.map(|created| words::seconds_between(created, context.time));
        self.has_ended = !context.processes.contains_key(&self.process.id);
        let id = self.process.id;
        let lives = || board.session.lives().filter(|live| holds(live.endpoint, id));
        self.rates.sample((round, context.time), lives().map(|live| live.endpoint));
        let row = |endpoint| Row::new(context, endpoint, owner(endpoint, id));
        let cells = |row: Row<'_>| {
            let [transport, local, remote] =
                COLUMNS.map(|name| cell(name, &row).unwrap_or_default());
            let state = row.endpoint.state.map(crate::table::state).unwrap_or_default();
            [transport.to_uppercase(), state, local, remote]
        };
        let listed = lives().take(LISTED).map(|live| cells(row(live.endpoint))).collect();
        self.endpoints = (listed, lives().count());
    }

    /// Draws what is known.
    pub(super) fn show(&self, ui: &mut Ui) {
        self.head(ui);
        ui.separator();
        draw::facts(ui, &self.lines);
        if self.told.is_none() && self.failure.is_none() {
            ui.horizontal(|ui| {
                ui.spinner();
                ui.weak("Finding out more …");
            });
        }
        if let Some(failure) = &self.failure {
            draw::failure(ui, failure);
        }
        ui.separator();
        self.list(ui);
        ui.add_space(8.0);
        let why = if cfg!(windows) {
            "not measured: listeners carry nothing themselves; of others, Doctor says why"
        } else {
            "not measured: listeners carry nothing themselves, and UDP is measured only by eBPF"
        };
        graph::show(ui, ("Bytes of all its endpoints", 120.0), &self.rates, why);
    }

    /// Draws what can be done; what is asked for is added to `requests`.
    pub(super) fn actions(&mut self, ui: &mut Ui, powers: &Powers, requests: &mut Vec<Request>) {
        let refusal = if self.has_ended {
            Some("It holds no endpoint any more, or has ended.".to_owned())
        } else {
            refusal_to_end_process(&self.process, powers)
        };
        let text = RichText::new("End process…").color(ui.visuals().error_fg_color);
        if draw::button_unless(ui, text, refusal.as_deref()) {
            requests.push(Request::EndProcess(Box::new(self.process.clone())));
        }
        if draw::button_unless(ui, "Open folder".into(), self.refusal_to_open())
            && let Ok(path) = &self.process.path
        {
            let path = path.clone();
            self.failure = None;
            let open = move || show_folder_of(&path).map_err(|error| escaped(&error.to_string()));
            self.opening = Some(Task::start("folder", ui.ctx(), open));
        }
        if let Some(Progress::Done(Err(reason))) = self.opening.as_mut().map(Task::poll) {
            self.failure = Some(format!("Sockeye {reason}."));
        }
        draw::copy(ui, || self.copied());
    }

    /// Picture, name, pid and age; what it is and whose.
    fn head(&self, ui: &mut Ui) {
        let title = self.told.as_ref().and_then(|told| told.title.as_deref());
        let name = escaped(&self.process.name);
        ui.horizontal(|ui| {
            if let Some(Picture(texture)) = &self.picture {
                let image = egui::Image::new(texture).fit_to_exact_size(Vec2::splat(48.0));
                ui.add(image.alt_text(format!("Icon of {name}")));
            }
            ui.vertical(|ui| {
                ui.heading(&name);
                let mut about = format!("pid {}", self.process.id);
                about.extend(self.age.map(|age| format!(" · running {}", words::duration(age))));
                about.extend(title.map(|title| format!(" · {}", escaped(title))));
                ui.weak(about);
                let package = self.told.as_ref().and_then(|told| told.package.as_deref().ok());
                if let Some(description) = package.and_then(|it| it.description.as_deref()) {
                    ui.add(Label::new(escaped(description)).wrap());
                }
            });
        });
    }

    /// Why its folder cannot be opened.
    fn refusal_to_open(&self) -> Option<&'static str> {
        let root = self.told.as_ref().map(|told| told.description.root_directory.as_deref());
        match (&self.process.path, root) {
            (Err(absent), _) => Some(words::why(*absent)),
            // Windows has one root for all.
            (Ok(_), Some(Ok("/") | Err(Absent::Nonexistent)) | None) => None,
            (Ok(_), Some(Ok(_))) => Some("It has another root: its folder is not one of ours."),
            (Ok(_), Some(Err(_))) => Some("Whether it has our root may not be seen."),
        }
    }

    /// Name, facts and endpoints as text.
    fn copied(&self) -> String {
        let mut text = format!("{} ({})\n", escaped(&self.process.name), self.process.id);
        for (label, said) in &self.lines {
            text.push_str(&format!("{label}: {}\n", said.text()));
        }
        for cells in &self.endpoints.0 {
            text.push_str(&format!("{}\n", cells.join("\t")));
        }
        text
    }

    fn list(&self, ui: &mut Ui) {
        let (listed, count) = &self.endpoints;
        ui.strong(number_of(*count, "endpoint", "endpoints"));
        egui::ScrollArea::vertical().id_salt("endpoints").max_height(140.0).show(ui, |ui| {
            ui.spacing_mut().interact_size.y = 0.0;
            egui::Grid::new("endpoints").num_columns(4).spacing([16.0, 2.0]).show(ui, |ui| {
                for cells in listed {
                    for cell in cells {
                        ui.label(cell);
                    }
                    ui.end_row();
                }
            });
        });
        if *count > listed.len() {
            ui.weak(format!("and {} more, which the table has", count - listed.len()));
        }
    }
}

fn holds(endpoint: &Endpoint, id: ProcessId) -> bool {
    owner(endpoint, id).is_some()
}

fn owner(endpoint: &Endpoint, id: ProcessId) -> Option<&sockeye_core::Owner> {
    endpoint.owners.as_slice().iter().find(|owner| owner.process == id)
}
