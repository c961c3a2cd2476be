//! What container runtimes call their containers, asked of them or read in their files.

use std::path::PathBuf;

use hashbrown::HashMap;
use sockeye_core::Degradation;
use sockeye_core::workload::Runtime;

use crate::sys;

/// Names by container id, and why some are missing.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct ContainerNames {
    /// What containers are called: in Kubernetes `namespace/pod/container`. Text from outside.
    pub names: HashMap<Box<str>, Box<str>>,
    /// For each runtime that could not name all of its containers, why not.
    pub degradations: Vec<Degradation>,
}

/// Where runtimes answer, and where they keep what they know.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Places {
    /// Sockets of Docker's API.
    pub docker_sockets: Vec<PathBuf>,
    /// Sockets of Podman's API.
    pub podman_sockets: Vec<PathBuf>,
    /// Directories of containers/storage, which Podman and CRI-O use.
    pub storages: Vec<PathBuf>,
    /// Directories of containerd's tasks, with `NAMESPACE/ID/config.json` in them.
    pub containerd_tasks: Vec<PathBuf>,
    /// Directories of CRI-O's containers, with `ID/userdata/config.json` in them.
    pub crio_containers: Vec<PathBuf>,
    /// The directory of the runtime directories of users, by user id: below them are the sockets of
    /// rootless runtimes, and below their homes the storages.
    pub users: Option<PathBuf>,
}

/// The directory of containers/storage for root (containers-storage.conf(5), `graphroot`).
const STORAGE: &str = "/var/lib/containers/storage";

impl Places {
    /// Those of this machine, as the runtimes' own defaults are.
    pub fn usual() -> Self {
        let paths = |paths: &[&str]| paths.iter().map(PathBuf::from).collect();
        Self {
            docker_sockets: paths(&["/var/run/docker.sock"]),
            podman_sockets: paths(&["/run/podman/podman.sock"]),
            storages: paths(&[STORAGE]),
            containerd_tasks: paths(&[
                "/run/containerd/io.containerd.runtime.v2.task",
                "/run/containerd/io.containerd.runtime.v1.linux",
                "/run/k3s/containerd/io.containerd.runtime.v2.task",
            ]),
            crio_containers: paths(&["/run/containers/storage/overlay-containers"]),
            users: Some(PathBuf::from("/run/user")),
        }
    }
}

/// Finds out what the containers with these ids are called, of those runtimes that have names beside
/// ids. Takes a second at most: who has not answered by then counts as failed.
///
/// Docker is asked by its API. Podman's files come before its API, since a question may start its
/// daemon (socket activation) and observing changes nothing. containerd's and CRI-O's containers have
/// their names in their own configuration.
///
/// # Platform
///
/// Linux. Elsewhere nothing is named, and that is said.
pub fn container_names(ids: &[(Runtime, &str)]) -> ContainerNames {
    container_names_in(&Places::usual(), ids)
}

/// [`container_names`], of runtimes that are elsewhere.
pub fn container_names_in(places: &Places, ids: &[(Runtime, &str)]) -> ContainerNames {
    sys::container_names(places, ids)
}
