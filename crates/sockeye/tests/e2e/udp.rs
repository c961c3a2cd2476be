//! UDP bound, connected, unconnected; families, mapped addresses, scopes.

use std::net::{SocketAddr, SocketAddrV6, TcpListener, TcpStream, UdpSocket};

use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, listen, socket_with, sockopt};

use crate::sockeye::{Row, all, find, list};
use crate::world::{connect, run, visit};

/// The addresses of all rows, one a line: `tcp 127.0.0.1 80 127.0.0.1 4000`.
fn addresses(rows: &[Row]) -> Vec<String> {
    let line = |row: &Row| {
        let remote = row.remote().map_or(String::new(), |remote| format!(" {remote}"));
        format!("{} {}{remote}", row.text("network.transport"), row.local())
    };
    let mut lines: Vec<_> = rows.iter().map(line).collect();
    lines.sort_unstable();
    lines
}

#[test]
fn a_remote_only_when_connected() {
    visit(|_world| {
        let bound = UdpSocket::bind("127.0.0.1:5000").unwrap();
        let connected = UdpSocket::bind("127.0.0.1:5001").unwrap();
        connected.connect("127.0.0.1:5000").unwrap();
        // It talks, but to nobody in particular.
        let unconnected = UdpSocket::bind("0.0.0.0:5002").unwrap();
        unconnected.send_to(b"hello", "127.0.0.1:5000").unwrap();
        let rows = all();
        let expected =
            ["udp 0.0.0.0 5002", "udp 127.0.0.1 5000", "udp 127.0.0.1 5001 127.0.0.1 5000"];
        assert_eq!(addresses(&rows), expected);
        assert!(rows.iter().all(|row| row.get("network.connection.state").is_none()), "{rows:#?}");
        assert_eq!(addresses(&list(&["-u"])), expected[2..]);
        assert_eq!(addresses(&list(&["-ul"])), expected[..2]);
        assert_eq!(addresses(&list(&["-l"])), expected[..2]);
        assert_eq!(list(&[]).len(), 0);
        drop(bound);
    });
}

#[test]
fn datagrams_that_wait_are_counted() {
    visit(|_world| {
        let reader = UdpSocket::bind("127.0.0.1:5000").unwrap();
        let count = |name| all()[0].number(name);
        assert_eq!(count("udp.queue.receive"), Some(0));
        let writer = UdpSocket::bind("127.0.0.1:5001").unwrap();
        writer.send_to(&[0; 300], "127.0.0.1:5000").unwrap();
        drop(writer);
        let told = run("ss", &["-Huan"]).split_whitespace().nth(1).unwrap().parse().unwrap();
        assert!(told >= 300, "the kernel counts memory: {told}");
        assert_eq!(count("udp.queue.receive"), Some(told));
        reader.recv(&mut [0; 300]).unwrap();
        assert_eq!(count("udp.queue.receive"), Some(0));
    });
}

#[test]
fn mapped_ipv4_is_ipv4() {
    visit(|_world| {
        let dual = TcpListener::bind("[::]:6000").unwrap();
        let client = TcpStream::connect("127.0.0.1:6000").unwrap();
        let (server, _) = dual.accept().unwrap();
        let mapped = UdpSocket::bind("[::ffff:127.0.0.1]:6001").unwrap();
        mapped.connect("[::ffff:127.0.0.1]:6002").unwrap();
        let port = client.local_addr().unwrap().port();
        let mut ipv4 = [
            format!("tcp 127.0.0.1 6000 127.0.0.1 {port}"),
            format!("tcp 127.0.0.1 {port} 127.0.0.1 6000"),
            "udp 127.0.0.1 6001 127.0.0.1 6002".to_owned(),
        ];
        ipv4.sort_unstable();
        assert_eq!(addresses(&list(&["-4a"])), ipv4);
        assert_eq!(addresses(&list(&["-6a"])), ["tcp :: 6000"]);
        assert_eq!(addresses(&list(&["-6ua"])), [""; 0]);
        assert_eq!(list(&["-46a"]).len(), 4);
        for row in list(&["-4a"]) {
            assert_eq!(row.text("network.type"), "ipv4");
        }
        let rows = all();
        let row = find(&rows, server.local_addr().unwrap(), Some(server.peer_addr().unwrap()));
        assert_eq!(row.text("network.direction"), "ingress");
    });
}

#[test]
fn ipv6_with_its_own_and_with_scopes() {
    visit(|world| {
        let network = world.join_network("other");
        let only =
            socket_with(AddressFamily::INET6, SocketType::STREAM, SocketFlags::CLOEXEC, None);
        let only = only.unwrap();
        sockopt::set_ipv6_v6only(&only, true).unwrap();
        bind(&only, &"[::]:6000".parse::<SocketAddr>().unwrap()).unwrap();
        listen(&only, 8).unwrap();
        let loopback = TcpListener::bind("[::1]:0").unwrap();
        let (_client, _server) = connect(&loopback);
        let there = network.inside(|| {
            let scoped = SocketAddrV6::new("fe80::2".parse().unwrap(), 6001, 0, index_of("there"));
            TcpListener::bind(scoped).unwrap()
        });
        let remote = SocketAddrV6::new("fe80::2".parse().unwrap(), 6001, 0, index_of("here"));
        let stream = TcpStream::connect(remote).unwrap();
        let port = stream.local_addr().unwrap().port();
        let rows = all();
        assert_eq!(rows.len(), 5);
        assert!(rows.iter().all(|row| row.text("network.type") == "ipv6"));
        let lines = addresses(&rows);
        let scoped = format!("tcp fe80::1%here {port} fe80::2%here 6001");
        assert!(lines.contains(&scoped), "{lines:?}");
        assert!(lines.contains(&"tcp :: 6000".to_owned()), "{lines:?}");
        let is_link_local = |row: &&Row| row.local().starts_with("fe80");
        let row = rows.iter().find(is_link_local).unwrap();
        assert_eq!(row.text("network.interface.name"), "here");
        // In the other network, by the name that the interface has there.
        let rows = list(&["-la", "--netns", "other"]);
        assert!(addresses(&rows).contains(&"tcp fe80::2%there 6001".to_owned()), "{rows:?}");
        drop(there);
    });
}

/// The number of an interface of this thread's network.
pub(crate) fn index_of(interface: &str) -> u32 {
    let socket = UdpSocket::bind("[::]:0").unwrap();
    rustix::net::netdevice::name_to_index(&socket, interface).unwrap()
}
