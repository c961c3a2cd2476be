//! What changed between two snapshots, so that `apply(diff(a, b), a) == b`.
//!
//! That law is the highlight on the screen and the base of every recording and wire. It holds for
//! the whole snapshot, the order of its endpoints included: the order is what rows keep that sort
//! as equal, so two views of one machine must not differ in it.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;
use core::hash::Hash;
use core::ops::RangeInclusive;

use hashbrown::{HashMap, HashSet};

use crate::answer::AnswersDelta;
use crate::degradation::Degradation;
use crate::endpoint::{Endpoint, Key};
use crate::process::{Process, ProcessId};
use crate::snapshot::{Namespace, Snapshot, Source};
use crate::time::Timestamp;

/// What changed from an old snapshot to a new one.
///
/// An endpoint is the same in both when its [`Key`] is. Where several share a key (UDP sockets of
/// one address, from a source that knows no cookies), those that stand alike are the same, and others
/// are those that opened or closed.
#[derive(Clone, PartialEq, Debug)]
pub struct Delta {
    /// When the new snapshot was taken.
    pub time: Timestamp,
    /// What the new snapshot was taken with.
    pub source: Source,
    /// Endpoints that are gone, in the order and at the places of the old snapshot.
    pub closed: Vec<Placed<Key>>,
    /// Endpoints that are new, in the order and at the places of the new snapshot.
    pub opened: Vec<Placed<Endpoint>>,
    /// Endpoints that stayed and of which a fact differs, as they are now, in the order and at the
    /// places of the old snapshot.
    pub changed: Vec<Placed<Endpoint>>,
    /// The fewest endpoints that stayed and have to be moved among the others, by their places in
    /// the old snapshot.
    pub moved: Vec<Moved>,
    /// Processes that are new or different, or gone.
    pub processes: Entries<ProcessId, Process>,
    /// Answers that are new or different, or gone.
    pub answers: AnswersDelta,
    /// The names of all users, when one differs.
    pub users: Option<BTreeMap<u32, Box<str>>>,
    /// All network namespaces, when one differs.
    pub namespaces: Option<Vec<Namespace>>,
    /// What the host gives to outgoing connections.
    pub ephemeral_ports: RangeInclusive<u16>,
    /// All degradations, when one differs.
    pub degradations: Option<Vec<Degradation>>,
}

/// Something at a place of a snapshot's endpoints.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Placed<T> {
    /// Its index.
    pub place: usize,
    /// What is there.
    pub value: T,
}

/// An endpoint that stands elsewhere among those that stayed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Moved {
    /// Its index in the old snapshot.
    pub from: usize,
    /// Its index in the new one.
    pub to: usize,
}

/// The difference of two maps.
#[derive(Clone, PartialEq, Debug)]
pub struct Entries<K: Eq + Hash, V> {
    /// Entries that are new or different.
    pub set: HashMap<K, V>,
    /// Keys that are gone.
    pub removed: HashSet<K>,
}

impl Delta {
    /// Whether the new snapshot shows what the old one showed; only its time may be another.
    pub fn is_empty(&self) -> bool {
        self.closed.is_empty()
            && self.opened.is_empty()
            && self.changed.is_empty()
            && self.moved.is_empty()
            && self.processes.is_empty()
            && self.answers.is_empty()
            && self.users.is_none()
            && self.namespaces.is_none()
            && self.degradations.is_none()
    }
}

