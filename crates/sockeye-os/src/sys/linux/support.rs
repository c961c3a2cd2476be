//! What can be done here: each thing is tried, on Sockeye's own sockets where it would leave a
//! trace.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::MetadataExt;

use hashbrown::HashSet;
use nix::unistd::{Uid, User};
use rustix::io::Errno;
use rustix::net::sockopt::socket_cookie;
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, getsockname, socket_with};
use rustix::process::{Pid, geteuid, test_kill_process};
use rustix::thread::{CapabilitySet, capabilities};
use sockeye_core::degradation::number_of;

use super::bpf;
use super::facts::read_proc;
use super::namespaces::{find, inside_each};
use super::netlink::SockDiag;
use super::observe::is_enclosed;
use super::walk::{read_pids, walk};
use crate::Namespaces;
use crate::decode::inet_diag::{Measure, Target, encode_destroy};
use crate::decode::mounts::{cgroup2_mount_point, decode_mounts, is_proc_restricted};
use crate::decode::{SocketRow, Table, lossy};
use crate::error::plain;
use crate::support::{Finding, Status};

/// TCP over IPv4, the table of the sockets that are made to try things on.
const TCP: Table = match Table::ALL {
    [tcp, ..] => tcp,
};
/// The capabilities that let Sockeye see and do everything, and what each is needed for.
const CAPABILITIES: [(CapabilitySet, &str); 7] = [
    (CapabilitySet::DAC_READ_SEARCH, "cap_dac_read_search"),
    (CapabilitySet::SYS_PTRACE, "cap_sys_ptrace"),
    (CapabilitySet::SYS_ADMIN, "cap_sys_admin"),
    (CapabilitySet::NET_ADMIN, "cap_net_admin"),
    (CapabilitySet::KILL, "cap_kill"),
    (CapabilitySet::BPF, "cap_bpf"),
    (CapabilitySet::PERFMON, "cap_perfmon"),
];

/// What it takes to read the descriptors of every process: to list them, and to follow them.
pub(super) const SEE_PROCESSES: CapabilitySet =
    CapabilitySet::DAC_READ_SEARCH.union(CapabilitySet::SYS_PTRACE);
/// What it takes to load programs that read the kernel's structures.
pub(super) const LOAD_PROGRAMS: CapabilitySet = CapabilitySet::BPF.union(CapabilitySet::PERFMON);

/// The kernel's release, as uname(2) says it.
pub(crate) fn kernel_release() -> String {
    let name = rustix::system::uname();
    name.release().to_string_lossy().into_owned()
}

/// See [`crate::support::examine`].
pub(crate) fn examine() -> Vec<Finding> {
    let pids = read_pids().unwrap_or_default();
    let sample = Sample::make();
    let sample = sample.as_ref().map_err(plain);
    let mut findings = vec![examine_system(), examine_sock_diag(), examine_proc_net()];
    findings.extend(bpf::examine());
    findings.extend([
        examine_owners(&pids),
        examine_namespaces(&pids),
        with_sample(Probe::METRICS, &sample, Sample::examine_metrics),
        with_sample(Probe::BOUND, &sample, Sample::examine_bound),
        with_sample(Probe::CGROUPS, &sample, Sample::examine_cgroups),
        examine_users(),
        with_sample(Probe::CLOSE, &sample, Sample::examine_close),
        examine_end(&pids),
    ]);
    findings
}

/// What an examination is of.
#[derive(Clone, Copy)]
pub(super) struct Probe {
    capability: &'static str,
    title: &'static str,
}

impl Probe {
    const METRICS: Self = Self::new("metrics", "Measurements of TCP");
    const BOUND: Self = Self::new("bound", "Sockets that are only bound");
    const CGROUPS: Self = Self::new("services", "Services of endpoints");
    const CLOSE: Self = Self::new("close", "Closing connections");

    pub(super) const fn new(capability: &'static str, title: &'static str) -> Self {
        Self { capability, title }
    }

