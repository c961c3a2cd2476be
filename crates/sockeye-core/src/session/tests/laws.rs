//! What holds for every course of events: a small world tells them, and tells them truly.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::SocketAddr;

use proptest::prelude::*;

use super::script::{EVENTS, POLLING, described, endpoint, snapshot};
use crate::endpoint::{Endpoint, Ownerless, Owners, Transport};
use crate::event::{Action, Change, Coverage, Event, EventKind, Occurrence, Reason, Sighting};
use crate::session::{Phase, Session};
use crate::state::State;
use crate::time::Timestamp;

/// Sockets that open, change and close, and a session that is told of it.
struct World {
    session: Session,
    now: i64,
    /// Every socket that ever was, with what it was like since when; nothing since it closed.
    history: BTreeMap<u64, Vec<(i64, Option<Endpoint>)>>,
    /// When the snapshot began that is being taken.
    began: Option<i64>,
    /// How many refreshes there were since then.
    refreshes: u32,
    is_polling: bool,
    /// The next event is lost.
    is_losing: bool,
    told: Vec<Occurrence>,
}

impl World {
    fn new(coverage: Coverage) -> Self {
        Self {
            session: Session::new(coverage),
            now: 0,
            history: BTreeMap::new(),
            began: None,
            refreshes: 0,
            is_polling: coverage == POLLING,
            is_losing: false,
            told: Vec::new(),
        }
    }

    /// Something happens; `which` chooses to whom.
    fn step(&mut self, (what, which): (u8, u8)) {
        self.now += 1;
        match what {
            0 => self.open(
                "syn_sent 10.0.0.5:PORT 10.0.0.9:443 by=2",
                Change::State(Some(State::Closed)),
            ),
            1 => self.open(
                "established 10.0.0.5:443 10.0.0.9:PORT in",
                Change::State(Some(State::SynReceived)),
            ),
            2 => self.open("listen 0.0.0.0:PORT by=3", Change::State(Some(State::Closed))),
            3 => self.open("udp 0.0.0.0:PORT by=4", Change::Bound),
            4 => self.open("udp 10.0.0.5:PORT 10.0.0.9:53 by=4", Change::Used),
            5..=8 => self.progress(which),
            9..=11 => self.close(which),
            12 => self.refresh(),
            13 if self.began.is_none() => (self.began, self.refreshes) = (Some(self.now), 0),
            13 => {}
            14 => self.end_snapshot(which),
            _ => self.is_losing = which < 32,
        }
        self.told.extend(self.session.take_occurrences());
    }

    /// A refresh; not more than two fall into a snapshot.
    fn refresh(&mut self) {
        self.refreshes += 1;
        if self.began.is_none() || self.refreshes <= 2 {
            self.session.handle_timeout(at(self.now));
        }
    }

    fn open(&mut self, text: &str, change: Change) {
        let cookie = self.history.len() as u64 + 1;
        let mut new = endpoint(&text.replace("PORT", &format!("{}", cookie + 1000)));
        new.socket.cookie = Some(cookie);
        if new.owners.as_slice().is_empty() {
            new.owners = Owners::None(Ownerless::Unaccepted);
        }
        self.history.insert(cookie, [(self.now, Some(new.clone()))].into());
        if new.state == Some(State::SynSent) {
            new.local = "0.0.0.0:0".parse().unwrap();
        }
        self.tell(change, new, false);
    }

    /// The next thing in the life of one of the sockets.
    fn progress(&mut self, which: u8) {
        let Some(mut socket) = self.choose(which) else { return };
        let from = socket.state;
        let is_unaccepted = socket.owners.as_slice().is_empty();
        let (change, to) = match from {
            Some(State::Established) if is_unaccepted => {
                socket.owners = endpoint("by=5").owners;
                (Change::Used, from)
            }
            Some(State::SynSent) => (Change::State(from), Some(State::Established)),
            Some(State::Established) => (Change::State(from), Some(State::CloseWait)),
            Some(State::CloseWait) => (Change::State(from), Some(State::LastAck)),
            None if socket.remote.is_some() => {
                let remote = socket.remote.unwrap();
                socket.remote = Some((remote.ip(), remote.port() + 1).into());
                (Change::Used, None)
            }
            None => (Change::Peer, None),
            Some(_) => return,
        };
        socket.state = to;
        self.remember(&socket, true);
        let mut told = socket;
        if change == Change::Peer {
            told.remote = Some("10.0.0.7:7".parse().unwrap());
        } else if change != Change::Used {
            told.owners = Owners::None(Ownerless::NotObserved);
        }
        self.tell(change, told, false);
    }

    fn close(&mut self, which: u8) {
        let Some(mut socket) = self.choose(which) else { return };
        self.remember(&socket, false);
        if socket.state == Some(State::TimeWait) {
            return;
        }
        socket.owners = Owners::None(Ownerless::NotObserved);
        if socket.remote.is_some() && socket.state.is_some() && which.is_multiple_of(5) {
            return self.leave_waiting(socket);
        }
        if which.is_multiple_of(2) {
            (socket.local, socket.remote) = ("0.0.0.0:0".parse().unwrap(), None);
        }
        self.tell(Change::Closed(Reason::Local), socket, which.is_multiple_of(3));
    }

    /// The kernel keeps something of a connection, under its cookie.
    fn leave_waiting(&mut self, mut socket: Endpoint) {
        socket.state = Some(State::TimeWait);
        self.remember(&socket, true);
        let change =
            if self.is_polling { Change::State(None) } else { Change::Closed(Reason::Local) };
        self.tell(change, socket, false);
    }

