//! One question and its answer over TCP: a line out, text until the server closes.

use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use sockeye_core::reach::special_purpose;
use sockeye_os::{Error, Kind};

use super::{Question, Reach, Reply, Server};

/// How long one address of a server may take to be connected to.
const CONNECT: Duration = Duration::from_secs(5);

/// Exchanges `question` for a reply.
pub(super) fn exchange(question: &Question<'_>) -> Result<Reply, Error> {
    let server = question.server;
    let mut stream = connect(question)?;
    let failed = |error: &io::Error| Error::from_io("hear", server.to_string(), &in_words(error));
    let peer = stream.peer_addr().map_err(|error| failed(&error))?;
    let mut bytes = Vec::new();
    let heard = read(&mut stream, question, &mut bytes);
    let (is_cut, end) = match heard {
        Ok(is_cut) => (is_cut, None),
        // What came in time is worth more than the reason why the rest did not.
        Err(error) if is_late(&error) && !bytes.is_empty() => {
            let reason = "it took too long, and this is cut";
            (false, Some(Error::new(Kind::Os, "hear all of", server.to_string(), reason)))
        }
        Err(error) => return Err(failed(&error)),
    };
    Ok(Reply { bytes, is_cut, end, reach: reach_from(peer.ip()) })
}

/// Where the referrals of a server may lead that has this address.
fn reach_from(ip: IpAddr) -> Reach {
    if special_purpose(ip).is_some() { Reach::Anywhere } else { Reach::Internet }
}

/// A connection to the first address of the server that takes one.
fn connect(question: &Question<'_>) -> Result<TcpStream, Error> {
    let subject = question.server.to_string();
    let mut addresses = addresses(question)?;
    if question.reach == Reach::Internet {
        addresses.retain(|address| special_purpose(address.ip()).is_none());
        if addresses.is_empty() {
            let reason = "an answer from the Internet led to an address that is not of it";
            return Err(Error::new(Kind::Denied, "ask", subject, reason));
        }
    }
    let mut last = io::Error::from(io::ErrorKind::TimedOut);
    for address in addresses {
        let Ok(left) = left(question.deadline) else {
            break;
        };
        match TcpStream::connect_timeout(&address, left.min(CONNECT)) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(Error::from_io("connect to", subject, &in_words(&last)))
}

/// The addresses of the server. The system's resolver may take longer than there is time: it is
/// asked by a thread of its own, which is left to itself then.
fn addresses(question: &Question<'_>) -> Result<Vec<SocketAddr>, Error> {
    let Server { host, port } = question.server.clone();
    let (sender, answer) = mpsc::channel();
    let find = move || {
        let found = (&*host, port).to_socket_addrs().map(Iterator::collect::<Vec<_>>);
        // Nobody may wait any more.
        let _ = sender.send(found);
    };
    let started = thread::Builder::new().name("whois-host".to_owned()).spawn(find);
    let found = started.and_then(|_| {
        let time = left(question.deadline)?;
        answer.recv_timeout(time).unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    });
    let subject = question.server.to_string();
    found.map_err(|error| Error::from_io("find the address of", subject, &in_words(&error)))
}

/// Sends the question and reads what comes into `bytes`; whether there was more than may be read.
fn read(stream: &mut TcpStream, question: &Question<'_>, bytes: &mut Vec<u8>) -> io::Result<bool> {
    stream.set_write_timeout(Some(left(question.deadline)?))?;
    stream.write_all(format!("{}\r\n", question.line).as_bytes())?;
    let mut piece = [0; 16 * 1024];
    loop {
        stream.set_read_timeout(Some(left(question.deadline)?))?;
        match stream.read(&mut piece) {
            Ok(0) => return Ok(false),
            Ok(length) => {
                let room = question.limit - bytes.len();
                bytes.extend(piece.iter().take(length.min(room)));
                if length > room {
                    return Ok(true);
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // Some servers end with a reset: what they said is said.
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset && !bytes.is_empty() => {
                return Ok(false);
            }
            Err(error) => return Err(error),
        }
    }
}

/// The time until `deadline`.
///
/// # Errors
///
/// When it is over: a time-out of nothing would be none.
fn left(deadline: Instant) -> io::Result<Duration> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(left) }
}

/// Whether time was over: that is `EAGAIN` to the system.
fn is_late(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

/// `error` in plain words.
fn in_words(error: &io::Error) -> io::Error {
    if is_late(error) {
        io::Error::new(io::ErrorKind::TimedOut, "it took too long")
    } else {
        io::Error::new(error.kind(), sockeye_os::plain(error))
    }
}
