//! The backends: thin, one for each operating system, with the same names.
//!
//! A backend gives these and nothing more:
//!
//! - `observe(&Wants) -> Result<Snapshot, Error>`
//! - `close(&[&Endpoint]) -> Vec<Result<(), Error>>`
//! - `end(ProcessId, Urgency) -> Result<(), Error>`
//! - `is_running(ProcessId) -> bool`
//! - `is_output_read() -> bool`
//! - `show_colours() -> bool`
//! - `gather(&Wants, Keep) -> Result<Raw, Error>`, what `observe` assembles
//! - `kernel_release() -> String`
//! - `examine() -> Vec<Finding>`
//! - `iterate_bare() -> Result<(Duration, usize), Error>`, for the benchmark
//! - `container_names(&Places, &[(Runtime, &str)]) -> ContainerNames`
//! - `Describer`, with the methods of [`crate::Describer`]
//! - `Packages`, with the methods of [`crate::packages::Packages`]
//! - `read_socket_units() -> SocketUnits`, and `read_socket_units_in(&Directories)`
//! - `Watcher`, with the methods of [`crate::Watcher`]
//! - what [`crate::desktop`] lists
//!
//! It makes the calls and hands the bytes to `decode`. Where a system cannot do a thing, it says
//! [`Kind::Unsupported`](crate::Kind::Unsupported); it never answers with nothing instead.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
pub(crate) use linux::{
    Describer, Packages, Watcher, close, container_names, end, examine, gather, is_output_read,
    is_running, iterate_bare, kernel_release, observe, read_socket_units, read_socket_units_in,
    show_colours,
};

#[cfg(target_os = "windows")]
mod windows;
#[cfg(target_os = "windows")]
pub use windows::Notifier;
#[cfg(target_os = "windows")]
pub(crate) use windows::{
    Describer, Packages, Watcher, attach_console, close, container_names, elevation, end, examine,
    gather, icon_in, is_output_read, is_running, iterate_bare, kernel_release, observe,
    read_socket_units, read_socket_units_in, show_colours, show_folder_of, show_message,
    start_elevated,
};

/// Desktops but Windows', which are alike.
#[cfg(not(target_os = "windows"))]
mod desktop;
#[cfg(not(target_os = "windows"))]
pub(crate) use desktop::{
    attach_console, elevation, icon_in, show_folder_of, show_message, start_elevated,
};

#[cfg(not(any(target_os = "linux", target_os = "windows")))]
mod unsupported;
#[cfg(not(any(target_os = "linux", target_os = "windows")))]
pub(crate) use unsupported::{
    Describer, Packages, Watcher, close, container_names, end, examine, gather, is_output_read,
    is_running, iterate_bare, kernel_release, observe, read_socket_units, read_socket_units_in,
    show_colours,
};
