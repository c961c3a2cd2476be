//! Who owns an endpoint: a process, and what is known of it.

use alloc::boxed::Box;
use core::fmt;

use crate::time::Timestamp;

/// A process for as long as it lives: pids are used again, pid and start time together are not.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ProcessId {
    /// Process id as this host's operating system counts.
    pub pid: u32,
    /// Start in the platform's own steady count: clock ticks since boot on Linux
    /// (`/proc/PID/stat` field 22, proc_pid_stat(5)), 100 ns since 1601 on Windows. 0 when unknown.
    pub start: u64,
}

impl fmt::Display for ProcessId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.pid)
    }
}

/// Why a fact about a process is not known.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Absent {
    /// Reading it was not permitted.
    Denied,
    /// The process ended before it was read.
    Vanished,
    /// There is none: a kernel thread has no image, a zombie no command line.
    Nonexistent,
    /// What would tell it is of a kind that Sockeye cannot read.
    Unsupported,
}

/// A fact about a process, or why it is not known.
pub type Fact<T> = Result<T, Absent>;

/// What is known of a process that holds an endpoint.
///
/// Every text here came from outside and may hold anything; invalid UTF-8 has been replaced by
/// U+FFFD, but stands as `$'\xff'` in a command line, which is quoted anyhow. Escape before
/// printing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Process {
    /// Its identity.
    pub id: ProcessId,
    /// The process that started it.
    pub parent: Option<u32>,
    /// The image's file name; the kernel's short name (15 bytes) where the path is not known.
    pub name: Box<str>,
    /// Full path of the image, without the kernel's ` (deleted)`.
    pub path: Fact<Box<str>>,
    /// The image's file has been deleted or replaced since the start.
    pub is_deleted: bool,
    /// The command line as one text: arguments joined by spaces, quoted where they need it.
    pub command_line: Fact<Box<str>>,
    /// What its image really runs, if that is an interpreter: a script or jar as the command line
    /// names it, a module or a main class.
    pub script: Option<Box<str>>,
    /// The user it runs as (effective), by number.
    pub user_id: Option<u32>,
    /// When it started.
    pub created: Option<Timestamp>,
    /// Its control group, as a path below the cgroup2 root (Linux).
    pub cgroup: Option<Box<str>>,
    /// The services that it runs, joined by a comma and a space (Windows).
    pub services: Option<Box<str>>,
}

impl Process {
    /// What it was started as: the file name in the first word of its command line, `python3` where
    /// the image is python3.11; of a title such as `nginx: worker process`, what stands before the
    /// colon. Windows' images are called without `.exe`, as they are typed.
    pub fn program(&self) -> Option<&str> {
        if let Some((stem, ending)) = self.name.rsplit_once('.')
            && ending.eq_ignore_ascii_case("exe")
        {
            return Some(stem);
        }
        let (word, _) = split_word(self.command_line.as_deref().ok()?);
        // A login shell has a dash in front.
        let name = file_name(word).trim_start_matches('-');
        let name = name.find([' ', ':']).and_then(|end| name.get(..end)).unwrap_or(name);
        (!name.is_empty()).then_some(name)
    }
}

/// The first word of a command line, without the quotes around it, and the rest.
fn split_word(line: &str) -> (&str, &str) {
    let line = line.trim_start();
    let quoted = line.strip_prefix('\'').and_then(|rest| rest.split_once('\''));
    quoted.or_else(|| line.split_once(' ')).unwrap_or((line, ""))
}

/// What follows the last separator of a path.
fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(name: &str, command_line: &str) -> Process {
        let image = crate::testing::process(7, name);
        Process { command_line: Ok(command_line.into()), ..image }
    }

    #[test]
    fn the_program_is_what_it_was_started_as() {
        let check = |line: &str, expected| {
            assert_eq!(process("image", line).program(), expected, "{line}");
        };
        check("python3 -m http.server", Some("python3"));
        check("/usr/bin/python3", Some("python3"));
        check("nginx: worker process", Some("nginx"));
        check("'x: worker' 3", Some("x"));
        check("'/opt/my app/run' --now", Some("run"));
        check("-bash", Some("bash"));
        check("'' b", None);
        check("", None);
        assert_eq!(crate::testing::process(7, "/bin/x").program(), None);
        assert_eq!(process("Svchost.EXE", "-k netsvcs").program(), Some("Svchost"));
    }
}
