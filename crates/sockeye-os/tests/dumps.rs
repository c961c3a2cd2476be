//! Dump files and fuzz seeds in `fixtures/` give what they must give.

use std::fs;
use std::path::{Path, PathBuf};

#[cfg(target_endian = "little")]
use sockeye_core::{Degradation, Endpoint, Snapshot, State};
use sockeye_os::dump::read_file;
use sockeye_os::{Kind, Wants, fuzzing};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures").join(name)
}

#[cfg(target_endian = "little")]
fn replay(name: &str) -> Snapshot {
    read_file(&fixture("dumps").join(name), &Wants::EVERYTHING).expect("the fixture reads")
}

#[test]
#[cfg(target_endian = "little")]
fn a_busy_machine_is_replayed() {
    let snapshot = replay("busy.dump");
    let count = |is_such: &dyn Fn(&Endpoint) -> bool| {
        let found = snapshot.endpoints.iter().filter(|e| is_such(e));
        found.count()
    };
    let check = |state, expected| assert_eq!(count(&|e| e.state == state), expected, "{state:?}");
    check(Some(State::Listen), 5);
    check(Some(State::Established), 8);
    check(Some(State::CloseWait), 2);
    check(Some(State::FinWait2), 2);
    check(Some(State::TimeWait), 1);
    check(None, 3);
    assert_eq!(count(&|_| true), 21);
    let is_shared = |e: &Endpoint| e.is_listener() && e.owners.as_slice().len() == 4;
    assert_eq!(count(&is_shared), 1, "a forked listener");
    let is_mapped = |e: &Endpoint| e.socket.is_ipv6 && e.local.is_ipv4();
    assert!(count(&is_mapped) > 0);
    assert!(count(&|e| e.metrics.is_some()) > 0);
    assert_eq!(snapshot.namespaces.len(), 2);
    assert_eq!(snapshot.degradations, []);
    let users = snapshot.processes.values().filter_map(|p| p.user_id);
    let mut users: Vec<u32> = users.collect();
    users.sort_unstable();
    assert_eq!(users, [0, 0, 0, 1001]);
}

#[test]
#[cfg(target_endian = "little")]
fn a_dump_of_windows_is_replayed() {
    let snapshot = replay("windows.dump");
    let told: Vec<_> = snapshot.endpoints.iter().map(|e| (e.local.to_string(), e.state)).collect();
    let expected =
        [("127.0.0.1:8099".to_owned(), Some(State::Listen)), ("127.0.0.1:34613".to_owned(), None)];
    assert_eq!(told, expected);
    let owner = snapshot.endpoints[1].owners.as_slice().first().unwrap();
    let process = &snapshot.processes[&owner.process];
    assert_eq!((process.id.pid, &*process.name), (32, "name1.exe"));
    assert_eq!(snapshot.user_name(process.user_id.unwrap()), Some("user1"));
    assert_eq!(snapshot.degradations, []);
}

#[test]
#[cfg(target_endian = "little")]
fn a_dump_by_hand_is_replayed() {
    let snapshot = replay("small.dump");
    let states: Vec<_> = snapshot.endpoints.iter().map(|e| e.state).collect();
    assert_eq!(states, [Some(State::Listen), Some(State::Established)]);
    let process = snapshot.processes.values().next().unwrap();
    assert_eq!(process.path.as_deref(), Ok("/usr/sbin/nginx"));
    assert_eq!(process.command_line.as_deref(), Ok("nginx: worker process"));
    assert_eq!(snapshot.user_name(33), Some("www-data"));
}

#[test]
#[cfg(target_endian = "little")]
fn rows_that_are_cut_hide_no_other() {
    let snapshot = replay("odd-cut-rows.dump");
    // The attribute that is cut is left out; its socket is the first one again and shown once.
    assert_eq!(snapshot.endpoints.len(), 1);
    let [Degradation::Malformed { count: 1, .. }] = snapshot.degradations.as_slice() else {
        panic!("{:?}", snapshot.degradations);
    };
}

#[test]
#[cfg(target_endian = "little")]
fn bad_dumps_are_refused_in_one_sentence() {
    let check = |name: &str, expected: &str| {
        let path = fixture("dumps").join(name);
        let error = read_file(&path, &Wants::EVERYTHING).unwrap_err();
        assert_eq!(error.kind, Kind::Malformed, "{name}");
        let expected = format!("cannot read {}: line {expected}", path.display());
        assert_eq!(error.to_string(), expected);
    };
    let cut =
        |what: &str| format!("{what}: the dump was cut short; copy it again, or make a new one");
    let damaged =
        |what: &str| format!("{what}: the dump is damaged; copy it again, or make a new one");
    check("bad-cut.dump", &cut("26 is the last one, and that is not `end`"));
    check("bad-cut-in-line.dump", &cut("31 has no end"));
    check(
        "bad-version.dump",
        "1 says version 2, and this Sockeye reads version 1: read it with the Sockeye that wrote it",
    );
    check(
        "bad-byte-order.dump",
        "3 says that a big-endian machine wrote it: replay it on one, this is little-endian",
    );
    check("bad-word.dump", &damaged("29 begins with `sokcet`, which has no place there"));
    check("bad-number.dump", &damaged("18 is not of the form `process PID START PARENT NAME`"));
    check("bad-escape.dump", &damaged("23 holds a backslash that escapes nothing"));
    check(
        "bad-no-dump.txt",
        "1 is not `sockeye dump 1`: this is no dump; `sockeye dump FILE` makes one",
    );
}

#[test]
fn a_dump_that_is_not_there_is_named() {
    let error = read_file(Path::new("/nowhere/x.dump"), &Wants::EVERYTHING).unwrap_err();
    assert_eq!(error.kind, Kind::Vanished);
    let said = error.to_string();
    assert!(said.starts_with("cannot open /nowhere/x.dump: "), "{said}");
}

/// What a seed holds: `.hex` is bytes as digits.
fn seed_bytes(path: &Path) -> Vec<u8> {
    let bytes = fs::read(path).expect("the seed can be read");
    if path.extension().is_none_or(|extension| extension != "hex") {
        return bytes;
    }
    let digits: Vec<u8> = bytes.into_iter().filter(u8::is_ascii_hexdigit).collect();
    let pairs =
        digits.chunks_exact(2).map(|pair| std::str::from_utf8(pair).expect("digits are ASCII"));
    pairs.map(|pair| u8::from_str_radix(pair, 16).expect("digits are a number")).collect()
}

#[test]
fn every_seed_keeps_the_invariants_wherever_it_is_cut() {
    let check = |directory: &str, target: fn(&[u8])| {
        let seeds = fs::read_dir(fixture("fuzz").join(directory)).unwrap();
        let seeds: Vec<_> = seeds.map(|seed| seed.unwrap().path()).collect();
        assert!(!seeds.is_empty(), "{directory}");
        for seed in seeds {
            let bytes = seed_bytes(&seed);
            (0..=bytes.len()).for_each(|end| target(&bytes[..end]));
        }
    };
    check("netlink", fuzzing::netlink);
    check("dump", fuzzing::dump);
    check("proc", fuzzing::process);
    check("proc_net", fuzzing::proc_net);
}
