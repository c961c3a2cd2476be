//! `sockeye end`: ends the processes that hold endpoints, and says afterwards what became of each.

use anyhow::{bail, ensure};

use super::Status;
use super::args::EndArgs;
use super::console::Console;
use super::wanted::Wanted;

/// Ends what `args` ask for.
pub(super) fn run(args: &EndArgs, _: &mut Console) -> anyhow::Result<Status> {
    let wanted = Wanted::parse(&args.choice)?;
    ensure!(
        !wanted.is_everything(),
        "say what to end: a process name, a PID, or --filter EXPR"
    );
    bail!("end is not available yet")
}
