//! Two pieces of work side by side, where a thread can be had for one of them.

use std::panic::resume_unwind;
use std::thread;

/// Does `other` in a thread called `name` and `here` in this one; one after the other where no
/// thread can be made (EAGAIN, RLIMIT_NPROC).
pub(crate) fn beside<A: Send, B>(
    name: &str,
    other: impl Fn() -> A + Sync,
    here: impl FnOnce() -> B,
) -> (A, B) {
    thread::scope(|scope| {
        let helper = thread::Builder::new().name(name.to_owned()).spawn_scoped(scope, &other);
        let mine = here();
        let others = match helper {
            Ok(helper) => helper.join().unwrap_or_else(|panic| resume_unwind(panic)),
            Err(_) => other(),
        };
        (others, mine)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_are_done_and_the_other_in_a_thread_of_that_name() {
        let name = || thread::current().name().map(str::to_owned);
        let mine = name();
        assert_eq!(beside("other", name, name), (Some("other".to_owned()), mine));
    }
}
