//! A board that stands still, with a row of every kind.

use std::net::SocketAddr;
use std::time::Duration;

use sockeye_core::endpoint::{Direction, Metrics, Owner, Socket};
use sockeye_core::event::Coverage;
use sockeye_core::process::Process;
use sockeye_core::snapshot::Source;
use sockeye_core::traffic::Volume;
use sockeye_core::{
    Answers, Degradation, Endpoint, Ownerless, Owners, ProcessId, Session, Snapshot, State,
    Timestamp, Transport,
};
use sockeye_engine::desk::{Board, Desk, Sample, Status};

use crate::settings::Settings;

/// When the board was seen: a day in 2026, at noon.
const NOON: i64 = 1_790_337_600;

/// The instant `seconds` after noon.
fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_ns((NOON + seconds) * 1_000_000_000)
}

/// A process by pid, image and unit.
fn process(pid: u32, path: &str, unit: &str) -> Process {
    Process {
        id: ProcessId { pid, start: pid.into() },
        parent: Some(1),
        name: path.rsplit('/').next().unwrap().into(),
        path: Ok(path.into()),
        is_deleted: false,
        command_line: Ok(format!("{path} --foreground").into()),
        script: None,
        user_id: Some(if pid < 1000 { 0 } else { 1000 }),
        created: Some(at(-3600)),
        cgroup: Some(format!("/system.slice/{unit}").into()),
        services: None,
    }
}

/// An endpoint; no remote where `remote` is empty, no owner where `pid` is 0.
fn endpoint(state: Option<State>, local: &str, remote: &str, pid: u32) -> Endpoint {
    let local: SocketAddr = local.parse().unwrap();
    let remote: Option<SocketAddr> = (!remote.is_empty()).then(|| remote.parse().unwrap());
    // No two rows share their sides, so they tell a cookie.
    let sides = format!("{local}{remote:?}{}", state.is_some());
    let cookie = sides.bytes().fold(7_u64, |sum, byte| sum.wrapping_mul(31) + u64::from(byte));
    let owner = Owner { process: ProcessId { pid, start: pid.into() }, fd: Some(5) };
    let reason =
        if state == Some(State::TimeWait) { Ownerless::TimeWait } else { Ownerless::NotPermitted };
    Endpoint {
        transport: if state.is_some() { Transport::Tcp } else { Transport::Udp },
        local,
        remote,
        state,
        direction: Direction::Unknown,
        namespace: None,
        interface: None,
        socket: Socket { inode: Some(cookie), cookie: Some(cookie), is_ipv6: false, interface: 0 },
        user_id: None,
        cgroup: None,
        birth: None,
        owners: if pid == 0 { Owners::None(reason) } else { Owners::One(owner) },
        queue: None,
        metrics: None,
    }
}

/// The same, and it carried something.
fn carrying(endpoint: Endpoint, sent: u64, received: u64) -> Endpoint {
    let packets = |bytes: u64| u32::try_from(bytes / 900 + 3).ok();
    let metrics = Metrics {
        sent_bytes: Some(sent),
        received_bytes: Some(received),
        sent_packets: packets(sent),
        received_packets: packets(received),
        rtt_us: Some(12_400),
        ..Metrics::default()
    };
    Endpoint { metrics: Some(Box::new(metrics)), ..endpoint }
}

/// What stays from the first look to the last.
fn lasting() -> Vec<Endpoint> {
    use State::{CloseWait, Established, Listen, TimeWait};
    let tcp = |state, local, remote, pid| endpoint(Some(state), local, remote, pid);
    let mut all = vec![
        tcp(Listen, "0.0.0.0:443", "", 1207),
        tcp(Listen, "[::]:443", "", 1207),
        carrying(tcp(Established, "10.0.0.5:443", "192.168.1.77:51234", 1207), 184_320_000, 91_022),
        carrying(tcp(Established, "10.0.0.5:443", "192.168.1.81:49822", 1207), 48_112, 2048),
        tcp(Listen, "0.0.0.0:22", "", 871),
        carrying(tcp(Established, "10.0.0.5:22", "192.168.1.12:60122", 871), 88_410, 12_876),
        tcp(Listen, "127.0.0.1:5432", "", 1340),
        carrying(tcp(Established, "127.0.0.1:5432", "127.0.0.1:40112", 1340), 7_340_032, 912_000),
        carrying(tcp(Established, "127.0.0.1:40112", "127.0.0.1:5432", 4711), 912_000, 7_340_032),
        carrying(tcp(Established, "10.0.0.5:51022", "140.82.121.4:443", 3604), 120_456, 8_912_334),
        carrying(tcp(Established, "10.0.0.5:51040", "151.101.1.140:443", 3604), 33_120, 1_204_112),
        tcp(Established, "[2001:db8:17::5]:51100", "[2606:4700:4400::6812:24ab]:443", 3604),
        tcp(CloseWait, "10.0.0.5:40188", "203.0.113.9:80", 4711),
        tcp(TimeWait, "10.0.0.5:443", "192.168.1.90:50981", 0),
        tcp(TimeWait, "10.0.0.5:443", "192.168.1.90:50990", 0),
        tcp(Listen, "0.0.0.0:9100", "", 0),
        endpoint(None, "0.0.0.0:5353", "", 902),
        endpoint(None, "[::]:5353", "", 902),
        endpoint(None, "127.0.0.53:53", "", 655),
        endpoint(None, "10.0.0.5:41222", "10.0.0.1:53", 655),
    ];
    all.push(tcp(Listen, "[::1]:631", "", 940));
    all
}

