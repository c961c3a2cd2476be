//! Memory that was freed goes back to the system.

#![cfg_attr(
    target_env = "gnu",
    expect(unsafe_code, reason = "the C library's allocator has no other interface")
)]

/// Tells the C library to map every large block by itself, and to unmap it when it is freed.
///
/// By itself, glibc takes the size of the largest block that was ever freed as the measure of what is
/// large (mallopt(3), `M_MMAP_THRESHOLD`), and keeps everything smaller: whoever takes snapshots of a
/// hundred thousand sockets for hours would keep several of them. Elsewhere nothing has to be told.
pub(super) fn return_what_is_freed() {
    #[cfg(target_env = "gnu")]
    {
        /// Bytes from which on a block is large: the library's own first measure.
        const LARGE: i32 = 128 * 1024;
        // SAFETY: sets a number inside the allocator, which locks itself.
        unsafe { libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE) };
        // What a thread of one snapshot has freed is there for the next one.
        // SAFETY: as above.
        unsafe { libc::mallopt(libc::M_ARENA_MAX, 1) };
    }
}
