//! Every printer over one small machine that is out to do harm, and what holds for all output.

use std::net::SocketAddr;

use insta::assert_snapshot;
use proptest::prelude::*;
use sockeye_core::address::canonical;
use sockeye_core::column::Cost;
use sockeye_core::endpoint::{Direction, Metrics, Queue, Socket};
use sockeye_core::process::{Absent, Fact};
use sockeye_core::snapshot::{Namespace, Source};
use sockeye_core::table::{Scope, select, sort_by_process};
use sockeye_core::{
    Column, Degradation, Endpoint, NamespaceId, Owner, Ownerless, Owners, Process, ProcessId, Row,
    Snapshot, State, Timestamp, Transport,
};

use super::*;

mod events;
mod inspect;

/// A process with this pid; what is not said of it is ordinary.
fn process(pid: u32, path: Fact<&str>) -> Process {
    let name = path.unwrap_or("kernel-name").rsplit('/').next().unwrap_or_default();
    Process {
        id: ProcessId { pid, start: pid.into() },
        parent: Some(1),
        name: name.into(),
        path: path.map(Into::into),
        is_deleted: false,
        command_line: path.map(|path| format!("{path} --daemon").into()),
        script: None,
        user_id: Some(if pid == 1 { 0 } else { 1000 }),
        created: Some(Timestamp::from_unix_ns(1_700_000_000_000_000_000)),
        cgroup: Some(format!("/system.slice/{name}.service").into()),
        services: None,
    }
}

/// A socket address; `%2` behind an address is its scope.
fn address(text: &str) -> SocketAddr {
    let scope = if text.contains("%2") { 2 } else { 0 };
    let address: SocketAddr = text.replace("%2", "").parse().unwrap();
    canonical(address.ip(), address.port(), scope)
}

/// A TCP endpoint in `state` from `local` to `remote`, which is empty for none.
fn tcp(state: State, local: &str, remote: &str, owners: Owners) -> Endpoint {
    Endpoint {
        transport: Transport::Tcp,
        local: address(local),
        remote: (!remote.is_empty()).then(|| address(remote)),
        state: Some(state),
        direction: Direction::Unknown,
        namespace: Some(NamespaceId::Inode(1)),
        interface: None,
        socket: Socket { inode: Some(7000), cookie: Some(9), is_ipv6: false, interface: 0 },
        user_id: Some(33),
        cgroup: Some("/system.slice/socket.service".into()),
        birth: None,
        owners,
        queue: Some(Queue::Bytes { receive: 0, send: 12 }),
        metrics: None,
    }
}

/// A UDP endpoint.
fn udp(local: &str, remote: &str, owners: Owners) -> Endpoint {
    Endpoint { transport: Transport::Udp, state: None, ..tcp(State::Closed, local, remote, owners) }
}

/// Held by the process with this pid.
fn by(pid: u32) -> Owners {
    held_by(&[pid])
}

/// Held by several.
fn held_by(pids: &[u32]) -> Owners {
    let owner =
        |pid: &u32| Owner { process: ProcessId { pid: *pid, start: (*pid).into() }, fd: Some(3) };
    Owners::new(pids.iter().map(owner).collect(), Ownerless::Vanished)
}

/// A machine with everything that is hard to print.
fn machine() -> Snapshot {
    let mut snapshot =
        Snapshot::new(Timestamp::from_unix_ns(1_763_868_394_500_000_000), Source::SockDiag);
    let mut deleted = process(300, Ok("/opt/old/agent"));
    deleted.is_deleted = true;
    let processes = [
        process(100, Ok("/usr/sbin/nginx")),
        process(101, Ok("/usr/sbin/nginx")),
        process(200, Ok("/home/eve/\x1b[2J\x1b]0;owned\x07,\"quoted\"\u{202e}gnp.exe")),
        process(201, Ok("/home/eve/=HYPERLINK(\"http://x\")")),
        deleted,
        process(400, Err(Absent::Denied)),
        process(
            500,
            Ok(
                "/nix/store/abcdefghijklmnopqrstuvwxyz0123456789-a-package-with-a-name/lib/deep/日本語のプログラム",
            ),
        ),
    ];
    snapshot.processes = processes.into_iter().map(|process| (process.id, process)).collect();
    snapshot.users = [(0, "root".into()), (1000, "eve\n".into())].into();
    snapshot.namespaces = vec![
        Namespace { id: NamespaceId::Inode(1), label: "self".into(), pid: Some(1), is_own: true },
        Namespace {
            id: NamespaceId::Inode(2),
            label: "web\u{200b}".into(),
            pid: Some(500),
            is_own: false,
        },
    ];
    snapshot.endpoints = endpoints();
    snapshot.degradations = vec![
        Degradation::ProcessesDenied { count: 2 },
        Degradation::Malformed { count: 1, first: "bad\x1b[31m".into() },
    ];
    snapshot
}

