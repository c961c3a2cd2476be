//! Several network namespaces: all, one, by name, by pid; each row says where it is.

use std::net::{TcpListener, TcpStream, UdpSocket};
use std::process::{Command, Stdio};

use crate::sockeye::{Row, list, sockeye};
use crate::world::{Process, connect, eventually, run, visit};

/// The local ports and the labels of their namespaces.
fn labels(rows: &[Row]) -> Vec<(u64, &str)> {
    let label = |row| {
        let row: &Row = row;
        (row.number("network.local.port").unwrap(), row.text("network.namespace.name"))
    };
    let mut labels: Vec<_> = rows.iter().map(label).collect();
    labels.sort_unstable();
    labels
}

/// A process in a network of its own that holds nothing.
fn lives_elsewhere() -> Process {
    let process = Process::start(Command::new("unshare").args(["--net", "sleep", "1000"]));
    let ours = std::fs::read_link("/proc/self/ns/net").unwrap();
    eventually("a network of its own", || {
        let theirs = std::fs::read_link(format!("/proc/{}/ns/net", process.pid())).ok()?;
        (theirs != ours && crate::proc::path(process.pid()).ends_with("sleep")).then_some(())
    });
    process
}

/// A process in the network that the file stands for, which holds nothing.
fn lives_in(file: &str) -> Process {
    let net = format!("--net={file}");
    let process = Process::start(Command::new("nsenter").args([&net, "sleep", "1000"]));
    eventually("in the other network", || {
        crate::proc::path(process.pid()).ends_with("sleep").then_some(process.pid())
    });
    process
}

