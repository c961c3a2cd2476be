//! The ring buffer that events come through (`BPF_MAP_TYPE_RINGBUF`, Documentation/bpf/ringbuf.rst).
//!
//! The kernel writes, we read. It maps as a page with our position, a page with its own, and the data.
//! These can be mapped twice in a row, so that a record that wraps around is in one piece. We map a
//! window of them at a time and put a record together that goes beyond it, since every mapped page
//! counts as memory of the process: eight megabytes where one is enough.

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
    /// The part of the data that is mapped, by its number.
    window: Option<(u64, Mapping)>,
    page: u64,
    bytes: u64,
    /// A record that goes beyond the window.
    pieces: Vec<u8>,
}

/// Bytes that are mapped at a time; a power of two, as the length of the data is, which is no less.
const WINDOW: u64 = 1 << 20;

impl Ring {
    /// Maps `map`, whose data are `bytes` long: a power of two, a window at least.
    pub(super) fn new(map: OwnedFd, bytes: u32) -> io::Result<Self> {
        let bytes = u64::from(bytes);
        if cfg!(not(target_pointer_width = "64")) || bytes < WINDOW {
            return Err(io::ErrorKind::Unsupported.into()); // Positions are `unsigned long`.
        }
        let page = rustix::param::page_size();
        let ours = Mapping::new(&map, ProtFlags::READ | ProtFlags::WRITE, (page, 0))?;
        let at = page as u64;
        let theirs = Mapping::new(&map, ProtFlags::READ, (page, at))?;
        let (window, pieces) = (None, Vec::new());
        let mut ring = Self { map, ours, theirs, window, page: at, bytes, pieces };
        ring.show(0)?;
        Ok(ring)
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
            let size = u64::from(length & !DISCARDED);
            if length & DISCARDED == 0 {
                let mut pieces = std::mem::take(&mut self.pieces);
                let is_whole = self.with_record((position + HEADER, size), &mut pieces, &mut take);
                self.pieces = pieces;
                if is_whole.is_err() {
                    break; // No memory to map it: it is there the next time.
                }
            }
            position += (HEADER + size).next_multiple_of(8);
            // At once, so that the kernel has the room.
            self.ours.number_at_start().store(position, Ordering::Release);
        }
    }

    /// Calls `take` with the record of so many bytes at `position`, put together in `pieces` where it
    /// goes beyond the window.
    fn with_record(
        &mut self,
        (mut position, mut size): (u64, u64),
        pieces: &mut Vec<u8>,
        take: &mut impl FnMut(&[u8]),
    ) -> io::Result<()> {
        let part = self.bytes_at(position, size)?;
        if part.len() as u64 == size {
            take(part);
            return Ok(());
        }
        pieces.clear();
        while size > 0 {
            let part = self.bytes_at(position, size)?;
            pieces.extend_from_slice(part);
            (position, size) = (position + part.len() as u64, size - part.len() as u64);
        }
        take(pieces);
        Ok(())
    }

    /// The length of the record at `position` with its flags, once the record is written: what follows
    /// it may have been for long.
    fn await_length_at(&mut self, position: u64) -> Option<u32> {
        self.show(position).ok()?;
        let mut since = None;
        loop {
            let length = self.length_at(position);
            if length.is_some() || since.get_or_insert_with(Instant::now).elapsed() > PATIENCE {
                return length;
            }
            thread::yield_now();
        }
    }

    /// The length of the record at `position`, which is shown; `None` while it is being written.
    fn length_at(&self, position: u64) -> Option<u32> {
        let (_, window) = self.window.as_ref()?;
        let at = (position & (WINDOW - 1)) as usize;
        // SAFETY: within the window, since its length is a power of two, and aligned, since records begin
        // at multiples of eight; the kernel writes it atomically.
        let length =
            unsafe { AtomicU32::from_ptr(window.start.as_ptr().cast::<u8>().add(at).cast()) };
        Some(length.load(Ordering::Acquire)).filter(|length| length & BUSY == 0)
    }

    /// The bytes from `position` on, as many as are wanted and can be seen through one window.
    fn bytes_at(&mut self, position: u64, size: u64) -> io::Result<&[u8]> {
        let at = position & (WINDOW - 1);
        let length = size.min(WINDOW - at) as usize;
        let start = self.show(position)?.start.as_ptr().cast::<u8>();
        // SAFETY: within the window, which `length` was cut to; the kernel writes a record no more until
        // our position has passed it, which the caller moves afterwards.
        Ok(unsafe { slice::from_raw_parts(start.add(at as usize), length) })
    }

    /// Moves the window to where `position` is.
    fn show(&mut self, position: u64) -> io::Result<&Mapping> {
        let number = (position & (self.bytes - 1)) / WINDOW;
        if self.window.as_ref().is_none_or(|(shown, _)| *shown != number) {
            self.window = None; // Never two at a time.
            // Behind our position's page and the kernel's.
            let place = (WINDOW as usize, 2 * self.page + number * WINDOW);
            self.window = Some((number, Mapping::new(&self.map, ProtFlags::READ, place)?));
        }
        let window = self.window.as_ref().map(|(_, window)| window);
        window.ok_or_else(|| io::ErrorKind::OutOfMemory.into())
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
