//! However short a connection is, a watch by eBPF tells of it once, with whose it was.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use rustix::net::sockopt::socket_cookie;
use rustix::process::{Pid, Signal, kill_process};

use crate::group::Group;
use crate::sockeye::{Row, command};
use crate::world::{World, connect, eventually, visit};

/// Processes that connect, and how often each does: 20,000 connections.
const PROCESSES: usize = 50;
const EACH: usize = 400;
/// Threads of the server.
const THREADS: usize = 3;
/// Processes that run at once. All 50 at once are told as well, by the kernel's own trace of what
/// happens: 200,000 changes in five seconds. But on a virtual machine whose kernel runs no programs while
/// its first process does (docs/adr/0007), every tenth such run lacks some; of a few at once hardly any.
const AT_ONCE: usize = 4;
/// How long nothing may happen while something is expected.
const PATIENCE: Duration = Duration::from_secs(15);
/// The variables that tell a process where to connect, and how many connections others make first.
const PORT: &str = "SOCKEYE_E2E_PORT";
const FIRST: &str = "SOCKEYE_E2E_FIRST";

/// What a short-lived process does: it connects, sends as many bytes as no other connection does,
/// closes at once, and tells which socket that was.
#[test]
#[ignore = "not a test: runs as a child of one"]
fn short_lived() {
    let number = |name: &str| std::env::var(name).unwrap().parse::<usize>().unwrap();
    let (port, first) = (u16::try_from(number(PORT)).unwrap(), number(FIRST));
    let bytes = vec![b'.'; PROCESSES * EACH];
    let mut told = String::new();
    for length in (1..=EACH).map(|connection| first + connection) {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
        let cookie = socket_cookie(&stream).unwrap();
        stream.write_all(&bytes[..length]).unwrap();
        drop(stream);
        told.push_str(&format!("\nsent {cookie} {length}"));
    }
    std::io::stdout().write_all(format!("{told}\n").as_bytes()).unwrap();
}

/// A `sockeye watch` whose lines are read while it runs, so that it never has to wait for us.
struct Watch {
    child: Child,
    rows: Receiver<Row>,
    notes: thread::JoinHandle<String>,
}

impl Watch {
    /// Starts it with `args` and waits until it watches; else the reason why that cannot be.
    fn start(args: &[&str]) -> Result<Self, String> {
        let usual = ["watch", "--source", "ebpf", "--format", "jsonl", "--interval", "200ms"];
        let mut command = command(&[&usual, args].concat());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut notes = BufReader::new(child.stderr.take().unwrap());
        let mut noted = String::new();
        while !noted.contains("watching") {
            if notes.read_line(&mut noted).unwrap() == 0 {
                assert_eq!(child.wait().unwrap().code(), Some(2), "{noted}");
                return Err(noted);
            }
        }
        let notes = thread::spawn(move || {
            notes.read_to_string(&mut noted).unwrap();
            noted
        });
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (send, rows) = channel();
        thread::spawn(move || {
            let rows = lines.map_while(Result::ok);
            let rows = rows.map_while(|line| serde_json::from_str(&line).ok());
            rows.map_while(|row| send.send(Row(row)).ok()).for_each(drop);
        });
        Ok(Self { child, rows, notes })
    }

    /// Rows up to the `count`th that is like this; nothing may be lost meanwhile.
    fn until(&self, count: usize, is_like: impl Fn(&Row) -> bool) -> Vec<Row> {
        let mut rows: Vec<Row> = Vec::new();
        let mut seen = 0;
        while seen < count {
            let row = self.rows.recv_timeout(PATIENCE);
            let row = row.unwrap_or_else(|e| panic!("{e}: {seen} of {count}: {:?}", rows.last()));
            assert_ne!(row.text("event.action"), "lost", "after {} rows: {row:?}", rows.len());
            seen += usize::from(is_like(&row));
            rows.push(row);
        }
        rows
    }

    /// Ends it by `signal`; gives the rows that nobody has looked at, and what it noted.
    fn end_by(mut self, signal: Signal) -> (Vec<Row>, String) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
        self.child.wait().unwrap();
        (self.rows.iter().collect(), self.notes.join().unwrap())
    }
}

/// Lengths by the cookies of sockets.
type Lengths = HashMap<u64, usize>;

/// What was really sent and received.
struct Truth {
    port: u16,
    /// What each process sent over which socket.
    sent: BTreeMap<u32, Lengths>,
    /// What this process received.
    received: Lengths,
}

