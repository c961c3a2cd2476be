//! The page of an endpoint: its sides, its life, what it carries, what happened to it.

use std::net::IpAddr;

use eframe::egui::{self, RichText, Ui};
use sockeye_core::endpoint::Direction;
use sockeye_core::view::{RowId, Shown};
use sockeye_core::{Action, Endpoint, Occurrence, Row, State, Timestamp, Transport};
use sockeye_engine::desk::Board;
use sockeye_print::escaped;

use super::Request;
use super::deeds::Powers;
use super::question::refusal_to_close;
use super::rates::Rates;
use super::words::{self, NOTHING, Said, cell};
use super::{draw, graph};
use crate::table;

/// So many of the last things that happened to it are listed.
const EVENTS: usize = 100;

/// What is known of one endpoint.
#[derive(Default, Debug)]
pub(super) struct EndpointPage {
    title: String,
    lines: Vec<(&'static str, Said)>,
    /// What happened to it: when, what.
    events: Vec<(String, String)>,
    rates: Rates,
    /// Older events than those that are kept may have been of it.
    is_partial: bool,
    /// Why nothing of it is measured, where that is so.
    unmeasured: &'static str,
    /// Why it cannot be closed.
    refusal: Option<String>,
    /// Its remote address.
    remote: Option<IpAddr>,
    /// It is not in the table any more.
    is_gone: bool,
}

impl EndpointPage {
    /// What it is called: its transport and sides.
    pub(super) fn title(&self) -> &str {
        &self.title
    }

    /// Takes what the board knows now of `row`. What is gone stays as it was at last.
    pub(super) fn renew(&mut self, row: RowId, board: &Board, powers: &Powers) {
        let Some(shown) = board.view.row(row, &board.session) else {
            self.is_gone = true;
            self.refusal = Some("It is gone.".to_owned());
            return;
        };
        let endpoint = shown.row.endpoint;
        self.is_gone = false;
        self.title = title(&shown.row);
        self.remote = endpoint.remote.map(|remote| remote.ip());
        self.refusal = refusal_to_close(&shown.row, powers);
        let now = board.session.context().time;
        self.rates.sample((board.session.snapshots(), now), std::iter::once(endpoint));
        self.lines = lines(&shown, now);
        self.events = events(&shown, board, now);
        self.is_partial = board.occurred > board.recent.len() as u64;
        self.unmeasured = unmeasured(endpoint);
    }

    /// Draws what is known.
    pub(super) fn show(&self, ui: &mut Ui) {
        ui.heading(&self.title);
        if self.is_gone {
            ui.weak("It is gone; this is how it was at last.");
        }
        ui.separator();
        draw::facts(ui, &self.lines);
        ui.add_space(8.0);
        graph::show(ui, ("Bytes of this endpoint", 130.0), &self.rates, self.unmeasured);
        ui.add_space(8.0);
        self.list(ui);
    }

    /// Draws what can be done; what is asked for is added to `requests`.
    pub(super) fn actions(&self, ui: &mut Ui, row: RowId, requests: &mut Vec<Request>) {
        let text = RichText::new("Close connection…").color(ui.visuals().error_fg_color);
        if draw::button_unless(ui, text, self.refusal.as_deref()) {
            requests.push(Request::Close(row));
        }
        let has_none = self.remote.is_none().then_some("It has no remote.");
        if draw::button_unless(ui, "Whois…".into(), has_none) {
            requests.extend(self.remote.map(Request::Whois));
        }
        draw::copy(ui, || self.copied());
    }

    fn list(&self, ui: &mut Ui) {
        ui.strong("What happened");
        if self.events.is_empty() {
            ui.weak("Nothing since Sockeye began to watch.");
        }
        if self.is_partial {
            ui.weak("Of all endpoints, only the last 10 000 events are kept.");
        }
        egui::ScrollArea::vertical().id_salt("events").max_height(120.0).show(ui, |ui| {
            ui.spacing_mut().interact_size.y = 0.0;
            egui::Grid::new("events").num_columns(2).spacing([16.0, 2.0]).show(ui, |ui| {
                for (time, what) in &self.events {
                    ui.weak(time);
                    ui.label(what);
                    ui.end_row();
                }
            });
        });
    }

