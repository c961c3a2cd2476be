//! What a script meets: exit statuses, closed pipes, full disks, widths, colours, formats.

use std::fs::File;
use std::io::Read;
use std::net::{TcpListener, UdpSocket};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::sockeye::{BINARY, command, finish, list, sockeye};
use crate::world::{Process, connect, run, share, visit};

/// Enough endpoints that a pipe's buffer of 64 kB does not hold them.
fn many() -> Vec<UdpSocket> {
    (0..500).map(|_| UdpSocket::bind("127.0.0.1:0").unwrap()).collect()
}

/// Every format.
pub(crate) const FORMATS: [&str; 7] =
    ["text", "table", "csv", "json", "jsonl", "tcpvcon", "tcpvcon-csv"];

#[test]
fn the_exit_status_tells() {
    visit(|_world| {
        let check = |args: &[&str], status| {
            let run = sockeye(args);
            assert_eq!(run.status, Some(status), "{args:?} {run:?}");
        };
        check(&[], 1);
        check(&["-a"], 1);
        check(&["-a", "--format", "json"], 1);
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        check(&["-a"], 0);
        check(&["list", "-a"], 0);
        check(&["-t"], 1);
        check(&["-ua", "e2e-*"], 0);
        check(&["-ua", "E2E-?*"], 0);
        check(&["-ua", &std::process::id().to_string()], 0);
        check(&["-a", "no-such-process"], 1);
        check(&["-a", "999999"], 1);
        check(&["--no-such-option"], 2);
        check(&["--format", "xml"], 2);
        check(&["--help"], 0);
        check(&["--version"], 0);
        drop(socket);
    });
}

#[test]
fn short_flags_are_bundled_as_in_ss() {
    visit(|_world| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (_client, _server) = connect(&listener);
        let _udp = UdpSocket::bind("[::1]:0").unwrap();
        let check = |flags: &[&str], expected| {
            let count = sockeye(&[flags, &["-f", "jsonl"]].concat()).out.lines().count();
            assert_eq!(count, expected, "{flags:?}");
        };
        check(&[], 2);
        check(&["-t"], 2);
        check(&["-a"], 4);
        check(&["-an"], 4);
        check(&["-l"], 2);
        check(&["-tl"], 1);
        check(&["-ul"], 1);
        check(&["-tulpn"], 2);
        check(&["-ta"], 3);
        check(&["-ua"], 1);
        check(&["-4a"], 3);
        check(&["-6a"], 1);
        check(&["-t6a"], 0);
        let csv = sockeye(&["-anc"]);
        assert_eq!(csv.out.lines().count(), 5, "a header and four rows");
        assert_eq!(csv.out.lines().next(), sockeye(&["-a", "-f", "csv"]).out.lines().next());
    });
}

#[test]
fn a_closed_pipe_ends_quietly() {
    visit(|_world| {
        let _sockets = many();
        for format in FORMATS {
            let mut child = command(&["-a", "-f", format]);
            let mut child = child.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
            let mut first = [0; 1];
            child.stdout.take().unwrap().read_exact(&mut first).unwrap();
            let output = child.wait_with_output().unwrap();
            let err = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(0), "{format}: {err}");
            assert!(!err.contains("pipe") && !err.contains("panic"), "{format}: {err}");
        }
    });
}

#[test]
fn a_full_disk_is_an_error() {
    visit(|_world| {
        let _sockets = many();
        for format in FORMATS {
            let full = File::options().write(true).open("/dev/full").unwrap();
            let output = command(&["-a", "-f", format]).stdout(full).output().unwrap();
            let err = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(2), "{format}: {err}");
            let said = "sockeye: cannot write to standard output: No space left on device";
            assert!(err.starts_with(said) && err.lines().count() == 1, "{format}: {err}");
        }
    });
}

#[test]
fn text_is_eighty_columns_wide_and_plain_in_a_pipe() {
    visit(|world| {
        let (v6, v4) =
            (TcpListener::bind("[::1]:0").unwrap(), TcpListener::bind("127.0.0.1:0").unwrap());
        let ((client, _server), _other) = (connect(&v6), connect(&v4));
        let deep = world.dir.join("a-directory-with-a-name/".repeat(6));
        std::fs::create_dir_all(&deep).unwrap();
        let program = deep.join("a-program");
        std::fs::copy(std::fs::canonicalize("/bin/sleep").unwrap(), &program).unwrap();
        let mut holder = Command::new(&program);
        let _holder = Process::start(holder.arg("1000").stdin(std::os::fd::OwnedFd::from(client)));
        for args in [&["-am"][..], &["-a"], &["-a", "-f", "text"]] {
            let run = sockeye(args);
            let too_wide = |line: &&str| line.chars().count() > 80;
            assert_eq!(run.out.lines().find(too_wide), None);
            assert!(run.out.contains("a-program"), "the file's name is not cut: {}", run.out);
            assert!(!run.out.contains('\u{1b}') && !run.err.contains('\u{1b}'));
        }
        let text = sockeye(&["-a"]).out.replace("\n    ", "");
        assert!(text.contains(program.to_str().unwrap()), "{text}");
    });
}

