//! Socket units: which files and drop-ins count, systemd.unit(5).

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sockeye_core::Degradation;

use super::apart;
use super::files::{home_of, paths_in, read_regular, users_in};
use crate::decode::socket_unit::SocketUnit;
use crate::socket_units::{Directories, KnownUnit, Manager, SocketUnits};
use crate::{Error, Kind};

/// How long all of it may take: homes may be far away.
const PATIENCE: Duration = Duration::from_secs(1);
/// The longest unit file that is read.
const LIMIT: u64 = 1024 * 1024;

/// Directories of the system's manager, table 1 of systemd.unit(5).
const SYSTEM: [&str; 13] = [
    "/etc/systemd/system.control",
    "/run/systemd/system.control",
    "/run/systemd/transient",
    "/run/systemd/generator.early",
    "/etc/systemd/system",
    "/etc/systemd/system.attached",
    "/run/systemd/system",
    "/run/systemd/system.attached",
    "/run/systemd/generator",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
    "/run/systemd/generator.late",
];

/// Directories of a user's manager, table 2: `~` is the home, `$` the runtime directory.
const USER: [&str; 16] = [
    "~/.config/systemd/user.control",
    "$/systemd/user.control",
    "$/systemd/transient",
    "$/systemd/generator.early",
    "~/.config/systemd/user",
    "/etc/systemd/user",
    "$/systemd/user",
    "/run/systemd/user",
    "$/systemd/generator",
    "~/.local/share/systemd/user",
    "/usr/local/share/systemd/user",
    "/usr/share/systemd/user",
    "/usr/local/lib/systemd/user",
    "/usr/lib/systemd/user",
    "/lib/systemd/user",
    "$/systemd/generator.late",
];

/// Directories beside a unit with links to those that it starts.
const LINKS: [&str; 3] = [".wants", ".requires", ".upholds"];

/// See [`crate::socket_units::socket_units`].
pub(crate) fn read_socket_units() -> SocketUnits {
    let deadline = Instant::now() + PATIENCE;
    // Users' homes may hang; the system's own directories do not wait for them.
    let system = apart("units", || read_socket_units_in(&of_system()));
    let users = apart("user-units", || {
        let users = users_in(Path::new("/run/user")).into_iter();
        users.map(|(user, runtime)| read_socket_units_in(&of_user(user, &runtime))).collect()
    });
    let mut all = SocketUnits::default();
    let left = || deadline.saturating_duration_since(Instant::now());
    let late = |what: &str| SocketUnits {
        degradations: unread(&[Error::new(
            Kind::Os,
            "read",
            what,
            format!("no answer within {} s", PATIENCE.as_secs()),
        )]),
        ..SocketUnits::default()
    };
    let system = system.recv_timeout(left()).unwrap_or_else(|_| late("/etc/systemd/system"));
    let users: Vec<SocketUnits> =
        users.recv_timeout(left()).unwrap_or_else(|_| vec![late("units of users")]);
    for found in [system].into_iter().chain(users) {
        all.units.extend(found.units);
        all.degradations.extend(found.degradations);
    }
    all
}

/// The system's directories.
fn of_system() -> Directories {
    Directories {
        manager: Manager::System,
        units: SYSTEM.iter().map(PathBuf::from).collect(),
        active: Some(PathBuf::from("/run/systemd/units")),
    }
}

/// The directories of `user`.
fn of_user(user: u32, runtime: &Path) -> Directories {
    let home = home_of(user);
    let place = |path: &&str| match (path.strip_prefix("~/"), path.strip_prefix("$/")) {
        (Some(rest), _) => home.as_ref().map(|home| home.join(rest)),
        (_, Some(rest)) => Some(runtime.join(rest)),
        _ => Some(PathBuf::from(path)),
    };
    let is_running = runtime.join("systemd").exists();
    let units = USER.iter().filter(|_| is_running).filter_map(place).collect();
    Directories { manager: Manager::User(user), units, active: None }
}

/// See [`SocketUnits::read`].
pub(crate) fn read_socket_units_in(directories: &Directories) -> SocketUnits {
    let mut reader = Reader::list(directories);
    let names: Vec<String> = reader.names.iter().cloned().collect();
    let mut found = SocketUnits::default();
    for name in names {
        let texts = reader.texts(&name);
        let unit = SocketUnit::decode(&name, texts.iter().map(Vec::as_slice));
        if !unit.listens.is_empty() {
            let is_active = reader.active.contains(&name);
            found.units.push(KnownUnit { unit, manager: directories.manager, is_active });
        }
    }
    found.degradations = unread(&reader.failed);
    found
}

/// What could not be read, as one sentence.
fn unread(failed: &[Error]) -> Vec<Degradation> {
    let count = u32::try_from(failed.len()).unwrap_or(u32::MAX);
    let sentence = |first: &Error| Degradation::UnitsUnread { count, first: first.to_string() };
    failed.first().map(sentence).into_iter().collect()
}

/// The directories of a manager, listed once.
struct Reader {
    /// What stands in each directory, the directory that counts most first.
    listed: Vec<BTreeMap<String, PathBuf>>,
    /// Socket units that there may be, templates apart.
    names: BTreeSet<String>,
    /// Units that are active.
    active: BTreeSet<String>,
    /// What could not be read.
    failed: Vec<Error>,
}

