//! Watching without programs in the kernel: snapshots, and the multicast of closings in between.

use std::io;
use std::os::fd::AsFd;
use std::thread;
use std::time::Duration;

use hashbrown::HashSet;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use sockeye_core::degradation::number_of;
use sockeye_core::endpoint::Ownerless;
use sockeye_core::event::{Change, Event, EventKind, Reason, Sighting};
use sockeye_core::{Degradation, Endpoint, NamespaceId, Owners, Snapshot};

use super::closings::{Closing, Closings};
use super::namespaces::{self, Place, inside_each};
use super::netlink::SockDiag;
use super::observe::{gather_from, now};
use super::ports::Ports;
use super::source;
use super::users::KnownUsers;
use super::walk::read_pids;
use crate::assemble::{assemble, endpoint_of};
use crate::decode::Table;
use crate::decode::inet_diag::Measure;
use crate::error::plain;
use crate::raw::Keep;
use crate::{Error, SourceChoice, Wants};

/// Looks now and then, and hears of closings in between.
#[derive(Debug)]
pub(super) struct Polling {
    wants: Wants,
    /// Measurements were wanted in the beginning.
    is_measured: bool,
    limits: Vec<Degradation>,
    closings: Vec<Closings>,
    /// What was heard in namespaces that are not followed any more.
    pending: Vec<Event>,
    known: Known,
}

impl Polling {
    /// Begins to follow closings where that is permitted.
    ///
    /// # Errors
    ///
    /// When `sock_diag` was asked for by name and does not answer; when the namespace asked for
    /// does not exist.
    pub(super) fn start(wants: &Wants) -> Result<Self, Error> {
        if wants.source == SourceChoice::Netlink {
            try_sock_diag(wants).map_err(|error| source::no_sock_diag(&error))?;
        }
        let known = Known { ports: Ports::read(), users: KnownUsers::default() };
        let (wants, is_measured) = (wants.clone(), wants.metrics);
        let (limits, closings, pending) = (Vec::new(), Vec::new(), Vec::new());
        let mut polling = Self { wants, is_measured, limits, closings, pending, known };
        if polling.wants.source == SourceChoice::Proc {
            polling.limit("/proc tells of nothing as it happens");
            return Ok(polling);
        }
        let pids = read_pids().unwrap_or_default();
        let places = namespaces::find(&polling.wants.namespaces, &pids)?;
        let refused = join(&mut polling.closings, &places);
        match (refused, polling.closings.is_empty()) {
            (Some(refused), true) => {
                polling.limit(&format!("closings cannot be followed: {}", refused.reason));
            }
            (refused, _) => {
                polling.limit("sock_diag tells of closings alone");
                refused.into_iter().for_each(|refused| polling.limit(&refused.to_string()));
            }
        }
        Ok(polling)
    }

    /// Notes what cannot be told, and why.
    pub(super) fn limit(&mut self, reason: &str) {
        match self.limits.first_mut() {
            Some(Degradation::EventsUnavailable { reason: known }) => {
                known.push_str("; ");
                known.push_str(reason);
            }
            _ => {
                let reason = reason.to_owned();
                self.limits.insert(0, Degradation::EventsUnavailable { reason });
            }
        }
    }

    /// See [`crate::Watcher::limits`].
    pub(super) fn limits(&self) -> &[Degradation] {
        &self.limits
    }

    /// See [`crate::Watcher::wait`]. Every lost message is one event lost.
    pub(super) fn wait(&mut self, timeout: Duration, out: &mut Vec<Event>) -> Result<(), Error> {
        let timeout = if self.pending.is_empty() { timeout } else { Duration::ZERO };
        out.append(&mut self.pending);
        if self.closings.is_empty() {
            thread::sleep(timeout);
            return Ok(());
        }
        let mut polled: Vec<PollFd<'_>> = self.closings.iter().map(poll_fd).collect();
        match poll(&mut polled, Timespec::try_from(timeout).ok().as_ref()) {
            Ok(0) | Err(Errno::INTR) => return Ok(()),
            Ok(_) => {}
            Err(errno) => return Err(failed(&errno.into())),
        }
        let is_ready: Vec<bool> = polled.iter().map(|fd| !fd.revents().is_empty()).collect();
        for (closings, _) in self.closings.iter_mut().zip(is_ready).filter(|(_, ready)| *ready) {
            hear(closings, &mut self.known, out).map_err(|error| failed(&error))?;
        }
        Ok(())
    }

