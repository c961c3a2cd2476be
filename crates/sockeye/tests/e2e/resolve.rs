//! `--resolve`: host names from the system's resolver, which is made here, good or silent.

use std::fs;
use std::net::{TcpListener, UdpSocket};
use std::time::{Duration, Instant};

use crate::sockeye::{find, list, sockeye};
use crate::world::{World, connect, cut_the_way_to, run, visit};

/// Lets the resolver ask this hosts file, then the server at 10.9.0.9, to which nothing arrives.
fn set_up_resolver(world: &World, hosts: &str) {
    let etc = world.dir.join("etc");
    fs::create_dir(&etc).unwrap();
    fs::write(etc.join("hosts"), hosts).unwrap();
    fs::write(etc.join("nsswitch.conf"), "hosts: files dns\n").unwrap();
    fs::write(etc.join("resolv.conf"), "nameserver 10.9.0.9\n").unwrap();
    let _no_matter = fs::copy("/etc/passwd", etc.join("passwd"));
    run("mount", &["--bind", etc.to_str().unwrap(), "/etc"]);
    cut_the_way_to("10.9.0.9");
}

#[test]
fn names_of_the_hosts_file_and_no_long_wait_for_others() {
    visit(|world| {
        let network = world.join_network("other");
        let hosts = "127.7.7.7 sweet-home.example\n::1 sweet-six.example\n";
        set_up_resolver(world, hosts);
        let named = UdpSocket::bind("127.7.7.7:5001").unwrap();
        let six = TcpListener::bind("[::1]:5002").unwrap();
        let (client, _server) = connect(&six);
        let server = network.inside(|| TcpListener::bind("10.9.0.2:5003").unwrap());
        let nameless = connect(&server).0;

        let begun = Instant::now();
        let rows = list(&["-a", "--resolve"]);
        // The system's own patience is ten seconds for each address.
        assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
        let row = find(&rows, named.local_addr().unwrap(), None);
        assert_eq!(row.text("network.local.name"), "sweet-home.example", "{row:?}");
        let (local, peer) = (client.local_addr().unwrap(), client.peer_addr().unwrap());
        let row = find(&rows, local, Some(peer));
        assert_eq!(row.text("network.peer.name"), "sweet-six.example", "{row:?}");
        let (local, peer) = (nameless.local_addr().unwrap(), nameless.peer_addr().unwrap());
        let row = find(&rows, local, Some(peer));
        let is_named = row.get("network.local.name").or(row.get("network.peer.name")).is_some();
        assert!(!is_named, "{row:?}");

        // For people, only what is listed is asked for: nothing to wait for here.
        let begun = Instant::now();
        let text = sockeye(&["-ua", "-r"]).out;
        assert!(text.contains("sweet-home.example:5001"), "{text}");
        assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
        for numeric in [&["-uan"][..], &["-uarn"], &["-ua", "--numeric-ports"]] {
            let text = sockeye(numeric).out;
            assert!(text.contains("127.7.7.7:5001"), "{numeric:?}: {text}");
        }
        let text = sockeye(&["-uar", "--numeric-ports"]).out;
        assert!(text.contains("sweet-home.example:5001"), "{text}");
        // Names are asked for where a filter needs them; a column alone asks nobody.
        let by_name = ["-ua", "--filter", "local.name = sweet-home.example"];
        assert_eq!(list(&by_name).len(), 1);
        assert_eq!(sockeye(&[&["-n"], &by_name[..]].concat()).status, Some(1));
        let every = sockeye(&["-ua", "--columns", "all", "-f", "csv"]).out;
        assert!(!every.contains("sweet-home"), "{every}");
    });
}

#[test]
fn names_do_not_reach_the_terminal_raw() {
    visit(|world| {
        world.join_network("other");
        set_up_resolver(world, "127.7.7.7 evil\u{1b}[2J\u{202e}\n");
        let _socket = UdpSocket::bind("127.7.7.7:5001").unwrap();
        for format in crate::output::FORMATS {
            let run = sockeye(&["-uar", "-f", format]);
            assert_eq!(run.status, Some(0), "{run:?}");
            assert!(!run.out.contains(['\u{1b}', '\u{202e}']), "{run:?}");
        }
    });
}
