//! A Rust file as a flat list of tokens: enough for rules about words and sizes.
//!
//! Tokens, unlike lines, are never fooled by comments and strings; unlike a syntax tree they need
//! no knowledge of every construct, so a new edition of Rust does not break them.

use proc_macro2::{Delimiter, Group, Spacing, TokenStream, TokenTree};

use super::File;

/// One token and where it stands.
pub(super) struct Token {
    /// Its text; a macro's name carries its `!`, and a group is `{` or `(` or `[` or nothing.
    pub(super) text: String,
    /// Its first line.
    pub(super) line: usize,
    /// For what opens a group, the line where that closes; else its own.
    pub(super) end: usize,
    /// How many groups it stands in.
    pub(super) depth: usize,
    /// Compiled for tests only.
    pub(super) is_test: bool,
    /// A name or a keyword, not a lifetime.
    pub(super) is_word: bool,
}

/// A Rust file with its tokens.
pub(super) struct Source<'a> {
    pub(super) file: &'a File,
    pub(super) tokens: Vec<Token>,
}

impl<'a> Source<'a> {
    /// Reads the tokens of `file`.
    ///
    /// # Errors
    ///
    /// What the lexer said, when it is not Rust.
    pub(super) fn parse(file: &'a File) -> Result<Self, String> {
        let stream: TokenStream = file.text.parse().map_err(|e| format!("not Rust: {e}"))?;
        let is_test = file.path.contains("/tests/") || file.path.ends_with("/tests.rs");
        let mut flattener = Flattener { tokens: Vec::new() };
        flattener.add(stream, 0, is_test);
        Ok(Self { file, tokens: flattener.tokens })
    }

    /// Every token with all that follow it.
    pub(super) fn tails(&self) -> impl Iterator<Item = (&Token, &[Token])> {
        let tails = (1..).map(|next| self.tokens.get(next..).unwrap_or_default());
        self.tokens.iter().zip(tails)
    }

    /// Every definition: its keyword's token, its name, and what follows the name.
    pub(super) fn definitions(&self) -> impl Iterator<Item = (&Token, &Token, &[Token])> {
        const KEYWORDS: &[&str] =
            &["const", "enum", "fn", "let", "mod", "static", "struct", "trait", "type"];
        self.tails().filter_map(|(keyword, rest)| {
            let rest = match rest {
                [first, rest @ ..] if first.text == "mut" => rest,
                rest => rest,
            };
            let (name, rest) = rest.split_first()?;
            let is_definition = keyword.is_word
                && KEYWORDS.contains(&keyword.text.as_str())
                && name.is_word
                && !KEYWORDS.contains(&name.text.as_str());
            is_definition.then_some((keyword, name, rest))
        })
    }
}

/// Makes the flat list.
struct Flattener {
    tokens: Vec<Token>,
}

impl Flattener {
    fn add(&mut self, stream: TokenStream, depth: usize, is_test: bool) {
        let mut is_test_item = false;
        let mut trees = stream.into_iter().peekable();
        while let Some(tree) = trees.next() {
            is_test_item |= matches!(&tree, TokenTree::Group(g) if is_test_attribute(g));
            let is_test = is_test || is_test_item;
            self.push(&tree, depth, is_test);
            if is_macro_mark(trees.peek())
                && let Some(token) = self.tokens.last_mut()
            {
                token.text.push('!');
            }
            if let TokenTree::Group(group) = &tree {
                self.add(group.stream(), depth + 1, is_test);
            }
            is_test_item &= !ends_item(&tree);
        }
    }

    fn push(&mut self, tree: &TokenTree, depth: usize, is_test: bool) {
        let span = tree.span();
        let is_lifetime = self.tokens.last().is_some_and(|before| before.text == "'");
        let text = match tree {
            TokenTree::Group(group) => opening(group).to_owned(),
            other => other.to_string(),
        };
        self.tokens.push(Token {
            text,
            line: span.start().line,
            end: span.end().line,
            depth,
            is_test,
            is_word: matches!(tree, TokenTree::Ident(_)) && !is_lifetime,
        });
    }
}

fn opening(group: &Group) -> &'static str {
    match group.delimiter() {
        Delimiter::Brace => "{",
        Delimiter::Parenthesis => "(",
        Delimiter::Bracket => "[",
        Delimiter::None => "",
    }
}

/// Whether this is the `!` of a macro's name, not that of `!=`.
fn is_macro_mark(tree: Option<&TokenTree>) -> bool {
    matches!(tree, Some(TokenTree::Punct(p)) if p.as_char() == '!' && p.spacing() == Spacing::Alone)
}

/// Whether this is the `[…]` of `#[test]`, `#[cfg(test)]` or `#[cfg(all(test, …))]`.
fn is_test_attribute(group: &Group) -> bool {
    let text = group.stream().to_string().replace(' ', "");
    let starts = ["cfg(test", "cfg(all(test"];
    group.delimiter() == Delimiter::Bracket
        && (text == "test" || starts.iter().any(|start| text.starts_with(start)))
}

/// Whether an item that began before is over with this tree.
fn ends_item(tree: &TokenTree) -> bool {
    match tree {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        TokenTree::Punct(punct) => punct.as_char() == ';',
        TokenTree::Ident(_) | TokenTree::Literal(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::file;
    use super::*;

    #[test]
    fn test_code_is_told_from_the_rest() {
        let check = |text: &str, expected: &[&str]| {
            let file = file("src/a.rs", text);
            let source = Source::parse(&file).unwrap();
            let words = source.tokens.iter().filter(|t| t.is_word && t.is_test);
            let words: Vec<&str> = words.map(|t| t.text.as_str()).collect();
            assert_eq!(words, expected, "{text}");
        };
        check("fn a() {} fn b() {}", &[]);
        check("#[cfg(test)] mod t { x } fn b() {}", &["cfg", "test", "mod", "t", "x"]);
        check("#[cfg(test)] mod t; fn b() {}", &["cfg", "test", "mod", "t"]);
        check("#[test] fn t() {} fn b() {}", &["test", "fn", "t"]);
        check("#[cfg(not(test))] fn b() {}", &[]);
    }

    #[test]
    fn definitions_are_found_but_not_uses() {
        let check = |text: &str, expected: &[&str]| {
            let file = file("src/a.rs", text);
            let source = Source::parse(&file).unwrap();
            let names: Vec<&str> = source.definitions().map(|(_, n, _)| n.text.as_str()).collect();
            assert_eq!(names, expected, "{text}");
        };
        check("fn a(b: u8) -> C { let mut d = e(); }", &["a", "d"]);
        check("const fn a() {} const B: u8 = 1;", &["a", "B"]);
        check("fn a(b: &'static str) {}", &["a"]);
        check("mod a; // fn b() {}\nconst X: &str = \"fn c()\";", &["a", "X"]);
    }

    #[test]
    fn macros_carry_their_mark() {
        let file = file("src/a.rs", "fn a() { println!(\"x\"); print::all(); a != b }");
        let source = Source::parse(&file).unwrap();
        let has = |text: &str| source.tokens.iter().any(|t| t.text == text);
        assert!(has("println!") && has("print") && !has("print!"));
    }
}
