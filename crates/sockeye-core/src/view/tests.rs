//! A view that is told what changed ends up as one that looks at everything.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::event::Coverage;
use crate::testing::{any_snapshot, owners, process, snapshot, tcp, udp};
use crate::{Snapshot, Timestamp};

const COVERAGE: Coverage =
    Coverage { tcp: false, udp: false, udp_closings: false, connections: false };

/// A look at everything, sorted and grouped by these columns.
fn look(sort: &[&str], group: Option<&str>) -> Look {
    let column = |name: &str| Column::find(name.trim_start_matches('~')).unwrap();
    let key = |name: &&str| SortKey { column: column(name), is_descending: name.starts_with('~') };
    Look {
        scope: Scope::ALL,
        filter: Filter::all(Vec::new()),
        search: String::new(),
        columns: ["local", "process", "user"].map(column).to_vec(),
        sort: sort.iter().map(key).collect(),
        group: group.map(column),
    }
}

/// The lines of a view, as text: heads with their count, rows with their local address.
fn lines(view: &View, session: &Session) -> Vec<String> {
    let text = |line| match line {
        Line::Group(group) => {
            let mark = if group.is_open { "-" } else { "+" };
            format!("{mark}{} {}", group.name.unwrap_or("?"), group.count)
        }
        Line::Row(id) => match view.row(id, session) {
            Some(shown) => {
                let phase = format!("{:?}", shown.phase).to_lowercase();
                format!("{phase} {}", shown.row.endpoint.local)
            }
            None => "nothing".to_string(),
        },
    };
    (0..view.len()).map(|index| text(view.line(index).unwrap())).collect()
}

fn time(n: i64) -> Timestamp {
    Timestamp::from_unix_ns(n)
}

/// A session that has seen one snapshot of two processes and an endpoint of nobody.
fn machine() -> (Session, Snapshot) {
    let with = |endpoint: Endpoint, pid: u32, cookie| {
        let socket = crate::endpoint::Socket { cookie: Some(cookie), ..endpoint.socket };
        Endpoint { owners: owners(&[pid]), socket, ..endpoint }
    };
    let seen = snapshot(
        1,
        [
            with(tcp(State::Listen, "10.0.0.5:80", ""), 7, 1),
            with(tcp(State::Established, "10.0.0.5:443", "10.0.0.9:1"), 7, 2),
            with(udp("10.0.0.5:53", ""), 8, 3),
            tcp(State::TimeWait, "10.0.0.5:22", "10.0.0.9:2"),
        ]
        .into(),
        [process(7, "/bin/nginx"), process(8, "/bin/named")].into(),
    );
    let mut session = Session::new(COVERAGE);
    session.handle_snapshot(time(1), seen.clone());
    (session, seen)
}

/// What becomes of `machine` when the endpoint with this port is closed and one with another port
/// opens.
fn change((session, seen): (&mut Session, &Snapshot), closed: u16, opened: &str) {
    let mut next = Snapshot { time: time(5), ..seen.clone() };
    next.endpoints.retain(|endpoint| endpoint.local.port() != closed);
    let socket = crate::endpoint::Socket { cookie: Some(9), ..Default::default() };
    next.endpoints.push(Endpoint { owners: owners(&[8]), socket, ..udp(opened, "") });
    session.handle_snapshot(time(6), next);
}

#[test]
fn rows_stand_by_process_or_as_they_are_sorted() {
    let (session, _) = machine();
    let check = |look: Look, expected: &[&str]| {
        let mut view = View::new(look);
        view.rebuild(&session);
        assert_eq!(lines(&view, &session), expected);
    };
    let by_process =
        ["steady 10.0.0.5:80", "steady 10.0.0.5:443", "steady 10.0.0.5:53", "steady 10.0.0.5:22"];
    check(look(&[], None), &by_process);
    check(
        look(&["~local.port"], None),
        &["steady 10.0.0.5:443", "steady 10.0.0.5:80", "steady 10.0.0.5:53", "steady 10.0.0.5:22"],
    );
    let filter = Filter::parse("local.port < 100 and tcp").unwrap();
    let filtered = Look { filter, ..look(&["local.port"], None) };
    check(filtered, &["steady 10.0.0.5:22", "steady 10.0.0.5:80"]);
    let searched = Look { search: "NGI".into(), ..look(&["local.port"], None) };
    check(searched, &["steady 10.0.0.5:80", "steady 10.0.0.5:443"]);
    check(
        look(&["~local.port"], Some("process")),
        &[
            "-named 1",
            "steady 10.0.0.5:53",
            "-nginx 2",
            "steady 10.0.0.5:443",
            "steady 10.0.0.5:80",
            "-? 1",
            "steady 10.0.0.5:22",
        ],
    );
}

