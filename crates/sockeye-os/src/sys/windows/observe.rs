//! One observation: tables, the processes that they name, the services that made sockets.

use std::io;
use std::time::{SystemTime, UNIX_EPOCH};

use hashbrown::HashSet;
use sockeye_core::endpoint::{Birth, Direction, Ownerless, Socket};
use sockeye_core::snapshot::Source;
use sockeye_core::{Degradation, Endpoint, Owner, Owners, Snapshot, State, Timestamp, Transport};

use super::accounts;
use super::facts::Facts;
use super::list::{Processes, id, list};
use super::privilege::may_look_at_all;
use super::services::Services;
use super::tables::Tables;
use crate::assemble::assemble;
use crate::decode::Table;
use crate::decode::iphlp::{Decoded, Row, filetime, join_remotes};
use crate::error::plain;
use crate::raw::{Keep, Raw, RawNamespace};
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
    if keep == Keep::Answers {
        let reason = "a dump holds what a Linux kernel answers; Windows' tables have no form in it";
        return Err(Error::new(Kind::Unsupported, "dump this machine", "", reason));
    }
    check(wants)?;
    Gatherer::new().gather(wants)
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
}

impl Gatherer {
    pub(super) fn new() -> Self {
        Self { tables: Tables::new(), facts: Facts::default(), services: Services::new() }
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
        let mut raw = Raw::new(now(), Source::Iphlpapi);
        raw.ephemeral_ports = EPHEMERAL;
        raw.has_owners = wants.owners;
        let rows = self.read(wants, &mut raw.degradations)?;
        // After the tables: whoever is named there, and is not listed, has ended.
        let processes = if wants.owners { Self::list(&mut raw.degradations) } else { None };
        let mut namespace = RawNamespace::new(None, "self".to_owned());
        namespace.is_own = true;
        let making = rows.iter().map(|row| self.endpoint(row, processes.as_ref()));
        namespace.held = making.collect();
        if let Some(processes) = &processes {
            self.describe(&mut raw, processes, &namespace.held);
        }
        raw.namespaces.push(namespace);
        Ok(raw)
    }

    /// The rows of all wanted tables.
    fn read(
        &mut self,
        wants: &Wants,
        degradations: &mut Vec<Degradation>,
    ) -> Result<Vec<Row>, Error> {
        let mut rows = Vec::new();
        let mut refused: Option<io::Error> = None;
        let mut is_any_read = false;
        for table in Table::ALL.into_iter().filter(|table| wants.has(table.transport)) {
            match self.tables.read(table) {
                Ok(decoded) => {
                    is_any_read = true;
                    let mut read = take(decoded, degradations);
                    self.read_more(table, &mut read, degradations);
                    rows.append(&mut read);
                }
                Err(error) => {
                    let (table, reason) = (table.name().to_owned(), plain(&error));
                    degradations.push(Degradation::TableUnavailable { table, reason });
                    refused = Some(error);
                }
            }
        }
        match refused {
            Some(error) if !is_any_read => {
                Err(Error::from_io("read the IP Helper's tables", "", &error))
            }
            _ => Ok(rows),
        }
    }

    /// Adds what newer systems tell of `table`.
    fn read_more(&self, table: Table, rows: &mut Vec<Row>, degradations: &mut Vec<Degradation>) {
        let Some(read) = self.tables.read_second(table) else { return };
        match (read, table.transport) {
            (Ok(decoded), Transport::Tcp) => rows.append(&mut take(decoded, degradations)),
            (Ok(decoded), Transport::Udp) => join_remotes(rows, take(decoded, degradations)),
            (Err(error), _) => {
                let what = if table.transport == Transport::Tcp { "bound" } else { "remotes" };
                let table = format!("{} ({what})", table.name());
                degradations.push(Degradation::TableUnavailable { table, reason: plain(&error) });
            }
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

    /// The endpoint that `row` is.
    fn endpoint(&mut self, row: &Row, processes: Option<&Processes>) -> Endpoint {
        let owners = owners(row, processes);
        let service = processes.and(row.service_tag);
        let service = service.and_then(|tag| self.services.by_tag(row.pid, tag));
        let pid = Some(row.pid).filter(|pid| *pid != 0);
        let birth = Birth { created: row.created, pid, service, number: None };
        let is_known = birth != Birth::default();
        Endpoint {
            transport: row.table.transport,
            local: row.local,
            remote: row.remote,
            state: row.state,
            direction: Direction::Unknown,
            namespace: None,
            interface: None,
            socket: Socket { is_ipv6: row.table.is_ipv6, ..Socket::default() },
            user_id: None,
            cgroup: None,
            birth: is_known.then(|| Box::new(birth)),
            owners,
            queue: None,
            metrics: None,
        }
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

/// The rows, and a degradation where some are missing.
fn take(decoded: Decoded, degradations: &mut Vec<Degradation>) -> Vec<Row> {
    if let Some(first) = decoded.first {
        let count = decoded.missing.max(1);
        degradations.push(Degradation::Malformed { count, first: first.to_string() });
    }
    decoded.rows
}

/// Who holds `row`: the system notes who made it, and nothing else. A process that began after it, or
/// that is not there, is another one.
fn owners(row: &Row, processes: Option<&Processes>) -> Owners {
    let Some(processes) = processes else { return Owners::None(Ownerless::NotObserved) };
    if row.pid == 0 {
        return Owners::None(ownerless(row.state));
    }
    let is_older = |start: u64| {
        let start = filetime(start.cast_signed());
        row.created.zip(start).is_none_or(|(created, start)| start <= created)
    };
    match processes.get(&row.pid) {
        Some(listed) if is_older(listed.start) => {
            Owners::One(Owner { process: id(listed), fd: None })
        }
        _ => Owners::None(Ownerless::Ended),
    }
}

/// Why the system names nobody: it does so for what is left of closed connections.
fn ownerless(state: Option<State>) -> Ownerless {
    match state {
        Some(State::TimeWait) => Ownerless::TimeWait,
        Some(State::SynReceived) => Ownerless::Handshake,
        Some(
            State::FinWait1
            | State::FinWait2
            | State::CloseWait
            | State::Closing
            | State::LastAck
            | State::DeleteTcb,
        ) => Ownerless::Orphaned,
        _ => Ownerless::NotObserved,
    }
}

/// The time on the clock of this machine.
pub(super) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_unix_ns(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}
