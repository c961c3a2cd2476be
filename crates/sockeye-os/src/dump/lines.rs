//! The lines of a dump, one at a time, and what is wrong with one.

use std::io::{self, BufRead, Read};

use crate::{Error, Kind};

/// No line that is written is longer; whatever has longer ones is something else.
const LINE_LIMIT: u64 = 1024 * 1024;

/// Why a dump cannot be read.
pub(super) enum Problem {
    /// The file cannot.
    Io(io::Error),
    /// A line is wrong: its number, and what is wrong with it and to be done.
    Line(usize, String),
}

impl Problem {
    /// What is wrong is damage.
    pub(super) fn damage(line: usize, what: impl std::fmt::Display) -> Self {
        let advice = "the dump is damaged; copy it again, or make a new one";
        Self::Line(line, format!("{what}: {advice}"))
    }

    pub(super) fn explain(self, name: &str) -> Error {
        match self {
            Self::Io(error) => Error::from_io("read", name, &error),
            Self::Line(number, what) => {
                Error::new(Kind::Malformed, "read", name, format!("line {number} {what}"))
            }
        }
    }
}

impl From<io::Error> for Problem {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// One line, without its indentation.
pub(super) struct Line {
    pub(super) number: usize,
    pub(super) text: String,
}

impl Line {
    /// Its first word and what follows.
    pub(super) fn split(&self) -> (&str, &str) {
        self.text.split_once(' ').unwrap_or((&self.text, ""))
    }

    /// Its fields behind the first word, the last one with all that is left, read by `read`;
    /// `form` says in an error how the line should look.
    pub(super) fn parse<const N: usize, T>(
        &self,
        form: &str,
        read: impl FnOnce([&str; N]) -> Option<T>,
    ) -> Result<T, Problem> {
        let fields: Vec<&str> = self.split().1.splitn(N, ' ').collect();
        let read = fields.try_into().ok().and_then(read);
        read.ok_or_else(|| Problem::damage(self.number, format!("is not of the form `{form}`")))
    }

    /// A line that belongs nowhere.
    pub(super) fn unknown(&self) -> Problem {
        let word: String = self.split().0.chars().take(40).collect();
        let what = format!("begins with `{word}`, which has no place there");
        Problem::damage(self.number, what)
    }
}

/// The lines that are not empty.
pub(super) struct Lines<'a> {
    input: &'a mut dyn BufRead,
    /// Lines read so far.
    number: usize,
    /// A line that was looked at and not yet taken.
    ahead: Option<Line>,
}

impl<'a> Lines<'a> {
    pub(super) fn new(input: &'a mut dyn BufRead) -> Self {
        Self { input, number: 0, ahead: None }
    }

    /// The number of the line that was read last.
    pub(super) fn number(&self) -> usize {
        self.number
    }

    /// The next line, which must be there.
    pub(super) fn next(&mut self) -> Result<Line, Problem> {
        self.peek()?;
        match self.ahead.take() {
            Some(line) => Ok(line),
            None => {
                let what = "is the last one, and that is not `end`: the dump was cut short; \
                            copy it again, or make a new one";
                Err(Problem::Line(self.number, what.to_owned()))
            }
        }
    }

    /// The next line, if it begins with one of `words`.
    pub(super) fn next_of(&mut self, words: &[&str]) -> Result<Option<Line>, Problem> {
        self.next_if(|line| words.contains(&line.split().0))
    }

    /// The next line, if it is such.
    pub(super) fn next_if(
        &mut self,
        is_such: impl Fn(&Line) -> bool,
    ) -> Result<Option<Line>, Problem> {
        self.peek()?;
        Ok(self.ahead.take_if(|line| is_such(line)))
    }

    /// Sees to it that the next line is in `ahead`.
    fn peek(&mut self) -> Result<(), Problem> {
        if self.ahead.is_none() {
            self.ahead = self.load()?;
        }
        Ok(())
    }

    /// Reads the next line that is not empty; `None` at the end of the file.
    pub(super) fn load(&mut self) -> Result<Option<Line>, Problem> {
        loop {
            let mut bytes = Vec::new();
            (&mut *self.input).take(LINE_LIMIT).read_until(b'\n', &mut bytes)?;
            if bytes.is_empty() {
                return Ok(None);
            }
            self.number += 1;
            let text = self.text(&bytes)?.trim_start_matches(' ');
            if !text.is_empty() {
                let (number, text) = (self.number, text.to_owned());
                return Ok(Some(Line { number, text }));
            }
        }
    }

    /// `line` as text, without its end.
    fn text<'b>(&self, line: &'b [u8]) -> Result<&'b str, Problem> {
        let Some(text) = line.strip_suffix(b"\n") else {
            let what = if (line.len() as u64) < LINE_LIMIT {
                "has no end: the dump was cut short; copy it again, or make a new one".to_owned()
            } else {
                format!("is longer than {LINE_LIMIT} bytes: this is no dump, or it is damaged")
            };
            return Err(Problem::Line(self.number, what));
        };
        // A copy by way of Windows ends its lines by two characters.
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        let is_text = text.iter().all(|byte| matches!(byte, b' '..=b'~'));
        let text = std::str::from_utf8(text).ok().filter(|_| is_text);
        text.ok_or_else(|| Problem::damage(self.number, "holds bytes that are no text"))
    }
}
