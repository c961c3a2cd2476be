//! The licences of everything that is linked in, as one text; what has none is an error, never left out.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, ensure};

use super::crates::Crate;
use super::extra::{Extra, Text};
use crate::run;

/// How the names of files begin that have something to say about rights.
const NAMES: &[&str] =
    &["AUTHORS", "COPYING", "COPYRIGHT", "LICENCE", "LICENSE", "NOTICE", "OFL", "UFL", "UNLICENSE"];

/// Texts that stand for any crate under that licence, since they name no holder of rights: SPDX's name,
/// and the file. The first that a crate leaves the choice of is taken.
const STANDARD: &[(&str, &str)] =
    &[("Apache-2.0", "LICENSE-APACHE"), ("BSL-1.0", "packaging/licences/BSL-1.0.txt")];

/// Something that is linked in, with the texts about its licence.
struct Part {
    /// Name and version.
    name: String,
    licence: String,
    texts: Vec<String>,
    /// What else there is to say.
    note: Option<String>,
}

/// The text about `crates` and `extras`, which `program` is made of.
///
/// # Errors
///
/// When something has no licence, or no text of it: all of them, by name.
pub(super) fn text<'a>(
    program: &str,
    crates: impl Iterator<Item = &'a Crate>,
    extras: &[Extra],
) -> anyhow::Result<String> {
    let mut parts: Vec<Part> = extras.iter().map(part_of_extra).collect();
    let mut missing = Vec::new();
    for found in crates.filter(|found| !found.is_ours()) {
        match part_of_crate(found)? {
            Some(part) => parts.push(part),
            None => missing.push(format!("{} {}", found.id.0, found.id.1)),
        }
    }
    ensure!(missing.is_empty(), "no text of a licence in: {}", missing.join(", "));
    Ok(write(program, &parts))
}

fn part_of_extra(extra: &Extra) -> Part {
    let version = extra.version.as_ref().map(|version| format!(" {version}"));
    let (texts, note) = match &extra.text {
        Text::Of(text) => (vec![tidied(text)], None),
        Text::Beside(file) => (Vec::new(), Some(format!("its texts are in {file}"))),
    };
    let name = format!("{}{}", extra.name, version.unwrap_or_default());
    Part { name, licence: extra.licence.to_owned(), texts, note }
}

/// A crate with its texts; `None` if it has none and none can stand for it.
fn part_of_crate(found: &Crate) -> anyhow::Result<Option<Part>> {
    let (name, version) = &found.id;
    let Some(licence) = found.licence.clone() else { return Ok(None) };
    let mut texts = read_texts(&found.directory)
        .with_context(|| format!("cannot read {}", found.directory.display()))?;
    let mut note = None;
    if texts.is_empty() {
        let standard = STANDARD.iter().find(|(known, _)| has_word(&licence, known));
        let Some((known, file)) = standard else { return Ok(None) };
        texts.push(tidied(&fs::read_to_string(run::root().join(file))?));
        let holders =
            if found.authors.is_empty() { "not named" } else { &found.authors.join(", ") };
        note =
            Some(format!("it brings no text: that of {known} stands for it; authors: {holders}"));
    }
    Ok(Some(Part { name: format!("{name} {version}"), licence, texts, note }))
}

/// Whether an SPDX expression names a licence.
fn has_word(expression: &str, licence: &str) -> bool {
    expression.split([' ', '(', ')']).any(|word| word == licence)
}

/// The texts in the first level of a directory, and in directories of that name.
fn read_texts(directory: &Path) -> std::io::Result<Vec<String>> {
    let mut paths: Vec<_> =
        fs::read_dir(directory)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
    paths.sort();
    let mut texts = Vec::new();
    for path in paths.iter().filter(|path| is_about_rights(path)) {
        if path.is_dir() {
            for entry in fs::read_dir(path)? {
                texts.push(fs::read(entry?.path())?);
            }
        } else {
            texts.push(fs::read(path)?);
        }
    }
    let texts = texts.iter().map(|text| tidied(&String::from_utf8_lossy(text)));
    let texts: BTreeSet<String> = texts.filter(|text| !text.is_empty()).collect();
    Ok(texts.into_iter().collect())
}

fn is_about_rights(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_uppercase();
    let is_source = path.extension().is_some_and(|end| end == "rs");
    !is_source && NAMES.iter().any(|begin| name.starts_with(begin))
}

