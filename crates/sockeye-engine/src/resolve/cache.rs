//! What is known of host names, until when, and when to ask again. Pure: the clock is an argument.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// Addresses that are remembered at most; beyond, those whose time is over first are forgotten.
pub(super) const CAPACITY: usize = 65_536;

/// No answer is asked for again before this, however short its server says that it holds.
const SHORTEST: Duration = Duration::from_secs(1);
/// A name is asked for again after this, however long its server says that it holds: addresses
/// change hands.
const LONGEST: Duration = Duration::from_secs(24 * 3600);
/// That there is no name is asked again after this; RFC 2308 §5 finds one to three hours to be
/// what works.
const LONGEST_NEGATIVE: Duration = Duration::from_secs(3 * 3600);

/// How long to wait after the first failure; twice as long after each further one.
const FIRST_BACK_OFF: Duration = Duration::from_secs(5);
/// How long to wait at most.
const LAST_BACK_OFF: Duration = Duration::from_secs(300);

/// After this, whoever was asked will not answer any more: longer than any resolver takes.
const LOST: Duration = Duration::from_secs(120);

/// What came of asking for the name of an address.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Answer {
    /// It has this name, for so long.
    Named(Box<str>, Duration),
    /// It has none, for so long.
    Nameless(Duration),
    /// It has none now; for how long, nobody says.
    NamelessNow,
    /// Nobody could say: a time-out, SERVFAIL, a refusal. That is no knowledge.
    Failed,
}

/// What there is to do about an address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Due {
    /// Ask for its name.
    Ask,
    /// Nothing, for now.
    Wait,
}

/// Names of addresses.
#[derive(Debug)]
pub(super) struct Cache {
    entries: HashMap<IpAddr, Entry>,
    capacity: usize,
}

/// What is known of one address.
#[derive(Debug)]
struct Entry {
    /// The name that was told last.
    name: Option<Box<str>>,
    /// Failures since the last answer.
    failures: u32,
    /// When to ask again.
    until: Instant,
}

impl Cache {
    /// An empty cache of so many addresses at most.
    pub(super) fn new(capacity: usize) -> Self {
        Self { entries: HashMap::new(), capacity }
    }

    /// The name of `address`, and whether to ask for it. A name whose time is over is a name until
    /// something else is known: who looks every second is to see no flicker.
    pub(super) fn look(&self, address: IpAddr, now: Instant) -> (Option<&str>, Due) {
        match self.entries.get(&address) {
            Some(entry) if now < entry.until => (entry.name.as_deref(), Due::Wait),
            Some(entry) => (entry.name.as_deref(), Due::Ask),
            None => (None, Due::Ask),
        }
    }

    /// Notes that `address` is being asked for.
    pub(super) fn ask(&mut self, address: IpAddr, now: Instant) {
        self.entry(address, now).until = now + LOST;
    }

    /// Takes the answer for `address`.
    pub(super) fn learn(&mut self, address: IpAddr, answer: Answer, now: Instant) {
        let entry = self.entry(address, now);
        let (name, time) = match answer {
            Answer::Named(name, time) => (Some(name), time.clamp(SHORTEST, LONGEST)),
            Answer::Nameless(time) => (None, time.clamp(SHORTEST, LONGEST_NEGATIVE)),
            Answer::NamelessNow | Answer::Failed => {
                let doubled = FIRST_BACK_OFF.saturating_mul(1 << entry.failures.min(16));
                entry.failures = entry.failures.saturating_add(1);
                entry.until = now + doubled.min(LAST_BACK_OFF);
                return;
            }
        };
        *entry = Entry { name, failures: 0, until: now + time };
    }

    /// The entry of `address`, made where there is none.
    fn entry(&mut self, address: IpAddr, now: Instant) -> &mut Entry {
        if self.entries.len() >= self.capacity && !self.entries.contains_key(&address) {
            self.make_room(now);
        }
        self.entries.entry(address).or_insert(Entry { name: None, failures: 0, until: now })
    }

