//! One process in full, from `/proc`.

use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

use hashbrown::HashMap;
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use sockeye_core::description::{Nature, Standing};
use sockeye_core::process::{Absent, Fact};
use sockeye_core::{Description, Process, ProcessId};

use super::facts::{self, read_file, read_link, read_stat};
use super::observe::boot_time;
use super::users;
use super::walk::{may_read_descriptors, open_process};
use crate::assemble::{Clock, describe_process, fact};
use crate::decode::lossy;
use crate::decode::process::Stat;
use crate::decode::status::{
    decode_capabilities, decode_identity, decode_label, decode_thread_group, decode_threads,
};
use crate::raw::Text;
use crate::{Error, Kind};

/// Parents are followed so far: no honest chain is as long.
const GENERATIONS: usize = 64;
/// So many ancestors are remembered; then they are read anew.
const ANCESTORS: usize = 4096;

/// See [`crate::Describer`].
#[derive(Debug)]
pub(crate) struct Describer {
    clock: Clock,
    /// Parents that were read already: a shell's or a service manager's children share theirs.
    ancestors: HashMap<ProcessId, Process>,
    names: users::Names,
}

impl Describer {
    /// See [`crate::Describer::new`].
    pub(crate) fn new() -> Self {
        let ticks_per_second = rustix::param::clock_ticks_per_second();
        let clock = Clock { boot: boot_time(), ticks_per_second };
        Self { clock, ancestors: HashMap::new(), names: users::Names::default() }
    }

    /// See [`crate::Describer::describe`].
    pub(crate) fn describe(&mut self, id: ProcessId) -> Result<Description, Error> {
        let (mut handle, mut stat) = open(id.pid).ok_or_else(|| unseen(id))?;
        if id.start != 0 && id.start != stat.start_ticks {
            return Err(gone(id));
        }
        // Each thread has a directory of its own, though none that is listed.
        if id.start == 0
            && let Some(first) = first_thread(&handle).filter(|first| *first != id.pid)
        {
            (handle, stat) = open(first).ok_or_else(|| gone(id))?;
        }
        let (parent, nature) = (stat.parent, nature(&handle, &stat));
        let raw = facts::describe(&handle, stat, Vec::new());
        let mut process = describe_process(&raw, self.clock);
        if nature != Nature::Ordinary && process.path == Err(Absent::Denied) {
            // The kernel refuses before it looks: there is none.
            process.path = Err(Absent::Nonexistent);
        }
        let identity = fact(&raw.status, decode_identity);
        let mut description = Description {
            working_directory: link(&handle, "cwd"),
            root_directory: link(&handle, "root"),
            capabilities: fact(&raw.status, decode_capabilities),
            security_label: label(&handle),
            // What only Windows has.
            signature: Err(Absent::Nonexistent),
            threads: fact(&raw.status, decode_threads),
            standing: Standing {
                nature,
                descriptors: fact(
                    &may_read_descriptors(&handle).map(|()| Vec::new()),
                    |_| Some(()),
                ),
                is_in_other_user_namespace: is_in_other_user_namespace(&handle),
            },
            ancestors: self.ancestors_of(&process, parent),
            users: Default::default(),
            groups: Default::default(),
            identity,
            process,
        };
        self.name(&mut description);
        Ok(description)
    }

    /// The chain of parents, the nearest first. A parent began no later than its child: else its
    /// number is another process's by now.
    fn ancestors_of(&mut self, process: &Process, parent: u32) -> Vec<Process> {
        let mut chain: Vec<Process> = Vec::new();
        let (mut next, mut start) = (parent, process.id.start);
        while next != 0 && chain.len() < GENERATIONS {
            let Some((handle, stat)) = open(next).filter(|(_, stat)| stat.start_ticks <= start)
            else {
                break;
            };
            (next, start) = (stat.parent, stat.start_ticks);
            chain.push(self.ancestor(&handle, stat));
        }
        chain
    }

    /// A parent, as a list would show it.
    fn ancestor(&mut self, handle: &OwnedFd, stat: Stat) -> Process {
        let id = ProcessId { pid: stat.pid, start: stat.start_ticks };
        if let Some(known) = self.ancestors.get(&id) {
            return known.clone();
        }
        let process = describe_process(&facts::describe(handle, stat, Vec::new()), self.clock);
        if self.ancestors.len() >= ANCESTORS {
            self.ancestors.clear();
        }
        self.ancestors.insert(id, process.clone());
        process
    }

