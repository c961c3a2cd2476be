//! Two ways to the same list: by programs in the kernel, and by its tables and `/proc`.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, IoSlice};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Command, Stdio};

use rustix::net::{
    AddressFamily, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags, SocketType,
    bind, connect as connect_socket, sendmsg, socket_with, socketpair,
};
use serde_json::Value;

use crate::sockeye::{Row, rows, sockeye};
use crate::world::{Network, Process, connect, cut_the_way_to, eventually, share, visit};

/// A socket of IPv4.
fn socket(kind: SocketType) -> OwnedFd {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    socket_with(AddressFamily::INET, kind, flags, None).unwrap()
}

/// TCP in every state that lasts, held, shared and held by nobody.
fn tcp() -> Vec<Box<dyn Any>> {
    let mut alive: Vec<Box<dyn Any>> = Vec::new();
    for (listening, connecting) in
        [("127.0.0.1:0", "127.0.0.1"), ("[::1]:0", "::1"), ("[::]:0", "127.0.0.2")]
    {
        let listener = TcpListener::bind(listening).unwrap();
        let port = listener.local_addr().unwrap().port();
        let connect = || TcpStream::connect((connecting, port)).unwrap();
        let pair = || (connect(), listener.accept().unwrap().0);
        // Both ends held, one of them twice, the other one by a child too.
        let (client, server) = pair();
        alive.push(Box::new((share(&client), Process::holding(share(&server)), client, server)));
        // Half closed; over; half closed by a side that is gone; waiting to be accepted.
        let (half_closed, accepted) = pair();
        half_closed.shutdown(Shutdown::Write).unwrap();
        alive.push(Box::new((half_closed, accepted)));
        drop(pair());
        let (gone, left) = pair();
        drop(gone);
        alive.push(Box::new((left, connect(), connect())));
        alive.push(Box::new((Process::holding(share(&listener)), listener)));
    }
    let bound = socket(SocketType::STREAM);
    bind(&bound, &"127.0.0.1:7000".parse::<SocketAddr>().unwrap()).unwrap();
    alive.push(Box::new((bound, socket(SocketType::STREAM), socket(SocketType::DGRAM))));
    // Refused, which leaves a socket that knows both sides and has none of the states.
    let refused = socket(SocketType::STREAM);
    bind(&refused, &"127.0.0.1:7001".parse::<SocketAddr>().unwrap()).unwrap();
    let _refused = connect_socket(&refused, &"127.0.0.1:9".parse::<SocketAddr>().unwrap());
    alive.push(Box::new(refused));
    alive
}

