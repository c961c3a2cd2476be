//! The packages that are released, made on one machine: tar.gz and .deb for Linux, zip for Windows.

mod archive;
mod build;
mod check;
mod contents;
mod crates;
mod deb;
mod extra;
mod licences;
mod needs;
mod sbom;
mod tree;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use jiff::Timestamp;

use build::{Built, Programs};
pub(crate) use check::{check, missing_packages};
use contents::Made;

use crate::run;

/// What to make, of what, and where.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Where to write the packages.
    #[arg(long, value_name = "DIR", default_value = "target/dist")]
    out: PathBuf,
    /// Make only these.
    #[arg(long, value_enum, value_delimiter = ',', value_name = "KIND")]
    only: Vec<Kind>,
    /// Take the programs from this directory instead of building them: sockeye, sockeye-gui,
    /// sockeye.exe, sockeye-gui.exe, and, if it is there, sockeye-static.
    #[arg(long, value_name = "DIR")]
    programs: Option<PathBuf>,
    /// Leave out the desktop application, and what belongs to it.
    #[arg(long)]
    console_only: bool,
    /// Make packages of what tests have built, as CI does, and only check them.
    #[arg(long, conflicts_with_all = ["out", "only", "programs", "console_only"])]
    check: bool,
}

/// A kind of package.
#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// The tar.gz for any Linux.
    Linux,
    /// The packages for Debian and its like.
    Deb,
    /// The zip for Windows.
    Windows,
}

/// Where the project is at home.
const HOMEPAGE: &str = "https://github.com/sockeye-net/sockeye";
/// The version that is packaged.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Builds the programs, makes the packages and says what they are.
///
/// # Errors
///
/// When something cannot be built, read or written, or has no licence.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    if arguments.check {
        check()?.iter().for_each(|skipped| println!("SKIPPED {skipped}"));
        return Ok(());
    }
    let kinds = [Kind::Linux, Kind::Deb, Kind::Windows];
    let is_wanted = |kind: &Kind| arguments.only.is_empty() || arguments.only.contains(kind);
    let kinds: Vec<Kind> = kinds.into_iter().filter(is_wanted).collect();
    let time = time()?;
    let programs = match &arguments.programs {
        Some(directory) => build::take(directory, arguments.console_only)?,
        None => build::build(&kinds, arguments.console_only)?,
    };
    let made = make(&kinds, &programs, time)?;
    write(&made, &run::root().join(&arguments.out))
}

/// The packages of these kinds.
fn make(kinds: &[Kind], programs: &Programs, time: Timestamp) -> anyhow::Result<Vec<Made>> {
    let mut made = Vec::new();
    for kind in kinds {
        match kind {
            Kind::Linux => made.push(contents::linux(programs, time)?),
            Kind::Deb => made.extend(contents::debian(programs, time)?),
            Kind::Windows => made.push(contents::windows(programs, time)?),
        }
    }
    Ok(made)
}

/// The time that everything in the packages bears: `SOURCE_DATE_EPOCH`, else that of the commit.
fn time() -> anyhow::Result<Timestamp> {
    let seconds = match std::env::var("SOURCE_DATE_EPOCH") {
        Ok(seconds) => seconds,
        Err(_) => run::output(&["git", "log", "-1", "--format=%ct"])
            .context("without git, SOURCE_DATE_EPOCH has to tell the time of the packages")?,
    };
    let seconds = seconds.trim();
    let seconds = seconds.parse().with_context(|| format!("`{seconds}` is no time in seconds"))?;
    Ok(Timestamp::from_second(seconds)?)
}

/// Writes the packages and their sums, and says of each its size and what its programs need.
fn write(made: &[Made], out: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(out).with_context(|| format!("cannot make {}", out.display()))?;
    let mut sums = String::new();
    for Made { name, bytes, programs } in made {
        let path = out.join(name);
        fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
        // Writing to a String cannot fail.
        let _ = writeln!(sums, "{}  {name}", tree::sha256(bytes));
        println!("{}: {}", path.display(), size(bytes.len()));
        for Built { name, bytes, .. } in programs {
            println!("    {name}: {}, needs {}", size(bytes.len()), needs::read(bytes)?);
        }
    }
    let path = out.join("SHA256SUMS");
    fs::write(&path, sums).with_context(|| format!("cannot write {}", path.display()))
}

/// A number of bytes for people.
fn size(bytes: usize) -> String {
    let tenths = bytes.div_ceil(100_000);
    format!("{}.{} MB", tenths / 10, tenths % 10)
}
