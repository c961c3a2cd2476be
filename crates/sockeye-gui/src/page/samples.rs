//! A small machine for tests of pages: nginx that listens and serves, curl that asks.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use sockeye_core::answer::{Origin, Package};
use sockeye_core::description::{Capabilities, Description, Identity};
use sockeye_core::endpoint::{Direction, Metrics, Owner, Owners, Socket};
use sockeye_core::event::Coverage;
use sockeye_core::notice::{News, Notice};
use sockeye_core::process::Absent;
use sockeye_core::snapshot::Source;
use sockeye_core::table::Scope;
use sockeye_core::view::{Look, RowId};
use sockeye_core::{
    Action, Endpoint, Filter, Occurrence, Ownerless, Process, ProcessId, Session, Snapshot, State,
    Timestamp, Transport,
};
use sockeye_engine::act::Fate;
use sockeye_engine::desk::{Board, Desk, Status};

use super::deeds::{Deeds, Powers};
use super::informant::Told;

/// 2026-11-23 10:40:00 UTC.
const NOW: i64 = 1_795_430_400;

pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_ns((NOW + seconds) * 1_000_000_000)
}

/// A connection of nginx that has carried so much.
pub(super) fn carried(cookie: u64, received: u64, sent: u64) -> Endpoint {
    let metrics = Metrics {
        rtt_us: Some(25_000),
        received_bytes: Some(received),
        sent_bytes: Some(sent),
        ..Metrics::default()
    };
    Endpoint {
        metrics: Some(metrics.into()),
        ..endpoint(cookie, State::Established, ("10.0.0.5:443", "192.0.2.77:51234"), Some(1207))
    }
}

fn endpoint(
    cookie: u64,
    state: State,
    (local, remote): (&str, &str),
    pid: Option<u32>,
) -> Endpoint {
    let owner = |pid| Owner { process: id(pid), fd: Some(3) };
    Endpoint {
        transport: Transport::Tcp,
        local: local.parse().unwrap(),
        remote: remote.parse().ok(),
        state: Some(state),
        direction: Direction::Unknown,
        namespace: None,
        interface: None,
        socket: Socket { cookie: Some(cookie), inode: Some(cookie), ..Socket::default() },
        user_id: None,
        cgroup: None,
        birth: None,
        owners: pid.map_or(Owners::None(Ownerless::TimeWait), |pid| Owners::One(owner(pid))),
        queue: None,
        metrics: None,
    }
}

pub(super) fn id(pid: u32) -> ProcessId {
    ProcessId { pid, start: u64::from(pid) * 10 }
}

pub(super) fn process(pid: u32, path: &str, user: u32) -> Process {
    Process {
        id: id(pid),
        parent: Some(1206),
        name: path.rsplit('/').next().unwrap().into(),
        path: Ok(path.into()),
        is_deleted: false,
        // A title that would turn what follows around, if it were shown raw.
        command_line: Ok("nginx: worker\u{202e} process".into()),
        script: None,
        user_id: Some(user),
        created: Some(at(-273_600)),
        cgroup: Some("/system.slice/nginx.service".into()),
        services: None,
    }
}

/// The endpoints: nginx listens at 443, serves one, curl asks one, one waits.
pub(super) fn endpoints(received: u64) -> Vec<Endpoint> {
    vec![
        endpoint(1, State::Listen, ("0.0.0.0:443", ""), Some(1207)),
        carried(2, received, 84_000),
        endpoint(3, State::Established, ("10.0.0.5:40112", "198.51.100.9:443"), Some(4711)),
        endpoint(4, State::TimeWait, ("10.0.0.5:443", "192.0.2.90:50981"), None),
    ]
}

pub(super) fn snapshot(seconds: i64, endpoints: Vec<Endpoint>) -> Snapshot {
    let processes = [process(1207, "/usr/sbin/nginx", 33), process(4711, "/usr/bin/curl", 1000)];
    Snapshot {
        endpoints,
        processes: processes.into_iter().map(|process| (process.id, process)).collect(),
        users: [(33, "www-data".into()), (1000, "ada".into())].into_iter().collect(),
        ..Snapshot::new(at(seconds), Source::SockDiag)
    }
}

