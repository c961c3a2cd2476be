//! One process of a load: opens its sockets, says so, and waits until it is let go.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::OwnedFd;
use std::process::Command;
use std::time::Duration;

use rustix::net::{AddressFamily, SocketType, sockopt};

/// What a process says when all its sockets are open.
pub(super) const READY: &str = "ready";

/// Which process of the load this is, and what it holds.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    number: u32,
    pairs: u32,
    udp: u32,
    files: u32,
}

/// The command that becomes process `number`.
pub(super) fn command(number: u32, load: &super::Arguments) -> io::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    let numbers = [number, load.pairs, load.udp, load.files].map(|n| n.to_string());
    command.arg("load-member").args(numbers);
    Ok(command)
}

/// Opens everything, says [`READY`] or what went wrong, and stays until its input ends.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let opened = open(arguments);
    let news = match &opened {
        Ok(_) => READY.to_owned(),
        Err(error) => error.to_string(),
    };
    // One write of less than PIPE_BUF, so that lines of several processes never mix. It fails when
    // the load is already over; then the input has ended too.
    let _ = io::stdout().write_all(format!("{news}\n").as_bytes());
    // The pipe ends when every process has either spoken or died.
    rustix::stdio::dup2_stdout(File::open("/dev/null")?)?;
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

/// Everything that this process holds.
fn open(arguments: &Arguments) -> io::Result<Vec<OwnedFd>> {
    let here = SocketAddr::from((address(arguments.number), 0));
    let mut held = Vec::new();
    for _ in 0..arguments.files {
        held.push(File::open("/dev/null")?.into());
    }
    for _ in 0..arguments.udp {
        held.push(UdpSocket::bind(here)?.into());
    }
    if arguments.pairs > 0 {
        let listener = TcpListener::bind(here)?;
        for _ in 0..arguments.pairs {
            held.extend(pair(&listener, here)?);
        }
        held.push(listener.into());
    }
    Ok(held)
}

/// An address of 127.64.0.0/10 for each process: each has all ports to itself.
fn address(number: u32) -> Ipv4Addr {
    Ipv4Addr::from_bits(Ipv4Addr::new(127, 64, 0, 1).to_bits() + number)
}

/// Both ends of a new connection, set to be reset when they are closed.
fn pair(listener: &TcpListener, here: SocketAddr) -> io::Result<[OwnedFd; 2]> {
    let near = rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None)?;
    // Bound first: the kernel would otherwise take 127.0.0.1, one set of ports for all processes.
    rustix::net::bind(&near, &here)?;
    rustix::net::connect(&near, &listener.local_addr()?)?;
    let (far, _) = listener.accept()?;
    let ends = [TcpStream::from(near), far];
    for end in &ends {
        sockopt::set_socket_linger(end, Some(Duration::ZERO))?;
    }
    Ok(ends.map(OwnedFd::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processes_have_addresses_of_their_own() {
        let check = |number, expected| assert_eq!(address(number), Ipv4Addr::from(expected));
        check(0, [127, 64, 0, 1]);
        check(255, [127, 64, 1, 0]);
        check(29_999, [127, 64, 117, 48]);
    }

    #[test]
    fn everything_is_opened() {
        let arguments = Arguments { number: 30_000, pairs: 3, udp: 2, files: 4 };
        assert_eq!(open(&arguments).unwrap().len(), 3 * 2 + 1 + 2 + 4);
    }
}
