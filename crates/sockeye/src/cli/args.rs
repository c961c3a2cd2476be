//! Every command and option, with its help.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueHint};

use super::console::ColorChoice;
use super::doctor::DoctorFormat;
use super::generate::Document;
use super::help;
use super::inspect::InspectFormat;
use super::names;
use super::source::SourceArg;
use super::span::Span;
use super::whois::{self, WhoisFormat};
use sockeye_print::{EventFormat, Format};

/// Shows every TCP and UDP endpoint of this machine and who owns it.
///
/// Without options: TCP endpoints that have a remote, grouped by the process that holds them. A
/// bare word or number shows only the endpoints of the processes of that name or PID. Endpoints
/// without an owner say why they have none, and the last line says what could not be seen.
#[derive(Parser, Debug)]
#[command(
    name = "sockeye",
    version,
    args_conflicts_with_subcommands = true,
    args_override_self = true,
    override_usage = "sockeye [list] [OPTIONS] [PROCESS]...\n       sockeye <COMMAND>",
    max_term_width = 100,
    after_help = "Examples and exit status: sockeye --help",
    after_long_help = help::AFTER
)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Option<Command>,

    #[command(flatten)]
    pub(super) list: ListArgs,

    /// When to colour
    ///
    /// auto: on a terminal, unless NO_COLOR is set or TERM is dumb; CLICOLOR_FORCE colours
    /// everywhere.
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t)]
    #[arg(hide_possible_values = false, help_heading = "Output")]
    pub(super) color: ColorChoice,
}

/// What Sockeye can be asked to do.
#[derive(Subcommand, Debug)]
pub(super) enum Command {
    /// List endpoints; what sockeye does without a command
    List(ListArgs),
    /// Say what happens to endpoints, one line each, as it happens
    ///
    /// Opened, accepted, listening, bound, state, closed: each with the owner, and at the end how
    /// long it lived, what it carried and why it closed. Without options: everything. Runs until
    /// it is interrupted (Ctrl-C), or --for or --count say that it is enough.
    #[command(after_long_help = help::AFTER_WATCH)]
    Watch(WatchArgs),
    /// Say who a process is: image, package, user, parents, unit, container, endpoints
    ///
    /// Processes are named as in a list: by PID, by name, or by a filter on what they hold. One that
    /// is named by PID need not hold any endpoint. What cannot be found out says why.
    #[command(after_long_help = help::AFTER_INSPECT)]
    #[command(override_usage = "sockeye inspect [OPTIONS] <PID|PROCESS|FILTER>...")]
    Inspect(InspectArgs),
    /// Say whose an address is, by the registries themselves (whois)
    ///
    /// IANA is asked first and says which registry knows; the answer is that of the last one. The
    /// registries learn from it who asks for what. Of private and other special addresses it is
    /// said what they are, and nobody is asked.
    #[command(after_long_help = help::AFTER_WHOIS)]
    Whois(WhoisArgs),
    /// Close TCP connections and connected UDP endpoints
    ///
    /// Which ones has to be said: by a process, by --filter, or by both.
    ///
    /// Shows what it will close and asks; looks again afterwards and reports each as closed, still
    /// open, gone or not permitted. The processes live on and see an error (ECONNABORTED).
    #[command(after_long_help = help::AFTER_CLOSE, override_usage = help::USAGE_CLOSE)]
    Close(CloseArgs),
    /// End the processes that hold endpoints
    ///
    /// Which ones has to be said: by a process, by --filter, or by both.
    ///
    /// Shows what it will end and asks; sends SIGTERM, looks again and reports each as ended, still
    /// running, gone or not permitted. A process that took over the PID in between is never hit.
    #[command(after_long_help = help::AFTER_END, override_usage = help::USAGE_END)]
    End(EndArgs),
    /// Say what this user on this system can see, what not, why, and what mends it
    Doctor(DoctorArgs),
    /// Write the system's raw answers to a file, for bug reports and --replay
    Dump(DumpArgs),
    /// List every column: its names and what it means
    Columns,
    /// Print the completions for a shell
    Completions {
        /// Which shell
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    /// Print a document that is generated from this program
    #[command(hide = true)]
    Generate {
        #[command(subcommand)]
        what: Document,
    },
}

/// Which endpoints to list, and how to print them.
#[derive(Args, Clone, Default, Debug)]
pub(super) struct ListArgs {
    #[command(flatten)]
    pub(super) scope: ScopeArgs,

