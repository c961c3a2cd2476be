//! The contract of the Windows backend, on Windows and on Wine: real sockets and processes, found, and
//! gone when they are closed. What Wine cannot do is skipped by name.

#![cfg(windows)]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test reports by panicking, and says what it skips"
)]

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use sockeye_core::endpoint::{Direction, Ownerless};
use sockeye_core::event::{Change, Coverage, EventKind};
use sockeye_core::process::{Absent, Fact};
use sockeye_core::signature::{Distrust, Signature};
use sockeye_core::snapshot::Source;
use sockeye_core::{Endpoint, ProcessId, Snapshot, State, Timestamp, Transport};
use sockeye_os::desktop::{Elevation, Notifier, attach_console, elevation, icon_in};
use sockeye_os::packages::{Image, Packages};
use sockeye_os::support::{Status, examine};
use sockeye_os::{
    Actor, Describer, Kind, Namespaces, SourceChoice, Urgency, Wants, Watcher, observe,
};

/// Whether this is Wine, as doctor says it.
fn is_wine() -> bool {
    examine().iter().any(|finding| finding.detail.starts_with("Wine "))
}

/// Says once what could not be tested.
fn skip(name: &str, reason: &str) {
    static SAID: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let line = format!("SKIPPED {name}: {reason}\n");
    let mut said = SAID.lock().unwrap();
    if said.contains(&line) {
        return;
    }
    said.push(line.clone());
    print!("{line}");
    if let Some(file) = std::env::var_os("SOCKEYE_SKIPPED") {
        let file = std::fs::File::options().append(true).create(true).open(file);
        file.unwrap().write_all(line.as_bytes()).unwrap();
    }
}

fn look() -> Snapshot {
    observe(&Wants::EVERYTHING).unwrap()
}

/// The endpoint with these sides, which there is once.
fn find(
    snapshot: &Snapshot,
    transport: Transport,
    (local, remote): (SocketAddr, Option<SocketAddr>),
) -> Option<&Endpoint> {
    let mut all = snapshot.endpoints.iter().filter(|endpoint| {
        (endpoint.transport, endpoint.local, endpoint.remote) == (transport, local, remote)
    });
    let found = all.next();
    assert_eq!(all.next(), None);
    found
}

/// The process that holds it is this one. Wine notes the owner of a socket when its process first does
/// something with it on the Linux side, and never that of an accepted one.
fn assert_ours(snapshot: &Snapshot, endpoint: &Endpoint) {
    let owner = endpoint.owners.as_slice().first().expect("it has an owner");
    assert_eq!(owner.process.pid, std::process::id());
    assert_eq!(endpoint.birth.as_ref().unwrap().pid, Some(std::process::id()));
    assert!(snapshot.processes.contains_key(&owner.process));
}

#[test]
fn tcp_is_found_and_gone_when_it_is_closed() {
    for any in ["127.0.0.1:0", "[::1]:0"] {
        let listener = TcpListener::bind(any).unwrap();
        listener.set_ttl(64).unwrap();
        let at = listener.local_addr().unwrap();
        let client = TcpStream::connect(at).unwrap();
        (&client).write_all(b"x").unwrap();
        let (server, from) = listener.accept().unwrap();
        let snapshot = look();
        assert_eq!(snapshot.source, Source::Iphlpapi);
        let waiting = find(&snapshot, Transport::Tcp, (at, None)).unwrap();
        assert_eq!((waiting.state, waiting.direction), (Some(State::Listen), Direction::Listen));
        let ours = find(&snapshot, Transport::Tcp, (from, Some(at))).unwrap();
        assert_eq!((ours.state, ours.direction), (Some(State::Established), Direction::Egress));
        let theirs = find(&snapshot, Transport::Tcp, (at, Some(from))).unwrap();
        let established = (Some(State::Established), Direction::Ingress);
        assert_eq!((theirs.state, theirs.direction), established);
        let unnoted: &[(&Endpoint, &str)] = match (is_wine(), at.is_ipv6()) {
            (true, false) => &[(theirs, "owner of an accepted socket")],
            (true, true) => {
                let what = "owner of TCP over IPv6";
                &[(waiting, what), (ours, what), (theirs, what)]
            }
            (false, _) => &[],
        };
        for endpoint in [waiting, ours, theirs] {
            if !unnoted.iter().any(|(other, _)| std::ptr::eq(*other, endpoint)) {
                assert_ours(&snapshot, endpoint);
            }
        }
        for (endpoint, what) in unnoted {
            assert_eq!(endpoint.owners.reason(), Some(Ownerless::NotObserved));
            skip(what, "Wine 8 notes none");
        }
        drop((client, server, listener));
        let snapshot = look();
        assert_eq!(find(&snapshot, Transport::Tcp, (at, None)), None);
        for sides in [(from, Some(at)), (at, Some(from))] {
            let state = find(&snapshot, Transport::Tcp, sides).and_then(|rest| rest.state);
            assert!(!matches!(state, Some(State::Established | State::Listen)), "{state:?}");
        }
    }
}

