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
use sockeye_core::snapshot::Source;
use sockeye_core::{Degradation, NamespaceId, Snapshot, Timestamp, Transport};

use super::cgroups::read_cgroups;
use super::facts::{describe, read_proc};
use super::namespaces::{self, Place, inside_each};
use super::netlink::SockDiag;
use super::tables::{Tables, read_here, read_through_process};
use super::users::read_users;
use super::walk::{WORTH_A_THREAD, Walk, read_pids, walk};
use crate::assemble::assemble;
use crate::decode::SocketRow;
use crate::decode::inet_diag::{Target, encode_lookup};
use crate::decode::mounts::{decode_mounts, is_proc_restricted};
use crate::raw::{Keep, Raw};
use crate::{Error, Namespaces, Wants};

/// See [`crate::observe`].
pub(crate) fn observe(wants: &Wants) -> Result<Snapshot, Error> {
    Ok(assemble(gather(wants, Keep::Rows)?))
}

/// Gathers the machine's raw answers.
pub(crate) fn gather(wants: &Wants, keep: Keep) -> Result<Raw, Error> {
    let mut places = namespaces::find(&wants.namespaces, &list_processes()?)?;
    let time = now();
    let tables = read_tables(&places, wants, keep);
    let pids = if wants.owners {
        list_processes()?
    } else {
        Vec::new()
    };
    let mut walked = walk(&pids);
    let mut raw = Raw {
        time,
        source: Source::SockDiag,
        boot: boot_time(),
        ticks_per_second: rustix::param::clock_ticks_per_second(),
        ephemeral_ports: ephemeral_ports(),
        namespaces: Vec::new(),
        has_owners: wants.owners,
        processes: Vec::new(),
        users: Vec::new(),
        cgroups: Vec::new(),
        degradations: Vec::new(),
    };
    add_tables(&mut raw, tables);
    let held = held_namespaces(wants, &places, &walked);
    if !held.is_empty() {
        add_tables(&mut raw, read_tables(&held, wants, keep));
        // These were read after the processes were looked at, so these are looked at again.
        walked = walk(&pids);
        places.extend(held);
    }
    if wants.owners {
        let unheld = reconcile(&mut raw, &places, &mut walked, &pids);
        note_hidden(&mut raw, &walked, &unheld);
        raw.processes = describe(walked.holders);
        raw.cgroups = read_cgroups(&raw);
    }
    raw.users = read_users(&raw);
    Ok(raw)
}

/// The processes there are.
fn list_processes() -> Result<Vec<u32>, Error> {
    read_pids().map_err(|errno| Error::from_io("list the processes in", "/proc", &errno.into()))
}

/// Reads the tables of `places`; `None` for one that may not be looked into.
fn read_tables(places: &[Place], wants: &Wants, keep: Keep) -> Vec<Option<Tables>> {
    let (own, others): (Vec<Place>, Vec<Place>) = places.iter().cloned().partition(|p| p.is_own);
    let mut tables: Vec<_> = own
        .iter()
        .map(|place| Some(read_here(place, wants, keep)))
        .collect();
    if !others.is_empty() {
        let visited = inside_each(&others, |place| read_here(place, wants, keep));
        let from_outside = |place| read_through_process(place, wants, keep);
        tables.extend(
            visited
                .into_iter()
                .zip(&others)
                .map(|(v, place)| v.ok().or_else(|| from_outside(place))),
        );
    }
    tables
}

/// Adds what was read to `raw`, and what could not be.
fn add_tables(raw: &mut Raw, tables: Vec<Option<Tables>>) {
    let denied = tables.iter().filter(|tables| tables.is_none()).count();
    for tables in tables.into_iter().flatten() {
        if tables.namespace.is_own {
            raw.source = tables.source;
        }
        raw.namespaces.push(tables.namespace);
        raw.degradations.extend(tables.degradations);
    }
    if denied > 0 {
        let count = u32::try_from(denied).unwrap_or(u32::MAX);
        raw.degradations
            .push(Degradation::NamespacesDenied { count });
    }
}

