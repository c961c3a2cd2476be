//! UDP as it happens, by eBPF: peers, counts, connecting, closing, each told once.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, UdpSocket};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::sockeye::{Row, command, side_of, sockeye};
use crate::watch::{Watching, cookie};
use crate::world::{World, visit};

/// A watch of UDP by events alone, told by every program that there is; else the test is skipped.
fn watch(world: &World) -> Option<Watching> {
    watch_looking(world, "1h")
}

/// The same, looking at most every `interval`.
fn watch_looking(world: &World, interval: &str) -> Option<Watching> {
    let args = ["watch", "--source", "ebpf", "-u", "--netns", "self"];
    let trial = sockeye(&[&args[..], &["--for", "1ms"]].concat());
    if trial.status == Some(2) || trial.err.contains("not told as it happens") {
        world.skip(trial.err.trim());
        return None;
    }
    let rest = ["--interval", interval, "--format", "jsonl"];
    Some(Watching::of(&mut command(&[&args[..], &rest].concat())).unwrap())
}

/// A socket at `address`.
fn bind(address: &str) -> UdpSocket {
    UdpSocket::bind(address).unwrap()
}

fn address(socket: &UdpSocket) -> SocketAddr {
    socket.local_addr().unwrap()
}

/// `from` sends so many bytes to `to`, which receives them.
fn send(from: &UdpSocket, to: &UdpSocket, length: usize) {
    assert_eq!(from.send_to(&vec![1; length], address(to)).unwrap(), length);
    assert_eq!(to.recv_from(&mut [0; 65_536]).unwrap().0, length);
}

/// The action of a row with the remote that it names.
fn told(row: &Row) -> (String, Option<String>) {
    (row.text("event.action").to_owned(), row.remote())
}

/// What is told of the socket with this cookie, in order, up to its closing.
fn life(watching: &mut Watching, cookie: u64) -> Vec<Row> {
    let mut rows = Vec::new();
    loop {
        let row = watching.row();
        if row.number("socket.cookie") == Some(cookie) {
            let is_last = row.text("event.action") == "closed";
            rows.push(row);
            if is_last {
                return rows;
            }
        }
    }
}

