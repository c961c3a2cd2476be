//! Facts that take longer to find out than a list may take: they come late, or not at all.
//!
//! A snapshot carries those that were asked for. Each is kept by what it is about, so that whoever
//! finds it out needs to know nothing of endpoints.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::net::{IpAddr, SocketAddr};

use hashbrown::HashMap;

use crate::diff::Entries;
use crate::endpoint::Transport;
use crate::process::{Fact, ProcessId};

/// What was found out, by what it is about.
///
/// Every text here came from outside and may hold anything. Escape before printing.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Answers {
    /// Host names of addresses, by reverse DNS. The address's owner chooses the name: it proves
    /// nothing.
    pub hostnames: HashMap<IpAddr, Box<str>>,
    /// Where remote addresses are, by a database that the user pointed to.
    pub places: HashMap<IpAddr, Place>,
    /// Whose software a process runs, or why that is not known.
    pub packages: HashMap<ProcessId, Fact<Arc<Package>>>,
    /// What a container runtime calls its containers, by container id.
    pub container_names: HashMap<Box<str>, Box<str>>,
    /// The systemd socket unit that opened a listening socket, by the address that it is bound to in
    /// Sockeye's own network namespace (systemd.socket(5)).
    pub socket_units: HashMap<(Transport, SocketAddr), Box<str>>,
}

/// Whose software a file is, as a package manager or the file itself says.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Package {
    /// The package's name.
    pub name: Box<str>,
    /// Its full version.
    pub version: Option<Box<str>>,
    /// Who made the package: a distribution, a company, a maintainer.
    pub vendor: Option<Box<str>>,
    /// What it is, in one line.
    pub description: Option<Box<str>>,
    /// Who says so.
    pub origin: Origin,
}

/// Who says whose software a file is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub enum Origin {
    /// Debian's package database.
    #[default]
    Dpkg,
    /// The RPM database.
    Rpm,
    /// Arch's package database.
    Pacman,
    /// Alpine's package database.
    Apk,
    /// The file's own package note (`.note.package`).
    ElfNote,
    /// A desktop entry that starts the file.
    DesktopEntry,
    /// The file's version resource (Windows).
    VersionResource,
}

impl Origin {
    /// The word machines read.
    pub fn id(self) -> &'static str {
        match self {
            Self::Dpkg => "dpkg",
            Self::Rpm => "rpm",
            Self::Pacman => "pacman",
            Self::Apk => "apk",
            Self::ElfNote => "elf_note",
            Self::DesktopEntry => "desktop_entry",
            Self::VersionResource => "version_resource",
        }
    }
}

/// Where an address is said to be.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Place {
    /// Country, as two letters (ISO 3166-1).
    pub country: Option<Box<str>>,
    /// Number of the autonomous system that announces it.
    pub network_number: Option<u32>,
    /// Who runs that.
    pub network_name: Option<Box<str>>,
}

impl Answers {
    /// Takes what `others` know; where both know something, theirs is newer.
    pub fn merge(&mut self, others: Self) {
        self.hostnames.extend(others.hostnames);
        self.places.extend(others.places);
        self.packages.extend(others.packages);
        self.container_names.extend(others.container_names);
        self.socket_units.extend(others.socket_units);
    }

    /// Whether it knows all that `others` know, and the same.
    pub fn has(&self, others: &Self) -> bool {
        fn holds<K: Eq + core::hash::Hash, V: PartialEq>(
            all: &HashMap<K, V>,
            some: &HashMap<K, V>,
        ) -> bool {
            some.iter().all(|(key, value)| all.get(key) == Some(value))
        }
        holds(&self.hostnames, &others.hostnames)
            && holds(&self.places, &others.places)
            && holds(&self.packages, &others.packages)
            && holds(&self.container_names, &others.container_names)
            && holds(&self.socket_units, &others.socket_units)
    }

    /// Whether nothing was found out.
    pub fn is_empty(&self) -> bool {
        self.hostnames.is_empty()
            && self.places.is_empty()
            && self.packages.is_empty()
            && self.container_names.is_empty()
            && self.socket_units.is_empty()
    }
}

/// What has to change in some answers to make them others.
#[derive(Clone, PartialEq, Debug)]
pub struct AnswersDelta {
    hostnames: Entries<IpAddr, Box<str>>,
    places: Entries<IpAddr, Place>,
    packages: Entries<ProcessId, Fact<Arc<Package>>>,
    container_names: Entries<Box<str>, Box<str>>,
    socket_units: Entries<(Transport, SocketAddr), Box<str>>,
}

impl AnswersDelta {
    /// What leads from `old` to `new`.
    pub(crate) fn between(old: &Answers, new: &Answers) -> Self {
        Self {
            hostnames: Entries::between(&old.hostnames, &new.hostnames),
            places: Entries::between(&old.places, &new.places),
            packages: Entries::between(&old.packages, &new.packages),
            container_names: Entries::between(&old.container_names, &new.container_names),
            socket_units: Entries::between(&old.socket_units, &new.socket_units),
        }
    }

    /// What `old` becomes by it.
    pub(crate) fn applied_to(self, old: &Answers) -> Answers {
        Answers {
            hostnames: self.hostnames.applied_to(&old.hostnames),
            places: self.places.applied_to(&old.places),
            packages: self.packages.applied_to(&old.packages),
            container_names: self.container_names.applied_to(&old.container_names),
            socket_units: self.socket_units.applied_to(&old.socket_units),
        }
    }

    /// Whether nothing has to change.
    pub fn is_empty(&self) -> bool {
        self.hostnames.is_empty()
            && self.places.is_empty()
            && self.packages.is_empty()
            && self.container_names.is_empty()
            && self.socket_units.is_empty()
    }
}
