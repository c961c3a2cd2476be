//! Runs the binary, and reads what it prints.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::proc;

/// The binary under test.
pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_sockeye");

/// Names the source to observe with wherever a test does not name one; CI runs the suite by each.
const SOURCE: &str = "SOCKEYE_E2E_SOURCE";

/// A command that runs it.
pub(crate) fn command(args: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    let source = std::env::var(SOURCE).ok().filter(|_| leaves_source_open(args));
    let is_named = args.first().is_some_and(|arg| OBSERVING.contains(arg));
    let (name, rest) = args.split_at(usize::from(is_named));
    command.args(name).args(source.map(|source| format!("--source={source}"))).args(rest);
    command.stdin(Stdio::null()).env_remove("NO_COLOR");
    command
}

/// The commands that take a source, besides none at all.
const OBSERVING: [&str; 5] = ["list", "watch", "inspect", "close", "end"];
/// The words in front that do not observe, or not by every source.
const OTHERS: [&str; 9] = [
    "whois",
    "doctor",
    "dump",
    "columns",
    "completions",
    "generate",
    "help",
    "--help",
    "--version",
];

/// Whether `args` observe without saying with what.
fn leaves_source_open(args: &[&str]) -> bool {
    let is_chosen = |arg: &&str| arg.starts_with("--source") || arg.starts_with("--replay");
    !args.iter().any(|arg| is_chosen(arg) || *arg == "tcpvcon")
        && args.first().is_none_or(|first| !OTHERS.contains(first))
}

/// What one run printed, and how it ended.
#[derive(Debug)]
pub(crate) struct Run {
    /// The exit status.
    pub(crate) status: Option<i32>,
    /// Standard output.
    pub(crate) out: String,
    /// Standard error.
    pub(crate) err: String,
}

/// Runs it with `args`.
pub(crate) fn sockeye(args: &[&str]) -> Run {
    finish(&mut command(args))
}

/// Runs `command` and reads what it printed, which has to be UTF-8.
pub(crate) fn finish(command: &mut Command) -> Run {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).expect("only UTF-8 is printed");
    Run { status: status.code(), out: text(stdout), err: text(stderr) }
}

/// Every endpoint of this network, with measurements, from a run that had nothing to complain of.
pub(crate) fn list(args: &[&str]) -> Vec<Row> {
    let run = sockeye(&[args, &["--format", "jsonl"]].concat());
    assert!(matches!(run.status, Some(0 | 1)), "{run:?}");
    assert_eq!(run.err, "", "nothing is missing, so nothing is to be said");
    rows(&run.out)
}

/// Every endpoint of this network.
pub(crate) fn all() -> Vec<Row> {
    list(&["-a", "--netns", "self"])
}

/// The rows of `jsonl`.
pub(crate) fn rows(jsonl: &str) -> Vec<Row> {
    let parse = |line| Row(serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}")));
    jsonl.lines().map(parse).collect()
}

/// The one row whose local and remote side are these.
pub(crate) fn find(rows: &[Row], local: SocketAddr, remote: Option<SocketAddr>) -> &Row {
    let (local, remote) = (side_of(local), remote.map(side_of));
    let mut found = rows.iter().filter(|row| row.local() == local && row.remote() == remote);
    let row = found.next().unwrap_or_else(|| panic!("no {local} {remote:?} in {rows:#?}"));
    assert!(found.next().is_none(), "{local} {remote:?} is there twice: {rows:#?}");
    row
}

/// An address as `Row` tells it.
pub(crate) fn side_of(address: SocketAddr) -> String {
    format!("{} {}", address.ip().to_canonical(), address.port())
}

/// One row of JSON.
#[derive(Clone, Debug)]
pub(crate) struct Row(pub(crate) Value);

impl Row {
    /// The value called `name`, dots between its parts.
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.0.pointer(&format!("/{}", name.replace('.', "/")))
    }

    /// The text called `name`; empty when absent.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.get(name).map_or("", |value| value.as_str().unwrap())
    }

    /// The number called `name`.
    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        self.get(name).map(|value| value.as_u64().unwrap())
    }

    /// Local address and port.
    pub(crate) fn local(&self) -> String {
        self.side("local").expect("every row has a local side")
    }

    /// Remote address and port.
    pub(crate) fn remote(&self) -> Option<String> {
        self.side("peer")
    }

    fn side(&self, side: &str) -> Option<String> {
        let port = self.number(&format!("network.{side}.port"))?;
        Some(format!("{} {port}", self.text(&format!("network.{side}.address"))))
    }

    /// The TCP state.
    pub(crate) fn state(&self) -> &str {
        self.text("network.connection.state")
    }

    /// The reason why there is no owner.
    pub(crate) fn missing(&self) -> &str {
        self.text("process.missing")
    }

    /// The other owners, each as the row that it would be.
    pub(crate) fn other_owners(&self) -> Vec<Self> {
        let owners = self.get("process.owners").and_then(Value::as_array);
        let as_row = |owner: &Value| {
            let mut row = self.0.clone();
            row["process"] = owner.clone();
            Self(row)
        };
        owners.into_iter().flatten().map(as_row).collect()
    }

    /// The pids of all owners.
    pub(crate) fn pids(&self) -> BTreeSet<u32> {
        let shown = self.number("process.pid").into_iter();
        let others = self.other_owners().into_iter();
        let others = others.map(|owner| owner.number("process.pid").unwrap());
        let pid = |pid| u32::try_from(pid).unwrap();
        let pids: BTreeSet<u32> = shown.chain(others).map(pid).collect();
        assert_ne!(pids.is_empty(), self.missing().is_empty(), "an owner or a reason: {self:?}");
        pids
    }

    /// What every witness tells of a socket.
    pub(crate) fn seen(&self) -> Seen {
        let inode = self.number("socket.inode").unwrap_or(0);
        Seen {
            transport: self.text("network.transport").to_owned(),
            local: self.local(),
            remote: self.remote(),
            state: self.state().to_owned(),
            inode,
            holders: proc::holders_among(&self.pids(), inode),
        }
    }
}

/// What every witness tells of a socket.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Seen {
    /// `tcp`, `udp`.
    pub(crate) transport: String,
    /// Address and port.
    pub(crate) local: String,
    /// Address and port.
    pub(crate) remote: Option<String>,
    /// Empty for UDP.
    pub(crate) state: String,
    /// 0 for none.
    pub(crate) inode: u64,
    /// Pids and descriptors.
    pub(crate) holders: BTreeSet<(u32, u32)>,
}
