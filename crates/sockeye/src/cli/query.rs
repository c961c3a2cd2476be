//! What a list is asked for, checked before anything is observed.

use anyhow::{Context, bail, ensure};
use sockeye_core::column::Cost;
use sockeye_core::table::{self, Scope, SortKey};
use sockeye_core::{Column, Row, Snapshot};
use sockeye_engine::answers::Questions;
use sockeye_os::{Namespaces, SourceChoice, Wants};

use super::args::ListArgs;
use super::names;
use super::places;
use super::scope::scope;
use super::wanted::Wanted;
use sockeye_print::{Format, Ports};

/// The columns of a table when none are chosen.
const TABLE: &[&str] = &["proto", "state", "local", "remote", "pid", "process", "user"];

/// The columns of text when none are chosen: the heading says the rest.
const TEXT: &[&str] = &["proto", "state", "local", "remote"];

/// What columns cost that take the owners to be known.
pub(super) const OF_OWNERS: [Cost; 3] = [Cost::Owners, Cost::Packages, Cost::Workloads];

/// A list that can be made: every name in it is known.
#[derive(Debug)]
pub(super) struct Query {
    /// Which endpoints, coarsely.
    pub(super) scope: Scope,
    /// Which of those.
    pub(super) wanted: Wanted,
    /// In which order; empty: by process.
    pub(super) sort: Vec<SortKey>,
    /// The columns that were chosen; `None`: the format's usual ones.
    chosen: Option<Vec<&'static Column>>,
    /// Whether measurements and host names belong to the usual columns.
    extra: Vec<Cost>,
    /// How it is printed.
    pub(super) format: Format,
    /// How people read ports.
    pub(super) ports: Ports,
    /// Names are never asked for.
    is_numeric: bool,
    /// Which namespaces.
    namespaces: Namespaces,
    /// With what.
    source: SourceChoice,
}

impl Query {
    /// Reads the arguments.
    ///
    /// # Errors
    ///
    /// A sentence about the first name or expression that makes no sense.
    pub(super) fn parse(args: &ListArgs) -> anyhow::Result<Self> {
        let format = if args.csv { Format::Csv } else { args.format };
        let wants_names = args.resolve || (!args.informants.dns.is_empty() && !args.numeric);
        let wants_places = !args.informants.geo.is_empty();
        let asked = [
            (args.metrics, Cost::Metrics),
            (wants_names, Cost::Names),
            (wants_places, Cost::Places),
        ];
        let mut query = Self {
            scope: scope(&args.scope),
            wanted: Wanted::parse(&args.choice)?,
            sort: args.sort.iter().map(|key| sort_key(key)).collect::<Result<_, _>>()?,
            chosen: None,
            extra: asked.iter().filter(|(is_asked, _)| *is_asked).map(|(_, cost)| *cost).collect(),
            format,
            ports: ports(args.numeric || args.numeric_ports),
            is_numeric: args.numeric,
            namespaces: namespaces(args.choice.netns.as_deref().unwrap_or("all"))?,
            source: args.choice.source.into(),
        };
        if !args.columns.is_empty() {
            ensure!(
                !format.is_fixed(),
                "the layout of TCPVCon is fixed: leave out --columns, or choose another --format"
            );
            query.chosen = Some(query.choose(&args.columns)?);
        }
        let sorted = query.sort.iter().map(|key| key.column);
        let chosen = query.chosen.iter().flatten().copied();
        ensure_of_now(query.wanted.columns().chain(sorted).chain(chosen))?;
        let sorted = query.sort.iter().map(|key| key.column);
        places::ensure_known(query.wanted.columns().chain(sorted), &args.informants)?;
        Ok(query)
    }

