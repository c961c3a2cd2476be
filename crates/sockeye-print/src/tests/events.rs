//! Lines of what happened, for people and for machines.

use jiff::tz::TimeZone;
use sockeye_core::event::Reason;
use sockeye_core::{Action, Occurrence};

use super::*;

/// 2025-11-23T03:26:34.5Z.
const NOW: i64 = 1_763_868_394_500_000_000;

/// `action` upon `endpoint`, so many milliseconds after [`NOW`].
fn occurrence(ms: i64, action: Action, endpoint: Option<Endpoint>) -> Occurrence {
    let time = Timestamp::from_unix_ns(NOW + ms * 1_000_000);
    let endpoint = endpoint.map(Box::new);
    Occurrence { time, action, start: None, end: None, reason: None, lost: None, endpoint }
}

/// `endpoint` closed for `reason` after so many nanoseconds.
fn closed(reason: Reason, ns: i64, endpoint: Endpoint) -> Occurrence {
    let mut closed = occurrence(1200, Action::Closed, Some(endpoint));
    closed.start = Some(Timestamp::from_unix_ns(closed.time.unix_ns() - ns));
    closed.end = Some(closed.time);
    closed.reason = Some(reason);
    closed
}

/// A day in the life of that machine.
fn occurrences() -> Vec<Occurrence> {
    use State::{CloseWait, Established, Listen};
    let mut opened = tcp(Established, "10.0.0.5:43122", "203.0.113.9:443", by(100));
    opened.direction = Direction::Egress;
    let carried =
        Metrics { sent_bytes: Some(512), received_bytes: Some(9_876), ..Metrics::default() };
    let ended = Endpoint { metrics: Some(Box::new(carried)), ..opened.clone() };
    let none = Metrics { sent_bytes: Some(0), received_bytes: Some(0), ..Metrics::default() };
    let nothing = Endpoint { metrics: Some(Box::new(none)), ..opened.clone() };
    let evil = tcp(Established, "10.0.0.5:443", "[2001:db8::1]:5", held_by(&[200, 100]));
    let mut foreign = udp("127.0.0.1:5353", "127.0.0.1:53", by(500));
    foreign.namespace = Some(NamespaceId::Inode(2));
    let mut lost = occurrence(1300, Action::Lost, None);
    lost.lost = Some(12);
    let mut elsewhere = udp("0.0.0.0:5353", "", by(100));
    elsewhere.namespace = Some(NamespaceId::Inode(99));
    let unknown =
        tcp(State::TimeWait, "10.0.0.5:443", "192.0.2.1:9", Owners::None(Ownerless::TimeWait));
    vec![
        occurrence(0, Action::Listening, Some(tcp(Listen, "0.0.0.0:443", "", by(100)))),
        occurrence(1, Action::Opened, Some(opened.clone())),
        occurrence(2, Action::Accepted, Some(evil)),
        occurrence(3, Action::Bound, Some(udp("[fe80::1%2]:546", "", by(400)))),
        occurrence(4, Action::Peer, Some(foreign)),
        occurrence(4, Action::Bound, Some(elsewhere)),
        occurrence(5, Action::State, Some(Endpoint { state: Some(CloseWait), ..opened.clone() })),
        occurrence(6, Action::Snapshot, Some(unknown)),
        closed(Reason::Reset, 1_200_000_000, ended),
        closed(Reason::Refused, 412_000, nothing),
        occurrence(1250, Action::Closed, Some(opened)),
        lost,
    ]
}

/// The lines of `occurrences`.
fn lines(
    (format, columns, extent): (EventFormat, Vec<&'static Column>, Extent),
    palette: Palette,
    zone: TimeZone,
) -> String {
    let snapshot = machine();
    let occurrences = occurrences();
    let look = Look { palette, zone, ports: Ports::Named };
    let printer = EventPrinter::new(format, (columns, extent), look);
    let rows = occurrences.iter().flat_map(|it| Row::occurred(&snapshot, it).next());
    let text = printer.render(&rows.collect::<Vec<_>>());
    printer.header() + std::str::from_utf8(&text).unwrap()
}

#[test]
fn text_for_people() {
    let usual = (EventFormat::Text, Vec::new(), Extent::Usual);
    assert_snapshot!(lines(usual, Palette::Plain, TimeZone::UTC));
}

#[test]
fn text_with_added_columns_colours_and_another_time_zone() {
    let added = (EventFormat::Text, columns(&["cookie", "service"]), Extent::Usual);
    let east = TimeZone::fixed(jiff::tz::offset(5));
    assert_snapshot!(lines(added, Palette::Ansi, east).replace('\x1b', "␛"));
}

#[test]
fn text_of_chosen_columns() {
    let chosen = columns(&["time", "action", "process", "remote", "duration", "reason"]);
    assert_snapshot!(lines(
        (EventFormat::Text, chosen, Extent::Columns),
        Palette::Plain,
        TimeZone::UTC
    ));
}

/// The columns of machines that a reader can take in.
fn some() -> Vec<&'static Column> {
    columns(&[
        "time",
        "action",
        "event.start",
        "event.end",
        "duration",
        "reason",
        "event.lost",
        "local",
        "remote",
        "sent.bytes",
        "process.pid",
        "process",
        "source",
    ])
}

#[test]
fn events_as_csv() {
    let chosen = (EventFormat::Csv, some(), Extent::Columns);
    assert_snapshot!(lines(chosen, Palette::Plain, TimeZone::UTC));
}

#[test]
fn events_as_json() {
    let chosen = (EventFormat::Jsonl, some(), Extent::Columns);
    assert_snapshot!(lines(chosen, Palette::Plain, TimeZone::UTC));
}

#[test]
fn lost_events_have_no_endpoint_in_any_column() {
    let all: Vec<_> = Column::all().iter().collect();
    let told = lines((EventFormat::Jsonl, all, Extent::Columns), Palette::Plain, TimeZone::UTC);
    let lost: serde_json::Value = serde_json::from_str(told.lines().last().unwrap()).unwrap();
    let mut keys: Vec<_> = lost.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["event", "time"], "{lost}");
}