/// Does `work` in the network of `process`, from outside by entering it.
fn there<T: Send>(process: &Process, work: impl FnOnce() -> T + Send) -> T {
    use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
    use std::os::fd::AsFd;
    let file = std::fs::File::open(format!("/proc/{}/ns/net", process.pid())).unwrap();
    let enter = || {
        move_into_link_name_space(file.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
        work()
    };
    std::thread::scope(|scope| scope.spawn(enter).join().unwrap())
}

/// A socket in the network of `process`.
fn bind_there(process: &Process, port: u16) -> UdpSocket {
    there(process, || UdpSocket::bind(("0.0.0.0", port)).unwrap())
}

/// A connection in the network of `process`, both ends.
fn connect_there(process: &Process) -> (TcpStream, TcpStream) {
    there(process, || {
        run("ip", &["link", "set", "lo", "up"]);
        connect(&TcpListener::bind("127.0.0.1:0").unwrap())
    })
}

#[test]
fn every_row_says_where_it_is() {
    visit(|world| {
        let network = world.join_network("other");
        let elsewhere = lives_elsewhere();
        let _ours = UdpSocket::bind("0.0.0.0:1001").unwrap();
        let _named = network.inside(|| UdpSocket::bind("0.0.0.0:1002").unwrap());
        let _by_pid = bind_there(&elsewhere, 1003);
        let pid = format!("pid:{}", elsewhere.pid());
        let check = |netns: &[&str], expected: &[(u64, &str)]| {
            let rows = list(&[&["-a"], netns].concat());
            assert_eq!(labels(&rows), expected, "{netns:?}");
            let us = std::process::id();
            assert!(rows.iter().all(|row| row.pids() == [us].into()), "{rows:#?}");
        };
        let everything = [(1001, "self"), (1002, "other"), (1003, pid.as_str())];
        check(&[], &everything);
        check(&["--netns", "all"], &everything);
        check(&["--netns", "self"], &everything[..1]);
        check(&["--netns", "other"], &everything[1..2]);
        check(&["--netns", &elsewhere.pid().to_string()], &everything[2..]);
        check(&["--netns", &std::process::id().to_string()], &everything[..1]);
        // Asked for by another process, it is still called what it is called.
        let others =
            [lives_in(&format!("/proc/{}/ns/net", elsewhere.pid())), lives_in("/run/netns/other")];
        check(&["--netns", &others[0].pid().to_string()], &everything[2..]);
        check(&["--netns", &others[1].pid().to_string()], &everything[1..2]);

        let ids: Vec<_> = list(&["-a"]).iter().map(|r| r.number("network.namespace.id")).collect();
        let link = std::fs::read_link(format!("/proc/{}/ns/net", elsewhere.pid())).unwrap();
        let id = link.to_str().unwrap().trim_matches(|c: char| !c.is_ascii_digit()).parse().ok();
        assert!(ids.contains(&id), "{ids:?} {link:?}");
        check_text(&pid);
    });
}

/// For people, only what is not here is labelled.
fn check_text(pid: &str) {
    let text = sockeye(&["-a"]).out;
    let line = |port: &str| text.lines().find(|line| line.contains(port)).unwrap();
    assert!(!line(":1001").contains("netns"), "{text}");
    assert!(line(":1002").contains("netns other"), "{text}");
    assert!(line(":1003").contains(&format!("netns {pid}")), "{text}");
}

#[test]
fn a_connection_between_two_networks() {
    visit(|world| {
        let network = world.join_network("other");
        let listener = network.inside(|| TcpListener::bind("10.9.0.2:80").unwrap());
        let (client, server) = connect(&listener);
        let rows = list(&[]);
        let [here, there] = [&client, &server].map(|stream| {
            let (local, peer) = (stream.local_addr().unwrap(), stream.peer_addr().unwrap());
            crate::sockeye::find(&rows, local, Some(peer))
        });
        assert_eq!(here.text("network.namespace.name"), "self");
        assert_eq!(there.text("network.namespace.name"), "other");
        assert_eq!(rows.len(), 2);
        let directions = [here, there].map(|row| row.text("network.direction"));
        assert_eq!(directions, ["egress", "ingress"]);
    });
}

#[test]
fn a_network_that_only_a_descriptor_keeps() {
    visit(|_world| {
        let elsewhere = lives_elsewhere();
        let socket = bind_there(&elsewhere, 1003);
        let held = std::fs::File::open(format!("/proc/{}/ns/net", elsewhere.pid())).unwrap();
        drop(elsewhere);
        let rows = list(&["-a"]);
        assert_eq!(rows.len(), 1);
        assert!(rows[0].text("network.namespace.name").starts_with("netns:"), "{rows:?}");
        assert_eq!(rows[0].pids(), [std::process::id()].into());
        drop((socket, held));
    });
}

#[test]
fn closes_in_a_network_that_only_a_descriptor_keeps() {
    visit(|_world| {
        let elsewhere = lives_elsewhere();
        let sockets = connect_there(&elsewhere);
        let held = std::fs::File::open(format!("/proc/{}/ns/net", elsewhere.pid())).unwrap();
        drop(elsewhere);
        let rows = list(&[]);
        assert_eq!(rows.len(), 2);
        let closed = sockeye(&["close", "--yes", "--filter", "connected"]);
        let label = rows[0].text("network.namespace.name");
        let said = |line: &&str| line.contains(label);
        assert!(closed.out.starts_with("PROTO") && closed.out.contains("NAMESPACE"), "{closed:?}");
        assert_eq!(closed.out.lines().filter(said).count(), 4, "shown, and reported: {closed:?}");
        assert_eq!(closed.status, Some(0), "{}", closed.err);
        assert!(closed.out.contains("closed"), "{}", closed.out);
        assert!(list(&[]).is_empty());
        drop((sockets, held));
    });
}

#[test]
fn namespaces_that_are_not_there() {
    visit(|_world| {
        let check = |which: &str, said: &str| {
            let run = sockeye(&["-a", "--netns", which]);
            assert_eq!((run.status, run.out.as_str()), (Some(2), ""), "{which}");
            assert_eq!(run.err.lines().count(), 1, "{}", run.err);
            assert!(run.err.contains(said) && run.err.contains(which), "{}", run.err);
        };
        check("nowhere", "there is none of that name");
        check("3999999", "there is no such process");
        check("99999999999999999999", "none of that name");
        assert_eq!(sockeye(&["--netns", ""]).status, Some(2));
    });
}

#[test]
fn names_do_not_reach_the_terminal_raw() {
    visit(|_world| {
        let network = "evil\u{1b}[2J";
        run("ip", &["netns", "add", network]);
        let mut inside = Command::new("ip");
        inside.args(["netns", "exec", network, "sleep", "1000"]).stdin(Stdio::null());
        let _process = Process::start(&mut inside);
        let there = std::fs::File::open(format!("/run/netns/{network}")).unwrap();
        use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
        use std::os::fd::AsFd;
        let bind = || {
            move_into_link_name_space(there.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
            UdpSocket::bind("0.0.0.0:1000").unwrap()
        };
        let _socket = std::thread::scope(|scope| scope.spawn(bind).join().unwrap());
        let run = sockeye(&["-a"]);
        assert!(run.out.contains("evil\\u{1b}[2J"), "{run:?}");
        assert_eq!(list(&["-a", "--netns", network]).len(), 1);
    });
}
