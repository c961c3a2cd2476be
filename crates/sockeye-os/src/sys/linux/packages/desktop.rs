//! The desktop entries of this machine, and which file each starts.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use hashbrown::HashMap;
use sockeye_core::script;

use super::root::{Root, identity_at};
use crate::decode::packages::desktop::DesktopEntry;

/// Bytes of the longest entry that is read; the translations of a large one have 30 KB.
const LONGEST_ENTRY: u64 = 1 << 20;
/// Entries that are read.
const MOST_ENTRIES: usize = 20_000;
/// Directories below `applications` may have some of their own; so deep.
const DEEPEST: usize = 3;
/// Where a program without a slash is looked for.
const PROGRAMS: [&str; 8] = [
    "/usr/local/sbin",
    "/usr/local/bin",
    "/usr/sbin",
    "/usr/bin",
    "/sbin",
    "/bin",
    "/usr/games",
    "/usr/local/games",
];
/// Where snaps are mounted.
const SNAPS: [&str; 2] = ["/snap/", "/var/lib/snapd/snap/"];

/// A file by device and inode: the same in every root that it is mounted in.
type FileId = (u64, u64);

/// Entries by what they start.
#[derive(Debug, Default)]
pub(super) struct Desktop {
    directories: Vec<PathBuf>,
    /// When each directory was changed last, as of the last reading.
    read: Option<Vec<Option<(i64, u64)>>>,
    programs: HashMap<FileId, Arc<DesktopEntry>>,
    /// Entries of snaps, by the snap's name.
    snaps: HashMap<Box<str>, Arc<DesktopEntry>>,
    /// Entries of Flatpak, with the directory that its files are in.
    flatpaks: Vec<(PathBuf, Arc<DesktopEntry>)>,
}

impl Desktop {
    /// The entries below `DIRECTORY/applications`, for each of `directories`.
    pub(super) fn new(directories: &[PathBuf]) -> Self {
        let directories = directories.iter().map(|one| one.join("applications"));
        Self { directories: directories.collect(), ..Self::default() }
    }

    /// The entry that starts `file`, which a process knows as `path`. The path alone proves nothing:
    /// a container may have any.
    pub(super) fn entry_of(&self, path: &str, file: FileId) -> Option<&Arc<DesktopEntry>> {
        self.programs.get(&file).or_else(|| self.snap_of(path, file)).or_else(|| {
            let below = path.strip_prefix("/app/")?;
            let is_of = |directory: &Path| {
                identity_at(directory.join(below).to_str()?).filter(|found| *found == file)
            };
            self.flatpaks.iter().find_map(|(place, entry)| is_of(place).map(|_| entry))
        })
    }

    /// The entry of the snap that `path` is in.
    fn snap_of(&self, path: &str, file: FileId) -> Option<&Arc<DesktopEntry>> {
        let below = SNAPS.iter().find_map(|mount| path.strip_prefix(mount))?;
        let entry = self.snaps.get(below.split('/').next()?)?;
        (identity_at(path) == Some(file)).then_some(entry)
    }

    /// Reads all entries, when a directory has changed since they were read.
    pub(super) fn refresh(&mut self) {
        let changed = |directory: &PathBuf| {
            let status = rustix::fs::stat(directory.as_path()).ok()?;
            Some((status.st_mtime, status.st_mtime_nsec))
        };
        let now: Vec<_> = self.directories.iter().map(changed).collect();
        if self.read.as_ref() == Some(&now) {
            return;
        }
        self.programs.clear();
        self.snaps.clear();
        self.flatpaks.clear();
        let mut left = MOST_ENTRIES;
        for directory in self.directories.clone() {
            self.read_directory(&directory, DEEPEST, &mut left);
        }
        self.read = Some(now);
    }

    /// Reads the entries of one directory and those below it.
    fn read_directory(&mut self, directory: &Path, depth: usize, left: &mut usize) {
        let Ok(root) = Root::own() else { return };
        let Some(place) = directory.to_str() else { return };
        let Some(names) = root.directory(place).and_then(|found| found.names()).ok() else {
            return;
        };
        for name in names {
            let Some(name) = std::str::from_utf8(&name).ok().filter(|n| !n.starts_with('.')) else {
                continue;
            };
            let path = format!("{place}/{name}");
            if !name.ends_with(".desktop") {
                if depth > 0 && *left > 0 && Path::new(&path).is_dir() {
                    self.read_directory(Path::new(&path), depth - 1, left);
                }
                continue;
            }
            *left = left.saturating_sub(1);
            let text = root.read(&path, LONGEST_ENTRY).ok().filter(|_| *left > 0);
            if let Some(entry) = text.and_then(|text| DesktopEntry::decode(&text)) {
                self.add(directory, entry);
            }
        }
    }

    /// Adds an entry that was found in `directory`.
    fn add(&mut self, directory: &Path, entry: DesktopEntry) {
        let entry = Arc::new(entry);
        if let Some(application) = &entry.flatpak {
            // Exported to INSTALLATION/exports/share/applications.
            if let Some(installation) = directory.ancestors().nth(3) {
                let files = Path::new("app").join(&**application).join("current/active/files");
                self.flatpaks.push((installation.join(files), entry));
            }
        } else if let Some(snap) = entry.snap.clone() {
            self.snaps.entry(snap).or_insert(entry);
        } else if let Some(file) = started(&entry).as_deref().and_then(find_program) {
            // Several may start one program, each in its own way; the plain way is the program's.
            let held = self.programs.entry(file).or_insert_with(|| Arc::clone(&entry));
            if entry.command.len() < held.command.len() {
                *held = entry;
            }
        }
    }
}

/// What an entry starts: its program, or the script that it has an interpreter run. What an
/// interpreter runs otherwise (`sh -c`, `python3 -m`) is no file, and the interpreter is everybody's.
fn started(entry: &DesktopEntry) -> Option<String> {
    let program: &str = entry.command.first().map(|word| &**word).or(entry.program.as_deref())?;
    let name = program.rsplit('/').next().unwrap_or(program);
    if script::of(name, &format!("{name} /script")).is_none() {
        return Some(program.to_owned());
    }
    let words: Vec<String> = entry.command.iter().map(|word| format!("'{word}'")).collect();
    let line = words.join(" ");
    let runs = script::of(name, &line)?;
    runs.starts_with('/').then(|| runs.into_owned())
}

/// The file that a program is, links followed.
fn find_program(program: &str) -> Option<FileId> {
    if program.starts_with('/') {
        return identity_at(program);
    }
    PROGRAMS.iter().find_map(|directory| identity_at(&format!("{directory}/{program}")))
}
