//! From `-a -l -t -u -4 -6` to the scope of a list; they combine as in ss(8).

use sockeye_core::table::{Phase, Scope};

use super::args::ScopeArgs;

/// The scope that the flags name.
pub(super) fn scope(args: &ScopeArgs) -> Scope {
    let phase = if args.all {
        Phase::All
    } else if args.listening {
        Phase::Listening
    } else {
        Phase::Connected
    };
    // Connections are TCP's where no transport is named; -a and -l mean both.
    let is_any_transport = !args.tcp && !args.udp;
    let is_any_family = !args.ipv4 && !args.ipv6;
    Scope {
        tcp: args.tcp || is_any_transport,
        udp: args.udp || (is_any_transport && phase != Phase::Connected),
        ipv4: args.ipv4 || is_any_family,
        ipv6: args.ipv6 || is_any_family,
        phase,
    }
}

/// The scope of a watch: everything that the flags do not leave out.
pub(super) fn scope_of_watch(args: &ScopeArgs) -> Scope {
    scope(&ScopeArgs { all: !args.listening, ..args.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::parse;

    /// What a scope shows, as letters: transports, families, phase.
    fn letters(scope: &Scope) -> String {
        let shown = [(scope.tcp, 't'), (scope.udp, 'u'), (scope.ipv4, '4'), (scope.ipv6, '6')];
        let mut text: String = shown.iter().filter(|(is_in, _)| *is_in).map(|(_, c)| c).collect();
        text.push(match scope.phase {
            Phase::Connected => 'c',
            Phase::Listening => 'l',
            Phase::All => 'a',
        });
        text
    }

    #[test]
    fn flags_combine_as_in_ss() {
        let check = |line: &str, expected: &str| {
            let words: Vec<_> = line.split(' ').map(Into::into).collect();
            let cli = parse(&words).unwrap();
            assert_eq!(letters(&scope(&cli.list.scope)), expected, "{line}");
        };
        check("sockeye", "t46c");
        check("sockeye -n", "t46c");
        check("sockeye -a", "tu46a");
        check("sockeye -anc", "tu46a");
        check("sockeye -l", "tu46l");
        check("sockeye -t", "t46c");
        check("sockeye -u", "u46c");
        check("sockeye -tu", "tu46c");
        check("sockeye -ta", "t46a");
        check("sockeye -ua", "u46a");
        check("sockeye -tl", "t46l");
        check("sockeye -tulpn", "tu46l");
        check("sockeye -4", "t4c");
        check("sockeye -6a", "tu6a");
        check("sockeye -46", "t46c");
        check("sockeye -al", "tu46l");
        check("sockeye -la", "tu46a");
        check("sockeye --all --tcp --ipv6 nginx", "t6a");
    }
}
