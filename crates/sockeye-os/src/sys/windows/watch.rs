//! Watching: the kernel's events where a tracing session may be had, and looking again and again.

use std::thread;
use std::time::Duration;

use hashbrown::HashSet;
use sockeye_core::event::{Change, Coverage, Event, EventKind, Sighting};
use sockeye_core::{Degradation, Snapshot};

use super::accounts;
use super::observe::{Gatherer, check, now};
use super::people::People;
use super::trace::{Told, Trace};
use crate::assemble::assemble;
use crate::decode::etw::Record;
use crate::ledger::Ledger;
use crate::{Error, SourceChoice, Wants};

/// See [`crate::Watcher`].
#[derive(Debug)]
pub(crate) struct Watcher {
    wants: Wants,
    gatherer: Gatherer,
    trace: Option<Trace>,
    ledger: Ledger,
    people: People,
    /// What tables made of earlier events.
    due: Vec<Event>,
    is_measuring: bool,
    limits: Vec<Degradation>,
}

impl Watcher {
    /// See [`crate::Watcher::start`].
    pub(crate) fn start(wants: &Wants) -> Result<Self, Error> {
        check(wants)?;
        let (mut ledger, mut limits) = (Ledger::default(), Vec::new());
        let trace = match (wants.source, Trace::start_if(wants.source != SourceChoice::Iphlpapi)) {
            (_, Ok(trace)) => Some(trace),
            (SourceChoice::Etw, Err(error)) => return Err(error),
            (_, Err(error)) => {
                limits.push(Degradation::EventsUnavailable { reason: error.reason });
                None
            }
        };
        if trace.is_some() {
            ledger.count_from(now());
            let reason = "listeners, states, and sockets that are not used, which are looked for";
            limits.push(Degradation::EventsIncomplete { reason: reason.to_owned() });
        }
        Ok(Self {
            wants: wants.clone(),
            gatherer: Gatherer::new(),
            trace,
            ledger,
            people: People::default(),
            due: Vec::new(),
            is_measuring: true,
            limits,
        })
    }

    /// See [`crate::Watcher::coverage`]. Of listeners, states and sockets that are not used, only
    /// tables tell.
    pub(crate) fn coverage(&self) -> Coverage {
        Coverage { connections: self.trace.is_some(), ..Coverage::default() }
    }

    /// See [`crate::Watcher::limits`].
    pub(crate) fn limits(&self) -> &[Degradation] {
        &self.limits
    }

    /// See [`crate::Watcher::wait`].
    pub(crate) fn wait(&mut self, timeout: Duration, events: &mut Vec<Event>) -> Result<(), Error> {
        let timeout = if self.due.is_empty() { timeout } else { Duration::ZERO };
        events.append(&mut self.due);
        match &self.trace {
            Some(trace) => {
                let told = trace.take(timeout);
                self.tell(told, events);
            }
            None => thread::sleep(timeout),
        }
        Ok(())
    }

    /// See [`crate::Watcher::set_measuring`].
    pub(crate) fn set_measuring(&mut self, is_measuring: bool) {
        self.is_measuring = is_measuring;
        self.gatherer.set_measuring(is_measuring && self.wants.metrics);
    }

    /// See [`crate::Watcher::snapshot`].
    pub(crate) fn snapshot(&mut self) -> Result<Snapshot, Error> {
        let mut due = Vec::new();
        if let Some(trace) = &mut self.trace {
            trace.flush();
            let lost = trace.lost();
            let told = trace.take(Duration::ZERO);
            if lost > 0 {
                let time = now();
                self.ledger.lose(time);
                due.push(Event { time, kind: EventKind::Lost(lost) });
            }
            self.tell(told, &mut due);
        }
        let mut snapshot = self.gatherer.gather(&self.wants).map(assemble)?;
        let is_measuring = self.is_measuring && self.wants.metrics;
        self.ledger.number(&mut snapshot, is_measuring);
        due.append(&mut self.ledger.take());
        self.due.append(&mut due);
        Ok(snapshot)
    }

    /// Makes events of what the kernel told.
    fn tell(&mut self, told: Vec<Told>, events: &mut Vec<Event>) {
        if told.is_empty() {
            return;
        }
        let mut heard = Vec::new();
        for Told { time, record } in told {
            match record {
                Record::Process(started) if self.wants.owners => self.people.hear(time, started),
                Record::Process(_) => {}
                Record::Flow(flow) if self.wants.has(flow.transport) => {
                    self.ledger.note(time, &flow);
                    heard.extend(self.ledger.take().into_iter().map(|event| (flow.pid, event)));
                }
                Record::Flow(_) => {}
            }
        }
        if self.wants.owners {
            let pids: HashSet<u32> = heard.iter().map(|(pid, _)| *pid).collect();
            self.people.meet(&pids, self.gatherer.facts());
        }
        for (pid, event) in heard {
            self.attribute(pid, event, events);
        }
    }

    /// Tells an event, and before it who the process is.
    fn attribute(&self, pid: u32, mut event: Event, events: &mut Vec<Event>) {
        let (time, is_wanted) = (event.time, self.wants.owners);
        if let EventKind::Endpoint(sighting) = &mut event.kind
            && is_wanted
            && !is_over(sighting)
        {
            sighting.endpoint.owners = self.people.owners(pid);
            if let Some(process) = self.people.find(pid) {
                let name = process.user_id.and_then(|id| Some((id, accounts::name(id)?)));
                let user = name.map(|(id, name)| EventKind::User { id, name });
                let process = EventKind::Process(Box::new(process.clone()));
                events.extend(user.into_iter().chain([process]).map(|kind| Event { time, kind }));
            }
        }
        events.push(event);
    }
}

/// Whether an event tells of an end: whose it was, is known.
fn is_over(sighting: &Sighting) -> bool {
    matches!(sighting.change, Change::Closed(_))
}
