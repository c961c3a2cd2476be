//! systemd's unit files, systemd.syntax(7): sections of assignments.

use super::lossy;

/// `KEY=VALUE` in a section.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Assignment {
    /// The section, without brackets; empty before the first.
    pub section: Box<str>,
    /// What is assigned to.
    pub key: Box<str>,
    /// What is assigned: nothing, to take back what was assigned before.
    pub value: Box<str>,
}

/// The assignments of a unit file or a drop-in, in their order; lines that are none are passed over.
pub fn decode_unit_file(text: &[u8]) -> Vec<Assignment> {
    let text = lossy(text);
    let mut section: Box<str> = "".into();
    let mut assignments = Vec::new();
    for line in joined_lines(text.strip_prefix('\u{feff}').unwrap_or(&text)) {
        let line = line.trim_matches(is_space);
        if let Some(name) = line.strip_prefix('[') {
            section = name.strip_suffix(']').unwrap_or_default().into();
        } else if let Some((key, value)) = line.split_once('=') {
            assignments.push(Assignment {
                section: section.clone(),
                key: key.trim_end_matches(is_space).into(),
                value: value.trim_start_matches(is_space).into(),
            });
        }
    }
    assignments
}

/// Lines, those joined that a backslash at the end joins. Comments go, between joined lines too.
fn joined_lines(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut open = String::new();
    for line in text.split(['\n', '\r', '\0']) {
        if line.trim_start_matches(is_space).starts_with(['#', ';']) {
            continue;
        }
        let backslashes = line.bytes().rev().take_while(|byte| *byte == b'\\').count();
        if backslashes % 2 == 1 {
            open.push_str(line.strip_suffix('\\').unwrap_or(line));
            open.push(' ');
        } else {
            open.push_str(line);
            lines.push(std::mem::take(&mut open));
        }
    }
    lines.push(open);
    lines
}

/// What systemd takes for white space (`WHITESPACE` in src/basic/string-util.h), line ends apart.
fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t')
}

#[cfg(test)]
mod tests {
    use super::super::hostile;
    use super::*;
    use proptest::prelude::*;

    fn told(text: &[u8]) -> Vec<String> {
        let assignments = decode_unit_file(text);
        let line = |a: &Assignment| format!("{}.{}={}", a.section, a.key, a.value);
        assignments.iter().map(line).collect()
    }

    #[test]
    fn sections_have_assignments() {
        let check = |text: &str, expected: &[&str]| {
            assert_eq!(told(text.as_bytes()), expected, "{text}");
        };
        check("[Socket]\nListenStream=22\n", &["Socket.ListenStream=22"]);
        check("\u{feff}[Socket]\r\n Accept = yes \r\n", &["Socket.Accept=yes"]);
        check("A=b\n[X]\nC=d=e\n[Y\nE=\n", &[".A=b", "X.C=d=e", ".E="]);
        check("[X]\n# A=1\n  ; A=2\nA=3 # not a comment\n", &["X.A=3 # not a comment"]);
        check("[X]\nA=1\\\n  2\\\n# a comment\n3\nB=4\n", &["X.A=1   2 3", "X.B=4"]);
        check("[X]\nA=1\\\\\nB=2\\", &["X.A=1\\\\", "X.B=2"]);
        check("nothing\n\n[X]", &[]);
        check("", &[]);
    }

    proptest! {
        #[test]
        fn hostile_files_are_survived(
            text in hostile::variants(b"[Unit]\nA=b\\\n c\n# x\n[Socket]\nListenStream=[::1]:22\n"),
        ) {
            let length = text.len();
            for assignment in decode_unit_file(&text) {
                prop_assert!(assignment.key.len() + assignment.value.len() <= 3 * length);
            }
        }
    }

    #[test]
    fn long_files_take_linear_time() {
        hostile::assert_quick(|| decode_unit_file(&b"\\\n".repeat(1_000_000)));
        hostile::assert_quick(|| decode_unit_file(&b"[x]\na=b\n".repeat(200_000)));
    }
}
