//! Buffers for answers whose size nobody knows before: kept, and larger only when one was too small.

use super::refusal::INSUFFICIENT_BUFFER;

/// So often an answer may have outgrown its buffer before it is given up.
pub const TRIES: u32 = 8;
/// No buffer grows beyond: four million connections, which no Windows has memory for.
pub const MOST: usize = 1 << 30;

/// A buffer in words, so that 64-bit fields are where they should be.
#[derive(Debug)]
pub struct Room {
    words: Vec<u64>,
    /// What it grows by beside a quarter of what is needed.
    step: usize,
}

impl Room {
    /// Room for `bytes`.
    pub fn new(bytes: usize) -> Self {
        Self { words: vec![0; bytes.div_ceil(size_of::<u64>())], step: bytes }
    }

    /// How many bytes it has.
    pub fn size(&self) -> usize {
        size_of_val(self.words.as_slice())
    }

    /// Where an answer goes.
    pub fn words(&mut self) -> &mut [u64] {
        &mut self.words
    }

    /// What was written, and what lies behind it.
    pub fn as_words(&self) -> &[u64] {
        &self.words
    }

    /// Calls `ask` with the buffer and its size in bytes, which it may write what it needs to, until it
    /// says something else than [`INSUFFICIENT_BUFFER`], and gives that code. A first call for the size
    /// alone would cost as much as the answer, so there is none.
    pub fn fill(&mut self, mut ask: impl FnMut(&mut [u64], &mut u32) -> u32) -> u32 {
        for _ in 0..TRIES {
            let mut size = u32::try_from(self.size()).unwrap_or(u32::MAX);
            let code = ask(&mut self.words, &mut size);
            if code != INSUFFICIENT_BUFFER || !self.grow(size as usize) {
                return code;
            }
        }
        INSUFFICIENT_BUFFER
    }

    /// Makes room for `needed` bytes and for what may come until the next call; `false` where that is
    /// too much. Nothing is kept of what was in it.
    fn grow(&mut self, needed: usize) -> bool {
        let size = self.size();
        let needed = needed.max(size);
        let more = needed.saturating_add(needed / 4).saturating_add(self.step).min(MOST);
        if more <= size {
            return false;
        }
        self.words = Vec::new(); // Both at once would take twice the memory.
        self.words = vec![0; more.div_ceil(size_of::<u64>())];
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A system whose answer has so many bytes, and one more in every call; counts calls.
    fn ask(
        bytes: &mut u32,
        grows: u32,
        calls: &mut u32,
    ) -> impl FnMut(&mut [u64], &mut u32) -> u32 {
        move |words, size| {
            *calls += 1;
            assert_eq!(*size as usize, size_of_val(words));
            let is_enough = *size >= *bytes;
            *size = *bytes;
            *bytes += grows;
            if is_enough { 0 } else { INSUFFICIENT_BUFFER }
        }
    }

    #[test]
    fn a_steady_answer_takes_one_call() {
        let mut room = Room::new(128 * 1024);
        let (mut bytes, mut calls) = (16_000_000, 0);
        assert_eq!(room.fill(ask(&mut bytes, 0, &mut calls)), 0);
        assert_eq!(calls, 2);
        for _ in 0..10 {
            assert_eq!(room.fill(ask(&mut bytes, 100_000, &mut calls)), 0);
        }
        assert_eq!(calls, 12, "a tenth more each time still fits");
        assert!(room.size() <= 21_000_000, "{}", room.size());
    }

    #[test]
    fn growth_ends() {
        let mut room = Room::new(1024);
        let mut calls = 0;
        let lies = |words: &mut [u64], size: &mut u32| {
            calls += 1;
            assert!(size_of_val(words) <= 32_768);
            *size = 0; // It does not say what it needs.
            INSUFFICIENT_BUFFER
        };
        assert_eq!(room.fill(lies), INSUFFICIENT_BUFFER);
        assert_eq!(calls, TRIES);
        let mut room = Room::new(1024);
        assert!(room.grow(MOST - 4096));
        assert_eq!(room.size(), MOST);
        assert!(!room.grow(usize::MAX));
        assert_eq!(room.size(), MOST);
    }

    #[test]
    fn other_answers_end_it_at_once() {
        let mut room = Room::new(8);
        let mut calls = 0;
        let refuse = |_: &mut [u64], _: &mut u32| {
            calls += 1;
            5
        };
        assert_eq!((room.fill(refuse), calls, room.size()), (5, 1, 8));
    }
}
