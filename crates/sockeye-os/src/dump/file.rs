//! A dump as a file: whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use super::{Anonymity, Summary, write_raw};
use crate::raw::Keep;
use crate::{Error, Kind, SourceChoice, Wants, sys};

/// Gathers this machine's raw answers and writes them to a new file at `path`.
///
/// The file appears when it is complete. A plain dump tells command lines and addresses, so only
/// its owner may read it; an anonymous one is there to be shown, and the umask decides.
///
/// # Errors
///
/// Those of [`write()`](super::write()); [`Kind::Os`] when `path` exists already.
pub fn save(path: &Path, anonymity: Anonymity, source: SourceChoice) -> Result<Summary, Error> {
    let subject = path.display().to_string();
    let fail = |error: &io::Error| Error::from_io("write", &*subject, error);
    if fs::symlink_metadata(path).is_ok() {
        let reason = "it exists already; remove it, or choose another name";
        return Err(Error::new(Kind::Os, "write", &*subject, reason));
    }
    let raw = sys::gather(&Wants { source, ..Wants::EVERYTHING }, Keep::Answers)?;
    let mut partial = Partial::create(path, anonymity).map_err(|error| fail(&error))?;
    let written = write_raw(&mut partial.file, raw, anonymity);
    let saved = written.and_then(|summary| partial.finish(path).map(|()| summary));
    saved.map_err(|error| fail(&error))
}

/// A file that is not complete, under a name of its own, which is removed in the end.
struct Partial {
    file: File,
    path: PathBuf,
}

impl Partial {
    /// Creates it beside `path`, on the same file system.
    fn create(path: &Path, anonymity: Anonymity) -> io::Result<Self> {
        // Not made of the file's own name, which may be as long as a name can be.
        let path = path.with_file_name(format!("sockeye-{}.partial", std::process::id()));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        if anonymity == Anonymity::Plain {
            for_owner_alone(&mut options);
        }
        let file = options.open(&path)?;
        Ok(Self { file, path })
    }

    /// Sees that everything is on disk and gives the file its name, which nobody else may have
    /// taken meanwhile: a hard link, unlike a rename, replaces nothing. The name it was written
    /// under goes with it.
    fn finish(self, path: &Path) -> io::Result<()> {
        self.file.sync_all()?;
        fs::hard_link(&self.path, path).or_else(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => Err(error),
            _ => fs::rename(&self.path, path), // A file system without links.
        })
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        // What cannot be removed carries its name: .partial.
        let _ = fs::remove_file(&self.path);
    }
}

/// Lets only the owner read the file.
#[cfg(unix)]
fn for_owner_alone(options: &mut OpenOptions) {
    use std::os::unix::fs::OpenOptionsExt;
    options.mode(0o600);
}

/// Elsewhere the directory's own rules hold.
#[cfg(not(unix))]
fn for_owner_alone(_: &mut OpenOptions) {}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_dump_appears_whole_and_only_once() {
        let directory = std::env::temp_dir().join(format!("sockeye-dump-{}", std::process::id()));
        fs::create_dir(&directory).unwrap();
        let path = directory.join("x.dump");
        save(&path, Anonymity::Plain, SourceChoice::Auto).unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(fs::read_to_string(&path).unwrap().ends_with("\nend\n"));
        let again = save(&path, Anonymity::Plain, SourceChoice::Auto).unwrap_err().to_string();
        assert!(again.contains("exists already"), "{again}");
        let nowhere =
            save(&directory.join("no/x.dump"), Anonymity::Plain, SourceChoice::Auto).unwrap_err();
        assert!(nowhere.to_string().ends_with("No such file or directory"), "{nowhere}");
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 1);
        fs::remove_dir_all(&directory).unwrap();
    }
}
