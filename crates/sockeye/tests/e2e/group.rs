//! A control group of a test's own, gone with it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

/// A control group of version 2.
pub(crate) struct Group {
    /// Where control groups are mounted.
    mount: PathBuf,
    /// Its directories, the outermost first.
    dirs: Vec<PathBuf>,
}

impl Group {
    /// Makes one, or one called `inner` in another; `None` where control groups of version 2 are not
    /// mounted or may not be made.
    pub(crate) fn make(inner: Option<&str>) -> Option<Self> {
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
        let mount = mounts.lines().find(|line| line.contains(" - cgroup2 "))?;
        let mount = PathBuf::from(mount.split(' ').nth(4)?);
        // No pid would do: every world counts its processes from one.
        let now = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_nanos();
        let outer = mount.join(format!("sockeye-e2e-{now}"));
        let mut group = Self { mount, dirs: Vec::new() };
        let inner = inner.map(|name| outer.join(name));
        for dir in [outer].into_iter().chain(inner) {
            fs::create_dir(&dir).ok()?;
            group.dirs.push(dir);
        }
        Some(group)
    }

    /// Its directory.
    pub(crate) fn dir(&self) -> &Path {
        self.dirs.last().unwrap()
    }

    /// Its path as the kernel tells it.
    pub(crate) fn path(&self) -> String {
        format!("/{}", self.dir().strip_prefix(&self.mount).unwrap().display())
    }

    /// A command that goes there and then runs `program`.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new("sh");
        let procs = self.dir().join("cgroup.procs");
        let script = format!("echo $$ > {} && exec \"$0\" \"$@\"", procs.display());
        command.args(["-c", &script, program]);
        command
    }

    /// Does `work` while this process is in it: sockets that it makes stay there.
    pub(crate) fn inside<T>(&self, work: impl FnOnce() -> T) -> T {
        let groups = fs::read_to_string("/proc/self/cgroup").unwrap();
        let own = groups.lines().find_map(|line| line.strip_prefix("0::/")).unwrap();
        let enter = |dir: &Path| fs::write(dir.join("cgroup.procs"), "0").unwrap();
        enter(self.dir());
        let result = work();
        enter(&self.mount.join(own));
        result
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        for dir in self.dirs.iter().rev() {
            let _ = fs::remove_dir(dir);
        }
    }
}
