//! What happens while somebody watches is told once, with what it happened to.

use std::io::{BufRead, BufReader, Lines};
use std::net::{TcpListener, UdpSocket};
use std::os::fd::AsFd;
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};

use rustix::net::sockopt::socket_cookie;
use rustix::process::{Pid, Signal, kill_process};

use crate::sockeye::{Row, Run, command, sockeye};
use crate::unprivileged::has_nobody;
use crate::world::{Process, connect, eventually, run, visit};

/// A watch in progress; it has taken its first look.
pub(crate) struct Watching {
    child: Child,
    out: Lines<BufReader<ChildStdout>>,
    err: BufReader<ChildStderr>,
}

impl Watching {
    /// Starts `sockeye watch` by polling with `args` and waits until it watches.
    fn start(args: &[&str]) -> Self {
        Self::start_by("netlink", args).unwrap()
    }

    /// Starts `sockeye watch` by `source`; else the reason why that cannot be.
    fn start_by(source: &str, args: &[&str]) -> Result<Self, String> {
        let usual = ["watch", "--source", source, "--netns", "self", "--interval", "100ms"];
        Self::of(&mut command(&[&usual, args].concat()))
    }

    /// Starts `command`, which watches; else the reason why it cannot.
    pub(crate) fn of(command: &mut Command) -> Result<Self, String> {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut err = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        while !line.contains("watching") {
            if err.read_line(&mut line).unwrap() == 0 {
                assert_eq!(child.wait().unwrap().code(), Some(2), "{line}");
                return Err(line);
            }
        }
        Ok(Self { child, out, err })
    }

    /// The next line.
    pub(crate) fn line(&mut self) -> String {
        self.out.next().expect("one more line").unwrap()
    }

    /// The next line of JSON.
    pub(crate) fn row(&mut self) -> Row {
        Row(serde_json::from_str(&self.line()).unwrap())
    }

    /// Lines of JSON up to the first with this action and cookie, which is the last of them.
    pub(crate) fn until(&mut self, action: &str, cookie: u64) -> Row {
        loop {
            let row = self.row();
            if row.text("event.action") == action && row.number("socket.cookie") == Some(cookie) {
                return row;
            }
        }
    }

    /// Asks it to end by `signal`; the rest of what it printed.
    pub(crate) fn end_by(self, signal: Signal) -> Run {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, signal).unwrap();
        self.finish()
    }

    /// Waits for its end; the rest of what it printed.
    fn finish(mut self) -> Run {
        let out: Vec<String> = self.out.map(Result::unwrap).collect();
        let mut err = String::new();
        std::io::Read::read_to_string(&mut self.err, &mut err).unwrap();
        Run { status: self.child.wait().unwrap().code(), out: out.join("\n"), err }
    }
}

/// The kernel's own number of `socket`.
pub(crate) fn cookie(socket: impl AsFd) -> u64 {
    socket_cookie(socket).unwrap()
}

#[test]
fn what_opens_and_closes_is_told_by_cookie_with_its_owner() {
    visit(|world| {
        for (source, told) in [("netlink", "sock_diag"), ("ebpf", "ebpf")] {
            match Watching::start_by(source, &["--format", "jsonl"]) {
                Ok(watching) => check_told_by_cookie(watching, told),
                Err(reason) => world.skip(&format!("{source}: {}", reason.trim())),
            }
        }
    });
}

#[test]
fn users_and_networks_that_come_later_are_told_by_name() {
    visit(|world| {
        if !has_nobody(world) {
            return;
        }
        // Other tests' networks are there as well.
        let ours = "reason = refused and remote.port = 9";
        let args = ["watch", "--source", "ebpf", "--netns", "all", "-f", "jsonl", "--filter", ours];
        let mut watching = match Watching::of(&mut command(&args)) {
            Ok(watching) => watching,
            Err(reason) => return world.skip(reason.trim()),
        };
        run("ip", &["netns", "add", "later"]);
        run("ip", &["-n", "later", "link", "set", "lo", "up"]);
        let refused = "exec 3<>/dev/tcp/127.0.0.1/9";
        let nobody = ["setpriv", "--reuid", "65534", "--clear-groups", "bash", "-c", refused];
        let elsewhere = [&["netns", "exec", "later"], &nobody[..]].concat();
        assert!(!Command::new("ip").args(&elsewhere).output().unwrap().status.success());
        let row = watching.row();
        assert_eq!((row.text("event.action"), row.text("event.reason")), ("closed", "refused"));
        assert_eq!(row.text("network.namespace.name"), "later", "{row:?}");
        assert_eq!(row.text("process.user.name"), "nobody", "{row:?}");

        // A network that nobody gave a name is called after a process in it.
        let mut unnamed = Command::new("unshare");
        let script = format!("ip link set lo up; {refused}; sleep 1000");
        let unnamed = Process::start(unnamed.args(["--net", "bash", "-c", &script]));
        let row = watching.row();
        assert_eq!(row.text("event.reason"), "refused", "{row:?}");
        assert_eq!(row.text("network.namespace.name"), format!("pid:{}", unnamed.pid()));
        assert_eq!(watching.end_by(Signal::INT).status, Some(0));
    });
}

