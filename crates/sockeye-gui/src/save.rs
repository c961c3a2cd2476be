//! Saving and copying what is shown: the rows of the table with its columns, in its order.

use std::io;
use std::path::{Path, PathBuf};

use eframe::egui::{self, RichText, TextEdit, Ui};
use sockeye_core::view::RowId;
use sockeye_core::{Column, Row};
use sockeye_engine::desk::Board;
use sockeye_print::{Format, Layout, Ports, Sheet, copied};

use crate::dialog::{self, Closing};
use crate::theme::Tones;
use crate::whole;

/// The formats that a table is saved in, each with the end of its files' names.
pub(crate) const FORMATS: [(Format, &str, &str); 5] = [
    (Format::Csv, "csv", "CSV, for spreadsheets and databases"),
    (Format::Json, "json", "JSON, for programs"),
    (Format::Table, "txt", "Text, in columns"),
    (Format::Html, "html", "HTML, a page with a table"),
    (Format::TcpvconCsv, "tcpvcon.csv", "TCPVCon's CSV, with its own columns"),
];

/// The format that the name of a file means; CSV where it means none.
pub(crate) fn format_of(path: &Path) -> Format {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let is_named = |(_, end, _): &&(Format, &str, &str)| name.ends_with(&format!(".{end}"));
    // The longest end that fits: `tcpvcon.csv` before `csv`.
    let found = FORMATS.iter().filter(is_named).max_by_key(|(_, end, _)| end.len());
    let is_page = name.ends_with(".htm");
    found.map_or(if is_page { Format::Html } else { Format::Csv }, |(format, ..)| *format)
}

/// Writes the table to `path`, whole or not at all.
///
/// # Errors
///
/// What making, writing or renaming the file answers.
pub(crate) fn write(board: &Board, columns: &[&'static Column], path: &Path) -> io::Result<usize> {
    let rows = rows(board, board.view.rows());
    let sheet = Sheet { rows: &rows, columns, labelled: &[], layout: layout(board) };
    whole::write(path, |out| sockeye_print::print(format_of(path), &sheet, out))?;
    Ok(rows.len())
}

/// These rows as text for a clipboard, with tabs between the cells.
pub(crate) fn copy(board: &Board, columns: &[&'static Column], ids: &[RowId]) -> String {
    let rows = rows(board, ids);
    copied(&Sheet { rows: &rows, columns, labelled: &[], layout: layout(board) })
}

/// No colours; names of ports where host names are shown.
fn layout(board: &Board) -> Layout {
    let ports = if board.status.is_resolving { Ports::Named } else { Ports::Numeric };
    Layout { ports, ..Layout::PLAIN }
}

fn rows<'a>(board: &'a Board, ids: &[RowId]) -> Vec<Row<'a>> {
    let shown = ids.iter().filter_map(|id| board.view.row(*id, &board.session));
    shown.map(|shown| shown.row).collect()
}

/// The question where to save.
#[derive(Debug)]
pub(crate) struct Question {
    path: String,
    /// The file is there, and it was said so.
    is_there: bool,
    mistake: Option<String>,
}

impl Question {
    /// Asks, with a path to begin with.
    pub(crate) fn new(path: Option<&Path>) -> Self {
        let path = path.map_or_else(usual_path, Path::to_owned);
        Self { path: path.to_string_lossy().into_owned(), is_there: false, mistake: None }
    }

    /// Draws the question; `save` saves and says why it could not.
    pub(crate) fn show(
        &mut self,
        ctx: &egui::Context,
        tones: &Tones,
        mut save: impl FnMut(&Path) -> Result<(), String>,
    ) -> Closing {
        let title = if self.is_there { "Replace this file?" } else { "Save endpoints as" };
        dialog::modal(ctx, title, |ui, closing| {
            ui.set_width(460.0);
            self.path_box(ui);
            ui.add_space(4.0);
            self.formats(ui, tones);
            let notice = if self.is_there { Some("This file is there already.") } else { None };
            if let Some(text) = self.mistake.as_deref().or(notice) {
                ui.label(RichText::new(text).color(tones.error));
            }
            let label = if self.is_there { "Replace" } else { "Save" };
            let is_enter = ui.input(|input| input.key_pressed(egui::Key::Enter));
            let answer = dialog::answers(ui, (label, "Cancel"), tones);
            if answer == Some(true) || (is_enter && answer.is_none() && !self.is_there) {
                let path = PathBuf::from(self.path.trim());
                if path.exists() && !self.is_there {
                    self.is_there = true;
                } else {
                    match save(&path) {
                        Ok(()) => *closing = Closing::Close,
                        Err(mistake) => self.mistake = Some(mistake),
                    }
                }
            } else if answer == Some(false) {
                *closing = Closing::Close;
            }
        })
    }

    fn path_box(&mut self, ui: &mut Ui) {
        let edit = TextEdit::singleline(&mut self.path).desired_width(f32::INFINITY);
        let response = ui.add(edit.id_salt("path").margin(egui::Margin::symmetric(6, 4)));
        crate::toolbar::name_input(&response, "File", &self.path);
        if response.changed() {
            (self.is_there, self.mistake) = (false, None);
        }
        if ui.memory(|memory| memory.focused().is_none()) {
            response.request_focus();
        }
    }

    /// The formats; choosing one changes the end of the file's name.
    fn formats(&mut self, ui: &mut Ui, tones: &Tones) {
        let format = format_of(Path::new(self.path.trim()));
        for (other, end, label) in FORMATS {
            let name = format!(".{end}");
            let atoms = (label, RichText::new(name).color(tones.dim));
            if ui.add(egui::RadioButton::new(format == other, atoms)).clicked() {
                self.path = with_end(&self.path, end);
                self.is_there = false;
            }
        }
    }
}

/// `path` with another end of its name.
fn with_end(path: &str, end: &str) -> String {
    let lower = path.to_lowercase();
    let known = FORMATS.iter().map(|(_, end, _)| format!(".{end}"));
    let longest = known.filter(|end| lower.ends_with(end)).max_by_key(String::len);
    let stem = path.get(..path.len() - longest.map_or(0, |end| end.len())).unwrap_or(path);
    format!("{stem}.{end}")
}

/// Where a table is saved first: in the user's home.
fn usual_path() -> PathBuf {
    etcetera::home_dir().unwrap_or_default().join("endpoints.csv")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_file_is_its_format() {
        let check = |name: &str, format| assert_eq!(format_of(Path::new(name)), format, "{name}");
        check("/tmp/a.csv", Format::Csv);
        check("/tmp/a.TCPVCON.csv", Format::TcpvconCsv);
        check("a.json", Format::Json);
        check("a.txt", Format::Table);
        check("a.HTML", Format::Html);
        check("a.htm", Format::Html);
        check("a", Format::Csv);
        check("", Format::Csv);
    }

    #[test]
    fn another_format_changes_only_the_end() {
        let check = |path, end, expected: &str| assert_eq!(with_end(path, end), expected);
        check("/a.b/c.csv", "html", "/a.b/c.html");
        check("/a.b/c.tcpvcon.csv", "json", "/a.b/c.json");
        check("/a.b/c", "json", "/a.b/c.json");
        check("Ä.CSV", "txt", "Ä.txt");
    }
}
