//! Files that are never seen half-written.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

/// Writes a file whole, or leaves what was there.
///
/// # Errors
///
/// What making, filling or renaming the file answers.
pub(crate) fn write(
    path: &Path,
    fill: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> io::Result<()> {
    let beside = beside(path);
    let mut out = BufWriter::new(File::create(&beside)?);
    let written = fill(&mut out).and_then(|()| out.flush());
    let result = written.and_then(|()| fs::rename(&beside, path));
    if result.is_err() {
        // The reason is what counts; what is left of the file may be gone already.
        let _ = fs::remove_file(&beside);
    }
    result
}

/// Writes a text that outlives the program, in a directory that is made where it is missing.
///
/// # Errors
///
/// As [`write()`]; and what making the directory answers.
pub(crate) fn keep(path: &Path, text: &str) -> io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)?;
    write(path, |out| {
        out.write_all(text.as_bytes())?;
        out.flush()?;
        out.get_ref().sync_all()
    })
}

/// The name that a file has until it is whole.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".new");
    path.with_file_name(name)
}
