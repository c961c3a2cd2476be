//! What takes longer to find out than an observation: asked for what is shown, and remembered.
//!
//! First it is collected what there is to ask, which takes a look at rows; then it is asked, which
//! takes time and needs nothing but what was collected.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sockeye_core::answer::Package;
use sockeye_core::column::Cost;
use sockeye_core::process::Fact;
use sockeye_core::workload::Runtime;
use sockeye_core::{Answers, Column, Degradation, Process, ProcessId, Row, Snapshot};
use sockeye_os::containers::container_names;
use sockeye_os::packages::{Image, Packages};
use sockeye_os::socket_units::socket_units;

use crate::places::Atlas;
use crate::resolve::Resolver;

/// A container that has no name may get one, and a runtime that does not answer may do so later.
const AGAIN: Duration = Duration::from_secs(60);

/// So many processes are remembered as told; then they are told again.
const MOST: usize = 65_536;

/// What is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Questions {
    /// Host names of both sides.
    pub hostnames: bool,
    /// Whose software a process runs.
    pub packages: bool,
    /// What runtimes call their containers, and which systemd unit opened a socket.
    pub workloads: bool,
    /// Where remotes are.
    pub places: bool,
}

impl Questions {
    /// What it takes to know `columns`.
    pub fn of(columns: impl Iterator<Item = &'static Column>) -> Self {
        let mut questions = Self::default();
        for column in columns {
            questions.hostnames |= column.cost == Cost::Names;
            questions.packages |= column.cost == Cost::Packages;
            questions.workloads |= column.cost == Cost::Workloads;
            questions.places |= column.cost == Cost::Places;
        }
        questions
    }

    /// Whether nothing is asked for.
    pub fn are_none(self) -> bool {
        self == Self::default()
    }
}

/// What there is to ask about some rows.
#[derive(Default, Debug)]
pub struct Asked {
    addresses: HashSet<IpAddr>,
    remotes: HashSet<IpAddr>,
    containers: HashSet<(Runtime, Box<str>)>,
    /// The image of each process, and whether its file is gone.
    images: HashMap<ProcessId, (Box<str>, bool)>,
    /// Endpoints without a remote, and who holds them, as a snapshot of their own.
    waiting: Option<Snapshot>,
}

impl Asked {
    /// Collects what `questions` need to know of `row`.
    pub fn add(&mut self, row: &Row<'_>, questions: Questions) {
        if questions.hostnames && !row.is_without_endpoint() {
            let sides = [Some(row.endpoint.local), row.endpoint.remote];
            let addresses = sides.into_iter().flatten().map(|side| side.ip());
            self.addresses.extend(addresses.filter(|ip| !ip.is_unspecified()));
        }
        if questions.places {
            self.remotes.extend(row.endpoint.remote.map(|remote| remote.ip()));
        }
        if questions.workloads
            && let Some(container) = row.workload().and_then(|workload| workload.container)
        {
            self.containers.insert((container.runtime, container.id().into()));
        }
        if questions.workloads && row.endpoint.remote.is_none() && !row.is_without_endpoint() {
            self.add_waiting(row);
        }
        let process = row.process.filter(|_| questions.packages);
        if let Some(Process { id, path: Ok(path), is_deleted, .. }) = process {
            self.images.entry(*id).or_insert_with(|| (path.clone(), *is_deleted));
        }
    }

    /// Adds an endpoint that a systemd unit may have opened.
    fn add_waiting(&mut self, row: &Row<'_>) {
        let empty = || Snapshot {
            namespaces: row.snapshot.namespaces.clone(),
            ..Snapshot::new(row.snapshot.time, row.snapshot.source)
        };
        let waiting = self.waiting.get_or_insert_with(empty);
        waiting.endpoints.push(row.endpoint.clone());
        for owner in row.endpoint.owners.as_slice() {
            let process = row.snapshot.processes.get(&owner.process);
            waiting.processes.extend(process.map(|process| (owner.process, process.clone())));
        }
    }

