//! The table of columns, in the order of the field reference and of default CSV and JSON.

use core::net::SocketAddr;

use super::{Column, Cost, Kind, Platforms, Row, Unit, Value};
use crate::address::Scoped;
use crate::answer::{Package, Place};
use crate::endpoint::{Endpoint, Metrics, Queue, Transport};
use crate::event::{Action, Occurrence, Reason};
use crate::process::Fact;
use crate::snapshot::{NamespaceId, Source};
use crate::workload::{Container, PodUid};

/// What most columns are; a row of the table says only where it differs.
const TEXT: Column = Column {
    name: "",
    aliases: &[],
    header: "",
    meaning: "",
    kind: Kind::Text,
    unit: Unit::None,
    width: 12,
    cost: Cost::Free,
    platforms: Platforms::All,
    is_default: true,
    is_of_process: false,
    value: |_| Value::Absent,
};
/// A count, aligned on the right.
const NUMBER: Column = Column { kind: Kind::Number, unit: Unit::Count, width: 9, ..TEXT };
/// What TCP measured.
const METRIC: Column = Column { cost: Cost::Metrics, ..NUMBER };
/// A fact about the owner and this endpoint.
const OWNER: Column = Column { cost: Cost::Owners, ..TEXT };
/// A fact about the owning process.
const PROCESS: Column = Column { is_of_process: true, ..OWNER };

/// A fact about the package of the owning process.
const PACKAGE: Column = Column { cost: Cost::Packages, is_default: false, ..PROCESS };

/// What happened to an endpoint.
const EVENT: Column = Column { cost: Cost::Events, is_default: false, ..TEXT };

