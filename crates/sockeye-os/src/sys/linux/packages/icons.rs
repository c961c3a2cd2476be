//! Icons of this machine's themes (Icon Theme Specification).
//!
//! Own code, because the crate that does this reads the environment, which only the console binary
//! may, and comes with a licence that is not ours to ship.

use std::path::{Path, PathBuf};

use hashbrown::HashMap;

use super::root::Root;
use crate::decode::packages::icons::Theme;

/// The theme that every application puts its icon into.
const HICOLOR: &str = "hicolor";
/// Bytes of the longest `index.theme` that is read; the largest known has 60 KB.
const LONGEST_INDEX: u64 = 4 << 20;
/// Formats, as the specification prefers them; XPM, its third, is of no use today.
const FORMATS: [&str; 2] = ["png", "svg"];
/// Icons that are remembered, found or not.
const MOST_ICONS: usize = 4096;

/// The themes below some directories.
#[derive(Debug, Default)]
pub(super) struct Icons {
    /// Directories with `icons` and `pixmaps` in them.
    data: Vec<PathBuf>,
    /// Themes with the directory of each, that of applications first; read when first needed.
    themes: Option<Vec<(PathBuf, Theme)>>,
    found: HashMap<(Box<str>, u16), Option<PathBuf>>,
}

impl Icons {
    /// The icons below `DIRECTORY/icons` and `DIRECTORY/pixmaps`.
    pub(super) fn new(data: Vec<PathBuf>) -> Self {
        Self { data, ..Self::default() }
    }

    /// The file of the icon called `name`, or the file itself when that is what it names.
    pub(super) fn find(&mut self, name: &str, size: u16) -> Option<PathBuf> {
        if name.starts_with('/') {
            let path = PathBuf::from(name);
            return path.is_file().then_some(path);
        }
        // Some entries name a file of the theme, with its ending.
        let known = FORMATS.iter().find_map(|end| name.strip_suffix(end)?.strip_suffix('.'));
        let name = known.unwrap_or(name);
        if name.is_empty() || name.contains('/') {
            return None;
        }
        let key = (name.into(), size);
        if let Some(found) = self.found.get(&key) {
            return found.clone();
        }
        let found = self.look(name, size);
        if self.found.len() >= MOST_ICONS {
            self.found.clear();
        }
        self.found.insert(key, found.clone());
        found
    }

    /// Looks in every theme, then among icons that belong to none.
    fn look(&mut self, name: &str, size: u16) -> Option<PathBuf> {
        let data = &self.data;
        let themes = self.themes.get_or_insert_with(|| themes(data));
        let themed = themes.iter().find_map(|(place, theme)| in_theme(place, theme, name, size));
        themed.or_else(|| {
            let bare = data.iter().flat_map(|place| [place.join("pixmaps"), place.join("icons")]);
            bare.into_iter().find_map(|place| file(&place, name))
        })
    }
}

/// All themes, hicolor first, the others by name. Which of them the user has chosen is not asked: an
/// application's icon is in hicolor, and the others only have what no application brings.
fn themes(data: &[PathBuf]) -> Vec<(PathBuf, Theme)> {
    let Ok(root) = Root::own() else { return Vec::new() };
    let places = data.iter().map(|place| place.join("icons"));
    let mut found: Vec<(bool, String, PathBuf, Theme)> = Vec::new();
    for place in places {
        let listing = place.to_str().and_then(|place| root.directory(place).ok()?.names().ok());
        for name in listing.into_iter().flatten() {
            let Ok(name) = String::from_utf8(name) else { continue };
            let directory = place.join(&name);
            let index = directory.join("index.theme");
            let text = index.to_str().and_then(|index| root.read(index, LONGEST_INDEX).ok());
            let theme = text.map(|text| Theme::decode(&text));
            // hicolor may have its index in another directory than an application's icons.
            if let Some(theme) = theme.or_else(|| (name == HICOLOR).then(Theme::default)) {
                found.push((name != HICOLOR, name, directory, theme));
            }
        }
    }
    let hicolor = found.iter().find(|one| !one.0 && !one.3.directories.is_empty());
    let hicolor = hicolor.map(|one| one.3.clone()).unwrap_or_default();
    for one in found.iter_mut().filter(|one| !one.0 && one.3.directories.is_empty()) {
        one.3 = hicolor.clone();
    }
    found.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
    found.into_iter().map(|(_, _, place, theme)| (place, theme)).collect()
}

/// The icon of the size nearest to `size`, the larger of two.
fn in_theme(place: &Path, theme: &Theme, name: &str, size: u16) -> Option<PathBuf> {
    let mut directories: Vec<_> = theme.directories.iter().collect();
    directories.sort_by_key(|one| (one.distance(size.into()), u32::MAX - one.most));
    directories.iter().find_map(|one| file(&place.join(&*one.path), name))
}

/// The file of an icon in one directory.
fn file(place: &Path, name: &str) -> Option<PathBuf> {
    let mut paths = FORMATS.iter().map(|format| place.join(format!("{name}.{format}")));
    paths.find(|path| path.is_file())
}
