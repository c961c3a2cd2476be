//! Runs one command and prints its wall time, its CPU time and its peak memory.
//!
//! A process of its own for each measurement: the kernel reports the largest child that a process
//! ever had, and a child starts with its parent's peak, so the parent has to be small and fresh.

use std::fs::File;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::{TimeVal, TimeValLike as _};

/// What to run, and where its output goes.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    output: String,
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
    command: Vec<String>,
}

/// What one run of a command took.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Sample {
    pub(super) wall: Duration,
    pub(super) cpu: Duration,
    pub(super) peak_kib: u64,
}

/// Runs the command and prints its sample: three numbers, in µs and KiB.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let output = File::create(&arguments.output)?;
    let (program, rest) = arguments.command.split_first().context("no command")?;
    let mut command = Command::new(program);
    command.args(rest).stdin(Stdio::null()).stdout(output).stderr(Stdio::null());
    let start = Instant::now();
    let status = command.status()?;
    let wall = start.elapsed();
    // 1 is what such tools say when they found nothing.
    ensure!(matches!(status.code(), Some(0 | 1)), "{status}");
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let cpu = microseconds(usage.user_time()) + microseconds(usage.system_time());
    println!("{} {cpu} {}", wall.as_micros(), usage.max_rss());
    Ok(())
}

fn microseconds(time: TimeVal) -> i64 {
    time.num_microseconds()
}

impl Sample {
    /// Measures `command`, whose output goes to the file `output`.
    ///
    /// # Errors
    ///
    /// When it could not be run or failed.
    pub(super) fn take(command: &[&str], output: &str) -> anyhow::Result<Self> {
        let own = std::env::current_exe()?;
        let mut measure = Command::new(own);
        measure.args(["measure", output, "--"]).args(command);
        let printed = measure.output()?;
        ensure!(printed.status.success(), "{}", String::from_utf8_lossy(&printed.stderr).trim());
        Self::parse(&String::from_utf8(printed.stdout)?).context("a sample is three numbers")
    }

    fn parse(line: &str) -> Option<Self> {
        let mut numbers = line.split_whitespace().map(|word| word.parse::<u64>().ok());
        let mut next = || numbers.next().flatten();
        Some(Self {
            wall: Duration::from_micros(next()?),
            cpu: Duration::from_micros(next()?),
            peak_kib: next()?,
        })
    }

    /// The median of each number by itself; `None` without samples.
    pub(super) fn median(samples: &[Self]) -> Option<Self> {
        Some(Self {
            wall: middle(samples.iter().map(|s| s.wall))?,
            cpu: middle(samples.iter().map(|s| s.cpu))?,
            peak_kib: middle(samples.iter().map(|s| s.peak_kib))?,
        })
    }
}

/// The middle value, the lower one of two.
pub(super) fn middle<T: Ord + Copy>(values: impl Iterator<Item = T>) -> Option<T> {
    let mut values: Vec<T> = values.collect();
    values.sort_unstable();
    values.get(values.len().saturating_sub(1) / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_three_numbers() {
        let sample =
            Sample { wall: Duration::from_millis(2), cpu: Duration::from_millis(1), peak_kib: 300 };
        assert_eq!(Sample::parse("2000 1000 300\n"), Some(sample));
        assert_eq!(Sample::parse("2000 1000"), None);
        assert_eq!(Sample::parse("fast 1 2"), None);
    }

    #[test]
    fn the_middle_is_neither_best_nor_mean() {
        let check = |values: &[u64], expected| {
            assert_eq!(middle(values.iter().copied()), expected, "{values:?}");
        };
        check(&[], None);
        check(&[5], Some(5));
        check(&[9, 1], Some(1));
        check(&[900, 1, 2], Some(2));
    }
}
