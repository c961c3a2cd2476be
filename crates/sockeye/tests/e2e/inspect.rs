//! `sockeye inspect`: who is it, held against what the test itself started.

use std::ffi::OsStr;
use std::fs;
use std::net::TcpListener;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::sockeye::{Run, sockeye};
use crate::unprivileged::{as_nobody, nobody_holding, nobody_with};
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
        let by_package = reports(&["--filter", "package = dnsmasq-base"]);
        assert_eq!(by_package.len(), 1, "{by_package:?}");
        assert_eq!(by_package[0]["process"]["pid"], child.pid());
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
        assert_eq!(it["process"]["absent"]["package"], "denied");
        assert_eq!(it.get("endpoints"), None, "it holds one");
        assert_eq!(it["process"]["absent"]["endpoints"], "denied");
        let text = nobody_with(world, &["inspect", &pid]);
        assert!(text.out.contains("its endpoints may not be seen"), "{text:?}");
        assert!(text.out.contains("package        (not permitted)"), "{text:?}");
        assert!(text.err.contains("not permitted: sockeye doctor"), "{text:?}");

        // Of a process of one's own everything is seen, and others do not matter.
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let own = nobody_holding(socket);
        let run = nobody_with(world, &["inspect", &own.pid().to_string()]);
        assert_eq!((run.status, run.err.as_str()), (Some(0), ""), "{run:?}");
        assert!(run.out.contains("· 1 endpoint"), "{run:?}");
    });
}

#[test]
fn a_title_is_not_taken_for_arguments() {
    visit(|world| {
        if which("perl").is_err() {
            return world.skip("a title: there is no perl");
        }
        for title in ["spamd child", "/usr/bin/python3 /srv/fake.py", "nginx: worker process"] {
            let set = format!("$0 = '{title}'; sleep 60");
            let (child, _) = start(Command::new("perl").args(["-e", &set]));
            let it = report(child.pid(), |process| process["command_line"] == title);
            assert_eq!(it["process"].get("script"), None, "{title}");
        }
        let (child, _) = start(Command::new("perl").args(["-we", "sleep 60"]));
        let it = report(child.pid(), |process| process["command_line"] == "perl -we 'sleep 60'");
        assert_eq!(it["process"].get("script"), None);
    });
}

#[test]
fn arguments_that_differ_by_a_byte_look_different() {
    visit(|_| {
        let lines = [b"x\xfe".as_slice(), b"x\xff", br"x\xff"].map(|title| {
            let (child, _) = start(Command::new("sleep").arg0(OsStr::from_bytes(title)).arg("60"));
            let it = report(child.pid(), |process| process["executable"]["name"] == "sleep");
            it["process"]["command_line"].as_str().unwrap().to_owned()
        });
        assert_eq!(lines, [r"$'x\xfe' 60", r"$'x\xff' 60", r"'x\xff' 60"]);
    });
}

#[test]
fn a_thread_is_said_to_be_one() {
    visit(|_| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (told, tell) = std::sync::mpsc::channel::<()>();
        let (send, thread) = std::sync::mpsc::channel();
        let waiting = std::thread::spawn(move || {
            send.send(fs::read_link("/proc/thread-self").unwrap()).unwrap();
            let _ = tell.recv();
        });
        let thread = thread.recv().unwrap();
        let thread = thread.file_name().unwrap().to_str().unwrap();
        let run = sockeye(&["inspect", "--format", "json", thread]);
        let note = format!("{thread} is a thread of process {} (", std::process::id());
        assert!(run.status == Some(0) && run.err.contains(&note), "{run:?}");
        let it = read(&run).pop().unwrap();
        assert_eq!(it["process"]["pid"], std::process::id());
        let port = listener.local_addr().unwrap().port();
        let holds = |it: &Value| it["network"]["local"]["port"] == port;
        assert!(it["endpoints"].as_array().unwrap().iter().any(holds), "{it}");
        drop(told);
        waiting.join().unwrap();
    });
}

