//! Every owner of a socket, however it came by it, with everything that is told of it.

use std::ffi::OsStr;
use std::fs;
use std::io::{IoSlice, IoSliceMut, Read, Write};
use std::mem::MaybeUninit;
use std::net::{TcpListener, UdpSocket};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};

use crate::proc;
use crate::sockeye::{Row, all, find, list, rows, sockeye};
use crate::unprivileged::{has_nobody, nobody_holding};
use crate::world::{Process, connect, eventually, run, share, visit};

/// Compares what is told of the owner a row is shown under with `/proc`.
fn check_facts(row: &Row) {
    let pid = u32::try_from(row.number("process.pid").unwrap()).unwrap();
    let path = proc::path(pid);
    assert_eq!(row.text("process.executable.path"), path);
    assert_eq!(row.text("process.executable.name"), path.rsplit('/').next().unwrap());
    let command = proc::arguments(pid).join(" ");
    assert_eq!(row.text("process.command_line").replace('\'', ""), command);
    let parent = Some(proc::parent(pid)).filter(|parent| *parent != 0);
    assert_eq!(row.number("process.parent_pid"), parent.map(u64::from));
    let user = proc::user(pid).to_string();
    assert_eq!(row.number("process.user.id").unwrap().to_string(), user);
    let name = run("id", &["-un", &user]);
    assert_eq!(row.text("process.user.name"), name.trim());
    let started = run("date", &["+%s%3N", "-d", row.text("process.creation.time")]);
    let apart = started.trim().parse::<i128>().unwrap() - proc::start_ms(pid);
    assert!(apart.abs() <= 20, "{apart} ms apart: {row:?}");
    let inode = row.number("socket.inode").unwrap();
    let fd = u32::try_from(row.number("process.fd").unwrap()).unwrap();
    assert!(proc::holders_among(&[pid].into(), inode).contains(&(pid, fd)));
}

/// Shows the one socket there is under each of its `owners` in turn.
fn check_each(owners: &[u32]) {
    let rows = all();
    assert_eq!(rows.len(), 1, "a socket is one row, however many hold it: {rows:#?}");
    let expected = owners.iter().copied().collect();
    assert_eq!(rows[0].pids(), expected);
    assert_eq!(rows[0].number("process.pid"), Some(owners[0].into()), "the oldest comes first");
    for pid in owners {
        let rows = list(&["-a", &pid.to_string()]);
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].number("process.pid"), Some((*pid).into()));
        assert_eq!(rows[0].pids(), expected);
        check_facts(&rows[0]);
        rows[0].other_owners().iter().for_each(check_facts);
    }
}

#[test]
fn inherited_by_children_and_grandchildren() {
    visit(|_world| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let child = Process::holding(share(&listener));
        // A shell that keeps the socket and hands it on to what it starts.
        let mut shell = Command::new("sh");
        shell.args(["-c", "sleep 1000 & echo $!; wait"]).stdin(share(&listener));
        // Background jobs get /dev/null as input: the socket has to be at another number as well.
        shell.args(["sh"]).stdout(Stdio::piped()).stderr(share(&listener));
        let mut running = shell.spawn().unwrap();
        drop(shell);
        let mut line = [0; 16];
        let read = running.stdout.take().unwrap().read(&mut line).unwrap();
        let grandchild: u32 = String::from_utf8_lossy(&line[..read]).trim().parse().unwrap();
        eventually("the grandchild runs its own image", || {
            proc::path(grandchild).ends_with("sleep").then_some(())
        });
        check_each(&[std::process::id(), child.pid(), running.id(), grandchild]);
        run("kill", &[&grandchild.to_string()]);
        running.wait().unwrap();
        eventually("the end of the grandchild", || (all()[0].pids().len() == 2).then_some(()));
        drop(child);
        check_each(&[std::process::id()]);
    });
}

#[test]
fn passed_through_a_unix_socket() {
    visit(|_world| {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let (mut ours, theirs) = UnixStream::pair().unwrap();
        let mut receiver = Command::new(std::env::current_exe().unwrap());
        receiver.args(["--exact", "owners::receive_a_socket", "--ignored", "--nocapture"]);
        receiver.args(["--test-threads=1"]).stdin(OwnedFd::from(theirs)).stdout(Stdio::null());
        let receiver = Process::start(&mut receiver);
        send_socket(&ours, &socket);
        ours.read_exact(&mut [0]).unwrap();
        check_each(&[std::process::id(), receiver.pid()]);
        // The sender may close it: the receiver alone owns it then.
        drop(socket);
        check_each(&[receiver.pid()]);
    });
}

/// Sends a handle on `socket` through `stream`.
fn send_socket(stream: &UnixStream, socket: &UdpSocket) {
    let fds = [socket.as_fd()];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    assert!(control.push(SendAncillaryMessage::ScmRights(&fds)));
    sendmsg(stream, &[IoSlice::new(b"x")], &mut control, SendFlags::empty()).unwrap();
}

