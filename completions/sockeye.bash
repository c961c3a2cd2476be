_sockeye() {
    local i cur prev opts cmd
    COMPREPLY=()
    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
        cur="$2"
    else
        cur="${COMP_WORDS[COMP_CWORD]}"
    fi
    prev="$3"
    cmd=""
    opts=""

    for i in "${COMP_WORDS[@]:0:COMP_CWORD}"
    do
        case "${cmd},${i}" in
            ",$1")
                cmd="sockeye"
                ;;
            sockeye,close)
                cmd="sockeye__subcmd__close"
                ;;
            sockeye,columns)
                cmd="sockeye__subcmd__columns"
                ;;
            sockeye,completions)
                cmd="sockeye__subcmd__completions"
                ;;
            sockeye,doctor)
                cmd="sockeye__subcmd__doctor"
                ;;
            sockeye,dump)
                cmd="sockeye__subcmd__dump"
                ;;
            sockeye,end)
                cmd="sockeye__subcmd__end"
                ;;
            sockeye,help)
                cmd="sockeye__subcmd__help"
                ;;
            sockeye,inspect)
                cmd="sockeye__subcmd__inspect"
                ;;
            sockeye,list)
                cmd="sockeye__subcmd__list"
                ;;
            sockeye,watch)
                cmd="sockeye__subcmd__watch"
                ;;
            sockeye,whois)
                cmd="sockeye__subcmd__whois"
                ;;
            sockeye__subcmd__help,close)
                cmd="sockeye__subcmd__help__subcmd__close"
                ;;
            sockeye__subcmd__help,columns)
                cmd="sockeye__subcmd__help__subcmd__columns"
                ;;
            sockeye__subcmd__help,completions)
                cmd="sockeye__subcmd__help__subcmd__completions"
                ;;
            sockeye__subcmd__help,doctor)
                cmd="sockeye__subcmd__help__subcmd__doctor"
                ;;
            sockeye__subcmd__help,dump)
                cmd="sockeye__subcmd__help__subcmd__dump"
                ;;
            sockeye__subcmd__help,end)
                cmd="sockeye__subcmd__help__subcmd__end"
                ;;
            sockeye__subcmd__help,help)
                cmd="sockeye__subcmd__help__subcmd__help"
                ;;
            sockeye__subcmd__help,inspect)
                cmd="sockeye__subcmd__help__subcmd__inspect"
                ;;
            sockeye__subcmd__help,list)
                cmd="sockeye__subcmd__help__subcmd__list"
                ;;
            sockeye__subcmd__help,watch)
                cmd="sockeye__subcmd__help__subcmd__watch"
                ;;
            sockeye__subcmd__help,whois)
                cmd="sockeye__subcmd__help__subcmd__whois"
                ;;
            *)
                ;;
        esac
    done

    case "${cmd}" in
        sockeye)
            opts="-a -l -t -u -4 -6 -f -c -m -r -n -h -V --all --listening --tcp --udp --ipv4 --ipv6 --filter --netns --source --replay --format --csv --columns --sort --metrics --resolve --numeric --numeric-ports --dns --geo --color --help --version list watch inspect whois close end doctor dump columns completions help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 1 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --filter)
                    COMPREPLY=("${cur}")
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o nospace
                    fi
                    return 0
                    ;;
                --netns)
                    COMPREPLY=("${cur}")
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o nospace
                    fi
                    return 0
                    ;;
                --source)
                    COMPREPLY=($(compgen -W "auto ebpf netlink proc etw iphlpapi" -- "${cur}"))
                    return 0
                    ;;
                --replay)
                    local oldifs
                    if [ -n "${IFS+x}" ]; then
                        oldifs="$IFS"
                    fi
                    IFS=$'\n'
                    COMPREPLY=($(compgen -f "${cur}"))
                    if [ -n "${oldifs+x}" ]; then
                        IFS="$oldifs"
                    fi
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o filenames
                    fi
                    return 0
                    ;;
                --format)
                    COMPREPLY=($(compgen -W "text table csv json jsonl html tcpvcon tcpvcon-csv" -- "${cur}"))
                    return 0
                    ;;
                -f)
                    COMPREPLY=($(compgen -W "text table csv json jsonl html tcpvcon tcpvcon-csv" -- "${cur}"))
                    return 0
                    ;;
                --columns)
                    COMPREPLY=($(compgen -W "time event.action action event.start event.end event.duration duration event.reason reason event.lost network.transport transport proto network.protocol.name port.name protocol network.type family network.connection.state state network.direction direction local network.local.address local.address network.local.port local.port network.local.name local.name remote peer network.peer.address remote.address peer.address network.peer.port remote.port peer.port network.peer.name remote.name peer.name network.peer.country country network.peer.as.number asn network.peer.as.name as network.interface.name interface network.namespace.id netns.id network.namespace.name netns sent.bytes received.bytes sent.packets received.packets sent.messages received.messages counters.since tcp.rtt_us rtt tcp.retransmits retransmits tcp.queue.send send-q tcp.queue.receive recv-q tcp.backlog.used backlog tcp.backlog.limit udp.queue.send udp.queue.receive process.pid pid process.parent_pid ppid process.creation.time started process.executable.name process name process.executable.path path process.command_line command process.script script process.package.name package process.package.version process.package.vendor vendor process.package.description description process.user.id uid process.user.name user process.fd fd process.owners owners process.missing missing service.name service unit service.socket container.runtime runtime container.runtime.name container.id cid container.name container k8s.pod.uid pod process.linux.cgroup cgroup socket.inode inode socket.cookie cookie socket.created created socket.pid made-by observer.source source" -- "${cur}"))
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o nospace
                    fi
                    return 0
                    ;;
                --sort)
                    COMPREPLY=($(compgen -W "time event.action action event.start event.end event.duration duration event.reason reason event.lost network.transport transport proto network.protocol.name port.name protocol network.type family network.connection.state state network.direction direction local network.local.address local.address network.local.port local.port network.local.name local.name remote peer network.peer.address remote.address peer.address network.peer.port remote.port peer.port network.peer.name remote.name peer.name network.peer.country country network.peer.as.number asn network.peer.as.name as network.interface.name interface network.namespace.id netns.id network.namespace.name netns sent.bytes received.bytes sent.packets received.packets sent.messages received.messages counters.since tcp.rtt_us rtt tcp.retransmits retransmits tcp.queue.send send-q tcp.queue.receive recv-q tcp.backlog.used backlog tcp.backlog.limit udp.queue.send udp.queue.receive process.pid pid process.parent_pid ppid process.creation.time started process.executable.name process name process.executable.path path process.command_line command process.script script process.package.name package process.package.version process.package.vendor vendor process.package.description description process.user.id uid process.user.name user process.fd fd process.owners owners process.missing missing service.name service unit service.socket container.runtime runtime container.runtime.name container.id cid container.name container k8s.pod.uid pod process.linux.cgroup cgroup socket.inode inode socket.cookie cookie socket.created created socket.pid made-by observer.source source" -- "${cur}"))
                    return 0
                    ;;
                --dns)
                    COMPREPLY=("${cur}")
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o nospace
                    fi
                    return 0
                    ;;
                --geo)
                    local oldifs
                    if [ -n "${IFS+x}" ]; then
                        oldifs="$IFS"
                    fi
                    IFS=$'\n'
                    COMPREPLY=($(compgen -f "${cur}"))
                    if [ -n "${oldifs+x}" ]; then
                        IFS="$oldifs"
                    fi
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o filenames
                    fi
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        sockeye__subcmd__close)
            opts="-y -h --filter --netns --source --dns --geo --yes --dry-run --color --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --filter)
                    COMPREPLY=("${cur}")
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o nospace
                    fi
                    return 0
                    ;;
                --netns)
                    COMPREPLY=("${cur}")
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o nospace
                    fi
                    return 0
                    ;;
                --source)
                    COMPREPLY=($(compgen -W "auto ebpf netlink proc etw iphlpapi" -- "${cur}"))
                    return 0
                    ;;
                --dns)
                    COMPREPLY=("${cur}")
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o nospace
                    fi
                    return 0
                    ;;
                --geo)
                    local oldifs
                    if [ -n "${IFS+x}" ]; then
                        oldifs="$IFS"
                    fi
                    IFS=$'\n'
                    COMPREPLY=($(compgen -f "${cur}"))
                    if [ -n "${oldifs+x}" ]; then
                        IFS="$oldifs"
                    fi
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o filenames
                    fi
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        sockeye__subcmd__columns)
            opts="-h --color --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        sockeye__subcmd__completions)
            opts="-h --color --help bash elvish fish powershell zsh"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        sockeye__subcmd__doctor)
            opts="-f -h --format --color --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --format)
                    COMPREPLY=($(compgen -W "text json" -- "${cur}"))
                    return 0
                    ;;
                -f)
                    COMPREPLY=($(compgen -W "text json" -- "${cur}"))
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        sockeye__subcmd__dump)
            opts="-h --anonymize --source --color --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --source)
                    COMPREPLY=($(compgen -W "auto ebpf netlink proc etw iphlpapi" -- "${cur}"))
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        sockeye__subcmd__end)
            opts="-y -h --filter --netns --source --dns --geo --force --yes --dry-run --color --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --filter)
                    COMPREPLY=("${cur}")
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o nospace
                    fi
                    return 0
                    ;;
                --netns)
                    COMPREPLY=("${cur}")
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o nospace
                    fi
                    return 0
                    ;;
                --source)
                    COMPREPLY=($(compgen -W "auto ebpf netlink proc etw iphlpapi" -- "${cur}"))
                    return 0
                    ;;
                --dns)
                    COMPREPLY=("${cur}")
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o nospace
                    fi
                    return 0
                    ;;
                --geo)
                    local oldifs
                    if [ -n "${IFS+x}" ]; then
                        oldifs="$IFS"
                    fi
                    IFS=$'\n'
                    COMPREPLY=($(compgen -f "${cur}"))
                    if [ -n "${oldifs+x}" ]; then
                        IFS="$oldifs"
                    fi
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o filenames
                    fi
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        sockeye__subcmd__help)
            opts="list watch inspect whois close end doctor dump columns completions help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        sockeye__subcmd__help__subcmd__close)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        sockeye__subcmd__help__subcmd__columns)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        sockeye__subcmd__help__subcmd__completions)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        sockeye__subcmd__help__subcmd__doctor)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        sockeye__subcmd__help__subcmd__dump)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        sockeye__subcmd__help__subcmd__end)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        sockeye__subcmd__help__subcmd__help)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        sockeye__subcmd__help__subcmd__inspect)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        sockeye__subcmd__help__subcmd__list)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        sockeye__subcmd__help__subcmd__watch)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        sockeye__subcmd__help__subcmd__whois)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        sockeye__subcmd__inspect)
            opts="-f -r -n -h --filter --netns --source --format --resolve --numeric --numeric-ports --dns --geo --color --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --filter)
                    COMPREPLY=("${cur}")
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o nospace
                    fi
                    return 0
                    ;;
                --netns)
                    COMPREPLY=("${cur}")
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o nospace
                    fi
                    return 0
                    ;;
                --source)
                    COMPREPLY=($(compgen -W "auto ebpf netlink proc etw iphlpapi" -- "${cur}"))
                    return 0
                    ;;
                --format)
                    COMPREPLY=($(compgen -W "text json jsonl" -- "${cur}"))
                    return 0
                    ;;
                -f)
                    COMPREPLY=($(compgen -W "text json jsonl" -- "${cur}"))
                    return 0
                    ;;
                --dns)
                    COMPREPLY=("${cur}")
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o nospace
                    fi
                    return 0
                    ;;
                --geo)
                    local oldifs
                    if [ -n "${IFS+x}" ]; then
                        oldifs="$IFS"
                    fi
                    IFS=$'\n'
                    COMPREPLY=($(compgen -f "${cur}"))
                    if [ -n "${oldifs+x}" ]; then
                        IFS="$oldifs"
                    fi
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o filenames
                    fi
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        sockeye__subcmd__list)
            opts="-a -l -t -u -4 -6 -f -c -m -r -n -h --all --listening --tcp --udp --ipv4 --ipv6 --filter --netns --source --replay --format --csv --columns --sort --metrics --resolve --numeric --numeric-ports --dns --geo --color --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --filter)
                    COMPREPLY=("${cur}")
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o nospace
                    fi
                    return 0
                    ;;
                --netns)
                    COMPREPLY=("${cur}")
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o nospace
                    fi
                    return 0
                    ;;
                --source)
                    COMPREPLY=($(compgen -W "auto ebpf netlink proc etw iphlpapi" -- "${cur}"))
                    return 0
                    ;;
                --replay)
                    local oldifs
                    if [ -n "${IFS+x}" ]; then
                        oldifs="$IFS"
                    fi
                    IFS=$'\n'
                    COMPREPLY=($(compgen -f "${cur}"))
                    if [ -n "${oldifs+x}" ]; then
                        IFS="$oldifs"
                    fi
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o filenames
                    fi
                    return 0
                    ;;
                --format)
                    COMPREPLY=($(compgen -W "text table csv json jsonl html tcpvcon tcpvcon-csv" -- "${cur}"))
                    return 0
                    ;;
                -f)
                    COMPREPLY=($(compgen -W "text table csv json jsonl html tcpvcon tcpvcon-csv" -- "${cur}"))
                    return 0
                    ;;
                --columns)
                    COMPREPLY=($(compgen -W "time event.action action event.start event.end event.duration duration event.reason reason event.lost network.transport transport proto network.protocol.name port.name protocol network.type family network.connection.state state network.direction direction local network.local.address local.address network.local.port local.port network.local.name local.name remote peer network.peer.address remote.address peer.address network.peer.port remote.port peer.port network.peer.name remote.name peer.name network.peer.country country network.peer.as.number asn network.peer.as.name as network.interface.name interface network.namespace.id netns.id network.namespace.name netns sent.bytes received.bytes sent.packets received.packets sent.messages received.messages counters.since tcp.rtt_us rtt tcp.retransmits retransmits tcp.queue.send send-q tcp.queue.receive recv-q tcp.backlog.used backlog tcp.backlog.limit udp.queue.send udp.queue.receive process.pid pid process.parent_pid ppid process.creation.time started process.executable.name process name process.executable.path path process.command_line command process.script script process.package.name package process.package.version process.package.vendor vendor process.package.description description process.user.id uid process.user.name user process.fd fd process.owners owners process.missing missing service.name service unit service.socket container.runtime runtime container.runtime.name container.id cid container.name container k8s.pod.uid pod process.linux.cgroup cgroup socket.inode inode socket.cookie cookie socket.created created socket.pid made-by observer.source source" -- "${cur}"))
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o nospace
                    fi
                    return 0
                    ;;
                --sort)
                    COMPREPLY=($(compgen -W "time event.action action event.start event.end event.duration duration event.reason reason event.lost network.transport transport proto network.protocol.name port.name protocol network.type family network.connection.state state network.direction direction local network.local.address local.address network.local.port local.port network.local.name local.name remote peer network.peer.address remote.address peer.address network.peer.port remote.port peer.port network.peer.name remote.name peer.name network.peer.country country network.peer.as.number asn network.peer.as.name as network.interface.name interface network.namespace.id netns.id network.namespace.name netns sent.bytes received.bytes sent.packets received.packets sent.messages received.messages counters.since tcp.rtt_us rtt tcp.retransmits retransmits tcp.queue.send send-q tcp.queue.receive recv-q tcp.backlog.used backlog tcp.backlog.limit udp.queue.send udp.queue.receive process.pid pid process.parent_pid ppid process.creation.time started process.executable.name process name process.executable.path path process.command_line command process.script script process.package.name package process.package.version process.package.vendor vendor process.package.description description process.user.id uid process.user.name user process.fd fd process.owners owners process.missing missing service.name service unit service.socket container.runtime runtime container.runtime.name container.id cid container.name container k8s.pod.uid pod process.linux.cgroup cgroup socket.inode inode socket.cookie cookie socket.created created socket.pid made-by observer.source source" -- "${cur}"))
                    return 0
                    ;;
                --dns)
                    COMPREPLY=("${cur}")
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o nospace
                    fi
                    return 0
                    ;;
                --geo)
                    local oldifs
                    if [ -n "${IFS+x}" ]; then
                        oldifs="$IFS"
                    fi
                    IFS=$'\n'
                    COMPREPLY=($(compgen -f "${cur}"))
                    if [ -n "${oldifs+x}" ]; then
                        IFS="$oldifs"
                    fi
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o filenames
                    fi
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        sockeye__subcmd__watch)
            opts="-a -l -t -u -4 -6 -f -c -r -n -h --all --listening --tcp --udp --ipv4 --ipv6 --filter --netns --source --initial --for --count --interval --format --csv --columns --resolve --numeric --numeric-ports --dns --geo --color --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --filter)
                    COMPREPLY=("${cur}")
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o nospace
                    fi
                    return 0
                    ;;
                --netns)
                    COMPREPLY=("${cur}")
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o nospace
                    fi
                    return 0
                    ;;
                --source)
                    COMPREPLY=($(compgen -W "auto ebpf netlink proc etw iphlpapi" -- "${cur}"))
                    return 0
                    ;;
                --for)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --count)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --interval)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --format)
                    COMPREPLY=($(compgen -W "text csv jsonl" -- "${cur}"))
                    return 0
                    ;;
                -f)
                    COMPREPLY=($(compgen -W "text csv jsonl" -- "${cur}"))
                    return 0
                    ;;
                --columns)
                    COMPREPLY=($(compgen -W "time event.action action event.start event.end event.duration duration event.reason reason event.lost network.transport transport proto network.protocol.name port.name protocol network.type family network.connection.state state network.direction direction local network.local.address local.address network.local.port local.port network.local.name local.name remote peer network.peer.address remote.address peer.address network.peer.port remote.port peer.port network.peer.name remote.name peer.name network.peer.country country network.peer.as.number asn network.peer.as.name as network.interface.name interface network.namespace.id netns.id network.namespace.name netns sent.bytes received.bytes sent.packets received.packets sent.messages received.messages counters.since tcp.rtt_us rtt tcp.retransmits retransmits tcp.queue.send send-q tcp.queue.receive recv-q tcp.backlog.used backlog tcp.backlog.limit udp.queue.send udp.queue.receive process.pid pid process.parent_pid ppid process.creation.time started process.executable.name process name process.executable.path path process.command_line command process.script script process.package.name package process.package.version process.package.vendor vendor process.package.description description process.user.id uid process.user.name user process.fd fd process.owners owners process.missing missing service.name service unit service.socket container.runtime runtime container.runtime.name container.id cid container.name container k8s.pod.uid pod process.linux.cgroup cgroup socket.inode inode socket.cookie cookie socket.created created socket.pid made-by observer.source source" -- "${cur}"))
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o nospace
                    fi
                    return 0
                    ;;
                --dns)
                    COMPREPLY=("${cur}")
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o nospace
                    fi
                    return 0
                    ;;
                --geo)
                    local oldifs
                    if [ -n "${IFS+x}" ]; then
                        oldifs="$IFS"
                    fi
                    IFS=$'\n'
                    COMPREPLY=($(compgen -f "${cur}"))
                    if [ -n "${oldifs+x}" ]; then
                        IFS="$oldifs"
                    fi
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o filenames
                    fi
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        sockeye__subcmd__whois)
            opts="-y -f -h --server --yes --format --color --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --server)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --format)
                    COMPREPLY=($(compgen -W "text json" -- "${cur}"))
                    return 0
                    ;;
                -f)
                    COMPREPLY=($(compgen -W "text json" -- "${cur}"))
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
    esac
}

if [[ "${BASH_VERSINFO[0]}" -eq 4 && "${BASH_VERSINFO[1]}" -ge 4 || "${BASH_VERSINFO[0]}" -gt 4 ]]; then
    complete -F _sockeye -o nosort -o bashdefault -o default sockeye
else
    complete -F _sockeye -o bashdefault -o default sockeye
fi