#[test]
fn what_is_not_there_is_said_beside_what_is() {
    visit(|_| {
        let (child, _) = start(Command::new("sleep").arg("60"));
        report(child.pid(), |process| process["executable"]["name"] == "sleep");
        let pid = child.pid().to_string();
        let check = |words: &[&str], status, expected: &[&str]| {
            let run = sockeye(&[&["inspect"], words].concat());
            let said: Vec<_> = run.err.lines().filter(|line| !line.contains("note:")).collect();
            assert_eq!((run.status, said.as_slice()), (Some(status), expected), "{run:?}");
        };
        let nobody = "sockeye: there is no process 4194303";
        check(&[&pid], 0, &[]);
        check(&[&pid, "4194303"], 0, &[nobody]);
        check(&["4194303", &pid, &pid], 0, &[nobody]);
        check(&["4194303"], 1, &[nobody]);
        check(&["0"], 1, &["sockeye: there is no process 0"]);
        check(&["99999999999"], 1, &["sockeye: there is no process 99999999999"]);
        let unknown = "sockeye: no process called \"nosuch-x\" is seen to hold an endpoint";
        check(&[&pid, "nosuch-x"], 0, &[unknown]);
        check(&["local.port = 1 and udp"], 1, &["sockeye: no endpoint matches"]);
        let filter = "sockeye: no process called \"listener\" is seen to hold an endpoint: \
                      did you mean --filter listener?";
        check(&["listener"], 1, &[filter]);
    });
}

#[test]
fn nothing_in_one_namespace_is_not_nothing() {
    visit(|world| {
        let blue = world.join_network("blue");
        let socket = blue.inside(|| TcpListener::bind("127.0.0.1:0").unwrap());
        let child = Process::holding(socket);
        let pid = child.pid().to_string();
        report(child.pid(), |process| process["executable"]["name"] == "sleep");
        let heading = |args: &[&str]| {
            let run = sockeye(&[&["inspect", &pid], args].concat());
            let words = run.out.split("  command line").next().unwrap_or_default();
            words.split_whitespace().collect::<Vec<_>>().join(" ")
        };
        let check = |args: &[&str], end: &str| {
            assert!(heading(args).ends_with(end), "{args:?}: {}", heading(args));
        };
        check(&[], "· 1 endpoint");
        check(&["--netns", "self"], "· 0 endpoints in Sockeye's network namespace");
        check(&["--netns", "blue"], "· 1 endpoint in network namespace blue");
    });
}

#[test]
fn capabilities_of_another_user_namespace_are_said_to_be() {
    visit(|world| {
        let unshare = |program: &[&str]| {
            let mut command = Command::new("unshare");
            command.args(["--user", "--map-root-user"]).args(program);
            command
        };
        if !unshare(&["true"]).status().is_ok_and(|status| status.success()) {
            return world.skip("a user namespace: unshare(1) may not make one");
        }
        let child = Process::start(unshare(&["sleep", "60"]).stdin(Stdio::null()));
        let it = report(child.pid(), |process| process["executable"]["name"] == "sleep");
        assert_eq!(it["process"]["capabilities"]["is_in_user_namespace"], true);
        let run = sockeye(&["inspect", &child.pid().to_string()]);
        assert!(run.out.contains("capabilities   all, in its user namespace only"), "{run:?}");
        let ours = sockeye(&["inspect", &std::process::id().to_string()]);
        assert!(!ours.out.contains("user namespace"), "{ours:?}");
    });
}

#[test]
fn ports_are_named_unless_numbers_are_asked_for() {
    visit(|_| {
        let listener = TcpListener::bind("127.0.0.1:631").unwrap();
        let child = Process::holding(listener);
        let pid = child.pid().to_string();
        report(child.pid(), |process| process["executable"]["name"] == "sleep");
        let out = |option: &[&str]| sockeye(&[&["inspect", &pid], option].concat()).out;
        assert!(out(&[]).contains("127.0.0.1:ipp"), "{}", out(&[]));
        for option in ["-n", "--numeric-ports"] {
            assert!(out(&[option]).contains("127.0.0.1:631"), "{option}: {}", out(&[option]));
        }
    });
}

#[test]
fn a_zombie_is_called_one() {
    visit(|world| {
        let mut child = Command::new("true").spawn().unwrap();
        let it = report(child.id(), |process| process["kind"] == "zombie");
        assert_eq!(it["process"]["absent"]["command_line"], "nonexistent");
        let pid = child.id().to_string();
        let run = sockeye(&["inspect", &pid]);
        for part in ["kind           a zombie", "(none any more: a zombie)"] {
            assert!(run.out.contains(part), "{part}: {}", run.out);
        }
        if let Some(run) = as_nobody(world, &["inspect", "--format", "json", &pid]) {
            let it = read(&run).pop().unwrap();
            assert_eq!(it["process"]["absent"]["package"], "nonexistent");
            assert_eq!(it["endpoints"], Value::Array(Vec::new()));
        }
        child.wait().unwrap();
    });
}