/// The endpoints of that machine.
fn endpoints() -> Vec<Endpoint> {
    use State::{Established, Listen, SynReceived, TimeWait};
    let measured = Metrics {
        rtt_us: Some(250),
        retransmits: Some(0),
        sent_bytes: Some(u64::MAX),
        ..Metrics::default()
    };
    let long = "[2001:db8:1111:2222:3333:4444:5555:6666]:44444";
    let missing = |reason| Owners::None(reason);
    let mut backlog = tcp(Listen, "0.0.0.0:443", "", held_by(&[100, 101]));
    backlog.queue = Some(Queue::Backlog { used: 1, limit: Some(511) });
    let mut foreign =
        tcp(Established, long, "[2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff]:55555", by(500));
    foreign.namespace = Some(NamespaceId::Inode(2));
    let mut linked = udp("[fe80::1%2]:546", "", by(200));
    linked.interface = Some("et\"h\x1b0".into());
    vec![
        backlog,
        tcp(Listen, "[::]:443", "", by(100)),
        Endpoint {
            metrics: Some(Box::new(measured)),
            ..tcp(Established, "10.0.0.5:443", "192.168.1.77:51234", by(100))
        },
        linked,
        udp("127.0.0.1:5353", "127.0.0.1:53", by(201)),
        tcp(Established, "10.0.0.5:40112", "203.0.113.9:5432", by(300)),
        tcp(SynReceived, "10.0.0.5:22", "203.0.113.9:5433", by(400)),
        foreign,
        tcp(TimeWait, "10.0.0.5:443", "192.168.1.90:50981", missing(Ownerless::TimeWait)),
        tcp(TimeWait, "10.0.0.5:443", "192.168.1.91:50981", missing(Ownerless::TimeWait)),
        tcp(Established, "10.0.0.5:5432", "10.0.0.6:1", missing(Ownerless::NotPermitted)),
    ]
}

/// The columns called `names`.
fn columns(names: &[&str]) -> Vec<&'static Column> {
    names.iter().map(|name| Column::find(name).unwrap()).collect()
}

/// The default columns with measurements.
fn defaults() -> Vec<&'static Column> {
    Column::all()
        .iter()
        .filter(|c| c.is_default && !matches!(c.cost, Cost::Names | Cost::Places))
        .collect()
}

const PLAIN: Layout = Layout::PLAIN;

