//! `sockeye inspect`: who is it, held against what the test itself started.

use std::fs;
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::sockeye::{Run, sockeye};
use crate::unprivileged::as_nobody;
use crate::world::{Process, eventually, run, share, visit};

/// The processes of a report in JSON.
fn reports(args: &[&str]) -> Vec<Value> {
    read(&sockeye(&[&["inspect", "--format", "json"], args].concat()))
}

fn read(run: &Run) -> Vec<Value> {
    assert!(matches!(run.status, Some(0 | 1)), "{run:?}");
    serde_json::from_str(&run.out).unwrap()
}

/// The report of the one process with this pid, once `is_ready`.
fn report(pid: u32, is_ready: impl Fn(&Value) -> bool) -> Value {
    eventually("it runs", || {
        let found = reports(&[&pid.to_string()]).pop()?;
        is_ready(&found["process"]).then_some(found)
    })
}

/// Starts `command` with a listening socket as its standard input.
fn start(command: &mut Command) -> (Process, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    command.stdin(share(&listener)).stdout(Stdio::null());
    (Process::start(command), address)
}

#[test]
fn a_process_with_parents_directory_and_endpoints() {
    visit(|_| {
        let (child, address) = start(Command::new("sleep").arg("60").current_dir("/usr"));
        let it = report(child.pid(), |process| process["executable"]["name"] == "sleep");
        let process = &it["process"];
        assert_eq!(process["pid"], child.pid());
        assert_eq!(process["working_directory"], "/usr");
        assert_eq!(process["command_line"], "sleep 60");
        assert_eq!(process["thread"]["count"], 1);
        assert_eq!(process["ancestors"][0]["pid"], std::process::id());
        let capabilities = process["capabilities"]["effective"].as_array().unwrap();
        assert!(capabilities.contains(&"CAP_NET_ADMIN".into()), "{capabilities:?}");
        let endpoint = &it["endpoints"][0];
        assert_eq!(endpoint["network"]["connection"]["state"], "listen");
        let port = endpoint["network"]["local"]["port"].as_u64().unwrap();
        assert_eq!(format!("127.0.0.1:{port}"), address);
        assert_eq!(endpoint.get("process").and_then(|p| p.get("pid")), None, "said above");

        // By what it holds, and for people.
        let filter = format!("local.port = {port}");
        let same = reports(&[&filter]);
        let pids: Vec<_> = same.iter().map(|it| it["process"]["pid"].as_u64().unwrap()).collect();
        assert!(pids.contains(&u64::from(child.pid())), "{pids:?}");
        let run = sockeye(&["inspect", &child.pid().to_string()]);
        for part in ["sleep", "directory", "/usr", "started by", "LISTEN", &address] {
            assert!(run.out.contains(part), "{part}: {}", run.out);
        }
        assert!(run.out.lines().all(|line| line.chars().count() <= 80), "{}", run.out);
    });
}

#[test]
fn a_process_without_endpoints_and_one_that_is_not_there() {
    visit(|_| {
        let child = Process::start(Command::new("sleep").arg("60"));
        let it = report(child.pid(), |process| process["executable"]["name"] == "sleep");
        assert_eq!(it["endpoints"], Value::Array(Vec::new()));
        let run = sockeye(&["inspect", "4194303"]);
        assert_eq!((run.status, run.out.as_str()), (Some(1), ""), "{run:?}");
        assert!(run.err.contains("4194303"), "{run:?}");
        let run = sockeye(&["inspect"]);
        assert_eq!((run.status, run.out.as_str()), (Some(2), ""), "{run:?}");
        assert!(run.err.contains("say what to inspect"), "{run:?}");
    });
}

#[test]
fn an_interpreter_is_told_by_its_script() {
    visit(|world| {
        let Ok(python) = which("python3") else {
            return world.skip("a script under python: there is no python3");
        };
        let script = world.dir.join("billing job.py");
        fs::write(&script, "import time\ntime.sleep(60)\n").unwrap();
        let (child, _) = start(Command::new(python).arg("-u").arg(&script));
        // What is called python3 may itself be a script that looks for one.
        let is_python = |name: &str| name.starts_with("python");
        let it = report(child.pid(), |process| {
            process["executable"]["name"].as_str().is_some_and(is_python)
        });
        assert_eq!(it["process"]["script"], script.to_str().unwrap());
        let run = sockeye(&["-l", "--columns", "script", "--format", "csv"]);
        assert!(run.out.contains("billing job.py"), "{run:?}");
    });
}

