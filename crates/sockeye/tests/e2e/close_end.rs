//! Closing connections and ending processes: what was named, nothing else, and what became of it.

use std::io::{ErrorKind, Read};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};

use crate::sockeye::{all, sockeye};
use crate::unprivileged::as_nobody;
use crate::world::{Process, connect, eventually, share, visit};

/// Closes what has this remote port, and checks the sentence that is said of it.
fn close(remote: SocketAddr) {
    let filter = format!("remote.port = {}", remote.port());
    let run = sockeye(&["close", "--yes", "--filter", &filter]);
    assert_eq!(run.status, Some(0), "{run:?}");
    assert!(run.err.contains("1 closed") && run.out.contains("closed "), "{run:?}");
}

/// Whether the connection was cut off on both sides.
fn check_cut_off(streams: [&TcpStream; 2]) {
    for mut stream in streams {
        let error = stream.read(&mut [0; 1]).unwrap_err().kind();
        let expected = [ErrorKind::ConnectionAborted, ErrorKind::ConnectionReset];
        assert!(expected.contains(&error), "{error}");
    }
}

#[test]
fn closes_exactly_what_is_named() {
    visit(|world| {
        let network = world.join_network("other");
        let v4 = TcpListener::bind("127.0.0.1:0").unwrap();
        let v6 = TcpListener::bind("[::1]:0").unwrap();
        let dual = TcpListener::bind("[::]:0").unwrap();
        let (spared, _spared) = connect(&v4);
        for listener in [&v4, &v6] {
            let (client, server) = connect(listener);
            close(server.peer_addr().unwrap());
            check_cut_off([&client, &server]);
        }
        // IPv4 in an IPv6 socket.
        let client = TcpStream::connect(("127.0.0.1", dual.local_addr().unwrap().port())).unwrap();
        let (server, _) = dual.accept().unwrap();
        close(client.local_addr().unwrap());
        check_cut_off([&client, &server]);
        // In another network, and with a scope.
        let any_port = "[fe80::2]:0".parse().unwrap();
        let scoped = network.inside(|| TcpListener::bind(scoped_to(any_port, "there")).unwrap());
        let address = scoped_to(scoped.local_addr().unwrap(), "here");
        let client = TcpStream::connect(address).unwrap();
        let (server, _) = scoped.accept().unwrap();
        close(client.local_addr().unwrap());
        check_cut_off([&client, &server]);
        spared.set_nonblocking(true).unwrap();
        let error = (&spared).read(&mut [0; 1]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WouldBlock, "nothing else was touched");
        assert_eq!(all().iter().filter(|row| row.state() == "listen").count(), 3);
    });
}

/// `address` with the interface's number as scope, as this thread's network numbers it.
fn scoped_to(address: SocketAddr, interface: &str) -> SocketAddr {
    let SocketAddr::V6(mut address) = address else { panic!("IPv4 has no scopes") };
    address.set_scope_id(crate::udp::index_of(interface));
    address.into()
}

#[test]
fn closes_in_any_state() {
    visit(|_world| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        // TIME-WAIT, an orphan with its half closed other side, one that was not accepted.
        drop(connect(&listener));
        let (client, server) = connect(&listener);
        drop(client);
        let waiting = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let states = || {
            let rows = all();
            let mut states: Vec<_> = rows.iter().map(|row| row.state().to_owned()).collect();
            states.sort_unstable();
            states
        };
        let expected =
            ["close_wait", "established", "established", "fin_wait_2", "listen", "time_wait"];
        eventually("all of them", || (states() == expected).then_some(()));
        let run = sockeye(&["close", "--yes", "--filter", "tcp"]);
        assert_eq!(run.status, Some(0), "{run:?}");
        assert_eq!(states(), ["listen"], "{run:?}");
        drop((server, waiting));
    });
}

#[test]
fn a_connected_udp_socket_loses_its_remote() {
    visit(|_world| {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.connect(peer.local_addr().unwrap()).unwrap();
        close(peer.local_addr().unwrap());
        assert!(socket.recv(&mut [0; 1]).is_err());
        assert!(all().iter().all(|row| row.remote().is_none()));
    });
}

