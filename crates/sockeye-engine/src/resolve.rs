//! Host names of addresses: asked for by a bounded pool, remembered as long as they hold, never
//! waited for longer than was agreed.

mod cache;
mod dns;

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use cache::{Answer, CAPACITY, Cache, Due};
use dns::Asker;

/// How many addresses are asked for at the same time.
const POOL: usize = 16;

/// How many addresses may await their turn or their answer; what comes on top is asked for later.
const OPEN: usize = 4096;

/// Host names for addresses, asked of the system's resolver or of chosen servers.
///
/// Every address is asked for once, and again when what was answered has run out: a server says how
/// long that is; the system's resolver does not, so that its names hold for ten minutes, and that
/// there is none for one. Who could not answer is asked again after five seconds, ten, twenty, and
/// so on up to five minutes: a failure never means that there is no name.
///
/// A name is what the owner of the address claims; it proves nothing, and may hold any text.
pub struct Resolver {
    asker: Arc<Asker>,
    cache: Cache,
    /// Made when the first address is asked for.
    pool: Option<Pool>,
    /// Addresses that were asked for and not answered yet.
    open: usize,
    /// See [`Self::unanswered`].
    unanswered: usize,
}

impl Default for Resolver {
    /// Asks what the system is set up to ask: hosts files, multicast DNS, DNS.
    fn default() -> Self {
        Self::of(Asker::System)
    }
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolver").field("open", &self.open).finish_non_exhaustive()
    }
}

impl Resolver {
    /// Asks `servers`, by UDP, and by TCP what does not fit; the system's resolver where there are
    /// none.
    ///
    /// # Errors
    ///
    /// When the system refuses what it takes to wait for several answers at once.
    pub fn new(servers: &[SocketAddr]) -> io::Result<Self> {
        Asker::new(servers).map(Self::of)
    }

    fn of(asker: Asker) -> Self {
        Self {
            asker: Arc::new(asker),
            cache: Cache::new(CAPACITY),
            pool: None,
            open: 0,
            unanswered: 0,
        }
    }

    /// The names of `addresses` that are known or become known within `patience`, and those that
    /// were asked for earlier and answered since.
    ///
    /// Only what is asked for just now is waited for, so that servers which do not answer hold
    /// nobody up twice; with no patience, nothing is waited for at all.
    pub fn resolve(
        &mut self,
        addresses: impl Iterator<Item = IpAddr>,
        patience: Duration,
    ) -> HashMap<IpAddr, Box<str>> {
        let deadline = Instant::now() + patience;
        let mut names = HashMap::new();
        let mut awaited = HashSet::new();
        while self.receive(Instant::now(), &mut names, &mut awaited) {}
        self.unanswered = 0;
        for address in addresses {
            let now = Instant::now();
            let (name, due) = self.cache.look(address, now);
            if let Some(name) = name {
                names.entry(address).or_insert_with(|| name.into());
            }
            if due == Due::Wait {
                continue;
            }
            if self.ask(address) {
                self.cache.ask(address, now);
                awaited.insert(address);
            } else {
                self.unanswered += 1;
            }
        }
        while !awaited.is_empty() && self.receive(deadline, &mut names, &mut awaited) {}
        self.unanswered += awaited.len();
        names
    }

    /// Of how many addresses that were asked for last nobody said whether they have a name: no
    /// answer, or none that is one.
    pub fn unanswered(&self) -> usize {
        self.unanswered
    }

    /// Hands `address` to the pool; answers whether there was room for it.
    fn ask(&mut self, address: IpAddr) -> bool {
        if self.open >= OPEN {
            return false;
        }
        let pool = self.pool.get_or_insert_with(Pool::default);
        let is_asked = pool.ask(address, &self.asker);
        self.open += usize::from(is_asked);
        is_asked
    }

