//! Windows' rows as endpoints: each names the process that made it, which may have ended since.

use std::sync::Arc;

use hashbrown::HashMap;
use sockeye_core::endpoint::{Birth, Direction, Metrics, Ownerless, Socket};
use sockeye_core::process::Fact;
use sockeye_core::{Endpoint, Owner, Owners, Process, ProcessId, State, script};

use crate::decode::iphlp::{Row, filetime};
use crate::decode::ntprocess::arguments;
use crate::decode::process::decode_command_line;
use crate::raw::Raw;

/// When processes started, by their numbers: 100 ns since 1601.
pub type Starts = HashMap<u32, u64>;

/// What rows leave out, told by whoever can ask for it.
pub trait Told {
    /// The service that made the socket, by its tag. Asked for rows that have a tag alone.
    fn service(&mut self, row: &Row) -> Option<Arc<str>>;

    /// What the stack measured of the connection. Asked for established TCP alone.
    fn metrics(&mut self, row: &Row) -> Option<Box<Metrics>>;
}

/// The endpoints that `rows` are, in their order; `starts` is `None` when owners are not wanted.
pub fn hold(rows: &[Row], starts: Option<&Starts>, told: &mut impl Told) -> Vec<Endpoint> {
    rows.iter().map(|row| endpoint(row, starts, told)).collect()
}

fn endpoint(row: &Row, starts: Option<&Starts>, told: &mut impl Told) -> Endpoint {
    let owners = owners(row, starts);
    let service = match (starts, row.service_tag) {
        (Some(_), Some(_)) => told.service(row),
        _ => None,
    };
    let is_measured = row.state == Some(State::Established) && row.remote.is_some();
    let metrics = if is_measured { told.metrics(row) } else { None };
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
        metrics,
    }
}