/// A text without what differs between copies: line ends, blanks at the ends of lines.
fn tidied(text: &str) -> String {
    let lines: Vec<&str> = text.trim_start_matches('\u{feff}').lines().map(str::trim_end).collect();
    lines.join("\n").trim_matches('\n').to_owned()
}

/// The list of parts, and every text once.
fn write(program: &str, parts: &[Part]) -> String {
    let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
    let mut texts: Vec<&str> = Vec::new();
    for text in parts.iter().flat_map(|part| &part.texts) {
        numbers.entry(text).or_insert_with(|| {
            texts.push(text);
            texts.len()
        });
    }
    let mut page = format!(
        "The work of others in {program}, and its licences\n\n\
         Their own parts are under MIT or Apache-2.0, as you like. Where what follows leaves a choice,\n\
         it is used under any of its licences that suits you. The numbers are those of the texts below.\n\n"
    );
    for part in parts {
        let known: Vec<String> = part
            .texts
            .iter()
            .filter_map(|text| numbers.get(text.as_str()))
            .map(|number| format!("[{number}]"))
            .collect();
        let note = part.note.as_ref().map(|note| format!(" ({note})")).unwrap_or_default();
        // Writing to a String cannot fail.
        let _ = writeln!(page, "{}: {} {}{note}", part.name, part.licence, known.join(" "));
    }
    for (number, text) in texts.iter().enumerate() {
        let _ = write!(page, "\n{}\n[{}]\n\n{text}\n", "-".repeat(78), number + 1);
    }
    page
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    /// A crate with these files in a directory of its own.
    fn sample(name: &str, licence: Option<&str>, files: &[(&str, &str)]) -> Crate {
        let directory = std::env::temp_dir()
            .join(format!("sockeye-licences-{}", std::process::id()))
            .join(name);
        for (file, text) in files {
            let path = directory.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        fs::create_dir_all(&directory).unwrap();
        Crate {
            id: (name.to_owned(), "1.0.0".to_owned()),
            licence: licence.map(str::to_owned),
            checksum: None,
            authors: vec!["A. Uthor".to_owned()],
            description: None,
            repository: None,
            directory,
            uses: BTreeSet::new(),
        }
    }

    #[test]
    fn every_crate_is_named_and_every_text_stands_once() {
        let crates = [
            sample("one", Some("MIT"), &[("LICENSE", "Copyright one\r\n"), ("src.rs", "no")]),
            sample("two", Some("MIT"), &[("license-mit.md", "Copyright one \n")]),
            sample(
                "three",
                Some("MIT OR Apache-2.0"),
                &[("LICENSES/a.txt", "A"), ("license.rs", "")],
            ),
            sample("four", Some("Apache-2.0"), &[]),
        ];
        let extra = Extra {
            name: "Face",
            version: Some("4.0".to_owned()),
            licence: "OFL-1.1",
            url: "https://example.org",
            is_data: true,
            text: Text::Of("face".to_owned()),
        };
        let page = text("sockeye", crates.iter(), &[extra]).unwrap();
        for line in [
            "Face 4.0: OFL-1.1 [1]",
            "one 1.0.0: MIT [2]",
            "two 1.0.0: MIT [2]",
            "three 1.0.0: MIT OR Apache-2.0 [3]",
            "four 1.0.0: Apache-2.0 [4] (it brings no text: that of Apache-2.0 stands for it; \
             authors: A. Uthor)",
        ] {
            assert!(page.lines().any(|found| found == line), "{line} in\n{page}");
        }
        assert_eq!(page.matches("Copyright one").count(), 1);
        assert!(page.contains("Apache License"));
    }

    #[test]
    fn a_crate_without_a_text_is_never_left_out() {
        let crates = [
            sample("silent", Some("MIT"), &[]),
            sample("bare", None, &[("LICENSE", "x")]),
            sample("empty", Some("ISC"), &[("LICENSE", "\n")]),
        ];
        let error = text("sockeye", crates.iter(), &[]).unwrap_err().to_string();
        assert_eq!(error, "no text of a licence in: silent 1.0.0, bare 1.0.0, empty 1.0.0");
    }

    #[test]
    fn files_about_rights_are_known_by_name() {
        let check = |name: &str, expected| {
            assert_eq!(is_about_rights(&PathBuf::from(name)), expected, "{name}");
        };
        check("LICENSE-MIT", true);
        check("Licence.txt", true);
        check("COPYING", true);
        check("OFL.txt", true);
        check("license.rs", false);
        check("README.md", false);
    }
}