/// Where a program is.
fn which(name: &str) -> Result<String, ()> {
    let output = Command::new("sh").args(["-c", &format!("command -v {name}")]).output();
    let path = String::from_utf8(output.map_err(drop)?.stdout).map_err(drop)?;
    if path.is_empty() { Err(()) } else { Ok(path.trim_end().to_owned()) }
}

/// A daemon that a Debian package brings, and that package; installed where it can be.
fn daemon() -> Option<(&'static str, &'static str)> {
    let (daemon, package) = ("/usr/sbin/dnsmasq", "dnsmasq-base");
    if !Path::new(daemon).exists() {
        let install = ["install", "-y", "--no-install-recommends", package];
        let mut command = Command::new("apt-get");
        let _ = command.args(install).stdin(Stdio::null()).stdout(Stdio::null()).status();
    }
    Path::new(daemon).exists().then_some((daemon, package))
}

#[test]
fn a_daemon_is_told_by_its_package() {
    // Worlds have no way to the packages: outside, where this runs first, there is one.
    let daemon = daemon();
    visit(|world| {
        let Some((daemon, package)) = daemon else {
            return world.skip("a daemon of a Debian package: dnsmasq-base cannot be installed");
        };
        let options = ["-k", "-C", "/dev/null", "-p", "5300", "-a", "127.0.0.1", "-z", "-x", ""];
        let child = Process::start(Command::new(daemon).args(options).args(["-u", "root"]));
        let it = eventually("it listens", || {
            let mut found = reports(&["local.port = 5300 and listener"]);
            found.pop().filter(|it| it["process"]["pid"] == child.pid())
        });
        let query = ["-W", "-f=${Version}|${binary:Summary}", package];
        let told = run("dpkg-query", &query);
        let (version, summary) = told.split_once('|').unwrap();
        let found = &it["process"]["package"];
        assert_eq!((&found["name"], &found["origin"]), (&package.into(), &"dpkg".into()));
        assert_eq!((&found["version"], &found["description"]), (&version.into(), &summary.into()));
        assert_eq!(it["endpoints"].as_array().unwrap().len(), 2, "TCP and UDP: {it}");
        let text = sockeye(&["inspect", &child.pid().to_string()]).out;
        assert!(text.contains(&format!("package        {package} {version}")), "{text}");
        let rows = sockeye(&["-l", "--filter", "package = dnsmasq-base", "-f", "jsonl"]).out;
        assert_eq!(rows.lines().count(), 2, "{rows}");
    });
}

#[test]
fn an_image_that_was_deleted_is_said_to_be() {
    visit(|world| {
        let copy = world.copy_program("/bin/sleep", "short-lived");
        let (child, _) = start(Command::new(&copy).arg("60"));
        report(child.pid(), |process| process["executable"]["name"] == "short-lived");
        fs::remove_file(&copy).unwrap();
        let it = report(child.pid(), |_| true);
        assert_eq!(it["process"]["executable"]["is_deleted"], true);
        assert_eq!(it["process"]["executable"]["path"], copy.to_str().unwrap());
        let run = sockeye(&["inspect", &child.pid().to_string()]);
        assert!(run.out.contains("(deleted)"), "{run:?}");
    });
}

#[test]
fn a_hostile_title_is_escaped_and_whole() {
    visit(|_| {
        let mut title = String::from("x\u{1b}[2J\u{202e}\n");
        title.push_str(&"A".repeat(100_000));
        let (child, _) = start(Command::new("sleep").arg0(&title).arg("60"));
        let it = report(child.pid(), |process| process["executable"]["name"] == "sleep");
        let line = it["process"]["command_line"].as_str().unwrap();
        assert!(line.contains('\u{1b}') && line.len() > 100_000, "{}", line.len());
        for format in ["text", "json", "jsonl"] {
            let run = sockeye(&["inspect", "-f", format, &child.pid().to_string()]);
            let is_bad = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
            assert!(!run.out.contains(is_bad), "{format}");
            assert!(format != "text" || run.out.len() < 10_000, "people are shown the beginning");
        }
    });
}

#[test]
fn what_is_not_permitted_is_absent_with_its_reason() {
    visit(|world| {
        let (child, _) = start(Command::new("sleep").arg("60"));
        report(child.pid(), |process| process["executable"]["name"] == "sleep");
        let pid = child.pid().to_string();
        let Some(run) = as_nobody(world, &["inspect", "--format", "json", &pid]) else {
            return;
        };
        let it = read(&run).pop().unwrap();
        assert_eq!(it["process"]["absent"]["working_directory"], "denied");
        assert_eq!(it["process"]["absent"]["executable"], "denied");
        assert_eq!(it["process"].get("working_directory"), None);
        assert_eq!(it["process"]["user"]["name"], "root");
    });
}