/// Who holds `row`: the system notes who made it, and nothing else. A process that began after it, or
/// that is not there, is another one.
fn owners(row: &Row, starts: Option<&Starts>) -> Owners {
    let Some(starts) = starts else { return Owners::None(Ownerless::NotObserved) };
    if row.pid == 0 {
        return Owners::None(ownerless(row.state));
    }
    let is_older = |start: u64| {
        let start = filetime(start.cast_signed());
        row.created.zip(start).is_none_or(|(created, start)| start <= created)
    };
    match starts.get(&row.pid) {
        Some(&start) if is_older(start) => {
            Owners::One(Owner { process: ProcessId { pid: row.pid, start }, fd: None })
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

/// Makes endpoints of the rows that a dump holds, as they were made when it was written.
pub(super) fn replay(raw: &mut Raw) {
    let starts: Starts =
        raw.described.iter().map(|process| (process.id.pid, process.id.start)).collect();
    let named =
        raw.service_tags.iter().map(|(pid, tag, name)| ((*pid, *tag), Some(name.as_str().into())));
    let mut tags = Tags(named.collect());
    for namespace in &mut raw.namespaces {
        let rows = std::mem::take(&mut namespace.rows);
        namespace.held.extend(hold(&rows, raw.has_owners.then_some(&starts), &mut tags));
    }
}

impl Told for Tags {
    fn service(&mut self, row: &Row) -> Option<Arc<str>> {
        self.name((row.pid, row.service_tag?), || None)
    }

    fn metrics(&mut self, _: &Row) -> Option<Box<Metrics>> {
        None
    }
}

/// What Windows tells of a process, but for what follows from it.
#[derive(Debug)]
pub struct Listed {
    /// Its number and start.
    pub id: ProcessId,
    /// Who started it.
    pub parent: Option<u32>,
    /// The image's file name, or what the system has instead.
    pub name: Box<str>,
    /// Where the image is.
    pub path: Fact<Box<str>>,
    /// The command line, trimmed.
    pub command_line: Fact<Box<str>>,
    /// The user, by Sockeye's number.
    pub user_id: Option<u32>,
    /// The services that it runs.
    pub services: Option<Box<str>>,
}

/// The process as a snapshot shows it.
pub fn process(listed: Listed) -> Process {
    Process {
        id: listed.id,
        parent: listed.parent,
        script: script_of(&listed.name, listed.command_line.as_deref().ok()),
        name: listed.name,
        path: listed.path,
        is_deleted: false,
        command_line: listed.command_line,
        user_id: listed.user_id,
        created: filetime(listed.id.start.cast_signed()),
        cgroup: None,
        services: listed.services,
    }
}

/// What an interpreter runs. Its arguments are quoted as on Linux for that.
fn script_of(name: &str, command_line: Option<&str>) -> Option<Box<str>> {
    let arguments = arguments(command_line?).join("\0");
    let line = decode_command_line(arguments.as_bytes())?;
    script::of(&name.to_ascii_lowercase(), &line).map(Into::into)
}

/// What service tags stand for: each is asked for once, however many sockets carry it.
#[derive(Clone, Default, Debug)]
pub struct Tags(HashMap<(u32, u32), Option<Arc<str>>>);

impl Tags {
    /// The name of the service that has `tag` within the process; `ask` is asked where that is not
    /// known, and never again, also where it knows nothing.
    pub fn name(
        &mut self,
        (pid, tag): (u32, u32),
        ask: impl FnOnce() -> Option<Arc<str>>,
    ) -> Option<Arc<str>> {
        self.0.entry((pid, tag)).or_insert_with(ask).clone()
    }

    /// Forgets the tags of processes that are no more: their numbers may be others' by now.
    pub fn keep(&mut self, is_there: impl Fn(u32) -> bool) {
        self.0.retain(|(pid, _), _| is_there(*pid));
    }

    /// Those that have a name: process, tag, name; in the order of their numbers.
    pub fn named(&self) -> Vec<(u32, u32, Arc<str>)> {
        let named =
            self.0.iter().filter_map(|((pid, tag), name)| Some((*pid, *tag, name.clone()?)));
        let mut named: Vec<_> = named.collect();
        named.sort_unstable();
        named
    }
}

#[cfg(test)]
mod tests {
    use sockeye_core::{Timestamp, Transport};

    use super::*;
    use crate::decode::Table;

    /// Starts of processes in the tests: 2023-11-14T22:13:20.5Z.
    const START: u64 = 133_444_736_005_000_000;

    fn row(state: Option<State>, pid: u32, created: Option<Timestamp>) -> Row {
        let transport = if state.is_some() { Transport::Tcp } else { Transport::Udp };
        Row {
            table: Table { transport, is_ipv6: false },
            state,
            local: "10.0.0.5:49710".parse().unwrap(),
            remote: state.map(|_| "10.0.0.9:443".parse().unwrap()),
            pid,
            created,
            service_tag: None,
        }
    }

    /// Counts what it is asked for.
    #[derive(Default)]
    struct Asked {
        tags: Tags,
        services: u32,
        lookups: u32,
        metrics: u32,
    }

    impl Told for Asked {
        fn service(&mut self, row: &Row) -> Option<Arc<str>> {
            self.services += 1;
            let lookups = &mut self.lookups;
            self.tags.name((row.pid, row.service_tag?), || {
                *lookups += 1;
                Some("Dnscache".into())
            })
        }

        fn metrics(&mut self, _: &Row) -> Option<Box<Metrics>> {
            self.metrics += 1;
            None
        }
    }

    #[test]
    fn owners_are_who_made_it_if_they_still_run() {
        let starts = Starts::from_iter([(924, START)]);
        let second = Timestamp::from_unix_ns(1_000_000_000);
        let start = filetime(START.cast_signed()).unwrap();
        let later = Timestamp::from_unix_ns(start.unix_ns() + second.unix_ns());
        let earlier = Timestamp::from_unix_ns(start.unix_ns() - second.unix_ns());
        let owner = Owner { process: ProcessId { pid: 924, start: START }, fd: None };
        let check = |row: Row, expected: Result<Owner, Ownerless>| {
            let found = owners(&row, Some(&starts));
            let expected = expected.map_or_else(Owners::None, Owners::One);
            assert_eq!(found, expected, "{row:?}");
            assert_eq!(owners(&row, None), Owners::None(Ownerless::NotObserved));
        };
        let established = Some(State::Established);
        check(row(established, 924, None), Ok(owner));
        check(row(established, 924, Some(later)), Ok(owner));
        check(row(established, 924, Some(start)), Ok(owner));
        check(row(established, 924, Some(earlier)), Err(Ownerless::Ended));
        check(row(established, 925, Some(later)), Err(Ownerless::Ended));
        check(row(None, 925, None), Err(Ownerless::Ended));
        check(row(Some(State::TimeWait), 0, None), Err(Ownerless::TimeWait));
        check(row(Some(State::SynReceived), 0, None), Err(Ownerless::Handshake));
        check(row(Some(State::FinWait2), 0, None), Err(Ownerless::Orphaned));
        check(row(established, 0, None), Err(Ownerless::NotObserved));
    }

    #[test]
    fn what_rows_leave_out_is_asked_for_once_and_where_it_can_be() {
        let tagged = |tag| Row { service_tag: Some(tag), ..row(None, 924, None) };
        let mut rows = vec![tagged(3); 1000];
        rows.extend(vec![tagged(4); 1000]);
        rows.extend(vec![row(Some(State::Established), 924, None); 10]);
        rows.extend(vec![row(Some(State::TimeWait), 0, None); 10]);
        let starts = Starts::from_iter([(924, START)]);
        let mut asked = Asked::default();
        let held = hold(&rows, Some(&starts), &mut asked);
        assert_eq!((asked.services, asked.lookups, asked.metrics), (2000, 2, 10));
        assert_eq!((held[0].service(), held[2000].service()), (Some("Dnscache"), None));
        assert_eq!(asked.tags.named().len(), 2);
        asked.tags.keep(|_| false);
        assert_eq!(asked.tags.named(), []);
        let mut asked = Asked::default();
        let held = hold(&rows, None, &mut asked);
        assert_eq!((held[0].service(), asked.services), (None, 0));
    }
}
