//! One line for each thing that happened: for people, as CSV, or as JSON.

use jiff::tz::TimeZone;
use sockeye_core::degradation::number_of;
use sockeye_core::endpoint::Direction;
use sockeye_core::{Action, Column, Endpoint, NamespaceId, Occurrence, Ownerless, Row, Timestamp};

use super::cell::{Cells, put_number};
use super::json::{Step, Writer, plan};
use super::palette::{Palette, paint};
use super::{Ports, csv, escape};

/// How what happened is printed.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum EventFormat {
    /// A line for people.
    #[default]
    Text,
    /// Comma-separated values with a header of field names.
    Csv,
    /// One nested object a line.
    Jsonl,
}

/// Which columns a line of text holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Extent {
    /// What people usually want to know, and the columns behind it, each with its heading.
    Usual,
    /// The columns and nothing else.
    Columns,
}

/// How lines of text look.
#[derive(Clone, Debug)]
pub struct Look {
    /// Colours.
    pub palette: Palette,
    /// Of the times of day.
    pub zone: TimeZone,
    /// How ports are written.
    pub ports: Ports,
}

/// Prints what happened, in one format.
pub struct EventPrinter {
    format: EventFormat,
    columns: Vec<&'static Column>,
    extent: Extent,
    look: Look,
    plan: Vec<Step>,
}

