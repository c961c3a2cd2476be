//! Debian's package database: `status`, lists of files, diversions; dpkg(1), deb-control(5).

use hashbrown::HashMap;
use sockeye_core::answer::{Origin, Package};

use super::{Aliases, Catalogue, maker, text, value_of};
use crate::decode::lines;

/// The fields that say something of a package here.
const FIELDS: [&str; 7] =
    ["Package", "Status", "Architecture", "Version", "Origin", "Maintainer", "Description"];

/// A package of `status`, with the names that its list of files may have.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Stanza {
    name: Box<[u8]>,
    architecture: Box<[u8]>,
    package: Package,
}

/// A diversion: what another package than `by` installs at a path lies at `to`.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Diversion {
    to: Box<[u8]>,
    /// `:` for one that an administrator made, which holds for every package.
    by: Box<[u8]>,
}

/// Fills a catalogue from the files of the database.
#[derive(Debug)]
pub struct Reader {
    catalogue: Catalogue,
    /// Packages by `name` and by `name:architecture`.
    numbers: HashMap<Box<[u8]>, u32>,
    diversions: HashMap<Box<[u8]>, Diversion>,
}

impl Reader {
    /// One that knows no package, of a root with these `aliases`.
    pub fn new(aliases: Aliases) -> Self {
        Self {
            catalogue: Catalogue::new(aliases),
            numbers: HashMap::new(),
            diversions: HashMap::new(),
        }
    }

    /// Adds the packages of `/var/lib/dpkg/status` that are installed, at least in part.
    pub fn add_status(&mut self, status: &[u8]) {
        for stanza in stanzas(status) {
            let Some(number) = self.catalogue.add_package(stanza.package) else { return };
            let full = [&*stanza.name, b":", &*stanza.architecture].concat();
            self.numbers.insert(full.into(), number);
            self.numbers.entry(stanza.name).or_insert(number);
        }
    }

    /// Reads `/var/lib/dpkg/diversions`: for each three lines, from, to, and which package asked for
    /// it (`:` for none); dpkg-divert(1).
    pub fn add_diversions(&mut self, diversions: &[u8]) {
        let mut lines = lines(diversions);
        while let (Some(from), Some(to), Some(by)) = (lines.next(), lines.next(), lines.next()) {
            self.diversions.insert(from.into(), Diversion { to: to.into(), by: by.into() });
        }
    }

    /// Adds the files of `info/STEM.list`, where the stem is `name` or `name:architecture`.
    pub fn add_list(&mut self, stem: &[u8], list: &[u8]) {
        let Some(&number) = self.numbers.get(stem) else { return };
        let name = stem.split(|&byte| byte == b':').next().unwrap_or(stem);
        for path in lines(list) {
            let diversion = self.diversions.get(path).filter(|diversion| *diversion.by != *name);
            self.catalogue.add_file(number, diversion.map_or(path, |diversion| &diversion.to));
        }
    }

    /// Adds the package of `status.d/NAME` and its files, `status.d/NAME.md5sums`: how images without
    /// a package manager (distroless) keep them.
    pub fn add_part(&mut self, stanza: &[u8], checksums: &[u8]) {
        let Some(stanza) = stanzas(stanza).next() else { return };
        let Some(number) = self.catalogue.add_package(stanza.package) else { return };
        // 32 digits, two spaces, a path without its first slash.
        for line in lines(checksums) {
            let Some(path) = line.get(34..).filter(|path| !path.is_empty()) else { continue };
            let path = path.strip_prefix(b"./").unwrap_or(path);
            self.catalogue.add_file(number, &[b"/", path].concat());
        }
    }

    /// What was read.
    pub fn finish(self) -> Catalogue {
        self.catalogue
    }
}

/// The packages of a text in the format of `status`, without those of which nothing is installed.
fn stanzas(status: &[u8]) -> impl Iterator<Item = Stanza> {
    let mut lines = status.split(|&byte| byte == b'\n').peekable();
    std::iter::from_fn(move || {
        while lines.peek().is_some() {
            let stanza = lines.by_ref().take_while(|line| !line.trim_ascii().is_empty());
            if let Some(stanza) = decode_stanza(stanza) {
                return Some(stanza);
            }
        }
        None
    })
}

/// One package, unless its files are not there.
fn decode_stanza<'a>(lines: impl Iterator<Item = &'a [u8]>) -> Option<Stanza> {
    // The fields, the first of each name.
    let mut fields: [Option<&[u8]>; FIELDS.len()] = [None; FIELDS.len()];
    for line in lines {
        // Most lines continue another field, or begin one that is of no use here.
        let initial = line.first().map_or(0, u8::to_ascii_uppercase);
        let named = FIELDS
            .iter()
            .zip(&mut fields)
            .filter(|(name, _)| name.as_bytes().first() == Some(&initial));
        for (name, field) in named {
            *field = field.or_else(|| value_of(line, name));
        }
    }
    let [name, status, architecture, version, origin, maintainer, description] = fields;
    let name = name.filter(|name| !name.is_empty())?;
    let state = status.and_then(|status| status.rsplit(|&byte| byte == b' ').next());
    if state.is_some_and(|state| state == b"not-installed" || state == b"config-files") {
        return None;
    }
    let package = Package {
        name: text(name)?,
        version: version.and_then(text),
        vendor: origin.and_then(text).or_else(|| maker(maintainer?)),
        description: description.and_then(text),
        origin: Origin::Dpkg,
    };
    Some(Stanza {
        name: name.into(),
        architecture: architecture.unwrap_or_default().into(),
        package,
    })
}