    /// Adds the names of all users and groups that are named by number.
    fn name(&mut self, description: &mut Description) {
        let Description { process, identity, ancestors, users, groups, .. } = description;
        let processes = std::iter::once(&*process).chain(&*ancestors);
        let mut uids: Vec<u32> = processes.filter_map(|process| process.user_id).collect();
        let mut gids: Vec<u32> = Vec::new();
        if let Ok(identity) = identity {
            uids.extend([identity.real_user, identity.effective_user]);
            gids.extend([identity.real_group, identity.effective_group]);
            gids.extend(&identity.supplementary_groups);
        }
        users.extend(uids.into_iter().filter_map(|id| Some((id, self.names.user(id)?.into()))));
        groups.extend(gids.into_iter().filter_map(|id| Some((id, self.names.group(id)?.into()))));
    }
}

/// A handle on the process that has this number now, and its `stat`. The handle is of that process
/// alone: should it end, nothing can be read through it any more.
fn open(pid: u32) -> Option<(OwnedFd, Stat)> {
    let handle = open_process(pid).ok()?;
    let stat = read_stat(&handle)?;
    Some((handle, stat))
}

/// There is none such.
fn gone(id: ProcessId) -> Error {
    Error::new(Kind::Vanished, "describe process", id.to_string(), "there is no such process")
}

/// Why nothing of the process can be seen: it is hidden where the kernel knows it all the same. For
/// a thread that is no process of its own, the kernel says EINVAL, since 6.14 ENOENT
/// (pidfd_open(2)).
fn unseen(id: ProcessId) -> Error {
    let pid = i32::try_from(id.pid).ok().and_then(Pid::from_raw);
    let known = pid.map(|pid| pidfd_open(pid, PidfdFlags::empty()));
    match known {
        Some(Ok(_) | Err(Errno::INVAL | Errno::NOENT)) => {
            let reason = "the system hides it (hidepid)";
            Error::new(Kind::Denied, "describe process", id.to_string(), reason)
        }
        _ => gone(id),
    }
}

/// The process of which the process or thread behind the handle is a part.
fn first_thread(process: &OwnedFd) -> Option<u32> {
    let status = read_file(process.as_fd(), "status", 4096).ok()?;
    decode_thread_group(&status)
}

/// What the process is in the kernel's eyes.
fn nature(process: &OwnedFd, stat: &Stat) -> Nature {
    if stat.is_kernel_thread {
        Nature::KernelThread
    } else if facts::has_ended(process, stat) {
        Nature::Zombie
    } else {
        Nature::Ordinary
    }
}

/// Whether its user namespace is another one than ours. Where the link may not be read, the map of
/// its users may (user_namespaces(7)): within one namespace it is the same for all.
fn is_in_other_user_namespace(process: &OwnedFd) -> bool {
    let by_link = || {
        let theirs = read_link(process.as_fd(), "ns/user").ok()?;
        Some(std::fs::read_link("/proc/self/ns/user").ok()?.as_os_str().as_bytes() != theirs)
    };
    let by_map = || {
        let theirs = read_file(process.as_fd(), "uid_map", 4096).ok()?;
        Some(std::fs::read("/proc/self/uid_map").ok()? != theirs)
    };
    by_link().or_else(by_map).unwrap_or_default()
}

/// Where a link of the process points.
fn link(process: &OwnedFd, name: &str) -> Fact<Box<str>> {
    fact(&read_link(process.as_fd(), name), |target| Some(lossy(target).into()))
}

/// The security module's label. Without such a module, reading it is an invalid call (EINVAL).
fn label(process: &OwnedFd) -> Fact<Box<str>> {
    let text: Text = read_file(process.as_fd(), "attr/current", 4096);
    let has_module = std::path::Path::new("/sys/kernel/security/apparmor").exists()
        || std::path::Path::new("/sys/fs/selinux").exists();
    let label = fact(&text, decode_label).map(Into::into);
    if has_module { label } else { label.map_err(|_| Absent::Nonexistent) }
}
