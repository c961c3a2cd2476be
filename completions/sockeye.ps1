
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'sockeye' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'sockeye'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'sockeye' {
            [CompletionResult]::new('--filter', '--filter', [CompletionResultType]::ParameterName, 'Only endpoints for which this holds; repeated: all must hold')
            [CompletionResult]::new('--netns', '--netns', [CompletionResultType]::ParameterName, 'Network namespaces: self, all, that of a PID, or one named by ip netns')
            [CompletionResult]::new('--source', '--source', [CompletionResultType]::ParameterName, 'What to observe with')
            [CompletionResult]::new('--replay', '--replay', [CompletionResultType]::ParameterName, 'Read a dump instead of this machine; - for standard input')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Output format')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Output format')
            [CompletionResult]::new('--columns', '--columns', [CompletionResultType]::ParameterName, 'Columns and their order, by name or alias: pid,local,state')
            [CompletionResult]::new('--sort', '--sort', [CompletionResultType]::ParameterName, 'Columns to sort by, ~ or - in front for largest first: user,~sent.bytes')
            [CompletionResult]::new('--dns', '--dns', [CompletionResultType]::ParameterName, 'Ask these DNS servers for host names, not the system''s resolver; implies --resolve')
            [CompletionResult]::new('--geo', '--geo', [CompletionResultType]::ParameterName, 'Databases that say where remotes are: country and network (AS)')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'Every TCP and UDP endpoint, listeners and unconnected ones too')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'Every TCP and UDP endpoint, listeners and unconnected ones too')
            [CompletionResult]::new('-l', '-l', [CompletionResultType]::ParameterName, 'TCP listeners, and UDP endpoints without a remote')
            [CompletionResult]::new('--listening', '--listening', [CompletionResultType]::ParameterName, 'TCP listeners, and UDP endpoints without a remote')
            [CompletionResult]::new('-t', '-t', [CompletionResultType]::ParameterName, 'TCP; with -u both')
            [CompletionResult]::new('--tcp', '--tcp', [CompletionResultType]::ParameterName, 'TCP; with -u both')
            [CompletionResult]::new('-u', '-u', [CompletionResultType]::ParameterName, 'UDP; with -t both')
            [CompletionResult]::new('--udp', '--udp', [CompletionResultType]::ParameterName, 'UDP; with -t both')
            [CompletionResult]::new('-4', '-4', [CompletionResultType]::ParameterName, 'IPv4, also when an IPv6 socket carries it')
            [CompletionResult]::new('--ipv4', '--ipv4', [CompletionResultType]::ParameterName, 'IPv4, also when an IPv6 socket carries it')
            [CompletionResult]::new('-6', '-6', [CompletionResultType]::ParameterName, 'IPv6')
            [CompletionResult]::new('--ipv6', '--ipv6', [CompletionResultType]::ParameterName, 'IPv6')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'The same as --format csv')
            [CompletionResult]::new('--csv', '--csv', [CompletionResultType]::ParameterName, 'The same as --format csv')
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'Measure: round-trip time, retransmits, bytes and packets of each TCP connection')
            [CompletionResult]::new('--metrics', '--metrics', [CompletionResultType]::ParameterName, 'Measure: round-trip time, retransmits, bytes and packets of each TCP connection')
            [CompletionResult]::new('-r', '-r', [CompletionResultType]::ParameterName, 'Ask for the host names of addresses (reverse DNS), for two seconds at most')
            [CompletionResult]::new('--resolve', '--resolve', [CompletionResultType]::ParameterName, 'Ask for the host names of addresses (reverse DNS), for two seconds at most')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Never ask for names, and show ports as numbers; undoes --resolve')
            [CompletionResult]::new('--numeric', '--numeric', [CompletionResultType]::ParameterName, 'Never ask for names, and show ports as numbers; undoes --resolve')
            [CompletionResult]::new('--numeric-ports', '--numeric-ports', [CompletionResultType]::ParameterName, 'Show ports as numbers; without it, people read the service''s port by its name')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List endpoints; what sockeye does without a command')
            [CompletionResult]::new('watch', 'watch', [CompletionResultType]::ParameterValue, 'Say what happens to endpoints, one line each, as it happens')
            [CompletionResult]::new('inspect', 'inspect', [CompletionResultType]::ParameterValue, 'Say who a process is: image, package, user, parents, unit, container, endpoints')
            [CompletionResult]::new('whois', 'whois', [CompletionResultType]::ParameterValue, 'Say whose an address is, by the registries themselves (whois)')
            [CompletionResult]::new('close', 'close', [CompletionResultType]::ParameterValue, 'Close TCP connections and connected UDP endpoints')
            [CompletionResult]::new('end', 'end', [CompletionResultType]::ParameterValue, 'End the processes that hold endpoints')
            [CompletionResult]::new('doctor', 'doctor', [CompletionResultType]::ParameterValue, 'Say what this user on this system can see, what not, why, and what mends it')
            [CompletionResult]::new('dump', 'dump', [CompletionResultType]::ParameterValue, 'Write the system''s raw answers to a file, for bug reports and --replay')
            [CompletionResult]::new('columns', 'columns', [CompletionResultType]::ParameterValue, 'List every column: its names and what it means')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print the completions for a shell')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'sockeye;list' {
            [CompletionResult]::new('--filter', '--filter', [CompletionResultType]::ParameterName, 'Only endpoints for which this holds; repeated: all must hold')
            [CompletionResult]::new('--netns', '--netns', [CompletionResultType]::ParameterName, 'Network namespaces: self, all, that of a PID, or one named by ip netns')
            [CompletionResult]::new('--source', '--source', [CompletionResultType]::ParameterName, 'What to observe with')
            [CompletionResult]::new('--replay', '--replay', [CompletionResultType]::ParameterName, 'Read a dump instead of this machine; - for standard input')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Output format')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Output format')
            [CompletionResult]::new('--columns', '--columns', [CompletionResultType]::ParameterName, 'Columns and their order, by name or alias: pid,local,state')
            [CompletionResult]::new('--sort', '--sort', [CompletionResultType]::ParameterName, 'Columns to sort by, ~ or - in front for largest first: user,~sent.bytes')
            [CompletionResult]::new('--dns', '--dns', [CompletionResultType]::ParameterName, 'Ask these DNS servers for host names, not the system''s resolver; implies --resolve')
            [CompletionResult]::new('--geo', '--geo', [CompletionResultType]::ParameterName, 'Databases that say where remotes are: country and network (AS)')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'Every TCP and UDP endpoint, listeners and unconnected ones too')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'Every TCP and UDP endpoint, listeners and unconnected ones too')
            [CompletionResult]::new('-l', '-l', [CompletionResultType]::ParameterName, 'TCP listeners, and UDP endpoints without a remote')
            [CompletionResult]::new('--listening', '--listening', [CompletionResultType]::ParameterName, 'TCP listeners, and UDP endpoints without a remote')
            [CompletionResult]::new('-t', '-t', [CompletionResultType]::ParameterName, 'TCP; with -u both')
            [CompletionResult]::new('--tcp', '--tcp', [CompletionResultType]::ParameterName, 'TCP; with -u both')
            [CompletionResult]::new('-u', '-u', [CompletionResultType]::ParameterName, 'UDP; with -t both')
            [CompletionResult]::new('--udp', '--udp', [CompletionResultType]::ParameterName, 'UDP; with -t both')
            [CompletionResult]::new('-4', '-4', [CompletionResultType]::ParameterName, 'IPv4, also when an IPv6 socket carries it')
            [CompletionResult]::new('--ipv4', '--ipv4', [CompletionResultType]::ParameterName, 'IPv4, also when an IPv6 socket carries it')
            [CompletionResult]::new('-6', '-6', [CompletionResultType]::ParameterName, 'IPv6')
            [CompletionResult]::new('--ipv6', '--ipv6', [CompletionResultType]::ParameterName, 'IPv6')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'The same as --format csv')
            [CompletionResult]::new('--csv', '--csv', [CompletionResultType]::ParameterName, 'The same as --format csv')
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'Measure: round-trip time, retransmits, bytes and packets of each TCP connection')
            [CompletionResult]::new('--metrics', '--metrics', [CompletionResultType]::ParameterName, 'Measure: round-trip time, retransmits, bytes and packets of each TCP connection')
            [CompletionResult]::new('-r', '-r', [CompletionResultType]::ParameterName, 'Ask for the host names of addresses (reverse DNS), for two seconds at most')
            [CompletionResult]::new('--resolve', '--resolve', [CompletionResultType]::ParameterName, 'Ask for the host names of addresses (reverse DNS), for two seconds at most')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Never ask for names, and show ports as numbers; undoes --resolve')
            [CompletionResult]::new('--numeric', '--numeric', [CompletionResultType]::ParameterName, 'Never ask for names, and show ports as numbers; undoes --resolve')
            [CompletionResult]::new('--numeric-ports', '--numeric-ports', [CompletionResultType]::ParameterName, 'Show ports as numbers; without it, people read the service''s port by its name')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'sockeye;watch' {
            [CompletionResult]::new('--filter', '--filter', [CompletionResultType]::ParameterName, 'Only endpoints for which this holds; repeated: all must hold')
            [CompletionResult]::new('--netns', '--netns', [CompletionResultType]::ParameterName, 'Network namespaces: self, all, that of a PID, or one named by ip netns')
            [CompletionResult]::new('--source', '--source', [CompletionResultType]::ParameterName, 'What to observe with')
            [CompletionResult]::new('--for', '--for', [CompletionResultType]::ParameterName, 'Stop after this time: 500ms, 10s, 5m, 1h30m')
            [CompletionResult]::new('--count', '--count', [CompletionResultType]::ParameterName, 'Stop after so many lines')
            [CompletionResult]::new('--interval', '--interval', [CompletionResultType]::ParameterName, 'Between two looks, where the source does not tell everything as it happens')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Output format')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Output format')
            [CompletionResult]::new('--columns', '--columns', [CompletionResultType]::ParameterName, 'Columns and their order, by name or alias: time,action,pid,remote')
            [CompletionResult]::new('--dns', '--dns', [CompletionResultType]::ParameterName, 'Ask these DNS servers for host names, not the system''s resolver; implies --resolve')
            [CompletionResult]::new('--geo', '--geo', [CompletionResultType]::ParameterName, 'Databases that say where remotes are: country and network (AS)')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'Every TCP and UDP endpoint, listeners and unconnected ones too')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'Every TCP and UDP endpoint, listeners and unconnected ones too')
            [CompletionResult]::new('-l', '-l', [CompletionResultType]::ParameterName, 'TCP listeners, and UDP endpoints without a remote')
            [CompletionResult]::new('--listening', '--listening', [CompletionResultType]::ParameterName, 'TCP listeners, and UDP endpoints without a remote')
            [CompletionResult]::new('-t', '-t', [CompletionResultType]::ParameterName, 'TCP; with -u both')
            [CompletionResult]::new('--tcp', '--tcp', [CompletionResultType]::ParameterName, 'TCP; with -u both')
            [CompletionResult]::new('-u', '-u', [CompletionResultType]::ParameterName, 'UDP; with -t both')
            [CompletionResult]::new('--udp', '--udp', [CompletionResultType]::ParameterName, 'UDP; with -t both')
            [CompletionResult]::new('-4', '-4', [CompletionResultType]::ParameterName, 'IPv4, also when an IPv6 socket carries it')
            [CompletionResult]::new('--ipv4', '--ipv4', [CompletionResultType]::ParameterName, 'IPv4, also when an IPv6 socket carries it')
            [CompletionResult]::new('-6', '-6', [CompletionResultType]::ParameterName, 'IPv6')
            [CompletionResult]::new('--ipv6', '--ipv6', [CompletionResultType]::ParameterName, 'IPv6')
            [CompletionResult]::new('--initial', '--initial', [CompletionResultType]::ParameterName, 'First the endpoints that are there already, as action snapshot')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'The same as --format csv')
            [CompletionResult]::new('--csv', '--csv', [CompletionResultType]::ParameterName, 'The same as --format csv')
            [CompletionResult]::new('-r', '-r', [CompletionResultType]::ParameterName, 'Ask for the host names of addresses (reverse DNS)')
            [CompletionResult]::new('--resolve', '--resolve', [CompletionResultType]::ParameterName, 'Ask for the host names of addresses (reverse DNS)')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Never ask for names, and show ports as numbers; undoes --resolve')
            [CompletionResult]::new('--numeric', '--numeric', [CompletionResultType]::ParameterName, 'Never ask for names, and show ports as numbers; undoes --resolve')
            [CompletionResult]::new('--numeric-ports', '--numeric-ports', [CompletionResultType]::ParameterName, 'Show ports as numbers; without it, people read the service''s port by its name')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'sockeye;inspect' {
            [CompletionResult]::new('--filter', '--filter', [CompletionResultType]::ParameterName, 'Only endpoints for which this holds; repeated: all must hold')
            [CompletionResult]::new('--netns', '--netns', [CompletionResultType]::ParameterName, 'Network namespaces: self, all, that of a PID, or one named by ip netns')
            [CompletionResult]::new('--source', '--source', [CompletionResultType]::ParameterName, 'What to observe with')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Output format')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Output format')
            [CompletionResult]::new('--dns', '--dns', [CompletionResultType]::ParameterName, 'Ask these DNS servers for host names, not the system''s resolver; implies --resolve')
            [CompletionResult]::new('--geo', '--geo', [CompletionResultType]::ParameterName, 'Databases that say where remotes are: country and network (AS)')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('-r', '-r', [CompletionResultType]::ParameterName, 'Ask for the host names of addresses (reverse DNS)')
            [CompletionResult]::new('--resolve', '--resolve', [CompletionResultType]::ParameterName, 'Ask for the host names of addresses (reverse DNS)')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Never ask for names, and show ports as numbers; undoes --resolve')
            [CompletionResult]::new('--numeric', '--numeric', [CompletionResultType]::ParameterName, 'Never ask for names, and show ports as numbers; undoes --resolve')
            [CompletionResult]::new('--numeric-ports', '--numeric-ports', [CompletionResultType]::ParameterName, 'Show ports as numbers; without it, people read the service''s port by its name')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'sockeye;whois' {
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Ask this server first, in place of IANA''s; by port 43, or another one')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Output format')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Output format')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Do not ask before registries are asked for more than ten addresses')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do not ask before registries are asked for more than ten addresses')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'sockeye;close' {
            [CompletionResult]::new('--filter', '--filter', [CompletionResultType]::ParameterName, 'Only endpoints for which this holds; repeated: all must hold')
            [CompletionResult]::new('--netns', '--netns', [CompletionResultType]::ParameterName, 'Network namespaces: self, all, that of a PID, or one named by ip netns')
            [CompletionResult]::new('--source', '--source', [CompletionResultType]::ParameterName, 'What to observe with')
            [CompletionResult]::new('--dns', '--dns', [CompletionResultType]::ParameterName, 'Ask these DNS servers for host names, not the system''s resolver; implies --resolve')
            [CompletionResult]::new('--geo', '--geo', [CompletionResultType]::ParameterName, 'Databases that say where remotes are: country and network (AS)')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Do not ask; needed where standard input is no terminal')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do not ask; needed where standard input is no terminal')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what would be done, and do nothing')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'sockeye;end' {
            [CompletionResult]::new('--filter', '--filter', [CompletionResultType]::ParameterName, 'Only endpoints for which this holds; repeated: all must hold')
            [CompletionResult]::new('--netns', '--netns', [CompletionResultType]::ParameterName, 'Network namespaces: self, all, that of a PID, or one named by ip netns')
            [CompletionResult]::new('--source', '--source', [CompletionResultType]::ParameterName, 'What to observe with')
            [CompletionResult]::new('--dns', '--dns', [CompletionResultType]::ParameterName, 'Ask these DNS servers for host names, not the system''s resolver; implies --resolve')
            [CompletionResult]::new('--geo', '--geo', [CompletionResultType]::ParameterName, 'Databases that say where remotes are: country and network (AS)')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Force what still runs two seconds after it was asked (SIGKILL): unsaved work is lost')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Do not ask; needed where standard input is no terminal')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do not ask; needed where standard input is no terminal')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what would be done, and do nothing')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'sockeye;doctor' {
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Output format')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Output format')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'sockeye;dump' {
            [CompletionResult]::new('--source', '--source', [CompletionResultType]::ParameterName, 'What to observe with')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('--anonymize', '--anonymize', [CompletionResultType]::ParameterName, 'Replace addresses, names and command lines, the same by the same')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'sockeye;columns' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'sockeye;completions' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'sockeye;help' {
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List endpoints; what sockeye does without a command')
            [CompletionResult]::new('watch', 'watch', [CompletionResultType]::ParameterValue, 'Say what happens to endpoints, one line each, as it happens')
            [CompletionResult]::new('inspect', 'inspect', [CompletionResultType]::ParameterValue, 'Say who a process is: image, package, user, parents, unit, container, endpoints')
            [CompletionResult]::new('whois', 'whois', [CompletionResultType]::ParameterValue, 'Say whose an address is, by the registries themselves (whois)')
            [CompletionResult]::new('close', 'close', [CompletionResultType]::ParameterValue, 'Close TCP connections and connected UDP endpoints')
            [CompletionResult]::new('end', 'end', [CompletionResultType]::ParameterValue, 'End the processes that hold endpoints')
            [CompletionResult]::new('doctor', 'doctor', [CompletionResultType]::ParameterValue, 'Say what this user on this system can see, what not, why, and what mends it')
            [CompletionResult]::new('dump', 'dump', [CompletionResultType]::ParameterValue, 'Write the system''s raw answers to a file, for bug reports and --replay')
            [CompletionResult]::new('columns', 'columns', [CompletionResultType]::ParameterValue, 'List every column: its names and what it means')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print the completions for a shell')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'sockeye;help;list' {
            break
        }
        'sockeye;help;watch' {
            break
        }
        'sockeye;help;inspect' {
            break
        }
        'sockeye;help;whois' {
            break
        }
        'sockeye;help;close' {
            break
        }
        'sockeye;help;end' {
            break
        }
        'sockeye;help;doctor' {
            break
        }
        'sockeye;help;dump' {
            break
        }
        'sockeye;help;columns' {
            break
        }
        'sockeye;help;completions' {
            break
        }
        'sockeye;help;help' {
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
