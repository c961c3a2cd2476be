//! Starting again with an administrator's rights, which only the user can grant.

#![expect(unsafe_code, reason = "the shell asks the user when it is called")]

use std::io;
use std::ptr;

use windows_sys::Win32::Foundation::{ERROR_CANCELLED, S_OK};
use windows_sys::Win32::System::Com::{
    COINIT_APARTMENTTHREADED, COINIT_DISABLE_OLE1DDE, CoInitializeEx, CoUninitialize,
};
use windows_sys::Win32::UI::Shell::{
    SEE_MASK_FLAG_NO_UI, SEE_MASK_NOASYNC, SHELLEXECUTEINFOW, ShellExecuteExW,
};
use windows_sys::Win32::UI::WindowsAndMessaging::SW_SHOWNORMAL;

use super::super::privilege::is_elevated;
use super::super::wide::wide;
use crate::desktop::{Elevation, command_line};
use crate::{Error, Kind};

/// What is tried, for errors.
const OPERATION: &str = "start with an administrator's rights";

/// See [`crate::desktop::elevation`].
pub(crate) fn elevation() -> Elevation {
    if is_elevated() { Elevation::Held } else { Elevation::Possible }
}

/// See [`crate::desktop::start_elevated`].
pub(crate) fn start_elevated(arguments: &[&str]) -> Result<(), Error> {
    let failed = |error: &io::Error| Error::from_io(OPERATION, "", error);
    let program = wide(std::env::current_exe().map_err(|error| failed(&error))?);
    let (verb, arguments) = (wide("runas"), wide(command_line(arguments)));
    let mut wanted = SHELLEXECUTEINFOW {
        cbSize: size_of::<SHELLEXECUTEINFOW>() as u32,
        // The thread may end right after the call; errors are shown by whoever called.
        fMask: SEE_MASK_NOASYNC | SEE_MASK_FLAG_NO_UI,
        lpVerb: verb.as_ptr(),
        lpFile: program.as_ptr(),
        lpParameters: arguments.as_ptr(),
        nShow: SW_SHOWNORMAL,
        ..SHELLEXECUTEINFOW::default()
    };
    // The shell may need COM; where the thread has it in another way already, that suffices.
    let mode = COINIT_APARTMENTTHREADED | COINIT_DISABLE_OLE1DDE;
    // SAFETY: the pointer may be null; undone below.
    let is_begun = unsafe { CoInitializeEx(ptr::null(), mode.cast_unsigned()) } >= S_OK;
    // SAFETY: the structure says its size; every text in it ends in a zero and outlives the call.
    let is_started = unsafe { ShellExecuteExW(&raw mut wanted) } != 0;
    let error = io::Error::last_os_error();
    if is_begun {
        // SAFETY: once for the call above that succeeded.
        unsafe { CoUninitialize() };
    }
    match error.raw_os_error().map(i32::cast_unsigned) {
        _ if is_started => Ok(()),
        Some(ERROR_CANCELLED) => Err(Error::new(Kind::Denied, OPERATION, "", "that was refused")),
        _ => Err(failed(&error)),
    }
}
