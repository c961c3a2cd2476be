//! A world for each test: its own process, network, mounts and processes, gone when it ends.
//!
//! A test runs itself again as the first process of new namespaces. So no test sees another's
//! sockets, no descriptor leaks from one into another's children, and whatever a test leaves
//! behind ends with it.

use std::any::type_name;
use std::env;
use std::fs::{self, File};
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

/// Set in the process that is the first of its world.
const INSIDE: &str = "SOCKEYE_E2E_INSIDE";
/// Names the file that skipped tests are written to.
const SKIPPED: &str = "SOCKEYE_SKIPPED";
/// How long one test may take before it is ended, in seconds.
const LIMIT: &str = "50";
/// How long a state may take to come about.
const PATIENCE: Duration = Duration::from_secs(15);

/// What a test finds when it begins: an empty network with loopback, and a directory.
pub(crate) struct World {
    /// The test's name.
    name: &'static str,
    /// Empty, readable by everybody, gone with the world.
    pub(crate) dir: PathBuf,
}

/// Runs `test`, the one closure in a test function, as the first process of a new world.
pub(crate) fn visit<F: Fn(&World)>(test: F) {
    // `e2e::states::time_wait::{{closure}}`: closures are named after the function they stand in.
    let name = type_name::<F>().trim_end_matches("::{{closure}}");
    if env::var_os(INSIDE).is_some() {
        return test(&World::enter(name));
    }
    if let Err(reason) = may_make_worlds() {
        return note_skipped(name, reason);
    }
    let (_, name_in_harness) = name.split_once("::").unwrap();
    let output = in_new_world()
        .arg(env::current_exe().unwrap())
        .args(["--exact", name_in_harness, "--nocapture", "--test-threads=1"])
        .env(INSIDE, "1")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let told = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    let has_run = output.status.success() && told.contains("1 passed");
    assert!(has_run, "{}\n{told}", output.status);
    let _ = std::io::stderr().write_all(&lines_of_skips(&output.stderr));
}

/// The lines that tell of something skipped inside.
fn lines_of_skips(told: &[u8]) -> Vec<u8> {
    let lines = told.split_inclusive(|byte| *byte == b'\n');
    lines.filter(|line| line.starts_with(b"SKIPPED")).flatten().copied().collect()
}

/// A command that runs its arguments as the first process of a new world.
fn in_new_world() -> Command {
    let mut command = Command::new("timeout");
    command.args(["--signal=KILL", LIMIT, "unshare", "--net", "--mount"]);
    command.args(["--pid", "--fork", "--kill-child", "--mount-proc"]);
    if !rustix::process::geteuid().is_root() {
        command.args(["--user", "--map-root-user"]);
    }
    command
}

/// Whether this machine lets us make worlds, tried once.
fn may_make_worlds() -> Result<(), &'static str> {
    static ANSWER: OnceLock<Result<(), String>> = OnceLock::new();
    let try_it = || match in_new_world().arg("true").output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
        Err(error) => Err(format!("timeout(1) and unshare(1): {error}")),
    };
    ANSWER.get_or_init(try_it).as_ref().map_err(String::as_str).copied()
}

/// Writes down that `name` was not tested, where it is seen.
fn note_skipped(name: &str, reason: &str) {
    let line = format!("SKIPPED {name}: {reason}\n");
    let _ = std::io::stderr().write_all(line.as_bytes());
    if let Some(path) = env::var_os(SKIPPED) {
        let file = File::options().append(true).create(true).open(path);
        file.unwrap().write_all(line.as_bytes()).unwrap();
    }
}

impl World {
    /// Furnishes the new world.
    fn enter(name: &'static str) -> Self {
        // Namespaces of the machine that files are bound to are not part of this world.
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
        for mount in mounts.lines().filter(|line| line.contains(" - nsfs ")) {
            run("umount", &[mount.split(' ').nth(4).unwrap()]);
        }
        // A file system of our own over /run: names of namespaces, copies of programs.
        run("mount", &["-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run"]);
        run("ip", &["link", "set", "lo", "up"]);
        let dir = PathBuf::from("/run/scenario");
        fs::create_dir(&dir).unwrap();
        Self { name, dir }
    }

    /// Notes that the rest of the test cannot be done here.
    pub(crate) fn skip(&self, reason: &str) {
        note_skipped(self.name, reason);
    }

