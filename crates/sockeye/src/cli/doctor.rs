//! `sockeye doctor`: what can be seen here, what not, why, and what mends it.

use anyhow::bail;
use clap::ValueEnum;

use super::Status;
use super::args::DoctorArgs;
use super::console::Console;

/// How the report is printed.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, ValueEnum)]
pub(super) enum DoctorFormat {
    /// For people.
    #[default]
    Text,
    /// One object.
    Json,
}

/// Reports.
pub(super) fn run(_: &DoctorArgs, _: &mut Console) -> anyhow::Result<Status> {
    bail!("doctor is not available yet")
}
