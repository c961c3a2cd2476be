//! Text from outside, made harmless and visible for the medium it is printed to.
//!
//! Process titles, paths, interface and host names are chosen by whoever runs the process or owns
//! the address. Printed raw they could move the cursor, hide themselves, reverse what follows or
//! start a formula in a spreadsheet.

use std::io::Write as _;

/// Whether a character is a control, or is not seen, or changes how its neighbours are seen.
///
/// Controls (C0, DEL, C1) and the characters of Unicode's `Default_Ignorable_Code_Point` and
/// `Bidi_Control` (UAX #44), line and paragraph separators; variation selectors U+FE00–FE0F
/// apart, which only choose between two looks of the character before.
fn is_hidden(c: char) -> bool {
    matches!(c,
        '\0'..='\x1f' | '\x7f'..='\u{9f}' | '\u{ad}' | '\u{34f}' | '\u{61c}'
        | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Appends `text` for people to read: what is hidden becomes `\u{1b}`.
///
/// A backslash stays what it is (paths on Windows, unit names of systemd), except in front of
/// something that is or looks like an escape: there it is doubled, so that no text can pretend.
pub(crate) fn text(buf: &mut Vec<u8>, text: &str) {
    if text.bytes().all(|b| matches!(b, b' '..=b'~') && b != b'\\') {
        buf.extend_from_slice(text.as_bytes());
        return;
    }
    let mut rest = text;
    while !rest.is_empty() {
        let after = rest.trim_start_matches('\\');
        let backslashes = rest.strip_suffix(after).unwrap_or_default().as_bytes();
        buf.extend_from_slice(backslashes);
        if after.starts_with("u{") || after.starts_with(is_hidden) {
            buf.extend_from_slice(backslashes);
        }
        let mut chars = after.chars();
        match chars.next() {
            Some(c) if is_hidden(c) => buf.extend(c.escape_unicode().map(|c| c as u8)),
            Some(c) => put_char(buf, c),
            None => {}
        }
        rest = chars.as_str();
    }
}

/// `text` for people to read, with everything that could act on a terminal escaped.
pub fn escaped(outside: &str) -> String {
    let mut buf = Vec::new();
    text(&mut buf, outside);
    String::from_utf8_lossy(&buf).into_owned()
}

/// Appends `text` as a JSON string with its quotes (RFC 8259 §7); what is hidden is written
/// `\u001b`, which reads back as the same character.
pub fn json(buf: &mut Vec<u8>, text: &str) {
    buf.push(b'"');
    let is_plain = |b| matches!(b, b' '..=b'~') && b != b'"' && b != b'\\';
    if text.bytes().all(is_plain) {
        buf.extend_from_slice(text.as_bytes());
    } else {
        text.chars().for_each(|c| json_char(buf, c));
    }
    buf.push(b'"');
}

/// Appends `text`, which [`text`] has made visible, so that a browser shows it as it is and takes
/// none of it for markup (HTML, 13.2.5).
pub(crate) fn html(buf: &mut Vec<u8>, text: &[u8]) {
    for byte in text {
        match byte {
            b'&' => buf.extend_from_slice(b"&amp;"),
            b'<' => buf.extend_from_slice(b"&lt;"),
            b'>' => buf.extend_from_slice(b"&gt;"),
            b'"' => buf.extend_from_slice(b"&quot;"),
            b'\'' => buf.extend_from_slice(b"&#39;"),
            byte => buf.push(*byte),
        }
    }
}

/// Appends one character of a JSON string.
fn json_char(buf: &mut Vec<u8>, c: char) {
    match c {
        '"' | '\\' => buf.extend([b'\\', c as u8]),
        '\n' => buf.extend(b"\\n"),
        '\r' => buf.extend(b"\\r"),
        '\t' => buf.extend(b"\\t"),
        c if is_hidden(c) => {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a Vec cannot fail.
                let _ = write!(buf, "\\u{unit:04x}");
            }
        }
        c => put_char(buf, c),
    }
}

/// Appends `c` in UTF-8.
fn put_char(buf: &mut Vec<u8>, c: char) {
    buf.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
}

/// Whether a spreadsheet would take a cell that begins like `text` for a formula.
///
/// The characters of OWASP's "CSV Injection" page, with the full-width forms that some locales
/// treat alike; tab and carriage return never get this far, because [`text`] makes them visible.
pub(crate) fn is_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠'])
}

