//! Whose software a process runs: the package databases of its root, its image, desktop entries.

mod database;
mod desktop;
mod icons;
mod root;
mod sqlite;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;
use std::sync::Arc;

use hashbrown::HashMap;
use object::read::ReadCache;
use rustix::fs::{AtFlags, Mode, OFlags, openat, statat};
use sockeye_core::ProcessId;
use sockeye_core::answer::Package;
use sockeye_core::process::{Absent, Fact};

use super::facts::{read_link, read_stat};
use super::walk::open_process;
use crate::decode::packages::Catalogue;
use crate::decode::packages::desktop::DesktopEntry;
use crate::decode::packages::elf_note::decode_note;
use crate::decode::process::decode_mount_namespace_link;
use crate::packages::{Image, Known};
use database::Identity;
use desktop::Desktop;
use icons::Icons;
use root::{Root, identity, of_process};

/// Databases, roots and answers that are remembered; then everything is read anew. A catalogue of
/// 120,000 files takes 4 MB.
const MOST_DATABASES: usize = 64;
const MOST_ROOTS: usize = 4096;
const MOST_ANSWERS: usize = 65_536;
/// What stands for any program, by the Icon Naming Specification.
const ANY_PROGRAM: &str = "application-x-executable";

/// See [`crate::packages::Packages`].
#[derive(Debug)]
pub(crate) struct Packages {
    desktop: Desktop,
    icons: Icons,
    databases: HashMap<Identity, Fact<Arc<Catalogue>>>,
    roots: HashMap<RootKey, Remembered>,
}

/// A root, and what is mounted in it: mount namespace, device, inode.
type RootKey = (u32, u64, u64);

/// An image, and where to put whose it is.
type Question<'a> = (&'a Image<'a>, &'a mut Fact<Arc<Package>>);

/// What was found out in a root, as long as its databases are these.
#[derive(Debug, Default)]
struct Remembered {
    identities: Vec<Fact<Identity>>,
    answers: HashMap<Box<str>, Fact<Arc<Package>>>,
}

impl Packages {
    /// One that knows nothing yet.
    pub(crate) fn new(data: Vec<PathBuf>) -> Self {
        Self {
            desktop: Desktop::new(&data),
            icons: Icons::new(data),
            databases: HashMap::new(),
            roots: HashMap::new(),
        }
    }

