//! Dumps: what was seen is seen again from a file, under other names if so wished, and what is
//! damaged is refused.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::net::{IpAddr, SocketAddrV6, TcpListener, TcpStream, UdpSocket};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::output::FORMATS;
use crate::sockeye::{BINARY, Row, Run, command, finish, rows, sockeye};
use crate::udp::index_of;
use crate::unprivileged::{as_nobody, has_nobody, nobody_holding};
use crate::world::{Process, World, connect, eventually, run, share, visit};

/// Names of the scenario.
const NAMES: [&str; 4] = ["acme-lab", "billing-daemon", "hunter2", "scenario"];
/// Addresses of the scenario.
const ADDRESSES: [&str; 5] = ["10.9.0.1", "10.9.0.2", "127.7.7.7", "fe80::1", "fe80::2"];

/// Endpoints of every kind, in two networks, that do not change.
struct Quiet {
    /// What holds them.
    _held: Vec<Box<dyn Any>>,
    /// The process that lives in the other network.
    daemon: Process,
}

impl Quiet {
    fn make(world: &World) -> Self {
        let network = world.join_network(NAMES[0]);
        let listener = network.inside(|| TcpListener::bind("10.9.0.2:4431").unwrap());
        let mut daemon = Command::new(world.copy_program("/bin/sleep", NAMES[1]));
        daemon.arg0("--token=hunter2").arg("1000").stdin(share(&listener));
        let daemon = network.inside(|| Process::start(&mut daemon));
        let scoped = network.inside(|| bind_scoped("fe80::2", "there"));
        drop(connect(&listener)); // Leaves a TIME-WAIT.
        let across = connect(&listener);
        let dual = TcpListener::bind("[::]:4432").unwrap();
        let mapped = (TcpStream::connect("127.7.7.7:4432").unwrap(), dual.accept().unwrap());
        let udp = UdpSocket::bind("127.7.7.7:4433").unwrap();
        udp.connect("127.7.7.8:53").unwrap();
        let theirs: Box<dyn Any> = match bind_scoped("fe80::1", "here") {
            socket if has_nobody(world) => Box::new(nobody_holding(socket)),
            socket => Box::new(socket),
        };
        let held: [Box<dyn Any>; 3] =
            [Box::new((listener, across, dual, mapped)), Box::new((scoped, udp)), theirs];
        eventually("quiet", || sockeye(&["-t"]).out.contains("TIME-WAIT").then_some(()));
        Self { _held: held.into(), daemon }
    }
}

/// A socket at a link-local address.
fn bind_scoped(address: &str, interface: &str) -> UdpSocket {
    let address = address.parse().unwrap();
    UdpSocket::bind(SocketAddrV6::new(address, 4434, 0, index_of(interface))).unwrap()
}

/// Makes a dump called `name`; gives back its path.
fn dump(world: &World, name: &str, options: &[&str]) -> String {
    let path = path_of(world, name);
    let run = sockeye(&[&["dump", &path], options].concat());
    assert_eq!((run.status, run.out.as_str()), (Some(0), ""), "{run:?}");
    assert!(run.err.starts_with("sockeye: dumped "), "{run:?}");
    path
}

/// A file of the scenario.
fn path_of(world: &World, name: &str) -> String {
    world.dir.join(name).into_os_string().into_string().unwrap()
}

/// Lists what the dump at `path` holds.
fn replay(path: &str, args: &[&str]) -> Run {
    sockeye(&[&["list", "--replay", path], args].concat())
}

/// Every value of every endpoint, those with a cookie in its order.
const EVERYTHING: [&str; 7] = ["-am", "-f", "jsonl", "--columns", "all", "--sort", "cookie"];

/// The rows without what differs between looking and looking again.
fn lasting(run: &Run) -> Vec<Value> {
    let lasting = |Row(mut row)| {
        let removed = row.as_object_mut().unwrap().remove("time");
        assert!(removed.is_some_and(|time| time.is_string()), "{row}");
        row["observer"].as_object_mut().unwrap().remove("source").unwrap();
        // Of a dump's images nobody can be asked any more whose they are.
        row["process"].as_object_mut().unwrap().remove("package");
        row
    };
    rows(&run.out).into_iter().map(lasting).collect()
}

