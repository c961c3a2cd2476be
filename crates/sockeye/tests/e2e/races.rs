//! A set that changes while it is looked at.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::net::sockopt::set_socket_linger;

use crate::sockeye::{Row, all, rows, sockeye};
use crate::world::{Process, connect, share, visit};

/// How many connections are opened and closed at the least.
const CHURN: usize = 5_000;
/// How often we look meanwhile, at the least.
const LOOKS: usize = 10;
/// Where the churning process listens.
const CHURNER: &str = "127.0.0.9:9009";

/// What the process does that opens and closes: each connection is told on standard output after
/// it was made, until standard input ends.
#[test]
#[ignore = "not a test: runs as a child of one"]
fn churn() {
    let listener = TcpListener::bind(CHURNER).unwrap();
    let mut out = std::io::stdout().lock();
    let stop = std::thread::spawn(|| std::io::stdin().read(&mut [0]));
    let mut open = std::collections::VecDeque::new();
    while !stop.is_finished() {
        let (client, server) = connect(&listener);
        // Every second one leaves without TIME-WAIT.
        let port = client.local_addr().unwrap().port();
        if port % 4 < 2 {
            set_socket_linger(&client, Some(std::time::Duration::ZERO)).unwrap();
        }
        writeln!(out, "port {port}").unwrap();
        open.push_back((client, server));
        if open.len() > 30 {
            open.pop_front();
        }
    }
}

/// The churning process, and the way to end it.
fn start_churner() -> std::process::Child {
    let mut churner = Command::new(std::env::current_exe().unwrap());
    churner.args(["--exact", "races::churn", "--ignored", "--nocapture", "--test-threads=1"]);
    churner.stdin(Stdio::piped()).stdout(Stdio::piped());
    churner.spawn().unwrap()
}

/// Sockets that live through everything: inode of the process to its sockets' local ports.
fn steady() -> (Vec<Process>, BTreeMap<String, u32>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut owners = BTreeMap::new();
    let mut processes = Vec::new();
    for _ in 0..50 {
        let (client, server) = connect(&listener);
        for stream in [client, server] {
            let key = pair(stream.local_addr().unwrap(), stream.peer_addr().unwrap());
            let process = Process::holding(stream);
            owners.insert(key, process.pid());
            processes.push(process);
        }
    }
    let process = Process::holding(share(&listener));
    owners.insert(
        format!("{} -", crate::sockeye::side_of(listener.local_addr().unwrap())),
        process.pid(),
    );
    processes.push(process);
    (processes, owners)
}

fn pair(local: SocketAddr, remote: SocketAddr) -> String {
    format!("{} {}", crate::sockeye::side_of(local), crate::sockeye::side_of(remote))
}

fn pair_of(row: &Row) -> String {
    format!("{} {}", row.local(), row.remote().unwrap_or("-".to_owned()))
}

#[test]
fn thousands_opened_and_closed_while_we_look() {
    visit(|_world| {
        let (_processes, owners) = steady();
        let mut churner = start_churner();
        let pid = churner.id();
        let told = BufReader::new(churner.stdout.take().unwrap());
        let (count, counted) = std::sync::mpsc::channel();
        let reader = std::thread::spawn(move || {
            let ports = told.lines().map_while(Result::ok);
            let ports = ports.filter_map(|line| line.rsplit_once("port ")?.1.parse::<u16>().ok());
            ports.inspect(|_| count.send(()).unwrap()).collect::<Vec<_>>()
        });
        counted.recv().unwrap();
        let mut looks = Vec::new();
        let mut made = 1;
        while looks.len() < LOOKS || made < CHURN {
            looks.push(sockeye(&["-a", "--netns", "self", "-f", "jsonl"]));
            made += counted.try_iter().count();
        }
        drop(churner.stdin.take());
        let ports: BTreeSet<u16> = reader.join().unwrap().into_iter().collect();
        assert!(churner.wait().unwrap().success());
        let mut seen = 0;
        for look in &looks {
            assert_eq!(look.status, Some(0), "{}", look.err);
            seen += check_look(&rows(&look.out), &owners, (pid, &ports));
        }
        assert!(seen > LOOKS, "some of the short-lived ones were seen: {seen}");
    });
}

/// Checks one look; gives back how many short-lived connections it showed.
fn check_look(
    rows: &[Row],
    steady: &BTreeMap<String, u32>,
    (churner, ports): (u32, &BTreeSet<u16>),
) -> usize {
    let mut missing: BTreeSet<&String> = steady.keys().collect();
    let mut once = BTreeSet::new();
    let mut seen = 0;
    for row in rows {
        let key = pair_of(row);
        // The pair may be there twice, as an old TIME-WAIT and anew, but no socket is.
        assert!(once.insert(row.number("socket.cookie").unwrap()), "twice: {row:?}");
        if let Some(owner) = steady.get(&key) {
            missing.remove(&key);
            assert_eq!(row.pids(), [*owner].into(), "{row:?}");
        } else {
            seen += 1;
            check_short_lived(row, (churner, ports));
        }
    }
    assert!(missing.is_empty(), "{missing:?}");
    seen
}

