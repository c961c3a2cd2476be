//! Which rows the positional words and `--filter` ask for.

use anyhow::{anyhow, bail, ensure};
use clap::CommandFactory;
use sockeye_core::column::nearest;
use sockeye_core::degradation::number_of;
use sockeye_core::filter::Filter;
use sockeye_core::table::{Phase, Scope};
use sockeye_core::{Column, Endpoint, Row, Snapshot};

use super::args::{ChoiceArgs, Cli};
use sockeye_print::escaped;

/// The rows that are wanted: of any process named, and for which every expression holds.
#[derive(PartialEq, Debug)]
pub(super) struct Wanted {
    filter: Filter,
    /// Each word with the rows of its processes.
    words: Vec<(String, Filter)>,
    is_everything: bool,
}

impl Wanted {
    /// Reads words and expressions.
    ///
    /// # Errors
    ///
    /// A word that cannot mean a process; an expression with a mistake, which the message points at.
    pub(super) fn parse(args: &ChoiceArgs) -> anyhow::Result<Self> {
        ensure_whole(&args.words)?;
        ensure_whole(&args.filters)?;
        let named = args.words.iter().map(|word| Ok((word.clone(), process(word)?)));
        let words = named.collect::<anyhow::Result<Vec<_>>>()?;
        let mut all = Vec::new();
        if !words.is_empty() {
            all.push(Filter::any(words.iter().map(|(_, filter)| filter.clone()).collect()));
        }
        for text in &args.filters {
            all.push(Filter::parse(text).map_err(|error| {
                let shown = error.pointing_at(text).replace('\n', "\n  ");
                anyhow!("the filter makes no sense:\n  {shown}")
            })?);
        }
        let is_everything = all.is_empty();
        Ok(Self { filter: Filter::all(all), words, is_everything })
    }

    /// Whether nothing was said, so that everything is wanted.
    pub(super) fn is_everything(&self) -> bool {
        self.is_everything
    }

    /// Whether `row` is wanted.
    pub(super) fn matches(&self, row: &Row<'_>) -> bool {
        self.filter.matches(row)
    }

    /// A sentence about each word that names no process in `snapshot`, of which `scope` was observed.
    pub(super) fn unknown(&self, snapshot: &Snapshot, scope: &Scope) -> Vec<String> {
        self.unknown_among(snapshot, scope, |_| true)
    }

    /// As [`Self::unknown`], of the words that `are_meant`.
    pub(super) fn unknown_among(
        &self,
        snapshot: &Snapshot,
        scope: &Scope,
        are_meant: impl Fn(&str) -> bool,
    ) -> Vec<String> {
        let rows = || snapshot.endpoints.iter().flat_map(|e| Row::each(snapshot, e));
        let meant = self.words.iter().filter(|(word, _)| are_meant(word));
        let unknown = meant.filter(|(_, filter)| !rows().any(|r| filter.matches(&r)));
        let sentence = |(word, _): &(String, _)| {
            let is_number = is_number(word);
            let which =
                if is_number { word.clone() } else { format!("called \"{}\"", escaped(word)) };
            let hint = if is_number { None } else { suggestion(word, snapshot) };
            let hint = hint.unwrap_or_default();
            format!("no process {which} is seen to hold {}{hint}", sought(scope))
        };
        unknown.map(sentence).collect()
    }

    /// A sentence about what is wanted in `snapshot`, of which `scope` leaves it out: idle UDP that was
    /// not observed is none of it.
    pub(super) fn left_out(&self, snapshot: &Snapshot, scope: &Scope) -> Option<String> {
        let is_partial = !self.is_everything && scope.phase == Phase::Connected;
        let left_out = snapshot.endpoints.iter().filter(|it| is_partial && !scope.contains(it));
        let is_wanted = |it: &&Endpoint| Row::each(snapshot, it).any(|row| self.matches(&row));
        let count = left_out.filter(is_wanted).count();
        let fits = if count == 1 { "fits and is" } else { "fit and are" };
        let endpoints = number_of(count, "endpoint", "endpoints");
        (count > 0).then(|| format!("{endpoints} {fits} no connection: -a shows everything"))
    }

    /// The columns it looks at, each once.
    pub(super) fn columns(&self) -> impl Iterator<Item = &'static Column> {
        self.filter.columns()
    }
}

/// Which endpoints of `scope` a process would have had to hold.
fn sought(scope: &Scope) -> &'static str {
    match (scope.tcp, scope.udp) {
        (true, false) => "a TCP endpoint",
        (false, true) => "a UDP endpoint",
        _ => "an endpoint",
    }
}