    #[command(flatten)]
    pub(super) choice: ChoiceArgs,

    /// Read a dump instead of this machine; - for standard input
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    #[arg(conflicts_with_all = ["resolve", "dns", "source"], help_heading = "Which endpoints")]
    pub(super) replay: Option<PathBuf>,

    /// Output format
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value_t)]
    #[arg(help_heading = "Output")]
    pub(super) format: Format,

    /// The same as --format csv
    #[arg(short = 'c', long, conflicts_with = "format", help_heading = "Output")]
    pub(super) csv: bool,

    /// Columns and their order, by name or alias: pid,local,state
    ///
    /// A + in front adds to the usual columns: +rtt,cgroup. all is every column. sockeye columns
    /// lists them.
    #[arg(long, value_name = "NAME,…", value_delimiter = ',', help_heading = "Output")]
    #[arg(value_hint = ValueHint::Other)]
    pub(super) columns: Vec<String>,

    /// Columns to sort by, ~ or - in front for largest first: user,~sent.bytes
    #[arg(long, value_name = "NAME,…", value_delimiter = ',', help_heading = "Output")]
    #[arg(allow_hyphen_values = true)]
    pub(super) sort: Vec<String>,

    /// Measure: round-trip time, retransmits, bytes and packets of each TCP connection
    #[arg(short, long, help_heading = "Output")]
    pub(super) metrics: bool,

    /// Ask for the host names of addresses (reverse DNS), for two seconds at most
    #[arg(short, long, overrides_with = "numeric", help_heading = "Output")]
    pub(super) resolve: bool,

    /// Never ask for names, and show ports as numbers; undoes --resolve
    #[arg(short, long, overrides_with = "resolve", help_heading = "Output")]
    pub(super) numeric: bool,

    /// Show ports as numbers; without it, people read the service's port by its name
    #[arg(long, help_heading = "Output")]
    pub(super) numeric_ports: bool,

    #[command(flatten)]
    pub(super) informants: InformantArgs,

    /// Accepted for the sake of habits from ss and netstat: owners are always shown
    #[arg(short = 'p', hide = true)]
    pub(super) processes: bool,
}

/// Which part of all endpoints.
#[derive(Args, Clone, Default, Debug)]
#[command(next_help_heading = "Which endpoints")]
pub(super) struct ScopeArgs {
    /// Every TCP and UDP endpoint, listeners and unconnected ones too
    #[arg(short, long, overrides_with = "listening")]
    pub(super) all: bool,

    /// TCP listeners, and UDP endpoints without a remote
    #[arg(short, long, overrides_with = "all")]
    pub(super) listening: bool,

    /// TCP; with -u both
    #[arg(short, long)]
    pub(super) tcp: bool,

    /// UDP; with -t both
    #[arg(short, long)]
    pub(super) udp: bool,

    /// IPv4, also when an IPv6 socket carries it
    #[arg(short = '4', long)]
    pub(super) ipv4: bool,

    /// IPv6
    #[arg(short = '6', long)]
    pub(super) ipv6: bool,
}

/// Which endpoints of those, by what is known of them.
#[derive(Args, Clone, Default, Debug)]
pub(super) struct ChoiceArgs {
    /// Only these processes: name, with * and ?, or PID; several: any of them
    #[arg(value_name = "PROCESS", value_hint = ValueHint::Other)]
    pub(super) words: Vec<String>,

