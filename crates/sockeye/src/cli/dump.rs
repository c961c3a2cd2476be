//! `sockeye dump`: the system's raw answers in a file, for bug reports and `--replay`.

use anyhow::bail;

use super::Status;
use super::args::DumpArgs;
use super::console::Console;

/// Writes the dump.
pub(super) fn run(_: &DumpArgs, _: &mut Console) -> anyhow::Result<Status> {
    bail!("dump is not available yet")
}
