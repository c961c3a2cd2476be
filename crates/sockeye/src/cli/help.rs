//! Help texts that are longer than a sentence; help and man page show the same.

/// Below the long help.
pub(super) const AFTER: &str = "\
Examples:
  sockeye                         TCP connections, by process
  sockeye -a                      every TCP and UDP endpoint
  sockeye -l                      who listens
  sockeye -tln --filter 'local.port = 443'
                                  who has TCP port 443
  sockeye 'python*' 4711          the connections of these processes
  sockeye -a --filter 'remote in 10.0.0.0/8 and not user = www-data'
  sockeye -am --format jsonl      everything, with measurements, for jq
  sockeye -ac --columns time,pid,path,local,remote > endpoints.csv
  sockeye -f table --columns +rtt --sort ~rtt
                                  the slowest connections first
  sockeye close --filter 'remote = 203.0.113.9'

Exit status:
  0  something was found
  1  nothing matched
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
  sockeye close --filter 'remote in 203.0.113.0/24 and state = established'

Closing needs CAP_NET_ADMIN and a kernel with CONFIG_INET_DIAG_DESTROY: sockeye doctor tells.

Exit status:
  0  all were closed (with --dry-run: some would be)
  1  nothing matched
  2  an error, or one is still open; standard error says which";

/// Below the long help of `end`.
pub(super) const AFTER_END: &str = "\
Examples:
  sockeye end --dry-run --filter 'local.port = 8080'
  sockeye end --yes --force 4711

Exit status:
  0  all have ended (with --dry-run: some would)
  1  nothing matched
  2  an error, or one still runs; standard error says which";

/// Sections that only the man page has: title and paragraphs.
pub(super) const MAN_SECTIONS: [(&str, &[&str]); 3] = [
    (
        "ENVIRONMENT",
        &[
            "NO_COLOR: when set and not empty, nothing is coloured (see https://no-color.org).",
            "CLICOLOR_FORCE: when set and not 0, colours also where no terminal is.",
            "TERM: dumb means no colours.",
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