    pub(super) fn found(self, status: Status, detail: impl Into<String>) -> Finding {
        Finding {
            capability: self.capability,
            title: self.title,
            status,
            detail: detail.into(),
            remedy: None,
        }
    }
}

impl Finding {
    /// The same with a command that mends it.
    pub(super) fn mended_by(mut self, remedy: String) -> Self {
        self.remedy = Some(remedy);
        self
    }
}

/// Examines on `sample`; says so when there is none.
fn with_sample(
    probe: Probe,
    sample: &Result<&Sample, String>,
    examine: impl FnOnce(&Sample, Probe) -> Finding,
) -> Finding {
    match sample {
        Ok(sample) => examine(sample, probe),
        Err(reason) => {
            let detail = format!("it could not be tried on a socket of our own: {reason}");
            probe.found(Status::Limited, detail)
        }
    }
}

/// The kernel, the user, and which of the capabilities that matter it has.
fn examine_system() -> Finding {
    let user = geteuid().as_raw();
    let name = user_name(user).map_or(String::new(), |name| format!(" ({name})"));
    let held = held();
    let having = |wanted: bool| {
        let names = CAPABILITIES.iter().filter(|(one, _)| held.contains(*one) == wanted);
        names.map(|(_, name)| *name).collect::<Vec<_>>().join(", ")
    };
    let rights = match (having(true), having(false)) {
        (_, lacks) if lacks.is_empty() => "with every capability that matters".to_owned(),
        (has, _) if has.is_empty() => "without any capability that matters".to_owned(),
        (has, lacks) => format!("with {has}; without {lacks}"),
    };
    let release = kernel_release();
    let architecture = std::env::consts::ARCH;
    let mut detail = format!("Linux {release} {architecture}, user {user}{name} {rights}");
    for (name, path) in [
        ("security modules", "/sys/kernel/security/lsm"),
        ("yama ptrace_scope", "/proc/sys/kernel/yama/ptrace_scope"),
    ] {
        if let Ok(text) = std::fs::read_to_string(path) {
            detail.push_str(&format!("; {name} {}", text.trim()));
        }
    }
    Probe::new("system", "User and kernel").found(Status::Works, detail)
}

/// The capabilities in force.
pub(super) fn held() -> CapabilitySet {
    capabilities(None).map_or(CapabilitySet::empty(), |sets| sets.effective)
}

/// Dumps of all four tables.
fn examine_sock_diag() -> Finding {
    let probe = Probe::new("sock_diag", "Fast tables (sock_diag)");
    let dumps = Table::ALL.map(|table| (table, dump(table, Measure::Nothing)));
    let answers = dumps.iter().map(|(table, answer)| match answer {
        Ok(rows) => format!("{} {}", table.name(), rows.len()),
        Err(error) => format!("{} not at all ({})", table.name(), plain(error)),
    });
    let detail = format!("sockets here: {}", answers.collect::<Vec<_>>().join(", "));
    let finding = match dumps.iter().filter(|(_, answer)| answer.is_err()).count() {
        0 => return probe.found(Status::Works, detail),
        4 => probe.found(Status::Missing, detail),
        _ => probe.found(Status::Limited, detail),
    };
    finding.mended_by("sudo modprobe -a inet_diag tcp_diag udp_diag".to_owned())
}

/// The texts that are read where `sock_diag` does not answer.
fn examine_proc_net() -> Finding {
    let probe = Probe::new("proc_net", "Slow tables (/proc/net)");
    let unreadable = Table::ALL.iter().filter_map(|table| {
        let error = read_some(&format!("/proc/thread-self/net/{}", table.name())).err()?;
        Some(format!("{} cannot be read ({})", table.name(), plain(&error)))
    });
    let unreadable: Vec<String> = unreadable.collect();
    match unreadable.len() {
        0 => probe.found(Status::Works, "all four can be read; they are the second choice"),
        4 => probe.found(Status::Missing, unreadable.join(", ")),
        _ => probe.found(Status::Limited, unreadable.join(", ")),
    }
}

