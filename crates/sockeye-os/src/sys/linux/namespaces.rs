//! Network namespaces: finding every one, and looking into it.

use std::collections::{BTreeMap, HashSet};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::thread;

use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use sockeye_core::NamespaceId;
use sockeye_core::snapshot::Namespace;

use super::facts::read_proc;
use crate::decode::mounts::{bound_namespaces, decode_mounts};
use crate::decode::process::decode_namespace_link;
use crate::{Error, Kind, Namespaces};

/// A network namespace and a way into it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Place {
    /// Its identity; `None` on a kernel without network namespaces.
    pub(super) id: Option<NamespaceId>,
    /// The name that `ip netns` gave it.
    pub(super) name: Option<String>,
    /// Its first process.
    pub(super) pid: Option<u32>,
    /// A file that stands for it.
    pub(super) path: String,
    /// Sockeye runs in it.
    pub(super) is_own: bool,
}

impl Place {
    /// The namespace Sockeye runs in.
    pub(super) fn own() -> Self {
        let path = "/proc/self/ns/net".to_owned();
        let id = read_id(&path).ok().flatten();
        Self { id, name: None, pid: None, path, is_own: true }
    }

    /// The namespace that process `pid` lives in.
    fn of_process(id: NamespaceId, pid: u32) -> Self {
        let path = format!("/proc/{pid}/ns/net");
        Self { id: Some(id), name: None, pid: Some(pid), path, is_own: false }
    }

    /// A namespace that a file stands for.
    pub(super) fn at(id: u32, path: String) -> Self {
        Self { id: Some(NamespaceId::Inode(id)), name: None, pid: None, path, is_own: false }
    }

    /// What people call it.
    pub(super) fn label(&self) -> String {
        match (self.is_own, &self.name, self.pid, self.id) {
            (true, ..) => "self".to_owned(),
            (_, Some(name), ..) => name.clone(),
            (_, _, Some(pid), _) => format!("pid:{pid}"),
            (_, _, _, Some(NamespaceId::Inode(id))) => format!("netns:{id}"),
            _ => "netns:?".to_owned(),
        }
    }
}

/// The namespace as whoever watches is told of it; `None` on a kernel without them.
pub(super) fn describe(place: &Place) -> Option<Namespace> {
    let label = place.label().into();
    Some(Namespace { id: place.id?, label, pid: place.pid, is_own: place.is_own })
}

/// The namespace id behind a link; `None` when it is no link to a network namespace.
fn read_id(path: &str) -> io::Result<Option<NamespaceId>> {
    let target = rustix::fs::readlinkat(CWD, path, Vec::new())?;
    Ok(decode_namespace_link(target.as_bytes()).map(NamespaceId::Inode))
}

/// Every namespace that `wanted` asks for: our own first.
pub(super) fn find(wanted: &Namespaces, pids: &[u32]) -> Result<Vec<Place>, Error> {
    let own = Place::own();
    let place = match wanted {
        Namespaces::Own => return Ok(vec![own]),
        Namespaces::All => return Ok(find_all(own, pids)),
        Namespaces::Pid(pid) => by_pid(*pid, &own, pids)?,
        Namespaces::Named(name) => by_name(name, &own, pids)?,
    };
    // Asked for by pid or name, but ours: there is no need to enter it.
    Ok(vec![if place.id == own.id { own } else { place }])
}

/// The namespaces of every process and every file that one is bound to.
fn find_all(own: Place, pids: &[u32]) -> Vec<Place> {
    let mut found: BTreeMap<NamespaceId, Place> = BTreeMap::new();
    let mut unreadable = Vec::new();
    for pid in pids {
        match read_id(&format!("/proc/{pid}/ns/net")) {
            Ok(Some(id)) if Some(id) != own.id => {
                found.entry(id).or_insert_with(|| Place::of_process(id, *pid));
            }
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => unreadable.push(*pid),
            _ => {}
        }
    }
    let bound = bound_files().into_iter().map(|(id, path)| Place::at(id, path));
    for place in bound.filter(|place| place.id != own.id) {
        let name = name_of(&place.path);
        let Some(id) = place.id else { continue };
        // The same namespace may be bound to several files: the first one names it.
        let known = found.entry(id).or_insert(place);
        known.name = known.name.take().or(name);
    }
    let mut places: Vec<Place> = std::iter::once(own).chain(found.into_values()).collect();
    add_unreadable(&mut places, &unreadable);
    places
}

/// What `ip netns` calls the namespace that the file at `path` stands for.
fn name_of(path: &str) -> Option<String> {
    Some(Path::new(path).file_name()?.to_string_lossy().into_owned())
}

/// The namespace with this inode, in which process `pid` did something: called as it would be among
/// all, had no other process come to it before.
pub(super) fn of_event(inode: u32, pid: u32) -> Place {
    let own = Place::own();
    if own.id == Some(NamespaceId::Inode(inode)) {
        return own;
    }
    let bound = bound_files().into_iter().find(|(bound, _)| *bound == inode);
    let name = bound.as_ref().and_then(|(_, path)| name_of(path));
    // It may have ended, or have made its socket elsewhere.
    let link = format!("/proc/{pid}/ns/net");
    let lives_there = matches!(read_id(&link), Ok(Some(NamespaceId::Inode(id))) if id == inode);
    let pid = Some(pid).filter(|_| lives_there);
    let path = bound.map_or(link, |(_, path)| path);
    Place { name, pid, ..Place::at(inode, path) }
}

