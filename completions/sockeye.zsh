#compdef sockeye

autoload -U is-at-least

_sockeye() {
    typeset -A opt_args
    typeset -a _arguments_options
    local ret=1

    if is-at-least 5.2; then
        _arguments_options=(-s -S -C)
    else
        _arguments_options=(-s -C)
    fi

    local context curcontext="$curcontext" state line
    _arguments "${_arguments_options[@]}" : \
'*--filter=[Only endpoints for which this holds; repeated\: all must hold]:EXPR:_default' \
'--netns=[Network namespaces\: self, all, that of a PID, or one named by ip netns]:WHICH:_default' \
'--replay=[Read a dump instead of this machine]:FILE:_files' \
'-f+[Output format]:FORMAT:((text\:"Grouped by process, for people"
table\:"A header and one line an endpoint, for people and awk"
csv\:"Comma-separated values with a header of field names"
json\:"One array of nested objects"
jsonl\:"One nested object a line"
tcpvcon\:"TCPVCon'\''s text, with ports"
tcpvcon-csv\:"TCPVCon'\''s CSV, with ports"))' \
'--format=[Output format]:FORMAT:((text\:"Grouped by process, for people"
table\:"A header and one line an endpoint, for people and awk"
csv\:"Comma-separated values with a header of field names"
json\:"One array of nested objects"
jsonl\:"One nested object a line"
tcpvcon\:"TCPVCon'\''s text, with ports"
tcpvcon-csv\:"TCPVCon'\''s CSV, with ports"))' \
'*--columns=[Columns and their order, by name or alias\: pid,local,state]:NAME,…:_default' \
'*--sort=[Columns to sort by, ~ or - in front for largest first\: user,~sent.bytes]:NAME,…:_default' \
'--color=[When to colour]:WHEN:((auto\:"On a terminal, unless NO_COLOR is set or TERM is dumb; CLICOLOR_FORCE elsewhere too"
always\:"Always"
never\:"Never"))' \
'-a[Every TCP and UDP endpoint, listeners and unconnected ones too]' \
'--all[Every TCP and UDP endpoint, listeners and unconnected ones too]' \
'-l[TCP listeners, and UDP endpoints without a remote]' \
'--listening[TCP listeners, and UDP endpoints without a remote]' \
'-t[TCP; with -u both]' \
'--tcp[TCP; with -u both]' \
'-u[UDP; with -t both]' \
'--udp[UDP; with -t both]' \
'-4[IPv4, also when an IPv6 socket carries it]' \
'--ipv4[IPv4, also when an IPv6 socket carries it]' \
'-6[IPv6]' \
'--ipv6[IPv6]' \
'(-f --format)-c[The same as --format csv]' \
'(-f --format)--csv[The same as --format csv]' \
'-m[Measure\: round-trip time, retransmits, bytes and packets of each TCP connection]' \
'--metrics[Measure\: round-trip time, retransmits, bytes and packets of each TCP connection]' \
'-r[Ask for the host names of addresses (reverse DNS)]' \
'--resolve[Ask for the host names of addresses (reverse DNS)]' \
'-n[Never ask for names; undoes --resolve]' \
'--numeric[Never ask for names; undoes --resolve]' \
'-p[Accepted for the sake of habits from ss and netstat\: owners are always shown]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'-V[Print version]' \
'--version[Print version]' \
'::words -- Only these processes\: name, with * and ?, or PID; several\: any of them:_default' \
":: :_sockeye_commands" \
"*::: :->sockeye" \
&& ret=0
    case $state in
    (sockeye)
        words=($line[2] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:sockeye-command-$line[2]:"
        case $line[2] in
            (list)
_arguments "${_arguments_options[@]}" : \
'*--filter=[Only endpoints for which this holds; repeated\: all must hold]:EXPR:_default' \
'--netns=[Network namespaces\: self, all, that of a PID, or one named by ip netns]:WHICH:_default' \
'--replay=[Read a dump instead of this machine]:FILE:_files' \
'-f+[Output format]:FORMAT:((text\:"Grouped by process, for people"
table\:"A header and one line an endpoint, for people and awk"
csv\:"Comma-separated values with a header of field names"
json\:"One array of nested objects"
jsonl\:"One nested object a line"
tcpvcon\:"TCPVCon'\''s text, with ports"
tcpvcon-csv\:"TCPVCon'\''s CSV, with ports"))' \
'--format=[Output format]:FORMAT:((text\:"Grouped by process, for people"
table\:"A header and one line an endpoint, for people and awk"
csv\:"Comma-separated values with a header of field names"
json\:"One array of nested objects"
jsonl\:"One nested object a line"
tcpvcon\:"TCPVCon'\''s text, with ports"
tcpvcon-csv\:"TCPVCon'\''s CSV, with ports"))' \
'*--columns=[Columns and their order, by name or alias\: pid,local,state]:NAME,…:_default' \
'*--sort=[Columns to sort by, ~ or - in front for largest first\: user,~sent.bytes]:NAME,…:_default' \
'--color=[When to colour]:WHEN:((auto\:"On a terminal, unless NO_COLOR is set or TERM is dumb; CLICOLOR_FORCE elsewhere too"
always\:"Always"
never\:"Never"))' \
'-a[Every TCP and UDP endpoint, listeners and unconnected ones too]' \
'--all[Every TCP and UDP endpoint, listeners and unconnected ones too]' \
'-l[TCP listeners, and UDP endpoints without a remote]' \
'--listening[TCP listeners, and UDP endpoints without a remote]' \
'-t[TCP; with -u both]' \
'--tcp[TCP; with -u both]' \
'-u[UDP; with -t both]' \
'--udp[UDP; with -t both]' \
'-4[IPv4, also when an IPv6 socket carries it]' \
'--ipv4[IPv4, also when an IPv6 socket carries it]' \
'-6[IPv6]' \
'--ipv6[IPv6]' \
'(-f --format)-c[The same as --format csv]' \
'(-f --format)--csv[The same as --format csv]' \
'-m[Measure\: round-trip time, retransmits, bytes and packets of each TCP connection]' \
'--metrics[Measure\: round-trip time, retransmits, bytes and packets of each TCP connection]' \
'-r[Ask for the host names of addresses (reverse DNS)]' \
'--resolve[Ask for the host names of addresses (reverse DNS)]' \
'-n[Never ask for names; undoes --resolve]' \
'--numeric[Never ask for names; undoes --resolve]' \
'-p[Accepted for the sake of habits from ss and netstat\: owners are always shown]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'*::words -- Only these processes\: name, with * and ?, or PID; several\: any of them:_default' \
&& ret=0
;;
(close)
_arguments "${_arguments_options[@]}" : \
'*--filter=[Only endpoints for which this holds; repeated\: all must hold]:EXPR:_default' \
'--netns=[Network namespaces\: self, all, that of a PID, or one named by ip netns]:WHICH:_default' \
'--color=[When to colour]:WHEN:((auto\:"On a terminal, unless NO_COLOR is set or TERM is dumb; CLICOLOR_FORCE elsewhere too"
always\:"Always"
never\:"Never"))' \
'-y[Do not ask; needed where standard input is no terminal]' \
'--yes[Do not ask; needed where standard input is no terminal]' \
'(-y --yes)--dry-run[Show what would be done, and do nothing]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'*::words -- Only these processes\: name, with * and ?, or PID; several\: any of them:_default' \
&& ret=0
;;
(end)
_arguments "${_arguments_options[@]}" : \
'*--filter=[Only endpoints for which this holds; repeated\: all must hold]:EXPR:_default' \
'--netns=[Network namespaces\: self, all, that of a PID, or one named by ip netns]:WHICH:_default' \
'--color=[When to colour]:WHEN:((auto\:"On a terminal, unless NO_COLOR is set or TERM is dumb; CLICOLOR_FORCE elsewhere too"
always\:"Always"
never\:"Never"))' \
'--force[Force what still runs two seconds after it was asked (SIGKILL)\: unsaved work is lost]' \
'-y[Do not ask; needed where standard input is no terminal]' \
'--yes[Do not ask; needed where standard input is no terminal]' \
'(-y --yes)--dry-run[Show what would be done, and do nothing]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'*::words -- Only these processes\: name, with * and ?, or PID; several\: any of them:_default' \
&& ret=0
;;
(doctor)
_arguments "${_arguments_options[@]}" : \
'-f+[Output format]:FORMAT:((text\:"For people"
json\:"One object"))' \
'--format=[Output format]:FORMAT:((text\:"For people"
json\:"One object"))' \
'--color=[When to colour]:WHEN:((auto\:"On a terminal, unless NO_COLOR is set or TERM is dumb; CLICOLOR_FORCE elsewhere too"
always\:"Always"
never\:"Never"))' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
&& ret=0
;;
(dump)
_arguments "${_arguments_options[@]}" : \
'--color=[When to colour]:WHEN:((auto\:"On a terminal, unless NO_COLOR is set or TERM is dumb; CLICOLOR_FORCE elsewhere too"
always\:"Always"
never\:"Never"))' \
'--anonymize[Replace addresses, names and command lines, the same by the same]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':file -- Where to write, - for standard output; an existing file is not overwritten:_files' \
&& ret=0
;;
(columns)
_arguments "${_arguments_options[@]}" : \
'--color=[When to colour]:WHEN:((auto\:"On a terminal, unless NO_COLOR is set or TERM is dumb; CLICOLOR_FORCE elsewhere too"
always\:"Always"
never\:"Never"))' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
&& ret=0
;;
(completions)
_arguments "${_arguments_options[@]}" : \
'--color=[When to colour]:WHEN:((auto\:"On a terminal, unless NO_COLOR is set or TERM is dumb; CLICOLOR_FORCE elsewhere too"
always\:"Always"
never\:"Never"))' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':shell -- Which shell:(bash elvish fish powershell zsh)' \
&& ret=0
;;
(generate)
_arguments "${_arguments_options[@]}" : \
'--color=[When to colour]:WHEN:((auto\:"On a terminal, unless NO_COLOR is set or TERM is dumb; CLICOLOR_FORCE elsewhere too"
always\:"Always"
never\:"Never"))' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
":: :_sockeye__subcmd__generate_commands" \
"*::: :->generate" \
&& ret=0

    case $state in
    (generate)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:sockeye-generate-command-$line[1]:"
        case $line[1] in
            (man)