/// What `format` prints of `snapshot`.
fn printed(format: Format, snapshot: &Snapshot, columns: &[&'static Column]) -> String {
    let metrics: Vec<_> = Column::all().iter().filter(|c| c.cost == Cost::Metrics).collect();
    let labelled: &[_] = if format == Format::Text { &metrics } else { &[] };
    laid_out(format, snapshot, (columns, labelled, PLAIN))
}

fn laid_out(
    format: Format,
    snapshot: &Snapshot,
    (columns, labelled, layout): (&[&'static Column], &[&'static Column], Layout),
) -> String {
    let mut rows: Vec<Row<'_>> = select(snapshot, &Scope::ALL, |_| true);
    sort_by_process(&mut rows);
    let mut out = Vec::new();
    print(format, &Sheet { rows: &rows, columns, labelled, layout }, &mut out).unwrap();
    if format.is_for_people() {
        out.extend(summary(snapshot, &Scope::ALL, &rows, layout));
    }
    String::from_utf8(out).unwrap()
}

const TEXT: [&str; 4] = ["proto", "state", "local", "remote"];
const TABLE: [&str; 8] = ["proto", "state", "local", "remote", "pid", "process", "user", "netns"];

#[test]
fn text() {
    assert_snapshot!(printed(Format::Text, &machine(), &columns(&TEXT)));
}

#[test]
fn text_with_chosen_columns_names_and_colours() {
    let mut snapshot = machine();
    snapshot.answers.hostnames.insert([203, 0, 113, 9].into(), "db-1.\x1b[1minternal".into());
    let chosen = columns(&["state", "local", "remote", "inode", "cgroup"]);
    let layout = Layout { width: 100, palette: Palette::Ansi, ..PLAIN };
    assert_snapshot!(
        laid_out(Format::Text, &snapshot, (&chosen, &[], layout)).replace('\x1b', "␛")
    );
}

#[test]
fn table() {
    assert_snapshot!(printed(Format::Table, &machine(), &columns(&TABLE)));
}

#[test]
fn table_at_a_narrow_terminal() {
    let layout = Layout { width: 90, is_terminal: true, ..PLAIN };
    assert_snapshot!(laid_out(Format::Table, &machine(), (&columns(&TABLE), &[], layout)));
}

#[test]
fn text_at_forty_columns() {
    let layout = Layout { width: 40, is_terminal: true, ..PLAIN };
    assert_snapshot!(laid_out(Format::Text, &machine(), (&columns(&TEXT), &[], layout)));
}

#[test]
fn ports_are_names_only_for_people_who_want_them() {
    let snapshot = machine();
    let shown = |format, ports| {
        let layout = Layout { ports, ..PLAIN };
        laid_out(format, &snapshot, (&columns(&["local", "remote"]), &[], layout))
    };
    for format in &Format::ALL {
        let (named, numeric) = (shown(*format, Ports::Named), shown(*format, Ports::Numeric));
        let has_name = |text: &str| text.contains(":https") || text.contains(":postgresql");
        assert_eq!(has_name(&named), format.is_for_people(), "{format:?}: {named}");
        assert!(!has_name(&numeric) && numeric.contains("443"), "{format:?}: {numeric}");
    }
}

#[test]
fn an_interpreter_shows_its_script() {
    let mut snapshot = machine();
    for process in snapshot.processes.values_mut() {
        process.script = Some("/srv/\x1b job.py".into());
    }
    let shown = printed(Format::Text, &snapshot, &columns(&TEXT));
    assert!(shown.contains("/usr/sbin/nginx /srv/\\u{1b} job.py · pid 100"), "{shown}");
}

/// A made-up id, as Docker has them.
const CONTAINER: &str = "3f2b8c1d9e0a4b5c6d7e8f90123456789abcdef0fedcba98765432100f1e2d3c";

#[test]
fn a_container_stands_in_the_heading_by_name_or_in_short() {
    let check = |group: &str, named: Option<&str>, expected: &str| {
        let mut snapshot = machine();
        for process in snapshot.processes.values_mut() {
            process.cgroup = Some(group.into());
        }
        let names = &mut snapshot.answers.container_names;
        names.extend(named.map(|name| (CONTAINER.into(), name.into())));
        let shown = printed(Format::Text, &snapshot, &columns(&["local"]));
        let heading = format!("/usr/sbin/nginx · pid 100 · eve\\u{{a}}{expected} · 3 endpoints");
        let joined = shown.replace("\n    · ", " · ");
        let nginx = joined.lines().find(|line| line.contains("pid 100")).unwrap_or_default();
        assert_eq!(nginx, heading);
    };
    let scope = format!("/system.slice/docker-{CONTAINER}.scope");
    check(&scope, None, " · docker 3f2b8c1d9e0a");
    check(&scope, Some("web\x1b"), " · docker web\\u{1b}");
    let inside = format!("{scope}/system.slice/nginx.service");
    check(&inside, None, " · nginx.service · docker 3f2b8c1d9e0a");
    check("/lxc.payload.nginx/nginx.service", None, " · nginx.service · lxc nginx");
    check("/machine.slice/systemd-nspawn@a\\x2db.service", None, " · systemd-nspawn a-b");
    check("/system.slice/snap.lxd.daemon.service", None, " · snap.lxd.daemon.service · snap lxd");
}

#[test]
fn people_read_short_ids_and_machines_whole_ones() {
    let mut snapshot = machine();
    for process in snapshot.processes.values_mut() {
        process.cgroup = Some(format!("/docker/{CONTAINER}").into());
    }
    let chosen = columns(&["container.runtime", "container.id"]);
    for format in [Format::Table, Format::Text] {
        let shown = printed(format, &snapshot, &chosen);
        assert!(shown.contains("docker") && shown.contains("3f2b8c1d9e0a"), "{shown}");
        assert!(!shown.contains(CONTAINER), "{shown}");
    }
    for format in [Format::Csv, Format::Json, Format::Jsonl] {
        let shown = printed(format, &snapshot, &chosen);
        assert!(shown.contains(CONTAINER), "{shown}");
    }
}

#[test]
fn the_last_line_says_only_what_matters() {
    let check = |change: &dyn Fn(&mut Snapshot), expected: &str| {
        let mut snapshot = machine();
        snapshot.degradations = vec![Degradation::ProcessesDenied { count: 2 }];
        change(&mut snapshot);
        let shown = printed(Format::Table, &snapshot, &columns(&["local"]));
        assert_eq!(shown.lines().last(), Some(expected));
    };
    let with_owners = |snapshot: &mut Snapshot, owners: Owners| {
        snapshot.endpoints.iter_mut().for_each(|endpoint| endpoint.owners = owners.clone());
    };
    check(&|_| {}, "  · 2 processes not permitted: sockeye doctor");
    check(
        &|snapshot| with_owners(snapshot, by(100)),
        "1 process, 11 endpoints · seen by sock_diag",
    );
    let unobserved = Owners::None(Ownerless::NotObserved);
    check(
        &|snapshot| with_owners(snapshot, unobserved.clone()),
        "11 endpoints · seen by sock_diag",
    );
    check(
        &|snapshot| snapshot.source = Source::Replay,
        "6 processes, 11 endpoints · seen by replay · 2 processes not permitted",
    );
}

#[test]
fn csv() {
    assert_snapshot!(printed(Format::Csv, &machine(), &defaults()));
}

#[test]
fn json() {
    assert_snapshot!(printed(Format::Json, &machine(), &defaults()));
}

#[test]
fn html() {
    assert_snapshot!(printed(Format::Html, &machine(), &columns(&TABLE)));
}

#[test]
fn copied_lines_have_as_many_cells_as_columns() {
    let mut snapshot = machine();
    snapshot.users.insert(1000, "=HYPERLINK(1)".into());
    let rows: Vec<Row<'_>> = select(&snapshot, &Scope::ALL, |_| true);
    let columns = columns(&["process", "user", "local", "command"]);
    let sheet = Sheet { rows: &rows, columns: &columns, labelled: &[], layout: PLAIN };
    let copied = copied(&sheet);
    assert_eq!(copied.lines().count(), rows.len());
    assert!(copied.lines().all(|line| line.matches('\t').count() == 3), "{copied}");
    assert!(copied.contains("\t'=HYPERLINK"), "{copied}");
    assert!(!copied.contains(['\x1b', '\u{202e}']), "{copied}");
}

#[test]
fn tcpvcon() {
    assert_snapshot!(printed(Format::Tcpvcon, &machine(), &[]));
}

#[test]
fn tcpvcon_csv() {
    assert_snapshot!(printed(Format::TcpvconCsv, &machine(), &[]));
}

#[test]
fn nothing_prints_as_nothing() {
    let nothing = Snapshot::new(Timestamp::from_unix_ns(0), Source::SockDiag);
    let check = |format, expected: &str| {
        assert_eq!(printed(format, &nothing, &columns(&["pid", "local"])), expected);
    };
    check(Format::Text, "no endpoint matches · seen by sock_diag\n");
    check(Format::Table, "no endpoint matches · seen by sock_diag\n");
    check(Format::Csv, "process.pid,local\n");
    check(Format::Json, "[]\n");
    check(Format::Jsonl, "");
    check(Format::Tcpvcon, "");
    check(Format::TcpvconCsv, "");
}

#[test]
fn notes_name_what_is_missing() {
    let notes = String::from_utf8(notes(&machine(), &Scope::ALL)).unwrap();
    let expected = "sockeye: note: 2 processes not permitted: sockeye doctor\n\
        sockeye: note: 1 malformed answer passed over (the first: bad\\u{1b}[31m): sockeye doctor\n";
    assert_eq!(notes, expected);
}

#[test]
fn notes_name_what_matters_to_the_scope() {
    let udp = Scope { tcp: false, ..Scope::ALL };
    let notes = String::from_utf8(notes(&machine(), &udp)).unwrap();
    assert!(!notes.contains("not permitted") && notes.contains("malformed"), "{notes}");
}

#[test]
fn json_array_and_lines_hold_the_same_objects() {
    let array: Vec<serde_json::Value> =
        serde_json::from_str(&printed(Format::Json, &machine(), &defaults())).unwrap();
    let lines = printed(Format::Jsonl, &machine(), &defaults());
    let lines: Vec<serde_json::Value> =
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(array, lines);
    assert_eq!(array.len(), endpoints().len());
}

#[test]
fn every_column_stands_in_json_where_its_name_says() {
    let snapshot = machine();
    let all: Vec<_> = Column::all().iter().collect();
    let mut rows = select(&snapshot, &Scope::ALL, |_| true);
    sort_by_process(&mut rows);
    let lines = printed(Format::Jsonl, &snapshot, &all);
    for (line, row) in lines.lines().zip(&rows) {
        let object: serde_json::Value = serde_json::from_str(line).unwrap();
        for column in &all {
            let found = object.pointer(&format!("/{}", column.name.replace('.', "/")));
            assert_eq!(
                found.is_some(),
                !column.value(row).is_absent(),
                "{} in {line}",
                column.name
            );
        }
    }
}

/// Text that somebody chose in order to deceive.
fn hostile() -> impl Strategy<Value = String> {
    r#"([a-z/ ,"'=\\]|\p{Cc}|\p{Cf}|\p{Zl}|\p{Lo}|\PC){0,120}"#
}

/// The machine with `text` in every place where text comes from outside.
fn machine_named(text: &str) -> Snapshot {
    let mut snapshot = machine();
    for process in snapshot.processes.values_mut() {
        process.name = text.into();
        process.path = process.path.as_ref().map(|_| text.into()).map_err(|absent| *absent);
        process.command_line = Ok(text.into());
        process.cgroup = Some(format!("/{text}.service").into());
    }
    snapshot.users.values_mut().for_each(|name| *name = text.into());
    snapshot.namespaces.iter_mut().for_each(|namespace| namespace.label = text.into());
    snapshot.endpoints.iter_mut().for_each(|endpoint| endpoint.interface = Some(text.into()));
    snapshot.answers.hostnames.insert([203, 0, 113, 9].into(), text.into());
    snapshot
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_output_carries_a_control_character(text in hostile()) {
        let snapshot = machine_named(&text);
        for format in &Format::ALL {
            for line in printed(*format, &snapshot, &columns(&TABLE)).split('\n') {
                prop_assert!(!line.contains(char::is_control), "{format:?}: {line:?}");
                prop_assert!(!line.contains(['\u{202e}', '\u{200b}', '\u{2028}']), "{line:?}");
            }
        }
    }

    #[test]
    fn no_line_of_text_is_wider_than_the_terminal_unless_it_is_a_path_or_address(
        text in hostile(),
        width in 40..160_usize,
    ) {
        let layout = Layout { width, ..PLAIN };
        let shown = laid_out(Format::Text, &machine_named(&text), (&columns(&TEXT), &[], layout));
        for line in shown.lines() {
            let has_fact = || line.contains("· ");
            prop_assert!(cell::width(line.as_bytes()) <= width || !has_fact(), "{line:?}");
        }
    }

    #[test]
    fn csv_reads_back_cell_by_cell(text in hostile()) {
        let snapshot = machine_named(&text);
        let chosen = columns(&["process", "local", "user", "owners", "pid"]);
        let shown = printed(Format::Csv, &snapshot, &chosen);
        let mut reader = ::csv::Reader::from_reader(shown.as_bytes());
        let mut count = 0;
        for record in reader.records() {
            let record = record.unwrap();
            prop_assert_eq!(record.len(), chosen.len());
            prop_assert!(!record[0].starts_with(['=', '+', '-', '@']));
            count += 1;
        }
        prop_assert_eq!(count, snapshot.endpoints.len());
    }

    #[test]
    fn json_reads_back_to_the_text_itself(text in hostile()) {
        let shown = printed(Format::Jsonl, &machine_named(&text), &columns(&["process", "user"]));
        for line in shown.lines() {
            let object: serde_json::Value = serde_json::from_str(line).unwrap();
            if let Some(name) = object.pointer("/process/executable/name") {
                prop_assert_eq!(name, &serde_json::Value::from(text.as_str()));
            }
        }
    }
}

#[test]
fn one_column_without_a_value_is_still_a_record() {
    let shown = printed(Format::Csv, &machine(), &columns(&["rtt"]));
    let records = ::csv::Reader::from_reader(shown.as_bytes()).into_records().count();
    assert_eq!(records, endpoints().len());
}
