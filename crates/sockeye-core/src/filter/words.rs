//! Texts, and the columns whose texts come from a closed list: a word outside it is a mistake.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::error::{FilterError, Piece};
use super::glob::Glob;
use super::pattern::Pattern;
use crate::address::Family;
use crate::column::{Column, nearest};
use crate::endpoint::{Direction, Ownerless, Transport};
use crate::event::{Action, Reason};
use crate::ports;
use crate::snapshot::Source;
use crate::state::State;

/// Reads `text` as what a text of `column` can be.
///
/// # Errors
/// The column's texts come from a closed list, and `text` fits none of them.
pub(super) fn pattern(column: &Column, text: &str) -> Result<Pattern, FilterError> {
    let glob = Glob::new(text);
    let Some(list) = list(column) else {
        return Ok(Pattern::Text(glob));
    };
    if let Some(word) = known(column, &list, text) {
        return Ok(Pattern::Text(Glob::new(word)));
    }
    // With wildcards: people write states with a dash, as they read them.
    for glob in [glob, Glob::new(&text.replace('-', "_"))] {
        if list.iter().any(|word| glob.accepts(word)) {
            return Ok(Pattern::Text(glob));
        }
    }
    let name = column.aliases.first().unwrap_or(&column.name);
    let suggestion = nearest_word(text, list.iter().copied());
    let choices = match suggestion {
        Some(_) => String::new(),
        None if list.len() > READABLE => String::new(),
        None => format!(": it is one of {}", list.join(", ")),
    };
    let message = format!("unknown {name} {}{choices}", Piece(text));
    Err(FilterError::new(message).suggest(suggestion))
}

/// As many words can be read in a message.
const READABLE: usize = 40;

/// The nearest of `words`, when one is near. Long texts are no typing mistakes, and measuring
/// them costs time.
pub(super) fn nearest_word<'a>(
    text: &str,
    words: impl Iterator<Item = &'a str>,
) -> Option<&'a str> {
    (text.len() <= 64).then(|| nearest(text, words)).flatten()
}

/// Every text that `column` can have, where they are known beforehand.
fn list(column: &Column) -> Option<Vec<&'static str>> {
    Some(match column.name {
        "network.transport" => [Transport::Tcp, Transport::Udp].map(Transport::id).into(),
        "network.type" => [Family::Ipv4, Family::Ipv6].map(Family::id).into(),
        "network.connection.state" => State::all().map(State::id).collect(),
        "network.direction" => {
            use Direction::{Egress, Ingress, Listen, Unknown};
            [Ingress, Egress, Listen, Unknown].map(Direction::id).into()
        }
        "network.protocol.name" => ports::names().collect(),
        "event.action" => Action::all().map(Action::id).collect(),
        "event.reason" => Reason::all().map(Reason::id).collect(),
        "process.missing" => Ownerless::all().map(Ownerless::id).collect(),
        "observer.source" => {
            let all = [Source::Ebpf, Source::SockDiag, Source::Procfs, Source::Replay];
            all.map(Source::id).into()
        }
        _ => return None,
    })
}

/// The word of `list` that `text` spells, leniently.
fn known(column: &Column, list: &[&'static str], text: &str) -> Option<&'static str> {
    match (column.name, text) {
        ("network.connection.state", _) => State::parse(text).map(State::id),
        ("network.type", "4" | "v4" | "V4") => Some(Family::Ipv4.id()),
        ("network.type", "6" | "v6" | "V6") => Some(Family::Ipv6.id()),
        _ => {
            let spelled = text.replace('-', "_");
            let is_it = |word: &str| [text, &*spelled].iter().any(|t| word.eq_ignore_ascii_case(t));
            list.iter().copied().find(|word| is_it(word))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn words_of_closed_lists_are_checked() {
        let check = |name, text, expected: &str| {
            let read = pattern(Column::find(name).unwrap(), text);
            let shown = read.map_or_else(|error| error.to_string(), |pattern| pattern.to_string());
            assert_eq!(shown, expected, "{name} {text}");
        };
        check("state", "ESTAB", "established");
        check("state", "Time-Wait", "time_wait");
        check("state", "fin-wait*", "fin_wait*");
        check("state", "establishd", "unknown state \"establishd\"; did you mean established?");
        check("transport", "TCP", "tcp");
        check("transport", "sctp", "unknown transport \"sctp\": it is one of tcp, udp");
        check("transport", "x*", "unknown transport \"x*\": it is one of tcp, udp");
        check("family", "v6", "ipv6");
        check("family", "ipx", "unknown family \"ipx\": it is one of ipv4, ipv6");
        check(
            "direction",
            "out",
            "unknown direction \"out\": it is one of ingress, egress, listen, unknown",
        );
        check("protocol", "HTTP-alt", "http-alt");
        check("protocol", "http*", "http*");
        check("protocol", "ms-wbt*", "ms-wbt*");
        check("protocol", "htps", "unknown port.name \"htps\"; did you mean https?");
        check("protocol", "xyzzyxyzzy", "unknown port.name \"xyzzyxyzzy\"");
        check("missing", "not-permitted", "not_permitted");
        check("source", "procfs", "procfs");
        check("action", "Opened", "opened");
        check("action", "opend", "unknown action \"opend\"; did you mean opened?");
        check("reason", "timed-out", "timed_out");
        check("process", "Anything At All", "anything at all");
    }
}
