//! Tokens to an expression, by recursive descent.
//!
//! ```text
//! any        = all { or all }
//! all        = unary { and unary }
//! unary      = { not } ( "(" any ")" | has NAME | no NAME | NAME comparison | WORD )
//! comparison = operator values | [ not ] in values
//! values     = value { "," value } | "(" value { "," value } ")"
//! ```

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use super::error::{FilterError, Piece};
use super::expression::Expression;
use super::lexer::{self, Bracket, Lexeme, Operator, Quotable, Token};
use super::literal;
use super::pattern::Pattern;
use super::subject::{self, Subject};

/// Brackets inside each other, so that no filter can exhaust the stack.
pub(super) const DEEPEST: usize = 128;

/// The expression that `filter` writes.
///
/// # Errors
/// The first mistake, with its place.
pub(super) fn parse(filter: &str) -> Result<Expression, FilterError> {
    let tokens = lexer::tokens(filter)?;
    let mut parser = Parser { rest: &tokens, last: None, end: filter.trim_end().len(), depth: 0 };
    let expression = parser.any()?;
    match parser.next() {
        None => Ok(expression),
        Some(token) => Err(surplus(token)),
    }
}

/// What is left to read.
struct Parser<'a> {
    /// The tokens to come.
    rest: &'a [Token],
    /// The token before them.
    last: Option<&'a Token>,
    /// Where the filter ends, in bytes.
    end: usize,
    /// How many brackets are open.
    depth: usize,
}

impl<'a> Parser<'a> {
    /// What the next token is.
    fn peek(&self) -> Option<Lexeme> {
        self.rest.first().map(|token| token.lexeme)
    }

    /// Takes the next token.
    fn next(&mut self) -> Option<&'a Token> {
        let (token, rest) = self.rest.split_first()?;
        self.rest = rest;
        self.last = Some(token);
        Some(token)
    }

    /// Takes the next token if it is a `lexeme`.
    fn take(&mut self, lexeme: Lexeme) -> bool {
        self.peek() == Some(lexeme) && self.next().is_some()
    }

    /// Terms with `or` between them.
    fn any(&mut self) -> Result<Expression, FilterError> {
        let mut terms = vec![self.all()?];
        while self.take(Lexeme::Or) {
            terms.push(self.all()?);
        }
        Ok(Expression::any(terms))
    }

    /// Terms with `and` between them.
    fn all(&mut self) -> Result<Expression, FilterError> {
        let mut terms = vec![self.unary()?];
        while self.take(Lexeme::And) {
            terms.push(self.unary()?);
        }
        Ok(Expression::all(terms))
    }

    /// A single test or a group, negated or not.
    fn unary(&mut self) -> Result<Expression, FilterError> {
        let mut is_negated = false;
        while self.take(Lexeme::Not) {
            is_negated = !is_negated;
        }
        let before = self.last;
        let expression = match self.next() {
            Some(token) => match token.lexeme {
                Lexeme::Open(bracket) => self.group(token, bracket)?,
                Lexeme::Word => self.test(token)?,
                _ => return Err(no_test(token)),
            },
            None => return Err(self.ended(before)),
        };
        Ok(if is_negated { expression.negated() } else { expression })
    }

    /// The mistake of a filter that ends where a test has to follow.
    fn ended(&self, before: Option<&Token>) -> FilterError {
        let message = match before {
            None => "the filter is empty".to_string(),
            Some(token) => format!("nothing follows {}", Piece(&token.text)),
        };
        FilterError::new(message).at(&(self.end..self.end))
    }

    /// What stands between `open`, already taken, and the bracket that closes it.
    fn group(&mut self, open: &Token, bracket: Bracket) -> Result<Expression, FilterError> {
        if self.depth == DEEPEST {
            let message = format!("more than {DEEPEST} brackets inside each other");
            return Err(FilterError::new(message).at(&open.span));
        }
        self.depth += 1;
        let expression = self.any()?;
        self.depth -= 1;
        self.close(open, bracket)?;
        Ok(expression)
    }

    /// Takes the bracket that closes `open`.
    fn close(&mut self, open: &Token, bracket: Bracket) -> Result<(), FilterError> {
        match self.next() {
            Some(token) if token.lexeme == Lexeme::Close(bracket) => Ok(()),
            Some(token) if !matches!(token.lexeme, Lexeme::Close(_)) => Err(surplus(token)),
            _ => {
                let message = format!("{} is never closed", Piece(&open.text));
                Err(FilterError::new(message).at(&open.span))
            }
        }
    }

    /// The test that begins with `word`, already taken.
    fn test(&mut self, word: &Token) -> Result<Expression, FilterError> {
        match (self.peek(), self.rest.get(1).map(|token| token.lexeme)) {
            (Some(Lexeme::Operator(_) | Lexeme::In), _) | (Some(Lexeme::Not), Some(Lexeme::In)) => {
                self.comparison(word)
            }
            _ if word.text.eq_ignore_ascii_case("has") => self.presence(word),
            _ if word.text.eq_ignore_ascii_case("no") => {
                self.presence(word).map(Expression::negated)
            }
            _ => subject::predicate(&word.text).ok_or_else(|| self.lone(word)),
        }
    }

    /// Whether there is a value of the name that follows `has`.
    fn presence(&mut self, has: &Token) -> Result<Expression, FilterError> {
        match self.next() {
            Some(name) if name.lexeme == Lexeme::Word => named(name).map(Expression::Has),
            _ => {
                let message = format!("{} needs a name behind it", Piece(&has.text));
                let suggestion = format!("{} remote", has.text);
                Err(FilterError::new(message).at(&has.span).suggest(Some(suggestion)))
            }
        }
    }

    /// The mistake of a word that stands alone and means nothing alone.
    fn lone(&self, word: &Token) -> FilterError {
        let quoted = Piece(&word.text);
        if Subject::find(&word.text).is_none() {
            let error = unknown(word);
            let is_number = word.text.bytes().all(|byte| byte.is_ascii_digit());
            let column = if is_number { "port" } else { "process" };
            let guess = (word.text.len() <= 64).then(|| format!("{column} = {}", word.text));
            let suggestion = error.suggestion.clone().or(guess);
            return error.suggest(suggestion);
        }
        match self.rest.first() {
            Some(value) if matches!(value.lexeme, Lexeme::Word | Lexeme::Quoted) => {
                let suggestion = format!("{} = {}", word.text, Quotable(&value.text));
                let error = FilterError::new(format!("an operator is missing behind {quoted}"));
                error.at(&value.span).suggest(Some(suggestion))
            }
            _ => {
                let error = FilterError::new(format!("{quoted} is compared with nothing"));
                error.at(&word.span).suggest(Some(format!("has {}", word.text)))
            }
        }
    }

    /// A comparison of what `name` stands for with the values that follow.
    fn comparison(&mut self, name: &Token) -> Result<Expression, FilterError> {
        let subject = named(name)?;
        let is_not_in = self.take(Lexeme::Not);
        let operator = match self.next().map(|token| token.lexeme) {
            Some(Lexeme::Operator(operator)) => operator,
            _ => Operator::Equal,
        };
        let patterns = match operator {
            Operator::Equal | Operator::NotEqual => self.list(subject, operator)?,
            _ => self.value(subject, operator)?,
        };
        let is = Expression::Is(subject, patterns);
        let is_negated = is_not_in || operator == Operator::NotEqual;
        Ok(if is_negated { is.negated() } else { is })
    }

    /// One value or several, in brackets or not.
    fn list(&mut self, subject: Subject, operator: Operator) -> Result<Vec<Pattern>, FilterError> {
        let open = match self.peek() {
            Some(Lexeme::Open(bracket)) => self.next().map(|token| (token, bracket)),
            _ => None,
        };
        let mut patterns = self.value(subject, operator)?;
        while self.take(Lexeme::Comma) {
            patterns.append(&mut self.value(subject, operator)?);
        }
        if let Some((token, bracket)) = open {
            self.close(token, bracket)?;
        }
        Ok(patterns)
    }

    /// One value that `subject` is compared with, as the patterns that it stands for.
    fn value(&mut self, subject: Subject, operator: Operator) -> Result<Vec<Pattern>, FilterError> {
        let before = self.last;
        match self.next() {
            Some(token) if matches!(token.lexeme, Lexeme::Word | Lexeme::Quoted) => {
                let patterns = literal::ordered(subject.typical(), operator, &token.text);
                patterns.map_err(|error| error.at(&token.span))
            }
            found => {
                let span = found.map_or(self.end..self.end, |token| token.span.clone());
                let before = before.map_or("", |token| &token.text);
                let message = format!("a value is missing behind {}", Piece(before));
                Err(FilterError::new(message).at(&span))
            }
        }
    }
}

