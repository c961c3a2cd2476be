//! What a watch is asked for, checked before anything is observed.

use std::time::Duration;

use sockeye_core::column::Cost;
use sockeye_core::table::Scope;
use sockeye_core::{Column, Occurrence, Row, Snapshot};
use sockeye_engine::answers::{Asked, Questions};
use sockeye_engine::live::{Initial, Options};
use sockeye_os::{Namespaces, SourceChoice, Wants};

use super::args::WatchArgs;
use super::names;
use super::places;
use super::query::{OF_OWNERS, column, each_once, namespaces, ports};
use super::scope;
use super::wanted::Wanted;
use sockeye_print::{EventFormat, Extent, Ports};

/// A watch that can be kept: every name in it is known.
#[derive(Debug)]
pub(super) struct Sights {
    /// Which endpoints, coarsely.
    pub(super) scope: Scope,
    /// Which of what happens to them.
    wanted: Wanted,
    /// How it is printed.
    pub(super) format: EventFormat,
    /// The columns, and what they are to a line of text.
    columns: (Vec<&'static Column>, Extent),
    /// The clock.
    pub(super) options: Options,
    /// For how long.
    pub(super) span: Option<Duration>,
    /// How people read ports.
    pub(super) ports: Ports,
    /// How many lines.
    pub(super) count: Option<u64>,
    /// What has to be asked besides.
    pub(super) questions: Questions,
    /// What is to be said of names that would be needed and are not asked for.
    pub(super) unasked: Option<String>,
    namespaces: Namespaces,
    source: SourceChoice,
}

impl Sights {
    /// Reads the arguments.
    ///
    /// # Errors
    ///
    /// A sentence about the first name or expression that makes no sense.
    pub(super) fn parse(args: &WatchArgs) -> anyhow::Result<Self> {
        let format = if args.csv { EventFormat::Csv } else { args.format };
        let initial = if args.initial { Initial::Told } else { Initial::Silent };
        let wanted = Wanted::parse(&args.choice)?;
        let columns = columns(format, args)?;
        places::ensure_known(wanted.columns(), &args.informants)?;
        let mut questions = Questions::of(columns.0.iter().copied().chain(wanted.columns()));
        questions.hostnames |= !args.informants.dns.is_empty();
        questions.hostnames = args.resolve || (questions.hostnames && !args.numeric);
        let unasked = names::unasked(wanted.columns().chain(columns.0.iter().copied()));
        Ok(Self {
            scope: scope::scope_of_watch(&args.scope),
            questions,
            unasked: unasked.filter(|_| args.numeric),
            wanted,
            format,
            columns,
            options: Options { interval: args.interval.0, initial },
            span: args.span.map(|span| span.0),
            ports: ports(args.numeric || args.numeric_ports),
            count: args.count,
            namespaces: namespaces(args.choice.netns.as_deref().unwrap_or("all"))?,
            source: args.choice.source.into(),
        })
    }

    /// The columns to print, and what they are to a line of text.
    pub(super) fn columns(&self) -> (Vec<&'static Column>, Extent) {
        self.columns.clone()
    }

    /// Whether lines begin with the time of day.
    pub(super) fn shows_time_of_day(&self) -> bool {
        self.format == EventFormat::Text && self.columns.1 == Extent::Usual
    }

    /// Whether anything that is shown or compared has this cost; the usual line of text says who
    /// and, at the end, how much.
    fn needs(&self, cost: Cost) -> bool {
        let is_usual = self.shows_time_of_day() && matches!(cost, Cost::Owners | Cost::Metrics);
        let mut used = self.columns.0.iter().copied().chain(self.wanted.columns());
        is_usual || used.any(|column| column.cost == cost)
    }

    /// What has to be observed for it.
    pub(super) fn wants(&self) -> Wants {
        Wants {
            tcp: self.scope.tcp,
            udp: self.scope.udp,
            owners: OF_OWNERS.iter().any(|cost| self.needs(*cost)),
            metrics: self.needs(Cost::Metrics),
            namespaces: self.namespaces.clone(),
            source: self.source,
        }
    }

    /// Adds to `asked` what has to be known of `occurrence` to show it, or to know whether to.
    pub(super) fn ask(&self, context: &Snapshot, occurrence: &Occurrence, asked: &mut Asked) {
        let awaits_answers = !Questions::of(self.wanted.columns()).are_none();
        let shown = match self.row(context, occurrence) {
            None if awaits_answers => Row::occurred(context, occurrence).next(),
            row => row,
        };
        if let Some(row) = shown.filter(|row| self.scope.contains(row.endpoint)) {
            asked.add(&row, self.questions);
        }
    }