/// Who holds them.
fn processes() -> Vec<Process> {
    vec![
        process(655, "/usr/lib/systemd/systemd-resolved", "systemd-resolved.service"),
        process(871, "/usr/sbin/sshd", "ssh.service"),
        process(902, "/usr/sbin/avahi-daemon", "avahi-daemon.service"),
        process(940, "/usr/sbin/cupsd", "cups.service"),
        process(1207, "/usr/sbin/nginx", "nginx.service"),
        process(1340, "/usr/lib/postgresql/15/bin/postgres", "postgresql@15-main.service"),
        process(3604, "/usr/lib/firefox/firefox", "app-firefox-3604.scope"),
        process(4711, "/usr/bin/python3.11", "billing.service"),
        process(5120, "/usr/bin/curl", "session-2.scope"),
    ]
}

fn snapshot(seconds: i64, endpoints: Vec<Endpoint>) -> Snapshot {
    Snapshot {
        endpoints,
        processes: processes().into_iter().map(|process| (process.id, process)).collect(),
        users: [(0, "root".into()), (1000, "ada".into())].into(),
        ..Snapshot::new(at(seconds), Source::SockDiag)
    }
}

/// A session in which a connection just opened, one closed and one changed.
pub(super) fn session() -> Session {
    let opened = endpoint(Some(State::Established), "10.0.0.5:52001", "93.184.216.34:443", 5120);
    let closing = endpoint(Some(State::Established), "10.0.0.5:51990", "198.51.100.20:443", 3604);
    let before = endpoint(Some(State::SynSent), "10.0.0.5:52010", "203.0.113.50:5432", 4711);
    let after = Endpoint { state: Some(State::Established), ..before.clone() };
    let mut session = Session::new(Coverage::default());
    let with = |more: Vec<Endpoint>| [lasting(), more].concat();
    session.handle_snapshot(at(0), snapshot(0, with(vec![closing, before])));
    (1..6).for_each(|second| session.handle_timeout(at(second)));
    let mut last = snapshot(6, with(vec![opened, after]));
    last.degradations = vec![Degradation::ProcessesDenied { count: 2 }];
    session.handle_snapshot(at(6), last);
    let hostnames = [("140.82.121.4".parse().unwrap(), "lb-140-82-121-4-fra.github.com".into())];
    session.handle_answers(Answers { hostnames: hostnames.into(), ..Answers::default() });
    session
}

/// Lets a snapshot show two more connections of python on a board.
pub(super) fn go_on(desk: &Desk) {
    let more = ["10.0.0.5:53001", "10.0.0.5:53002"]
        .map(|local| endpoint(Some(State::Established), local, "203.0.113.50:5432", 4711));
    let opened = endpoint(Some(State::Established), "10.0.0.5:52001", "93.184.216.34:443", 5120);
    let after = endpoint(Some(State::Established), "10.0.0.5:52010", "203.0.113.50:5432", 4711);
    let mut board = desk.board();
    let all = [lasting(), vec![opened, after], more.into()].concat();
    board.session.handle_snapshot(at(7), snapshot(7, all));
    board.renew();
}

/// How it is watched.
pub(super) fn status() -> Status {
    Status { is_ready: true, interval: Duration::from_secs(1), ..Status::default() }
}

/// A board of that session.
pub(crate) fn board() -> Board {
    let mut board = Board::new(session(), Settings::default().look("", None), status());
    for second in 0..180_i64 {
        #[expect(clippy::cast_precision_loss, reason = "a small number")]
        let phase = second as f64 / 9.0;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "above zero")]
        let rate = |phase: f64, size: f64| (phase.sin().mul_add(0.4, 0.6) * size) as u64;
        let volume = Volume {
            sent: rate(phase * 1.7, 84_000.0),
            received: rate(phase, 1_200_000.0) + if second % 41 == 0 { 900_000 } else { 0 },
        };
        let duration = Duration::from_secs(1);
        board.traffic.push_back(Sample { time: at(second - 173), duration, volume });
    }
    board.version += 1;
    board
}

/// A desk with that board.
pub(super) fn desk() -> Desk {
    Desk::still(board())
}

/// A session of nothing, seen or not.
pub(super) fn empty(status: Status) -> Desk {
    let mut session = Session::new(Coverage::default());
    if status.is_ready {
        session.handle_snapshot(at(0), snapshot(0, Vec::new()));
    }
    Desk::still(Board::new(session, Settings::default().look("", None), status))
}

/// A session of so many connections.
pub(super) fn many(count: u32) -> Desk {
    let connection = |number: u32| {
        let [_, high, middle, low] = number.to_be_bytes();
        let remote = format!("10.{high}.{middle}.{low}:443");
        let port = 1024 + number % 60_000;
        endpoint(Some(State::Established), &format!("10.0.0.5:{port}"), &remote, 3604)
    };
    let mut session = Session::new(Coverage::default());
    session.handle_snapshot(at(0), snapshot(0, (0..count).map(connection).collect()));
    Desk::still(Board::new(session, Settings::default().look("", None), status()))
}