    /// Title, facts and events as text.
    fn copied(&self) -> String {
        let mut text = format!("{}\n", self.title);
        for (label, said) in &self.lines {
            text.push_str(&format!("{label}: {}\n", said.text()));
        }
        for (time, what) in &self.events {
            text.push_str(&format!("{time}\t{what}\n"));
        }
        text
    }
}

/// `TCP 10.0.0.5:40112 to 192.0.2.1:443`.
fn title(row: &Row<'_>) -> String {
    let sides: Vec<String> =
        ["local", "remote"].iter().filter_map(|name| cell(name, row)).collect();
    format!("{} {}", row.endpoint.transport.id().to_uppercase(), sides.join(" to "))
}

/// What is said of it.
fn lines(shown: &Shown<'_>, now: Timestamp) -> Vec<(&'static str, Said)> {
    let row = &shown.row;
    let known = |name: &str| Said::Known(cell(name, row).unwrap_or_default());
    let mut lines = vec![
        ("State", Said::Known(row.endpoint.state.map_or_else(String::new, table::state))),
        ("Direction", known("network.direction")),
        ("Local name", known("network.local.name")),
        ("Remote name", known("network.peer.name")),
        ("Remote is in", Said::Known(place(row))),
        ("Process", process(row)),
        ("Life", Said::Known(life(shown, now))),
    ];
    lines.extend(carried(row.endpoint, now));
    lines.extend([
        ("Interface", known("network.interface.name")),
        ("Namespace", known("network.namespace.name")),
        ("Inode", known("socket.inode")),
    ]);
    lines.retain(|(_, said)| !said.text().is_empty());
    lines
}

/// Who holds it, or why nobody is known.
fn process(row: &Row<'_>) -> Said {
    match (row.process, row.endpoint.owners.reason()) {
        (Some(process), _) => Said::Known(super::question::name_of_process(process)),
        (None, Some(reason)) => Said::Absent(reason.phrase()),
        (None, None) => Said::Absent(NOTHING),
    }
}

/// Country and network of the remote, where a database told.
fn place(row: &Row<'_>) -> String {
    let remote = row.endpoint.remote.map(|remote| remote.ip());
    let Some(place) = remote.and_then(|ip| row.snapshot.answers.places.get(&ip)) else {
        return String::new();
    };
    let number = place.network_number.map(|number| format!("AS{number}"));
    let names = [place.country.as_deref(), number.as_deref(), place.network_name.as_deref()];
    names.into_iter().flatten().map(escaped).collect::<Vec<_>>().join(" ")
}

/// Since when it is there, and until when it was.
fn life(shown: &Shown<'_>, now: Timestamp) -> String {
    let (start, end) = shown.row.span;
    let length = |from| words::duration(words::seconds_between(from, end.unwrap_or(now)));
    let since = match (start, shown.found) {
        (Some(start), _) => format!("{} since {}", length(start), words::time(start, now)),
        (None, Some(found)) => {
            format!("at least {}, first seen {}", length(found), words::time(found, now))
        }
        (None, None) => "since before Sockeye began to watch".to_owned(),
    };
    match end {
        Some(end) => format!("{since}, ended {}", words::time(end, now)),
        None => since,
    }
}

/// What it carried, in all, and how it goes.
fn carried(endpoint: &Endpoint, now: Timestamp) -> Vec<(&'static str, Said)> {
    let Some(metrics) = endpoint.metrics.as_deref() else {
        return vec![("Carried", Said::Absent(unmeasured(endpoint)))];
    };
    let side = |bytes: Option<u64>, packets: Option<u32>| {
        let mut parts = Vec::new();
        parts.extend(bytes.map(|bytes| format!("{} bytes", words::number(bytes))));
        parts.extend(packets.map(|count| format!("{} packets", words::number(count.into()))));
        Said::Known(parts.join(" in "))
    };
    let rtt = metrics.rtt_us.map(|us| table::duration(u64::from(us) * 1000));
    let repeats = metrics.retransmits.map(|count| words::number(count.into()));
    let since = metrics.since.map(|since| words::time(since, now));
    vec![
        ("Received", side(metrics.received_bytes, metrics.received_packets)),
        ("Sent", side(metrics.sent_bytes, metrics.sent_packets)),
        ("Counted since", Said::Known(since.unwrap_or_default())),
        ("Round trip", Said::Known(rtt.unwrap_or_default())),
        ("Sent again", Said::Known(repeats.unwrap_or_default())),
    ]
}

/// Why nobody counts what an endpoint carries, where nobody does.
fn unmeasured(endpoint: &Endpoint) -> &'static str {
    match (endpoint.transport, endpoint.state) {
        (Transport::Udp, _) if cfg!(windows) => "not measured: only the kernel's events (ETW) tell",
        (Transport::Udp, _) => "not measured: UDP is measured only by eBPF",
        (Transport::Tcp, _) if endpoint.is_listener() => {
            "nothing by itself: what a listener accepts has rows of its own"
        }
        (Transport::Tcp, Some(State::TimeWait | State::Closed)) => {
            "not measured: the kernel counts nothing of what has closed"
        }
        (Transport::Tcp, _) if cfg!(windows) => {
            "not measured: Doctor says whether this system counts for Sockeye"
        }
        (Transport::Tcp, _) => "not measured so far",
    }
}

