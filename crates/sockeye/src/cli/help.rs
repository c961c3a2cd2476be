//! Help texts that are longer than a sentence; help and man page show the same.

/// Below the long help.
pub(super) const AFTER: &str = "\
Examples:
  sockeye                         TCP connections, by process
  sockeye -a                      every TCP and UDP endpoint
  sockeye -l                      who listens
  sockeye -tln --filter \"local.port = 443\"
                                  who has TCP port 443
  sockeye \"python*\" 4711          the connections of these processes
  sockeye -a --filter \"remote in 10.0.0.0/8 and not user = www-data\"
  sockeye -am --format jsonl      everything, with measurements, for jq
  sockeye -ac --columns time,pid,path,local,remote > endpoints.csv
  sockeye -f table --columns +rtt --sort ~rtt
                                  the slowest connections first
  sockeye close --filter \"remote = 203.0.113.9\"

Exit status:
  0  something was found
  1  nothing matched
  2  an error; standard error says which";

/// Below the long help of `watch`.
pub(super) const AFTER_WATCH: &str = "\
Examples:
  sockeye watch                   everything, until Ctrl-C
  sockeye watch -t curl --for 10s what curl connects to in the next ten seconds
  sockeye watch --filter \"action = closed and reason in (refused, reset, timed_out)\"
                                  connections that failed
  sockeye watch -l                who begins to listen
  sockeye watch --filter \"local.port = 8080 and action = listening\" --count 1
                                  wait until somebody listens on port 8080
  sockeye watch --initial -f jsonl > endpoints.jsonl
                                  what is there, and then what changes, for jq

Without eBPF (--source netlink, or where it is not permitted) it looks again and again: what opens
and closes between two looks is not seen, nor which side closed first. The first lines on standard
error say what is watched with what, and what that cannot see; sockeye doctor says what helps.

Exit status:
  0  something was printed, or it was interrupted (SIGINT, SIGTERM)
  1  --for is over, and nothing matched
  2  an error; standard error says which";

/// How `close` is called: never without a choice.
pub(super) const USAGE_CLOSE: &str = "\
sockeye close [OPTIONS] <PROCESS>...
       sockeye close [OPTIONS] --filter <EXPR>";

/// How `end` is called: never without a choice.
pub(super) const USAGE_END: &str = "\
sockeye end [OPTIONS] <PROCESS>...
       sockeye end [OPTIONS] --filter <EXPR>";

/// Below the long help of `close`.
pub(super) const AFTER_CLOSE: &str = "\
Examples:
  sockeye close --dry-run firefox
  sockeye close --filter \"remote in 203.0.113.0/24 and state = established\"

Closing needs CAP_NET_ADMIN and a kernel with CONFIG_INET_DIAG_DESTROY: sockeye doctor tells.

Exit status:
  0  all were closed (with --dry-run: some would be)
  1  nothing matched, or the answer was no
  2  an error, or one is still open; standard error says which";

/// Below the long help of `inspect`.
pub(super) const AFTER_INSPECT: &str = "\
Examples:
  sockeye inspect 4711            who is this, and why is it running
  sockeye inspect nginx           each process of that name that holds an endpoint
  sockeye inspect \"local.port = 8080\"
                                  who has port 8080
  sockeye inspect --filter listener
                                  a filter of one word needs --filter
  sockeye inspect -f json 4711 | jq '.[0].process.ancestors[].executable.name'

Exit status:
  0  somebody was described; words that name nobody are said besides
  1  nobody matched
  2  an error; standard error says which";

/// Below the long help of `whois`.
pub(super) const AFTER_WHOIS: &str = "\
Examples:
  sockeye whois 193.0.6.139
  sockeye whois \"process = firefox\"
                                  whose are the addresses that firefox talks to
  sockeye whois --server whois.ripe.net 193.0.6.139
  sockeye whois -f json 193.0.6.139 | jq -r .text

Exit status:
  0  somebody answered
  1  nobody was asked: no registry knows such an address, nothing matched, or the answer was no
  2  an error; standard error says which";

