//! One observation: first the tables, then the descriptors, then what does not fit.
//!
//! Tables and descriptors cannot be read in one instant. Every socket in the tables existed before
//! the first process is looked at; so one that no process holds has closed since, or moved to a
//! process that had been looked at already, or belongs to the kernel, or to a process that may not
//! be looked at. It is looked up again: gone means that it vanished. For those that are still
//! there, the processes that came in the meantime are looked at too.

use hashbrown::{HashMap, HashSet};
use rustix::fs::CWD;
use rustix::io::Errno;
use rustix::time::{ClockId, clock_gettime};
use sockeye_core::{Degradation, NamespaceId, Snapshot, Timestamp};

use super::cgroups::read_cgroups;
use super::facts::read_proc;
use super::namespaces::{self, Place, inside_each};
use super::netlink::SockDiag;
use super::source;
use super::support::may_see_hidden;
use super::tables::{Tables, read_here, read_through_process};
use super::users::read_users;
use super::walk::{WORTH_A_THREAD, Walk, read_pids, walk};
use crate::assemble::assemble;
use crate::decode::inet_diag::{Measure, Target, encode_lookup};
use crate::decode::mounts::{decode_mounts, is_proc_restricted};
use crate::decode::{SocketRow, Table};
use crate::error::plain;
use crate::raw::{Keep, Raw, RawProcess};
use crate::{Error, Kind, Namespaces, Wants};

/// See [`crate::observe`].
pub(crate) fn observe(wants: &Wants) -> Result<Snapshot, Error> {
    Ok(assemble(source::gather(wants)?))
}

/// Gathers the machine's raw answers.
pub(crate) fn gather(wants: &Wants, keep: Keep) -> Result<Raw, Error> {
    gather_from(wants, keep, |_| {})
}

/// Gathers the machine's raw answers; calls `prepare` with namespaces before it reads their tables.
pub(super) fn gather_from(
    wants: &Wants,
    keep: Keep,
    mut prepare: impl FnMut(&[Place]),
) -> Result<Raw, Error> {
    source::check(wants.source)?;
    let mut places = namespaces::find(&wants.namespaces, &list_processes()?)?;
    let mut raw = Raw {
        boot: boot_time(),
        ticks_per_second: rustix::param::clock_ticks_per_second(),
        ephemeral_ports: ephemeral_ports(),
        has_owners: wants.owners,
        ..Raw::new(now(), source::expected(wants.source))
    };
    prepare(&places);
    add_tables(&mut raw, &places, (wants, keep))?;
    if raw.namespaces.is_empty() {
        return Err(not_permitted(&places));
    }
    if wants.owners {
        let mut holders = find_holders(&mut raw, &places)?;
        let held = held_namespaces(wants, &places, &holders.walked);
        if !held.is_empty() {
            prepare(&held);
            add_tables(&mut raw, &held, (wants, keep))?;
            places.extend(held);
            holders = find_holders(&mut raw, &places)?;
        }
        note_hidden(&mut raw, &holders);
        raw.processes = holders.walked.processes;
        raw.cgroups = read_cgroups(&raw, &holders.unheld);
    }
    raw.users = read_users(&raw);
    Ok(raw)
}

/// The one namespace that was asked for may not be looked into.
pub(super) fn not_permitted(places: &[Place]) -> Error {
    let label = places.first().map(Place::label).unwrap_or_default();
    Error::new(Kind::Denied, "enter the network namespace", label, "not permitted: run as root")
}

/// The processes there are.
pub(super) fn list_processes() -> Result<Vec<u32>, Error> {
    read_pids().map_err(|errno| Error::from_io("list the processes in", "/proc", &errno.into()))
}

