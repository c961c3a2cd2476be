//! Systems that Sockeye cannot observe: every call says so.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use sockeye_core::answer::Package;
use sockeye_core::event::{Coverage, Event};
use sockeye_core::process::{Absent, Fact};
use sockeye_core::workload::Runtime;
use sockeye_core::{Degradation, Description, Endpoint, ProcessId, Snapshot};

use crate::containers::{ContainerNames, Places};
use crate::packages::{DesktopEntry, Image, Known};
use crate::raw::{Keep, Raw};
use crate::socket_units::{Directories, SocketUnits};
use crate::support::{Finding, Status};
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
    endpoints.iter().map(|_| unsupported("close a connection")).collect()
}

/// See [`crate::Actor::end`].
pub(crate) fn end(_: ProcessId, _: Urgency) -> Result<(), Error> {
    unsupported("end a process")
}

/// See [`crate::Actor::is_running`].
pub(crate) fn is_running(_: ProcessId) -> bool {
    false
}

/// See [`crate::is_output_read`].
pub(crate) fn is_output_read() -> bool {
    true
}

/// See [`crate::show_colours`].
pub(crate) fn show_colours() -> bool {
    true
}

/// The raw answers behind [`observe`].
pub(crate) fn gather(_: &Wants, _: Keep) -> Result<Raw, Error> {
    unsupported("observe this machine")
}

/// The kernel's release, where it is known.
pub(crate) fn kernel_release() -> String {
    "-".to_owned()
}

/// See [`crate::support::examine`].
pub(crate) fn examine() -> Vec<Finding> {
    vec![Finding {
        capability: "system",
        title: "This operating system",
        status: Status::Missing,
        detail: format!("Sockeye does not know {}", std::env::consts::OS),
        remedy: None,
    }]
}

/// See [`crate::support::iterate_bare`].
pub(crate) fn iterate_bare() -> Result<(Duration, usize), Error> {
    unsupported("iterate")
}

/// See [`crate::Describer`].
#[derive(Debug)]
pub(crate) struct Describer;

impl Describer {
    /// See [`crate::Describer::new`].
    pub(crate) fn new() -> Self {
        Self
    }

    /// See [`crate::Describer::describe`].
    pub(crate) fn describe(&mut self, _: ProcessId) -> Result<Description, Error> {
        unsupported("describe a process")
    }
}

/// See [`crate::containers::container_names_in`].
pub(crate) fn container_names(_: &Places, ids: &[(Runtime, &str)]) -> ContainerNames {
    let reason = format!("Sockeye does not know {}", std::env::consts::OS);
    let unnamed = |(runtime, _): &(Runtime, &str)| Degradation::ContainersUnnamed {
        runtime: runtime.id().into(),
        reason: reason.clone(),
    };
    let degradations = ids.first().map(unnamed).into_iter().collect();
    ContainerNames { degradations, ..ContainerNames::default() }
}

/// See [`crate::packages::Packages`].
#[derive(Debug)]
pub(crate) struct Packages;

impl Packages {
    /// One that knows nothing.
    pub(crate) fn new(_: Vec<PathBuf>) -> Self {
        Self
    }

    /// See [`crate::packages::Packages::owners_of`].
    pub(crate) fn owners_of(&mut self, images: &[Image<'_>]) -> Vec<Fact<Arc<Package>>> {
        images.iter().map(|_| Err(Absent::Unsupported)).collect()
    }

    /// See [`crate::packages::Packages::desktop_entry_of`].
    pub(crate) fn desktop_entry_of(&mut self, _: &Image<'_>) -> Option<Arc<DesktopEntry>> {
        None
    }

    /// See [`crate::packages::Packages::icon_of`].
    pub(crate) fn icon_of(&mut self, _: &str, _: Known<'_>, _: u16) -> Option<PathBuf> {
        None
    }
}

/// See [`crate::socket_units::socket_units`]. There are none.
pub(crate) fn read_socket_units() -> SocketUnits {
    SocketUnits::default()
}

/// See [`SocketUnits::read`].
pub(crate) fn read_socket_units_in(_: &Directories) -> SocketUnits {
    SocketUnits::default()
}

/// See [`crate::Watcher`]. Never made.
#[derive(Debug)]
pub(crate) enum Watcher {}

impl Watcher {
    /// See [`crate::Watcher::start`].
    pub(crate) fn start(_: &Wants) -> Result<Self, Error> {
        unsupported("watch this machine")
    }

    /// See [`crate::Watcher::coverage`].
    pub(crate) fn coverage(&self) -> Coverage {
        match *self {}
    }

    /// See [`crate::Watcher::limits`].
    pub(crate) fn limits(&self) -> &[Degradation] {
        match *self {}
    }

    /// See [`crate::Watcher::wait`].
    pub(crate) fn wait(&mut self, _: Duration, _: &mut Vec<Event>) -> Result<(), Error> {
        match *self {}
    }

    /// See [`crate::Watcher::set_measuring`].
    pub(crate) fn set_measuring(&mut self, _: bool) {
        match *self {}
    }

    /// See [`crate::Watcher::snapshot`].
    pub(crate) fn snapshot(&mut self) -> Result<Snapshot, Error> {
        match *self {}
    }
}
