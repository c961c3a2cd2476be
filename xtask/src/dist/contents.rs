//! What is in each package, and where.

use std::collections::BTreeMap;

use anyhow::{Context as _, ensure};
use jiff::Timestamp;

use super::build::{Built, Programs, STATIC, WINDOWS};
use super::crates::{self, Crate, Id};
use super::deb::{self, Package};
use super::extra::{self, RUST_LICENCES};
use super::tree::Tree;
use super::{VERSION, archive, licences, sbom};
use crate::{install, run};

/// A package that was made.
pub(super) struct Made {
    /// The name of its file.
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
    /// The programs in it.
    pub(super) programs: Vec<Built>,
}

/// What there is to read, as the guides link to each other; pictures too.
const DOCUMENTS: &[&str] = &[
    "CHANGELOG.md",
    "README.md",
    "SECURITY.md",
    "docs/benchmarks-desktop.md",
    "docs/benchmarks.md",
    "docs/book",
    "docs/desktop-filter.png",
    "docs/desktop.png",
    "docs/generated",
    "docs/platforms.md",
];

/// The tar.gz for any Linux: a prefix to be copied, and what there is to read about it.
///
/// # Errors
///
/// When a program or file is missing, or something has no licence.
pub(super) fn linux(programs: &Programs, time: Timestamp) -> anyhow::Result<Made> {
    let programs = chosen(programs, |built| built.target != WINDOWS)?;
    let mut tree = Tree::default();
    for built in &programs {
        tree.put_program(format!("bin/{}", built.name), built.bytes.clone());
    }
    tree.put_items(&install::console_files(), |to| {
        (!to.starts_with("share/doc/")).then(|| to.to_owned())
    })?;
    if has_desktop(&programs) {
        tree.put_items(&install::desktop_files(), |to| Some(to.to_owned()))?;
    }
    let root = run::root();
    for document in DOCUMENTS {
        tree.put_all(&root.join(document), &format!("share/doc/sockeye/{document}"))?;
    }
    for licence in ["LICENSE-APACHE", "LICENSE-MIT"] {
        tree.put_all(&root.join(licence), licence)?;
    }
    tree.put_all(&root.join("packaging/linux/README.txt"), "README.txt")?;
    put_origins(&mut tree, "", &programs, time)?;
    let sums = tree.sha256_sums();
    tree.put("SHA256SUMS", sums);
    let top = format!("sockeye-{VERSION}-x86_64-linux");
    let bytes = archive::gzip(&archive::tar(&tree, &format!("{top}/"), time)?)?;
    Ok(Made { name: format!("{top}.tar.gz"), bytes, programs })
}

/// The packages of Debian: the console, and the desktop if it was built.
///
/// # Errors
///
/// As [`linux`].
pub(super) fn debian(programs: &Programs, time: Timestamp) -> anyhow::Result<Vec<Made>> {
    let of = |package: &Package| {
        let name = package.name;
        chosen(programs, |built| built.name == name)
    };
    let mut tree = Tree::default();
    tree.put_items(&install::console_files(), deb::place)?;
    // Debian has the changelog in another place, and on a server nobody looks at pictures.
    let is_wanted = |path: &&&str| !path.starts_with("CHANGELOG") && !path.ends_with(".png");
    for document in DOCUMENTS.iter().filter(is_wanted) {
        let to = format!("{}/{document}", deb::documents(&deb::CONSOLE));
        tree.put_all(&run::root().join(document), &to)?;
    }
    let mut made = vec![package(&deb::CONSOLE, tree, of(&deb::CONSOLE)?, time)?];
    if has_desktop(programs) {
        let mut tree = Tree::default();
        tree.put_items(&install::desktop_files(), deb::place)?;
        made.push(package(&deb::DESKTOP, tree, of(&deb::DESKTOP)?, time)?);
    }
    Ok(made)
}

/// One package of Debian, with its program added to `tree`.
fn package(
    package: &Package,
    mut tree: Tree,
    programs: Vec<Built>,
    time: Timestamp,
) -> anyhow::Result<Made> {
    for built in &programs {
        tree.put_program(format!("usr/bin/{}", built.name), built.bytes.clone());
    }
    put_origins(&mut tree, &format!("{}/", deb::documents(package)), &programs, time)?;
    let bytes = deb::make(package, tree, time)?;
    Ok(Made { name: deb::file_name(package), bytes, programs })
}

