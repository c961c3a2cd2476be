//! Who reads what this process prints, and in which colours.

#![expect(unsafe_code, reason = "pipes and consoles are known to calls alone")]

use std::os::windows::io::AsRawHandle;

use windows_sys::Wdk::Storage::FileSystem::{
    FILE_PIPE_LOCAL_INFORMATION, FilePipeLocalInformation, NtQueryInformationFile,
};
use windows_sys::Win32::System::Console::{
    ENABLE_VIRTUAL_TERMINAL_PROCESSING, GetConsoleMode, SetConsoleMode,
};
use windows_sys::Win32::System::IO::IO_STATUS_BLOCK;

/// The other end is closed (ntifs.h: FILE_PIPE_CLOSING_STATE).
const CLOSING: u32 = 4;

/// See [`crate::is_output_read`].
pub(crate) fn is_output_read() -> bool {
    let output = std::io::stdout();
    let mut told = FILE_PIPE_LOCAL_INFORMATION::default();
    let mut block = IO_STATUS_BLOCK::default();
    // SAFETY: the structure is as large as is said. Whatever is no pipe answers with an error.
    let status = unsafe {
        NtQueryInformationFile(
            output.as_raw_handle(),
            &raw mut block,
            (&raw mut told).cast(),
            size_of::<FILE_PIPE_LOCAL_INFORMATION>() as u32,
            FilePipeLocalInformation,
        )
    };
    status != 0 || told.NamedPipeState != CLOSING
}

/// See [`crate::show_colours`].
pub(crate) fn show_colours() -> bool {
    let output = std::io::stdout().as_raw_handle();
    let mut mode = 0;
    // SAFETY: `mode` takes a number. Whatever is no console answers with an error.
    if unsafe { GetConsoleMode(output, &raw mut mode) } == 0 {
        return false;
    }
    // SAFETY: takes a number.
    unsafe { SetConsoleMode(output, mode | ENABLE_VIRTUAL_TERMINAL_PROCESSING) != 0 }
}
