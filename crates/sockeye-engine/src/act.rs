//! Closing connections and ending processes: act, look again, say what came of it.
//!
//! A success code is never believed. What is reported was seen afterwards.

use std::collections::HashMap;
use std::thread;
use std::time::{Duration, Instant};

use sockeye_core::endpoint::Key;
use sockeye_core::{Endpoint, ProcessId, State, Transport};
use sockeye_os::{Actor, Error, Kind, SourceChoice, Urgency, Wants};

/// How long an ended process may take to go before it is reported as still running, or forced.
pub const GRACE: Duration = Duration::from_secs(2);
/// Between two looks at processes that are ending.
const LOOK: Duration = Duration::from_millis(10);

/// What became of an endpoint that was to be closed, or of a process that was to end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fate {
    /// Closed, or ended: it was there before and is not any more.
    Done,
    /// The kernel said yes, yet it is still there.
    Remains,
    /// It was gone before it could be acted on.
    Gone,
    /// Not permitted; the sentence says what it takes.
    NotPermitted(String),
    /// It failed otherwise; the sentence says why.
    Failed(String),
}

/// Whether an endpoint is one that can be closed: TCP connections, and UDP that is connected.
///
/// A listener is no connection: closing it would end a service, not a conversation.
pub fn is_closable(endpoint: &Endpoint) -> bool {
    endpoint.remote.is_some()
}

/// Closes `endpoints` and tells what became of each, in their order; looks again with `source`.
pub fn close(endpoints: &[&Endpoint], source: SourceChoice) -> Vec<Fate> {
    let answers = Actor::new().close(endpoints);
    let is_any_closed = answers.iter().any(Result::is_ok);
    let remaining = if is_any_closed { remaining(endpoints, source) } else { Ok(HashMap::new()) };
    let fates = answers.into_iter().zip(endpoints).map(|(answer, endpoint)| match answer {
        Err(error) => fate_of_error(&error),
        Ok(()) => match &remaining {
            Err(error) => {
                Fate::Failed(format!("asked to close, but looking again failed: {error}"))
            }
            Ok(remaining) => fate_of_closed(endpoint, remaining),
        },
    });
    fates.collect()
}

/// What an endpoint is found again by: its cookie, or its sides where the system gives none.
fn identity(endpoint: &Endpoint) -> Result<u64, Key> {
    let sides = || Key { cookie: None, created: None, pid: None, ..endpoint.key() };
    endpoint.socket.cookie.ok_or_else(sides)
}

/// Whether what has the sides of `endpoint` now is another: one that was made anew, or what waits in
/// TIME-WAIT.
fn is_another(now: &Endpoint, endpoint: &Endpoint) -> bool {
    let is_left = |it: &Endpoint| it.state == Some(State::TimeWait);
    let is_made_anew = now.created().zip(endpoint.created()).is_some_and(|(now, then)| now != then);
    is_made_anew || (is_left(now) && !is_left(endpoint))
}

/// Every endpoint that is there now.
fn remaining(
    endpoints: &[&Endpoint],
    source: SourceChoice,
) -> Result<HashMap<Result<u64, Key>, Endpoint>, Error> {
    let has = |transport| endpoints.iter().any(|endpoint| endpoint.transport == transport);
    let wants = Wants {
        tcp: has(Transport::Tcp),
        udp: has(Transport::Udp),
        owners: false,
        metrics: false,
        source,
        ..Wants::EVERYTHING
    };
    let now = sockeye_os::observe(&wants)?;
    Ok(now.endpoints.into_iter().map(|endpoint| (identity(&endpoint), endpoint)).collect())
}

/// What became of an endpoint that the kernel says it closed.
///
/// A UDP socket stays until its process closes it; it is closed when it lost its remote.
fn fate_of_closed(endpoint: &Endpoint, remaining: &HashMap<Result<u64, Key>, Endpoint>) -> Fate {
    match remaining.get(&identity(endpoint)) {
        None => Fate::Done,
        Some(now) if is_another(now, endpoint) => Fate::Done,
        Some(now) if matches!(now.state, Some(State::Closed | State::Bound)) => Fate::Done,
        Some(now) if now.remote.is_none() && endpoint.remote.is_some() => Fate::Done,
        Some(_) => Fate::Remains,
    }
}

/// What an error says of the thing it was about.
fn fate_of_error(error: &Error) -> Fate {
    match error.kind {
        Kind::Vanished => Fate::Gone,
        Kind::Denied => Fate::NotPermitted(error.reason.clone()),
        Kind::Unsupported | Kind::Malformed | Kind::Os => Fate::Failed(error.reason.clone()),
    }
}