/// Namespaces without a process that some process keeps open by a descriptor.
fn held_namespaces(wants: &Wants, places: &[Place], walked: &Walk) -> Vec<Place> {
    if wants.namespaces != Namespaces::All {
        return Vec::new();
    }
    let mut known: HashSet<Option<NamespaceId>> = places.iter().map(|place| place.id).collect();
    let unknown = walked
        .namespaces
        .iter()
        .filter(|(id, _)| known.insert(Some(NamespaceId::Inode(*id))));
    unknown
        .map(|(id, path)| Place::at(*id, path.clone()))
        .collect()
}

/// Makes `walked` and the tables of `raw` agree; see the top of this file. Gives back the inodes
/// that are there and that nobody was seen to hold.
fn reconcile(raw: &mut Raw, places: &[Place], walked: &mut Walk, pids: &[u32]) -> HashSet<u64> {
    let inodes = sockets(raw)
        .map(|row| row.inode)
        .filter(|inode| *inode != 0);
    let inodes: HashSet<u64> = inodes.collect();
    keep_only(&mut walked.holders, &inodes);
    let mut unheld = unheld(&inodes, walked);
    forget_vanished(raw, places, &mut unheld);
    if !unheld.is_empty() {
        let mut again = walk(&worth_another_look(pids));
        keep_only(&mut again.holders, &unheld);
        for (_, inode) in again.holders.iter().flat_map(|holder| &holder.sockets) {
            unheld.remove(inode);
        }
        merge_holders(walked, again);
        forget_vanished(raw, places, &mut unheld);
    }
    unheld
}

/// The processes that may hold what none was seen to hold: new ones; all of them, where looking
/// costs next to nothing.
fn worth_another_look(pids: &[u32]) -> Vec<u32> {
    let mut worth = read_pids().unwrap_or_default();
    if worth.len() > WORTH_A_THREAD {
        let known: HashSet<u32> = pids.iter().copied().collect();
        worth.retain(|pid| !known.contains(pid));
    }
    worth
}

/// Every socket of every namespace.
fn sockets(raw: &Raw) -> impl Iterator<Item = &SocketRow> {
    raw.namespaces
        .iter()
        .flat_map(|namespace| &namespace.sockets)
}

/// Drops descriptors of other kinds of sockets, and processes that hold nothing else.
fn keep_only(holders: &mut Vec<super::walk::Holder>, inodes: &HashSet<u64>) {
    for holder in holders.iter_mut() {
        holder.sockets.retain(|(_, inode)| inodes.contains(inode));
    }
    holders.retain(|holder| !holder.sockets.is_empty());
}

/// The inodes that no process was seen to hold.
fn unheld(inodes: &HashSet<u64>, walked: &Walk) -> HashSet<u64> {
    let held: HashSet<u64> = walked
        .holders
        .iter()
        .flat_map(|holder| &holder.sockets)
        .map(|(_, inode)| *inode)
        .collect();
    if held.len() == inodes.len() {
        HashSet::new()
    } else {
        inodes.difference(&held).copied().collect()
    }
}

/// Adds what the second walk found to the first.
fn merge_holders(walked: &mut Walk, again: Walk) {
    let key = |holder: &super::walk::Holder| (holder.stat.pid, holder.stat.start_ticks);
    let known: HashMap<_, usize> = walked
        .holders
        .iter()
        .enumerate()
        .map(|(index, holder)| (key(holder), index))
        .collect();
    for holder in again.holders {
        match known
            .get(&key(&holder))
            .and_then(|index| walked.holders.get_mut(*index))
        {
            Some(seen) => seen.sockets.extend(holder.sockets),
            None => walked.holders.push(holder),
        }
    }
}

