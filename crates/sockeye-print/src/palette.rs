//! Colours: the state's word alone, and less weight for what is secondary.

use std::io::Write as _;

use anstyle::{AnsiColor, Style};
use sockeye_core::event::Reason;
use sockeye_core::{Action, Column, Occurrence, Row, State};

use super::cell::is_state;

/// Whether to colour.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Palette {
    /// Plain text.
    #[default]
    Plain,
    /// The sixteen colours that every terminal's theme chooses itself.
    Ansi,
}

impl Palette {
    /// The style of a cell.
    pub(super) fn column(self, column: &Column, row: &Row<'_>) -> Style {
        if self == Self::Ansi && is_state(column) {
            state(row.endpoint.state)
        } else {
            Style::new()
        }
    }

    /// The style of what happened.
    pub(super) fn occurrence(self, occurrence: &Occurrence) -> Style {
        match self {
            Self::Plain => Style::new(),
            Self::Ansi => happened(occurrence),
        }
    }

    /// The style of what matters less.
    pub(super) fn secondary(self) -> Style {
        match self {
            Self::Plain => Style::new(),
            Self::Ansi => Style::new().dimmed(),
        }
    }
}

/// The style of a state's word.
fn state(state: Option<State>) -> Style {
    match state {
        None => Style::new(),
        Some(State::Established) => AnsiColor::Green.on_default(),
        Some(State::Listen) => AnsiColor::Cyan.on_default(),
        Some(State::TimeWait | State::Closed | State::Bound | State::DeleteTcb) => {
            Style::new().dimmed()
        }
        Some(_) => AnsiColor::Yellow.on_default(),
    }
}

/// The style of an action's word: what failed stands out from what ended as it should.
fn happened(occurrence: &Occurrence) -> Style {
    match (occurrence.action, occurrence.reason) {
        (Action::Opened | Action::Accepted, _) => AnsiColor::Green.on_default(),
        (Action::Listening | Action::Bound, _) => AnsiColor::Cyan.on_default(),
        (Action::State | Action::Peer, _) => AnsiColor::Yellow.on_default(),
        (Action::Closed, Some(Reason::Local | Reason::Remote | Reason::Unknown) | None)
        | (Action::Snapshot, _) => Style::new().dimmed(),
        (Action::Closed, _) => AnsiColor::Red.on_default(),
        (Action::Lost, _) => AnsiColor::Red.on_default().bold(),
    }
}

/// Appends `text` in `style`.
pub(super) fn paint(buf: &mut Vec<u8>, style: Style, text: &[u8]) {
    if style.is_plain() {
        buf.extend_from_slice(text);
        return;
    }
    // Writing to a Vec cannot fail.
    let _ = write!(buf, "{style}");
    buf.extend_from_slice(text);
    let _ = write!(buf, "{style:#}");
}
