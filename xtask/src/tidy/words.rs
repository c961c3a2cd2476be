//! One word per thing: the words that the vocabulary rejects and a program can recognise.

use super::source::Source;
use super::{File, Finding};

const RULE: &str = "word";

/// Names of modules that say nothing about what is in them.
const EMPTY_MODULES: &[&str] =
    &["common", "handler", "helper", "helpers", "manager", "misc", "types", "util", "utils"];

/// Beginnings of function names that say nothing, with what to write.
const EMPTY_VERBS: &[(&str, &str)] = &[
    ("get_", "name what it gives, or say read_, decode_, resolve_, describe_"),
    ("do_", "name what it does"),
];

/// Phrases that neither a name defined here nor a sentence may contain, with the word to say. A
/// phrase goes on as it likes: `peer addr` is also in `PeerAddress` and in “peer addresses”.
const PHRASES: &[(&str, &str)] = &[
    ("foreign addr", "remote address"),
    ("foreign port", "remote port"),
    ("lookup result", "answer"),
    ("netstat line", "endpoint"),
    ("peer addr", "remote address"),
    ("peer port", "remote port"),
    ("socket entry", "endpoint"),
];

/// Files that speak about these words, or must use another program's.
const EXEMPT: &[&str] = &["STYLE.md", "docs/vocabulary.md", "fixtures/", "xtask/src/tidy/"];

/// Compares what a file defines with the tables.
pub(super) fn check_names(source: &Source) -> Vec<Finding> {
    let file = source.file;
    let mut findings: Vec<Finding> = file_name(file).into_iter().collect();
    for (keyword, name, _) in source.definitions() {
        if let Some(message) = objection(&keyword.text, &name.text) {
            findings.push(file.finding(name.line, RULE, message));
        }
    }
    findings
}

/// A file is a module too, and it may be one that nothing defines by `mod` (a test, a binary).
fn file_name(file: &File) -> Option<Finding> {
    let name = file.path.rsplit('/').next()?.strip_suffix(".rs")?;
    let message = objection("mod", name)?;
    Some(file.finding(1, RULE, message))
}

/// What is wrong with this name for this kind of definition.
fn objection(keyword: &str, name: &str) -> Option<String> {
    if keyword == "mod" && EMPTY_MODULES.contains(&name) {
        return Some(format!("`{name}` says nothing about what is in the module"));
    }
    let verb = EMPTY_VERBS.iter().find(|(verb, _)| keyword == "fn" && name.starts_with(verb));
    if let Some((_, instead)) = verb {
        return Some(format!("`{name}`: {instead}"));
    }
    let (_, instead) = phrase(&words_of_name(name))?;
    Some(format!("`{name}`: say {instead}"))
}

/// The first phrase of the table in these words.
fn phrase(words: &[String]) -> Option<&'static (&'static str, &'static str)> {
    let spaced = format!(" {}", words.join(" "));
    PHRASES.iter().find(|(phrase, _)| spaced.contains(&format!(" {phrase}")))
}

/// The words of a snake_case, SCREAMING_CASE or CamelCase name, in lower case.
fn words_of_name(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_lower = false;
    for c in name.chars() {
        if c == '_' || (c.is_uppercase() && was_lower) {
            words.push(String::new());
        }
        was_lower = c.is_lowercase();
        if let Some(word) = words.last_mut().filter(|_| c != '_') {
            word.extend(c.to_lowercase());
        }
    }
    words
}

/// Compares the sentences of a file with the tables.
pub(super) fn check_text(file: &File) -> Vec<Finding> {
    let is_prose = [".md", ".rs"].iter().any(|end| file.path.ends_with(end));
    if !is_prose || EXEMPT.iter().any(|start| file.path.starts_with(start)) {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for (line, text) in file.lines() {
        if let Some((phrase, instead)) = phrase(&words_of_text(text)) {
            findings.push(file.finding(line, RULE, format!("“{phrase}…”: say {instead}")));
        }
    }
    findings
}

/// The words of a sentence, in lower case; `network.peer.address` is one.
fn words_of_text(text: &str) -> Vec<String> {
    let is_inside = |c: char| c.is_alphanumeric() || "._".contains(c);
    let words = text.split(|c| !is_inside(c)).map(|word| word.trim_matches('.'));
    words.filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{file, places};
    use super::*;

    #[test]
    fn names_use_the_vocabulary() {
        let check = |path: &str, text: &str, expected: &[(usize, &'static str)]| {
            let file = file(path, text);
            let found = check_names(&Source::parse(&file).unwrap());
            assert_eq!(places(&found), expected, "{path}: {text}");
        };
        check("src/a.rs", "fn remote() { stream.peer_addr(); map.get_mut(1) }", &[]);
        check("src/a.rs", "fn is_foreign() {} fn lookup() {} struct Peers;", &[]);
        check("src/a.rs", "fn target() { let target = 1; }", &[]);
        check("src/a.rs", "\nmod utils;", &[(2, RULE)]);
        check("src/helpers.rs", "", &[(1, RULE)]);
        check("src/a.rs", "fn get_port() {}", &[(1, RULE)]);
        check("src/a.rs", "fn do_it() {}", &[(1, RULE)]);
        check("src/a.rs", "struct ForeignAddress;", &[(1, RULE)]);
        check("src/a.rs", "fn a() { let mut peer_port = 1; }", &[(1, RULE)]);
        check("src/a.rs", "static LOOKUP_RESULTS: u8 = 1;", &[(1, RULE)]);
    }

    #[test]
    fn sentences_use_the_vocabulary() {
        let check = |path: &str, text: &str, expected: &[(usize, &'static str)]| {
            assert_eq!(places(&check_text(&file(path, text))), expected, "{path}: {text}");
        };
        check("README.md", "The remote address, network.peer.address on the wire.", &[]);
        check("README.md", "\nThe Foreign Address of it.", &[(2, RULE)]);
        check("README.md", "of foreign\taddresses.", &[(1, RULE)]);
        check("src/a.rs", "/// One netstat line.", &[(1, RULE)]);
        check("STYLE.md", "never: foreign address", &[]);
        check("fixtures/a.md", "Foreign Address", &[]);
    }
}
