//! A package in the RPM database: its header, a list of tags and the values behind it.
//!
//! All numbers are big-endian. Layout and tags: RPM, `docs/manual/format.md` and
//! `include/rpm/rpmtag.h`.

use sockeye_core::answer::{Origin, Package};

use super::{Catalogue, maker, size_at, text, u32_at};
use crate::decode::{Malformed, lossy};

const NAME: u32 = 1000;
const VERSION: u32 = 1001;
const RELEASE: u32 = 1002;
const EPOCH: u32 = 1003;
const SUMMARY: u32 = 1004;
const VENDOR: u32 = 1011;
const PACKAGER: u32 = 1015;
/// Full paths, in packages of the last century.
const OLD_FILE_NAMES: u32 = 1027;
const DIRECTORY_INDEXES: u32 = 1116;
const BASE_NAMES: u32 = 1117;
const DIRECTORY_NAMES: u32 = 1118;

/// Types of values: numbers of 32 bits, one text, texts, texts in several languages.
const INT32: u32 = 4;
const STRING: u32 = 6;
const STRINGS: u32 = 8;
const TRANSLATED: u32 = 9;

/// Tags that a header may have (`hdrchkTags`).
const MOST_TAGS: usize = 0xffff;
/// Bytes of a tag: tag, type, place, count.
const TAG: usize = 16;

/// A header: its tags, and their values.
#[derive(Clone, Copy, Debug)]
pub struct Header<'a> {
    tags: &'a [u8],
    values: &'a [u8],
}

impl<'a> Header<'a> {
    /// The header in `blob`, as databases keep it: without the magic number of package files.
    ///
    /// # Errors
    ///
    /// When it is cut short, or no header.
    pub fn decode(blob: &'a [u8]) -> Result<Self, Malformed> {
        let malformed = Malformed { what: "header is cut short", at: 0 };
        let count = size_at(blob, 0, u32::from_be_bytes).filter(|count| *count <= MOST_TAGS);
        let length = size_at(blob, 4, u32::from_be_bytes).ok_or(malformed)?;
        let rest = blob.get(8..).ok_or(malformed)?;
        let tags = count.and_then(|count| rest.split_at_checked(count * TAG));
        let (tags, values) = tags.ok_or(malformed)?;
        Ok(Self { tags, values: values.get(..length).ok_or(malformed)? })
    }

    /// What it says of the package; `None` when it has no name.
    pub fn package(self) -> Option<Package> {
        let epoch =
            self.tag(EPOCH, &[INT32]).and_then(|(value, _)| u32_at(value, 0, u32::from_be_bytes));
        let version = self.text(VERSION).map(|version| {
            let epoch = epoch.map(|epoch| format!("{epoch}:")).unwrap_or_default();
            let release = self.text(RELEASE).map(|release| format!("-{}", lossy(release)));
            format!("{epoch}{}{}", lossy(version), release.unwrap_or_default()).into()
        });
        Some(Package {
            name: text(self.text(NAME)?)?,
            version,
            vendor: self.text(VENDOR).and_then(text).or_else(|| maker(self.text(PACKAGER)?)),
            description: self.text(SUMMARY).and_then(text),
            origin: Origin::Rpm,
        })
    }

    /// Its files, each as directory (with a slash at the end) and name.
    pub fn files(self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
        let directories: Vec<&[u8]> = self.texts(DIRECTORY_NAMES).collect();
        let indexes = self.tag(DIRECTORY_INDEXES, &[INT32]).map_or(&[][..], |(value, _)| value);
        let files = self.texts(BASE_NAMES).enumerate().filter_map(move |(number, name)| {
            let index = size_at(indexes, number * 4, u32::from_be_bytes)?;
            Some((*directories.get(index)?, name))
        });
        files.chain(self.texts(OLD_FILE_NAMES).map(|path| (&[][..], path)))
    }

    /// Adds the package and its files to `catalogue`.
    pub fn add_to(self, catalogue: &mut Catalogue) {
        let Some(number) = self.package().and_then(|package| catalogue.add_package(package)) else {
            return;
        };
        let mut path = Vec::new();
        for (directory, name) in self.files() {
            if catalogue.is_cut() {
                return;
            }
            path.clear();
            path.extend_from_slice(directory);
            path.extend_from_slice(name);
            catalogue.add_file(number, &path);
        }
    }

    /// The first tag of this number, when it is of one of these `kinds`: what follows from where its
    /// value begins, and how many there are.
    fn tag(self, number: u32, kinds: &[u32]) -> Option<(&'a [u8], usize)> {
        let field = |tag: &[u8], at| u32_at(tag, at, u32::from_be_bytes);
        let mut tags = self.tags.chunks_exact(TAG);
        let tag = tags.find(|tag| field(tag, 0) == Some(number))?;
        let is_kind = kinds.contains(&field(tag, 4)?);
        let value = self.values.get(size_at(tag, 8, u32::from_be_bytes)?..)?;
        Some((value, size_at(tag, 12, u32::from_be_bytes)?)).filter(|_| is_kind)
    }

    /// The first text of a tag; of one in several languages, that in the language of programs.
    fn text(self, number: u32) -> Option<&'a [u8]> {
        let (value, _) = self.tag(number, &[STRING, TRANSLATED, STRINGS])?;
        value.split(|&byte| byte == 0).next()
    }

    /// All texts of a tag.
    fn texts(self, number: u32) -> impl Iterator<Item = &'a [u8]> {
        let (value, count) = self.tag(number, &[STRINGS]).unwrap_or_default();
        // What stands behind the last NUL is no text: the value was cut there.
        let end = value.iter().rposition(|&byte| byte == 0).unwrap_or(0);
        let whole = value.get(..end).unwrap_or_default();
        whole.split(|&byte| byte == 0).take(count)
    }
}
