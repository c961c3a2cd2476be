//! Names of containers: a thread for each runtime, by its socket or its files.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use hashbrown::{HashMap, HashSet};
use sockeye_core::Degradation;
use sockeye_core::degradation::number_of;
use sockeye_core::workload::Runtime;

use super::apart;
use super::api::ask;
use super::files::{home_of, paths_in, read_regular, users_in};
use crate::containers::{ContainerNames, Places};
use crate::decode::Malformed;
use crate::decode::containers::{Named, decode_config, decode_list};
use crate::{Error, Kind};

/// How long all of them together may take.
const PATIENCE: Duration = Duration::from_secs(1);
/// The longest list of containers that is read: as long as an answer may be.
const LIST_LIMIT: u64 = 16 * 1024 * 1024;
/// The longest configuration of a container.
const CONFIG_LIMIT: u64 = 4 * 1024 * 1024;

/// Docker's list of containers, stopped ones too (docs.docker.com/reference/api/engine).
const DOCKER_LIST: &str = "/containers/json?all=1";
/// Podman's (docs.podman.io, "API"); it wants a version.
const PODMAN_LIST: &str = "/v4.0.0/libpod/containers/json?all=true";

/// Runtimes that call a container something else than its id.
const ASKED: [Runtime; 4] = [Runtime::Docker, Runtime::Podman, Runtime::Containerd, Runtime::CriO];

/// See [`crate::containers::container_names_in`].
pub(crate) fn container_names(places: &Places, ids: &[(Runtime, &str)]) -> ContainerNames {
    let deadline = Instant::now() + PATIENCE;
    let mut found = ContainerNames::default();
    let asked = ASKED.iter().filter_map(|runtime| {
        let own = ids.iter().filter(|(of, id)| of == runtime && is_safe(id));
        let search = Search::new(own.map(|(_, id)| Box::from(*id)).collect());
        let (is_idle, places) = (search.is_done(), places.clone());
        let work = move || search.find(*runtime, &places);
        (!is_idle).then(|| (*runtime, apart(runtime.id(), work)))
    });
    // All have to begin before the first is waited for.
    for (runtime, answer) in asked.collect::<Vec<_>>() {
        let left = deadline.saturating_duration_since(Instant::now());
        let reason = match answer.recv_timeout(left) {
            Ok(search) => {
                let reason = search.reason();
                found.names.extend(search.names);
                reason
            }
            Err(_) => Some(format!("no answer within {} s", PATIENCE.as_secs())),
        };
        let unnamed =
            |reason| Degradation::ContainersUnnamed { runtime: runtime.id().into(), reason };
        found.degradations.extend(reason.map(unnamed));
    }
    found
}