    /// Forgets what is over; where that is too little, the half whose time is over first.
    fn make_room(&mut self, now: Instant) {
        self.entries.retain(|_, entry| now < entry.until);
        if self.entries.len() < self.capacity {
            return;
        }
        let mut times: Vec<Instant> = self.entries.values().map(|entry| entry.until).collect();
        let half = times.len() / 2;
        let (_, middle, _) = times.select_nth_unstable(half);
        let middle = *middle;
        self.entries.retain(|_, entry| middle < entry.until);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Answer::{Failed, Named, Nameless};

    const IP: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

    fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    fn named(name: &str, time: u64) -> Answer {
        Named(name.into(), seconds(time))
    }

    #[test]
    fn answers_hold_as_long_as_they_say_and_failures_are_no_knowledge() {
        // Each script: at so many seconds an answer comes; at so many, this is known.
        let check = |answers: &[(u64, Answer)], looks: &[(u64, Option<&str>, Due)]| {
            let (start, mut cache) = (Instant::now(), Cache::new(8));
            let mut answers = answers.iter().peekable();
            for (time, name, due) in looks {
                while let Some((at, answer)) = answers.next_if(|(at, _)| at <= time) {
                    cache.ask(IP, start + seconds(*at));
                    cache.learn(IP, answer.clone(), start + seconds(*at));
                }
                let found = cache.look(IP, start + seconds(*time));
                assert_eq!(found, (*name, *due), "after {time} s");
            }
        };
        use Due::{Ask, Wait};
        check(&[], &[(0, None, Ask)]);
        check(
            &[(0, named("a", 600))],
            &[(0, Some("a"), Wait), (599, Some("a"), Wait), (600, Some("a"), Ask)],
        );
        check(&[(0, Nameless(seconds(60)))], &[(59, None, Wait), (60, None, Ask)]);
        // Shorter than a second and longer than a day is nothing that is believed.
        check(&[(0, named("a", 0))], &[(0, Some("a"), Wait), (1, Some("a"), Ask)]);
        check(&[(0, named("a", 1 << 31))], &[(86_399, Some("a"), Wait), (86_400, Some("a"), Ask)]);
        check(&[(0, Nameless(seconds(1 << 31)))], &[(10_799, None, Wait), (10_800, None, Ask)]);
        // A failure takes no name away, and is tried again later and later.
        let failing = [(0, named("a", 10)), (10, Failed), (15, Failed), (25, Failed)];
        let looks = [(14, Some("a"), Wait), (15, Some("a"), Wait), (24, Some("a"), Wait)];
        check(&failing, &[&looks[..], &[(44, Some("a"), Wait), (45, Some("a"), Ask)]].concat());
        check(&[(0, Failed)], &[(0, None, Wait), (4, None, Wait), (5, None, Ask)]);
        let often: Vec<_> = (0..40).map(|n| (n, Failed)).collect();
        check(&often, &[(338, None, Wait), (339, None, Ask)]);
        // An answer ends the row of failures, and a name can go.
        let mended = [(0, Failed), (5, Failed), (15, named("b", 10)), (25, Nameless(seconds(5)))];
        check(&mended, &[(24, Some("b"), Wait), (29, None, Wait), (30, None, Ask)]);
        check(
            &[(0, Failed), (5, named("b", 10)), (15, Failed)],
            &[(19, Some("b"), Wait), (20, Some("b"), Ask)],
        );
    }

    #[test]
    fn who_was_asked_and_never_answers_is_asked_again() {
        let (start, mut cache) = (Instant::now(), Cache::new(8));
        cache.ask(IP, start);
        assert_eq!(cache.look(IP, start), (None, Due::Wait));
        assert_eq!(cache.look(IP, start + LOST), (None, Due::Ask));
    }

    #[test]
    fn it_never_holds_more_than_its_size_and_forgets_the_oldest() {
        let (start, mut cache) = (Instant::now(), Cache::new(4));
        let ip = |n: u8| IpAddr::from([192, 0, 2, n]);
        for n in 0..200_u8 {
            cache.ask(ip(n), start);
            cache.learn(ip(n), named("x", u64::from(n) + 10), start);
            assert!(cache.entries.len() <= 4);
            assert_eq!(cache.look(ip(n), start), (Some("x"), Due::Wait));
        }
        assert_eq!(cache.look(ip(0), start), (None, Due::Ask));
        // What is over goes first.
        let late = start + seconds(100_000);
        for n in 1..=4 {
            cache.learn(ip(n), named("y", 10), late);
        }
        assert!((1..=4).all(|n| cache.look(ip(n), late) == (Some("y"), Due::Wait)));
        // What all ends at once is forgotten at once rather than kept beyond the size.
        (3..9).for_each(|n| cache.ask(ip(n), late));
        assert!(cache.entries.len() <= 4);
    }
}
