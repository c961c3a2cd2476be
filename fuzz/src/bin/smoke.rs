//! Drives the fuzz targets on stable Rust: mutates the seeds for some seconds and saves what breaks.
//!
//! It is no replacement for libFuzzer, which sees which branches an input takes; it is what every
//! machine and every CI run can do. The mutations are the same in each run.

use std::fs;
use std::io::{Seek as _, Write as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::{ExitCode, exit};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use sockeye_fuzz::{TARGETS, Target};

/// An input may grow by mutations up to this.
const MAX_BYTES: usize = 4096;
/// An input that takes longer than this hangs.
const PATIENCE: Duration = Duration::from_secs(10);
/// Why writing cannot fail.
const WRITABLE: &str = "the fuzz directory can be written";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|a| a == "--list") {
        TARGETS.iter().for_each(|(name, _)| println!("{name}"));
        return ExitCode::SUCCESS;
    }
    let names = || arguments.iter().filter(|a| !a.starts_with("--"));
    if arguments.iter().any(|a| a == "--corpus") {
        names().for_each(|name| write_corpus(name));
        return ExitCode::SUCCESS;
    }
    let seconds = arguments.iter().find_map(|a| a.strip_prefix("--seconds="));
    let time = Duration::from_secs(seconds.and_then(|s| s.parse().ok()).unwrap_or(5));
    let mut is_sound = true;
    for name in names() {
        let Some((name, target)) = TARGETS.iter().find(|(known, _)| known == name) else {
            eprintln!("there is no fuzz target {name}");
            return ExitCode::FAILURE;
        };
        is_sound &= drive(name, *target, time);
    }
    if is_sound { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Feeds one target; `false` when an input broke it.
fn drive(name: &str, target: Target, time: Duration) -> bool {
    let seeds = seeds(name);
    let mut running = Running::start(name);
    let mut mutator = Mutator::new();
    let start = Instant::now();
    let mut count = 0;
    while start.elapsed() < time {
        // Every seed comes once as it is.
        let input = match seeds.get(count) {
            Some(seed) => seed.clone(),
            None => mutator.input(&seeds),
        };
        running.note(&input);
        if catch_unwind(AssertUnwindSafe(|| target(&input))).is_err() {
            eprintln!("{name}: an input breaks it, kept in {}", running.keep().display());
            return false;
        }
        count += 1;
    }
    running.end();
    println!("{name}: {count} inputs from {} seeds", seeds.len());
    true
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The seeds of a target in the order of their names, and at least an empty one. A file whose name
/// ends in `.hex` holds bytes as hexadecimal digits: what is in the repository can be read.
fn seeds(name: &str) -> Vec<Vec<u8>> {
    let directory = root().join("../fixtures/fuzz").join(name);
    let mut paths: Vec<PathBuf> = match fs::read_dir(directory) {
        Ok(entries) => entries.filter_map(|e| Some(e.ok()?.path())).collect(),
        Err(_) => Vec::new(),
    };
    paths.sort();
    let mut seeds: Vec<Vec<u8>> = paths.iter().filter_map(|path| seed(path)).collect();
    seeds.push(Vec::new());
    seeds
}

fn seed(path: &Path) -> Option<Vec<u8>> {
    let bytes = fs::read(path).ok()?;
    if path.extension().is_none_or(|extension| extension != "hex") {
        return Some(bytes);
    }
    let text = String::from_utf8(bytes).ok()?;
    let digits: Vec<char> = text.chars().filter(char::is_ascii_hexdigit).collect();
    let pairs = digits.chunks_exact(2).map(|pair| pair.iter().collect::<String>());
    pairs.map(|pair| u8::from_str_radix(&pair, 16).ok()).collect()
}

/// Puts the seeds where libFuzzer reads and collects inputs.
fn write_corpus(name: &str) {
    let directory = root().join("corpus").join(name);
    fs::create_dir_all(&directory).expect(WRITABLE);
    for (number, seed) in seeds(name).iter().enumerate() {
        fs::write(directory.join(format!("seed-{number}")), seed).expect(WRITABLE);
    }
}

/// The input that is being tried, on disk, so that it survives an abort, a stack overflow or a hang.
struct Running {
    path: PathBuf,
    file: fs::File,
    count: Arc<AtomicU64>,
}

impl Running {
    fn start(name: &str) -> Self {
        let directory = root().join("artifacts").join(name);
        fs::create_dir_all(&directory).expect(WRITABLE);
        let path = directory.join("running");
        let file = fs::File::create(&path).expect(WRITABLE);
        let count = Arc::new(AtomicU64::new(0));
        watch(Arc::clone(&count), path.clone());
        Self { path, file, count }
    }

    fn note(&mut self, input: &[u8]) {
        self.count.fetch_add(1, Ordering::Relaxed);
        let written = self
            .file
            .rewind()
            .and_then(|()| self.file.write_all(input))
            .and_then(|()| self.file.set_len(input.len() as u64));
        written.expect(WRITABLE);
    }

    /// Gives the input that broke the target a name of its own.
    fn keep(self) -> PathBuf {
        let count = self.count.swap(u64::MAX, Ordering::Relaxed);
        let kept = self.path.with_file_name(format!("broken-{count}"));
        fs::rename(&self.path, &kept).expect(WRITABLE);
        kept
    }

    fn end(self) {
        self.count.store(u64::MAX, Ordering::Relaxed);
        let _ = fs::remove_file(&self.path);
    }
}

/// Ends the program when the count stands still: the input hangs. `u64::MAX` ends the watch.
fn watch(count: Arc<AtomicU64>, path: PathBuf) {
    std::thread::spawn(move || {
        let mut before = u64::MAX;
        loop {
            let now = count.load(Ordering::Relaxed);
            if now == u64::MAX {
                return;
            }
            if now == before {
                eprintln!("no answer for {PATIENCE:?}; the input is in {}", path.display());
                exit(1);
            }
            before = now;
            std::thread::sleep(PATIENCE);
        }
    });
}

/// Makes inputs from seeds.
struct Mutator {
    state: u64,
}

/// Numbers at which lengths and counts go wrong.
const EDGES: [u32; 10] = [0, 1, 3, 4, 0x7f, 0x80, 0xff, 0xffff, 0x7fff_ffff, 0xffff_ffff];

impl Mutator {
    fn new() -> Self {
        Self { state: 0x9e37_79b9_7f4a_7c15 }
    }

    /// The next number of Marsaglia's xorshift64 (Journal of Statistical Software 8/14, 2003).
    fn next(&mut self) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state
    }

    /// A number below `limit`, or 0.
    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }

    /// One of the seeds, changed one to eight times.
    fn input(&mut self, seeds: &[Vec<u8>]) -> Vec<u8> {
        let mut input = self.pick(seeds).to_vec();
        for _ in 0..=self.below(8) {
            self.change(&mut input, seeds);
        }
        input.truncate(MAX_BYTES);
        input
    }

    fn pick<'a>(&mut self, seeds: &'a [Vec<u8>]) -> &'a [u8] {
        let index = self.below(seeds.len());
        seeds.get(index).map_or(&[], Vec::as_slice)
    }

    /// Where something may happen: a range within an input of this length.
    fn range(&mut self, length: usize) -> std::ops::Range<usize> {
        let start = self.below(length + 1);
        start..start + self.below((length - start).min(64) + 1)
    }

    fn change(&mut self, input: &mut Vec<u8>, seeds: &[Vec<u8>]) {
        let range = self.range(input.len());
        let place = range.start;
        match self.below(7) {
            0 => input.truncate(place),
            1 => drop(input.drain(range)),
            2 => {
                let repeated = input.get(range).map(<[u8]>::to_vec).unwrap_or_default();
                input.splice(place..place, repeated);
            }
            3 => {
                let other = self.pick(seeds);
                let taken = self.range(other.len());
                let taken = other.get(taken).unwrap_or_default();
                input.splice(range, taken.iter().copied());
            }
            4 => input.insert(place, self.next() as u8),
            5 => {
                let width = 1 << self.below(3);
                let number = EDGES[self.below(EDGES.len())].to_le_bytes();
                let place = input.iter_mut().skip(place);
                place.zip(number).take(width).for_each(|(byte, new)| *byte = new);
            }
            _ => {
                let bit = 1 << self.below(8);
                input.iter_mut().skip(place).take(1).for_each(|byte| *byte ^= bit);
            }
        }
    }
}
