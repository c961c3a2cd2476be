//! TCP in every state, each forced, each with its owner or the reason why there is none.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;

use rustix::net::{
    AddressFamily, SocketFlags, SocketType, bind, connect as connect_socket, socket_with,
};

use crate::sockeye::{Row, all, find, list};
use crate::world::{Network, connect, cut_the_way_to, eventually, run, share, visit};

/// The row of this connection as soon as it is in `state`.
fn in_state(state: &str, (local, remote): (SocketAddr, SocketAddr)) -> Row {
    eventually(state, || {
        let rows = all();
        let is_it = |row: &&Row| {
            row.local() == crate::sockeye::side_of(local)
                && row.remote() == Some(crate::sockeye::side_of(remote))
        };
        rows.iter().find(is_it).filter(|row| row.state() == state).cloned()
    })
}

/// Both addresses of `stream`, its own first.
fn ends(stream: &TcpStream) -> (SocketAddr, SocketAddr) {
    (stream.local_addr().unwrap(), stream.peer_addr().unwrap())
}

fn check_owned_by_us(row: &Row) {
    assert!(row.pids().contains(&std::process::id()), "{row:?}");
}

fn check_missing(row: &Row, reason: &str) {
    assert_eq!(row.missing(), reason, "{row:?}");
    assert!(row.pids().is_empty());
}

/// A TCP socket without a connection.
fn tcp_socket() -> OwnedFd {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    socket_with(AddressFamily::INET, SocketType::STREAM, flags, None).unwrap()
}

/// A connection to the other network: the side here, and the side there.
fn connect_across(network: &Network, address: [u8; 4]) -> (TcpStream, TcpStream) {
    let listener = network.inside(|| TcpListener::bind((Ipv4Addr::from(address), 0)).unwrap());
    connect(&listener)
}

#[test]
fn listening_and_established() {
    visit(|_world| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (client, server) = connect(&listener);
        let rows = all();
        assert_eq!(rows.len(), 3);
        let row = find(&rows, address, None);
        assert_eq!((row.state(), row.text("network.direction")), ("listen", "listen"));
        check_owned_by_us(row);
        for (stream, direction) in [(&client, "egress"), (&server, "ingress")] {
            let (local, remote) = ends(stream);
            let row = find(&rows, local, Some(remote));
            assert_eq!((row.state(), row.text("network.direction")), ("established", direction));
            check_owned_by_us(row);
        }
    });
}

#[test]
fn bound_without_listening_or_connecting() {
    visit(|world| {
        let socket = tcp_socket();
        let address: SocketAddr = "127.0.0.1:7000".parse().unwrap();
        bind(&socket, &address).unwrap();
        let rows = all();
        if rows.is_empty() {
            return world.skip("this kernel does not list bound TCP sockets (Linux 6.8)");
        }
        let row = find(&rows, address, None);
        assert_eq!(row.state(), "bound");
        check_owned_by_us(row);
        let fd = std::os::fd::AsRawFd::as_raw_fd(&socket);
        assert_eq!(row.number("process.fd"), u64::try_from(fd).ok());
    });
}

