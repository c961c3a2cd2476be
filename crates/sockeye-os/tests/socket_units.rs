//! Socket units, by trees of unit files as they stand on real machines and as nobody would write them.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that fails tells where")]

use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use sockeye_core::endpoint::{Direction, Socket};
use sockeye_core::process::Absent;
use sockeye_core::snapshot::{Namespace, Source};
use sockeye_core::{
    Endpoint, NamespaceId, Owner, Ownerless, Owners, Process, ProcessId, Snapshot, State,
    Timestamp, Transport,
};
use sockeye_os::socket_units::{Directories, Manager, SocketUnits};

/// Directories of a manager that go with their owner: `etc`, `run` and `lib`, in this order.
struct Tree(PathBuf);

impl Tree {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("sockeye-units-{}-{number}", std::process::id());
        let tree = Self(std::env::temp_dir().join(name));
        for directory in ["etc", "run", "lib", "active"] {
            fs::create_dir_all(tree.0.join(directory)).unwrap();
        }
        tree
    }

    /// Writes a unit file or a drop-in with these lines in its section of a socket.
    fn write(&self, path: &str, lines: &str) -> &Self {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, format!("[Socket]\n{lines}\n")).unwrap();
        self
    }

    /// Makes a link.
    fn link(&self, path: &str, target: &str) -> &Self {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        symlink(target, path).unwrap();
        self
    }

    /// The manager says that `unit` is active.
    fn start(&self, unit: &str) -> &Self {
        self.link(&format!("active/invocation:{unit}"), "0123456789abcdef0123456789abcdef")
    }

    fn directories(&self, manager: Manager) -> Directories {
        let units = ["etc", "run", "nowhere", "lib"].map(|name| self.0.join(name));
        Directories { manager, units: units.into(), active: Some(self.0.join("active")) }
    }

    fn read(&self) -> SocketUnits {
        SocketUnits::read(&self.directories(Manager::System))
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A process in a control group.
fn process(pid: u32, name: &str, cgroup: &str) -> Process {
    Process {
        id: ProcessId { pid, start: 1 },
        parent: None,
        name: name.into(),
        path: Err(Absent::Denied),
        is_deleted: false,
        command_line: Err(Absent::Denied),
        script: None,
        user_id: None,
        created: None,
        cgroup: (!cgroup.is_empty()).then(|| cgroup.into()),
        services: None,
    }
}

/// systemd, which is the kernel's first process.
fn systemd() -> Process {
    process(1, "systemd", "/init.scope")
}

/// A socket that waits at `local`, held by these processes.
fn waiting(transport: Transport, local: &str, holders: &[&Process]) -> Endpoint {
    let owner = |process: &&Process| Owner { process: process.id, fd: Some(3) };
    Endpoint {
        transport,
        local: local.parse().unwrap(),
        remote: None,
        state: (transport == Transport::Tcp).then_some(State::Listen),
        direction: Direction::Listen,
        namespace: Some(NamespaceId::Inode(1)),
        interface: local.contains('%').then(|| "eth0".into()),
        socket: Socket::default(),
        user_id: None,
        cgroup: None,
        birth: None,
        owners: Owners::new(holders.iter().map(owner).collect(), Ownerless::NotPermitted),
        queue: None,
        metrics: None,
    }
}

/// A machine with these sockets and processes.
fn machine(endpoints: &[Endpoint], processes: &[&Process]) -> Snapshot {
    let namespace = |id, label: &str| Namespace {
        id: NamespaceId::Inode(id),
        label: label.into(),
        pid: None,
        is_own: label == "self",
    };
    Snapshot {
        endpoints: endpoints.to_vec(),
        processes: processes.iter().map(|process| (process.id, (*process).clone())).collect(),
        namespaces: vec![namespace(1, "self"), namespace(2, "other")],
        ..Snapshot::new(Timestamp::from_unix_ns(0), Source::SockDiag)
    }
}

/// Which units opened what, one line each.
fn opened(units: &SocketUnits, snapshot: &Snapshot) -> Vec<String> {
    let opened = units.opened(snapshot);
    let opened = opened.iter().map(|((transport, local), unit)| (transport.id(), local, unit));
    let lines = opened.map(|(transport, local, unit)| format!("{transport} {local} {unit}"));
    let mut lines: Vec<String> = lines.collect();
    lines.sort_unstable();
    lines
}

/// Which units listen at ports 1 to 9, if systemd holds all of them.
fn listening(tree: &Tree) -> Vec<String> {
    let systemd = systemd();
    let ports = (1..=9).map(|port| waiting(Transport::Tcp, &format!("[::]:{port}"), &[&systemd]));
    let units = tree.read();
    assert_eq!(units.degradations, []);
    let lines = opened(&units, &machine(&ports.collect::<Vec<_>>(), &[&systemd]));
    lines.iter().map(|line| line.replace("tcp [::]:", "")).collect()
}

#[test]
fn the_directory_that_counts_most_has_the_file_that_counts() {
    let tree = Tree::new();
    tree.write("lib/a.socket", "ListenStream=1").write("etc/a.socket", "ListenStream=2");
    tree.write("lib/b.socket", "ListenStream=3").write("run/b.socket", "ListenStream=4");
    tree.write("lib/masked.socket", "ListenStream=5").link("etc/masked.socket", "/dev/null");
    tree.write("lib/emptied.socket", "ListenStream=6");
    fs::write(tree.0.join("run/emptied.socket"), "").unwrap();
    tree.write("elsewhere/linked.socket", "ListenStream=7");
    tree.link("etc/linked.socket", "../elsewhere/linked.socket");
    tree.write("lib/c.socket", "ListenStream=8").link("etc/alias.socket", "../lib/c.socket");
    tree.write("lib/d.service", "ListenStream=9").link("etc/dangling.socket", "nowhere");
    assert_eq!(listening(&tree), ["2 a.socket", "4 b.socket", "7 linked.socket", "8 c.socket"]);
}

#[test]
fn drop_ins_apply_by_name_wherever_they_are() {
    let tree = Tree::new();
    tree.write("lib/a.socket", "ListenStream=1");
    tree.write("lib/a.socket.d/10-more.conf", "ListenStream=2");
    tree.write("etc/a.socket.d/20-other.conf", "ListenStream=\nListenStream=3");
    tree.write("run/a.socket.d/30-last.conf", "ListenStream=4");
    tree.write("lib/a.socket.d/30-last.conf", "ListenStream=5");
    tree.write("lib/a.socket.d/40-masked.conf", "ListenStream=6");
    tree.link("etc/a.socket.d/40-masked.conf", "/dev/null");
    tree.write("lib/a.socket.d/no-drop-in", "ListenStream=7");
    assert_eq!(listening(&tree), ["3 a.socket", "4 a.socket"]);
    let tree = Tree::new();
    tree.write("lib/x-y-z.socket", "ListenStream=1");
    tree.write("etc/x-.socket.d/a.conf", "ListenStream=2");
    tree.write("etc/x-y-.socket.d/b.conf", "ListenStream=3");
    tree.write("etc/x.socket.d/c.conf", "ListenStream=4");
    tree.write("etc/socket.d/d.conf", "ListenStream=5");
    let expected = ["1 x-y-z.socket", "2 x-y-z.socket", "3 x-y-z.socket", "5 x-y-z.socket"];
    assert_eq!(listening(&tree), expected);
}

#[test]
fn instances_are_known_by_links_and_by_being_active() {
    let tree = Tree::new();
    tree.write("lib/p@.socket", "ListenStream=%i");
    tree.link("etc/sockets.target.wants/p@1.socket", "../../lib/p@.socket");
    tree.start("p@2.socket");
    tree.write("etc/p@3.socket", "ListenStream=%i\nListenStream=4");
    tree.write("etc/p@.socket.d/x.conf", "ListenStream=5");
    tree.write("etc/p@2.socket.d/y.conf", "ListenStream=\nListenStream=6");
    let expected = ["1 p@1.socket", "3 p@3.socket", "4 p@3.socket", "5 p@3.socket", "6 p@2.socket"];
    // Port 5 is that of two instances: that one of them is active decides, and neither is.
    assert_eq!(listening(&tree), [expected[0], expected[1], expected[2], expected[4]]);
    tree.start("p@3.socket");
    assert_eq!(listening(&tree), expected);
}

#[test]
fn a_unit_file_alone_opens_nothing() {
    let tree = Tree::new();
    tree.write("lib/ssh.socket", "ListenStream=22").write("lib/dns.socket", "ListenDatagram=53");
    let systemd = systemd();
    let sshd = process(700, "sshd", "/system.slice/ssh.service");
    let other = process(701, "other", "/system.slice/other.service");
    let check = |endpoint: Endpoint, process: &[&Process], expected: &[&str]| {
        let snapshot = machine(std::slice::from_ref(&endpoint), process);
        assert_eq!(opened(&tree.read(), &snapshot), expected, "{endpoint:?}");
    };
    let tcp = |holders: &[&Process]| waiting(Transport::Tcp, "[::]:22", holders);
    let ssh = ["tcp [::]:22 ssh.socket"];
    check(tcp(&[&systemd]), &[&systemd], &ssh);
    check(tcp(&[&systemd, &sshd]), &[&systemd, &sshd], &ssh);
    // Started without the socket, as Debian does: the service holds what it opened itself.
    check(tcp(&[&sshd]), &[&sshd], &[]);
    check(tcp(&[&other]), &[&other], &[]);
    check(tcp(&[]), &[], &[]);
    let container = process(1, "sshd", "");
    check(tcp(&[&container]), &[&container], &[]);
    // Where nobody is seen to hold it, the socket's own group tells who made it.
    let own = |group: &str| Endpoint { cgroup: Some(group.into()), ..tcp(&[]) };
    check(own("/init.scope"), &[], &ssh);
    check(own("/system.slice/ssh.socket"), &[], &ssh);
    check(own("/system.slice/ssh.service"), &[], &[]);
    check(own("/user.slice/user-7.slice/user@7.service/init.scope"), &[], &[]);
    let of =
        |namespace| Endpoint { namespace: Some(NamespaceId::Inode(namespace)), ..tcp(&[&systemd]) };
    check(of(1), &[&systemd], &ssh);
    check(of(2), &[&systemd], &[]);
    let dns = waiting(Transport::Udp, "0.0.0.0:53", &[&systemd]);
    check(dns.clone(), &[&systemd], &["udp 0.0.0.0:53 dns.socket"]);
    check(Endpoint { remote: Some("10.0.0.9:53".parse().unwrap()), ..dns }, &[&systemd], &[]);
    let accepted = Endpoint { state: Some(State::Established), ..tcp(&[&systemd]) };
    check(accepted, &[&systemd], &[]);
    // Active: then the service has it from there.
    tree.start("ssh.socket");
    check(tcp(&[&sshd]), &[&sshd], &ssh);
    check(own("/system.slice/ssh.service"), &[], &ssh);
    check(tcp(&[&other]), &[&other], &[]);
}

#[test]
fn of_several_units_the_one_that_is_proven_is_named() {
    let tree = Tree::new();
    tree.write("lib/a.socket", "ListenStream=9").write("lib/b.socket", "ListenStream=[::]:9");
    let (systemd, b) = (systemd(), process(700, "b", "/system.slice/b.service"));
    let check = |holders: &[&Process], expected: &[&str]| {
        let endpoint = waiting(Transport::Tcp, "[::]:9", holders);
        assert_eq!(opened(&tree.read(), &machine(&[endpoint], holders)), expected);
    };
    check(&[&systemd], &[]);
    tree.start("a.socket");
    check(&[&systemd], &["tcp [::]:9 a.socket"]);
    check(&[&systemd, &b], &["tcp [::]:9 a.socket"]);
    tree.start("b.socket");
    check(&[&systemd], &[]);
    check(&[&systemd, &b], &["tcp [::]:9 b.socket"]);
}

#[test]
fn a_users_manager_opens_for_that_user() {
    let tree = Tree::new();
    tree.write("etc/web.socket", "ListenStream=127.0.0.1:8080\nListenStream=[fe80::1]:80%%eth0");
    let group =
        |user, rest: &str| format!("/user.slice/user-{user}.slice/user@{user}.service/{rest}");
    let own = process(900, "systemd", &group(1000, "init.scope"));
    let service = process(901, "web", &group(1000, "app.slice/web.service"));
    let other = process(902, "systemd", &group(1001, "init.scope"));
    let units = SocketUnits::read(&tree.directories(Manager::User(1000)));
    let check = |holders: &[&Process], expected: &[&str]| {
        let endpoints = [
            waiting(Transport::Tcp, "127.0.0.1:8080", holders),
            waiting(Transport::Tcp, "[fe80::1%2]:80", holders),
        ];
        assert_eq!(opened(&units, &machine(&endpoints, holders)), expected);
    };
    let web = ["tcp 127.0.0.1:8080 web.socket", "tcp [fe80::1%2]:80 web.socket"];
    check(&[&own], &web);
    check(&[&own, &service], &web);
    check(&[&service], &[]);
    check(&[&other], &[]);
    check(&[&systemd()], &[]);
}

#[test]
fn what_cannot_be_read_is_said_and_hides_nothing() {
    let tree = Tree::new();
    tree.write("lib/a.socket", "ListenStream=1");
    fs::create_dir(tree.0.join("etc/b.socket")).unwrap();
    fs::write(tree.0.join("etc/c.socket"), " ".repeat(2 * 1024 * 1024)).unwrap();
    tree.link("etc/d.socket", "/dev/zero").link("etc/e.socket", "e.socket");
    fs::write(tree.0.join("etc/sockets.target.wants"), "no directory").unwrap();
    let units = tree.read();
    let said: Vec<String> = units.degradations.iter().map(ToString::to_string).collect();
    let first = tree.0.join("etc/b.socket");
    let first = format!("cannot read {}: it is no file", first.display());
    assert_eq!(said, [format!("4 unit files not read (the first: {first})")]);
    let systemd = systemd();
    let one = waiting(Transport::Tcp, "[::]:1", &[&systemd]);
    assert_eq!(opened(&units, &machine(&[one], &[&systemd])), ["tcp [::]:1 a.socket"]);
}

#[test]
fn systemd_knows_the_same_units() {
    if !Path::new("/run/systemd/system").exists() {
        // sd_booted(3)
        let _ = writeln!(
            std::io::stderr(),
            "SKIPPED systemd_knows_the_same_units: systemd does not run here"
        );
        return;
    }
    let list = ["list-sockets", "--no-legend", "--no-pager", "--full"];
    let told = Command::new("systemctl").args(list).output().unwrap().stdout;
    let told = String::from_utf8(told).unwrap();
    let snapshot = sockeye_os::observe(&sockeye_os::Wants::EVERYTHING).unwrap();
    let (found, _) = sockeye_os::socket_units(&snapshot);
    for ((_, local), unit) in &found {
        let is_told = |line: &str| line.contains(&local.to_string()) && line.contains(&**unit);
        assert!(told.lines().any(is_told), "{local} {unit} in\n{told}");
    }
    let is_network = |line: &&str| line.starts_with(|c: char| c == '[' || c.is_ascii_digit());
    assert!(found.len() >= told.lines().filter(is_network).count(), "{found:?} of\n{told}");
}
