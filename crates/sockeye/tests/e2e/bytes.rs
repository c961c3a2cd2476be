//! What TCP measured: bytes that the test itself sent and did not send, to the last one.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};

use crate::sockeye::{Row, find, list};
use crate::world::{connect, eventually, run, visit};

/// The row of one end of a connection, with measurements.
fn row_of(stream: &TcpStream) -> Row {
    let rows = list(&["-am"]);
    let ends = (stream.local_addr().unwrap(), stream.peer_addr().unwrap());
    find(&rows, ends.0, Some(ends.1)).clone()
}

/// Waits until the end is in `state` and compares bytes sent and received with what we did.
fn check(stream: &TcpStream, state: &str, (sent, received): (u64, u64)) {
    let row = eventually(state, || Some(row_of(stream)).filter(|row| row.state() == state));
    let told = (row.number("sent.bytes"), row.number("received.bytes"));
    assert_eq!(told, (Some(sent), Some(received)), "{row:?}");
}

/// Sends `count` bytes and reads them on the other side.
fn send(from: &mut TcpStream, to: &mut TcpStream, count: usize) {
    from.write_all(&vec![7; count]).unwrap();
    to.read_exact(&mut vec![0; count]).unwrap();
}

#[test]
fn bytes_are_exact_in_every_state() {
    visit(|_world| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (mut client, mut server) = connect(&listener);
        check(&client, "established", (0, 0));
        check(&server, "established", (0, 0));
        send(&mut client, &mut server, 54_321);
        send(&mut server, &mut client, 1_234);
        check(&client, "established", (54_321, 1_234));
        check(&server, "established", (1_234, 54_321));
        client.shutdown(Shutdown::Write).unwrap();
        check(&client, "fin_wait_2", (54_321, 1_234));
        check(&server, "close_wait", (1_234, 54_321));
        // One side may still send.
        send(&mut server, &mut client, 77);
        check(&client, "fin_wait_2", (54_321, 1_311));
        check(&server, "close_wait", (1_311, 54_321));
    });
}

#[test]
fn bytes_are_exact_while_a_close_is_unfinished() {
    visit(|world| {
        let network = world.join_network("other");
        let listener = network.inside(|| TcpListener::bind("10.9.0.2:0").unwrap());
        let (mut client, mut server) = connect(&listener);
        send(&mut client, &mut server, 4_000);
        send(&mut server, &mut client, 300);
        crate::world::cut_the_way_to("10.9.0.2");
        client.shutdown(Shutdown::Write).unwrap();
        check(&client, "fin_wait_1", (4_000, 300));
        send(&mut server, &mut client, 20);
        check(&client, "fin_wait_1", (4_000, 320));
        server.shutdown(Shutdown::Write).unwrap();
        check(&client, "closing", (4_000, 320));

        let listener = network.inside(|| TcpListener::bind("10.9.0.3:0").unwrap());
        let (mut client, mut server) = connect(&listener);
        send(&mut client, &mut server, 500);
        send(&mut server, &mut client, 60);
        server.shutdown(Shutdown::Write).unwrap();
        check(&client, "close_wait", (500, 60));
        crate::world::cut_the_way_to("10.9.0.3");
        client.shutdown(Shutdown::Write).unwrap();
        check(&client, "last_ack", (500, 60));
    });
}

#[test]
fn queues_are_what_nobody_has_read() {
    visit(|world| {
        let network = world.join_network("other");
        let listener = network.inside(|| TcpListener::bind("10.9.0.2:0").unwrap());
        let (mut client, mut server) = connect(&listener);
        client.write_all(&[0; 1_111]).unwrap();
        let queues = |stream: &TcpStream| {
            let row = row_of(stream);
            (row.number("tcp.queue.receive").unwrap(), row.number("tcp.queue.send").unwrap())
        };
        eventually("arrival", || (queues(&server) == (1_111, 0)).then_some(()));
        eventually("the answer", || (queues(&client) == (0, 0)).then_some(()));
        server.read_exact(&mut [0; 111]).unwrap();
        assert_eq!(queues(&server), (1_000, 0));
        // The side that is cut off keeps what was not acknowledged.
        crate::world::cut_the_way_to("10.9.0.2");
        client.write_all(&[0; 222]).unwrap();
        assert_eq!(queues(&client), (0, 222));
        assert_eq!(queues(&server), (1_000, 0));
        // The other way is open, and the end of what was sent is no byte.
        server.shutdown(Shutdown::Write).unwrap();
        eventually("the end", || (row_of(&client).state() == "close_wait").then_some(()));
        assert_eq!(queues(&client), (0, 222));
        let row = eventually("a second attempt", || {
            Some(row_of(&client)).filter(|row| row.number("tcp.retransmits") > Some(0))
        });
        assert_eq!(row.number("sent.bytes"), Some(1_111 + 222), "{row:?}");
    });
}

#[test]
fn the_end_of_unread_bytes_is_no_byte() {
    visit(|_world| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (mut client, server) = connect(&listener);
        client.write_all(&[0; 42]).unwrap();
        drop(client);
        let row = eventually("the end", || {
            Some(row_of(&server)).filter(|row| row.state() == "close_wait")
        });
        assert_eq!(row.number("tcp.queue.receive"), Some(42), "{row:?}");
        assert_eq!(row.number("received.bytes"), Some(42), "{row:?}");
    });
}

#[test]
fn round_trip_and_segments_are_those_of_ss() {
    visit(|_world| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (mut client, mut server) = connect(&listener);
        send(&mut client, &mut server, 5_000);
        send(&mut server, &mut client, 5_000);
        let port = client.local_addr().unwrap().port();
        let told = run("ss", &["-Htnoi", "sport", "=", &format!(":{port}")]);
        let row = row_of(&client);
        let field = |label: &str| {
            let found = told.split_whitespace().find_map(|word| word.strip_prefix(label));
            found.unwrap_or("0").split('/').next().unwrap().to_owned()
        };
        let rtt_ms: f64 = field("rtt:").parse().unwrap();
        assert_eq!(row.number("tcp.rtt_us"), Some((rtt_ms * 1000.0).round() as u64), "{told}");
        let check = |name, label| {
            assert_eq!(row.number(name), field(label).parse().ok(), "{label} {told}");
        };
        check("sent.packets", "segs_out:");
        check("received.packets", "segs_in:");
        check("sent.bytes", "bytes_sent:");
        assert_eq!(row.number("tcp.retransmits"), Some(0));
    });
}

#[test]
fn nothing_is_measured_unless_asked_for() {
    visit(|_world| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (client, _server) = connect(&listener);
        let rows = list(&["-a"]);
        let ends = (client.local_addr().unwrap(), client.peer_addr().unwrap());
        let row = find(&rows, ends.0, Some(ends.1));
        assert!(row.get("tcp.rtt_us").is_none() && row.get("sent").is_none(), "{row:?}");
        let chosen = list(&["--columns", "rtt,sent.bytes,retransmits"]);
        let keys = chosen[0].0.as_object().unwrap().len();
        assert_eq!((keys, chosen[0].number("sent.bytes")), (2, Some(0)), "{chosen:?}");
    });
}