/// What a word that names no process may have meant: a filter, a command, or a process of
/// `snapshot`.
fn suggestion(word: &str, snapshot: &Snapshot) -> Option<String> {
    if Filter::parse(word).is_ok() {
        return Some(format!(": did you mean --filter {word}?"));
    }
    let command = Cli::command();
    let commands = command.get_subcommands().filter(|sub| !sub.is_hide_set());
    if let Some(command) = nearest(word, commands.map(clap::Command::get_name)) {
        return Some(format!(": did you mean the command {command}?"));
    }
    let names = snapshot.processes.values().map(|process| &*process.name);
    nearest(word, names).map(|name| format!(": did you mean {}?", escaped(name)))
}

/// Whether a word can only be the number of a process.
pub(super) fn is_number(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a word looks like a filter rather than a process. Names of programs have blanks, too, but do
/// not begin as a filter does.
pub(super) fn is_filter(word: &str) -> bool {
    let first = word.split([' ', '(']).find(|part| !part.is_empty()).unwrap_or_default();
    let begins_as_one = || first == "not" || Column::find(first).is_some();
    let is_one = || begins_as_one() || Filter::parse(word).is_ok();
    word.contains(['=', '<', '>']) || (word.contains(' ') && is_one())
}

/// `text` as one word for the shell. Windows' cmd.exe knows double quotes alone.
fn quoted(text: &str) -> String {
    if cfg!(windows) {
        return format!("\"{}\"", text.replace('"', "\\\""));
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// Refuses what cmd.exe makes of single quotes: parts of words, which it breaks at blanks all the same.
fn ensure_whole(texts: &[String]) -> anyhow::Result<()> {
    let is_broken = |text: &&String| text.starts_with('\'') && !text.ends_with('\'');
    let broken = texts.iter().find(|text| cfg!(windows) && is_broken(text));
    match broken {
        Some(text) => bail!("{} begins with a single quote: write \"double ones\"", escaped(text)),
        None => Ok(()),
    }
}

/// The rows of the process that `word` means; not every file name that the system permits, but
/// each one that somebody types: what looks like a filter was meant as one.
fn process(word: &str) -> anyhow::Result<Filter> {
    ensure!(!word.is_empty(), "an empty word names no process");
    ensure!(
        !is_filter(word),
        "\"{word}\" looks like a filter: write --filter {quoted}",
        word = escaped(word),
        quoted = escaped(&quoted(word)),
    );
    Ok(Filter::process(word))
}

#[cfg(test)]
mod tests {
    use sockeye_core::Timestamp;
    use sockeye_core::snapshot::Source;

    use super::*;

    fn choice(words: &[&str], filters: &[&str]) -> ChoiceArgs {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        ChoiceArgs { words: owned(words), filters: owned(filters), ..ChoiceArgs::default() }
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
        check("", "an empty word names no process");
        check("local.port=8080", advice);
        check("rtt>5", "\"rtt>5\" looks like a filter: write --filter 'rtt>5'");
        let advice = "\"comm = it's\" looks like a filter: write --filter 'comm = it'\\''s'";
        check("comm = it's", advice);
    }

    #[test]
    fn names_have_blanks_too() {
        for name in ["no such.exe", "Prüfung Ω.exe", "it's on", "srv"] {
            assert!(!is_filter(name), "{name}");
        }
        for filter in ["local.port in 22", "not tcp", "listener and tcp", "port=22"] {
            assert!(is_filter(filter), "{filter}");
        }
    }

    #[test]
    fn a_word_that_names_nothing_is_said() {
        let snapshot = Snapshot::new(Timestamp::from_unix_ns(0), Source::SockDiag);
        let tcp = Scope { udp: false, ..Scope::ALL };
        let check = |word: &str, scope, expected: &str| {
            let wanted = Wanted::parse(&choice(&[word], &[])).unwrap();
            assert_eq!(wanted.unknown(&snapshot, scope), [expected]);
        };
        let listn = "no process called \"listn\" is seen to hold an endpoint: \
            did you mean the command list?";
        check("listn", &Scope::ALL, listn);
        let udp =
            "no process called \"udp\" is seen to hold an endpoint: did you mean --filter udp?";
        check("udp", &Scope::ALL, udp);
        check("99999", &tcp, "no process 99999 is seen to hold a TCP endpoint");
        check("x\x1b", &tcp, "no process called \"x\\u{1b}\" is seen to hold a TCP endpoint");
    }

    #[test]
    fn a_mistake_is_pointed_at() {
        let choice = choice(&[], &["tcp and remote.prot = 3"]);
        let error = Wanted::parse(&choice).unwrap_err().to_string();
        let place = "  tcp and remote.prot = 3\n          ^^^^^^^^^^^\n";
        assert!(error.contains(place) && error.contains("remote.port"), "{error}");
    }
}
