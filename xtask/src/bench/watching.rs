//! What watching costs while nothing happens and while much does, and whether it sees all of it.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, bail};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::measure::{Sample, middle};
use super::page::{Target, megabytes};
use crate::churn::{self, churn};
use crate::load;

/// How long and how often it is measured.
pub(super) struct Effort {
    /// Seconds of staying up.
    idle_seconds: u32,
    /// Seconds of each load of short connections.
    churn_seconds: u32,
    /// Pairs of such loads, without and with Sockeye.
    pairs: usize,
}

pub(super) const THOROUGH: Effort = Effort { idle_seconds: 60, churn_seconds: 10, pairs: 5 };
pub(super) const QUICK: Effort = Effort { idle_seconds: 5, churn_seconds: 2, pairs: 3 };

/// Connections a second of the loads.
const RATE: u32 = 10_000;
/// Client processes of the loads.
const CLIENTS: u32 = 4;
/// How long the last events may be under way.
const PATIENCE: Duration = Duration::from_secs(5);

/// What watching took and saw; where it could not be measured, why.
pub(super) struct Watching {
    pub(super) staying: anyhow::Result<Staying>,
    pub(super) events: anyhow::Result<Events>,
    /// At [`RATE`] connections a second.
    pub(super) overhead: anyhow::Result<Overhead>,
    /// At as many as the machine can do.
    pub(super) flat_out: anyhow::Result<Overhead>,
}

/// A watch during which nothing happened.
pub(super) struct Staying {
    /// TCP sockets of the load.
    endpoints: u32,
    sample: Sample,
}

/// What a watch told of a load of short connections.
#[derive(Default, PartialEq, Eq, Debug)]
pub(super) struct Events {
    /// Ends of connections, two of each.
    ends: usize,
    /// Ends whose closing was told.
    closed: usize,
    /// Of these, those with the right process.
    right: usize,
    /// Closings that were told again.
    twice: usize,
    /// Events that Sockeye says were lost.
    lost: u64,
}

/// CPU time of the clients for each connection, in µs: medians of several loads.
pub(super) struct Overhead {
    without_us: f64,
    with_us: f64,
}

/// Watches for a while beside a load of this size that does nothing.
pub(super) fn stay(
    sockeye: &str,
    size: &load::Arguments,
    effort: &Effort,
) -> anyhow::Result<Staying> {
    eprintln!("watching for {} s", effort.idle_seconds);
    let span = format!("{}s", effort.idle_seconds);
    let command = [&[sockeye], &WATCH[..], &["--for", &span]].concat();
    let sample = Sample::take(&command, "/dev/null")?;
    Ok(Staying { endpoints: size.processes * (size.pairs * 2 + 1), sample })
}

/// How Sockeye is called.
const WATCH: [&str; 5] = ["watch", "--source", "ebpf", "--format", "jsonl"];

/// The load of short connections, `rate` a second or, when that is 0, as many as can be.
fn short_connections(rate: u32, effort: &Effort) -> churn::Arguments {
    let connections = RATE * effort.churn_seconds;
    churn::Arguments { processes: CLIENTS, connections, rate, bytes: 100, reset: false }
}

/// Makes one load while Sockeye watches and reads what it tells.
pub(super) fn events(sockeye: &str, effort: &Effort) -> anyhow::Result<Events> {
    eprintln!("events of {} s", effort.churn_seconds);
    let size = short_connections(RATE, effort);
    let mut watch = Watch::start(sockeye, Stdio::piped())?;
    let told = watch.child.stdout.take().context("a process without output")?;
    let lines = read_aside(told);
    let load = churn(&size)?;
    let ends = size.connections as usize * 2;
    let mut kept = Vec::new();
    let is_closed = |line: &String| line.contains(CLOSED);
    let mut closed = 0;
    // Other programs close as well: nothing is over before it is quiet.
    while let Ok(line) = lines.recv_timeout(if closed < ends { PATIENCE } else { QUIET }) {
        closed += usize::from(is_closed(&line));
        kept.push(line);
    }
    watch.end()?;
    let mut events = Events { ends, ..Events::default() };
    let mut cookies = HashSet::new();
    for line in &kept {
        events.add(&serde_json::from_str(line)?, &load, &mut cookies);
    }
    Ok(events)
}