/// Every column.
pub static REGISTRY: &[Column] = &[
    Column {
        name: "time",
        header: "Observed",
        meaning: "When the endpoint was observed, RFC 3339 in UTC; for what happened, when it did.",
        kind: Kind::Time,
        width: 30,
        value: |row| Value::Time(row.occurrence.map_or(row.snapshot.time, |what| what.time)),
        ..TEXT
    },
    Column {
        name: "event.action",
        aliases: &["action"],
        header: "Action",
        meaning: "What happened: snapshot (it was there before), opened, accepted, bound, listening, state, peer (UDP without a remote exchanged with one for the first time), closed, or lost (events were); watch.",
        width: 9,
        value: |row| {
            happened(row, |what| Some(what.action))
                .map_or(Value::Absent, |action: Action| Value::Word(action.id()))
        },
        ..EVENT
    },
    Column {
        name: "event.start",
        header: "Start",
        meaning: "When the endpoint's life began, RFC 3339 in UTC, where that was seen; watch.",
        kind: Kind::Time,
        width: 30,
        value: |row| {
            let start = happened(row, |what| what.start).or(row.span.0);
            start.map_or(Value::Absent, Value::Time)
        },
        ..EVENT
    },
    Column {
        name: "event.end",
        header: "End",
        meaning: "When the endpoint's life ended, RFC 3339 in UTC, where that was seen; watch.",
        kind: Kind::Time,
        width: 30,
        value: |row| {
            let end = happened(row, |what| what.end).or(row.span.1);
            end.map_or(Value::Absent, Value::Time)
        },
        ..EVENT
    },
    Column {
        name: "event.duration",
        aliases: &["duration"],
        header: "Duration",
        meaning: "How long the endpoint lived, nanoseconds; watch.",
        kind: Kind::Number,
        unit: Unit::Nanoseconds,
        width: 12,
        value: |row| Value::number(happened(row, Occurrence::duration_ns)),
        ..EVENT
    },
    Column {
        name: "event.reason",
        aliases: &["reason"],
        header: "Reason",
        meaning: "Why the endpoint closed: local or remote (who closed first), refused, reset, aborted, destroyed, timed_out, unreachable, or unknown; watch.",
        width: 11,
        value: |row| {
            happened(row, |what| what.reason)
                .map_or(Value::Absent, |reason: Reason| Value::Word(reason.id()))
        },
        ..EVENT
    },
    Column {
        name: "event.lost",
        header: "Lost",
        meaning: "How many events were lost; what they told was looked up afterwards; watch.",
        kind: Kind::Number,
        unit: Unit::Count,
        value: |row| Value::number(happened(row, |what| what.lost)),
        ..EVENT
    },
    Column {
        name: "network.transport",
        aliases: &["transport", "proto"],
        header: "Proto",
        meaning: "Transport protocol: tcp or udp.",
        width: 5,
        value: |row| Value::Word(row.endpoint.transport.id()),
        ..TEXT
    },
    Column {
        name: "network.protocol.name",
        aliases: &["port.name", "protocol"],
        header: "Port name",
        meaning: "IANA's name of the service's port, by port: what usually speaks there, not what does. The local port of who waits or was connected to, the remote port of who began.",
        width: 15,
        is_default: false,
        value: |row| row.service().map_or(Value::Absent, |(_, name)| Value::Word(name)),
        ..TEXT
    },
    Column {
        name: "network.type",
        aliases: &["family"],
        header: "Family",
        meaning: "Address family on the wire: ipv4 or ipv6. IPv4 carried by an IPv6 socket is ipv4.",
        width: 6,
        value: |row| Value::Word(row.endpoint.family().id()),
        ..TEXT
    },
    Column {
        name: "network.connection.state",
        aliases: &["state"],
        header: "State",
        meaning: "TCP state by RFC 9293: listen, established, time_wait and so on; none for UDP.",
        value: |row| row.endpoint.state.map_or(Value::Absent, |state| Value::Word(state.id())),
        ..TEXT
    },
    Column {
        name: "network.direction",
        aliases: &["direction"],
        header: "Direction",
        meaning: "Who began: ingress (the local port is one this host listens on), egress, listen, or unknown.",
        width: 9,
        value: |row| Value::Word(row.endpoint.direction.id()),
        ..TEXT
    },
    Column {
        name: "local",
        header: "Local",
        meaning: "Local address and port in one.",
        kind: Kind::Socket,
        width: 24,
        is_default: false,
        value: |row| {
            let local = chosen(row.endpoint.local.port()).map(|_| &row.endpoint.local);
            socket(row.endpoint, local)
        },
        ..TEXT
    },
    Column {
        name: "network.local.address",
        aliases: &["local.address"],
        header: "Local address",
        meaning: "Local address; IPv4 in IPv6 is shown as IPv4, a link-local address with its interface.",
        kind: Kind::Address,
        width: 15,
        value: |row| address(row.endpoint, Some(&row.endpoint.local)),
        ..TEXT
    },
    Column {
        name: "network.local.port",
        aliases: &["local.port"],
        header: "Local port",
        meaning: "Local port; none of a connection that has none yet.",
        kind: Kind::Port,
        width: 5,
        value: |row| Value::number(chosen(row.endpoint.local.port())),
        ..NUMBER
    },
    Column {
        name: "network.local.name",
        aliases: &["local.name"],
        header: "Local name",
        meaning: "Host name of the local address by reverse DNS, with --resolve.",
        width: 24,
        cost: Cost::Names,
        value: |row| hostname(row, Some(&row.endpoint.local)),
        ..TEXT
    },
    Column {
        name: "remote",
        aliases: &["peer"],
        header: "Remote",
        meaning: "Remote address and port in one; none for listeners, bound sockets and unconnected UDP.",
        kind: Kind::Socket,
        width: 24,
        is_default: false,
        value: |row| socket(row.endpoint, row.endpoint.remote.as_ref()),
        ..TEXT
    },
    Column {
        name: "network.peer.address",
        aliases: &["remote.address", "peer.address"],
        header: "Remote address",
        meaning: "Remote address; none for listeners, bound sockets and unconnected UDP.",
        kind: Kind::Address,
        width: 15,
        value: |row| address(row.endpoint, row.endpoint.remote.as_ref()),
        ..TEXT
    },
    Column {
        name: "network.peer.port",
        aliases: &["remote.port", "peer.port"],
        header: "Remote port",
        meaning: "Remote port.",
        kind: Kind::Port,
        width: 5,
        value: |row| Value::number(row.endpoint.remote.map(|remote| remote.port())),
        ..NUMBER
    },
    Column {
        name: "network.peer.name",
        aliases: &["remote.name", "peer.name"],
        header: "Remote name",
        meaning: "Host name of the remote address by reverse DNS, with --resolve. Its owner chooses it: it can lie.",
        width: 24,
        cost: Cost::Names,
        value: |row| hostname(row, row.endpoint.remote.as_ref()),
        ..TEXT
    },
    Column {
        name: "network.peer.country",
        aliases: &["country"],
        header: "Country",
        meaning: "Country of the remote address, as two letters (ISO 3166-1), by a database of --geo.",
        width: 7,
        cost: Cost::Places,
        value: |row| Value::text(place(row).and_then(|place| place.country.as_deref())),
        ..TEXT
    },
    Column {
        name: "network.peer.as.number",
        aliases: &["asn"],
        header: "AS",
        meaning: "Number of the autonomous system that announces the remote address, by a database of --geo.",
        unit: Unit::None,
        width: 7,
        cost: Cost::Places,
        value: |row| Value::number(place(row).and_then(|place| place.network_number)),
        ..NUMBER
    },
    Column {
        name: "network.peer.as.name",
        aliases: &["as"],
        header: "AS name",
        meaning: "Who runs that autonomous system, by a database of --geo.",
        width: 20,
        cost: Cost::Places,
        value: |row| Value::text(place(row).and_then(|place| place.network_name.as_deref())),
        ..TEXT
    },
    Column {
        name: "network.interface.name",
        aliases: &["interface"],
        header: "Interface",
        meaning: "Interface the socket is bound to, or that its link-local address belongs to.",
        platforms: Platforms::Linux,
        value: |row| Value::text(row.endpoint.interface.as_deref()),
        ..TEXT
    },
    Column {
        name: "network.namespace.id",
        aliases: &["netns.id"],
        header: "Namespace id",
        meaning: "Network namespace, as the inode of /proc/PID/ns/net.",
        platforms: Platforms::Linux,
        value: |row| Value::number(row.endpoint.namespace.and_then(NamespaceId::inode)),
        ..NUMBER
    },
    Column {
        name: "network.namespace.name",
        aliases: &["netns"],
        header: "Namespace",
        meaning: "Network namespace: self for Sockeye's own, its ip-netns name, else pid: and the lowest PID in it.",
        platforms: Platforms::Linux,
        value: |row| Value::text(row.namespace().map(|namespace| &*namespace.label)),
        ..TEXT
    },
    Column {
        name: "sent.bytes",
        header: "Sent bytes",
        meaning: "Payload bytes sent, repeats not counted; before Linux 4.19 those acknowledged; TCP, and UDP with eBPF. Windows: since counters.since.",
        unit: Unit::Bytes,
        value: |row| metric(row, |m| m.sent_bytes),
        ..METRIC
    },
    Column {
        name: "received.bytes",
        header: "Received bytes",
        meaning: "Payload bytes received since the connection opened; TCP, and UDP with eBPF. Windows: since counters.since.",
        unit: Unit::Bytes,
        value: |row| metric(row, |m| m.received_bytes),
        ..METRIC
    },
    Column {
        name: "sent.packets",
        header: "Sent packets",
        meaning: "Segments sent since the connection opened, with and without payload; TCP. Windows: since counters.since.",
        value: |row| metric(row, |m| m.sent_packets),
        ..METRIC
    },
    Column {
        name: "received.packets",
        header: "Received packets",
        meaning: "Segments received since the connection opened, with and without payload; TCP. Windows: since counters.since.",
        value: |row| metric(row, |m| m.received_packets),
        ..METRIC
    },
    Column {
        name: "sent.messages",
        header: "Sent messages",
        meaning: "Messages that processes sent, one for each call (send, sendto, write); with eBPF.",
        platforms: Platforms::Linux,
        value: |row| metric(row, |m| m.sent_messages),
        ..METRIC
    },
    Column {
        name: "received.messages",
        header: "Received messages",
        meaning: "Messages that processes received, one for each call (recv, recvfrom, read); with eBPF.",
        platforms: Platforms::Linux,
        value: |row| metric(row, |m| m.received_messages),
        ..METRIC
    },
    Column {
        name: "counters.since",
        header: "Counted since",
        meaning: "Since when messages and the bytes of UDP were counted, and on Windows what TCP counts, RFC 3339 in UTC; none when since the opening, or where another program began, which nobody tells (Windows).",
        kind: Kind::Time,
        unit: Unit::None,
        width: 30,
        value: |row| {
            let since = row.endpoint.metrics.as_deref().and_then(|metrics| metrics.since);
            since.map_or(Value::Absent, Value::Time)
        },
        ..METRIC
    },
    Column {
        name: "tcp.rtt_us",
        aliases: &["rtt"],
        header: "RTT",
        meaning: "Smoothed round-trip time, microseconds; TCP.",
        unit: Unit::Microseconds,
        value: |row| metric(row, |m| m.rtt_us),
        ..METRIC
    },
    Column {
        name: "tcp.retransmits",
        aliases: &["retransmits"],
        header: "Retransmits",
        meaning: "Segments sent again since the connection opened; TCP. Windows: since counters.since.",
        value: |row| metric(row, |m| m.retransmits),
        ..METRIC
    },
    Column {
        name: "tcp.queue.send",
        aliases: &["send-q"],
        header: "Send queue",
        meaning: "Payload bytes sent and not yet acknowledged; TCP, listeners apart.",
        unit: Unit::Bytes,
        value: |row| {
            bytes_queued(row, Transport::Tcp).map_or(Value::Absent, |q| Value::Number(q.send))
        },
        ..NUMBER
    },
    Column {
        name: "tcp.queue.receive",
        aliases: &["recv-q"],
        header: "Receive queue",
        meaning: "Payload bytes received and not yet read by the process; TCP, listeners apart.",
        unit: Unit::Bytes,
        value: |row| {
            bytes_queued(row, Transport::Tcp).map_or(Value::Absent, |q| Value::Number(q.receive))
        },
        ..NUMBER
    },
    Column {
        name: "tcp.backlog.used",
        aliases: &["backlog"],
        header: "Backlog",
        meaning: "Connections waiting to be accepted; listeners.",
        value: |row| backlog(row).map_or(Value::Absent, |(used, _)| Value::Number(used.into())),
        platforms: Platforms::Linux,
        ..NUMBER
    },
    Column {
        name: "tcp.backlog.limit",
        header: "Backlog limit",
        meaning: "How many connections may wait to be accepted; listeners.",
        value: |row| Value::number(backlog(row).and_then(|(_, limit)| limit)),
        platforms: Platforms::Linux,
        ..NUMBER
    },
    Column {
        name: "udp.queue.send",
        header: "UDP send queue",
        meaning: "Bytes of memory held by datagrams not yet sent; UDP.",
        unit: Unit::Bytes,
        platforms: Platforms::Linux,
        value: |row| {
            bytes_queued(row, Transport::Udp).map_or(Value::Absent, |q| Value::Number(q.send))
        },
        ..NUMBER
    },
    Column {
        name: "udp.queue.receive",
        header: "UDP receive queue",
        meaning: "Bytes of memory held by datagrams received and not yet read; UDP.",
        unit: Unit::Bytes,
        platforms: Platforms::Linux,
        value: |row| {
            bytes_queued(row, Transport::Udp).map_or(Value::Absent, |q| Value::Number(q.receive))
        },
        ..NUMBER
    },
    Column {
        name: "process.pid",
        aliases: &["pid"],
        header: "PID",
        meaning: "Process id of the owner the row is shown under.",
        width: 7,
        unit: Unit::None,
        kind: Kind::Number,
        value: |row| Value::number(row.owner.map(|owner| owner.process.pid)),
        ..PROCESS
    },
    Column {
        name: "process.parent_pid",
        aliases: &["ppid"],
        header: "Parent PID",
        meaning: "Process id of the owner's parent.",
        width: 7,
        kind: Kind::Number,
        value: |row| Value::number(row.process.and_then(|process| process.parent)),
        ..PROCESS
    },
    Column {
        name: "process.creation.time",
        aliases: &["started"],
        header: "Started",
        meaning: "When the owner started, RFC 3339 in UTC; to 10 ms on Linux, to 100 ns on Windows.",
        kind: Kind::Time,
        width: 24,
        value: |row| {
            row.process.and_then(|process| process.created).map_or(Value::Absent, Value::Time)
        },
        ..PROCESS
    },
    Column {
        name: "process.executable.name",
        aliases: &["process", "name"],
        header: "Process",
        meaning: "File name of the owner's image; the kernel's 15-byte name where the path may not be read.",
        width: 16,
        value: |row| Value::text(row.process.map(|process| &*process.name)),
        ..PROCESS
    },
    Column {
        name: "process.executable.path",
        aliases: &["path"],
        header: "Path",
        meaning: "Full path of the owner's image.",
        width: 32,
        value: |row| Value::text(row.process.and_then(|process| known(&process.path))),
        ..PROCESS
    },
    Column {
        name: "process.command_line",
        aliases: &["command"],
        header: "Command line",
        meaning: "The owner's command line, arguments quoted where they need it; bytes that are not UTF-8 as $'\\xff'.",
        width: 48,
        value: |row| Value::text(row.process.and_then(|process| known(&process.command_line))),
        ..PROCESS
    },
    Column {
        name: "process.script",
        aliases: &["script"],
        header: "Script",
        meaning: "What the owner runs, if its image is an interpreter: a script or jar as the command line names it, a module or a main class. Nothing where a title took the place of the arguments.",
        width: 32,
        value: |row| Value::text(row.process.and_then(|process| process.script.as_deref())),
        ..PROCESS
    },
    Column {
        name: "process.package.name",
        aliases: &["package"],
        header: "Package",
        meaning: "Package that the owner's image belongs to: by the package manager of its root, by the image itself, or by its desktop entry.",
        width: 20,
        value: |row| package(row, |package| Some(&package.name)),
        ..PACKAGE
    },
    Column {
        name: "process.package.version",
        header: "Version",
        meaning: "That package's version; none of an image that was replaced since the owner started.",
        width: 16,
        value: |row| package(row, |package| package.version.as_deref()),
        ..PACKAGE
    },
    Column {
        name: "process.package.vendor",
        aliases: &["vendor"],
        header: "Vendor",
        meaning: "Who made that package: a distribution, a company, a maintainer.",
        width: 24,
        value: |row| package(row, |package| package.vendor.as_deref()),
        ..PACKAGE
    },
    Column {
        name: "process.package.description",
        aliases: &["description"],
        header: "Description",
        meaning: "What that package is, in one line.",
        width: 40,
        value: |row| package(row, |package| package.description.as_deref()),
        ..PACKAGE
    },
    Column {
        name: "process.user.id",
        aliases: &["uid"],
        header: "UID",
        meaning: "User the owner runs as; the socket's creator where no owner is known.",
        width: 6,
        unit: Unit::None,
        kind: Kind::Number,
        platforms: Platforms::Linux,
        value: |row| Value::number(row.user_number()),
        ..PROCESS
    },
    Column {
        name: "process.user.name",
        aliases: &["user"],
        header: "User",
        meaning: "Name of that user.",
        value: |row| Value::text(row.user_id().and_then(|id| row.snapshot.user_name(id))),
        ..PROCESS
    },
    Column {
        name: "process.fd",
        aliases: &["fd"],
        header: "FD",
        meaning: "The owner's file descriptor of the socket.",
        width: 5,
        unit: Unit::None,
        kind: Kind::Number,
        platforms: Platforms::Linux,
        value: |row| Value::number(row.owner.and_then(|owner| owner.fd)),
        ..OWNER
    },
    Column {
        name: "process.owners",
        aliases: &["owners"],
        header: "Other owners",
        meaning: "The other processes that hold the same socket, after a fork or when it was passed on, oldest first: pid/name; in JSON with their own fields.",
        kind: Kind::List,
        width: 24,
        value: owners,
        ..OWNER
    },
    Column {
        name: "process.missing",
        aliases: &["missing"],
        header: "No owner because",
        meaning: "Why no process is shown: time_wait, handshake, unaccepted, orphaned, kernel, not_permitted, outside, ended, vanished or not_observed.",
        value: |row| {
            row.endpoint.owners.reason().map_or(Value::Absent, |reason| Value::Word(reason.id()))
        },
        ..OWNER
    },
    Column {
        name: "service.name",
        aliases: &["service", "unit"],
        header: "Service",
        meaning: "systemd unit of the owner, or of the socket where no owner is known; on Windows the service that opened the socket, else those that the owner runs.",
        width: 20,
        value: |row| Value::text(row.unit()),
        ..PROCESS
    },
    Column {
        name: "service.socket",
        header: "Socket unit",
        meaning: "systemd socket unit that opened the listener or the UDP endpoint, by the unit files; Sockeye's own network namespace.",
        width: 20,
        cost: Cost::Workloads,
        is_default: false,
        platforms: Platforms::Linux,
        value: |row| Value::text(row.socket_unit()),
        ..TEXT
    },
    Column {
        name: "container.runtime",
        aliases: &["runtime", "container.runtime.name"],
        header: "Runtime",
        meaning: "What runs the innermost container that the owner is in, by its control group: docker, podman, containerd, cri-o, buildkit, lxc, libvirt-lxc, systemd-nspawn, snap or flatpak.",
        width: 10,
        platforms: Platforms::Linux,
        value: |row| {
            let container = row.workload().and_then(|workload| workload.container);
            container.map_or(Value::Absent, |container| Value::Word(container.runtime.id()))
        },
        ..PROCESS
    },
    Column {
        name: "container.id",
        aliases: &["cid"],
        header: "Container id",
        meaning: "Id of that container; its name where the runtime knows no other id. Text and tables show the first 12 characters.",
        platforms: Platforms::Linux,
        value: |row| {
            let container = row.workload().and_then(|workload| workload.container);
            Value::text(container.map(Container::id))
        },
        ..PROCESS
    },
    Column {
        name: "container.name",
        aliases: &["container"],
        header: "Container",
        meaning: "What the runtime calls that container: for Kubernetes namespace/pod/container.",
        width: 20,
        cost: Cost::Workloads,
        is_default: false,
        platforms: Platforms::Linux,
        value: |row| Value::text(row.container_name()),
        ..PROCESS
    },
    Column {
        name: "k8s.pod.uid",
        aliases: &["pod"],
        header: "Pod",
        meaning: "Uid of the Kubernetes pod that the owner is in, by its control group.",
        width: 36,
        platforms: Platforms::Linux,
        value: |row| {
            let pod = row.workload().and_then(|workload| workload.pod);
            Value::text(pod.map(PodUid::dashed))
        },
        ..PROCESS
    },
    Column {
        name: "process.linux.cgroup",
        aliases: &["cgroup"],
        header: "Control group",
        meaning: "Control group of the owner, or of the socket where no owner is known, below the cgroup2 root.",
        width: 32,
        platforms: Platforms::Linux,
        value: |row| Value::text(row.cgroup()),
        ..PROCESS
    },
    Column {
        name: "socket.inode",
        aliases: &["inode"],
        header: "Inode",
        meaning: "Inode of the socket's file; none for sockets without a file (TIME-WAIT, orphans).",
        unit: Unit::None,
        platforms: Platforms::Linux,
        value: |row| Value::number(row.endpoint.socket.inode),
        ..NUMBER
    },
    Column {
        name: "socket.cookie",
        aliases: &["cookie"],
        header: "Cookie",
        meaning: "The kernel's own number of the socket, never used twice until reboot.",
        unit: Unit::None,
        platforms: Platforms::Linux,
        value: |row| Value::number(row.endpoint.socket.cookie),
        ..NUMBER
    },
    Column {
        name: "socket.created",
        aliases: &["created"],
        header: "Created",
        meaning: "When the socket was made, RFC 3339 in UTC.",
        kind: Kind::Time,
        width: 30,
        is_default: false,
        platforms: Platforms::Windows,
        value: |row| row.endpoint.created().map_or(Value::Absent, Value::Time),
        ..TEXT
    },
    Column {
        name: "socket.pid",
        aliases: &["made-by"],
        header: "Made by",
        meaning: "Process id that the system notes for the socket: the process that made it, also when that has ended.",
        unit: Unit::None,
        width: 7,
        is_default: false,
        platforms: Platforms::Windows,
        value: |row| Value::number(row.endpoint.birth.as_deref().and_then(|birth| birth.pid)),
        ..NUMBER
    },
    Column {
        name: "observer.source",
        aliases: &["source"],
        header: "Source",
        meaning: "What the row was observed with: ebpf, sock_diag, procfs, iphlpapi or replay.",
        value: |row| Value::Word(source(row).id()),
        ..TEXT
    },
];

