//! Measures Sockeye beside the tools it replaces and beside the bare kernel, in one run.

mod desktop;
pub(crate) mod floor;
mod iphlp;
pub(crate) mod measure;
mod page;
mod watching;

use std::fs;
use std::time::Duration;

use anyhow::Context as _;

use crate::{load, run};
use measure::Sample;
use watching::Watching;

/// How large the load is, and how long the measurement.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Processes of the load.
    #[arg(long, default_value_t = 1000)]
    processes: u32,
    /// Connections in each of them.
    #[arg(long, default_value_t = 50)]
    pairs: u32,
    /// Few repetitions, and docs/benchmarks.md stays as it is.
    #[arg(long)]
    quick: bool,
    /// Measure the desktop's window instead; write docs/benchmarks-desktop.md. Needs Xvfb and xdotool.
    #[arg(long)]
    desktop: bool,
}

/// A command that is measured.
struct Contender {
    /// How it is shown.
    name: String,
    command: Vec<String>,
    clock: Clock,
}

/// Whose wall time counts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Clock {
    /// That of the whole process.
    Ours,
    /// What it prints itself, in µs: it leaves out what comes before the work.
    Printed,
}

/// What a contender took, in one situation.
struct Score {
    name: String,
    /// Lines that it printed.
    lines: usize,
    median: Sample,
}

/// All scores in one situation, and the contenders that have none, with the reason.
struct Round {
    situation: String,
    scores: Vec<Score>,
    missing: Vec<(String, String)>,
}

/// The names by which scores are compared.
const JSONL: &str = "sockeye -a -n --format jsonl";
const TEXT: &str = "sockeye -a -n --format text";
const CSV: &str = "sockeye -a -n --format csv";
const EBPF: &str = "sockeye -a -n --format jsonl --source ebpf";
const NETLINK: &str = "sockeye -a -n --format jsonl --source netlink";
const SS: &str = "ss -tanp";
const DUMP: &str = "floor: bare sock_diag dump";
const WALK: &str = "floor: bare walk of /proc/*/fd";

const ITERATORS: &str = "floor: bare iterators of eBPF";

/// Builds, measures under a small and a large load, prints the page and writes it.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    if arguments.desktop {
        let size = load_of(arguments.processes, arguments.pairs);
        return desktop::run(&size, arguments.quick);
    }
    let build = ["cargo", "build", "--release", "--locked"];
    run::run(&[&build[..], &["--package=sockeye"]].concat())?;
    let examples = ["--package=sockeye-os", "--example=floor", "--example=iphlp"];
    run::run(&[&build[..], &examples].concat())?;
    let contenders = contenders()?;
    let machine = page::machine();
    let (few, many) = if arguments.quick { (3, 1) } else { (15, 5) };
    let effort = if arguments.quick { watching::QUICK } else { watching::THOROUGH };
    let sockeye = built("sockeye")?;

    let tables = iphlp::measure(&built("examples/iphlp")?);
    let idle = load_of(IDLE.0, IDLE.1);
    let idle = under(&idle, || Round::measure(&load::describe(&idle), &contenders, few))??;
    let size = load_of(arguments.processes, arguments.pairs);
    let (loaded, staying) = under(&size, || {
        let staying = watching::stay(&sockeye, &size, &effort);
        (Round::measure(&load::describe(&size), &contenders, many), staying)
    })?;
    let events = watching::events(&sockeye, &effort);
    let overhead = watching::overhead(&sockeye, &effort);
    let flat_out = watching::flat_out(&sockeye, &effort);

    let watching = Watching { staying, events, overhead, flat_out };
    let page = page::write(&machine, (&idle, &loaded?), &watching, &tables);
    print!("{page}");
    if !arguments.quick {
        fs::write(run::root().join("docs/benchmarks.md"), page)?;
    }
    Ok(())
}

/// Does `work` while a load of this size stands.
fn under<T>(size: &load::Arguments, work: impl FnOnce() -> T) -> anyhow::Result<T> {
    let load = load::Load::start(size)?;
    let done = work();
    load.end()?;
    Ok(done)
}

/// The path of a program that was built for this: target/release stands beside target/debug/xtask.
fn built(program: &str) -> anyhow::Result<String> {
    let own = std::env::current_exe()?;
    let target = own.ancestors().nth(2).context("xtask is not in a target directory")?;
    Ok(target.join("release").join(program).display().to_string())
}

/// Processes and connections that stand for an idle host: a few dozen sockets.
const IDLE: (u32, u32) = (10, 2);

/// Descriptors of each process beside its sockets: with its three standard ones, 49 of 150.
const FILES: u32 = 46;

fn load_of(processes: u32, pairs: u32) -> load::Arguments {
    load::Arguments { processes, pairs, udp: 0, files: FILES, netns: 0, seconds: None }
}