    /// One of the sockets that are open.
    fn choose(&self, which: u8) -> Option<Endpoint> {
        let open: Vec<_> =
            self.history.values().filter_map(|past| past.last()?.1.as_ref()).collect();
        open.get(usize::from(which) % open.len().max(1)).map(|socket| (*socket).clone())
    }

    fn remember(&mut self, socket: &Endpoint, is_open: bool) {
        let past = self.history.get_mut(&socket.socket.cookie.unwrap()).unwrap();
        past.push((self.now, is_open.then(|| socket.clone())));
    }

    fn tell(&mut self, change: Change, endpoint: Endpoint, is_held: bool) {
        let mut kind = EventKind::Endpoint(Box::new(Sighting { change, endpoint, is_held }));
        if core::mem::take(&mut self.is_losing) {
            kind = EventKind::Lost(1);
        }
        self.session.handle_event(Event { time: at(self.now), kind });
    }

    /// Every row of a snapshot was true at some time while it was taken.
    fn end_snapshot(&mut self, salt: u8) {
        let Some(began) = self.began.take() else { return };
        let mut rows = Vec::new();
        for (cookie, past) in &self.history {
            let spread = (*cookie as i64 * 7 + i64::from(salt)) % (self.now - began + 1);
            let last = past.iter().rev().find(|(since, _)| *since <= began + spread);
            rows.extend(last.and_then(|(_, socket)| socket.clone()));
        }
        self.session.handle_snapshot(at(self.now), snapshot(at(began), rows));
    }

    /// Looks at everything when nothing more happens.
    fn settle(&mut self) {
        self.step((14, 0));
        self.step((13, 0));
        self.step((14, 0));
    }

    /// What there is, in words.
    fn truth(&self) -> Vec<String> {
        let open = self.history.values().filter_map(|past| past.last()?.1.as_ref());
        open.map(described).collect()
    }

    /// What the session shows as open, in words.
    fn shown(&self) -> Vec<String> {
        let open = self.session.lives().filter(|live| live.phase != Phase::Closed);
        let mut open: Vec<_> = open.map(|live| live.endpoint).collect();
        open.sort_by_key(|endpoint| endpoint.socket.cookie);
        open.into_iter().map(described).collect()
    }
}

fn at(time: i64) -> Timestamp {
    Timestamp::from_unix_ns(time)
}

/// Every life is told from its beginning to its end, and each at most once; that UDP connects anew is
/// told once for each remote.
fn assert_lives_are_told_in_order(told: &[Occurrence]) {
    let mut lives: BTreeMap<u64, Vec<(Action, Transport)>> = BTreeMap::new();
    let mut remotes: BTreeMap<u64, Option<SocketAddr>> = BTreeMap::new();
    for occurrence in told {
        let Some(endpoint) = &occurrence.endpoint else { continue };
        let cookie = endpoint.socket.cookie.unwrap();
        assert!(occurrence.start <= Some(occurrence.time));
        let before = remotes.insert(cookie, endpoint.remote);
        if occurrence.action == Action::Opened
            && let Some(before) = before
        {
            assert_eq!(endpoint.transport, Transport::Udp);
            assert_ne!(endpoint.remote, before);
            continue;
        }
        lives.entry(cookie).or_default().push((occurrence.action, endpoint.transport));
    }
    for life in lives.values() {
        let is_opening = |action| !matches!(action, Action::State | Action::Peer | Action::Closed);
        let openings = life.iter().filter(|(action, _)| is_opening(*action)).count();
        let closings = life.iter().filter(|(action, _)| *action == Action::Closed).count();
        assert!(openings <= 1 && closings <= 1, "{life:?}");
        assert!(life.iter().skip(1).all(|(action, _)| !is_opening(*action)), "{life:?}");
        let is_last = life.last().is_some_and(|(action, _)| *action == Action::Closed);
        assert!(closings == 0 || is_last, "{life:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_session_ends_up_with_the_truth(
        steps in prop::collection::vec((0..16_u8, any::<u8>()), 0..120),
        is_polling in any::<bool>(),
    ) {
        let mut world = World::new(if is_polling { POLLING } else { EVENTS });
        steps.into_iter().for_each(|step| world.step(step));
        world.settle();
        prop_assert_eq!(world.shown(), world.truth());
        prop_assert_eq!(world.session.defects(), &Default::default());
        assert_lives_are_told_in_order(&world.told);
        prop_assert!(!world.session.needs_snapshot());
    }

    #[test]
    fn what_is_over_is_forgotten(steps in prop::collection::vec((0..16_u8, any::<u8>()), 0..120)) {
        let mut world = World::new(EVENTS);
        steps.into_iter().for_each(|step| world.step(step));
        world.is_losing = false;
        while let Some(socket) = world.choose(0) {
            world.remember(&socket, false);
            // No snapshot has it anyway: that it is gone has to be told, and is.
            if socket.state == Some(State::SynSent) {
                world.tell(Change::Closed(Reason::Local), socket, false);
            }
        }
        world.settle();
        for _ in 0..8 {
            world.step((12, 0));
        }
        prop_assert_eq!(world.session.lives.iter().count(), 0);
        prop_assert_eq!(world.session.lives.listed(), 0);
        prop_assert!(world.session.context().processes.is_empty());
        prop_assert!(world.session.processes.is_empty());
    }
}