/// Below the long help of `end`.
pub(super) const AFTER_END: &str = "\
Examples:
  sockeye end --dry-run --filter \"local.port = 8080\"
  sockeye end --yes --force 4711

Exit status:
  0  all have ended (with --dry-run: some would)
  1  nothing matched, or the answer was no
  2  an error, or one still runs; standard error says which";

/// What stands before the list of [`MAN_FILTERS`].
pub(super) const MAN_FILTERS_LEAD: &str = "\
A filter compares columns, by name or short name, with values. Case does not matter. Put it in \
single quotes: brackets, *, !, < and > mean something to the shell too.";

/// The filter language in short, for the man page.
pub(super) const MAN_FILTERS: [(&str, &str); 11] = [
    ("=, ==, in", "Is the value, or one of several: local.port in (80, 443, 8000-8999)."),
    ("!=, not in", "Is not, or is not there: state != established keeps UDP, which has no state."),
    ("<, <=, >, >=", "For numbers, ports and times: rtt > 20ms, sent.bytes >= 10MB."),
    ("has NAME, no NAME", "There is a value, or none: has remote, no user."),
    ("and, or, not", "Combine tests, with brackets; also &&, ||, !. not binds most, or least."),
    (
        "tcp, udp, ipv4, ipv6, listener, connected, loopback",
        "Tests of a single word; every state is one too: established, time-wait.",
    ),
    ("port, address", "Either side: port = 443, address in fe80::/10."),
    (
        "local, remote",
        "10.0.0.5, 10.0.0.0/8, 10.0.0.1-10.0.0.9, fe80::1%eth0, and with ports: 10.0.0.5:443, \
         [::1]:443, :8000-8999.",
    ),
    ("texts", "nginx, 'python*', \"my app\"; * stands for anything, ? for one character."),
    ("times", "2026-11-23T03:26:34Z, 2026-11-23 for a day in UTC, two with .. between."),
    (
        "for example",
        "tcp and remote in 10.0.0.0/8 and (state = established or local.port = 443) and not \
         process = firefox",
    ),
];

/// What stands before the columns of the man page.
pub(super) const MAN_COLUMNS_LEAD: &str = "\
For --columns, --sort and filters; the first name is that of CSV and JSON, the others are short \
for it.";

/// What stands before [`MAN_STATES`].
pub(super) const MAN_STATES_LEAD: &str = "\
TCP states are those of RFC 9293: LISTEN, SYN-SENT, SYN-RECEIVED, ESTABLISHED, FIN-WAIT-1, \
FIN-WAIT-2, CLOSE-WAIT, CLOSING, LAST-ACK, TIME-WAIT. UDP has none. Besides them:";

/// The states that the RFC does not explain.
pub(super) const MAN_STATES: [(&str, &str); 1] = [(
    "BOUND",
    "A TCP socket that has a local port, and neither listens nor is connected: a program has \
     taken the port and not used it yet. Linux tells of these from 6.8 on; shown by -a.",
)];

/// What stands before the reasons for which endpoints have no owner.
pub(super) const MAN_OWNERLESS_LEAD: &str = "\
Where no process is shown, the field process.missing and the heading say why:";

/// Sections that only the man page has: title and paragraphs.
pub(super) const MAN_SECTIONS: [(&str, &[&str]); 3] = [
    (
        "ENVIRONMENT",
        &[
            "NO_COLOR: when set and not empty, nothing is coloured (see https://no-color.org).",
            "CLICOLOR_FORCE: when set and not 0, colours also where no terminal is.",
            "TERM: dumb means no colours.",
            "SOCKEYE_GEO: databases of places, as --geo takes them, where --geo is not given.",
        ],
    ),
    (
        "FILES",
        &[
            "/proc/PID/fd: from here the owners come. Other users' need root or CAP_SYS_PTRACE and \
             CAP_DAC_READ_SEARCH.",
            "/run/netns: names of network namespaces.",
            "A binary called tcpvcon (a link will do) takes TCPVCon's options -a -c -n -accepteula \
             -nobanner and prints its layouts.",
        ],
    ),
    ("SEE ALSO", &["ss(8), lsof(8), netstat(8), sock_diag(7), ip-netns(8)"]),
];
