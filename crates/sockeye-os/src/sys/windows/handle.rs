//! Handles on processes and tokens, closed when they are dropped.

#![expect(unsafe_code, reason = "handles are given and taken by calls alone")]

use std::io;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};

use sockeye_core::ProcessId;
use windows_sys::Win32::Foundation::{FILETIME, HANDLE, WAIT_TIMEOUT};
use windows_sys::Win32::System::Threading::{
    GetProcessTimes, OpenProcess, PROCESS_ACCESS_RIGHTS, WaitForSingleObject,
};

/// A handle on a process, and on no other that has its number later.
#[derive(Debug)]
pub(super) struct ProcessHandle(OwnedHandle);

impl ProcessHandle {
    /// One on whichever process has this number now.
    ///
    /// # Errors
    ///
    /// What the system said: `ERROR_INVALID_PARAMETER` when there is none.
    pub(super) fn open(pid: u32, access: PROCESS_ACCESS_RIGHTS) -> io::Result<Self> {
        // SAFETY: takes numbers.
        let handle = unsafe { OpenProcess(access, 0, pid) };
        if handle.is_null() {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the handle is new, and ours.
        Ok(Self(unsafe { OwnedHandle::from_raw_handle(handle) }))
    }

    pub(super) fn raw(&self) -> HANDLE {
        self.0.as_raw_handle()
    }

    /// When it started, 100 ns since 1601.
    pub(super) fn start(&self) -> io::Result<u64> {
        let zero = FILETIME { dwLowDateTime: 0, dwHighDateTime: 0 };
        let [mut created, mut exited, mut kernel, mut user] = [zero; 4];
        // SAFETY: each takes a time.
        let is_told = unsafe {
            GetProcessTimes(
                self.raw(),
                &raw mut created,
                &raw mut exited,
                &raw mut kernel,
                &raw mut user,
            )
        };
        if is_told == 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(u64::from(created.dwHighDateTime) << 32 | u64::from(created.dwLowDateTime))
    }

    /// Whether it is this process, and not one that has its number by now.
    pub(super) fn is(&self, process: ProcessId) -> bool {
        self.start().is_ok_and(|start| start == process.start)
    }

    /// Whether it still runs; opened with `PROCESS_SYNCHRONIZE`.
    pub(super) fn is_running(&self) -> bool {
        // SAFETY: the handle is open; waiting for no time only looks.
        unsafe { WaitForSingleObject(self.raw(), 0) == WAIT_TIMEOUT }
    }
}