    /// The columns that `names` ask for, each once.
    fn choose(&self, names: &[String]) -> anyhow::Result<Vec<&'static Column>> {
        let mut columns = Vec::new();
        if names.first().is_some_and(|name| name.starts_with('+')) {
            columns = self.usual();
        }
        for name in names {
            match name.trim_start_matches('+').trim() {
                "all" => columns.extend(Column::all().iter().filter(|c| c.cost != Cost::Events)),
                name => columns.push(column(name)?),
            }
        }
        Ok(each_once(columns))
    }

    /// The format's columns when none are chosen.
    fn usual(&self) -> Vec<&'static Column> {
        let named = |names: &[&str]| names.iter().filter_map(|name| Column::find(name)).collect();
        let is_asked = |column: &&Column| match column.cost {
            Cost::Free | Cost::Owners => true,
            Cost::Metrics | Cost::Names | Cost::Places => self.extra.contains(&column.cost),
            Cost::Packages | Cost::Workloads | Cost::Events => false,
        };
        match self.format {
            Format::Text => named(TEXT),
            Format::Table | Format::Html => {
                let mut columns: Vec<_> = named(TABLE);
                columns.extend(self.extras());
                columns
            }
            _ => Column::all().iter().filter(|c| c.is_default).filter(is_asked).collect(),
        }
    }

    /// The columns of measurements and places, when they were asked for.
    fn extras(&self) -> impl Iterator<Item = &'static Column> {
        let is_shown = |cost| matches!(cost, Cost::Metrics | Cost::Places);
        Column::all().iter().filter(move |c| is_shown(c.cost) && self.extra.contains(&c.cost))
    }

    /// The columns to print of `rows`: a table names the namespace when there are several.
    pub(super) fn columns(&self, rows: &[Row<'_>]) -> Vec<&'static Column> {
        if let Some(chosen) = &self.chosen {
            return chosen.clone();
        }
        let mut columns = self.usual();
        let is_foreign = |row: &Row<'_>| row.foreign_namespace().is_some();
        if matches!(self.format, Format::Table | Format::Html) && rows.iter().any(is_foreign) {
            columns.extend(Column::find("netns"));
        }
        columns
    }

    /// The columns that text names behind each endpoint.
    pub(super) fn labelled(&self) -> Vec<&'static Column> {
        let is_chosen =
            |column: &&Column| self.chosen.as_ref().is_some_and(|chosen| chosen.contains(column));
        self.extras().filter(|column| !is_chosen(column)).collect()
    }

    /// Whether anything that is shown, compared or sorted by has this cost.
    fn needs(&self, cost: Cost) -> bool {
        let shown = self.chosen.clone().unwrap_or_else(|| self.usual());
        let sorted = self.sort.iter().map(|key| key.column);
        let mut used = shown.into_iter().chain(sorted).chain(self.wanted.columns());
        self.extra.contains(&cost) || used.any(|column| column.cost == cost)
    }

    /// What has to be observed for it.
    pub(super) fn wants(&self) -> Wants {
        let shows_owners = self.format == Format::Text || self.format.is_fixed();
        Wants {
            tcp: self.scope.tcp,
            udp: self.scope.udp,
            owners: shows_owners || OF_OWNERS.iter().any(|cost| self.needs(*cost)),
            metrics: self.needs(Cost::Metrics),
            namespaces: self.namespaces.clone(),
            source: self.source,
        }
    }

    /// Whether names decide which rows there are, or their order.
    pub(super) fn compares_names(&self) -> bool {
        let sorted = self.sort.iter().map(|key| key.column);
        Questions::of(sorted.chain(self.wanted.columns())).hostnames
    }

    /// What has to be asked besides.
    pub(super) fn questions(&self) -> Questions {
        let hostnames =
            self.extra.contains(&Cost::Names) || (self.compares_names() && !self.is_numeric);
        let needs = |cost| self.needs(cost);
        Questions {
            hostnames,
            packages: needs(Cost::Packages),
            workloads: needs(Cost::Workloads),
            places: needs(Cost::Places),
        }
    }

    /// What is to be said of names that would be needed and are not asked for.
    pub(super) fn unasked(&self) -> Vec<String> {
        if !self.is_numeric {
            return Vec::new();
        }
        let sorted = self.sort.iter().map(|key| key.column);
        let chosen = self.chosen.iter().flatten().copied();
        Vec::from_iter(names::unasked(self.wanted.columns().chain(sorted).chain(chosen)))
    }

    /// Whether `row` is shown, as far as can be told before what is asked besides is known.
    pub(super) fn may_show(&self, row: &Row<'_>) -> bool {
        let awaits_answers = !Questions::of(self.wanted.columns()).are_none();
        self.scope.contains(row.endpoint) && (awaits_answers || self.wanted.matches(row))
    }

    /// The rows of `snapshot` that are asked for, in order.
    pub(super) fn rows<'a>(&self, snapshot: &'a Snapshot) -> Vec<Row<'a>> {
        let mut rows = table::select(snapshot, &self.scope, |row| self.wanted.matches(row));
        if self.sort.is_empty() {
            table::sort_by_process(&mut rows);
        } else {
            table::sort(&mut rows, &self.sort);
        }
        rows
    }
}

/// Refuses columns that tell of what happened: of what is there they have no value.
pub(super) fn ensure_of_now(
    mut columns: impl Iterator<Item = &'static Column>,
) -> anyhow::Result<()> {
    match columns.find(|column| column.cost == Cost::Events) {
        Some(column) => {
            bail!("only sockeye watch knows `{}`: it tells of what happens", column.name)
        }
        None => Ok(()),
    }
}

/// The column called `name`, or a sentence with the nearest name.
pub(super) fn column(name: &str) -> anyhow::Result<&'static Column> {
    let hint = || match Column::suggest(name) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`sockeye columns` lists them".to_owned(),
    };
    Column::find(name).with_context(|| format!("there is no column `{name}`: {}", hint()))
}