/// Accepts `count` connections, reads each to its end and closes it.
fn serve(listener: &TcpListener, count: usize) -> Lengths {
    // Nobody is to wait for a place in the queue: that takes a second.
    rustix::net::listen(listener, 4096).unwrap();
    let accepted = AtomicUsize::new(0);
    let work = || {
        let mut received = Lengths::new();
        while let Ok((mut stream, _)) = listener.accept() {
            let length = stream.read_to_end(&mut Vec::new()).unwrap();
            received.insert(socket_cookie(&stream).unwrap(), length);
            drop(stream);
            if accepted.fetch_add(1, Ordering::SeqCst) + 1 == count {
                // The other threads wait for more.
                drop(Closing(listener));
            }
        }
        received
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(work)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    })
}

/// Ends the threads of the server, also when what they wait for will never come.
struct Closing<'l>(&'l TcpListener);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        // It fails when that was done already.
        let _ = rustix::net::shutdown(self.0, rustix::net::Shutdown::Both);
    }
}

/// Makes all connections to `listener` by processes that `command` begins. Each begins when `watch`
/// has told of the ends of all but the last ones before it; `rows` gets all that it tells.
fn make_connections(
    listener: &TcpListener,
    command: impl Fn() -> Command,
    (watch, rows): (&Watch, &mut Vec<Row>),
) -> Truth {
    let port = listener.local_addr().unwrap().port();
    let mut truth = Truth { port, sent: BTreeMap::new(), received: Lengths::new() };
    let start = |process: usize| {
        let mut command = command();
        command.args(["--exact", "completeness::short_lived", "--ignored", "--nocapture"]);
        command.env(PORT, port.to_string()).env(FIRST, (process * EACH).to_string());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap()
    };
    thread::scope(|scope| {
        let server = scope.spawn(|| serve(listener, PROCESSES * EACH));
        let closing = Closing(listener);
        let mut running = VecDeque::new();
        for process in 0..PROCESSES {
            if running.len() == AT_ONCE {
                truth.end_one(&mut running, (watch, rows));
            }
            running.push_back(start(process));
        }
        while !running.is_empty() {
            truth.end_one(&mut running, (watch, rows));
        }
        eventually("all were accepted", || server.is_finished().then_some(()));
        drop(closing);
        truth.received = server.join().unwrap();
    });
    truth
}

/// What a process told until it ended.
fn what_was_sent(child: Child) -> Lengths {
    let output = child.wait_with_output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{told}");
    let told = told.lines().filter_map(|line| line.strip_prefix("sent ")?.split_once(' '));
    let sent: Lengths = told.map(|(c, l)| (c.parse().unwrap(), l.parse().unwrap())).collect();
    assert_eq!(sent.len(), EACH);
    sent
}

/// One end of a connection, as a row has to tell it.
#[derive(PartialEq, Eq, PartialOrd, Ord, Debug)]
struct End<'a> {
    action: &'a str,
    cookie: u64,
    pid: u32,
    path: &'a str,
    /// Only known at the end.
    bytes: Option<(usize, usize)>,
}

impl<'a> End<'a> {
    fn told_by(row: &'a Row) -> Self {
        let bytes = |name| usize::try_from(row.number(name).unwrap_or(u64::MAX)).unwrap();
        let action = row.text("event.action");
        End {
            action,
            cookie: row.number("socket.cookie").unwrap(),
            pid: row.pids().pop_first().unwrap_or(0),
            path: row.text("process.executable.path"),
            bytes: (action == "closed").then(|| (bytes("sent.bytes"), bytes("received.bytes"))),
        }
    }

    /// The two rows of one socket: how it began, and how it closed.
    fn both(
        action: &'a str,
        (cookie, pid): (u64, u32),
        path: &'a str,
        bytes: (usize, usize),
    ) -> [Self; 2] {
        let end = |action, bytes| End { action, cookie, pid, path, bytes };
        [end(action, None), end("closed", Some(bytes))]
    }
}

impl Truth {
    /// Waits until the first of `running` has ended and as many ends were told as it has made.
    fn end_one(&mut self, running: &mut VecDeque<Child>, (watch, rows): (&Watch, &mut Vec<Row>)) {
        let child = running.pop_front().unwrap();
        self.sent.insert(child.id(), what_was_sent(child));
        rows.extend(watch.until(EACH * 2, |row| self.is_end(row)));
    }

    /// Whether `row` tells the end of one of the connections.
    fn is_end(&self, row: &Row) -> bool {
        row.text("event.action") == "closed" && self.is_about(row)
    }