/// Whether an id can be a file's name and nothing more: it comes from a control group's path.
fn is_safe(id: &str) -> bool {
    !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// One runtime's part: which containers are sought, what was found, what went wrong.
struct Search {
    sought: HashSet<Box<str>>,
    names: HashMap<Box<str>, Box<str>>,
    failed: Option<Error>,
}

impl Search {
    fn new(sought: HashSet<Box<str>>) -> Self {
        Self { sought, names: HashMap::new(), failed: None }
    }

    /// Looks wherever `runtime` may tell, until every container has a name.
    fn find(mut self, runtime: Runtime, places: &Places) -> Self {
        match runtime {
            Runtime::Docker => self.ask_all(&places.docker_sockets, DOCKER_LIST),
            Runtime::Podman => {
                self.read_storages(&places.storages);
                self.ask_all(&places.podman_sockets, PODMAN_LIST);
            }
            Runtime::Containerd => self.read_tasks(&places.containerd_tasks),
            Runtime::CriO => {
                for directory in &places.crio_containers {
                    self.read_configs(|id| directory.join(id).join("userdata/config.json"));
                }
            }
            _ => {}
        }
        if let Some(users) = places.users.as_deref().filter(|_| !self.is_done()) {
            self.find_of_users(runtime, users);
        }
        self
    }

    /// Looks where rootless runtimes of users may tell.
    fn find_of_users(&mut self, runtime: Runtime, users: &Path) {
        let (socket, list) = match runtime {
            Runtime::Docker => ("docker.sock", DOCKER_LIST),
            Runtime::Podman => ("podman/podman.sock", PODMAN_LIST),
            _ => return,
        };
        let users = users_in(users);
        if runtime == Runtime::Podman {
            let homes = users.iter().filter_map(|(user, _)| home_of(*user));
            let storages = homes.map(|home| home.join(".local/share/containers/storage"));
            self.read_storages(&storages.collect::<Vec<_>>());
        }
        let sockets = users.into_iter().map(|(_, directory)| directory.join(socket));
        self.ask_all(&sockets.collect::<Vec<_>>(), list);
    }

    /// Whether nothing more has to be looked for.
    fn is_done(&self) -> bool {
        self.names.len() == self.sought.len()
    }

    /// Why some have no name.
    fn reason(&self) -> Option<String> {
        let missing = self.sought.len() - self.names.len();
        let unknown =
            || format!("{} not known to it", number_of(missing, "container", "containers"));
        let failed = || self.failed.as_ref().map(ToString::to_string);
        (missing > 0).then(|| failed().unwrap_or_else(unknown))
    }

    /// Keeps the names that are sought. Who is asked first is believed: root's runtime before users'.
    fn take(&mut self, named: impl IntoIterator<Item = Named>) {
        for (id, name) in named {
            if self.sought.contains(&id) {
                self.names.entry(id).or_insert(name);
            }
        }
    }

    /// Keeps what went wrong; that something is not there is told only when nothing else is.
    fn fail(&mut self, error: Error) {
        let is_worse = |before: &Error| before.kind == Kind::Vanished && error.kind != before.kind;
        if self.failed.as_ref().is_none_or(is_worse) {
            self.failed = Some(error);
        }
    }

    /// Asks for the list at each of `sockets`.
    fn ask_all(&mut self, sockets: &[PathBuf], list: &str) {
        for socket in sockets {
            if self.is_done() {
                return;
            }
            let answer = ask(socket, list).and_then(|json| {
                let list = decode_list(&json);
                list.map_err(|what| unreadable(socket, &what))
            });
            self.take_or_fail(answer);
        }
    }

    /// Reads the lists of containers/storage, for each driver that it may have used: those of
    /// containers that are kept, and of those that go when they end (`--rm`).
    fn read_storages(&mut self, storages: &[PathBuf]) {
        for storage in storages {
            if self.is_done() {
                return;
            }
            let directories = match paths_in(storage) {
                Ok(paths) => paths,
                Err(error) => {
                    self.fail(error);
                    continue;
                }
            };
            let is_list = |path: &&PathBuf| path.to_string_lossy().ends_with("-containers");
            for directory in directories.iter().filter(is_list) {
                for name in ["containers.json", "volatile-containers.json"] {
                    self.read_list(&directory.join(name));
                }
            }
        }
    }

    /// Reads one list; that there is none is usual.
    fn read_list(&mut self, path: &Path) {
        let list = read_regular(path, LIST_LIMIT)
            .and_then(|json| decode_list(&json).map_err(|what| unreadable(path, &what)));
        if list.as_ref().is_err_and(|error| error.kind == Kind::Vanished) {
            return;
        }
        self.take_or_fail(list);
    }

    fn take_or_fail(&mut self, list: Result<Vec<Named>, Error>) {
        match list {
            Ok(named) => self.take(named),
            Err(error) => self.fail(error),
        }
    }

    /// Reads the configurations of containerd's tasks: `NAMESPACE/ID/config.json` below each of
    /// `roots`.
    fn read_tasks(&mut self, roots: &[PathBuf]) {
        for root in roots {
            if self.is_done() {
                return;
            }
            match paths_in(root) {
                Ok(namespaces) => {
                    for namespace in namespaces {
                        self.read_configs(|id| namespace.join(id).join("config.json"));
                    }
                }
                Err(error) => self.fail(error),
            }
        }
    }

    /// Reads the configuration of each container that has no name yet, which is at `path`.
    fn read_configs(&mut self, path: impl Fn(&str) -> PathBuf) {
        let unnamed = self.sought.iter().filter(|id| !self.names.contains_key(*id));
        for id in unnamed.cloned().collect::<Vec<_>>() {
            let path = path(&id);
            let config = read_regular(&path, CONFIG_LIMIT)
                .and_then(|json| decode_config(&json).map_err(|what| unreadable(&path, &what)));
            match config {
                Ok(name) => self.take(name.map(|name| (id, name))),
                Err(error) => self.fail(error),
            }
        }
    }
}

/// The error of a text that makes no sense.
fn unreadable(path: &Path, what: &Malformed) -> Error {
    Error::new(Kind::Malformed, "read", path.display().to_string(), what)
}