/// Opens and closes a connection, of which `watching` has to tell by `source`.
fn check_told_by_cookie(mut watching: Watching, source: &str) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let listening = watching.until("listening", cookie(&listener));
    assert_eq!(listening.pids(), [std::process::id()].into());
    let (client, server) = connect(&listener);
    let (ours, theirs) = (cookie(&client), cookie(&server));
    let first = watching.row();
    let second = watching.row();
    let told = [&first, &second].map(|row| row.number("socket.cookie").unwrap());
    assert!(told == [ours, theirs] || told == [theirs, ours], "{first:?} {second:?}");
    for row in [&first, &second] {
        assert!(["opened", "accepted"].contains(&row.text("event.action")), "{row:?}");
        assert_eq!(row.pids(), [std::process::id()].into());
        assert_eq!(row.text("observer.source"), source);
    }
    // Abortive, so that no TIME-WAIT with the same cookie lives on.
    rustix::net::sockopt::set_socket_linger(&client, Some(std::time::Duration::ZERO)).unwrap();
    drop((client, server));
    let closed = watching.until("closed", ours);
    assert_eq!(closed.pids(), [std::process::id()].into(), "the owner is still known");
    assert_eq!(watching.end_by(Signal::INT).status, Some(0));
}

#[test]
fn what_is_there_at_the_beginning_is_told_only_when_asked_for() {
    visit(|_world| {
        let before = UdpSocket::bind("127.0.0.1:0").unwrap();
        let initial =
            sockeye(&["watch", "--netns", "self", "--initial", "-f", "jsonl", "--count", "1"]);
        assert_eq!(initial.status, Some(0), "{initial:?}");
        let rows = crate::sockeye::rows(&initial.out);
        assert_eq!(rows.len(), 1, "{rows:?}");
        assert_eq!(rows[0].text("event.action"), "snapshot");
        assert_eq!(rows[0].number("socket.cookie"), Some(cookie(&before)));
        let mut watching = Watching::start(&["--format", "jsonl"]);
        let after = UdpSocket::bind("127.0.0.1:0").unwrap();
        assert_eq!(watching.row().number("socket.cookie"), Some(cookie(&after)));
        assert_eq!(watching.end_by(Signal::TERM).status, Some(0));
    });
}

#[test]
fn filters_words_and_flags_choose_and_count_ends_it() {
    visit(|_world| {
        let mut watching = Watching::start(&[
            "-t",
            "--count",
            "1",
            "--filter",
            "action = closed and local.port = 4711",
            "--columns",
            "action,local",
        ]);
        drop(UdpSocket::bind("127.0.0.1:4711").unwrap());
        let listener = TcpListener::bind("127.0.0.1:4711").unwrap();
        eventually("it was looked at", || {
            // Closed before anybody looked, it would never be told of.
            let mut other = Watching::start(&["--initial", "-f", "jsonl", "--count", "1", "-l"]);
            (other.row().number("socket.cookie") == Some(cookie(&listener))).then_some(())
        });
        let _later = TcpListener::bind("127.0.0.1:4712").unwrap();
        drop(listener);
        assert_eq!(watching.line(), "closed  127.0.0.1:4711");
        let rest = watching.finish();
        assert_eq!((rest.status, rest.out.as_str()), (Some(0), ""), "{rest:?}");
        let nobody = sockeye(&["watch", "--initial", "--for", "1ms", "no-such-process"]);
        assert_eq!((nobody.status, nobody.out.as_str()), (Some(1), ""), "{nobody:?}");
        assert!(nobody.err.ends_with("sockeye: nothing happened that matches\n"), "{nobody:?}");
    });
}