/// Reads the tables of `places` and adds them to `raw`, and what could not be read.
fn add_tables(raw: &mut Raw, places: &[Place], (wants, keep): (&Wants, Keep)) -> Result<(), Error> {
    let (own, others): (Vec<Place>, Vec<Place>) = places.iter().cloned().partition(|p| p.is_own);
    for place in own {
        let tables = read_here(&place, wants, keep)?;
        raw.source = tables.source;
        add_table(raw, tables);
    }
    if others.is_empty() {
        return Ok(());
    }
    let mut denied: u32 = 0;
    let mut read_from_outside: u32 = 0;
    let visited = inside_each(&others, |place| read_here(place, wants, keep));
    for (visit, place) in visited.into_iter().zip(&others) {
        match visit {
            Ok(tables) => add_table(raw, tables?),
            Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
                match read_through_process(place, wants, keep) {
                    Some(tables) => {
                        read_from_outside += 1;
                        add_table(raw, tables);
                    }
                    None => denied += 1,
                }
            }
            Err(error) if is_gone(&error) => {}
            Err(error) => raw.degradations.push(Degradation::TableUnavailable {
                table: format!("network namespace {}", place.label()),
                reason: plain(&error),
            }),
        }
    }
    // A named namespace that may not be entered may well be one that was read through a process;
    // nothing tells, so only those beyond are certainly missing.
    let count = denied.saturating_sub(read_from_outside);
    if count > 0 {
        raw.degradations.push(Degradation::NamespacesDenied { count });
    }
    Ok(())
}

/// Whether a namespace could not be entered because it has ended, or because another mount covers
/// the file that stood for it.
pub(super) fn is_gone(error: &std::io::Error) -> bool {
    let errno = error.raw_os_error().map(Errno::from_raw_os_error);
    matches!(errno, Some(Errno::NOENT | Errno::SRCH | Errno::INVAL))
}

/// Adds the tables of one namespace.
fn add_table(raw: &mut Raw, tables: Tables) {
    raw.namespaces.push(tables.namespace);
    raw.degradations.extend(tables.degradations);
}

/// Namespaces without a process that some process keeps open by a descriptor.
fn held_namespaces(wants: &Wants, places: &[Place], walked: &Walk) -> Vec<Place> {
    if wants.namespaces != Namespaces::All {
        return Vec::new();
    }
    let mut known: HashSet<Option<NamespaceId>> = places.iter().map(|place| place.id).collect();
    let unknown =
        walked.namespaces.iter().filter(|(id, _)| known.insert(Some(NamespaceId::Inode(*id))));
    unknown.map(|(id, path)| Place::at(*id, path.clone())).collect()
}

/// What was found of the holders of all sockets, and what was not.
#[derive(Default)]
struct Holders {
    walked: Walk,
    /// Inodes that are there and that nobody was seen to hold.
    unheld: HashSet<u64>,
}

/// Looks for the holders of all sockets in `raw`; see the top of this file.
fn find_holders(raw: &mut Raw, places: &[Place]) -> Result<Holders, Error> {
    let pids = list_processes()?;
    let inodes =
        raw.namespaces.iter().flat_map(|namespace| &namespace.sockets).map(|row| row.inode);
    let count = raw.namespaces.iter().map(|namespace| namespace.sockets.len()).sum();
    let mut unheld = HashSet::with_capacity(count);
    unheld.extend(inodes.filter(|inode| *inode != 0));
    let mut walked = walk(&pids, &unheld);
    remove_held(&mut unheld, &walked);
    forget_vanished(raw, places, &mut unheld);
    if !unheld.is_empty() {
        let again = walk(&worth_another_look(&pids, &walked), &unheld);
        remove_held(&mut unheld, &again);
        add_processes(&mut walked, again);
        forget_vanished(raw, places, &mut unheld);
    }
    Ok(Holders { walked, unheld })
}

/// Takes off `inodes` those that a process holds.
fn remove_held(inodes: &mut HashSet<u64>, walked: &Walk) {
    for (_, inode) in walked.processes.iter().flat_map(|process| &process.sockets) {
        inodes.remove(inode);
    }
}

/// The processes that may hold what none was seen to hold: new ones, and old ones that it was
/// passed to after they were looked at. Where some processes may not be looked at, one of those
/// most likely holds it; then, of the old ones, those are looked at again that hold other sockets,
/// unless they are many.
fn worth_another_look(pids: &[u32], walked: &Walk) -> Vec<u32> {
    let mut worth = read_pids().unwrap_or_default();
    if walked.denied > 0 {
        let mut spared: HashSet<u32> = pids.iter().copied().collect();
        if walked.processes.len() < WORTH_A_THREAD {
            for holder in &walked.processes {
                spared.remove(&holder.pid);
            }
        }
        worth.retain(|pid| !spared.contains(pid));
    }
    worth
}

