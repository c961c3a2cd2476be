//! Systems that Sockeye cannot observe: every call says so.

use sockeye_core::{Endpoint, ProcessId, Snapshot};

use crate::{Error, Kind, Urgency, Wants};

/// What every call answers.
fn unsupported<T>(operation: &'static str) -> Result<T, Error> {
    let reason = format!("Sockeye does not know {}", std::env::consts::OS);
    Err(Error::new(Kind::Unsupported, operation, "", reason))
}

/// See [`crate::observe`].
pub(crate) fn observe(_: &Wants) -> Result<Snapshot, Error> {
    unsupported("observe this machine")
}

/// See [`crate::Actor::close`].
pub(crate) fn close(endpoints: &[&Endpoint]) -> Vec<Result<(), Error>> {
    endpoints
        .iter()
        .map(|_| unsupported("close a connection"))
        .collect()
}

/// See [`crate::Actor::end`].
pub(crate) fn end(_: ProcessId, _: Urgency) -> Result<(), Error> {
    unsupported("end a process")
}

/// See [`crate::Actor::is_running`].
pub(crate) fn is_running(_: ProcessId) -> bool {
    false
}
