# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_sockeye_global_optspecs
    string join \n a/all l/listening t/tcp u/udp 4/ipv4 6/ipv6 filter= netns= replay= f/format= c/csv columns= sort= m/metrics r/resolve n/numeric p color= h/help V/version
end

function __fish_sockeye_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_sockeye_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_sockeye_using_subcommand
    set -l cmd (__fish_sockeye_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c sockeye -n "__fish_sockeye_needs_command" -l filter -d 'Only endpoints for which this holds; repeated: all must hold' -r
complete -c sockeye -n "__fish_sockeye_needs_command" -l netns -d 'Network namespaces: self, all, that of a PID, or one named by ip netns' -r
complete -c sockeye -n "__fish_sockeye_needs_command" -l replay -d 'Read a dump instead of this machine' -r -F
complete -c sockeye -n "__fish_sockeye_needs_command" -s f -l format -d 'Output format' -r -f -a "text\t'Grouped by process, for people'
table\t'A header and one line an endpoint, for people and awk'
csv\t'Comma-separated values with a header of field names'
json\t'One array of nested objects'
jsonl\t'One nested object a line'
tcpvcon\t'TCPVCon\'s text, with ports'
tcpvcon-csv\t'TCPVCon\'s CSV, with ports'"
complete -c sockeye -n "__fish_sockeye_needs_command" -l columns -d 'Columns and their order, by name or alias: pid,local,state' -r
complete -c sockeye -n "__fish_sockeye_needs_command" -l sort -d 'Columns to sort by, ~ or - in front for largest first: user,~sent.bytes' -r
complete -c sockeye -n "__fish_sockeye_needs_command" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb; CLICOLOR_FORCE elsewhere too'
always\t'Always'
never\t'Never'"
complete -c sockeye -n "__fish_sockeye_needs_command" -s a -l all -d 'Every TCP and UDP endpoint, listeners and unconnected ones too'
complete -c sockeye -n "__fish_sockeye_needs_command" -s l -l listening -d 'TCP listeners, and UDP endpoints without a remote'
complete -c sockeye -n "__fish_sockeye_needs_command" -s t -l tcp -d 'TCP; with -u both'
complete -c sockeye -n "__fish_sockeye_needs_command" -s u -l udp -d 'UDP; with -t both'
complete -c sockeye -n "__fish_sockeye_needs_command" -s 4 -l ipv4 -d 'IPv4, also when an IPv6 socket carries it'
complete -c sockeye -n "__fish_sockeye_needs_command" -s 6 -l ipv6 -d 'IPv6'
complete -c sockeye -n "__fish_sockeye_needs_command" -s c -l csv -d 'The same as --format csv'
complete -c sockeye -n "__fish_sockeye_needs_command" -s m -l metrics -d 'Measure: round-trip time, retransmits, bytes and packets of each TCP connection'
complete -c sockeye -n "__fish_sockeye_needs_command" -s r -l resolve -d 'Ask for the host names of addresses (reverse DNS)'
complete -c sockeye -n "__fish_sockeye_needs_command" -s n -l numeric -d 'Never ask for names; undoes --resolve'
complete -c sockeye -n "__fish_sockeye_needs_command" -s p -d 'Accepted for the sake of habits from ss and netstat: owners are always shown'
complete -c sockeye -n "__fish_sockeye_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c sockeye -n "__fish_sockeye_needs_command" -s V -l version -d 'Print version'
complete -c sockeye -n "__fish_sockeye_needs_command" -a "list" -d 'List endpoints; what sockeye does without a command'
complete -c sockeye -n "__fish_sockeye_needs_command" -a "close" -d 'Close TCP connections and connected UDP endpoints'
complete -c sockeye -n "__fish_sockeye_needs_command" -a "end" -d 'End the processes that hold endpoints'
complete -c sockeye -n "__fish_sockeye_needs_command" -a "doctor" -d 'Say what this user on this system can see, what not, why, and what mends it'
complete -c sockeye -n "__fish_sockeye_needs_command" -a "dump" -d 'Write the system\'s raw answers to a file, for bug reports and --replay'
complete -c sockeye -n "__fish_sockeye_needs_command" -a "columns" -d 'List every column: its names and what it means'
complete -c sockeye -n "__fish_sockeye_needs_command" -a "completions" -d 'Print the completions for a shell'
complete -c sockeye -n "__fish_sockeye_needs_command" -a "generate" -d 'Print a document that is generated from this program'
complete -c sockeye -n "__fish_sockeye_using_subcommand list" -l filter -d 'Only endpoints for which this holds; repeated: all must hold' -r
complete -c sockeye -n "__fish_sockeye_using_subcommand list" -l netns -d 'Network namespaces: self, all, that of a PID, or one named by ip netns' -r
complete -c sockeye -n "__fish_sockeye_using_subcommand list" -l replay -d 'Read a dump instead of this machine' -r -F
complete -c sockeye -n "__fish_sockeye_using_subcommand list" -s f -l format -d 'Output format' -r -f -a "text\t'Grouped by process, for people'
table\t'A header and one line an endpoint, for people and awk'
csv\t'Comma-separated values with a header of field names'
json\t'One array of nested objects'
jsonl\t'One nested object a line'
tcpvcon\t'TCPVCon\'s text, with ports'
tcpvcon-csv\t'TCPVCon\'s CSV, with ports'"
complete -c sockeye -n "__fish_sockeye_using_subcommand list" -l columns -d 'Columns and their order, by name or alias: pid,local,state' -r
complete -c sockeye -n "__fish_sockeye_using_subcommand list" -l sort -d 'Columns to sort by, ~ or - in front for largest first: user,~sent.bytes' -r
complete -c sockeye -n "__fish_sockeye_using_subcommand list" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb; CLICOLOR_FORCE elsewhere too'
always\t'Always'
never\t'Never'"
complete -c sockeye -n "__fish_sockeye_using_subcommand list" -s a -l all -d 'Every TCP and UDP endpoint, listeners and unconnected ones too'
complete -c sockeye -n "__fish_sockeye_using_subcommand list" -s l -l listening -d 'TCP listeners, and UDP endpoints without a remote'
complete -c sockeye -n "__fish_sockeye_using_subcommand list" -s t -l tcp -d 'TCP; with -u both'
complete -c sockeye -n "__fish_sockeye_using_subcommand list" -s u -l udp -d 'UDP; with -t both'
complete -c sockeye -n "__fish_sockeye_using_subcommand list" -s 4 -l ipv4 -d 'IPv4, also when an IPv6 socket carries it'
complete -c sockeye -n "__fish_sockeye_using_subcommand list" -s 6 -l ipv6 -d 'IPv6'
complete -c sockeye -n "__fish_sockeye_using_subcommand list" -s c -l csv -d 'The same as --format csv'
complete -c sockeye -n "__fish_sockeye_using_subcommand list" -s m -l metrics -d 'Measure: round-trip time, retransmits, bytes and packets of each TCP connection'
complete -c sockeye -n "__fish_sockeye_using_subcommand list" -s r -l resolve -d 'Ask for the host names of addresses (reverse DNS)'
complete -c sockeye -n "__fish_sockeye_using_subcommand list" -s n -l numeric -d 'Never ask for names; undoes --resolve'
complete -c sockeye -n "__fish_sockeye_using_subcommand list" -s p -d 'Accepted for the sake of habits from ss and netstat: owners are always shown'
complete -c sockeye -n "__fish_sockeye_using_subcommand list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c sockeye -n "__fish_sockeye_using_subcommand close" -l filter -d 'Only endpoints for which this holds; repeated: all must hold' -r
complete -c sockeye -n "__fish_sockeye_using_subcommand close" -l netns -d 'Network namespaces: self, all, that of a PID, or one named by ip netns' -r
complete -c sockeye -n "__fish_sockeye_using_subcommand close" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb; CLICOLOR_FORCE elsewhere too'
always\t'Always'
never\t'Never'"
complete -c sockeye -n "__fish_sockeye_using_subcommand close" -s y -l yes -d 'Do not ask; needed where standard input is no terminal'
complete -c sockeye -n "__fish_sockeye_using_subcommand close" -l dry-run -d 'Show what would be done, and do nothing'
complete -c sockeye -n "__fish_sockeye_using_subcommand close" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c sockeye -n "__fish_sockeye_using_subcommand end" -l filter -d 'Only endpoints for which this holds; repeated: all must hold' -r
complete -c sockeye -n "__fish_sockeye_using_subcommand end" -l netns -d 'Network namespaces: self, all, that of a PID, or one named by ip netns' -r
complete -c sockeye -n "__fish_sockeye_using_subcommand end" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb; CLICOLOR_FORCE elsewhere too'
always\t'Always'
never\t'Never'"
complete -c sockeye -n "__fish_sockeye_using_subcommand end" -l force -d 'Force what still runs two seconds after it was asked (SIGKILL): unsaved work is lost'
complete -c sockeye -n "__fish_sockeye_using_subcommand end" -s y -l yes -d 'Do not ask; needed where standard input is no terminal'
complete -c sockeye -n "__fish_sockeye_using_subcommand end" -l dry-run -d 'Show what would be done, and do nothing'
complete -c sockeye -n "__fish_sockeye_using_subcommand end" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c sockeye -n "__fish_sockeye_using_subcommand doctor" -s f -l format -d 'Output format' -r -f -a "text\t'For people'
json\t'One object'"
complete -c sockeye -n "__fish_sockeye_using_subcommand doctor" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb; CLICOLOR_FORCE elsewhere too'
always\t'Always'
never\t'Never'"
complete -c sockeye -n "__fish_sockeye_using_subcommand doctor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c sockeye -n "__fish_sockeye_using_subcommand dump" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb; CLICOLOR_FORCE elsewhere too'
always\t'Always'
never\t'Never'"
complete -c sockeye -n "__fish_sockeye_using_subcommand dump" -l anonymize -d 'Replace addresses, names and command lines, the same by the same'
complete -c sockeye -n "__fish_sockeye_using_subcommand dump" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c sockeye -n "__fish_sockeye_using_subcommand columns" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb; CLICOLOR_FORCE elsewhere too'
always\t'Always'
never\t'Never'"
complete -c sockeye -n "__fish_sockeye_using_subcommand columns" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c sockeye -n "__fish_sockeye_using_subcommand completions" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb; CLICOLOR_FORCE elsewhere too'
always\t'Always'
never\t'Never'"
complete -c sockeye -n "__fish_sockeye_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c sockeye -n "__fish_sockeye_using_subcommand generate; and not __fish_seen_subcommand_from man completions cli" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb; CLICOLOR_FORCE elsewhere too'
always\t'Always'
never\t'Never'"
complete -c sockeye -n "__fish_sockeye_using_subcommand generate; and not __fish_seen_subcommand_from man completions cli" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c sockeye -n "__fish_sockeye_using_subcommand generate; and not __fish_seen_subcommand_from man completions cli" -f -a "man" -d 'The man page'
complete -c sockeye -n "__fish_sockeye_using_subcommand generate; and not __fish_seen_subcommand_from man completions cli" -f -a "completions" -d 'The completions for a shell'
complete -c sockeye -n "__fish_sockeye_using_subcommand generate; and not __fish_seen_subcommand_from man completions cli" -f -a "cli" -d 'The reference of commands and options, in Markdown'
complete -c sockeye -n "__fish_sockeye_using_subcommand generate; and __fish_seen_subcommand_from man" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb; CLICOLOR_FORCE elsewhere too'
always\t'Always'
never\t'Never'"
complete -c sockeye -n "__fish_sockeye_using_subcommand generate; and __fish_seen_subcommand_from man" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c sockeye -n "__fish_sockeye_using_subcommand generate; and __fish_seen_subcommand_from completions" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb; CLICOLOR_FORCE elsewhere too'
always\t'Always'
never\t'Never'"
complete -c sockeye -n "__fish_sockeye_using_subcommand generate; and __fish_seen_subcommand_from completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c sockeye -n "__fish_sockeye_using_subcommand generate; and __fish_seen_subcommand_from cli" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb; CLICOLOR_FORCE elsewhere too'
always\t'Always'
never\t'Never'"
complete -c sockeye -n "__fish_sockeye_using_subcommand generate; and __fish_seen_subcommand_from cli" -s h -l help -d 'Print help (see more with \'--help\')'
