//! Descriptions of real processes, held against what their parent knows of them.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that fails tells where")]

use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use sockeye_core::description::{CapabilitySet, Nature};
use sockeye_core::process::Absent;
use sockeye_core::{Description, ProcessId};
use sockeye_os::{Describer, Kind};

/// A process that lives until it is dropped.
struct Sleeper(Child);

impl Sleeper {
    fn start(command: &mut Command) -> Self {
        let child = command.arg("60").stdin(Stdio::null()).spawn().unwrap();
        let sleeper = Self(child);
        // Between fork and exec it is still this test; its arguments come a moment after its image.
        let is_there =
            |it: &Description| &*it.process.name == "sleep" && it.process.command_line.is_ok();
        while !sleeper.describe().is_some_and(|it| is_there(&it)) {
            std::thread::yield_now();
        }
        sleeper
    }

    fn describe(&self) -> Option<Description> {
        Describer::new().describe(ProcessId { pid: self.0.id(), start: 0 }).ok()
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_process_is_as_it_was_started() {
    let sleeper = Sleeper::start(Command::new("/bin/sleep").current_dir("/usr"));
    let it = sleeper.describe().unwrap();
    assert_eq!(it.working_directory.as_deref(), Ok("/usr"));
    assert_eq!(it.root_directory.as_deref(), Ok("/"));
    assert_eq!(it.process.command_line.as_deref(), Ok("/bin/sleep 60"));
    assert_eq!(it.threads, Ok(1));
    let identity = it.identity.unwrap();
    let ours = rustix::process::getuid().as_raw();
    assert_eq!((identity.real_user, identity.effective_user), (ours, ours));
    if ours == 0 {
        assert_eq!(it.users.get(&0).map(|name| &**name), Some("root"));
        assert_eq!(it.groups.get(&0).map(|name| &**name), Some("root"));
    }
    let pids: Vec<u32> = it.ancestors.iter().map(|parent| parent.id.pid).collect();
    assert_eq!(pids.first(), Some(&std::process::id()));
    assert!(
        pids.len() > 1 && it.ancestors.iter().all(|parent| parent.created <= it.process.created)
    );
}

#[test]
fn another_user_has_no_capabilities() {
    if !rustix::process::getuid().is_root() {
        let _ = writeln!(io::stderr(), "SKIPPED another user has no capabilities: it takes root");
        return;
    }
    let sleeper = Sleeper::start(Command::new("/bin/sleep").uid(65534).gid(65534));
    let it = sleeper.describe().unwrap();
    assert_eq!(it.capabilities.unwrap().effective, CapabilitySet(0));
    assert_eq!(it.identity.unwrap().effective_user, 65534);
    assert_eq!(it.users.get(&65534).map(|name| &**name), Some("nobody"));
}

#[test]
fn a_number_that_was_given_again_is_not_taken_for_the_same() {
    let sleeper = Sleeper::start(&mut Command::new("/bin/sleep"));
    let id = sleeper.describe().unwrap().process.id;
    let mut describer = Describer::new();
    assert!(describer.describe(id).is_ok());
    let another = ProcessId { start: id.start - 1, ..id };
    assert_eq!(describer.describe(another).unwrap_err().kind, Kind::Vanished);
    drop(sleeper);
    assert_eq!(describer.describe(id).unwrap_err().kind, Kind::Vanished);
}

#[test]
fn a_thread_stands_for_its_process() {
    let thread = std::thread::spawn(|| {
        let link = std::fs::read_link("/proc/thread-self").unwrap();
        let number = link.file_name().unwrap().to_str().unwrap().parse().unwrap();
        (number, Describer::new().describe(ProcessId { pid: number, start: 0 }))
    });
    let (number, it) = thread.join().unwrap();
    let it = it.unwrap();
    assert_ne!(number, std::process::id());
    assert_eq!(it.process.id.pid, std::process::id());
    assert!(it.ancestors.iter().all(|parent| parent.id.pid != std::process::id()));
}

#[test]
fn a_zombie_is_one_and_holds_nothing() {
    let mut child = Command::new("/bin/true").stdin(Stdio::null()).spawn().unwrap();
    let id = ProcessId { pid: child.id(), start: 0 };
    let it = loop {
        let it = Describer::new().describe(id).unwrap();
        if it.standing.nature == Nature::Zombie {
            break it;
        }
        std::thread::yield_now();
    };
    assert_eq!(it.process.command_line, Err(Absent::Nonexistent));
    assert_eq!(it.standing.descriptors, Ok(()));
    child.wait().unwrap();
}

#[test]
fn another_user_namespace_is_told() {
    let ours = Sleeper::start(&mut Command::new("/bin/sleep")).describe().unwrap();
    assert!(!ours.standing.is_in_other_user_namespace);
    let unshare = |program: &[&str]| {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user"]).args(program);
        command
    };
    if !unshare(&["true"]).status().is_ok_and(|status| status.success()) {
        let _ = writeln!(io::stderr(), "SKIPPED another user namespace: unshare(1) may not");
        return;
    }
    let theirs = Sleeper::start(&mut unshare(&["/bin/sleep"])).describe().unwrap();
    assert!(theirs.standing.is_in_other_user_namespace);
    assert_eq!(theirs.capabilities.unwrap().effective, CapabilitySet::ALL);
}

#[test]
fn threads_of_the_kernel_have_no_image() {
    // kthreadd has number 2 wherever the machine's own processes can be seen.
    let Ok(it) = Describer::new().describe(ProcessId { pid: 2, start: 0 }) else { return };
    if &*it.process.name == "kthreadd" {
        assert_eq!(it.process.path, Err(Absent::Nonexistent));
        assert_eq!(it.process.command_line, Err(Absent::Nonexistent));
        assert!(it.ancestors.is_empty());
        assert_eq!(it.standing.nature, Nature::KernelThread);
        assert_eq!(it.standing.descriptors, Ok(()));
    }
}