/// Runs `sockeye -a` on a terminal of 120 columns, which `script` makes.
fn on_a_terminal(variables: &[(&str, &str)]) -> Option<String> {
    let line = format!("stty cols 120 rows 40; {BINARY} -a");
    let mut script = Command::new("script");
    script.args(["-qec", &line, "/dev/null"]).env("TERM", "xterm").env_remove("NO_COLOR");
    let output = script.envs(variables.iter().copied()).stdin(Stdio::null()).output().ok()?;
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn colours_and_width_are_the_terminals() {
    visit(|world| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (_client, _server) = connect(&listener);
        let Some(coloured) = on_a_terminal(&[]) else {
            return world.skip("script(1) is not there to make a terminal");
        };
        assert!(coloured.contains("\u{1b}["), "{coloured:?}");
        assert!(coloured.contains("1 process, 3 endpoints"), "the sum is on the screen");
        let plain = on_a_terminal(&[("NO_COLOR", "1")]).unwrap();
        assert!(!plain.contains('\u{1b}') && plain.contains("ESTABLISHED"), "{plain:?}");
        let forced = finish(command(&["-a"]).env("CLICOLOR_FORCE", "1"));
        assert!(forced.out.contains("\u{1b}["), "{forced:?}");
        let both = [("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")];
        assert!(!finish(command(&["-a"]).envs(both)).out.contains('\u{1b}'));
        assert!(
            !finish(command(&["-a", "-f", "jsonl"]).env("CLICOLOR_FORCE", "1"))
                .out
                .contains('\u{1b}')
        );
    });
}

#[test]
fn every_format_tells_the_same() {
    visit(|_world| {
        let listener = TcpListener::bind("[::]:0").unwrap();
        let (_client, _server) = connect(&listener);
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        udp.connect("127.0.0.1:9").unwrap();
        let names = "proto,state,local,remote,pid,fd,inode,cookie,uid,process,path";
        let chosen = list(&["-a", "--columns", names, "--sort", "cookie"]);
        let array = sockeye(&["-a", "--columns", names, "--sort", "cookie", "-f", "json"]).out;
        let array: Vec<Value> = serde_json::from_str(&array).unwrap();
        assert_eq!(array, chosen.iter().map(|row| row.0.clone()).collect::<Vec<_>>());
        let csv = sockeye(&["-ac", "--columns", names, "--sort", "cookie"]).out;
        let mut reader = csv::Reader::from_reader(csv.as_bytes());
        let header: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
        let records: Vec<_> = reader.records().map(Result::unwrap).collect();
        assert_eq!(records.len(), chosen.len());
        for (record, row) in records.iter().zip(&chosen) {
            for (name, field) in header.iter().zip(record) {
                let value = match row.get(name) {
                    None => String::new(),
                    Some(Value::String(text)) => text.clone(),
                    Some(value) => value.to_string(),
                };
                assert_eq!(field, value, "{name}");
            }
        }
        let table = sockeye(&["-a", "-f", "table"]).out;
        assert_eq!(table.lines().count(), 1 + chosen.len(), "{table}");
    });
}

#[test]
fn sorted_both_ways() {
    visit(|_world| {
        let _sockets: Vec<_> =
            [5003, 5001, 5002].map(|port| UdpSocket::bind(("127.0.0.1", port)).unwrap()).into();
        let ports = |key: &str| -> Vec<_> {
            let rows = list(&["-a", "--sort", key]);
            rows.iter().map(|row| row.number("network.local.port").unwrap()).collect()
        };
        assert_eq!(ports("local.port"), [5001, 5002, 5003]);
        assert_eq!(ports("~local.port"), [5003, 5002, 5001]);
        assert_eq!(ports("user,~local.port"), [5003, 5002, 5001]);
    });
}

#[test]
fn the_last_line_sums_up_on_standard_error() {
    visit(|_world| {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let _other = Process::holding(share(&socket));
        for (source, word) in [("netlink", "sock_diag"), ("proc", "procfs")] {
            let run = sockeye(&["-a", "--source", source]);
            assert_eq!(run.err, format!("1 process, 1 endpoint · seen by {word}\n"));
            let rows = list(&["-a", "--source", source]);
            assert_eq!(rows[0].text("observer.source"), word);
        }
        assert_eq!(sockeye(&["-a", "-f", "csv"]).err, "");
    });
}

#[test]
fn without_standard_streams_nothing_breaks() {
    visit(|_world| {
        let line = format!("{BINARY} -a >&- 2>&-; test $? -le 2 && {BINARY} -a 2>&- | cat");
        let told = run("sh", &["-c", &line]);
        assert!(!told.contains("panicked"), "{told}");
        let _socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        for args in ["-a -f csv", "-a -f jsonl", "doctor", "dump -", "columns"] {
            let run = finish(Command::new("sh").args(["-c", &format!("{BINARY} {args} >&- <&-")]));
            assert_eq!((run.status, run.err.as_str()), (Some(0), ""), "{args}: {run:?}");
        }
    });
}

#[test]
fn the_head_of_a_list_is_no_failure_of_the_pipeline() {
    visit(|world| {
        if Command::new("bash").arg("-c").arg("true").output().is_err() {
            return world.skip("bash(1) is not there to watch a pipeline");
        }
        let _sockets = many();
        for args in ["-a", "-a -f json", "-a -f table", "dump -", "doctor -f json"] {
            let line = format!("set -o pipefail; {BINARY} {args} | head -n 1");
            let run = finish(Command::new("bash").args(["-c", &line]));
            assert_eq!((run.status, run.out.lines().count()), (Some(0), 1), "{args}: {run:?}");
            assert!(!run.err.starts_with("sockeye: ") && !run.err.contains("panicked"), "{run:?}");
        }
    });
}
