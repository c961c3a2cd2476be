//! Host names for the addresses of a snapshot.

use std::collections::HashSet;
use std::net::IpAddr;
use std::time::Duration;

use sockeye_core::{Row, Snapshot};

/// How long names may hold up a list.
const PATIENCE: Duration = Duration::from_secs(2);

/// Adds the host names of both sides of the endpoints that `is_shown`; those that take too long
/// stay addresses.
pub(super) fn resolve(snapshot: &mut Snapshot, is_shown: impl Fn(&Row<'_>) -> bool) {
    let shown =
        snapshot.endpoints.iter().filter(|e| Row::each(snapshot, e).any(|row| is_shown(&row)));
    let sides = shown.flat_map(|endpoint| [Some(endpoint.local), endpoint.remote]).flatten();
    let addresses: HashSet<IpAddr> =
        sides.map(|side| side.ip()).filter(|ip| !ip.is_unspecified()).collect();
    let names = sockeye_engine::resolve::resolve(addresses.into_iter().collect(), PATIENCE);
    snapshot.answers.hostnames.extend(names);
}