#[test]
fn syn_sent_and_syn_received() {
    visit(|world| {
        let network = world.join_network("other");
        let listener = TcpListener::bind("10.9.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        // Our answers do not arrive, so the handshake hangs on both sides.
        cut_the_way_to("10.9.0.2");
        let client = network.inside(|| {
            let client = tcp_socket();
            bind(&client, &"10.9.0.2:4000".parse::<SocketAddr>().unwrap()).unwrap();
            let _in_progress = connect_socket(&client, &address);
            client
        });
        let remote = "10.9.0.2:4000".parse().unwrap();
        check_missing(&in_state("syn_received", (address, remote)), "handshake");
        let there = list(&["-a", "--netns", "other"]);
        let row = find(&there, remote, Some(address));
        assert_eq!((row.state(), row.text("network.direction")), ("syn_sent", "egress"));
        check_owned_by_us(row);
        assert_eq!(row.number("tcp.queue.send"), Some(0), "a SYN is no byte");
        drop(client);
    });
}

#[test]
fn closing_handshakes_that_stay_unfinished() {
    visit(|world| {
        let network = world.join_network("other");
        // Closed here, and the other side does not learn of it.
        let (here, there) = connect_across(&network, [10, 9, 0, 2]);
        let waiting = ends(&here);
        cut_the_way_to("10.9.0.2");
        drop(here);
        check_missing(&in_state("fin_wait_1", waiting), "orphaned");
        // Now it closes too, of its own accord.
        drop(there);
        check_missing(&in_state("closing", waiting), "orphaned");

        // Closed there, then here, and the last word does not arrive.
        let (here, there) = connect_across(&network, [10, 9, 0, 3]);
        let waiting = ends(&here);
        drop(there);
        check_owned_by_us(&in_state("close_wait", waiting));
        cut_the_way_to("10.9.0.3");
        drop(here);
        check_missing(&in_state("last_ack", waiting), "orphaned");

        // The same with an owner that has only shut down its side.
        let (here, there) = connect_across(&network, [10, 9, 0, 4]);
        cut_the_way_to("10.9.0.4");
        here.shutdown(std::net::Shutdown::Write).unwrap();
        check_owned_by_us(&in_state("fin_wait_1", ends(&here)));
        drop(there);
        check_owned_by_us(&in_state("closing", ends(&here)));
    });
}

#[test]
fn half_closed_and_orphaned() {
    visit(|_world| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (client, server) = connect(&listener);
        client.shutdown(std::net::Shutdown::Write).unwrap();
        check_owned_by_us(&in_state("fin_wait_2", ends(&client)));
        check_owned_by_us(&in_state("close_wait", ends(&server)));
        let waiting = ends(&client);
        drop(client);
        let row = eventually("an orphan", || {
            let row = in_state("fin_wait_2", waiting);
            row.pids().is_empty().then_some(row)
        });
        check_missing(&row, "orphaned");
    });
}

#[test]
fn time_wait() {
    visit(|_world| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (client, server) = connect(&listener);
        let waiting = ends(&client);
        drop(client);
        drop(server);
        let row = in_state("time_wait", waiting);
        check_missing(&row, "time_wait");
        assert_eq!(row.number("socket.inode"), None);
        assert_eq!(row.number("process.user.id"), None, "the kernel does not know it any more");
        assert_eq!(row.number("tcp.queue.send"), None, "there is no queue");
        // As in netstat and TCPVCon, it is one of the connections.
        assert_eq!(list(&[]).len(), 1);
    });
}

#[test]
fn waiting_to_be_accepted() {
    visit(|_world| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let clients: Vec<_> = (0..3).map(|_| TcpStream::connect(address).unwrap()).collect();
        let row = in_state("established", (address, clients[0].local_addr().unwrap()));
        check_missing(&row, "unaccepted");
        let rows = all();
        assert_eq!(rows.len(), 7);
        let row = find(&rows, address, None);
        assert_eq!(row.number("tcp.backlog.used"), Some(3));
        // What ss shows as the listener's send queue.
        let told = run("ss", &["-Htln"]);
        let limit = told.split_whitespace().nth(2).unwrap().parse().ok();
        assert_eq!(row.number("tcp.backlog.limit"), limit);
        drop(listener.accept().unwrap());
        assert_eq!(find(&all(), address, None).number("tcp.backlog.used"), Some(2));
    });
}

#[test]
fn what_a_dead_listener_leaves_behind() {
    visit(|_world| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (client, server) = connect(&listener);
        let (waiting, late) = (TcpStream::connect(address).unwrap(), ends(&server));
        // The process that accepted lives on without the listener: an heir of it.
        let heir = crate::world::Process::holding(share(&server));
        drop((server, listener));
        let rows = eventually("the listener's end", || {
            let rows = all();
            rows.iter().all(|row| row.state() != "listen").then_some(rows)
        });
        // The accepted connection has its owner, the one that was never accepted was reset.
        let row = find(&rows, late.0, Some(late.1));
        assert_eq!(row.state(), "established");
        assert_eq!(row.pids(), [heir.pid()].into());
        assert!(waiting.peer_addr().is_err() || waiting.take_error().unwrap().is_some());
        assert_eq!(rows.iter().filter(|row| row.state() == "established").count(), 2);
        drop(heir);
        let row = in_state("close_wait", ends(&client));
        check_owned_by_us(&row);
        check_missing(&in_state("fin_wait_2", late), "orphaned");
    });
}
