//! Closing connections and ending processes.

#![expect(unsafe_code, reason = "connections and processes are ended by calls alone")]

use std::ffi::c_void;
use std::io;
use std::net::SocketAddr;
use std::ptr;

use sockeye_core::{Endpoint, ProcessId, Transport};
use windows_sys::Win32::Foundation::{HWND, LPARAM, NO_ERROR};
use windows_sys::Win32::NetworkManagement::IpHelper::{
    MIB_TCPROW_LH, MIB_TCPROW_LH_0, SetTcpEntry,
};
use windows_sys::Win32::System::Threading::{
    PROCESS_QUERY_LIMITED_INFORMATION, PROCESS_SYNCHRONIZE, PROCESS_TERMINATE, TerminateProcess,
};
use windows_sys::Win32::UI::WindowsAndMessaging::{
    EnumWindows, GetWindowThreadProcessId, IsWindowVisible, PostMessageW, WM_CLOSE,
};

use super::handle::ProcessHandle;
use super::library::find_safe;
use super::list::list;
use super::privilege::may_look_at_all;
use super::tables::{code_of, refused, refused_of};
use crate::decode::iphlp::{DELETE_TCB, NSI_TCP, encode_pair};
use crate::win32::refusal::Operation;
use crate::{Error, Kind, Urgency};

/// What takes out connections of either family.
const NSI: (&str, &std::ffi::CStr) = ("nsi.dll", c"NsiSetAllParameters");

/// See [`crate::Actor::close`].
pub(crate) fn close(endpoints: &[&Endpoint]) -> Vec<Result<(), Error>> {
    endpoints.iter().map(|endpoint| close_one(endpoint)).collect()
}

fn close_one(endpoint: &Endpoint) -> Result<(), Error> {
    let refuse =
        |reason: &str| Err(Error::new(Kind::Unsupported, "close the connection", "", reason));
    if endpoint.transport == Transport::Udp {
        return refuse("Windows closes TCP connections alone: end the process instead");
    }
    let Some(remote) = endpoint.remote else { return refuse("it is no connection") };
    let code = match (endpoint.local, remote) {
        (SocketAddr::V4(local), SocketAddr::V4(remote)) => {
            let row = MIB_TCPROW_LH {
                Anonymous: MIB_TCPROW_LH_0 { dwState: DELETE_TCB },
                dwLocalAddr: u32::from_ne_bytes(local.ip().octets()),
                dwLocalPort: local.port().to_be().into(),
                dwRemoteAddr: u32::from_ne_bytes(remote.ip().octets()),
                dwRemotePort: remote.port().to_be().into(),
            };
            // SAFETY: a whole row.
            let code = unsafe { SetTcpEntry(&raw const row) };
            let by_nsi = || close_by_nsi(endpoint.local, remote.into());
            if code == NO_ERROR { Some(code) } else { by_nsi().or(Some(code)) }
        }
        (local, remote) => close_by_nsi(local, remote),
    };
    match code {
        Some(NO_ERROR) => Ok(()),
        Some(code) => Err(refused(Operation::Close, code)),
        None => refuse("this system has no NsiSetAllParameters, which closes IPv6"),
    }
}

/// `NsiSetAllParameters`: store 1 (active), action 2 (set), the module, the table of connections (16),
/// the key, no value. Undocumented; System Informer asks the driver for the same (netsup.c).
type SetAll = unsafe extern "system" fn(
    u32,
    u32,
    *const c_void,
    u32,
    *const c_void,
    u32,
    *const c_void,
    u32,
) -> u32;

/// What the Network Store Interface answered; `None` where there is none.
fn close_by_nsi(local: SocketAddr, remote: SocketAddr) -> Option<u32> {
    type Found = unsafe extern "system" fn() -> isize;
    let (library, name) = NSI;
    let function = find_safe(library, name)?;
    // SAFETY: the function of this name has this signature.
    let set_all = unsafe { std::mem::transmute::<Found, SetAll>(function) };
    let key = encode_pair(local, remote);
    let (module, length) = (NSI_TCP.as_ptr().cast(), key.len() as u32);
    // SAFETY: the module's identity and the key are as long as they have to be; there is no value.
    Some(unsafe { set_all(1, 2, module, 16, key.as_ptr().cast(), length, ptr::null(), 0) })
}

/// Whether connections over IPv6 can be closed at all.
pub(super) fn may_close_ipv6() -> bool {
    find_safe(NSI.0, NSI.1).is_some()
}

/// See [`crate::Actor::end`].
pub(crate) fn end(process: ProcessId, urgency: Urgency) -> Result<(), Error> {
    may_look_at_all();
    let access = PROCESS_TERMINATE | PROCESS_QUERY_LIMITED_INFORMATION | PROCESS_SYNCHRONIZE;
    let handle =
        ProcessHandle::open(process.pid, access).map_err(|error| not_ended(process, &error))?;
    let gone = || Error::new(Kind::Vanished, "end process", process.to_string(), "it has ended");
    if !handle.is(process) || !handle.is_running() {
        return Err(gone());
    }
    match urgency {
        Urgency::Ask => ask(process),
        Urgency::Force => {
            // SAFETY: the handle is open, and of this process.
            let is_ended = unsafe { TerminateProcess(handle.raw(), 1) };
            if is_ended == 0 {
                return Err(not_ended(process, &io::Error::last_os_error()));
            }
            Ok(())
        }
    }
}

fn not_ended(process: ProcessId, error: &io::Error) -> Error {
    refused_of((Operation::End, &process.to_string()), code_of(error))
}

/// Asks a process to end, as far as Windows can ask: by closing its windows.
fn ask(process: ProcessId) -> Result<(), Error> {
    let mut asked = Asked { pid: process.pid, count: 0 };
    // SAFETY: the function is called for each window, with this very number, before the call returns.
    unsafe { EnumWindows(Some(close_window), (&raw mut asked) as LPARAM) };
    if asked.count > 0 {
        return Ok(());
    }
    let reason = "it has no window to be asked by, and Windows knows no other way to ask: --force";
    Err(Error::new(Kind::Unsupported, "end process", process.to_string(), reason))
}

/// Whose windows are closed, and how many were.
struct Asked {
    pid: u32,
    count: u32,
}

/// Asks a window of the process to close; says that there may be more.
unsafe extern "system" fn close_window(window: HWND, asked: LPARAM) -> i32 {
    // SAFETY: `ask` gave it, waits, and looks only afterwards.
    let asked = unsafe { &mut *(asked as *mut Asked) };
    let mut pid = 0;
    // SAFETY: `pid` takes a number; a window that is gone has none.
    unsafe { GetWindowThreadProcessId(window, &raw mut pid) };
    // Windows that nobody sees (input methods have some) end nothing when they are closed.
    // SAFETY: a window that is gone is not visible.
    if pid == asked.pid && unsafe { IsWindowVisible(window) } != 0 {
        // SAFETY: posts a message without pointers.
        let is_posted = unsafe { PostMessageW(window, WM_CLOSE, 0, 0) };
        asked.count += u32::from(is_posted != 0);
    }
    1
}

/// See [`crate::Actor::is_running`].
pub(crate) fn is_running(process: ProcessId) -> bool {
    let access = PROCESS_QUERY_LIMITED_INFORMATION | PROCESS_SYNCHRONIZE;
    match ProcessHandle::open(process.pid, access) {
        Ok(handle) => handle.is(process) && handle.is_running(),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            let listed = list().ok().and_then(|mut all| all.remove(&process.pid));
            listed.is_some_and(|listed| listed.start == process.start)
        }
        Err(_) => false,
    }
}
