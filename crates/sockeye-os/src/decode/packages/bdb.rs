//! RPM's database until 2020, `Packages`: a Berkeley DB hash of package numbers and headers.
//!
//! Every page of entries is looked at, in the order of the file, instead of following buckets: pages
//! that are no longer used have another type. Layout: Berkeley DB 5.3, `src/dbinc/db_page.h`.

use std::borrow::Cow;

use super::{size_at, u32_at};
use crate::decode::Malformed;

/// `DB_HASHMAGIC`.
const MAGIC: u32 = 0x0006_1561;
/// Versions of the hash format that have this layout.
const VERSIONS: std::ops::RangeInclusive<u32> = 8..=10;
/// Sizes that a page may have.
const PAGE_SIZES: std::ops::RangeInclusive<usize> = 512..=65536;
/// Bytes before the entries of a page.
const PAGE_HEADER: usize = 26;
/// `P_HASH_UNSORTED` and `P_HASH`: pages of entries.
const HASH_PAGES: [u8; 2] = [2, 13];
/// `P_OVERFLOW`: a page with a part of what is too large for one.
const OVERFLOW_PAGE: u8 = 7;
/// `H_KEYDATA`: the entry itself; `H_OFFPAGE`: where it begins.
const HERE: u8 = 1;
const ELSEWHERE: u8 = 3;

/// A file with its byte order and size of pages.
#[derive(Clone, Copy, Debug)]
struct Pages<'a> {
    file: &'a [u8],
    size: usize,
    read: fn([u8; 4]) -> u32,
    read_short: fn([u8; 2]) -> u16,
}

/// The headers of all packages, each whole or malformed. The numbers of packages are left out, and
/// so is what stands under number 0, which is no package.
///
/// # Errors
///
/// When this is no such file.
pub fn headers(
    file: &[u8],
) -> Result<impl Iterator<Item = Result<Cow<'_, [u8]>, Malformed>>, Malformed> {
    let pages = Pages::of(file).ok_or(Malformed { what: "no Berkeley DB hash", at: 0 })?;
    // Each overflow page belongs to one entry; a file that says otherwise is not read for ever.
    let mut budget = file.len() / pages.size;
    let places = (1..file.len() / pages.size).filter_map(move |number| pages.page(number));
    let entries = places.filter(|page| page.get(25).is_some_and(|kind| HASH_PAGES.contains(kind)));
    let values = entries.flat_map(move |page| pages.values(page));
    Ok(values.filter_map(move |(page, entry)| match entry {
        [HERE, bytes @ ..] if bytes.len() > 4 => Some(Ok(Cow::Borrowed(bytes))),
        [HERE, ..] => None,
        [ELSEWHERE, ..] => Some(
            pages
                .collect(entry, &mut budget)
                .map(Cow::Owned)
                .ok_or(Malformed { what: "entry has no whole value", at: pages.at(page) }),
        ),
        _ => Some(Err(Malformed { what: "entry is of no known kind", at: pages.at(page) })),
    }))
}

impl<'a> Pages<'a> {
    /// The file, by what its first page says of it.
    fn of(file: &'a [u8]) -> Option<Self> {
        let native: fn([u8; 4]) -> u32 = u32::from_le_bytes;
        let is_little = u32_at(file, 12, native)? == MAGIC;
        let (read, read_short): (_, fn([u8; 2]) -> u16) = if is_little {
            (native, u16::from_le_bytes)
        } else {
            (u32::from_be_bytes, u16::from_be_bytes)
        };
        let is_known =
            u32_at(file, 12, read)? == MAGIC && VERSIONS.contains(&u32_at(file, 16, read)?);
        let size = size_at(file, 20, read)?;
        let is_sized = PAGE_SIZES.contains(&size) && size.is_power_of_two();
        (is_known && is_sized).then_some(Self { file, size, read, read_short })
    }

    /// Page `number`, when it says itself that it is that one.
    fn page(self, number: usize) -> Option<&'a [u8]> {
        let page = self.file.get(number.checked_mul(self.size)?..)?.get(..self.size)?;
        (size_at(page, 8, self.read)? == number).then_some(page)
    }

    /// Where `page` lies in the file.
    fn at(self, page: &[u8]) -> usize {
        size_at(page, 8, self.read).unwrap_or(0).saturating_mul(self.size)
    }

    /// A number of 16 bits.
    fn short(self, bytes: &[u8], at: usize) -> Option<usize> {
        bytes.get(at..)?.first_chunk().copied().map(self.read_short).map(usize::from)
    }

    /// The values on a page of entries, each with the page: keys and values take turns, and lie from
    /// the page's end downwards, so that none is in another.
    fn values(self, page: &'a [u8]) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
        let count = self.short(page, 20).unwrap_or(0).min((self.size - PAGE_HEADER) / 2);
        let mut end = page.len();
        let entries = (0..count).map_while(move |index| {
            let start = self.short(page, PAGE_HEADER + 2 * index)?;
            let entry = page.get(start..end)?;
            end = start;
            Some((page, entry))
        });
        entries.skip(1).step_by(2).filter(|(_, entry)| !entry.is_empty())
    }

    /// The value that an entry says begins elsewhere.
    fn collect(self, entry: &[u8], budget: &mut usize) -> Option<Vec<u8>> {
        let mut number = size_at(entry, 4, self.read)?;
        let length = size_at(entry, 8, self.read).filter(|length| *length <= self.file.len())?;
        let mut value = Vec::with_capacity(length);
        while value.len() < length {
            *budget = budget.checked_sub(1)?;
            let page = self.page(number).filter(|page| page.get(25) == Some(&OVERFLOW_PAGE))?;
            let part = page.get(PAGE_HEADER..)?.get(..self.short(page, 22)?)?;
            value.extend_from_slice(part);
            number = size_at(page, 16, self.read)?;
        }
        (value.len() == length).then_some(value)
    }
}