    /// Takes one answer, waiting until `deadline`; answers whether there was one.
    fn receive(
        &mut self,
        deadline: Instant,
        names: &mut HashMap<IpAddr, Box<str>>,
        awaited: &mut HashSet<IpAddr>,
    ) -> bool {
        let Some(pool) = &self.pool else {
            return false;
        };
        let now = Instant::now();
        let Ok((address, answer)) =
            pool.answers.recv_timeout(deadline.saturating_duration_since(now))
        else {
            return false;
        };
        self.open = self.open.saturating_sub(1);
        let is_awaited = awaited.remove(&address);
        self.unanswered += usize::from(is_awaited && answer == Answer::Failed);
        if let Answer::Named(name, _) = &answer {
            names.insert(address, name.clone());
        }
        self.cache.learn(address, answer, Instant::now());
        true
    }
}

/// Threads that ask, each one address at a time. They end with the resolver, as soon as what they
/// wait for has come; a resolver of the system that does not answer may keep one for half a minute.
struct Pool {
    questions: Sender<IpAddr>,
    waiting: Arc<Mutex<Receiver<IpAddr>>>,
    answered: Sender<(IpAddr, Answer)>,
    answers: Receiver<(IpAddr, Answer)>,
    threads: usize,
}

impl Default for Pool {
    fn default() -> Self {
        let (questions, waiting) = mpsc::channel();
        let (answered, answers) = mpsc::channel();
        Self { questions, waiting: Arc::new(Mutex::new(waiting)), answered, answers, threads: 0 }
    }
}

impl Pool {
    /// Asks for `address`; answers whether somebody is there to do it.
    fn ask(&mut self, address: IpAddr, asker: &Arc<Asker>) -> bool {
        if self.threads < POOL && self.start(asker).is_ok() {
            self.threads += 1;
        }
        // Without a thread there is one asker less; without any, nothing is resolved.
        self.threads > 0 && self.questions.send(address).is_ok()
    }

    /// Starts one more thread.
    fn start(&self, asker: &Arc<Asker>) -> io::Result<()> {
        let (asker, waiting) = (Arc::clone(asker), Arc::clone(&self.waiting));
        let answered = self.answered.clone();
        let work = move || {
            // The lock is held while waiting for a question: whoever has it takes the next one.
            let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
            while let Ok(address) = next() {
                if answered.send((address, asker.ask(address))).is_err() {
                    return; // Nobody waits any more.
                }
            }
        };
        let name = format!("resolve-{}", self.threads);
        thread::Builder::new().name(name).spawn(work).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Enough for whoever answers.
    const LONG: Duration = Duration::from_secs(5);

    #[test]
    fn loopback_has_the_name_of_the_hosts_file() {
        let local: IpAddr = "127.0.0.1".parse().unwrap();
        let names = Resolver::default().resolve([local].into_iter(), LONG);
        assert_eq!(names.values().next().map(|name| &**name), Some("localhost"));
    }

    #[test]
    fn late_answers_come_later_and_names_stay_known() {
        let mut resolver = Resolver::default();
        let local: IpAddr = "127.0.0.1".parse().unwrap();
        let mut names = resolver.resolve([local, local].into_iter(), Duration::ZERO);
        while names.is_empty() {
            assert_eq!(resolver.open, 1);
            thread::yield_now();
            names = resolver.resolve([].into_iter(), Duration::ZERO);
        }
        assert_eq!(names.values().map(|name| &**name).collect::<Vec<_>>(), ["localhost"]);
        assert_eq!(resolver.open, 0);
        let known = resolver.resolve([local].into_iter(), Duration::ZERO);
        assert_eq!((known.len(), resolver.open), (1, 0));
        assert!(resolver.resolve([].into_iter(), Duration::ZERO).is_empty());
    }

    #[test]
    fn nothing_is_waited_for_beyond_patience() {
        // A server that answers nothing: a socket that nobody reads.
        let silent = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let mut resolver = Resolver::new(&[silent.local_addr().unwrap()]).unwrap();
        let many = || (0..=255).map(|n| IpAddr::from([203, 0, 113, n]));
        for patience in [Duration::from_millis(50), Duration::ZERO] {
            let begun = Instant::now();
            assert!(resolver.resolve(many(), patience).is_empty());
            assert!(begun.elapsed() < Duration::from_secs(1));
        }
        assert!(resolver.open > 0);
    }
}
