//! A DNS server of the test's own: it answers what the test says, true or not.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::sync::{Arc, Mutex};
use std::thread;

/// A server, for as long as the test runs.
pub(crate) struct Server {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// The names that were asked for, in order.
    asked: Arc<Mutex<Vec<String>>>,
}

/// A question as it came (RFC 1035 §4.1).
pub(crate) struct Question {
    id: [u8; 2],
    /// The question section: name, type, class.
    section: Vec<u8>,
    /// The name, dots between its labels.
    pub(crate) name: String,
    /// Whether it came by TCP.
    pub(crate) is_tcp: bool,
}

/// Response codes (RFC 1035 §4.1.1).
pub(crate) const OK: u8 = 0;
pub(crate) const SERVFAIL: u8 = 2;
pub(crate) const NXDOMAIN: u8 = 3;
pub(crate) const REFUSED: u8 = 5;

impl Server {
    /// Listens at `address`, by UDP and TCP. `answer` makes the message to send, where there is one.
    pub(crate) fn start(
        address: &str,
        answer: impl Fn(&Question) -> Option<Vec<u8>> + Send + Sync + 'static,
    ) -> Self {
        Self::closing_after(u32::MAX, address, answer)
    }

    /// The same, of which each connection by TCP takes so many answers and is closed.
    pub(crate) fn closing_after(
        most: u32,
        address: &str,
        answer: impl Fn(&Question) -> Option<Vec<u8>> + Send + Sync + 'static,
    ) -> Self {
        let udp = UdpSocket::bind(address).unwrap();
        let address = udp.local_addr().unwrap();
        let tcp = TcpListener::bind(address).unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&asked);
        let answer = Arc::new(move |message: &[u8], is_tcp| {
            let question = Question::read(message, is_tcp);
            noted.lock().unwrap().push(question.name.clone());
            answer(&question)
        });
        let by_tcp = Arc::clone(&answer);
        thread::spawn(move || {
            let mut message = [0; 1500];
            while let Ok((length, peer)) = udp.recv_from(&mut message) {
                // One thread for each: a late answer is to hold up no other.
                let (answer, udp) = (Arc::clone(&answer), udp.try_clone().unwrap());
                let message = message[..length].to_vec();
                thread::spawn(move || {
                    answer(&message, false).map(|answer| udp.send_to(&answer, peer))
                });
            }
        });
        thread::spawn(move || {
            for stream in tcp.incoming() {
                let (mut stream, mut length, mut left) = (stream.unwrap(), [0; 2], most);
                while left > 0 && stream.read_exact(&mut length).is_ok() {
                    left -= 1;
                    let mut message = vec![0; u16::from_be_bytes(length).into()];
                    stream.read_exact(&mut message).unwrap();
                    let answer = by_tcp(&message, true).unwrap_or_default();
                    let length = u16::try_from(answer.len()).unwrap().to_be_bytes();
                    stream.write_all(&[&length[..], &answer].concat()).unwrap();
                }
            }
        });
        Self { address, asked }
    }

    /// How often this name was asked for.
    pub(crate) fn count(&self, name: &str) -> usize {
        self.asked.lock().unwrap().iter().filter(|asked| *asked == name).count()
    }

    /// Every name that was asked for, each once.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names = self.asked.lock().unwrap().clone();
        names.sort();
        names.dedup();
        names
    }

    /// How `--dns` takes it.
    pub(crate) fn option(&self) -> String {
        format!("--dns={}", self.address)
    }
}

impl Question {
    fn read(message: &[u8], is_tcp: bool) -> Self {
        let (mut place, mut labels) = (12, Vec::new());
        while message[place] != 0 {
            let end = place + 1 + usize::from(message[place]);
            labels.push(String::from_utf8_lossy(&message[place + 1..end]).into_owned());
            place = end;
        }
        let section = message[12..place + 5].to_vec();
        Self { id: [message[0], message[1]], section, name: labels.join("."), is_tcp }
    }

    /// An answer with this code, these records in its answer section, and those in its authority
    /// section.
    pub(crate) fn answer(&self, code: u8, records: &[Vec<u8>], authority: &[Vec<u8>]) -> Vec<u8> {
        // A response, recursion desired and available.
        let counts = [0, 1, 0, count(records), 0, count(authority), 0, 0];
        let head = [&self.id[..], &[0x81, 0x80 | code], &counts].concat();
        [&[head, self.section.clone()], records, authority].concat().concat()
    }

    /// That the address has this name, for so many seconds.
    pub(crate) fn named(&self, name: &str, seconds: u32) -> Vec<u8> {
        self.named_raw(&labels(name), seconds)
    }

    /// That the address has a name of these bytes.
    pub(crate) fn named_raw(&self, name: &[u8], seconds: u32) -> Vec<u8> {
        self.answer(OK, &[record(12, seconds, name)], &[])
    }

    /// That there is no such name, for so many seconds (RFC 2308 §3).
    pub(crate) fn nameless(&self, seconds: u32) -> Vec<u8> {
        let numbers = [1, 2, 3, 4, seconds].map(u32::to_be_bytes).concat();
        let soa = [&labels("ns.example")[..], &labels("who.example"), &numbers].concat();
        self.answer(NXDOMAIN, &[], &[record(6, seconds, &soa)])
    }

    /// That the answer does not fit, and nothing of it.
    pub(crate) fn truncated(&self) -> Vec<u8> {
        let mut answer = self.answer(OK, &[], &[]);
        answer[2] |= 0x02;
        answer
    }

    /// The answer to another question that has the same name as its answer.
    pub(crate) fn about_another(&self, name: &str) -> Vec<u8> {
        let section = [&labels("9.9.9.9.in-addr.arpa")[..], &[0, 12, 0, 1]].concat();
        let other = Self { section, id: self.id, name: String::new(), is_tcp: self.is_tcp };
        other.named(name, 60)
    }

    /// The answer to the question, as if it had another id.
    pub(crate) fn misnumbered(&self, name: &str) -> Vec<u8> {
        let mut answer = self.named(name, 60);
        answer[0] ^= 0xff;
        answer
    }
}

/// How many there are, which is few.
fn count(records: &[Vec<u8>]) -> u8 {
    u8::try_from(records.len()).unwrap()
}

/// A name as it is sent.
pub(crate) fn labels(name: &str) -> Vec<u8> {
    let label = |label: &str| [&[u8::try_from(label.len()).unwrap()], label.as_bytes()].concat();
    let labels: Vec<u8> = name.split('.').flat_map(label).collect();
    [labels, vec![0]].concat()
}

/// A record of the name that was asked for, which the pointer names.
fn record(kind: u8, seconds: u32, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).unwrap().to_be_bytes();
    [&[0xc0, 12, 0, kind, 0, 1], &seconds.to_be_bytes()[..], &length, data].concat()
}