#[test]
fn a_replay_shows_what_was_there() {
    visit(|world| {
        let quiet = Quiet::make(world);
        let file = dump(world, "x.dump", &[]);
        let live = lasting(&sockeye(&EVERYTHING));
        assert_eq!(live.len(), 10, "{live:#?}");
        assert_eq!(lasting(&replay(&file, &EVERYTHING)), live);
        let line = format!("{BINARY} dump - | {BINARY} {} --replay -", EVERYTHING.join(" "));
        assert_eq!(lasting(&finish(Command::new("sh").args(["-c", &line]))), live);

        let check = |args: &[&str], status| {
            let (live, again) = (sockeye(args), replay(&file, args));
            assert_eq!((live.status, again.status), (Some(status), Some(status)), "{args:?}");
            assert_eq!(again.out, live.out, "{args:?}");
            // A dump holds the tables' answers; what the programs in the kernel say is the same.
            let said = ["sock_diag", "ebpf"].iter().fold(live.err, |e, w| e.replace(w, "replay"));
            assert_eq!(again.err, said, "{args:?}");
        };
        for format in ["text", "table", "tcpvcon", "tcpvcon-csv"] {
            check(&["-a", "-f", format], 0);
        }
        let columns = "proto,state,direction,local,remote,netns,interface,pid,ppid,started,fd,\
                       inode,cookie,uid,user,process,path,command,owners,missing,cgroup,rtt,\
                       sent.bytes,backlog";
        for format in ["text", "table", "csv", "json", "jsonl"] {
            check(&["-a", "-f", format, "--sort", "~cookie", "--columns", columns], 0);
        }
        for scope in ["", "-l", "-t", "-ta", "-ua", "-4a", "-6a", "-6l", "-am", "-anp", "-t6l"] {
            let scope: &[&str] = if scope.is_empty() { &[] } else { &[scope] };
            check(scope, 0);
        }
        let pid = quiet.daemon.pid().to_string();
        for netns in ["self", "all", "acme-lab", &pid] {
            check(&["-a", "--netns", netns], 0);
        }
        check(&["-a", "billing-*"], 0);
        check(&["-a", &pid], 0);
        check(&["-a", "no-such-process"], 1);
        for (filter, status) in [
            ("local in 10.9.0.0/24 and state = time_wait", 0),
            ("netns = acme-lab and process = billing-daemon", 0),
            ("udp and not remote = 127.7.7.8 or local = fe80::1", 0),
            ("local.port = 4431 and remote.port > 65000 and user = nobody", 1),
        ] {
            check(&["-a", "--filter", filter], status);
        }
    });
}

/// Every value in `value`, below what it is.
fn values<'a>(what: &str, value: &'a Value, found: &mut Vec<(String, &'a Value)>) {
    match value {
        Value::Object(members) => {
            members
                .iter()
                .for_each(|(name, value)| values(&format!("{what}.{name}"), value, found));
        }
        Value::Array(items) => items.iter().for_each(|item| values(what, item, found)),
        _ => {
            // Both sides are addresses, and owners are processes.
            let what = what.replace(".peer.", ".local.").replace(".owners.", ".");
            found.push((what, value));
        }
    }
}

/// How the bytes of `address` stand in netlink's answers, and how in the tables of /proc.
fn digits(address: &str) -> [String; 2] {
    let bytes = match address.parse().unwrap() {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    };
    let swapped: Vec<u8> = bytes.chunks(4).flat_map(|word| word.iter().rev()).copied().collect();
    [hex(&bytes), hex(&swapped)]
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What of the scenario's names and addresses stands in `dump`, as text or in hexadecimal digits.
fn told_by(dump: &str) -> BTreeSet<&'static str> {
    let text = dump.to_lowercase().replace("\n    |", "");
    let is_told = |form: &String| text.contains(form);
    let names = NAMES
        .into_iter()
        .filter(|name| [name.to_string(), hex(name.as_bytes())].iter().any(is_told));
    let addresses = ADDRESSES.into_iter().filter(|address| digits(address).iter().any(is_told));
    names.chain(addresses).collect()
}

#[test]
fn an_anonymous_dump_tells_nobody_and_joins_the_same() {
    visit(|world| {
        let _quiet = Quiet::make(world);
        let plain = dump(world, "plain.dump", &[]);
        let masked = dump(world, "masked.dump", &["--anonymize"]);
        let [told, still_told] =
            [&plain, &masked].map(|path| told_by(&fs::read_to_string(path).unwrap()));
        assert_eq!(told.len(), NAMES.len() + ADDRESSES.len(), "{told:?}");
        assert_eq!(still_told, BTreeSet::new());

        let [plain, masked] = [plain, masked].map(|path| lasting(&replay(&path, &EVERYTHING)));
        assert_eq!(plain.len(), masked.len());
        let (mut there, mut back) = (BTreeMap::new(), BTreeMap::new());
        for (plain, masked) in plain.iter().zip(&masked) {
            let (mut from, mut to) = (Vec::new(), Vec::new());
            values("", plain, &mut from);
            values("", masked, &mut to);
            assert_eq!(from.len(), to.len(), "{plain} {masked}");
            for ((what, from), (same, to)) in from.into_iter().zip(to) {
                assert_eq!(what, same);
                if from.is_number() && what != ".process.user.id" {
                    assert_eq!(from, to, "{what}");
                }
                let (from, to) = (from.to_string(), to.to_string());
                assert_eq!(*there.entry((what.clone(), from.clone())).or_insert(to.clone()), to);
                assert_eq!(*back.entry((what, to)).or_insert(from.clone()), from);
            }
        }
        let loopback = (".network.local.address".to_owned(), "\"127.7.7.7\"".to_owned());
        assert!(there[&loopback].starts_with("\"127."), "the kind of address stays: {there:#?}");
    });
}

