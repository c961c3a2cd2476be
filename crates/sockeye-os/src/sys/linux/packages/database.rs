//! The package databases of a root: which there are, and what they hold.

use sockeye_core::process::{Absent, Fact};

use super::root::Root;
use super::sqlite;
use crate::decode::packages::{Aliases, Catalogue, apk, bdb, dpkg, ndb, pacman, rpm};
use crate::decode::{Malformed, lossy};

/// What a database looks like.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
enum Format {
    Dpkg,
    DpkgParts,
    RpmSqlite,
    RpmNdb,
    RpmBdb,
    Pacman,
    Apk,
}

/// Where databases are, and what changes whenever a package does. RPM has had three places: its own,
/// the one of distributions that keep /var for the machine, and that of `rpm-ostree`.
const PLACES: &[(Format, &str)] = &[
    (Format::Dpkg, "var/lib/dpkg/status"),
    (Format::DpkgParts, "var/lib/dpkg/status.d"),
    (Format::RpmSqlite, "usr/lib/sysimage/rpm/rpmdb.sqlite"),
    (Format::RpmSqlite, "var/lib/rpm/rpmdb.sqlite"),
    (Format::RpmSqlite, "usr/share/rpm/rpmdb.sqlite"),
    (Format::RpmNdb, "usr/lib/sysimage/rpm/Packages.db"),
    (Format::RpmNdb, "var/lib/rpm/Packages.db"),
    (Format::RpmBdb, "usr/lib/sysimage/rpm/Packages"),
    (Format::RpmBdb, "var/lib/rpm/Packages"),
    (Format::RpmBdb, "usr/share/rpm/Packages"),
    (Format::Pacman, "var/lib/pacman/local"),
    (Format::Apk, "lib/apk/db/installed"),
    (Format::Apk, "usr/lib/apk/db/installed"),
];

/// Directories that may be links to others: /usr was merged, and /usr/sbin into /usr/bin.
const ALIASES: [&str; 8] =
    ["bin", "sbin", "lib", "lib32", "lib64", "libx32", "usr/sbin", "usr/lib64"];

/// Bytes of one file of a database, and of one with everything in it. The RPM database of a large
/// workstation has 200 MB.
const LONGEST_TEXT: u64 = 64 << 20;
const LONGEST_DATABASE: u64 = 512 << 20;
/// Bytes of all lists of files together; 7 MB on a server with 740 packages.
const MOST_TEXT: usize = 512 << 20;

/// One state of one database: another file, or the same after a change, is another.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Identity {
    format: Format,
    path: &'static str,
    file: (u64, u64),
    size: i64,
    changed: (i64, u64),
}

/// The databases of `root`, or why one that is there cannot be looked at.
pub(super) fn identify(root: &Root) -> Vec<Fact<Identity>> {
    let mut found: Vec<Fact<Identity>> = Vec::new();
    for &(format, path) in PLACES {
        let status = root
            .locate(path)
            .and_then(|place| rustix::fs::fstat(place).map_err(|_| Absent::Unsupported));
        let identity = status.map(|status| Identity {
            format,
            path,
            file: (status.st_dev, status.st_ino),
            size: status.st_size,
            changed: (status.st_mtime, status.st_mtime_nsec),
        });
        // One place may be a link to another.
        let is_known = |one: &Fact<Identity>| match (one, &identity) {
            (Ok(one), Ok(identity)) => one.file == identity.file,
            (one, identity) => one == identity,
        };
        if identity != Err(Absent::Nonexistent) && !found.iter().any(is_known) {
            found.push(identity);
        }
    }
    found
}

/// Reads a database of `root`.
pub(super) fn read(root: &Root, identity: &Identity) -> Fact<Catalogue> {
    let (aliases, path) = (aliases(root), identity.path);
    match identity.format {
        Format::Dpkg => read_dpkg(root, aliases),
        Format::DpkgParts => read_parts(root, path, aliases),
        Format::RpmSqlite => sqlite::read(root.open(path)?, LONGEST_DATABASE, aliases),
        Format::RpmNdb => {
            let file = root.read(path, LONGEST_DATABASE)?;
            let headers = ndb::headers(&file).map_err(unsupported)?;
            Ok(fill(headers, aliases))
        }
        Format::RpmBdb => {
            let file = root.read(path, LONGEST_DATABASE)?;
            let headers = bdb::headers(&file).map_err(unsupported)?;
            Ok(fill(headers, aliases))
        }
        Format::Pacman => read_pacman(root, path, aliases),
        Format::Apk => Ok(apk::decode_installed(&root.read(path, LONGEST_TEXT)?, aliases)),
    }
}

/// A file that is none of the formats known.
fn unsupported(_: Malformed) -> Absent {
    Absent::Unsupported
}

