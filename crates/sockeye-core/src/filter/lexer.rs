//! Text to tokens: words, quoted texts, operators, brackets.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::ops::Range;

use super::error::{FilterError, Piece};

/// What a token is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Lexeme {
    /// A name, a keyword of one place (`has`, `no`), or a value.
    Word,
    /// A value in quotes.
    Quoted,
    /// `=`, `<` and the like.
    Operator(Operator),
    /// `in`
    In,
    /// `and`, `&&`
    And,
    /// `or`, `||`
    Or,
    /// `not`, `!`
    Not,
    /// `,`
    Comma,
    /// `(` or `{`
    Open(Bracket),
    /// `)` or `}`
    Close(Bracket),
}

/// How two values are compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Operator {
    /// `=`, `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// The two kinds of brackets, which mean the same and close only their own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Bracket {
    /// `( )`
    Round,
    /// `{ }`
    Curly,
}

/// A piece of the filter.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Token {
    /// What it is.
    pub(super) lexeme: Lexeme,
    /// How it is written, without quotes.
    pub(super) text: String,
    /// Where it stands, in bytes.
    pub(super) span: Range<usize>,
}

/// Everything that ends a word; the longest first, so that `<=` is not read as `<`.
const SYMBOLS: [(&str, Lexeme); 15] = [
    ("==", Lexeme::Operator(Operator::Equal)),
    ("!=", Lexeme::Operator(Operator::NotEqual)),
    ("<=", Lexeme::Operator(Operator::LessOrEqual)),
    (">=", Lexeme::Operator(Operator::GreaterOrEqual)),
    ("&&", Lexeme::And),
    ("||", Lexeme::Or),
    ("=", Lexeme::Operator(Operator::Equal)),
    ("<", Lexeme::Operator(Operator::Less)),
    (">", Lexeme::Operator(Operator::Greater)),
    ("!", Lexeme::Not),
    (",", Lexeme::Comma),
    ("(", Lexeme::Open(Bracket::Round)),
    (")", Lexeme::Close(Bracket::Round)),
    ("{", Lexeme::Open(Bracket::Curly)),
    ("}", Lexeme::Close(Bracket::Curly)),
];

/// Words that are never names or unquoted values.
const KEYWORDS: [(&str, Lexeme); 4] =
    [("and", Lexeme::And), ("or", Lexeme::Or), ("not", Lexeme::Not), ("in", Lexeme::In)];

/// The tokens of `filter`.
///
/// # Errors
/// A quoted text without its end, a lone `&` or `|`, or the `~` of other languages.
pub(super) fn tokens(filter: &str) -> Result<Vec<Token>, FilterError> {
    let mut tokens = Vec::new();
    let mut end = 0;
    loop {
        let rest = filter.get(end..).unwrap_or("").trim_start();
        if rest.is_empty() {
            return Ok(tokens);
        }
        let token = first(rest, filter.len() - rest.len())?;
        end = token.span.end;
        tokens.push(token);
    }
}

/// The token that `rest` begins with, at `start` of the filter.
fn first(rest: &str, start: usize) -> Result<Token, FilterError> {
    let symbol = SYMBOLS.iter().find(|(text, _)| rest.starts_with(text));
    if let Some(matcher) = ["=~", "!~", "~"].iter().find(|text| rest.starts_with(**text)) {
        let message = format!("there is no operator {}: \"=\" takes * and ?", Piece(matcher));
        return Err(FilterError::new(message).at(&(start..start + matcher.len())));
    }
    if let Some((text, lexeme)) = symbol {
        return Ok(token(*lexeme, text, start));
    }
    if let Some(quote) = rest.chars().next().filter(|c| is_quote(*c)) {
        return quoted(rest, quote, start);
    }
    let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
    let word = rest.get(..end).unwrap_or(rest);
    if word.is_empty() {
        // Of the characters that end a word, `&` and `|` alone are no symbol by themselves.
        let (single, double) = if rest.starts_with('&') { ("&", "&&") } else { ("|", "||") };
        let error = FilterError::new(format!("a single {}", Piece(single)));
        return Err(error.at(&(start..start + 1)).suggest(Some(double)));
    }
    Ok(token(keyword(word).unwrap_or(Lexeme::Word), word, start))
}