/// Ends `watching`; nothing more is told of these sockets, and nothing was missed.
fn check_the_end(watching: Watching, cookies: &[u64]) {
    let rest = watching.end_by(Signal::INT);
    for cookie in cookies {
        assert!(!rest.out.contains(&format!(r#""cookie":{cookie}"#)), "{rest:?}");
    }
    assert!(!rest.err.contains("not told") && !rest.err.contains("lost"), "{rest:?}");
    assert_eq!(rest.status, Some(0));
}

#[test]
fn each_peer_of_an_unconnected_socket_is_told_once() {
    visit(|world| {
        // Of each family, and IPv4 that comes to a socket of IPv6.
        for (own, others) in [
            ("0.0.0.0:0", ["127.0.0.1:0", "127.0.0.2:0", "127.0.0.3:0"]),
            ("[::]:0", ["[::1]:0", "[::1]:0", "[::1]:0"]),
            ("[::]:0", ["127.0.0.1:0", "[::1]:0", "127.0.0.2:0"]),
        ] {
            let Some(mut watching) = watch(world) else { return };
            let own = bind(own);
            let [asked, asked_too, asking] = others.map(bind);
            let port = address(&own).port();
            for _ in 0..3 {
                for other in [&asked, &asked_too] {
                    let to = address(other);
                    let text = if to.is_ipv4() && address(&own).is_ipv6() {
                        format!("[::ffff:{}]:{}", to.ip(), to.port()).parse().unwrap()
                    } else {
                        to
                    };
                    own.send_to(b"question", text).unwrap();
                }
                let here = SocketAddr::new(address(&asking).ip(), port);
                asking.send_to(b"question", here).unwrap();
                own.recv_from(&mut [0; 16]).unwrap();
            }
            let number = cookie(&own);
            drop(own);
            let rows = life(&mut watching, number);
            let peer = |socket| ("peer".to_owned(), Some(side_of(address(socket))));
            let expected = [
                ("bound".to_owned(), None),
                peer(&asked),
                peer(&asked_too),
                peer(&asking),
                ("closed".to_owned(), None),
            ];
            assert_eq!(rows.iter().map(told).collect::<Vec<_>>(), expected);
            assert!(rows.iter().all(|row| row.pids() == [std::process::id()].into()), "{rows:#?}");
            check_the_end(watching, &[number]);
        }
    });
}

#[test]
fn bytes_and_messages_are_counted_exactly_both_ways() {
    visit(|world| {
        for any in ["127.0.0.1:0", "[::1]:0"] {
            let Some(mut watching) = watch(world) else { return };
            let (server, client) = (bind(any), bind(any));
            client.connect(address(&server)).unwrap();
            for length in [0, 1, 1000, 9000] {
                send(&server, &client, length);
            }
            for _ in 0..100 {
                assert_eq!(client.send(&[7; 12]).unwrap(), 12);
                // What is only looked at is not received yet, and what is cut was sent whole.
                assert_eq!(server.peek_from(&mut [0; 12]).unwrap().0, 12);
                assert_eq!(server.recv(&mut [0; 5]).unwrap(), 5);
            }
            let numbers = [cookie(&server), cookie(&client)];
            drop(server);
            let of_server = life(&mut watching, numbers[0]);
            drop(client);
            let of_client = life(&mut watching, numbers[1]);
            let check = |rows: &[Row], bytes: [u64; 2], messages: [u64; 2]| {
                let last = rows.last().unwrap();
                let number = |name| last.number(name).unwrap();
                assert_eq!(["sent.bytes", "received.bytes"].map(number), bytes, "{last:?}");
                let counted = ["sent.messages", "received.messages"].map(number);
                assert_eq!(counted, messages, "{last:?}");
            };
            check(&of_server, [10_001, 500], [4, 100]);
            check(&of_client, [1_200, 10_001], [100, 4]);
            check_the_end(watching, &numbers);
        }
    });
}

/// What another process does: it binds a socket and sends from it, tells which it is, and holds it
/// until its input ends.
#[test]
#[ignore = "not a test: runs as a child of one"]
fn holds_a_socket() {
    let socket = bind("127.0.0.1:0");
    socket.send_to(b"hello", address(&socket)).unwrap();
    let mut out = std::io::stdout();
    out.write_all(format!("\nsocket {}\n", cookie(&socket)).as_bytes()).unwrap();
    out.flush().unwrap();
    std::io::stdin().lines().for_each(drop);
    std::process::exit(0); // Its socket is closed by the kernel.
}

/// Starts a process by [`holds_a_socket`]; its socket's cookie.
fn holder() -> (Child, u64) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "udp_events::holds_a_socket", "--ignored", "--nocapture"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let number = lines.find_map(|line| line.strip_prefix("socket ")?.parse().ok());
    // It is not to fail on what the harness prints.
    std::thread::spawn(move || lines.for_each(drop));
    (child, number.unwrap())
}

#[test]
fn a_process_that_ends_or_is_killed_closes_with_its_name() {
    visit(|world| {
        let Some(mut watching) = watch(world) else { return };
        let path = std::env::current_exe().unwrap();
        let mut numbers = Vec::new();
        for is_killed in [false, true] {
            let (mut child, number) = holder();
            if is_killed {
                kill_process(Pid::from_child(&child), Signal::KILL).unwrap();
            } else {
                drop(child.stdin.take());
            }
            let rows = life(&mut watching, number);
            let actions: Vec<&str> = rows.iter().map(|row| row.text("event.action")).collect();
            assert_eq!(actions, ["bound", "peer", "closed"], "{rows:#?}");
            for row in &rows {
                assert_eq!(row.pids(), [child.id()].into(), "{row:?}");
                assert_eq!(row.text("process.executable.path"), path.to_str().unwrap());
            }
            let closed = rows.last().unwrap();
            assert_eq!(closed.text("event.reason"), "local");
            assert_eq!(
                (closed.number("sent.bytes"), closed.number("received.bytes")),
                (Some(5), Some(0))
            );
            child.wait().unwrap();
            numbers.push(number);
        }
        check_the_end(watching, &numbers);
    });
}

#[test]
fn what_was_there_before_is_counted_from_then_on() {
    visit(|world| {
        let (used, unused, other) = (bind("127.0.0.1:0"), bind("[::1]:0"), bind("127.0.0.1:0"));
        send(&used, &other, 100);
        let Some(mut watching) = watch(world) else { return };
        send(&used, &other, 20);
        send(&other, &used, 3);
        let numbers = [cookie(&used), cookie(&unused)];
        drop(used);
        let rows = life(&mut watching, numbers[0]);
        let expected =
            [("peer".to_owned(), Some(side_of(address(&other)))), ("closed".to_owned(), None)];
        assert_eq!(rows.iter().map(told).collect::<Vec<_>>(), expected, "{rows:#?}");
        let closed = rows.last().unwrap();
        assert_eq!(
            (closed.number("sent.bytes"), closed.number("received.bytes")),
            (Some(20), Some(3))
        );
        assert_ne!(closed.text("counters.since"), "", "{closed:?}");
        assert!(closed.get("event.start").is_none(), "nobody knows when it began: {closed:?}");
        drop(unused);
        let rows = life(&mut watching, numbers[1]);
        assert_eq!(rows.iter().map(told).collect::<Vec<_>>(), [("closed".to_owned(), None)]);
        check_the_end(watching, &numbers);
    });
}

#[test]
fn connecting_is_told_and_connecting_anew_too() {
    visit(|world| {
        for any in ["127.0.0.1:0", "[::1]:0"] {
            let Some(mut watching) = watch(world) else { return };
            let others = [any; 2].map(bind);
            let sides = others.each_ref().map(address);
            let socket = bind(any);
            let number = cookie(&socket);
            let opened = |row: &Row| {
                assert_eq!(row.text("event.action"), "opened", "{row:?}");
                assert_eq!(row.local(), side_of(address(&socket)));
                row.remote().unwrap()
            };
            socket.connect(sides[0]).unwrap();
            for _ in 0..3 {
                socket.send(b"one").unwrap();
            }
            assert_eq!(opened(&watching.until("opened", number)), side_of(sides[0]));
            socket.connect(sides[1]).unwrap();
            for _ in 0..3 {
                socket.send(b"two").unwrap();
            }
            assert_eq!(opened(&watching.until("opened", number)), side_of(sides[1]));
            drop(socket);
            let rows = life(&mut watching, number);
            let expected = [("closed".to_owned(), Some(side_of(sides[1])))];
            assert_eq!(rows.iter().map(told).collect::<Vec<_>>(), expected);
            assert_eq!(rows[0].number("sent.bytes"), Some(18));
            check_the_end(watching, &[number]);
        }
    });
}

#[test]
fn whom_a_socket_is_connected_to_without_a_word_is_found_by_a_look() {
    visit(|world| {
        let Some(mut watching) = watch_looking(world, "100ms") else { return };
        let others = ["127.0.0.1:0"; 2].map(bind);
        let socket = bind("127.0.0.1:0");
        for other in &others {
            socket.connect(address(other)).unwrap();
            let row = watching.until("opened", cookie(&socket));
            assert_eq!(row.remote(), Some(side_of(address(other))), "{row:?}");
        }
        let number = cookie(&socket);
        drop(socket);
        let rows = life(&mut watching, number);
        let expected = [("closed".to_owned(), Some(side_of(address(&others[1]))))];
        assert_eq!(rows.iter().map(told).collect::<Vec<_>>(), expected);
        check_the_end(watching, &[number]);
    });
}
