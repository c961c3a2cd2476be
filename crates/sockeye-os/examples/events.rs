//! Prints events as they come, for whoever works on this crate.
use std::time::{Duration, Instant};
use sockeye_core::event::EventKind;
fn main() {
    let t = Instant::now();
    let mut w = sockeye_os::Watcher::start(&sockeye_os::Wants { source: sockeye_os::SourceChoice::Ebpf, ..sockeye_os::Wants::EVERYTHING }).unwrap_or_else(|e| panic!("{e}"));
    eprintln!("started {:?} {:?}", t.elapsed(), w.coverage());
    for l in w.limits() { eprintln!("limit {l}"); }
    let end = Instant::now() + Duration::from_secs(std::env::args().nth(1).unwrap().parse().unwrap());
    let quiet = std::env::args().nth(2).is_some();
    let mut events = Vec::new(); let mut n = 0;
    while Instant::now() < end {
        w.wait(Duration::from_millis(200), &mut events).unwrap();
        n += events.len();
        for e in events.drain(..) { if quiet { if let EventKind::Lost(n) = e.kind { println!("lost {n}") } continue } match e.kind {
            EventKind::Endpoint(s) => println!("{} {:?} {} {:?} {:?} {:?} {:?} held={} {:?} cookie={:?}", e.time, s.change, s.endpoint.local, s.endpoint.remote, s.endpoint.state, s.endpoint.owners, s.endpoint.direction, s.is_held, s.endpoint.metrics.as_ref().map(|m| (m.sent_bytes, m.received_bytes, m.sent_messages, m.received_messages)), s.endpoint.socket.cookie),
            k => println!("{} {k:?}", e.time),
        } }
    }
    println!("{n} events");
}
