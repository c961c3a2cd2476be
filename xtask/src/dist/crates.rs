//! The crates that are linked into a program: what cargo resolves for it, its target and its features.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use anyhow::Context as _;
use serde_json::Value;

use crate::run;

/// A crate by name and version; there may be several versions of one.
pub(super) type Id = (String, String);

/// A crate that is linked in.
#[derive(Clone, Debug)]
pub(super) struct Crate {
    pub(super) id: Id,
    /// What its manifest says, as an SPDX expression; older ones have `/` for `OR`.
    pub(super) licence: Option<String>,
    /// The SHA-256 of its archive, from `Cargo.lock`; our own have none.
    pub(super) checksum: Option<String>,
    pub(super) authors: Vec<String>,
    pub(super) description: Option<String>,
    pub(super) repository: Option<String>,
    /// Where its sources are.
    pub(super) directory: PathBuf,
    /// What of it is linked in uses directly.
    pub(super) uses: BTreeSet<Id>,
}

impl Crate {
    /// Whether it is one of this repository's.
    pub(super) fn is_ours(&self) -> bool {
        self.directory.starts_with(run::root())
    }
}

/// The crates that are linked into `package` when it is built for `target`, itself included. Macros
/// and build scripts run while it is built, and are none of them.
///
/// # Errors
///
/// When cargo fails, or its answers do not fit each other.
pub(super) fn linked(package: &str, target: &str) -> anyhow::Result<BTreeMap<Id, Crate>> {
    let tree = run::output(&[
        "cargo",
        "tree",
        "--locked",
        "--package",
        package,
        "--target",
        target,
        "--edges=normal,no-proc-macro",
        "--prefix=depth",
        "--format= {p}",
    ])?;
    let uses = uses(&tree)?;
    let metadata = ["cargo", "metadata", "--locked", "--format-version=1"];
    let metadata: Value = serde_json::from_str(&run::output(&metadata)?)?;
    let lock: toml::Table = fs::read_to_string(run::root().join("Cargo.lock"))?.parse()?;
    let checksums = checksums(&lock);
    let packages = metadata.get("packages").and_then(Value::as_array);
    let mut crates = BTreeMap::new();
    for package in packages.context("cargo tells no packages")? {
        let mut found = described(package)?;
        let Some(used) = uses.get(&found.id) else { continue };
        found.uses.clone_from(used);
        found.checksum = checksums.get(&found.id).cloned();
        crates.insert(found.id.clone(), found);
    }
    let missing = uses.keys().find(|id| !crates.contains_key(id));
    anyhow::ensure!(missing.is_none(), "cargo does not describe {missing:?}");
    Ok(crates)
}

/// What each crate uses, from the lines of cargo's tree: a depth, a name, a version.
fn uses(tree: &str) -> anyhow::Result<BTreeMap<Id, BTreeSet<Id>>> {
    let mut uses: BTreeMap<Id, BTreeSet<Id>> = BTreeMap::new();
    let mut above: Vec<Id> = Vec::new();
    for line in tree.lines() {
        let mut words = line.split_whitespace();
        let (depth, name, version) = (words.next(), words.next(), words.next());
        let (Some(depth), Some(name), Some(version)) = (depth, name, version) else {
            anyhow::bail!("cargo's tree has a line `{line}`");
        };
        let id = (name.to_owned(), version.trim_start_matches('v').to_owned());
        above.truncate(depth.parse()?);
        if let Some(user) = above.last() {
            uses.entry(user.clone()).or_default().insert(id.clone());
        }
        uses.entry(id.clone()).or_default();
        above.push(id);
    }
    Ok(uses)
}

/// The sums of all archives that `Cargo.lock` names.
fn checksums(lock: &toml::Table) -> BTreeMap<Id, String> {
    let packages = lock.get("package").and_then(toml::Value::as_array).into_iter().flatten();
    let entry = |package: &toml::Value| {
        let text = |field: &str| Some(package.get(field)?.as_str()?.to_owned());
        Some(((text("name")?, text("version")?), text("checksum")?))
    };
    packages.filter_map(entry).collect()
}

/// A package of `cargo metadata`.
fn described(package: &Value) -> anyhow::Result<Crate> {
    let text = |field: &str| package.get(field).and_then(Value::as_str).map(str::to_owned);
    let needed = |field: &str| text(field).with_context(|| format!("a package without {field}"));
    let authors = package.get("authors").and_then(Value::as_array).into_iter().flatten();
    let manifest = PathBuf::from(needed("manifest_path")?);
    Ok(Crate {
        id: (needed("name")?, needed("version")?),
        licence: text("license").map(|licence| licence.replace('/', " OR ")),
        checksum: None,
        authors: authors.filter_map(Value::as_str).map(str::to_owned).collect(),
        description: text("description"),
        repository: text("repository"),
        directory: manifest.parent().context("a manifest without a directory")?.to_owned(),
        uses: BTreeSet::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_tells_who_uses_whom() {
        let tree =
            "0 a v1.0.0 (/src/a)\n1 b v2.0.0\n2 c v0.1.0\n1 c v0.2.0\n1 d v1.0.0\n2 b v2.0.0 (*)\n";
        let uses = uses(tree).unwrap();
        let shown: Vec<String> = uses
            .iter()
            .map(|((name, version), used)| {
                let used: Vec<_> = used.iter().map(|(name, v)| format!("{name}@{v}")).collect();
                format!("{name}@{version}: {}", used.join(" "))
            })
            .collect();
        let expected = [
            "a@1.0.0: b@2.0.0 c@0.2.0 d@1.0.0",
            "b@2.0.0: c@0.1.0",
            "c@0.1.0: ",
            "c@0.2.0: ",
            "d@1.0.0: b@2.0.0",
        ];
        assert_eq!(shown, expected);
    }
}
