//! `sockeye whois`: chains of servers of the test's own; nothing leaves the world, which has no way
//! out.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};

use crate::sockeye::{Run, sockeye};
use crate::world::{run, visit};

/// A whois server, for as long as the test runs.
struct Registry {
    address: SocketAddr,
    /// The lines that it was asked.
    asked: Arc<Mutex<Vec<String>>>,
}

impl Registry {
    /// Answers each line with what `answer` says.
    fn start(answer: impl Fn(&str, &mut TcpStream) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut line = String::new();
                BufReader::new(&stream).read_line(&mut line).unwrap();
                noted.lock().unwrap().push(line.clone());
                answer(line.trim_end(), &mut stream);
            }
        });
        Self { address, asked }
    }

    /// Always answers `text`.
    fn saying(text: impl Into<Vec<u8>>) -> Self {
        let text = text.into();
        Self::start(move |_, stream| drop(stream.write_all(&text)))
    }

    /// Asks it first for `subject`.
    fn ask(&self, subject: &str, options: &[&str]) -> Run {
        let server = format!("--server={}", self.address);
        sockeye(&[&["whois", subject, &server], options].concat())
    }
}

#[test]
fn referrals_lead_to_the_registry_that_knows() {
    visit(|_world| {
        let last = Registry::saying("% RIPE\r\ninetnum:\t193.0.0.0\r\ndescr: Z\u{fc}rich\r\n\r\n");
        let arin = format!("ReferralServer:  whois://{}\n", last.address);
        let middle = Registry::saying(arin);
        let root = Registry::saying(format!("% IANA\nrefer:   {}\n", middle.address));
        let run = root.ask("193.0.6.139", &[]);
        let expected = "% RIPE\ninetnum:        193.0.0.0\ndescr: Zürich\n";
        assert_eq!((run.status, run.out.as_str(), run.err.as_str()), (Some(0), expected, ""));
        for registry in [&root, &middle, &last] {
            assert_eq!(*registry.asked.lock().unwrap(), ["193.0.6.139\r\n"]);
        }
        let run = root.ask("193.0.6.139", &["-f", "json"]);
        let found: Value = serde_json::from_str(&run.out).unwrap();
        let expected = json!({
            "address": "193.0.6.139",
            "server": last.address.to_string(),
            "referrals": [root.address.to_string(), middle.address.to_string()],
            "text": "% RIPE\r\ninetnum:\t193.0.0.0\r\ndescr: Zürich\r\n\r\n",
        });
        assert_eq!(found, expected);
    });
}

#[test]
fn what_cannot_be_followed_is_said() {
    visit(|_world| {
        let check = |text: &str, status, err: &str| {
            let run = Registry::saying(text).ask("193.0.6.139", &[]);
            let is_said = if err.is_empty() { run.err.is_empty() } else { run.err.contains(err) };
            assert!(is_said && run.status == Some(status), "{run:?}");
            assert_eq!(run.out, text, "what is known is shown");
        };
        check("NetName: X\nReferralServer: rwhois://r.example:4321\n", 0, "and nothing else");
        let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        check(&format!("refer: {closed}\n"), 2, "Connection refused");
        // A loop: the second refers to the first.
        let (first, second) = (Arc::new(Mutex::new(None)), Registry::saying("x"));
        let told = Arc::clone(&first);
        let looping = Registry::start(move |_, stream| {
            let first: SocketAddr = told.lock().unwrap().unwrap();
            drop(stream.write_all(format!("whois: {first}\n").as_bytes()));
        });
        let begin = Registry::saying(format!("refer: {}\n", looping.address));
        *first.lock().unwrap() = Some(begin.address);
        let run = begin.ask("193.0.6.139", &[]);
        assert_eq!((run.status, run.out), (Some(0), format!("whois: {}\n", begin.address)));
        assert_eq!(begin.asked.lock().unwrap().len(), 1);
        drop(second);
        // Nobody there, nothing said.
        let server = format!("--server={closed}");
        let run = sockeye(&["whois", "193.0.6.139", &server]);
        assert_eq!((run.status, run.out.as_str()), (Some(2), ""), "{run:?}");
        assert!(run.err.contains("cannot connect to 127.0.0.1"), "{run:?}");
        let run = Registry::saying("\r\n").ask("193.0.6.139", &[]);
        assert_eq!((run.status, run.out.as_str()), (Some(2), ""), "{run:?}");
        let run = sockeye(&["whois", "local.port = 1 and udp"]);
        let said = "sockeye: no endpoint matches that has a remote\n";
        assert_eq!((run.status, run.err.as_str()), (Some(1), said), "{run:?}");
        // The world has no way to IANA, and no name of it.
        let run = sockeye(&["whois", "193.0.6.139"]);
        assert_eq!(run.status, Some(2), "{run:?}");
        assert!(run.err.contains("whois.iana.org"), "{run:?}");
    });
}