#[test]
fn udp_is_found_and_gone_when_it_is_closed() {
    for any in ["127.0.0.1:0", "[::1]:0"] {
        let socket = UdpSocket::bind(any).unwrap();
        socket.set_ttl(64).unwrap();
        let at = socket.local_addr().unwrap();
        let snapshot = look();
        let found = find(&snapshot, Transport::Udp, (at, None)).unwrap();
        assert_eq!((found.state, found.socket.is_ipv6), (None, at.is_ipv6()));
        assert_ours(&snapshot, found);
        let peer = UdpSocket::bind(any).unwrap();
        let peer_at = peer.local_addr().unwrap();
        socket.connect(peer_at).unwrap();
        if is_wine() {
            skip("remote of connected UDP", "Wine 8 has no InternalGetUdpTable2");
        } else {
            assert!(find(&look(), Transport::Udp, (at, Some(peer_at))).is_some());
        }
        drop(socket);
        let is_there = |endpoint: &&Endpoint| endpoint.local == at;
        assert_eq!(look().endpoints.iter().find(is_there), None);
    }
}

#[test]
fn tables_larger_than_the_buffer_are_read_whole() {
    // More than fit into the first buffer, which has room for 800.
    let sockets: Vec<_> = (0..900).map(|_| UdpSocket::bind("127.0.0.1:0").unwrap()).collect();
    let wants = Wants { tcp: false, owners: false, ..Wants::EVERYTHING };
    let snapshot = observe(&wants).unwrap();
    for socket in &sockets {
        let at = socket.local_addr().unwrap();
        let found = find(&snapshot, Transport::Udp, (at, None)).unwrap();
        assert_eq!(found.owners.reason(), Some(Ownerless::NotObserved));
    }
    assert!(snapshot.endpoints.iter().all(|endpoint| endpoint.transport == Transport::Udp));
    assert_eq!((snapshot.processes.len(), &*snapshot.degradations), (0, &[][..]));
}

#[test]
fn a_process_is_known_in_full() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_ttl(64).unwrap();
    let snapshot = look();
    let at = socket.local_addr().unwrap();
    let found = find(&snapshot, Transport::Udp, (at, None)).unwrap();
    let owner = found.owners.as_slice()[0].process;
    let process = &snapshot.processes[&owner];
    let image = std::env::current_exe().unwrap();
    assert_eq!(*process.name, *image.file_name().unwrap().to_string_lossy());
    let path = process.path.as_deref().unwrap();
    assert!(path.eq_ignore_ascii_case(&image.to_string_lossy()), "{path} {image:?}");
    assert!(process.command_line.as_deref().unwrap().contains(&*process.name));
    let user = snapshot.users[&process.user_id.unwrap()].to_lowercase();
    let name = std::env::var("USERNAME").unwrap().to_lowercase();
    assert!(user.ends_with(&format!("\\{name}")), "{user} {name}");
    let created = process.created.unwrap();
    assert!(created < snapshot.time);
    assert!(snapshot.time.unix_ns() - created.unix_ns() < 3_600_000_000_000, "{created}");

    let description = Describer::new().describe(ProcessId { start: 0, ..owner }).unwrap();
    assert_eq!(&description.process, process);
    assert!(description.threads.unwrap() >= 2);
    let directory = std::env::current_dir().unwrap();
    let told = description.working_directory.unwrap();
    assert!(told.eq_ignore_ascii_case(&directory.to_string_lossy()), "{told} {directory:?}");
    assert_eq!(description.root_directory, Err(Absent::Nonexistent));
    let gone = Describer::new().describe(ProcessId { start: owner.start + 1, ..owner });
    assert_eq!(gone.unwrap_err().kind, Kind::Vanished);
}