/// The first line of a file, to know that it can be read.
fn read_some(path: &str) -> io::Result<()> {
    let mut line = String::new();
    let file = std::fs::File::open(path)?;
    io::BufRead::read_line(&mut io::BufReader::new(file), &mut line).map(|_| ())
}

/// The descriptors of every process there is.
fn examine_owners(pids: &[u32]) -> Finding {
    let probe = Probe::new("owners", "Owners of endpoints");
    let (denied, count) = (walk(pids, &HashSet::new()).denied, pids.len());
    let lacks = !held().contains(SEE_PROCESSES);
    let is_hidden = lacks && is_proc_hiding();
    let limits = [
        (denied > 0 && lacks).then(|| {
            format!(
                "the descriptors of {denied} of {count} processes may not be read; that takes \
                 CAP_DAC_READ_SEARCH to list them and CAP_SYS_PTRACE to follow them"
            )
        }),
        (denied > 0 && !lacks).then(|| {
            format!(
                "the descriptors of {denied} of {count} processes may not be read, with every \
                 capability that it takes: a security module or a user namespace protects them"
            )
        }),
        is_hidden.then(|| "/proc hides the processes of other users (hidepid)".to_owned()),
        is_enclosed().then(|| {
            "Sockeye runs in a PID namespace, as in a container, and cannot see processes outside \
             of it: run it on the host, or in a container with --pid=host"
                .to_owned()
        }),
    ];
    let limits: Vec<String> = limits.into_iter().flatten().collect();
    if limits.is_empty() {
        let detail = format!("the descriptors of every process ({count}) can be read");
        return probe.found(Status::Works, detail);
    }
    let finding = probe.found(Status::Limited, limits.join("; "));
    if lacks && (denied > 0 || is_hidden) { finding.mended_by(grant()) } else { finding }
}

/// Whether `/proc` hides what is not ours.
fn is_proc_hiding() -> bool {
    is_proc_restricted(&decode_mounts(&read_proc("self/mountinfo").unwrap_or_default()))
}

/// Whether `hidepid` does not hold for this process (`has_pid_permissions`, fs/proc/base.c).
pub(super) fn may_see_hidden() -> bool {
    held().contains(CapabilitySet::SYS_PTRACE)
}

/// Every other network namespace that can be found, by entering it.
fn examine_namespaces(pids: &[u32]) -> Finding {
    let probe = Probe::new("namespaces", "Other network namespaces");
    let mut places = match find(&Namespaces::All, pids) {
        Ok(places) => places,
        Err(error) => return probe.found(Status::Missing, error.to_string()),
    };
    places.retain(|place| !place.is_own);
    let entered = inside_each(&places, |_| ());
    let refusals: Vec<String> =
        entered.iter().filter_map(|e| e.as_ref().err()).map(plain).collect();
    let found = number_of(places.len(), "other namespace", "other namespaces");
    let Some(reason) = refusals.first() else {
        let detail = match places.len() {
            0 => "none was found; one of another user may stay unseen without CAP_SYS_PTRACE"
                .to_owned(),
            _ => format!("{found}, every one can be entered"),
        };
        return probe.found(Status::Works, detail);
    };
    let detail = format!(
        "{found}, a named one perhaps counted twice, {} cannot be entered ({reason}): those with a \
         visible process are read through /proc/PID/net, with fewer facts. Entering takes \
         CAP_SYS_ADMIN, and CAP_SYS_PTRACE for those that have no name",
        refusals.len()
    );
    let status = if refusals.len() == places.len() { Status::Missing } else { Status::Limited };
    probe.found(status, detail).mended_by(grant())
}

/// The command that lets this binary see everything, whoever runs it; see [`examine_owners`] and
/// [`examine_namespaces`] for why each. CAP_SYS_ADMIN stands for CAP_BPF, CAP_PERFMON and, where
/// programs are attached, CAP_NET_ADMIN; a command of its own for eBPF would take back this one's.
/// It may change nothing.
pub(super) fn grant() -> String {
    let see = "cap_dac_read_search,cap_sys_ptrace,cap_sys_admin";
    format!("sudo setcap {see}+ep {}", this_binary())
}

