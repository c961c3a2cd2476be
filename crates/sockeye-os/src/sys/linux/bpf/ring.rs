//! The ring buffer that events come through (`BPF_MAP_TYPE_RINGBUF`, Documentation/bpf/ringbuf.rst).
//!
//! The kernel writes, we read. It maps as a page with our position, a page with its own, and the data.
//! These can be mapped twice in a row, so that a record that wraps around is in one piece; we map them
//! once and put such a record together, since every mapped page counts as memory of the process.

#![expect(unsafe_code, reason = "memory shared with the kernel")]

use std::ffi::c_void;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::ptr::{NonNull, null_mut};
use std::slice;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

/// `BPF_RINGBUF_BUSY_BIT` and `BPF_RINGBUF_DISCARD_BIT` in a record's length; `BPF_RINGBUF_HDR_SZ`.
const BUSY: u32 = 1 << 31;
const DISCARDED: u32 = 1 << 30;
const HEADER: u64 = 8;
/// How long a record that is being written is waited for: what follows it may be written already, and
/// whoever drains the buffer wants all of that. It takes less than a microsecond, unless an interrupt
/// with all its network traffic comes between, or the processor is a virtual one that others get.
const PATIENCE: Duration = Duration::from_secs(1);

/// The ring buffer, mapped.
#[derive(Debug)]
pub(super) struct Ring {
    map: OwnedFd,
    ours: Mapping,
    theirs: Mapping,
    page: usize,
    bytes: u64,
    /// A record that wraps around.
    pieces: Vec<u8>,
}

impl Ring {
    /// Maps `map`, whose data are `bytes` long.
    pub(super) fn new(map: OwnedFd, bytes: u32) -> io::Result<Self> {
        if cfg!(not(target_pointer_width = "64")) {
            return Err(io::ErrorKind::Unsupported.into()); // Positions are `unsigned long`.
        }
        let page = rustix::param::page_size();
        let ours = Mapping::new(&map, ProtFlags::READ | ProtFlags::WRITE, (page, 0))?;
        let length = page + bytes as usize;
        let theirs = Mapping::new(&map, ProtFlags::READ, (length, page as u64))?;
        Ok(Self { map, ours, theirs, page, bytes: bytes.into(), pieces: Vec::new() })
    }

    /// What becomes readable when the kernel wakes us.
    pub(super) fn as_fd(&self) -> BorrowedFd<'_> {
        self.map.as_fd()
    }

    /// Calls `take` with every record that is complete, in order.
    pub(super) fn drain(&mut self, mut take: impl FnMut(&[u8])) {
        let mut position = self.ours.number_at_start().load(Ordering::Relaxed);
        let end = self.theirs.number_at_start().load(Ordering::Acquire);
        while position < end {
            let Some(length) = self.await_length_at(position) else { break };
            let size = length & !DISCARDED;
            if length & DISCARDED == 0 {
                let mut pieces = std::mem::take(&mut self.pieces);
                match self.record_at(position, size) {
                    (record, []) => take(record),
                    (first, rest) => {
                        pieces.clear();
                        pieces.extend_from_slice(first);
                        pieces.extend_from_slice(rest);
                        take(&pieces);
                    }
                }
                self.pieces = pieces;
            }
            position += (HEADER + u64::from(size)).next_multiple_of(8);
            // At once, so that the kernel has the room.
            self.ours.number_at_start().store(position, Ordering::Release);
        }
    }

    /// The same, once the record is written: what follows it may have been for long.
    fn await_length_at(&self, position: u64) -> Option<u32> {
        let mut since = None;
        loop {
            let length = self.length_at(position);
            if length.is_some() || since.get_or_insert_with(Instant::now).elapsed() > PATIENCE {
                return length;
            }
            thread::yield_now();
        }
    }

    /// The length of the record at `position`, with its flags; `None` while it is being written.
    fn length_at(&self, position: u64) -> Option<u32> {
        let at = self.page + (position & (self.bytes - 1)) as usize;
        // SAFETY: within the mapping, since a position is taken modulo the data's length, and aligned,
        // since records begin at multiples of eight; the kernel writes it atomically.
        let length =
            unsafe { AtomicU32::from_ptr(self.theirs.start.as_ptr().cast::<u8>().add(at).cast()) };
        Some(length.load(Ordering::Acquire)).filter(|length| length & BUSY == 0)
    }

    /// The bytes of the record at `position`, and those that stand at the beginning again.
    fn record_at(&self, position: u64, size: u32) -> (&[u8], &[u8]) {
        let at = ((position + HEADER) & (self.bytes - 1)) as usize;
        let length = self.theirs.length - self.page;
        let first = (length - at).min(size as usize);
        let rest = (size as usize - first).min(at);
        (self.bytes_at(at, first), self.bytes_at(0, rest))
    }

    /// So many bytes of the data from there on, which the caller has cut to what there is.
    fn bytes_at(&self, at: usize, length: usize) -> &[u8] {
        // SAFETY: within the mapping, by the caller's doing; the kernel writes a record no more until
        // our position has passed it, which the caller moves afterwards.
        unsafe {
            let start = self.theirs.start.as_ptr().cast::<u8>().add(self.page + at);
            slice::from_raw_parts(start, length)
        }
    }
}

/// Memory shared with the kernel.
#[derive(Debug)]
struct Mapping {
    start: NonNull<c_void>,
    length: usize,
}

// SAFETY: plain memory that belongs to the process, not to a thread.
unsafe impl Send for Mapping {}

impl Mapping {
    fn new(map: &OwnedFd, access: ProtFlags, (length, at): (usize, u64)) -> io::Result<Self> {
        // SAFETY: a new mapping at a place that the kernel chooses overlaps nothing.
        let start = unsafe { mmap(null_mut(), length, access, MapFlags::SHARED, map, at) }?;
        let start = NonNull::new(start).ok_or(io::ErrorKind::Unsupported)?;
        Ok(Self { start, length })
    }

    /// The position that stands at the beginning.
    fn number_at_start(&self) -> &AtomicU64 {
        // SAFETY: a page begins with it, and both sides access it atomically.
        unsafe { AtomicU64::from_ptr(self.start.as_ptr().cast()) }
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: made by `new`, and nothing borrowed from it outlives it.
        let _ = unsafe { munmap(self.start.as_ptr(), self.length) };
    }
}