#[test]
fn groups_close_and_stay_closed() {
    let (mut session, seen) = machine();
    let mut view = View::new(look(&[], Some("process")));
    assert!(view.update(&mut session));
    assert!(!view.update(&mut session), "nothing has happened");
    let Some(Line::Group(Group { number: named, .. })) = view.line(0) else { panic!("{view:?}") };
    view.set_open(named, false);
    change((&mut session, &seen), 22, "10.0.0.5:67");
    view.update(&mut session);
    let expected = ["+named 2", "-nginx 2", "steady 10.0.0.5:80", "steady 10.0.0.5:443"];
    assert_eq!(lines(&view, &session), expected);
    assert_eq!(view.rows_of(named).len(), 2);
    assert_eq!(view.line(view.len()), None);
}

#[test]
fn a_frozen_view_moves_nothing() {
    let (mut session, seen) = machine();
    let mut view = View::new(look(&["local.port"], None));
    view.update(&mut session);
    let before = view.rows().to_vec();
    view.set_frozen(true, &session);
    change((&mut session, &seen), 53, "10.0.0.5:30");
    view.update(&mut session);
    let frozen = [
        "steady 10.0.0.5:22",
        "closed 10.0.0.5:53",
        "steady 10.0.0.5:80",
        "steady 10.0.0.5:443",
        "fresh 10.0.0.5:30",
    ];
    assert_eq!(lines(&view, &session), frozen);
    for tick in 7..12 {
        session.handle_timeout(time(tick));
        view.update(&mut session);
    }
    assert_eq!(view.rows()[..4], before);
    assert_eq!(lines(&view, &session)[1], "closed 10.0.0.5:53", "gone, and still shown");
    view.set_frozen(false, &session);
    let thawed =
        ["steady 10.0.0.5:22", "steady 10.0.0.5:30", "steady 10.0.0.5:80", "steady 10.0.0.5:443"];
    assert_eq!(lines(&view, &session), thawed);
}

#[test]
fn totals_are_of_all_that_lives() {
    let (mut session, seen) = machine();
    let filter = Filter::parse("pid = 4711").unwrap();
    let mut view = View::new(Look { filter, ..look(&[], None) });
    view.update(&mut session);
    let counted = |view: &View| {
        let totals = view.totals();
        (totals.endpoints, totals.of(State::Listen), totals.of(State::TimeWait))
    };
    assert_eq!((view.len(), counted(&view)), (0, (4, 1, 1)));
    change((&mut session, &seen), 80, "10.0.0.5:30");
    view.update(&mut session);
    assert_eq!(counted(&view), (4, 0, 1));
}

proptest! {
    #[test]
    fn what_changed_leads_to_the_same_as_everything(
        looks in vec((any_snapshot(), 0..3_u8), 1..8),
        sort in prop_oneof![Just(&[][..]), Just(&["local"][..]), Just(&["~state", "pid"][..])],
        group in prop_oneof![Just(None), Just(Some("process")), Just(Some("remote"))],
    ) {
        let mut session = Session::new(COVERAGE);
        let mut view = View::new(look(sort, group));
        let mut now = 0;
        for (seen, ticks) in looks {
            now += 10;
            session.handle_snapshot(time(now + 1), Snapshot { time: time(now), ..seen });
            for tick in 0..ticks {
                session.handle_timeout(time(now + 2 + i64::from(tick)));
                view.update(&mut session);
            }
            view.update(&mut session);
            let mut whole = View::new(look(sort, group));
            whole.rebuild(&session);
            prop_assert_eq!(lines(&view, &session), lines(&whole, &session));
            prop_assert_eq!(view.totals().endpoints, whole.totals().endpoints);
        }
    }
}

/// What each line of a view is.
fn identities(view: &View) -> Vec<Result<RowId, u32>> {
    let identity = |line| match line {
        Line::Row(id) => Ok(id),
        Line::Group(group) => Err(group.number),
    };
    (0..view.len()).map(|index| identity(view.line(index).unwrap())).collect()
}

/// Fails where a head says something else than the rows below it, which are all open.
fn judge_heads(view: &View, session: &Session) {
    let shown = |id: &RowId| view.row(*id, session).expect("a line that shows nothing");
    let mut seen = 0;
    for line in (0..view.len()).filter_map(|index| view.line(index)) {
        let Line::Group(group) = line else { continue };
        let rows = view.rows_of(group.number);
        let column = view.look().group.unwrap();
        let is_over = |id: &&RowId| shown(id).phase == Phase::Closed;
        let is_own = |id: &&RowId| {
            let row = shown(id).row;
            let value = column.value(&row);
            let name = (!value.is_absent()).then(|| value.to_string());
            group.is_of_newcomers || name.as_deref() == group.name
        };
        let living = || rows.iter().filter(|id| !is_over(id));
        assert_eq!(group.over, rows.iter().filter(is_over).count(), "{group:?}");
        assert_eq!(group.count, living().filter(is_own).count(), "{group:?}");
        assert_eq!(group.elsewhere, living().count() - group.count, "{group:?}");
        let position = view.position(*rows.first().unwrap()).unwrap();
        let head = view.line(position - 1);
        assert!(matches!(head, Some(Line::Group(it)) if it.number == group.number), "{head:?}");
        seen += rows.len();
    }
    assert_eq!(seen, view.rows().len());
}

