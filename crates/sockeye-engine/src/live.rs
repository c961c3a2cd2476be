//! The loop of whoever watches: events as they come, snapshots when they are due, a tick every
//! interval.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use sockeye_core::event::{Coverage, Event, EventKind, Occurrence};
use sockeye_core::{Answers, Degradation, Session, Timestamp};
use sockeye_os::{Error, Wants, Watcher};

use crate::answers::{Answerer, Asked};

/// How long is waited for events in one go.
const SLICE: Duration = Duration::from_millis(50);

/// How long events that came during a snapshot are taken out before the snapshot is handed over.
/// Who sends them faster than that overruns the source anyway, and the source says so.
const DRAIN: Duration = Duration::from_secs(1);

/// So many events are kept while time stands still; then they are lost, and the session is told so.
const HELD: usize = 500_000;

/// How a machine is watched.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Options {
    /// Between two ticks; where only looking tells what happened, also between two looks.
    pub interval: Duration,
    /// Whether the endpoints that are there at the beginning are told of.
    pub initial: Initial,
}

/// What becomes of the endpoints that are there at the beginning.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Initial {
    /// Each is told, as [`Action::Snapshot`](sockeye_core::Action::Snapshot).
    Told,
    /// Nothing is told of them until something happens to them.
    #[default]
    Silent,
}

/// Where a session is kept: in hand, or where others look at it too.
pub trait Keep {
    /// Does something with the session.
    fn with<T>(&mut self, work: impl FnOnce(&mut Session) -> T) -> T;
}

impl Keep for Session {
    fn with<T>(&mut self, work: impl FnOnce(&mut Session) -> T) -> T {
        work(self)
    }
}

/// A machine that is being watched: its source, what is known of it, and the clock.
#[derive(Debug)]
pub struct Live<K = Session> {
    watcher: Watcher,
    session: K,
    options: Options,
    /// Of some of what is watched only snapshots tell.
    is_looking: bool,
    /// The last snapshot: when it was begun, and how long it took.
    look: (Instant, Duration),
    /// When the next interval ends.
    tick: Instant,
    events: Vec<Event>,
    answerer: Answerer,
}

impl Live {
    /// Begins to watch, and takes the first snapshot.
    ///
    /// # Errors
    ///
    /// Those of [`Watcher::start`] and [`Watcher::snapshot`].
    pub fn start(wants: &Wants, options: Options) -> Result<Self, Error> {
        Self::start_in(wants, options, |session| session)
    }

    /// What is known of the machine.
    pub fn session(&self) -> &Session {
        &self.session
    }
}

impl<K: Keep> Live<K> {
    /// The same, with the session where `keep` puts it.
    ///
    /// # Errors
    ///
    /// Those of [`Live::start`].
    pub fn start_in(
        wants: &Wants,
        options: Options,
        keep: impl FnOnce(Session) -> K,
    ) -> Result<Self, Error> {
        let watcher = Watcher::start(wants)?;
        let is_looking = is_looking_needed(wants, watcher.coverage());
        let mut session = Session::new(watcher.coverage());
        if options.initial == Initial::Told {
            session = session.reporting_initial();
        }
        let begun = Instant::now();
        let tick = begun + options.interval;
        let look = (begun, Duration::ZERO);
        let (events, answerer) = (Vec::new(), Answerer::default());
        let session = keep(session);
        let mut live = Self { watcher, session, options, is_looking, look, tick, events, answerer };
        live.watcher.set_measuring(is_looking || options.initial == Initial::Told);
        live.look()?;
        live.watcher.set_measuring(is_looking);
        Ok(live)
    }

    /// Where the session is kept.
    pub fn keep_mut(&mut self) -> &mut K {
        &mut self.session
    }

    /// Another time between two refreshes.
    pub fn set_interval(&mut self, interval: Duration) {
        self.options.interval = interval;
        self.tick = self.tick.min(Instant::now() + interval);
    }

    /// Whether snapshots bring measurements although events would tell them when it is over: for
    /// whoever shows them while it lasts.
    pub fn set_measuring(&mut self, is_measuring: bool) {
        self.watcher.set_measuring(is_measuring || self.is_looking);
    }