/// Adds the namespaces of processes whose links may not be read. Their tables may: each namespace
/// has its own, and the inode of that tells the namespaces apart.
fn add_unreadable(places: &mut Vec<Place>, pids: &[u32]) {
    if pids.is_empty() {
        return;
    }
    let known =
        places.iter().map(|place| place.pid.map_or("self".to_owned(), |pid| pid.to_string()));
    let mut seen: HashSet<NamespaceId> = known.filter_map(|process| table_id(&process)).collect();
    for pid in pids {
        let Some(id) = table_id(&pid.to_string()) else {
            continue;
        };
        if seen.insert(id) {
            places.push(Place::of_process(id, *pid));
        }
    }
}

/// The identity of the table that `/proc/PROCESS/net/tcp` is.
fn table_id(process: &str) -> Option<NamespaceId> {
    let status = rustix::fs::stat(format!("/proc/{process}/net/tcp")).ok()?;
    u32::try_from(status.st_ino).ok().map(NamespaceId::Table)
}

/// Files that namespaces are bound to, as `ip netns` and container runtimes do.
fn bound_files() -> Vec<(u32, String)> {
    let Ok(mounts) = read_proc("self/mountinfo") else {
        return Vec::new();
    };
    bound_namespaces(&decode_mounts(&mounts))
}

/// The namespace that process `pid` lives in, called what it is called among all.
fn by_pid(pid: u32, own: &Place, pids: &[u32]) -> Result<Place, Error> {
    let id = match read_id(&format!("/proc/{pid}/ns/net")) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            let id = table_id(&pid.to_string());
            if id.is_some() && id == table_id("self") { own.id } else { id }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(no_process(pid)),
        Err(error) => return Err(Error::from_io(LOOK_UP, pid.to_string(), &error)),
        Ok(id) => id,
    };
    let id = id.ok_or_else(|| no_process(pid))?;
    let found = find_all(own.clone(), pids).into_iter().find(|place| place.id == Some(id));
    Ok(found.unwrap_or_else(|| Place::of_process(id, pid)))
}

/// What is said when an error about a process's namespace is.
const LOOK_UP: &str = "look up the network namespace of process";

/// There is no process with this pid.
fn no_process(pid: u32) -> Error {
    Error::new(Kind::Vanished, LOOK_UP, pid.to_string(), "there is no such process")
}

/// The namespace called `name` by `ip netns`, or by its label in our own output.
fn by_name(name: &str, own: &Place, pids: &[u32]) -> Result<Place, Error> {
    let is_named = |path: &str| Path::new(path).file_name().is_some_and(|file| file == name);
    let bound = bound_files().into_iter().find(|(_, path)| is_named(path));
    let mut places = find_all(own.clone(), pids);
    if let Some((id, path)) = bound {
        // A process that lives there shows its tables to those who may not enter.
        let known = places.into_iter().find(|place| place.id == Some(NamespaceId::Inode(id)));
        let place = known.unwrap_or_else(|| Place::at(id, path));
        return Ok(Place { name: Some(name.to_owned()), ..place });
    }
    places.extend(find_held(pids));
    places.into_iter().find(|place| place.label() == name).ok_or_else(|| {
        let reason = "there is none of that name; `ip netns list` shows the names";
        Error::new(Kind::Vanished, "find the network namespace", name, reason)
    })
}

/// Namespaces that some process keeps open by a descriptor.
fn find_held(pids: &[u32]) -> Vec<Place> {
    let held = super::walk::walk(pids, &hashbrown::HashSet::new()).namespaces;
    held.into_iter().map(|(id, path)| Place::at(id, path)).collect()
}

/// Runs `look` inside each of `places` in turn, in a thread of its own, because a thread that has
/// entered a namespace stays there.
pub(super) fn inside_each<T: Send>(
    places: &[Place],
    look: impl Fn(&Place) -> T + Sync,
) -> Vec<io::Result<T>> {
    let visit_all = || places.iter().map(|place| enter(place).map(|_held| look(place))).collect();
    let visitor = thread::Builder::new().name("namespaces".to_owned());
    let visited = thread::scope(|scope| Some(visitor.spawn_scoped(scope, visit_all).ok()?.join()));
    match visited {
        Some(Ok(visited)) => visited,
        Some(Err(panic)) => std::panic::resume_unwind(panic),
        // No thread can be made: EAGAIN, RLIMIT_NPROC.
        None => places.iter().map(|_| Err(io::Error::other("no thread could be made"))).collect(),
    }
}

/// Moves this thread into `place`.
///
/// # Errors
///
/// Without CAP_SYS_ADMIN in the user namespace that owns it, setns(2).
fn enter(place: &Place) -> io::Result<OwnedFd> {
    let file = openat(CWD, &place.path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
    move_into_link_name_space(file.as_fd(), Some(LinkNameSpaceType::Network))?;
    Ok(file)
}

/// The namespace with this id, among those that can be found; ours when there is none.
pub(super) fn find_place(id: Option<NamespaceId>) -> Result<Place, Error> {
    let own = Place::own();
    if id.is_none() || id == own.id {
        return Ok(own);
    }
    let pids = super::walk::read_pids().unwrap_or_default();
    let places = find_all(own, &pids).into_iter().chain(find_held(&pids));
    places.into_iter().find(|place| place.id == id).ok_or_else(|| {
        let reason = "no way into its network namespace was found";
        Error::new(Kind::Os, "reach the endpoint", "", reason)
    })
}
