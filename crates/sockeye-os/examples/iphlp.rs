//! The benchmark of Windows' tables, which runs everywhere: decodes recorded tables, makes a snapshot
//! of them as the backend does, and finds what changed since another one. Prints µs, those of the
//! floor, and how many rows and changes there were.

#![allow(clippy::print_stdout, reason = "the benchmark reads it")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sockeye_core::diff::diff;
use sockeye_core::endpoint::Metrics;
use sockeye_core::snapshot::Source;
use sockeye_core::{Endpoint, Snapshot, Timestamp, Transport};
use sockeye_os::assemble::assemble;
use sockeye_os::assemble::noted::{Starts, Tags, Told, hold};
use sockeye_os::decode::Table;
use sockeye_os::decode::iphlp::{Form, Layout, Row, decode_table};
use sockeye_os::raw::{Raw, RawNamespace};

/// Rows of each table, in the order of [`Table::ALL`]: 100,000.
const ROWS: [u32; 4] = [60_000, 25_000, 10_000, 5_000];
/// One row in so many is another one in the second recording, which makes 1,000 changes: 500 closed
/// and 500 opened.
const CHANGED: u32 = 200;
/// Processes that hold them.
const PROCESSES: u32 = 1000;
/// When the first of them started, 100 ns since 1601: 2023-11-14T22:13:20.5Z.
const START: u64 = 133_444_736_005_000_000;
/// Measured so often; the middle counts.
const TIMES: usize = 15;

/// The bytes of the four tables, as GetExtendedTcpTable and GetExtendedUdpTable write them.
struct Recording([Vec<u8>; 4]);

impl Recording {
    /// Always the same for the same `round`.
    fn make(round: u32) -> Self {
        let mut places = 0..4;
        Self(Table::ALL.map(|table| {
            let place: usize = places.next().unwrap_or_default();
            record(table, ROWS.get(place).copied().unwrap_or_default(), round)
        }))
    }

    /// What the least program that reads them does: looks at each byte of a row that tells something.
    fn touch(&self) -> u64 {
        let mut sum = 0_u64;
        for (table, bytes) in Table::ALL.into_iter().zip(&self.0) {
            let layout = Layout::of(table, Form::OwnerModule);
            for row in bytes.get(layout.first..).unwrap_or_default().chunks_exact(layout.size) {
                let told = row.get(..72).unwrap_or_default();
                sum = told.iter().fold(sum, |sum, byte| sum.rotate_left(5) ^ u64::from(*byte));
            }
        }
        sum
    }
}

/// One table of so many rows.
fn record(table: Table, count: u32, round: u32) -> Vec<u8> {
    let layout = Layout::of(table, Form::OwnerModule);
    let mut bytes = vec![0; layout.first + layout.size * count as usize];
    put(&mut bytes, 0, &count.to_le_bytes());
    for number in 0..count {
        let at = layout.first + layout.size * number as usize;
        if let Some(row) = bytes.get_mut(at..at + layout.size) {
            fill(row, (table, &layout), (number, round));
        }
    }
    bytes
}

fn fill(row: &mut [u8], (table, layout): (Table, &Layout), (number, round): (u32, u32)) {
    let is_other = number % CHANGED == 0;
    let seed = if is_other { number.wrapping_add(round << 20) } else { number };
    let pid = 4 * (1 + number % PROCESSES);
    let side = |row: &mut [u8], at: usize, host: u32, port: u16| {
        let width = if table.is_ipv6 { 16 } else { 4 };
        if table.is_ipv6 {
            put(row, at, &[0x20, 0x01, 0x0d, 0xb8]);
        } else {
            put(row, at, &[10]);
        }
        put(row, at + width - 3, host.to_be_bytes().get(1..).unwrap_or_default());
        let port_at = at + width + if table.is_ipv6 { 4 } else { 0 };
        put(row, port_at, &port.to_be_bytes());
    };
    let port = (1024 + number % 60_000) as u16;
    side(row, layout.local, 7 + number / 60_000, port);
    if table.transport == Transport::Tcp {
        let state: u32 = if number % 50 == 0 { 2 } else { 5 };
        if let Some(at) = layout.state {
            put(row, at, &state.to_le_bytes());
        }
        if let Some(at) = layout.remote {
            side(row, at, seed.wrapping_mul(2_654_435_761) >> 8, 443);
        }
    }
    put(row, layout.pid, &pid.to_le_bytes());
    if let Some(at) = layout.created {
        let age = u64::from(seed) * 10_000 + 10_000_000;
        put(row, at, &(START + age).to_le_bytes());
    }
    // One process in ten runs services, four of them.
    if let (Some(at), 0) = (layout.module, pid / 4 % 10) {
        put(row, at, &(1 + number % 4).to_le_bytes());
    }
}

/// Writes `field` at a place of `row`.
fn put(row: &mut [u8], at: usize, field: &[u8]) {
    row.iter_mut().skip(at).zip(field).for_each(|(place, byte)| *place = *byte);
}

/// Names services as the backend does: each once.
#[derive(Default)]
struct Named(Tags);

impl Told for Named {
    fn service(&mut self, row: &Row) -> Option<Arc<str>> {
        let tag = row.service_tag?;
        self.0.name((row.pid, tag), || Some(format!("Service{tag}").into()))
    }

    fn metrics(&mut self, _: &Row) -> Option<Box<Metrics>> {
        None
    }
}

/// What the backend does with the tables once the system has written them.
fn snapshot(recording: &Recording, starts: &Starts, named: &mut Named) -> Snapshot {
    let mut namespace = RawNamespace::new(None, "self".to_owned());
    namespace.is_own = true;
    let mut rows: Vec<Row> = Vec::new();
    for (table, bytes) in Table::ALL.into_iter().zip(&recording.0) {
        let mut read = decode_table(table, Form::OwnerModule, bytes).rows;
        if rows.is_empty() { rows = read } else { rows.append(&mut read) }
    }
    let held: Vec<Endpoint> = hold(&rows, Some(starts), named);
    namespace.held = held;
    let mut raw = Raw::new(Timestamp::from_unix_ns(0), Source::Iphlpapi);
    raw.namespaces.push(namespace);
    assemble(raw)
}

fn middle(mut times: Vec<Duration>) -> u128 {
    times.sort_unstable();
    times.get(times.len() / 2).map_or(0, Duration::as_micros)
}

fn main() {
    let starts: Starts = (1..=PROCESSES).map(|n| (4 * n, START + u64::from(n))).collect();
    let mut named = Named::default();
    let old = snapshot(&Recording::make(0), &starts, &mut named);
    let recording = Recording::make(1);
    let (mut floors, mut whole) = (Vec::new(), Vec::new());
    let (mut rows, mut changes) = (0, 0);
    for _ in 0..TIMES {
        let begun = Instant::now();
        black_box(recording.touch());
        floors.push(begun.elapsed());
        let begun = Instant::now();
        let new = snapshot(&recording, &starts, &mut named);
        let delta = diff(&old, &new);
        whole.push(begun.elapsed());
        rows = new.endpoints.len();
        changes = delta.opened.len() + delta.closed.len() + delta.changed.len();
    }
    println!("{} {} {rows} {changes}", middle(whole), middle(floors));
}
