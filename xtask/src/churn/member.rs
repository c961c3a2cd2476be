//! One process of such a load: the server, or a client.

use std::io::{self, BufRead as _, BufReader, Read, Write as _};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;
use rustix::net::sockopt;

/// Threads of the server that accept.
const THREADS: u32 = 4;

/// Addresses that a client connects to, in turn: with each it has all ports once, although most of
/// them are in TIME-WAIT soon.
const ADDRESSES: u32 = 200;

/// Which process this is, and what it does.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    role: Role,
}

#[derive(clap::Subcommand, Clone)]
enum Role {
    /// Accepts, reads to the end and closes, until its input ends.
    Serve {
        #[arg(long)]
        reset: bool,
    },
    /// Connects again and again.
    Connect(Client),
}

#[derive(clap::Args, Clone)]
struct Client {
    /// Which of the clients.
    number: u32,
    /// The server's.
    port: u16,
    /// What this one does of all.
    connections: u32,
    /// From the begin of one connection to that of the next; 0: none.
    period_ns: u64,
    /// To send over each.
    bytes: u32,
}

/// What one process, or several, did, and what it took.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(crate) struct Report {
    pub(crate) connections: u32,
    pub(crate) bytes: u64,
    /// User and system time.
    pub(crate) cpu: Duration,
}

/// A process of the load, as whoever started it has it.
pub(super) struct Member {
    child: Child,
    told: BufReader<ChildStdout>,
}

/// Does what this process is there for, and tells what it took.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let report = match &arguments.role {
        Role::Serve { reset } => serve(*reset)?,
        Role::Connect(client) => client.run()?,
    };
    tell(&format!("{} {} {}", report.connections, report.bytes, report.cpu.as_micros()))
}

fn tell(line: &str) -> anyhow::Result<()> {
    Ok(io::stdout().write_all(format!("{line}\n").as_bytes())?)
}

/// User and system time of this process.
fn own_cpu() -> anyhow::Result<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_SELF)?;
    let us = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Ok(Duration::from_micros(us.try_into()?))
}

/// What the server's threads have received.
#[derive(Default)]
struct Received {
    connections: AtomicU32,
    bytes: AtomicU64,
}

/// Tells its port and serves until the input ends; by then no client is left.
fn serve(is_reset: bool) -> anyhow::Result<Report> {
    let listener: &TcpListener =
        Box::leak(Box::new(TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0))?));
    let received: &Received = Box::leak(Box::default());
    for _ in 0..THREADS {
        // They never end but with the process, and an error shows in the counts.
        thread::spawn(move || accept(listener, is_reset, received));
    }
    tell(&listener.local_addr()?.port().to_string())?;
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(Report {
        connections: received.connections.load(Ordering::SeqCst),
        bytes: received.bytes.load(Ordering::SeqCst),
        cpu: own_cpu()?,
    })
}

/// One thread of the server.
fn accept(listener: &TcpListener, is_reset: bool, received: &Received) -> io::Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let (stream, _) = listener.accept()?;
        let length = read_to_end(&stream, &mut buffer)?;
        // Counted before it is closed, which is what the client waits for.
        received.bytes.fetch_add(length, Ordering::SeqCst);
        received.connections.fetch_add(1, Ordering::SeqCst);
        if is_reset {
            sockopt::set_socket_linger(&stream, Some(Duration::ZERO))?;
        }
    }
}

fn read_to_end(mut stream: impl Read, buffer: &mut [u8]) -> io::Result<u64> {
    let mut length = 0;
    loop {
        match stream.read(buffer)? {
            0 => return Ok(length),
            more => length += more as u64,
        }
    }
}

impl Client {
    /// Tells that it is ready, waits for the word, and makes its connections.
    fn run(&self) -> anyhow::Result<Report> {
        tell("ready")?;
        io::stdin().read_exact(&mut [0]).context("nobody is left to work for")?;
        let (before, start) = (own_cpu()?, Instant::now());
        let bytes = vec![b'.'; self.bytes as usize];
        for number in 0..self.connections {
            let due = start + Duration::from_nanos(self.period_ns * u64::from(number));
            thread::sleep(due.saturating_duration_since(Instant::now()));
            let address = address(self.number, number);
            self.connect(address, &bytes).with_context(|| format!("connection to {address}"))?;
        }
        Ok(Report {
            connections: self.connections,
            bytes: u64::from(self.connections) * u64::from(self.bytes),
            cpu: own_cpu()? - before,
        })
    }

    /// One connection, from its begin until the server has closed it too.
    fn connect(&self, address: Ipv4Addr, bytes: &[u8]) -> io::Result<()> {
        let mut stream = TcpStream::connect((address, self.port))?;
        stream.write_all(bytes)?;
        stream.shutdown(Shutdown::Write)?;
        match stream.read(&mut [0]) {
            Err(error) if error.kind() != io::ErrorKind::ConnectionReset => Err(error),
            // The server ends it, by closing or by a reset.
            _ => Ok(()),
        }
    }
}

