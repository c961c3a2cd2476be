//! What is in the programs that no crate stands for: Rust's library, SQLite, faces, C's run-time parts.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::crates::{Crate, Id};
use super::tree;
use crate::run;

/// A part of a program that is not a crate.
#[derive(Debug)]
pub(super) struct Extra {
    pub(super) name: &'static str,
    pub(super) version: Option<String>,
    /// As an SPDX expression.
    pub(super) licence: &'static str,
    pub(super) url: &'static str,
    /// Whether it is data, as a face is, and not code.
    pub(super) is_data: bool,
    pub(super) text: Text,
}

/// Where the text of a licence is.
#[derive(Debug)]
pub(super) enum Text {
    /// The text itself.
    Of(String),
    /// A file of its own in the package.
    Beside(&'static str),
}

/// What the licences of Rust's library are called in packages.
pub(super) const RUST_LICENCES: &str = "rust-standard-library.html";

/// The parts of `program`, built for `target` of these crates, that are no crates.
///
/// # Errors
///
/// When a version or a text cannot be found.
pub(super) fn extras(
    program: &str,
    target: &str,
    crates: &BTreeMap<Id, Crate>,
) -> anyhow::Result<Vec<Extra>> {
    let mut extras = vec![rust()?];
    if let Some(found) = crates.values().find(|found| found.id.0 == "libsqlite3-sys") {
        extras.push(sqlite(&found.directory)?);
    }
    if target.ends_with("-musl") {
        extras.push(c_library("musl", "MIT", "https://musl.libc.org", "musl.txt")?);
    }
    if target.ends_with("-windows-gnu") {
        let url = "https://www.mingw-w64.org";
        extras.push(c_library("mingw-w64-runtime", "ZPL-2.1", url, "mingw-w64.txt")?);
    }
    if program == "sockeye-gui" {
        let face = |name, version: &str, licence, url, file: &str| {
            let path = run::root().join("crates/sockeye-gui/assets").join(file);
            let text = Text::Of(text(&path)?);
            let version = Some(version.to_owned());
            anyhow::Ok(Extra { name, version, licence, url, is_data: true, text })
        };
        extras.push(face("Inter", "4.0", "OFL-1.1", "https://rsms.me/inter", "OFL.txt")?);
        let url = "https://phosphoricons.com";
        extras.push(face("Phosphor Icons", "2", "MIT", url, "PHOSPHOR-LICENSE.txt")?);
    }
    Ok(extras)
}

/// The licences of Rust's library, which the toolchain has.
///
/// # Errors
///
/// When it has them not: some distributions leave them out.
pub(super) fn rust_licences() -> anyhow::Result<Vec<u8>> {
    let root = run::output(&["rustc", "--print=sysroot"])?;
    tree::read(&PathBuf::from(root.trim()).join("share/doc/rust/COPYRIGHT-library.html"))
        .context("this toolchain does not have the licences of Rust's library; rustup's have")
}

fn rust() -> anyhow::Result<Extra> {
    let about = run::output(&["rustc", "--version", "--verbose"])?;
    let version = about.lines().find_map(|line| line.strip_prefix("release: "));
    Ok(Extra {
        name: "rust-standard-library",
        version: Some(version.context("rustc does not tell its version")?.to_owned()),
        licence: "MIT OR Apache-2.0",
        url: "https://github.com/rust-lang/rust",
        is_data: false,
        text: Text::Beside(RUST_LICENCES),
    })
}

fn sqlite(directory: &Path) -> anyhow::Result<Extra> {
    let header = fs::read_to_string(directory.join("sqlite3/sqlite3.h"))?;
    let version = sqlite_version(&header).context("sqlite3.h does not tell its version")?;
    let text = "SQLite is in the public domain. The author disclaims copyright to its source code. In \
                place of a legal notice, here is a blessing:\n\n    May you do good and not evil.\n    \
                May you find forgiveness for yourself and forgive others.\n    May you share freely, \
                never taking more than you give.\n";
    Ok(Extra {
        name: "sqlite",
        version: Some(version.to_owned()),
        licence: "blessing",
        url: "https://sqlite.org",
        is_data: false,
        text: Text::Of(text.to_owned()),
    })
}

/// The version that SQLite's header defines.
fn sqlite_version(header: &str) -> Option<&str> {
    let line = header.lines().find_map(|line| line.strip_prefix("#define SQLITE_VERSION "))?;
    line.trim().strip_prefix('"')?.strip_suffix('"')
}

/// What a target of Rust brings along of C; its version is that of the toolchain.
fn c_library(
    name: &'static str,
    licence: &'static str,
    url: &'static str,
    file: &str,
) -> anyhow::Result<Extra> {
    let text = Text::Of(text(&run::root().join("packaging/licences").join(file))?);
    Ok(Extra { name, version: None, licence, url, is_data: false, text })
}

/// A text with the line ends of Unix.
fn text(path: &Path) -> anyhow::Result<String> {
    let text = String::from_utf8(tree::read(path)?);
    let text = text.with_context(|| format!("{} is not UTF-8", path.display()))?;
    Ok(text.replace("\r\n", "\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_sqlite_is_read_from_its_header() {
        let check = |header, expected| assert_eq!(sqlite_version(header), expected, "{header}");
        let header =
            "#define SQLITE_VERSION_NUMBER 3050004\n#define SQLITE_VERSION        \"3.50.4\"\n";
        check(header, Some("3.50.4"));
        check("#define SQLITE_VERSION_NUMBER 3050004\n", None);
    }
}
