//! Who is asked for host names: the system's resolver, or chosen DNS servers.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use dns_lookup::LookupErrorKind;
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{
    ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts,
};
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
        match self {
            Self::System => ask_system(address),
            Self::Servers(servers) => servers.ask(address),
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
    fn ask(&self, address: IpAddr) -> Answer {
        let name = Name::from(address);
        let lookup = self.runtime.block_on(self.resolver.lookup(name, RecordType::PTR));
        let lookup = match lookup {
            Ok(lookup) => lookup,
            // NXDOMAIN, or no PTR among what there is. Without an SOA it is not to be remembered
            // (RFC 2308 §5), and is asked again like a failure, later and later.
            Err(NetError::Dns(DnsError::NoRecordsFound(none))) => {
                let time = none.negative_ttl.map(|ttl| Duration::from_secs(ttl.into()));
                return time.map_or(Answer::Failed, Answer::Nameless);
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
