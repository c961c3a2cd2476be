//! From the object file to programs in the kernel.
//!
//! aya-obj reads the object and relocates it; the kernel's types come from an excerpt of its BTF
//! ([`crate::decode::btf`]). Each program is loaded when it is first asked for, on its own.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use aya_obj::btf::{Btf, BtfFeatures};
use aya_obj::generated::{bpf_attach_type as attach, bpf_map_type, bpf_prog_type as program};
use aya_obj::maps::Map;
use aya_obj::{EbpfSectionKind, Object};
use rustix::io::Errno;

use super::adapt::{adapt, with_source};
use super::call::{self, MapPlan, ProgramPlan};
use crate::Wants;
use crate::decode::btf::{excerpt, structure_names};
use crate::error::plain;

/// The programs, compiled: `cargo xtask bpf` makes it from what stands beside it.
const OBJECT: &[u8] = include_bytes!("../../../../bpf/sockeye.bpf.o");
/// Where a kernel describes its types.
pub(super) const KERNEL_BTF: &str = "/sys/kernel/btf/vmlinux";

/// What a program is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Place {
    /// An iterator over this kind of things.
    Iterator,
    /// A tracepoint whose arguments are typed.
    Tracepoint,
    /// A hook of control groups: type of program, and where it attaches.
    Cgroup(program, attach),
}

/// One of our programs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Program {
    /// Its name in the object.
    pub(super) name: &'static str,
    /// What it is for.
    pub(super) place: Place,
    /// The kernel's function or type that stands for the place; empty for control groups.
    target: &'static str,
    /// What is missing without it, as a clause.
    pub(super) purpose: &'static str,
}

impl Program {
    const fn iterator(name: &'static str, target: &'static str, purpose: &'static str) -> Self {
        Self { name, place: Place::Iterator, target, purpose }
    }

    const fn tracepoint(name: &'static str, target: &'static str, purpose: &'static str) -> Self {
        Self { name, place: Place::Tracepoint, target, purpose }
    }

    /// Whether it tells of anything that `wants` asks for.
    pub(super) fn is_of(&self, wants: &Wants) -> bool {
        match (self.name.starts_with("tcp"), self.name.starts_with("udp")) {
            (true, _) => wants.tcp,
            (_, true) => wants.udp,
            _ => true,
        }
    }

    const fn socket(name: &'static str, at: attach, purpose: &'static str) -> Self {
        let place = Place::Cgroup(program::BPF_PROG_TYPE_CGROUP_SOCK, at);
        Self { name, place, target: "", purpose }
    }

    const fn message(name: &'static str, at: attach, purpose: &'static str) -> Self {
        let place = Place::Cgroup(program::BPF_PROG_TYPE_CGROUP_SOCK_ADDR, at);
        Self { name, place, target: "", purpose }
    }
}

/// Every program there is.
pub(super) const PROGRAMS: [Program; 15] = [
    Program::iterator("list_held", "bpf_iter_task_file", "sockets of processes"),
    Program::iterator("list_tcp", "bpf_iter_tcp", "TCP that no process holds"),
    Program::iterator("list_udp", "bpf_iter_udp", "UDP that no process holds"),
    Program::tracepoint("tcp_state", "btf_trace_inet_sock_set_state", "TCP's changes of state"),
    Program::tracepoint(
        "tcp_state_within",
        "btf_trace_inet_sock_set_state",
        "TCP's changes of state in interrupts",
    ),
    Program::tracepoint(
        "tcp_destroy",
        "btf_trace_tcp_destroy_sock",
        "who closes reset connections",
    ),
    Program::tracepoint("count_sent", "btf_trace_sock_send_length", "what is sent"),
    Program::tracepoint("count_received", "btf_trace_sock_recv_length", "what is received"),
    Program::socket("udp_bound4", attach::BPF_CGROUP_INET4_POST_BIND, "UDP bound over IPv4"),
    Program::socket("udp_bound6", attach::BPF_CGROUP_INET6_POST_BIND, "UDP bound over IPv6"),
    Program::socket("udp_released", attach::BPF_CGROUP_INET_SOCK_RELEASE, "UDP's closings"),
    Program::message("udp_sent4", attach::BPF_CGROUP_UDP4_SENDMSG, "to whom UDP sends over IPv4"),
    Program::message("udp_sent6", attach::BPF_CGROUP_UDP6_SENDMSG, "to whom UDP sends over IPv6"),
    Program::message("udp_received4", attach::BPF_CGROUP_UDP4_RECVMSG, "from whom, over IPv4"),
    Program::message("udp_received6", attach::BPF_CGROUP_UDP6_RECVMSG, "from whom, over IPv6"),
];