#[test]
fn a_service_process_names_its_services() {
    let mut describer = Describer::new();
    // Windows numbers processes by fours.
    let described = (8..20_000).step_by(4).map(|pid| ProcessId { pid, start: 0 });
    let mut found = described.filter_map(|id| describer.describe(id).ok());
    let service = found.find(|it| it.process.services.is_some()).expect("some service runs");
    let services = service.process.services.unwrap();
    assert!(services.split(", ").all(|name| !name.is_empty() && !name.contains(' ')), "{services}");
    let parent = &service.ancestors[0];
    assert_eq!(&*parent.name.to_lowercase(), "services.exe");
}

#[test]
fn when_it_was_made_is_known() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let at = socket.local_addr().unwrap();
    let snapshot = look();
    let created = find(&snapshot, Transport::Udp, (at, None)).unwrap().created();
    if is_wine() {
        assert_eq!(created, None);
        skip("when a socket was made, and its service", "Wine 8 notes neither");
        return;
    }
    let (created, now) = (created.map(Timestamp::unix_ns).unwrap(), snapshot.time.unix_ns());
    assert!((now - 60_000_000_000..=now + 1_000_000_000).contains(&created), "{created} {now}");
}

#[test]
fn watching_looks_again() {
    let mut watcher = Watcher::start(&Wants::EVERYTHING).unwrap();
    if is_wine() {
        assert_eq!(watcher.coverage(), Coverage::default());
        let limits: Vec<String> = watcher.limits().iter().map(ToString::to_string).collect();
        assert!(matches!(limits.as_slice(), [one] if one.contains("ETW")), "{limits:?}");
    }
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let sides = (socket.local_addr().unwrap(), None);
    assert!(find(&watcher.snapshot().unwrap(), Transport::Udp, sides).is_some());
    let mut events = Vec::new();
    watcher.wait(Duration::from_millis(10), &mut events).unwrap();
    assert!(events.is_empty());
    drop(socket);
    assert_eq!(find(&watcher.snapshot().unwrap(), Transport::Udp, sides), None);
}

#[test]
fn connections_are_told_as_they_happen() {
    let wants = Wants { source: SourceChoice::Etw, ..Wants::EVERYTHING };
    let mut watcher = match Watcher::start(&wants) {
        Ok(watcher) => watcher,
        Err(error) => {
            let expected = if is_wine() { Kind::Unsupported } else { Kind::Denied };
            assert_eq!(error.kind, expected, "{error}");
            skip("events as they happen (ETW)", &error.reason);
            return;
        }
    };
    assert!(watcher.coverage().connections);
    watcher.snapshot().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let sides = (client.local_addr().unwrap(), Some(client.peer_addr().unwrap()));
    drop(listener.accept().unwrap());
    client.write_all(&[7; 4321]).unwrap();
    drop(client);
    let mut events = Vec::new();
    for _ in 0..20 {
        watcher.wait(Duration::from_millis(100), &mut events).unwrap();
        watcher.snapshot().unwrap();
    }
    let sightings = events.iter().filter_map(|event| match &event.kind {
        EventKind::Endpoint(it) if (it.endpoint.local, it.endpoint.remote) == sides => Some(it),
        _ => None,
    });
    let ours: Vec<_> = sightings.collect();
    let owner = ours.first().unwrap().endpoint.owners.as_slice().first().copied();
    assert_eq!(owner.map(|owner| owner.process.pid), Some(std::process::id()));
    let last = ours.last().unwrap();
    assert!(matches!(last.change, Change::Closed(_)), "{last:?}");
    assert_eq!(last.endpoint.metrics.as_ref().unwrap().sent_bytes, Some(4321));
}

#[test]
fn what_only_linux_has_is_refused() {
    let kind = |wants: Wants| {
        let (seen, watched) = (observe(&wants).unwrap_err(), Watcher::start(&wants).unwrap_err());
        assert_eq!(seen, watched);
        seen.kind
    };
    for source in [SourceChoice::Ebpf, SourceChoice::Netlink, SourceChoice::Proc] {
        assert_eq!(kind(Wants { source, ..Wants::EVERYTHING }), Kind::Unsupported);
    }
    let namespaces = Namespaces::Named("x".into());
    assert_eq!(kind(Wants { namespaces, ..Wants::EVERYTHING }), Kind::Unsupported);
    let own = Wants { namespaces: Namespaces::Own, ..Wants::EVERYTHING };
    assert!(observe(&own).is_ok());
}

