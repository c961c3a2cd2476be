//! What opens beside the main window: properties, closing and ending, whois, notices.
//!
//! The main window asks for a page by the rows that are chosen, and draws all of them in each frame.
//! Pages take what they show from the board while they hold it, and draw it afterwards; whatever takes
//! time is done by threads (`deeds`).

// Desktops take notifications by a bus, Windows by its taskbar.
#[cfg(not(windows))]
mod bus;
mod deeds;
mod draw;
mod endpoint;
mod facts;
mod graph;
mod icons;
mod informant;
mod notices;
mod picture;
mod process;
mod properties;
mod question;
mod rates;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;
mod whois;
mod words;

use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use eframe::egui;
use sockeye_core::Process;
use sockeye_core::view::RowId;
use sockeye_engine::desk::Desk;

pub(crate) use icons::{Icons, Program};

#[cfg(not(windows))]
use bus::Notifier;
use deeds::{Deeds, Powers};
pub(crate) use deeds::{Progress, Task};
use informant::Informant;
use notices::{Notices, Places};
use properties::Properties;
use question::Question;
#[cfg(windows)]
use sockeye_os::desktop::Notifier;
use whois::WhoisPage;

/// So many pages of one kind are open at most; then the oldest closes.
const MOST: usize = 16;

/// The pages that are open.
#[derive(Debug)]
pub(crate) struct Pages {
    deeds: Deeds,
    /// What was asked for since the last frame.
    requests: Vec<Request>,
    properties: Vec<Properties>,
    question: Option<Question>,
    whois: Vec<WhoisPage>,
    notices: Notices,
    icons: Icons,
    informant: Arc<Mutex<Informant>>,
    powers: Powers,
    examination: Option<Task<Powers>>,
    is_examined: bool,
    /// Distinguishes windows.
    count: u64,
}

/// What the main window, or a page, asks for.
#[derive(Debug)]
enum Request {
    Properties(RowId),
    CloseEach(Vec<RowId>),
    Close(RowId),
    EndEach(Vec<RowId>),
    EndProcess(Box<Process>),
    WhoisOf(RowId),
    Whois(IpAddr),
}

/// Pages that remember nothing, and find out nothing beforehand.
impl Default for Pages {
    fn default() -> Self {
        Self { is_examined: true, ..Self::new(Deeds::REAL, Places::default()) }
    }
}

impl Pages {
    /// Pages of this user.
    pub(crate) fn own() -> Self {
        Self { icons: Icons::of_desktop(), ..Self::new(Deeds::REAL, Places::own()) }
    }

    /// No page yet. What is to be remembered is kept at `places`.
    fn new(deeds: Deeds, places: Places) -> Self {
        Self {
            deeds,
            requests: Vec::new(),
            properties: Vec::new(),
            question: None,
            whois: Vec::new(),
            notices: Notices::new(places),
            icons: Icons::default(),
            informant: Arc::default(),
            powers: Powers::default(),
            examination: None,
            is_examined: false,
            count: 0,
        }
    }

    /// Shows what is known of the process behind a row, and of the row.
    pub(crate) fn open_properties(&mut self, row: RowId) {
        self.requests.push(Request::Properties(row));
    }

    /// Asks whether to close the connections of these rows.
    pub(crate) fn close(&mut self, rows: Vec<RowId>) {
        self.requests.push(Request::CloseEach(rows));
    }

    /// Asks whether to end the processes of these rows.
    pub(crate) fn end(&mut self, rows: Vec<RowId>) {
        self.requests.push(Request::EndEach(rows));
    }

    /// Shows who the remote address of a row belongs to.
    pub(crate) fn whois(&mut self, row: RowId) {
        self.requests.push(Request::WhoisOf(row));
    }

    /// Shows what was told of new listeners and first connections, and what is to be told.
    pub(crate) fn open_notices(&mut self) {
        self.notices.open();
    }

    /// Whether this user may close no connection at all, for menus that grey that out; it is found out
    /// soon after the first frame.
    pub(crate) fn is_closing_refused(&self) -> bool {
        self.powers.no_closing.is_some()
    }