    /// See [`crate::Watcher::set_measuring`].
    pub(super) fn set_measuring(&mut self, is_measuring: bool) {
        self.wants.metrics = is_measuring && self.is_measured;
    }

    /// See [`crate::Watcher::snapshot`]. Namespaces that have come are followed before their tables
    /// are read, those that are no more are left.
    pub(super) fn snapshot(&mut self) -> Result<Snapshot, Error> {
        let is_following = self.wants.source != SourceChoice::Proc;
        let mut found = HashSet::new();
        let raw = gather_from(&self.wants, Keep::Rows, |places| {
            found.extend(places.iter().map(|place| place.id));
            if is_following {
                // What is refused now was refused before, and stands among the snapshot's own
                // degradations.
                let _ = join(&mut self.closings, places);
            }
        })?;
        self.leave(&found);
        let snapshot = assemble(raw);
        self.known.ports.learn(&snapshot);
        self.known.users.learn(&snapshot);
        Ok(snapshot)
    }

    /// Leaves all namespaces but those `found`: nothing but our own sockets keeps them.
    fn leave(&mut self, found: &HashSet<Option<NamespaceId>>) {
        for closings in &mut self.closings {
            if !found.contains(&closings.namespace) {
                // An error here can only be of a namespace that is left at once.
                let _ = hear(closings, &mut self.known, &mut self.pending);
            }
        }
        self.closings.retain(|closings| found.contains(&closings.namespace));
    }
}

/// Whether `sock_diag` answers about everything that is wanted. It loads the kernel's modules, too,
/// without which there is no multicast.
fn try_sock_diag(wants: &Wants) -> io::Result<()> {
    let mut diag = SockDiag::open()?;
    let mut tables = Table::ALL.into_iter().filter(|table| wants.has(table.transport));
    tables.try_for_each(|table| diag.dump(table, Measure::Nothing, |_| {}).map(|_| ()))
}

/// Namespaces in which closings cannot be followed.
struct Refused {
    count: usize,
    reason: String,
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let namespaces = number_of(self.count, "network namespace", "network namespaces");
        write!(f, "nor of those in {namespaces}: {}", self.reason)
    }
}

/// Joins the closings of those `places` that are not followed yet.
fn join(closings: &mut Vec<Closings>, places: &[Place]) -> Option<Refused> {
    let is_new = |place: &&Place| closings.iter().all(|known| known.namespace != place.id);
    let new: Vec<Place> = places.iter().filter(is_new).cloned().collect();
    let (own, others): (Vec<Place>, Vec<Place>) = new.into_iter().partition(|place| place.is_own);
    let mut joined: Vec<io::Result<Closings>> =
        own.iter().map(|place| Closings::join(place.id)).collect();
    if !others.is_empty() {
        let visited = inside_each(&others, |place| Closings::join(place.id));
        joined.extend(visited.into_iter().map(Result::flatten));
    }
    let mut refused = None;
    for outcome in joined {
        match outcome {
            Ok(new) => closings.push(new),
            Err(error) => {
                let refused = refused.get_or_insert(Refused { count: 0, reason: plain(&error) });
                refused.count += 1;
            }
        }
    }
    refused
}

/// Waits for messages.
fn poll_fd(closings: &Closings) -> PollFd<'_> {
    PollFd::from_borrowed_fd(closings.as_fd(), PollFlags::IN)
}

/// The multicast cannot be read any more.
fn failed(error: &io::Error) -> Error {
    Error::from_io("follow closings", "", error)
}

/// Turns what has come into events.
fn hear(closings: &mut Closings, known: &mut Known, out: &mut Vec<Event>) -> io::Result<()> {
    let time = now();
    let first = out.len();
    let namespace = closings.namespace;
    let lost = closings.read(|closing| {
        let sighting = sighting(closing, namespace, &known.ports);
        known.users.tell(sighting.endpoint.user_id, time, out);
        out.push(Event { time, kind: EventKind::Endpoint(Box::new(sighting)) });
    })?;
    for event in out.get_mut(first..).unwrap_or_default() {
        if let EventKind::Endpoint(sighting) = &mut event.kind {
            let endpoint = &mut sighting.endpoint;
            let name = closings.interface_name(endpoint.socket.interface);
            endpoint.interface = name.map(Into::into);
        }
    }
    if lost > 0 {
        out.push(Event { time, kind: EventKind::Lost(lost) });
    }
    Ok(())
}

