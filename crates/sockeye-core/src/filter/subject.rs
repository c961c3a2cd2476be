//! Names to what they stand for: columns, either side of an endpoint, tests of one word.

use super::expression::Expression;
use super::parser;
use super::words;
use crate::column::Column;
use crate::state::State;

/// What a comparison looks at: a column, or several of which one has to match.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Subject {
    /// One column.
    Column(&'static Column),
    /// Either side: the local column and the remote one, with their common name.
    Either(&'static str, [&'static Column; 2]),
}

/// Names for either side of an endpoint.
pub(super) const EITHER_SIDE: [(&str, [&str; 2]); 2] = [
    ("port", ["network.local.port", "network.peer.port"]),
    ("address", ["network.local.address", "network.peer.address"]),
];

/// Tests of one word, each with the filter that it is short for. Every spelling of a TCP state is
/// such a word too; `true` and `false` need no column.
pub(super) const PREDICATES: [(&str, &str); 9] = [
    ("tcp", "transport = tcp"),
    ("udp", "transport = udp"),
    ("ipv4", "family = ipv4"),
    ("v4", "family = ipv4"),
    ("ipv6", "family = ipv6"),
    ("v6", "family = ipv6"),
    ("listener", "state = listen"),
    ("connected", "has remote"),
    ("loopback", "address in (127.0.0.0/8, ::1)"),
];

impl Subject {
    /// What `name` stands for, without regard to case.
    pub(super) fn find(name: &str) -> Option<Self> {
        if let Some(column) = Column::find(name) {
            return Some(Self::Column(column));
        }
        let is_called = |(known, _): &&(&str, _)| known.eq_ignore_ascii_case(name);
        let (name, [local, remote]) = EITHER_SIDE.iter().find(is_called)?;
        Some(Self::Either(name, [Column::find(local)?, Column::find(remote)?]))
    }

    /// How a filter writes it.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Column(column) => column.name,
            Self::Either(name, _) => name,
        }
    }

    /// The columns it looks at.
    pub(super) fn columns(&self) -> &[&'static Column] {
        match self {
            Self::Column(column) => core::slice::from_ref(column),
            Self::Either(_, columns) => columns,
        }
    }

    /// Whether it is the name of the process, which is known by two of them.
    pub(super) fn is_process_name(&self) -> bool {
        self.name() == "process.executable.name"
    }

    /// The column whose kind decides what it can be compared with; both sides are alike.
    pub(super) fn typical(&self) -> &'static Column {
        match self {
            Self::Column(column) | Self::Either(_, [column, _]) => column,
        }
    }
}

/// What the single word `word` tests.
pub(super) fn predicate(word: &str) -> Option<Expression> {
    let is = |name: &str| name.eq_ignore_ascii_case(word);
    if is("true") {
        return Some(Expression::all([]));
    }
    if is("false") {
        return Some(Expression::any([]));
    }
    if let Some((_, filter)) = PREDICATES.iter().find(|(name, _)| is(name)) {
        return parser::parse(filter).ok();
    }
    let state = State::parse(word)?.id();
    parser::parse(&alloc::format!("state = {state}")).ok()
}

/// Names of other tools, each with ours.
const ELSEWHERE: [(&str, &str); 10] = [
    ("dport", "remote.port"),
    ("rport", "remote.port"),
    ("sport", "local.port"),
    ("lport", "local.port"),
    ("dst", "remote"),
    ("src", "local"),
    ("host", "address"),
    ("ip", "address"),
    ("addr", "address"),
    ("process.name", "process"),
];

/// The name or the one-word test that is meant by a word of another tool, or nearest to a mistyped
/// one, when one is near.
pub(super) fn suggest(word: &str) -> Option<&'static str> {
    let meant = ELSEWHERE.iter().find(|(name, _)| name.eq_ignore_ascii_case(word));
    if let Some((_, ours)) = meant {
        return Some(ours);
    }
    let columns = Column::all();
    let names =
        columns.iter().flat_map(|c| core::iter::once(c.name).chain(c.aliases.iter().copied()));
    let others = EITHER_SIDE.iter().map(|(name, _)| *name);
    let predicates = PREDICATES.iter().map(|(name, _)| *name);
    let states = State::all().map(State::id);
    words::nearest_word(word, names.chain(others).chain(predicates).chain(states))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_has_two_meanings() {
        for (name, _) in EITHER_SIDE {
            assert!(Column::find(name).is_none(), "{name}");
        }
        let predicates = PREDICATES.iter().map(|(name, _)| *name);
        for word in predicates.chain(State::all().map(State::id)).chain(["true", "false"]) {
            assert!(Subject::find(word).is_none(), "{word}");
            assert!(predicate(word).is_some(), "{word}");
        }
        for column in Column::all() {
            for name in column.aliases.iter().chain([&column.name]) {
                assert!(predicate(name).is_none(), "{name}");
            }
        }
    }
}