    /// Only endpoints for which this holds; repeated: all must hold
    ///
    /// Columns are compared with =, !=, <, >, in and joined by and, or, not. For example:
    /// "tcp and remote in 10.0.0.0/8 and (state = established or local.port = 443)".
    #[arg(long = "filter", value_name = "EXPR", help_heading = "Which endpoints")]
    #[arg(value_hint = ValueHint::Other)]
    pub(super) filters: Vec<String>,

    /// Network namespaces: self, all, that of a PID, or one named by ip netns
    #[arg(long, value_name = "WHICH", default_value = "all", help_heading = "Which endpoints")]
    #[arg(value_hint = ValueHint::Other)]
    pub(super) netns: Option<String>,

    /// What to observe with
    #[arg(long, value_enum, value_name = "SOURCE", default_value_t)]
    #[arg(help_heading = "Which endpoints")]
    pub(super) source: SourceArg,
}

/// What to watch, for how long, and how to print it.
#[derive(Args, Clone, Debug)]
pub(super) struct WatchArgs {
    #[command(flatten)]
    pub(super) scope: ScopeArgs,

    #[command(flatten)]
    pub(super) choice: ChoiceArgs,

    /// First the endpoints that are there already, as action snapshot
    #[arg(long, help_heading = "Which endpoints")]
    pub(super) initial: bool,

    /// Stop after this time: 500ms, 10s, 5m, 1h30m
    #[arg(long = "for", value_name = "DURATION", help_heading = "How long")]
    pub(super) span: Option<Span>,

    /// Stop after so many lines
    #[arg(long, value_name = "N", help_heading = "How long")]
    #[arg(value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) count: Option<u64>,

    /// Between two looks, where the source does not tell everything as it happens
    #[arg(long, value_name = "DURATION", default_value = "1s", help_heading = "How long")]
    pub(super) interval: Span,

    /// Output format
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value_t)]
    #[arg(help_heading = "Output")]
    pub(super) format: EventFormat,

    /// The same as --format csv
    #[arg(short = 'c', long, conflicts_with = "format", help_heading = "Output")]
    pub(super) csv: bool,

    /// Columns and their order, by name or alias: time,action,pid,remote
    ///
    /// A + in front adds to the usual columns: +rtt,cgroup. all is every column. sockeye columns
    /// lists them.
    #[arg(long, value_name = "NAME,…", value_delimiter = ',', help_heading = "Output")]
    #[arg(value_hint = ValueHint::Other)]
    pub(super) columns: Vec<String>,

    /// Ask for the host names of addresses (reverse DNS)
    #[arg(short, long, overrides_with = "numeric", help_heading = "Output")]
    pub(super) resolve: bool,

    /// Never ask for names, and show ports as numbers; undoes --resolve
    #[arg(short, long, overrides_with = "resolve", help_heading = "Output")]
    pub(super) numeric: bool,

    /// Show ports as numbers; without it, people read the service's port by its name
    #[arg(long, help_heading = "Output")]
    pub(super) numeric_ports: bool,

    #[command(flatten)]
    pub(super) informants: InformantArgs,
}

/// Whom to ask about addresses.
#[derive(Args, Clone, Default, Debug)]
#[command(next_help_heading = "Whom to ask")]
pub(super) struct InformantArgs {
    /// Ask these DNS servers for host names, not the system's resolver; implies --resolve
    ///
    /// By UDP, and by TCP what does not fit. An address, or one with a port: 192.0.2.53,
    /// 192.0.2.53:5353, 2001:db8::53; IPv6 with a port in square brackets. Neither hosts files nor
    /// multicast DNS are asked then.
    #[arg(long, value_name = "SERVER,…", value_delimiter = ',', value_parser = names::server)]
    #[arg(value_hint = ValueHint::Other)]
    pub(super) dns: Vec<SocketAddr>,

