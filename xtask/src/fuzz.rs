//! Fuzzing: libFuzzer for long runs, a runner of our own that needs no nightly for the smoke test.

use anyhow::{Context as _, ensure};

use crate::run;

/// What to fuzz and for how long.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Seconds for each target.
    #[arg(long, default_value_t = 60)]
    seconds: u32,
    /// Only this target.
    target: Option<String>,
}

/// Seconds for each target in CI.
const SMOKE_SECONDS: u32 = 5;

/// Fuzzes by libFuzzer where cargo-fuzz and a nightly toolchain are installed, else by our own.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let targets = match &arguments.target {
        Some(target) => vec![target.clone()],
        None => targets()?,
    };
    if has_libfuzzer() {
        return libfuzzer(&targets, arguments.seconds);
    }
    println!("without libFuzzer: it needs a nightly toolchain and `cargo install cargo-fuzz`");
    stable(&targets, arguments.seconds)
}

/// The short run of CI: every target on stable Rust, and by libFuzzer too where that is installed.
pub(crate) fn smoke() -> anyhow::Result<()> {
    let targets = targets()?;
    ensure!(!targets.is_empty(), "there are no fuzz targets");
    stable(&targets, SMOKE_SECONDS)?;
    if has_libfuzzer() {
        libfuzzer(&targets, SMOKE_SECONDS)?;
    }
    Ok(())
}

fn has_libfuzzer() -> bool {
    run::succeeds(&["cargo", "+nightly", "fuzz", "--version"])
}

/// The names of the targets, from the table in fuzz/src/lib.rs.
fn targets() -> anyhow::Result<Vec<String>> {
    let listing = run::output(&[&RUNNER[..], &["--list"]].concat())?;
    Ok(listing.lines().map(str::to_owned).collect())
}

/// The runner of fuzz/src/bin/smoke.rs.
const RUNNER: [&str; 7] =
    ["cargo", "run", "--quiet", "--locked", "--manifest-path=fuzz/Cargo.toml", "--bin=smoke", "--"];

fn stable(targets: &[String], seconds: u32) -> anyhow::Result<()> {
    let seconds = format!("--seconds={seconds}");
    let targets: Vec<&str> = targets.iter().map(String::as_str).collect();
    run::run(&[&RUNNER[..], &[&seconds], &targets].concat())
        .context("what breaks a target is kept in fuzz/artifacts/TARGET/")
}

fn libfuzzer(targets: &[String], seconds: u32) -> anyhow::Result<()> {
    let seconds = format!("-max_total_time={seconds}");
    for target in targets {
        // It reads the seeds from fuzz/corpus/TARGET and collects there what it finds.
        run::run(&[&RUNNER[..], &["--corpus", target]].concat())?;
        let fuzz = ["cargo", "+nightly", "fuzz", "run", "--features=libfuzzer", target];
        run::run(&[&fuzz[..], &["--", &seconds]].concat())?;
    }
    Ok(())
}
