//! What the desktop's window takes: to show its first rows, to draw while much changes and while
//! somebody scrolls, and while nothing happens at all.
//!
//! The window is a real one, on an Xvfb of its own, drawn by Mesa in software; `--timing` tells of
//! each frame.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};

use super::page::{self, Target};
use super::{IDLE, built, load_of, measure, under};
use crate::churn::{self, churn};
use crate::screen::Screen;
use crate::{load, run};

/// How long and how often it is measured.
struct Effort {
    starts: usize,
    still: Duration,
    changing_seconds: u32,
}

const THOROUGH: Effort = Effort { starts: 9, still: Duration::from_secs(30), changing_seconds: 20 };
const QUICK: Effort = Effort { starts: 3, still: Duration::from_secs(8), changing_seconds: 5 };

/// How long a window may take to show something.
const PATIENCE: Duration = Duration::from_secs(30);
/// After its first rows the window shows them as new for three refreshes, of one second each.
const SETTLING: Duration = Duration::from_secs(8);
/// Connections opened and closed a second: each end is opened and closed, which makes 1,000 changes.
const RATE: u32 = 250;
/// Notches of a mouse's wheel, ms between two, and so the seconds of scrolling.
const NOTCHES: u32 = 500;
const NOTCH_MS: u32 = 10;

/// One frame.
#[derive(Clone, Copy)]
struct Frame {
    at: Instant,
    /// What the window's own code took.
    took: Duration,
    rows: usize,
}

/// A window on a screen of its own; both end with it.
struct Window {
    child: Child,
    frames: Arc<Mutex<Vec<Frame>>>,
    begun: Instant,
}

/// A screen, and the settings of windows on it.
struct Stage {
    screen: Screen,
    settings: PathBuf,
}

impl Stage {
    fn open() -> anyhow::Result<Self> {
        let settings = std::env::temp_dir().join(format!("sockeye-bench-{}", std::process::id()));
        Ok(Self { screen: Screen::open((1280, 800))?, settings })
    }

    fn xdotool(&self, words: &str) -> anyhow::Result<()> {
        run::finish(&mut self.screen.xdotool(words))
    }

    /// Opens a window and waits for its first rows.
    fn show(&self, program: &str) -> anyhow::Result<Window> {
        let begun = Instant::now();
        let mut child = Command::new(program)
            .arg("--timing")
            .env("DISPLAY", &self.screen.display)
            .env("XDG_CONFIG_HOME", &self.settings)
            .env("XDG_DATA_HOME", &self.settings)
            .env("LIBGL_ALWAYS_SOFTWARE", "1")
            .env_remove("WAYLAND_DISPLAY")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let output = child.stdout.take().context("a process without output")?;
        let frames: Arc<Mutex<Vec<Frame>>> = Arc::default();
        let kept = Arc::clone(&frames);
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                let frame = Frame::parse(&line, Instant::now());
                kept.lock().unwrap_or_else(PoisonError::into_inner).extend(frame);
            }
        });
        let window = Window { child, frames, begun };
        while window.first_rows().is_none() {
            ensure!(begun.elapsed() < PATIENCE, "the window shows no rows");
            thread::sleep(Duration::from_millis(5));
        }
        Ok(window)
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // It may never have been made.
        let _ = fs::remove_dir_all(&self.settings);
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Frame {
    fn parse(line: &str, at: Instant) -> Option<Self> {
        let (took, rows) = line.strip_prefix("frame ")?.split_once(' ')?;
        let took = Duration::from_micros(took.parse().ok()?);
        Some(Self { at, took, rows: rows.parse().ok()? })
    }
}

impl Window {
    fn frames(&self) -> MutexGuard<'_, Vec<Frame>> {
        self.frames.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long it took until rows were on the screen: the frame after the first that has some begins
    /// when that one was handed over.
    fn first_rows(&self) -> Option<Duration> {
        let frames = self.frames();
        let second = frames.iter().filter(|frame| frame.rows > 0).nth(1)?;
        Some(second.at - self.begun)
    }

    /// The frames since `begun`.
    fn since(&self, begun: Instant) -> Vec<Frame> {
        self.frames().iter().filter(|frame| frame.at >= begun).copied().collect()
    }

    /// CPU time so far: fields 14 and 15 of /proc/PID/stat (proc(5)), in ticks of a hundredth of a
    /// second.
    fn cpu(&self) -> anyhow::Result<Duration> {
        let text = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let (_, fields) = text.rsplit_once(") ").context("a process without a name")?;
        let ticks = fields.split(' ').skip(11).take(2).map(str::parse::<u64>);
        let ticks = ticks.sum::<Result<u64, _>>()?;
        Ok(Duration::from_millis(ticks * 10))
    }
}

