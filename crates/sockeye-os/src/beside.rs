//! Work side by side, where threads can be had for it: two different pieces, or many alike.

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

#[cfg(target_os = "linux")]
pub(crate) use many::{share, threads};

/// Many alike: what only Linux has so much of that one thread is too slow for it.
#[cfg(target_os = "linux")]
mod many {
    use std::panic::resume_unwind;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    /// How many items a thread takes at a time: few enough that all finish together.
    const BATCH: usize = 8;
    /// More threads than these stand in each other's way inside the kernel.
    const MOST: usize = 8;

    /// As many threads as the machine has processors, within reason.
    pub(crate) fn threads() -> usize {
        thread::available_parallelism().map_or(1, usize::from).min(MOST)
    }

    /// Hands `items` out to so many threads, this one among them, the others called `name` and a number;
    /// each makes a worker with `begin` and calls `work` for one item after the other. Gives back the
    /// workers, this thread's first. Where no thread can be made, those that there are do all the work.
    pub(crate) fn share<I: Copy + Sync, W: Send>(
        (name, threads): (&str, usize),
        items: &[I],
        begin: impl Fn() -> W + Sync,
        work: impl Fn(&mut W, I) + Sync,
    ) -> Vec<W> {
        let next = AtomicUsize::new(0);
        let work_off = || {
            let mut worker = begin();
            loop {
                let start = next.fetch_add(BATCH, Ordering::Relaxed);
                let batch = items.get(start..items.len().min(start + BATCH)).unwrap_or_default();
                if batch.is_empty() {
                    return worker;
                }
                batch.iter().for_each(|item| work(&mut worker, *item));
            }
        };
        thread::scope(|scope| {
            let helper = |number| thread::Builder::new().name(format!("{name}-{number}"));
            let others = (1..threads).map_while(|n| helper(n).spawn_scoped(scope, work_off).ok());
            let others: Vec<_> = others.collect();
            let mine = work_off();
            let join = |other: thread::ScopedJoinHandle<'_, W>| {
                other.join().unwrap_or_else(|panic| resume_unwind(panic))
            };
            std::iter::once(mine).chain(others.into_iter().map(join)).collect()
        })
    }
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

    #[cfg(target_os = "linux")]
    #[test]
    fn every_item_is_worked_off_once_however_many_threads_there_are() {
        for (threads, count) in [(1, 0), (1, 20), (3, 0), (3, 7), (3, 8), (3, 100)] {
            let items: Vec<usize> = (0..count).collect();
            let workers = share(("work", threads), &items, Vec::new, Vec::push);
            assert_eq!(workers.len(), threads);
            let mut done = workers.concat();
            done.sort_unstable();
            assert_eq!(done, items);
        }
    }
}
