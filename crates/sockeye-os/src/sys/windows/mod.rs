//! Windows: the IP Helper's tables, the system's list of processes, the service control manager.

mod accounts;
mod act;
mod catalogue;
mod describe;
mod desktop;
mod estats;
mod facts;
mod handle;
mod library;
mod list;
mod modules;
mod observe;
mod output;
mod packages;
mod peb;
mod people;
mod privilege;
mod services;
mod signature;
mod support;
mod tables;
mod trace;
mod version;
mod watch;
mod wide;

use std::time::Duration;

use sockeye_core::workload::Runtime;

pub(crate) use act::{close, end, is_running};
pub(crate) use describe::Describer;
pub use desktop::Notifier;
pub(crate) use desktop::{
    attach_console, elevation, icon_in, show_folder_of, show_message, start_elevated,
};
pub(crate) use observe::{gather, observe};
pub(crate) use output::{is_output_read, show_colours};
pub(crate) use packages::Packages;
pub(crate) use support::{examine, kernel_release};
pub(crate) use watch::Watcher;

use crate::containers::{ContainerNames, Places};
use crate::socket_units::{Directories, SocketUnits};
use crate::{Error, Kind};

/// See [`crate::containers::container_names_in`]. No process here is told to be in a container, so
/// nobody asks.
pub(crate) fn container_names(_: &Places, _: &[(Runtime, &str)]) -> ContainerNames {
    ContainerNames::default()
}

/// See [`crate::socket_units::socket_units`]. Windows has no systemd.
pub(crate) fn read_socket_units() -> SocketUnits {
    SocketUnits::default()
}

/// See [`SocketUnits::read`].
pub(crate) fn read_socket_units_in(_: &Directories) -> SocketUnits {
    SocketUnits::default()
}

/// See [`crate::support::iterate_bare`].
pub(crate) fn iterate_bare() -> Result<(Duration, usize), Error> {
    let reason = "only Linux has iterators";
    Err(Error::new(Kind::Unsupported, "iterate", "", reason))
}