/// What was measured.
#[derive(Default)]
struct Measured {
    /// On an idle host.
    start: Option<Duration>,
    /// Under load.
    loaded_start: Option<Duration>,
    /// Of one core, in per cent, while nothing changes.
    still: Option<f64>,
    changing: Option<Frames>,
    scrolling: Option<Frames>,
}

/// Many frames.
struct Frames {
    count: usize,
    seconds: f64,
    middle: Duration,
    /// One in a hundred takes longer.
    long: Duration,
}

impl Frames {
    fn of(frames: &[Frame]) -> Option<Self> {
        let mut took: Vec<Duration> = frames.iter().map(|frame| frame.took).collect();
        took.sort_unstable();
        let (first, last) = (frames.first()?, frames.last()?);
        Some(Self {
            count: frames.len(),
            seconds: (last.at - first.at).as_secs_f64(),
            middle: *took.get(took.len() / 2)?,
            long: *took.get(took.len() * 99 / 100)?,
        })
    }

    /// Frames a second.
    fn rate(&self) -> f64 {
        f64::from(u32::try_from(self.count.saturating_sub(1)).unwrap_or(u32::MAX)) / self.seconds
    }
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// Builds the desktop, measures it, prints the page and writes it.
pub(super) fn run(size: &load::Arguments, is_quick: bool) -> anyhow::Result<()> {
    run::run(&["cargo", "build", "--release", "--locked", "--package=sockeye-gui"])?;
    let program = built("sockeye-gui")?;
    let machine = page::machine();
    let effort = if is_quick { QUICK } else { THOROUGH };
    let mut measured = Measured::default();
    under(&load_of(IDLE.0, IDLE.1), || idle(&program, &effort, &mut measured))??;
    under(size, || loaded(&program, &effort, &mut measured))??;
    let page = measured.page(&machine, &load::describe(size));
    print!("{page}");
    if !is_quick {
        fs::write(run::root().join("docs/benchmarks-desktop.md"), page)?;
    }
    Ok(())
}

/// What it takes on an idle host.
fn idle(program: &str, effort: &Effort, measured: &mut Measured) -> anyhow::Result<()> {
    let screen = Stage::open()?;
    let mut starts = Vec::new();
    for start in 1..=effort.starts {
        eprintln!("start {start} of {}", effort.starts);
        starts.push(screen.show(program)?.first_rows().unwrap_or(PATIENCE));
    }
    measured.start = measure::middle(starts.into_iter());
    let window = screen.show(program)?;
    thread::sleep(SETTLING);
    eprintln!("nothing for {} s", effort.still.as_secs());
    let (begun, before) = (Instant::now(), window.cpu()?);
    thread::sleep(effort.still);
    let used = window.cpu()? - before;
    measured.still = Some(used.as_secs_f64() / begun.elapsed().as_secs_f64() * 100.0);
    Ok(())
}

/// What it takes with very many rows.
fn loaded(program: &str, effort: &Effort, measured: &mut Measured) -> anyhow::Result<()> {
    let screen = Stage::open()?;
    let window = screen.show(program)?;
    measured.loaded_start = window.first_rows();
    thread::sleep(SETTLING);
    eprintln!("changes for {} s", effort.changing_seconds);
    let connections = RATE * effort.changing_seconds;
    let begun = Instant::now();
    churn(&churn::Arguments { processes: 4, connections, rate: RATE, bytes: 100, reset: true })?;
    measured.changing = Frames::of(&window.since(begun));
    thread::sleep(SETTLING);
    eprintln!("scrolling");
    screen.xdotool("mousemove 600 400")?;
    thread::sleep(Duration::from_secs(1));
    let begun = Instant::now();
    screen.xdotool(&format!("click --repeat {NOTCHES} --delay {NOTCH_MS} 5"))?;
    measured.scrolling = Frames::of(&window.since(begun));
    Ok(())
}

impl Measured {
    fn page(&self, machine: &str, load: &str) -> String {
        let mut page = format!(
            "# Benchmarks of the desktop\n\n\
             Written by `cargo xtask bench --desktop`; run it as root to repeat them on your machine. A real\n\
             window of 1280×800 on an Xvfb, drawn by Mesa in software, on a machine that does all of this by\n\
             its own processors. A frame's time is that of the window's own code; what Mesa takes to draw\n\
             shows in the frames a second.\n\n{machine}\n\
             Idle: a few dozen sockets. Under load: {load}; changes are {RATE} connections a second,\n\
             opened and closed, both ends of each in the table.\n\n\
             | what | measured |\n|---|---:|\n"
        );
        for (what, measured) in self.lines() {
            // Writing to a String cannot fail.
            let _ = writeln!(page, "| {what} | {measured} |");
        }
        page.push_str("\n## Targets\n\n| target | measured | |\n|---|---|---|\n");
        self.targets().iter().for_each(|target| page.push_str(&page::verdict(target)));
        page
    }

