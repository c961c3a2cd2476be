//! The page of benchmarks: facts of the machine, tables, targets, how to repeat.

use std::fmt::Write as _;
use std::fs;
use std::time::{Duration, SystemTime};

use super::iphlp::{self, Tables};
use super::watching::Watching;
use super::{CSV, EBPF, ITERATORS, JSONL, Round, SS, TEXT};
use crate::run;

/// A promise, and whether it is kept.
pub(super) struct Target {
    pub(super) promise: &'static str,
    /// The number that counts.
    pub(super) measured: Option<f64>,
    pub(super) unit: &'static str,
    pub(super) is_met: fn(f64) -> bool,
}

/// The facts of this machine that a measurement depends on, as a Markdown list.
pub(super) fn machine() -> String {
    let first_line = |words: &[&str]| {
        let output = run::output(words).unwrap_or_default();
        output.lines().next().unwrap_or("?").trim().to_owned()
    };
    let processor = fact("/proc/cpuinfo", "model name");
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let memory = fact("/proc/meminfo", "MemTotal");
    let busy = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let busy = busy.split(' ').next().unwrap_or("?");
    let seconds = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let seconds = seconds.map_or(0, |s| i64::try_from(s.as_secs()).unwrap_or(0));
    let date = jiff::Timestamp::from_second(seconds).unwrap_or_default();
    let commit = first_line(&["git", "rev-parse", "--short", "HEAD"]);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!(
        "- {date}, commit {commit}\n\
         - {processor}, {cores} cores, {memory} of memory, load average {busy} before the run\n\
         - Linux {}, {}\n\
         - {}\n",
        kernel.trim(),
        first_line(&["rustc", "--version"]),
        first_line(&["ss", "-V"]),
    )
}

/// The first value called `name` in a file of `name: value` lines.
fn fact(path: &str, name: &str) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.map_or("?", |rest| rest.trim_start_matches([':', ' ', '\t'])).to_owned()
}

/// The whole page.
pub(super) fn write(
    machine: &str,
    (idle, loaded): (&Round, &Round),
    watching: &Watching,
    tables: &anyhow::Result<Tables>,
) -> String {
    let mut page = format!(
        "# Benchmarks\n\n\
         Written by `cargo xtask bench`; run it as root to repeat them on your machine. Each number\n\
         is the median of several runs, taken in turn; output goes to /dev/null, so that tools are\n\
         measured and not the disk. The floor is the work that no tool can do without, done by a program that\n\
         does nothing else: one `sock_diag` dump plus one walk over all descriptors, in one thread. With\n\
         eBPF it is another: the kernel's iterators over descriptors and over the table of TCP, in one\n\
         thread, once they are loaded; loading them counts for Sockeye.\n\
         Memory is the peak; a few MB of it are the measuring program's own.\n\n{machine}"
    );
    for round in [idle, loaded] {
        page.push_str(&table(round));
    }
    page.push_str(&watching.table());
    page.push_str(&iphlp::table(tables));
    page.push_str("\n## Targets\n\n| target | measured | |\n|---|---|---|\n");
    for target in
        targets(idle, loaded).into_iter().chain(watching.targets()).chain([iphlp::target(tables)])
    {
        page.push_str(&verdict(&target));
    }
    page
}

fn table(round: &Round) -> String {
    let mut table = format!(
        "\n## {}\n\n\
         | command | lines | wall | CPU | memory | speed against `{SS}` | time against the floor |\n\
         |---|---:|---:|---:|---:|---:|---:|\n",
        round.situation
    );
    for score in &round.scores {
        let sample = score.median;
        // Writing to a String cannot fail.
        let _ = writeln!(
            table,
            "| `{}` | {} | {} | {} | {:.1} MB | {} | {} |",
            score.name,
            score.lines,
            milliseconds(sample.wall),
            milliseconds(sample.cpu),
            megabytes(sample.peak_kib),
            times(ratio(round.wall(SS), Some(sample.wall))),
            times(ratio(Some(sample.wall), round.floor())),
        );
    }
    for (name, reason) in &round.missing {
        let _ = writeln!(table, "| `{name}` | not measured: {reason} | | | | | |");
    }
    table
}