#[test]
fn answers_are_harmless_whatever_is_in_them() {
    visit(|_world| {
        let evil = b"a: \x1b[2J\x07\xe2\x80\xae\r\nb: \x9b31m\n\0\n".to_vec();
        let run = Registry::saying(evil).ask("193.0.6.139", &[]);
        assert_eq!(run.status, Some(0), "{run:?}");
        let is_plain = |c: char| c == '\n' || !c.is_control() && c != '\u{202e}';
        assert!(run.out.chars().all(is_plain), "{run:?}");
        // Latin-1, since it is no UTF-8.
        let run = Registry::saying(b"descr: Z\xfcrich\n".to_vec()).ask("193.0.6.139", &[]);
        assert_eq!(run.out, "descr: Zürich\n");
        let run = Registry::saying(vec![b'x'; 3 << 20]).ask("193.0.6.139", &[]);
        assert_eq!((run.status, run.out.len()), (Some(0), (1 << 20) + 1));
        assert!(run.err.contains("cut after 1 MiB"), "{}", run.err);
    });
}

#[test]
fn addresses_of_nobody_are_explained_without_asking() {
    visit(|_world| {
        let registry = Registry::saying("never");
        for (address, why) in [
            ("10.1.2.3", "a private address (RFC 1918)"),
            ("127.0.0.1", "a loopback address (RFC 1122)"),
            ("169.254.1.1", "a link-local address (RFC 3927)"),
            ("100.64.1.1", "(CGNAT) (RFC 6598)"),
            ("224.0.0.1", "a multicast address (RFC 5771)"),
            ("203.0.113.9", "an address for documentation (RFC 5737)"),
            ("0.0.0.0", "the unspecified address (RFC 1122)"),
            ("fd00::1", "a unique local address (RFC 4193)"),
            ("fe80::1%lo", "a link-local address (RFC 4291)"),
        ] {
            let run = registry.ask(address, &[]);
            assert_eq!((run.status, run.out.as_str()), (Some(1), ""), "{run:?}");
            assert!(run.err.contains(why), "{run:?}");
        }
        let run = registry.ask("10.1.2.3", &["-f", "json"]);
        let found: Value = serde_json::from_str(&run.out).unwrap();
        assert!(found["reason"].as_str().unwrap().contains("RFC 1918"), "{run:?}");
        assert!(registry.asked.lock().unwrap().is_empty());
        let run = registry.ask("firefox", &[]);
        assert!(
            run.status == Some(2) && run.err.contains("neither an address nor a filter"),
            "{run:?}"
        );
        let run = registry.ask("remote.prot = 1", &[]);
        assert!(run.status == Some(2) && run.err.contains("remote.port"), "{run:?}");
    });
}

#[test]
fn a_filter_asks_for_each_remote_once_and_not_for_many_unasked() {
    visit(|_world| {
        // Addresses of the Internet, in this world alone.
        run("ip", &["addr", "add", "45.0.0.100/24", "dev", "lo"]);
        let connect = |last: u8| {
            let socket = UdpSocket::bind("45.0.0.100:0").unwrap();
            socket.connect((format!("45.0.0.{last}"), 53)).unwrap();
            socket
        };
        let _few = [connect(2), connect(1), connect(1)];
        let private = UdpSocket::bind("127.0.0.1:0").unwrap();
        private.connect("127.0.0.1:53").unwrap();
        let registry = Registry::start(|line, stream| drop(writeln!(stream, "whose: {line}")));
        let run = registry.ask("udp and remote.port = 53", &[]);
        let expected = format!(
            "== 45.0.0.1 · {0}\nwhose: 45.0.0.1\n\n== 45.0.0.2 · {0}\nwhose: 45.0.0.2\n\n",
            registry.address
        );
        assert_eq!((run.status, run.out), (Some(0), expected), "{}", run.err);
        assert!(run.err.contains("127.0.0.1 is a loopback address"), "{}", run.err);
        let run = registry.ask("udp and remote in 45.0.0.0/24", &["-f", "json"]);
        let found: Vec<Value> = serde_json::from_str(&run.out).unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(registry.ask("remote.port = 54", &[]).status, Some(1));
        let _many: Vec<_> = (3..=11).map(connect).collect();
        let before = registry.asked.lock().unwrap().len();
        let run = registry.ask("remote.port = 53", &[]);
        assert_eq!((run.status, run.out.as_str()), (Some(2), ""), "{run:?}");
        assert!(run.err.contains("11 addresses: add --yes"), "{run:?}");
        assert_eq!(registry.asked.lock().unwrap().len(), before);
        let run = registry.ask("remote.port = 53", &["--yes"]);
        assert_eq!((run.status, run.out.matches("== ").count()), (Some(0), 11), "{run:?}");
    });
}
