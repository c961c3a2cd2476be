//! The filter language and the words, on endpoints whose every property is known.

use std::net::{TcpListener, UdpSocket};

use crate::sockeye::{list, sockeye};
use crate::unprivileged::{has_nobody, nobody_holding};
use crate::world::{Process, connect, share, visit};

#[test]
fn a_filter_chooses_what_it_says() {
    visit(|world| {
        if !has_nobody(world) {
            return;
        }
        let network = world.join_network("other");
        let listener = TcpListener::bind("0.0.0.0:8080").unwrap();
        let (client, server) = connect(&TcpListener::bind("127.0.0.2:8443").unwrap());
        let far = UdpSocket::bind("10.9.0.1:5353").unwrap();
        far.connect("10.9.0.2:53").unwrap();
        let there = network.inside(|| UdpSocket::bind("0.0.0.0:9000").unwrap());
        let v6 = UdpSocket::bind("[::1]:7000").unwrap();
        let heir = Process::holding(share(&v6));
        let _nobody = nobody_holding(server);
        let port = client.local_addr().unwrap().port();
        let check = |filter: &str, ports: &[u16]| {
            let rows = list(&["-a", "--filter", filter]);
            let found = rows.iter().map(|row| row.number("network.local.port").unwrap());
            let mut found: Vec<_> = found.map(|port| u16::try_from(port).unwrap()).collect();
            found.sort_unstable();
            let mut ports = ports.to_vec();
            ports.sort_unstable();
            assert_eq!(found, ports, "{filter}");
        };
        let everything = [8080, 8443, port, 5353, 9000, 7000];
        check("tcp or udp", &everything);
        check("tcp", &[8080, 8443, port]);
        check("not tcp", &[5353, 9000, 7000]);
        check(
            "tcp and remote in 127.0.0.0/8 and (state = ESTAB or local.port = 443)",
            &[8443, port],
        );
        check("remote in 10.0.0.0/8", &[5353]);
        check("remote.port in 50-60", &[5353]);
        check("local.port in 8000-8999", &[8080, 8443]);
        check("state = listening", &[8080]);
        check("state != listen and tcp", &[8443, port]);
        check("user = nobody", &[8443]);
        check("uid = 65534", &[8443]);
        check("netns = self", &[8080, 8443, port, 5353, 7000]);
        check("netns = other", &[9000]);
        check("family = ipv6", &[7000]);
        check("ipv6", &[7000]);
        check(&format!("pid = {}", heir.pid()), &[7000]);
        check("process = sleep", &[8443, 7000]);
        check("process = 'SLEE?'", &[8443, 7000]);
        check("not process = sleep", &[8080, port, 5353, 9000, 7000]);
        check("remote.port > 8000 and remote.port < 9000", &[port]);
        check("local = 127.0.0.2", &[8443]);
        check("local.port = 1", &[]);
        check("local.port = http-alt", &[8080]);
        check("port in {mdns, pcsync-https}", &[8443, port, 5353]);
        check("protocol = pcsync-https", &[8443, port]);
        check("remote = :domain", &[5353]);
        drop((listener, there));
    });
}

#[test]
fn what_a_filter_fits_and_the_list_leaves_out_is_said() {
    visit(|_world| {
        let _listener = TcpListener::bind("127.0.0.1:8080").unwrap();
        let run = sockeye(&["--netns", "self", "--filter", "local.port = 8080"]);
        assert_eq!((run.status, run.out.as_str()), (Some(1), ""), "{run:?}");
        let said = "1 endpoint fits and is no connection: -a shows everything";
        assert!(run.err.contains(said), "{run:?}");
        let run = sockeye(&["-a", "--netns", "self", "--filter", "local.port = 8081"]);
        assert!(!run.err.contains("no connection"), "{run:?}");
    });
}
