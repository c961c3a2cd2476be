//! What Windows does for programs with a window.

mod balloon;
mod console;
mod elevate;
mod folder;
mod icon;

pub use balloon::Notifier;
pub(crate) use console::{attach_console, show_message};
pub(crate) use elevate::{elevation, start_elevated};
pub(crate) use folder::show_folder_of;
pub(crate) use icon::icon_in;