/// What a closing tells. Which side closed, or whether the connection was reset, it does not.
fn sighting(closing: Closing, namespace: Option<NamespaceId>, ports: &Ports) -> Sighting {
    let Closing { mut row, left } = closing;
    let metrics = row.metrics.take();
    let change = if left.is_some() { Change::State(None) } else { Change::Closed(Reason::Unknown) };
    let row = left.unwrap_or(row);
    let owners = Owners::None(Ownerless::NotObserved);
    let endpoint = endpoint_of(row, namespace, owners);
    let direction = ports.direction(&endpoint);
    // What waited in it is gone with it.
    let endpoint = Endpoint { direction, metrics, queue: None, ..endpoint };
    Sighting { change, endpoint, is_held: false }
}

/// What snapshots told that closings do not tell.
#[derive(Debug)]
struct Known {
    ports: Ports,
    users: KnownUsers,
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::process::{Child, Command, Stdio};
    use std::time::Instant;

    use super::*;
    use crate::Namespaces;
    use crate::decode::process::decode_namespace_link;

    /// A process in a network namespace of its own. For a line it makes a socket and closes it; with
    /// the end of its input it ends, and its namespace with it.
    fn process_elsewhere() -> Option<(Child, NamespaceId)> {
        let script = "ip link set lo up && echo ready && \
                      while read _; do exec 3<>/dev/udp/127.0.0.1/9 && exec 3>&-; done";
        let mut command = Command::new("unshare");
        command.args(["--net", "bash", "-c", script]).stdin(Stdio::piped());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().ok()?;
        let mut ready = String::new();
        BufReader::new(child.stdout.take()?).read_line(&mut ready).ok()?;
        let link = std::fs::read_link(format!("/proc/{}/ns/net", child.id())).ok()?;
        let inode = decode_namespace_link(link.as_os_str().as_encoded_bytes())?;
        (ready == "ready\n").then_some((child, NamespaceId::Inode(inode)))
    }

    #[test]
    #[expect(clippy::print_stdout, reason = "what is skipped is said")]
    fn a_namespace_that_comes_later_is_followed_and_left_when_it_is_gone() {
        let wants = Wants {
            namespaces: Namespaces::All,
            source: SourceChoice::Netlink,
            ..Wants::EVERYTHING
        };
        let mut polling = Polling::start(&wants).unwrap();
        let Some((mut child, elsewhere)) = process_elsewhere() else {
            println!("skipped: unshare --net is not permitted here");
            return;
        };
        let follows = |polling: &Polling| {
            polling.closings.iter().any(|closings| closings.namespace == Some(elsewhere))
        };
        assert!(!follows(&polling));
        polling.snapshot().unwrap();
        assert!(follows(&polling));
        let mut input = child.stdin.take().unwrap();
        input.write_all(b"\n").unwrap();
        let nine = Some("127.0.0.1:9".parse().unwrap());
        wait_for(&mut polling, |endpoint| {
            endpoint.namespace == Some(elsewhere) && endpoint.remote == nine
        });
        drop(input);
        child.wait().unwrap();
        let snapshot = polling.snapshot().unwrap();
        assert_eq!(snapshot.namespace(elsewhere), None);
        assert!(!follows(&polling), "our own socket would keep it");
    }

    /// Waits until such an endpoint is told closed.
    fn wait_for(polling: &mut Polling, is_such: impl Fn(&Endpoint) -> bool) {
        let end = Instant::now() + Duration::from_secs(60);
        let mut events = Vec::new();
        let is_told = |event: &Event| match &event.kind {
            EventKind::Endpoint(told) => {
                told.change == Change::Closed(Reason::Unknown) && is_such(&told.endpoint)
            }
            _ => false,
        };
        while !events.iter().any(is_told) {
            let left = end.checked_duration_since(Instant::now()).expect("it is told in time");
            polling.wait(left, &mut events).unwrap();
        }
    }
}