/// How long no event may come when all that are expected were there.
const QUIET: Duration = Duration::from_millis(500);

/// How the lines begin to differ that are looked at; reading each as JSON would cost as much as
/// writing it, on the same machine.
const CLOSED: &str = r#""action":"closed""#;
const LOST: &str = r#""action":"lost""#;

/// Reads lines in a thread of its own; gives those about closings and losses.
fn read_aside(told: ChildStdout) -> Receiver<String> {
    let (send, receive) = channel();
    thread::spawn(move || {
        let lines = BufReader::with_capacity(1 << 20, told).lines().map_while(Result::ok);
        let wanted = lines.filter(|line| line.contains(CLOSED) || line.contains(LOST));
        // It ends with the output, or when nobody listens any more.
        wanted.map_while(|line| send.send(line).ok()).for_each(drop);
    });
    receive
}

impl Events {
    /// Counts one line.
    fn add(&mut self, row: &Value, load: &churn::Outcome, cookies: &mut HashSet<u64>) {
        let value = |name: &str| row.pointer(&format!("/{}", name.replace('.', "/")));
        let number = |name: &str| value(name).and_then(Value::as_u64);
        if value("event.action").and_then(Value::as_str) == Some("lost") {
            self.lost += number("event.lost").unwrap_or(1);
            return;
        }
        let port = Some(u64::from(load.port));
        let (server, clients) = load.pids.split_first().map_or((0, &[][..]), |(s, c)| (*s, c));
        let pid = number("process.pid").and_then(|pid| u32::try_from(pid).ok());
        let is_right = if number("network.local.port") == port {
            // The listener closes too, and has no remote.
            if number("network.peer.port").is_none() {
                return;
            }
            pid == Some(server)
        } else if number("network.peer.port") == port {
            pid.is_some_and(|pid| clients.contains(&pid))
        } else {
            return;
        };
        if !cookies.insert(number("socket.cookie").unwrap_or(0)) {
            self.twice += 1;
            return;
        }
        self.closed += 1;
        self.right += usize::from(is_right);
    }
}

/// What watching costs programs that connect at a steady rate.
pub(super) fn overhead(sockeye: &str, effort: &Effort) -> anyhow::Result<Overhead> {
    overhead_at(RATE, sockeye, effort)
}

/// The same of programs that connect as fast as they can.
pub(super) fn flat_out(sockeye: &str, effort: &Effort) -> anyhow::Result<Overhead> {
    overhead_at(0, sockeye, effort)
}

/// Makes loads in turn without and with Sockeye, whose output goes nowhere.
fn overhead_at(rate: u32, sockeye: &str, effort: &Effort) -> anyhow::Result<Overhead> {
    let size = short_connections(rate, effort);
    let (mut without, mut with) = (Vec::new(), Vec::new());
    // The first load is not counted: it fills the table with connections in TIME-WAIT.
    churn(&size)?;
    for pair in 1..=effort.pairs {
        eprintln!("overhead: {pair} of {}", effort.pairs);
        without.push(churn(&size)?.clients.cpu);
        let watch = Watch::start(sockeye, Stdio::null())?;
        with.push(churn(&size)?.clients.cpu);
        watch.end()?;
    }
    let median_us = |times: Vec<Duration>| {
        let median = middle(times.into_iter()).context("nothing was measured")?;
        Ok::<f64, anyhow::Error>(median.as_secs_f64() * 1e6 / f64::from(size.connections))
    };
    Ok(Overhead { without_us: median_us(without)?, with_us: median_us(with)? })
}

/// A Sockeye that watches.
struct Watch {
    child: Child,
}

impl Watch {
    /// Starts it and waits until it says that it watches.
    fn start(sockeye: &str, output: impl Into<Stdio>) -> anyhow::Result<Self> {
        let mut command = Command::new(sockeye);
        command.args(WATCH).stdin(File::open("/dev/null")?).stdout(output).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let mut notes = BufReader::new(child.stderr.take().context("a process without output")?);
        let mut line = String::new();
        while !line.contains("watching") {
            line.clear();
            if notes.read_line(&mut line)? == 0 {
                bail!("sockeye watch ended: {}", child.wait()?);
            }
        }
        // What it notes later is few lines; the pipe has to stay open for them.
        thread::spawn(move || notes.lines().for_each(drop));
        Ok(Self { child })
    }

