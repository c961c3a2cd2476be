//! Which words of the language may stand where: purity, unsafety, platforms, printing.

use super::source::{Source, Token};
use super::{File, Finding};

const RULE: &str = "purity";

/// A word that only some files may use.
struct Reserved {
    word: &'static str,
    /// Starts of the paths that may.
    places: &'static [&'static str],
    /// Whether tests may, wherever they stand.
    in_tests: bool,
    why: &'static str,
}

const PRINTERS: &[&str] = &[
    "crates/sockeye/",
    "crates/sockeye-gui/",
    "crates/sockeye-os/examples/",
    "xtask/",
    "fuzz/",
    // A build script talks to cargo by what it prints.
    "windows/",
];
const PRINTING: Reserved =
    Reserved { word: "", places: PRINTERS, in_tests: true, why: "only a binary prints" };

const RESERVED: &[Reserved] = &[
    Reserved {
        word: "unsafe",
        places: &["crates/sockeye-os/src/sys/"],
        in_tests: false,
        why: "unsafe belongs under crates/sockeye-os/src/sys, behind a safe wrapper",
    },
    Reserved {
        word: "target_os",
        places: &["crates/sockeye-os/src/", "xtask/"],
        in_tests: true,
        why: "only sockeye-os (and automation) may ask which system it is",
    },
    Reserved { word: "print!", ..PRINTING },
    Reserved { word: "println!", ..PRINTING },
    Reserved { word: "eprint!", ..PRINTING },
    Reserved { word: "eprintln!", ..PRINTING },
];

/// Code that computes and does nothing else.
struct Pure {
    /// Start of the path.
    place: &'static str,
    /// Modules of `std` that it may not name; `None` forbids `std` altogether.
    forbidden: Option<&'static [&'static str]>,
    /// Other words it may not use.
    words: &'static [&'static str],
}

const PURE: &[Pure] = &[
    Pure {
        place: "crates/sockeye-core/src/",
        forbidden: None,
        words: &["std", "serde", "target_os"],
    },
    Pure {
        place: "crates/sockeye-os/src/decode/",
        forbidden: Some(&["env", "fs", "io", "os", "process", "thread", "time"]),
        words: &["libc", "nix", "rustix", "serde", "target_os"],
    },
];

/// Compares the words of a file with the tables.
pub(super) fn check(source: &Source) -> Vec<Finding> {
    let mut findings = reserved(source);
    findings.extend(pure(source));
    findings.extend(unexplained(source));
    findings
}

/// Words that this file may not use.
fn reserved(source: &Source) -> Vec<Finding> {
    let file = source.file;
    let mut findings = Vec::new();
    for token in &source.tokens {
        let rule = RESERVED.iter().find(|r| r.word == token.text);
        let Some(rule) = rule.filter(|_| token.is_word) else {
            continue;
        };
        let is_place = rule.places.iter().any(|place| file.path.starts_with(place));
        let is_allowed = is_place || (rule.in_tests && token.is_test);
        if !is_allowed {
            findings.push(file.finding(token.line, RULE, rule.why));
        }
    }
    findings
}

/// Words that make pure code impure. Tests may: they read fixtures.
fn pure(source: &Source) -> Vec<Finding> {
    let file = source.file;
    let Some(pure) = PURE.iter().find(|p| file.path.starts_with(p.place)) else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    for (token, rest) in source.tails().filter(|(token, _)| token.is_word && !token.is_test) {
        let place = pure.place;
        if pure.words.contains(&token.text.as_str()) {
            let message = format!("{place} is pure: no `{}`", token.text);
            findings.push(file.finding(token.line, RULE, message));
        }
        let modules = if token.text == "std" { imported(rest) } else { Vec::new() };
        for module in modules {
            if pure.forbidden.is_some_and(|words| words.contains(&module)) {
                let message = format!("{place} is pure: no `std::{module}`");
                findings.push(file.finding(token.line, RULE, message));
            }
        }
    }
    findings
}

/// The modules named by what follows `std`: one, or several in braces.
fn imported(rest: &[Token]) -> Vec<&str> {
    let Some((group, inner)) = rest.get(2..).and_then(<[Token]>::split_first) else {
        return Vec::new();
    };
    if group.text != "{" {
        return vec![&group.text];
    }
    let inside = inner.iter().take_while(|t| t.depth > group.depth);
    let own = inside.filter(|t| t.depth == group.depth + 1 && t.is_word);
    own.map(|t| t.text.as_str()).collect()
}

