//! What is remembered of one endpoint over time, and what is shown of it.

use alloc::boxed::Box;
use core::net::SocketAddr;

use crate::endpoint::{Direction, Endpoint, Ownerless, Transport};
use crate::event::{Action, Occurrence, Reason};
use crate::state::State;
use crate::time::Timestamp;

/// What a screen makes visible of a life for three refreshes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Phase {
    /// It is new.
    Fresh,
    /// Nothing happened for a while.
    Steady,
    /// Its state, its owners or its sides are others.
    Changed,
    /// It has closed.
    Closed,
}

/// An endpoint as it is shown: one that lives, or closed not long ago.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Live<'a> {
    /// The endpoint, as it is or as it was at last.
    pub endpoint: &'a Endpoint,
    /// What happened to it in the last three refreshes.
    pub phase: Phase,
    /// When its life began, where that is known.
    pub start: Option<Timestamp>,
    /// When it ended, if it did and where that is known.
    pub end: Option<Timestamp>,
    /// When a snapshot first showed it, where that was not the first one and nobody told when it
    /// began.
    pub found: Option<Timestamp>,
}

/// The beginning of time: where nothing happened, in fewer bytes than an [`Option`] has.
const NEVER: Timestamp = Timestamp::from_unix_ns(i64::MIN);

/// How much of a life was reported.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stage {
    /// Nothing: what the kernel keeps before and after a connection, or a socket that did nothing
    /// yet; before the first snapshot, also what was there before.
    Silent,
    /// This host connects; reported as soon as both sides are known.
    Connecting,
    /// A remote connected; reported as soon as it is known to whom.
    Arriving,
    /// That it is there.
    Told,
}

/// Whether a life is over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum End {
    /// It is not.
    Open,
    /// It is, but not reported: the process that still holds it may be told soon.
    Held(Reason),
    /// It is, and was reported.
    Over,
    /// It is, and is not shown; remembered only because a snapshot that is on its way may have it.
    Hidden,
}

/// What was known of an endpoint before something changed.
#[derive(Clone, Copy)]
pub(super) struct Before {
    pub(super) state: Option<State>,
    pub(super) remote: Option<SocketAddr>,
}

/// What is remembered of an endpoint.
#[derive(Debug)]
pub(super) struct Life {
    /// The endpoint, as far as anybody told.
    pub(super) endpoint: Endpoint,
    /// When its life began, where an event or the system's table told.
    pub(super) start: Option<Timestamp>,
    /// When a snapshot first showed it, where that was not the first one and no event had told of it;
    /// else the beginning of time.
    pub(super) found: Timestamp,
    /// When an event last told of it, or when it closed; the beginning of time when none did.
    pub(super) changed: Timestamp,
    /// The last snapshot that had it.
    pub(super) round: u32,
    /// How much was reported.
    pub(super) stage: Stage,
    /// Whether it is over.
    pub(super) end: End,
    /// What is shown.
    pub(super) phase: Phase,
    /// For how many refreshes.
    pub(super) age: u8,
    /// Whether the next refresh looks at it.
    pub(super) is_queued: bool,
    /// Whether it was told when it closed, not only noticed.
    pub(super) is_end_known: bool,
}

impl Life {
    /// The life of an endpoint that was not known before.
    pub(super) fn new(endpoint: Endpoint) -> Self {
        Self {
            start: endpoint.created(),
            endpoint,
            found: NEVER,
            changed: NEVER,
            round: 0,
            stage: Stage::Silent,
            end: End::Open,
            phase: Phase::Fresh,
            age: 0,
            is_queued: false,
            is_end_known: false,
        }
    }

    /// What is shown of it, if anything.
    pub(super) fn shown(&self) -> Option<Live<'_>> {
        (self.end != End::Hidden).then(|| self.last())
    }

    /// What was shown of it at last, also where it is shown no more.
    pub(super) fn last(&self) -> Live<'_> {
        let end = self.is_end_known.then_some(self.changed);
        let found = (self.start.is_none() && self.found != NEVER).then_some(self.found);
        Live { endpoint: &self.endpoint, phase: self.phase, start: self.start, end, found }
    }

    /// Whether something about it is to be told that waits for what is not known yet.
    pub(super) fn is_waiting(&self) -> bool {
        match self.end {
            End::Held(_) => true,
            End::Open => matches!(self.stage, Stage::Connecting | Stage::Arriving),
            End::Over | End::Hidden => false,
        }
    }

    /// Whether it was told to be closed and cannot be opened anew. The kernel tells that a UDP socket
    /// closes before it takes it out of its tables (`inet_release`): a snapshot that began in between
    /// has it once more.
    pub(super) fn is_closed_for_good(&self) -> bool {
        let is_udp = self.endpoint.transport == Transport::Udp;
        is_udp && self.is_end_known && self.endpoint.id().is_some()
    }

    /// Whether a process is known to hold it.
    pub(super) fn has_owner(&self) -> bool {
        !self.endpoint.owners.as_slice().is_empty()
    }

    /// What the next change is compared with.
    pub(super) fn before(&self) -> Before {
        Before { state: self.endpoint.state, remote: self.endpoint.remote }
    }

    /// Whether this is UDP that has a remote of its own now which it had not before: it can connect
    /// again and again.
    pub(super) fn has_connected(&self, before: Before) -> bool {
        let Endpoint { transport, remote, .. } = self.endpoint;
        // Not every source tells the scope of an address.
        let place = |side: SocketAddr| (side.ip(), side.port());
        let is_other = remote.is_some() && remote.map(place) != before.remote.map(place);
        transport == Transport::Udp && is_other
    }

    /// `action`, with the endpoint as it is now.
    pub(super) fn occurrence(&self, action: Action, time: Timestamp) -> Occurrence {
        let endpoint = Some(Box::new(self.endpoint.clone()));
        let start = self.start;
        Occurrence { time, action, start, end: None, reason: None, lost: None, endpoint }
    }

    /// Which occurrence its beginning is.
    pub(super) fn opening(&self) -> Action {
        let endpoint = &self.endpoint;
        let is_waiting = endpoint.owners.reason() == Some(Ownerless::Unaccepted);
        match endpoint.transport {
            Transport::Udp if endpoint.remote.is_none() => Action::Bound,
            Transport::Tcp if endpoint.is_listener() => Action::Listening,
            Transport::Tcp if endpoint.direction == Direction::Ingress || is_waiting => {
                Action::Accepted
            }
            Transport::Tcp | Transport::Udp => Action::Opened,
        }
    }
}

/// Whether occurrences tell of such an endpoint: not of what the kernel alone keeps before and
/// after a connection, nor of a TCP socket that neither listens nor connects.
pub(super) fn is_reported(endpoint: &Endpoint) -> bool {
    let has_holder = endpoint.socket.inode.is_some() || !endpoint.owners.as_slice().is_empty();
    !endpoint.state.is_some_and(|state| match state {
        // The kernel keeps what is left of a connection in this state too, by nothing but its
        // state to be told from a socket that nobody holds any more.
        State::FinWait2 => !has_holder,
        state => is_unused(state) || is_kept_by_kernel(state),
    })
}

/// Whether a TCP socket in `state` neither listens nor connects.
pub(super) fn is_unused(state: State) -> bool {
    matches!(state, State::Closed | State::Bound)
}

/// Whether the kernel keeps something less than a socket in `state`.
pub(super) fn is_kept_by_kernel(state: State) -> bool {
    matches!(state, State::TimeWait | State::SynReceived)
}
