//! What the eBPF tier can do here: every program is loaded, and its events are held against the tables.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use hashbrown::HashSet;
use rustix::net::sockopt::{set_socket_linger, socket_cookie};
use sockeye_core::event::{Action, Event, Occurrence};
use sockeye_core::{Degradation, Session};

use super::list::HELD;
use super::load::{PROGRAMS, Place, Program, Programs, Refused, Setup};
use super::stream::Stream;
use crate::support::{Finding, Status};
use crate::sys::linux::observe::{now, pid_namespace};
use crate::sys::linux::support::{Probe, grant};
use crate::{Error, Kind, SourceChoice, Wants};

/// Tries the iterators, the events, and whether these tell the truth.
pub(in crate::sys::linux) fn examine() -> Vec<Finding> {
    let wants = Wants { source: SourceChoice::Ebpf, ..Wants::EVERYTHING };
    let stream = Stream::start(&wants);
    vec![examine_lists(&[]), examine_events(&stream), examine_truth(stream)]
}

/// The iterators, as a list loads them, without those `refused`.
pub(super) fn examine_lists(refused: &'static [&'static str]) -> Finding {
    let probe = Probe::new("ebpf_lists", "Lists by eBPF");
    let pid_namespace = pid_namespace();
    let setup = Setup { is_measuring: true, pid_namespace, refused, ..Setup::PLAIN };
    let start = Instant::now();
    let missing = match Programs::prepare(&setup) {
        Ok(programs) => refusals(&programs),
        Err(refused) => {
            let detail = format!("{refused}; lists follow each descriptor instead");
            let finding = probe.found(Status::Missing, detail);
            return if refused.is_denied() { finding.mended_by(grant()) } else { finding };
        }
    };
    if missing.is_empty() {
        let taken = start.elapsed().as_millis();
        return probe
            .found(Status::Works, format!("every iterator could be loaded, in {taken} ms"));
    }
    let has_none = missing.iter().any(|(program, _)| program.name == HELD);
    let (status, instead) = match has_none {
        true => (Status::Missing, "lists follow each descriptor instead"),
        false => (Status::Limited, "tables are read instead"),
    };
    let reasons =
        missing.iter().map(|(program, refused)| format!("{}: {refused}", program.purpose));
    let reasons: Vec<String> = reasons.collect();
    probe.found(status, format!("{}; {instead}", reasons.join("; ")))
}

/// The iterators that the kernel refuses, each with its reason.
fn refusals(programs: &Programs) -> Vec<(Program, Refused)> {
    let iterators = PROGRAMS.into_iter().filter(|program| program.place == Place::Iterator);
    iterators.filter_map(|program| Some((program, programs.load(program).err()?))).collect()
}

/// The programs that tell what happens.
pub(super) fn examine_events(stream: &Result<Stream, Error>) -> Finding {
    let probe = Probe::new("ebpf_events", "Events by eBPF");
    let stream = match stream {
        Ok(stream) => stream,
        Err(error) => {
            let detail = format!("{error}; sockeye watch polls instead");
            let finding = probe.found(Status::Missing, detail);
            return if error.kind == Kind::Denied { finding.mended_by(grant()) } else { finding };
        }
    };
    // What is said of iterators stands among the lists.
    let is_of_events = |limit: &&Degradation| matches!(limit, Degradation::EventsIncomplete { .. });
    let limits = stream.limits().iter().filter(is_of_events);
    let limits: Vec<String> = limits.map(Degradation::to_string).collect();
    if limits.is_empty() {
        let detail =
            "openings, changes, closings, and bytes of TCP and UDP are told as they happen";
        return probe.found(Status::Works, detail);
    }
    probe.found(Status::Limited, limits.join("; ")).mended_by(grant())
}

/// Connections of our own that events are to tell of.
const CONNECTIONS: usize = 50;
/// How long that may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// Whether events tell what the tables show, on connections of our own and all that happens meanwhile.
pub(super) fn examine_truth(stream: Result<Stream, Error>) -> Finding {
    let probe = Probe::new("ebpf_truth", "Events held against the tables");
    let Ok(stream) = stream else {
        return probe.found(Status::Missing, "there are no events");
    };
    if !stream.coverage().tcp {
        return probe
            .found(Status::Missing, "there are no events of TCP, which is looked at instead");
    }
    match (Trial { session: Session::new(stream.coverage()), stream }).run() {
        Ok((told, session)) => {
            let defects = session.defects();
            let detail = format!(
                "{told} of {CONNECTIONS} connections made by this process were told, opened and \
                 closed, with this process; defects: {}{}",
                defects.total(),
                defects
                    .last
                    .as_deref()
                    .map(|last| format!(", the last: {last}"))
                    .unwrap_or_default()
            );
            let is_true = told == CONNECTIONS && defects.is_empty();
            probe.found(if is_true { Status::Works } else { Status::Limited }, detail)
        }
        Err(error) => probe.found(Status::Limited, format!("it could not be tried: {error}")),
    }
}

/// A session over a stream, for a moment.
struct Trial {
    session: Session,
    stream: Stream,
}

impl Trial {
    /// How many of our connections were told rightly, and the session.
    fn run(mut self) -> Result<(usize, Session), Error> {
        self.look()?;
        let failed = |error: std::io::Error| Error::from_io("connect", "127.0.0.1", &error);
        let ours = connect_and_close().map_err(failed)?;
        let (mut opened, mut closed) = (HashSet::new(), HashSet::new());
        let end = Instant::now() + PATIENCE;
        while closed.len() < ours.len() && Instant::now() < end {
            self.hear(Duration::from_millis(50))?;
            for occurrence in self.session.take_occurrences() {
                let Some(cookie) = cookie_if_ours(&occurrence) else { continue };
                match occurrence.action {
                    Action::Opened => drop(opened.insert(cookie)),
                    Action::Closed => drop(closed.insert(cookie)),
                    _ => {}
                }
            }
        }
        self.look()?;
        let is_told = |cookie: &&u64| opened.contains(*cookie) && closed.contains(*cookie);
        Ok((ours.iter().filter(is_told).count(), self.session))
    }

    /// Takes a snapshot, and what happened until its end.
    fn look(&mut self) -> Result<(), Error> {
        let snapshot = self.stream.snapshot()?;
        self.hear(Duration::ZERO)?;
        self.session.handle_snapshot(now(), snapshot);
        Ok(())
    }

    /// Hands on what happened.
    fn hear(&mut self, timeout: Duration) -> Result<(), Error> {
        let mut events: Vec<Event> = Vec::new();
        self.stream.wait(timeout, &mut events)?;
        events.into_iter().for_each(|event| self.session.handle_event(event));
        Ok(())
    }
}

/// The cookie of what happened, if it is said to be of this process.
fn cookie_if_ours(occurrence: &Occurrence) -> Option<u64> {
    let endpoint = occurrence.endpoint.as_deref()?;
    let mut owners = endpoint.owners.as_slice().iter();
    let is_ours = owners.any(|owner| owner.process.pid == std::process::id());
    endpoint.socket.cookie.filter(|_| is_ours)
}

/// Makes connections to a listener of our own and closes them; their cookies.
fn connect_and_close() -> std::io::Result<Vec<u64>> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    let connect = |_| {
        let client = TcpStream::connect(address)?;
        let (_server, _) = listener.accept()?;
        // Reset, so that no TIME-WAIT is left behind.
        set_socket_linger(&client, Some(Duration::ZERO))?;
        Ok(socket_cookie(client.as_fd())?)
    };
    (0..CONNECTIONS).map(connect).collect()
}