proptest! {
    #[test]
    fn frozen_groups_move_nothing_and_their_heads_are_true(
        looks in vec((any_snapshot(), 0..5_u8), 2..8),
        group in prop_oneof![Just("process"), Just("remote"), Just("state"), Just("user")],
    ) {
        let mut session = Session::new(COVERAGE);
        let mut view = View::new(look(&["local"], Some(group)));
        let (mut now, mut held) = (0, Vec::new());
        for (number, (seen, ticks)) in looks.into_iter().enumerate() {
            now += 10;
            session.handle_snapshot(time(now + 1), Snapshot { time: time(now), ..seen });
            view.update(&mut session);
            judge_heads(&view, &session);
            for tick in 0..ticks {
                session.handle_timeout(time(now + 2 + i64::from(tick)));
                view.update(&mut session);
                judge_heads(&view, &session);
            }
            if number == 0 {
                held = identities(&view);
                view.set_frozen(true, &session);
            }
            if !held.is_empty() {
                prop_assert_eq!(&identities(&view)[..held.len()], held.as_slice());
            }
        }
        view.set_frozen(false, &session);
        let mut whole = View::new(look(&["local"], Some(group)));
        whole.rebuild(&session);
        prop_assert_eq!(lines(&view, &session), lines(&whole, &session));
    }
}

#[test]
fn what_comes_while_groups_are_frozen_has_a_head_of_its_own() {
    let (mut session, seen) = machine();
    let mut view = View::new(look(&[], Some("process")));
    view.update(&mut session);
    view.set_frozen(true, &session);
    change((&mut session, &seen), 80, "10.0.0.5:30");
    view.update(&mut session);
    let heads = |view: &View| -> Vec<_> {
        let lines = (0..view.len()).filter_map(|index| view.line(index));
        lines
            .filter_map(|line| match line {
                Line::Group(it) => Some((it.name.map(ToString::to_string), it.count, it.over)),
                Line::Row(_) => None,
            })
            .collect()
    };
    let name = |name: &str| Some(name.to_string());
    let expected = [(name("named"), 1, 0), (name("nginx"), 1, 1), (None, 1, 0), (None, 1, 0)];
    assert_eq!(heads(&view), expected);
    let Some(Line::Group(last)) = view.line(view.len() - 2) else { panic!("{view:?}") };
    assert!(last.is_of_newcomers);
    let number = last.number;
    view.set_open(number, false);
    assert!(matches!(view.line(view.len() - 1), Some(Line::Group(it)) if !it.is_open));
    assert_eq!(view.rows_of(number).len(), 1);
    view.set_frozen(false, &session);
    assert_eq!(heads(&view), [(name("named"), 2, 0), (name("nginx"), 1, 1), (None, 1, 0)]);
}

#[test]
fn what_is_gone_keeps_its_life_and_the_name_of_its_process() {
    use crate::event::{Change, Event, EventKind, Reason, Sighting};
    let (mut session, _) = machine();
    let mut view = View::new(look(&[], None));
    view.update(&mut session);
    let socket = crate::endpoint::Socket { cookie: Some(9), ..Default::default() };
    let mut tell = |at, change, state| {
        let connection = tcp(state, "10.0.0.5:77", "10.0.0.9:7");
        let endpoint = Endpoint { owners: owners(&[9]), socket, ..connection };
        let sighting = Sighting { change, endpoint, is_held: true };
        session.handle_event(Event {
            time: time(at),
            kind: EventKind::Process(process(9, "/curl").into()),
        });
        session.handle_event(Event { time: time(at), kind: EventKind::Endpoint(sighting.into()) });
    };
    tell(10, Change::State(None), State::SynSent);
    tell(11, Change::State(Some(State::SynSent)), State::Established);
    tell(20, Change::Closed(Reason::Local), State::Closed);
    view.set_frozen(true, &session);
    for tick in 21..40 {
        view.update(&mut session);
        session.handle_timeout(time(tick));
        session.take_occurrences();
    }
    view.update(&mut session);
    assert!(!session.lives().any(|live| live.endpoint.local.port() == 77));
    let gone = view
        .rows()
        .iter()
        .filter_map(|id| view.row(*id, &session))
        .find(|shown| shown.row.endpoint.local.port() == 77);
    let gone = gone.unwrap();
    assert_eq!((gone.row.span, gone.phase), ((Some(time(10)), Some(time(20))), Phase::Closed));
    assert_eq!(gone.row.process.map(|process| &*process.name), Some("curl"));
}

#[test]
fn a_row_says_when_it_was_found() {
    let (mut session, seen) = machine();
    let mut view = View::new(look(&["local.port"], None));
    view.update(&mut session);
    change((&mut session, &seen), 80, "10.0.0.5:30");
    view.update(&mut session);
    let found = |port| {
        let mut rows = view.rows().iter().filter_map(|id| view.row(*id, &session));
        rows.find(|shown| shown.row.endpoint.local.port() == port).unwrap().found
    };
    assert_eq!((found(22), found(30)), (None, Some(time(6))));
}
