//! `sockeye close`: closes connections, and says afterwards what became of each.

use anyhow::{bail, ensure};

use super::Status;
use super::args::CloseArgs;
use super::console::Console;
use super::wanted::Wanted;

/// Closes what `args` ask for.
pub(super) fn run(args: &CloseArgs, _: &mut Console) -> anyhow::Result<Status> {
    let wanted = Wanted::parse(&args.choice)?;
    ensure!(
        !wanted.is_everything(),
        "say what to close: a process name, a PID, or --filter EXPR"
    );
    bail!("close is not available yet")
}