    /// Takes a snapshot now, whether or not one is due, and ends an interval.
    ///
    /// # Errors
    ///
    /// Those of [`Watcher::snapshot`].
    pub fn refresh(&mut self) -> Result<(), Error> {
        self.look()?;
        self.session.with(|session| session.handle_timeout(wall()));
        self.tick = Instant::now() + self.options.interval;
        Ok(())
    }

    /// Lets time stand still until `deadline`: takes events out, so that none is lost, and keeps them
    /// for later.
    ///
    /// # Errors
    ///
    /// Those of [`Watcher::wait`].
    pub fn hold(&mut self, deadline: Instant) -> Result<(), Error> {
        while Instant::now() < deadline {
            let left = deadline.saturating_duration_since(Instant::now());
            self.watcher.wait(left.min(SLICE), &mut self.events)?;
            if self.events.len() > HELD {
                let count = self.events.len() as u64;
                let lost = Event { time: wall(), kind: EventKind::Lost(count) };
                self.events = vec![lost];
            }
        }
        Ok(())
    }

    /// What happened since the last call, in order; waits for something until `deadline`, at which
    /// it returns with nothing. Snapshots and ticks that are due meanwhile are done by the way.
    ///
    /// # Errors
    ///
    /// Those of [`Watcher::wait`] and [`Watcher::snapshot`]: the source has failed.
    pub fn next(&mut self, deadline: Instant) -> Result<Vec<Occurrence>, Error> {
        loop {
            // Before time passes: processes are forgotten when nobody is to be told of them any more.
            let mut occurrences = self.session.with(Session::take_occurrences);
            self.keep_time()?;
            occurrences.append(&mut self.session.with(Session::take_occurrences));
            let now = Instant::now();
            if !occurrences.is_empty() || now >= deadline {
                return Ok(occurrences);
            }
            let next = deadline.min(self.tick).min(self.next_look());
            self.watcher.wait(next.saturating_duration_since(now).min(SLICE), &mut self.events)?;
            self.hand_over_events();
        }
    }

    /// What happened up to now since the last call: for the end, when nobody waits any longer.
    ///
    /// # Errors
    ///
    /// Those of [`Self::next`].
    pub fn finish(&mut self) -> Result<Vec<Occurrence>, Error> {
        if self.is_looking {
            self.look()?;
        } else {
            self.drain(wall())?;
        }
        // What waits for its owner, or for its port, is told with what is known.
        if self.session.with(|session| session.is_waiting()) {
            self.look()?;
            self.session.with(|session| session.handle_end(wall()));
        }
        Ok(self.session.with(Session::take_occurrences))
    }

    /// Finds things out by `answerer` from now on.
    #[must_use]
    pub fn asking(self, answerer: Answerer) -> Self {
        Self { answerer, ..self }
    }

    /// Finds out what was `asked`, waiting for at most `patience`: from then on the rows of the
    /// session's context have it. Says what could not be found out.
    pub fn answer(&mut self, asked: Asked, patience: Duration) -> Vec<Degradation> {
        let (answers, degradations) = self.answerer.answer(asked, patience);
        if !answers.is_empty() {
            self.learn(answers);
        }
        degradations
    }

    /// Takes what somebody found out: from now on the rows of the session's context have it.
    pub fn learn(&mut self, answers: Answers) {
        self.session.with(|session| session.handle_answers(answers));
    }

    /// What the source's events tell.
    pub fn coverage(&self) -> Coverage {
        self.watcher.coverage()
    }

    /// Whether of some of what is watched only snapshots tell, one every interval.
    pub fn is_looking(&self) -> bool {
        self.is_looking
    }

    /// What the source's events cannot tell, and why.
    pub fn limits(&self) -> &[Degradation] {
        self.watcher.limits()
    }

    /// Takes a snapshot and ends an interval, where it is time.
    fn keep_time(&mut self) -> Result<(), Error> {
        if Instant::now() >= self.next_look() {
            self.look()?;
        }
        let now = Instant::now();
        if now >= self.tick {
            self.session.with(|session| session.handle_timeout(wall()));
            self.tick = now + self.options.interval;
        }
        Ok(())
    }

    /// When the next snapshot is due.
    fn next_look(&mut self) -> Instant {
        let is_needed = self.session.with(|session| session.needs_snapshot());
        let urgency = Urgency::of(self.is_looking, is_needed);
        let (begun, cost) = self.look;
        begun + distance(self.options.interval, cost, urgency)
    }

