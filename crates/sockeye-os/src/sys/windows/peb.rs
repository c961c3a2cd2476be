//! What a process keeps about itself in its own memory: command line and working directory.

#![expect(unsafe_code, reason = "the memory is another process's")]

use std::io;

use windows_sys::Wdk::System::Threading::{
    NtQueryInformationProcess, ProcessBasicInformation, ProcessCommandLineInformation,
};
use windows_sys::Win32::Foundation::UNICODE_STRING;
use windows_sys::Win32::System::Diagnostics::Debug::ReadProcessMemory;
use windows_sys::Win32::System::Threading::PROCESS_BASIC_INFORMATION;

use super::handle::ProcessHandle;
use super::list::status_error;
use crate::decode::ntprocess::utf16;

/// Where the PEB of a 64-bit process has the address of its parameters (winternl.h: PEB), and where
/// those have their texts (phnt's ntrtl.h: RTL_USER_PROCESS_PARAMETERS).
#[cfg(target_pointer_width = "64")]
const PARAMETERS: usize = 0x20;
#[cfg(target_pointer_width = "64")]
const DIRECTORY: usize = 0x38;
#[cfg(target_pointer_width = "64")]
const COMMAND_LINE: usize = 0x70;
#[cfg(not(target_pointer_width = "64"))]
compile_error!("processes of 64-bit Windows are read by programs of 64 bits alone");

/// Which text of a process.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Text {
    /// Its command line, as it was given.
    CommandLine,
    /// Its working directory, with a backslash at its end.
    Directory,
}

/// The command line, as the system tells it to whoever may ask anything about the process (Windows 8.1
/// and later).
///
/// # Errors
///
/// What the system said.
pub(super) fn command_line(process: &ProcessHandle) -> io::Result<String> {
    // A length in 16 bits: a UNICODE_STRING and its text always fit.
    let mut buffer = vec![0_u64; (64 * 1024 + 64) / size_of::<u64>()];
    let bytes = size_of_val(buffer.as_slice());
    let mut size = 0;
    // SAFETY: the buffer has so many bytes.
    let status = unsafe {
        NtQueryInformationProcess(
            process.raw(),
            ProcessCommandLineInformation,
            buffer.as_mut_ptr().cast(),
            bytes as u32,
            &raw mut size,
        )
    };
    if status != 0 {
        return Err(status_error(status));
    }
    // SAFETY: that is what the call wrote.
    let text = unsafe { buffer.as_ptr().cast::<UNICODE_STRING>().read() };
    let start = text.Buffer.addr().checked_sub(buffer.as_ptr().addr()).unwrap_or(bytes);
    // SAFETY: words are bytes, all of which have a value.
    let whole: &[u8] = unsafe { std::slice::from_raw_parts(buffer.as_ptr().cast(), bytes) };
    let units = whole.get(start..).and_then(|rest| rest.get(..text.Length.into()));
    Ok(utf16(units.unwrap_or_default()))
}

/// A text out of the memory of a process that was opened with `PROCESS_VM_READ`. A process can write
/// there what it likes.
///
/// # Errors
///
/// What the system said.
pub(super) fn read(process: &ProcessHandle, text: Text) -> io::Result<String> {
    let mut basic = PROCESS_BASIC_INFORMATION::default();
    let mut size = 0;
    // SAFETY: the structure is as large as is said.
    let status = unsafe {
        NtQueryInformationProcess(
            process.raw(),
            ProcessBasicInformation,
            (&raw mut basic).cast(),
            size_of::<PROCESS_BASIC_INFORMATION>() as u32,
            &raw mut size,
        )
    };
    if status != 0 {
        return Err(status_error(status));
    }
    let parameters = address(process, basic.PebBaseAddress.addr().wrapping_add(PARAMETERS))?;
    let at = match text {
        Text::CommandLine => COMMAND_LINE,
        Text::Directory => DIRECTORY,
    };
    let mut length = [0; 2];
    read_memory(process, parameters.wrapping_add(at), &mut length)?;
    let start = address(process, parameters.wrapping_add(at + 8))?;
    let mut units = vec![0; u16::from_le_bytes(length).into()];
    read_memory(process, start, &mut units)?;
    Ok(utf16(&units))
}

/// An address that stands in the process's memory.
fn address(process: &ProcessHandle, at: usize) -> io::Result<usize> {
    let mut bytes = [0; size_of::<usize>()];
    read_memory(process, at, &mut bytes)?;
    Ok(usize::from_le_bytes(bytes))
}

fn read_memory(process: &ProcessHandle, at: usize, bytes: &mut [u8]) -> io::Result<()> {
    let mut count = 0;
    let from = std::ptr::without_provenance(at);
    // SAFETY: as many bytes are written as there are; what is not there is an error.
    let is_read = unsafe {
        ReadProcessMemory(
            process.raw(),
            from,
            bytes.as_mut_ptr().cast(),
            bytes.len(),
            &raw mut count,
        )
    };
    if is_read == 0 || count != bytes.len() {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}