/// How far to go in ending a process.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Insistence {
    /// Ask, and leave it at that: SIGTERM; on Windows, its windows are asked to close.
    Ask,
    /// Ask, and force whatever is still there after [`GRACE`]: SIGTERM, then SIGKILL; on Windows,
    /// TerminateProcess.
    AskThenForce,
}

/// Ends `processes` and tells what became of each, in their order.
pub fn end(processes: &[ProcessId], insistence: Insistence) -> Vec<Fate> {
    let actor = Actor::new();
    let mut fates = signal(processes, |process| ask(&actor, process, insistence));
    await_end(&actor, processes, &mut fates);
    if insistence == Insistence::AskThenForce {
        let is_left = |(_, fate): &(&ProcessId, &Fate)| **fate == Fate::Remains;
        let left: Vec<ProcessId> =
            processes.iter().zip(&fates).filter(is_left).map(|(process, _)| *process).collect();
        let mut forced = signal(&left, |process| actor.end(process, Urgency::Force));
        await_end(&actor, &left, &mut forced);
        let mut forced = forced.into_iter().map(done_if_gone);
        for fate in fates.iter_mut().filter(|fate| **fate == Fate::Remains) {
            *fate = forced.next().unwrap_or(Fate::Remains);
        }
    }
    fates
}

/// A process that ended between the two signals did what it was asked to.
fn done_if_gone(fate: Fate) -> Fate {
    if fate == Fate::Gone { Fate::Done } else { fate }
}

/// Asks a process to end. What cannot be asked (on Windows, what has no window) is forced at once where
/// that would come next.
fn ask(actor: &Actor, process: ProcessId, insistence: Insistence) -> Result<(), Error> {
    match (actor.end(process, Urgency::Ask), insistence) {
        (Err(error), Insistence::AskThenForce) if error.kind == Kind::Unsupported => {
            actor.end(process, Urgency::Force)
        }
        (answer, _) => answer,
    }
}

/// Signals every process; those that took the signal count as remaining for now.
fn signal(processes: &[ProcessId], send: impl Fn(ProcessId) -> Result<(), Error>) -> Vec<Fate> {
    let sent = processes.iter().map(|process| send(*process));
    sent.map(|answer| answer.map_or_else(|error| fate_of_error(&error), |()| Fate::Remains))
        .collect()
}

/// Looks at the remaining processes until they are gone, [`GRACE`] at most.
fn await_end(actor: &Actor, processes: &[ProcessId], fates: &mut [Fate]) {
    let deadline = Instant::now() + GRACE;
    loop {
        let remaining =
            processes.iter().zip(&mut *fates).filter(|(_, fate)| **fate == Fate::Remains);
        let mut is_any_left = false;
        for (process, fate) in remaining {
            if actor.is_running(*process) {
                is_any_left = true;
            } else {
                *fate = Fate::Done;
            }
        }
        if !is_any_left || Instant::now() >= deadline {
            return;
        }
        thread::sleep(LOOK);
    }
}

#[cfg(test)]
mod tests {
    use sockeye_core::endpoint::{Birth, Direction, Ownerless, Socket};
    use sockeye_core::{Owners, Timestamp};

    use super::*;

    /// A connection as a system without cookies shows it, made at `second` if that is known.
    fn connection(state: State, second: Option<i64>) -> Endpoint {
        let created = second.map(|second| Timestamp::from_unix_ns(second * 1_000_000_000));
        Endpoint {
            transport: Transport::Tcp,
            local: "192.0.2.1:50000".parse().unwrap(),
            remote: "198.51.100.7:443".parse().ok(),
            state: Some(state),
            direction: Direction::Unknown,
            namespace: None,
            interface: None,
            socket: Socket::default(),
            user_id: None,
            cgroup: None,
            birth: Some(Box::new(Birth { created, ..Birth::default() })),
            owners: Owners::None(Ownerless::NotObserved),
            queue: None,
            metrics: None,
        }
    }

    #[test]
    fn what_has_the_same_sides_afterwards_may_be_another() {
        let check = |now: Endpoint, then: Endpoint, expected| {
            let remaining = HashMap::from([(identity(&now), now)]);
            assert_eq!(fate_of_closed(&then, &remaining), expected, "{then:?}");
        };
        let open = State::Established;
        // One that a watch told of as it opened is known without the time.
        let told = Endpoint { birth: None, ..connection(open, None) };
        check(connection(open, Some(5)), connection(open, Some(5)), Fate::Remains);
        check(connection(open, Some(5)), told.clone(), Fate::Remains);
        check(connection(open, Some(6)), connection(open, Some(5)), Fate::Done);
        check(connection(State::TimeWait, None), told, Fate::Done);
        check(connection(State::TimeWait, None), connection(State::TimeWait, None), Fate::Remains);
    }
}
