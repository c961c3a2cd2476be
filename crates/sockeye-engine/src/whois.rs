//! Whose an address is, by the registries themselves: whois (RFC 3912), from referral to referral.
//!
//! One line goes out, text comes back, and nothing says what is in it. IANA's server names the
//! registry (`refer:`), a registry may name another (`ReferralServer:`). All of it is text from
//! outside: nothing in it is believed beyond where to ask next.

mod tcp;

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::time::{Duration, Instant};

use sockeye_os::{Error, Kind};

/// Who knows which registry an address was given to.
const ROOT: &str = "whois.iana.org";
/// The port of whois (RFC 3912 §2).
const PORT: u16 = 43;
/// As many servers are asked at most, the first one included.
const SERVERS: usize = 5;
/// How long one address may take in all.
const WHOLE: Duration = Duration::from_secs(20);
/// Bytes that are read of an answer.
const LIMIT: usize = 1 << 20;

/// A whois server.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Server {
    /// A host name or an address.
    host: Box<str>,
    port: u16,
}

/// Where an address may lead.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reach {
    /// Anywhere: the user named it.
    Anywhere,
    /// To the Internet alone: an answer from there named it, and has no business in networks that
    /// cannot be seen from there.
    Internet,
}

/// One question to one server.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// Who is asked.
    pub server: &'a Server,
    /// The line, without its end.
    pub line: &'a str,
    /// Where the server may be.
    pub reach: Reach,
    /// When it is too late.
    pub deadline: Instant,
    /// Bytes that are read at most.
    pub limit: usize,
}

/// What a server answered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reply {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// There were more.
    pub is_cut: bool,
    /// Why the rest did not come in time.
    pub end: Option<Error>,
    /// Where this server's referrals may lead.
    pub reach: Reach,
}

/// What is known of an address.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Record {
    /// Whose answer it is.
    pub server: Server,
    /// Who was asked before, in order.
    pub referrals: Vec<Server>,
    /// The answer, which may hold anything; UTF-8, else taken for Latin-1. Escape before printing.
    pub text: String,
    /// Why nobody further was asked, where somebody was named.
    pub end: Option<Error>,
    /// The answer goes on beyond what was read.
    pub is_cut: bool,
}

/// Asks for `address`, first `server`, or IANA's where none is given.
///
/// # Errors
///
/// When the first server cannot be asked, or answers nothing.
pub fn ask(address: IpAddr, server: Option<Server>) -> Result<Record, Error> {
    let server = server.unwrap_or_else(|| Server { host: ROOT.into(), port: PORT });
    ask_by(address, server, &mut tcp::exchange)
}