_arguments "${_arguments_options[@]}" : \
'--color=[When to colour]:WHEN:((auto\:"On a terminal, unless NO_COLOR is set or TERM is dumb; CLICOLOR_FORCE elsewhere too"
always\:"Always"
never\:"Never"))' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
&& ret=0
;;
(completions)
_arguments "${_arguments_options[@]}" : \
'--color=[When to colour]:WHEN:((auto\:"On a terminal, unless NO_COLOR is set or TERM is dumb; CLICOLOR_FORCE elsewhere too"
always\:"Always"
never\:"Never"))' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':shell -- Which shell:(bash elvish fish powershell zsh)' \
&& ret=0
;;
(cli)
_arguments "${_arguments_options[@]}" : \
'--color=[When to colour]:WHEN:((auto\:"On a terminal, unless NO_COLOR is set or TERM is dumb; CLICOLOR_FORCE elsewhere too"
always\:"Always"
never\:"Never"))' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
&& ret=0
;;
        esac
    ;;
esac
;;
        esac
    ;;
esac
}

(( $+functions[_sockeye_commands] )) ||
_sockeye_commands() {
    local commands; commands=(
'list:List endpoints; what sockeye does without a command' \
'close:Close TCP connections and connected UDP endpoints' \
'end:End the processes that hold endpoints' \
'doctor:Say what this user on this system can see, what not, why, and what mends it' \
'dump:Write the system'\''s raw answers to a file, for bug reports and --replay' \
'columns:List every column\: its names and what it means' \
'completions:Print the completions for a shell' \
'generate:Print a document that is generated from this program' \
    )
    _describe -t commands 'sockeye commands' commands "$@"
}
(( $+functions[_sockeye__subcmd__close_commands] )) ||
_sockeye__subcmd__close_commands() {
    local commands; commands=()
    _describe -t commands 'sockeye close commands' commands "$@"
}
(( $+functions[_sockeye__subcmd__columns_commands] )) ||
_sockeye__subcmd__columns_commands() {
    local commands; commands=()
    _describe -t commands 'sockeye columns commands' commands "$@"
}
(( $+functions[_sockeye__subcmd__completions_commands] )) ||
_sockeye__subcmd__completions_commands() {
    local commands; commands=()
    _describe -t commands 'sockeye completions commands' commands "$@"
}
(( $+functions[_sockeye__subcmd__doctor_commands] )) ||
_sockeye__subcmd__doctor_commands() {
    local commands; commands=()
    _describe -t commands 'sockeye doctor commands' commands "$@"
}
(( $+functions[_sockeye__subcmd__dump_commands] )) ||
_sockeye__subcmd__dump_commands() {
    local commands; commands=()
    _describe -t commands 'sockeye dump commands' commands "$@"
}
(( $+functions[_sockeye__subcmd__end_commands] )) ||
_sockeye__subcmd__end_commands() {
    local commands; commands=()
    _describe -t commands 'sockeye end commands' commands "$@"
}
(( $+functions[_sockeye__subcmd__generate_commands] )) ||
_sockeye__subcmd__generate_commands() {
    local commands; commands=(
'man:The man page' \
'completions:The completions for a shell' \
'cli:The reference of commands and options, in Markdown' \
    )
    _describe -t commands 'sockeye generate commands' commands "$@"
}
(( $+functions[_sockeye__subcmd__generate__subcmd__cli_commands] )) ||
_sockeye__subcmd__generate__subcmd__cli_commands() {
    local commands; commands=()
    _describe -t commands 'sockeye generate cli commands' commands "$@"
}
(( $+functions[_sockeye__subcmd__generate__subcmd__completions_commands] )) ||
_sockeye__subcmd__generate__subcmd__completions_commands() {
    local commands; commands=()
    _describe -t commands 'sockeye generate completions commands' commands "$@"
}
(( $+functions[_sockeye__subcmd__generate__subcmd__man_commands] )) ||
_sockeye__subcmd__generate__subcmd__man_commands() {
    local commands; commands=()
    _describe -t commands 'sockeye generate man commands' commands "$@"
}
(( $+functions[_sockeye__subcmd__list_commands] )) ||
_sockeye__subcmd__list_commands() {
    local commands; commands=()
    _describe -t commands 'sockeye list commands' commands "$@"
}

if [ "$funcstack[1]" = "_sockeye" ]; then
    _sockeye "$@"
else
    compdef _sockeye sockeye
fi
