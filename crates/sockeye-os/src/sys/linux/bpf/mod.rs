//! The eBPF tier: our programs in the kernel.

mod adapt;
mod alone;
mod call;
mod cookies;
mod examine;
mod gather;
mod held;
mod list;
mod load;
mod missed;
mod ring;
mod stream;
mod tell;

use std::time::{Duration, Instant};

pub(super) use self::examine::examine;
use self::gather::Ground;
use self::list::Lists;
use self::load::{Programs, Refused, Setup};
pub(super) use self::stream::Stream;
use crate::beside::beside;
use crate::raw::Raw;
use crate::sys::linux::observe::pid_namespace;
use crate::{Error, Kind, Wants};

/// Gathers the machine's raw answers by iterators.
///
/// # Errors
///
/// [`Kind::Denied`] without CAP_BPF and CAP_PERFMON, [`Kind::Unsupported`] where the kernel has no
/// iterators.
pub(super) fn gather(wants: &Wants) -> Result<Raw, Error> {
    let setup =
        Setup { is_measuring: wants.metrics, pid_namespace: pid_namespace(), ..Setup::PLAIN };
    // Each takes about as long as the other.
    let load = || Programs::prepare(&setup).and_then(Lists::load).map_err(unavailable);
    let (lists, ground) = beside("load", load, || Ground::find_for_list(wants));
    gather::gather(&lists?, wants, ground?)
}

/// See [`crate::support::iterate_bare`]: the iterators alone, once they are loaded.
pub(crate) fn iterate_bare() -> Result<(Duration, usize), Error> {
    let setup = Setup { pid_namespace: pid_namespace(), ..Setup::PLAIN };
    let lists = Programs::prepare(&setup).and_then(Lists::load).and_then(Lists::load_all);
    let lists = lists.map_err(unavailable)?;
    let mut count = 0;
    let start = Instant::now();
    let read = lists.each_held(|_| count += 1).and_then(|()| lists.each_tcp(|_| count += 1));
    read.map_err(|error| Error::from_io("iterate", "sockets", &error))?;
    Ok((start.elapsed(), count))
}

/// The error that a refusal is for whoever asked for eBPF by name.
#[expect(clippy::needless_pass_by_value, reason = "map_err hands it over")]
fn unavailable(refused: Refused) -> Error {
    if refused.is_denied() {
        let reason = "not permitted: it takes CAP_BPF and CAP_PERFMON";
        return Error::new(Kind::Denied, "use eBPF", "", reason);
    }
    Error::new(Kind::Unsupported, "use eBPF", "", refused.to_string())
}

#[cfg(test)]
mod tests;
