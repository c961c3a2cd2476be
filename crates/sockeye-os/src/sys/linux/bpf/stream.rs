//! Watching by programs in the kernel.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::panic::resume_unwind;
use std::thread;
use std::time::{Duration, Instant};

use hashbrown::HashSet;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use sockeye_core::event::{Coverage, Event, EventKind};
use sockeye_core::snapshot::Source;
use sockeye_core::{Degradation, NamespaceId, Snapshot};

use super::gather::Ground;
use super::list::Lists;
use super::load::{PROGRAMS, Place, Program, Programs, Refused, Setup};
use super::missed::{COUNTED, Missed};
use super::ring::Ring;
use super::tell::Teller;
use super::{call, gather, unavailable};
use crate::assemble::assemble;
use crate::decode::bpf::decode_record;
use crate::decode::mounts::{cgroup2_mount_point, decode_mounts};
use crate::error::plain;
use crate::raw::Keep;
use crate::sys::linux::facts::read_proc;
use crate::sys::linux::namespaces;
use crate::sys::linux::observe::{self, now, pid_namespace};
use crate::sys::linux::walk::read_pids;
use crate::{Error, Namespaces, SourceChoice, Wants};

/// Programs in the kernel that tell what happens, and iterators for snapshots.
#[derive(Debug)]
pub(in crate::sys::linux) struct Stream {
    wants: Wants,
    /// Measurements were wanted in the beginning.
    is_measured: bool,
    /// Snapshots are made by tables and descriptors where the kernel has refused the iterator.
    lists: Option<Lists>,
    /// As long as these are open the programs run; they end with the process, however that ends.
    _attached: Vec<OwnedFd>,
    ring: Ring,
    /// What happened while a snapshot was taken.
    pending: Vec<Event>,
    /// The programs' global variables: events that did not fit.
    variables: OwnedFd,
    /// How many had not fitted when that was looked at last.
    unfitted: u64,
    missed: Missed,
    teller: Teller,
    coverage: Coverage,
    limits: Vec<Degradation>,
}

/// How long events may wait in the buffer: the kernel wakes us only when it fills up.
const NAP: Duration = Duration::from_millis(20);
/// The same while a snapshot is taken.
const GLANCE: Duration = Duration::from_millis(5);

impl Stream {
    /// Loads and attaches everything that can be.
    ///
    /// # Errors
    ///
    /// Without any events: then it is not worth its while.
    pub(in crate::sys::linux) fn start(wants: &Wants) -> Result<Self, Error> {
        Self::start_without(&[], wants)
    }

