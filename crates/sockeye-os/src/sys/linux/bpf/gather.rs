//! One observation by iterators.
//!
//! The pass over descriptors brings every socket that a process holds, from every network namespace.
//! What no process holds is in the tables: connections on their way in or out are asked for by state.
//! Whether anything is missing then is told by the kernel's own count of its sockets; where that does
//! not fit, the tables are gone through from end to end.

use hashbrown::{HashMap, HashSet};
use sockeye_core::snapshot::Source;
use sockeye_core::{Degradation, Endpoint, NamespaceId, ProcessId, Timestamp};

use super::alone::{Alone, Care, Known, Unsettled, read_alone};
use super::held::{Ask, Held, Population, read_held};
use super::list::Lists;
use crate::beside::beside;
use crate::decode::SocketRow;
use crate::raw::{Keep, Raw, RawNamespace, RawProcess};
use crate::sys::linux::cgroups::read_cgroups;
use crate::sys::linux::namespaces::{self, Place, inside_each};
use crate::sys::linux::observe::{
    boot_time, ephemeral_ports, forget_vanished, is_enclosed, is_gone, list_processes, now,
};
use crate::sys::linux::tables::{interface_names, read_through_process};
use crate::sys::linux::users::read_users;
use crate::sys::linux::walk::walk;
use crate::{Error, Namespaces, Wants};

/// What is found out before sockets are listed; it takes no program, so it may be done while these
/// are loaded.
pub(super) struct Ground {
    /// When that began, and with it the observation.
    began: Timestamp,
    places: Vec<Place>,
    /// It is for a list, which is to be quick; whoever compares lists with events wants more care.
    is_for_list: bool,
}

impl Ground {
    /// Finds it out.
    pub(super) fn find(wants: &Wants) -> Result<Self, Error> {
        let began = now();
        let places = namespaces::find(&wants.namespaces, &list_processes()?)?;
        Ok(Self { began, places, is_for_list: false })
    }

    /// The same for a list.
    pub(super) fn find_for_list(wants: &Wants) -> Result<Self, Error> {
        Ok(Self { is_for_list: true, ..Self::find(wants)? })
    }
}

/// Gathers the machine's raw answers.
pub(super) fn gather(lists: &Lists, wants: &Wants, ground: Ground) -> Result<Raw, Error> {
    let Ground { began, places, is_for_list } = ground;
    let mut raw = Raw {
        boot: boot_time(),
        ticks_per_second: rustix::param::clock_ticks_per_second(),
        ephemeral_ports: ephemeral_ports(),
        has_owners: wants.owners,
        ..Raw::new(began, Source::Ebpf)
    };
    // Listed anew: others have begun while programs were loaded, and may hold what is shared.
    let pids = list_processes()?;
    let ask = Ask {
        tcp: wants.tcp,
        udp: wants.udp,
        is_measured: wants.metrics,
        has_owners: wants.owners,
        is_urgent: is_for_list,
    };
    let read = || read_held(lists, &pids, ask);
    // Whether nothing is missing is told by numbers that do not change meanwhile.
    let (care, mut held) = if is_for_list {
        let (asked, held) = beside("unsettled", || Unsettled::ask(wants), read);
        (Care::Numbers(asked), held)
    } else {
        (Care::Tables, read())
    };
    let unheld = add_namespaces(&mut raw, (&places, care), (lists, wants), &mut held);
    raw.processes = held.processes;
    if wants.owners {
        let unheld = find_holders(&mut raw, unheld, (lists, ask), (&pids, &places))?;
        raw.cgroups = read_cgroups(&raw, &unheld);
    }
    raw.users = read_users(&raw);
    Ok(raw)
}

/// What a visit to a namespace brings: what nobody holds there, and the names of its interfaces.
type Visit = (Alone, Vec<(u32, String)>);

/// Adds the namespaces with all their sockets; gives back the inodes of those that no process was
/// seen to hold.
fn add_namespaces(
    raw: &mut Raw,
    (places, care): (&[Place], Care),
    (lists, wants): (&Lists, &Wants),
    held: &mut Held,
) -> HashSet<u64> {
    let mut known = HashMap::new();
    for (id, population) in &mut held.namespaces {
        known.insert(*id, Known::new(population));
    }
    let trusts_numbers = matches!(care, Care::Numbers(_));
    let care_elsewhere = || if trusts_numbers { Care::Numbers(None) } else { Care::Tables };
    let nobody = (Population::default(), Known::default());
    let visit = |place: &Place, care| {
        let id = place.id.and_then(NamespaceId::inode).unwrap_or_default();
        let population = held.namespaces.get(&id).unwrap_or(&nobody.0);
        let known = known.get(&id).unwrap_or(&nobody.1);
        let alone = read_alone(lists, (place, wants), known, care);
        let numbers = population.interfaces.iter().copied();
        let names = interface_names(numbers.chain(alone.rows.iter().map(|row| row.interface)));
        (alone, names)
    };
    let (own, others): (Vec<&Place>, Vec<&Place>) = places.iter().partition(|place| place.is_own);
    let mut visits: Vec<(&Place, std::io::Result<Visit>)> = Vec::new();
    // There is one at most.
    visits.extend(own.first().map(|place| (*place, Ok(visit(place, care)))));
    if !others.is_empty() {
        let owned: Vec<Place> = others.iter().copied().cloned().collect();
        visits.extend(
            others.iter().copied().zip(inside_each(&owned, |place| visit(place, care_elsewhere()))),
        );
    }
    let mut unheld = HashSet::new();
    for (place, visited) in visits {
        let id = place.id.and_then(NamespaceId::inode);
        let population = id.and_then(|id| held.namespaces.remove(&id)).unwrap_or_default();
        unheld.extend(add_namespace(raw, place, population.endpoints, (visited, wants)));
    }
    if wants.namespaces == Namespaces::All {
        for (id, Population { endpoints: held, .. }) in held.namespaces.drain() {
            let id = NamespaceId::Inode(id);
            let label = format!("netns:{}", id.inode().unwrap_or_default());
            raw.namespaces.push(RawNamespace { held, ..RawNamespace::new(Some(id), label) });
        }
    }
    unheld
}