    fn lines(&self) -> Vec<(&'static str, String)> {
        let start =
            |start: Option<Duration>| start.map_or_else(unknown, |s| format!("{:.0} ms", ms(s)));
        let frames = |frames: &Option<Frames>| {
            let Some(frames) = frames else { return unknown() };
            let (middle, long) = (ms(frames.middle), ms(frames.long));
            format!(
                "{:.0} a second; {middle:.2} ms in the middle, {long:.2} ms in 99 of 100",
                frames.rate()
            )
        };
        vec![
            ("first rows on the screen, idle", start(self.start)),
            ("first rows on the screen, under load", start(self.loaded_start)),
            (
                "CPU while nothing changes, idle",
                self.still.map_or_else(unknown, |s| format!("{s:.2} %")),
            ),
            ("frames while much changes", frames(&self.changing)),
            ("frames while somebody scrolls", frames(&self.scrolling)),
        ]
    }

    /// What the desktop promises of its speed.
    fn targets(&self) -> [Target; 5] {
        let long = |frames: &Option<Frames>| frames.as_ref().map(|frames| ms(frames.long));
        [
            Target {
                promise: "on an idle host, the first rows are on the screen within 300 ms",
                measured: self.start.map(ms),
                unit: " ms",
                is_met: |ms| ms <= 300.0,
            },
            Target {
                promise: "while nothing changes, less than 1 % of a core",
                measured: self.still,
                unit: " %",
                is_met: |share| share < 1.0,
            },
            Target {
                promise: "under load, the window's code takes at most 4 ms a frame, with 1,000 changes a second",
                measured: long(&self.changing),
                unit: " ms",
                is_met: |ms| ms <= 4.0,
            },
            Target {
                promise: "the same while somebody scrolls",
                measured: long(&self.scrolling),
                unit: " ms",
                is_met: |ms| ms <= 4.0,
            },
            Target {
                promise: "under load, scrolling shows at least 60 frames a second",
                measured: self.scrolling.as_ref().map(Frames::rate),
                unit: "",
                is_met: |rate| rate >= 60.0,
            },
        ]
    }
}

fn unknown() -> String {
    "not measured".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(times_us: &[u64]) -> Vec<Frame> {
        let begun = Instant::now();
        let at = |number: usize| begun + Duration::from_millis(10) * u32::try_from(number).unwrap();
        let frame = |(number, us): (usize, &u64)| Frame {
            at: at(number),
            took: Duration::from_micros(*us),
            rows: 1,
        };
        times_us.iter().enumerate().map(frame).collect()
    }

    #[test]
    fn frames_are_counted_by_the_second_and_judged_by_the_long_ones() {
        assert!(Frames::of(&[]).is_none());
        let mut times = vec![1000; 98];
        times.extend([7000, 9000, 5000]);
        let many = Frames::of(&frames(&times)).unwrap();
        assert_eq!((many.middle, many.long), (Duration::from_millis(1), Duration::from_millis(7)));
        assert!((many.rate() - 100.0).abs() < 0.001, "{}", many.rate());
    }

    #[test]
    fn lines_that_tell_of_no_frame_are_passed_over() {
        let check = |line: &str, expected: Option<(u64, usize)>| {
            let frame = Frame::parse(line, Instant::now());
            let told = frame.map(|f| (u64::try_from(f.took.as_micros()).unwrap(), f.rows));
            assert_eq!(told, expected, "{line}");
        };
        check("frame 250 34", Some((250, 34)));
        check("frame 250", None);
        check("warning: no icon", None);
    }

    #[test]
    fn targets_are_met_or_missed() {
        let check = |measured: &Measured, expected: [bool; 5]| {
            let targets = measured.targets();
            let met = targets.each_ref().map(|t| t.measured.is_some_and(|m| (t.is_met)(m)));
            assert_eq!(met, expected);
        };
        check(&Measured::default(), [false; 5]);
        let kept = Measured {
            start: Some(Duration::from_millis(299)),
            loaded_start: None,
            still: Some(0.9),
            changing: Frames::of(&frames(&[3900; 9])),
            scrolling: Frames::of(&frames(&[3900; 9])),
        };
        check(&kept, [true; 5]);
        let broken = Measured {
            start: Some(Duration::from_millis(301)),
            loaded_start: None,
            still: Some(1.1),
            changing: Frames::of(&frames(&[4100; 9])),
            scrolling: None,
        };
        check(&broken, [false; 5]);
    }
}