/// [`ask`] with another way to exchange a question for a reply.
///
/// # Errors
///
/// Those of [`ask`].
pub fn ask_by(
    address: IpAddr,
    mut server: Server,
    exchange: &mut dyn FnMut(&Question<'_>) -> Result<Reply, Error>,
) -> Result<Record, Error> {
    let deadline = Instant::now() + WHOLE;
    let (mut reach, mut known): (_, Option<Record>) = (Reach::Anywhere, None);
    loop {
        let line = line(&server, address);
        let question = Question { server: &server, line: &line, reach, deadline, limit: LIMIT };
        let reply = match (exchange(&question).and_then(|reply| filled(&server, reply)), known) {
            (Ok(reply), before) => {
                known = before;
                reply
            }
            // What an earlier server said is better than nothing.
            (Err(error), Some(record)) => return Ok(Record { end: Some(error), ..record }),
            (Err(error), None) => return Err(error),
        };
        let mut referrals = known.take().map_or_else(Vec::new, |before| {
            let mut referrals = before.referrals;
            referrals.push(before.server);
            referrals
        });
        reach = reply.reach;
        let text = decoded(reply.bytes);
        // No time is left to follow a referral, and it may be cut itself.
        let next = reply.end.map_or_else(|| referral(&text), Err);
        let asked = || referrals.iter().chain([&server]);
        let next = match next {
            Ok(Some(next)) if asked().any(|asked| *asked == next) => Ok(None),
            Ok(Some(next)) if referrals.len() + 1 >= SERVERS => {
                let reason = format!("{SERVERS} servers were asked, which is enough");
                Err(Error::new(Kind::Unsupported, "ask", next.to_string(), reason))
            }
            next => next,
        };
        let (next, end) = next.map_or_else(|error| (None, Some(error)), |next| (next, None));
        referrals.shrink_to_fit();
        let record = Record { server, referrals, text, end, is_cut: reply.is_cut };
        let Some(next) = next else {
            return Ok(record);
        };
        server = next;
        known = Some(record);
    }
}

/// What `server` is asked. ARIN has more than one kind of thing that looks like an address, and
/// answers in full only when it is told which: `n` is a network, `+` in full (its `n ?`).
fn line(server: &Server, address: IpAddr) -> String {
    let is_arin = server.host.eq_ignore_ascii_case("whois.arin.net");
    let flags = if is_arin { "n + " } else { "" };
    format!("{flags}{address}")
}

/// `reply`, unless there is nothing in it.
fn filled(server: &Server, reply: Reply) -> Result<Reply, Error> {
    if reply.bytes.iter().all(u8::is_ascii_whitespace) {
        let subject = server.to_string();
        return Err(Error::new(Kind::Malformed, "learn anything from", subject, "it said nothing"));
    }
    Ok(reply)
}

/// The text of an answer. Whois has no way to say how it is encoded (RFC 3912 §4): registries write
/// UTF-8 or Latin-1.
fn decoded(bytes: Vec<u8>) -> String {
    let is_cut_inside = |error: &std::string::FromUtf8Error| {
        let error = error.utf8_error();
        error.error_len().is_none() && error.valid_up_to() > 0
    };
    match String::from_utf8(bytes) {
        Ok(text) => text,
        // Cut within its last character.
        Err(error) if is_cut_inside(&error) => {
            String::from_utf8_lossy(error.as_bytes()).into_owned()
        }
        Err(error) => error.as_bytes().iter().copied().map(char::from).collect(),
    }
}

/// The server that an answer refers to: the first of `refer:` and `whois:`, which IANA writes, or
/// the last `ReferralServer:`, which is that of the smallest network in ARIN's answer.
///
/// # Errors
///
/// When what it names cannot be asked: another protocol, or no server at all.
fn referral(text: &str) -> Result<Option<Server>, Error> {
    let mut last = None;
    for line in text.lines().map(str::trim_end) {
        let Some((key, value)) = line.split_once(':') else {
            continue;
        };
        let (value, is) = (value.trim(), |word: &str| key.eq_ignore_ascii_case(word));
        if value.is_empty() {
            continue;
        }
        if is("refer") || is("whois") {
            return target(value).map(Some);
        }
        if is("ReferralServer") {
            last = Some(value);
        }
    }
    last.map(target).transpose()
}

/// The server that a referral names.
fn target(value: &str) -> Result<Server, Error> {
    let refused = |reason: &str| Error::new(Kind::Unsupported, "ask", value, reason);
    match value.split_once("://") {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("whois") => {
            let end = rest.find('/').unwrap_or(rest.len());
            let server = rest.get(..end).unwrap_or(rest);
            server.parse().map_err(|_| refused("that is no server"))
        }
        Some(_) => Err(refused("Sockeye speaks whois (RFC 3912) and nothing else")),
        None => value.parse().map_err(|_| refused("that is no server")),
    }
}

/// Reads `HOST`, `HOST:PORT`, `[ADDRESS]:PORT`, an address.
impl FromStr for Server {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(Self { host: address.to_string().into(), port: PORT });
        }
        let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((host, port)) if host.parse::<std::net::Ipv6Addr>().is_ok() => (host, port),
            Some(_) => return Err("only an IPv6 address stands in brackets"),
            None => text.split_at(text.find(':').unwrap_or(text.len())),
        };
        let is_name = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'-' | b'_');
        let is_host = host.parse::<IpAddr>().is_ok()
            || (!host.is_empty() && host.len() < 254 && host.bytes().all(is_name));
        if !is_host || host.starts_with('-') {
            return Err("a host is needed: whois.ripe.net, whois.example:4343");
        }
        let port = match port.strip_prefix(':') {
            Some(port) => port.parse().ok().filter(|port| *port != 0).ok_or("that is no port")?,
            None if port.is_empty() => PORT,
            None => return Err("a colon stands in front of a port"),
        };
        Ok(Self { host: host.to_ascii_lowercase().into(), port })
    }
}

/// As it is read: without the port where that is whois' own.
impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.port, self.host.contains(':')) {
            (PORT, _) => f.write_str(&self.host),
            (port, true) => write!(f, "[{}]:{port}", self.host),
            (port, false) => write!(f, "{}:{port}", self.host),
        }
    }
}

#[cfg(test)]
mod tests;