/// What has to change in `old` to make it `new`.
///
/// Takes time in proportion to both, apart from a logarithm over endpoints that changed places.
pub fn diff(old: &Snapshot, new: &Snapshot) -> Delta {
    let Matches { opened, targets } = Matches::new(&old.endpoints, &new.endpoints);
    let mut closed = Vec::new();
    let mut changed = Vec::new();
    let mut stayed = Vec::with_capacity(targets.len());
    for ((from, before), target) in old.endpoints.iter().enumerate().zip(targets) {
        let Some(Target { to, is_changed }) = target else {
            closed.push(Placed { place: from, value: before.key() });
            continue;
        };
        stayed.push(Moved { from, to });
        if let Some(after) = new.endpoints.get(to).filter(|_| is_changed) {
            changed.push(Placed { place: from, value: after.clone() });
        }
    }
    Delta {
        time: new.time,
        source: new.source,
        closed,
        opened,
        changed,
        moved: out_of_order(&stayed),
        processes: Entries::between(&old.processes, &new.processes),
        answers: AnswersDelta::between(&old.answers, &new.answers),
        users: replaced(&old.users, &new.users),
        namespaces: replaced(&old.namespaces, &new.namespaces),
        ephemeral_ports: new.ephemeral_ports.clone(),
        degradations: replaced(&old.degradations, &new.degradations),
    }
}

/// The new snapshot that `delta` leads to from `old`.
///
/// A delta of any other snapshot gives a snapshot that means nothing, but does no harm.
pub fn apply(delta: Delta, old: &Snapshot) -> Snapshot {
    Snapshot {
        time: delta.time,
        source: delta.source,
        processes: delta.processes.applied_to(&old.processes),
        answers: delta.answers.applied_to(&old.answers),
        users: delta.users.unwrap_or_else(|| old.users.clone()),
        namespaces: delta.namespaces.unwrap_or_else(|| old.namespaces.clone()),
        ephemeral_ports: delta.ephemeral_ports,
        degradations: delta.degradations.unwrap_or_else(|| old.degradations.clone()),
        endpoints: {
            let (kept, mut placed) =
                carry_over(&old.endpoints, delta.closed, delta.changed, delta.moved);
            placed.extend(delta.opened);
            merge(kept, placed)
        },
    }
}

/// `new`, when it differs from `old`.
fn replaced<T: Clone + PartialEq>(old: &T, new: &T) -> Option<T> {
    (old != new).then(|| new.clone())
}

/// What an old endpoint became.
#[derive(Clone, Copy)]
struct Target {
    /// Its place in the new snapshot.
    to: usize,
    /// A fact of it differs.
    is_changed: bool,
}

/// Which endpoints of two snapshots are the same.
struct Matches {
    /// For each old endpoint the new one that it is; `None` when it is gone.
    targets: Vec<Option<Target>>,
    /// The new endpoints that no old one is.
    opened: Vec<Placed<Endpoint>>,
}

/// So far ahead the next equal pair is looked for while both snapshots are walked side by side.
const AHEAD: usize = 4;

impl Matches {
    /// Pairs endpoints with equal keys: those that stand alike, and of the rest first with first.
    ///
    /// Systems keep the order of most: walking side by side reads both once, where a map by key
    /// alone took three times as long for 100,000.
    fn new(old: &[Endpoint], new: &[Endpoint]) -> Self {
        let mut matches = Self { targets: vec![None; old.len()], opened: Vec::new() };
        let (mut gone, mut come) = (Vec::new(), Vec::new());
        let (mut from, mut to) = (0, 0);
        while let (Some(before), Some(after)) = (old.get(from), new.get(to)) {
            if matches.pair((from, before), (to, after)) {
                (from, to) = (from + 1, to + 1);
                continue;
            }
            // Snapshots that have little in common are compared by key alone.
            let is_hopeless = gone.len() + come.len() > 64 + (from + to) / 4;
            let skip = if is_hopeless { None } else { step((old, from), (new, to)) };
            let (past_old, past_new) = skip.unwrap_or((old.len() - from, new.len() - to));
            gone.extend(from..from + past_old);
            come.extend(to..to + past_new);
            (from, to) = (from + past_old, to + past_new);
        }
        gone.extend(from..old.len());
        come.extend(to..new.len());
        matches.pair_by_key((old, &gone), (new, &come));
        matches
    }

