//! Which rows the positional words and `--filter` ask for.

use sockeye_core::{Column, Row};

use super::args::ChoiceArgs;

/// The rows that are wanted: of any process named, and for which every expression holds.
#[derive(Debug)]
pub(super) struct Wanted {
    words: Vec<String>,
}

impl Wanted {
    /// Reads words and expressions.
    ///
    /// # Errors
    ///
    /// An expression with a mistake, which the message points at.
    pub(super) fn parse(args: &ChoiceArgs) -> anyhow::Result<Self> {
        anyhow::ensure!(args.filters.is_empty(), "--filter is not available yet");
        Ok(Self {
            words: args.words.clone(),
        })
    }

    /// Whether nothing was said, so that everything is wanted.
    pub(super) fn is_everything(&self) -> bool {
        self.words.is_empty()
    }

    /// Whether `row` is wanted.
    pub(super) fn matches(&self, row: &Row<'_>) -> bool {
        let name = row.process.map(|process| &*process.name);
        let pid = row.owner.map(|owner| owner.process.pid);
        let is_it = |word: &String| {
            word.parse().ok() == pid && pid.is_some()
                || name.is_some_and(|name| name.eq_ignore_ascii_case(word))
        };
        self.words.is_empty() || self.words.iter().any(is_it)
    }

    /// The columns it looks at.
    pub(super) fn columns(&self) -> Vec<&'static Column> {
        let looks_at_process = !self.words.is_empty();
        Column::find("process.pid")
            .filter(|_| looks_at_process)
            .into_iter()
            .collect()
    }
}
