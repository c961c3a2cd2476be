//! What is known of processes, each found out once.

#![expect(unsafe_code, reason = "a process's path is known to a call alone")]

use std::io;

use hashbrown::HashMap;
use sockeye_core::process::{Absent, Fact};
use sockeye_core::{Process, ProcessId};
use windows_sys::Win32::System::Threading::{
    PROCESS_NAME_WIN32, PROCESS_QUERY_INFORMATION, PROCESS_QUERY_LIMITED_INFORMATION,
    PROCESS_VM_READ, QueryFullProcessImageNameW,
};

use super::handle::ProcessHandle;
use super::list::{Processes, id};
use super::tables::code_of;
use super::wide::text;
use super::{accounts, peb, services};
use crate::assemble::noted::{self, process};
use crate::decode::ntprocess::Listed;
use crate::win32::refusal::absent;

/// The idle process, which the system lists without a name, and the kernel's own.
pub(super) const IDLE: u32 = 0;
pub(super) const SYSTEM: u32 = 4;
/// Units of the longest path (Maximum Path Length Limitation).
const PATH: usize = 32_768;

/// Processes that were described.
#[derive(Default, Debug)]
pub(super) struct Facts {
    known: HashMap<ProcessId, Process>,
    /// The services that run, asked for once in an observation that meets somebody new.
    services: Option<HashMap<u32, Vec<String>>>,
}

impl Facts {
    /// What is known of a process that is listed.
    pub(super) fn of(&mut self, listed: &Listed) -> Process {
        if let Some(known) = self.known.get(&id(listed)) {
            return known.clone();
        }
        let names = self.services.get_or_insert_with(services::by_process).get(&listed.pid);
        let services = names.map(|names| names.join(", ").into());
        let process = Process { services, ..describe(listed) };
        self.known.insert(process.id, process.clone());
        process
    }

    /// Begins an observation: forgets those that are not listed any more.
    pub(super) fn keep(&mut self, listed: &Processes) {
        let is_there = |known: &ProcessId| {
            listed.get(&known.pid).is_some_and(|listed| listed.start == known.start)
        };
        self.known.retain(|known, _| is_there(known));
        self.services = None;
    }
}

/// A process as a list shows it, but for its services.
pub(super) fn describe(listed: &Listed) -> Process {
    let handle = open(listed);
    let path = handle.as_ref().map_err(|absent| *absent).and_then(path_of);
    let command_line = handle.as_ref().map_err(|absent| *absent).and_then(|handle| {
        let told = peb::command_line(handle).ok();
        told.map_or_else(|| command_line_in_memory(listed), Ok)
    });
    let command_line = command_line.and_then(|line| {
        let line = line.trim();
        if line.is_empty() { Err(Absent::Nonexistent) } else { Ok(line.into()) }
    });
    process(noted::Listed {
        id: id(listed),
        parent: (listed.pid != IDLE && listed.parent != 0).then_some(listed.parent),
        name: name(listed, path.as_deref().ok()),
        path: path.map(Into::into),
        command_line,
        user_id: handle.ok().as_ref().and_then(accounts::user_of),
        services: None,
    })
}

/// What people call it: the file's name, else what the system has instead.
fn name(listed: &Listed, path: Option<&str>) -> Box<str> {
    let of_path = path.and_then(|path| path.rsplit('\\').next());
    name_of(listed.pid, of_path.unwrap_or(&listed.name))
}

/// What people call the process of this number and image; the kernel's own have none.
pub(super) fn name_of(pid: u32, image: &str) -> Box<str> {
    match (image, pid) {
        ("", IDLE) => "System Idle Process".into(),
        ("", SYSTEM) => "System".into(),
        (name, _) => name.into(),
    }
}

/// A handle on the listed process and no other.
pub(super) fn open(listed: &Listed) -> Fact<ProcessHandle> {
    open_for(listed, PROCESS_QUERY_LIMITED_INFORMATION)
}

fn open_for(listed: &Listed, access: u32) -> Fact<ProcessHandle> {
    if matches!(listed.pid, IDLE | SYSTEM) {
        return Err(Absent::Nonexistent); // The kernel has neither file nor arguments.
    }
    let handle =
        ProcessHandle::open(listed.pid, access).map_err(|error| absent(code_of(&error)))?;
    if handle.is(id(listed)) { Ok(handle) } else { Err(Absent::Vanished) }
}

/// Where its image is.
fn path_of(handle: &ProcessHandle) -> Fact<String> {
    let mut path = vec![0; PATH];
    let mut size = PATH as u32;
    // SAFETY: the buffer has so many units.
    let is_told = unsafe {
        QueryFullProcessImageNameW(
            handle.raw(),
            PROCESS_NAME_WIN32,
            path.as_mut_ptr(),
            &raw mut size,
        )
    };
    if is_told == 0 {
        return Err(absent(code_of(&io::Error::last_os_error())));
    }
    Ok(text(&path))
}

/// Its command line, by what it keeps itself.
fn command_line_in_memory(listed: &Listed) -> Fact<String> {
    in_memory(listed, peb::Text::CommandLine)
}

/// A text that it keeps in its memory.
pub(super) fn in_memory(listed: &Listed, text: peb::Text) -> Fact<String> {
    let handle = open_for(listed, PROCESS_QUERY_INFORMATION | PROCESS_VM_READ)?;
    peb::read(&handle, text).map_err(|error| absent(code_of(&error)))
}