/// Looks at the `unheld` sockets again, notes those that are gone and takes them off the set.
fn forget_vanished(raw: &mut Raw, places: &[Place], unheld: &mut HashSet<u64>) {
    for namespace in &mut raw.namespaces {
        let suspects = namespace
            .sockets
            .iter()
            .filter(|row| unheld.contains(&row.inode));
        let suspects: Vec<_> = suspects
            .filter_map(|row| Some((row.cookie?, target_of(row))))
            .collect();
        if suspects.is_empty() {
            continue;
        }
        let gone = |place: Option<&Place>| match place {
            Some(place) if !place.is_own => {
                let visited = inside_each(std::slice::from_ref(place), |_| find_gone(&suspects));
                visited
                    .into_iter()
                    .next()
                    .and_then(Result::ok)
                    .unwrap_or_default()
            }
            _ => find_gone(&suspects),
        };
        let place = places.iter().find(|p| p.id == namespace.id && !p.is_own);
        let gone: HashSet<u64> = gone(place).into_iter().collect();
        let vanished = namespace
            .sockets
            .iter()
            .filter(|row| row.cookie.is_some_and(|c| gone.contains(&c)));
        vanished.for_each(|row| {
            unheld.remove(&row.inode);
        });
        namespace.vanished.extend(gone);
    }
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

/// The cookies of those `suspects` that the kernel does not know any more, or whose process has
/// closed them since.
fn find_gone(suspects: &[(u64, Target)]) -> Vec<u64> {
    let Ok(mut diag) = SockDiag::open() else {
        return Vec::new();
    };
    let mut is_gone = |target: &Target| match diag.ask_once(target.table, &encode_lookup(target)) {
        Ok(Some(row)) => row.inode == 0,
        Ok(None) => false,
        Err(error) => proves_gone(&error, target),
    };
    let gone = suspects.iter().filter(|(_, target)| is_gone(target));
    gone.map(|(cookie, _)| *cookie).collect()
}

/// Whether the kernel's refusal means that the socket is gone.
///
/// ENOENT: nothing has these addresses. ESTALE: another socket has them, which for a TCP
/// connection means that it took over; listeners and UDP may share theirs (SO_REUSEPORT), and the
/// kernel looks up any of those.
fn proves_gone(error: &std::io::Error, target: &Target) -> bool {
    let is_connection = target.table.transport == Transport::Tcp && target.remote.is_some();
    match error.raw_os_error().map(Errno::from_raw_os_error) {
        Some(Errno::NOENT) => true,
        Some(Errno::STALE) => is_connection,
        _ => false,
    }
}

/// Notes processes that could not be looked at, and with them what nobody was seen to hold.
fn note_hidden(raw: &mut Raw, walked: &Walk, unheld: &HashSet<u64>) {
    if walked.denied > 0 {
        raw.degradations.push(Degradation::ProcessesDenied {
            count: walked.denied,
        });
    }
    let is_privileged = rustix::process::geteuid().is_root();
    let mounts = read_proc("self/mountinfo").unwrap_or_default();
    if !is_privileged && is_proc_restricted(&decode_mounts(&mounts)) {
        raw.degradations.push(Degradation::ProcessesHidden);
    }
    if !unheld.is_empty() && is_enclosed() {
        raw.degradations.push(Degradation::OutsidePidNamespace);
    }
}

/// Whether Sockeye runs in a PID namespace that is not the machine's first one, whose inode is
/// fixed (`PROC_PID_INIT_INO`, linux/proc_ns.h).
fn is_enclosed() -> bool {
    let link = rustix::fs::readlinkat(CWD, "/proc/self/ns/pid", Vec::new());
    link.is_ok_and(|target| target.as_bytes() != b"pid:[4026531836]")
}

/// The wall clock, now.
fn now() -> Timestamp {
    Timestamp::from_unix_ns(nanoseconds(ClockId::Realtime))
}

/// When the machine booted, by today's wall clock.
fn boot_time() -> Timestamp {
    Timestamp::from_unix_ns(nanoseconds(ClockId::Realtime) - nanoseconds(ClockId::Boottime))
}

/// A clock in nanoseconds; good until the year 2262.
fn nanoseconds(clock: ClockId) -> i64 {
    let time = clock_gettime(clock);
    time.tv_sec
        .saturating_mul(1_000_000_000)
        .saturating_add(time.tv_nsec)
}

/// `net.ipv4.ip_local_port_range`; the kernel's default where it cannot be read.
fn ephemeral_ports() -> (u16, u16) {
    let text = read_proc("sys/net/ipv4/ip_local_port_range").unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let mut numbers = text
        .split_whitespace()
        .map_while(|number| number.parse().ok());
    numbers.next().zip(numbers.next()).unwrap_or((32768, 60999))
}