/// Checks that `run` was refused by one sentence in which `said` stands.
fn check_refused(run: &Run, said: &[&str]) {
    assert_eq!((run.status, run.out.as_str()), (Some(2), ""), "{run:?}");
    assert!(run.err.starts_with("sockeye: ") && !run.err.contains("panicked"), "{run:?}");
    assert_eq!((run.err.lines().count(), run.err.ends_with('\n')), (1, true), "{run:?}");
    for part in said {
        assert!(run.err.contains(part), "{part}: {run:?}");
    }
}

/// Permissions of the file at `path`.
fn mode(path: impl AsRef<Path>) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_dump_is_a_new_file_for_its_owner() {
    visit(|world| {
        let _socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let check = |umask: &str, options: &str, expected| {
            let path = path_of(world, "x.dump");
            run("sh", &["-c", &format!("umask {umask}; exec {BINARY} dump {options} {path}")]);
            assert_eq!(mode(&path), expected, "{umask} {options}");
            fs::remove_file(path).unwrap();
        };
        check("022", "", 0o600);
        check("000", "", 0o600);
        check("000", "--anonymize", 0o666);
        check("027", "--anonymize", 0o640);

        let there = |name: &str| path_of(world, name);
        fs::write(there("file"), "precious").unwrap();
        fs::create_dir(there("directory")).unwrap();
        symlink(there("nowhere"), there("link")).unwrap();
        for path in [&there("file"), &there("directory"), &there("link"), "/dev/full"] {
            for options in [&[][..], &["--anonymize"]] {
                let run = sockeye(&[&["dump", path], options].concat());
                check_refused(&run, &[path, "it exists already"]);
            }
        }
        assert_eq!(fs::read_to_string(there("file")).unwrap(), "precious");
        assert_eq!(fs::read_dir(&world.dir).unwrap().count(), 3, "and nothing else was made");
    });
}

#[test]
fn a_dump_that_cannot_be_written_leaves_nothing() {
    visit(|world| {
        let _sockets: Vec<_> = (0..50).map(|_| UdpSocket::bind("127.0.0.1:0").unwrap()).collect();
        let missing = path_of(world, "no/such.dump");
        check_refused(&sockeye(&["dump", &missing]), &[&missing, "No such file or directory"]);
        let full = path_of(world, "full");
        fs::create_dir(&full).unwrap();
        run("mount", &["-t", "tmpfs", "-o", "size=4k", "tmpfs", &full]);
        let path = format!("{full}/x.dump");
        check_refused(&sockeye(&["dump", &path]), &[&path, "No space left on device"]);
        assert_eq!(fs::read_dir(&full).unwrap().count(), 0);
        let mut to_full = command(&["dump", "-"]);
        let device = File::options().write(true).open("/dev/full").unwrap();
        let run = finish(to_full.stdout(device));
        check_refused(&run, &["cannot write to standard output", "No space left on device"]);
        let path = path_of(world, "x.dump");
        if let Some(run) = as_nobody(world, &["dump", &path]) {
            check_refused(&run, &[&path, "Permission denied"]);
            assert!(!Path::new(&path).exists());
        }
    });
}

/// The dumps that come with the source.
fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/dumps")
}

#[test]
fn every_kind_of_damage_is_named_with_its_line() {
    visit(|_world| {
        let entries = fs::read_dir(fixtures()).unwrap().map(|entry| entry.unwrap().path());
        let is_bad =
            |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().starts_with("bad-");
        let paths: Vec<_> = entries.filter(is_bad).collect();
        assert!(paths.len() > 7, "{paths:?}");
        for path in &paths {
            let path = path.to_str().unwrap();
            for format in FORMATS {
                let said = format!("cannot read {path}: line ");
                check_refused(&replay(path, &["-a", "-f", format]), &[&said]);
            }
        }
    });
}

