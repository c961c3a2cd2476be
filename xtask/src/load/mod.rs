//! A real load: processes that hold loopback connections open, both ends, until they are let go.
//!
//! Every process is this program again. All share two pipes: on one they say that they are ready;
//! the other never carries a byte, and its end, when this program goes in whatever way, ends them.
//! Connections are reset, not closed, so that no TIME-WAIT is left behind.

pub(crate) mod member;

use std::io::{BufRead as _, BufReader, PipeReader, pipe};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use nix::sched::{CloneFlags, unshare};

use crate::netlink;

/// How large a load.
#[derive(clap::Args, Clone)]
pub(crate) struct Arguments {
    /// Processes.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=30_000))]
    pub(crate) processes: u32,
    /// TCP connections in each process, which holds both ends and one listener.
    #[arg(long, default_value_t = 50)]
    pub(crate) pairs: u32,
    /// Unconnected UDP sockets in each process.
    #[arg(long, default_value_t = 0)]
    pub(crate) udp: u32,
    /// Descriptors in each process that are no sockets; whoever looks for sockets reads them too.
    #[arg(long, default_value_t = 0)]
    pub(crate) files: u32,
    /// Fresh network namespaces to spread the processes over; needs root. 0: stay in this one.
    #[arg(long, default_value_t = 0)]
    pub(crate) netns: u32,
    /// Seconds to hold it; without, until Enter or the end of input.
    #[arg(long)]
    pub(crate) seconds: Option<u64>,
}

/// Makes the load, says `ready: …`, holds it and lets it go.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let start = Instant::now();
    let load = Load::start(arguments)?;
    println!("ready: {}, in {:.1} s", describe(arguments), start.elapsed().as_secs_f64());
    match arguments.seconds {
        Some(seconds) => std::thread::sleep(Duration::from_secs(seconds)),
        None => drop(std::io::stdin().lock().read_line(&mut String::new())?),
    }
    load.end()
}

/// What a load consists of, in numbers.
pub(crate) fn describe(arguments: &Arguments) -> String {
    let processes = arguments.processes;
    let in_all = |each: u32| u64::from(processes) * u64::from(each);
    let ends = in_all(arguments.pairs) * 2;
    let sockets = if ends > 0 { ends + in_all(1) } else { 0 };
    let parts = [
        (sockets, format!("TCP sockets ({processes} listeners, {ends} ends)")),
        (in_all(arguments.udp), "UDP sockets".to_owned()),
        (in_all(arguments.files), "other descriptors".to_owned()),
        (arguments.netns.into(), "network namespaces".to_owned()),
    ];
    let present = parts.iter().filter(|(count, _)| *count > 0);
    let present = present.map(|(count, what)| format!(", {count} {what}"));
    format!("{processes} processes{}", present.collect::<String>())
}

/// A load that stands. Its processes go when it is dropped; [`Load::end`] waits for that.
pub(crate) struct Load {
    members: Vec<Child>,
    /// While this is open they stay.
    hold: std::io::PipeWriter,
}

impl Load {
    /// Starts all processes and returns when each has opened everything.
    ///
    /// # Errors
    ///
    /// When a process could not be started or could not open its sockets, with its reason.
    pub(crate) fn start(arguments: &Arguments) -> anyhow::Result<Self> {
        let (held, hold) = pipe()?;
        let (news, tell) = pipe()?;
        let mut load = Self { members: Vec::new(), hold };
        for group in groups(arguments) {
            if arguments.netns > 0 {
                enter_fresh_namespace()?;
            }
            for number in group {
                let mut member = member::command(number, arguments)?;
                member.stdin(held.try_clone()?).stdout(tell.try_clone()?);
                load.members.push(spawn(&mut member, number)?);
            }
        }
        // With our own copy open the pipe would never end.
        drop(tell);
        await_ready(news, arguments.processes)?;
        Ok(load)
    }

    /// Lets the processes go and waits until the last one has.
    ///
    /// # Errors
    ///
    /// When one of them failed.
    pub(crate) fn end(self) -> anyhow::Result<()> {
        let Self { members, hold } = self;
        drop(hold);
        for mut member in members {
            let status = member.wait()?;
            ensure!(status.success(), "process {} of the load: {status}", member.id());
        }
        Ok(())
    }
}

/// The numbers of the processes, in one group for each namespace.
fn groups(arguments: &Arguments) -> Vec<Vec<u32>> {
    let groups = arguments.netns.max(1);
    let step = usize::try_from(groups).unwrap_or(1);
    (0..groups).map(|group| (group..arguments.processes).step_by(step).collect()).collect()
}

/// Moves this thread, and so the processes it starts from now on, into a namespace of their own.
fn enter_fresh_namespace() -> anyhow::Result<()> {
    unshare(CloneFlags::CLONE_NEWNET).context("a network namespace needs root")?;
    netlink::raise_loopback().context("loopback could not be turned on")
}

fn spawn(member: &mut Command, number: u32) -> anyhow::Result<Child> {
    member
        .stderr(Stdio::inherit())
        .spawn()
        .with_context(|| format!("process {number} of the load did not start"))
}

/// Reads one line from each process: `ready`, or why it is not.
fn await_ready(news: PipeReader, processes: u32) -> anyhow::Result<()> {
    let mut ready = 0;
    for line in BufReader::new(news).lines() {
        match line?.as_str() {
            member::READY => ready += 1,
            reason => bail!("a process of the load failed: {reason}"),
        }
    }
    ensure!(ready == processes, "only {ready} of {processes} processes became ready");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(processes: u32, pairs: u32) -> Arguments {
        Arguments { processes, pairs, udp: 0, files: 0, netns: 0, seconds: None }
    }

    #[test]
    fn every_process_is_in_one_namespace() {
        let check = |processes, netns, expected: &[&[u32]]| {
            let arguments = Arguments { netns, ..load(processes, 1) };
            assert_eq!(groups(&arguments), expected, "{processes} over {netns}");
        };
        check(3, 0, &[&[0, 1, 2]]);
        check(3, 1, &[&[0, 1, 2]]);
        check(5, 2, &[&[0, 2, 4], &[1, 3]]);
        check(1, 2, &[&[0], &[]]);
    }

    #[test]
    fn loads_are_described_in_sockets() {
        let check = |arguments, expected| assert_eq!(describe(&arguments), expected);
        let tcp = "1000 processes, 101000 TCP sockets (1000 listeners, 100000 ends)";
        check(load(1000, 50), tcp);
        let others = "2 processes, 6 UDP sockets, 8 other descriptors, 5 network namespaces";
        check(Arguments { udp: 3, files: 4, netns: 5, ..load(2, 0) }, others);
    }
}