/// A token that is written as it stands.
fn token(lexeme: Lexeme, text: &str, start: usize) -> Token {
    let span = start..start + text.len();
    Token { lexeme, text: text.into(), span }
}

/// The quoted text that `rest` begins with; inside, two quotes stand for one.
fn quoted(rest: &str, quote: char, start: usize) -> Result<Token, FilterError> {
    let mut text = String::new();
    let mut characters = rest.char_indices().skip(1).peekable();
    while let Some((offset, character)) = characters.next() {
        if character == quote && characters.next_if(|(_, next)| *next == quote).is_none() {
            let span = start..start + offset + 1;
            return Ok(Token { lexeme: Lexeme::Quoted, text, span });
        }
        text.push(character);
    }
    let error = FilterError::new(format!("the quote is never closed: {}", Piece(rest)));
    Err(error.at(&(start..start + rest.len())))
}

/// The keyword that `word` is.
fn keyword(word: &str) -> Option<Lexeme> {
    let known = KEYWORDS.iter().find(|(text, _)| text.eq_ignore_ascii_case(word));
    known.map(|(_, lexeme)| *lexeme)
}

/// Whether `character` opens and closes a quoted text.
fn is_quote(character: char) -> bool {
    matches!(character, '"' | '\'')
}

/// Whether `character` can stand in a word.
fn is_word(character: char) -> bool {
    !character.is_whitespace()
        && !is_quote(character)
        && !matches!(character, '(' | ')' | '{' | '}' | ',' | '=' | '<' | '>' | '!' | '&' | '|')
}

/// A value as it is written: in quotes where it would not be one word.
pub(super) struct Quotable<'a>(pub(super) &'a str);

impl fmt::Display for Quotable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_plain =
            !self.0.is_empty() && self.0.chars().all(is_word) && !self.0.starts_with('~');
        if is_plain && keyword(self.0).is_none() {
            return f.write_str(self.0);
        }
        write!(f, "\"{}\"", self.0.replace('"', "\"\""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use alloc::vec;
    use proptest::prelude::*;

    #[test]
    fn words_take_what_addresses_names_and_patterns_need() {
        let check = |filter: &str, expected: Vec<(Lexeme, &str)>| {
            let tokens = tokens(filter).unwrap();
            let found = tokens.iter().map(|t| (t.lexeme, t.text.as_str()));
            assert_eq!(found.collect::<Vec<_>>(), expected, "{filter}");
        };
        let word = |text| (Lexeme::Word, text);
        check("  ", vec![]);
        check("[fe80::1%eth0]:443", vec![word("[fe80::1%eth0]:443")]);
        check("C:\\*\\a.exe", vec![word("C:\\*\\a.exe")]);
        check("a!=b", vec![word("a"), (Lexeme::Operator(Operator::NotEqual), "!="), word("b")]);
        check("!tcp&&UDP", vec![(Lexeme::Not, "!"), word("tcp"), (Lexeme::And, "&&"), word("UDP")]);
        check("a AND b", vec![word("a"), (Lexeme::And, "AND"), word("b")]);
        check("\"and\"", vec![(Lexeme::Quoted, "and")]);
        check(
            "'it''s' \"\" \"\"\"\"",
            vec![(Lexeme::Quoted, "it's"), (Lexeme::Quoted, ""), (Lexeme::Quoted, "\"")],
        );
    }

    #[test]
    fn spans_are_byte_offsets() {
        let spans = |filter: &str| tokens(filter).unwrap().into_iter().map(|t| t.span);
        assert!(spans("é = 'ü'").eq([0..2, 3..4, 5..9]));
    }

    proptest! {
        #[test]
        fn every_value_reads_back(text in any::<String>()) {
            let tokens = tokens(&Quotable(&text).to_string()).unwrap();
            let found: Vec<_> = tokens.iter().map(|t| t.text.as_str()).collect();
            prop_assert_eq!(found, vec![text.as_str()]);
            prop_assert!(matches!(tokens[0].lexeme, Lexeme::Word | Lexeme::Quoted));
        }
    }
}
