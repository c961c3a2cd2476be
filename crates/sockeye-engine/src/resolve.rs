//! Host names of addresses: asked of the system's resolver by a bounded pool, never waited for
//! longer than was agreed.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How many addresses are asked for at the same time.
const POOL: usize = 16;

/// The names of `addresses` that the system's resolver knows within `patience`.
///
/// It asks what the system is set up to ask: hosts files, multicast DNS, DNS. An address that has
/// no name, or whose answer came late, is absent. A name is what the owner of the address claims;
/// it proves nothing, and may hold any text.
pub fn resolve(addresses: Vec<IpAddr>, patience: Duration) -> HashMap<IpAddr, Box<str>> {
    let deadline = Instant::now() + patience;
    let mut left = addresses.len();
    let mut names = HashMap::new();
    receive(&ask(addresses), &mut left, deadline, &mut names);
    names
}

/// How many lists of addresses may await their answers; what comes on top stays without names.
const OPEN: usize = 4;

/// After so many addresses their names are forgotten, and asked for anew.
const MOST: usize = 65_536;

/// Names for addresses that come bit by bit: each is asked for once, and whoever asks is not kept
/// waiting by servers that do not answer. Late answers come with the next ones.
#[derive(Default, Debug)]
pub struct Resolver {
    asked: HashSet<IpAddr>,
    /// The answers that are still awaited, list by list, and how many.
    open: Vec<(mpsc::Receiver<Answer>, usize)>,
}

impl Resolver {
    /// The names that became known since the last call, those of `addresses` among them where they
    /// are answered within `patience`.
    pub fn resolve(
        &mut self,
        addresses: impl Iterator<Item = IpAddr>,
        patience: Duration,
    ) -> HashMap<IpAddr, Box<str>> {
        let deadline = Instant::now() + patience;
        if self.asked.len() > MOST {
            self.asked.clear();
        }
        let mut fresh = Vec::new();
        if self.open.len() < OPEN {
            fresh.extend(addresses.filter(|address| self.asked.insert(*address)));
        }
        let is_waiting = !fresh.is_empty();
        if is_waiting {
            let count = fresh.len();
            self.open.push((ask(fresh), count));
        }
        let mut names = HashMap::new();
        let last = self.open.len().saturating_sub(1);
        for (index, (answers, left)) in self.open.iter_mut().enumerate() {
            // Only the answers that were asked for just now are worth waiting for.
            let deadline = if is_waiting && index == last { deadline } else { Instant::now() };
            receive(answers, left, deadline, &mut names);
        }
        self.open.retain(|(_, left)| *left > 0);
        names
    }
}

/// An address and its name, if it has one.
type Answer = (IpAddr, Option<String>);

/// Takes answers until none is `left` or the time is over.
fn receive(
    answers: &mpsc::Receiver<Answer>,
    left: &mut usize,
    deadline: Instant,
    names: &mut HashMap<IpAddr, Box<str>>,
) {
    while *left > 0 {
        match answers.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok((address, name)) => {
                *left -= 1;
                names.extend(name.map(|name| (address, name.into())));
            }
            Err(RecvTimeoutError::Timeout) => return,
            Err(RecvTimeoutError::Disconnected) => *left = 0,
        }
    }
}

/// Starts the pool; its threads outlive a deadline that a resolver does not keep, and end with
/// their list or with the program.
fn ask(addresses: Vec<IpAddr>) -> mpsc::Receiver<Answer> {
    let (sender, answers) = mpsc::sync_channel(addresses.len().max(1));
    let threads = addresses.len().min(POOL);
    let open = Arc::new(Mutex::new(addresses));
    for number in 0..threads {
        let (open, sender) = (Arc::clone(&open), sender.clone());
        let work = move || {
            let next = || open.lock().unwrap_or_else(PoisonError::into_inner).pop();
            while let Some(address) = next() {
                let name = dns_lookup::lookup_addr(&address).ok();
                if sender.send((address, name)).is_err() {
                    return; // Nobody waits any more.
                }
            }
        };
        // Without a thread there is one asker less; without any, nothing is resolved.
        let _ = thread::Builder::new().name(format!("resolve-{number}")).spawn(work);
    }
    answers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_has_the_name_of_the_hosts_file() {
        let names = resolve(vec!["127.0.0.1".parse().unwrap()], Duration::from_secs(5));
        assert_eq!(names.values().next().map(|name| &**name), Some("localhost"));
    }

    #[test]
    fn each_address_is_asked_for_once_and_late_answers_come_later() {
        let mut resolver = Resolver::default();
        let local: IpAddr = "127.0.0.1".parse().unwrap();
        let mut names = resolver.resolve([local, local].into_iter(), Duration::ZERO);
        while names.is_empty() {
            assert!(resolver.asked.contains(&local) && !resolver.open.is_empty());
            thread::yield_now();
            names = resolver.resolve([local].into_iter(), Duration::from_millis(10));
        }
        assert_eq!(names.values().map(|name| &**name).collect::<Vec<_>>(), ["localhost"]);
        assert!(resolver.open.is_empty());
        assert!(resolver.resolve([local].into_iter(), Duration::from_secs(5)).is_empty());
    }

    #[test]
    fn nothing_is_waited_for_beyond_patience() {
        // TEST-NET-3 (RFC 5737) has no names; whether or not a server answers, we return in time.
        let many = (0..=255).map(|n| IpAddr::from([203, 0, 113, n])).collect();
        let begun = Instant::now();
        resolve(many, Duration::from_millis(50));
        assert!(begun.elapsed() < Duration::from_secs(1));
    }
}