    /// Notes that `after` is `before`, if it is.
    fn pair(
        &mut self,
        (from, before): (usize, &Endpoint),
        (to, after): (usize, &Endpoint),
    ) -> bool {
        // Mostly nothing differs, which is found out at once.
        let is_changed = before != after;
        if is_changed && before.key() != after.key() {
            return false;
        }
        if let Some(target) = self.targets.get_mut(from) {
            *target = Some(Target { to, is_changed });
        }
        true
    }

    /// Pairs those that do not stand alike; what is left of the new ones has opened.
    fn pair_by_key(
        &mut self,
        (old, gone): (&[Endpoint], &[usize]),
        (new, come): (&[Endpoint], &[usize]),
    ) {
        // By key the first old endpoint that has no partner yet; for each the next of its key.
        let mut unpaired = HashMap::with_capacity(gone.len());
        let mut next = vec![None; gone.len()];
        for (number, from) in gone.iter().enumerate().rev() {
            let Some(endpoint) = old.get(*from) else { continue };
            let following = unpaired.insert(endpoint.key(), number);
            next.get_mut(number).into_iter().for_each(|place| *place = following);
        }
        for (to, after) in come.iter().filter_map(|to| Some((*to, new.get(*to)?))) {
            let key = after.key();
            let Some(number) = unpaired.remove(&key) else {
                self.opened.push(Placed { place: to, value: after.clone() });
                continue;
            };
            if let Some(Some(following)) = next.get(number) {
                unpaired.insert(key, *following);
            }
            let from = gone.get(number).copied().unwrap_or_default();
            let is_pair =
                old.get(from).is_some_and(|before| self.pair((from, before), (to, after)));
            debug_assert!(is_pair, "equal keys");
        }
    }
}

/// How many of each to pass over until the next two are the same, where that is near.
fn step(
    (old, from): (&[Endpoint], usize),
    (new, to): (&[Endpoint], usize),
) -> Option<(usize, usize)> {
    let is_pair = |(past_old, past_new): &(usize, usize)| {
        let pair = old.get(from + past_old).zip(new.get(to + past_new));
        pair.is_some_and(|(old, new)| old.key() == new.key())
    };
    (1..=AHEAD).find_map(|far| [(far, far), (far, 0), (0, far)].into_iter().find(is_pair))
}

/// The fewest of `stayed`, which is in the old order, that stand in the way of the new order: all
/// but a longest rising subsequence.
///
/// Linear when the order is kept, else patience sorting (Fredman 1975): n log n.
fn out_of_order(stayed: &[Moved]) -> Vec<Moved> {
    // The lowest end among the rising subsequences of each length, and for each element the
    // length of the longest that it can end, both counted from 0.
    let mut ends: Vec<usize> = Vec::new();
    let mut lengths = Vec::with_capacity(stayed.len());
    for Moved { to, .. } in stayed {
        let is_rising = ends.last().is_none_or(|end| end < to);
        let length = if is_rising { ends.len() } else { ends.partition_point(|end| end < to) };
        match ends.get_mut(length) {
            Some(end) => *end = *to,
            None => ends.push(*to),
        }
        lengths.push(length);
    }
    // Backwards, the nearest element that is one shorter is also lower: it was the lowest end of
    // its length when the one after it was laid upon it.
    let mut moved = Vec::new();
    let mut wanted = ends.len();
    for (place, length) in stayed.iter().zip(lengths).rev() {
        if length + 1 == wanted {
            wanted = length;
        } else {
            moved.push(*place);
        }
    }
    moved.reverse();
    moved
}