#[test]
fn closing_is_what_the_system_says_it_is() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let sides = (client.local_addr().unwrap(), Some(client.peer_addr().unwrap()));
    let snapshot = look();
    let endpoint = find(&snapshot, Transport::Tcp, sides).unwrap();
    let answer = Actor::new().close(&[endpoint]).remove(0);
    let is_there = find(&look(), Transport::Tcp, sides).is_some();
    let may_close =
        examine().iter().any(|it| it.capability == "close" && it.status == Status::Works);
    if may_close {
        assert_eq!((answer, is_there), (Ok(()), false));
    } else if is_wine() {
        assert_eq!((answer, is_there), (Ok(()), true));
        skip("closing connections", "Wine 8 says yes and closes nothing (SetTcpEntry)");
    } else {
        assert_eq!(answer.unwrap_err().kind, Kind::Denied);
        skip("closing connections", "not an administrator");
    }
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let snapshot = look();
    let udp = find(&snapshot, Transport::Udp, (socket.local_addr().unwrap(), None)).unwrap();
    let refused = Actor::new().close(&[udp]).remove(0).unwrap_err();
    assert_eq!(refused.kind, Kind::Unsupported);
    let sixth = Endpoint {
        local: "[::1]:9".parse().unwrap(),
        remote: Some("[::1]:10".parse().unwrap()),
        ..endpoint.clone()
    };
    let refused = Actor::new().close(&[&sixth]).remove(0).unwrap_err();
    if is_wine() {
        assert_eq!(refused.kind, Kind::Unsupported);
        skip("closing connections over IPv6", "Wine 8's NsiSetAllParameters ends whoever calls it");
    } else {
        assert!(matches!(refused.kind, Kind::Vanished | Kind::Denied), "{refused}");
    }
}

/// Holds this program when it is run as a child: waits for the end of its input.
const CHILD: &str = "SOCKEYE_TEST_CHILD";

#[test]
fn a_child_waits() {
    if std::env::var_os(CHILD).is_some() {
        println!("\nready");
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).unwrap();
    }
}

/// A process of our own, and its identity.
fn child() -> (Child, ProcessId) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["a_child_waits", "--exact", "--nocapture"]).env(CHILD, "1");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    while lines.next().unwrap().unwrap() != "ready" {}
    let id = ProcessId { pid: child.id(), start: 0 };
    let described = Describer::new().describe(id).unwrap();
    let ancestor = &described.ancestors[0];
    assert_eq!(ancestor.id.pid, std::process::id());
    (child, described.process.id)
}

#[test]
fn a_process_is_ended_by_number_and_start() {
    let (mut child, id) = child();
    let actor = Actor::new();
    assert!(actor.is_running(id));
    let another = ProcessId { start: id.start + 1, ..id };
    assert!(!actor.is_running(another));
    assert_eq!(actor.end(another, Urgency::Force).unwrap_err().kind, Kind::Vanished);
    let unasked = actor.end(id, Urgency::Ask).unwrap_err();
    assert_eq!(unasked.kind, Kind::Unsupported, "{unasked}");
    assert!(actor.is_running(id));
    actor.end(id, Urgency::Force).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1));
    assert!(!actor.is_running(id));
    assert_eq!(actor.end(id, Urgency::Force).unwrap_err().kind, Kind::Vanished);
}

#[test]
fn an_image_says_whose_software_it_is() {
    let root = std::env::var("SystemRoot").unwrap();
    let process = ProcessId { pid: std::process::id(), start: 0 };
    let ask = |path: &str| {
        let image = Image { process, path, is_deleted: false };
        Packages::new().owners_of(&[image]).remove(0)
    };
    let package = ask(&format!(r"{root}\system32\kernel32.dll")).unwrap();
    assert_eq!(package.origin.id(), "version_resource");
    assert!(package.version.as_deref().unwrap().starts_with(|c: char| c.is_ascii_digit()));
    assert!(package.vendor.as_deref().unwrap().starts_with("Microsoft"), "{package:?}");
    let own = std::env::current_exe().unwrap();
    assert_eq!(ask(&own.to_string_lossy()), Err(Absent::Nonexistent));
    assert_eq!(ask(r"C:\nowhere\x.exe"), Err(Absent::Vanished));
}

/// Who signed the image of a process that runs `bytes`, a program that waits.
fn signature_of(name: &str, bytes: &[u8]) -> Fact<Signature> {
    let image = std::env::temp_dir().join(format!("{name}-{}.exe", std::process::id()));
    std::fs::write(&image, bytes).unwrap();
    let mut child = Command::new(&image).spawn().unwrap();
    let id = ProcessId { pid: child.id(), start: 0 };
    let mut describer = Describer::new();
    let described = describer.describe(id);
    let again = describer.describe(id);
    child.kill().unwrap();
    child.wait().unwrap();
    std::fs::remove_file(&image).unwrap();
    let signature = described.unwrap().signature;
    assert_eq!(again.unwrap().signature, signature);
    signature
}

