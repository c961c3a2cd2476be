//! Asking before acting, and saying afterwards what came of it.

use std::io::{self, IsTerminal, Write};

use anyhow::{Context, bail};
use sockeye_core::column::Cost;
use sockeye_core::degradation::number_of;
use sockeye_core::{Column, Degradation, Endpoint, Ownerless, Row, Snapshot};
use sockeye_engine::act::Fate;
use sockeye_engine::answers::Questions;
use sockeye_os::Wants;

use super::Status;
use super::args::{ChoiceArgs, ConsentArgs, InformantArgs};
use super::console::{Console, complain};
use super::names;
use super::places;
use super::query::{ensure_of_now, namespaces};
use super::wanted::Wanted;
use sockeye_print::{Format, Sheet, escaped, print};

/// The columns that tell what is about to be acted on.
const SHOWN: &[&str] = &["proto", "state", "local", "remote", "pid", "process", "user"];

/// The endpoints of this machine, with what `wanted` has to know of them.
pub(super) fn observe(
    wanted: &Wanted,
    choice: &ChoiceArgs,
    informants: &InformantArgs,
) -> anyhow::Result<Snapshot> {
    ensure_of_now(wanted.columns())?;
    let needs = |cost| wanted.columns().any(|column| column.cost == cost);
    let wants = Wants {
        metrics: needs(Cost::Metrics),
        namespaces: namespaces(choice.netns.as_deref().unwrap_or("all"))?,
        source: choice.source.into(),
        ..Wants::EVERYTHING
    };
    let mut snapshot = sockeye_os::observe(&wants)?;
    places::ensure_known(wanted.columns(), informants)?;
    let questions = Questions::of(wanted.columns());
    let unanswered = names::answer(&mut snapshot, (questions, informants), |_| true)?;
    names::unanswered(unanswered).iter().for_each(|note| complain(&format!("sockeye: {note}")));
    Ok(snapshot)
}

/// The words of one kind of action.
pub(super) struct Words {
    /// `Close`, `End`.
    pub(super) verb: &'static str,
    /// `connection`, `process`.
    pub(super) one: &'static str,
    /// `connections`, `processes`.
    pub(super) many: &'static str,
    /// `closed`, `ended`.
    pub(super) done: &'static str,
    /// `still open`, `still running`.
    pub(super) remains: &'static str,
}

/// What is about to be done.
pub(super) struct Proposal<'a> {
    /// How to speak of it.
    pub(super) words: &'a Words,
    /// The endpoints that it concerns.
    pub(super) rows: &'a [Row<'a>],
    /// How many subjects are acted on.
    pub(super) count: usize,
    /// What the arguments say of going on.
    pub(super) consent: &'a ConsentArgs,
}

/// Shows what `proposal` concerns, asks, and where the answer is yes does `act` and reports what
/// became of each subject.
///
/// # Errors
///
/// Where nobody can be asked and `--yes` was not given.
pub(super) fn ask_and_act(
    proposal: &Proposal<'_>,
    act: impl FnOnce() -> Vec<(String, Fate)>,
    console: &mut Console,
) -> anyhow::Result<Status> {
    let Proposal { words, rows, count, consent } = proposal;
    show(rows, console)?;
    let question = format!("{} {}?", words.verb, number_of(*count, words.one, words.many));
    if is_given(consent, &question, console)? {
        return report(words, &act(), console);
    }
    console.note(format!("nothing was {}\n", words.done).as_bytes());
    // With --dry-run something would have been done, else the answer was no.
    Ok(if consent.dry_run { Status::Found } else { Status::Nothing })
}

