//! Whose software a file is: the databases of package managers, and what files say of themselves.
//!
//! Databases are filled by people and programs that Sockeye does not know, containers' by anybody:
//! every decoder takes any bytes, in linear time, and a [`Catalogue`] keeps within bounds.

pub mod apk;
pub mod bdb;
mod catalogue;
pub mod desktop;
pub mod dpkg;
pub mod elf_note;
pub mod icons;
pub mod keyfile;
pub mod ndb;
pub mod pacman;
pub mod rpm;

#[cfg(test)]
mod tests;

pub use catalogue::{Aliases, Catalogue};

use super::lossy;

/// A text, unless there is nothing in it.
fn text(bytes: &[u8]) -> Option<Box<str>> {
    let bytes = bytes.trim_ascii();
    (!bytes.is_empty()).then(|| lossy(bytes).into())
}

/// The name in `Name <mail@example.net>`: who made a package, without how to write to them.
fn maker(person: &[u8]) -> Option<Box<str>> {
    let end = person.iter().position(|&byte| byte == b'<').filter(|&end| end != 0);
    text(person.get(..end.unwrap_or(person.len()))?)
}

/// The value of a line `field: value`, when it is that field; case does not matter.
fn value_of<'a>(line: &'a [u8], field: &str) -> Option<&'a [u8]> {
    let (name, rest) = line.split_at_checked(field.len())?;
    let is_field = name.eq_ignore_ascii_case(field.as_bytes());
    rest.strip_prefix(b":").filter(|_| is_field).map(<[u8]>::trim_ascii)
}

/// The number of 32 bits at `at`, by the byte order that `read` knows.
fn u32_at(bytes: &[u8], at: usize, read: fn([u8; 4]) -> u32) -> Option<u32> {
    bytes.get(at..)?.first_chunk().copied().map(read)
}

/// The same as a size or place.
fn size_at(bytes: &[u8], at: usize, read: fn([u8; 4]) -> u32) -> Option<usize> {
    u32_at(bytes, at, read)?.try_into().ok()
}
