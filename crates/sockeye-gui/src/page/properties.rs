//! The window of a row's properties: its process, and the endpoint itself.

use std::sync::{Arc, Mutex};

use eframe::egui::{self, Id, Key, Ui};
use sockeye_core::view::RowId;
use sockeye_engine::desk::{Board, Desk};
use sockeye_print::escaped;

use super::deeds::{Deeds, Powers};
use super::endpoint::EndpointPage;
use super::informant::Informant;
use super::process::ProcessPage;
use super::{Request, draw};

/// How often, at least, what is shown is renewed: ages grow.
const PACE: f64 = 1.0;

/// Which part is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Tab {
    Process,
    Endpoint,
}

/// A row, and what is known of it.
#[derive(Debug)]
pub(super) struct Properties {
    row: RowId,
    id: Id,
    number: u64,
    tab: Tab,
    process: Option<ProcessPage>,
    /// Why there is no process.
    ownerless: &'static str,
    endpoint: EndpointPage,
    /// The version of the board that was taken, and when.
    taken: Option<(u64, f64)>,
}

impl Properties {
    /// The properties of `row`; none where that is gone.
    pub(super) fn new(row: RowId, number: u64, board: &Board) -> Option<Self> {
        let shown = board.view.row(row, &board.session)?;
        let process = shown.row.process.cloned().map(ProcessPage::new);
        let tab = if process.is_some() { Tab::Process } else { Tab::Endpoint };
        let reason = shown.row.endpoint.owners.reason();
        let ownerless = reason.map_or("nothing is known of it", sockeye_core::Ownerless::phrase);
        let id = Id::unique(("properties", number));
        let endpoint = EndpointPage::default();
        Some(Self { row, id, number, tab, process, ownerless, endpoint, taken: None })
    }

    /// The row.
    pub(super) fn row(&self) -> RowId {
        self.row
    }

    /// Has the process described.
    pub(super) fn find_out(
        &mut self,
        ctx: &egui::Context,
        deeds: &Deeds,
        informant: &Arc<Mutex<Informant>>,
    ) {
        if let Some(process) = &mut self.process
            && process.find_out(ctx, deeds, informant)
        {
            self.taken = None;
        }
    }

    /// Takes what the board knows now, where that may be something else.
    pub(super) fn renew(&mut self, ctx: &egui::Context, desk: &Desk, powers: &Powers) {
        let now = ctx.input(|input| input.time);
        let board = desk.board();
        let is_old = |(version, time): (u64, f64)| version != board.version || now - time >= PACE;
        if !self.taken.is_none_or(is_old) {
            return;
        }
        self.taken = Some((board.version, now));
        self.endpoint.renew(self.row, &board, powers);
        if let Some(process) = &mut self.process {
            process.renew(&board);
        }
    }

    /// Draws it; `false` when it was closed.
    pub(super) fn show(
        &mut self,
        ctx: &egui::Context,
        (powers, is_covered): (&Powers, bool),
        requests: &mut Vec<Request>,
    ) -> bool {
        let title = self.title();
        let (mut is_open, mut is_done) = (true, false);
        let room = ctx.content_rect();
        let window = egui::Window::new(&title)
            .id(self.id)
            .open(&mut is_open)
            .collapsible(false)
            .default_rect(draw::place(ctx, [580.0, 640.0], self.number))
            .max_height(room.height() - 48.0);
        let shown = window.show(ctx, |ui| {
            self.tabs(ui);
            let area = egui::ScrollArea::vertical().auto_shrink([false, true]);
            area.max_height((ui.available_height() - 40.0).max(120.0)).show(ui, |ui| {
                self.body(ui);
            });
            ui.separator();
            is_done = self.foot(ui, powers, requests);
        });
        ctx.request_repaint_after(std::time::Duration::from_secs(1));
        // Escape closes the window that is in front.
        let is_front = shown.is_some_and(|shown| {
            !is_covered
                && ctx.top_layer_id() == Some(shown.response.layer_id)
                && ctx.input(|input| input.key_pressed(Key::Escape))
        });
        is_open && !is_done && !is_front
    }

    fn title(&self) -> String {
        match &self.process {
            Some(page) => {
                let process = page.process();
                format!("{} ({}): properties", escaped(&process.name), process.id)
            }
            None => format!("{}: properties", self.endpoint.title()),
        }
    }

    fn tabs(&mut self, ui: &mut Ui) {
        ui.horizontal(|ui| {
            ui.selectable_value(&mut self.tab, Tab::Process, "Process");
            ui.selectable_value(&mut self.tab, Tab::Endpoint, "Endpoint");
        });
        ui.add_space(4.0);
    }

    fn body(&self, ui: &mut Ui) {
        match (self.tab, &self.process) {
            (Tab::Process, Some(process)) => process.show(ui),
            (Tab::Process, None) => {
                ui.label(format!("No process is known: {}.", self.ownerless));
            }
            (Tab::Endpoint, _) => self.endpoint.show(ui),
        }
    }

    /// What can be done; whether the window is to close.
    fn foot(&mut self, ui: &mut Ui, powers: &Powers, requests: &mut Vec<Request>) -> bool {
        let row = ui.horizontal(|ui| {
            match (self.tab, &mut self.process) {
                (Tab::Process, Some(process)) => process.actions(ui, powers, requests),
                (Tab::Process, None) => {}
                (Tab::Endpoint, _) => self.endpoint.actions(ui, self.row, requests),
            }
            let align = egui::Layout::right_to_left(egui::Align::Center);
            ui.with_layout(align, |ui| ui.button("Close").clicked()).inner
        });
        row.inner
    }
}
