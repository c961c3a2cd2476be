//! What a program with a window asks its system for, besides endpoints.

use crate::{Error, sys};

pub use crate::decode::icon::Picture;
#[cfg(windows)]
pub use crate::sys::Notifier;

/// Whether this process can get an administrator's rights.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Elevation {
    /// This system has no such rights that a window asks for.
    #[default]
    Unknown,
    /// It can be started again with them, if the user says yes.
    Possible,
    /// It has them.
    Held,
}

/// Sees to it that what this process prints reaches the console that it was started from; `false` where
/// there is none and nothing else reads it either.
///
/// # Platform
///
/// Windows: programs with a window begin without a console; what they print into a pipe or a file arrives
/// anyway. Whoever shares a console is ended with it. Elsewhere: always `true`.
pub fn attach_console() -> bool {
    sys::attach_console()
}

/// Shows a text in a window of its own, until somebody closes it.
///
/// # Platform
///
/// Windows. Elsewhere nothing: there, whoever starts a program sees what it prints.
pub fn show_message(title: &str, text: &str) {
    sys::show_message(title, text);
}

/// Whether this process can get an administrator's rights.
///
/// # Platform
///
/// Windows. Elsewhere [`Elevation::Unknown`].
pub fn elevation() -> Elevation {
    sys::elevation()
}

/// Starts this program once more, with an administrator's rights and these arguments; returns when the
/// user has agreed and it was started.
///
/// # Errors
///
/// [`Kind::Denied`](crate::Kind::Denied) when the user said no.
///
/// # Platform
///
/// Windows. Elsewhere [`Kind::Unsupported`](crate::Kind::Unsupported).
pub fn start_elevated(arguments: &[&str]) -> Result<(), Error> {
    sys::start_elevated(arguments)
}

/// Has the desktop show the folder that the file at `path` is in.
///
/// # Errors
///
/// When the program that shows folders could not be started, or says that it failed.
///
/// # Platform
///
/// Windows: Explorer, with the file selected; it says nothing of failures. Elsewhere: xdg-open.
pub fn show_folder_of(path: &str) -> Result<(), Error> {
    sys::show_folder_of(path)
}

/// The icon inside of the image at `path`, in the size nearest to `side` pixels. `None` where it has
/// none.
///
/// # Platform
///
/// Windows. Elsewhere images have none.
pub fn icon_in(path: &str, side: u16) -> Option<Picture> {
    sys::icon_in(path, side)
}

/// Arguments as one command line, which programs for Windows take apart again (learn.microsoft.com,
/// "Parsing C++ command-line arguments"): quotes around each, backslashes doubled where a quote follows.
#[cfg(any(windows, test))]
pub(crate) fn command_line(arguments: &[&str]) -> String {
    let quoted = |argument: &&str| {
        let (mut text, mut backslashes) = (String::from("\""), 0);
        for character in argument.chars() {
            match character {
                '\\' => backslashes += 1,
                '"' => text.push_str(&"\\".repeat(std::mem::take(&mut backslashes) + 1)),
                _ => backslashes = 0,
            }
            text.push(character);
        }
        text.push_str(&"\\".repeat(backslashes));
        text.push('"');
        text
    };
    arguments.iter().map(quoted).collect::<Vec<_>>().join(" ")
}

/// `text` in UTF-16 with a zero at its end, in `N` units at most: what is longer ends in an ellipsis.
#[cfg(any(windows, test))]
pub(crate) fn cut<const N: usize>(text: &str) -> [u16; N] {
    let mut units = [0; N];
    let whole = text.encode_utf16().count() < N;
    let room = if whole { N } else { N.saturating_sub(1) };
    let mut length = 0;
    for character in text.chars().take_while(|character| *character != '\0') {
        let next = length + character.len_utf16();
        // One unit is the zero's.
        if next >= room {
            break;
        }
        let place = units.get_mut(length..next).unwrap_or_default();
        character.encode_utf16(place);
        length = next;
    }
    if let (false, Some(place)) = (whole, units.get_mut(length)) {
        *place = 0x2026;
    }
    units
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn arguments_are_quoted_as_programs_read_them() {
        let check = |arguments: &[&str], expected: &str| {
            assert_eq!(command_line(arguments), expected, "{arguments:?}");
        };
        check(&["--", "firefox"], r#""--" "firefox""#);
        check(&["process = \"a b\""], r#""process = \"a b\"""#);
        check(&[r"C:\x\"], r#""C:\x\\""#);
        check(&[r#"\""#], r#""\\\"""#);
        check(&[r"a\\b"], r#""a\\b""#);
        check(&[""], r#""""#);
    }

    /// Takes a command line apart, as the same page says.
    fn parsed(line: &str) -> Vec<String> {
        let (mut all, mut text, mut is_quoted, mut is_begun) =
            (Vec::new(), String::new(), false, false);
        let mut rest = line.chars().peekable();
        while let Some(character) = rest.next() {
            match character {
                '\\' => {
                    let mut count = 1;
                    while rest.next_if_eq(&'\\').is_some() {
                        count += 1;
                    }
                    let is_before_quote = rest.peek() == Some(&'"');
                    text.push_str(&"\\".repeat(if is_before_quote { count / 2 } else { count }));
                    if is_before_quote && count % 2 == 1 {
                        rest.next();
                        text.push('"');
                    }
                }
                '"' => (is_quoted, is_begun) = (!is_quoted, true),
                ' ' if !is_quoted => {
                    if std::mem::take(&mut is_begun) {
                        all.push(std::mem::take(&mut text));
                    }
                }
                other => text.push(other),
            }
        }
        all.extend(is_begun.then_some(text));
        all
    }

    proptest! {
        #[test]
        fn a_command_line_is_taken_apart_again(arguments: Vec<String>) {
            let borrowed: Vec<&str> = arguments.iter().map(String::as_str).collect();
            prop_assert_eq!(parsed(&command_line(&borrowed)), arguments);
        }

        #[test]
        fn what_is_cut_is_text_with_a_zero(text in "[a-z😀ä\"\0]{0,12}") {
            let units: [u16; 8] = cut(&text);
            let end = units.iter().position(|unit| *unit == 0);
            prop_assert!(end.is_some());
            let told = String::from_utf16(&units[..end.unwrap()]).unwrap();
            let expected = text.split('\0').next().unwrap();
            if text.encode_utf16().count() < 8 {
                prop_assert_eq!(told, expected);
            } else {
                let told = told.strip_suffix('…').unwrap();
                prop_assert!(expected.starts_with(told));
            }
        }
    }

    #[test]
    fn what_is_cut_ends_in_an_ellipsis() {
        let check = |text: &str, expected: &str| {
            let units: [u16; 6] = cut(text);
            let told: Vec<u16> = units.into_iter().take_while(|unit| *unit != 0).collect();
            assert_eq!(String::from_utf16(&told).unwrap(), expected, "{text}");
        };
        check("", "");
        check("12345", "12345");
        check("123456", "1234…");
        check("123😀", "123😀");
        check("1234😀", "1234…");
        check("123😀5", "123…");
    }
}
