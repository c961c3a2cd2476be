//! Reads a script of steps and writes down what comes of each.
//!
//! Steps: `TIME tick`; `TIME snap BEGAN ENDPOINT ; …`; `TIME FROM>TO ENDPOINT` for a TCP state;
//! `TIME used|bound|peer ENDPOINT`; `TIME gone REASON ENDPOINT`; `TIME lost COUNT`; `TIME process
//! PID`; `TIME user ID NAME`; `TIME namespace INODE LABEL`; and questions: `show`, `needs`,
//! `defects`, `known`, `names`. An endpoint is written as words in any order: `udp`, `c7` (cookie),
//! `i7` (inode), a state, its local and its remote side, `in`, `out`, `held`, `by=3,4` (owners),
//! `bytes=9` (sent), `ns=7` (its namespace's inode).

use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::net::SocketAddr;

use crate::endpoint::{Direction, Endpoint, Metrics, Owners, Transport};
use crate::event::{Change, Coverage, Event, EventKind, Occurrence, Reason, Sighting};
use crate::session::Session;
use crate::snapshot::NamespaceId;
use crate::state::State;
use crate::testing;
use crate::time::Timestamp;

/// Events tell everything.
pub(super) const EVENTS: Coverage =
    Coverage { tcp: true, udp: true, udp_closings: true, connections: false };
/// Only snapshots tell, and perhaps of closings.
pub(super) const POLLING: Coverage =
    Coverage { tcp: false, udp: false, udp_closings: false, connections: false };

/// Compares what comes of the steps of `script` with its lines that begin with `=`.
pub(super) fn check(coverage: Coverage, script: &str) {
    compare(Session::new(coverage), script);
}

/// The same, with the first snapshot reported.
pub(super) fn check_initial(coverage: Coverage, script: &str) {
    compare(Session::new(coverage).reporting_initial(), script);
}

fn compare(mut session: Session, script: &str) {
    let lines = script.lines().map(str::trim).filter(|line| !line.is_empty());
    let mut written = Vec::new();
    for step in lines.clone().filter(|line| !line.starts_with('=')) {
        written.push(step.to_string());
        written.extend(perform(&mut session, step).iter().map(|line| format!("= {line}")));
    }
    let trimmed: Vec<&str> = written.iter().map(|line| line.trim()).collect();
    let expected: Vec<&str> = lines.collect();
    assert_eq!(trimmed, expected, "\n{}\n", trimmed.join("\n"));
}

/// Performs one step; tells what came of it.
fn perform(session: &mut Session, step: &str) -> Vec<String> {
    let (when, step) = step.split_once(' ').unwrap();
    let (verb, rest) = step.split_once(' ').unwrap_or((step, ""));
    let now = time(when);
    match verb {
        "show" => {
            return session
                .lives()
                .map(|live| {
                    let phase = format!("{:?}", live.phase).to_lowercase();
                    format!("{phase} {}", described(live.endpoint))
                })
                .collect();
        }
        "needs" => return [session.needs_snapshot().to_string()].into(),
        "defects" => return [defects(session)].into(),
        "known" => return [known(session)].into(),
        "names" => return [names(session)].into(),
        "tick" => session.handle_timeout(now),
        "snap" => {
            let (began, rest) = rest.split_once(' ').unwrap_or((rest, ""));
            let texts = rest.split(';').filter(|text| !text.trim().is_empty());
            session.handle_snapshot(now, snapshot(time(began), texts.map(endpoint).collect()));
        }
        "lost" => {
            session.handle_event(Event { time: now, kind: EventKind::Lost(rest.parse().unwrap()) });
        }
        "process" => {
            let process = testing::process(rest.parse().unwrap(), "/bin/x");
            session.handle_event(Event { time: now, kind: EventKind::Process(Box::new(process)) });
        }
        "user" | "namespace" => {
            let (id, name) = rest.split_once(' ').unwrap();
            let id = id.parse().unwrap();
            let kind = match verb {
                "user" => EventKind::User { id, name: name.into() },
                _ => EventKind::Namespace(testing::namespace(id, name)),
            };
            session.handle_event(Event { time: now, kind });
        }
        _ => session.handle_event(Event { time: now, kind: sighting(verb, rest) }),
    }
    session.take_occurrences().iter().map(occurrence).collect()
}

/// What an event tells.
fn sighting(verb: &str, rest: &str) -> EventKind {
    let (change, rest, to) = match (verb, verb.split_once('>')) {
        ("used", _) => (Change::Used, rest, None),
        ("bound", _) => (Change::Bound, rest, None),
        ("peer", _) => (Change::Peer, rest, None),
        ("gone", _) => {
            let (reason, rest) = rest.split_once(' ').unwrap();
            let reason = Reason::all().find(|known| known.id() == reason).unwrap();
            (Change::Closed(reason), rest, None)
        }
        (_, Some((from, to))) => (Change::State(State::parse(from)), rest, State::parse(to)),
        _ => panic!("no such step: {verb}"),
    };
    let mut endpoint = endpoint(rest);
    endpoint.state = to.or(endpoint.state);
    let is_held = rest.split(' ').any(|word| word == "held");
    EventKind::Endpoint(Box::new(Sighting { change, endpoint, is_held }))
}