    /// Every row that there has to be, `path` being that of the processes that connect.
    fn ends<'a>(&self, path: &'a str, own_path: &'a str) -> BTreeSet<End<'a>> {
        let sent = self.sent.iter().flat_map(|(pid, sent)| sent.iter().map(move |s| (*pid, s)));
        let clients = sent.flat_map(|(pid, (cookie, length))| {
            End::both("opened", (*cookie, pid), path, (*length, 0))
        });
        let own = std::process::id();
        let servers = self.received.iter().flat_map(|(cookie, length)| {
            End::both("accepted", (*cookie, own), own_path, (0, *length))
        });
        clients.chain(servers).collect()
    }

    /// Whether `row` is about one of the connections.
    fn is_about(&self, row: &Row) -> bool {
        let port = Some(u64::from(self.port));
        let (local, remote) = (row.number("network.local.port"), row.number("network.peer.port"));
        remote.is_some() && (local == port || remote == port)
    }

    /// Every end is told once when it begins and once when it closes, and nothing else is.
    fn check(&self, rows: &[Row], path: &Path) {
        let own_path = std::env::current_exe().unwrap();
        let expected = self.ends(path.to_str().unwrap(), own_path.to_str().unwrap());
        assert_eq!(expected.len(), PROCESSES * EACH * 4, "the scenario itself");
        let told: Vec<End> =
            rows.iter().filter(|row| self.is_about(row)).map(End::told_by).collect();
        let once: BTreeSet<&End> = told.iter().collect();
        let missing: Vec<_> = expected.iter().filter(|end| !once.contains(end)).collect();
        let wrong: Vec<_> = told.iter().filter(|end| !expected.contains(end)).collect();
        let first = |ends: &[&End]| format!("{:#?}", &ends[..ends.len().min(3)]);
        assert!(
            missing.is_empty() && wrong.is_empty(),
            "{} missing: {}\n{} wrong: {}",
            missing.len(),
            first(&missing),
            wrong.len(),
            first(&wrong)
        );
        assert_eq!(told.len(), once.len(), "told twice");
    }
}

/// Watches all connections being made by `command`, whose program is at `path`.
fn check_all_are_told(
    args: &[&str],
    (listener, path): (&TcpListener, &Path),
    command: impl Fn() -> Command,
) -> Result<Vec<Row>, String> {
    let filter = ["--tcp", "--filter", "action != state"];
    let watch = Watch::start(&[&filter, args].concat())?;
    let mut rows = Vec::new();
    let truth = make_connections(listener, command, (&watch, &mut rows));
    let (rest, notes) = watch.end_by(Signal::TERM);
    rows.extend(rest);
    assert!(!notes.contains("lost") && !notes.contains("not told"), "{notes}");
    truth.check(&rows, path);
    rows.retain(|row| truth.is_about(row));
    Ok(rows)
}

/// This program under another path, for the processes that connect.
fn program(world: &World) -> PathBuf {
    world.copy_program(std::env::current_exe().unwrap().to_str().unwrap(), "short-lived")
}

#[test]
fn no_connection_is_missed_and_each_is_told_once() {
    visit(|world| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let path = program(world);
        let told =
            check_all_are_told(&["--netns", "self"], (&listener, &path), || Command::new(&path));
        if let Err(reason) = told {
            world.skip(&reason);
        }
    });
}

#[test]
fn nor_in_another_network_and_control_group() {
    visit(|world| {
        let network = world.join_network("elsewhere");
        let listener = network.inside(|| TcpListener::bind("127.0.0.1:0").unwrap());
        let path = program(world);
        let group = Group::make(None);
        if group.is_none() {
            world.skip("its control group: none can be made");
        }
        let enter = group.as_ref().map_or(String::new(), |group| {
            format!("echo $$ > {}/cgroup.procs && ", group.dir().display())
        });
        let script = format!("{enter}exec ip netns exec elsewhere \"$0\" \"$@\"");
        let begin = || {
            let mut command = Command::new("sh");
            command.args(["-c", &script]).arg(&path);
            command
        };
        let told = check_all_are_told(&["--netns", "elsewhere"], (&listener, &path), begin);
        let rows = match told {
            Ok(rows) => rows,
            Err(reason) => return world.skip(&reason),
        };
        for row in &rows {
            assert_eq!(row.text("network.namespace.name"), "elsewhere", "{row:?}");
            let is_client = row.text("process.executable.path") == path.to_str().unwrap();
            if let Some(group) = group.as_ref().filter(|_| is_client) {
                let shown = row.text("process.linux.cgroup");
                assert_eq!(shown, group.path(), "{row:?}");
            }
        }
    });
}

