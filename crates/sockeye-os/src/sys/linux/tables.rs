//! The kernel's tables of sockets in one network namespace: `sock_diag`, else `/proc/net`.

use std::io;
use std::path::Path;

use rustix::net::netdevice;
use sockeye_core::snapshot::Source;
use sockeye_core::{Degradation, Transport};

use super::namespaces::Place;
use super::netlink::SockDiag;
use super::source;
use crate::beside::beside;
use crate::decode::inet_diag::{Measure, Part, decode_answer, encode_dump, encode_tcp_dump};
use crate::decode::proc_net::decode_table;
use crate::decode::{Malformed, SocketRow, Table};
use crate::error::plain;
use crate::raw::{Form, Keep, RawAnswer, RawNamespace};
use crate::{Error, SourceChoice, Wants};

/// What reading the tables of one namespace brought.
#[derive(Debug)]
pub(super) struct Tables {
    /// The namespace with its sockets.
    pub(super) namespace: RawNamespace,
    /// What they were read with.
    pub(super) source: Source,
    /// What is missing.
    pub(super) degradations: Vec<Degradation>,
}

impl Tables {
    fn new(place: &Place, source: Source) -> Self {
        let namespace = RawNamespace {
            pid: place.pid,
            is_own: place.is_own,
            ..RawNamespace::new(place.id, place.label())
        };
        Self { namespace, source, degradations: Vec::new() }
    }

    /// Adds what one dump brought.
    fn add(&mut self, mut dumped: Dumped) {
        let sockets = &mut self.namespace.sockets;
        if sockets.len() < dumped.sockets.len() {
            std::mem::swap(sockets, &mut dumped.sockets); // The smaller part is copied.
        }
        sockets.append(&mut dumped.sockets);
        self.namespace.answers.append(&mut dumped.answers);
        self.note(&dumped.malformed, dumped.interrupted);
    }

    /// Notes what of an answer could not be used.
    fn note(&mut self, malformed: &[Malformed], interrupted: u32) {
        if let Some(first) = malformed.first() {
            let count = u32::try_from(malformed.len()).unwrap_or(u32::MAX);
            self.degradations.push(Degradation::Malformed { count, first: first.to_string() });
        }
        if interrupted > 0 {
            self.degradations.push(Degradation::Unstable { count: interrupted });
        }
    }

    /// Notes that a table could not be read at all.
    fn note_missing(&mut self, table: Table, error: &io::Error) {
        let (table, reason) = (table.name().to_owned(), plain(error));
        self.degradations.push(Degradation::TableUnavailable { table, reason });
    }
}

/// The tables that `wants` needs.
fn wanted_tables(wants: &Wants) -> Vec<Table> {
    Table::ALL.into_iter().filter(|table| wants.has(table.transport)).collect()
}

/// Reads the tables of the namespace that this thread is in, which is `place`.
///
/// # Errors
///
/// When `sock_diag` was asked for by name and does not answer.
pub(super) fn read_here(place: &Place, wants: &Wants, keep: Keep) -> Result<Tables, Error> {
    let mut tables = Tables::new(place, source::expected(wants.source));
    let mut left = wanted_tables(wants);
    if wants.source == SourceChoice::Proc {
        for table in left {
            read_text(&mut tables, table, HERE, keep);
        }
        return Ok(tables);
    }
    // A dump file holds one answer for each table; otherwise both families of TCP come at once.
    if wants.tcp && keep == Keep::Rows && dump_tcp(&mut tables, wants).is_ok() {
        left.retain(|table| table.transport != Transport::Tcp);
    }
    for table in left {
        match dump(table, &encode_dump(table, measure(table, wants)), keep) {
            Ok(dumped) => tables.add(dumped),
            Err(error) if wants.source == SourceChoice::Netlink => {
                return Err(source::no_sock_diag(&error));
            }
            Err(error) => {
                tables.source = Source::Procfs;
                let reason = plain(&error);
                tables.degradations.push(Degradation::SockDiagUnavailable { reason });
                read_text(&mut tables, table, HERE, keep);
            }
        }
    }
    name_interfaces(&mut tables.namespace);
    Ok(tables)
}

/// The texts about the namespace that this thread is in.
const HERE: &str = "/proc/thread-self/net";

/// What is to be measured of the sockets of `table`.
fn measure(table: Table, wants: &Wants) -> Measure {
    let is_measured = wants.metrics && table.transport == Transport::Tcp;
    if is_measured { Measure::TcpInfo } else { Measure::Nothing }
}

/// Reads the tables of `place` from outside, through one of its processes, where entering is not
/// permitted; `None` when it has no process, or when only `sock_diag` will do.
pub(super) fn read_through_process(place: &Place, wants: &Wants, keep: Keep) -> Option<Tables> {
    let pid = place.pid.filter(|_| wants.source != SourceChoice::Netlink)?;
    let directory = format!("/proc/{pid}/net");
    let mut tables = Tables::new(place, Source::Procfs);
    for table in wanted_tables(wants) {
        read_text(&mut tables, table, &directory, keep);
    }
    if !Path::new(&directory).exists() {
        tables.degradations.clear(); // The process has ended meanwhile; nothing is missing.
    }
    Some(tables)
}

/// One table, dumped.
struct Dumped {
    sockets: Vec<SocketRow>,
    answers: Vec<RawAnswer>,
    malformed: Vec<Malformed>,
    interrupted: u32,
}

