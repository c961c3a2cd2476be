//! `sockeye whois`: whose the addresses are, by the registries' own answers.

use std::collections::HashSet;
use std::io::{self, Write};
use std::net::IpAddr;

use anyhow::{anyhow, bail, ensure};
use clap::ValueEnum;
use sockeye_core::degradation::number_of;
use sockeye_core::reach::special_purpose;
use sockeye_core::{Filter, Row};
use sockeye_engine::whois::{self, Record};
use sockeye_os::{Error, Kind};

use super::Status;
use super::args::{ChoiceArgs, InformantArgs, WhoisArgs};
use super::consent::{self, is_yes};
use super::console::Console;
use super::wanted::Wanted;
use sockeye_print::{escape_json, escaped};

/// More addresses than this are asked for only after a question: registries count.
const MANY: usize = 10;

/// How answers are printed.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, ValueEnum)]
pub(super) enum WhoisFormat {
    /// The registry's text.
    #[default]
    Text,
    /// An object; of a filter, an array of them.
    Json,
}

/// What came of one address.
enum Answer {
    /// A registry said something.
    Known(Box<Record>),
    /// Nobody was asked: why.
    Special(String),
    /// Nobody answered: why.
    Failed(String),
}

/// Asks for what `args` name.
pub(super) fn run(args: &WhoisArgs, console: &mut Console) -> anyhow::Result<Status> {
    if let Some(address) = address(&args.subject) {
        let answer = ask(address, args);
        return report(&[(address, answer)], (args, false), console);
    }
    let addresses = remotes(&args.subject)?;
    if addresses.is_empty() {
        console.note_each(&["no endpoint matches that has a remote".to_owned()]);
        return Ok(Status::Nothing);
    }
    let asked = addresses.iter().filter(|address| special_purpose(**address).is_none()).count();
    if asked > MANY && !may_ask(asked, args, console)? {
        console.note_each(&["nobody was asked".to_owned()]);
        return Ok(Status::Nothing);
    }
    let answers: Vec<_> = addresses.into_iter().map(|ip| (ip, ask(ip, args))).collect();
    report(&answers, (args, true), console)
}

/// The address that `subject` is, a scope left out: no registry knows of those.
fn address(subject: &str) -> Option<IpAddr> {
    let bare = subject.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let bare = bare.unwrap_or(subject);
    bare.split('%').next().unwrap_or(bare).parse::<IpAddr>().ok().map(|ip| ip.to_canonical())
}

/// The distinct remotes of the endpoints that fit `filter`, in order.
fn remotes(filter: &str) -> anyhow::Result<Vec<IpAddr>> {
    ensure!(
        Filter::parse(filter).is_ok() || super::wanted::is_filter(filter),
        "\"{}\" is neither an address nor a filter: sockeye whois 192.0.2.1, \
         sockeye whois 'process = firefox'",
        escaped(filter)
    );
    let choice = ChoiceArgs { filters: vec![filter.to_owned()], ..ChoiceArgs::default() };
    let wanted = Wanted::parse(&choice)?;
    let snapshot = consent::observe(&wanted, &choice, &InformantArgs::default())?;
    let fits = |endpoint| Row::each(&snapshot, endpoint).any(|row| wanted.matches(&row));
    let fitting = snapshot.endpoints.iter().filter(|endpoint| fits(endpoint));
    let remotes: HashSet<IpAddr> =
        fitting.filter_map(|endpoint| Some(endpoint.remote?.ip())).collect();
    let mut remotes: Vec<IpAddr> = remotes.into_iter().collect();
    remotes.sort_unstable();
    Ok(remotes)
}

/// Whether registries are to be asked for so many addresses.
fn may_ask(count: usize, args: &WhoisArgs, console: &mut Console) -> anyhow::Result<bool> {
    if args.yes {
        return Ok(true);
    }
    let addresses = number_of(count, "address", "addresses");
    match is_yes(&format!("Ask for {addresses}?"), console) {
        Some(answer) => answer,
        None => bail!("nobody was asked for {addresses}: add --yes, or narrow the filter"),
    }
}

/// Asks for one address, where there is somebody to ask.
fn ask(address: IpAddr, args: &WhoisArgs) -> Answer {
    if let Some(purpose) = special_purpose(address) {
        let (phrase, source) = (purpose.phrase, purpose.source);
        return Answer::Special(format!(
            "{address} is {phrase} ({source}): no registry knows whose"
        ));
    }
    match whois::ask(address, args.server.clone()) {
        Ok(record) => Answer::Known(Box::new(record)),
        Err(error) => Answer::Failed(error.to_string()),
    }
}

