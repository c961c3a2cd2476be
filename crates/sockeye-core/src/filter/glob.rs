//! Text patterns: case does not matter, `*` is any run of characters, `?` any one.

use alloc::boxed::Box;
use alloc::string::String;

/// A text pattern, folded when it was made so that matching allocates nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Glob(Box<str>);

impl Glob {
    /// The pattern that `text` writes.
    pub(super) fn new(text: &str) -> Self {
        Self(text.chars().map(fold).collect::<String>().into())
    }

    /// The pattern as text, in lower case.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether all of `text` fits. Linear for a pattern with one `*`, never worse than the
    /// product of both lengths.
    pub(super) fn accepts(&self, text: &str) -> bool {
        let (mut pattern, mut text) = (self.0.chars(), text.chars());
        // Where to go on after a mismatch: behind the last `*`, once it has swallowed one more.
        let mut retry = None;
        loop {
            let wanted = pattern.next();
            if wanted == Some('*') {
                retry = Some((pattern.clone(), text.clone()));
                continue;
            }
            match (wanted, text.next()) {
                (None, None) => return true,
                (Some(_), None) => return false,
                (Some('?'), Some(_)) => continue,
                (Some(wanted), Some(found)) if wanted == fold(found) => continue,
                (_, Some(_)) => {}
            }
            let Some((behind, swallowed)) = &mut retry else {
                return false;
            };
            swallowed.next();
            (pattern, text) = (behind.clone(), swallowed.clone());
        }
    }
}

/// The character without case; the few whose lower case is several characters stay as they are.
fn fold(character: char) -> char {
    if character.is_ascii() {
        return character.to_ascii_lowercase();
    }
    let mut lower = character.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(only), None) => only,
        _ => character,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn wildcards_and_case() {
        let check = |glob: &str, text: &str, expected| {
            assert_eq!(Glob::new(glob).accepts(text), expected, "{glob} {text}");
        };
        check("nginx", "NGINX", true);
        check("nginx", "nginx2", false);
        check("nginx", "ngin", false);
        check("", "", true);
        check("", "x", false);
        check("*", "", true);
        check("*", "anything", true);
        check("ng*", "nginx", true);
        check("*x", "nginx", true);
        check("*gi*", "nginx", true);
        check("n*i*x", "nginx", true);
        check("n*y", "nginx", false);
        check("*ab*ab", "abxab", true);
        check("*ab", "aab", true);
        check("n?inx", "nginx", true);
        check("nginx?", "nginx", false);
        check("?", "é", true);
        check("ÄPFEL", "äpfel", true);
        check("k??orker/*", "kworker/0:1", false);
        check("k?orker/*", "kworker/0:1", true);
    }

    /// The definition, without thought for speed.
    fn accepts_by_definition(pattern: &[char], text: &[char]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some(('*', rest)) => {
                (0..=text.len()).any(|skipped| accepts_by_definition(rest, &text[skipped..]))
            }
            Some((wanted, rest)) => text.split_first().is_some_and(|(found, others)| {
                (*wanted == '?' || wanted == found) && accepts_by_definition(rest, others)
            }),
        }
    }

    proptest! {
        #[test]
        fn agrees_with_the_definition(glob in "[ab*?]{0,8}", text in "[ab]{0,10}") {
            let letters = |text: &str| text.chars().collect::<alloc::vec::Vec<_>>();
            let expected = accepts_by_definition(&letters(&glob), &letters(&text));
            prop_assert_eq!(Glob::new(&glob).accepts(&text), expected);
        }
    }
}