/// What the name `word` stands for.
fn named(word: &Token) -> Result<Subject, FilterError> {
    Subject::find(&word.text).ok_or_else(|| match subject::predicate(&word.text) {
        None => unknown(word),
        Some(_) => {
            let message = format!("{} is a test by itself, not a value", Piece(&word.text));
            FilterError::new(message).at(&word.span)
        }
    })
}

/// The mistake of a name that nothing has.
fn unknown(word: &Token) -> FilterError {
    let error = FilterError::new(format!("unknown name {}", Piece(&word.text)));
    error.at(&word.span).suggest(subject::suggest(&word.text))
}

/// The mistake of a token that no test begins with.
fn no_test(token: &Token) -> FilterError {
    let text = Piece(&token.text);
    let message: String = match token.lexeme {
        Lexeme::Quoted => format!("a test begins with a name, not with the text {text}"),
        Lexeme::Close(_) => format!("nothing stands before {text}"),
        _ => format!("a test has to stand before {text}"),
    };
    let error = FilterError::new(message).at(&token.span);
    let guess = (token.lexeme == Lexeme::Quoted && token.text.len() <= 64)
        .then(|| format!("process = {}", Quotable(&token.text)));
    error.suggest(guess)
}

/// The mistake of a token behind a whole expression.
fn surplus(token: &Token) -> FilterError {
    let text = Piece(&token.text);
    let message = match token.lexeme {
        Lexeme::Close(_) => format!("{text} closes nothing"),
        Lexeme::Comma | Lexeme::Operator(_) | Lexeme::In => format!("{text} has no place here"),
        _ => format!("\"and\" or \"or\" is missing before {text}"),
    };
    FilterError::new(message).at(&token.span)
}
