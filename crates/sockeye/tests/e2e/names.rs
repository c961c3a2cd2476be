//! `--dns` and the system's own way to DNS, with a server that answers, lies, is late or silent.

use std::fs;
use std::net::{TcpListener, UdpSocket};
use std::thread;
use std::time::{Duration, Instant};

use crate::dns::{NXDOMAIN, REFUSED, SERVFAIL, Server};
use crate::sockeye::{Row, command, find, list, sockeye};
use crate::watch::Watching;
use crate::world::{World, run, visit};

/// What a server is asked for the name of 198.51.100.`last`.
fn reverse(last: u8) -> String {
    format!("{last}.100.51.198.in-addr.arpa")
}

/// Gives this world addresses outside of 127.0.0.0/8, which are localhost to every resolver.
fn add_addresses() {
    run("ip", &["addr", "add", "198.51.100.100/24", "dev", "lo"]);
}

/// Sockets at 198.51.100.1 to 198.51.100.`count`.
fn sockets(count: u8) -> Vec<UdpSocket> {
    add_addresses();
    (1..=count).map(|last| UdpSocket::bind((format!("198.51.100.{last}"), 9999)).unwrap()).collect()
}

/// The names of the local sides of `rows`, where they have one.
fn names(rows: &[Row], sockets: &[UdpSocket]) -> Vec<String> {
    let name = |socket: &UdpSocket| {
        let row = find(rows, socket.local_addr().unwrap(), None);
        row.text("network.local.name").to_owned()
    };
    sockets.iter().map(name).collect()
}

#[test]
fn chosen_servers_are_asked_and_nobody_else() {
    visit(|_world| {
        let sockets = sockets(3);
        let server = Server::start("127.0.0.1:0", |question| {
            let first = question.name.split('.').next().unwrap();
            Some(question.named(&format!("host-{first}.example"), 60))
        });
        // The world has no way out: a first server that cannot be reached costs nothing.
        let both = format!("--dns=192.0.2.53,{}", server.address);
        for dns in [server.option(), both] {
            let begun = Instant::now();
            let rows = list(&["-ua", &dns]);
            let expected = ["host-1.example", "host-2.example", "host-3.example"];
            assert_eq!(names(&rows, &sockets)[..], expected, "{dns}");
            assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
        }
        let asked = server.names();
        // Only what is shown, and not the server's own address, which is localhost to everybody.
        assert_eq!(asked, [reverse(1), reverse(2), reverse(3)]);
        let text = sockeye(&["-ua", &server.option()]).out;
        assert!(text.contains("host-2.example:9999"), "{text}");
        let by_name = ["-ua", &server.option(), "--filter", "local.name = host-2.*"];
        assert_eq!(list(&by_name).len(), 1);
        // -n asks nobody, and says what that means for who wanted names.
        let before = server.count(&reverse(1));
        let run = sockeye(&[&by_name[..], &["-n"]].concat());
        assert_eq!((run.status, run.out.contains("host-2")), (Some(1), false), "{run:?}");
        assert!(run.err.contains("-n asks for no host names"), "{run:?}");
        assert_eq!(server.count(&reverse(1)), before);
        let six = Server::start("[::1]:0", |question| Some(question.named("six.example", 60)));
        assert_eq!(names(&list(&["-ua", &six.option()]), &sockets[..1]), ["six.example"]);
    });
}

#[test]
fn what_is_late_or_wrong_is_no_name_and_holds_nobody_up() {
    visit(|_world| {
        let sockets = sockets(9);
        let server = Server::start("127.0.0.1:0", |question| {
            let pause = |time| thread::sleep(Duration::from_millis(time));
            match question.name.as_str() {
                "1.100.51.198.in-addr.arpa" => pause(400),
                "2.100.51.198.in-addr.arpa" => return None,
                "3.100.51.198.in-addr.arpa" => return Some(question.answer(SERVFAIL, &[], &[])),
                "4.100.51.198.in-addr.arpa" => return Some(question.answer(REFUSED, &[], &[])),
                "5.100.51.198.in-addr.arpa" => return Some(question.nameless(60)),
                "6.100.51.198.in-addr.arpa" => return Some(question.misnumbered("liar.example")),
                "7.100.51.198.in-addr.arpa" => return Some(question.about_another("liar.example")),
                "8.100.51.198.in-addr.arpa" if !question.is_tcp => {
                    return Some(question.truncated());
                }
                "9.100.51.198.in-addr.arpa" => return Some(b"no message".to_vec()),
                _ => {}
            }
            Some(question.named("true.example", 60))
        });
        let begun = Instant::now();
        let rows = list(&["-ua", &server.option()]);
        let elapsed = begun.elapsed();
        assert!(elapsed > Duration::from_millis(1900), "silence is waited for: {elapsed:?}");
        assert!(elapsed < Duration::from_secs(4), "{elapsed:?}");
        let expected = ["true.example", "", "", "", "", "", "", "true.example", ""];
        assert_eq!(names(&rows, &sockets), expected);
    });
}