/// Adds what the second walk found to the first.
fn add_processes(walked: &mut Walk, again: Walk) {
    let key = |process: &RawProcess| (process.pid, process.start);
    let known = walked.processes.iter().enumerate().map(|(index, process)| (key(process), index));
    let known: HashMap<_, usize> = known.collect();
    for process in again.processes {
        match known.get(&key(&process)).and_then(|index| walked.processes.get_mut(*index)) {
            Some(seen) => seen.sockets.extend(process.sockets),
            None => walked.processes.push(process),
        }
    }
}

/// Looks at the `unheld` sockets again, notes those that are gone and takes them off the set.
pub(super) fn forget_vanished(raw: &mut Raw, places: &[Place], unheld: &mut HashSet<u64>) {
    for namespace in &mut raw.namespaces {
        let suspects = namespace.sockets.iter().filter(|row| unheld.contains(&row.inode));
        let suspects: Vec<_> = suspects.filter(|row| row.cookie.is_some()).map(target_of).collect();
        if suspects.is_empty() {
            continue;
        }
        let place = places.iter().find(|place| place.id == namespace.id);
        let gone = place.map(|place| gone_from(place, &suspects)).unwrap_or_default();
        let is_gone = |row: &&SocketRow| row.cookie.is_some_and(|cookie| gone.contains(&cookie));
        for row in namespace.sockets.iter().filter(is_gone) {
            unheld.remove(&row.inode);
        }
        namespace.vanished.extend(gone);
    }
}

/// The cookies of those `suspects` that are gone from `place`.
fn gone_from(place: &Place, suspects: &[Target]) -> HashSet<u64> {
    if place.is_own {
        return find_gone(suspects);
    }
    let visited = inside_each(std::slice::from_ref(place), |_| find_gone(suspects));
    visited.into_iter().next().and_then(Result::ok).unwrap_or_default()
}

/// A request for exactly this socket.
fn target_of(row: &SocketRow) -> Target {
    Target {
        table: row.table(),
        local: row.local,
        remote: row.remote,
        interface: row.interface,
        cookie: row.cookie,
    }
}

/// Up to so many sockets are looked up one by one; for more, reading the tables again is cheaper.
const WORTH_LOOKUPS: usize = 64;

/// The cookies of those `suspects` that the kernel does not list any more, or whose process has
/// closed them since.
///
/// A look-up by addresses can prove that a socket is there, never that it is gone: of listeners
/// that share a port (SO_REUSEPORT) it finds any one, and bound TCP sockets it does not find at
/// all. Whatever it does not find is looked for in the tables.
fn find_gone(suspects: &[Target]) -> HashSet<u64> {
    let Ok(mut diag) = SockDiag::open() else {
        return HashSet::new();
    };
    let mut is_there = |target: &Target| {
        let found = diag.ask_once(target.table, &encode_lookup(target)).ok().flatten();
        found.is_some_and(|row| row.cookie == target.cookie && row.inode != 0)
    };
    let is_few = suspects.len() <= WORTH_LOOKUPS;
    let unsure: Vec<&Target> =
        suspects.iter().filter(|target| !(is_few && is_there(target))).collect();
    let tables = Table::ALL.into_iter();
    tables.flat_map(|table| find_gone_from(table, &mut diag, &unsure)).collect()
}

/// The cookies of those `suspects` of `table` that are not in it any more.
fn find_gone_from(table: Table, diag: &mut SockDiag, suspects: &[&Target]) -> HashSet<u64> {
    let here = suspects.iter().filter(|target| target.table == table);
    let mut missing: HashSet<u64> = here.filter_map(|target| target.cookie).collect();
    if missing.is_empty() {
        return missing;
    }
    let dumped = diag.dump(table, Measure::Nothing, |row| {
        let row = row.ok().filter(|row| row.inode != 0);
        if let Some(cookie) = row.and_then(|row| row.cookie) {
            missing.remove(&cookie);
        }
    });
    if dumped.is_ok() { missing } else { HashSet::new() }
}

