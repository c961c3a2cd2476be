//! `--source`: what to observe with.

use clap::ValueEnum;
use sockeye_os::SourceChoice;

/// What to observe with, as it is typed.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, ValueEnum)]
pub(super) enum SourceArg {
    /// The quickest that permission and system allow for the task.
    #[default]
    Auto,
    /// Programs in the kernel: lists by its iterators, events as they happen.
    Ebpf,
    /// sock_diag, with owners from /proc; watching is looking again and again.
    Netlink,
    /// The tables in /proc/net alone: fewer facts, on any kernel.
    Proc,
    /// Windows: tables, and events of a tracing session, which takes an administrator.
    Etw,
    /// Windows: tables alone; watching is looking again and again.
    Iphlpapi,
}

impl From<SourceArg> for SourceChoice {
    fn from(source: SourceArg) -> Self {
        match source {
            SourceArg::Auto => Self::Auto,
            SourceArg::Ebpf => Self::Ebpf,
            SourceArg::Netlink => Self::Netlink,
            SourceArg::Proc => Self::Proc,
            SourceArg::Etw => Self::Etw,
            SourceArg::Iphlpapi => Self::Iphlpapi,
        }
    }
}