    /// Whether there is nothing to ask.
    pub fn is_empty(&self) -> bool {
        self.addresses.is_empty()
            && self.remotes.is_empty()
            && self.containers.is_empty()
            && self.images.is_empty()
            && self.waiting.is_none()
    }
}

/// Finds out what is asked, and remembers what needs no asking again.
#[derive(Default, Debug)]
pub struct Answerer {
    resolver: Resolver,
    /// Databases of places, if the user has any.
    atlas: Option<Atlas>,
    /// When each container was last asked for.
    containers: HashMap<Box<str>, Instant>,
    packages: Packages,
    /// Processes whose packages were told.
    told: HashSet<ProcessId>,
}

impl Answerer {
    /// One that asks `resolver` for host names, and `atlas` where they are.
    pub fn new(resolver: Resolver, atlas: Option<Atlas>) -> Self {
        Self { resolver, atlas, ..Self::default() }
    }

    /// What is not known yet of what was `asked`, and why not; host names are waited for until
    /// `patience` is over, and come with a later answer where they come late.
    pub fn answer(&mut self, asked: Asked, patience: Duration) -> (Answers, Vec<Degradation>) {
        let deadline = Instant::now() + patience;
        let (container_names, mut degradations) = self.name_containers(asked.containers);
        let (socket_units, unread) = asked.waiting.as_ref().map(socket_units).unwrap_or_default();
        degradations.extend(unread);
        let packages = self.find_packages(asked.images);
        let atlas = self.atlas.as_ref();
        let place = |address| Some((address, atlas?.place(address)?));
        let places = asked.remotes.into_iter().filter_map(place).collect();
        let left = deadline.saturating_duration_since(Instant::now());
        let hostnames = self.resolver.resolve(asked.addresses.into_iter(), left);
        let hostnames = hostnames.into_iter().collect();
        let answers = Answers { hostnames, places, packages, container_names, socket_units };
        (answers, degradations)
    }

    /// Of how many addresses nobody said whether they have a name, when it was asked last.
    pub fn unanswered(&self) -> usize {
        self.resolver.unanswered()
    }

    /// Whose software those processes run that were not told of yet.
    fn find_packages(
        &mut self,
        mut asked: HashMap<ProcessId, (Box<str>, bool)>,
    ) -> hashbrown::HashMap<ProcessId, Fact<Arc<Package>>> {
        if self.told.len() >= MOST {
            self.told.clear();
        }
        asked.retain(|process, _| self.told.insert(*process));
        let image = |(process, (path, is_deleted)): (&ProcessId, &(Box<str>, bool))| {
            (*process, path.clone(), *is_deleted)
        };
        let asked: Vec<_> = asked.iter().map(image).collect();
        let images: Vec<Image<'_>> = asked
            .iter()
            .map(|(process, path, is_deleted)| Image {
                process: *process,
                path,
                is_deleted: *is_deleted,
            })
            .collect();
        let owners = self.packages.owners_of(&images);
        asked.iter().map(|(process, ..)| *process).zip(owners).collect()
    }

    /// What runtimes call those containers that were not asked for a while.
    fn name_containers(
        &mut self,
        mut asked: HashSet<(Runtime, Box<str>)>,
    ) -> (hashbrown::HashMap<Box<str>, Box<str>>, Vec<Degradation>) {
        let now = Instant::now();
        let is_due = |id: &str, known: &HashMap<Box<str>, Instant>| {
            known.get(id).is_none_or(|before| now.duration_since(*before) >= AGAIN)
        };
        asked.retain(|(_, id)| is_due(id, &self.containers));
        if asked.is_empty() {
            return Default::default();
        }
        self.containers.retain(|_, before| now.duration_since(*before) < AGAIN);
        self.containers.extend(asked.iter().map(|(_, id)| (id.clone(), now)));
        let ids: Vec<(Runtime, &str)> =
            asked.iter().map(|(runtime, id)| (*runtime, &**id)).collect();
        let found = container_names(&ids);
        (found.names.into_iter().collect(), found.degradations)
    }
}