#[test]
fn a_server_that_closes_after_each_answer_is_connected_to_again() {
    visit(|_world| {
        let sockets = sockets(60);
        let server = Server::closing_after(1, "127.0.0.1:0", |question| {
            let first = question.name.split('.').next().unwrap();
            let name = format!("host-{first}.example");
            Some(if question.is_tcp { question.named(&name, 60) } else { question.truncated() })
        });
        let names = names(&list(&["-ua", &server.option()]), &sockets);
        let expected: Vec<_> = (1..=60).map(|last| format!("host-{last}.example")).collect();
        assert_eq!(names, expected);
    });
}

#[test]
fn a_name_that_reads_as_an_address_is_none() {
    visit(|_world| {
        let sockets = sockets(4);
        let server = Server::start("127.0.0.1:0", |question| {
            Some(match question.name.as_str() {
                "1.100.51.198.in-addr.arpa" => question.named("127.0.0.1", 60),
                "2.100.51.198.in-addr.arpa" => question.named("127.1", 60),
                "3.100.51.198.in-addr.arpa" => question.named_raw(b"\x09127.0.0.1\0", 60),
                _ => question.named("true.example", 60),
            })
        });
        let rows = list(&["-ua", &server.option()]);
        assert_eq!(names(&rows, &sockets), ["", "", "", "true.example"]);
    });
}

#[test]
fn a_filter_that_needs_names_says_how_many_had_no_answer() {
    visit(|_world| {
        let _sockets = sockets(4);
        let server = Server::start("127.0.0.1:0", |question| {
            Some(match question.name.as_str() {
                "1.100.51.198.in-addr.arpa" => question.answer(SERVFAIL, &[], &[]),
                "2.100.51.198.in-addr.arpa" => question.answer(REFUSED, &[], &[]),
                // That there is none is an answer, for how long or not.
                "3.100.51.198.in-addr.arpa" => question.answer(NXDOMAIN, &[], &[]),
                _ => question.named("true.example", 60),
            })
        });
        let dns = server.option();
        let filter = "--filter=local.name = true.example";
        let said = |args: &[&str]| {
            let run = sockeye(&[args, &[&dns]].concat());
            assert_eq!(run.status, Some(0), "{run:?}");
            run.err.lines().filter(|line| line.contains("host names not known")).count()
        };
        assert_eq!(said(&["-ua", "-c", filter]), 1);
        assert_eq!(said(&["inspect", filter]), 1);
        assert_eq!(said(&["-ua", "-c"]), 0);
        let run = sockeye(&["-ua", "-c", filter, &dns]);
        let note = "sockeye: note: 2 host names not known: nobody answered";
        assert!(run.err.contains(note), "{run:?}");
    });
}

#[test]
fn names_of_any_bytes_and_any_length_are_harmless() {
    visit(|_world| {
        let sockets = sockets(3);
        let server = Server::start("127.0.0.1:0", |question| {
            // 255 bytes is the longest name there is (RFC 1035 §2.3.4): labels of 63, 63, 63, 61.
            let long =
                [63, 63, 63, 61].map(|length| [&[length][..], &vec![b'x'; length.into()]].concat());
            match question.name.as_str() {
                "1.100.51.198.in-addr.arpa" => {
                    let label = "\x1b[2J\x07\r\n\u{202e}=cmd\"',\\";
                    let length = u8::try_from(label.len()).unwrap();
                    let name = [&[length], label.as_bytes(), b"\x07example\0"].concat();
                    Some(question.named_raw(&name, 60))
                }
                "2.100.51.198.in-addr.arpa" => {
                    Some(question.named_raw(&[&long.concat()[..], &[0]].concat(), 60))
                }
                // The root is no name of a host.
                _ => Some(question.named_raw(&[0], 60)),
            }
        });
        let names = names(&list(&["-ua", &server.option()]), &sockets);
        assert!(names[0].ends_with(".example"), "{names:?}");
        assert_eq!((names[1].len(), names[2].as_str()), (253, ""));
        for format in crate::output::FORMATS {
            let run = sockeye(&["-ua", &server.option(), "-f", format]);
            assert_eq!(run.status, Some(0), "{run:?}");
            assert!(!run.out.contains(['\u{1b}', '\u{7}', '\r', '\u{202e}']), "{run:?}");
        }
    });
}

