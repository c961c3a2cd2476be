//! What desktops on systems other than Windows do for programs with a window.

use std::path::Path;
use std::process::Command;

use crate::desktop::{Elevation, Picture};
use crate::{Error, Kind};

/// See [`crate::desktop::attach_console`].
pub(crate) fn attach_console() -> bool {
    true
}

/// See [`crate::desktop::show_message`].
pub(crate) fn show_message(_: &str, _: &str) {}

/// See [`crate::desktop::elevation`].
pub(crate) fn elevation() -> Elevation {
    Elevation::Unknown
}

/// See [`crate::desktop::start_elevated`].
pub(crate) fn start_elevated(_: &[&str]) -> Result<(), Error> {
    let reason = "rights are given to files here; sockeye doctor has the command";
    Err(Error::new(Kind::Unsupported, "start with more rights", "", reason))
}

/// See [`crate::desktop::show_folder_of`].
pub(crate) fn show_folder_of(path: &str) -> Result<(), Error> {
    let folder = Path::new(path).parent().unwrap_or(Path::new("/"));
    let failed = |error| Error::from_io("show by xdg-open", folder.to_string_lossy(), &error);
    let status = Command::new("xdg-open").arg(folder).status().map_err(failed)?;
    if status.success() {
        return Ok(());
    }
    Err(Error::new(Kind::Os, "show by xdg-open", folder.to_string_lossy(), status))
}

/// See [`crate::desktop::icon_in`].
pub(crate) fn icon_in(_: &str, _: u16) -> Option<Picture> {
    None
}