/// The packages of these headers; those that make no sense hide no other.
pub(super) fn fill<B: AsRef<[u8]>>(
    headers: impl Iterator<Item = Result<B, Malformed>>,
    aliases: Aliases,
) -> Catalogue {
    let mut catalogue = Catalogue::new(aliases);
    for blob in headers.filter_map(Result::ok) {
        if let Ok(header) = rpm::Header::decode(blob.as_ref()) {
            header.add_to(&mut catalogue);
        }
    }
    catalogue
}

/// The directories of `root` that are links.
fn aliases(root: &Root) -> Aliases {
    let mut aliases = Aliases::default();
    for directory in ALIASES {
        let Some(target) = root.link(directory) else { continue };
        let parent = directory.rsplit_once('/').map_or("", |(parent, _)| parent);
        let target = match target.strip_prefix('/') {
            Some(absolute) => absolute.to_owned(),
            None => format!("{parent}/{target}"),
        };
        // No distribution has a link with `..` there.
        let target = target.trim_matches('/');
        if !target.split('/').any(|name| name == ".." || name == ".") {
            aliases.add(&format!("/{directory}"), &format!("/{target}"));
        }
    }
    aliases
}

/// Debian's database: the packages, and the list of files of each.
fn read_dpkg(root: &Root, aliases: Aliases) -> Fact<Catalogue> {
    let mut reader = dpkg::Reader::new(aliases);
    reader.add_status(&root.read("var/lib/dpkg/status", LONGEST_TEXT)?);
    match root.read("var/lib/dpkg/diversions", LONGEST_TEXT) {
        Ok(diversions) => reader.add_diversions(&diversions),
        Err(Absent::Nonexistent) => {}
        Err(why) => return Err(why),
    }
    // An image made without a package manager has a status and no lists.
    let lists = match root.directory("var/lib/dpkg/info") {
        Err(Absent::Nonexistent) => return Ok(reader.finish()),
        lists => lists?,
    };
    let (mut list, mut length) = (Vec::new(), 0_usize);
    for name in lists.names()? {
        let Some(stem) = name.strip_suffix(b".list") else { continue };
        // A list that is gone was that of a package that is being removed.
        match lists.read(&name, LONGEST_TEXT, &mut list) {
            Ok(()) => reader.add_list(stem, &list),
            Err(Absent::Nonexistent) => {}
            Err(why) => return Err(why),
        }
        length = length.saturating_add(list.len());
        if length > MOST_TEXT {
            return Err(Absent::Unsupported);
        }
    }
    Ok(reader.finish())
}

/// What distroless images have: a file for each package, and one with checksums beside it.
fn read_parts(root: &Root, path: &str, aliases: Aliases) -> Fact<Catalogue> {
    let mut reader = dpkg::Reader::new(aliases);
    let parts = root.directory(path)?;
    let (mut stanza, mut checksums, mut length) = (Vec::new(), Vec::new(), 0_usize);
    for name in parts.names()? {
        let is_part = !name.ends_with(b".md5sums") && !name.starts_with(b".");
        if !is_part || parts.read(&name, LONGEST_TEXT, &mut stanza).is_err() {
            continue;
        }
        let beside = [&name, &b".md5sums"[..]].concat();
        // Older images have no checksums, and then nothing says whose a file is.
        if parts.read(&beside, LONGEST_TEXT, &mut checksums).is_ok() {
            reader.add_part(&stanza, &checksums);
        }
        length = length.saturating_add(stanza.len() + checksums.len());
        if length > MOST_TEXT {
            return Err(Absent::Unsupported);
        }
    }
    Ok(reader.finish())
}

/// Arch's database: a directory for each package.
fn read_pacman(root: &Root, path: &str, aliases: Aliases) -> Fact<Catalogue> {
    let mut catalogue = Catalogue::new(aliases);
    let (mut files, mut length) = (Vec::new(), 0_usize);
    for name in root.directory(path)?.names()? {
        if name.starts_with(b".") || name == b"ALPM_DB_VERSION" {
            continue;
        }
        // One that is gone was that of a package that is being removed.
        let Ok(package) = root.directory(&format!("{path}/{}", lossy(&name))) else { continue };
        let is_read = package.read(b"desc", LONGEST_TEXT, &mut files).is_ok();
        let Some(desc) = pacman::decode_desc(&files).filter(|_| is_read) else { continue };
        if package.read(b"files", LONGEST_TEXT, &mut files).is_ok() {
            pacman::add_package(&mut catalogue, desc, &files);
        }
        length = length.saturating_add(files.len());
        if length > MOST_TEXT {
            return Err(Absent::Unsupported);
        }
    }
    Ok(catalogue)
}
