//! What bars show of the board: taken out of it when it changes, so that drawing waits for nobody.

use std::collections::VecDeque;
use std::time::Duration;

use eframe::egui::{self, Rect, RichText, Ui, UiBuilder};
use sockeye_core::snapshot::Source;
use sockeye_core::view::{RowId, Totals};
use sockeye_core::{Degradation, Ownerless, Timestamp};
use sockeye_engine::act::is_closable;
use sockeye_engine::desk::{Board, Desk, Sample, Status};
use sockeye_print::escaped;

use crate::command::{Counts, Id};
use crate::status::Told;
use crate::table::Choice;
use crate::theme::{self, Tones, icon};

/// Of so many chosen rows it is looked at what can be done to them.
const LOOKED_AT: usize = 1000;

/// What bars show.
#[derive(Debug)]
pub(crate) struct Picture {
    version: Option<u64>,
    chosen: Vec<RowId>,
    pub(crate) totals: Totals,
    pub(crate) traffic: VecDeque<Sample>,
    pub(crate) status: Status,
    pub(crate) counts: Counts,
    /// How many rows are shown that have not closed.
    living: usize,
    /// How long ago bytes and packets were counted last.
    measured_ago: Option<Duration>,
    source: Source,
    degradations: Vec<Degradation>,
}

impl Default for Picture {
    fn default() -> Self {
        Self {
            version: None,
            chosen: Vec::new(),
            totals: Totals::default(),
            traffic: VecDeque::new(),
            status: Status::default(),
            counts: Counts::default(),
            living: 0,
            measured_ago: None,
            source: Source::SockDiag,
            degradations: Vec::new(),
        }
    }
}

impl Picture {
    /// Looks at the board, unless it is being renewed at this moment or nothing changed.
    pub(crate) fn renew(&mut self, desk: &Desk, choice: &mut Choice) {
        let Some(board) = desk.try_board() else { return };
        let now = board.session.context().time;
        let age = |measured: Timestamp| now.unix_ns().saturating_sub(measured.unix_ns());
        let age = board.status.measured.map(|time| u64::try_from(age(time)).unwrap_or_default());
        self.measured_ago = age.map(Duration::from_nanos);
        if self.version != Some(board.version) {
            self.version = Some(board.version);
            choice.keep_shown(&board.view);
            self.totals = board.view.totals().clone();
            self.living = board.view.living();
            self.traffic.clone_from(&board.traffic);
            self.status = board.status.clone();
            let context = board.session.context();
            self.source = context.source;
            self.degradations.clone_from(&context.degradations);
        } else if self.counts.chosen == choice.len() && choice.is_of(&self.chosen) {
            return;
        }
        self.count(&board, choice);
    }

    /// Finds out what can be done to what is chosen.
    fn count(&mut self, board: &Board, choice: &Choice) {
        self.chosen = choice.some(LOOKED_AT);
        let shown = self.chosen.iter().filter_map(|id| board.view.row(*id, &board.session));
        let (mut owned, mut unseen, mut closable, mut remote) = (0, 0, 0, 0);
        for shown in shown {
            let endpoint = shown.row.endpoint;
            owned += usize::from(shown.row.owner.is_some());
            unseen += usize::from(endpoint.owners.reason() == Some(Ownerless::NotPermitted));
            closable += usize::from(is_closable(endpoint));
            remote += usize::from(endpoint.remote.is_some());
        }
        self.counts = Counts {
            is_paused: self.status.is_paused,
            chosen: choice.len(),
            owned,
            unseen,
            closable,
            remote,
            rows: board.view.rows().len(),
            ..Counts::default()
        };
    }

    /// What the status bar tells.
    pub(crate) fn told(&self, chosen: usize, holds_rows: bool) -> Told<'_> {
        Told {
            totals: &self.totals,
            status: &self.status,
            source: self.source,
            degradations: &self.degradations,
            shown: self.living,
            measured_ago: self.measured_ago,
            chosen,
            holds_rows,
        }
    }

    /// Draws why the table has no row, and what helps; returns what was chosen.
    pub(crate) fn explain(
        &self,
        ui: &mut Ui,
        (place, is_filtered): (Rect, bool),
        tones: &Tones,
    ) -> Option<Id> {
        let (mark, title, reason, act) = self.explanation(is_filtered);
        let height = 132.0;
        let middle = Rect::from_center_size(place.center(), egui::vec2(420.0, height));
        let mut chosen = None;
        ui.scope_builder(UiBuilder::new().max_rect(middle), |ui| {
            ui.vertical_centered(|ui| {
                ui.spacing_mut().item_spacing.y = theme::STEP;
                ui.label(RichText::new(mark).size(28.0).color(tones.dim));
                ui.label(RichText::new(title).font(theme::bold(15.0)));
                if !reason.is_empty() {
                    ui.label(RichText::new(&reason).color(tones.dim));
                }
                if let Some((label, id)) = act
                    && ui.button(label).clicked()
                {
                    chosen = Some(id);
                }
            });
        });
        chosen
    }

    fn explanation(
        &self,
        is_filtered: bool,
    ) -> (&'static str, &'static str, String, Option<(&'static str, Id)>) {
        if let Some(error) = &self.status.error {
            let reason = format!("{}. It is tried again and again.", escaped(error));
            let act = Some(("What Would Help…", Id::Doctor));
            return (icon::ERROR, "Nothing can be seen", reason, act);
        }
        if !self.status.is_ready {
            return (icon::WAITING, "Looking at this machine", String::new(), None);
        }
        if is_filtered && self.totals.endpoints > 0 {
            let left_out = sockeye_core::degradation::number_of(
                self.totals.endpoints,
                "endpoint is",
                "endpoints are",
            );
            let reason = format!("{left_out} left out by the search, or by what is hidden.");
            return (
                icon::FILTER,
                "No endpoint matches",
                reason,
                Some(("Show All Endpoints", Id::ClearFilters)),
            );
        }
        let reason = "This machine has no TCP or UDP endpoint that may be seen.".to_owned();
        (icon::WHOLE, "No endpoints", reason, Some(("Refresh Now", Id::Refresh)))
    }
}