impl Reader {
    fn list(directories: &Directories) -> Self {
        let mut reader = Self {
            listed: Vec::new(),
            names: BTreeSet::new(),
            active: BTreeSet::new(),
            failed: Vec::new(),
        };
        for directory in &directories.units {
            let listed = reader.list_one(directory);
            reader.names.extend(listed.keys().filter(|name| is_socket(name)).cloned());
            let is_link = |name: &&String| LINKS.iter().any(|suffix| name.ends_with(suffix));
            for (_, links) in listed.iter().filter(|(name, _)| is_link(name)) {
                let linked = reader.list_one(links);
                reader.names.extend(linked.into_keys().filter(|name| is_socket(name)));
            }
            reader.listed.push(listed);
        }
        if let Some(active) = &directories.active {
            let names = reader.list_one(active).into_keys();
            let names = names.filter_map(|name| Some(name.strip_prefix("invocation:")?.to_owned()));
            reader.active = names.filter(|name| is_socket(name)).collect();
            reader.names.extend(reader.active.iter().cloned());
        }
        reader
    }

    /// What stands in a directory, by name; nothing where there is none.
    fn list_one(&mut self, directory: &Path) -> BTreeMap<String, PathBuf> {
        let paths = paths_in(directory).unwrap_or_else(|error| {
            self.fail(error);
            Vec::new()
        });
        let named = |path: PathBuf| Some((path.file_name()?.to_str()?.to_owned(), path));
        paths.into_iter().filter_map(named).collect()
    }

    /// Keeps what went wrong; that something is not there is usual.
    fn fail(&mut self, error: Error) {
        if error.kind != Kind::Vanished && !error.reason.starts_with("Not a directory") {
            self.failed.push(error);
        }
    }

    /// The texts that describe the unit `name`; none when it is masked or another's alias.
    fn texts(&mut self, name: &str) -> Vec<Vec<u8>> {
        let template = template_of(name);
        let found = [Some(name), template.as_deref()].into_iter().flatten().find_map(|name| {
            self.listed.iter().find_map(|listed| Some((name.to_owned(), listed.get(name)?.clone())))
        });
        let Some((found, path)) = found else { return Vec::new() };
        if is_masked(&path) || is_alias(&path, &found) {
            return Vec::new();
        }
        let mut texts = Vec::new();
        for path in [path].into_iter().chain(self.drop_ins(name)) {
            match read_regular(&path, LIMIT) {
                Ok(text) => texts.push(text),
                Err(error) => self.fail(error),
            }
        }
        texts
    }

    /// The drop-ins of the unit `name`, in the order in which they apply: by file name, of those with
    /// the same name the one in the directory that counts most.
    fn drop_ins(&mut self, name: &str) -> Vec<PathBuf> {
        let mut drop_ins = BTreeMap::new();
        let own: Vec<PathBuf> = self
            .listed
            .iter()
            .flat_map(|listed| {
                drop_in_directories(name).into_iter().filter_map(|name| listed.get(&name).cloned())
            })
            .collect();
        let of_all = self.listed.iter().filter_map(|listed| listed.get("socket.d").cloned());
        for directory in own.into_iter().chain(of_all).collect::<Vec<_>>() {
            for (file, path) in self.list_one(&directory) {
                if file.ends_with(".conf") {
                    drop_ins.entry(file).or_insert(path);
                }
            }
        }
        drop_ins.into_values().filter(|path| !is_masked(path)).collect()
    }
}

/// Whether this is the name of a socket unit that may be active: a template is none.
fn is_socket(name: &str) -> bool {
    name.strip_suffix(".socket").is_some_and(|stem| !stem.is_empty() && !stem.ends_with('@'))
}

/// The template of an instance: `a@.socket` of `a@x.socket`.
fn template_of(name: &str) -> Option<String> {
    name.split_once('@').map(|(prefix, _)| format!("{prefix}@.socket"))
}

/// The directories of drop-ins for the unit `name`: its own, its template's, and for `a-b-c.socket`
/// those of `a-b-.socket` and `a-.socket`.
fn drop_in_directories(name: &str) -> Vec<String> {
    let mut names = vec![format!("{name}.d")];
    names.extend(template_of(name).map(|template| format!("{template}.d")));
    let stem = name.strip_suffix(".socket").unwrap_or(name);
    let prefix = stem.split('@').next().unwrap_or(stem);
    let dashes = prefix.rmatch_indices('-').filter_map(|(at, _)| prefix.get(..=at));
    names.extend(dashes.filter(|start| *start != stem).map(|start| format!("{start}.socket.d")));
    names
}

/// Whether a file counts as if it were not there: a link to /dev/null, or empty.
fn is_masked(path: &Path) -> bool {
    let target = fs::canonicalize(path);
    let is_null = target.is_ok_and(|target| target == Path::new("/dev/null"));
    is_null || fs::metadata(path).is_ok_and(|file| file.is_file() && file.len() == 0)
}

/// Whether the file of the unit `name` is a link to that of another socket unit, which is the same
/// unit by another name.
fn is_alias(path: &Path, name: &str) -> bool {
    let target = fs::read_link(path).ok();
    let target = target.as_deref().and_then(Path::file_name).and_then(|name| name.to_str());
    target.is_some_and(|target| {
        target != name
            && target.ends_with(".socket")
            && Some(target) != template_of(name).as_deref()
    })
}
