//! What the operating system told as it happened, and what came of it for whoever watches.
//!
//! An [`Event`] is one thing that a source told; it may know little. An [`Occurrence`] is what a
//! [`Session`](crate::Session) made of it: an action in the life of an endpoint, told once, with
//! everything that is known by then.

use alloc::boxed::Box;

use crate::endpoint::Endpoint;
use crate::process::Process;
use crate::snapshot::Namespace;
use crate::state::State;
use crate::time::Timestamp;

/// One thing that the operating system told.
#[derive(Clone, PartialEq, Debug)]
pub struct Event {
    /// When it happened.
    pub time: Timestamp,
    /// What happened.
    pub kind: EventKind,
}

/// What happened.
#[derive(Clone, PartialEq, Debug)]
pub enum EventKind {
    /// What is known of a process: told before the first event that names it as an owner, and again
    /// when it runs another image.
    Process(Box<Process>),
    /// What a user is called: told before the first event that names it by number.
    User {
        /// Its number.
        id: u32,
        /// Its name.
        name: Box<str>,
    },
    /// A network namespace: told before the first event that names it.
    Namespace(Namespace),
    /// Something happened to an endpoint.
    Endpoint(Box<Sighting>),
    /// So many events were lost: what they told is not known until the next snapshot.
    Lost(u64),
}

/// What an event tells of an endpoint.
#[derive(Clone, PartialEq, Debug)]
pub struct Sighting {
    /// What happened to it.
    pub change: Change,
    /// The endpoint afterwards, as far as the event tells. Its cookie is always known. A local port
    /// 0 is one not chosen yet or, without a remote, says that the event does not tell where the
    /// endpoint is; without owners, nothing is said about owners.
    pub endpoint: Endpoint,
    /// A process still holds the socket, although this event does not tell which.
    pub is_held: bool,
}

/// What happened to an endpoint.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Change {
    /// TCP: its state was this, and now is [`Endpoint::state`].
    State(Option<State>),
    /// A process was seen to use it: TCP's owner is known now, a UDP endpoint is there.
    Used,
    /// UDP: it was bound to its local side.
    Bound,
    /// UDP without a remote of its own: it exchanged with [`Endpoint::remote`] for the first time.
    Peer,
    /// It is gone. The endpoint's sides may be unspecified: the cookie tells which it is.
    Closed(Reason),
}

/// Why an endpoint closed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Reason {
    /// This side closed first.
    Local,
    /// The other side closed first.
    Remote,
    /// The other side refused the connection: nobody listens there (ECONNREFUSED).
    Refused,
    /// The other side reset the connection (ECONNRESET, EPIPE).
    Reset,
    /// This side reset it: closed with data unread, or with SO_LINGER of zero.
    Aborted,
    /// Closed from outside by an administrator (SOCK_DESTROY), whoever held it.
    Destroyed,
    /// The other side did not answer (ETIMEDOUT).
    TimedOut,
    /// The network has no way there (EHOSTUNREACH, ENETUNREACH).
    Unreachable,
    /// Not known: it was gone when Sockeye looked.
    Unknown,
}

/// Each reason with the word machines read and the phrase people read.
const REASONS: [(Reason, &str, &str); 9] = [
    (Reason::Local, "local", "closed by this side"),
    (Reason::Remote, "remote", "closed by the other side"),
    (Reason::Refused, "refused", "refused"),
    (Reason::Reset, "reset", "reset by the other side"),
    (Reason::Aborted, "aborted", "reset by this side"),
    (Reason::Destroyed, "destroyed", "closed by an administrator"),
    (Reason::TimedOut, "timed_out", "timed out"),
    (Reason::Unreachable, "unreachable", "unreachable"),
    (Reason::Unknown, "unknown", "gone"),
];

impl Reason {
    /// Every reason.
    pub fn all() -> impl ExactSizeIterator<Item = Self> {
        REASONS.iter().map(|reason| reason.0)
    }

    /// The word machines read.
    pub fn id(self) -> &'static str {
        REASONS.iter().find(|reason| reason.0 == self).map_or("", |reason| reason.1)
    }

    /// The phrase people read.
    pub fn phrase(self) -> &'static str {
        REASONS.iter().find(|reason| reason.0 == self).map_or("", |reason| reason.2)
    }
}

/// What is told about the life of an endpoint: OpenTelemetry's and ECS's `event.action`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Action {
    /// It was there when Sockeye began to watch.
    Snapshot,
    /// This host connected to a remote; a connected UDP endpoint was first used.
    Opened,
    /// A connection from a remote was accepted.
    Accepted,
    /// UDP without a remote: bound, or first used.
    Bound,
    /// TCP: it listens.
    Listening,
    /// TCP: another state.
    State,
    /// UDP without a remote of its own: first exchange with this remote.
    Peer,
    /// It is gone.
    Closed,
    /// Events were lost here; what they told was looked up afterwards.
    Lost,
}

/// Every action, in the order of a life.
const ACTIONS: [Action; 9] = [
    Action::Snapshot,
    Action::Opened,
    Action::Accepted,
    Action::Bound,
    Action::Listening,
    Action::State,
    Action::Peer,
    Action::Closed,
    Action::Lost,
];

impl Action {
    /// Every action.
    pub fn all() -> impl ExactSizeIterator<Item = Self> {
        ACTIONS.into_iter()
    }

    /// The word machines read.
    pub fn id(self) -> &'static str {
        match self {
            Self::Snapshot => "snapshot",
            Self::Opened => "opened",
            Self::Accepted => "accepted",
            Self::Bound => "bound",
            Self::Listening => "listening",
            Self::State => "state",
            Self::Peer => "peer",
            Self::Closed => "closed",
            Self::Lost => "lost",
        }
    }
}

/// One action in the life of an endpoint, told once.
#[derive(Clone, PartialEq, Debug)]
pub struct Occurrence {
    /// When it happened; when it was noticed, where no event told.
    pub time: Timestamp,
    /// What happened.
    pub action: Action,
    /// When the endpoint's life began, where that is known.
    pub start: Option<Timestamp>,
    /// When it ended.
    pub end: Option<Timestamp>,
    /// Why it ended.
    pub reason: Option<Reason>,
    /// How many events were lost ([`Action::Lost`]).
    pub lost: Option<u64>,
    /// The endpoint as it was then; `None` for lost events.
    pub endpoint: Option<Box<Endpoint>>,
}

impl Occurrence {
    /// How long the endpoint lived, in nanoseconds, when it is known when it began and ended.
    pub fn duration_ns(&self) -> Option<u64> {
        let (start, end) = (self.start?.unix_ns(), self.end?.unix_ns());
        u64::try_from(end.checked_sub(start)?).ok()
    }
}

/// What a source's events cover; what they do not, only snapshots tell.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Coverage {
    /// Every TCP endpoint's openings, changes and closings.
    pub tcp: bool,
    /// Beside snapshots: TCP connections when they open and when they end, and whom UDP endpoints
    /// exchange with. Of listeners, states and idle UDP endpoints, only snapshots tell.
    pub connections: bool,
    /// UDP endpoints when they are used.
    pub udp: bool,
    /// UDP endpoints when they close.
    pub udp_closings: bool,
}
