//! The console that a program with a window was started from.

#![expect(unsafe_code, reason = "consoles are known to calls alone")]

use std::ptr;

use windows_sys::Win32::Foundation::{GENERIC_READ, GENERIC_WRITE, HANDLE, INVALID_HANDLE_VALUE};
use windows_sys::Win32::Storage::FileSystem::{
    CreateFileW, FILE_SHARE_READ, FILE_SHARE_WRITE, OPEN_EXISTING,
};
use windows_sys::Win32::System::Console::{
    ATTACH_PARENT_PROCESS, AttachConsole, GetStdHandle, STD_ERROR_HANDLE, STD_HANDLE,
    STD_OUTPUT_HANDLE, SetStdHandle,
};
use windows_sys::Win32::UI::WindowsAndMessaging::{
    MB_ICONINFORMATION, MB_OK, MB_SETFOREGROUND, MessageBoxW,
};

use super::super::wide::wide;

/// See [`crate::desktop::attach_console`].
pub(crate) fn attach_console() -> bool {
    let streams = [STD_OUTPUT_HANDLE, STD_ERROR_HANDLE];
    let before = streams.map(stream);
    if before.iter().any(Option::is_some) {
        // Somebody reads: a pipe, a file, or the console since an earlier call.
        return true;
    }
    // SAFETY: takes a number. It fails where the parent has no console.
    if unsafe { AttachConsole(ATTACH_PARENT_PROCESS) } == 0 {
        return false;
    }
    // Whether attaching sets the standard handles is not documented: what it left out is opened.
    for id in streams.into_iter().filter(|id| stream(*id).is_none()) {
        if let Some(handle) = open_output() {
            // SAFETY: takes an open handle, which stays open as long as the program runs.
            unsafe { SetStdHandle(id, handle) };
        }
    }
    stream(STD_OUTPUT_HANDLE).is_some()
}

/// The handle of a standard stream, where there is one.
fn stream(id: STD_HANDLE) -> Option<HANDLE> {
    // SAFETY: takes a number.
    let handle = unsafe { GetStdHandle(id) };
    (!handle.is_null() && handle != INVALID_HANDLE_VALUE).then_some(handle)
}

/// A handle on the console's screen.
fn open_output() -> Option<HANDLE> {
    let name = wide("CONOUT$");
    // SAFETY: the name ends in a zero; the other pointers may be null.
    let handle = unsafe {
        CreateFileW(
            name.as_ptr(),
            GENERIC_READ | GENERIC_WRITE,
            FILE_SHARE_READ | FILE_SHARE_WRITE,
            ptr::null(),
            OPEN_EXISTING,
            0,
            ptr::null_mut(),
        )
    };
    (handle != INVALID_HANDLE_VALUE).then_some(handle)
}

/// See [`crate::desktop::show_message`].
pub(crate) fn show_message(title: &str, text: &str) {
    let (title, text) = (wide(title), wide(text));
    let style = MB_OK | MB_ICONINFORMATION | MB_SETFOREGROUND;
    // SAFETY: both texts end in a zero; the window has no owner. Which button was pressed says nothing:
    // there is one.
    unsafe { MessageBoxW(ptr::null_mut(), text.as_ptr(), title.as_ptr(), style) };
}
