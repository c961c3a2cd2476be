//! Desktop notifications, by the bus of the session (Desktop Notifications Specification 1.3).

use std::collections::HashMap;
use std::time::Duration;

use zbus::blocking::connection::Builder;
use zbus::zvariant::Value;

/// Who answers later than this is not there for anybody who looks.
const PATIENCE: Duration = Duration::from_secs(5);
/// What shows notifications is called so on the bus, and so is what it does.
const SERVER: &str = "org.freedesktop.Notifications";
/// Where it does it.
const PATH: &str = "/org/freedesktop/Notifications";

/// Shows notifications.
#[derive(Debug)]
pub(super) struct Notifier;

impl Notifier {
    pub(super) fn new() -> Self {
        Self
    }

    /// Shows a notification.
    ///
    /// # Errors
    ///
    /// Where there is no bus, nobody on it who shows notifications, or no answer in time.
    #[expect(clippy::unused_self, reason = "that of Windows remembers what waits")]
    pub(super) fn show(&mut self, title: &str, body: &str) -> zbus::Result<()> {
        Builder::session().and_then(|bus| send(bus, title, body))
    }

    /// Nothing waits here: the desktop itself shows one after the other.
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "that of Windows may fail")]
    pub(super) fn go_on(&mut self) -> zbus::Result<()> {
        Ok(())
    }
}

/// Asks for a notification on `bus`.
fn send(bus: Builder<'_>, title: &str, body: &str) -> zbus::Result<()> {
    let hints: HashMap<&str, Value<'_>> = HashMap::from([("desktop-entry", crate::NAME.into())]);
    let actions: &[&str] = &[];
    // 0: it replaces no other. -1: the server decides how long it is shown.
    let message = ("Sockeye", 0_u32, crate::NAME, title, plain(body), actions, hints, -1_i32);
    let bus = bus.method_timeout(PATIENCE).build()?;
    bus.call_method(Some(SERVER), PATH, Some(SERVER), "Notify", &message).map(drop)
}

/// Text without markup: servers may read a few tags in it.
fn plain(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader};
    use std::process::{Child, Command, Stdio};
    use std::sync::mpsc::{self, Sender};

    use super::*;

    /// A bus of this test's own, until dropped.
    struct Bus {
        daemon: Child,
        address: String,
    }

    impl Drop for Bus {
        fn drop(&mut self) {
            let _ = self.daemon.kill();
            let _ = self.daemon.wait();
        }
    }

    /// Begins a bus; none where no daemon is installed.
    fn bus() -> Option<Bus> {
        let mut daemon = Command::new("dbus-daemon");
        daemon.args(["--session", "--nofork", "--print-address"]).stdout(Stdio::piped());
        let mut daemon = daemon.stderr(Stdio::null()).spawn().ok()?;
        let output = daemon.stdout.take()?;
        let mut address = String::new();
        BufReader::new(output).read_line(&mut address).ok()?;
        Some(Bus { daemon, address: address.trim().to_owned() })
    }

    /// Who shows notifications.
    struct Server(Sender<(String, String)>);

    #[zbus::interface(name = "org.freedesktop.Notifications")]
    impl Server {
        #[expect(clippy::too_many_arguments, reason = "the specification has so many")]
        fn notify(
            &self,
            _app: &str,
            _replaces: u32,
            _icon: &str,
            title: String,
            body: String,
            _actions: Vec<String>,
            _hints: HashMap<String, zbus::zvariant::OwnedValue>,
            _timeout: i32,
        ) -> u32 {
            // Nobody listens any more where the test has failed.
            let _ = self.0.send((title, body));
            7
        }
    }

    #[test]
    #[expect(clippy::print_stderr, reason = "what a machine lacks is skipped and named")]
    fn a_notification_arrives_without_markup_and_nobody_is_an_error() {
        let Some(bus) = bus() else {
            eprintln!("SKIPPED a_notification_arrives: dbus-daemon is not installed");
            return;
        };
        let client = || Builder::address(bus.address.as_str()).unwrap();
        assert!(send(client(), "A program listens", "x").is_err());
        let (sender, shown) = mpsc::channel();
        let server = Builder::address(bus.address.as_str()).unwrap();
        let server = server.name(SERVER).unwrap();
        let server = server.serve_at(PATH, Server(sender)).unwrap();
        let _server = server.build().unwrap();
        send(client(), "A program listens", "<b>nginx</b> & more").unwrap();
        let (title, body) = shown.recv().unwrap();
        assert_eq!(title, "A program listens");
        assert_eq!(body, "&lt;b&gt;nginx&lt;/b&gt; &amp; more");
    }
}