/// What the receiver of a passed socket does: takes it from its standard input, says so, and holds
/// it until the other side has gone.
#[test]
#[ignore = "not a test: runs as a child of one"]
fn receive_a_socket() {
    let stream = std::io::stdin().as_fd().try_clone_to_owned().unwrap();
    let mut stream = UnixStream::from(stream);
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut byte = [0];
    let mut parts = [IoSliceMut::new(&mut byte)];
    recvmsg(&stream, &mut parts, &mut control, RecvFlags::empty()).unwrap();
    let held: Vec<OwnedFd> = control
        .drain()
        .filter_map(|message| match message {
            RecvAncillaryMessage::ScmRights(fds) => Some(fds),
            _ => None,
        })
        .flatten()
        .collect();
    assert_eq!(held.len(), 1);
    stream.write_all(b"x").unwrap();
    let _ = stream.read(&mut [0]);
}

#[test]
fn several_descriptors_of_one_process() {
    visit(|_world| {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let _second = socket.try_clone().unwrap();
        check_each(&[std::process::id()]);
    });
}

#[test]
fn groups_that_share_a_port() {
    visit(|_world| {
        let mut held = Vec::new();
        for _ in 0..4 {
            let (tcp, udp) = (bind_shared("tcp"), bind_shared("udp"));
            held.push((Process::holding(tcp), Process::holding(udp)));
        }
        let rows = all();
        assert_eq!(rows.len(), 8, "{rows:#?}");
        for (index, transport) in ["tcp", "udp"].iter().enumerate() {
            let of = |row: &&Row| row.text("network.transport") == *transport;
            let mut owners: Vec<_> = rows.iter().filter(of).flat_map(Row::pids).collect();
            owners.sort_unstable();
            let pid = |pair: &(Process, Process)| [pair.0.pid(), pair.1.pid()][index];
            assert_eq!(owners, held.iter().map(pid).collect::<Vec<_>>());
        }
    });
}

/// A socket in the group at 127.0.0.1:9000.
fn bind_shared(transport: &str) -> OwnedFd {
    use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, listen, socket_with, sockopt};
    let is_tcp = transport == "tcp";
    let kind = if is_tcp { SocketType::STREAM } else { SocketType::DGRAM };
    let socket = socket_with(AddressFamily::INET, kind, SocketFlags::CLOEXEC, None).unwrap();
    sockopt::set_socket_reuseport(&socket, true).unwrap();
    bind(&socket, &"127.0.0.1:9000".parse::<std::net::SocketAddr>().unwrap()).unwrap();
    if is_tcp {
        listen(&socket, 8).unwrap();
    }
    socket
}

#[test]
fn a_process_of_another_user() {
    visit(|world| {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        if !has_nobody(world) {
            return;
        }
        let child = nobody_holding(socket);
        // The socket was made by root; its owner is what counts.
        check_each(&[child.pid()]);
        assert_eq!(all()[0].number("process.user.id"), Some(65534));
    });
}

#[test]
fn an_image_that_was_deleted() {
    visit(|world| {
        let copy = world.copy_program("/bin/sleep", "gone");
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let child = Process::start(Command::new(&copy).arg("1000").stdin(OwnedFd::from(socket)));
        check_each(&[child.pid()]);
        fs::remove_file(&copy).unwrap();
        let row = &all()[0];
        assert_eq!(row.text("process.executable.path"), "/run/scenario/gone");
        assert_eq!(row.text("process.executable.name"), "gone");
        let text = sockeye(&["-a"]).out;
        assert!(text.contains("/run/scenario/gone (deleted)"), "{text}");
    });
}

#[test]
fn a_socket_of_the_kernel() {
    visit(|world| {
        let tunnel = ["link", "add", "tunnel", "type", "vxlan", "id", "1", "dstport", "4789"];
        let added = Command::new("ip").args(tunnel).args(["dev", "lo"]).output().unwrap();
        if !added.status.success() {
            return world.skip("this kernel has no vxlan to make a socket of its own");
        }
        run("ip", &["link", "set", "tunnel", "up"]);
        // From inside of a PID namespace it looks like the socket of a process outside.
        let check = || {
            let run = sockeye(&["-a", "--netns", "self", "-f", "jsonl"]);
            let rows = rows(&run.out);
            let row = find(&rows, "0.0.0.0:4789".parse().unwrap(), None);
            assert_eq!(row.missing(), "outside", "{row:?}");
            assert!(run.err.contains("outside of this PID namespace"), "{}", run.err);
        };
        check();
        let _process = Process::holding(UdpSocket::bind("127.0.0.1:0").unwrap());
        check();
    });
}

/// Text that means no good: control of the terminal, invalid UTF-8, what a spreadsheet runs, what
/// turns the direction of writing.
const HOSTILE: &[u8] = b"=evil\x1b[2J\x07\r\n\"',;\\u{1b}\xff\xfe\xe2\x80\xae\xc2\x9b31m";