/// The path of the running binary, for a shell.
pub(super) fn this_binary() -> String {
    let path = std::env::current_exe().unwrap_or_else(|_| "sockeye".into());
    let path = path.display().to_string();
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+".contains(c);
    if path.chars().all(is_plain) { path } else { format!("'{}'", path.replace('\'', r"'\''")) }
}

/// Names of users by their numbers.
fn examine_users() -> Finding {
    let probe = Probe::new("users", "Names of users");
    let user = geteuid().as_raw();
    match user_name(user) {
        Some(name) => probe.found(Status::Works, format!("user {user} is {name}")),
        None => {
            let detail = format!("the system has no name for user {user}; numbers are shown");
            probe.found(Status::Limited, detail)
        }
    }
}

/// The name of a user.
fn user_name(id: u32) -> Option<String> {
    Some(User::from_uid(Uid::from_raw(id)).ok()??.name)
}

/// Signal 0, which is only checked, to a process of another user.
fn examine_end(pids: &[u32]) -> Finding {
    let probe = Probe::new("end", "Ending processes");
    let mine = geteuid().as_raw();
    let owner = |pid: u32| std::fs::metadata(format!("/proc/{pid}")).ok().map(|m| m.uid());
    let others = pids.iter().filter(|pid| owner(**pid).is_some_and(|uid| uid != mine));
    let tried = others.filter_map(|pid| {
        let other = Pid::from_raw(i32::try_from(*pid).ok()?)?;
        match test_kill_process(other) {
            Err(Errno::SRCH) => None,
            answer => Some((*pid, answer)),
        }
    });
    match tried.take(1).next() {
        Some((pid, Err(errno))) => {
            let detail = format!(
                "only your own: process {pid} of another user may not be signalled ({})",
                plain(&errno.into())
            );
            let command = format!("sudo {} end --filter EXPR", this_binary());
            probe.found(Status::Limited, detail).mended_by(command)
        }
        Some((pid, Ok(()))) => {
            let detail = format!("process {pid} of another user may be signalled");
            probe.found(Status::Works, detail)
        }
        None => probe.found(Status::Works, "every process that can be seen is your own"),
    }
}

/// Every socket of `table`.
fn dump(table: Table, measure: Measure) -> io::Result<Vec<SocketRow>> {
    let mut rows = Vec::new();
    SockDiag::open()?.dump(table, measure, |row| rows.extend(row))?;
    Ok(rows)
}

/// Sockets of our own to try things on: known, on loopback, gone a moment later.
struct Sample {
    listener: TcpListener,
    /// The listener's cookie.
    cookie: u64,
    /// The row of the listener, if the kernel's table has it.
    row: io::Result<Option<SocketRow>>,
    /// Whether the kernel sent measurements of a connection to it.
    is_measured: bool,
}

