//! What a package holds: files in memory, sorted by path, so that equal files make equal packages.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, ensure};
use sha2::{Digest as _, Sha256};

use crate::install::Item;

/// Files below one directory, by path with `/`.
#[derive(Default)]
pub(super) struct Tree {
    files: BTreeMap<String, File>,
}

/// One file.
#[derive(Clone)]
pub(super) struct File {
    pub(super) bytes: Vec<u8>,
    pub(super) is_program: bool,
}

impl File {
    /// What it may be done with, as on Unix.
    pub(super) fn mode(&self) -> u32 {
        if self.is_program { 0o755 } else { 0o644 }
    }
}

impl Tree {
    /// Adds a file that cannot be run.
    pub(super) fn put(&mut self, path: impl Into<String>, bytes: impl Into<Vec<u8>>) {
        let file = File { bytes: bytes.into(), is_program: false };
        self.files.insert(path.into(), file);
    }

    /// Adds a program.
    pub(super) fn put_program(&mut self, path: impl Into<String>, bytes: impl Into<Vec<u8>>) {
        let file = File { bytes: bytes.into(), is_program: true };
        self.files.insert(path.into(), file);
    }

    /// Adds what `cargo xtask install` would copy, each file where `place` says, or nowhere.
    ///
    /// # Errors
    ///
    /// When a file cannot be read.
    pub(super) fn put_items(
        &mut self,
        items: &[Item],
        place: impl Fn(&str) -> Option<String>,
    ) -> anyhow::Result<()> {
        for item in items {
            let Some(path) = place(&item.to) else { continue };
            let file = File { bytes: read(&item.from)?, is_program: item.is_program };
            self.files.insert(path, file);
        }
        Ok(())
    }

    /// Adds a file, or every file below a directory, under the name `to`.
    ///
    /// # Errors
    ///
    /// When something cannot be read, or its name is not UTF-8.
    pub(super) fn put_all(&mut self, from: &Path, to: &str) -> anyhow::Result<()> {
        if !from.is_dir() {
            self.put(to, read(from)?);
            return Ok(());
        }
        for entry in fs::read_dir(from).with_context(|| cannot_read(from))? {
            let entry = entry.with_context(|| cannot_read(from))?;
            let name = entry.file_name();
            let name = name.to_str().with_context(|| format!("{name:?} is not UTF-8"))?;
            self.put_all(&entry.path(), &format!("{to}/{name}"))?;
        }
        Ok(())
    }

    /// Every file under another name or with other bytes.
    ///
    /// # Errors
    ///
    /// The first of `change`.
    pub(super) fn try_map(
        self,
        change: impl Fn(String, File) -> anyhow::Result<(String, File)>,
    ) -> anyhow::Result<Self> {
        let files = self.files.into_iter().map(|(path, file)| change(path, file));
        Ok(Self { files: files.collect::<anyhow::Result<_>>()? })
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &File)> {
        self.files.iter().map(|(path, file)| (path.as_str(), file))
    }

    /// Every directory on the way to a file, the outer ones first, without a `/` in the end.
    pub(super) fn directories(&self) -> BTreeSet<&str> {
        let mut directories = BTreeSet::new();
        for path in self.files.keys() {
            let ends = path.match_indices('/').map(|(end, _)| end);
            directories.extend(ends.filter_map(|end| path.get(..end)));
        }
        directories
    }

    /// The sums of all files, as sha256sum(1) prints and reads them.
    pub(super) fn sha256_sums(&self) -> String {
        let mut text = String::new();
        for (path, file) in self.iter() {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{}  {path}", sha256(&file.bytes));
        }
        text
    }
}

/// The SHA-256 of some bytes, in hexadecimal.
pub(super) fn sha256(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

/// Bytes as two digits each.
pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Reads a file that has to have something in it.
///
/// # Errors
///
/// When it cannot be read or is empty: nothing that is shipped is.
pub(super) fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let bytes = fs::read(path).with_context(|| cannot_read(path))?;
    ensure!(!bytes.is_empty(), "{} is empty", path.display());
    Ok(bytes)
}

fn cannot_read(path: &Path) -> String {
    format!("cannot read {}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_come_once_and_outer_ones_first() {
        let mut tree = Tree::default();
        for path in ["usr/share/man/man1/a.1", "usr/bin/a", "usr/bin/b", "README"] {
            tree.put(path, "x");
        }
        let directories: Vec<_> = tree.directories().into_iter().collect();
        assert_eq!(
            directories,
            ["usr", "usr/bin", "usr/share", "usr/share/man", "usr/share/man/man1"]
        );
    }

    #[test]
    fn sums_are_those_of_sha256sum() {
        let mut tree = Tree::default();
        // FIPS 180-2, appendix B.1.
        tree.put("b", "abc");
        tree.put_program("a", "abc");
        let sum = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(tree.sha256_sums(), format!("{sum}  a\n{sum}  b\n"));
    }
}