/// The endpoints of `old` that stayed, as they are now: those that keep their order, and those
/// that get a new place.
fn carry_over(
    old: &[Endpoint],
    closed: Vec<Placed<Key>>,
    changed: Vec<Placed<Endpoint>>,
    moved: Vec<Moved>,
) -> (Vec<Endpoint>, Vec<Placed<Endpoint>>) {
    let mut closed = closed.into_iter().peekable();
    let mut changed = changed.into_iter().peekable();
    let mut moved = moved.into_iter().peekable();
    let (mut kept, mut placed) = (Vec::with_capacity(old.len()), Vec::new());
    for (place, endpoint) in old.iter().enumerate() {
        if closed.next_if(|gone| gone.place == place).is_some() {
            continue;
        }
        let now = changed.next_if(|now| now.place == place);
        let value = now.map_or_else(|| endpoint.clone(), |now| now.value);
        match moved.next_if(|moved| moved.from == place) {
            Some(Moved { to, .. }) => placed.push(Placed { place: to, value }),
            None => kept.push(value),
        }
    }
    (kept, placed)
}

/// One list with each of `placed` at its place and the `kept` around them.
fn merge(kept: Vec<Endpoint>, mut placed: Vec<Placed<Endpoint>>) -> Vec<Endpoint> {
    placed.sort_by_key(|endpoint| endpoint.place);
    let mut all = Vec::with_capacity(kept.len() + placed.len());
    let mut placed = placed.into_iter().peekable();
    for endpoint in kept {
        while let Some(here) = placed.next_if(|next| next.place == all.len()) {
            all.push(here.value);
        }
        all.push(endpoint);
    }
    all.extend(placed.map(|endpoint| endpoint.value));
    all
}

impl<K: Clone + Eq + Hash, V: Clone + PartialEq> Entries<K, V> {
    /// What has to change in `old` to make it `new`.
    pub(crate) fn between(old: &HashMap<K, V>, new: &HashMap<K, V>) -> Self {
        let differing = new.iter().filter(|(key, value)| old.get(*key) != Some(value));
        let gone = old.keys().filter(|key| !new.contains_key(*key));
        Self {
            set: differing.map(|(key, value)| (key.clone(), value.clone())).collect(),
            removed: gone.cloned().collect(),
        }
    }

    /// The new map.
    pub(crate) fn applied_to(self, old: &HashMap<K, V>) -> HashMap<K, V> {
        let mut map = old.clone();
        map.retain(|key, _| !self.removed.contains(key));
        map.extend(self.set);
        map
    }

    /// Whether the maps are equal.
    pub fn is_empty(&self) -> bool {
        self.set.is_empty() && self.removed.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::State;
    use crate::testing::{any_snapshot, owners, process, snapshot, tcp, udp};
    use alloc::format;
    use alloc::string::String;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn applying_the_difference_gives_the_new_snapshot(a in any_snapshot(), b in any_snapshot()) {
            let delta = diff(&a, &b);
            prop_assert_eq!(apply(delta, &a), b);
        }

        #[test]
        fn a_shuffled_snapshot_only_moves_endpoints(
            a in any_snapshot(),
            order in Just((0..24).collect::<Vec<usize>>()).prop_shuffle(),
        ) {
            let shuffled = order.iter().filter_map(|i| a.endpoints.get(*i).cloned());
            let b = Snapshot { endpoints: shuffled.collect(), ..a.clone() };
            let delta = diff(&a, &b);
            prop_assert!(delta.opened.is_empty() && delta.closed.is_empty());
            prop_assert_eq!(apply(delta, &a), b);
        }

        #[test]
        fn nothing_changes_into_itself(a in any_snapshot()) {
            prop_assert!(diff(&a, &a).is_empty());
        }

        #[test]
        fn the_wrong_snapshot_does_no_harm(
            a in any_snapshot(), b in any_snapshot(), c in any_snapshot(),
        ) {
            apply(diff(&a, &b), &c);
        }
    }

    /// Which endpoints a delta names: by remote port, `-` closed, `+` opened, `~` changed, `>`
    /// moved.
    fn summary(old: &Snapshot, new: &Snapshot) -> String {
        let delta = diff(old, new);
        let port = |remote: Option<core::net::SocketAddr>| remote.unwrap().port();
        let mut marks = Vec::new();
        marks.extend(delta.closed.iter().map(|c| format!("-{}", port(c.value.remote))));
        marks.extend(delta.opened.iter().map(|o| format!("+{}", port(o.value.remote))));
        marks.extend(delta.changed.iter().map(|c| format!("~{}", port(c.value.remote))));
        let from = |moved: &Moved| old.endpoints[moved.from].remote;
        marks.extend(delta.moved.iter().map(|m| format!(">{}", port(from(m)))));
        marks.join(" ")
    }

