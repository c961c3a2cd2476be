//! Names of ports: shown where a service is, and nowhere else; the machine's own range decides.

use std::fs;
use std::net::{TcpListener, UdpSocket};

use crate::sockeye::{find, list, sockeye};
use crate::world::{connect, visit};

/// What the machine gives to outgoing connections, for this world alone.
const RANGE: &str = "/proc/sys/net/ipv4/ip_local_port_range";

#[test]
fn the_service_has_the_name_and_not_who_asks() {
    visit(|_world| {
        let listener = TcpListener::bind("127.0.0.1:8080").unwrap();
        let (client, server) = connect(&listener);
        let asking = client.local_addr().unwrap();
        let text = sockeye(&["-at"]).out;
        assert!(text.contains("LISTEN       127.0.0.1:http-alt\n"), "{text}");
        let accepted = format!("127.0.0.1:http-alt  {asking}\n");
        let opened = format!("{asking}     127.0.0.1:http-alt\n");
        assert!(text.contains(&accepted) && text.contains(&opened), "{text}");
        let table = sockeye(&["-at", "-f", "table"]).out;
        assert_eq!(table.matches("127.0.0.1:http-alt").count(), 3, "{table}");
        for numeric in ["-atn", "--numeric-ports"] {
            let text = sockeye(&["-at", numeric]).out;
            assert!(!text.contains("http-alt") && text.contains("127.0.0.1:8080"), "{text}");
        }
        let machine = list(&["-at", "--columns", "+protocol"]);
        for row in &machine {
            assert_eq!(row.text("network.protocol.name"), "http-alt", "{row:?}");
        }
        assert_eq!(machine.len(), 3);
        let csv = sockeye(&["-atc", "--columns", "local"]).out;
        assert!(!csv.contains("http-alt"), "{csv}");
        drop(server);
    });
}

#[test]
fn a_port_given_by_the_kernel_is_no_service() {
    visit(|_world| {
        let named = UdpSocket::bind("127.0.0.1:5353").unwrap().local_addr().unwrap();
        let _named = UdpSocket::bind(named).unwrap();
        let chance = UdpSocket::bind("127.0.0.1:44818").unwrap().local_addr().unwrap();
        let _chance = UdpSocket::bind(chance).unwrap();
        let protocol = |local| {
            let rows = list(&["-ua", "--columns", "+protocol"]);
            find(&rows, local, None).text("network.protocol.name").to_owned()
        };
        assert_eq!([protocol(named), protocol(chance)], ["mdns", ""]);
        // The range belongs to the network namespace.
        fs::write(RANGE, "5000 5999").unwrap();
        assert_eq!([protocol(named), protocol(chance)], ["", "EtherNet-IP-2"]);
    });
}