/// The value of a fact, if it is known.
fn known<T: AsRef<str>>(fact: &Fact<T>) -> Option<&str> {
    fact.as_ref().ok().map(AsRef::as_ref)
}

/// `address` as a cell, its scope named after the endpoint's interface.
fn address<'a>(endpoint: &'a Endpoint, address: Option<&SocketAddr>) -> Value<'a> {
    let scoped = address.map(|address| Scoped::new(address, endpoint.interface.as_deref()));
    scoped.map_or(Value::Absent, Value::Address)
}

/// A port, unless it is the 0 that stands for one not chosen yet.
fn chosen(port: u16) -> Option<u16> {
    (port != 0).then_some(port)
}

/// `address` and its port as one cell.
fn socket<'a>(endpoint: &'a Endpoint, address: Option<&SocketAddr>) -> Value<'a> {
    let scoped = address.map(|a| (Scoped::new(a, endpoint.interface.as_deref()), a.port()));
    scoped.map_or(Value::Absent, |(address, port)| Value::Socket(address, port))
}

/// The host name of `address`, where it was resolved.
fn hostname<'a>(row: &Row<'a>, address: Option<&SocketAddr>) -> Value<'a> {
    let name = address.and_then(|address| row.snapshot.answers.hostnames.get(&address.ip()));
    Value::text(name.map(|name| &**name))
}

