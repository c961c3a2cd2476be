//! Which connections are counted, and whose counts are read when: Windows counts a connection only once
//! it was told to, and tells of one at a time.

use std::net::SocketAddr;

use hashbrown::HashMap;
use sockeye_core::Timestamp;
use sockeye_core::endpoint::Metrics;

use super::refusal::{MR_MID_NOT_FOUND, NOT_FOUND};
use crate::decode::iphlp::Row;

/// So many connections are asked about in one look, at two calls of a few µs each. With more, each has
/// its turn.
pub const LIMIT: usize = 4096;

/// The system's own counting. Errors are its codes.
pub trait Stack {
    /// What was counted of the connection; `None` where it is not counted.
    fn counted(&mut self, row: &Row) -> Result<Option<Metrics>, u32>;

    /// Begins to count the connection, or ends it.
    fn count(&mut self, row: &Row, whether: Counting) -> Result<(), u32>;
}

/// Whether a connection is counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Counting {
    /// From now on.
    On,
    /// No more.
    Off,
}

/// A connection for as long as it lives.
type Sides = (SocketAddr, SocketAddr, Option<Timestamp>);

/// What is known of one.
#[derive(Debug)]
struct Known {
    row: Row,
    /// When Sockeye had it counted; `None` where it did not.
    since: Option<Timestamp>,
    /// As of when it had its turn last.
    metrics: Option<Metrics>,
    /// In which look it was asked about last, and in which it was there last.
    asked: Option<u64>,
    seen: u64,
}

/// Counts of connections, from look to look.
#[derive(Debug)]
pub struct Counters {
    known: HashMap<Sides, Known>,
    limit: usize,
    /// Number of this look, and its time.
    look: u64,
    now: Timestamp,
    /// Connections that may still be asked about in this look.
    left: usize,
    /// Looks until each had its turn.
    period: u64,
    /// Connections that were never asked about.
    waiting: u32,
    begins: bool,
    /// Why the system does not count.
    refused: Option<u32>,
}

impl Default for Counters {
    fn default() -> Self {
        Self::new(LIMIT)
    }
}

impl Counters {
    /// Asks about at most `limit` connections in one look.
    pub fn new(limit: usize) -> Self {
        Self {
            known: HashMap::new(),
            limit,
            look: 0,
            now: Timestamp::from_unix_ns(0),
            left: limit,
            period: 1,
            waiting: 0,
            begins: false,
            refused: None,
        }
    }

    /// From now on, connections that nobody has counted are counted for us.
    pub fn begin(&mut self) {
        self.begins = true;
        self.refused = None;
    }

    /// Ends the counting that Sockeye began, and begins no more.
    pub fn end(&mut self, stack: &mut impl Stack) {
        self.begins = false;
        for known in self.known.values().filter(|known| known.since.is_some()) {
            // A connection that is gone needs nothing, and a refusal has nobody to be told to.
            let _ = stack.count(&known.row, Counting::Off);
        }
        self.known.clear();
    }

    /// Begins a look.
    pub fn look(&mut self, now: Timestamp) {
        self.look += 1;
        self.now = now;
        self.left = self.limit;
        self.period = (self.known.len().div_ceil(self.limit.max(1)) as u64).max(1);
        self.waiting = 0;
    }