    /// Lets it end.
    fn end(mut self) -> anyhow::Result<()> {
        kill_process(Pid::from_child(&self.child), Signal::TERM)?;
        self.child.wait()?;
        Ok(())
    }
}

impl Staying {
    /// Of one core, in per cent.
    fn share(&self) -> f64 {
        self.sample.cpu.as_secs_f64() / self.sample.wall.as_secs_f64() * 100.0
    }

    /// Memory for each endpoint, at the peak.
    fn bytes(&self) -> f64 {
        megabytes(self.sample.peak_kib) * 1e6 / f64::from(self.endpoints)
    }
}

impl Overhead {
    fn told(&self) -> String {
        let Self { without_us, with_us } = self;
        format!("{without_us:.1} µs without, {with_us:.1} µs with it")
    }

    /// What Sockeye adds, in per cent.
    fn share(&self) -> f64 {
        (self.with_us / self.without_us - 1.0) * 100.0
    }
}

impl Watching {
    /// The section of the page.
    pub(super) fn table(&self) -> String {
        let mut table = String::from(
            "\n## Watching\n\n\
             `sockeye watch --source ebpf --format jsonl`. Short connections: 4 processes open, send 100 bytes\n\
             and close 10,000 a second over loopback, a fifth accepts and reads; the events of both ends count.\n\
             The overhead is what the kernel does for Sockeye in the connecting processes: their CPU time for\n\
             each connection, without and with it, in turn.\n\n\
             | what | measured |\n|---|---:|\n",
        );
        for (what, measured) in self.lines() {
            // Writing to a String cannot fail.
            let _ = writeln!(table, "| {what} | {measured} |");
        }
        table
    }

    fn lines(&self) -> Vec<(String, String)> {
        let mut lines = Vec::new();
        let mut line = |what: &str, measured: String| lines.push((what.to_owned(), measured));
        let missing = |error: &anyhow::Error| format!("not measured: {error}");
        match &self.staying {
            Ok(staying) => {
                let Staying { endpoints, sample } = staying;
                let seconds = sample.wall.as_secs_f64();
                line(
                    &format!(
                        "CPU beside {endpoints} idle sockets, of one core, over {seconds:.0} s"
                    ),
                    format!("{:.2} %", staying.share()),
                );
                line("memory at the peak", format!("{:.1} MB", megabytes(sample.peak_kib)));
                line("the same for each endpoint", format!("{:.0} bytes", staying.bytes()));
            }
            Err(error) => line("beside idle sockets", missing(error)),
        }
        match &self.events {
            Ok(Events { ends, closed, right, twice, lost }) => {
                line("ends of short connections", ends.to_string());
                line("of these, told when closed", closed.to_string());
                line("of these, with the right process", right.to_string());
                line("told twice", twice.to_string());
                line("events lost", lost.to_string());
            }
            Err(error) => line("events of short connections", missing(error)),
        }
        let situations = [
            ("CPU for each connection, 10,000 a second", &self.overhead),
            ("CPU for each connection, as fast as they can", &self.flat_out),
        ];
        for (what, overhead) in situations {
            let measured = overhead.as_ref().map_or_else(missing, Overhead::told);
            line(what, measured);
        }
        lines
    }

