//! Everything that CI does, step by step, on any machine.

mod steps;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use steps::STEPS;

/// How much `ci` does.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Leave out what is slow: end-to-end tests, documents, fuzzing, dependency checks.
    #[arg(long)]
    quick: bool,
}

/// One step of CI.
struct Step {
    name: &'static str,
    /// Whether `--quick` does it too.
    is_quick: bool,
    act: fn(&mut Log) -> anyhow::Result<Outcome>,
}

/// How a step ended when nothing failed.
enum Outcome {
    Passed,
    /// Not done, for this reason.
    Skipped(String),
}

/// What was not done, by name and reason; it may be part of a step that passed.
#[derive(Default)]
struct Log {
    skipped: Vec<String>,
}

/// A step that is over.
struct Report {
    name: &'static str,
    result: &'static str,
    took: Duration,
}

/// Does every step and goes on after a failure.
///
/// # Errors
///
/// When a step failed.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let mut log = Log::default();
    let wanted = STEPS.iter().filter(|step| step.is_quick || !arguments.quick);
    let reports: Vec<Report> = wanted.map(|step| report(step, &mut log)).collect();
    print_summary(&reports, &log);
    if reports.iter().any(|r| r.result == "failed") {
        // The summary has said it all, and its counts are the last line.
        std::process::exit(1);
    }
    Ok(())
}

/// Does one step, announced and timed.
fn report(step: &Step, log: &mut Log) -> Report {
    let name = step.name;
    println!("\n== {name}");
    let start = Instant::now();
    let outcome = (step.act)(log);
    let took = start.elapsed();
    let result = match outcome {
        Ok(Outcome::Passed) => "passed",
        Ok(Outcome::Skipped(reason)) => {
            log.skipped.push(format!("{name}: {reason}"));
            "skipped"
        }
        Err(error) => {
            println!("{error:#}");
            "failed"
        }
    };
    println!("== {name}: {result}, {:.1} s", took.as_secs_f64());
    Report { name, result, took }
}

/// The table, what was left out, and the counts alone on the last line.
fn print_summary(reports: &[Report], log: &Log) {
    println!("\n{:<24} {:<8} {:>8}", "step", "result", "time");
    for Report { name, result, took } in reports {
        println!("{name:<24} {result:<8} {:>6.1} s", took.as_secs_f64());
    }
    for skipped in &log.skipped {
        println!("SKIPPED {skipped}");
    }
    let count = |wanted| reports.iter().filter(|r| r.result == wanted).count();
    let (passed, failed, skipped) = (count("passed"), count("failed"), count("skipped"));
    println!("{passed} passed, {failed} failed, {skipped} skipped");
}

/// Whether this is a machine of CI's own, where programs may be installed.
fn is_ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| value == "true")
}

/// Where tests write what they had to skip, one `SKIPPED name: reason` a line.
fn skipped_file() -> PathBuf {
    std::env::temp_dir().join(format!("sockeye-skipped-{}", std::process::id()))
}