/// Prints what came of each address; several or one decides how.
fn report(
    answers: &[(IpAddr, Answer)],
    (args, is_several): (&WhoisArgs, bool),
    console: &mut Console,
) -> anyhow::Result<Status> {
    console.print(|out| match args.format {
        WhoisFormat::Text => put_text(out, answers, is_several),
        WhoisFormat::Json => put_json(out, answers, is_several),
    })?;
    let (mut is_any_known, mut is_any_failed) = (false, false);
    for (address, answer) in answers {
        let flaw = match answer {
            Answer::Known(record) => {
                is_any_known = true;
                // Another protocol is an end; a server that should have known and is silent is none.
                let is_broken = |end: &Error| end.kind != Kind::Unsupported;
                is_any_failed |= record.end.as_ref().is_some_and(is_broken);
                flaw(record)
            }
            Answer::Special(why) => Some(why.clone()),
            Answer::Failed(why) => {
                is_any_failed = true;
                Some(format!("{address}: {why}"))
            }
        };
        console.note_each(&flaw.map(|flaw| escaped(&flaw)).into_iter().collect::<Vec<_>>());
    }
    Ok(match (is_any_failed, is_any_known) {
        (true, _) => Status::Error,
        (false, true) => Status::Found,
        (false, false) => Status::Nothing,
    })
}

/// What is missing of an answer.
fn flaw(record: &Record) -> Option<String> {
    let cut = || format!("the answer of {} was cut after 1 MiB", record.server);
    let end = record.end.as_ref().map(|end| format!("this is what {} says: {end}", record.server));
    end.or_else(|| record.is_cut.then(cut))
}

/// Appends the answers as text; of several addresses, each below a heading.
fn put_text(out: &mut dyn Write, answers: &[(IpAddr, Answer)], is_several: bool) -> io::Result<()> {
    for (address, answer) in answers {
        let Answer::Known(record) = answer else {
            continue;
        };
        if is_several {
            writeln!(out, "== {address} · {}", escaped(&record.server.to_string()))?;
        }
        for line in record.text.trim_end().lines() {
            writeln!(out, "{}", escaped(&expanded(line)))?;
        }
        out.write_all(if is_several { b"\n" } else { b"" })?;
    }
    Ok(())
}

/// `line` with spaces in place of tabs, which registries align by, every eight characters.
fn expanded(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut column = 0;
    for character in line.trim_end().chars() {
        let width = if character == '\t' { 8 - column % 8 } else { 1 };
        if character == '\t' {
            text.extend(std::iter::repeat_n(' ', width));
        } else {
            text.push(character);
        }
        column += width;
    }
    text
}

/// Appends the answers as JSON; members that have no value are left out.
fn put_json(out: &mut dyn Write, answers: &[(IpAddr, Answer)], is_several: bool) -> io::Result<()> {
    let mut buf = Vec::new();
    buf.extend_from_slice(if is_several { b"[\n" } else { b"" });
    for (index, (address, answer)) in answers.iter().enumerate() {
        buf.extend_from_slice(if index > 0 { b",\n" } else { b"" });
        put_object(&mut buf, *address, answer);
    }
    buf.extend_from_slice(if is_several { b"\n]\n" } else { b"\n" });
    out.write_all(&buf)
}

/// Appends one object.
fn put_object(buf: &mut Vec<u8>, address: IpAddr, answer: &Answer) {
    let mut put = |key: &str, value: &str| {
        buf.extend(format!("{key}:").bytes());
        escape_json(buf, value);
    };
    put("{\"address\"", &address.to_string());
    match answer {
        Answer::Special(why) | Answer::Failed(why) => put(",\"reason\"", why),
        Answer::Known(record) => {
            put(",\"server\"", &record.server.to_string());
            put(",\"text\"", &record.text);
            if let Some(flaw) = flaw(record) {
                put(",\"reason\"", &flaw);
            }
            buf.extend_from_slice(b",\"referrals\":[");
            for (index, server) in record.referrals.iter().enumerate() {
                buf.extend_from_slice(if index > 0 { b"," } else { b"" });
                escape_json(buf, &server.to_string());
            }
            buf.push(b']');
        }
    }
    buf.push(b'}');
}

/// The server as it is typed.
pub(super) fn server(text: &str) -> anyhow::Result<whois::Server> {
    text.parse().map_err(|problem: &str| anyhow!(problem))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_from_filters() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(address(text).map(|ip| ip.to_string()).as_deref(), expected, "{text}");
        };
        check("192.0.2.1", Some("192.0.2.1"));
        check("::ffff:192.0.2.1", Some("192.0.2.1"));
        check("[2001:db8::1]", Some("2001:db8::1"));
        check("fe80::1%eth0", Some("fe80::1"));
        check("remote.port = 443", None);
        check("tcp", None);
    }

    #[test]
    fn tabs_align_and_nothing_else_changes() {
        let check = |line: &str, expected: &str| assert_eq!(expanded(line), expected);
        check("a:\tb\t\tc", "a:      b               c");
        check("12345678\tx", "12345678        x");
        check("  plain  ", "  plain");
    }
}