/// The columns in order, without those that came before.
pub(super) fn each_once(columns: Vec<&'static Column>) -> Vec<&'static Column> {
    let mut seen = Vec::new();
    for column in columns {
        if !seen.contains(&column) {
            seen.push(column);
        }
    }
    seen
}

/// How people read ports, who may have asked for numbers.
pub(super) fn ports(is_numeric: bool) -> Ports {
    if is_numeric { Ports::Numeric } else { Ports::Named }
}

/// One key of `--sort`.
fn sort_key(text: &str) -> anyhow::Result<SortKey> {
    let name = text.strip_prefix(['~', '-']);
    let column = column(name.unwrap_or(text).trim())?;
    Ok(SortKey { column, is_descending: name.is_some() })
}

/// What `--netns` names; a number is a PID, as no sane namespace is called.
pub(super) fn namespaces(text: &str) -> anyhow::Result<Namespaces> {
    Ok(match text {
        "all" => Namespaces::All,
        "self" => Namespaces::Own,
        "" => bail!("--netns needs self, all, a PID or a name"),
        name => name.parse().map_or_else(|_| Namespaces::Named(name.to_owned()), Namespaces::Pid),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::parse;

    fn query(line: &str) -> anyhow::Result<Query> {
        let words: Vec<_> = line.split(' ').map(Into::into).collect();
        Query::parse(&parse(&words).unwrap().list)
    }

    /// What is printed when no row is foreign, as names.
    fn names(line: &str) -> String {
        let columns = query(line).unwrap().columns(&[]);
        columns.iter().map(|column| column.name).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn columns_are_chosen_ordered_and_added() {
        let check = |line: &str, expected: &str| assert_eq!(names(line), expected, "{line}");
        check("sockeye --columns pid,LOCAL,process.pid", "process.pid local");
        check("sockeye --columns pid --columns state", "process.pid network.connection.state");
        check(
            "sockeye --columns +rtt,+pid",
            "network.transport network.connection.state local remote tcp.rtt_us process.pid",
        );
        check(
            "sockeye -f table",
            "network.transport network.connection.state local remote process.pid \
             process.executable.name process.user.name",
        );
        let of_now = Column::all().iter().filter(|column| column.cost != Cost::Events).count();
        assert_eq!(query("sockeye --columns all").unwrap().columns(&[]).len(), of_now);
    }

    #[test]
    fn measurements_and_host_names_are_columns_only_when_asked_for() {
        let check = |line: &str, has_rtt, has_name| {
            let names = names(line);
            assert_eq!(names.contains("tcp.rtt_us"), has_rtt, "{line}");
            assert_eq!(names.contains("network.peer.name"), has_name, "{line}");
        };
        check("sockeye -c", false, false);
        check("sockeye -cm", true, false);
        check("sockeye -cr", false, true);
        check("sockeye -crn", false, false);
        check("sockeye -c --dns 192.0.2.53,[2001:db8::1]:54", false, true);
        check("sockeye -cn --dns 192.0.2.53", false, false);
        check("sockeye --columns rtt,peer.name", true, true);
    }

    #[test]
    fn observes_no_more_than_is_shown_compared_or_sorted_by() {
        let check = |line: &str, owners, metrics| {
            let wants = query(line).unwrap().wants();
            assert_eq!((wants.owners, wants.metrics), (owners, metrics), "{line}");
        };
        check("sockeye", true, false);
        check("sockeye -m", true, true);
        check("sockeye -f tcpvcon", true, false);
        check("sockeye -c --columns local,remote", false, false);
        check("sockeye -c --columns local,pid", true, false);
        check("sockeye -c --columns local --sort ~rtt", false, true);
        check("sockeye -c --columns local nginx", true, false);
        assert!(!query("sockeye").unwrap().wants().udp);
        assert!(query("sockeye -a").unwrap().wants().udp);
    }

    #[test]
    fn sorts_by_keys_with_a_direction() {
        let keys = query("sockeye --sort user,~rtt,-pid").unwrap().sort;
        let shown: Vec<_> = keys.iter().map(|key| (key.column.name, key.is_descending)).collect();
        let expected = [("process.user.name", false), ("tcp.rtt_us", true), ("process.pid", true)];
        assert_eq!(shown, expected);
    }

    #[test]
    fn namespaces_are_words_pids_or_names() {
        let check = |text, expected| assert_eq!(namespaces(text).unwrap(), expected, "{text}");
        check("all", Namespaces::All);
        check("self", Namespaces::Own);
        check("4711", Namespaces::Pid(4711));
        check("web", Namespaces::Named("web".into()));
    }

    #[test]
    fn mistakes_are_sentences_with_a_way_out() {
        let check = |line: &str, expected: &str| {
            assert_eq!(query(line).unwrap_err().to_string(), expected, "{line}");
        };
        check("sockeye --columns prot", "there is no column `prot`: did you mean `proto`?");
        check("sockeye --columns help", "there is no column `help`: `sockeye columns` lists them");
        check("sockeye --sort ~ptd", "there is no column `ptd`: did you mean `pid`?");
        check("sockeye --netns=", "--netns needs self, all, a PID or a name");
        check(
            "sockeye -f tcpvcon --columns pid",
            "the layout of TCPVCon is fixed: leave out --columns, or choose another --format",
        );
    }

    #[test]
    fn what_happens_is_no_column_of_what_is_there() {
        for option in
            [["--filter", "action = closed"], ["--columns", "reason"], ["--sort", "reason"]]
        {
            let words = ["sockeye", option[0], option[1]].map(Into::into);
            let error = Query::parse(&parse(&words).unwrap().list).unwrap_err().to_string();
            assert!(error.starts_with("only sockeye watch knows `event."), "{error}");
        }
    }
}