/// It was really made, and belongs to the process that made it, or says why it does not.
fn check_short_lived(row: &Row, (churner, ports): (u32, &BTreeSet<u16>)) {
    let port = |name| row.number(name).and_then(|port| u16::try_from(port).ok());
    let (local, remote) = (port("network.local.port").unwrap(), port("network.peer.port"));
    let is_real = match (local, remote) {
        (9009, None) => row.state() == "listen",
        // A port is known only after connecting; the last one may not be told any more.
        (9009, Some(port)) | (port, Some(9009)) => ports.contains(&port),
        (port, None) => row.state() == "bound" && ports.contains(&port),
        _ => false,
    };
    assert!(is_real, "never existed: {row:?}");
    if row.pids().is_empty() {
        let reasons = ["time_wait", "unaccepted", "handshake", "orphaned", "vanished"];
        assert!(reasons.contains(&row.missing()), "{row:?}");
    } else {
        assert_eq!(row.pids(), [churner].into(), "{row:?}");
    }
}

#[test]
fn processes_that_come_and_go_while_we_look() {
    visit(|_world| {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let is_over = AtomicBool::new(false);
        let start_some = || {
            let mut pids = BTreeSet::new();
            while !is_over.load(Ordering::Relaxed) {
                let mut heir = Command::new("true").stdin(share(&socket)).spawn().unwrap();
                pids.insert(heir.id());
                heir.wait().unwrap();
            }
            pids
        };
        std::thread::scope(|scope| {
            let heirs = scope.spawn(start_some);
            let looks: Vec<_> = (0..50).map(|_| all()).collect();
            is_over.store(true, Ordering::Relaxed);
            let heirs = heirs.join().unwrap();
            let mut seen = BTreeSet::new();
            for rows in &looks {
                assert_eq!(rows.len(), 1, "{rows:#?}");
                let mut pids = rows[0].pids();
                assert!(pids.remove(&std::process::id()), "{rows:?}");
                seen.extend(pids);
            }
            // Between fork and exec, everything that this process starts holds the socket: we too.
            let strangers: Vec<_> = seen.difference(&heirs).collect();
            assert!(strangers.len() <= looks.len(), "{strangers:?}");
            assert!(!seen.is_disjoint(&heirs), "some were seen: {seen:?}");
        });
    });
}

#[test]
fn owners_that_end_while_we_look() {
    visit(|world| {
        let path = world.dir.join("x.dump");
        let path = path.to_str().unwrap();
        let is_over = AtomicBool::new(false);
        let start_some = || {
            while !is_over.load(Ordering::Relaxed) {
                let sockets = (0..10).map(|_| UdpSocket::bind("127.0.0.1:0").unwrap());
                let hold = |socket| Command::new("true").stdin(OwnedFd::from(socket)).spawn();
                let children: Vec<_> = sockets.map(|socket| hold(socket).unwrap()).collect();
                children.into_iter().for_each(|mut child| assert!(child.wait().unwrap().success()));
            }
        };
        std::thread::scope(|scope| {
            scope.spawn(start_some);
            let looks = (0..30).map(|number| {
                if number % 3 > 0 {
                    return list_while_they_end(&["-a", "--netns", "self"]);
                }
                let run = sockeye(&["dump", path]);
                assert_eq!(run.status, Some(0), "{run:?}");
                let rows = list_while_they_end(&["-a", "--replay", path]);
                std::fs::remove_file(path).unwrap();
                rows
            });
            let rows: Vec<_> = looks.flatten().collect();
            is_over.store(true, Ordering::Relaxed);
            // An owner, or a reason.
            let owned = rows.iter().filter(|row| !row.pids().is_empty()).count();
            assert!(owned > 0, "{rows:#?}");
            let reasons: BTreeSet<_> = rows.iter().map(Row::missing).collect();
            assert!(reasons.is_subset(&["", "vanished", "outside"].into()), "{reasons:?}");
        });
    });
}

/// A list. A process that ends has let go of its descriptors a moment before its sockets are closed;
/// in that moment one who is in a PID namespace has to say that somebody outside may hold them.
fn list_while_they_end(args: &[&str]) -> Vec<Row> {
    let run = sockeye(&[args, &["--format", "jsonl"]].concat());
    assert!(matches!(run.status, Some(0 | 1)), "{run:?}");
    assert!(run.err.is_empty() || run.err.contains("outside of this PID namespace"), "{run:?}");
    rows(&run.out)
}