    /// The same, with the programs `refused` as a kernel would refuse them.
    pub(super) fn start_without(
        refused: &'static [&'static str],
        wants: &Wants,
    ) -> Result<Self, Error> {
        let bytes = ring_bytes();
        let setup = Setup {
            ring_bytes: Some(bytes),
            is_measuring: wants.metrics,
            pid_namespace: pid_namespace(),
            refused,
        };
        let mut programs = Programs::prepare(&setup).map_err(unavailable)?;
        let attached = Attached::new(&programs, wants).map_err(unavailable)?;
        let ring = programs.take_map("events").map_err(unavailable)?;
        let ring = Ring::new(ring, bytes);
        let ring = ring.map_err(|error| unavailable(Refused::new("map the ring buffer", error)))?;
        let variables = programs.take_map(".bss").map_err(unavailable)?;
        let (lists, refused) = match Lists::load(programs) {
            Ok(lists) => {
                let (lists, refused) = lists.load_once(wants);
                (Some(lists), refused)
            }
            Err(refused) => (None, vec![refused]),
        };
        let (mut limits, coverage) = (attached.limits(), attached.coverage());
        limits.extend(
            refused
                .iter()
                .map(|refused| Degradation::IteratorUnavailable { reason: refused.to_string() }),
        );
        let teller = Teller::new(wants, wanted_namespaces(wants)?);
        Ok(Self {
            teller: if coverage.tcp { teller } else { teller.without_states() },
            wants: wants.clone(),
            is_measured: wants.metrics,
            ring,
            pending: Vec::new(),
            variables,
            lists,
            unfitted: 0,
            missed: Missed::new(attached.counted),
            coverage,
            limits,
            _attached: attached.links,
        })
    }

    /// See [`crate::Watcher::coverage`].
    pub(in crate::sys::linux) fn coverage(&self) -> Coverage {
        self.coverage
    }

    /// See [`crate::Watcher::limits`].
    pub(in crate::sys::linux) fn limits(&self) -> &[Degradation] {
        &self.limits
    }

    /// See [`crate::Watcher::wait`].
    pub(in crate::sys::linux) fn wait(
        &mut self,
        timeout: Duration,
        out: &mut Vec<Event>,
    ) -> Result<(), Error> {
        let end = Instant::now() + timeout;
        let before = out.len();
        out.append(&mut self.pending);
        loop {
            self.drain(out);
            let left = end.saturating_duration_since(Instant::now());
            if out.len() > before || left.is_zero() {
                return Ok(());
            }
            let mut ready = [PollFd::from_borrowed_fd(self.ring.as_fd(), PollFlags::IN)];
            match poll(&mut ready, Timespec::try_from(left.min(NAP)).ok().as_ref()) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(errno) => return Err(Error::from_io("wait for events", "", &errno.into())),
            }
        }
    }

    /// Takes out what is there.
    fn drain(&mut self, out: &mut Vec<Event>) {
        let before = out.len();
        take_out(&mut self.ring, &mut self.teller, out);
        let lost = self.lost_since(out.len() > before);
        if lost > 0 {
            out.push(Event { time: now(), kind: EventKind::Lost(lost) });
        }
    }

    /// How many events were lost since the last call: those that did not fit and, when anything
    /// happened at all, those that the kernel missed while it ran our programs.
    fn lost_since(&mut self, is_anything_new: bool) -> u64 {
        // `shared` of bpf/events.h.
        let mut value = [[0; 8]; 3];
        if call::read_only_value(self.variables.as_fd(), value.as_flattened_mut()).is_err() {
            return 0;
        }
        let [unfitted, told_within, _] = value.map(u64::from_ne_bytes);
        let more = unfitted.saturating_sub(self.unfitted);
        self.unfitted = unfitted;
        if is_anything_new || self.missed.is_unsure() {
            return more + self.missed.look(told_within);
        }
        more
    }

    /// See [`crate::Watcher::set_measuring`].
    pub(in crate::sys::linux) fn set_measuring(&mut self, is_measuring: bool) {
        self.wants.metrics = is_measuring && self.is_measured;
    }

    /// See [`crate::Watcher::snapshot`]. Events are taken out meanwhile, so that the buffer need not
    /// hold all that happens in so long a time.
    pub(in crate::sys::linux) fn snapshot(&mut self) -> Result<Snapshot, Error> {
        let Self { wants, lists, ring, teller, pending, .. } = self;
        let lists = lists.as_ref();
        let look = || match lists {
            Some(lists) => Ok(assemble(gather::gather(lists, wants, Ground::find(wants)?)?)),
            None => look_at_tables(wants),
        };
        let looked = thread::scope(|scope| {
            let looker = thread::Builder::new().name("snapshot".to_owned());
            // No thread can be made: EAGAIN, RLIMIT_NPROC.
            let Ok(looking) = looker.spawn_scoped(scope, look) else { return look() };
            while !looking.is_finished() {
                take_out(ring, teller, pending);
                thread::sleep(GLANCE);
            }
            looking.join().unwrap_or_else(|panic| resume_unwind(panic))
        });
        looked.inspect(|snapshot| teller.learn(snapshot))
    }
}

/// Takes a snapshot by tables and descriptors, beside events that come from programs.
fn look_at_tables(wants: &Wants) -> Result<Snapshot, Error> {
    let wants = Wants { source: SourceChoice::Auto, ..wants.clone() };
    let snapshot = assemble(observe::gather(&wants, Keep::Rows)?);
    Ok(Snapshot { source: Source::Ebpf, ..snapshot })
}

/// Takes out of `ring` what is there.
fn take_out(ring: &mut Ring, teller: &mut Teller, out: &mut Vec<Event>) {
    teller.set_clock();
    ring.drain(|record| {
        if let Some(record) = decode_record(record) {
            teller.tell(&record, out);
        }
    });
}

/// The namespaces that are asked for; `None` for all.
fn wanted_namespaces(wants: &Wants) -> Result<Option<HashSet<u32>>, Error> {
    if wants.namespaces == Namespaces::All {
        return Ok(None);
    }
    let places = namespaces::find(&wants.namespaces, &read_pids().unwrap_or_default())?;
    Ok(Some(places.iter().filter_map(|place| place.id.and_then(NamespaceId::inode)).collect()))
}

/// Bytes of the ring buffer: a part of the machine's memory, a power of two from 1 to 32 MiB.
fn ring_bytes() -> u32 {
    let information = rustix::system::sysinfo();
    let memory = information.totalram as u64 * u64::from(information.mem_unit);
    let wanted = (memory / 2048).clamp(1 << 20, 32 << 20);
    u32::try_from(wanted).map_or(1 << 20, |wanted| 1 << wanted.ilog2())
}

