//! A parsed filter in its one normal form: how it is built, judged and written.

use alloc::boxed::Box;
use alloc::string::ToString;
use alloc::vec::Vec;
use core::fmt;

use super::lexer::Quotable;
use super::pattern::Pattern;
use super::subject::Subject;
use crate::column::{Row, Value};
use crate::process::Process;

/// A condition on a row.
///
/// The constructors keep one form for each meaning that differs only in brackets: no `Any` inside
/// an `Any`, no `All` inside an `All`, neither with a single term, no `Not` inside a `Not`.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Expression {
    /// One of them holds; without any, `false`.
    Any(Vec<Expression>),
    /// All of them hold; without any, `true`.
    All(Vec<Expression>),
    /// It does not hold.
    Not(Box<Expression>),
    /// There is a value.
    Has(Subject),
    /// A value is one of these.
    Is(Subject, Vec<Pattern>),
}

impl Expression {
    /// Holds when one of `terms` does.
    pub(super) fn any(terms: impl IntoIterator<Item = Self>) -> Self {
        let mut flat = Vec::new();
        for term in terms {
            match term {
                Self::Any(inner) => flat.extend(inner),
                other => flat.push(other),
            }
        }
        only(&mut flat).unwrap_or(Self::Any(flat))
    }

    /// Holds when all of `terms` do.
    pub(super) fn all(terms: impl IntoIterator<Item = Self>) -> Self {
        let mut flat = Vec::new();
        for term in terms {
            match term {
                Self::All(inner) => flat.extend(inner),
                other => flat.push(other),
            }
        }
        only(&mut flat).unwrap_or(Self::All(flat))
    }

    /// Holds when `self` does not.
    pub(super) fn negated(self) -> Self {
        match self {
            Self::Not(inner) => *inner,
            other => Self::Not(Box::new(other)),
        }
    }

    /// Whether it holds for `row`.
    pub(super) fn matches(&self, row: &Row<'_>) -> bool {
        match self {
            Self::Any(terms) => terms.iter().any(|term| term.matches(row)),
            Self::All(terms) => terms.iter().all(|term| term.matches(row)),
            Self::Not(inner) => !inner.matches(row),
            Self::Has(subject) => {
                let mut columns = subject.columns().iter();
                columns.any(|column| !column.value(row).is_absent())
            }
            Self::Is(subject, patterns) => {
                let mut columns = subject.columns().iter();
                columns.any(|column| is_one_of(&column.value(row), patterns))
                    || subject.is_process_name() && is_one_of(&program(row), patterns)
            }
        }
    }

    /// Calls `see` with the subject of every comparison, from left to right.
    pub(super) fn visit(&self, see: &mut dyn FnMut(&Subject)) {
        match self {
            Self::Any(terms) | Self::All(terms) => terms.iter().for_each(|term| term.visit(see)),
            Self::Not(inner) => inner.visit(see),
            Self::Has(subject) | Self::Is(subject, _) => see(subject),
        }
    }
}

/// The term that is alone.
fn only(terms: &mut Vec<Expression>) -> Option<Expression> {
    if terms.len() == 1 { terms.pop() } else { None }
}

/// What the process of `row` was started as: people call it so, whatever its image is called.
fn program<'a>(row: &Row<'a>) -> Value<'a> {
    Value::text(row.process.and_then(Process::program))
}

/// Whether `value`, or one of its elements, is one of `patterns`.
fn is_one_of(value: &Value<'_>, patterns: &[Pattern]) -> bool {
    match value {
        Value::List(values) => values.iter().any(|value| is_one_of(value, patterns)),
        single => patterns.iter().any(|pattern| pattern.accepts(single)),
    }
}

/// Text that reads back as the same expression.
impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All(terms) if terms.is_empty() => f.write_str("true"),
            Self::Any(terms) if terms.is_empty() => f.write_str("false"),
            Self::All(terms) => write_joined(f, terms, " and "),
            Self::Any(terms) => write_joined(f, terms, " or "),
            Self::Not(inner) => match &**inner {
                Self::Any(terms) | Self::All(terms) if !terms.is_empty() => {
                    write!(f, "not ({inner})")
                }
                _ => write!(f, "not {inner}"),
            },
            Self::Has(subject) => write!(f, "has {}", subject.name()),
            Self::Is(subject, patterns) => {
                f.write_str(subject.name())?;
                write_comparison(f, patterns)
            }
        }
    }
}

/// Displays `terms` with `word` between them.
///
/// Only brackets that change the meaning are written, so that the text has no more of them inside
/// each other than the one that was read.
fn write_joined(f: &mut fmt::Formatter<'_>, terms: &[Expression], word: &str) -> fmt::Result {
    for (index, term) in terms.iter().enumerate() {
        f.write_str(if index == 0 { "" } else { word })?;
        // An `Any` is the only term that binds less than what it stands in.
        match term {
            Expression::Any(inner) if !inner.is_empty() => write!(f, "({term})")?,
            _ => write!(f, "{term}")?,
        }
    }
    Ok(())
}

/// Displays operator and values of a comparison with `patterns`.
fn write_comparison(f: &mut fmt::Formatter<'_>, patterns: &[Pattern]) -> fmt::Result {
    if let [pattern] = patterns {
        let (operator, value) = pattern.order().unwrap_or(("=", pattern.clone()));
        return write!(f, " {operator} {}", Quotable(&value.to_string()));
    }
    f.write_str(" in (")?;
    for (index, pattern) in patterns.iter().enumerate() {
        let separator = if index == 0 { "" } else { ", " };
        write!(f, "{separator}{}", Quotable(&pattern.to_string()))?;
    }
    f.write_str(")")
}
