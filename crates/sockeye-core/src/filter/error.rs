//! What is wrong with a filter, where, and what may have been meant.

use alloc::string::{String, ToString};
use core::fmt::{self, Write};
use core::ops::Range;

/// A mistake in a filter.
///
/// Displays as one clause, `unknown name "remote.prot"; did you mean remote.port?`; whoever shows
/// it says what was being read. Neither that nor [`FilterError::pointing_at`] lets a control
/// character of the filter through.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FilterError {
    /// What is wrong, one clause in lower case, without a full stop.
    pub message: String,
    /// Where: byte offsets into the text that was parsed. Empty where something is missing.
    pub span: Range<usize>,
    /// What may have been meant instead: a name, a value, or a whole comparison.
    pub suggestion: Option<String>,
}

impl FilterError {
    /// A mistake whose place is not known yet.
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), span: 0..0, suggestion: None }
    }

    /// The same mistake, found at `span`.
    pub(super) fn at(self, span: &Range<usize>) -> Self {
        Self { span: span.clone(), ..self }
    }

    /// The same mistake with what may have been meant, where that is known.
    pub(super) fn suggest(self, suggestion: Option<impl Into<String>>) -> Self {
        Self { suggestion: suggestion.map(Into::into), ..self }
    }

    /// Three lines, the last without its end: `filter`, which is the text that was parsed, carets
    /// under the mistake, and the mistake itself.
    ///
    /// A caret stands for one character, so text in double-width characters shifts them.
    pub fn pointing_at(&self, filter: &str) -> String {
        let mut line = String::new();
        let (mut before, mut under) = (0, 0);
        for (offset, character) in filter.char_indices() {
            let shown = Escaped(character.encode_utf8(&mut [0; 4])).to_string();
            let width = shown.chars().count();
            if offset < self.span.start {
                before += width;
            } else if offset < self.span.end {
                under += width;
            }
            line.push_str(&shown);
        }
        // Not by a width of `format!`, which panics above 65,535.
        let (indent, carets) = (" ".repeat(before), "^".repeat(under.max(1)));
        alloc::format!("{line}\n{indent}{carets}\n{self}")
    }
}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.suggestion {
            Some(suggestion) => write!(f, "; did you mean {}?", Escaped(suggestion)),
            None => Ok(()),
        }
    }
}

impl core::error::Error for FilterError {}

/// Text on one line, with nothing in it that a terminal would act upon.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '"' | '\'' | '\\' => f.write_char(character)?,
                _ => write!(f, "{}", character.escape_debug())?,
            }
        }
        Ok(())
    }
}

/// A piece of the filter inside a message: escaped, in quotes, cut when it is long.
pub(super) struct Piece<'a>(pub(super) &'a str);

impl Piece<'_> {
    /// Characters shown before the cut.
    const LIMIT: usize = 40;
}

impl fmt::Display for Piece<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.char_indices().nth(Self::LIMIT) {
            Some((end, _)) => write!(f, "\"{}…\"", Escaped(self.0.get(..end).unwrap_or(self.0))),
            None => write!(f, "\"{}\"", Escaped(self.0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn carets_stand_under_the_mistake() {
        let check = |filter: &str, span: Range<usize>, expected: &str| {
            let error = FilterError::new("wrong").at(&span);
            assert_eq!(error.pointing_at(filter), expected);
        };
        check("tcp and x", 8..9, "tcp and x\n        ^\nwrong");
        check("tcp and", 7..7, "tcp and\n       ^\nwrong");
        check("é xyz", 3..6, "é xyz\n  ^^^\nwrong");
        check("\t\x1b[31m x", 8..9, "\\t\\u{1b}[31m x\n              ^\nwrong");
        check("short", 90..95, "short\n     ^\nwrong");
    }

    #[test]
    fn long_pieces_are_cut_and_control_characters_escaped() {
        let check = |text: &str, shown: &str| assert_eq!(Piece(text).to_string(), shown);
        check("é\"\n", "\"é\"\\n\"");
        check(&"é".repeat(41), &alloc::format!("\"{}…\"", "é".repeat(40)));
        check("\u{202e}x", "\"\\u{202e}x\"");
    }
}