#[test]
fn an_image_says_who_signed_it() {
    let hex = include_str!("../../../fixtures/signatures/signed-exe.hex");
    let digits: String = hex.split_whitespace().collect();
    let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
    let signed: Vec<u8> = (0..digits.len()).step_by(2).map(byte).collect();
    let signer = Some("Sockeye Test".into());
    let expected = if is_wine() {
        skip("distrust of a self-signed certificate", "Wine 8 trusts it");
        Signature::Trusted { signer }
    } else {
        Signature::Untrusted { reason: Distrust::UntrustedRoot, signer }
    };
    assert_eq!(signature_of("signed", &signed), Ok(expected));
    let mut changed = signed;
    // A letter of "This program cannot be run in DOS mode."
    changed[108] ^= 1;
    let signature = signature_of("changed", &changed).unwrap();
    assert_eq!(signature.status().unwrap().to_string(), "changed");
    let own = Describer::new().describe(ProcessId { pid: std::process::id(), start: 0 }).unwrap();
    assert_eq!(own.signature, Ok(Signature::None));
    if is_wine() {
        skip("signatures in catalogues", "Wine 8 has no catalogues");
        return;
    }
    // Nothing in it says so, but a catalogue of the system does.
    let root = std::env::var("SystemRoot").unwrap();
    let mut shell = Command::new(format!(r"{root}\system32\cmd.exe"));
    let mut child = shell.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let id = ProcessId { pid: child.id(), start: 0 };
    let described = Describer::new().describe(id);
    drop(child.stdin.take());
    child.wait().unwrap();
    let signer = Some("Microsoft Windows".into());
    assert_eq!(described.unwrap().signature, Ok(Signature::Trusted { signer }));
}

#[test]
fn doctor_speaks_of_windows() {
    let findings = examine();
    let of = |capability: &str| findings.iter().find(|it| it.capability == capability).unwrap();
    assert_eq!(of("iphlpapi").status, Status::Works, "{findings:?}");
    assert!(of("system").detail.contains("Windows "));
    assert!(findings.iter().all(|finding| !finding.detail.is_empty()));
    assert_eq!(of("events").status, Status::Limited);
    if is_wine() {
        assert_eq!(of("bound").status, Status::Limited);
        assert!(of("bound").detail.contains("InternalGetUdpTable2"));
        assert_eq!(of("owners").status, Status::Works);
        assert_eq!(of("close").status, Status::Missing);
    }
}

#[test]
fn an_image_shows_its_icon() {
    let root = std::env::var("SystemRoot").unwrap();
    // Wine's Explorer has none.
    let editor = format!(r"{root}\regedit.exe");
    for side in [16, 32, 48] {
        let icon = icon_in(&editor, side).unwrap();
        assert_eq!((icon.width, icon.height), (side.into(), side.into()));
        let opaque = icon.rgba.chunks_exact(4).filter(|pixel| pixel[3] > 0).count();
        let all = usize::from(side) * usize::from(side);
        assert!((all / 4..=all).contains(&opaque), "{opaque} of {all}");
        assert!(icon.rgba.chunks_exact(4).any(|pixel| pixel[..3] != icon.rgba[..3]));
    }
    let own = std::env::current_exe().unwrap();
    assert_eq!(icon_in(&own.to_string_lossy(), 32), None);
    assert_eq!(icon_in(r"C:\nowhere\x.exe", 32), None);
}

#[test]
fn what_is_printed_into_a_pipe_needs_no_console() {
    assert!(attach_console());
    let expected = if is_wine() { Elevation::Held } else { elevation() };
    assert_eq!(elevation(), expected);
    assert_ne!(elevation(), Elevation::Unknown);
}

#[test]
fn notifications_are_shown_one_after_the_other() {
    let mut notifier = Notifier::new();
    notifier.go_on().unwrap();
    // Longer than any room, from outside.
    let long = "\u{1F41F}<b>&\0\u{202E}".repeat(200);
    match notifier.show("Sockeye", &long) {
        // What waits is shown later, without an error.
        Ok(()) => (0..20).for_each(|_| notifier.show("Sockeye", "x").unwrap()),
        Err(error) => {
            assert_eq!(error.kind, Kind::Unsupported);
            skip("notifications", "there is no taskbar");
        }
    }
}