/// Everything that is measured, in the order of the page.
fn contenders() -> anyhow::Result<Vec<Contender>> {
    let own = std::env::current_exe()?.display().to_string();
    let (sockeye, iterators) = (built("sockeye")?, built("examples/floor")?);
    let contender = |name: &str, program: &str, arguments: &str| Contender {
        name: name.to_owned(),
        command: std::iter::once(program).chain(arguments.split(' ')).map(str::to_owned).collect(),
        clock: Clock::Ours,
    };
    // A name is the command as it is typed; only what stands for its first word differs.
    let typed = |name: &str, program: &str| {
        let (_, arguments) = name.split_once(' ').unwrap_or_default();
        contender(name, program, arguments)
    };
    Ok(vec![
        typed(JSONL, &sockeye),
        typed(TEXT, &sockeye),
        typed(CSV, &sockeye),
        typed(EBPF, &sockeye),
        typed(NETLINK, &sockeye),
        typed(SS, "ss"),
        typed("ss -tan", "ss"),
        typed("lsof -nP -iTCP", "lsof"),
        typed("netstat -tanp", "netstat"),
        contender(DUMP, &own, "floor dump"),
        contender(WALK, &own, "floor walk"),
        Contender { name: ITERATORS.to_owned(), command: vec![iterators], clock: Clock::Printed },
    ])
}

impl Round {
    /// Measures every contender in turn, again and again, so that a disturbance hits them alike.
    fn measure(situation: &str, contenders: &[Contender], times: usize) -> anyhow::Result<Self> {
        // One run that is not timed warms up and shows that there is output at all.
        let mut results: Vec<_> =
            contenders.iter().map(|contender| (contender.count(), Vec::new())).collect();
        for time in 1..=times {
            eprintln!("{situation}: {time} of {times}");
            for (contender, (lines, samples)) in contenders.iter().zip(&mut results) {
                match contender.measure() {
                    Ok(sample) => samples.push(sample),
                    Err(error) => *lines = Err(error),
                }
            }
        }
        let mut round =
            Self { situation: situation.to_owned(), scores: Vec::new(), missing: Vec::new() };
        for (contender, (lines, samples)) in contenders.iter().zip(results) {
            round.add(contender.name.clone(), lines, &samples);
        }
        Ok(round)
    }

    fn add(&mut self, name: String, lines: anyhow::Result<usize>, samples: &[Sample]) {
        match (lines, Sample::median(samples)) {
            (Ok(lines), Some(median)) => self.scores.push(Score { name, lines, median }),
            (Ok(_), None) => self.missing.push((name, "was not measured".to_owned())),
            (Err(error), _) => self.missing.push((name, error.to_string())),
        }
    }

    /// The score of this contender, if it has one.
    fn score(&self, name: &str) -> Option<&Score> {
        self.scores.iter().find(|score| score.name == name)
    }

    /// The wall time of this contender.
    fn wall(&self, name: &str) -> Option<Duration> {
        self.score(name).map(|score| score.median.wall)
    }

    /// What the bare work takes, all of it.
    fn floor(&self) -> Option<Duration> {
        Some(self.wall(DUMP)? + self.wall(WALK)?)
    }
}

impl Contender {
    /// Runs it once, untimed; gives how many lines it printed.
    fn count(&self) -> anyhow::Result<usize> {
        let (_, printed) = self.run_to_file()?;
        let lines = printed.iter().filter(|byte| **byte == b'\n').count();
        anyhow::ensure!(lines > 0, "printed nothing");
        Ok(lines)
    }

    /// Runs it once; gives what it took. Its output goes nowhere: the tools are measured, not the
    /// disk.
    fn measure(&self) -> anyhow::Result<Sample> {
        if self.clock == Clock::Ours {
            return self.run("/dev/null");
        }
        let (sample, printed) = self.run_to_file()?;
        let printed = String::from_utf8(printed)?;
        let us = printed.split(' ').next().and_then(|word| word.parse().ok());
        Ok(Sample { wall: Duration::from_micros(us.context("no time was printed")?), ..sample })
    }

    /// Runs it once; gives what it took and what it printed.
    fn run_to_file(&self) -> anyhow::Result<(Sample, Vec<u8>)> {
        let output = std::env::temp_dir().join(format!("sockeye-bench-{}", std::process::id()));
        let sample = self.run(&output.display().to_string());
        let printed = sample.and_then(|sample| Ok((sample, fs::read(&output)?)));
        // Without output there is nothing to remove either.
        let _ = fs::remove_file(&output);
        printed
    }

    fn run(&self, output: &str) -> anyhow::Result<Sample> {
        let command: Vec<&str> = self.command.iter().map(String::as_str).collect();
        Sample::take(&command, output)
    }
}
