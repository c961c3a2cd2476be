//! Showing where a file is.

#![expect(unsafe_code, reason = "where Windows is installed is known to a call alone")]

use std::os::windows::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use windows_sys::Win32::System::SystemInformation::GetSystemWindowsDirectoryW;

use super::super::wide::text;
use crate::{Error, Kind};

/// What is tried, for errors.
const OPERATION: &str = "show the folder of";

/// See [`crate::desktop::show_folder_of`].
pub(crate) fn show_folder_of(path: &str) -> Result<(), Error> {
    // No file's name has a quote in it; Explorer reads its command line in a way of its own.
    if path.contains('"') {
        return Err(Error::new(Kind::Malformed, OPERATION, path, "no file is called so"));
    }
    let explorer = windows_directory().join("explorer.exe");
    let mut command = Command::new(explorer);
    let started = command.raw_arg(format!("/select,\"{path}\"")).spawn();
    // It says 1 whatever came of it, and may stay: nobody waits for it.
    started.map(drop).map_err(|error| Error::from_io(OPERATION, path, &error))
}

/// Where Windows is, so that no other Explorer is started.
fn windows_directory() -> PathBuf {
    let mut units = [0; 260];
    // SAFETY: the buffer has as many units as is said.
    unsafe { GetSystemWindowsDirectoryW(units.as_mut_ptr(), units.len() as u32) };
    text(&units).into()
}
