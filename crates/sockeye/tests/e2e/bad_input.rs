//! What makes no sense is answered by one clear sentence and status 2, and never by a panic.

use crate::sockeye::{Run, sockeye};
use crate::world::visit;

/// Checks that `args` are refused with `said`.
fn check(args: &[&str], said: &[&str]) {
    let Run { status, out, err } = sockeye(args);
    assert_eq!((status, out.as_str()), (Some(2), ""), "{args:?} {err}");
    assert!(!err.contains("panicked"), "{err}");
    for word in said {
        assert!(err.contains(word), "{args:?}: {word} is not in: {err}");
    }
}

#[test]
fn names_that_are_not_there() {
    visit(|_world| {
        check(&["--columns", "pidd"], &["there is no column `pidd`", "did you mean `pid`?"]);
        check(&["--columns", "pid,,local"], &["there is no column ``"]);
        check(&["--sort", "~rttt"], &["there is no column `rttt`", "`rtt`"]);
        check(&["-f", "tcpvcon", "--columns", "pid"], &["the layout of TCPVCon is fixed"]);
        check(&["--format", "xml"], &["xml", "jsonl"]);
        check(&["-c", "-f", "json"], &["cannot be used with"]);
    });
}

/// The column, counted from 1, that the carets under the filter point at, and how many they are.
fn pointed_at(err: &str) -> (usize, usize) {
    let line = err.lines().find(|line| line.contains('^')).unwrap_or_else(|| panic!("{err}"));
    let count = line.matches('^').count();
    (line.find('^').unwrap() - 1, count)
}

#[test]
fn filters_that_make_no_sense_point_at_the_mistake() {
    visit(|_world| {
        let check = |filter: &str, (column, width), said: &str| {
            let Run { status, out, err } = sockeye(&["-a", "--filter", filter]);
            assert_eq!((status, out.as_str()), (Some(2), ""), "{filter}: {err}");
            assert!(err.contains(filter) && err.contains(said), "{filter}: {err}");
            assert_eq!(pointed_at(&err), (column, width), "{err}");
        };
        check("stat = x", (1, 4), "did you mean state?");
        check("tcp and lokal.port = 5", (9, 10), "did you mean local.port?");
        check("remote in 10.0.0.0/33", (11, 11), "0 to 32");
        check("remote = 300.1.1.1", (10, 9), "300.1.1.1");
        check("local.port = 65536", (14, 5), "65536");
        check("local.port in 9-5", (15, 3), "9-5");
        check("state = sleeping", (9, 8), "sleeping");
        check("tcp and (udp", (9, 1), "");
        check("tcp and", (8, 1), "");
    });
}

#[test]
fn absurd_words_are_only_names_that_nobody_has() {
    visit(|_world| {
        let long = "x".repeat(100_000);
        for word in ["4294967296", "99999999999999999999", "*?*?*?*?*?*?*?*", "\u{1b}[2J", &long] {
            let run = sockeye(&["-a", word]);
            assert_eq!((run.status, run.out.as_str()), (Some(1), ""), "{word:.20}: {}", run.err);
        }
        let deep = "(".repeat(30_000);
        check(&["--filter", &deep], &[]);
        check(&["--filter", &"not ".repeat(30_000)], &[]);
        check(&["--filter", "\u{1b}[2J = 1"], &[]);
        check(&["--filter", ""], &[]);
    });
}

#[test]
fn arguments_that_are_not_utf8_are_refused() {
    visit(|_world| {
        use std::os::unix::ffi::OsStrExt;
        let word = std::ffi::OsStr::from_bytes(b"\xff\xfe");
        let mut command = crate::sockeye::command(&["-a"]);
        let run = crate::sockeye::finish(command.arg(word));
        assert!(matches!(run.status, Some(1 | 2)), "{run:?}");
        assert!(!run.err.contains("panicked"), "{run:?}");
    });
}
