//! The sockets of one namespace that no process holds.
//!
//! Listeners, and connections on their way in or out, are asked for by their state, which is cheap.
//! The kernel keeps count of its sockets: where those found do not add up to it, some are established
//! and held by nobody (not yet accepted, the kernel's own, on their way from process to process), and
//! every table is gone through.

use std::io;

use hashbrown::HashSet;
use sockeye_core::{Degradation, State, Transport};

use super::cookies::Cookies;
use super::held::Population;
use super::list::Lists;
use crate::Wants;
use crate::decode::SocketRow;
use crate::decode::bpf::Record;
use crate::raw::Keep;
use crate::sys::linux::namespaces::Place;
use crate::sys::linux::tables::{connections_waiting, dump_unsettled, read_here, sockets_in_use};

/// What is known of the held sockets of one namespace.
#[derive(Default)]
pub(super) struct Known {
    cookies: Cookies,
    /// How many of them are in the tables of TCP and of UDP.
    tcp: u64,
    udp: u64,
    has_handshakes: bool,
}

impl Known {
    /// Takes note of what is held, each socket once.
    pub(super) fn new(held: &mut Population) -> Self {
        let cookies = held.settle();
        Self { cookies, tcp: held.tcp, udp: held.udp, has_handshakes: held.has_handshakes }
    }

    /// Whether the kernel counts as many TCP sockets, and nothing that it does not count.
    fn is_all_of_tcp(&self) -> bool {
        !self.has_handshakes
            && sockets_in_use(Transport::Tcp) == Some(self.tcp)
            && connections_waiting() == Some(0)
    }

    fn has(&self, cookie: u64) -> bool {
        self.cookies.contains(cookie)
    }
}

/// What was asked for by state, before descriptors were looked at.
pub(super) struct Unsettled {
    rows: Vec<SocketRow>,
    /// How many sockets of TCP the kernel counted then.
    count: u64,
}

impl Unsettled {
    /// Asks in this thread's namespace, if that is worth its while and something answers.
    pub(super) fn ask(wants: &Wants) -> Option<Self> {
        let count = sockets_in_use(Transport::Tcp)?;
        if !wants.tcp || count < WORTH_ASKING {
            return None;
        }
        Some(Self { count, rows: dump_unsettled(wants).ok()? })
    }
}

/// With fewer sockets than this, going through all tables costs a few milliseconds.
const WORTH_ASKING: u64 = 16_384;

/// What was found.
#[derive(Default)]
pub(super) struct Alone {
    /// Sockets that are not among the held ones.
    pub(super) rows: Vec<SocketRow>,
    /// What could not be read.
    pub(super) degradations: Vec<Degradation>,
}

/// How sure it has to be that nothing is missing.
pub(super) enum Care {
    /// Numbers that fit suffice, and what was asked for by state beforehand.
    Numbers(Option<Unsettled>),
    /// Every table is gone through: two changes in one instant could hide each other.
    Tables,
}

/// Reads what this thread's namespace, which is `place`, has besides what is `known`.
pub(super) fn read_alone(
    lists: &Lists,
    (place, wants): (&Place, &Wants),
    known: &Known,
    care: Care,
) -> Alone {
    let mut alone = Alone::default();
    let mut missed = HashSet::new();
    let trusts_numbers = matches!(care, Care::Numbers(_));
    let has_all_of_tcp = match care {
        Care::Numbers(Some(asked)) => take_unsettled(&mut alone, known, asked),
        Care::Numbers(None) => known.is_all_of_tcp(),
        Care::Tables => false,
    };
    if wants.tcp && !has_all_of_tcp {
        alone.rows.clear();
        let wants = &Wants { udp: false, ..wants.clone() };
        missed = iterate(&mut alone, (place, wants), known, |take| lists.each_tcp(take));
    }
    let has_all_of_udp = trusts_numbers && sockets_in_use(Transport::Udp) == Some(known.udp);
    if wants.udp && !has_all_of_udp {
        let wants = &Wants { tcp: false, ..wants.clone() };
        missed.extend(iterate(&mut alone, (place, wants), known, |take| lists.each_udp(take)));
    }
    if !missed.is_empty() {
        add_missed(&mut alone, place, (wants, missed));
    }
    // A table that is read while it changes may repeat a row.
    let mut seen = HashSet::new();
    alone.rows.retain(|row| row.cookie.is_none_or(|cookie| seen.insert(cookie)));
    alone
}

