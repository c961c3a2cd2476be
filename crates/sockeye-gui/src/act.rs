//! Doing what a command says.

use std::io;
use std::path::Path;

use eframe::egui::{self, ViewportCommand};
use sockeye_core::degradation::number_of;
use sockeye_core::view::{Line, RowId};
use sockeye_core::{Column, State};
use sockeye_engine::act::is_closable;
use sockeye_engine::desk::{Board, Order};
use sockeye_print::escaped;

use crate::app::App;
use crate::command::{Facts, Id, THEMES};
use crate::dialog::{Dialog, Doctor, Palette};
use crate::save;
use crate::settings::{Kind, Settings, TEXT_SIZES};
use crate::theme;

impl App {
    /// Does what a command says, or says why not.
    pub(crate) fn run(&mut self, id: Id, ctx: &egui::Context) {
        let facts = Facts { settings: &self.settings, counts: self.counts() };
        if let Some(why) = id.standing(&facts).refusal {
            return self.say(why);
        }
        self.notice = None;
        if self.change_settings(id) || self.ask(id, ctx) {
            return;
        }
        match id {
            Id::Elevate => self.restart_elevated(ctx),
            Id::Exit => ctx.send_viewport_cmd(ViewportCommand::Close),
            Id::Save => self.save_again(),
            Id::Copy => self.copy(ctx),
            Id::CopyCell => self.copy_cell(ctx),
            Id::SelectAll => {
                self.table.choice.choose_all(&self.desk.board().view);
                self.table.is_summoned = true;
            }
            Id::Find => {
                self.settings.shows_toolbar = true;
                self.search.summon();
            }
            Id::ClearFilters => {
                self.search.text.clear();
                self.settings.show_all();
            }
            Id::Pause => {
                let is_paused = self.desk.board().status.is_paused;
                self.desk.order(Order::Pause(!is_paused));
            }
            Id::Refresh => self.desk.order(Order::Refresh),
            Id::Notices => self.pages.open_notices(),
            Id::OpenGroups | Id::CloseGroups => self.open_groups(id == Id::OpenGroups),
            _ => self.open_page(id),
        }
    }

    /// Opens a page for the chosen rows.
    fn open_page(&mut self, id: Id) {
        let board = self.desk.board();
        let chosen = self.table.choice.ordered(&board.view);
        let current = match self.table.choice.cursor {
            Some(crate::table::Cursor::Row(id)) if chosen.contains(&id) => Some(id),
            _ => chosen.first().copied(),
        };
        let fitting = |is_fit: fn(&Board, RowId) -> bool| -> Vec<RowId> {
            chosen.iter().copied().filter(|id| is_fit(&board, *id)).collect()
        };
        match id {
            Id::Properties => {
                drop(board);
                current.into_iter().for_each(|row| self.pages.open_properties(row));
            }
            Id::Whois => {
                drop(board);
                current.into_iter().for_each(|row| self.pages.whois(row));
            }
            Id::Close => {
                let rows = fitting(|board, id| {
                    let shown = board.view.row(id, &board.session);
                    shown.is_some_and(|shown| is_closable(shown.row.endpoint))
                });
                drop(board);
                self.pages.close(rows);
            }
            Id::End => {
                let rows = fitting(|board, id| {
                    let shown = board.view.row(id, &board.session);
                    shown.is_some_and(|shown| shown.row.owner.is_some())
                });
                drop(board);
                self.pages.end(rows);
            }
            _ => {}
        }
    }

    /// Opens or closes every group.
    fn open_groups(&self, is_open: bool) {
        let board = self.desk.board();
        let lines = (0..board.view.len()).filter_map(|index| board.view.line(index));
        let numbers: Vec<u32> = lines
            .filter_map(|line| match line {
                Line::Group(group) => Some(group.number),
                Line::Row(_) => None,
            })
            .collect();
        drop(board);
        numbers.into_iter().for_each(|number| self.desk.order(Order::Open(number, is_open)));
    }

