//! How many bytes all endpoints together sent and received between two looks at a session.

use alloc::vec::Vec;

use crate::session::Session;

/// Payload bytes.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Volume {
    /// Sent.
    pub sent: u64,
    /// Received.
    pub received: u64,
}

/// Adds up what was carried since it last looked.
///
/// A connection whose beginning was seen counts from its first byte, every other one from the first
/// look; what closed counts as long as the session shows it, so look at least once every three
/// refreshes. Endpoints that nobody measured count nothing.
#[derive(Default, Debug)]
pub struct Meter {
    /// By place in the session: which socket it was, and what it had carried.
    readings: Vec<Option<(u64, Volume)>>,
    has_looked: bool,
}

impl Meter {
    /// What was carried since the last call; nothing at the first.
    ///
    /// Takes time in proportion to the endpoints that there are.
    pub fn measure(&mut self, session: &Session) -> Volume {
        let mut sum = Volume::default();
        for slot in session.slots() {
            let Some(live) = session.live(slot) else { continue };
            let Some(metrics) = live.endpoint.metrics.as_deref() else { continue };
            let Some(cookie) = live.endpoint.id() else { continue };
            let now = Volume {
                sent: metrics.sent_bytes.unwrap_or_default(),
                received: metrics.received_bytes.unwrap_or_default(),
            };
            let index = slot as usize;
            if self.readings.len() <= index {
                self.readings.resize(index + 1, None);
            }
            let Some(place) = self.readings.get_mut(index) else { continue };
            let before = place.replace((cookie, now)).filter(|(other, _)| *other == cookie);
            let is_counted_whole = self.has_looked && live.start.is_some();
            let before = before.map(|(_, volume)| volume);
            let Some(before) = before.or(is_counted_whole.then(Volume::default)) else { continue };
            sum.sent += now.sent.saturating_sub(before.sent);
            sum.received += now.received.saturating_sub(before.received);
        }
        self.has_looked = true;
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::{Endpoint, Metrics, Socket};
    use crate::event::Coverage;
    use crate::{State, Timestamp, testing};
    use alloc::boxed::Box;
    use alloc::vec;

    /// A connection that has carried so much.
    fn carried(cookie: u64, sent: u64, received: u64) -> Endpoint {
        let metrics = Metrics {
            sent_bytes: Some(sent),
            received_bytes: Some(received),
            ..Metrics::default()
        };
        Endpoint {
            socket: Socket { cookie: Some(cookie), inode: Some(cookie), ..Socket::default() },
            metrics: Some(Box::new(metrics)),
            ..testing::tcp(State::Established, "10.0.0.5:1", "10.0.0.9:443")
        }
    }

    #[test]
    fn what_was_carried_before_the_first_look_does_not_count() {
        let mut session = Session::new(Coverage::default());
        let mut meter = Meter::default();
        let mut check = |seconds: i64, endpoints: Vec<Endpoint>, expected: (u64, u64)| {
            let time = Timestamp::from_unix_ns(seconds * 1_000_000_000);
            session.handle_snapshot(time, testing::snapshot(seconds, endpoints, Vec::new()));
            session.handle_timeout(time);
            let Volume { sent, received } = meter.measure(&session);
            assert_eq!((sent, received), expected, "at {seconds}");
        };
        check(1, vec![carried(7, 1000, 5000)], (0, 0));
        check(2, vec![carried(7, 1010, 5000)], (10, 0));
        check(3, vec![carried(7, 1010, 5500), carried(8, 99, 1)], (0, 500));
        check(4, vec![carried(7, 1010, 5500), carried(8, 100, 3)], (1, 2));
        check(5, vec![], (0, 0));
    }
}
