//! Text as Windows takes and gives it: UTF-16, ended by a zero.

use std::ffi::OsStr;
use std::os::windows::ffi::OsStrExt;

/// `text` for a call.
pub(super) fn wide(text: impl AsRef<OsStr>) -> Vec<u16> {
    text.as_ref().encode_wide().chain([0]).collect()
}

/// What a call wrote to `units`, up to the first zero; what is no UTF-16 becomes U+FFFD.
pub(super) fn text(units: &[u16]) -> String {
    let end = units.iter().position(|unit| *unit == 0).unwrap_or(units.len());
    String::from_utf16_lossy(units.get(..end).unwrap_or_default())
}

/// The text at `start`, up to its zero. No call here gives one of more than 32,767 units.
///
/// # Safety
///
/// `start` points to units that end in a zero and stay as they are meanwhile.
#[expect(unsafe_code, reason = "calls give pointers to text")]
pub(super) unsafe fn text_at(start: *const u16) -> String {
    let mut units = Vec::new();
    let mut next = start;
    loop {
        // SAFETY: no zero was seen yet, so this unit is one of the text or its zero.
        let unit = unsafe { next.read_unaligned() };
        if unit == 0 {
            return String::from_utf16_lossy(&units);
        }
        units.push(unit);
        next = next.wrapping_add(1);
    }
}
