//! The real window on a screen of its own, with sockets that the test opens and closes.
//!
//! What the window shows is read from the file that it saves, by its own keys; the truth is what the
//! test itself did. Without Xvfb and xdotool that is written down as skipped.

#![cfg(target_os = "linux")]
#![expect(
    clippy::unwrap_used,
    reason = "clippy.toml exempts tests; what tests call is a test too, and a panic is its report"
)]

use std::fs::{self, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How long a state may take to come about.
const PATIENCE: Duration = Duration::from_secs(60);

/// A screen, a window on it, and a directory; gone with it.
struct Screen {
    server: Child,
    display: String,
    window: Option<Child>,
    directory: PathBuf,
}

impl Screen {
    /// A screen, or why there is none.
    fn open() -> Result<Self, String> {
        for program in ["Xvfb", "xdotool"] {
            let found = Command::new("which").arg(program).stdout(Stdio::null()).status();
            if !found.is_ok_and(|status| status.success()) {
                return Err(format!("{program} is not installed"));
            }
        }
        // Without -noreset it starts anew whenever its last client leaves, and turns others away then.
        let mut server = Command::new("Xvfb")
            .args([
                "-displayfd",
                "1",
                "-screen",
                "0",
                "1280x800x24",
                "-nolisten",
                "tcp",
                "-noreset",
            ])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| error.to_string())?;
        let mut display = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut display).unwrap();
        let directory =
            std::env::temp_dir().join(format!("sockeye-gui-window-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let display = format!(":{}", display.trim());
        let screen = Self { server, display, window: None, directory };
        screen.await_that("the screen answers", |screen| {
            screen
                .command(&["getdisplaygeometry"])
                .stdout(Stdio::null())
                .status()
                .unwrap()
                .success()
        });
        Ok(screen)
    }

    /// Opens the window and waits until it is there.
    fn show(&mut self) {
        let child = Command::new(env!("CARGO_BIN_EXE_sockeye-gui"))
            .env("DISPLAY", &self.display)
            .env_remove("WAYLAND_DISPLAY")
            .env("XDG_CONFIG_HOME", &self.directory)
            .env("LIBGL_ALWAYS_SOFTWARE", "1")
            .spawn()
            .unwrap();
        self.window = Some(child);
        self.await_that("there is a window", |screen| screen.find_window().is_some());
        let window = self.find_window().unwrap();
        self.xdotool(&["windowfocus", "--sync", &window]);
    }

    fn find_window(&self) -> Option<String> {
        let output = self.command(&["search", "--onlyvisible", "--name", "^Sockeye$"]).output();
        let text = String::from_utf8(output.unwrap().stdout).unwrap();
        text.lines().next().map(str::to_owned)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("xdotool");
        command.env("DISPLAY", &self.display).args(arguments).stderr(Stdio::null());
        command
    }

    fn xdotool(&self, arguments: &[&str]) {
        self.command(arguments).status().unwrap();
    }

    /// Waits until `is_so`.
    fn await_that(&self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let end = Instant::now() + PATIENCE;
        while !is_so(self) {
            assert!(Instant::now() < end, "waited in vain until {what}");
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Saves by keys until the file fits.
    fn await_saved(&self, file: &Path, what: &str, is_so: impl Fn(&str) -> bool) {
        self.await_that(what, |screen| {
            screen.xdotool(&["key", "ctrl+s"]);
            thread::sleep(Duration::from_millis(150));
            fs::read_to_string(file).is_ok_and(|text| is_so(&text))
        });
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        for child in self.window.iter_mut().chain([&mut self.server]) {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// Notes what this machine cannot test.
fn skip(reason: &str) {
    let line = format!("SKIPPED window::what_the_window_shows_is_what_there_is: {reason}\n");
    let _ = std::io::stderr().write_all(line.as_bytes());
    if let Some(file) = std::env::var_os("SOCKEYE_SKIPPED") {
        OpenOptions::new().append(true).open(file).unwrap().write_all(line.as_bytes()).unwrap();
    }
}

#[test]
fn what_the_window_shows_is_what_there_is() {
    let mut screen = match Screen::open() {
        Ok(screen) => screen,
        Err(reason) => return skip(&reason),
    };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let file = screen.directory.join("shown.csv");
    let settings = screen.directory.join("sockeye").join("desktop.toml");
    fs::create_dir_all(settings.parent().unwrap()).unwrap();
    let save_path = format!("save_path = {:?}\n", file.to_str().unwrap());
    fs::write(&settings, format!("{save_path}interval_ms = 200\n")).unwrap();
    screen.show();

    let listens = format!("listen,127.0.0.1,{port},");
    screen.await_saved(&file, "the listener is shown", |text| text.contains(&listens));

    let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let (accepted, remote) = listener.accept().unwrap();
    let connection = format!("established,127.0.0.1,{port},127.0.0.1,{},", remote.port());
    screen.await_saved(&file, "the connection is shown", |text| {
        let rows: Vec<&str> = text.lines().filter(|line| line.contains(&connection)).collect();
        let own = format!(",{},tcp,", std::process::id());
        rows.len() == 1 && rows.iter().all(|row| row.contains(&own))
    });

    drop((stream, accepted));
    screen.await_saved(&file, "the connection is gone", |text| !text.contains(&connection));

    screen.xdotool(&["key", "ctrl+r"]);
    screen.xdotool(&["key", "ctrl+q"]);
    let mut window = screen.window.take().unwrap();
    assert!(window.wait().unwrap().success());
    let kept = fs::read_to_string(&settings).unwrap();
    assert!(kept.contains("resolves_names = true"), "{kept}");
}
