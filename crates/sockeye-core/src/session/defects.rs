//! What snapshots showed although events should have told it: the proof that the stream is right.

use alloc::boxed::Box;
use alloc::format;

use crate::endpoint::{Endpoint, Transport};

/// Differences between what events told and what snapshots showed, since the beginning.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Defects {
    /// Of TCP endpoints.
    pub tcp: Counts,
    /// Of UDP endpoints.
    pub udp: Counts,
    /// The last one, in words.
    pub last: Option<Box<str>>,
}

/// How often events failed to tell something.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Counts {
    /// Endpoints that were there without an opening.
    pub openings: u64,
    /// Endpoints that were gone without a closing.
    pub closings: u64,
    /// Endpoints in another state.
    pub states: u64,
    /// Endpoints with other sides.
    pub addresses: u64,
}

/// One kind of defect.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Defect {
    Opening,
    Closing,
    State,
    Address,
}

impl Defects {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.total() == 0
    }

    /// How many there are.
    pub fn total(&self) -> u64 {
        self.tcp.total() + self.udp.total()
    }

    /// Counts a defect of `endpoint`, as the snapshot shows it.
    pub(super) fn count(&mut self, defect: Defect, endpoint: &Endpoint) {
        let counts = match endpoint.transport {
            Transport::Tcp => &mut self.tcp,
            Transport::Udp => &mut self.udp,
        };
        let (count, words) = match defect {
            Defect::Opening => (&mut counts.openings, "an opening was not told"),
            Defect::Closing => (&mut counts.closings, "a closing was not told"),
            Defect::State => (&mut counts.states, "another state was told"),
            Defect::Address => (&mut counts.addresses, "other addresses were told"),
        };
        *count += 1;
        self.last = Some(format!("{words}: {}", described(endpoint)).into());
    }
}

impl Counts {
    /// All of them.
    fn total(&self) -> u64 {
        self.openings + self.closings + self.states + self.addresses
    }
}

/// An endpoint in a few words.
fn described(endpoint: &Endpoint) -> alloc::string::String {
    let mut words = format!("{} {}", endpoint.transport.id(), endpoint.local);
    words.extend(endpoint.remote.map(|remote| format!(" to {remote}")));
    words.extend(endpoint.state.map(|state| format!(", {}", state.label())));
    words.extend(endpoint.socket.cookie.map(|cookie| format!(", cookie {cookie}")));
    words
}
