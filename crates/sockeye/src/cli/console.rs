//! Where output goes: streams, width, colours; closed pipes end quietly, full disks do not.

use std::env;
use std::io::{self, IsTerminal, Write};

use anyhow::anyhow;
use clap::ValueEnum;
use sockeye_os::{plain, show_colours};

use sockeye_print::{Layout, Palette, Ports};

/// The width of lines that no terminal shows.
const DEFAULT_WIDTH: usize = 80;

/// Narrower than this nothing can be read: terminals that report less are taken for this wide.
const LEAST_WIDTH: usize = 40;

/// When to colour.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, ValueEnum)]
pub(super) enum ColorChoice {
    /// On a terminal, unless NO_COLOR is set or TERM is dumb; CLICOLOR_FORCE elsewhere too.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Standard output and what is known of it.
#[derive(Debug)]
pub(super) struct Console {
    /// Whether a person looks at it, its width, and colours.
    pub(super) layout: Layout,
}

/// Whoever reads standard output.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Reader {
    /// Reads on.
    There,
    /// Has closed the pipe.
    Gone,
}

impl Console {
    /// The streams of this process.
    pub(super) fn new(choice: ColorChoice) -> Self {
        let is_terminal = io::stdout().is_terminal();
        let wanted = palette(choice, is_terminal, |name| env::var(name).ok());
        // What cannot be shown would be gibberish there.
        let palette = if !is_terminal || show_colours() { wanted } else { Palette::Plain };
        let width = if is_terminal { terminal_width() } else { DEFAULT_WIDTH };
        Self { layout: Layout { width, is_terminal, palette, ports: Ports::default() } }
    }

    /// Hands standard output to `print` and sees that everything was written.
    ///
    /// # Errors
    ///
    /// When it could not be written; a reader that has gone is no error.
    pub(super) fn print(
        &mut self,
        print: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> anyhow::Result<()> {
        let mut out = io::stdout().lock();
        forgive_closed_pipe(print(&mut out).and_then(|()| out.flush()))
    }

    /// Writes `text` to standard output at once; answers whether somebody still reads it.
    ///
    /// # Errors
    ///
    /// When it could not be written; a reader that has gone is no error.
    pub(super) fn append(&mut self, text: &[u8]) -> anyhow::Result<Reader> {
        let mut out = io::stdout().lock();
        let written = out.write_all(text).and_then(|()| out.flush());
        let is_gone = |error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe;
        let reader =
            if written.as_ref().is_err_and(is_gone) { Reader::Gone } else { Reader::There };
        forgive_closed_pipe(written).map(|()| reader)
    }

    /// Writes `text` to standard error, where nothing can be done if that fails.
    pub(super) fn note(&mut self, text: &[u8]) {
        let _ = io::stderr().write_all(text);
    }

    /// Writes each of `sentences` to standard error.
    pub(super) fn note_each(&mut self, sentences: &[String]) {
        for sentence in sentences {
            self.note(format!("sockeye: {sentence}\n").as_bytes());
        }
    }
}

/// Writes one message to standard error.
pub(super) fn complain(message: &str) {
    // A message that cannot be written has no place to be reported; the exit status remains.
    let _ = writeln!(io::stderr(), "{message}");
}

/// The reader of a pipe may leave whenever it has read enough (`| head`); a full disk is an error.
pub(super) fn forgive_closed_pipe(written: io::Result<()>) -> anyhow::Result<()> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => {
            written.map_err(|error| anyhow!("cannot write to standard output: {}", plain(&error)))
        }
    }
}

/// The terminal's width, where it tells.
fn terminal_width() -> usize {
    let width = terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    width.map_or(DEFAULT_WIDTH, |width| width.max(LEAST_WIDTH))
}

/// Colours or not: the option first, then <https://no-color.org>, then
/// <https://bixense.com/clicolors>, then what standard output is.
fn palette(
    choice: ColorChoice,
    is_terminal: bool,
    variable: impl Fn(&str) -> Option<String>,
) -> Palette {
    let is_set = |name| variable(name).is_some_and(|value| !value.is_empty());
    let is_forced =
        || is_set("CLICOLOR_FORCE") && variable("CLICOLOR_FORCE").as_deref() != Some("0");
    let is_dumb = || variable("TERM").as_deref() == Some("dumb");
    let is_coloured = match choice {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto if is_set("NO_COLOR") => false,
        ColorChoice::Auto => is_forced() || (is_terminal && !is_dumb()),
    };
    if is_coloured { Palette::Ansi } else { Palette::Plain }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_follow_option_then_environment_then_terminal() {
        let check = |choice, is_terminal, set: &[(&str, &str)], expected| {
            let find =
                |name: &str| set.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned());
            let found = palette(choice, is_terminal, find);
            assert_eq!(found, expected, "{choice:?} {is_terminal} {set:?}");
        };
        use ColorChoice::{Always, Auto, Never};
        use Palette::{Ansi, Plain};
        check(Auto, true, &[], Ansi);
        check(Auto, false, &[], Plain);
        check(Auto, true, &[("NO_COLOR", "1")], Plain);
        check(Auto, true, &[("NO_COLOR", "")], Ansi);
        check(Auto, true, &[("TERM", "dumb")], Plain);
        check(Auto, false, &[("CLICOLOR_FORCE", "1")], Ansi);
        check(Auto, false, &[("CLICOLOR_FORCE", "0")], Plain);
        check(Auto, false, &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], Plain);
        check(Always, false, &[("NO_COLOR", "1")], Ansi);
        check(Never, true, &[("CLICOLOR_FORCE", "1")], Plain);
    }

    #[test]
    fn only_a_closed_pipe_is_forgiven() {
        assert!(forgive_closed_pipe(Err(io::ErrorKind::BrokenPipe.into())).is_ok());
        let error = forgive_closed_pipe(Err(io::ErrorKind::StorageFull.into())).unwrap_err();
        assert_eq!(format!("{error:#}"), "cannot write to standard output: no storage space");
    }
}