/// Takes TCP's listeners and sockets on their way; whether that is all there is.
fn take_unsettled(alone: &mut Alone, known: &Known, asked: Unsettled) -> bool {
    let is_unknown = |row: &SocketRow| row.cookie.is_none_or(|cookie| !known.has(cookie));
    alone.rows.extend(asked.rows.into_iter().filter(is_unknown));
    let of = |states: &[State]| {
        let is_one = |row: &&SocketRow| row.state.is_some_and(|state| states.contains(&state));
        alone.rows.iter().filter(is_one).count() as u64
    };
    // What has these states is what is left of a socket, or the beginning of one, which the kernel
    // does not count. Now and then it is a socket that counts; then too few are expected. To expect
    // either would take one of these for an established socket that nobody holds.
    let uncounted = of(&[State::TimeWait, State::FinWait2, State::SynReceived]);
    let expected = known.tcp + alone.rows.len() as u64 - uncounted;
    // One that opens and one that closes meanwhile add up as well: nothing must have changed.
    asked.count == expected && sockets_in_use(Transport::Tcp) == Some(expected)
}

/// Goes through a table from end to end, by `sock_diag` where the kernel has refused the iterator.
/// Gives back the cookies of sockets that a descriptor belongs to although no process was seen to hold
/// it.
fn iterate(
    alone: &mut Alone,
    (place, wants): (&Place, &Wants),
    known: &Known,
    each: impl FnOnce(&mut dyn FnMut(Record<'_>)) -> io::Result<()>,
) -> HashSet<u64> {
    let mut missed = HashSet::new();
    let result = each(&mut |record| match record {
        Record::Socket(socket) if !known.has(socket.cookie()) => {
            alone.rows.extend(socket.row(wants.metrics));
        }
        Record::Cookie(cookie) if !known.has(cookie) => {
            missed.insert(cookie);
        }
        _ => {}
    });
    if result.is_err() {
        let is_unknown = |row: &SocketRow| row.cookie.is_none_or(|cookie| !known.has(cookie));
        match read_here(place, wants, Keep::Rows) {
            Ok(tables) => {
                alone.rows.extend(tables.namespace.sockets.into_iter().filter(is_unknown));
                alone.degradations.extend(tables.degradations);
            }
            Err(error) => {
                let (table, reason) = ("iterator".to_owned(), error.to_string());
                alone.degradations.push(Degradation::TableUnavailable { table, reason });
            }
        }
    }
    missed
}

/// Adds the sockets that a descriptor belongs to and that no process was seen to hold: mostly a
/// listener of a process that may not be looked at, so those are asked for first.
fn add_missed(alone: &mut Alone, place: &Place, (wants, mut missed): (&Wants, HashSet<u64>)) {
    let unsettled = if wants.tcp { dump_unsettled(wants).unwrap_or_default() } else { Vec::new() };
    take_missed(alone, &mut missed, unsettled);
    if missed.is_empty() {
        return;
    }
    let Ok(tables) = read_here(place, wants, Keep::Rows) else { return };
    take_missed(alone, &mut missed, tables.namespace.sockets);
    alone.degradations.extend(tables.degradations);
}

/// Adds those of `rows` that are `missed`, which they are no more then.
fn take_missed(alone: &mut Alone, missed: &mut HashSet<u64>, rows: Vec<SocketRow>) {
    let is_missed = |row: &SocketRow| row.cookie.is_some_and(|cookie| missed.remove(&cookie));
    alone.rows.extend(rows.into_iter().filter(is_missed));
}
