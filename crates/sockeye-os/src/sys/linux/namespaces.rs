//! Network namespaces: finding every one, and looking into it.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::thread;

use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use sockeye_core::NamespaceId;

use super::facts::read_proc;
use crate::decode::mounts::{bound_namespaces, decode_mounts};
use crate::decode::process::decode_namespace_link;
use crate::{Error, Kind, Namespaces};

/// A network namespace and a way into it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Place {
    /// Inode of its nsfs file; `None` when not even our own could be read.
    pub(super) id: Option<u32>,
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
        Self {
            id: read_id(&path),
            name: None,
            pid: None,
            path,
            is_own: true,
        }
    }

    /// A namespace that only a file stands for.
    pub(super) fn at(id: u32, path: String) -> Self {
        Self {
            id: Some(id),
            name: None,
            pid: None,
            path,
            is_own: false,
        }
    }

    /// What people call it.
    pub(super) fn label(&self) -> String {
        match (self.is_own, &self.name, self.pid, self.id) {
            (true, ..) => "self".to_owned(),
            (_, Some(name), ..) => name.clone(),
            (_, _, Some(pid), _) => format!("pid:{pid}"),
            (_, _, _, Some(id)) => format!("netns:{id}"),
            _ => "netns:?".to_owned(),
        }
    }
}

/// The namespace id behind a link or file.
fn read_id(path: &str) -> Option<u32> {
    let target = rustix::fs::readlinkat(CWD, path, Vec::new()).ok()?;
    decode_namespace_link(target.as_bytes())
}

/// Every namespace that `wanted` asks for: our own first.
pub(super) fn find(wanted: &Namespaces, pids: &[u32]) -> Result<Vec<Place>, Error> {
    let own = Place::own();
    let places = match wanted {
        Namespaces::Own => return Ok(vec![own]),
        Namespaces::All => return Ok(find_all(own, pids)),
        Namespaces::Pid(pid) => vec![by_pid(*pid)?],
        Namespaces::Named(name) => vec![by_name(name, &own, pids)?],
    };
    // Asked for by pid or name, but ours: there is no need to enter it.
    let is_ours = |place: &Place| place.id.is_some() && place.id == own.id;
    Ok(places
        .into_iter()
        .map(|place| if is_ours(&place) { own.clone() } else { place })
        .collect())
}

/// The namespaces of every process and every file that one is bound to.
fn find_all(own: Place, pids: &[u32]) -> Vec<Place> {
    let mut found: BTreeMap<u32, Place> = BTreeMap::new();
    for pid in pids {
        let path = format!("/proc/{pid}/ns/net");
        let Some(id) = read_id(&path).filter(|id| Some(*id) != own.id) else {
            continue;
        };
        let place = Place {
            id: Some(id),
            name: None,
            pid: Some(*pid),
            path,
            is_own: false,
        };
        found.entry(id).or_insert(place);
    }
    for (id, path) in bound_files()
        .into_iter()
        .filter(|(id, _)| Some(*id) != own.id)
    {
        let name = Path::new(&path)
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        let place = Place {
            id: Some(id),
            name: None,
            pid: None,
            path,
            is_own: false,
        };
        found.entry(id).or_insert(place).name = name;
    }
    std::iter::once(own).chain(found.into_values()).collect()
}

/// Files that namespaces are bound to, as `ip netns` and container runtimes do.
fn bound_files() -> Vec<(u32, String)> {
    let Ok(mounts) = read_proc("self/mountinfo") else {
        return Vec::new();
    };
    bound_namespaces(&decode_mounts(&mounts))
}

/// The namespace that process `pid` lives in.
fn by_pid(pid: u32) -> Result<Place, Error> {
    let path = format!("/proc/{pid}/ns/net");
    let link = rustix::fs::readlinkat(CWD, &path, Vec::new());
    let target = link.map_err(|errno| {
        let mut error = Error::from_io(
            "look up the network namespace of process",
            pid.to_string(),
            &errno.into(),
        );
        if error.kind == Kind::Vanished {
            error.reason = "there is no such process".to_owned();
        }
        error
    })?;
    let id = decode_namespace_link(target.as_bytes());
    Ok(Place {
        id,
        name: None,
        pid: Some(pid),
        path,
        is_own: false,
    })
}

/// The namespace called `name` by `ip netns`, or by its label in our own output.
fn by_name(name: &str, own: &Place, pids: &[u32]) -> Result<Place, Error> {
    let found = find_all(own.clone(), pids)
        .into_iter()
        .find(|place| place.label() == name);
    found.ok_or_else(|| {
        let reason = "there is none of that name; `ip netns list` shows the names";
        Error::new(Kind::Vanished, "find the network namespace", name, reason)
    })
}

/// Runs `look` inside each of `places` in turn, in a thread of its own, because a thread that has
/// entered a namespace stays there.
pub(super) fn inside_each<T: Send>(
    places: &[Place],
    look: impl Fn(&Place) -> T + Sync,
) -> Vec<io::Result<T>> {
    let visit_all = || {
        places
            .iter()
            .map(|place| enter(place).map(|_held| look(place)))
            .collect()
    };
    let visited = thread::scope(|scope| scope.spawn(visit_all).join());
    visited.unwrap_or_else(|_| {
        let lost = || {
            Err(io::Error::other(
                "the thread that entered the namespace panicked",
            ))
        };
        places.iter().map(|_| lost()).collect()
    })
}

/// Moves this thread into `place`.
///
/// # Errors
///
/// Without CAP_SYS_ADMIN in the user namespace that owns it, setns(2).
fn enter(place: &Place) -> io::Result<OwnedFd> {
    let file = openat(
        CWD,
        &place.path,
        OFlags::RDONLY | OFlags::CLOEXEC,
        Mode::empty(),
    )?;
    move_into_link_name_space(file.as_fd(), Some(LinkNameSpaceType::Network))?;
    Ok(file)
}

/// The namespace with this id, among those that can be found; ours when there is none.
pub(super) fn find_place(id: Option<NamespaceId>) -> Result<Place, Error> {
    let own = Place::own();
    let Some(id) = id.filter(|id| Some(id.0) != own.id) else {
        return Ok(own);
    };
    let pids = super::walk::read_pids().unwrap_or_default();
    let found = find_all(own, &pids)
        .into_iter()
        .find(|place| place.id == Some(id.0));
    found.ok_or_else(|| {
        let reason = "no process and no file stands for it";
        Error::new(
            Kind::Vanished,
            "find the network namespace",
            id.0.to_string(),
            reason,
        )
    })
}
