//! Which of systemd's socket units opened which listening sockets.

use std::net::SocketAddr;
use std::path::PathBuf;

use hashbrown::HashMap;
use sockeye_core::{Degradation, Endpoint, Process, Snapshot, Transport, Workload};

use crate::decode::socket_unit::SocketUnit;
use crate::sys;

/// The unit that opened a socket, by the address that it is bound to.
pub type Openers = HashMap<(Transport, SocketAddr), Box<str>>;

/// Where the units of a manager are, the directory that counts most first (systemd.unit(5)).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Directories {
    /// Whose manager.
    pub manager: Manager,
    /// Directories of unit files.
    pub units: Vec<PathBuf>,
    /// Where the system's manager keeps a link `invocation:UNIT` for each unit that is active
    /// (`unit_export_invocation_id` in src/core/unit.c). Those of users have none.
    pub active: Option<PathBuf>,
}

/// A manager of units.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Manager {
    /// The system's.
    System,
    /// That of the user with this number.
    User(u32),
}

/// Socket units as their files describe them.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct SocketUnits {
    /// Those that listen by TCP or UDP.
    pub(crate) units: Vec<KnownUnit>,
    /// What could not be read.
    pub degradations: Vec<Degradation>,
}

/// A unit and whose it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct KnownUnit {
    /// What its files say.
    pub(crate) unit: SocketUnit,
    /// Who would have opened its sockets.
    pub(crate) manager: Manager,
    /// Its manager says that it is active.
    pub(crate) is_active: bool,
}

/// What tells that a unit opened a socket, the stronger the greater.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Evidence {
    /// The manager holds it, or opened it, but nothing says that the unit is active.
    Manager,
    /// That, and the unit is active.
    Active,
    /// The unit is active, and its service holds the socket.
    Service,
}

/// Reads this machine's unit files, and says which unit opened each listening socket and UDP socket
/// without a remote in `snapshot`, of Sockeye's own network namespace. The second part is what could
/// not be read. Takes a second at most.
///
/// A unit file alone opens nothing: only where the manager holds the socket or made it, or the unit is
/// active and its service holds the socket, the unit is named. Where several could be it, none is.
///
/// # Platform
///
/// Linux. Elsewhere there are no units.
pub fn socket_units(snapshot: &Snapshot) -> (Openers, Vec<Degradation>) {
    let units = sys::read_socket_units();
    (units.opened(snapshot), units.degradations)
}

impl SocketUnits {
    /// Reads the units in `directories`.
    pub fn read(directories: &Directories) -> Self {
        sys::read_socket_units_in(directories)
    }

    /// The unit that opened each socket of `snapshot` that one did; see [`socket_units`].
    pub fn opened(&self, snapshot: &Snapshot) -> Openers {
        let mut opened = Openers::new();
        if self.units.is_empty() {
            return opened;
        }
        for endpoint in &snapshot.endpoints {
            let namespace = endpoint.namespace.and_then(|id| snapshot.namespace(id));
            let is_own = namespace.is_none_or(|namespace| namespace.is_own);
            let is_waiting = endpoint.is_listener() || endpoint.transport == Transport::Udp;
            if endpoint.remote.is_some() || !is_own || !is_waiting {
                continue;
            }
            if let Some(unit) = self.opener(snapshot, endpoint) {
                opened.insert((endpoint.transport, endpoint.local), unit.name.clone());
            }
        }
        opened
    }

    /// The one unit that must have opened `endpoint`.
    fn opener(&self, snapshot: &Snapshot, endpoint: &Endpoint) -> Option<&SocketUnit> {
        let listens = |known: &&KnownUnit| {
            let interface = endpoint.interface.as_deref();
            known.unit.listens.iter().any(|listen| {
                listen.transport == endpoint.transport && listen.is_at(&endpoint.local, interface)
            })
        };
        let proven = self.units.iter().filter(listens).filter_map(|known| {
            known.evidence(snapshot, endpoint).map(|evidence| (evidence, &known.unit))
        });
        let proven: Vec<(Evidence, &SocketUnit)> = proven.collect();
        let strongest = proven.iter().map(|(evidence, _)| *evidence).max()?;
        let mut best = proven.into_iter().filter(|(evidence, _)| *evidence == strongest);
        let (_, unit) = best.next()?;
        best.all(|(_, other)| other.name == unit.name).then_some(unit)
    }
}

impl KnownUnit {
    /// What tells that this unit opened `endpoint`, at whose address it listens.
    fn evidence(&self, snapshot: &Snapshot, endpoint: &Endpoint) -> Option<Evidence> {
        let owners = endpoint.owners.as_slice();
        let holders = || owners.iter().filter_map(|owner| snapshot.processes.get(&owner.process));
        // A socket that nobody is seen to hold tells by its own group who made it.
        let own = endpoint.cgroup.as_deref().map(Workload::of).filter(|_| owners.is_empty());
        let is_of_service = holders().any(|process| self.is_service(of(process)))
            || own.is_some_and(|own| self.is_service(own));
        let is_of_manager = holders().any(|process| self.is_manager(process))
            || own.is_some_and(|own| self.is_managers_group(own));
        match (is_of_service, is_of_manager, self.is_active) {
            (true, _, true) => Some(Evidence::Service),
            (false, true, true) => Some(Evidence::Active),
            (_, true, false) => Some(Evidence::Manager),
            (_, false, _) => None,
        }
    }

    /// Whether `process` is the manager. The kernel's first process is it only if it is systemd.
    fn is_manager(&self, process: &Process) -> bool {
        let is_first = self.manager == Manager::System && process.id.pid == 1;
        is_first && &*process.name == "systemd" || self.is_managers_group(of(process))
    }

    /// Whether the manager, or this unit itself, runs in this group: systemd makes a socket there if
    /// it is to be counted (`socket_address_listen_in_cgroup` in src/core/socket.c).
    fn is_managers_group(&self, group: Workload<'_>) -> bool {
        self.unit_in(group).is_some_and(|unit| unit == "init.scope" || *unit == *self.unit.name)
    }

    /// Whether the unit's service runs in this group.
    fn is_service(&self, group: Workload<'_>) -> bool {
        self.unit_in(group).is_some_and(|unit| self.unit.starts(unit))
    }

    /// The unit of this one's manager that a group belongs to.
    fn unit_in<'a>(&self, group: Workload<'a>) -> Option<&'a str> {
        match self.manager {
            Manager::System => group.system_unit,
            Manager::User(user) => group.user_unit.filter(|_| group.user_id == Some(user)),
        }
    }
}

/// What a process runs in.
fn of(process: &Process) -> Workload<'_> {
    process.cgroup.as_deref().map(Workload::of).unwrap_or_default()
}
