//! Which services a process runs, and which of them made a socket.

#![expect(unsafe_code, reason = "services are known to calls alone")]

use std::ffi::{CStr, c_void};
use std::ptr;
use std::sync::Arc;

use hashbrown::HashMap;
use windows_sys::Win32::Foundation::{ERROR_MORE_DATA, GetLastError, LocalFree};
use windows_sys::Win32::System::Services::{
    CloseServiceHandle, ENUM_SERVICE_STATUS_PROCESSW, EnumServicesStatusExW, OpenSCManagerW,
    SC_ENUM_PROCESS_INFO, SC_HANDLE, SC_MANAGER_CONNECT, SC_MANAGER_ENUMERATE_SERVICE,
    SERVICE_ACTIVE, SERVICE_WIN32,
};

use super::library::find_safe;
use super::modules::Modules;
use super::wide::text_at;
use crate::assemble::noted::Tags;
use crate::decode::iphlp::Row;

/// The most that one call gives (EnumServicesStatusExW: 256 KiB).
const BYTES: usize = 256 * 1024;

/// Names tags, undocumented.
const QUERY: &CStr = c"I_QueryTagInformation";

/// Names services; asks each thing once.
#[derive(Debug)]
pub(super) struct Services {
    tags: Tags,
    query: Option<Query>,
    modules: Modules,
}

impl Services {
    pub(super) fn new() -> Self {
        let query = find_safe("sechost.dll", QUERY).map(|function| {
            type Found = unsafe extern "system" fn() -> isize;
            // SAFETY: the function of this name has this signature: see `Query`.
            unsafe { std::mem::transmute::<Found, Query>(function) }
        });
        Self { tags: Tags::default(), query, modules: Modules::find() }
    }

    /// The calls that this system lacks to name a socket's tag: none where one of two ways is there.
    pub(super) fn missing(&self) -> Vec<&'static str> {
        let others: Vec<_> = self.modules.missing().collect();
        if self.query.is_some() || others.is_empty() {
            return Vec::new();
        }
        [QUERY.to_str().unwrap_or_default()].into_iter().chain(others).collect()
    }

    /// The service that made this socket.
    pub(super) fn of(&mut self, row: &Row) -> Option<Arc<str>> {
        let (query, modules, tag) = (self.query, &self.modules, row.service_tag?);
        // A tag that is known costs no call, whichever call it would be.
        let name = || match query {
            Some(query) => ask(query, row.pid, tag),
            None => modules.service(row),
        };
        self.tags.name((row.pid, tag), || name().map(Into::into))
    }

    /// The names that are known: process, tag, name.
    pub(super) fn named(&self) -> Vec<(u32, u32, String)> {
        let named = self.tags.named().into_iter();
        named.map(|(pid, tag, name)| (pid, tag, name.to_string())).collect()
    }

    /// Forgets the tags of processes that are no more: their numbers may be others' by now.
    pub(super) fn keep(&mut self, is_there: impl Fn(u32) -> bool) {
        self.tags.keep(is_there);
    }
}

/// `I_QueryTagInformation`: nothing, what is asked (1: a service's name by its tag), the question.
/// Undocumented; System Informer's phlib/svcsup.c calls it so.
type Query = unsafe extern "system" fn(*const c_void, u32, *mut Question) -> u32;

/// Asks for the name of a service.
const NAME_FROM_TAG: u32 = 1;

/// `TAG_INFO_NAME_FROM_TAG`.
#[repr(C)]
struct Question {
    pid: u32,
    tag: u32,
    /// What sort of tag it is: 1 a service's.
    sort: u32,
    name: *mut u16,
}

fn ask(query: Query, pid: u32, tag: u32) -> Option<String> {
    let mut question = Question { pid, tag, sort: 0, name: ptr::null_mut() };
    // SAFETY: the question is one of those that it takes.
    let code = unsafe { query(ptr::null(), NAME_FROM_TAG, &raw mut question) };
    if code != 0 || question.name.is_null() {
        return None;
    }
    // SAFETY: a text that ends in a zero.
    let name = unsafe { text_at(question.name) };
    // SAFETY: it is to be freed so.
    unsafe { LocalFree(question.name.cast()) };
    Some(name)
}

/// The service control manager.
struct Manager(SC_HANDLE);

impl Manager {
    fn open() -> Option<Self> {
        let access = SC_MANAGER_CONNECT | SC_MANAGER_ENUMERATE_SERVICE;
        // SAFETY: this machine, its services.
        let manager = unsafe { OpenSCManagerW(ptr::null(), ptr::null(), access) };
        (!manager.is_null()).then_some(Self(manager))
    }
}

impl Drop for Manager {
    fn drop(&mut self) {
        // SAFETY: the handle is ours, and open.
        unsafe { CloseServiceHandle(self.0) };
    }
}

/// The services that run, by process; nothing where that is not told.
pub(super) fn by_process() -> HashMap<u32, Vec<String>> {
    let mut found: HashMap<u32, Vec<String>> = HashMap::new();
    let Some(manager) = Manager::open() else { return found };
    let mut buffer = vec![0_u64; BYTES / size_of::<u64>()];
    let mut resume = 0;
    loop {
        let (mut needed, mut count) = (0, 0);
        // SAFETY: the buffer has so many bytes.
        let is_all = unsafe {
            EnumServicesStatusExW(
                manager.0,
                SC_ENUM_PROCESS_INFO,
                SERVICE_WIN32,
                SERVICE_ACTIVE,
                buffer.as_mut_ptr().cast(),
                BYTES as u32,
                &raw mut needed,
                &raw mut count,
                &raw mut resume,
                ptr::null(),
            )
        };
        // SAFETY: takes nothing.
        let is_more = is_all == 0 && unsafe { GetLastError() } == ERROR_MORE_DATA;
        if is_all == 0 && !is_more {
            return found;
        }
        let first = buffer.as_ptr().cast::<ENUM_SERVICE_STATUS_PROCESSW>();
        for index in 0..count as usize {
            // SAFETY: the call wrote so many, one behind the other.
            let service = unsafe { first.add(index).read() };
            let pid = service.ServiceStatusProcess.dwProcessId;
            // SAFETY: a text in the same buffer.
            let name = unsafe { text_at(service.lpServiceName) };
            found.entry(pid).or_default().push(name);
        }
        if !is_more || count == 0 {
            return found;
        }
    }
}