    /// Databases that say where remotes are: country and network (AS)
    ///
    /// In MaxMind's format (.mmdb), by country, city or AS, of MaxMind, IPinfo, DB-IP or others.
    /// Without it those of the environment variable SOCKEYE_GEO, where a column or filter needs
    /// them.
    #[arg(long, value_name = "FILE,…", value_delimiter = ',', value_hint = ValueHint::FilePath)]
    pub(super) geo: Vec<PathBuf>,
}

/// Whom to describe, and how to print it.
#[derive(Args, Debug)]
pub(super) struct InspectArgs {
    #[command(flatten)]
    pub(super) choice: ChoiceArgs,

    /// Output format
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value_t)]
    #[arg(help_heading = "Output")]
    pub(super) format: InspectFormat,

    /// Ask for the host names of addresses (reverse DNS)
    #[arg(short, long, overrides_with = "numeric", help_heading = "Output")]
    pub(super) resolve: bool,

    /// Never ask for names, and show ports as numbers; undoes --resolve
    #[arg(short, long, overrides_with = "resolve", help_heading = "Output")]
    pub(super) numeric: bool,

    /// Show ports as numbers; without it, people read the service's port by its name
    #[arg(long, help_heading = "Output")]
    pub(super) numeric_ports: bool,

    #[command(flatten)]
    pub(super) informants: InformantArgs,
}

/// What to close.
#[derive(Args, Debug)]
pub(super) struct CloseArgs {
    #[command(flatten)]
    pub(super) choice: ChoiceArgs,

    #[command(flatten)]
    pub(super) informants: InformantArgs,

    #[command(flatten)]
    pub(super) consent: ConsentArgs,
}

/// What to end.
#[derive(Args, Debug)]
pub(super) struct EndArgs {
    #[command(flatten)]
    pub(super) choice: ChoiceArgs,

    #[command(flatten)]
    pub(super) informants: InformantArgs,

    /// Force what still runs two seconds after it was asked (SIGKILL): unsaved work is lost
    #[arg(long)]
    pub(super) force: bool,

    #[command(flatten)]
    pub(super) consent: ConsentArgs,
}

/// Whether to ask first.
#[derive(Args, Debug)]
pub(super) struct ConsentArgs {
    /// Do not ask; needed where standard input is no terminal
    #[arg(short, long)]
    pub(super) yes: bool,

    /// Show what would be done, and do nothing
    #[arg(long, conflicts_with = "yes")]
    pub(super) dry_run: bool,
}

/// Whose address to ask for, and whom.
#[derive(Args, Debug)]
pub(super) struct WhoisArgs {
    /// An address, or a filter: the remotes of the endpoints that it fits
    #[arg(value_name = "ADDRESS|FILTER", value_hint = ValueHint::Other)]
    pub(super) subject: String,

    /// Ask this server first, in place of IANA's; by port 43, or another one
    #[arg(long, value_name = "HOST[:PORT]", value_parser = whois::server)]
    #[arg(value_hint = ValueHint::Hostname)]
    pub(super) server: Option<sockeye_engine::whois::Server>,

    /// Do not ask before registries are asked for more than ten addresses
    #[arg(short, long)]
    pub(super) yes: bool,

    /// Output format
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value_t)]
    pub(super) format: WhoisFormat,
}

/// How to report.
#[derive(Args, Debug)]
pub(super) struct DoctorArgs {
    /// Output format
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value_t)]
    pub(super) format: DoctorFormat,
}

/// What to write, and where.
#[derive(Args, Debug)]
pub(super) struct DumpArgs {
    /// Where to write, - for standard output; an existing file is not overwritten
    #[arg(value_hint = ValueHint::FilePath)]
    pub(super) file: PathBuf,

    /// Replace addresses, names and command lines, the same by the same
    #[arg(long)]
    pub(super) anonymize: bool,

    /// What to observe with
    #[arg(long, value_enum, value_name = "SOURCE", default_value_t)]
    pub(super) source: SourceArg,
}
