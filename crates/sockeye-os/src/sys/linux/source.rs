//! Whether the source that was asked for by name is to be had.

use std::io;

use sockeye_core::snapshot::Source;

use crate::error::plain;
use crate::{Error, Kind, SourceChoice};

/// Refuses what can never be had here; the rest is tried where it is used.
pub(super) fn check(choice: SourceChoice) -> Result<(), Error> {
    match choice {
        SourceChoice::Ebpf => {
            let reason = "this build has no eBPF programs: leave out --source";
            Err(Error::new(Kind::Unsupported, "observe by eBPF", "", reason))
        }
        SourceChoice::Auto | SourceChoice::Netlink | SourceChoice::Proc => Ok(()),
    }
}

/// What tables are read with as long as nothing else had to be taken.
pub(super) fn expected(choice: SourceChoice) -> Source {
    match choice {
        SourceChoice::Proc => Source::Procfs,
        SourceChoice::Auto | SourceChoice::Ebpf | SourceChoice::Netlink => Source::SockDiag,
    }
}

/// `sock_diag` was asked for by name, and the kernel answered with `error`.
pub(super) fn no_sock_diag(error: &io::Error) -> Error {
    let kind = match error.kind() {
        io::ErrorKind::PermissionDenied => Kind::Denied,
        _ => Kind::Unsupported,
    };
    Error::new(kind, "observe by sock_diag", "", plain(error))
}
