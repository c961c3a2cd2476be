//! What makes no sense is answered by one clear sentence and status 2, and never by a panic.

use crate::sockeye::{Run, sockeye};
use crate::world::scenario;

/// Checks that `args` are refused with `said`.
fn check(args: &[&str], said: &[&str]) {
    let Run { status, out, err } = sockeye(args);
    assert_eq!((status, out.as_str()), (Some(2), ""), "{args:?} {err}");
    assert!(!err.contains("panicked"), "{err}");
    for word in said {
        assert!(err.contains(word), "{args:?}: {word} is not in: {err}");
    }
}

scenario! {
    fn names_that_are_not_there(_world: &World) {
        check(&["--columns", "pidd"], &["there is no column `pidd`", "did you mean `pid`?"]);
        check(&["--columns", "pid,,local"], &["there is no column ``"]);
        check(&["--sort", "~rttt"], &["there is no column `rttt`", "`rtt`"]);
        check(&["-f", "tcpvcon", "--columns", "pid"], &["the layout of TCPVCon is fixed"]);
        check(&["--format", "xml"], &["xml", "jsonl"]);
        check(&["-c", "-f", "json"], &["cannot be used with"]);
    }
}
