//! How Sockeye observes an operating system's endpoints, and acts on them.
//!
//! [`decode`] turns the kernel's bytes into rows; it knows no platform and performs no call, so it
//! is tested and fuzzed everywhere. `sys` makes the calls and hands over buffers; which backend
//! stands behind it is decided in one place. [`observe`] never changes the world; only [`Actor`]
//! does, and whoever uses it looks again afterwards.

pub mod assemble;
mod beside;
pub mod decode;
pub mod dump;
pub mod error;
pub mod fuzzing;
pub mod raw;
pub mod support;
mod sys;

use sockeye_core::{Endpoint, ProcessId, Snapshot, Transport};

pub use error::{Error, Kind, plain};

/// Which network namespaces to observe (Linux; other systems have one).
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub enum Namespaces {
    /// Every namespace that permission allows.
    #[default]
    All,
    /// Only the one that Sockeye runs in.
    Own,
    /// The one that this process lives in.
    Pid(u32),
    /// The one with this name (`ip netns`, that is /run/netns).
    Named(String),
}

/// What an observation has to bring; what is not wanted costs nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wants {
    /// TCP endpoints.
    pub tcp: bool,
    /// UDP endpoints.
    pub udp: bool,
    /// The processes that hold them, with what is known of those.
    pub owners: bool,
    /// TCP's own measurements.
    pub metrics: bool,
    /// Which network namespaces.
    pub namespaces: Namespaces,
}

impl Wants {
    /// Everything there is.
    pub const EVERYTHING: Self =
        Self { tcp: true, udp: true, owners: true, metrics: true, namespaces: Namespaces::All };

    /// Whether endpoints of `transport` are wanted.
    pub fn has(&self, transport: Transport) -> bool {
        match transport {
            Transport::Tcp => self.tcp,
            Transport::Udp => self.udp,
        }
    }
}

/// Takes a snapshot of this machine.
///
/// # Errors
///
/// Only when nothing at all could be observed, or when the namespace asked for does not exist or
/// may not be entered. Whatever else is missing stands in [`Snapshot::degradations`].
///
/// # Platform
///
/// Linux: `sock_diag` dumps in every permitted network namespace, owners from `/proc/PID/fd`;
/// `/proc/net` tables where `sock_diag` is not to be had. Elsewhere: [`Kind::Unsupported`].
pub fn observe(wants: &Wants) -> Result<Snapshot, Error> {
    sys::observe(wants)
}

/// How a process is asked to end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Urgency {
    /// Asked to end: SIGTERM.
    Ask,
    /// Ended by the kernel: SIGKILL.
    Force,
}

/// Changes the world: closes connections, ends processes.
#[derive(Debug)]
pub struct Actor(());

impl Actor {
    /// An actor on this machine. Taking one is a decision to act.
    pub fn new() -> Self {
        Self(())
    }

    /// Asks the kernel to close each of `endpoints`, by cookie, so that a reused address pair is
    /// not hit; answers in their order.
    ///
    /// # Errors
    ///
    /// [`Kind::Denied`] without CAP_NET_ADMIN in the endpoint's network namespace,
    /// [`Kind::Vanished`] when it is gone, [`Kind::Unsupported`] when the kernel cannot. Success
    /// is what the kernel said; look again to know.
    pub fn close(&self, endpoints: &[&Endpoint]) -> Vec<Result<(), Error>> {
        sys::close(endpoints)
    }

    /// Ends `process`, by a handle that no other process can take over.
    ///
    /// # Errors
    ///
    /// [`Kind::Vanished`] when the process, by pid and start time, is gone; [`Kind::Denied`] when
    /// it may not be signalled.
    pub fn end(&self, process: ProcessId, urgency: Urgency) -> Result<(), Error> {
        sys::end(process, urgency)
    }

    /// Whether `process`, by pid and start time, still runs.
    pub fn is_running(&self, process: ProcessId) -> bool {
        sys::is_running(process)
    }
}

impl Default for Actor {
    fn default() -> Self {
        Self::new()
    }
}
