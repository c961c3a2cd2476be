//! Who is asked for host names: the system's resolver, or chosen DNS servers.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use dns_lookup::LookupErrorKind;
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{
    ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts,
};
use hickory_resolver::lookup::Lookup;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use tokio::runtime::{Builder, Runtime};

use super::cache::Answer;

/// How long a name of the system's resolver is believed, which tells no time: hosts files, multicast
/// DNS and DNS look all the same through it (getnameinfo(3)).
const SYSTEM_NAMED: Duration = Duration::from_secs(600);
/// How long it is believed that there is none.
const SYSTEM_NAMELESS: Duration = Duration::from_secs(60);

/// How long a server may take for one answer, and how often it is asked more than once.
const PATIENCE: Duration = Duration::from_millis(1500);
const REPEATS: usize = 1;
/// How often a question is asked again that was lost with its connection: as often as others may
/// have been answered first, which are as many as are asked at the same time.
const RECONNECTS: usize = super::POOL;

/// Who is asked.
pub(super) enum Asker {
    /// What the system is set up to ask: hosts files, multicast DNS, DNS.
    System,
    /// These servers.
    Servers(Box<Servers>),
}

/// DNS servers, and what it takes to ask them.
pub(super) struct Servers {
    runtime: Runtime,
    resolver: TokioResolver,
}

impl Asker {
    /// The system's resolver, or `servers` where there are any.
    pub(super) fn new(servers: &[SocketAddr]) -> io::Result<Self> {
        if servers.is_empty() {
            return Ok(Self::System);
        }
        // Everything in it is driven by the threads that wait for answers.
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let servers = servers.iter().map(server).collect();
        let config = ResolverConfig::from_name_servers(servers);
        let provider = TokioRuntimeProvider::default();
        let mut builder = TokioResolver::builder_with_config(config, provider);
        configure(builder.options_mut());
        let resolver = builder.build().map_err(io::Error::other)?;
        Ok(Self::Servers(Box::new(Servers { runtime, resolver })))
    }

    /// Asks for the name of `address`, and waits for the answer.
    pub(super) fn ask(&self, address: IpAddr) -> Answer {
        let answer = match self {
            Self::System => ask_system(address),
            Self::Servers(servers) => servers.ask(address),
        };
        match answer {
            Answer::Named(name, time) if is_like_address(&name) => Answer::Nameless(time),
            answer => answer,
        }
    }
}

/// A server, asked by UDP, and by TCP where an answer was cut short.
fn server(address: &SocketAddr) -> NameServerConfig {
    let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()];
    let at_its_port = connections.map(|mut connection| {
        connection.port = address.port();
        connection
    });
    // That there is no name is believed: who chose several servers chose them alike.
    NameServerConfig::new(address.ip(), true, at_its_port.into())
}

/// Sets what is different here from looking up addresses for a connection.
fn configure(options: &mut ResolverOpts) {
    options.timeout = PATIENCE;
    options.attempts = REPEATS;
    // What is known is known by our own cache, and the hosts file was not asked for.
    options.cache_size = 0;
    options.use_hosts_file = ResolveHosts::Never;
}

impl Servers {
    /// Asks again what was lost with a connection: many questions share one, and a server may close
    /// it after any answer (RFC 7766 §6.2.3).
    fn look_up(&self, name: &Name) -> Result<Lookup, NetError> {
        let begun = Instant::now();
        let mut repeats = 0;
        loop {
            let lookup = self.resolver.lookup(name.clone(), RecordType::PTR);
            let answer = self.runtime.block_on(lookup);
            let is_lost = match &answer {
                Ok(_) | Err(NetError::Dns(_) | NetError::Timeout) => false,
                Err(_) => repeats < RECONNECTS && begun.elapsed() < PATIENCE,
            };
            if !is_lost {
                return answer;
            }
            repeats += 1;
        }
    }

    fn ask(&self, address: IpAddr) -> Answer {
        let lookup = match self.look_up(&Name::from(address)) {
            Ok(lookup) => lookup,
            // NXDOMAIN, or no PTR among what there is. Without an SOA it is not to be remembered
            // (RFC 2308 §5), and is asked again like a failure, later and later.
            Err(NetError::Dns(DnsError::NoRecordsFound(none))) => {
                let time = none.negative_ttl.map(|ttl| Duration::from_secs(ttl.into()));
                return time.map_or(Answer::NamelessNow, Answer::Nameless);
            }
            Err(_) => return Answer::Failed,
        };
        let time = lookup.valid_until().saturating_duration_since(Instant::now());
        let pointer = lookup.answers().iter().find_map(|record| match &record.data {
            RData::PTR(pointer) => Some(&pointer.0),
            _ => None,
        });
        match pointer.map(host).filter(|name| !name.is_empty()) {
            Some(name) => Answer::Named(name, time),
            None => Answer::Nameless(time),
        }
    }
}

/// Whether a name would be read as an address, or as one with a port: who owns the address behind it
/// could make his connections look like another's. What ends in a number is an address to
/// inet_aton(3) and to browsers, and no top-level domain is one (RFC 3696 §2).
fn is_like_address(name: &str) -> bool {
    let bare = name.trim_end_matches('.');
    let last = bare.rsplit('.').next().unwrap_or_default();
    let (last, port) = last.split_once(':').map_or((last, ""), |(last, port)| (last, port));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let is_hexadecimal = || {
        let digits = last.strip_prefix("0x").or(last.strip_prefix("0X"));
        digits.is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))
    };
    let is_numeric = is_number(last) || is_hexadecimal();
    let unbracketed = bare.trim_start_matches('[').trim_end_matches(']');
    (is_numeric && (port.is_empty() || is_number(port)))
        || unbracketed.parse::<IpAddr>().is_ok()
        || bare.parse::<SocketAddr>().is_ok()
}

/// The name as people write it: without the dot of the root, whatever is no letter, digit or hyphen
/// as in a zone file (`\\027`, RFC 1035 §5.1).
fn host(name: &Name) -> Box<str> {
    let name = name.to_ascii();
    name.strip_suffix('.').unwrap_or(&name).into()
}

fn ask_system(address: IpAddr) -> Answer {
    match dns_lookup::lookup_addr(&address) {
        Ok(name) if !name.is_empty() => Answer::Named(name.into(), SYSTEM_NAMED),
        Ok(_) => Answer::Nameless(SYSTEM_NAMELESS),
        Err(error) => match error.kind() {
            LookupErrorKind::NoName | LookupErrorKind::NoData => Answer::Nameless(SYSTEM_NAMELESS),
            // EAI_AGAIN is SERVFAIL, a refusal, or no answer; the others are no answer either.
            _ => Answer::Failed,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_reads_as_an_address_is_none() {
        let check = |name, expected| assert_eq!(is_like_address(name), expected, "{name}");
        check("127.0.0.1", true);
        check("127.0.0.1.", true);
        check("8.8.8.8:443", true);
        check("127.1", true);
        check("2130706433", true);
        check("0x7f.1", true);
        check("x.0x7f", true);
        check("::1", true);
        check("fe80::1%eth0", false);
        check("[2001:db8::1]", true);
        check("[2001:db8::1]:443", true);
        check("host.example", false);
        check("1.0.0.127.in-addr.arpa", false);
        check("ip-10-0-0-5", false);
        check("4.example", false);
        check("localhost", false);
        check("x.0xdeadhost", false);
    }
}