    /// The row of `occurrence`, where it is wanted: under the first owner for which it is.
    pub(super) fn row<'a>(
        &self,
        context: &'a Snapshot,
        occurrence: &'a Occurrence,
    ) -> Option<Row<'a>> {
        let mut rows = Row::occurred(context, occurrence);
        rows.find(|row| self.scope.contains(row.endpoint) && self.wanted.matches(row))
    }
}

/// The columns that `args` ask for: the usual ones of `format`, those chosen, or both.
fn columns(
    format: EventFormat,
    args: &WatchArgs,
) -> anyhow::Result<(Vec<&'static Column>, Extent)> {
    let is_added = args.columns.first().is_some_and(|name| name.starts_with('+'));
    let is_usual = args.columns.is_empty() || is_added;
    let mut columns = if is_usual { usual(format, args) } else { Vec::new() };
    for name in &args.columns {
        match name.trim_start_matches('+').trim() {
            "all" => columns.extend(Column::all()),
            name => columns.push(column(name)?),
        }
    }
    let extent = if is_usual { Extent::Usual } else { Extent::Columns };
    Ok((each_once(columns), extent))
}

/// The columns of `format` when none are chosen; a line of text has its own.
fn usual(format: EventFormat, args: &WatchArgs) -> Vec<&'static Column> {
    let has_names = args.resolve || (!args.informants.dns.is_empty() && !args.numeric);
    let is_usual = |column: &&Column| match column.cost {
        _ if format == EventFormat::Text => false,
        Cost::Names => has_names,
        Cost::Events => true,
        Cost::Free | Cost::Owners | Cost::Metrics => column.is_default,
        Cost::Places => !args.informants.geo.is_empty(),
        Cost::Packages | Cost::Workloads => false,
    };
    Column::all().iter().filter(is_usual).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::args::Command;
    use crate::cli::parse;

    fn sights(line: &str) -> anyhow::Result<Sights> {
        let words: Vec<_> = line.split(' ').map(Into::into).collect();
        match parse(&words).unwrap().command {
            Some(Command::Watch(args)) => Sights::parse(&args),
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn observes_no_more_than_is_shown_or_compared() {
        let check = |line: &str, expected: [bool; 5]| {
            let sights = sights(line).unwrap();
            let wants = sights.wants();
            let found =
                [wants.tcp, wants.udp, wants.owners, wants.metrics, sights.questions.hostnames];
            assert_eq!(found, expected, "{line}");
        };
        check("sockeye watch", [true, true, true, true, false]);
        check("sockeye watch -t", [true, false, true, true, false]);
        check("sockeye watch -u -c", [false, true, true, true, false]);
        check("sockeye watch -r", [true, true, true, true, true]);
        check("sockeye watch -rn", [true, true, true, true, false]);
        check("sockeye watch --columns time,local", [true, true, false, false, false]);
        check("sockeye watch -c --columns rtt", [true, true, false, true, false]);
        check("sockeye watch -c --columns rtt nginx", [true, true, true, true, false]);
        let filter = "sockeye watch -c --columns local --filter remote.name=x";
        check(filter, [true, true, false, false, true]);
    }

    #[test]
    fn columns_are_usual_added_or_chosen() {
        let check = |line: &str, expected: &str, extent| {
            let (columns, found) = sights(line).unwrap().columns();
            let names: Vec<_> = columns.iter().map(|column| column.name).collect();
            assert_eq!((names.join(" ").as_str(), found), (expected, extent), "{line}");
        };
        check("sockeye watch", "", Extent::Usual);
        check("sockeye watch --columns +rtt,pid", "tcp.rtt_us process.pid", Extent::Usual);
        check("sockeye watch --columns pid,PID", "process.pid", Extent::Columns);
        let usual = |line: &str| sights(line).unwrap().columns().0;
        let has = |line: &str, name| usual(line).contains(&Column::find(name).unwrap());
        assert!(has("sockeye watch -c", "action") && has("sockeye watch -c", "sent.bytes"));
        assert!(!has("sockeye watch -c", "remote.name") && has("sockeye watch -cr", "remote.name"));
        assert!(!has("sockeye watch -c", "local"));
        assert!(has("sockeye watch -f jsonl --columns +local", "local"));
    }
}