    #[test]
    fn a_delta_is_as_small_as_the_change() {
        let at = |ports: &[u16]| {
            let connection =
                |port| tcp(State::Established, "10.0.0.5:443", &format!("10.0.0.9:{port}"));
            snapshot(0, ports.iter().map(connection).collect(), Vec::new())
        };
        let check = |old: &[u16], new: &[u16], expected: &str| {
            assert_eq!(summary(&at(old), &at(new)), expected, "{old:?} {new:?}");
        };
        check(&[1, 2, 3], &[1, 2, 3], "");
        check(&[1, 2, 3], &[1, 3], "-2");
        check(&[1, 2], &[3, 1, 2], "+3");
        check(&[1, 2, 3, 4], &[2, 3, 4, 1], ">1");
        check(&[1, 2, 3, 4], &[4, 1, 2, 3], ">4");
        check(&[1, 2, 3, 4, 5], &[5, 1, 6, 3, 2], "-4 +6 >2 >5");
        check(&[7, 7], &[7], "-7");
        check(&[7], &[7, 7, 7], "+7 +7");
    }

    #[test]
    fn snapshots_with_little_in_common_are_compared_by_key() {
        let at = |ports: &[u16]| {
            let connection =
                |port: &u16| tcp(State::Established, "10.0.0.5:443", &format!("10.0.0.9:{port}"));
            snapshot(0, ports.iter().map(connection).collect(), Vec::new())
        };
        let old: Vec<u16> = (1..=300).collect();
        let reversed: Vec<u16> = (1..=300).rev().collect();
        let others: Vec<u16> = (200..=500).chain(1..=150).chain([7, 7]).collect();
        for (new, counts) in [(&reversed, (0, 0)), (&others, (49, 202))] {
            let (old, new) = (at(&old), at(new));
            let delta = diff(&old, &new);
            assert_eq!((delta.closed.len(), delta.opened.len()), counts);
            assert_eq!(apply(delta, &old), new);
        }
    }

    #[test]
    fn a_fact_that_differs_is_a_change_and_another_cookie_is_another_endpoint() {
        let open = tcp(State::Established, "10.0.0.5:443", "10.0.0.9:1");
        let check = |new: Endpoint, expected: &str| {
            let (old, new) =
                (snapshot(0, vec![open.clone()], vec![]), snapshot(1, vec![new], vec![]));
            assert_eq!(summary(&old, &new), expected);
        };
        check(Endpoint { state: Some(State::CloseWait), ..open.clone() }, "~1");
        check(Endpoint { owners: owners(&[7]), ..open.clone() }, "~1");
        let socket = crate::endpoint::Socket { cookie: Some(5), ..open.socket };
        check(Endpoint { socket, ..open.clone() }, "-1 +1");
        check(Endpoint { transport: udp("[::]:1", "").transport, ..open.clone() }, "-1 +1");
    }

    #[test]
    fn processes_are_compared_by_identity() {
        let of = |processes| snapshot(0, vec![], processes);
        let old = of(vec![process(1, "/sbin/init"), process(2, "/bin/a"), process(3, "/bin/b")]);
        let new = of(vec![process(1, "/sbin/init"), process(3, "/bin/c"), process(4, "/bin/d")]);
        let delta = diff(&old, &new);
        let mut set: Vec<_> = delta.processes.set.keys().map(|id| id.pid).collect();
        set.sort_unstable();
        assert_eq!(set, [3, 4]);
        assert!(delta.processes.removed.iter().map(|id| id.pid).eq([2]));
        assert!(delta.users.is_none() && !delta.is_empty());
    }
}
