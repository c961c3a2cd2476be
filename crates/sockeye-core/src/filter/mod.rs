//! The filter language: which rows are wanted, in one line of text.
//!
//! ```text
//! tcp and remote in 10.0.0.0/8 and (state = established or local.port = 443) and not process = firefox
//! ```
//!
//! Every name and alias of a [`Column`] is a name in it, `port` and `address` mean either side;
//! docs/book/filters.md is the user's guide. Text becomes tokens (`lexer`), tokens an expression
//! (`parser`, with the words of `subject` and the values of `literal`), and that judges rows
//! (`expression`, `pattern`).
//!
//! There are two truth values: a comparison with an absent value is false, and `!=` is `=` negated,
//! so it holds for an absent value.

mod block;
mod error;
mod expression;
mod glob;
mod lexer;
mod literal;
mod parser;
mod pattern;
mod span;
mod subject;
#[cfg(test)]
mod tests;
mod words;

use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

pub use error::FilterError;

use crate::column::{Column, Row};
use expression::Expression;
use glob::Glob;
use pattern::Pattern;
use span::Span;
use subject::Subject;

/// A condition on rows.
///
/// Displays as text that [`Filter::parse`] reads back as an equal filter, names in full and
/// shortcuts spelled out: `listen` displays as `network.connection.state = listen`.
#[derive(Clone, PartialEq, Debug)]
pub struct Filter(Expression);

impl Filter {
    /// Reads the filter language.
    ///
    /// # Errors
    /// The first mistake, with its place and, where something is near, what may have been meant.
    /// Unknown names and impossible values (a state that does not exist, port 70000) are mistakes
    /// too: they would only ever give an empty answer.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        parser::parse(text).map(Self)
    }

    /// The rows of the process that `word` names, as it is typed on a command line.
    ///
    /// That is the image's file name or the name it was started as ([`Process::program`]), without
    /// case, where `*` and `?` match; with a path separator in it, the full path as well; and if it
    /// is a number, the pid as well.
    ///
    /// [`Process::program`]: crate::Process::program
    pub fn process(word: &str) -> Self {
        let is = |column, pattern| {
            let column = Column::find(column).expect("the name is one of the registry");
            Expression::Is(Subject::Column(column), vec![pattern])
        };
        let text = || Pattern::Text(Glob::new(word));
        let mut ways = vec![is("process.executable.name", text())];
        if word.contains(['/', '\\']) {
            ways.push(is("process.executable.path", text()));
        }
        if word.bytes().all(|byte| byte.is_ascii_digit())
            && let Ok(pid) = word.parse()
        {
            ways.push(is("process.pid", Pattern::Number(Span::one(pid))));
        }
        Self(Expression::any(ways))
    }

    /// Matches when one of `filters` does; without any, never.
    pub fn any(filters: Vec<Self>) -> Self {
        Self(Expression::any(filters.into_iter().map(|filter| filter.0)))
    }

    /// Matches when all of `filters` do; without any, always.
    pub fn all(filters: Vec<Self>) -> Self {
        Self(Expression::all(filters.into_iter().map(|filter| filter.0)))
    }

    /// Whether `row` is wanted.
    ///
    /// Allocates nothing, except for the value of a column of several texts (`process.owners`).
    pub fn matches(&self, row: &Row<'_>) -> bool {
        self.0.matches(row)
    }

    /// The columns that it looks at, each once: what they cost has to be observed for the filter
    /// to mean anything.
    pub fn columns(&self) -> impl Iterator<Item = &'static Column> {
        let mut columns = Vec::new();
        self.0.visit(&mut |subject| {
            for column in subject.columns() {
                if !columns.contains(column) {
                    columns.push(*column);
                }
            }
        });
        columns.into_iter()
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
