//! RPM's own database format, `Packages.db`: slots that say where each header lies.
//!
//! All numbers are little-endian (`lib/backend/ndb/rpmpkg.c` of RPM).

use super::size_at;
use crate::decode::Malformed;

/// `RpmP`, at the start of the file.
const MAGIC: &[u8] = b"RpmP";
/// A slot: `Slot`, package, place and length in blocks.
const SLOT: &[u8] = b"Slot";
/// What stands before a header: `BlbS`, package, generation, length in bytes.
const BLOB: &[u8] = b"BlbS";
/// Bytes of a block, of a slot and of what stands before a header.
const BLOCK: usize = 16;
/// Bytes of a page of slots.
const PAGE: usize = 4096;
/// The first slots are the file's own header.
const FIRST_SLOT: usize = 2;

/// The headers of all packages, each whole or malformed.
///
/// # Errors
///
/// When this is no such file, or one of another version.
pub fn headers(file: &[u8]) -> Result<impl Iterator<Item = Result<&[u8], Malformed>>, Malformed> {
    if !file.starts_with(MAGIC) || size_at(file, 4, u32::from_le_bytes) != Some(0) {
        return Err(Malformed { what: "no Packages.db of version 0", at: 0 });
    }
    let pages = size_at(file, 12, u32::from_le_bytes).unwrap_or(0);
    let slots = file.get(..pages.saturating_mul(PAGE)).unwrap_or(file).chunks_exact(BLOCK);
    let used = slots.enumerate().skip(FIRST_SLOT).filter_map(|(number, slot)| {
        let place = size_at(slot, 8, u32::from_le_bytes).filter(|place| *place != 0)?;
        Some((number * BLOCK, slot, place))
    });
    // Blobs do not overlap; slots that say so would make little of a file be read again and again.
    let mut budget = file.len();
    Ok(used.map(move |(at, slot, place)| {
        let header = header(file, slot, place).filter(|header| header.len() <= budget);
        budget -= header.map_or(0, <[u8]>::len);
        header.ok_or(Malformed { what: "slot leads to no header", at })
    }))
}

/// The header that a slot leads to.
fn header<'a>(file: &'a [u8], slot: &[u8], place: usize) -> Option<&'a [u8]> {
    let blob = file.get(place.checked_mul(BLOCK)?..)?;
    let is_same = blob.get(4..8)? == slot.get(4..8)?;
    let length = size_at(blob, 12, u32::from_le_bytes)?;
    let is_blob = slot.starts_with(SLOT) && blob.starts_with(BLOB) && is_same;
    blob.get(BLOCK..)?.get(..length).filter(|_| is_blob)
}
