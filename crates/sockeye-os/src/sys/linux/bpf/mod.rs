//! The eBPF tier: our programs in the kernel.

mod alone;
mod call;
mod examine;
mod gather;
mod held;
mod list;
mod load;
mod ring;
mod stream;
mod tell;

use rustix::fs::CWD;

pub(super) use self::examine::examine;
use self::gather::Ground;
use self::list::Lists;
use self::load::{Programs, Refused, Setup};
pub(super) use self::stream::Stream;
use crate::beside::beside;
use crate::raw::Raw;
use crate::{Error, Kind, Wants};

/// Gathers the machine's raw answers by iterators.
///
/// # Errors
///
/// [`Kind::Denied`] without CAP_BPF and CAP_PERFMON, [`Kind::Unsupported`] where the kernel has no
/// iterators.
pub(super) fn gather(wants: &Wants) -> Result<Raw, Error> {
    let setup =
        Setup { ring_bytes: None, is_measuring: wants.metrics, pid_namespace: pid_namespace() };
    // Each takes about as long as the other.
    let load = || Programs::prepare(&setup).and_then(Lists::load).map_err(unavailable);
    let (lists, ground) = beside("load", load, || Ground::find(wants));
    gather::gather(&lists?, wants, ground?)
}

/// The error that a refusal is for whoever asked for eBPF by name.
#[expect(clippy::needless_pass_by_value, reason = "map_err hands it over")]
fn unavailable(refused: Refused) -> Error {
    if refused.is_denied() {
        let reason = "not permitted: it takes CAP_BPF and CAP_PERFMON";
        return Error::new(Kind::Denied, "use eBPF", "", reason);
    }
    Error::new(Kind::Unsupported, "use eBPF", "", refused.to_string())
}

/// The inode of our PID namespace; 0 for the machine's first one, whose inode is fixed
/// (`PROC_PID_INIT_INO`, linux/proc_ns.h).
fn pid_namespace() -> u32 {
    const FIRST: u32 = 0xEFFF_FFFC;
    let link = rustix::fs::readlinkat(CWD, "/proc/self/ns/pid", Vec::new());
    let inode = link.ok().and_then(|target| {
        let text = target.to_str().ok()?.strip_prefix("pid:[")?.strip_suffix(']')?;
        text.parse().ok()
    });
    inode.filter(|inode| *inode != FIRST).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::load::*;

    #[test]
    #[expect(clippy::print_stdout, reason = "what is skipped is said")]
    fn this_kernel_takes_every_program() {
        let setup = Setup { ring_bytes: Some(1 << 20), is_measuring: true, pid_namespace: 0 };
        let programs = match Programs::prepare(&setup) {
            Ok(programs) => programs,
            Err(refused) => return println!("skipped: {refused}"),
        };
        let refused: Vec<String> = PROGRAMS
            .into_iter()
            .filter_map(|program| programs.load(program).err())
            .map(|refused| refused.to_string())
            .collect();
        assert!(refused.is_empty(), "{refused:#?}");
    }
}
