//! A set of cookies: mostly numbers in a row, since the kernel counts them up.

use hashbrown::HashSet;

/// Cookies that are known.
#[derive(Default)]
pub(super) struct Cookies {
    /// The cookie that the first bit stands for.
    first: u64,
    /// A bit for each number from there on.
    bits: Vec<u64>,
    /// Those instead, where bits would take more memory.
    others: HashSet<u64>,
}

/// Words of bits for one cookie, at most: as much memory as a set would need for it.
const WORDS_EACH: u64 = 2;

impl Cookies {
    /// The set of `cookies`, and whether one of them stands there twice.
    pub(super) fn new(cookies: &[u64]) -> (Self, bool) {
        let mut set = Self::default();
        let (least, most) = (cookies.iter().min(), cookies.iter().max());
        let (Some(least), Some(most)) = (least, most) else { return (set, false) };
        let words = (most - least) / 64 + 1;
        if words <= cookies.len() as u64 * WORDS_EACH {
            set.first = *least;
            set.bits = vec![0; usize::try_from(words).unwrap_or_default()];
        } else {
            set.others.reserve(cookies.len());
        }
        let mut has_repeats = false;
        for cookie in cookies {
            has_repeats |= !set.insert(*cookie);
        }
        (set, has_repeats)
    }

    /// Adds a cookie; whether it was not there before.
    fn insert(&mut self, cookie: u64) -> bool {
        let (word, bit) = self.place(cookie);
        match self.bits.get_mut(word) {
            Some(word) => {
                let is_new = *word & bit == 0;
                *word |= bit;
                is_new
            }
            None => self.others.insert(cookie),
        }
    }

    /// Whether a cookie is among them.
    pub(super) fn contains(&self, cookie: u64) -> bool {
        let (word, bit) = self.place(cookie);
        match self.bits.get(word) {
            Some(word) => word & bit != 0,
            None => self.others.contains(&cookie),
        }
    }

    /// Where the bit of a cookie is; out of reach for one that is too small.
    fn place(&self, cookie: u64) -> (usize, u64) {
        let offset = cookie.wrapping_sub(self.first);
        (usize::try_from(offset / 64).unwrap_or(usize::MAX), 1 << (offset % 64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_it_is_found_and_nothing_else() {
        let check = |cookies: &[u64], absent: &[u64], repeats| {
            let (set, has_repeats) = Cookies::new(cookies);
            assert_eq!(has_repeats, repeats, "{cookies:?}");
            assert!(cookies.iter().all(|cookie| set.contains(*cookie)), "{cookies:?}");
            assert!(!absent.iter().any(|cookie| set.contains(*cookie)), "{cookies:?}");
        };
        check(&[], &[0, 1, u64::MAX], false);
        check(&[7], &[6, 8, 70, 71], false);
        check(&[100, 101, 163, 164], &[99, 102, 165, 0, u64::MAX], false);
        check(&[5, 6, 5], &[4, 7], true);
        check(&[1, 1 << 40, u64::MAX], &[0, 2, u64::MAX - 1], false);
        check(&[1, 1 << 40, 1], &[0, 2], true);
    }
}
