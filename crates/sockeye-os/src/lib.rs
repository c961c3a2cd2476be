//! How Sockeye observes an operating system's endpoints, and acts on them.
//!
//! [`decode`] turns the kernel's bytes into rows; it knows no platform and performs no call, so it
//! is tested and fuzzed everywhere. `sys` makes the calls and hands over buffers; which backend
//! stands behind it is decided in one place. [`observe`] never changes the world; only [`Actor`]
//! does, and whoever uses it looks again afterwards.

pub mod assemble;
mod beside;
pub mod containers;
pub mod decode;
pub mod desktop;
pub mod dump;
pub mod error;
pub mod fuzzing;
pub mod ledger;
pub mod packages;
pub mod raw;
pub mod socket_units;
pub mod support;
mod sys;
pub mod win32;

use std::time::Duration;

use sockeye_core::event::{Coverage, Event};
use sockeye_core::{Degradation, Description, Endpoint, ProcessId, Snapshot, Transport};

pub use containers::container_names;
pub use error::{Error, Kind, plain};
pub use socket_units::socket_units;

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

/// What to observe with.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum SourceChoice {
    /// The quickest that permission and system allow for the task.
    #[default]
    Auto,
    /// eBPF: iterators for lists, programs in the kernel for events.
    Ebpf,
    /// `sock_diag` netlink with owners from `/proc`; polling, and the multicast of closings.
    Netlink,
    /// The tables in `/proc/net` alone; polling.
    Proc,
    /// Windows: the IP Helper's tables, and an administrator's tracing session for events.
    Etw,
    /// Windows: the IP Helper's tables alone; polling.
    Iphlpapi,
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
    /// With what.
    pub source: SourceChoice,
}

impl Wants {
    /// Everything there is.
    pub const EVERYTHING: Self = Self {
        tcp: true,
        udp: true,
        owners: true,
        metrics: true,
        namespaces: Namespaces::All,
        source: SourceChoice::Auto,
    };

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
/// `/proc/net` tables where `sock_diag` is not to be had. Windows: the IP Helper's tables, owners by the
/// process that made the socket. Elsewhere: [`Kind::Unsupported`].
pub fn observe(wants: &Wants) -> Result<Snapshot, Error> {
    sys::observe(wants)
}

/// Whether somebody still reads standard output, as far as the system tells. Whoever waits for a long
/// time before it prints anything more asks now and then.
///
/// # Platform
///
/// Linux: `false` when the other end of a pipe or socket was closed, or the terminal. Windows: that of
/// a pipe. Elsewhere: always `true`.
pub fn is_output_read() -> bool {
    sys::is_output_read()
}

/// Sees to it that the terminal on standard output shows colours (ECMA-48), and says whether it does.
///
/// # Platform
///
/// Windows: tells the console to; before Windows 10 it cannot. Elsewhere: always `true`.
pub fn show_colours() -> bool {
    sys::show_colours()
}

/// Watches this machine: snapshots on demand, and what happens in between.
///
/// Whoever watches takes events out with [`Self::wait`] again and again, and a snapshot now and
/// then. Events begin before the first snapshot, so nothing falls between the two.
#[derive(Debug)]
pub struct Watcher(sys::Watcher);

impl Watcher {
    /// Begins to watch.
    ///
    /// # Errors
    ///
    /// When the source that was asked for by name is not to be had: [`Kind::Denied`] or
    /// [`Kind::Unsupported`]. With [`SourceChoice::Auto`] a lesser one is taken instead, and
    /// [`Self::limits`] says why.
    ///
    /// # Platform
    ///
    /// Linux: eBPF programs, else polling with the multicast of closings. Windows: polling, and beside
    /// it the kernel's events where a tracing session (ETW) may be had. Elsewhere:
    /// [`Kind::Unsupported`].
    pub fn start(wants: &Wants) -> Result<Self, Error> {
        sys::Watcher::start(wants).map(Self)
    }

    /// What its events tell.
    pub fn coverage(&self) -> Coverage {
        self.0.coverage()
    }

    /// What its events cannot tell, and why.
    pub fn limits(&self) -> &[Degradation] {
        self.0.limits()
    }

    /// Appends what happened since the last call to `events`, in order; waits at most `timeout` for
    /// something to happen.
    ///
    /// # Errors
    ///
    /// When the source has failed for good.
    pub fn wait(&mut self, timeout: Duration, events: &mut Vec<Event>) -> Result<(), Error> {
        self.0.wait(timeout, events)
    }

    /// Whether snapshots bring measurements from now on, if they were wanted. Where events tell what
    /// was measured, snapshots need not repeat it, and take less memory and time.
    pub fn set_measuring(&mut self, is_measuring: bool) {
        self.0.set_measuring(is_measuring);
    }

    /// Takes a snapshot; its time is that of its beginning.
    ///
    /// # Errors
    ///
    /// As [`observe`].
    pub fn snapshot(&mut self) -> Result<Snapshot, Error> {
        self.0.snapshot()
    }
}

/// Describes processes in full; remembers what they have in common.
#[derive(Debug)]
pub struct Describer(sys::Describer);

impl Describer {
    /// One that knows nothing yet.
    pub fn new() -> Self {
        Self(sys::Describer::new())
    }

    /// What is known of `process`; of whichever has that pid now, when its start is 0.
    ///
    /// # Errors
    ///
    /// [`Kind::Vanished`] when there is no such process, [`Kind::Denied`] when the system hides it.
    /// What may not be read is no error: that fact says so.
    ///
    /// # Platform
    ///
    /// Linux: `/proc/PID`; the number of a thread stands for its process. Windows: the process's token
    /// and its own memory. Elsewhere: [`Kind::Unsupported`].
    pub fn describe(&mut self, process: ProcessId) -> Result<Description, Error> {
        self.0.describe(process)
    }
}

impl Default for Describer {
    fn default() -> Self {
        Self::new()
    }
}

/// How a process is asked to end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Urgency {
    /// Asked to end: SIGTERM; on Windows, its windows are asked to close.
    Ask,
    /// Ended by the kernel: SIGKILL; on Windows, TerminateProcess with 1.
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
    /// [`Kind::Denied`] without CAP_NET_ADMIN in the endpoint's network namespace, on Windows without
    /// an administrator's rights; [`Kind::Vanished`] when it is gone, [`Kind::Unsupported`] when the
    /// kernel cannot. Success is what the kernel said; look again to know.
    ///
    /// # Platform
    ///
    /// Windows: TCP alone, by its sides; `SetTcpEntry`, and `NsiSetAllParameters` for IPv6.
    pub fn close(&self, endpoints: &[&Endpoint]) -> Vec<Result<(), Error>> {
        sys::close(endpoints)
    }

    /// Ends `process`, by a handle that no other process can take over.
    ///
    /// # Errors
    ///
    /// [`Kind::Vanished`] when the process, by pid and start time, is gone; [`Kind::Denied`] when
    /// it may not be signalled; [`Kind::Unsupported`] when it cannot be asked, because it has no
    /// window (Windows).
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
