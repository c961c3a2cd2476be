//! What is found out besides what was observed, and whom to ask for it.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use anyhow::Context;
use sockeye_core::column::Cost;
use sockeye_core::degradation::number_of;
use sockeye_core::{Column, Row, Snapshot};
use sockeye_engine::answers::{Answerer, Asked, Questions};
use sockeye_engine::resolve::Resolver;

use super::args::InformantArgs;
use super::places;

/// How long answers may hold up a list.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);

/// The port of DNS (RFC 1035 §4.2).
const PORT: u16 = 53;

/// Finds out what `questions` ask about the endpoints that are `is_shown`; what takes too long stays
/// unknown. Gives back of how many addresses nobody said whether they have a name.
///
/// # Errors
///
/// Those of [`answerer`].
pub(super) fn answer(
    snapshot: &mut Snapshot,
    (questions, informants): (Questions, &InformantArgs),
    is_shown: impl Fn(&Row<'_>) -> bool,
) -> anyhow::Result<usize> {
    if questions.are_none() {
        return Ok(0);
    }
    let mut asked = Asked::default();
    for endpoint in &snapshot.endpoints {
        if let Some(row) = Row::each(snapshot, endpoint).find(&is_shown) {
            asked.add(&row, questions);
        }
    }
    let mut answerer = answerer(informants, questions)?;
    let (answers, degradations) = answerer.answer(asked, PATIENCE);
    snapshot.answers.merge(answers);
    snapshot.degradations.extend(degradations);
    Ok(answerer.unanswered())
}

/// What is to be said where names decide what is shown, and so many are not known.
pub(super) fn unanswered(count: usize) -> Option<String> {
    let names = number_of(count, "host name", "host names");
    let why = "nobody answered (time-out, refusal or failure of the server)";
    (count > 0).then(|| format!("note: {names} not known: {why}"))
}

/// Who finds out what `questions` ask.
///
/// # Errors
///
/// Where the servers of `informants` cannot be asked at all, or a database of places cannot be read.
pub(super) fn answerer(
    informants: &InformantArgs,
    questions: Questions,
) -> anyhow::Result<Answerer> {
    let resolver = Resolver::new(&informants.dns).context("cannot ask the servers of --dns")?;
    let atlas = places::atlas(informants, questions.places)?;
    Ok(Answerer::new(resolver, atlas))
}

/// A sentence about the first of `columns` that names would have to be asked for, which `-n` forbids.
pub(super) fn unasked(mut columns: impl Iterator<Item = &'static Column>) -> Option<String> {
    let column = columns.find(|column| column.cost == Cost::Names)?;
    let name = column.name;
    Some(format!("note: -n asks for no host names, so that `{name}` is known of no endpoint"))
}

/// A server as it is typed: an address, with a port or without.
pub(super) fn server(text: &str) -> Result<SocketAddr, String> {
    let bracketed = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let address = bracketed.unwrap_or(text).parse::<IpAddr>().ok();
    let address = address.filter(|ip| bracketed.is_none() || ip.is_ipv6());
    let server = address.map(|ip| SocketAddr::new(ip, PORT)).or_else(|| text.parse().ok());
    match server {
        Some(SocketAddr::V6(v6)) if v6.scope_id() != 0 => {
            Err("a server has to have an address without a scope".to_owned())
        }
        Some(server) if server.port() == 0 => Err("there is no port 0".to_owned()),
        Some(server) => Ok(server),
        None => {
            Err("an address is needed: 192.0.2.53, 192.0.2.53:5353 or [2001:db8::53]:5353"
                .to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_addresses_with_or_without_a_port() {
        let check = |text: &str, expected: Option<&str>| {
            let server = server(text).ok().map(|server| server.to_string());
            assert_eq!(server.as_deref(), expected, "{text}");
        };
        check("192.0.2.53", Some("192.0.2.53:53"));
        check("192.0.2.53:5353", Some("192.0.2.53:5353"));
        check("2001:db8::53", Some("[2001:db8::53]:53"));
        check("[2001:db8::53]", Some("[2001:db8::53]:53"));
        check("[2001:db8::53]:5353", Some("[2001:db8::53]:5353"));
        check("[192.0.2.53]:53", None);
        check("[192.0.2.53]", None);
        check("[fe80::1%2]:53", None);
        check("192.0.2.53:0", None);
        check("192.0.2.53:70000", None);
        check("dns.example", None);
        check("", None);
    }
}