/// The zip for Windows. Texts have the line ends that every editor there reads.
///
/// # Errors
///
/// As [`linux`].
pub(super) fn windows(programs: &Programs, time: Timestamp) -> anyhow::Result<Made> {
    let mut programs = chosen(programs, |built| built.target == WINDOWS)?;
    let mut tree = Tree::default();
    let root = run::root();
    for document in DOCUMENTS {
        tree.put_all(&root.join(document), document)?;
    }
    tree.put_all(&root.join("completions/sockeye.ps1"), "completions/sockeye.ps1")?;
    tree.put_all(&root.join("packaging/windows/README.txt"), "README.txt")?;
    for licence in ["LICENSE-APACHE", "LICENSE-MIT"] {
        tree.put_all(&root.join(licence), &format!("{licence}.txt"))?;
    }
    put_origins(&mut tree, "", &programs, time)?;
    // The same program, which knows itself by this name.
    let console = programs.iter().find(|built| built.name == "sockeye.exe");
    let console = console.context("there is no sockeye.exe")?.clone();
    programs.push(Built { name: "tcpvcon.exe", ..console });
    for built in &programs {
        tree.put_program(built.name, built.bytes.clone());
    }
    let mut tree = tree.try_map(|path, mut file| {
        if path.ends_with(".txt") {
            file.bytes = windows_lines(&file.bytes);
        }
        Ok((path, file))
    })?;
    let sums = tree.sha256_sums();
    tree.put("SHA256SUMS", sums);
    let top = format!("sockeye-{VERSION}-x86_64-windows");
    let bytes = archive::zip(&tree, &format!("{top}/"), time)?;
    Ok(Made { name: format!("{top}.zip"), bytes, programs })
}

/// A text with CR LF at the end of every line.
fn windows_lines(text: &[u8]) -> Vec<u8> {
    let mut lines = Vec::with_capacity(text.len());
    for &byte in text.iter().filter(|byte| **byte != b'\r') {
        if byte == b'\n' {
            lines.push(b'\r');
        }
        lines.push(byte);
    }
    lines
}

/// The programs that `is_wanted`; at least one.
fn chosen(programs: &Programs, is_wanted: impl Fn(&Built) -> bool) -> anyhow::Result<Vec<Built>> {
    let chosen: Vec<Built> = programs.iter().filter(|built| is_wanted(built)).cloned().collect();
    ensure!(!chosen.is_empty(), "there is no program for this package");
    Ok(chosen)
}

fn has_desktop(programs: &[Built]) -> bool {
    programs.iter().any(|built| built.name == "sockeye-gui")
}

/// Adds below `directory` what the programs are made of: bills of materials, and licences.
fn put_origins(
    tree: &mut Tree,
    directory: &str,
    programs: &[Built],
    time: Timestamp,
) -> anyhow::Result<()> {
    let mut all: BTreeMap<Id, Crate> = BTreeMap::new();
    let mut extras = BTreeMap::new();
    for built in programs {
        let crates = crates::linked(built.package, built.target)?;
        let found = extra::extras(built.package, built.target, &crates)?;
        let program = sbom::Program {
            name: built.package,
            version: VERSION,
            target: built.target,
            bytes: &built.bytes,
            time,
        };
        let name = built.name.trim_end_matches(".exe");
        tree.put(format!("{directory}{name}.cdx.json"), sbom::bill(&program, &crates, &found));
        all.extend(crates);
        extras.extend(found.into_iter().map(|extra| (extra.name, extra)));
    }
    let names: Vec<&str> =
        programs.iter().map(|built| built.name).filter(|name| *name != STATIC).collect();
    let extras: Vec<_> = extras.into_values().collect();
    let text = licences::text(&names.join(" and "), all.values(), &extras)?;
    tree.put(format!("{directory}third-party-licences.txt"), text);
    tree.put(format!("{directory}{RUST_LICENCES}"), extra::rust_licences()?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_as_windows_has_them() {
        let check = |text: &str, expected: &str| {
            assert_eq!(windows_lines(text.as_bytes()), expected.as_bytes(), "{text:?}");
        };
        check("", "");
        check("a\nb\n", "a\r\nb\r\n");
        check("a\r\nb", "a\r\nb");
    }
}