/// Turns what stands in `buf` from `start` on into a quoted CSV field, where it needs quotes
/// (RFC 4180 §2).
pub(crate) fn quote_csv(buf: &mut Vec<u8>, start: usize) {
    let field = buf.get(start..).unwrap_or_default();
    let is_plain = |b: &u8| !matches!(b, b',' | b'"' | b'\n' | b'\r');
    let has_outer_space = field.first() == Some(&b' ') || field.last() == Some(&b' ');
    if field.iter().all(is_plain) && !has_outer_space {
        return;
    }
    let field = buf.split_off(start);
    buf.push(b'"');
    for byte in field {
        if byte == b'"' {
            buf.push(b'"');
        }
        buf.push(byte);
    }
    buf.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn escaped(input: &str) -> String {
        let mut buf = Vec::new();
        text(&mut buf, input);
        String::from_utf8(buf).unwrap()
    }

    /// Reads back what [`text`] wrote: the rule that its documentation states, the other way.
    fn unescaped(shown: &str) -> String {
        let mut out = String::new();
        let mut rest = shown;
        while !rest.is_empty() {
            let after = rest.trim_start_matches('\\');
            let run = rest.len() - after.len();
            let Some(inner) = after.strip_prefix("u{") else {
                out.extend(std::iter::repeat_n('\\', run));
                let mut chars = after.chars();
                out.extend(chars.next());
                rest = chars.as_str();
                continue;
            };
            out.extend(std::iter::repeat_n('\\', run / 2));
            if run % 2 == 1 {
                let (code, end) = inner.split_once('}').unwrap();
                out.push(char::from_u32(u32::from_str_radix(code, 16).unwrap()).unwrap());
                rest = end;
            } else {
                out.push_str("u{");
                rest = inner;
            }
        }
        out
    }

    #[test]
    fn hidden_characters_become_visible() {
        let check = |input, shown: &str| assert_eq!(escaped(input), shown);
        check("/usr/bin/nginx", "/usr/bin/nginx");
        check("\x1b[2Jx", "\\u{1b}[2Jx");
        check("tab\there\n", "tab\\u{9}here\\u{a}");
        check("csi \u{9b}31m", "csi \\u{9b}31m");
        check("exe\u{202e}gpj.", "exe\\u{202e}gpj.");
        check("a\u{200b}b\u{feff}", "a\\u{200b}b\\u{feff}");
        check("tag\u{e0041}", "tag\\u{e0041}");
        check("日本 é \u{fffd}", "日本 é \u{fffd}");
    }

    #[test]
    fn backslashes_stay_unless_they_could_be_mistaken() {
        let check = |input, shown: &str| assert_eq!(escaped(input), shown);
        check(r"C:\Windows\x.exe", r"C:\Windows\x.exe");
        check(r"\\server\share\", r"\\server\share\");
        check(r"fsck@dev\x2ddisk", r"fsck@dev\x2ddisk");
        check(r"fake\u{1b}", r"fake\\u{1b}");
        check("real\\\x1b", r"real\\\u{1b}");
    }

    #[test]
    fn csv_fields_are_quoted_only_where_needed() {
        let check = |input: &str, expected: &str| {
            let mut buf = b"x,".to_vec();
            buf.extend(input.as_bytes());
            quote_csv(&mut buf, 2);
            assert_eq!(String::from_utf8(buf).unwrap(), format!("x,{expected}"));
        };
        check("plain", "plain");
        check("", "");
        check("a,b", "\"a,b\"");
        check("say \"hi\"", "\"say \"\"hi\"\"\"");
        check(" lead", "\" lead\"");
    }

    #[test]
    fn html_has_no_markup_from_outside() {
        let check = |input: &str, expected: &str| {
            let mut buf = Vec::new();
            html(&mut buf, input.as_bytes());
            assert_eq!(String::from_utf8(buf).unwrap(), expected);
        };
        check("nginx", "nginx");
        check("<script>alert('x')</script>", "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;");
        check("a & \"b\" é", "a &amp; &quot;b&quot; é");
    }

    proptest! {
        #[test]
        fn escaped_text_hides_nothing_and_reads_back(input in r"([\\u{}0-9a-f]|\PC|\p{Cc}|\p{Cf})*") {
            let shown = escaped(&input);
            prop_assert!(!shown.contains(is_hidden));
            prop_assert_eq!(unescaped(&shown), input);
        }

        #[test]
        fn json_strings_read_back(input: String) {
            let mut buf = Vec::new();
            json(&mut buf, &input);
            let shown = String::from_utf8(buf).unwrap();
            prop_assert!(!shown.contains(is_hidden));
            prop_assert_eq!(serde_json::from_str::<String>(&shown).unwrap(), input);
        }
    }
}