    /// Opens the dialog that a command is; whether it is one.
    fn ask(&mut self, id: Id, ctx: &egui::Context) -> bool {
        let dialog = match id {
            Id::Palette => Dialog::Palette(Palette::default()),
            Id::Keys => Dialog::Keys,
            Id::About => Dialog::About,
            Id::Doctor => Dialog::Doctor(Doctor::start(self.examine, ctx)),
            Id::Reset => Dialog::Reset,
            Id::SaveFilter => Dialog::SaveFilter(String::new()),
            Id::CustomInterval => {
                let seconds = crate::toolbar::speed(self.settings.interval_ms);
                Dialog::Interval(seconds.trim_end_matches(" s").to_owned())
            }
            Id::SaveAs => Dialog::Save(save::Question::new(self.settings.save_path.as_deref())),
            Id::Save if self.settings.save_path.is_none() => {
                Dialog::Save(save::Question::new(None))
            }
            _ => return false,
        };
        self.dialog = Some(dialog);
        true
    }

    /// Changes the setting that a command is about; whether it is about one.
    fn change_settings(&mut self, id: Id) -> bool {
        let settings = &mut self.settings;
        match id {
            Id::Interval(interval) => settings.interval_ms = interval,
            Id::Kind(place) => {
                let kind = Kind::ALL.get(usize::from(place));
                kind.into_iter().for_each(|kind| settings.toggle_kind(*kind));
            }
            Id::Loopback => settings.shows_loopback = !settings.shows_loopback,
            Id::State(state) => settings.toggle_state(state),
            Id::AllStates => settings.hidden_states.clear(),
            Id::NoStates => {
                settings.hidden_states = State::all().map(|state| state.id().to_owned()).collect();
            }
            Id::Column(name) => {
                let column = Column::find(name);
                column.into_iter().for_each(|column| settings.toggle_column(column));
            }
            Id::UsualColumns => settings.columns = Settings::default().columns,
            Id::Group(name) => settings.group = name.map(str::to_owned),
            Id::Toolbar => settings.shows_toolbar = !settings.shows_toolbar,
            Id::Overview => settings.shows_overview = !settings.shows_overview,
            Id::Resolve => settings.resolves_names = !settings.resolves_names,
            Id::OnTop => settings.is_on_top = !settings.is_on_top,
            Id::Theme(place) => {
                let theme = THEMES.get(usize::from(place));
                theme.into_iter().for_each(|(theme, _)| settings.theme = *theme);
            }
            Id::Larger => settings.text_size = (settings.text_size + 1.0).min(TEXT_SIZES.1),
            Id::Smaller => settings.text_size = (settings.text_size - 1.0).max(TEXT_SIZES.0),
            Id::UsualSize => settings.text_size = theme::TEXT,
            Id::HighContrast => settings.is_high_contrast = !settings.is_high_contrast,
            _ => return false,
        }
        true
    }

    fn columns(&self) -> Vec<&'static Column> {
        self.settings.shown_columns().into_iter().map(|(column, _)| column).collect()
    }

    /// Copies the chosen rows.
    fn copy(&mut self, ctx: &egui::Context) {
        let board = self.desk.board();
        let chosen = self.table.choice.ordered(&board.view);
        ctx.copy_text(save::copy(&board, &self.columns(), &chosen));
        drop(board);
        self.say(format!("Copied {}.", number_of(chosen.len(), "row", "rows")));
    }

    /// Copies the cell that the keyboard is on.
    fn copy_cell(&mut self, ctx: &egui::Context) {
        let Some(column) = self.table.column(&self.settings) else { return };
        let Some(crate::table::Cursor::Row(id)) = self.table.choice.cursor else { return };
        let board = self.desk.board();
        let text = save::copy(&board, &[column], &[id]);
        drop(board);
        let text = text.trim_end_matches('\n').to_owned();
        let is_empty = text.is_empty();
        ctx.copy_text(text);
        self.say(if is_empty { "The cell is empty." } else { "Copied 1 cell." });
    }

    /// Saves where it was saved last.
    fn save_again(&mut self) {
        let Some(path) = self.settings.save_path.clone() else { return };
        if let Err(error) = self.save(&path) {
            self.complain(format!("Nothing was saved: {error}."));
        }
    }

    /// Saves the table and says so.
    ///
    /// # Errors
    ///
    /// What writing the file answers.
    pub(crate) fn save(&mut self, path: &Path) -> io::Result<()> {
        let count = save::write(&self.desk.board(), &self.columns(), path)?;
        let endpoints = number_of(count, "endpoint", "endpoints");
        self.say(format!("{endpoints} saved to {}.", escaped(&path.to_string_lossy())));
        self.settings.save_path = Some(path.to_owned());
        Ok(())
    }
}