    /// Takes a snapshot and hands it to the session, after every event up to its end: an endpoint
    /// that closed meanwhile must not come back with it.
    fn look(&mut self) -> Result<(), Error> {
        let begun = Instant::now();
        let snapshot = self.watcher.snapshot()?;
        let taken = wall();
        self.look = (begun, begun.elapsed());
        self.drain(taken)?;
        self.session.with(|session| session.handle_snapshot(taken, snapshot));
        Ok(())
    }

    /// Takes out what happened up to `end` and hands it to the session.
    fn drain(&mut self, end: Timestamp) -> Result<(), Error> {
        let begun = Instant::now();
        loop {
            self.watcher.wait(Duration::ZERO, &mut self.events)?;
            let is_all = self.events.last().is_none_or(|event| event.time > end);
            self.hand_over_events();
            if is_all || begun.elapsed() > DRAIN {
                return Ok(());
            }
        }
    }

    fn hand_over_events(&mut self) {
        let Self { events, session, .. } = self;
        if !events.is_empty() {
            session.with(|session| events.drain(..).for_each(|event| session.handle_event(event)));
        }
    }
}

/// Whether events that cover `coverage` leave something of `wants` out that nothing but snapshots
/// tells. UDP of which only closings are told is not: what is used is bound before, and that is told.
fn is_looking_needed(wants: &Wants, coverage: Coverage) -> bool {
    let is_udp_told = coverage.udp || coverage.udp_closings;
    (wants.tcp && !coverage.tcp) || (wants.udp && !is_udp_told && !coverage.tcp)
}

/// How urgent a snapshot is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Urgency {
    /// Events tell everything: it only proves them right.
    Proof,
    /// Events were lost, or left something open.
    Repair,
    /// Only it tells what happened.
    Only,
}

impl Urgency {
    /// How urgent it is, where only looking tells and where not.
    fn of(is_looking: bool, is_needed: bool) -> Self {
        match (is_looking, is_needed) {
            (true, _) => Self::Only,
            (false, true) => Self::Repair,
            (false, false) => Self::Proof,
        }
    }
}

/// From the beginning of a snapshot that took `cost` to that of the next: an interval, and so long
/// that looking takes at most one part in two hundred of the time as a proof, in ten as a repair, and
/// half of it where nothing else tells.
fn distance(interval: Duration, cost: Duration, urgency: Urgency) -> Duration {
    let times = match urgency {
        Urgency::Proof => 200,
        Urgency::Repair => 10,
        Urgency::Only => 2,
    };
    interval.max(cost.saturating_mul(times))
}

/// The time on the clock of this machine.
fn wall() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_unix_ns(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_events_leave_out_is_looked_at() {
        let check = |(tcp, udp), told: [bool; 3], expected| {
            let wants = Wants { tcp, udp, ..Wants::EVERYTHING };
            let [tells_tcp, tells_udp, udp_closings] = told;
            let connections = false;
            let coverage = Coverage { tcp: tells_tcp, udp: tells_udp, udp_closings, connections };
            assert_eq!(is_looking_needed(&wants, coverage), expected, "{wants:?} {coverage:?}");
        };
        check((true, true), [false, false, false], true);
        check((true, true), [false, true, true], true);
        check((true, true), [true, true, false], false);
        check((true, false), [true, true, false], false);
        check((false, true), [false, true, false], false);
        check((false, true), [false, false, true], false);
        check((false, true), [false, false, false], true);
    }

    #[test]
    fn looking_takes_no_more_of_the_time_than_it_is_worth() {
        let check = |is_looking, is_needed, (interval, cost), expected| {
            let [interval, cost, expected] = [interval, cost, expected].map(Duration::from_millis);
            let urgency = Urgency::of(is_looking, is_needed);
            assert_eq!(distance(interval, cost, urgency), expected, "{urgency:?} {cost:?}");
        };
        check(true, false, (1000, 5), 1000);
        check(true, true, (1000, 500), 1000);
        check(true, false, (1000, 700), 1400);
        check(false, false, (1000, 5), 1000);
        check(false, false, (1000, 11), 2200);
        check(false, false, (1000, 140), 28_000);
        check(false, true, (1000, 5), 1000);
        check(false, true, (1000, 140), 1400);
        assert_eq!(distance(Duration::ZERO, Duration::MAX, Urgency::Proof), Duration::MAX);
    }
}
