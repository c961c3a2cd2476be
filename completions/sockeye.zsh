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
'*--filter=[Only endpoints for which this holds; repeated\: all must hold]:EXPR:' \
'--netns=[Network namespaces\: self, all, that of a PID, or one named by ip netns]:WHICH:' \
'--source=[What to observe with]:SOURCE:((auto\:"The quickest that permission and system allow for the task"
ebpf\:"Programs in the kernel\: lists by its iterators, events as they happen"
netlink\:"sock_diag, with owners from /proc; watching is looking again and again"
proc\:"The tables in /proc/net alone\: fewer facts, on any kernel"
etw\:"Windows\: tables, and events of a tracing session, which takes an administrator"
iphlpapi\:"Windows\: tables alone; watching is looking again and again"))' \
'(-r --resolve --dns --source)--replay=[Read a dump instead of this machine; - for standard input]:FILE:_files' \
'-f+[Output format]:FORMAT:((text\:"Grouped by process, for people"
table\:"A header and one line an endpoint, for people and awk"
csv\:"Comma-separated values with a header of field names"
json\:"One array of nested objects"
jsonl\:"One nested object a line"
html\:"A page with a table, for browsers and spreadsheets"
tcpvcon\:"TCPVCon'\''s text, with ports"
tcpvcon-csv\:"TCPVCon'\''s CSV, with ports"))' \
'--format=[Output format]:FORMAT:((text\:"Grouped by process, for people"
table\:"A header and one line an endpoint, for people and awk"
csv\:"Comma-separated values with a header of field names"
json\:"One array of nested objects"
jsonl\:"One nested object a line"
html\:"A page with a table, for browsers and spreadsheets"
tcpvcon\:"TCPVCon'\''s text, with ports"
tcpvcon-csv\:"TCPVCon'\''s CSV, with ports"))' \
'*--columns=[Columns and their order, by name or alias\: pid,local,state]:NAME,…:((time\:"Observed"
event.action\:"Action"
action\:"Action"
event.start\:"Start"
event.end\:"End"
event.duration\:"Duration"
duration\:"Duration"
event.reason\:"Reason"
reason\:"Reason"
event.lost\:"Lost"
network.transport\:"Proto"
transport\:"Proto"
proto\:"Proto"
network.protocol.name\:"Port name"
port.name\:"Port name"
protocol\:"Port name"
network.type\:"Family"
family\:"Family"
network.connection.state\:"State"
state\:"State"
network.direction\:"Direction"
direction\:"Direction"
local\:"Local"
network.local.address\:"Local address"
local.address\:"Local address"
network.local.port\:"Local port"
local.port\:"Local port"
network.local.name\:"Local name"
local.name\:"Local name"
remote\:"Remote"
peer\:"Remote"
network.peer.address\:"Remote address"
remote.address\:"Remote address"
peer.address\:"Remote address"
network.peer.port\:"Remote port"
remote.port\:"Remote port"
peer.port\:"Remote port"
network.peer.name\:"Remote name"
remote.name\:"Remote name"
peer.name\:"Remote name"
network.peer.country\:"Country"
country\:"Country"
network.peer.as.number\:"AS"
asn\:"AS"
network.peer.as.name\:"AS name"
as\:"AS name"
network.interface.name\:"Interface"
interface\:"Interface"
network.namespace.id\:"Namespace id"
netns.id\:"Namespace id"
network.namespace.name\:"Namespace"
netns\:"Namespace"
sent.bytes\:"Sent bytes"
received.bytes\:"Received bytes"
sent.packets\:"Sent packets"
received.packets\:"Received packets"
sent.messages\:"Sent messages"
received.messages\:"Received messages"
counters.since\:"Counted since"
tcp.rtt_us\:"RTT"
rtt\:"RTT"
tcp.retransmits\:"Retransmits"
retransmits\:"Retransmits"
tcp.queue.send\:"Send queue"
send-q\:"Send queue"
tcp.queue.receive\:"Receive queue"
recv-q\:"Receive queue"
tcp.backlog.used\:"Backlog"
backlog\:"Backlog"
tcp.backlog.limit\:"Backlog limit"
udp.queue.send\:"UDP send queue"
udp.queue.receive\:"UDP receive queue"
process.pid\:"PID"
pid\:"PID"
process.parent_pid\:"Parent PID"
ppid\:"Parent PID"
process.creation.time\:"Started"
started\:"Started"
process.executable.name\:"Process"
process\:"Process"
name\:"Process"
process.executable.path\:"Path"
path\:"Path"
process.command_line\:"Command line"
command\:"Command line"
process.script\:"Script"
script\:"Script"
process.package.name\:"Package"
package\:"Package"
process.package.version\:"Version"
process.package.vendor\:"Vendor"
vendor\:"Vendor"
process.package.description\:"Description"
description\:"Description"
process.user.id\:"UID"
uid\:"UID"
process.user.name\:"User"
user\:"User"
process.fd\:"FD"
fd\:"FD"
process.owners\:"Other owners"
owners\:"Other owners"
process.missing\:"No owner because"
missing\:"No owner because"
service.name\:"Service"
service\:"Service"
unit\:"Service"
service.socket\:"Socket unit"
container.runtime\:"Runtime"
runtime\:"Runtime"
container.runtime.name\:"Runtime"
container.id\:"Container id"
cid\:"Container id"
container.name\:"Container"
container\:"Container"
k8s.pod.uid\:"Pod"
pod\:"Pod"
process.linux.cgroup\:"Control group"
cgroup\:"Control group"
socket.inode\:"Inode"
inode\:"Inode"
socket.cookie\:"Cookie"
cookie\:"Cookie"
socket.created\:"Created"
created\:"Created"
socket.pid\:"Made by"
made-by\:"Made by"
observer.source\:"Source"
source\:"Source"))' \
'*--sort=[Columns to sort by, ~ or - in front for largest first\: user,~sent.bytes]:NAME,…:((time\:"Observed"
event.action\:"Action"
action\:"Action"
event.start\:"Start"
event.end\:"End"
event.duration\:"Duration"
duration\:"Duration"
event.reason\:"Reason"
reason\:"Reason"
event.lost\:"Lost"
network.transport\:"Proto"
transport\:"Proto"
proto\:"Proto"
network.protocol.name\:"Port name"
port.name\:"Port name"
protocol\:"Port name"
network.type\:"Family"
family\:"Family"
network.connection.state\:"State"
state\:"State"
network.direction\:"Direction"
direction\:"Direction"
local\:"Local"
network.local.address\:"Local address"
local.address\:"Local address"
network.local.port\:"Local port"
local.port\:"Local port"
network.local.name\:"Local name"
local.name\:"Local name"
remote\:"Remote"
peer\:"Remote"
network.peer.address\:"Remote address"
remote.address\:"Remote address"
peer.address\:"Remote address"
network.peer.port\:"Remote port"
remote.port\:"Remote port"
peer.port\:"Remote port"
network.peer.name\:"Remote name"
remote.name\:"Remote name"
peer.name\:"Remote name"
network.peer.country\:"Country"
country\:"Country"
network.peer.as.number\:"AS"
asn\:"AS"
network.peer.as.name\:"AS name"
as\:"AS name"
network.interface.name\:"Interface"
interface\:"Interface"
network.namespace.id\:"Namespace id"
netns.id\:"Namespace id"
network.namespace.name\:"Namespace"
netns\:"Namespace"
sent.bytes\:"Sent bytes"
received.bytes\:"Received bytes"
sent.packets\:"Sent packets"
received.packets\:"Received packets"
sent.messages\:"Sent messages"
received.messages\:"Received messages"
counters.since\:"Counted since"
tcp.rtt_us\:"RTT"
rtt\:"RTT"
tcp.retransmits\:"Retransmits"
retransmits\:"Retransmits"
tcp.queue.send\:"Send queue"
send-q\:"Send queue"
tcp.queue.receive\:"Receive queue"
recv-q\:"Receive queue"
tcp.backlog.used\:"Backlog"
backlog\:"Backlog"
tcp.backlog.limit\:"Backlog limit"
udp.queue.send\:"UDP send queue"
udp.queue.receive\:"UDP receive queue"
process.pid\:"PID"
pid\:"PID"
process.parent_pid\:"Parent PID"
ppid\:"Parent PID"
process.creation.time\:"Started"
started\:"Started"
process.executable.name\:"Process"
process\:"Process"
name\:"Process"
process.executable.path\:"Path"
path\:"Path"
process.command_line\:"Command line"
command\:"Command line"
process.script\:"Script"
script\:"Script"
process.package.name\:"Package"
package\:"Package"
process.package.version\:"Version"
process.package.vendor\:"Vendor"
vendor\:"Vendor"
process.package.description\:"Description"
description\:"Description"
process.user.id\:"UID"
uid\:"UID"
process.user.name\:"User"
user\:"User"
process.fd\:"FD"
fd\:"FD"
process.owners\:"Other owners"
owners\:"Other owners"
process.missing\:"No owner because"
missing\:"No owner because"
service.name\:"Service"
service\:"Service"
unit\:"Service"
service.socket\:"Socket unit"
container.runtime\:"Runtime"
runtime\:"Runtime"
container.runtime.name\:"Runtime"
container.id\:"Container id"
cid\:"Container id"
container.name\:"Container"
container\:"Container"
k8s.pod.uid\:"Pod"
pod\:"Pod"
process.linux.cgroup\:"Control group"
cgroup\:"Control group"
socket.inode\:"Inode"
inode\:"Inode"
socket.cookie\:"Cookie"
cookie\:"Cookie"
socket.created\:"Created"
created\:"Created"
socket.pid\:"Made by"
made-by\:"Made by"
observer.source\:"Source"
source\:"Source"))' \
'*--dns=[Ask these DNS servers for host names, not the system'\''s resolver; implies --resolve]:SERVER,…:' \
'*--geo=[Databases that say where remotes are\: country and network (AS)]:FILE,…:_files' \
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
'-r[Ask for the host names of addresses (reverse DNS), for two seconds at most]' \
'--resolve[Ask for the host names of addresses (reverse DNS), for two seconds at most]' \
'-n[Never ask for names, and show ports as numbers; undoes --resolve]' \
'--numeric[Never ask for names, and show ports as numbers; undoes --resolve]' \
'--numeric-ports[Show ports as numbers; without it, people read the service'\''s port by its name]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'-V[Print version]' \
'--version[Print version]' \
'::words -- Only these processes\: name, with * and ?, or PID; several\: any of them:' \
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
'*--filter=[Only endpoints for which this holds; repeated\: all must hold]:EXPR:' \
'--netns=[Network namespaces\: self, all, that of a PID, or one named by ip netns]:WHICH:' \
'--source=[What to observe with]:SOURCE:((auto\:"The quickest that permission and system allow for the task"
ebpf\:"Programs in the kernel\: lists by its iterators, events as they happen"
netlink\:"sock_diag, with owners from /proc; watching is looking again and again"
proc\:"The tables in /proc/net alone\: fewer facts, on any kernel"
etw\:"Windows\: tables, and events of a tracing session, which takes an administrator"
iphlpapi\:"Windows\: tables alone; watching is looking again and again"))' \
'(-r --resolve --dns --source)--replay=[Read a dump instead of this machine; - for standard input]:FILE:_files' \
'-f+[Output format]:FORMAT:((text\:"Grouped by process, for people"
table\:"A header and one line an endpoint, for people and awk"
csv\:"Comma-separated values with a header of field names"
json\:"One array of nested objects"
jsonl\:"One nested object a line"
html\:"A page with a table, for browsers and spreadsheets"
tcpvcon\:"TCPVCon'\''s text, with ports"
tcpvcon-csv\:"TCPVCon'\''s CSV, with ports"))' \
'--format=[Output format]:FORMAT:((text\:"Grouped by process, for people"
table\:"A header and one line an endpoint, for people and awk"
csv\:"Comma-separated values with a header of field names"
json\:"One array of nested objects"
jsonl\:"One nested object a line"
html\:"A page with a table, for browsers and spreadsheets"
tcpvcon\:"TCPVCon'\''s text, with ports"
tcpvcon-csv\:"TCPVCon'\''s CSV, with ports"))' \
'*--columns=[Columns and their order, by name or alias\: pid,local,state]:NAME,…:((time\:"Observed"
event.action\:"Action"
action\:"Action"
event.start\:"Start"
event.end\:"End"
event.duration\:"Duration"
duration\:"Duration"
event.reason\:"Reason"
reason\:"Reason"
event.lost\:"Lost"
network.transport\:"Proto"
transport\:"Proto"
proto\:"Proto"
network.protocol.name\:"Port name"
port.name\:"Port name"
protocol\:"Port name"
network.type\:"Family"
family\:"Family"
network.connection.state\:"State"
state\:"State"
network.direction\:"Direction"
direction\:"Direction"
local\:"Local"
network.local.address\:"Local address"
local.address\:"Local address"
network.local.port\:"Local port"
local.port\:"Local port"
network.local.name\:"Local name"
local.name\:"Local name"
remote\:"Remote"
peer\:"Remote"
network.peer.address\:"Remote address"
remote.address\:"Remote address"
peer.address\:"Remote address"
network.peer.port\:"Remote port"
remote.port\:"Remote port"
peer.port\:"Remote port"
network.peer.name\:"Remote name"
remote.name\:"Remote name"
peer.name\:"Remote name"
network.peer.country\:"Country"
country\:"Country"
network.peer.as.number\:"AS"
asn\:"AS"
network.peer.as.name\:"AS name"
as\:"AS name"
network.interface.name\:"Interface"
interface\:"Interface"
network.namespace.id\:"Namespace id"
netns.id\:"Namespace id"
network.namespace.name\:"Namespace"
netns\:"Namespace"
sent.bytes\:"Sent bytes"
received.bytes\:"Received bytes"
sent.packets\:"Sent packets"
received.packets\:"Received packets"
sent.messages\:"Sent messages"
received.messages\:"Received messages"
counters.since\:"Counted since"
tcp.rtt_us\:"RTT"
rtt\:"RTT"
tcp.retransmits\:"Retransmits"
retransmits\:"Retransmits"
tcp.queue.send\:"Send queue"
send-q\:"Send queue"
tcp.queue.receive\:"Receive queue"
recv-q\:"Receive queue"
tcp.backlog.used\:"Backlog"
backlog\:"Backlog"
tcp.backlog.limit\:"Backlog limit"
udp.queue.send\:"UDP send queue"
udp.queue.receive\:"UDP receive queue"
process.pid\:"PID"
pid\:"PID"
process.parent_pid\:"Parent PID"
ppid\:"Parent PID"
process.creation.time\:"Started"
started\:"Started"
process.executable.name\:"Process"
process\:"Process"
name\:"Process"
process.executable.path\:"Path"
path\:"Path"
process.command_line\:"Command line"
command\:"Command line"
process.script\:"Script"
script\:"Script"
process.package.name\:"Package"
package\:"Package"
process.package.version\:"Version"
process.package.vendor\:"Vendor"
vendor\:"Vendor"
process.package.description\:"Description"
description\:"Description"
process.user.id\:"UID"
uid\:"UID"
process.user.name\:"User"
user\:"User"
process.fd\:"FD"
fd\:"FD"
process.owners\:"Other owners"
owners\:"Other owners"
process.missing\:"No owner because"
missing\:"No owner because"
service.name\:"Service"
service\:"Service"
unit\:"Service"
service.socket\:"Socket unit"
container.runtime\:"Runtime"
runtime\:"Runtime"
container.runtime.name\:"Runtime"
container.id\:"Container id"
cid\:"Container id"
container.name\:"Container"
container\:"Container"
k8s.pod.uid\:"Pod"
pod\:"Pod"
process.linux.cgroup\:"Control group"
cgroup\:"Control group"
socket.inode\:"Inode"
inode\:"Inode"
socket.cookie\:"Cookie"
cookie\:"Cookie"
socket.created\:"Created"
created\:"Created"
socket.pid\:"Made by"
made-by\:"Made by"
observer.source\:"Source"
source\:"Source"))' \
'*--sort=[Columns to sort by, ~ or - in front for largest first\: user,~sent.bytes]:NAME,…:((time\:"Observed"
event.action\:"Action"
action\:"Action"
event.start\:"Start"
event.end\:"End"
event.duration\:"Duration"
duration\:"Duration"
event.reason\:"Reason"
reason\:"Reason"
event.lost\:"Lost"
network.transport\:"Proto"
transport\:"Proto"
proto\:"Proto"
network.protocol.name\:"Port name"
port.name\:"Port name"
protocol\:"Port name"
network.type\:"Family"
family\:"Family"
network.connection.state\:"State"
state\:"State"
network.direction\:"Direction"
direction\:"Direction"
local\:"Local"
network.local.address\:"Local address"
local.address\:"Local address"
network.local.port\:"Local port"
local.port\:"Local port"
network.local.name\:"Local name"
local.name\:"Local name"
remote\:"Remote"
peer\:"Remote"
network.peer.address\:"Remote address"
remote.address\:"Remote address"
peer.address\:"Remote address"
network.peer.port\:"Remote port"
remote.port\:"Remote port"
peer.port\:"Remote port"
network.peer.name\:"Remote name"
remote.name\:"Remote name"
peer.name\:"Remote name"
network.peer.country\:"Country"
country\:"Country"
network.peer.as.number\:"AS"
asn\:"AS"
network.peer.as.name\:"AS name"
as\:"AS name"
network.interface.name\:"Interface"
interface\:"Interface"
network.namespace.id\:"Namespace id"
netns.id\:"Namespace id"
network.namespace.name\:"Namespace"
netns\:"Namespace"
sent.bytes\:"Sent bytes"
received.bytes\:"Received bytes"
sent.packets\:"Sent packets"
received.packets\:"Received packets"
sent.messages\:"Sent messages"
received.messages\:"Received messages"
counters.since\:"Counted since"
tcp.rtt_us\:"RTT"
rtt\:"RTT"
tcp.retransmits\:"Retransmits"
retransmits\:"Retransmits"
tcp.queue.send\:"Send queue"
send-q\:"Send queue"
tcp.queue.receive\:"Receive queue"
recv-q\:"Receive queue"
tcp.backlog.used\:"Backlog"
backlog\:"Backlog"
tcp.backlog.limit\:"Backlog limit"
udp.queue.send\:"UDP send queue"
udp.queue.receive\:"UDP receive queue"
process.pid\:"PID"
pid\:"PID"
process.parent_pid\:"Parent PID"
ppid\:"Parent PID"
process.creation.time\:"Started"
started\:"Started"
process.executable.name\:"Process"
process\:"Process"
name\:"Process"
process.executable.path\:"Path"
path\:"Path"
process.command_line\:"Command line"
command\:"Command line"
process.script\:"Script"
script\:"Script"
process.package.name\:"Package"
package\:"Package"
process.package.version\:"Version"
process.package.vendor\:"Vendor"
vendor\:"Vendor"
process.package.description\:"Description"
description\:"Description"
process.user.id\:"UID"
uid\:"UID"
process.user.name\:"User"
user\:"User"
process.fd\:"FD"
fd\:"FD"
process.owners\:"Other owners"
owners\:"Other owners"
process.missing\:"No owner because"
missing\:"No owner because"
service.name\:"Service"
service\:"Service"
unit\:"Service"
service.socket\:"Socket unit"
container.runtime\:"Runtime"
runtime\:"Runtime"
container.runtime.name\:"Runtime"
container.id\:"Container id"
cid\:"Container id"
container.name\:"Container"
container\:"Container"
k8s.pod.uid\:"Pod"
pod\:"Pod"
process.linux.cgroup\:"Control group"
cgroup\:"Control group"
socket.inode\:"Inode"
inode\:"Inode"
socket.cookie\:"Cookie"
cookie\:"Cookie"
socket.created\:"Created"
created\:"Created"
socket.pid\:"Made by"
made-by\:"Made by"
observer.source\:"Source"
source\:"Source"))' \
'*--dns=[Ask these DNS servers for host names, not the system'\''s resolver; implies --resolve]:SERVER,…:' \
'*--geo=[Databases that say where remotes are\: country and network (AS)]:FILE,…:_files' \
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
'-r[Ask for the host names of addresses (reverse DNS), for two seconds at most]' \
'--resolve[Ask for the host names of addresses (reverse DNS), for two seconds at most]' \
'-n[Never ask for names, and show ports as numbers; undoes --resolve]' \
'--numeric[Never ask for names, and show ports as numbers; undoes --resolve]' \
'--numeric-ports[Show ports as numbers; without it, people read the service'\''s port by its name]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'*::words -- Only these processes\: name, with * and ?, or PID; several\: any of them:' \
&& ret=0
;;
(watch)
_arguments "${_arguments_options[@]}" : \
'*--filter=[Only endpoints for which this holds; repeated\: all must hold]:EXPR:' \
'--netns=[Network namespaces\: self, all, that of a PID, or one named by ip netns]:WHICH:' \
'--source=[What to observe with]:SOURCE:((auto\:"The quickest that permission and system allow for the task"
ebpf\:"Programs in the kernel\: lists by its iterators, events as they happen"
netlink\:"sock_diag, with owners from /proc; watching is looking again and again"
proc\:"The tables in /proc/net alone\: fewer facts, on any kernel"
etw\:"Windows\: tables, and events of a tracing session, which takes an administrator"
iphlpapi\:"Windows\: tables alone; watching is looking again and again"))' \
'--for=[Stop after this time\: 500ms, 10s, 5m, 1h30m]:DURATION:_default' \
'--count=[Stop after so many lines]:N:_default' \
'--interval=[Between two looks, where the source does not tell everything as it happens]:DURATION:_default' \
'-f+[Output format]:FORMAT:((text\:"A line for people"
csv\:"Comma-separated values with a header of field names"
jsonl\:"One nested object a line"))' \
'--format=[Output format]:FORMAT:((text\:"A line for people"
csv\:"Comma-separated values with a header of field names"
jsonl\:"One nested object a line"))' \
'*--columns=[Columns and their order, by name or alias\: time,action,pid,remote]:NAME,…:((time\:"Observed"
event.action\:"Action"
action\:"Action"
event.start\:"Start"
event.end\:"End"
event.duration\:"Duration"
duration\:"Duration"
event.reason\:"Reason"
reason\:"Reason"
event.lost\:"Lost"
network.transport\:"Proto"
transport\:"Proto"
proto\:"Proto"
network.protocol.name\:"Port name"
port.name\:"Port name"
protocol\:"Port name"
network.type\:"Family"
family\:"Family"
network.connection.state\:"State"
state\:"State"
network.direction\:"Direction"
direction\:"Direction"
local\:"Local"
network.local.address\:"Local address"
local.address\:"Local address"
network.local.port\:"Local port"
local.port\:"Local port"
network.local.name\:"Local name"
local.name\:"Local name"
remote\:"Remote"
peer\:"Remote"
network.peer.address\:"Remote address"
remote.address\:"Remote address"
peer.address\:"Remote address"
network.peer.port\:"Remote port"
remote.port\:"Remote port"
peer.port\:"Remote port"
network.peer.name\:"Remote name"
remote.name\:"Remote name"
peer.name\:"Remote name"
network.peer.country\:"Country"
country\:"Country"
network.peer.as.number\:"AS"
asn\:"AS"
network.peer.as.name\:"AS name"
as\:"AS name"
network.interface.name\:"Interface"
interface\:"Interface"
network.namespace.id\:"Namespace id"
netns.id\:"Namespace id"
network.namespace.name\:"Namespace"
netns\:"Namespace"
sent.bytes\:"Sent bytes"
received.bytes\:"Received bytes"
sent.packets\:"Sent packets"
received.packets\:"Received packets"
sent.messages\:"Sent messages"
received.messages\:"Received messages"
counters.since\:"Counted since"
tcp.rtt_us\:"RTT"
rtt\:"RTT"
tcp.retransmits\:"Retransmits"
retransmits\:"Retransmits"
tcp.queue.send\:"Send queue"
send-q\:"Send queue"
tcp.queue.receive\:"Receive queue"
recv-q\:"Receive queue"
tcp.backlog.used\:"Backlog"
backlog\:"Backlog"
tcp.backlog.limit\:"Backlog limit"
udp.queue.send\:"UDP send queue"
udp.queue.receive\:"UDP receive queue"
process.pid\:"PID"
pid\:"PID"
process.parent_pid\:"Parent PID"
ppid\:"Parent PID"
process.creation.time\:"Started"
started\:"Started"
process.executable.name\:"Process"
process\:"Process"
name\:"Process"
process.executable.path\:"Path"
path\:"Path"
process.command_line\:"Command line"
command\:"Command line"
process.script\:"Script"
script\:"Script"
process.package.name\:"Package"
package\:"Package"
process.package.version\:"Version"
process.package.vendor\:"Vendor"
vendor\:"Vendor"
process.package.description\:"Description"
description\:"Description"
process.user.id\:"UID"
uid\:"UID"
process.user.name\:"User"
user\:"User"
process.fd\:"FD"
fd\:"FD"
process.owners\:"Other owners"
owners\:"Other owners"
process.missing\:"No owner because"
missing\:"No owner because"
service.name\:"Service"
service\:"Service"
unit\:"Service"
service.socket\:"Socket unit"
container.runtime\:"Runtime"
runtime\:"Runtime"
container.runtime.name\:"Runtime"
container.id\:"Container id"
cid\:"Container id"
container.name\:"Container"
container\:"Container"
k8s.pod.uid\:"Pod"
pod\:"Pod"
process.linux.cgroup\:"Control group"
cgroup\:"Control group"
socket.inode\:"Inode"
inode\:"Inode"
socket.cookie\:"Cookie"
cookie\:"Cookie"
socket.created\:"Created"
created\:"Created"
socket.pid\:"Made by"
made-by\:"Made by"
observer.source\:"Source"
source\:"Source"))' \
'*--dns=[Ask these DNS servers for host names, not the system'\''s resolver; implies --resolve]:SERVER,…:' \
'*--geo=[Databases that say where remotes are\: country and network (AS)]:FILE,…:_files' \
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
'--initial[First the endpoints that are there already, as action snapshot]' \
'(-f --format)-c[The same as --format csv]' \
'(-f --format)--csv[The same as --format csv]' \
'-r[Ask for the host names of addresses (reverse DNS)]' \
'--resolve[Ask for the host names of addresses (reverse DNS)]' \
'-n[Never ask for names, and show ports as numbers; undoes --resolve]' \
'--numeric[Never ask for names, and show ports as numbers; undoes --resolve]' \
'--numeric-ports[Show ports as numbers; without it, people read the service'\''s port by its name]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'*::words -- Only these processes\: name, with * and ?, or PID; several\: any of them:' \
&& ret=0
;;
(inspect)
_arguments "${_arguments_options[@]}" : \
'*--filter=[Only endpoints for which this holds; repeated\: all must hold]:EXPR:' \
'--netns=[Network namespaces\: self, all, that of a PID, or one named by ip netns]:WHICH:' \
'--source=[What to observe with]:SOURCE:((auto\:"The quickest that permission and system allow for the task"
ebpf\:"Programs in the kernel\: lists by its iterators, events as they happen"
netlink\:"sock_diag, with owners from /proc; watching is looking again and again"
proc\:"The tables in /proc/net alone\: fewer facts, on any kernel"
etw\:"Windows\: tables, and events of a tracing session, which takes an administrator"
iphlpapi\:"Windows\: tables alone; watching is looking again and again"))' \
'-f+[Output format]:FORMAT:((text\:"For people"
json\:"One array of nested objects"
jsonl\:"One nested object a line"))' \
'--format=[Output format]:FORMAT:((text\:"For people"
json\:"One array of nested objects"
jsonl\:"One nested object a line"))' \
'*--dns=[Ask these DNS servers for host names, not the system'\''s resolver; implies --resolve]:SERVER,…:' \
'*--geo=[Databases that say where remotes are\: country and network (AS)]:FILE,…:_files' \
'--color=[When to colour]:WHEN:((auto\:"On a terminal, unless NO_COLOR is set or TERM is dumb; CLICOLOR_FORCE elsewhere too"
always\:"Always"
never\:"Never"))' \
'-r[Ask for the host names of addresses (reverse DNS)]' \
'--resolve[Ask for the host names of addresses (reverse DNS)]' \
'-n[Never ask for names, and show ports as numbers; undoes --resolve]' \
'--numeric[Never ask for names, and show ports as numbers; undoes --resolve]' \
'--numeric-ports[Show ports as numbers; without it, people read the service'\''s port by its name]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'*::words -- Only these processes\: name, with * and ?, or PID; several\: any of them:' \
&& ret=0
;;
(whois)
_arguments "${_arguments_options[@]}" : \
'--server=[Ask this server first, in place of IANA'\''s; by port 43, or another one]:HOST[:PORT]:_hosts' \
'-f+[Output format]:FORMAT:((text\:"The registry'\''s text"
json\:"An object; of a filter, an array of them"))' \
'--format=[Output format]:FORMAT:((text\:"The registry'\''s text"
json\:"An object; of a filter, an array of them"))' \
'--color=[When to colour]:WHEN:((auto\:"On a terminal, unless NO_COLOR is set or TERM is dumb; CLICOLOR_FORCE elsewhere too"
always\:"Always"
never\:"Never"))' \
'-y[Do not ask before registries are asked for more than ten addresses]' \
'--yes[Do not ask before registries are asked for more than ten addresses]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':subject -- An address, or a filter\: the remotes of the endpoints that it fits:' \
&& ret=0
;;
(close)
_arguments "${_arguments_options[@]}" : \
'*--filter=[Only endpoints for which this holds; repeated\: all must hold]:EXPR:' \
'--netns=[Network namespaces\: self, all, that of a PID, or one named by ip netns]:WHICH:' \
'--source=[What to observe with]:SOURCE:((auto\:"The quickest that permission and system allow for the task"
ebpf\:"Programs in the kernel\: lists by its iterators, events as they happen"
netlink\:"sock_diag, with owners from /proc; watching is looking again and again"
proc\:"The tables in /proc/net alone\: fewer facts, on any kernel"
etw\:"Windows\: tables, and events of a tracing session, which takes an administrator"
iphlpapi\:"Windows\: tables alone; watching is looking again and again"))' \
'*--dns=[Ask these DNS servers for host names, not the system'\''s resolver; implies --resolve]:SERVER,…:' \
'*--geo=[Databases that say where remotes are\: country and network (AS)]:FILE,…:_files' \
'--color=[When to colour]:WHEN:((auto\:"On a terminal, unless NO_COLOR is set or TERM is dumb; CLICOLOR_FORCE elsewhere too"
always\:"Always"
never\:"Never"))' \
'-y[Do not ask; needed where standard input is no terminal]' \
'--yes[Do not ask; needed where standard input is no terminal]' \
'(-y --yes)--dry-run[Show what would be done, and do nothing]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'*::words -- Only these processes\: name, with * and ?, or PID; several\: any of them:' \
&& ret=0
;;
(end)
_arguments "${_arguments_options[@]}" : \
'*--filter=[Only endpoints for which this holds; repeated\: all must hold]:EXPR:' \
'--netns=[Network namespaces\: self, all, that of a PID, or one named by ip netns]:WHICH:' \
'--source=[What to observe with]:SOURCE:((auto\:"The quickest that permission and system allow for the task"
ebpf\:"Programs in the kernel\: lists by its iterators, events as they happen"
netlink\:"sock_diag, with owners from /proc; watching is looking again and again"
proc\:"The tables in /proc/net alone\: fewer facts, on any kernel"
etw\:"Windows\: tables, and events of a tracing session, which takes an administrator"
iphlpapi\:"Windows\: tables alone; watching is looking again and again"))' \
'*--dns=[Ask these DNS servers for host names, not the system'\''s resolver; implies --resolve]:SERVER,…:' \
'*--geo=[Databases that say where remotes are\: country and network (AS)]:FILE,…:_files' \
'--color=[When to colour]:WHEN:((auto\:"On a terminal, unless NO_COLOR is set or TERM is dumb; CLICOLOR_FORCE elsewhere too"
always\:"Always"
never\:"Never"))' \
'--force[Force what still runs two seconds after it was asked (SIGKILL)\: unsaved work is lost]' \
'-y[Do not ask; needed where standard input is no terminal]' \
'--yes[Do not ask; needed where standard input is no terminal]' \
'(-y --yes)--dry-run[Show what would be done, and do nothing]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'*::words -- Only these processes\: name, with * and ?, or PID; several\: any of them:' \
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
'--source=[What to observe with]:SOURCE:((auto\:"The quickest that permission and system allow for the task"
ebpf\:"Programs in the kernel\: lists by its iterators, events as they happen"
netlink\:"sock_diag, with owners from /proc; watching is looking again and again"
proc\:"The tables in /proc/net alone\: fewer facts, on any kernel"
etw\:"Windows\: tables, and events of a tracing session, which takes an administrator"
iphlpapi\:"Windows\: tables alone; watching is looking again and again"))' \
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
(help)
_arguments "${_arguments_options[@]}" : \
":: :_sockeye__subcmd__help_commands" \
"*::: :->help" \
&& ret=0

    case $state in
    (help)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:sockeye-help-command-$line[1]:"
        case $line[1] in
            (list)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(watch)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(inspect)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(whois)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(close)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(end)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(doctor)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(dump)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(columns)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(completions)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(help)
