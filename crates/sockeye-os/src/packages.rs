//! Whose software a process runs, and which icon stands for it.

use std::path::PathBuf;
use std::sync::Arc;

use sockeye_core::ProcessId;
use sockeye_core::answer::Package;
use sockeye_core::process::Fact;

pub use crate::decode::packages::desktop::DesktopEntry;
use crate::sys;

/// A file that a process runs: its image, or the script that its image interprets.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Image<'a> {
    /// The process, in whose root the file is looked for.
    pub process: ProcessId,
    /// The file's full path, as that process sees it.
    pub path: &'a str,
    /// The file has been deleted or replaced since the process started it.
    pub is_deleted: bool,
}

/// Finds out whose software processes run; remembers what it read.
///
/// Databases are read once and kept, as is each answer, until a package manager changes them. It is
/// meant to be asked once for a process, for many at a time.
#[derive(Debug)]
pub struct Packages(sys::Packages);

impl Packages {
    /// One that knows nothing yet and looks for desktop entries and icons where the system has them.
    pub fn new() -> Self {
        let directories = SYSTEM_DATA.iter().map(PathBuf::from);
        Self::with_data_directories(directories.collect())
    }

    /// One that looks for desktop entries and icons below these directories, the first first:
    /// `$XDG_DATA_HOME`, `$XDG_DATA_DIRS`, and those of [`SYSTEM_DATA`] that they lack.
    pub fn with_data_directories(directories: Vec<PathBuf>) -> Self {
        Self(sys::Packages::new(directories))
    }

    /// Whose software each of `images` is, in their order.
    ///
    /// The package manager of the process's own root (a container's, where it is in one) is asked
    /// first; of a file that belongs to no package, its own package note, then the desktop entry
    /// that starts it. Of a file that was replaced since, the database knows only what is there now:
    /// such a package has no version but that of its note.
    ///
    /// # Errors
    ///
    /// [`Absent::Denied`](sockeye_core::process::Absent::Denied) when the process's root or a
    /// database may not be read; `Vanished` when the process has ended; `Unsupported` when a database
    /// is damaged or too large; `Nonexistent` when everything was read and nothing knows the file.
    ///
    /// # Platform
    ///
    /// Linux: dpkg, RPM, pacman, apk. Windows: the version resource of the image itself. Elsewhere:
    /// `Unsupported`.
    pub fn owners_of(&mut self, images: &[Image<'_>]) -> Vec<Fact<Arc<Package>>> {
        self.0.owners_of(images)
    }

    /// The desktop entry that starts `image`, if there is one.
    pub fn desktop_entry_of(&mut self, image: &Image<'_>) -> Option<Arc<DesktopEntry>> {
        self.0.desktop_entry_of(image)
    }

    /// The file of the icon that stands for the image at `path`, in the size nearest to `size` pixels:
    /// that of its desktop entry, else one that is called as its file or its package is, else the one
    /// of any program. `None` where no theme is installed.
    pub fn icon_of(&mut self, path: &str, known: Known<'_>, size: u16) -> Option<PathBuf> {
        self.0.icon_of(path, known, size)
    }
}

impl Default for Packages {
    fn default() -> Self {
        Self::new()
    }
}

/// What is known of an image whose icon is looked for.
#[derive(Clone, Copy, Default, Debug)]
pub struct Known<'a> {
    /// Its desktop entry.
    pub entry: Option<&'a DesktopEntry>,
    /// Its package.
    pub package: Option<&'a Package>,
}

/// Where a system has desktop entries and icons: XDG Base Directory Specification, Flatpak and snap.
pub const SYSTEM_DATA: [&str; 4] =
    ["/usr/local/share", "/usr/share", "/var/lib/flatpak/exports/share", "/var/lib/snapd/desktop"];
