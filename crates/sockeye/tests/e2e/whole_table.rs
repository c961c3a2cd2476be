//! A crowd of sockets of every kind: the same set as `ss` sees, no row more, none less.

use std::collections::BTreeSet;
use std::net::{TcpListener, TcpStream, UdpSocket};

use crate::sockeye::{Row, Seen, all};
use crate::ss;
use crate::world::{Network, Process, connect, cut_the_way_to, eventually, scenario, share};

/// Sockets of every kind that several processes hold; they live as long as what is returned.
fn crowd(network: &Network) -> Vec<Box<dyn Send>> {
    let mut alive: Vec<Box<dyn Send>> = Vec::new();
    for address in [
        "127.0.0.1:0",
        "[::1]:0",
        "[::]:0",
        "0.0.0.0:0",
        "127.0.0.2:0",
    ] {
        let listener = TcpListener::bind(address).unwrap();
        for _ in 0..20 {
            let (client, server) = connect(&listener);
            alive.push(Box::new((share(&server), client.try_clone().unwrap())));
        }
        // One is half closed, one is over, one waits to be accepted.
        let (client, server) = connect(&listener);
        client.shutdown(std::net::Shutdown::Write).unwrap();
        alive.push(Box::new((client, server)));
        drop(connect(&listener));
        alive.push(Box::new(
            TcpStream::connect(listener.local_addr().unwrap()).unwrap(),
        ));
        alive.push(Box::new(Process::holding(share(&listener))));
        alive.push(Box::new(listener));
    }
    for address in [
        "127.0.0.1:0",
        "[::1]:0",
        "[::]:0",
        "0.0.0.0:0",
        "[fe80::1%1]:0",
    ] {
        let Ok(socket) = UdpSocket::bind(address) else {
            continue;
        };
        let connected = UdpSocket::bind("127.0.0.1:0").unwrap();
        connected.connect(socket.local_addr().unwrap()).ok();
        alive.push(Box::new(Process::holding(share(&connected))));
        alive.push(Box::new((socket, connected)));
    }
    let listener = network.inside(|| TcpListener::bind("10.9.0.2:0").unwrap());
    let (client, server) = connect(&listener);
    cut_the_way_to("10.9.0.2");
    drop(client);
    alive.push(Box::new((listener, server)));
    alive
}

scenario! {
    fn the_same_set_as_ss(world: &World) {
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
    }
}