/// From so many TCP sockets on, two threads dump a part each.
const WORTH_A_THREAD: u64 = 20_000;
/// Connections have a port that the kernel chose, 32768 to 60999 unless set otherwise; with another
/// kernel at the far end, two. About half of them have none above this.
const MIDDLE: u16 = 49_151;

/// Dumps the TCP sockets of both families into `tables`.
fn dump_tcp(tables: &mut Tables, wants: &Wants) -> io::Result<()> {
    let [table, ..] = Table::ALL;
    let dump_part =
        |part: Part| dump(table, &encode_tcp_dump(measure(table, wants), part), Keep::Rows);
    if sockets_in_use(Transport::Tcp).unwrap_or(0) < WORTH_A_THREAD {
        tables.add(dump_part(Part::Whole)?);
        return Ok(());
    }
    let (upper, lower) =
        beside("dump", || dump_part(Part::Above(MIDDLE)), || dump_part(Part::UpTo(MIDDLE)));
    let (upper, lower) = (upper?, lower?);
    tables.add(lower);
    tables.add(upper);
    Ok(())
}

/// How many sockets of `transport` are in the tables of this thread's namespace: those in TIME-WAIT
/// and in a handshake do not count, nor do TCP sockets that are only bound (`sock_prot_inuse_add`).
pub(super) fn sockets_in_use(transport: Transport) -> Option<u64> {
    let [ipv4, ipv6] = match transport {
        Transport::Tcp => ["TCP:", "TCP6:"],
        Transport::Udp => ["UDP:", "UDP6:"],
    };
    // Without IPv6 in the kernel there is no second file.
    let of_ipv6 = socket_statistic("sockstat6", ipv6, "inuse").unwrap_or(0);
    Some(socket_statistic("sockstat", ipv4, "inuse")? + of_ipv6)
}

/// How many connections of this thread's namespace are in TIME-WAIT.
pub(super) fn connections_waiting() -> Option<u64> {
    socket_statistic("sockstat", "TCP:", "tw")
}

/// The number behind `name` in a line of a file with statistics: `TCP: inuse 4 orphan 0 tw 0 …`.
fn socket_statistic(file: &str, line: &str, name: &str) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/thread-self/net/{file}")).ok()?;
    let line = text.lines().find_map(|one| one.strip_prefix(line))?;
    let mut words = line.split_whitespace().skip_while(|word| *word != name);
    words.nth(1)?.parse().ok()
}

/// Sends `request` about sockets of `table` and decodes all that comes.
fn dump(table: Table, request: &[u8], keep: Keep) -> io::Result<Dumped> {
    let (mut sockets, mut answers, mut malformed) = (Vec::new(), Vec::new(), Vec::new());
    let mut take = |row: Result<SocketRow, Malformed>| match row {
        Ok(row) => sockets.push(row),
        Err(problem) => malformed.push(problem),
    };
    let outcome = SockDiag::open()?.ask(request, |datagram| {
        if keep == Keep::Answers {
            answers.push(RawAnswer { table, form: Form::Netlink, bytes: datagram.to_vec() });
        }
        decode_answer(datagram, table.transport, &mut take)
    })?;
    Ok(Dumped { sockets, answers, malformed, interrupted: outcome.interrupted })
}

/// Reads one table from the `net` directory of a process.
fn read_text(tables: &mut Tables, table: Table, directory: &str, keep: Keep) {
    let bytes = match std::fs::read(format!("{directory}/{}", table.name())) {
        Ok(bytes) => bytes,
        // Without IPv6 in the kernel there is no such table, and nothing is missing.
        Err(error) if error.kind() == io::ErrorKind::NotFound && table.is_ipv6 => return,
        Err(error) => return tables.note_missing(table, &error),
    };
    let mut decoded = decode_table(table.transport, table.family(), &bytes);
    tables.namespace.sockets.append(&mut decoded.rows);
    tables.note(&decoded.malformed, 0);
    if keep == Keep::Answers {
        tables.namespace.answers.push(RawAnswer { table, form: Form::ProcNet, bytes });
    }
}

/// The TCP sockets of this thread's namespace that are neither established nor only bound.
pub(super) fn dump_unsettled(wants: &Wants) -> io::Result<Vec<SocketRow>> {
    let [table, ..] = Table::ALL;
    let request = encode_tcp_dump(measure(table, wants), Part::Unsettled);
    Ok(dump(table, &request, Keep::Rows)?.sockets)
}

/// Looks up the names of the interfaces that sockets name by number.
fn name_interfaces(namespace: &mut RawNamespace) {
    namespace.interfaces = interface_names(namespace.sockets.iter().map(|row| row.interface));
}

/// The names of this thread's namespace for interfaces by number; 0 is none.
pub(super) fn interface_names(numbers: impl Iterator<Item = u32>) -> Vec<(u32, String)> {
    let mut numbers: Vec<u32> = numbers.filter(|number| *number != 0).collect();
    numbers.sort_unstable();
    numbers.dedup();
    if numbers.is_empty() {
        return Vec::new();
    }
    // Any socket of the namespace will do; without one the numbers stay numbers.
    let Ok(diag) = SockDiag::open() else { return Vec::new() };
    let name = |number: u32| Some((number, netdevice::index_to_name(diag.as_fd(), number).ok()?));
    numbers.into_iter().filter_map(name).collect()
}