#[test]
fn a_watch_asks_again_when_an_answer_has_run_out() {
    visit(|_world| {
        let server = Server::start("127.0.0.1:0", |question| {
            Some(match question.name.as_str() {
                "1.100.51.198.in-addr.arpa" => question.named("short.example", 1),
                "2.100.51.198.in-addr.arpa" => question.named("long.example", 600),
                "3.100.51.198.in-addr.arpa" => question.nameless(1),
                "4.100.51.198.in-addr.arpa" => question.nameless(600),
                _ => question.answer(SERVFAIL, &[], &[]),
            })
        });
        let dns = server.option();
        add_addresses();
        let mut command = command(&["watch", "--source=netlink", "--interval=100ms", "-tl", &dns]);
        let mut watching = Watching::of(command.args(["--columns", "action,local"])).unwrap();
        let mut listen = |last: u8, shown: &str| {
            let listener = TcpListener::bind((format!("198.51.100.{last}"), 9)).unwrap();
            assert_eq!(watching.line(), format!("listening  {shown}:discard"));
            drop(listener);
        };
        let shown =
            ["short.example", "long.example", "198.51.100.3", "198.51.100.4", "198.51.100.5"];
        for round in 0..2 {
            for (last, shown) in (1..).zip(shown) {
                listen(last, shown);
            }
            // There is nothing to wait for but the clock.
            thread::sleep(Duration::from_millis(if round == 0 { 1100 } else { 0 }));
        }
        let counts = [1, 2, 3, 4].map(|last| server.count(&reverse(last)));
        assert!(counts[0] >= 2 && counts[2] >= 2, "{counts:?}");
        assert_eq!((counts[1], counts[3]), (1, 1), "{counts:?}");
        watching.end_by(rustix::process::Signal::INT);
    });
}

/// Lets the system's resolver ask the hosts file, then the server at 127.0.0.1 on DNS's own port.
fn set_up_system(world: &World, hosts: &str) {
    let etc = world.dir.join("etc");
    fs::create_dir(&etc).unwrap();
    fs::write(etc.join("hosts"), hosts).unwrap();
    fs::write(etc.join("nsswitch.conf"), "hosts: files dns\n").unwrap();
    fs::write(etc.join("resolv.conf"), "nameserver 127.0.0.1\noptions attempts:1\n").unwrap();
    let _no_matter = fs::copy("/etc/passwd", etc.join("passwd"));
    run("mount", &["--bind", etc.to_str().unwrap(), "/etc"]);
}

#[test]
fn the_system_asks_what_it_is_set_up_to_ask() {
    visit(|world| {
        set_up_system(world, "198.51.100.1 home.example\n");
        let sockets = sockets(3);
        let server = Server::start("127.0.0.1:53", |question| {
            Some(match question.name.as_str() {
                "2.100.51.198.in-addr.arpa" => question.named("by-dns.example", 1),
                "3.100.51.198.in-addr.arpa" => question.answer(SERVFAIL, &[], &[]),
                _ => question.nameless(1),
            })
        });
        let rows = list(&["-ua", "-r"]);
        assert_eq!(names(&rows, &sockets), ["home.example", "by-dns.example", ""]);
        assert_eq!(server.count(&reverse(1)), 0, "the hosts file comes first");
        // Chosen servers are asked for everything.
        let rows = list(&["-ua", "--dns=127.0.0.1"]);
        assert_eq!(names(&rows, &sockets), ["", "by-dns.example", ""]);
        assert_eq!(server.count(&reverse(1)), 1);
    });
}

#[test]
fn a_failure_of_the_system_is_tried_again_and_an_answer_is_not() {
    visit(|world| {
        set_up_system(world, "");
        let server = Server::start("127.0.0.1:53", |question| {
            Some(match question.name.as_str() {
                "1.100.51.198.in-addr.arpa" => question.answer(SERVFAIL, &[], &[]),
                _ => question.nameless(1),
            })
        });
        add_addresses();
        let mut command = command(&["watch", "--source=netlink", "--interval=100ms", "-tlr"]);
        let mut watching = Watching::of(command.args(["--columns", "action,local"])).unwrap();
        let mut counts = |seconds: u64| {
            for last in [1, 2] {
                let address = format!("198.51.100.{last}");
                let listener = TcpListener::bind((address.as_str(), 9)).unwrap();
                assert_eq!(watching.line(), format!("listening  {address}:discard"));
                drop(listener);
            }
            thread::sleep(Duration::from_secs(seconds));
            [server.count(&reverse(1)), server.count(&reverse(2))]
        };
        let first = counts(5);
        assert_eq!(first[1], 1);
        let second = counts(0);
        assert!(second[0] > first[0], "{first:?} {second:?}");
        assert_eq!(second[1], 1, "that there is none holds for a minute");
        watching.end_by(rustix::process::Signal::INT);
    });
}