    /// What was counted of the connection `row`, as of when it had its turn; `None` where nothing is
    /// known.
    pub fn measure(&mut self, row: &Row, stack: &mut impl Stack) -> Option<Metrics> {
        let sides = (row.local, row.remote?, row.created);
        let known = self.known.entry(sides).or_insert_with(|| Known {
            row: row.clone(),
            since: None,
            metrics: None,
            asked: None,
            seen: 0,
        });
        known.seen = self.look;
        let is_due = known.asked.is_none_or(|asked| asked + self.period <= self.look);
        if !is_due || self.left == 0 {
            self.waiting += u32::from(known.asked.is_none());
            return known.metrics;
        }
        self.left -= 1;
        known.asked = Some(self.look);
        match stack.counted(row) {
            Ok(Some(counted)) => known.metrics = Some(Metrics { since: known.since, ..counted }),
            Ok(None) => {
                known.metrics = None;
                if self.begins && self.refused.is_none() {
                    match stack.count(row, Counting::On) {
                        Ok(()) => known.since = Some(self.now),
                        Err(code) => self.refused = Some(code).filter(|code| !is_gone(*code)),
                    }
                }
            }
            Err(code) => {
                known.metrics = None;
                self.refused = self.refused.or(Some(code).filter(|code| !is_gone(*code)));
            }
        }
        known.metrics
    }

    /// Ends a look: forgets connections that are not there any more.
    pub fn finish(&mut self) {
        let look = self.look;
        self.known.retain(|_, known| known.seen == look);
    }

    /// Connections that had no turn yet.
    pub fn waiting(&self) -> u32 {
        self.waiting
    }

    /// The code by which the system refused to count, or to tell.
    pub fn refused(&self) -> Option<u32> {
        self.refused
    }
}