_arguments "${_arguments_options[@]}" : \
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
'watch:Say what happens to endpoints, one line each, as it happens' \
'inspect:Say who a process is\: image, package, user, parents, unit, container, endpoints' \
'whois:Say whose an address is, by the registries themselves (whois)' \
'close:Close TCP connections and connected UDP endpoints' \
'end:End the processes that hold endpoints' \
'doctor:Say what this user on this system can see, what not, why, and what mends it' \
'dump:Write the system'\''s raw answers to a file, for bug reports and --replay' \
'columns:List every column\: its names and what it means' \
'completions:Print the completions for a shell' \
'help:Print this message or the help of the given subcommand(s)' \
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
(( $+functions[_sockeye__subcmd__help_commands] )) ||
_sockeye__subcmd__help_commands() {
    local commands; commands=(
'list:List endpoints; what sockeye does without a command' \
'watch:Say what happens to endpoints, one line each, as it happens' \
'inspect:Say who a process is\: image, package, user, parents, unit, container, endpoints' \
'whois:Say whose an address is, by the registries themselves (whois)' \
'close:Close TCP connections and connected UDP endpoints' \
'end:End the processes that hold endpoints' \
'doctor:Say what this user on this system can see, what not, why, and what mends it' \
'dump:Write the system'\''s raw answers to a file, for bug reports and --replay' \
'columns:List every column\: its names and what it means' \
'completions:Print the completions for a shell' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'sockeye help commands' commands "$@"
}
(( $+functions[_sockeye__subcmd__help__subcmd__close_commands] )) ||
_sockeye__subcmd__help__subcmd__close_commands() {
    local commands; commands=()
    _describe -t commands 'sockeye help close commands' commands "$@"
}
(( $+functions[_sockeye__subcmd__help__subcmd__columns_commands] )) ||
_sockeye__subcmd__help__subcmd__columns_commands() {
    local commands; commands=()
    _describe -t commands 'sockeye help columns commands' commands "$@"
}
(( $+functions[_sockeye__subcmd__help__subcmd__completions_commands] )) ||
_sockeye__subcmd__help__subcmd__completions_commands() {
    local commands; commands=()
    _describe -t commands 'sockeye help completions commands' commands "$@"
}
(( $+functions[_sockeye__subcmd__help__subcmd__doctor_commands] )) ||
_sockeye__subcmd__help__subcmd__doctor_commands() {
    local commands; commands=()
    _describe -t commands 'sockeye help doctor commands' commands "$@"
}
(( $+functions[_sockeye__subcmd__help__subcmd__dump_commands] )) ||
_sockeye__subcmd__help__subcmd__dump_commands() {
    local commands; commands=()
    _describe -t commands 'sockeye help dump commands' commands "$@"
}
(( $+functions[_sockeye__subcmd__help__subcmd__end_commands] )) ||
_sockeye__subcmd__help__subcmd__end_commands() {
    local commands; commands=()
    _describe -t commands 'sockeye help end commands' commands "$@"
}
(( $+functions[_sockeye__subcmd__help__subcmd__help_commands] )) ||
_sockeye__subcmd__help__subcmd__help_commands() {
    local commands; commands=()
    _describe -t commands 'sockeye help help commands' commands "$@"
}
(( $+functions[_sockeye__subcmd__help__subcmd__inspect_commands] )) ||
_sockeye__subcmd__help__subcmd__inspect_commands() {
    local commands; commands=()
    _describe -t commands 'sockeye help inspect commands' commands "$@"
}
(( $+functions[_sockeye__subcmd__help__subcmd__list_commands] )) ||
_sockeye__subcmd__help__subcmd__list_commands() {
    local commands; commands=()
    _describe -t commands 'sockeye help list commands' commands "$@"
}
(( $+functions[_sockeye__subcmd__help__subcmd__watch_commands] )) ||
_sockeye__subcmd__help__subcmd__watch_commands() {
    local commands; commands=()
    _describe -t commands 'sockeye help watch commands' commands "$@"
}
(( $+functions[_sockeye__subcmd__help__subcmd__whois_commands] )) ||
_sockeye__subcmd__help__subcmd__whois_commands() {
    local commands; commands=()
    _describe -t commands 'sockeye help whois commands' commands "$@"
}
(( $+functions[_sockeye__subcmd__inspect_commands] )) ||
_sockeye__subcmd__inspect_commands() {
    local commands; commands=()
    _describe -t commands 'sockeye inspect commands' commands "$@"
}
(( $+functions[_sockeye__subcmd__list_commands] )) ||
_sockeye__subcmd__list_commands() {
    local commands; commands=()
    _describe -t commands 'sockeye list commands' commands "$@"
}
(( $+functions[_sockeye__subcmd__watch_commands] )) ||
_sockeye__subcmd__watch_commands() {
    local commands; commands=()
    _describe -t commands 'sockeye watch commands' commands "$@"
}
(( $+functions[_sockeye__subcmd__whois_commands] )) ||
_sockeye__subcmd__whois_commands() {
    local commands; commands=()
    _describe -t commands 'sockeye whois commands' commands "$@"
}

if [ "$funcstack[1]" = "_sockeye" ]; then
    _sockeye "$@"
else
    compdef _sockeye sockeye
fi
