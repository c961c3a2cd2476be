//! Every process of the machine, as the system lists them to everybody.

#![expect(unsafe_code, reason = "the list is written into a buffer of ours")]

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};

use hashbrown::HashMap;
use sockeye_core::ProcessId;
use windows_sys::Wdk::System::SystemInformation::{
    NtQuerySystemInformation, SystemProcessInformation,
};
use windows_sys::Win32::Foundation::STATUS_INFO_LENGTH_MISMATCH;

use crate::decode::ntprocess::{Listed, decode_processes};
use crate::win32::refusal::INSUFFICIENT_BUFFER;
use crate::win32::room::Room;

/// Bytes of the first buffer: room for some 400 processes with their threads.
const FIRST: usize = 512 * 1024;

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
    // What was enough last time: a list that is too long for its buffer is made twice.
    static NEEDED: AtomicUsize = AtomicUsize::new(FIRST);
    let mut room = Room::new(NEEDED.load(Ordering::Relaxed));
    let mut length = 0;
    let mut status = 0;
    let code = room.fill(|buffer, size| {
        let room = *size;
        // SAFETY: the buffer has so many bytes.
        status = unsafe {
            NtQuerySystemInformation(
                SystemProcessInformation,
                buffer.as_mut_ptr().cast(),
                room,
                &raw mut *size,
            )
        };
        length = *size as usize;
        if status == STATUS_INFO_LENGTH_MISMATCH { INSUFFICIENT_BUFFER } else { 0 }
    });
    NEEDED.store(room.size(), Ordering::Relaxed);
    match (code, status) {
        (0, 0) => Ok(decode(room.as_words(), length)),
        (_, status) => Err(status_error(status)),
    }
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
