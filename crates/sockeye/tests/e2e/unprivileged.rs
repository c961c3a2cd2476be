//! Without privileges: everything that may be seen, and one sentence on what may not.

use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::os::fd::OwnedFd;
use std::process::Command;

use crate::sockeye::{BINARY, Row, Run, find, finish, rows};
use crate::watch::{Watching, cookie};
use crate::world::{Process, World, connect, eventually, run, visit};

/// The user that has no privileges.
const NOBODY: &str = "65534";

/// Runs `sockeye` as a user who may nothing; `None`, noted as skipped, where there is none.
pub(crate) fn as_nobody(world: &World, args: &[&str]) -> Option<Run> {
    // The build directory may be closed to others.
    world.copy_program(BINARY, "sockeye");
    has_nobody(world).then(|| nobody_with(world, args))
}

/// Runs the copy of `sockeye` that [`as_nobody`] made once more, with what it may do by now.
pub(crate) fn nobody_with(world: &World, args: &[&str]) -> Run {
    finish(setpriv(world.dir.join("sockeye").to_str().unwrap()).args(args))
}

/// Whether we may become another user; noted as skipped, where not.
pub(crate) fn has_nobody(world: &World) -> bool {
    let tried = setpriv("true").output();
    let may = tried.is_ok_and(|output| output.status.success());
    if !may {
        world.skip("needs setpriv(1) and root, to become another user");
    }
    may
}

/// A process of another user that holds nothing but `socket`.
pub(crate) fn nobody_holding(socket: impl Into<OwnedFd>) -> Process {
    let child = Process::start(setpriv("sleep").arg("1000").stdin(socket.into()));
    eventually("the other user's process", || {
        crate::proc::path(child.pid()).ends_with("sleep").then_some(())
    });
    child
}

/// A command of another user.
fn setpriv(program: &str) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--reuid", NOBODY, "--clear-groups", program]);
    command
}

/// A command of another user whose privileges are CAP_BPF and CAP_PERFMON, which were given numbers
/// before setpriv(1) gave them names.
fn with_ebpf_alone(program: &str) -> Command {
    let mut command = Command::new("setpriv");
    let capabilities = "-all,+cap_38,+cap_39";
    command.args(["--reuid", NOBODY, "--clear-groups", "--inh-caps", capabilities]);
    command.args(["--ambient-caps", capabilities, "--bounding-set", capabilities, program]);
    command
}

