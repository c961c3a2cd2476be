//! What is known of one process beyond what a list shows.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::process::{Fact, Process};
use crate::signature::Signature;

/// One process, in full.
///
/// Every text here came from outside and may hold anything; escape before printing. What is not
/// known says why.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Description {
    /// What a list shows of it.
    pub process: Process,
    /// Its working directory.
    pub working_directory: Fact<Box<str>>,
    /// What it sees as `/`; another one than ours in a container or a chroot.
    pub root_directory: Fact<Box<str>>,
    /// Its users and groups (Linux).
    pub identity: Fact<Identity>,
    /// What it may do without being root, or may not although it is (Linux).
    pub capabilities: Fact<Capabilities>,
    /// SELinux context or AppArmor profile (Linux).
    pub security_label: Fact<Box<str>>,
    /// Who signed its image (Windows); of other systems, [`Absent::Nonexistent`](crate::process::Absent::Nonexistent).
    pub signature: Fact<Signature>,
    /// How many threads it has.
    pub threads: Fact<u32>,
    /// What it is in the kernel's eyes, and what follows from that.
    pub standing: Standing,
    /// Its parent, that one's parent, and so on, as far as they still run and may be seen. The last
    /// is init or a container's first process.
    pub ancestors: Vec<Process>,
    /// Names of the users that are named by number here.
    pub users: BTreeMap<u32, Box<str>>,
    /// Names of the groups that are named by number here.
    pub groups: BTreeMap<u32, Box<str>>,
}

/// What a process is in the kernel's eyes, and how much of it can be known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Standing {
    /// Whether it runs like any other.
    pub nature: Nature,
    /// Whether its descriptors, which tell what it holds, may be read.
    pub descriptors: Fact<()>,
    /// Its user namespace is not Sockeye's: its capabilities hold in there (Linux,
    /// user_namespaces(7)).
    pub is_in_other_user_namespace: bool,
}

impl Default for Standing {
    /// Nothing out of the ordinary.
    fn default() -> Self {
        Self { nature: Nature::Ordinary, descriptors: Ok(()), is_in_other_user_namespace: false }
    }
}

/// What kind of thing has a process id.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub enum Nature {
    /// A process that runs a program.
    #[default]
    Ordinary,
    /// A thread of the kernel: it has no image, arguments or directory.
    KernelThread,
    /// A process that has ended, and stays listed until its parent asks how.
    Zombie,
}

impl Nature {
    /// The word machines read.
    pub fn id(self) -> &'static str {
        match self {
            Self::Ordinary => "ordinary",
            Self::KernelThread => "kernel_thread",
            Self::Zombie => "zombie",
        }
    }
}

/// Users and groups of a process, credentials(7).
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Identity {
    /// Who started it.
    pub real_user: u32,
    /// As whom it acts.
    pub effective_user: u32,
    /// The group of whoever started it.
    pub real_group: u32,
    /// The group it acts for.
    pub effective_group: u32,
    /// Further groups.
    pub supplementary_groups: Box<[u32]>,
}

impl Identity {
    /// Every group that it has, each once, the one it acts for first.
    pub fn groups(&self) -> impl Iterator<Item = u32> {
        let own = self.effective_group;
        let others = self.supplementary_groups.iter().copied().filter(move |id| *id != own);
        core::iter::once(own).chain(others)
    }
}

/// Capability sets, capabilities(7): a bit for each.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Capabilities {
    /// What it may do now.
    pub effective: CapabilitySet,
    /// What it may take up.
    pub permitted: CapabilitySet,
    /// The most that it, and what it starts, can ever have.
    pub bounding: CapabilitySet,
    /// What it hands on to what it starts.
    pub ambient: CapabilitySet,
}

/// A set of capabilities.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct CapabilitySet(pub u64);

/// The names, in the order of their numbers (include/uapi/linux/capability.h).
const NAMES: [&str; 41] = [
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_DAC_READ_SEARCH",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETPCAP",
    "CAP_LINUX_IMMUTABLE",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_BROADCAST",
    "CAP_NET_ADMIN",
    "CAP_NET_RAW",
    "CAP_IPC_LOCK",
    "CAP_IPC_OWNER",
    "CAP_SYS_MODULE",
    "CAP_SYS_RAWIO",
    "CAP_SYS_CHROOT",
    "CAP_SYS_PTRACE",
    "CAP_SYS_PACCT",
    "CAP_SYS_ADMIN",
    "CAP_SYS_BOOT",
    "CAP_SYS_NICE",
    "CAP_SYS_RESOURCE",
    "CAP_SYS_TIME",
    "CAP_SYS_TTY_CONFIG",
    "CAP_MKNOD",
    "CAP_LEASE",
    "CAP_AUDIT_WRITE",
    "CAP_AUDIT_CONTROL",
    "CAP_SETFCAP",
    "CAP_MAC_OVERRIDE",
    "CAP_MAC_ADMIN",
    "CAP_SYSLOG",
    "CAP_WAKE_ALARM",
    "CAP_BLOCK_SUSPEND",
    "CAP_AUDIT_READ",
    "CAP_PERFMON",
    "CAP_BPF",
    "CAP_CHECKPOINT_RESTORE",
];

impl CapabilitySet {
    /// Every capability that has a name.
    pub const ALL: Self = Self((1 << NAMES.len()) - 1);

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The names of those in it that have one.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        NAMES.into_iter().enumerate().filter(move |(bit, _)| self.0 >> bit & 1 == 1).map(|(_, n)| n)
    }

    /// Those in this set that are not in `other`.
    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// How it is said in few words.
    pub fn brief(self) -> Brief {
        let missing = Self::ALL.without(self);
        match missing.names().count() {
            _ if self.is_empty() => Brief::Nothing,
            0 => Brief::All,
            1..8 => Brief::AllBut(missing),
            _ => Brief::Only(self),
        }
    }
}

/// A set in few words: of nearly all, what is missing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Brief {
    /// It is empty.
    Nothing,
    /// Nothing that has a name is missing.
    All,
    /// These are missing.
    AllBut(CapabilitySet),
    /// These it has.
    Only(CapabilitySet),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capabilities_are_named_by_their_numbers() {
        let names = |set: u64| CapabilitySet(set).names().collect::<Vec<_>>();
        assert_eq!(names(0), [""; 0]);
        assert_eq!(names(1 << 10 | 1 << 12), ["CAP_NET_BIND_SERVICE", "CAP_NET_ADMIN"]);
        assert_eq!(names(1 << 40), ["CAP_CHECKPOINT_RESTORE"]);
        assert_eq!(names(1 << 63), [""; 0]);
        assert_eq!(CapabilitySet::ALL.0, 0x1ff_ffff_ffff);
        assert_eq!(CapabilitySet(7).without(CapabilitySet(5)), CapabilitySet(2));
    }

    #[test]
    fn sets_are_said_in_few_words() {
        let check = |set: u64, expected| assert_eq!(CapabilitySet(set).brief(), expected, "{set}");
        let all = CapabilitySet::ALL.0;
        check(0, Brief::Nothing);
        check(all, Brief::All);
        // A newer kernel has some that have no name here.
        check(u64::MAX, Brief::All);
        check(all & !1, Brief::AllBut(CapabilitySet(1)));
        check(all & !0x7f, Brief::AllBut(CapabilitySet(0x7f)));
        check(all & !0xff, Brief::Only(CapabilitySet(all & !0xff)));
    }
}