/// A snapshot with the processes that its endpoints name.
pub(super) fn snapshot(began: Timestamp, endpoints: Vec<Endpoint>) -> crate::Snapshot {
    let owners = endpoints.iter().flat_map(|endpoint| endpoint.owners.as_slice());
    let processes = owners.map(|owner| testing::process(owner.process.pid, "/bin/x")).collect();
    let mut reached: Vec<NamespaceId> = endpoints.iter().filter_map(|e| e.namespace).collect();
    reached.sort_unstable();
    reached.dedup();
    let labelled = |id: NamespaceId| {
        let number = id.inode().unwrap();
        testing::namespace(number, &format!("netns:{number}"))
    };
    let namespaces = reached.into_iter().map(labelled).collect();
    crate::Snapshot { time: began, namespaces, ..testing::snapshot(0, endpoints, processes) }
}

/// Reads an endpoint.
pub(super) fn endpoint(text: &str) -> Endpoint {
    let mut endpoint = testing::endpoint(Transport::Tcp, "0.0.0.0:0", "");
    let mut has_local = false;
    for word in text.split_whitespace() {
        let (key, value) = word.split_once('=').unwrap_or((word, ""));
        if let Ok(side) = word.parse::<SocketAddr>() {
            if core::mem::replace(&mut has_local, true) {
                endpoint.remote = Some(side);
            } else {
                endpoint.local = side;
            }
        } else if let Some(cookie) = word.strip_prefix('c').and_then(|n| n.parse().ok()) {
            endpoint.socket.cookie = Some(cookie);
        } else if let Some(inode) = word.strip_prefix('i').and_then(|n| n.parse().ok()) {
            endpoint.socket.inode = Some(inode);
        } else {
            match key {
                "udp" => endpoint.transport = Transport::Udp,
                "in" => endpoint.direction = Direction::Ingress,
                "out" => endpoint.direction = Direction::Egress,
                "held" => {}
                "by" => {
                    let pids: Vec<u32> = value.split(',').map(|pid| pid.parse().unwrap()).collect();
                    endpoint.owners = testing::owners(&pids);
                }
                "ns" => {
                    endpoint.namespace = Some(NamespaceId::Inode(value.parse().unwrap()));
                }
                "bytes" => {
                    let sent_bytes = Some(value.parse().unwrap());
                    endpoint.metrics = Some(Box::new(Metrics { sent_bytes, ..Metrics::default() }));
                }
                _ => endpoint.state = Some(State::parse(word).unwrap()),
            }
        }
    }
    endpoint
}

/// Writes an endpoint.
pub(super) fn described(endpoint: &Endpoint) -> String {
    let mut words = Vec::new();
    words.extend((endpoint.transport == Transport::Udp).then(|| "udp".to_string()));
    words.extend(endpoint.socket.cookie.map(|cookie| format!("c{cookie}")));
    words.extend(endpoint.socket.inode.map(|inode| format!("i{inode}")));
    words.extend(endpoint.state.map(|state| state.id().to_string()));
    words.push(endpoint.local.to_string());
    words.extend(endpoint.remote.map(|remote| remote.to_string()));
    let pids: Vec<String> =
        endpoint.owners.as_slice().iter().map(|owner| owner.process.to_string()).collect();
    words.extend((!pids.is_empty()).then(|| format!("by={}", pids.join(","))));
    if let Owners::None(crate::Ownerless::Unaccepted) = endpoint.owners {
        words.push("missing=unaccepted".to_string());
    }
    let bytes = endpoint.metrics.as_ref().and_then(|metrics| metrics.sent_bytes);
    words.extend(bytes.map(|bytes| format!("bytes={bytes}")));
    words.join(" ")
}

/// Writes an occurrence.
fn occurrence(occurrence: &Occurrence) -> String {
    let at = |time: Timestamp| time.unix_ns();
    let mut words =
        Vec::from([at(occurrence.time).to_string(), occurrence.action.id().to_string()]);
    words.extend(occurrence.endpoint.as_deref().map(described));
    words.extend(occurrence.start.map(|start| format!("start={}", at(start))));
    words.extend(occurrence.end.map(|end| format!("end={}", at(end))));
    words.extend(occurrence.reason.map(|reason| format!("reason={}", reason.id())));
    words.extend(occurrence.lost.map(|lost| format!("lost={lost}")));
    words.join(" ")
}

fn defects(session: &Session) -> String {
    let defects = session.defects();
    let mut words = Vec::new();
    for (transport, counts) in [("tcp", defects.tcp), ("udp", defects.udp)] {
        let named = [
            ("openings", counts.openings),
            ("closings", counts.closings),
            ("states", counts.states),
            ("addresses", counts.addresses),
        ];
        let named = named.iter().filter(|(_, count)| *count > 0);
        let counts: Vec<String> = named.map(|(name, count)| format!("{name}={count}")).collect();
        words.extend((!counts.is_empty()).then(|| format!("{transport} {}", counts.join(" "))));
    }
    let last = defects.last.as_ref().filter(|_| defects.udp == Default::default());
    words.join(" ") + &last.map_or(String::new(), |last| format!(": {last}"))
}

fn known(session: &Session) -> String {
    let mut pids: Vec<u32> = session.context().processes.keys().map(|id| id.pid).collect();
    pids.sort_unstable();
    pids.iter().map(u32::to_string).collect::<Vec<_>>().join(" ")
}

fn names(session: &Session) -> String {
    let context = session.context();
    let users = context.users.iter().map(|(id, name)| format!("{id}={name}"));
    let labels = context.namespaces.iter().filter_map(|n| Some((n.id.inode()?, &n.label)));
    let namespaces = labels.map(|(id, label)| format!("ns{id}={label}"));
    users.chain(namespaces).collect::<Vec<_>>().join(" ")
}

fn time(text: &str) -> Timestamp {
    Timestamp::from_unix_ns(text.parse().unwrap())
}
