//! Everything about one process, found out in a thread: facts, whose software it is, its picture.

use std::path::PathBuf;
use std::sync::Arc;

use eframe::egui::ColorImage;
use etcetera::BaseStrategy as _;
use sockeye_core::Process;
use sockeye_core::answer::Package;
use sockeye_core::description::Description;
use sockeye_core::process::Fact;
use sockeye_engine::inspect::Inspector;
use sockeye_os::desktop::icon_in;
use sockeye_os::packages::{DesktopEntry, Image, Known, Packages, SYSTEM_DATA};

use super::picture;

/// The side of the picture at the head of a page, in pixels: 48 points on a screen of two for one.
const LARGE: u16 = 96;
/// What icon themes call the picture of any program: it says nothing.
const ANY: &str = "application-x-executable";

/// What was found out about a process.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Told {
    /// Its facts.
    pub(super) description: Arc<Description>,
    /// Whose software it runs.
    pub(super) package: Fact<Arc<Package>>,
    /// What its desktop entry calls it.
    pub(super) title: Option<String>,
    /// Its picture.
    pub(super) picture: Option<ColorImage>,
}

/// Who finds it out, and remembers.
#[derive(Default, Debug)]
pub(crate) struct Informant {
    inspector: Inspector,
    packages: Option<Packages>,
}

impl Informant {
    /// Everything about `process`, which the table shows.
    pub(super) fn describe(&mut self, process: &Process) -> Told {
        let description = self.inspector.describe(process);
        let packages = self.packages.get_or_insert_with(packages);
        let process = &description.process;
        let (package, title, picture) = match image(process) {
            Ok(image) => {
                let package = packages.owners_of(&[image]).pop();
                let entry = packages.desktop_entry_of(&image);
                let known = known(entry.as_deref(), package.as_ref());
                let picture = picture_of(packages, image.path, known, LARGE);
                let title = entry.as_deref().map(|entry| entry.name.to_string());
                let absent = Err(sockeye_core::process::Absent::Nonexistent);
                (package.unwrap_or(absent), title, picture)
            }
            Err(absent) => (Err(absent), None, None),
        };
        Told { description, package, title, picture }
    }
}

fn known<'a>(
    entry: Option<&'a DesktopEntry>,
    package: Option<&'a Fact<Arc<Package>>>,
) -> Known<'a> {
    Known { entry, package: package.and_then(|package| package.as_deref().ok()) }
}

/// Who knows packages, desktop entries and icons: the user's own first.
pub(super) fn packages() -> Packages {
    let own = etcetera::choose_base_strategy().ok().map(|places| places.data_dir());
    // XDG Base Directory Specification: separated by colons, the important first.
    let named = std::env::var_os("XDG_DATA_DIRS").unwrap_or_default();
    let named: Vec<PathBuf> = std::env::split_paths(&named).filter(|p| p.is_absolute()).collect();
    let missing = SYSTEM_DATA.iter().map(PathBuf::from).filter(|path| !named.contains(path));
    let missing: Vec<PathBuf> = missing.collect();
    Packages::with_data_directories(own.into_iter().chain(named).chain(missing).collect())
}

/// The picture that stands for the program at `path`: that inside of it, or that of a theme; none where only that of any program does.
pub(super) fn picture_of(
    packages: &mut Packages,
    path: &str,
    known: Known<'_>,
    size: u16,
) -> Option<ColorImage> {
    if let Some(icon) = icon_in(path, size) {
        let sides = [icon.width as usize, icon.height as usize];
        return Some(ColorImage::from_rgba_unmultiplied(sides, &icon.rgba));
    }
    let file = packages.icon_of(path, known, size)?;
    if file.file_stem().is_some_and(|stem| stem == ANY) {
        return None;
    }
    picture::read(&file, size)
}

/// The file that a process runs.
pub(super) fn image(process: &Process) -> Fact<Image<'_>> {
    let path = process.path.as_deref().map_err(|absent| *absent)?;
    Ok(Image { process: process.id, path, is_deleted: process.is_deleted })
}
