//! The package note of an ELF file, which its builder may have put there.
//!
//! A note of the owner `FDO` with JSON in it: UAPI group, “Package Metadata for Executable Files”.

use object::Endianness;
use object::elf::{FileHeader32, FileHeader64, PN_XNUM};
use object::read::ReadRef;
use object::read::elf::{FileHeader, ProgramHeader as _};
use serde_json::{Map, Value};
use sockeye_core::answer::{Origin, Package};

/// The note's type.
const PACKAGE_NOTE: u32 = 0xcafe_1a7e;
/// The note's owner.
const OWNER: &[u8] = b"FDO";
/// Program headers that are looked at; images have about a dozen.
const MOST_SEGMENTS: u16 = 512;
/// The longest segment of notes that is read.
const LONGEST_SEGMENT: u64 = 64 * 1024;
/// Segments of notes that are read.
const MOST_NOTES: usize = 16;

/// What the note in an image says; `None` when it has none that makes sense.
///
/// Reads the file's header, the program headers and the segments of notes, nothing else.
pub fn decode_note<'a, R: ReadRef<'a>>(image: R) -> Option<Package> {
    let class = image.read_bytes_at(0, 5).ok()?;
    let note = match class {
        [0x7f, b'E', b'L', b'F', 1] => find::<FileHeader32<Endianness>, R>(image),
        [0x7f, b'E', b'L', b'F', 2] => find::<FileHeader64<Endianness>, R>(image),
        _ => None,
    };
    decode_metadata(note?)
}

/// The bytes of the first package note.
fn find<'a, H: FileHeader<Endian = Endianness>, R: ReadRef<'a>>(image: R) -> Option<&'a [u8]> {
    let header = H::parse(image).ok()?;
    let endian = header.endian().ok()?;
    let count = header.e_phnum(endian);
    if count > MOST_SEGMENTS || count == PN_XNUM {
        return None;
    }
    let segments = header.program_headers(endian, image).ok()?;
    let short = segments.iter().filter(|segment| segment.p_filesz(endian).into() < LONGEST_SEGMENT);
    let notes = short.filter_map(|segment| segment.notes(endian, image).ok().flatten());
    let found = notes.take(MOST_NOTES).flatten().filter_map(Result::ok);
    let mut found =
        found.filter(|note| note.n_type(endian) == PACKAGE_NOTE && note.name() == OWNER);
    found.next().map(|note| note.desc())
}

/// A package by the JSON of its note.
pub fn decode_metadata(note: &[u8]) -> Option<Package> {
    let text = note.split(|&byte| byte == 0).next()?;
    let values: Map<String, Value> = serde_json::from_slice(text).ok()?;
    let value = |key: &str| values.get(key)?.as_str().filter(|value| !value.is_empty());
    // `cpe:/o:fedoraproject:fedora:33`, `cpe:2.3:o:amazon:amazon_linux:2023`
    let of_system = value("osCpe").and_then(|cpe| cpe.split_once("o:")?.1.split(':').next());
    let vendor = value("vendor").or(of_system.filter(|vendor| !vendor.is_empty())).or(value("os"));
    Some(Package {
        name: value("name")?.into(),
        version: value("version").map(Into::into),
        vendor: vendor.map(Into::into),
        description: None,
        origin: Origin::ElfNote,
    })
}
