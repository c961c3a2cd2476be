//! The files of another process's root, which may be a container's and mean no good.
//!
//! A link there leads nowhere else but into that root, nothing is opened that is no plain file (to
//! open a device can change the world), and nothing is read without a limit.

use std::fs::File;
use std::io::Read as _;
use std::os::fd::{AsFd, AsRawFd as _, BorrowedFd, OwnedFd};

use rustix::fs::{
    AtFlags, CWD, Dir, FileType, Mode, OFlags, ResolveFlags, Stat, fstat, openat, openat2,
    readlinkat,
};
use rustix::io::Errno;
use sockeye_core::process::{Absent, Fact};

/// Names of a directory that are looked at.
const MOST_NAMES: usize = 1 << 20;

/// A directory that is somebody's root.
#[derive(Debug)]
pub(super) struct Root(OwnedFd);

impl Root {
    /// The root of the process behind the handle.
    pub(super) fn of(process: BorrowedFd<'_>) -> Fact<Self> {
        openat(process, "root", DIRECTORY, Mode::empty()).map(Self).map_err(of_process)
    }

    /// The root of Sockeye itself.
    pub(super) fn own() -> Fact<Self> {
        Self::at("/")
    }

    /// A directory that is taken for a root.
    pub(super) fn at(path: &str) -> Fact<Self> {
        openat(CWD, path, DIRECTORY, Mode::empty()).map(Self).map_err(absent)
    }

    /// What the file system says of the root itself.
    pub(super) fn stat(&self) -> Fact<Stat> {
        fstat(&self.0).map_err(absent)
    }

    /// A handle on what is at `path`, links followed.
    pub(super) fn locate(&self, path: &str) -> Fact<OwnedFd> {
        let path = path.trim_start_matches('/');
        let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
        match openat2(&self.0, path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty(), resolve) {
            // Before Linux 5.6, or not permitted by a sandbox that is older than the call.
            Err(Errno::NOSYS | Errno::PERM) => self.walk(path),
            found => found.map_err(absent),
        }
    }

    /// The same without links: there is no other way to keep them from leading out of the root.
    fn walk(&self, path: &str) -> Fact<OwnedFd> {
        let mut place = openat(&self.0, ".", DIRECTORY, Mode::empty()).map_err(absent)?;
        for name in path.split('/').filter(|name| !name.is_empty()) {
            let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let name = if name == ".." { return Err(Absent::Unsupported) } else { name };
            place = openat(&place, name, flags, Mode::empty()).map_err(absent)?;
        }
        Ok(place)
    }

    /// The plain file at `path`, open for reading.
    pub(super) fn open(&self, path: &str) -> Fact<File> {
        reopen(&self.locate(path)?)
    }

    /// The whole of the plain file at `path`, when it is not longer than `limit` bytes.
    pub(super) fn read(&self, path: &str, limit: u64) -> Fact<Vec<u8>> {
        let mut text = Vec::new();
        read(self.open(path)?, limit, &mut text)?;
        Ok(text)
    }

    /// Where the link `name` right in the root leads, as it stands there.
    pub(super) fn link(&self, name: &str) -> Option<String> {
        let target = readlinkat(&self.0, name, Vec::new()).ok()?;
        target.into_string().ok()
    }

    /// The directory at `path`.
    pub(super) fn directory(&self, path: &str) -> Fact<Directory> {
        let place = self.locate(path)?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        openat(&place, ".", flags, Mode::empty()).map(Directory).map_err(absent)
    }
}

/// A directory whose names can be read.
#[derive(Debug)]
pub(super) struct Directory(OwnedFd);

impl Directory {
    /// The names in it, sorted.
    pub(super) fn names(&self) -> Fact<Vec<Vec<u8>>> {
        let listing = Dir::read_from(&self.0).map_err(absent)?;
        let mut names = Vec::new();
        for entry in listing.take(MOST_NAMES) {
            names.push(entry.map_err(absent)?.file_name().to_bytes().to_vec());
        }
        names.sort_unstable();
        Ok(names)
    }

    /// Reads the plain file `name` (which is a path without links) into `text`, in place of what was
    /// there.
    pub(super) fn read(&self, name: &[u8], limit: u64, text: &mut Vec<u8>) -> Fact<()> {
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let place = openat(&self.0, name, flags, Mode::empty()).map_err(absent)?;
        text.clear();
        read(reopen(&place)?, limit, text)
    }
}

/// What `openat` gives a handle on a directory by.
const DIRECTORY: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

/// Opens for reading what the handle is on, if that is a plain file. The handle stays on it, whatever
/// takes its place meanwhile.
fn reopen(place: &OwnedFd) -> Fact<File> {
    let status = fstat(place).map_err(absent)?;
    if FileType::from_raw_mode(status.st_mode) != FileType::RegularFile {
        return Err(Absent::Unsupported);
    }
    let path = format!("/proc/self/fd/{}", place.as_raw_fd());
    let opened = openat(CWD, path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty());
    opened.map(File::from).map_err(absent)
}

/// Reads the whole file, when it is not longer than `limit` bytes.
fn read(file: File, limit: u64, text: &mut Vec<u8>) -> Fact<()> {
    let length = fstat(&file).map_or(0, |status| u64::try_from(status.st_size).unwrap_or(0));
    if length > limit {
        return Err(Absent::Unsupported);
    }
    text.reserve(usize::try_from(length).unwrap_or(0).saturating_add(1));
    // One byte more shows that it has grown beyond the limit.
    let read = file.take(limit + 1).read_to_end(text);
    let read =
        read.map_err(|error| Errno::from_io_error(&error).map_or(Absent::Unsupported, absent))?;
    if u64::try_from(read).is_ok_and(|read| read <= limit) {
        Ok(())
    } else {
        Err(Absent::Unsupported)
    }
}

/// Which file a handle is on: device and inode.
pub(super) fn identity(place: impl AsFd) -> Fact<(u64, u64)> {
    fstat(place).map(|status| (status.st_dev, status.st_ino)).map_err(absent)
}

/// The same for a path of Sockeye's own root, links followed.
pub(super) fn identity_at(path: &str) -> Option<(u64, u64)> {
    let status = rustix::fs::statat(CWD, path, AtFlags::empty()).ok()?;
    Some((status.st_dev, status.st_ino))
}

/// Why something in a root could not be read.
fn absent(errno: Errno) -> Absent {
    match errno {
        Errno::ACCESS | Errno::PERM => Absent::Denied,
        Errno::NOENT | Errno::NOTDIR => Absent::Nonexistent,
        _ => Absent::Unsupported,
    }
}

/// Why something of a process could not be read.
pub(super) fn of_process(errno: Errno) -> Absent {
    match errno {
        Errno::ACCESS | Errno::PERM => Absent::Denied,
        _ => Absent::Vanished,
    }
}