/// What happened to it, the youngest first; that it began also where the event is not kept.
fn events(shown: &Shown<'_>, board: &Board, now: Timestamp) -> Vec<(String, String)> {
    let endpoint = shown.row.endpoint;
    let own = || board.recent.iter().filter(|what| is_about(what, endpoint));
    let mut events: Vec<_> = own().rev().take(EVENTS).map(|what| event(what, now)).collect();
    let is_beginning = |what: &Occurrence| {
        use Action::{Accepted, Bound, Listening, Opened};
        matches!(what.action, Accepted | Bound | Listening | Opened)
    };
    if own().any(is_beginning) {
        return events;
    }
    let began = match (endpoint.direction, endpoint.transport) {
        (Direction::Ingress, _) => "accepted",
        (Direction::Listen, Transport::Tcp) => "listens",
        (_, Transport::Udp) if endpoint.remote.is_none() => "bound",
        _ => "opened",
    };
    let known = shown.row.span.0.map(|start| (start, began));
    let first = known.or(shown.found.map(|found| (found, "first seen")));
    events.extend(first.map(|(time, what)| (words::time(time, now), what.to_owned())));
    events
}

/// Whether an occurrence is of this endpoint's life.
fn is_about(occurrence: &Occurrence, endpoint: &Endpoint) -> bool {
    let Some(other) = occurrence.endpoint.as_deref() else { return false };
    match (other.id(), endpoint.id()) {
        (Some(other), Some(own)) => other == own,
        _ => other.key() == endpoint.key(),
    }
}

/// When something happened, and what.
fn event(occurrence: &Occurrence, now: Timestamp) -> (String, String) {
    let endpoint = occurrence.endpoint.as_deref();
    let state = endpoint.and_then(|endpoint| endpoint.state).map(table::state).unwrap_or_default();
    let remote = endpoint.and_then(|endpoint| endpoint.remote);
    let what = match occurrence.action {
        Action::State => format!("now {state}"),
        Action::Peer => match remote {
            Some(remote) => format!("exchanged with {remote}"),
            None => "exchanged".to_owned(),
        },
        Action::Closed => match occurrence.reason {
            Some(reason) if reason.phrase().starts_with("closed") => reason.phrase().to_owned(),
            Some(reason) => format!("closed: {}", reason.phrase()),
            None => "closed".to_owned(),
        },
        Action::Listening => "listens".to_owned(),
        action => action.id().to_owned(),
    };
    (words::time(occurrence.time, now), what)
}