/// Whether a code says only that this connection is not there any more.
fn is_gone(code: u32) -> bool {
    matches!(code, NOT_FOUND | MR_MID_NOT_FOUND)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use sockeye_core::{State, Transport};

    use super::super::refusal::ACCESS_DENIED;
    use super::*;
    use crate::decode::Table;

    /// A stack that counts by connection's remote port what it was asked.
    #[derive(Default)]
    struct Fake {
        /// Bytes received, of those that are counted.
        counted: HashMap<u16, u64>,
        gone: Vec<u16>,
        is_denied: bool,
        reads: u32,
        switches: Vec<(u16, Counting)>,
    }

    fn port(row: &Row) -> u16 {
        row.remote.unwrap().port()
    }

    impl Stack for Fake {
        fn counted(&mut self, row: &Row) -> Result<Option<Metrics>, u32> {
            self.reads += 1;
            if self.gone.contains(&port(row)) {
                return Err(NOT_FOUND);
            }
            let bytes = self.counted.get(&port(row)).copied();
            Ok(bytes.map(|bytes| Metrics { received_bytes: Some(bytes), ..Metrics::default() }))
        }

        fn count(&mut self, row: &Row, whether: Counting) -> Result<(), u32> {
            self.switches.push((port(row), whether));
            if self.is_denied {
                return Err(ACCESS_DENIED);
            }
            match whether {
                Counting::On => self.counted.insert(port(row), 0),
                Counting::Off => self.counted.remove(&port(row)),
            };
            Ok(())
        }
    }

    fn row(port: u16) -> Row {
        Row {
            table: Table { transport: Transport::Tcp, is_ipv6: false },
            state: Some(State::Established),
            local: "10.0.0.5:1".parse().unwrap(),
            remote: Some(SocketAddr::new("10.0.0.9".parse().unwrap(), port)),
            pid: 4,
            created: None,
            service_tag: None,
        }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_ns(seconds * 1_000_000_000)
    }

    /// Bytes and since when, of each port.
    fn look(
        counters: &mut Counters,
        fake: &mut Fake,
        (seconds, ports): (i64, &[u16]),
    ) -> Vec<Option<(u64, Option<Timestamp>)>> {
        counters.look(at(seconds));
        let measured = ports.iter().map(|port| {
            let metrics = counters.measure(&row(*port), fake)?;
            Some((metrics.received_bytes?, metrics.since))
        });
        let measured = measured.collect();
        counters.finish();
        measured
    }

    #[test]
    fn only_looking_switches_nothing() {
        let (mut counters, mut fake) = (Counters::default(), Fake::default());
        fake.counted.insert(2, 77);
        assert_eq!(look(&mut counters, &mut fake, (1, &[1, 2])), [None, Some((77, None))]);
        counters.end(&mut fake);
        assert_eq!(fake.switches, []);
    }

    #[test]
    fn a_watch_counts_what_nobody_counts_and_ends_what_it_began() {
        let (mut counters, mut fake) = (Counters::default(), Fake::default());
        counters.begin();
        fake.counted.insert(2, 77);
        assert_eq!(look(&mut counters, &mut fake, (1, &[1, 2, 3])), [None, Some((77, None)), None]);
        fake.counted.insert(1, 10);
        let measured = look(&mut counters, &mut fake, (2, &[1, 2]));
        assert_eq!(measured, [Some((10, Some(at(1)))), Some((77, None))]);
        counters.end(&mut fake);
        let expected = [(1, Counting::On), (3, Counting::On), (1, Counting::Off)];
        assert_eq!(fake.switches, expected);
        assert!(look(&mut counters, &mut fake, (3, &[1]))[0].is_none());
        assert_eq!(fake.switches.len(), 3);
    }

    #[test]
    fn who_is_refused_does_not_ask_again_for_each() {
        let (mut counters, mut fake) = (Counters::default(), Fake::default());
        fake.is_denied = true;
        counters.begin();
        for seconds in 1..4 {
            assert_eq!(look(&mut counters, &mut fake, (seconds, &[1, 2])), [None, None]);
        }
        assert_eq!((fake.switches.len(), counters.refused()), (1, Some(ACCESS_DENIED)));
        counters.begin();
        assert_eq!(counters.refused(), None);
    }

    #[test]
    fn what_is_gone_is_no_refusal() {
        let (mut counters, mut fake) = (Counters::default(), Fake::default());
        counters.begin();
        fake.gone.push(1);
        assert_eq!(look(&mut counters, &mut fake, (1, &[1])), [None]);
        assert_eq!((counters.refused(), fake.switches.len()), (None, 0));
        // What was measured once is not shown for ever.
        fake.gone.clear();
        fake.counted.insert(1, 5);
        assert_eq!(look(&mut counters, &mut fake, (2, &[1])), [Some((5, None))]);
        fake.gone.push(1);
        assert_eq!(look(&mut counters, &mut fake, (3, &[1])), [None]);
    }

    #[test]
    fn with_many_connections_each_has_its_turn() {
        let (mut counters, mut fake) = (Counters::new(4), Fake::default());
        let ports: Vec<u16> = (1..=10).collect();
        fake.counted = ports.iter().map(|port| (*port, 1)).collect();
        for (seconds, (known, waiting)) in (1..).zip([(4, 6), (8, 2), (10, 0), (10, 0)]) {
            fake.reads = 0;
            let measured = look(&mut counters, &mut fake, (seconds, &ports));
            assert_eq!(measured.iter().flatten().count(), known, "{seconds}");
            assert_eq!(counters.waiting(), waiting);
            assert!(fake.reads <= 4);
        }
        // From then on each is asked about in every third look.
        fake.counted.values_mut().for_each(|bytes| *bytes = 2);
        for seconds in 5..8 {
            look(&mut counters, &mut fake, (seconds, &ports));
        }
        let measured = look(&mut counters, &mut fake, (8, &ports));
        assert!(measured.iter().all(|it| *it == Some((2, None))), "{measured:?}");
    }

    #[test]
    fn a_pair_that_is_used_again_is_another_connection() {
        let (mut counters, mut fake) = (Counters::default(), Fake::default());
        counters.begin();
        let before = Row { created: Some(at(1)), ..row(1) };
        let after = Row { created: Some(at(2)), ..row(1) };
        counters.look(at(3));
        counters.measure(&before, &mut fake);
        counters.finish();
        fake.counted.clear();
        counters.look(at(4));
        assert_eq!(counters.measure(&after, &mut fake), None);
        counters.finish();
        counters.look(at(5));
        assert_eq!(counters.measure(&after, &mut fake).unwrap().since, Some(at(4)));
        assert_eq!(counters.known.len(), 1);
    }
}