    /// What Sockeye promises of watching.
    pub(super) fn targets(&self) -> [Target; 5] {
        let (staying, events) = (self.staying.as_ref().ok(), self.events.as_ref().ok());
        [
            Target {
                promise: "watching idle sockets under load takes less than 3 % of a core",
                measured: staying.map(Staying::share),
                unit: " %",
                is_met: |share| share < 3.0,
            },
            Target {
                promise: "watching takes less than 600 bytes of memory for each endpoint",
                measured: staying.map(Staying::bytes),
                unit: " bytes",
                is_met: |bytes| bytes < 600.0,
            },
            Target {
                promise: "at 10,000 connections a second, no event is lost",
                measured: events
                    .and_then(|events| Some(f64::from(u32::try_from(events.lost).ok()?))),
                unit: "",
                is_met: |lost| lost < 0.5,
            },
            Target {
                promise: "every closing is told once, with the right process",
                measured: events.and_then(Events::share),
                unit: " %",
                is_met: |share| share >= 100.0,
            },
            Target {
                promise: "a program that connects takes at most 5 % more CPU time",
                measured: self.overhead.as_ref().ok().map(Overhead::share),
                unit: " %",
                is_met: |share| share < 5.0,
            },
        ]
    }
}

impl Events {
    /// Closings that were told once and right, in per cent of all.
    fn share(&self) -> Option<f64> {
        let number = |count| Some(f64::from(u32::try_from(count).ok()?));
        Some(number(self.right.saturating_sub(self.twice))? / number(self.ends)? * 100.0)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::churn::member::Report;

    #[test]
    fn closings_count_once_for_each_end_and_with_the_right_process() {
        let load = churn::Outcome {
            wall: Duration::from_secs(1),
            port: 80,
            pids: vec![10, 11, 12],
            clients: Report::default(),
            server: Report::default(),
        };
        // What the remote is called on the wire only.
        let wire = "peer";
        let line = |local: u16, remote: Option<u16>, pid: u32, cookie: u64| {
            json!({
                "event": { "action": "closed" },
                "network": { "local": { "port": local }, wire: { "port": remote } },
                "process": { "pid": pid },
                "socket": { "cookie": cookie },
            })
        };
        let check = |lines: &[Value], (closed, right, twice, lost)| {
            let mut events = Events::default();
            let mut cookies = HashSet::new();
            lines.iter().for_each(|line| events.add(line, &load, &mut cookies));
            assert_eq!(events, Events { ends: 0, closed, right, twice, lost }, "{lines:?}");
        };
        let (client, server) = (line(5000, Some(80), 11, 1), line(80, Some(5000), 10, 2));
        check(&[client.clone(), server.clone()], (2, 2, 0, 0));
        check(&[line(5000, Some(80), 10, 1), line(80, Some(5000), 11, 2)], (2, 0, 0, 0));
        check(&[client.clone(), client.clone()], (1, 1, 1, 0));
        check(&[line(80, None, 10, 1), line(5000, Some(5001), 11, 2)], (0, 0, 0, 0));
        check(&[json!({ "event": { "action": "lost", "lost": 7 } }), server], (1, 1, 0, 7));
    }

    #[test]
    fn promises_are_kept_or_broken_by_their_numbers() {
        let sample = |cpu_ms| Sample {
            wall: Duration::from_secs(1),
            cpu: Duration::from_millis(cpu_ms),
            peak_kib: 1000,
        };
        let failed = || anyhow::anyhow!("not permitted");
        let check = |watching: &Watching, expected: [bool; 5]| {
            let targets = watching.targets();
            let met = targets.each_ref().map(|t| t.measured.is_some_and(|m| (t.is_met)(m)));
            assert_eq!(met, expected, "{}", watching.table());
        };
        let events = |lost, right, twice| Events { ends: 4, closed: 4, right, twice, lost };
        let kept = Watching {
            staying: Ok(Staying { endpoints: 2000, sample: sample(29) }),
            events: Ok(events(0, 4, 0)),
            overhead: Ok(Overhead { without_us: 40.0, with_us: 41.9 }),
            flat_out: Err(failed()),
        };
        check(&kept, [true; 5]);
        let broken = Watching {
            staying: Ok(Staying { endpoints: 1000, sample: sample(31) }),
            events: Ok(events(1, 4, 1)),
            overhead: Ok(Overhead { without_us: 40.0, with_us: 42.1 }),
            flat_out: Err(failed()),
        };
        check(&broken, [false; 5]);
        let nothing = Watching {
            staying: Err(failed()),
            events: Err(failed()),
            overhead: Err(failed()),
            flat_out: Err(failed()),
        };
        check(&nothing, [false; 5]);
        assert_eq!(nothing.table().matches("not measured: not permitted").count(), 4);
    }
}
