//! The desktop's real window under Wine: on a screen and in a network of its own, with a listener that a
//! program of Windows opens and closes.
//!
//! What the window shows is read from the file that it saves, by its own keys; the truth is what the
//! listener says of itself.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use resvg::tiny_skia::Pixmap;

use super::wine;
use crate::screen::Screen;

/// How long a state may take to come about.
const PATIENCE: Duration = Duration::from_secs(90);
/// The screen, in pixels: the window has 1280 × 800, and a frame that nobody draws.
const SCREEN: (u32, u32) = (1288, 832);
/// A window with text has at least so many colours: its letters have edges.
const COLORS: usize = 64;
/// A row that is there or not changes at least so many pixels.
const CHANGED: usize = 500;

/// What is run, in a network of its own.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Wine's prefix.
    prefix: PathBuf,
    /// The desktop's program.
    program: PathBuf,
    /// The program of tests that has a listener.
    listener: PathBuf,
    /// Where pictures are kept.
    pictures: PathBuf,
}

/// Opens the window and looks at it; keeps a picture of what it shows, also when it fails.
///
/// # Errors
///
/// When it does not show what there is.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let screen = Screen::open(SCREEN)?;
    speak_to_console(arguments)?;
    // What began without a screen sees none later.
    super::stop(&arguments.prefix);
    speak_without_console(arguments, &screen)?;
    let mut desktop = Desktop::open(arguments, screen)?;
    let result = desktop.look(arguments);
    if result.is_err()
        && let Ok(picture) = desktop.screen.picture()
    {
        let _ = picture.save_png(arguments.pictures.join("desktop-failed.png"));
    }
    // Before the screen, which its programs complain about otherwise.
    super::stop(&arguments.prefix);
    result
}

/// A mistake in the arguments, by a program that Windows starts: it passes nobody's output on.
const MISTAKEN: &str = "cmd /c start /wait sockeye-gui.exe --nonsense";
/// What the mistake is called.
const MISTAKE: &str = "unexpected argument '--nonsense'";

/// Has a mistake told to the console that the desktop is started from.
fn speak_to_console(arguments: &Arguments) -> anyhow::Result<()> {
    // A terminal, which Wine makes a console of.
    let line = format!("wine {MISTAKEN}");
    let mut command = wine(&arguments.prefix, &["script", "-qec", &line, "/dev/null"]);
    command.current_dir(arguments.program.parent().context("a file is in a directory")?);
    let output = command.stdin(Stdio::null()).output().context("script did not start")?;
    let text = String::from_utf8_lossy(&output.stdout);
    // Without colours and moves of the cursor.
    let plain: String = text.split('\x1b').map(after_sequence).collect();
    ensure!(plain.contains(MISTAKE), "the console does not say what is wrong: {plain:?}");
    ensure!(output.status.code() == Some(2), "after a mistake it ends with {}", output.status);
    Ok(())
}

/// What follows the rest of a control sequence (ECMA-48: `[`, numbers, a letter).
fn after_sequence(part: &str) -> &str {
    let Some(sequence) = part.strip_prefix('[') else { return part };
    let end = sequence.find(|character: char| character.is_ascii_alphabetic());
    end.and_then(|end| sequence.get(end + 1..)).unwrap_or_default()
}

/// Has a mistake told where there is no console: in a window, which is closed by Enter.
fn speak_without_console(arguments: &Arguments, screen: &Screen) -> anyhow::Result<()> {
    let mut command = on_screen(arguments, screen);
    command.current_dir(arguments.program.parent().context("a file is in a directory")?);
    command.args(MISTAKEN.split(' ')).stdin(Stdio::null()).stdout(Stdio::null());
    let mut child = command.stderr(Stdio::null()).spawn()?;
    let (end, mut has_spoken) = (Instant::now() + PATIENCE, false);
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if let Some(window) = find_window(screen) {
            has_spoken = true;
            screen.xdotool(&format!("windowfocus {window} key Return")).status()?;
        }
        ensure!(Instant::now() < end, "what says what is wrong does not close");
        thread::sleep(Duration::from_millis(200));
    };
    ensure!(has_spoken, "no window says what is wrong");
    ensure!(status.code() == Some(2), "after a mistake it ends with {status}");
    Ok(())
}

/// The visible window that is called Sockeye.
fn find_window(screen: &Screen) -> Option<String> {
    let mut search = screen.xdotool("search --onlyvisible --name ^Sockeye$");
    let output = search.stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    text.lines().next().map(str::to_owned)
}

/// The window, its settings and the file that it saves.
struct Desktop {
    screen: Screen,
    window: Child,
    settings: PathBuf,
    saved: PathBuf,
}

impl Drop for Desktop {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.window.kill();
        let _ = self.window.wait();
    }
}

impl Desktop {
    fn open(arguments: &Arguments, screen: Screen) -> anyhow::Result<Self> {
        let settings = roaming(&arguments.prefix)?.join("sockeye").join("desktop.toml");
        let saved = arguments.pictures.join("shown.csv");
        fs::create_dir_all(settings.parent().context("a file is in a directory")?)?;
        // It is there where the last run failed.
        let _ = fs::remove_file(&saved);
        let place = "x = 0.0\ny = 0.0\nwidth = 1280.0\nheight = 800.0\nis_maximized = false\n";
        let path = super::dos_path(&saved);
        fs::write(
            &settings,
            format!("save_path = '{path}'\ninterval_ms = 200\ntheme = 'dark'\n[window]\n{place}"),
        )?;
        let mut command = on_screen(arguments, &screen);
        let window = command.arg(&arguments.program).stdin(Stdio::null()).spawn()?;
        Ok(Self { screen, window, settings, saved })
    }

