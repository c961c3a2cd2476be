//! One observation: tables, the processes that they name, the services that made sockets.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use hashbrown::HashSet;
use sockeye_core::endpoint::Metrics;
use sockeye_core::snapshot::Source;
use sockeye_core::{Degradation, Endpoint, Snapshot, Timestamp, Transport};

use super::accounts;
use super::estats::EStats;
use super::facts::Facts;
use super::list::{Processes, list};
use super::privilege::may_look_at_all;
use super::services::Services;
use super::tables::{Answer, Tables, refused_of};
use crate::assemble::assemble;
use crate::assemble::noted::{Starts, Told, hold};
use crate::decode::Table;
use crate::decode::iphlp::{Row, decode_table, join, used};
use crate::error::plain;
use crate::raw::{self, Keep, Raw, RawAnswer, RawNamespace};
use crate::win32::counters::LIMIT;
use crate::win32::refusal::Operation;
use crate::{Error, Kind, Namespaces, SourceChoice, Wants};

/// Ports that Windows gives to whoever connects, unless an administrator chose others (netsh int ipv4
/// show dynamicport tcp): since Vista those of IANA.
const EPHEMERAL: (u16, u16) = (49_152, 65_535);

/// See [`crate::observe`].
pub(crate) fn observe(wants: &Wants) -> Result<Snapshot, Error> {
    gather(wants, Keep::Rows).map(assemble)
}

/// The raw answers behind [`observe`].
pub(crate) fn gather(wants: &Wants, keep: Keep) -> Result<Raw, Error> {
    check(wants)?;
    Gatherer::new().gather_and(wants, keep)
}

/// Refuses what only Linux has.
pub(super) fn check(wants: &Wants) -> Result<(), Error> {
    let refuse = |operation, reason| Err(Error::new(Kind::Unsupported, operation, "", reason));
    if matches!(wants.source, SourceChoice::Ebpf | SourceChoice::Netlink | SourceChoice::Proc) {
        let reason = "only Linux has that: leave --source out, or choose etw or iphlpapi";
        return refuse("observe by the source that was asked for", reason);
    }
    match wants.namespaces {
        Namespaces::All | Namespaces::Own => Ok(()),
        Namespaces::Pid(_) | Namespaces::Named(_) => {
            refuse("observe a network namespace", "only Linux has them: leave --netns out")
        }
    }
}

/// What is kept from one observation to the next.
#[derive(Debug)]
pub(super) struct Gatherer {
    tables: Tables,
    facts: Facts,
    services: Services,
    estats: EStats,
}

impl Gatherer {
    pub(super) fn new() -> Self {
        Self {
            tables: Tables::new(),
            facts: Facts::default(),
            services: Services::new(),
            estats: EStats::new(),
        }
    }

    /// Whether connections that nobody counts are to be counted for us: only a watch may ask for it.
    pub(super) fn set_measuring(&mut self, is_measuring: bool) {
        self.estats.set_counting(is_measuring);
    }

    /// What is known of processes.
    pub(super) fn facts(&mut self) -> &mut Facts {
        &mut self.facts
    }

    /// Everything that is wanted.
    ///
    /// # Errors
    ///
    /// When no table at all could be read.
    pub(super) fn gather(&mut self, wants: &Wants) -> Result<Raw, Error> {
        self.gather_and(wants, Keep::Rows)
    }

    fn gather_and(&mut self, wants: &Wants, keep: Keep) -> Result<Raw, Error> {
        let mut raw = Raw::new(now(), Source::Iphlpapi);
        raw.ephemeral_ports = EPHEMERAL;
        raw.has_owners = wants.owners;
        let mut read = Read { keep, ..Read::default() };
        self.read(wants, &mut read)?;
        raw.degradations = read.degradations;
        // After the tables: whoever is named there, and is not listed, has ended.
        let processes = if wants.owners { Self::list(&mut raw.degradations) } else { None };
        let mut namespace = RawNamespace::new(None, "self".to_owned());
        namespace.is_own = true;
        namespace.answers = read.answers;
        let starts = processes.as_ref().map(starts);
        let estats = wants.metrics.then_some(&mut self.estats);
        let mut told = Asking { services: &mut self.services, estats };
        told.look(raw.time);
        namespace.held = hold(&read.rows, starts.as_ref(), &mut told);
        raw.degradations.extend(told.finish());
        if keep == Keep::Answers {
            raw.service_tags = self.services.named();
        }
        if let Some(processes) = &processes {
            self.describe(&mut raw, processes, &namespace.held);
        }
        raw.namespaces.push(namespace);
        Ok(raw)
    }

