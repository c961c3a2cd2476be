//! How much endpoints carry over time: what graphs show.

use std::collections::{HashMap, VecDeque};

use sockeye_core::endpoint::Key;
use sockeye_core::{Endpoint, Timestamp};

/// So many points are kept: ten minutes of seconds.
const POINTS: usize = 600;

/// One point of a graph.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Point {
    /// When, in seconds since the first point.
    pub(super) seconds: f64,
    /// Bytes received in a second.
    pub(super) received: f64,
    /// Bytes sent in a second.
    pub(super) sent: f64,
    /// Round-trip time in milliseconds, where it is one connection's.
    pub(super) rtt_ms: Option<f64>,
}

/// What endpoints carried from one snapshot to the next.
#[derive(Default, Debug)]
pub(super) struct Rates {
    /// The snapshot that had been when it was looked at first.
    begun: Option<u32>,
    /// The snapshot that was looked at last, and its time.
    last: Option<(u32, Timestamp)>,
    first: Option<Timestamp>,
    /// What each had received and sent by then, where that was measured.
    readings: HashMap<Key, (Option<u64>, Option<u64>)>,
    points: VecDeque<Point>,
    /// Any of them was measured.
    is_measured: bool,
}

impl Rates {
    /// The points, oldest first.
    pub(super) fn points(&self) -> &VecDeque<Point> {
        &self.points
    }

    /// Whether anybody measures what these endpoints carry.
    pub(super) fn is_measured(&self) -> bool {
        self.is_measured
    }

    /// Takes what `endpoints` have carried by the snapshot `round` at `now`; nothing where that was
    /// taken before. An endpoint that is seen for the first time counts from now on.
    pub(super) fn sample<'a>(
        &mut self,
        (round, now): (u32, Timestamp),
        endpoints: impl Iterator<Item = &'a Endpoint>,
    ) {
        // What is known at first was counted some time ago: nobody can tell how long a time the next
        // count is of.
        let Some(begun) = self.begun else {
            self.begun = Some(round);
            self.note(endpoints);
            return;
        };
        let before = self.last;
        if begun == round || before.is_some_and(|(before, _)| before == round) {
            return;
        }
        self.last = Some((round, now));
        let (mut received, mut sent, mut count, mut rtt) = (0, 0, 0, None);
        let mut readings = HashMap::new();
        for endpoint in endpoints {
            count += 1;
            let Some(metrics) = &endpoint.metrics else { continue };
            rtt = metrics.rtt_us;
            let now = (metrics.received_bytes, metrics.sent_bytes);
            self.is_measured |= now.0.is_some() || now.1.is_some();
            let key = endpoint.key();
            let old = self.readings.get(&key).copied().unwrap_or_default();
            received += growth(old.0, now.0);
            sent += growth(old.1, now.1);
            readings.insert(key, now);
        }
        self.readings = readings;
        let Some((_, before)) = before else { return };
        let first = *self.first.get_or_insert(before);
        let Some(length) = seconds(before, now).filter(|length| *length > 0.0) else { return };
        let rtt_ms = rtt.filter(|_| count == 1).map(|us| f64::from(us) / 1000.0);
        self.push(Point {
            seconds: seconds(first, now).unwrap_or_default(),
            received: whole(received) / length,
            sent: whole(sent) / length,
            rtt_ms,
        });
    }

    /// Finds out whether anything is measured.
    fn note<'a>(&mut self, endpoints: impl Iterator<Item = &'a Endpoint>) {
        let mut measured = endpoints.filter_map(|endpoint| endpoint.metrics.as_deref());
        self.is_measured |=
            measured.any(|it| it.received_bytes.is_some() || it.sent_bytes.is_some());
    }

    fn push(&mut self, point: Point) {
        if self.points.len() >= POINTS {
            self.points.pop_front();
        }
        self.points.push_back(point);
    }
}

/// By how much a count has grown; what was not counted before counts from now on.
fn growth(before: Option<u64>, now: Option<u64>) -> u64 {
    before.zip(now).map_or(0, |(before, now)| now.saturating_sub(before))
}

/// Seconds from one instant to a later one.
fn seconds(from: Timestamp, to: Timestamp) -> Option<f64> {
    u64::try_from(to.unix_ns() - from.unix_ns()).ok().map(|ns| whole(ns) / 1e9)
}

/// A count as a graph takes it.
#[expect(clippy::cast_precision_loss, reason = "a graph has no 16 digits")]
fn whole(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;

    #[test]
    fn rates_are_what_was_carried_by_time() {
        let mut rates = Rates::default();
        let mut check = |second: i64, endpoints: &[Endpoint], expected: Option<(f64, f64)>| {
            let count = rates.points().len();
            let now = Timestamp::from_unix_ns(second * 1_000_000_000);
            rates.sample((u32::try_from(second).unwrap(), now), endpoints.iter());
            let point = rates.points().iter().skip(count).next_back();
            assert_eq!(point.map(|point| (point.received, point.sent)), expected, "{second}");
        };
        let one = |received, sent| samples::carried(1, received, sent);
        // Nobody knows when what is known at first was counted: no point from it.
        check(9, &[one(900, 50)], None);
        check(10, &[one(1_000, 50)], None);
        check(10, &[one(2_000, 50)], None);
        check(12, &[one(2_000, 60)], Some((500.0, 5.0)));
        // Another one counts from when it is seen; who is gone takes nothing back.
        check(13, &[one(2_000, 60), samples::carried(2, 9_999, 9_999)], Some((0.0, 0.0)));
        check(14, &[samples::carried(2, 10_000, 9_999)], Some((1.0, 0.0)));
        // Time that goes backwards makes no point.
        assert!(rates.is_measured());
        let last = rates.points().back().unwrap();
        assert_eq!((last.seconds, last.rtt_ms), (4.0, Some(25.0)));
        rates.sample((99, Timestamp::from_unix_ns(0)), [one(1, 1)].iter());
        assert_eq!(rates.points().len(), 3);
    }

    #[test]
    fn what_was_not_measured_before_is_no_burst() {
        let mut rates = Rates::default();
        let bare = samples::carried(1, 0, 0);
        let metrics = sockeye_core::endpoint::Metrics::default();
        let bare = Endpoint { metrics: Some(metrics.into()), ..bare };
        let seen = [bare.clone(), bare, samples::carried(1, 9_000_000, 7)];
        for (second, endpoint) in (1..).zip(&seen) {
            let now = Timestamp::from_unix_ns(i64::from(second) * 1_000_000_000);
            rates.sample((second, now), std::iter::once(endpoint));
        }
        assert!(rates.points().iter().all(|point| point.received == 0.0));
        assert_eq!(rates.points().len(), 1);
    }

    #[test]
    fn what_nobody_measures_is_not_zero() {
        let mut rates = Rates::default();
        let endpoint = Endpoint { metrics: None, ..samples::carried(1, 0, 0) };
        for second in 0..3 {
            let now = Timestamp::from_unix_ns(i64::from(second) * 1_000_000_000);
            rates.sample((second, now), std::iter::once(&endpoint));
        }
        assert!(!rates.is_measured());
    }
}