/// The program called `name`.
pub(super) fn program_named(name: &str) -> Program {
    let found = PROGRAMS.into_iter().find(|program| program.name == name);
    found.expect("callers name programs of the table above")
}

/// Why a part of the eBPF tier is not to be had.
#[derive(Debug)]
pub(super) struct Refused {
    /// What was tried.
    pub(super) what: String,
    /// What the kernel answered.
    pub(super) error: io::Error,
    /// The last line of what its verifier said.
    pub(super) verifier: String,
}

impl Refused {
    pub(super) fn new(what: impl Into<String>, error: io::Error) -> Self {
        Self { what: what.into(), error, verifier: String::new() }
    }

    /// Whether it is a matter of capabilities. EACCES is not: the verifier says that of programs.
    pub(super) fn is_denied(&self) -> bool {
        self.error.raw_os_error() == Some(Errno::PERM.raw_os_error())
    }

    fn malformed(what: &str, error: impl fmt::Display) -> Self {
        Self::new(what, io::Error::other(error.to_string()))
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, plain(&self.error))?;
        if self.verifier.is_empty() { Ok(()) } else { write!(f, " ({})", self.verifier) }
    }
}

/// How the programs are to be set up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setup {
    /// Bytes of the ring buffer; a power of two, at least a page. `None` when no events are wanted.
    pub(super) ring_bytes: Option<u32>,
    /// TCP's measurements are wanted in lists.
    pub(super) is_measuring: bool,
    /// Inode of our PID namespace, 0 for the machine's first.
    pub(super) pid_namespace: u32,
    /// For tests: programs that are refused as a kernel would that cannot take them.
    pub(super) refused: &'static [&'static str],
}

impl Setup {
    /// For a list, without measurements, on the machine itself.
    pub(super) const PLAIN: Self =
        Self { ring_bytes: None, is_measuring: false, pid_namespace: 0, refused: &[] };
}

/// The object, relocated for this kernel, and its maps.
pub(super) struct Programs {
    object: Object,
    /// The programs that cannot be adapted to this kernel, and why.
    unfit: HashMap<String, String>,
    btf: OwnedFd,
    maps: HashMap<String, OwnedFd>,
    targets: hashbrown::HashMap<Vec<u8>, u32>,
}

impl Programs {
    /// Prepares everything that programs share.
    pub(super) fn prepare(setup: &Setup) -> Result<Self, Refused> {
        let kernel = std::fs::read(KERNEL_BTF)
            .map_err(|error| Refused::new(format!("read {KERNEL_BTF}"), error))?;
        Self::prepare_for(&kernel, setup, relocate)
    }

    /// The same for a kernel that describes its types like this; `relocate` is the function of that
    /// name, unless a test has another.
    pub(super) fn prepare_for(
        kernel: &[u8],
        setup: &Setup,
        relocate: impl Fn(&mut Object, &Btf) -> Result<(), String>,
    ) -> Result<Self, Refused> {
        let mut object = parse(setup)?;
        // What every kernel knows that has the iterators (5.15), and no more than our types need.
        let features = BtfFeatures::new(true, true, true, true, true, false, false, false);
        let types = object.fixup_and_sanitize_btf(&features);
        let types = types.map_err(|e| Refused::malformed("read our types", e))?.map(Btf::to_bytes);
        let types = types.ok_or_else(|| Refused::malformed("read our types", "there are none"))?;
        let btf = call::load_btf(&types).map_err(|e| Refused::new("load types", e))?;
        let (kernel, targets) = read_kernel(kernel, &types, &object)?;
        let pristine = || {
            let mut object = parse(setup)?;
            let fixed = object.fixup_and_sanitize_btf(&features).map(drop);
            fixed.map_err(|e| Refused::malformed("read our types", e)).map(|()| object)
        };
        let adapted = adapt(object, pristine, |object| relocate(object, &kernel));
        let (mut object, mut unfit) = adapted?;
        for name in setup.refused {
            unfit.insert((*name).to_owned(), "refused for a test".to_owned());
        }
        let maps = create_maps(&object, &btf, setup)?;
        link(&mut object, &maps)?;
        Ok(Self { object, unfit, btf, maps, targets })
    }