/// What Sockeye promises of its speed.
fn targets(idle: &Round, loaded: &Round) -> [Target; 6] {
    let sockeyes = [JSONL, TEXT, CSV].map(|name| loaded.score(name));
    let peak = sockeyes.into_iter().flatten().map(|s| s.median.peak_kib).max();
    [
        Target {
            promise: "under load, jsonl at least 8 times as fast as `ss -tanp`",
            measured: ratio(loaded.wall(SS), loaded.wall(JSONL)),
            unit: "×",
            is_met: |ratio| ratio >= 8.0,
        },
        Target {
            promise: "under load, with eBPF at least 25 times as fast as `ss -tanp`, loading included",
            measured: ratio(loaded.wall(SS), loaded.wall(EBPF)),
            unit: "×",
            is_met: |ratio| ratio >= 25.0,
        },
        Target {
            promise: "under load, with eBPF at most 2 times as long as the bare iterators",
            measured: ratio(loaded.wall(EBPF), loaded.wall(ITERATORS)),
            unit: "×",
            is_met: |ratio| ratio <= 2.0,
        },
        Target {
            promise: "under load, text takes at most 1.3 times as long as jsonl",
            measured: ratio(loaded.wall(TEXT), loaded.wall(JSONL)),
            unit: "×",
            is_met: |ratio| ratio <= 1.3,
        },
        Target {
            promise: "under load, less than 150 MB of memory",
            measured: peak.map(megabytes),
            unit: " MB",
            is_met: |megabytes| megabytes < 150.0,
        },
        Target {
            promise: "on an idle host (a few dozen sockets), jsonl at least as fast as `ss -tanp`",
            measured: ratio(idle.wall(SS), idle.wall(JSONL)),
            unit: "×",
            is_met: |ratio| ratio >= 1.0,
        },
    ]
}

pub(super) fn verdict(target: &Target) -> String {
    let Target { promise, unit, .. } = target;
    let Some(measured) = target.measured else {
        return format!("| {promise} | not measured | missed |\n");
    };
    let verdict = if (target.is_met)(measured) { "met" } else { "missed" };
    format!("| {promise} | {measured:.2}{unit} | {verdict} |\n")
}

fn ratio(above: Option<Duration>, below: Option<Duration>) -> Option<f64> {
    Some(above?.as_secs_f64() / below?.as_secs_f64())
}

fn times(ratio: Option<f64>) -> String {
    ratio.map_or_else(String::new, |ratio| format!("{ratio:.2}×"))
}

fn milliseconds(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}

/// Megabytes of 1,000,000 bytes; a process's memory is far below what f64 counts exactly.
pub(super) fn megabytes(kib: u64) -> f64 {
    u32::try_from(kib).map_or(f64::INFINITY, |kib| f64::from(kib) * 1024.0 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::super::{Sample, Score};
    use super::*;

    fn round(times_ms: &[(&str, u64)], peak_kib: u64) -> Round {
        let scores = times_ms.iter().map(|(name, ms)| Score {
            name: (*name).to_owned(),
            lines: 1,
            median: Sample {
                wall: Duration::from_millis(*ms),
                cpu: Duration::from_millis(*ms),
                peak_kib,
            },
        });
        let missing = vec![("lsof".to_owned(), "not there".to_owned())];
        Round { situation: "test".to_owned(), scores: scores.collect(), missing }
    }

    #[test]
    fn targets_are_met_or_missed() {
        let check = |idle: &[(&str, u64)], loaded: &[(&str, u64)], peak, expected: &[&str]| {
            let targets = targets(&round(idle, 1), &round(loaded, peak));
            let lines = targets.each_ref().map(verdict);
            let verdicts = lines.each_ref().map(|line| line.rsplit("| ").next().unwrap());
            let verdicts = verdicts.map(|verdict| verdict.trim_end_matches(" |\n"));
            assert_eq!(verdicts, expected, "{lines:?}");
        };
        let kept = &[(SS, 100), (JSONL, 12), (TEXT, 15), (EBPF, 4), (ITERATORS, 2)];
        let broken = &[(SS, 79), (JSONL, 10), (TEXT, 14), (EBPF, 5), (ITERATORS, 2)];
        check(&[(SS, 5), (JSONL, 5)], kept, 100_000, &["met"; 6]);
        check(&[(SS, 5), (JSONL, 6)], broken, 150_000, &["missed"; 6]);
        check(&[], &[], 1, &["missed"; 6]);
    }

    #[test]
    fn the_table_names_what_is_missing() {
        let table = table(&round(&[(SS, 80), (JSONL, 10)], 1000));
        assert!(table.contains("| 10.0 ms | 10.0 ms | 1.0 MB | 8.00× |  |"), "{table}");
        assert!(table.contains("not measured: not there"), "{table}");
    }
}