/// Unsafe blocks and implementations that do not say why they are sound.
fn unexplained(source: &Source) -> Vec<Finding> {
    let file = source.file;
    let unsafes = source.tails().filter(|(token, rest)| {
        let next = rest.first().map_or("", |t| t.text.as_str());
        token.is_word && token.text == "unsafe" && ["{", "impl"].contains(&next)
    });
    unsafes
        .filter(|(token, _)| !is_explained(file, token.line))
        .map(|(token, _)| file.finding(token.line, "safety", "no `// SAFETY:` above this unsafe"))
        .collect()
}

/// Whether a `// SAFETY:` comment ends right above the statement that `line` stands in.
fn is_explained(file: &File, line: usize) -> bool {
    let above: Vec<&str> = file.text.lines().take(line.saturating_sub(1)).collect();
    let mut above = above.iter().rev().map(|line| line.trim()).peekable();
    // The statement may have begun on an earlier line: one that ends none.
    while above.next_if(|l| !l.starts_with("//") && !l.ends_with([';', '{', '}'])).is_some() {}
    let mut comment = above.take_while(|l| l.starts_with("//"));
    comment.any(|l| l.starts_with("// SAFETY:"))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{file, places};
    use super::*;

    fn check_at(path: &str, text: &str, expected: &[(usize, &'static str)]) {
        let file = file(path, text);
        let found = check(&Source::parse(&file).unwrap());
        assert_eq!(places(&found), expected, "{path}: {text}");
    }

    #[test]
    fn core_is_pure() {
        let core = "crates/sockeye-core/src/a.rs";
        check_at(core, "use core::fmt;\n// std::fs\nconst A: &str = \"std::fs\";", &[]);
        check_at(core, "\nuse std::fmt;", &[(2, RULE)]);
        check_at(core, "use serde::Serialize;", &[(1, RULE)]);
        check_at(core, "#[cfg(test)]\nmod tests { use std::fs; }", &[]);
        check_at(core, "#[cfg(target_os = \"linux\")] fn a() {}", &[(1, RULE), (1, RULE)]);
    }

    #[test]
    fn decoders_are_pure() {
        let decode = "crates/sockeye-os/src/decode/a.rs";
        check_at(decode, "use std::net::IpAddr;", &[]);
        check_at(decode, "use std::fs::File;", &[(1, RULE)]);
        check_at(decode, "use std::{fmt::{self, fs}, thread};", &[(1, RULE)]);
        check_at(decode, "use rustix::net;", &[(1, RULE)]);
        check_at("crates/sockeye-os/src/sys/linux/a.rs", "use std::fs;", &[]);
    }

    #[test]
    fn unsafe_stays_in_sys_and_says_why() {
        let sys = "crates/sockeye-os/src/sys/a.rs";
        check_at(sys, "// SAFETY: sound.\nunsafe { a() }", &[]);
        check_at(sys, "// SAFETY: sound,\n// as I said.\nlet b =\nunsafe { a() };", &[]);
        check_at(sys, "fn b() {\nunsafe { a() }\n}", &[(2, "safety")]);
        check_at(sys, "// SAFETY: c.\nc();\nunsafe { a() }", &[(3, "safety")]);
        check_at(sys, "unsafe impl Send for A {}", &[(1, "safety")]);
        check_at("xtask/src/a.rs", "// SAFETY: b.\nunsafe { a() }", &[(2, RULE)]);
        check_at("crates/sockeye/tests/a.rs", "// SAFETY: b.\nunsafe { a() }", &[(2, RULE)]);
    }

    #[test]
    fn platforms_and_printing_have_their_places() {
        let platform = "#[cfg(target_os = \"linux\")] fn a() {}";
        check_at("crates/sockeye-os/src/a.rs", platform, &[]);
        check_at("crates/sockeye/tests/a.rs", platform, &[]);
        check_at("crates/sockeye/src/a.rs", platform, &[(1, RULE)]);
        let printing = "fn a() { eprintln!(\"x\") }";
        check_at("crates/sockeye/src/a.rs", printing, &[]);
        check_at("crates/sockeye-os/tests/a.rs", printing, &[]);
        check_at("crates/sockeye-engine/src/a.rs", printing, &[(1, RULE)]);
    }
}
