//! Which rows the positional words and `--filter` ask for.

use anyhow::{anyhow, ensure};
use sockeye_core::filter::Filter;
use sockeye_core::{Column, Row};

use super::args::ChoiceArgs;
use crate::print::escaped;

/// The rows that are wanted: of any process named, and for which every expression holds.
#[derive(PartialEq, Debug)]
pub(super) struct Wanted {
    filter: Filter,
    is_everything: bool,
}

impl Wanted {
    /// Reads words and expressions.
    ///
    /// # Errors
    ///
    /// A word that cannot mean a process; an expression with a mistake, which the message points at.
    pub(super) fn parse(args: &ChoiceArgs) -> anyhow::Result<Self> {
        let mut all = Vec::new();
        if !args.words.is_empty() {
            let named = args.words.iter().map(|word| process(word));
            all.push(Filter::any(named.collect::<Result<_, _>>()?));
        }
        for text in &args.filters {
            all.push(Filter::parse(text).map_err(|error| {
                let shown = error.pointing_at(text).replace('\n', "\n  ");
                anyhow!("the filter makes no sense:\n  {shown}")
            })?);
        }
        let is_everything = all.is_empty();
        Ok(Self { filter: Filter::all(all), is_everything })
    }

    /// Whether nothing was said, so that everything is wanted.
    pub(super) fn is_everything(&self) -> bool {
        self.is_everything
    }

    /// Whether `row` is wanted.
    pub(super) fn matches(&self, row: &Row<'_>) -> bool {
        self.filter.matches(row)
    }

    /// The columns it looks at, each once.
    pub(super) fn columns(&self) -> impl Iterator<Item = &'static Column> {
        self.filter.columns()
    }
}

/// The rows of the process that `word` means; not every file name that the system permits, but
/// each one that somebody types: what looks like a filter was meant as one.
fn process(word: &str) -> anyhow::Result<Filter> {
    ensure!(!word.is_empty(), "an empty word names no process");
    ensure!(
        !word.contains(['=', '<', '>', ' ']),
        "\"{word}\" looks like a filter: write --filter {quoted}",
        word = escaped(word),
        quoted = escaped(&format!("'{}'", word.replace('\'', "'\\''"))),
    );
    Ok(Filter::process(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(words: &[&str], filters: &[&str]) -> ChoiceArgs {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        ChoiceArgs { words: owned(words), filters: owned(filters), netns: None }
    }

    #[test]
    fn any_process_and_every_expression() {
        let check = |words: &[&str], filters: &[&str], expected: Filter| {
            assert_eq!(
                Wanted::parse(&choice(words, filters)).unwrap().filter,
                expected,
                "{words:?} {filters:?}"
            );
        };
        let parse = |text| Filter::parse(text).unwrap();
        check(&[], &[], Filter::all(vec![]));
        check(&["nginx"], &[], parse("process = nginx"));
        check(&["nginx", "cat*"], &["tcp"], parse("(process = nginx or process = cat*) and tcp"));
        check(&[], &["tcp", "pid = 7 or pid = 8"], parse("tcp and (pid = 7 or pid = 8)"));
    }

    #[test]
    fn a_word_that_can_be_no_process_is_a_mistake() {
        let check = |word: &str, expected: &str| {
            let error = Wanted::parse(&choice(&[word], &[])).unwrap_err();
            assert_eq!(error.to_string(), expected);
        };
        let advice = "\"local.port=8080\" looks like a filter: write --filter 'local.port=8080'";
        check("local.port=8080", advice);
        check("rtt>5", "\"rtt>5\" looks like a filter: write --filter 'rtt>5'");
        check("it's on", r#""it's on" looks like a filter: write --filter 'it'\''s on'"#);
        check("", "an empty word names no process");
    }

    #[test]
    fn a_mistake_is_pointed_at() {
        let choice = choice(&[], &["tcp and remote.prot = 3"]);
        let error = Wanted::parse(&choice).unwrap_err().to_string();
        let place = "  tcp and remote.prot = 3\n          ^^^^^^^^^^^\n";
        assert!(error.contains(place) && error.contains("remote.port"), "{error}");
    }
}
