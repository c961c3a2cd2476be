//! Rules for every text: links lead somewhere, and no path of one developer's machine stays in.

use std::path::Path;

use super::{File, Finding};
use crate::run;

/// Directories of machines where this is developed; the pieces keep this line out of its own rule.
const MACHINES: &[&str] = &[concat!("/wo", "rk/"), concat!("/home/", "runner/")];

/// Checks one file of any kind.
pub(super) fn check(file: &File) -> Vec<Finding> {
    let mut findings = machine_paths(file);
    if file.path.ends_with(".md") {
        findings.extend(dead_links(file, &run::root()));
    }
    findings
}

fn machine_paths(file: &File) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (line, text) in file.lines() {
        for machine in MACHINES.iter().filter(|machine| names(text, machine)) {
            let message = format!("{machine} is there on one machine only");
            findings.push(file.finding(line, "machine", message));
        }
    }
    findings
}

/// Whether `text` names `path` itself, not as the end of a longer path.
fn names(text: &str, path: &str) -> bool {
    text.match_indices(path).any(|(start, _)| {
        let before = text.get(..start).and_then(|before| before.chars().next_back());
        !before.is_some_and(|c| c.is_alphanumeric() || "._-}".contains(c))
    })
}

/// Links to files that do not exist, seen from the file that has them.
fn dead_links(file: &File, root: &Path) -> Vec<Finding> {
    let page = root.join(&file.path);
    let directory = page.parent().unwrap_or(root);
    let mut findings = Vec::new();
    let mut in_code = false;
    for (line, text) in file.lines() {
        in_code ^= text.trim_start().starts_with("```");
        for target in links(text).filter(|_| !in_code) {
            if !directory.join(target).exists() {
                findings.push(file.finding(line, "link", format!("there is no {target}")));
            }
        }
    }
    findings
}

/// The files that a line of Markdown links to: `[text](file#part)` and `[label]: file`.
fn links(line: &str) -> impl Iterator<Item = &str> {
    let definition = line.split_once("]: ").filter(|_| line.starts_with('['));
    let inline = line.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let targets = inline.chain(definition.map(|(_, target)| target));
    targets
        .filter_map(|target| target.split([' ', '#']).next())
        .filter(|target| !target.is_empty() && !target.contains(':'))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{file, places};
    use super::*;

    #[test]
    fn no_machine_stays_in() {
        let check = |text: &str, expected: &[(usize, &'static str)]| {
            assert_eq!(places(&machine_paths(&file("a.txt", text))), expected, "{text}");
        };
        let [machine, ..] = MACHINES else { panic!("no machines") };
        check(&format!("in\n{machine}main"), &[(2, "machine")]);
        check(&format!("\"{machine}\""), &[(1, "machine")]);
        check(&format!("docs{machine}"), &[]);
        check("/usr/bin/work", &[]);
    }

    #[test]
    fn links_lead_somewhere() {
        let check = |text: &str, expected: &[(usize, &'static str)]| {
            let found = dead_links(&file("xtask/README.md", text), &run::root());
            assert_eq!(places(&found), expected, "{text}");
        };
        check("[a](src/main.rs) and [b](../Cargo.toml#part) and [c](#here)", &[]);
        check("[a](https://example.org/x) [b](mailto:a@example.org)", &[]);
        check("fine\n[a](src/nothing.rs)", &[(2, "link")]);
        check("[a](src/main.rs), [b](nothing \"title\")", &[(1, "link")]);
        check("[a]: nothing.md", &[(1, "link")]);
        check("```\n[a](nothing.md)\n```", &[]);
    }
}
