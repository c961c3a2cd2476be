//! Alpine's package database, `installed`: fields of one letter; apk(8), apk-package(5).

use sockeye_core::answer::{Origin, Package};

use super::{Aliases, Catalogue, maker, text};

/// Which package owns which file, by `/lib/apk/db/installed`.
///
/// A package's fields end with an empty line. Among them are directories, each followed by the files
/// in it: `F:usr/bin`, `R:nginx`. A package whose name is not known owns nothing.
pub fn decode_installed(database: &[u8], aliases: Aliases) -> Catalogue {
    let mut catalogue = Catalogue::new(aliases);
    let mut package = Package { origin: Origin::Apk, ..Package::default() };
    let mut number = None;
    let mut path = b"/".to_vec();
    let mut directory_length = 1;
    for line in database.split(|&byte| byte == b'\n') {
        let Some((field, value)) = line.split_at_checked(2) else {
            package = Package { origin: Origin::Apk, ..Package::default() };
            number = None;
            continue;
        };
        match field {
            b"P:" => package.name = text(value).unwrap_or_default(),
            b"V:" => package.version = text(value),
            b"T:" => package.description = text(value),
            b"m:" => package.vendor = maker(value),
            b"F:" => {
                // What is known of the package stands before its first directory.
                let is_named = number.is_none() && !package.name.is_empty();
                if is_named {
                    number = catalogue.add_package(std::mem::take(&mut package));
                }
                path.truncate(1);
                path.extend_from_slice(value);
                path.extend_from_slice(if value.is_empty() { b"" } else { b"/" });
                directory_length = path.len();
            }
            b"R:" => {
                if let Some(number) = number {
                    path.truncate(directory_length);
                    path.extend_from_slice(value);
                    catalogue.add_file(number, &path);
                }
            }
            _ => {}
        }
    }
    catalogue
}