/// The kernel's own list of programs that run in it: addresses and names.
fn programs_in_the_kernel() -> BTreeSet<String> {
    let symbols = fs::read_to_string("/proc/kallsyms").unwrap_or_default();
    let programs = symbols.lines().filter(|line| line.ends_with("\t[bpf]"));
    programs.filter(|line| line.contains(" bpf_prog_")).map(str::to_owned).collect()
}

/// The name in a line of [`programs_in_the_kernel`].
fn name_of(line: &str) -> &str {
    line.split_whitespace().nth(2).unwrap()
}

/// Connects, sends `length` bytes and closes; gives the cookies of the connecting end and the other.
fn make_one(listener: &TcpListener, length: usize) -> [u64; 2] {
    let (mut client, mut server) = connect(listener);
    client.write_all(&vec![0; length]).unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    server.read_to_end(&mut Vec::new()).unwrap();
    [socket_cookie(&client).unwrap(), socket_cookie(&server).unwrap()]
}

/// `watch` tells of a connection of `length` bytes that was just made by [`make_one`].
fn check_told(watch: &Watch, [client, server]: [u64; 2], length: u64) {
    let closed = BTreeMap::from([(client, "sent.bytes"), (server, "received.bytes")]);
    let is_end = |row: &Row| {
        row.text("event.action") == "closed"
            && row.number("socket.cookie").is_some_and(|cookie| closed.contains_key(&cookie))
    };
    let rows = watch.until(2, is_end);
    for row in rows.iter().filter(|row| is_end(row)) {
        let bytes = closed[&row.number("socket.cookie").unwrap()];
        assert_eq!(row.number(bytes), Some(length), "{row:?}");
        assert_eq!(row.pids(), [std::process::id()].into());
    }
}

#[test]
fn two_at_once_both_see_everything_and_one_that_is_killed_leaves_nothing() {
    visit(|world| {
        let start = || Watch::start(&["--netns", "self"]);
        let before = programs_in_the_kernel();
        let first = match start() {
            Ok(watch) => watch,
            Err(reason) => return world.skip(&reason),
        };
        let ours: Vec<String> = programs_in_the_kernel().difference(&before).cloned().collect();
        let second = start().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let cookies = make_one(&listener, 1000);
        check_told(&first, cookies, 1000);
        check_told(&second, cookies, 1000);

        first.end_by(Signal::KILL);
        if ours
            .iter()
            .any(|line| line.contains("_tcp_state\t") && !line.starts_with("0000000000000000"))
        {
            // Another test's watch may have begun at the same time: one of each name has to go.
            let names: BTreeSet<&str> = ours.iter().map(|line| name_of(line)).collect();
            eventually("its programs are gone", || {
                let now = programs_in_the_kernel();
                let gone = ours.iter().filter(|line| !now.contains(*line));
                let gone: BTreeSet<&str> = gone.map(|line| name_of(line)).collect();
                (gone == names).then_some(())
            });
        } else {
            world.skip("what a killed watch leaves: the kernel does not list its programs");
        }
        check_told(&second, make_one(&listener, 2000), 2000);
        second.end_by(Signal::KILL);
        let third = start().unwrap();
        check_told(&third, make_one(&listener, 3000), 3000);
    });
}

#[test]
fn a_connection_that_nobody_takes_is_refused() {
    visit(|world| {
        let watch = match Watch::start(&["--netns", "self"]) {
            Ok(watch) => watch,
            Err(reason) => return world.skip(&reason),
        };
        for nobody in ["127.0.0.1:4711", "[::1]:4711"] {
            let nobody: SocketAddr = nobody.parse().unwrap();
            let refused = TcpStream::connect(nobody).unwrap_err();
            assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
            let is_closed = |row: &Row| row.text("event.action") == "closed";
            let row = watch.until(1, is_closed).pop().unwrap();
            assert_eq!(row.text("event.reason"), "refused", "{row:?}");
            assert_eq!(row.remote(), Some(crate::sockeye::side_of(nobody)));
            assert_eq!(row.pids(), [std::process::id()].into());
        }
        let (rest, notes) = watch.end_by(Signal::INT);
        assert!(rest.is_empty() && !notes.contains("not told"), "{rest:?} {notes}");
    });
}