    /// A copy of `program` under another name in the scenario's directory.
    pub(crate) fn copy_program(&self, program: &str, name: impl AsRef<std::path::Path>) -> PathBuf {
        let copy = self.dir.join(name);
        fs::copy(fs::canonicalize(program).unwrap(), &copy).unwrap();
        copy
    }

    /// Joins this network to another one, called `name`, which `ip netns` lists.
    ///
    /// Here are 10.9.0.1 and fe80::1 on `here`, there 10.9.0.2, .3, .4 and fe80::2 on `there`.
    pub(crate) fn join_network(&self, name: &'static str) -> Network {
        run("ip", &["netns", "add", name]);
        run("ip", &["link", "add", "here", "type", "veth", "peer", "name", "there", "netns", name]);
        configure("here", &["10.9.0.1/24", "fe80::1/64"], |args| {
            run("ip", args);
        });
        let network = Network { name };
        run("ip", &["-n", name, "link", "set", "lo", "up"]);
        let addresses = ["10.9.0.2/24", "10.9.0.3/24", "10.9.0.4/24", "fe80::2/64"];
        configure("there", &addresses, |args| {
            run("ip", &[&["-n", name], args].concat());
        });
        network
    }
}

/// Gives `link` its `addresses` and takes it up; duplicate detection would cost two seconds.
fn configure(link: &str, addresses: &[&str], ip: impl Fn(&[&str])) {
    ip(&["link", "set", link, "addrgenmode", "none"]);
    for address in addresses {
        let nodad: &[&str] = if address.contains("::") { &["nodad"] } else { &[] };
        ip(&[&["addr", "add", address, "dev", link], nodad].concat());
    }
    ip(&["link", "set", link, "up"]);
}

/// Another network namespace.
pub(crate) struct Network {
    /// What `ip netns` calls it.
    pub(crate) name: &'static str,
}

impl Network {
    /// Does `work` inside, in a thread that goes there; sockets made so stay there.
    pub(crate) fn inside<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        let file = File::open(format!("/run/netns/{}", self.name)).unwrap();
        let go = || {
            move_into_link_name_space(file.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
            work()
        };
        thread::scope(|scope| scope.spawn(go).join().unwrap())
    }
}

/// From now on nothing that is sent to `address` over `here` arrives; what comes from it does.
pub(crate) fn cut_the_way_to(address: &str) {
    let nowhere = ["lladdr", "02:00:00:00:00:99", "dev", "here", "nud", "permanent"];
    run("ip", &[&["neigh", "replace", address], &nowhere[..]].concat());
}

/// Runs a command that has to succeed, and returns what it printed.
pub(crate) fn run(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).output();
    let Output { status, stdout, stderr } = output.unwrap_or_else(|e| panic!("{program}: {e}"));
    let told = String::from_utf8_lossy(&stderr);
    assert!(status.success(), "{program} {}: {told}", args.join(" "));
    String::from_utf8_lossy(&stdout).into_owned()
}

/// Tries until `attempt` brings something.
pub(crate) fn eventually<T>(what: &str, mut attempt: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(result) = attempt() {
            return result;
        }
        assert!(Instant::now() < deadline, "never came about: {what}");
        thread::sleep(Duration::from_millis(2));
    }
}

/// A connection within this process: the side that connected, and the accepted one.
pub(crate) fn connect(listener: &TcpListener) -> (TcpStream, TcpStream) {
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (client, listener.accept().unwrap().0)
}

/// A process that ends with its owner.
pub(crate) struct Process(Child);

impl Process {
    /// Starts `command`.
    pub(crate) fn start(command: &mut Command) -> Self {
        let child = command.spawn().unwrap_or_else(|e| panic!("{command:?}: {e}"));
        // The command would keep our handles on the sockets that the child has inherited.
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Self(child)
    }

    /// Starts a process that does nothing but hold `socket`, as its standard input.
    pub(crate) fn holding(socket: impl Into<OwnedFd>) -> Self {
        Self::start(Command::new("sleep").arg("1000").stdin(socket.into()))
    }

    /// Its pid.
    pub(crate) fn pid(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A second handle on the same socket.
pub(crate) fn share(socket: impl AsFd) -> OwnedFd {
    socket.as_fd().try_clone_to_owned().unwrap()
}
