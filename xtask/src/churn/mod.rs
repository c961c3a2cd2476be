//! A load of short connections: clients that open, send and close, and a server that reads to the end.
//!
//! Every process is this program again. Each is held by a pipe that is its standard input: a byte
//! lets a client begin, and the end, when this program goes in whatever way, ends them all.

pub(crate) mod member;

use std::time::{Duration, Instant};

use anyhow::ensure;

use member::{Member, Report};

/// How much of a load.
#[derive(clap::Args, Clone)]
pub(crate) struct Arguments {
    /// Client processes, each with one connection at a time.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) processes: u32,
    /// Connections of all processes together.
    #[arg(long, default_value_t = 20_000)]
    pub(crate) connections: u32,
    /// Connections a second, of all processes together. 0: as fast as they can.
    #[arg(long, default_value_t = 0)]
    pub(crate) rate: u32,
    /// Bytes that the client sends over each.
    #[arg(long, default_value_t = 100)]
    pub(crate) bytes: u32,
    /// Reset each connection at its end, so that no TIME-WAIT is left behind.
    #[arg(long)]
    pub(crate) reset: bool,
}

/// What a load took, and who made it.
pub(crate) struct Outcome {
    pub(crate) wall: Duration,
    /// Where the server listened.
    pub(crate) port: u16,
    /// The server's PID, then those of the clients.
    pub(crate) pids: Vec<u32>,
    /// Of all clients together.
    pub(crate) clients: Report,
    pub(crate) server: Report,
}

/// Makes the load and prints what it took.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let Outcome { wall, clients, server, .. } = churn(arguments)?;
    let seconds = wall.as_secs_f64();
    println!("{} connections, {} bytes", clients.connections, server.bytes);
    println!(
        "{seconds:.2} s, {:.0} connections a second",
        f64::from(clients.connections) / seconds
    );
    for (who, report) in [("clients", clients), ("server", server)] {
        let cpu = report.cpu.as_secs_f64();
        println!("{who}: {cpu:.2} s of CPU, {:.1} µs a connection", report.cpu_us());
    }
    Ok(())
}

/// Makes the load: a server, and clients that begin when all are ready.
///
/// # Errors
///
/// When a process did not start or failed, or the server did not get what the clients have sent.
pub(crate) fn churn(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let (server, port) = Member::serve(arguments)?;
    let clients = 0..arguments.processes;
    let clients = clients.map(|number| Member::connect(arguments, number, port));
    let mut clients = clients.collect::<anyhow::Result<Vec<Member>>>()?;
    let pids = std::iter::once(&server).chain(&clients).map(Member::pid).collect();
    let start = Instant::now();
    clients.iter_mut().try_for_each(Member::begin)?;
    let reports = clients.into_iter().map(Member::report).collect::<anyhow::Result<Vec<_>>>()?;
    let wall = start.elapsed();
    let clients = reports.into_iter().fold(Report::default(), Report::plus);
    let server = server.end()?;
    let told = |report: Report| (report.connections, report.bytes);
    ensure!(
        told(server) == told(clients),
        "clients and server saw different connections and bytes: {:?}, {:?}",
        told(clients),
        told(server)
    );
    Ok(Outcome { wall, port, pids, clients, server })
}