/// A fact about the package of the owner's image, where that was found out.
fn package<'a>(row: &Row<'a>, take: impl Fn(&'a Package) -> Option<&'a str>) -> Value<'a> {
    let answer = row.process.and_then(|process| row.snapshot.answers.packages.get(&process.id));
    Value::text(answer.and_then(|answer| answer.as_ref().ok()).and_then(|package| take(package)))
}

/// Where the remote is said to be.
fn place<'a>(row: &Row<'a>) -> Option<&'a Place> {
    row.snapshot.answers.places.get(&row.endpoint.remote?.ip())
}

/// A fact of what happened, where the row tells of that.
fn happened<'a, T>(row: &Row<'a>, take: impl Fn(&'a Occurrence) -> Option<T>) -> Option<T> {
    row.occurrence.and_then(take)
}

/// One of TCP's measurements, where they were taken.
fn metric<'a, N: Into<u64>>(row: &Row<'a>, take: impl Fn(&Metrics) -> Option<N>) -> Value<'a> {
    Value::number(row.endpoint.metrics.as_deref().and_then(take))
}

/// Bytes waiting in both directions.
struct Queued {
    receive: u64,
    send: u64,
}

/// The bytes that wait in an endpoint of the given transport.
fn bytes_queued(row: &Row<'_>, transport: Transport) -> Option<Queued> {
    match row.endpoint.queue? {
        Queue::Bytes { receive, send } if row.endpoint.transport == transport => {
            Some(Queued { receive: receive.into(), send: send.into() })
        }
        Queue::Bytes { .. } | Queue::Backlog { .. } => None,
    }
}

/// What the row was observed with. A namespace that may not be entered is read from `/proc/net`,
/// which gives no cookies; `sock_diag` gives every socket one.
fn source(row: &Row<'_>) -> Source {
    match row.snapshot.source {
        Source::SockDiag if row.endpoint.socket.cookie.is_none() => Source::Procfs,
        source => source,
    }
}

/// A listener's waiting connections and their limit.
fn backlog(row: &Row<'_>) -> Option<(u32, Option<u32>)> {
    match row.endpoint.queue? {
        Queue::Backlog { used, limit } => Some((used, limit)),
        Queue::Bytes { .. } => None,
    }
}

/// The other holders, each process once, as rows of their own.
fn owners<'a>(row: &Row<'a>) -> Value<'a> {
    let holders = row.other_holders();
    if holders.is_empty() {
        Value::Absent
    } else {
        Value::List(holders.into_iter().map(Value::Holder).collect())
    }
}