    /// Takes out the map called `name`.
    pub(super) fn take_map(&mut self, name: &str) -> Result<OwnedFd, Refused> {
        let absent = || Refused::new(format!("map {name}"), io::ErrorKind::NotFound.into());
        self.maps.remove(name).ok_or_else(absent)
    }

    /// Loads `program`.
    pub(super) fn load(&self, program: Program) -> Result<OwnedFd, Refused> {
        let what = || format!("program {}", program.name);
        let absent = || Refused::new(what(), io::ErrorKind::NotFound.into());
        if let Some(reason) = self.unfit.get(program.name) {
            let error = io::Error::new(io::ErrorKind::Unsupported, reason.clone());
            return Err(Refused::new(what(), error));
        }
        let found = self.object.programs.get(program.name).ok_or_else(absent)?;
        let function = self.object.functions.get(&found.function_key()).ok_or_else(absent)?;
        let (kind, attach_type) = match program.place {
            Place::Iterator => (program::BPF_PROG_TYPE_TRACING, attach::BPF_TRACE_ITER),
            Place::Tracepoint => (program::BPF_PROG_TYPE_TRACING, attach::BPF_TRACE_RAW_TP),
            Place::Cgroup(kind, at) => (kind, at),
        };
        let target = self.targets.get(program.target.as_bytes()).copied().unwrap_or(0);
        if target == 0 && !program.target.is_empty() {
            let reason = format!("this kernel has no {}", program.target);
            return Err(Refused::new(what(), io::Error::new(io::ErrorKind::Unsupported, reason)));
        }
        let functions = function.func_info.func_info_bytes();
        let plan = ProgramPlan {
            name: program.name,
            kind: kind as u32,
            attach_type: attach_type as u32,
            target,
            instructions: &function.instructions,
            licence: &found.license,
            btf: self.btf.as_fd(),
            functions: (&functions, function.func_info_rec_size),
        };
        call::load_program(&plan, &mut []).map_err(|error| {
            // Asked again for its reasons, which cost time: nobody wants them when all is well.
            let mut log = vec![0; 1 << 20];
            let _ = call::load_program(&plan, &mut log);
            Refused { what: what(), error, verifier: last_words(&log) }
        })
    }
}

/// How the verifier calls the function that aya-obj has a program call instead of reading a member that
/// the kernel has not: 0xBAD2310, which libbpf chose.
const POISON: &str = "invalid func unknown#195896080";

/// The verifier's reason: its last line but for the statistics that follow.
fn last_words(log: &[u8]) -> String {
    let end = log.iter().position(|byte| *byte == 0).unwrap_or(log.len());
    let text = String::from_utf8_lossy(log.get(..end).unwrap_or_default()).into_owned();
    if text.contains(POISON) {
        return "this kernel's structures lack a member that it reads".to_owned();
    }
    let is_statistics = |line: &&str| {
        let starts = ["processed ", "verification time", "stack depth", "mark_precise", "arg#"];
        starts.iter().any(|start| line.starts_with(start))
    };
    let mut lines = text.lines().rev().filter(|line| !line.is_empty() && !is_statistics(line));
    lines.next().unwrap_or_default().trim().to_owned()
}