    /// See [`crate::packages::Packages::owners_of`].
    pub(crate) fn owners_of(&mut self, images: &[Image<'_>]) -> Vec<Fact<Arc<Package>>> {
        let mut answers = vec![Err(Absent::Vanished); images.len()];
        let mut groups: BTreeMap<RootKey, Vec<Question<'_>>> = BTreeMap::new();
        let mut keys: HashMap<ProcessId, Fact<RootKey>> = HashMap::new();
        for (image, answer) in images.iter().zip(&mut answers) {
            let key = keys.entry(image.process).or_insert_with(|| root_key(image.process));
            match *key {
                Ok(key) => groups.entry(key).or_default().push((image, answer)),
                Err(why) => *answer = Err(why),
            }
        }
        if groups.len() + self.roots.len() > MOST_ROOTS {
            self.roots.clear();
        }
        for (key, group) in groups {
            self.answer(key, group);
        }
        answers
    }

    /// Answers about images in one root.
    fn answer(&mut self, key: RootKey, group: Vec<Question<'_>>) {
        // The first process may have ended meanwhile, any other is as good.
        let opened = group.iter().find_map(|(image, _)| {
            let root = open(image.process).and_then(|process| Root::of(process.as_fd())).ok()?;
            (identity_of(&root) == Ok((key.1, key.2))).then_some(root)
        });
        let Some(root) = opened else { return };
        let identities = database::identify(&root);
        self.read(&root, &identities);
        let mut remembered = self.roots.remove(&key).unwrap_or_default();
        if remembered.identities != identities || remembered.answers.len() > MOST_ANSWERS {
            remembered = Remembered { identities, ..Remembered::default() };
        }
        for (image, answer) in group {
            if image.is_deleted {
                *answer = self.find(&root, &remembered.identities, image);
                continue;
            }
            let known = remembered.answers.get(image.path).cloned();
            *answer = known.unwrap_or_else(|| {
                let found = self.find(&root, &remembered.identities, image);
                remembered.answers.insert(image.path.into(), found.clone());
                found
            });
        }
        self.roots.insert(key, remembered);
    }

    /// Reads those databases that are not known yet.
    fn read(&mut self, root: &Root, identities: &[Fact<Identity>]) {
        if self.databases.len() + identities.len() > MOST_DATABASES {
            self.databases.clear();
        }
        for identity in identities.iter().flatten() {
            let read = || database::read(root, identity).map(Arc::new);
            self.databases.entry(*identity).or_insert_with(read);
        }
    }

    /// Whose software one image is.
    fn find(
        &mut self,
        root: &Root,
        identities: &[Fact<Identity>],
        image: &Image<'_>,
    ) -> Fact<Arc<Package>> {
        let mut why = Absent::Nonexistent;
        for identity in identities {
            let database = identity.and_then(|identity| {
                self.databases.get(&identity).cloned().unwrap_or(Err(Absent::Unsupported))
            });
            match database {
                Ok(catalogue) => {
                    if let Some(package) = catalogue.owner_of(image.path.as_bytes()) {
                        return Ok(installed(package, image));
                    }
                    why = if catalogue.is_cut() { worse(why, Absent::Unsupported) } else { why };
                }
                Err(reason) => why = worse(why, reason),
            }
        }
        let file = match open_image(root, image) {
            Ok(file) => file,
            Err(Absent::Nonexistent) => return Err(why),
            Err(reason) => return Err(worse(why, reason)),
        };
        let id = identity(&file);
        if let Some(package) = decode_note(&ReadCache::new(file)) {
            return Ok(Arc::new(package));
        }
        self.desktop.refresh();
        let entry = id.ok().and_then(|id| self.desktop.entry_of(image.path, id));
        entry.map(|entry| Arc::new(entry.package())).ok_or(why)
    }

    /// See [`crate::packages::Packages::desktop_entry_of`].
    pub(crate) fn desktop_entry_of(&mut self, image: &Image<'_>) -> Option<Arc<DesktopEntry>> {
        let root = Root::of(open(image.process).ok()?.as_fd()).ok()?;
        let id = if image.is_deleted {
            identity(open_image(&root, image).ok()?)
        } else {
            identity(root.locate(image.path).ok()?)
        };
        self.desktop.refresh();
        self.desktop.entry_of(image.path, id.ok()?).cloned()
    }

    /// See [`crate::packages::Packages::icon_of`].
    pub(crate) fn icon_of(&mut self, path: &str, known: Known<'_>, size: u16) -> Option<PathBuf> {
        let of_entry = known.entry.and_then(|entry| entry.icon.as_deref());
        let of_file = path.rsplit('/').next();
        let of_package = known.package.map(|package| &*package.name);
        let names = [of_entry, of_file, of_package, Some(ANY_PROGRAM)];
        names.into_iter().flatten().find_map(|name| self.icons.find(name, size))
    }
}

/// What a database says of a file that is not the one that runs: its version is another one's. The
/// file that runs may say its own.
fn installed(package: &Arc<Package>, image: &Image<'_>) -> Arc<Package> {
    if !image.is_deleted {
        return Arc::clone(package);
    }
    let note = open_deleted(image).ok().and_then(|file| decode_note(&ReadCache::new(file)));
    let version = note.and_then(|note| note.version);
    Arc::new(Package { version, ..Package::clone(package) })
}

/// The image's file, by its path; of one that was deleted, by the process.
fn open_image(root: &Root, image: &Image<'_>) -> Fact<File> {
    if image.is_deleted { open_deleted(image) } else { root.open(image.path) }
}

/// The file that a process runs, wherever it is.
fn open_deleted(image: &Image<'_>) -> Fact<File> {
    let process = open(image.process)?;
    let flags = OFlags::RDONLY | OFlags::CLOEXEC;
    openat(process, "exe", flags, Mode::empty()).map(File::from).map_err(of_process)
}

/// Of two reasons why a package is not known the one that a person can mend, or that leaves more
/// open.
fn worse(one: Absent, other: Absent) -> Absent {
    let rank = |why| match why {
        Absent::Denied => 3,
        Absent::Unsupported => 2,
        Absent::Vanished => 1,
        Absent::Nonexistent => 0,
    };
    if rank(other) > rank(one) { other } else { one }
}

/// A handle on the process, by pid and start time.
fn open(process: ProcessId) -> Fact<OwnedFd> {
    let handle = open_process(process.pid).map_err(of_process)?;
    let stat = read_stat(&handle).ok_or(Absent::Vanished)?;
    let is_same = process.start == 0 || process.start == stat.start_ticks;
    if is_same { Ok(handle) } else { Err(Absent::Vanished) }
}

/// The root of a process, without opening it.
fn root_key(process: ProcessId) -> Fact<RootKey> {
    let handle = open(process)?;
    let root = statat(&handle, "root", AtFlags::empty()).map_err(of_process)?;
    let mounts = read_link(handle.as_fd(), "ns/mnt").ok();
    let mounts = mounts.as_deref().and_then(decode_mount_namespace_link);
    Ok((mounts.ok_or(Absent::Vanished)?, root.st_dev, root.st_ino))
}

/// Device and inode of a root.
fn identity_of(root: &Root) -> Fact<(u64, u64)> {
    root.stat().map(|status| (status.st_dev, status.st_ino))
}
