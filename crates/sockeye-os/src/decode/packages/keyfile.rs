//! Files of groups, keys and values: desktop entries and icon themes (Desktop Entry Specification).

use crate::decode::{lines, lossy};

/// One line `key=value`, and the group that it stands in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Line<'a> {
    /// The group, without its brackets.
    pub group: &'a [u8],
    /// The key, with its `[locale]` if it has one.
    pub key: &'a [u8],
    /// The value, not unescaped.
    pub value: &'a [u8],
}

/// The keys of all groups, in the order of the file. Comments, and lines that make no sense, are
/// left out.
pub fn decode(text: &[u8]) -> impl Iterator<Item = Line<'_>> {
    let mut group: &[u8] = b"";
    lines(text).filter_map(move |line| {
        let line = line.trim_ascii();
        if let Some(name) = line.strip_prefix(b"[").and_then(|name| name.strip_suffix(b"]")) {
            group = name;
            return None;
        }
        let equals = line.iter().position(|&byte| byte == b'=')?;
        let (key, value) = (line.get(..equals)?, line.get(equals + 1..)?);
        let is_key = !key.is_empty() && !key.starts_with(b"#");
        is_key.then_some(Line { group, key: key.trim_ascii(), value: value.trim_ascii() })
    })
}

/// A value of the type string: `\s`, `\n`, `\t`, `\r` and `\\` stand for what cannot be written.
pub fn unescape(value: &[u8]) -> String {
    let mut plain = Vec::with_capacity(value.len());
    let mut bytes = value.iter().copied();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            plain.push(byte);
            continue;
        }
        match bytes.next() {
            Some(b's') => plain.push(b' '),
            Some(b'n') => plain.push(b'\n'),
            Some(b't') => plain.push(b'\t'),
            Some(b'r') => plain.push(b'\r'),
            Some(b'\\') => plain.push(b'\\'),
            // No escape of this format: in `Exec`, one of quoting.
            Some(other) => plain.extend([b'\\', other]),
            None => plain.push(b'\\'),
        }
    }
    lossy(&plain)
}