impl EventPrinter {
    /// A printer of `columns`, to people in lines that look like `look`.
    pub fn new(
        format: EventFormat,
        (columns, extent): (Vec<&'static Column>, Extent),
        look: Look,
    ) -> Self {
        let plan = plan(&columns);
        Self { format, columns, extent, look, plan }
    }

    /// What stands above all lines.
    pub fn header(&self) -> String {
        match self.format {
            EventFormat::Csv => csv::header(&self.columns),
            EventFormat::Text | EventFormat::Jsonl => String::new(),
        }
    }

    /// The lines of `rows`, each of which comes from an occurrence.
    pub fn render(&self, rows: &[Row<'_>]) -> Vec<u8> {
        let mut buf = Vec::new();
        let mut cells = Cells::new(self.look.ports);
        for row in rows {
            match self.format {
                EventFormat::Text => self.put_text(&mut buf, &mut cells, row),
                EventFormat::Csv => {
                    let values = self.columns.iter().map(|column| column.value(row));
                    csv::put_record(&mut buf, &mut cells, values);
                }
                EventFormat::Jsonl => {
                    Writer::new(&self.plan).put_object(&mut buf, row);
                    buf.push(b'\n');
                }
            }
        }
        buf
    }

    /// Appends one line for people.
    fn put_text(&self, buf: &mut Vec<u8>, cells: &mut Cells, row: &Row<'_>) {
        match row.occurrence {
            Some(occurrence) if row.is_without_endpoint() => self.put_lost(buf, occurrence),
            Some(occurrence) if self.extent == Extent::Usual => {
                self.put_lead(buf, occurrence);
                put_sides(buf, cells, row, occurrence);
                put_owner(buf, row);
                self.put_facts(buf, cells, row);
            }
            _ => self.put_cells(buf, cells, row),
        }
        buf.push(b'\n');
    }

    /// Appends the chosen columns, a dash for each that has no value.
    fn put_cells(&self, buf: &mut Vec<u8>, cells: &mut Cells, row: &Row<'_>) {
        for (index, column) in self.columns.iter().enumerate() {
            buf.extend_from_slice(if index > 0 { b"  " } else { b"" });
            let start = buf.len();
            cells.put_for_people(buf, column, row);
            if buf.len() == start {
                buf.push(b'-');
            }
        }
    }

    /// Appends when it happened, and what: `05:12:31.204  opened   `.
    fn put_lead(&self, buf: &mut Vec<u8>, occurrence: &Occurrence) {
        let time = time_of_day(occurrence.time, &self.look.zone);
        paint(buf, self.look.palette.secondary(), time.as_bytes());
        buf.extend_from_slice(b"  ");
        let action = occurrence.action.id();
        paint(buf, self.look.palette.occurrence(occurrence), action.as_bytes());
        // As wide as the longest, listening, so that what follows stands in line.
        buf.resize(buf.len() + 11_usize.saturating_sub(action.len()), b' ');
    }

    /// Appends that events were lost.
    fn put_lost(&self, buf: &mut Vec<u8>, occurrence: &Occurrence) {
        self.put_lead(buf, occurrence);
        let count = usize::try_from(occurrence.lost.unwrap_or_default()).unwrap_or(usize::MAX);
        let events = number_of(count, "event", "events");
        buf.extend(format!("{events} lost; the picture was renewed").bytes());
    }

    /// Appends what else there is to say, commas between.
    fn put_facts(&self, buf: &mut Vec<u8>, cells: &mut Cells, row: &Row<'_>) {
        let mut lead: &[u8] = b"  ";
        for fact in facts(row) {
            buf.extend_from_slice(lead);
            buf.extend(fact.bytes());
            lead = b", ";
        }
        for column in &self.columns {
            let value = column.value(row);
            if !value.is_absent() {
                buf.extend_from_slice(lead);
                buf.extend(format!("{} ", column.header.to_lowercase()).bytes());
                cells.put(buf, &value);
                lead = b", ";
            }
        }
    }
}

/// Appends transport, local side and remote: an arrow shows who began.
fn put_sides(buf: &mut Vec<u8>, cells: &mut Cells, row: &Row<'_>, occurrence: &Occurrence) {
    let mut put = |buf: &mut Vec<u8>, name: &str| {
        if let Some(column) = Column::find(name) {
            cells.put_for_people(buf, column, row);
        }
    };
    buf.extend_from_slice(row.endpoint.transport.id().as_bytes());
    buf.extend_from_slice(b"  ");
    put(buf, "local");
    if row.endpoint.remote.is_some() {
        buf.extend_from_slice(arrow(row.endpoint, occurrence.action).as_bytes());
        put(buf, "remote");
    }
}

/// What stands between local side and remote.
fn arrow(endpoint: &Endpoint, action: Action) -> &'static str {
    match (action, endpoint.direction) {
        (Action::Accepted, _) | (_, Direction::Ingress) => " ← ",
        (Action::Opened, _) | (_, Direction::Egress) => " → ",
        (_, Direction::Listen | Direction::Unknown) => " – ",
    }
}

/// Appends who holds it: `curl[4711] alice`; else why nobody is known to.
fn put_owner(buf: &mut Vec<u8>, row: &Row<'_>) {
    buf.extend_from_slice(b"  ");
    match (row.owner, row.endpoint.owners.reason()) {
        (Some(owner), _) => {
            escape::text(buf, row.process.map_or("", |process| &process.name));
            buf.extend(format!("[{}]", owner.process.pid).bytes());
        }
        (None, Some(Ownerless::NotObserved) | None) => buf.extend_from_slice(b"owner not seen"),
        (None, Some(reason)) => buf.extend(format!("no owner ({})", reason.phrase()).bytes()),
    }
    let Some(id) = row.user_id() else {
        return;
    };
    buf.push(b' ');
    match row.snapshot.user_name(id) {
        Some(name) => escape::text(buf, name),
        None => {
            buf.extend_from_slice(b"uid ");
            put_number(buf, id.into());
        }
    }
}

/// What is special about this action, and the namespace if it is not ours.
fn facts(row: &Row<'_>) -> Vec<String> {
    let mut facts = match row.occurrence {
        Some(occurrence) if occurrence.action == Action::Closed => life(row.endpoint, occurrence),
        Some(occurrence) if matches!(occurrence.action, Action::State | Action::Snapshot) => {
            row.endpoint.state.iter().map(|state| state.label().to_owned()).collect()
        }
        _ => Vec::new(),
    };
    facts.extend(namespace(row));
    facts
}

/// The network namespace, if it is not ours: one that nobody has looked into goes by its number.
fn namespace(row: &Row<'_>) -> Option<String> {
    if let Some(label) = row.foreign_namespace() {
        return Some(format!("netns {}", escape::escaped(label)));
    }
    let unknown = row.endpoint.namespace.filter(|_| row.namespace().is_none());
    unknown.and_then(NamespaceId::inode).map(|inode| format!("netns {inode}"))
}

/// Why it ended, how long it lived, and what it carried.
fn life(endpoint: &Endpoint, occurrence: &Occurrence) -> Vec<String> {
    let reason = occurrence.reason.map(|reason| reason.phrase().to_owned());
    let lived = occurrence.duration_ns().map(duration);
    // Of what carried nothing, listeners above all, a zero says nothing.
    let metrics = endpoint.metrics.as_deref();
    let metrics = metrics.filter(|m| (m.sent_bytes, m.received_bytes) != (Some(0), Some(0)));
    let sent = metrics.and_then(|metrics| metrics.sent_bytes);
    let received = metrics.and_then(|metrics| metrics.received_bytes);
    let sent = sent.map(|count| format!("{} sent", bytes(count)));
    let received = received.map(|count| format!("{} received", bytes(count)));
    [reason, lived, sent, received].into_iter().flatten().collect()
}

/// Nanoseconds in the two largest units that matter: `412 µs`, `1.2 s`, `5 min 3 s`.
fn duration(ns: u64) -> String {
    let (us, s) = (ns / 1000, ns / 1_000_000_000);
    match s {
        0 if us < 1000 => format!("{us} µs"),
        0 => format!("{} ms", us / 1000),
        1..60 => format!("{s}.{} s", us / 100_000 % 10),
        60..3600 => format!("{} min {} s", s / 60, s % 60),
        3600..86_400 => format!("{} h {} min", s / 3600, s / 60 % 60),
        _ => format!("{} d {} h", s / 86_400, s / 3600 % 24),
    }
}

/// A number of bytes with two digits or more: `512 B`, `9.8 kB`, `120 MB`.
fn bytes(count: u64) -> String {
    let units =
        [("kB", 1000_u64), ("MB", 1_000_000), ("GB", 1_000_000_000), ("TB", 1_000_000_000_000)];
    match units.iter().rev().find(|(_, size)| count >= *size) {
        None => format!("{count} B"),
        Some((unit, size)) if count / size < 10 => {
            format!("{}.{} {unit}", count / size, count / (size / 10) % 10)
        }
        Some((unit, size)) => format!("{} {unit}", count / size),
    }
}

/// The time of day in `zone`, to the millisecond.
fn time_of_day(time: Timestamp, zone: &TimeZone) -> String {
    let instant = jiff::Timestamp::from_nanosecond(time.unix_ns().into()).unwrap_or_default();
    let time = zone.to_datetime(instant).time();
    let (hour, minute, second) = (time.hour(), time.minute(), time.second());
    format!("{hour:02}:{minute:02}:{second:02}.{:03}", time.millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_in_the_units_that_matter() {
        let check = |ns, expected: &str| assert_eq!(duration(ns), expected);
        check(0, "0 µs");
        check(412_999, "412 µs");
        check(1_000_000, "1 ms");
        check(999_999_999, "999 ms");
        check(1_250_000_000, "1.2 s");
        check(59_999_999_999, "59.9 s");
        check(303_000_000_000, "5 min 3 s");
        check(8_070_000_000_000, "2 h 14 min");
        check(273_600_000_000_000, "3 d 4 h");
        check(u64::MAX, "213503 d 23 h");
    }

    #[test]
    fn bytes_with_two_digits_or_more() {
        let check = |count, expected: &str| assert_eq!(bytes(count), expected);
        check(0, "0 B");
        check(999, "999 B");
        check(1000, "1.0 kB");
        check(9_876, "9.8 kB");
        check(98_765, "98 kB");
        check(1_234_567, "1.2 MB");
        check(u64::MAX, "18446744 TB");
    }
}