/// A board of them, after two snapshots.
pub(super) fn board() -> Board {
    let mut session = Session::new(Coverage::default());
    session.handle_snapshot(at(0), snapshot(0, endpoints(1_000_000)));
    session.handle_timeout(at(0));
    let look = Look {
        scope: Scope::ALL,
        filter: Filter::all(Vec::new()),
        search: String::new(),
        columns: Vec::new(),
        sort: Vec::new(),
        group: None,
    };
    let status = Status { is_ready: true, interval: Duration::from_secs(1), ..Status::default() };
    let mut board = Board::new(session, look, status);
    let endpoint = endpoints(0).into_iter().nth(1).map(Box::new);
    let occurrence = Occurrence {
        time: at(-5),
        action: Action::Accepted,
        start: Some(at(-5)),
        end: None,
        reason: None,
        lost: None,
        endpoint,
    };
    board.recent.push_back(occurrence);
    board.occurred = 1;
    board
}

/// A later snapshot.
pub(super) fn advance(desk: &Desk, seconds: i64, endpoints: Vec<Endpoint>) {
    let mut board = desk.board();
    board.session.handle_snapshot(at(seconds), snapshot(seconds, endpoints));
    board.session.handle_timeout(at(seconds));
    board.renew();
}

/// The row whose local side is this, as text.
pub(super) fn row(desk: &Desk, local: &str, remote: &str) -> RowId {
    let board = desk.board();
    let is_it = |id: &&RowId| {
        let shown = board.view.row(**id, &board.session).unwrap();
        shown.row.endpoint.local.to_string() == local
            && shown.row.endpoint.remote.map_or(String::new(), |remote| remote.to_string())
                == remote
    };
    *board.view.rows().iter().find(is_it).unwrap()
}

/// Deeds that touch nothing: everything succeeds, and ada may end only what is hers.
pub(super) const FAKE: Deeds = Deeds {
    close: |endpoints| endpoints.iter().map(|_| Fate::Done).collect(),
    end: |processes, _| processes.iter().map(|_| Fate::Done).collect(),
    whois: |_| Err(sockeye_os::Error::new(sockeye_os::Kind::Os, "ask", "x", "no network")),
    describe: |_, process| told(process),
    examine: || Powers {
        no_closing: None,
        no_foreign_ending: Some("Only your own.".into()),
        user: Some(1000),
    },
};

/// What is told of a process: all that may be seen of nginx.
pub(super) fn told(process: &Process) -> Told {
    let identity = Identity { real_user: 0, effective_user: 33, ..Identity::default() };
    let parent = Process { id: id(1206), ..process.clone() };
    let init =
        Process { id: ProcessId { pid: 1, start: 1 }, name: "systemd".into(), ..process.clone() };
    let package = Package {
        name: "nginx".into(),
        version: Some("1.22.1-9".into()),
        vendor: Some("Debian Nginx Maintainers".into()),
        description: Some("small, powerful, scalable web/proxy server".into()),
        origin: Origin::Dpkg,
    };
    let description = Description {
        working_directory: Err(Absent::Denied),
        root_directory: Ok("/".into()),
        identity: Ok(identity),
        capabilities: Ok(Capabilities::default()),
        security_label: Err(Absent::Nonexistent),
        signature: Err(Absent::Nonexistent),
        threads: Ok(4),
        standing: Default::default(),
        ancestors: vec![parent, init],
        users: BTreeMap::from([(0, "root".into()), (33, "www-data".into())]),
        groups: BTreeMap::new(),
        process: process.clone(),
    };
    Told {
        description: Arc::new(description),
        package: Ok(Arc::new(package)),
        title: None,
        picture: None,
    }
}

/// A notice of nginx that listens.
pub(super) fn notice() -> Notice {
    Notice {
        time: at(-90),
        news: News::Listener,
        process: Ok(id(1207)),
        program: "/usr/sbin/nginx".into(),
        transport: Transport::Tcp,
        local: "0.0.0.0:8080".parse().unwrap(),
    }
}