#[test]
fn two_capabilities_suffice_for_lists_and_events_by_ebpf() {
    visit(|world| {
        if !has_nobody(world) {
            return;
        }
        let copy = world.copy_program(BINARY, "sockeye");
        let sockeye = || with_ebpf_alone(copy.to_str().unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let held = Process::holding(UdpSocket::bind("127.0.0.1:4711").unwrap());
        let list = ["-a", "--netns", "self", "--source", "ebpf", "-f", "jsonl"];
        let run = finish(sockeye().args(list));
        if run.status == Some(2) {
            let of_root = crate::sockeye::sockeye(&list);
            assert_eq!(of_root.status, Some(2), "root may, two capabilities may not: {run:?}");
            return world.skip(&of_root.err);
        }
        let rows = rows(&run.out);
        assert_eq!(rows.len(), 2, "{run:?}");
        let ours = find(&rows, listener.local_addr().unwrap(), None);
        assert_eq!(ours.pids(), [std::process::id()].into());
        let theirs = find(&rows, "127.0.0.1:4711".parse().unwrap(), None);
        assert_eq!(theirs.pids(), [held.pid()].into());
        assert_eq!(theirs.text("process.executable.name"), "sleep");

        let watch = ["watch", "--source", "ebpf", "--netns", "self", "-t", "-f", "jsonl"];
        let mut watching = Watching::of(sockeye().args(watch)).unwrap();
        let (client, server) = connect(&listener);
        let (opened, closed) = (cookie(&client), cookie(&server));
        check_is_this_process(&watching.until("opened", opened));
        drop((server, client));
        check_is_this_process(&watching.until("closed", closed));
        assert_eq!(watching.end_by(rustix::process::Signal::INT).status, Some(0));
    });
}

/// The row names this process in full.
fn check_is_this_process(row: &Row) {
    assert_eq!(row.pids(), [std::process::id()].into(), "{row:?}");
    let path = std::fs::read_link("/proc/self/exe").unwrap();
    assert_eq!(row.text("process.executable.path"), path.to_str().unwrap());
    let command: Vec<String> = std::env::args().collect();
    assert_eq!(row.text("process.command_line"), command.join(" "));
    assert_eq!(row.number("process.user.id"), Some(0));
}

#[test]
fn without_capabilities_ebpf_says_which_it_takes() {
    visit(|world| {
        for command in ["list", "watch"] {
            let Some(run) = as_nobody(world, &[command, "--source", "ebpf"]) else {
                return;
            };
            assert_eq!((run.status, run.out.as_str()), (Some(2), ""), "{run:?}");
            let said = "not permitted: it takes CAP_BPF and CAP_PERFMON";
            assert_eq!(run.err, format!("sockeye: cannot use eBPF: {said}\n"));
        }
    });
}

/// The row of this socket that is nobody's but its user's.
fn check_not_permitted(rows: &[Row], address: SocketAddr) {
    let row = find(rows, address, None);
    assert_eq!(row.missing(), "not_permitted", "{row:?}");
    assert_eq!(row.number("process.user.id"), Some(0), "the socket tells its user: {row:?}");
    assert!(row.number("socket.inode").is_some());
}

#[test]
fn shows_what_it_may_and_says_what_it_may_not() {
    visit(|world| {
        if !has_nobody(world) {
            return;
        }
        let ours = TcpListener::bind("127.0.0.1:0").unwrap();
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        let theirs = UdpSocket::bind("127.0.0.1:0").unwrap();
        let (local, address) = (ours.local_addr().unwrap(), theirs.local_addr().unwrap());
        let (client, _server) = connect(&ours);
        let child = nobody_holding(theirs);
        let Some(run) = as_nobody(world, &["-am", "-f", "jsonl"]) else {
            return;
        };
        assert_eq!(run.status, Some(0), "{run:?}");
        let rows = rows(&run.out);
        assert_eq!(rows.len(), 5, "every socket of the network, whoever owns it: {rows:#?}");
        check_not_permitted(&rows, local);
        check_not_permitted(&rows, udp.local_addr().unwrap());
        let ends = (client.local_addr().unwrap(), client.peer_addr().unwrap());
        assert_eq!(find(&rows, ends.0, Some(ends.1)).missing(), "not_permitted");
        assert_eq!(find(&rows, address, None).pids(), [child.pid()].into());
        assert!(run.err.starts_with("sockeye: note: 1 process not permitted: "), "{}", run.err);
        let Some(run) = as_nobody(world, &["-a"]) else {
            return;
        };
        assert_eq!(run.status, Some(0));
        assert!(run.err.contains("1 process not permitted"), "{}", run.err);
        let heading = "no owner: 4 endpoints (not permitted to see whose) · root";
        assert!(run.out.contains(heading), "{}", run.out);
    });
}

#[test]
fn reasons_hold_for_every_kind_of_socket() {
    visit(|world| {
        use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, socket_with, sockopt};
        let socket = |family, kind| socket_with(family, kind, SocketFlags::CLOEXEC, None).unwrap();
        let bound = socket(AddressFamily::INET, SocketType::STREAM);
        bind(&bound, &"127.0.0.1:7000".parse::<SocketAddr>().unwrap()).unwrap();
        let mut held = Vec::new();
        for kind in [SocketType::STREAM, SocketType::DGRAM] {
            for address in ["127.0.0.1:7001", "[::1]:7001", "[::]:7002", "0.0.0.0:7003"] {
                let address: SocketAddr = address.parse().unwrap();
                for _ in 0..3 {
                    let is_ipv4 = address.is_ipv4();
                    let family = if is_ipv4 { AddressFamily::INET } else { AddressFamily::INET6 };
                    let member = socket(family, kind);
                    sockopt::set_socket_reuseport(&member, true).unwrap();
                    bind(&member, &address).unwrap();
                    if kind == SocketType::STREAM {
                        rustix::net::listen(&member, 8).unwrap();
                    }
                    held.push(member);
                }
            }
        }
        let connected = UdpSocket::bind("[::1]:7004").unwrap();
        connected.connect("[::1]:7001").unwrap();
        let Some(run) = as_nobody(world, &["-a", "-f", "jsonl"]) else {
            return;
        };
        let rows = rows(&run.out);
        assert!(rows.len() > held.len());
        for row in &rows {
            assert_eq!(row.missing(), "not_permitted", "{row:?}");
        }
    });
}

#[test]
fn other_networks_are_said_to_be_closed() {
    visit(|world| {
        let network = world.join_network("other");
        let _here = UdpSocket::bind("0.0.0.0:1000").unwrap();
        let _there = network.inside(|| UdpSocket::bind("0.0.0.0:1001").unwrap());
        let Some(run) = as_nobody(world, &["-a", "-f", "jsonl"]) else {
            return;
        };
        assert_eq!((run.status, rows(&run.out).len()), (Some(0), 1));
        assert!(run.err.contains("1 network namespace not permitted"), "{}", run.err);
        let Some(run) = as_nobody(world, &["-a", "--netns", "other"]) else {
            return;
        };
        assert_ne!(run.status, Some(0), "what was asked for was not seen: {run:?}");
        assert_eq!(run.out, "");
    });
}

