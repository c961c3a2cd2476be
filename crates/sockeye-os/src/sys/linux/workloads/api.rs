//! One question to a daemon that speaks HTTP on a socket in the file system.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};

use crate::decode::http::{Answer, Stream, decode_answer};
use crate::{Error, Kind};

/// How long one daemon may take for one answer.
const PATIENCE: Duration = Duration::from_millis(500);
/// The most that is taken: a list of 3,000 containers with long labels.
const LIMIT: usize = 16 * 1024 * 1024;
/// Bytes of one read.
const PIECE: usize = 64 * 1024;

/// Asks for `target` at the socket `path`; only what was asked for counts as an answer.
pub(super) fn ask(path: &Path, target: &str) -> Result<Vec<u8>, Error> {
    let subject = || path.display().to_string();
    let failed = |error: std::io::Error| match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => {
            let reason = format!("no answer within {} ms", PATIENCE.as_millis());
            Error::new(Kind::Os, "ask", subject(), reason)
        }
        _ => Error::from_io("ask", subject(), &error),
    };
    let answer = exchange(path, target).map_err(failed)?;
    if answer.status != 200 {
        let reason = format!("it answered with status {}", answer.status);
        return Err(Error::new(Kind::Malformed, "ask", subject(), reason));
    }
    Ok(answer.body)
}

/// Sends the question and reads the answer.
fn exchange(path: &Path, target: &str) -> std::io::Result<Answer> {
    let deadline = Instant::now() + PATIENCE;
    let mut stream = open(path)?;
    stream.write_all(
        format!("GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").as_bytes(),
    )?;
    let mut received = Vec::new();
    let mut piece = vec![0; PIECE];
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(ErrorKind::TimedOut.into());
        }
        stream.set_read_timeout(Some(left))?;
        let count = match stream.read(&mut piece) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            count => count?,
        };
        received.extend_from_slice(piece.get(..count).unwrap_or_default());
        if received.len() > LIMIT {
            return Err(malformed("the answer is too long"));
        }
        let state = if count == 0 { Stream::Ended } else { Stream::Open };
        let answer = decode_answer(&received, state);
        if let Some(answer) = answer.map_err(|what| malformed(&what.to_string()))? {
            return Ok(answer);
        }
    }
}

/// What an answer is that makes no sense.
fn malformed(what: &str) -> std::io::Error {
    std::io::Error::new(ErrorKind::InvalidData, what)
}

/// Connects; a queue that is full keeps nobody waiting for long.
fn open(path: &Path) -> std::io::Result<UnixStream> {
    let address = SocketAddrUnix::new(path)?;
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    set_socket_timeout(&socket, Timeout::Send, Some(PATIENCE))?;
    connect(&socket, &address)?;
    Ok(socket.into())
}
