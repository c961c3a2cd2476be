//! The rules of the house that neither the compiler nor clippy can hold.
//!
//! Each rule is a function from text to findings, so that a test can show it a bad input; the test
//! at the end shows them all the real tree.

mod edges;
mod purity;
mod size;
mod source;
mod text;
mod words;

use std::fmt;

use anyhow::{Context as _, bail};

use crate::run;
use source::Source;

/// One place where a rule is broken.
#[derive(PartialEq, Eq, Debug)]
struct Finding {
    path: String,
    line: usize,
    rule: &'static str,
    message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, line, rule, message } = self;
        write!(f, "{path}:{line}: {rule}: {message}")
    }
}

/// One file of the repository that holds text.
struct File {
    /// From the root, with `/` on every system.
    path: String,
    text: String,
}

impl File {
    fn finding(&self, line: usize, rule: &'static str, message: impl Into<String>) -> Finding {
        Finding { path: self.path.clone(), line, rule, message: message.into() }
    }

    /// Its lines, counted from 1.
    fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(i, line)| (i + 1, line))
    }
}

/// Prints every finding.
///
/// # Errors
///
/// When there is one, or when the tree could not be read.
pub(crate) fn run() -> anyhow::Result<()> {
    let findings = check_tree()?;
    for finding in &findings {
        println!("{finding}");
    }
    if !findings.is_empty() {
        bail!("{} findings of tidy", findings.len());
    }
    Ok(())
}

/// Every finding in the repository, in the order of the files.
fn check_tree() -> anyhow::Result<Vec<Finding>> {
    let files = files()?;
    let mut findings: Vec<Finding> = files.iter().flat_map(check_file).collect();
    let metadata = ["cargo", "metadata", "--no-deps", "--format-version=1", "--offline"];
    let metadata = serde_json::from_str(&run::output(&metadata)?)?;
    findings.extend(edges::check(&metadata));
    Ok(findings)
}

/// What one file breaks.
fn check_file(file: &File) -> Vec<Finding> {
    let mut findings = text::check(file);
    findings.extend(words::check_text(file));
    if file.path.ends_with(".rs") {
        match Source::parse(file) {
            Ok(source) => {
                findings.extend(purity::check(&source));
                findings.extend(size::check(&source));
                findings.extend(words::check_names(&source));
            }
            Err(error) => findings.push(file.finding(1, "syntax", error)),
        }
    }
    findings
}

/// Every text file that git tracks or would track.
fn files() -> anyhow::Result<Vec<File>> {
    let listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    let listing = run::output(&listing).context("tidy asks git for the files")?;
    let root = run::root();
    let read = |path: &str| {
        let text = std::fs::read_to_string(root.join(path)).ok()?;
        Some(File { path: path.to_owned(), text })
    };
    // What is not UTF-8 has no rules; what is deleted but not yet committed has no text.
    Ok(listing.split_terminator('\0').filter_map(read).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file for a rule's own tests.
    pub(super) fn file(path: &str, text: &str) -> File {
        File { path: path.to_owned(), text: text.to_owned() }
    }

    /// The lines and rules of findings, to be compared.
    pub(super) fn places(findings: &[Finding]) -> Vec<(usize, &'static str)> {
        findings.iter().map(|f| (f.line, f.rule)).collect()
    }

    #[test]
    fn the_tree_is_tidy() {
        let findings = check_tree().unwrap();
        let listed: Vec<String> = findings.iter().map(Finding::to_string).collect();
        assert!(listed.is_empty(), "{}", listed.join("\n"));
    }

    #[test]
    fn findings_are_printed_so_that_editors_find_them() {
        let finding = file("a/b.rs", "").finding(7, "size", "too long");
        assert_eq!(finding.to_string(), "a/b.rs:7: size: too long");
    }

    #[test]
    fn what_is_not_rust_is_a_finding() {
        let findings = check_file(&file("a.rs", "//! A file.\nfn {"));
        assert_eq!(places(&findings), [(1, "syntax")]);
    }
}