#[test]
fn processes_with_the_numbers_of_kernel_threads() {
    visit(|world| {
        if !has_nobody(world) {
            return;
        }
        // Outside of the first PID namespace, 2 is a number like any other: here a shell is 1 and
        // what it starts is 2. Both hold the socket.
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        let copy = world.copy_program(BINARY, "sockeye");
        let command = format!(
            "exec 3<&0; sleep 1000 & setpriv --reuid {NOBODY} --clear-groups {} -a -f jsonl <&- 3<&-",
            copy.to_str().unwrap()
        );
        let mut shell = Command::new("unshare");
        shell.args(["--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", &command]);
        let run = finish(shell.stdin(OwnedFd::from(socket)));
        check_not_permitted(&rows(&run.out), address);
        assert!(run.err.contains("2 processes not permitted"), "{}", run.err);
    });
}

#[test]
fn hidden_processes_are_said_to_be_hidden() {
    visit(|world| {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        run("mount", &["-o", "remount,hidepid=invisible,gid=4711", "/proc"]);
        let Some(run) = as_nobody(world, &["-a", "-f", "jsonl"]) else {
            return;
        };
        assert_eq!(run.status, Some(0), "{run:?}");
        check_not_permitted(&rows(&run.out), socket.local_addr().unwrap());
        assert!(run.err.contains("processes are hidden (hidepid)"), "{}", run.err);
        // Whether there is such a process is known all the same.
        let pid = std::process::id();
        let run = nobody_with(world, &["inspect", &pid.to_string()]);
        let said = format!("process {pid} may not be seen: the system hides it (hidepid)");
        assert!(run.status == Some(1) && run.err.contains(&said), "{run:?}");
        let run = nobody_with(world, &["inspect", "4194303"]);
        assert_eq!(run.err, "sockeye: there is no process 4194303\n");
    });
}

#[test]
fn other_networks_are_read_through_their_processes() {
    visit(|world| {
        let network = world.join_network("other");
        let mut elsewhere = Command::new("ip");
        elsewhere.args(["netns", "exec", "other", "sleep", "1000"]);
        let _elsewhere = Process::start(&mut elsewhere);
        let held = network.inside(|| {
            let dual = TcpListener::bind("[::]:7000").unwrap();
            let (v6, v4) =
                (connect(&TcpListener::bind("[::1]:0").unwrap()), connect_to("10.9.0.2:7000"));
            let accepted = dual.accept().unwrap();
            let udp = UdpSocket::bind("10.9.0.2:7001").unwrap();
            udp.connect("10.9.0.3:7002").unwrap();
            (dual, v6, v4, accepted, udp, UdpSocket::bind("[::]:7003").unwrap())
        });
        // Without privileges there is no way in, but the text tables of a process may be read.
        let Some(run) = as_nobody(world, &["-a", "-f", "jsonl"]) else {
            return;
        };
        assert_eq!(run.status, Some(0), "{run:?}");
        let seen = |rows: Vec<Row>| {
            let seen = |row: &Row| {
                let inode = row.number("socket.inode");
                (
                    row.local(),
                    row.remote(),
                    row.state().to_owned(),
                    inode,
                    row.number("tcp.backlog.used"),
                )
            };
            rows.iter().map(seen).collect::<std::collections::BTreeSet<_>>()
        };
        let rows = rows(&run.out);
        assert!(rows.iter().all(|row| row.missing() == "not_permitted"), "{rows:#?}");
        let expected = seen(crate::sockeye::list(&["-a", "--netns", "other"]));
        assert_eq!(expected.len(), 7);
        assert_eq!(seen(rows), expected);
        drop(held);
    });
}

/// A connection to `address`.
fn connect_to(address: &str) -> std::net::TcpStream {
    std::net::TcpStream::connect(address).unwrap()
}

#[test]
fn a_named_namespace_is_seen_through_a_process_that_lives_there() {
    visit(|world| {
        if !has_nobody(world) {
            return;
        }
        let network = world.join_network("blue");
        let _there = network.inside(|| nobody_holding(TcpListener::bind("0.0.0.0:1003").unwrap()));
        for args in [&["-l", "-c"][..], &["-l", "-c", "--netns", "blue"]] {
            let Some(run) = as_nobody(world, args) else { return };
            assert!(run.status == Some(0) && run.out.contains(",1003,"), "{args:?}: {run:?}");
            assert!(run.out.contains("blue"), "{args:?}: {run:?}");
        }
    });
}