#[test]
fn what_is_no_dump_is_refused() {
    visit(|world| {
        let path = |name: &str| path_of(world, name);
        let not_one = "line 1 is not `sockeye dump 1`: this is no dump";
        // Lines without an end, in files that are mostly holes: read whole they would not fit.
        for (name, begin, said) in
            [("long", "", not_one), ("later", "sockeye dump 1\n", "line 2 is longer")]
        {
            let mut file = File::create(path(name)).unwrap();
            file.write_all(begin.as_bytes()).unwrap();
            file.seek(SeekFrom::Start(1 << 30)).unwrap();
            file.write_all(b"\n").unwrap();
            let line = format!("ulimit -v 500000; exec {BINARY} -a --replay {}", path(name));
            check_refused(&finish(Command::new("sh").args(["-c", &line])), &[said]);
        }
        check_refused(&replay(&path("nothing"), &["-a"]), &["nothing: No such file or directory"]);
        let dir = path("");
        check_refused(&replay(&dir, &[]), &[&dir, "Is a directory"]);
        fs::write(path("empty"), "").unwrap();
        fs::write(path("evil"), "sockeye dump 1\nby \u{1b}[2J\n").unwrap();
        for name in [&path("empty"), BINARY, "/dev/null", "/dev/zero"] {
            check_refused(&replay(name, &["-a"]), &[name, not_one]);
        }
        let evil = replay(&path("evil"), &[]);
        check_refused(&evil, &["line 2 holds bytes that are no text"]);
        let line = format!("head -c 200000000 /dev/zero | {BINARY} -a --replay -");
        check_refused(&finish(Command::new("sh").args(["-c", &line])), &[not_one]);
    });
}

/// Writes `bytes` as a dump and lists it; whatever is shown has owners or reasons.
fn replay_damaged(world: &World, bytes: &[u8], format: &str) -> Run {
    let path = path_of(world, "damaged.dump");
    fs::write(&path, bytes).unwrap();
    let run = replay(&path, &["-a", "-f", format]);
    if run.status == Some(2) {
        check_refused(&run, &["damaged.dump: line "]);
    } else {
        assert!(!run.err.contains("panicked"), "{run:?}");
        assert!(!run.out.contains(|c: char| c.is_control() && c != '\n'), "{run:?}");
        let jsonl = if format == "jsonl" { &*run.out } else { "" };
        rows(jsonl).iter().for_each(|row| drop(row.pids()));
    }
    run
}

#[test]
fn damage_anywhere_is_refused_or_shown_as_what_it_is() {
    visit(|world| {
        let _quiet = Quiet::make(world);
        let good = fs::read(dump(world, "good.dump", &[])).unwrap();
        let is_digit = |at: &usize| good[*at].is_ascii_hexdigit();
        let digits: Vec<usize> = (0..good.len()).filter(is_digit).collect();
        let mut shown = 0;
        for n in 0..60 {
            let format = FORMATS[n % FORMATS.len()];
            let cut = replay_damaged(world, &good[..n * good.len() / 60], format);
            check_refused(&cut, &[]);
            let mut flipped = good.clone();
            flipped[n * good.len() / 60] ^= 1 << (n % 8);
            replay_damaged(world, &flipped, format);
            let mut wrong = good.clone();
            wrong[digits[n * digits.len() / 60]] = b"0f"[n % 2];
            shown += usize::from(replay_damaged(world, &wrong, format).status == Some(0));
        }
        assert!(shown > 30, "another digit is mostly another value: {shown}");
    });
}

#[test]
fn an_answer_cut_short_hides_no_other_row() {
    visit(|world| {
        let odd = fixtures().join("odd-cut-rows.dump");
        let run = replay(odd.to_str().unwrap(), &["-a", "-f", "jsonl"]);
        assert_eq!((run.status, rows(&run.out).len()), (Some(0), 1), "{run:?}");
        assert!(run.err.starts_with("sockeye: note: 1 malformed answer passed over"), "{run:?}");

        let _quiet = Quiet::make(world);
        let text = fs::read_to_string(dump(world, "good.dump", &[])).unwrap();
        let whole = rows(&replay(&path_of(world, "good.dump"), &EVERYTHING).out);
        let (before, answer) = text.split_once("  netlink tcp\n").unwrap();
        let is_hex = |line: &&str| line.starts_with("    |");
        let hex: String = answer.lines().take_while(is_hex).map(|line| &line[5..]).collect();
        let after: Vec<_> = answer.lines().skip_while(is_hex).collect();
        for dropped in [1, 2, 40, 100, 200, 300] {
            let hex = &hex[..hex.len() - 2 * dropped];
            let cut = format!("{before}  netlink tcp\n|{hex}\n{}\n", after.join("\n"));
            let run = replay_damaged(world, cut.as_bytes(), "jsonl");
            assert_eq!(run.status, Some(0), "{run:?}");
            let rows = rows(&run.out);
            assert_eq!(rows.len(), whole.len() - 1, "all but the last: {dropped}");
            let is_known = |row: &Row| whole.iter().any(|known| known.seen() == row.seen());
            assert!(rows.iter().all(is_known), "{rows:#?}");
            assert!(run.err.contains("1 malformed answer passed over"), "{run:?}");
        }
    });
}