/// Adds one namespace with the sockets that are held there and what a visit brought; gives back the
/// inodes of what nobody was seen to hold.
fn add_namespace(
    raw: &mut Raw,
    place: &Place,
    held: Vec<Endpoint>,
    (visited, wants): (std::io::Result<Visit>, &Wants),
) -> HashSet<u64> {
    let mut namespace = RawNamespace {
        pid: place.pid,
        is_own: place.is_own,
        ..RawNamespace::new(place.id, place.label())
    };
    let mut unheld = HashSet::new();
    let inode = |row: &SocketRow| Some(row.inode).filter(|inode| *inode != 0);
    match visited {
        Ok((alone, interfaces)) => {
            unheld.extend(alone.rows.iter().filter_map(inode));
            namespace.sockets = alone.rows;
            namespace.interfaces = interfaces;
            raw.degradations.extend(alone.degradations);
        }
        Err(error) if is_gone(&error) && held.is_empty() => return unheld,
        Err(_) => match read_through_process(place, wants, Keep::Rows) {
            Some(tables) => {
                let known: HashSet<Option<u64>> =
                    held.iter().map(|endpoint| endpoint.socket.inode).collect();
                let others = tables.namespace.sockets.into_iter();
                let is_other =
                    |row: &SocketRow| row.inode == 0 || !known.contains(&Some(row.inode));
                namespace.sockets = others.filter(is_other).collect();
                unheld.extend(namespace.sockets.iter().filter_map(inode));
            }
            None => raw.degradations.push(Degradation::NamespacesDenied { count: 1 }),
        },
    }
    namespace.held = held;
    raw.namespaces.push(namespace);
    unheld
}

/// Looks for the holders of sockets that no process was seen to hold; gives back those that none was
/// found for. A socket may have been passed on while descriptors were read, or its process may be
/// hidden even from the kernel's iterators.
fn find_holders(
    raw: &mut Raw,
    mut unheld: HashSet<u64>,
    (lists, ask): (&Lists, Ask),
    (pids, places): (&[u32], &[Place]),
) -> Result<HashSet<u64>, Error> {
    if unheld.is_empty() {
        return Ok(unheld);
    }
    let now = list_processes()?;
    let before: HashSet<u32> = pids.iter().copied().collect();
    let new: Vec<u32> = now.iter().copied().filter(|pid| !before.contains(pid)).collect();
    add_holders(raw, holders(read_held(lists, &new, ask)), &mut unheld);
    // Processes that nothing was seen of are looked at the slow way, which says what is denied.
    let seen: HashSet<u32> = raw.processes.iter().map(|process| process.pid).collect();
    let unseen: Vec<u32> = now.iter().copied().filter(|pid| !seen.contains(pid)).collect();
    let walked = walk(&unseen, &unheld);
    add_holders(raw, walked.processes, &mut unheld);
    forget_vanished(raw, places, &mut unheld);
    if walked.denied > 0 && !unheld.is_empty() {
        raw.degradations.push(Degradation::ProcessesDenied { count: walked.denied });
    } else if !unheld.is_empty() {
        add_holders(raw, holders(read_held(lists, &now, ask)), &mut unheld);
        forget_vanished(raw, places, &mut unheld);
    }
    if !unheld.is_empty() && is_enclosed() {
        raw.degradations.push(Degradation::OutsidePidNamespace);
    }
    Ok(unheld)
}

/// The processes of `held`, each with its sockets by inode.
fn holders(held: Held) -> Vec<RawProcess> {
    let mut sockets: HashMap<ProcessId, Vec<(u32, u64)>> = HashMap::new();
    for endpoint in held.namespaces.values().flat_map(|population| &population.endpoints) {
        for owner in endpoint.owners.as_slice() {
            let socket = owner.fd.zip(endpoint.socket.inode);
            sockets.entry(owner.process).or_default().extend(socket);
        }
    }
    let mut processes = held.processes;
    for process in &mut processes {
        let id = ProcessId { pid: process.pid, start: process.start };
        process.sockets.extend(sockets.remove(&id).unwrap_or_default());
    }
    processes
}

/// Adds those of `found` that hold something of `unheld`, which is then held.
fn add_holders(raw: &mut Raw, found: Vec<RawProcess>, unheld: &mut HashSet<u64>) {
    for mut process in found {
        process.sockets.retain(|(_, inode)| unheld.contains(inode));
        if process.sockets.is_empty() {
            continue;
        }
        let is_same =
            |known: &&mut RawProcess| (known.pid, known.start) == (process.pid, process.start);
        match raw.processes.iter_mut().find(is_same) {
            Some(known) => known.sockets.append(&mut process.sockets),
            None => raw.processes.push(process),
        }
    }
    for (_, inode) in raw.processes.iter().flat_map(|process| &process.sockets) {
        unheld.remove(inode);
    }
}