#[test]
fn hostile_titles_in_every_format() {
    visit(|world| {
        let copy = world.copy_program("/bin/sleep", OsStr::from_bytes(HOSTILE));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (client, _server) = connect(&listener);
        let mut long = HOSTILE.to_vec();
        long.resize(100_000, b'x');
        // The names of processes, their paths and their arguments: all of them.
        let mut hostile = Command::new(&copy);
        hostile.arg0(OsStr::from_bytes(HOSTILE)).args(["1000"]).stdin(share(&client));
        let first = Process::start(&mut hostile);
        let mut hostile = Command::new("sh");
        hostile.args(["-c", "sleep 1000; :", "sh"]).arg(OsStr::from_bytes(&long));
        let second = Process::start(hostile.stdin(share(&client)));
        drop(client);
        for format in ["text", "table", "csv", "json", "jsonl", "tcpvcon", "tcpvcon-csv"] {
            for pid in [first.pid(), second.pid()] {
                let run = sockeye(&["-f", format, &pid.to_string()]);
                assert_eq!(run.status, Some(0), "{format}: {}", run.err);
                check_harmless(format, &run.out);
                check_harmless(format, &run.err);
            }
        }
        check_long_title(second.pid(), &long);
    });
}

/// Whether nothing in `text` moves a cursor or hides.
fn check_harmless(format: &str, text: &str) {
    let is_harmful = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
    let found = text.find(is_harmful);
    assert_eq!(found, None, "{format}: {text:?}");
    let cells = text.split(['\n', ',']);
    if format.contains("csv") {
        assert!(cells.into_iter().all(|cell| !cell.starts_with('=')), "{format}: {text:?}");
    }
    if format == "text" {
        // Only the last name of a path may be wider, alone on its line: paths are never cut.
        let is_file = |line: &str| line.starts_with("    =evil") && !line.contains(" · ");
        let fits = |line: &str| line.chars().count() <= 80 || is_file(line);
        assert!(text.lines().all(fits), "{text}");
    }
}

/// Whether the title that reads back from JSON is the one the process has, as far as it is kept.
fn check_long_title(pid: u32, title: &[u8]) {
    let rows = list(&[&pid.to_string()]);
    let told = rows[0].text("process.command_line");
    let start = "sh -c 'sleep 1000; :' sh ";
    let rest = told.strip_prefix(start).unwrap_or_else(|| panic!("{told:.200}"));
    // Quoted for a shell, and cut where the kernel's page or our limit ends.
    let quoted = rest.strip_prefix("$'").unwrap_or_else(|| panic!("{told:.200}"));
    let plain = unescaped(quoted.trim_end_matches('\''));
    assert!(plain.len() > 1000 && title.starts_with(&plain), "{told:.200}");
}

/// The bytes of what stands in `$'…'`.
fn unescaped(text: &str) -> Vec<u8> {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((first, after)) = rest.split_first() {
        let (byte, after) = match (first, after) {
            (b'\\', [b'x', high, low, after @ ..]) => {
                let digits = [*high, *low];
                (u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap(), after)
            }
            (b'\\', [escaped, after @ ..]) => (*escaped, after),
            (plain, after) => (*plain, after),
        };
        bytes.push(byte);
        rest = after;
    }
    bytes
}

#[test]
fn a_descriptor_with_a_long_path_hides_nothing() {
    visit(|world| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        // Descriptor 0 becomes a directory whose path is longer than the kernel will tell.
        let script = "exec 5<&0; d=$(printf %0200d 0); i=0
            while [ $i -lt 25 ]; do mkdir \"$d\" && cd -P \"./$d\" || exit 1; i=$((i+1)); done
            exec 0<.; exec sleep 1000";
        let mut shell = Command::new("sh");
        shell.args(["-c", script]).current_dir(&world.dir).stdin(share(&listener));
        let process = Process::start(&mut shell);
        eventually("the long path", || proc::path(process.pid()).ends_with("sleep").then_some(()));
        drop(listener);
        assert_eq!(all()[0].pids(), [process.pid()].into());
    });
}

#[test]
fn a_process_whose_first_thread_has_ended() {
    visit(|world| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let script = "import ctypes, threading, time
threading.Thread(target=time.sleep, args=(1000,)).start()
ctypes.CDLL(None).pthread_exit(None)";
        let mut python = Command::new("python3");
        python.args(["-c", script]).stdin(share(&listener));
        if Command::new("python3").arg("-V").output().is_err() {
            return world.skip("python3 is not there to end the first thread of a process");
        }
        let process = Process::start(&mut python);
        let stat = format!("/proc/{}/stat", process.pid());
        eventually("the end of the first thread", || {
            fs::read_to_string(&stat).ok().filter(|stat| stat.contains(") Z "))
        });
        drop(listener);
        assert_eq!(all()[0].pids(), [process.pid()].into());
        let ended = sockeye(&["end", "--force", "--yes", &process.pid().to_string()]);
        assert_eq!(ended.status, Some(0), "{}", ended.err);
        assert!(all().is_empty());
    });
}