/// Shows the endpoints that are about to be acted on.
fn show(rows: &[Row<'_>], console: &mut Console) -> anyhow::Result<()> {
    let is_any_foreign = rows.iter().any(|row| row.foreign_namespace().is_some());
    let namespace = is_any_foreign.then_some("netns");
    let names = SHOWN.iter().copied().chain(namespace);
    let columns: Vec<_> = names.filter_map(Column::find).collect();
    let layout = console.layout;
    let sheet = Sheet { rows, columns: &columns, labelled: &[], layout };
    console.print(|out| print(Format::Table, &sheet, out))
}

/// Sees whether processes that may not be looked at can be why nothing matched, and says so.
pub(super) fn note_hidden(snapshot: &Snapshot, console: &mut Console) -> Status {
    let is_hiding = |degradation: &&Degradation| {
        matches!(degradation, Degradation::ProcessesDenied { .. } | Degradation::ProcessesHidden)
    };
    let Some(hiding) = snapshot.degradations.iter().find(is_hiding) else {
        return Status::Nothing;
    };
    let is_any_unseen =
        |endpoint: &Endpoint| endpoint.owners.reason() == Some(Ownerless::NotPermitted);
    if !snapshot.endpoints.iter().any(is_any_unseen) {
        return Status::Nothing;
    }
    console.note_each(&[format!("{hiding}, which may be what is meant: sockeye doctor")]);
    Status::Error
}

/// Whether to go on: `--yes`, or the answer to `question`; never with `--dry-run`.
fn is_given(args: &ConsentArgs, question: &str, console: &mut Console) -> anyhow::Result<bool> {
    if args.yes || args.dry_run {
        return Ok(args.yes);
    }
    match is_yes(question, console) {
        Some(answer) => answer,
        None => bail!("nothing was done: add --yes to go on where nobody can be asked"),
    }
}

/// The answer to `question`; `None` where nobody can be asked.
pub(super) fn is_yes(question: &str, console: &mut Console) -> Option<anyhow::Result<bool>> {
    if !io::stdin().is_terminal() {
        return None;
    }
    console.note(format!("{question} [y/N] ").as_bytes());
    let mut answer = String::new();
    let read = io::stdin().read_line(&mut answer).context("cannot read the answer");
    Some(read.map(|_| matches!(answer.trim(), "y" | "Y" | "yes" | "Yes" | "YES")))
}

impl Words {
    /// What became of one subject.
    fn of(&self, fate: &Fate) -> &'static str {
        match fate {
            Fate::Done => self.done,
            Fate::Remains => self.remains,
            Fate::Gone => "gone",
            Fate::NotPermitted(_) => "not permitted",
            Fate::Failed(_) => "failed",
        }
    }
}

/// Prints what became of each subject and the sum; the status tells whether all of them are gone.
fn report(
    words: &Words,
    fates: &[(String, Fate)],
    console: &mut Console,
) -> anyhow::Result<Status> {
    let mut text = Vec::new();
    for (subject, fate) in fates {
        let word = words.of(fate);
        write!(text, "{word:<13} {}", escaped(subject))?;
        match fate {
            Fate::NotPermitted(why) | Fate::Failed(why) => writeln!(text, ": {}", escaped(why))?,
            Fate::Done | Fate::Remains | Fate::Gone => writeln!(text)?,
        }
    }
    console.print(|out| out.write_all(&text))?;
    console.note(sum(words, fates).as_bytes());
    let is_settled = |fate: &Fate| matches!(fate, Fate::Done | Fate::Gone);
    Ok(if fates.iter().all(|(_, fate)| is_settled(fate)) { Status::Found } else { Status::Error })
}

/// `3 closed, 1 not permitted`, as one line.
fn sum(words: &Words, fates: &[(String, Fate)]) -> String {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for word in fates.iter().map(|(_, fate)| words.of(fate)) {
        match counts.iter_mut().find(|(known, _)| *known == word) {
            Some((_, count)) => *count += 1,
            None => counts.push((word, 1)),
        }
    }
    let parts: Vec<_> = counts.iter().map(|(word, count)| format!("{count} {word}")).collect();
    format!("{}\n", parts.join(", "))
}