/// Notes processes that could not be looked at, and with them what nobody was seen to hold.
fn note_hidden(raw: &mut Raw, holders: &Holders) {
    if let Some(errno) = holders.walked.failed {
        let (table, reason) = ("/proc/PID/fd".to_owned(), plain(&errno.into()));
        raw.degradations.push(Degradation::TableUnavailable { table, reason });
    }
    if holders.walked.denied > 0 {
        raw.degradations.push(Degradation::ProcessesDenied { count: holders.walked.denied });
    }
    // Even who may see hidden processes does not see those with more capabilities than his own; of
    // such a one is what nobody was seen to hold.
    let may_be_hidden = !may_see_hidden() || !holders.unheld.is_empty();
    let is_restricted =
        || is_proc_restricted(&decode_mounts(&read_proc("self/mountinfo").unwrap_or_default()));
    if may_be_hidden && is_restricted() {
        raw.degradations.push(Degradation::ProcessesHidden);
    }
    if !holders.unheld.is_empty() && is_enclosed() {
        raw.degradations.push(Degradation::OutsidePidNamespace);
    }
}

/// Whether Sockeye runs in a PID namespace that is not the machine's first one.
pub(super) fn is_enclosed() -> bool {
    pid_namespace() != 0
}

/// The inode of our PID namespace; 0 for the machine's first one, whose inode is fixed
/// (`PROC_PID_INIT_INO`, linux/proc_ns.h).
pub(super) fn pid_namespace() -> u32 {
    const FIRST: u32 = 0xEFFF_FFFC;
    let link = rustix::fs::readlinkat(CWD, "/proc/self/ns/pid", Vec::new());
    let inode = link.ok().and_then(|target| {
        let text = target.to_str().ok()?.strip_prefix("pid:[")?.strip_suffix(']')?;
        text.parse().ok()
    });
    inode.filter(|inode| *inode != FIRST).unwrap_or(0)
}

/// The wall clock, now.
pub(super) fn now() -> Timestamp {
    Timestamp::from_unix_ns(nanoseconds(ClockId::Realtime))
}

/// When the machine booted, by today's wall clock, to within a microsecond or two.
///
/// Two clocks cannot be read at once, and the processor may be taken away between the one and the
/// other for milliseconds: the wall clock is read between two readings of the other that lie close
/// together. A worse answer would put events on the wrong side of a snapshot's beginning.
pub(super) fn boot_time() -> Timestamp {
    let (_, boot) = closest((0..TRIES).map(|_| {
        let before = nanoseconds(ClockId::Boottime);
        let wall = nanoseconds(ClockId::Realtime);
        let gap = nanoseconds(ClockId::Boottime) - before;
        (gap, wall - before - gap / 2)
    }));
    Timestamp::from_unix_ns(boot)
}

/// How often two clocks are read to find them undisturbed.
const TRIES: usize = 64;
/// Nanoseconds between two readings that nothing came between; reading a clock takes some 30.
const UNDISTURBED: i64 = 1_000;

/// The first of `readings`, each beside the nanoseconds it took, that nothing came between; else the
/// one that took the least time.
fn closest(readings: impl Iterator<Item = (i64, i64)>) -> (i64, i64) {
    let mut best = (i64::MAX, 0);
    for reading in readings {
        best = best.min(reading);
        if best.0 <= UNDISTURBED {
            break;
        }
    }
    best
}

/// A clock in nanoseconds; good until the year 2262.
fn nanoseconds(clock: ClockId) -> i64 {
    let time = clock_gettime(clock);
    time.tv_sec.saturating_mul(1_000_000_000).saturating_add(time.tv_nsec)
}

/// `net.ipv4.ip_local_port_range`; the kernel's default where it cannot be read.
pub(super) fn ephemeral_ports() -> (u16, u16) {
    let text = read_proc("sys/net/ipv4/ip_local_port_range").unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let mut numbers = text.split_whitespace().map_while(|number| number.parse().ok());
    numbers.next().zip(numbers.next()).unwrap_or((32768, 60999))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_are_compared_when_nothing_comes_between() {
        let disturbed = [(5_000_000, 7), (40_000, 5), (90_000, 9)];
        assert_eq!(closest(disturbed.into_iter()), (40_000, 5));
        let calm = disturbed.into_iter().chain([(900, 3), (0, 1)]);
        assert_eq!(closest(calm), (900, 3));
        let (earlier, later) = (boot_time(), boot_time());
        let apart = (later.unix_ns() - earlier.unix_ns()).abs();
        assert!(apart < 50_000_000, "{apart} ns"); // A clock may be set, hardly so far.
    }
}
