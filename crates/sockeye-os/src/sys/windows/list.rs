//! Every process of the machine, as the system lists them to everybody.

#![expect(unsafe_code, reason = "the list is written into a buffer of ours")]

use std::io;

use hashbrown::HashMap;
use sockeye_core::ProcessId;
use windows_sys::Wdk::System::SystemInformation::{
    NtQuerySystemInformation, SystemProcessInformation,
};
use windows_sys::Win32::Foundation::STATUS_INFO_LENGTH_MISMATCH;

use crate::decode::ntprocess::{Listed, decode_processes};

/// Words of the first buffer: room for some 400 processes with their threads.
const FIRST: usize = 64 * 1024;
/// So often the list may have outgrown its buffer before it is given up.
const TRIES: usize = 8;

/// The processes by number.
pub(super) type Processes = HashMap<u32, Listed>;

/// The identity of a listed process.
pub(super) fn id(listed: &Listed) -> ProcessId {
    ProcessId { pid: listed.pid, start: listed.start }
}

/// Every process.
///
/// # Errors
///
/// What the system said. Of a list that makes no sense, those before that place are given.
pub(super) fn list() -> io::Result<Processes> {
    let mut buffer = vec![0_u64; FIRST];
    for _ in 0..TRIES {
        let room = size_of_val(buffer.as_slice());
        let mut size = 0;
        // SAFETY: the buffer has so many bytes.
        let status = unsafe {
            NtQuerySystemInformation(
                SystemProcessInformation,
                buffer.as_mut_ptr().cast(),
                u32::try_from(room).unwrap_or(u32::MAX),
                &raw mut size,
            )
        };
        match status {
            STATUS_INFO_LENGTH_MISMATCH => {
                let needed = (size as usize).max(room) / size_of::<u64>();
                buffer = vec![0; needed + needed / 4 + FIRST];
            }
            0 => return Ok(decode(&buffer, size as usize)),
            status => return Err(status_error(status)),
        }
    }
    Err(status_error(STATUS_INFO_LENGTH_MISMATCH))
}

fn decode(buffer: &[u64], size: usize) -> Processes {
    // SAFETY: words are bytes, all of which have a value.
    let bytes: &[u8] =
        unsafe { std::slice::from_raw_parts(buffer.as_ptr().cast(), size_of_val(buffer)) };
    let mut processes = Vec::new();
    let whole = bytes.get(..size).unwrap_or(bytes);
    // What follows a mistake cannot be read; nothing is known of what it would have been.
    let _ = decode_processes(whole, bytes.as_ptr().addr() as u64, &mut processes);
    processes.into_iter().map(|listed| (listed.pid, listed)).collect()
}

/// What an NTSTATUS says: Rust knows no words for it.
pub(super) fn status_error(status: i32) -> io::Error {
    io::Error::other(format!("NTSTATUS 0x{:08x}", status.cast_unsigned()))
}
