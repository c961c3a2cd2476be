//! Where the remotes of endpoints are, by databases that the user has.

use std::env;
use std::path::PathBuf;

use anyhow::ensure;
use sockeye_core::Column;
use sockeye_core::column::Cost;
use sockeye_engine::places::Atlas;

use super::args::InformantArgs;

/// Names databases where `--geo` does not, in the same way.
const VARIABLE: &str = "SOCKEYE_GEO";

/// The databases of `informants`, or of the environment.
fn files(informants: &InformantArgs) -> Vec<PathBuf> {
    if !informants.geo.is_empty() {
        return informants.geo.clone();
    }
    let files = env::var(VARIABLE).unwrap_or_default();
    files.split(',').filter(|file| !file.is_empty()).map(PathBuf::from).collect()
}

/// The databases, where `is_needed`; `None` where there are none.
///
/// # Errors
///
/// When one cannot be read.
pub(super) fn atlas(informants: &InformantArgs, is_needed: bool) -> anyhow::Result<Option<Atlas>> {
    let files = if is_needed { files(informants) } else { Vec::new() };
    if files.is_empty() {
        return Ok(None);
    }
    Ok(Some(Atlas::open(&files)?))
}

/// Sees that what is compared or sorted by can be known.
///
/// # Errors
///
/// A sentence about the first of `columns` that needs a database, where there is none.
pub(super) fn ensure_known(
    mut columns: impl Iterator<Item = &'static Column>,
    informants: &InformantArgs,
) -> anyhow::Result<()> {
    let Some(column) = columns.find(|column| column.cost == Cost::Places) else {
        return Ok(());
    };
    ensure!(
        !files(informants).is_empty(),
        "`{}` needs a database of places: --geo FILE, or {VARIABLE}=FILE",
        column.name
    );
    Ok(())
}