    /// Opens a listener, closes it, and looks for it each time.
    fn look(&mut self, arguments: &Arguments) -> anyhow::Result<()> {
        self.await_that("there is a window", |desktop| Ok(find_window(&desktop.screen).is_some()))?;
        let window = find_window(&self.screen).context("the window is gone")?;
        // Without a window manager nobody gives it the keyboard.
        self.screen.xdotool(&format!("windowfocus --sync {window}")).status()?;
        // One that stays, of Linux: a table without rows is not saved.
        let other = TcpListener::bind("127.0.0.1:0")?;
        let shown = format!("listen,127.0.0.1,{},", other.local_addr()?.port());
        self.await_saved("a row is shown", |rows| rows.contains(&shown))?;
        let before = self.picture(&arguments.pictures, "desktop-before.png")?;

        let listener = Listener::open(arguments, &self.screen)?;
        let (shown, owner) =
            (format!("listen,127.0.0.1,{},", listener.port), format!(",{},tcp,", listener.pid));
        self.await_saved("the listener is shown, with its process", |rows| {
            rows.lines().any(|row| row.contains(&shown) && row.contains(&owner))
        })?;
        let during = self.picture(&arguments.pictures, "desktop.png")?;
        ensure!(colors(&during) >= COLORS, "the window is blank");
        let changed = differences(&before, &during);
        ensure!(changed >= CHANGED, "only {changed} pixels changed when the listener opened");

        drop(listener);
        self.await_saved("the listener is gone", |rows| !rows.contains(&shown))?;
        self.end()
    }

    /// Has the window close by its key, and looks whether it keeps its settings.
    fn end(&mut self) -> anyhow::Result<()> {
        for key in ["ctrl+r", "ctrl+q"] {
            self.screen.xdotool(&format!("key {key}")).status()?;
        }
        self.await_that("the window closes", |desktop| Ok(desktop.window.try_wait()?.is_some()))?;
        let status = self.window.wait()?;
        ensure!(status.success(), "the window ended with {status}");
        let kept = fs::read_to_string(&self.settings)?;
        ensure!(kept.contains("resolves_names = true"), "settings are not kept: {kept}");
        Ok(())
    }

    /// What the screen shows, which is kept.
    fn picture(&self, directory: &Path, name: &str) -> anyhow::Result<Pixmap> {
        let picture = self.screen.picture()?;
        picture.save_png(directory.join(name))?;
        Ok(picture)
    }

    fn await_that(
        &mut self,
        what: &str,
        is_so: impl Fn(&mut Self) -> anyhow::Result<bool>,
    ) -> anyhow::Result<()> {
        let end = Instant::now() + PATIENCE;
        while !is_so(self)? {
            ensure!(Instant::now() < end, "waited in vain until {what}");
            thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    }

    /// Saves by keys until the file fits.
    fn await_saved(&mut self, what: &str, is_so: impl Fn(&str) -> bool) -> anyhow::Result<()> {
        self.await_that(what, |desktop| {
            if let Some(status) = desktop.window.try_wait()? {
                bail!("the window ended with {status}");
            }
            desktop.screen.xdotool("key ctrl+s").status()?;
            thread::sleep(Duration::from_millis(300));
            Ok(fs::read_to_string(&desktop.saved).is_ok_and(|rows| is_so(&rows)))
        })
    }
}

/// A program of Windows that listens, until dropped.
struct Listener {
    process: Child,
    /// It listens until this is closed.
    input: Option<ChildStdin>,
    port: u16,
    pid: u32,
}

impl Listener {
    fn open(arguments: &Arguments, screen: &Screen) -> anyhow::Result<Self> {
        let mut command = on_screen(arguments, screen);
        command.arg(&arguments.listener).args(["a_listener_waits", "--exact", "--nocapture"]);
        command.env("SOCKEYE_TEST_LISTENER", "1").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn()?;
        let input = process.stdin.take();
        let output = process.stdout.take().context("a process without output")?;
        let mut said = BufReader::new(output).lines().map_while(Result::ok);
        let numbers = said.find_map(|line| {
            let (port, pid) = line.trim().strip_prefix("listening ")?.split_once(' ')?;
            Some((port.parse().ok()?, pid.parse().ok()?))
        });
        let (port, pid) = numbers.context("the listener does not say where it listens")?;
        // Whoever prints where nobody reads fails.
        thread::spawn(move || said.for_each(drop));
        Ok(Self { process, input, port, pid })
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.input.take().map(|mut input| input.write_all(b"\n"));
        let _ = self.process.wait();
    }
}

/// Wine on that screen.
fn on_screen(arguments: &Arguments, screen: &Screen) -> Command {
    let mut command = wine(&arguments.prefix, &["wine"]);
    command.env("DISPLAY", &screen.display).env("LIBGL_ALWAYS_SOFTWARE", "1");
    command
}

/// The directory that Windows calls %APPDATA%, of the one user who is there.
fn roaming(prefix: &Path) -> anyhow::Result<PathBuf> {
    let users = fs::read_dir(prefix.join("drive_c/users"))?;
    let mut places = users.flatten().map(|user| user.path().join("AppData/Roaming"));
    places.find(|place| place.is_dir()).context("Wine's prefix has no user")
}

/// How many colours a picture has.
fn colors(picture: &Pixmap) -> usize {
    let colors = picture.pixels().iter().map(|p| (p.red(), p.green(), p.blue()));
    colors.collect::<std::collections::HashSet<_>>().len()
}

/// How many pixels are not the same.
fn differences(before: &Pixmap, now: &Pixmap) -> usize {
    before.pixels().iter().zip(now.pixels()).filter(|(before, now)| before != now).count()
}