#[test]
fn asks_first_and_does_nothing_without_an_answer() {
    visit(|_world| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (_client, _server) = connect(&listener);
        let port = format!("local.port = {}", listener.local_addr().unwrap().port());
        let check = |args: &[&str], status, said: &str| {
            let run = sockeye(args);
            assert_eq!(run.status, Some(status), "{args:?} {run:?}");
            assert!(run.err.contains(said), "{args:?} {run:?}");
            assert_eq!(all().len(), 3, "{args:?}");
        };
        check(&["close", "--filter", &port], 2, "--yes");
        check(&["close", "--dry-run", "--filter", &port], 0, "nothing was closed");
        check(&["close", "--yes"], 2, "say what to close");
        check(&["close", "--yes", "--filter", "state = listen"], 1, "listeners");
        check(&["close", "--yes", "no-such-process"], 1, "no connection matches");
        check(&["close", "--yes", "--filter", "sate = listen"], 2, "did you mean state?");
        check(&["end", "--filter", &port], 2, "--yes");
        check(&["end", "--dry-run", "--filter", &port], 0, "nothing was ended");
        check(&["end", "--yes"], 2, "say what to end");
        check(&["end", "--yes", "no-such-process"], 1, "no process");
    });
}

#[test]
fn what_is_not_permitted_is_said() {
    visit(|world| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (_client, _server) = connect(&listener);
        let _holder = Process::holding(share(&listener));
        let Some(run) = as_nobody(world, &["close", "--yes", "--filter", "tcp"]) else {
            return;
        };
        assert_eq!(run.status, Some(2), "{run:?}");
        assert!(run.out.contains("not permitted") && !run.out.contains("closed  "), "{run:?}");
        assert_eq!(all().len(), 3);
        // Named by pid, it may well be one that may not be looked at.
        let pid = std::process::id().to_string();
        for command in ["close", "end"] {
            let run = as_nobody(world, &[command, "--yes", &pid]).unwrap();
            assert_eq!(run.status, Some(2), "{run:?}");
            assert!(run.err.contains("not permitted, which may be what is meant"), "{run:?}");
        }
    });
}

/// A process that holds a socket; it is ours to wait for.
fn holder(program: &[&str]) -> Child {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let mut command = Command::new(program[0]);
    command.args(&program[1..]).stdin(OwnedFd::from(socket)).stdout(Stdio::null());
    command.spawn().unwrap()
}

#[test]
fn ends_the_processes_that_are_named() {
    visit(|_world| {
        let mut asked = holder(&["sleep", "1000"]);
        let mut spared = holder(&["sleep", "1000"]);
        let run = sockeye(&["end", "--yes", &asked.id().to_string()]);
        assert_eq!(run.status, Some(0), "{run:?}");
        assert_eq!(asked.wait().unwrap().signal(), Some(15));
        assert!(spared.try_wait().unwrap().is_none());
        assert_eq!(all().len(), 1);
        // By name, all that hold something.
        let mut second = holder(&["sleep", "1000"]);
        let mut idle = Command::new("sleep").arg("1000").spawn().unwrap();
        let run = sockeye(&["end", "--yes", "SLEEP"]);
        assert_eq!(run.status, Some(0), "{run:?}");
        assert!(run.err.contains("2 ended"), "{run:?}");
        assert_eq!(spared.wait().unwrap().signal(), Some(15));
        assert_eq!(second.wait().unwrap().signal(), Some(15));
        assert!(idle.try_wait().unwrap().is_none(), "it holds no endpoint");
        idle.kill().unwrap();
    });
}

#[test]
fn force_ends_what_does_not_listen() {
    visit(|_world| {
        let mut deaf = holder(&["sh", "-c", "trap '' TERM; while :; do sleep 1; done"]);
        let pid = deaf.id().to_string();
        eventually("deafness", || {
            let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
            let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:\t")).unwrap();
            (u64::from_str_radix(ignored, 16).unwrap() & (1 << 14) != 0).then_some(())
        });
        let run = sockeye(&["end", "--yes", "--filter", &format!("pid = {pid}")]);
        assert_eq!(run.status, Some(2), "{run:?}");
        assert!(run.out.contains("still running"), "{run:?}");
        assert!(deaf.try_wait().unwrap().is_none());
        let run = sockeye(&["end", "--yes", "--force", "--filter", &format!("pid = {pid}")]);
        assert_eq!(run.status, Some(0), "{run:?}");
        assert_eq!(deaf.wait().unwrap().signal(), Some(9));
    });
}

#[test]
fn a_process_of_another_user_is_not_ended() {
    visit(|world| {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let holder = Process::holding(socket);
        let filter = "user = root or missing = not_permitted or missing = outside";
        let Some(run) = as_nobody(world, &["end", "--yes", "--filter", filter]) else {
            return;
        };
        assert_eq!(run.status, Some(2), "{run:?}");
        assert!(run.err.contains("1 endpoint matches, but its owner may not be seen"), "{run:?}");
        assert_eq!(all()[0].pids(), [holder.pid()].into());
    });
}
