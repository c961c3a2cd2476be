//! Events that the kernel passed over because the program that tells them was running.

use std::os::fd::{AsFd, OwnedFd};

use super::call::missed_runs;

/// The programs whose events nobody else tells. Not among them is `tcp_state_within`: what that one
/// misses `tcp_state` has told, or has missed too. Nor is `tcp_destroy`: it has nothing to tell in an
/// interrupt. The kernel runs programs on control groups within themselves.
pub(super) const COUNTED: [&str; 3] = ["tcp_state", "count_sent", "count_received"];

/// What the kernel has missed.
#[derive(Debug)]
pub(super) struct Missed {
    programs: Vec<OwnedFd>,
    gap: Gap,
}

impl Missed {
    /// Of `programs`, those that [`COUNTED`] names.
    pub(super) fn new(programs: Vec<OwnedFd>) -> Self {
        Self { programs, gap: Gap::default() }
    }

    /// How many events nobody told that were not known to be so at the last look, `told_within` being
    /// how many the second program has met instead of the first so far.
    pub(super) fn look(&mut self, told_within: u64) -> u64 {
        let missed = self.programs.iter().filter_map(|program| missed_runs(program.as_fd()).ok());
        self.gap.look(missed.sum(), told_within)
    }

    /// Whether it takes another look to be sure.
    pub(super) fn is_unsure(&self) -> bool {
        self.gap.is_unsure()
    }
}

/// By how much one count is ahead of another, neither being read at the same moment.
#[derive(Default, Debug)]
struct Gap {
    last: i64,
    sure: i64,
}

impl Gap {
    /// How many more were missed than made up for. The kernel counts a miss a moment before the other
    /// program makes up for it: so only what two looks in a row show is believed. The other program
    /// may also have told what was told already; the gap is measured from its lowest.
    fn look(&mut self, missed: u64, made_up: u64) -> u64 {
        let now = missed.wrapping_sub(made_up).cast_signed();
        let sure = now.min(self.last);
        let more = sure.saturating_sub(self.sure);
        *self = Self { last: now, sure };
        u64::try_from(more).unwrap_or(0)
    }

    fn is_unsure(&self) -> bool {
        self.last > self.sure
    }
}

#[cfg(test)]
mod tests {
    use super::Gap;

    #[test]
    fn what_was_made_up_for_is_not_lost() {
        let mut gap = Gap::default();
        assert_eq!(
            [(0, 0), (128, 128), (128, 128), (774, 774)].map(|(m, t)| gap.look(m, t)),
            [0; 4]
        );
        assert!(!gap.is_unsure());
    }

    #[test]
    fn what_is_about_to_be_made_up_for_is_not_lost() {
        let mut gap = Gap::default();
        assert_eq!(gap.look(1, 0), 0);
        assert!(gap.is_unsure());
        assert_eq!(gap.look(128, 128), 0);
        assert!(!gap.is_unsure());
    }

    #[test]
    fn what_nobody_made_up_for_is_lost_once() {
        let mut gap = Gap::default();
        let counts = [(64, 0), (64, 0), (64, 0), (192, 128), (200, 128), (200, 128)];
        assert_eq!(counts.map(|(m, t)| gap.look(m, t)), [0, 64, 0, 0, 0, 8]);
    }

    #[test]
    fn what_was_told_twice_hides_nothing_later() {
        let mut gap = Gap::default();
        let counts = [(0, 5), (0, 5), (64, 5), (64, 5)];
        assert_eq!(counts.map(|(m, t)| gap.look(m, t)), [0, 0, 0, 64]);
    }
}