    /// Pictures of programs.
    pub(crate) fn icons(&self) -> &Icons {
        &self.icons
    }

    /// Whether a page is open that takes the keyboard: shortcuts of the main window rest meanwhile.
    pub(crate) fn is_modal(&self) -> bool {
        self.question.is_some()
    }

    /// Draws every open page. Where one is covered by something else, Escape is not for it.
    pub(crate) fn show(&mut self, ctx: &egui::Context, desk: &Desk, is_covered: bool) {
        self.examine(ctx);
        self.notices.show(ctx, desk);
        self.show_properties(ctx, desk, is_covered || self.question.is_some());
        self.show_whois(ctx);
        for request in std::mem::take(&mut self.requests) {
            self.answer(request, ctx, desk);
        }
        let deeds = self.deeds;
        if self.question.as_mut().is_some_and(|question| !question.show(ctx, &deeds)) {
            self.question = None;
        }
    }

    /// Finds out what this user may do, once.
    fn examine(&mut self, ctx: &egui::Context) {
        if self.is_examined {
            return;
        }
        let examine = self.deeds.examine;
        let task = self.examination.get_or_insert_with(|| Task::start("examination", ctx, examine));
        match task.poll() {
            Progress::Running => return,
            Progress::Failed => {}
            Progress::Done(powers) => self.powers = powers.clone(),
        }
        (self.is_examined, self.examination) = (true, None);
    }

    fn answer(&mut self, request: Request, ctx: &egui::Context, desk: &Desk) {
        let board = desk.board();
        match request {
            Request::Properties(row) => {
                self.count += 1;
                let page = Properties::new(row, self.count, &board);
                drop(board);
                let is_same = |other: &Properties| other.row() == row;
                let others = std::mem::take(&mut self.properties);
                self.properties = others.into_iter().filter(|other| !is_same(other)).collect();
                self.properties.extend(page);
                bound(&mut self.properties);
                ctx.request_repaint();
            }
            Request::CloseEach(rows) => {
                self.question = Question::close(&rows, &board, &self.powers);
            }
            Request::Close(row) => {
                self.question = Question::close(&[row], &board, &self.powers);
            }
            Request::EndEach(rows) => {
                self.question = Question::end(&rows, &board, &self.powers);
            }
            Request::EndProcess(process) => self.question = Question::end_process(&process),
            Request::WhoisOf(row) => {
                let shown = board.view.row(row, &board.session);
                let remote = shown.and_then(|shown| shown.row.endpoint.remote);
                drop(board);
                remote.into_iter().for_each(|remote| self.ask_whois(remote.ip(), ctx));
            }
            Request::Whois(address) => {
                drop(board);
                self.ask_whois(address, ctx);
            }
        }
    }

    fn ask_whois(&mut self, address: IpAddr, ctx: &egui::Context) {
        let page = WhoisPage::new(address, ctx, &self.deeds);
        self.whois.retain(|other| other.address() != page.address());
        self.whois.push(page);
        bound(&mut self.whois);
        ctx.request_repaint();
    }

    fn show_properties(&mut self, ctx: &egui::Context, desk: &Desk, is_covered: bool) {
        let (deeds, informant) = (self.deeds, Arc::clone(&self.informant));
        let (powers, requests) = (&self.powers, &mut self.requests);
        self.properties.retain_mut(|page| {
            page.find_out(ctx, &deeds, &informant);
            page.renew(ctx, desk, powers);
            page.show(ctx, (powers, is_covered), requests)
        });
    }

    fn show_whois(&mut self, ctx: &egui::Context) {
        let deeds = self.deeds;
        self.whois.retain_mut(|page| {
            let title = format!("Whois {}", page.address());
            let mut is_open = true;
            let window = egui::Window::new(&title).id(egui::Id::unique(&title)).open(&mut is_open);
            let place = draw::place(ctx, [560.0, 420.0], 1);
            window.default_rect(place).collapsible(false).show(ctx, |ui| page.show(ui, &deeds));
            is_open
        });
    }
}

/// Closes the oldest pages where there are too many.
fn bound<T>(pages: &mut Vec<T>) {
    let surplus = pages.len().saturating_sub(MOST);
    pages.drain(..surplus);
}