    /// Reads all wanted tables.
    fn read(&mut self, wants: &Wants, read: &mut Read) -> Result<(), Error> {
        let mut refused = None;
        let mut is_any_read = false;
        for table in Table::ALL.into_iter().filter(|table| wants.has(table.transport)) {
            match self.tables.read(table) {
                Ok(answer) => {
                    is_any_read = true;
                    read.take(table, &answer);
                    self.read_more(table, read);
                }
                Err(error) => {
                    read.miss(table.name().to_owned(), error.reason.clone());
                    refused = Some(error);
                }
            }
        }
        refused.filter(|_| !is_any_read).map_or(Ok(()), Err)
    }

    /// Adds what newer systems tell of `table`.
    fn read_more(&self, table: Table, read: &mut Read) {
        match self.tables.read_second(table) {
            Some(Ok(answer)) => read.take(table, &answer),
            Some(Err(error)) => {
                let what = if table.transport == Transport::Tcp { "bound" } else { "remotes" };
                read.miss(format!("{} ({what})", table.name()), error.reason);
            }
            None => {}
        }
    }

    fn list(degradations: &mut Vec<Degradation>) -> Option<Processes> {
        // What was not granted, doctor tells: names and paths say it themselves.
        may_look_at_all();
        let listed = list();
        listed
            .map_err(|error| {
                let (table, reason) = ("process".to_owned(), plain(&error));
                degradations.push(Degradation::TableUnavailable { table, reason });
            })
            .ok()
    }

    /// Adds the processes that hold `endpoints`, and their users.
    fn describe(&mut self, raw: &mut Raw, processes: &Processes, endpoints: &[Endpoint]) {
        self.facts.keep(processes);
        self.services.keep(|pid| processes.contains_key(&pid));
        let owners = endpoints.iter().flat_map(|endpoint| endpoint.owners.as_slice());
        let pids: HashSet<u32> = owners.map(|owner| owner.process.pid).collect();
        let listed = pids.iter().filter_map(|pid| processes.get(pid));
        raw.described = listed.map(|listed| self.facts.of(listed)).collect();
        let users: HashSet<u32> = raw.described.iter().filter_map(|it| it.user_id).collect();
        let named = |id| Some((id, accounts::name(id)?.into()));
        raw.users = users.into_iter().filter_map(named).collect();
    }
}

/// What the tables told.
struct Read {
    keep: Keep,
    rows: Vec<Row>,
    answers: Vec<RawAnswer>,
    degradations: Vec<Degradation>,
}

impl Default for Read {
    fn default() -> Self {
        let (rows, answers, degradations) = Default::default();
        Self { keep: Keep::Rows, rows, answers, degradations }
    }
}

impl Read {
    fn take(&mut self, table: Table, Answer { form, bytes }: &Answer<'_>) {
        let decoded = decode_table(table, *form, bytes);
        self.degradations.extend(decoded.degradation());
        join(&mut self.rows, decoded.rows, (table, *form));
        if self.keep == Keep::Answers {
            let bytes = used(table, *form, bytes).to_vec();
            self.answers.push(RawAnswer { table, form: raw::Form::Iphlp(*form), bytes });
        }
    }

    fn miss(&mut self, table: String, reason: String) {
        self.degradations.push(Degradation::TableUnavailable { table, reason });
    }
}

/// Asks for what rows leave out.
struct Asking<'a> {
    services: &'a mut Services,
    /// `None` when measurements are not wanted.
    estats: Option<&'a mut EStats>,
}

impl Asking<'_> {
    fn look(&mut self, now: Timestamp) {
        self.estats.iter_mut().for_each(|estats| estats.look(now));
    }

    /// Ends a look; says what could not be measured and should have been.
    fn finish(self) -> Option<Degradation> {
        let estats = self.estats?;
        estats.finish();
        let (waiting, refused) = estats.unmeasured();
        let reason = match refused {
            Some(code) => refused_of((Operation::Count, ""), code).reason,
            None if waiting > 0 => format!("one look asks about {LIMIT}"),
            None => return None,
        };
        Some(Degradation::Unmeasured { reason })
    }
}

impl Told for Asking<'_> {
    fn service(&mut self, row: &Row) -> Option<Arc<str>> {
        self.services.of(row)
    }

    fn metrics(&mut self, row: &Row) -> Option<Box<Metrics>> {
        self.estats.as_mut()?.measure(row).map(Box::new)
    }
}

/// When listed processes started.
fn starts(processes: &Processes) -> Starts {
    processes.values().map(|listed| (listed.pid, listed.start)).collect()
}

/// The time on the clock of this machine.
pub(super) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_unix_ns(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}
