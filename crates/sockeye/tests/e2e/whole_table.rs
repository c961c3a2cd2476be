//! A crowd of sockets of every kind: the same set as `ss` sees, no row more, none less.

use std::collections::BTreeSet;
use std::net::{Shutdown, SocketAddr, SocketAddrV6, TcpListener, TcpStream, UdpSocket};

use crate::sockeye::{Row, Seen, all};
use crate::ss;
use crate::udp::index_of;
use crate::world::{Network, Process, connect, cut_the_way_to, eventually, share, visit};

/// Sockets of every kind that several processes hold; they live as long as what is returned.
fn crowd(network: &Network) -> Vec<Box<dyn Send>> {
    let mut alive: Vec<Box<dyn Send>> = Vec::new();
    let ways = [
        ("127.0.0.1:0", "127.0.0.1"),
        ("0.0.0.0:0", "127.0.0.2"),
        ("[::1]:0", "::1"),
        ("[::]:0", "::1"),
        ("[::]:0", "127.0.0.1"),
    ];
    for (listening, connecting) in ways {
        let listener = TcpListener::bind(listening).unwrap();
        let port = listener.local_addr().unwrap().port();
        let connect = || TcpStream::connect((connecting, port)).unwrap();
        for _ in 0..20 {
            alive.push(Box::new((connect(), listener.accept().unwrap())));
        }
        // One is half closed, one is over, one waits to be accepted.
        let (half_closed, accepted) = (connect(), listener.accept().unwrap());
        half_closed.shutdown(Shutdown::Write).unwrap();
        drop((connect(), listener.accept().unwrap()));
        alive.push(Box::new((half_closed, accepted, connect())));
        alive.push(Box::new((Process::holding(share(&listener)), listener)));
    }
    let scoped = SocketAddrV6::new("fe80::1".parse().unwrap(), 0, 0, index_of("here"));
    let addresses = ["127.0.0.1:0", "0.0.0.0:0", "[::1]:0", "[::]:0", "[::ffff:127.0.0.1]:0"];
    let addresses = addresses.map(|address| address.parse().unwrap());
    for address in addresses.into_iter().chain([SocketAddr::V6(scoped)]) {
        let socket = UdpSocket::bind(address).unwrap();
        let connected = UdpSocket::bind(address).unwrap();
        connected.connect(socket.local_addr().unwrap()).unwrap();
        alive.push(Box::new((Process::holding(share(&connected)), socket, connected)));
    }
    let listener = network.inside(|| TcpListener::bind("10.9.0.2:0").unwrap());
    let (client, server) = connect(&listener);
    cut_the_way_to("10.9.0.2");
    drop(client);
    alive.push(Box::new((listener, server)));
    alive
}

#[test]
fn the_same_set_as_ss() {
    visit(|world| {
        let network = world.join_network("other");
        let alive = crowd(&network);
        let set = |rows: Vec<Row>| rows.iter().map(Row::seen).collect::<BTreeSet<Seen>>();
        // Connections that are being closed settle first: two looks of ss have to agree.
        eventually("that nothing changes", || {
            let before = ss::sockets();
            let rows = all();
            let count = rows.len();
            let ours = set(rows);
            if before != ss::sockets() {
                return None;
            }
            let missing: Vec<_> = before.difference(&ours).collect();
            let too_many: Vec<_> = ours.difference(&before).collect();
            assert!(missing.is_empty() && too_many.is_empty(), "{missing:#?} {too_many:#?}");
            assert_eq!(count, before.len());
            Some(())
        });
        let states: BTreeSet<_> = ss::sockets().into_iter().map(|seen| seen.state).collect();
        assert!(states.len() >= 6, "the crowd was to be mixed: {states:?}");
        drop(alive);
    });
}
