//! Files that other programs keep, in directories that other users may own.

use std::fs::{self, File};
use std::io::Read;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags, open};

use crate::{Error, Kind};

/// Reads a file of at most `limit` bytes.
///
/// Nothing but a regular file is opened: whoever owns the directory may have put there a pipe that
/// never ends, or a link to a device that does something when it is opened (watchdog(4)).
pub(super) fn read_regular(path: &Path, limit: u64) -> Result<Vec<u8>, Error> {
    let failed = |error: &std::io::Error| Error::from_io("read", path.display().to_string(), error);
    let malformed = |why| Error::new(Kind::Malformed, "read", path.display().to_string(), why);
    let place = open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty());
    let place = File::from(place.map_err(|errno| failed(&errno.into()))?);
    if !place.metadata().map_err(|error| failed(&error))?.is_file() {
        return Err(malformed("it is no file"));
    }
    // open(2): the way from an O_PATH descriptor to the same file, whatever stands there by now.
    let file = File::open(format!("/proc/self/fd/{}", place.as_raw_fd()));
    let mut bytes = Vec::new();
    let read = file.and_then(|file| file.take(limit + 1).read_to_end(&mut bytes));
    read.map_err(|error| failed(&error))?;
    if bytes.len() as u64 > limit {
        return Err(malformed("it is too long"));
    }
    Ok(bytes)
}

/// What stands in `directory`, by name.
pub(super) fn paths_in(directory: &Path) -> Result<Vec<PathBuf>, Error> {
    let failed = |error| Error::from_io("list", directory.display().to_string(), &error);
    let entries = fs::read_dir(directory).map_err(failed)?;
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort_unstable();
    Ok(paths)
}

/// Users that have a runtime directory below `directory`, and whoever runs this.
pub(super) fn users_in(directory: &Path) -> Vec<(u32, PathBuf)> {
    let number = |path: PathBuf| Some((path.file_name()?.to_str()?.parse().ok()?, path));
    let mut users: Vec<(u32, PathBuf)> =
        paths_in(directory).unwrap_or_default().into_iter().filter_map(number).collect();
    let own = rustix::process::geteuid().as_raw();
    if users.iter().all(|(user, _)| *user != own) {
        users.push((own, directory.join(own.to_string())));
    }
    users
}

/// The home directory of user `id`.
pub(super) fn home_of(id: u32) -> Option<PathBuf> {
    let user = nix::unistd::User::from_uid(nix::unistd::Uid::from_raw(id)).ok()??;
    Some(user.dir).filter(|dir| dir.is_absolute())
}