/// The programs that run, and those that were refused.
struct Attached {
    names: Vec<&'static str>,
    links: Vec<OwnedFd>,
    /// The programs whose misses are counted.
    counted: Vec<OwnedFd>,
    refused: Vec<(Program, Refused)>,
    /// Every process of the machine is in the group that programs are attached to.
    is_whole: bool,
}

impl Attached {
    /// Attaches every program that events of `wants` come from, each on its own.
    ///
    /// # Errors
    ///
    /// The first reason, when none can be attached.
    fn new(programs: &Programs, wants: &Wants) -> Result<Self, Refused> {
        let (group, is_whole) = match open_group() {
            Ok((group, is_whole)) => (Ok(group), is_whole),
            Err(error) => (Err(error), false),
        };
        let (names, links, counted, refused) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut attached = Self { names, links, counted, refused, is_whole };
        for program in PROGRAMS.into_iter().filter(|program| program.is_of(wants)) {
            // It tells what the other one has not, which without that one is not known.
            if program.name == "tcp_state_within" && !attached.has(&["tcp_state"]) {
                continue;
            }
            match attach(programs, program, &group) {
                Ok(Some((loaded, link))) => {
                    attached.names.push(program.name);
                    attached.links.push(link);
                    attached.counted.extend(COUNTED.contains(&program.name).then_some(loaded));
                }
                Ok(None) => {}
                Err(refused) => attached.refused.push((program, refused)),
            }
        }
        match attached.refused.is_empty() || !attached.links.is_empty() {
            true => Ok(attached),
            false => Err(attached.refused.swap_remove(0).1),
        }
    }

    fn has(&self, names: &[&str]) -> bool {
        names.iter().all(|name| self.names.contains(name))
    }

    fn coverage(&self) -> Coverage {
        Coverage {
            tcp: self.has(&["tcp_state"]),
            udp: self.has(&["count_sent", "count_received"]),
            udp_closings: self.is_whole && self.has(&["udp_released"]),
            connections: false,
        }
    }

    /// What is missing, by reason.
    fn limits(&self) -> Vec<Degradation> {
        let mut limits: Vec<(String, String)> = Vec::new();
        for (program, refused) in &self.refused {
            let reason = plain(&refused.error);
            match limits.iter_mut().find(|(_, known)| *known == reason) {
                Some((missing, _)) => {
                    missing.push_str(", ");
                    missing.push_str(program.purpose);
                }
                None => limits.push((program.purpose.to_owned(), reason)),
            }
        }
        let incomplete = |(missing, reason)| Degradation::EventsIncomplete {
            reason: format!("{missing} ({reason})"),
        };
        limits.into_iter().map(incomplete).collect()
    }
}

/// Loads and attaches one program, and gives it with what holds it there; `None` for iterators, which
/// attach to nothing.
fn attach(
    programs: &Programs,
    program: Program,
    group: &io::Result<File>,
) -> Result<Option<(OwnedFd, OwnedFd)>, Refused> {
    let refused = |error| Refused::new(format!("attach {}", program.name), error);
    let (loaded, link) = match program.place {
        Place::Iterator => return Ok(None),
        Place::Tracepoint => {
            let loaded = programs.load(program)?;
            let link = call::attach_to_tracepoint(loaded.as_fd());
            (loaded, link)
        }
        Place::Cgroup(_, at) => {
            let group = group.as_ref().map_err(|error| {
                refused(io::Error::new(error.kind(), format!("no cgroup2: {}", plain(error))))
            })?;
            let loaded = programs.load(program)?;
            let link = call::link(loaded.as_fd(), Some(group.as_fd()), at as u32);
            (loaded, link)
        }
    };
    link.map(|link| Some((loaded, link))).map_err(refused)
}

/// The topmost control group that can be seen, and whether it is the machine's.
fn open_group() -> io::Result<(File, bool)> {
    /// The root's number is fixed (`kernfs_create_root`, fs/kernfs/dir.c).
    const ROOT: u64 = 1;
    let mounts = decode_mounts(&read_proc("self/mountinfo").unwrap_or_default());
    let point = cgroup2_mount_point(&mounts).ok_or(io::ErrorKind::NotFound)?;
    let group = File::open(point)?;
    let is_whole = group.metadata()?.ino() == ROOT;
    Ok((group, is_whole))
}
