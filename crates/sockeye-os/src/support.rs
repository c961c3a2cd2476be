//! What this user can see and do on this system, found out by trying.

use std::time::Duration;

use crate::{Error, sys};

/// One thing that Sockeye would like to do, and whether it can.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// The word machines read: `sock_diag`, `owners`, `close`.
    pub capability: &'static str,
    /// What people call it, a few words.
    pub title: &'static str,
    /// Whether it can be done.
    pub status: Status,
    /// What was tried and what came of it, in sentences without the last full stop.
    pub detail: String,
    /// The command that mends it, for a shell; `None` where nothing is wrong, or nothing helps.
    pub remedy: Option<String>,
}

/// Whether a thing can be done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Status {
    /// In full.
    Works,
    /// In part, or by another way.
    Limited,
    /// Not at all.
    Missing,
}

impl Status {
    /// The word that people and machines read.
    pub fn id(self) -> &'static str {
        match self {
            Self::Works => "works",
            Self::Limited => "limited",
            Self::Missing => "missing",
        }
    }
}

/// Tries everything that Sockeye does, changing nothing, and says what came of it.
///
/// # Platform
///
/// Linux, Windows: each is really tried, none is concluded from a version. Elsewhere: one finding,
/// which says that the system is not known.
pub fn examine() -> Vec<Finding> {
    sys::examine()
}

/// How long the kernel's iterators take to tell of every TCP socket that a process holds or that is in
/// this network's table, and how many records that makes. The benchmark's floor: nothing is kept.
///
/// # Errors
///
/// Where eBPF is not permitted or not known.
#[doc(hidden)]
pub fn iterate_bare() -> Result<(Duration, usize), Error> {
    sys::iterate_bare()
}
