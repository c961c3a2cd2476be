//! `--geo`: where remotes are, by a database of the test's own.

use std::fs;
use std::net::UdpSocket;
use std::path::PathBuf;

use mmdb_writer::{Value, Writer, ipnet::IpNet};

use crate::sockeye::{command, finish, list, sockeye};
use crate::world::{World, run, visit};

/// Writes a database in which `network` has `entries`.
fn database(world: &World, name: &str, network: &str, entries: &[(&str, Value)]) -> PathBuf {
    let mut writer = Writer::new("Test");
    let network: IpNet = network.parse().unwrap();
    writer.insert_value(network, Value::map(entries.iter().cloned())).unwrap();
    let path = world.dir.join(name);
    fs::write(&path, writer.to_bytes().unwrap()).unwrap();
    path
}

/// A UDP socket that is connected to `remote`, from an address that the world has.
fn connected(remote: &str) -> UdpSocket {
    let socket = UdpSocket::bind("45.0.0.100:0").unwrap();
    socket.connect(remote).unwrap();
    socket
}

#[test]
fn remotes_are_where_the_databases_say() {
    visit(|world| {
        run("ip", &["addr", "add", "45.0.0.100/16", "dev", "lo"]);
        let iso = Value::map([("iso_code", Value::String("DE".into()))]);
        let country = database(world, "country.mmdb", "45.0.1.0/24", &[("country", iso)]);
        let entries = [
            ("autonomous_system_number", Value::U32(64_496)),
            ("autonomous_system_organization", Value::String("Evil\u{1b}[2J Ltd".into())),
        ];
        let networks = database(world, "asn.mmdb", "45.0.0.0/8", &entries);
        let geo = format!("--geo={},{}", country.display(), networks.display());
        let _sockets = [connected("45.0.1.1:53"), connected("45.0.2.2:53")];
        let rows = list(&["-u", &geo]);
        let mut found: Vec<_> = rows
            .iter()
            .map(|row| {
                let number = row.number("network.peer.as.number");
                (row.text("network.peer.address"), row.text("network.peer.country"), number)
            })
            .collect();
        found.sort_unstable();
        assert_eq!(found, [("45.0.1.1", "DE", Some(64_496)), ("45.0.2.2", "", Some(64_496))]);
        let pid = std::process::id().to_string();
        let text = sockeye(&["inspect", &pid, &geo]).out;
        assert!(text.contains("country DE"), "{text}");
        let text = sockeye(&["-u", &geo]).out;
        assert!(text.contains("country DE") && text.contains("Evil\\u{1b}[2J Ltd"), "{text}");
        assert_eq!(list(&["-u", &geo, "--filter", "country = de and asn = 64496"]).len(), 1);
        assert_eq!(list(&["-u", &geo, "--filter", "as = evil* and no country"]).len(), 1);
        // Without a database nothing is there, and a filter that needs one says so.
        assert!(!sockeye(&["-uc"]).out.contains("country"));
        let run = sockeye(&["-u", "--filter", "country = DE"]);
        assert_eq!(run.status, Some(2), "{run:?}");
        assert!(run.err.contains("--geo FILE, or SOCKEYE_GEO=FILE"), "{run:?}");
        // From the environment, where something needs it.
        let with_variable =
            |args: &[&str]| finish(command(args).env("SOCKEYE_GEO", country.as_os_str()));
        assert_eq!(with_variable(&["-u", "--filter", "country = DE"]).status, Some(0));
        assert!(with_variable(&["-uc", "--columns", "country"]).out.contains("\nDE\n"));
        assert!(!with_variable(&["-uc"]).out.contains("country"));
        // A watch knows it too.
        let watch =
            ["watch", "--source=netlink", "--initial", "--count=1", "--for=10s", "-c", &geo];
        let run =
            sockeye(&[&watch[..], &["--filter", "country = DE", "--columns", "country"]].concat());
        assert_eq!(run.out, "network.peer.country\nDE\n", "{run:?}");
    });
}

#[test]
fn what_is_no_database_is_one_sentence() {
    visit(|world| {
        let garbage = world.dir.join("garbage.mmdb");
        fs::write(&garbage, [0xab; 4096]).unwrap();
        let pipe = world.dir.join("pipe.mmdb");
        run("mkfifo", &[pipe.to_str().unwrap()]);
        for (file, why) in [
            (garbage.to_str().unwrap(), "it is not in MaxMind's format (.mmdb)"),
            ("/nowhere.mmdb", "No such file or directory"),
            ("/dev/zero", "it is not a regular file"),
            (pipe.to_str().unwrap(), "it is not a regular file"),
            ("/", "it is not a regular file"),
        ] {
            let run = sockeye(&["-u", "--geo", file]);
            assert_eq!((run.status, run.out.as_str()), (Some(2), ""), "{run:?}");
            let expected = format!("sockeye: cannot read the database of places {file}: {why}\n");
            assert_eq!(run.err, expected);
        }
    });
}