/// Where client `client` connects to for the `number`th time: 127.96.0.0 and on, each the server's.
fn address(client: u32, number: u32) -> Ipv4Addr {
    let first = Ipv4Addr::new(127, 96, 0, 1).to_bits();
    Ipv4Addr::from_bits(first + client * ADDRESSES + number % ADDRESSES)
}

impl Report {
    /// Both together.
    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            connections: self.connections + other.connections,
            bytes: self.bytes + other.bytes,
            cpu: self.cpu + other.cpu,
        }
    }

    /// CPU time for each connection, in µs.
    pub(crate) fn cpu_us(self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / f64::from(self.connections.max(1))
    }

    fn parse(line: &str) -> Option<Self> {
        let mut words = line.split_whitespace();
        Some(Self {
            connections: words.next()?.parse().ok()?,
            bytes: words.next()?.parse().ok()?,
            cpu: Duration::from_micros(words.next()?.parse().ok()?),
        })
    }
}

impl Member {
    /// Starts the server; gives its port too.
    pub(super) fn serve(load: &super::Arguments) -> anyhow::Result<(Self, u16)> {
        let reset = if load.reset { &["--reset"][..] } else { &[] };
        let mut server = Self::start(
            Command::new(std::env::current_exe()?).args(["churn-member", "serve"]).args(reset),
        )?;
        let port = server.hear()?.parse()?;
        Ok((server, port))
    }

    /// Starts client `number`, which waits for [`Member::begin`].
    pub(super) fn connect(load: &super::Arguments, number: u32, port: u16) -> anyhow::Result<Self> {
        let period_ns = period_ns(load.rate, load.processes);
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["churn-member", "connect", &number.to_string(), &port.to_string()]);
        command.arg(share(load.connections, load.processes, number).to_string());
        command.args([period_ns.to_string(), load.bytes.to_string()]);
        let mut client = Self::start(&mut command)?;
        let told = client.hear()?;
        ensure!(told == "ready", "a client said {told}");
        Ok(client)
    }

    fn start(command: &mut Command) -> anyhow::Result<Self> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let told = child.stdout.take().context("a process without output")?;
        Ok(Self { child, told: BufReader::new(told) })
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The next line that it tells.
    fn hear(&mut self) -> anyhow::Result<String> {
        let mut line = String::new();
        if self.told.read_line(&mut line)? == 0 {
            bail!("a process of the load failed: {}", self.child.wait()?);
        }
        Ok(line.trim_end().to_owned())
    }

    /// Lets a client begin.
    pub(super) fn begin(&mut self) -> anyhow::Result<()> {
        let input = self.child.stdin.as_mut().context("it was begun before")?;
        Ok(input.write_all(b"!")?)
    }

    /// What it took, when it is done.
    pub(super) fn report(mut self) -> anyhow::Result<Report> {
        let line = self.hear()?;
        let status = self.child.wait()?;
        ensure!(status.success(), "a process of the load: {status}");
        Report::parse(&line).context("a report is three numbers")
    }

    /// Ends the server; gives what it took.
    pub(super) fn end(mut self) -> anyhow::Result<Report> {
        drop(self.child.stdin.take());
        self.report()
    }
}

/// What process `number` does of `all`.
fn share(all: u32, processes: u32, number: u32) -> u32 {
    all / processes + u32::from(number < all % processes)
}

/// The time between two connections of one process, so that all together make `rate` a second.
fn period_ns(rate: u32, processes: u32) -> u64 {
    let second_ns = 1_000_000_000 * u64::from(processes);
    second_ns.checked_div(u64::from(rate)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_even_and_make_up_the_whole() {
        let check = |all, processes, expected: &[u32]| {
            let shares: Vec<u32> = (0..processes).map(|n| share(all, processes, n)).collect();
            assert_eq!(shares, expected, "{all} for {processes}");
        };
        check(10, 4, &[3, 3, 2, 2]);
        check(2, 3, &[1, 1, 0]);
        check(7, 1, &[7]);
    }

    #[test]
    fn rates_are_of_all_processes_together() {
        let check = |rate, processes, expected| assert_eq!(period_ns(rate, processes), expected);
        check(10_000, 4, 400_000);
        check(1, 1, 1_000_000_000);
        check(0, 4, 0);
    }

    #[test]
    fn no_two_clients_share_an_address() {
        let check = |client, number, expected| {
            assert_eq!(address(client, number), Ipv4Addr::from(expected));
        };
        check(0, 0, [127, 96, 0, 1]);
        check(0, 200, [127, 96, 0, 1]);
        check(1, 0, [127, 96, 0, 201]);
        check(99, 199, [127, 96, 78, 32]);
    }

    #[test]
    fn reports_are_three_numbers() {
        let report = Report { connections: 3, bytes: 300, cpu: Duration::from_micros(45) };
        assert_eq!(Report::parse("3 300 45"), Some(report));
        assert_eq!(Report::parse("3 300"), None);
        assert!((report.plus(report).cpu_us() - 15.0).abs() < 1e-9);
    }
}