impl Sample {
    fn make() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let cookie = socket_cookie(&listener)?;
        let connection = TcpStream::connect(listener.local_addr()?)?;
        let connected = socket_cookie(&connection)?;
        let rows = dump(TCP, Measure::TcpInfo);
        let find = |rows: &[SocketRow], cookie| {
            rows.iter().find(|row| row.cookie == Some(cookie)).cloned()
        };
        let measured = rows.as_ref().ok().and_then(|rows| find(rows, connected));
        let is_measured = measured.is_some_and(|row| row.metrics.is_some());
        Ok(Self { listener, cookie, row: rows.map(|rows| find(&rows, cookie)), is_measured })
    }

    /// The listener's row, or what to say without one.
    fn row(&self) -> Result<&SocketRow, String> {
        match &self.row {
            Ok(Some(row)) => Ok(row),
            Ok(None) => Err("the kernel's table did not list a socket of our own".to_owned()),
            Err(error) => Err(format!("sock_diag does not answer ({})", plain(error))),
        }
    }

    fn examine_metrics(&self, probe: Probe) -> Finding {
        match self.row() {
            Ok(_) if self.is_measured => {
                let detail = "round-trip times, retransmits, bytes and packets of every connection";
                probe.found(Status::Works, detail)
            }
            Ok(_) => probe.found(Status::Missing, "the kernel sent none of our own connection"),
            Err(reason) => probe.found(Status::Missing, reason),
        }
    }

    /// A TCP socket that neither listens nor is connected, as Linux lists them since 6.8.
    fn examine_bound(&self, probe: Probe) -> Finding {
        let bound = || -> io::Result<bool> {
            let (family, kind) = (AddressFamily::INET, SocketType::STREAM);
            let socket = socket_with(family, kind, SocketFlags::CLOEXEC, None)?;
            bind(&socket, &SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
            getsockname(&socket)?;
            let cookie = socket_cookie(&socket)?;
            let rows = dump(TCP, Measure::Nothing)?;
            Ok(rows.iter().any(|row| row.cookie == Some(cookie)))
        };
        match bound() {
            Ok(true) => probe.found(Status::Works, "a socket of our own was listed"),
            Ok(false) => {
                let detail = "a socket of our own was not listed: kernels before Linux 6.8 cannot";
                probe.found(Status::Missing, detail)
            }
            Err(error) => probe.found(Status::Missing, plain(&error)),
        }
    }

    /// The control group of our own socket, found again among the directories.
    fn examine_cgroups(&self, probe: Probe) -> Finding {
        let id = match self.row() {
            Ok(row) => row.cgroup_id,
            Err(reason) => return probe.found(Status::Limited, reason),
        };
        let limited = |detail: &str| {
            probe.found(
                Status::Limited,
                format!("{detail}; endpoints whose process may not be seen show no service"),
            )
        };
        let Some(id) = id else {
            return limited("the kernel does not tell the control groups of sockets");
        };
        let mounts = decode_mounts(&read_proc("self/mountinfo").unwrap_or_default());
        let Some(root) = cgroup2_mount_point(&mounts) else {
            return limited("cgroup2 is not mounted");
        };
        let text = lossy(&read_proc("self/cgroup").unwrap_or_default());
        let own = text.lines().find_map(|line| line.strip_prefix("0::"));
        let own = own.unwrap_or_default();
        let directory = format!("{root}{own}");
        match std::fs::metadata(&directory) {
            Ok(found) if found.ino() == id => {
                let detail = format!("a socket of our own was traced to the control group {own}");
                probe.found(Status::Works, detail)
            }
            Ok(_) => limited("the control group of a socket of our own was not found again"),
            Err(error) => limited(&format!("{directory} cannot be read ({})", plain(&error))),
        }
    }

    /// Closes the listener, which nobody needs. One that does not exist would not do: the kernel
    /// looks for the socket before it asks for the permission (`tcp_diag_destroy`).
    fn examine_close(&self, probe: Probe) -> Finding {
        let ask = || {
            let target = Target {
                table: TCP,
                local: self.listener.local_addr()?,
                remote: None,
                interface: 0,
                cookie: Some(self.cookie),
            };
            SockDiag::open()?.ask_once(TCP, &encode_destroy(&target))
        };
        let Err(error) = ask() else {
            return probe.found(Status::Works, "a listener of our own was closed");
        };
        let reason = plain(&error);
        match error.raw_os_error().map(Errno::from_raw_os_error) {
            Some(Errno::PERM | Errno::ACCESS) => {
                let detail = format!(
                    "a listener of our own was not closed ({reason}); that takes CAP_NET_ADMIN"
                );
                let command = format!("sudo {} close --filter EXPR", this_binary());
                probe.found(Status::Missing, detail).mended_by(command)
            }
            Some(Errno::OPNOTSUPP) => {
                let detail = "the kernel cannot: it was built without CONFIG_INET_DIAG_DESTROY";
                probe.found(Status::Missing, detail)
            }
            _ => probe
                .found(Status::Missing, format!("a listener of our own was not closed ({reason})")),
        }
    }
}