#[test]
fn the_last_look_is_at_the_end_of_the_time() {
    visit(|_world| {
        let mut command =
            command(&["watch", "--source", "netlink", "--netns", "self", "--interval", "1h"]);
        command.args(["--for", "2s", "-c", "--columns", "action,local"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stderr.as_mut().unwrap()).read_line(&mut line).unwrap();
        let _listener = TcpListener::bind("127.0.0.1:4711").unwrap();
        let output = child.wait_with_output().unwrap();
        let told = String::from_utf8(output.stdout).unwrap();
        assert_eq!(told, "event.action,local\nlistening,127.0.0.1:4711\n");
        assert_eq!(output.status.code(), Some(0));
    });
}

#[test]
fn csv_and_text_hold_a_line_for_each_and_no_control_character() {
    visit(|world| {
        let name = "e\u{1b}[2Jvil";
        let program = world.copy_program("/bin/sleep", name);
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let owner = Process::start(
            Command::new(&program).arg("1000").stdin(std::os::fd::OwnedFd::from(socket)),
        );
        let text =
            sockeye(&["watch", "--netns", "self", "--initial", "--count", "1", "--color", "never"]);
        let expected = format!("e\\u{{1b}}[2Jvil[{}]", owner.pid());
        assert!(text.out.contains(&expected), "{text:?}");
        assert!(!text.out.trim_end().contains(char::is_control), "{text:?}");
        let csv = sockeye(&["watch", "--netns", "self", "--initial", "--count", "1", "-c"]);
        assert_eq!(csv.out.lines().count(), 2, "{csv:?}");
        assert!(csv.out.starts_with("time,event.action,"), "{csv:?}");
    });
}

#[test]
fn a_reader_that_goes_ends_it_without_a_word() {
    visit(|_world| {
        let mut watching = Watching::start(&["--format", "jsonl"]);
        let mut kept = vec![UdpSocket::bind("127.0.0.1:0").unwrap()];
        watching.row();
        let Watching { mut child, out, mut err } = watching;
        drop(out);
        let status = eventually("it ends", || {
            kept.push(UdpSocket::bind("127.0.0.1:0").unwrap());
            child.try_wait().unwrap()
        });
        let mut told = String::new();
        std::io::Read::read_to_string(&mut err, &mut told).unwrap();
        assert_eq!(status.code(), Some(0), "{told}");
        assert!(told.lines().all(|line| line.starts_with("sockeye: note: ")), "{told}");
    });
}

#[test]
fn a_reader_that_goes_is_noticed_when_nothing_happens() {
    visit(|_world| {
        let watching = Watching::start(&["--format", "jsonl"]);
        let Watching { mut child, out, mut err } = watching;
        drop(out);
        let status = eventually("it ends", || child.try_wait().unwrap());
        let mut told = String::new();
        std::io::Read::read_to_string(&mut err, &mut told).unwrap();
        assert_eq!(status.code(), Some(0), "{told}");
        assert!(told.lines().all(|line| line.starts_with("sockeye: note: ")), "{told}");
        // Somebody who takes his time is there.
        let mut watching = Watching::start(&["--for", "3s", "-c", "--columns", "action"]);
        assert_eq!(watching.line(), "event.action");
        let rest = watching.finish();
        assert_eq!((rest.status, rest.out.as_str()), (Some(1), ""), "{rest:?}");
    });
}

#[test]
fn what_makes_no_sense_is_refused() {
    visit(|_world| {
        let check = |args: &[&str], said: &str| {
            let run = sockeye(&[&["watch"], args].concat());
            assert_eq!((run.status, run.out.as_str()), (Some(2), ""), "{args:?} {run:?}");
            assert!(run.err.contains(said), "{args:?}: {said} is not in {}", run.err);
        };
        check(&["--for", "10"], "write a number and a unit, as in 500ms");
        check(&["--interval", "0s"], "longer than no time");
        check(&["--count", "0"], "0 is not in 1..");
        for format in ["json", "table", "tcpvcon", "tcpvcon-csv"] {
            check(&["--format", format], &format!("invalid value '{format}' for '--format"));
        }
        check(
            &["--source", "magic"],
            "[possible values: auto, ebpf, netlink, proc, etw, iphlpapi]",
        );
        check(&["--columns", "actoin"], "did you mean `action`?");
        check(&["--filter", "reason = maybe or"], "the filter makes no sense");
        check(&["--replay", "x"], "unexpected argument '--replay'");
        let both = sockeye(&["list", "--replay", "x", "--source", "proc"]);
        assert_eq!(both.status, Some(2), "{both:?}");
        assert!(both.err.contains("cannot be used with"), "{both:?}");
    });
}