/// Reads the object, with the values that `setup` gives its variables.
fn parse(setup: &Setup) -> Result<Object, Refused> {
    let mut object = Object::parse(OBJECT).map_err(|e| Refused::malformed("read object", e))?;
    let globals = [
        ("has_events", vec![u8::from(setup.ring_bytes.is_some())]),
        ("is_measuring", vec![u8::from(setup.is_measuring)]),
        ("our_pid_namespace", setup.pid_namespace.to_ne_bytes().to_vec()),
        ("wake_at_bytes", u64::from(setup.ring_bytes.unwrap_or(0) / 4).to_ne_bytes().to_vec()),
    ];
    let values = globals.iter().map(|(name, value)| (*name, (value.as_slice(), true)));
    object.patch_map_data(values.collect()).map_err(|e| Refused::malformed("set up", e))?;
    Ok(object)
}

/// Adapts every program to the types of a kernel.
pub(super) fn relocate(object: &mut Object, kernel: &Btf) -> Result<(), String> {
    object.relocate_btf(kernel).map_err(|error| with_source(&error))
}

/// Those of the types `kernel` that `types` lead to, and the numbers of what programs attach to.
fn read_kernel(
    kernel: &[u8],
    types: &[u8],
    object: &Object,
) -> Result<(Btf, hashbrown::HashMap<Vec<u8>, u32>), Refused> {
    let malformed = |error| Refused::malformed("read the kernel's types", error);
    let targets: Vec<&str> = PROGRAMS.iter().map(|program| program.target).collect();
    let names = structure_names(types).map_err(malformed)?;
    let excerpt = excerpt(kernel, &names, &targets).map_err(malformed)?;
    let btf = Btf::parse(&excerpt.btf, object.endianness)
        .map_err(|e| Refused::malformed("read the kernel's types", e))?;
    Ok((btf, excerpt.targets))
}

/// Creates the maps of `object`.
fn create_maps(
    object: &Object,
    btf: &OwnedFd,
    setup: &Setup,
) -> Result<HashMap<String, OwnedFd>, Refused> {
    let create = |(name, map): (&String, &Map)| {
        let made = create_map(map, btf, setup);
        made.map(|made| (name.clone(), made)).map_err(|e| Refused::new(format!("map {name}"), e))
    };
    object.maps.iter().map(create).collect()
}

/// Creates one map and fills it, if it holds global variables.
fn create_map(map: &Map, btf: &OwnedFd, setup: &Setup) -> io::Result<OwnedFd> {
    let kind = map.map_type();
    let max_entries = match setup.ring_bytes {
        Some(bytes) if kind == bpf_map_type::BPF_MAP_TYPE_RINGBUF as u32 => bytes,
        // Without events nothing is ever put into them.
        None if kind == bpf_map_type::BPF_MAP_TYPE_LRU_HASH as u32 => 1,
        _ => map.max_entries(),
    };
    let types = match map {
        Map::Btf(map) => Some((btf.as_fd(), map.def.btf_key_type_id, map.def.btf_value_type_id)),
        Map::Legacy(_) => None,
    };
    let made = call::create_map(&MapPlan {
        kind,
        key_size: map.key_size(),
        value_size: map.value_size(),
        max_entries,
        flags: map.map_flags(),
        btf: types.filter(|_| kind != bpf_map_type::BPF_MAP_TYPE_RINGBUF as u32),
    })?;
    if !map.data().is_empty() {
        call::write_only_value(made.as_fd(), map.data())?;
    }
    if map.section_kind() == EbpfSectionKind::Rodata {
        call::freeze(made.as_fd())?;
    }
    Ok(made)
}

/// Puts the maps' descriptors into the programs, and into each the functions that it calls.
fn link(object: &mut Object, maps: &HashMap<String, OwnedFd>) -> Result<(), Refused> {
    let sections: HashSet<usize> = object.functions.keys().map(|(section, _)| *section).collect();
    let described = std::mem::take(&mut object.maps);
    let known = described
        .iter()
        .filter_map(|(name, map)| Some((name.as_str(), maps.get(name)?.as_raw_fd(), map)));
    let malformed =
        |error: aya_obj::relocation::EbpfRelocationError| Refused::malformed("link", error);
    object.relocate_maps(known, &sections).map_err(malformed)?;
    object.relocate_calls(&sections).map_err(malformed)
}
