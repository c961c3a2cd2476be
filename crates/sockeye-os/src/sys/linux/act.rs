//! Closing connections and ending processes.

use std::collections::HashMap;
use std::io;
use std::os::fd::OwnedFd;

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use sockeye_core::{Endpoint, NamespaceId, ProcessId};

use super::facts::{has_ended, read_stat};
use super::namespaces::{find_place, inside_each};
use super::netlink::SockDiag;
use super::walk::open_process;
use crate::decode::Table;
use crate::decode::inet_diag::{Target, encode_destroy};
use crate::error::plain;
use crate::{Error, Kind, Urgency};

/// See [`crate::Actor::close`].
pub(crate) fn close(endpoints: &[&Endpoint]) -> Vec<Result<(), Error>> {
    let mut by_namespace: HashMap<Option<NamespaceId>, Vec<usize>> = HashMap::new();
    for (index, endpoint) in endpoints.iter().enumerate() {
        by_namespace.entry(endpoint.namespace).or_default().push(index);
    }
    let mut answers: Vec<(usize, Result<(), Error>)> = Vec::with_capacity(endpoints.len());
    for (namespace, indices) in by_namespace {
        let chosen: Vec<&Endpoint> =
            indices.iter().filter_map(|i| endpoints.get(*i).copied()).collect();
        answers.extend(indices.into_iter().zip(close_in(namespace, &chosen)));
    }
    answers.sort_unstable_by_key(|(index, _)| *index);
    answers.into_iter().map(|(_, answer)| answer).collect()
}

/// Closes endpoints of one namespace.
fn close_in(namespace: Option<NamespaceId>, endpoints: &[&Endpoint]) -> Vec<Result<(), Error>> {
    let place = match find_place(namespace) {
        Ok(place) => place,
        Err(error) => return endpoints.iter().map(|_| Err(error.clone())).collect(),
    };
    if place.is_own {
        return close_here(endpoints);
    }
    let visited = inside_each(std::slice::from_ref(&place), |_| close_here(endpoints));
    visited
        .into_iter()
        .flat_map(|visit| visit.unwrap_or_else(|error| refuse(endpoints, &error)))
        .collect()
}

/// Closes endpoints of the namespace that this thread is in.
fn close_here(endpoints: &[&Endpoint]) -> Vec<Result<(), Error>> {
    let mut diag = match SockDiag::open() {
        Ok(diag) => diag,
        Err(error) => return refuse(endpoints, &error),
    };
    let mut destroy = |endpoint: &Endpoint| {
        let target = target_of(endpoint);
        diag.ask_once(target.table, &encode_destroy(&target)).map(|_| ())
    };
    endpoints.iter().map(|endpoint| destroy(endpoint).map_err(|error| explain(&error))).collect()
}

/// The same answer for all.
fn refuse(endpoints: &[&Endpoint], error: &io::Error) -> Vec<Result<(), Error>> {
    endpoints.iter().map(|_| Err(explain(error))).collect()
}

/// A request for exactly this socket.
fn target_of(endpoint: &Endpoint) -> Target {
    let table = Table { transport: endpoint.transport, is_ipv6: endpoint.socket.is_ipv6 };
    Target {
        table,
        local: endpoint.local,
        remote: endpoint.remote,
        interface: endpoint.socket.interface,
        cookie: endpoint.socket.cookie,
    }
}

/// Why the kernel did not close a socket (sock_diag(7), net/core/sock_diag.c `sock_diag_destroy`).
fn explain(error: &io::Error) -> Error {
    let (kind, reason) = match error.raw_os_error().map(rustix::io::Errno::from_raw_os_error) {
        Some(rustix::io::Errno::PERM | rustix::io::Errno::ACCESS) => {
            (Kind::Denied, "it takes CAP_NET_ADMIN: run as root".to_owned())
        }
        Some(rustix::io::Errno::NOENT) => (Kind::Vanished, "it is gone".to_owned()),
        Some(rustix::io::Errno::OPNOTSUPP) => (
            Kind::Unsupported,
            "this kernel cannot close connections (CONFIG_INET_DIAG_DESTROY is not set)".to_owned(),
        ),
        _ => (Kind::Os, plain(error)),
    };
    Error::new(kind, "close the connection", "", reason)
}

/// See [`crate::Actor::end`].
pub(crate) fn end(process: ProcessId, urgency: Urgency) -> Result<(), Error> {
    let fail = |errno: rustix::io::Errno| {
        let (kind, reason) = match errno {
            rustix::io::Errno::PERM => {
                (Kind::Denied, "it belongs to another user: run as root".to_owned())
            }
            rustix::io::Errno::SRCH => (Kind::Vanished, "it has ended".to_owned()),
            other => (Kind::Os, plain(&other.into())),
        };
        Error::new(kind, "end process", process.to_string(), reason)
    };
    let handle = open_handle(process).map_err(fail)?;
    let signal = match urgency {
        Urgency::Ask => Signal::TERM,
        Urgency::Force => Signal::KILL,
    };
    pidfd_send_signal(handle, signal).map_err(fail)
}

/// A handle on `process` and no other: taken first, the start time compared afterwards.
fn open_handle(process: ProcessId) -> rustix::io::Result<OwnedFd> {
    let gone = rustix::io::Errno::SRCH;
    let pid = i32::try_from(process.pid).ok().and_then(Pid::from_raw).ok_or(gone)?;
    let handle = pidfd_open(pid, PidfdFlags::empty())?;
    if is_running(process) { Ok(handle) } else { Err(gone) }
}

/// See [`crate::Actor::is_running`]. A zombie does not run: it only waits to be reaped.
pub(crate) fn is_running(process: ProcessId) -> bool {
    let Ok(handle) = open_process(process.pid) else {
        return false;
    };
    let stat = read_stat(&handle).filter(|stat| stat.start_ticks == process.start);
    stat.is_some_and(|stat| !has_ended(&handle, &stat))
}