/// Connections to another network whose handshakes hang: SYN-SENT, SYN-RECEIVED, orphans.
fn hanging(network: &Network) -> Vec<Box<dyn Any>> {
    let listener = TcpListener::bind("10.9.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let there = network.inside(|| TcpListener::bind("10.9.0.2:0").unwrap());
    let (orphan, left) = connect(&there);
    cut_the_way_to("10.9.0.2");
    drop(orphan);
    let client = network.inside(|| {
        let client = socket(SocketType::STREAM);
        bind(&client, &"10.9.0.2:4000".parse::<SocketAddr>().unwrap()).unwrap();
        let _in_progress = connect_socket(&client, &address);
        client
    });
    let udp = network.inside(|| UdpSocket::bind("0.0.0.0:4001").unwrap());
    vec![Box::new((listener, there)), Box::new((left, client, udp))]
}

/// UDP with and without a remote, held once and by two processes.
fn udp() -> Vec<Box<dyn Any>> {
    let mut alive: Vec<Box<dyn Any>> = Vec::new();
    for address in ["127.0.0.1:0", "0.0.0.0:0", "[::1]:0", "[::]:0", "[::ffff:127.0.0.1]:0"] {
        let socket = UdpSocket::bind(address).unwrap();
        let connected = UdpSocket::bind(address).unwrap();
        connected.connect(socket.local_addr().unwrap()).unwrap();
        connected.send(b"unread").unwrap();
        alive.push(Box::new((Process::holding(share(&connected)), socket, connected)));
    }
    alive
}

/// A listener and a UDP socket whose only descriptors are on their way between processes.
fn in_flight() -> Vec<Box<dyn Any>> {
    let sockets: [OwnedFd; 2] = [
        TcpListener::bind("127.0.0.1:7100").unwrap().into(),
        UdpSocket::bind("127.0.0.1:7101").unwrap().into(),
    ];
    let (from, to) =
        socketpair(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None).unwrap();
    let borrowed = sockets.each_ref().map(AsFd::as_fd);
    let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
    let mut passed = SendAncillaryBuffer::new(&mut space);
    assert!(passed.push(SendAncillaryMessage::ScmRights(&borrowed)));
    sendmsg(&from, &[IoSlice::new(b"x")], &mut passed, SendFlags::empty()).unwrap();
    vec![Box::new((from, to))]
}

/// What both have to agree on: everything but when and with what it was seen, and which of several
/// owners is shown first.
fn facts(row: &Row) -> (u64, Value) {
    let Row(mut facts) = row.clone();
    let members = facts.as_object_mut().unwrap();
    for differing in ["time", "observer", "process"] {
        members.remove(differing);
    }
    let pids: Vec<u32> = row.pids().into_iter().collect();
    members.insert("pids".to_owned(), pids.into());
    members.insert("missing".to_owned(), row.missing().into());
    members.insert("user".to_owned(), row.number("process.user.id").into());
    (row.number("socket.cookie").unwrap(), facts)
}

/// Everything in every network, by cookie, as `source` sees it; the reason when it cannot be asked.
fn seen_by(source: &str) -> Result<BTreeMap<u64, Value>, String> {
    let run = sockeye(&["-am", "--netns", "all", "--source", source, "-f", "jsonl"]);
    if run.status == Some(2) {
        return Err(run.err);
    }
    let rows = rows(&run.out);
    let facts: BTreeMap<_, _> = rows.iter().map(facts).collect();
    assert_eq!(facts.len(), rows.len(), "{source}: no socket is there twice");
    Ok(facts)
}

/// The state, and why nobody holds it.
fn kind(facts: &Value) -> String {
    let state = facts.pointer("/network/connection/state").and_then(Value::as_str);
    let kind = format!("{} {}", state.unwrap_or("udp"), facts["missing"].as_str().unwrap());
    kind.trim_end().to_owned()
}

/// Compares the lists of both sources, as soon as the tables have come to rest; gives back the
/// kinds of sockets that there are.
fn check_same() -> BTreeSet<String> {
    let facts = eventually("that nothing changes", || {
        let before = seen_by("netlink").unwrap();
        let mut told = seen_by("ebpf").unwrap();
        if seen_by("netlink").unwrap() != before {
            return None;
        }
        for (cookie, facts) in &before {
            assert_eq!(told.remove(cookie).as_ref(), Some(facts), "{cookie}");
        }
        // Before Linux 6.8 sock_diag does not list these.
        if !before.values().any(|facts| kind(facts) == "bound") {
            told.retain(|_, facts| !["bound", "closed"].contains(&&*kind(facts)));
        }
        assert!(told.is_empty(), "only one of them tells of {told:#?}");
        Some(before)
    });
    facts.values().map(kind).collect()
}

#[test]
fn by_ebpf_and_by_netlink_the_list_is_the_same() {
    visit(|world| {
        if let Err(reason) = seen_by("ebpf") {
            return world.skip(reason.trim());
        }
        let network = world.join_network("other");
        let alive = [tcp(), hanging(&network), udp(), in_flight()];
        let mut kinds = check_same();
        // What is in flight looks like something held outside of the world.
        for kind in [
            "close_wait",
            "established",
            "established unaccepted",
            "fin_wait_1 orphaned",
            "fin_wait_2",
            "fin_wait_2 orphaned",
            "listen",
            "listen outside",
            "syn_received handshake",
            "syn_sent",
            "time_wait time_wait",
            "udp",
            "udp outside",
        ] {
            assert!(kinds.remove(kind), "{kind} was to be there");
        }
        kinds.retain(|kind| kind != "bound" && kind != "closed");
        assert!(kinds.is_empty(), "{kinds:?}");
        drop(alive);
    });
}

/// A thread that has descriptors of its own, and a socket among them.
const THREAD: &str = "import ctypes, socket, threading, time
def work():
    assert ctypes.CDLL(None).unshare(0x400) == 0 # CLONE_FILES
    own = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    own.bind(('127.0.0.1', 7200))
    print('ready', flush=True)
    time.sleep(1000)
threading.Thread(target=work).start()";

#[test]
fn by_ebpf_threads_with_descriptors_of_their_own_are_seen() {
    visit(|world| {
        if let Err(reason) = seen_by("ebpf") {
            return world.skip(reason.trim());
        }
        if Command::new("python3").arg("-V").output().is_err() {
            return world.skip("python3 is not there to give a thread its own descriptors");
        }
        let mut python = Command::new("python3");
        let mut child = python.args(["-c", THREAD]).stdout(Stdio::piped()).spawn().unwrap();
        let mut ready = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut ready).unwrap();
        let pids = |source| {
            let facts: Vec<Value> = seen_by(source).unwrap().into_values().collect();
            assert_eq!(facts.len(), 1);
            facts[0]["pids"].clone()
        };
        assert_eq!(pids("ebpf"), serde_json::json!([child.id()]));
        // `/proc/PID/fd` is about the first thread.
        assert_eq!(pids("netlink"), serde_json::json!([]));
        child.kill().unwrap();
        child.wait().unwrap();
    });
}
