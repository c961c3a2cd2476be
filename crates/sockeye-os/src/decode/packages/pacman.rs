//! Arch's package database: `desc` and `files` of each package below `/var/lib/pacman/local`.

use sockeye_core::answer::{Origin, Package};

use super::{Catalogue, maker, text};
use crate::decode::lines;

/// A package by its `desc`: `%NAME%` and a line with it, and so on, sections ended by empty lines.
pub fn decode_desc(desc: &[u8]) -> Option<Package> {
    let mut package = Package { origin: Origin::Pacman, ..Package::default() };
    let mut lines = lines(desc);
    while let Some(line) = lines.next() {
        match line {
            b"%NAME%" => package.name = text(lines.next()?)?,
            b"%VERSION%" => package.version = text(lines.next()?),
            b"%DESC%" => package.description = text(lines.next()?),
            // What makepkg writes where nobody said who built it.
            b"%PACKAGER%" => {
                package.vendor = maker(lines.next()?).filter(|name| &**name != "Unknown Packager");
            }
            _ => {}
        }
    }
    (!package.name.is_empty()).then_some(package)
}

/// Adds `package` and the files of its `files`: the section `%FILES%`, paths without their first
/// slash, directories with one at the end.
pub fn add_package(catalogue: &mut Catalogue, package: Package, files: &[u8]) {
    let Some(number) = catalogue.add_package(package) else { return };
    let section = lines(files).skip_while(|line| *line != b"%FILES%").skip(1);
    let mut path = b"/".to_vec();
    for file in section.take_while(|line| !line.is_empty()) {
        if !file.ends_with(b"/") {
            path.truncate(1);
            path.extend_from_slice(file);
            catalogue.add_file(number, &path);
        }
    }
}
