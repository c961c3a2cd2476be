//! A table that keeps itself up to date: a thread watches the machine, a front end draws.
//!
//! Both share a [`Board`]. The thread locks it only to hand over what happened, the front end only to
//! read the lines that it draws; the order of the rows is made by the thread.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver, Sender, TryRecvError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use sockeye_core::event::{Coverage, Occurrence};
use sockeye_core::traffic::{Meter, Volume};
use sockeye_core::view::{Look, View};
use sockeye_core::{Degradation, Session, Timestamp};
use sockeye_os::{Error, Wants};

use crate::answers::{Answerer, Asked, Questions};
use crate::live::{Initial, Keep, Live, Options};
use crate::places::Atlas;
use crate::resolve::Resolver;

/// How often, at most, what happened is shown.
const FRAME: Duration = Duration::from_millis(100);
/// How long an order waits at most before somebody looks at it.
const SLICE: Duration = Duration::from_millis(25);
/// How often, at most, it is asked for what takes longer to find out.
const ASKING: Duration = Duration::from_millis(500);
/// So many samples of what was carried are remembered: ten minutes of seconds.
const SAMPLES: usize = 600;
/// So many occurrences are remembered, for whoever asks what happened to an endpoint.
const RECENT: usize = 10_000;
/// How long a source that failed is left alone before it is tried again.
const RETRY: Duration = Duration::from_secs(2);

/// What a front end draws.
#[derive(Debug)]
pub struct Board {
    /// Everything that is known.
    pub session: Session,
    /// What of it is shown.
    pub view: View,
    /// What happened not long ago, oldest first.
    pub recent: VecDeque<Occurrence>,
    /// How many occurrences there have been, those that are no longer remembered too.
    pub occurred: u64,
    /// What was carried from one snapshot to the next, oldest first.
    pub traffic: VecDeque<Sample>,
    /// How it is watched.
    pub status: Status,
    /// Another number whenever anything may look different.
    pub version: u64,
}

/// What all endpoints carried between two snapshots.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Sample {
    /// When it ended.
    pub time: Timestamp,
    /// How long it was.
    pub duration: Duration,
    /// How much.
    pub volume: Volume,
}

/// What a desk watches.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Plan {
    /// What is observed, and with what.
    pub wants: Wants,
    /// Between two refreshes.
    pub interval: Duration,
    /// The user's databases of places; none where one of them cannot be read.
    pub places: Vec<PathBuf>,
}

/// How the machine is watched.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Status {
    /// There was a first snapshot.
    pub is_ready: bool,
    /// What events tell.
    pub coverage: Coverage,
    /// What they cannot tell, and why.
    pub limits: Vec<Degradation>,
    /// Why nothing can be seen, where that is so; it is tried again and again.
    pub error: Option<String>,
    /// Between two refreshes.
    pub interval: Duration,
    /// Time stands still.
    pub is_paused: bool,
    /// Host names are asked for, also where no column shows them.
    pub is_resolving: bool,
    /// What was asked besides and could not be found out.
    pub unanswered: Vec<Degradation>,
    /// When bytes and packets were counted last.
    pub measured: Option<Timestamp>,
}

impl Board {
    /// A board that shows `session` as `look` says.
    pub fn new(session: Session, look: Look, status: Status) -> Self {
        let (recent, traffic) = (VecDeque::new(), VecDeque::new());
        let view = View::new(look);
        let mut board = Self { session, view, recent, occurred: 0, traffic, status, version: 0 };
        board.renew();
        board
    }

    /// What occurred after the first `known` occurrences, as far as it is remembered, oldest first.
    pub fn since(&self, known: u64) -> impl Iterator<Item = &Occurrence> {
        let count = usize::try_from(self.occurred.saturating_sub(known)).unwrap_or(usize::MAX);
        self.recent.iter().skip(self.recent.len().saturating_sub(count))
    }

    /// Takes what happened in the session since the last call; whether anything may look different.
    pub fn renew(&mut self) -> bool {
        let is_changed = self.view.update(&mut self.session);
        self.version += u64::from(is_changed);
        is_changed
    }

    /// Remembers what was carried since the last sample; whether anything may look different.
    fn carry(&mut self, sample: Sample) -> bool {
        if self.traffic.len() >= SAMPLES {
            self.traffic.pop_front();
        }
        self.traffic.push_back(sample);
        let is_flat = self.traffic.iter().all(|sample| sample.volume == Volume::default());
        self.version += u64::from(!is_flat);
        !is_flat
    }

    /// What has to be found out besides, for what is shown.
    fn questions(&self) -> Questions {
        let look = self.view.look();
        let sorted = look.sort.iter().map(|key| key.column);
        let shown = look.columns.iter().copied().chain(sorted).chain(look.group);
        let questions = Questions::of(shown.chain(look.filter.columns()));
        Questions { hostnames: questions.hostnames || self.status.is_resolving, ..questions }
    }

    /// What there is to ask about the rows that are shown.
    fn asked(&self, questions: Questions) -> Asked {
        let mut asked = Asked::default();
        let rows = self.view.rows().iter().filter_map(|id| self.view.row(*id, &self.session));
        rows.for_each(|shown| asked.add(&shown.row, questions));
        asked
    }

    /// Does what can be done without the machine; whether to look again now.
    fn obey(&mut self, order: Order) -> bool {
        let Self { session, view, status, version, .. } = self;
        *version += 1;
        match order {
            Order::Look(look) => view.set_look(*look, session),
            Order::Freeze(is_frozen) => view.set_frozen(is_frozen, session),
            Order::Open(group, is_open) => view.set_open(group, is_open),
            Order::Pause(is_paused) => status.is_paused = is_paused,
            Order::Interval(interval) => status.interval = interval,
            Order::Resolve(is_resolving) => status.is_resolving = is_resolving,
            Order::Refresh => return true,
        }
        false
    }
}

/// What a front end asks for.
#[derive(Clone, PartialEq, Debug)]
pub enum Order {
    /// Show something else, or in another order.
    Look(Box<Look>),
    /// Keep rows where they are, or let them move.
    Freeze(bool),
    /// Open or close a group.
    Open(u32, bool),
    /// Another time between two refreshes.
    Interval(Duration),
    /// Let time stand still, or go on.
    Pause(bool),
    /// Look again now.
    Refresh,
    /// Learn the host names of the addresses that are shown, or ask for no more of them.
    Resolve(bool),
}

/// Who looks at a board without drawing it.
#[derive(Clone, Debug)]
pub struct Spectator(Shared);

impl Spectator {
    /// What there is. Hold it no longer than it takes to read what is needed.
    pub fn board(&self) -> MutexGuard<'_, Board> {
        self.0.lock()
    }
}

/// Where the thread and whoever draws meet.
#[derive(Clone, Debug)]
struct Shared(Arc<Mutex<Board>>);

impl Shared {
    /// The board. A thread that panicked leaves what it had done: there is nothing half-done that a
    /// look could not bear.
    fn lock(&self) -> MutexGuard<'_, Board> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where the worker keeps its session: by itself until there is something in it, so that what was
/// shown before is shown until then; on the board from then on.
#[derive(Debug)]
struct Kept {
    shared: Shared,
    fresh: Option<Session>,
}

impl Keep for Kept {
    fn with<T>(&mut self, work: impl FnOnce(&mut Session) -> T) -> T {
        match &mut self.fresh {
            Some(session) => work(session),
            None => work(&mut self.shared.lock().session),
        }
    }
}

/// A table that keeps itself up to date, until it is dropped; or one that stands still.
#[derive(Debug)]
pub struct Desk {
    shared: Shared,
    orders: Option<Sender<Order>>,
    worker: Option<JoinHandle<()>>,
}

impl Desk {
    /// Begins to watch. `wake` is called by another thread whenever there is something to draw.
    ///
    /// # Errors
    ///
    /// When no thread can be made. A source that fails is no error: the status tells, and it is tried
    /// again.
    pub fn start(
        plan: Plan,
        look: Look,
        wake: impl Fn() + Send + Sync + 'static,
    ) -> std::io::Result<Self> {
        let status = Status { interval: plan.interval, ..Status::default() };
        let session = Session::new(Coverage::default());
        let board = Board { view: View::new(look.clone()), ..Board::new(session, look, status) };
        let shared = Shared(Arc::new(Mutex::new(board)));
        let (orders, received) = mpsc::channel();
        let worker = Worker { shared: shared.clone(), plan, orders: received, wake };
        let worker = thread::Builder::new().name("desk".into()).spawn(move || worker.work())?;
        Ok(Self { shared, orders: Some(orders), worker: Some(worker) })
    }

    /// One that shows `board`, which changes only by orders, at once: nobody looks at the machine.
    pub fn still(board: Board) -> Self {
        Self { shared: Shared(Arc::new(Mutex::new(board))), orders: None, worker: None }
    }

    /// What there is to draw. Hold it no longer than it takes to read what is drawn.
    pub fn board(&self) -> MutexGuard<'_, Board> {
        self.shared.lock()
    }

    /// What there is to draw, unless it is being renewed at this moment.
    pub fn try_board(&self) -> Option<MutexGuard<'_, Board>> {
        self.shared.0.try_lock().ok()
    }

    /// Somebody else who may look, from another thread; after the desk is gone nothing changes any more.
    pub fn spectator(&self) -> Spectator {
        Spectator(self.shared.clone())
    }

    /// Asks for something; it is done soon.
    pub fn order(&self, order: Order) {
        match &self.orders {
            // A worker that is gone has left nothing to draw.
            Some(orders) => drop(orders.send(order)),
            None => drop(self.shared.lock().obey(order)),
        }
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.orders = None;
        let _ = self.worker.take().map(JoinHandle::join);
    }
}

/// The thread that watches.
struct Worker<W> {
    shared: Shared,
    plan: Plan,
    orders: Receiver<Order>,
    wake: W,
}

/// Shows what there is, unless the watch was quicker.
fn first_look(shared: &Shared, wants: &Wants, wake: &impl Fn()) {
    // The watch says why nothing can be seen, if that is so.
    let Ok(snapshot) = sockeye_os::observe(wants) else { return };
    let mut board = shared.lock();
    if board.session.snapshots() > 0 || board.status.is_ready {
        return;
    }
    board.session.handle_snapshot(snapshot.time, snapshot);
    board.status.is_ready = true;
    board.renew();
    drop(board);
    wake();
}

/// What was done when.
#[derive(Default)]
struct Pace {
    shown: Option<Instant>,
    asked: Option<Instant>,
    measured: Option<Instant>,
    /// The snapshot that was measured last.
    round: u32,
    meter: Meter,
}

/// Nobody draws any more.
struct Over;

impl<W: Fn() + Sync> Worker<W> {
    /// Watches until nobody draws any more; begins anew where the source fails.
    fn work(self) {
        let (shared, wants, wake) = (&self.shared, &self.plan.wants, &self.wake);
        thread::scope(|scope| {
            // Loading programs into the kernel takes longer than a look, which shows rows meanwhile.
            let look = thread::Builder::new().name("first-look".into());
            // Without that thread the first rows are those of the watch.
            let _ = look.spawn_scoped(scope, move || first_look(shared, wants, wake));
            self.watch_on();
        });
    }

    fn watch_on(&self) {
        loop {
            match self.watch() {
                Ok(Over) => return,
                Err(error) => self.fail(&error),
            }
            let retry = Instant::now() + RETRY;
            while Instant::now() < retry {
                if self.take_orders(None).is_err() {
                    return;
                }
                thread::sleep(FRAME);
            }
        }
    }

    /// Shows why nothing can be seen.
    fn fail(&self, error: &Error) {
        let mut board = self.shared.lock();
        board.status.error = Some(error.to_string());
        board.version += 1;
        drop(board);
        (self.wake)();
    }

    /// Watches until nobody draws any more, or the source fails.
    fn watch(&self) -> Result<Over, Error> {
        let interval = self.shared.lock().status.interval;
        let options = Options { interval, initial: Initial::Silent };
        let keep = |session| Kept { shared: self.shared.clone(), fresh: Some(session) };
        let atlas = Atlas::open(&self.plan.places).ok().filter(|_| !self.plan.places.is_empty());
        let answerer = Answerer::new(Resolver::default(), atlas);
        let mut live = Live::start_in(&self.plan.wants, options, keep)?.asking(answerer);
        live.set_measuring(self.plan.wants.metrics);
        self.begin(&mut live);
        let mut pace = Pace::default();
        let mut occurrences = Vec::new();
        loop {
            match self.take_orders(Some(&mut live)) {
                Ok(true) => {
                    live.refresh()?;
                    pace.shown = None;
                }
                Ok(false) if self.shared.lock().status.is_paused => {
                    live.hold(Instant::now() + SLICE)?;
                    continue;
                }
                Ok(false) => {}
                Err(over) => return Ok(over),
            }
            occurrences.append(&mut live.next(Instant::now() + SLICE)?);
            if pace.shown.is_none_or(|shown| shown.elapsed() >= FRAME) {
                self.show(std::mem::take(&mut occurrences));
                pace.shown = Some(Instant::now());
                self.measure(&mut pace);
                self.ask(&mut live, &mut pace);
            }
        }
    }

    /// Adds up what was carried, where a snapshot has told more of it.
    fn measure(&self, pace: &mut Pace) {
        let mut board = self.shared.lock();
        if board.session.snapshots() == pace.round {
            return;
        }
        pace.round = board.session.snapshots();
        board.status.measured = Some(board.session.context().time);
        let volume = pace.meter.measure(&board.session);
        let now = Instant::now();
        // The first sum is only what later ones are compared with.
        if let Some(begin) = pace.measured.replace(now) {
            let time = board.session.context().time;
            let is_changed = board.carry(Sample { time, duration: now - begin, volume });
            drop(board);
            if is_changed {
                (self.wake)();
            }
        }
    }

    /// Has found out what is shown and takes longer to find out, where it is time.
    fn ask(&self, live: &mut Live<Kept>, pace: &mut Pace) {
        let board = self.shared.lock();
        let is_early = pace.asked.is_some_and(|asked| asked.elapsed() < ASKING);
        let questions = board.questions();
        if is_early || questions.are_none() {
            return;
        }
        let asked = board.asked(questions);
        drop(board);
        let unanswered = live.answer(asked, Duration::ZERO);
        pace.asked = Some(Instant::now());
        self.shared.lock().status.unanswered = unanswered;
    }

    /// Shows the first snapshot.
    fn begin(&self, live: &mut Live<Kept>) {
        let fresh = live.keep_mut().fresh.take();
        let mut board = self.shared.lock();
        let status = &mut board.status;
        status.coverage = live.coverage();
        status.limits = live.limits().to_vec();
        (status.is_ready, status.error) = (true, None);
        let (look, is_frozen) = (board.view.look().clone(), board.view.is_frozen());
        board.session = fresh.unwrap_or_else(|| Session::new(live.coverage()));
        board.view = View::new(look);
        // Whoever points at the table has said so already.
        let Board { view, session, .. } = &mut *board;
        view.set_frozen(is_frozen, session);
        board.version += 1;
        drop(board);
        self.show(Vec::new());
    }

    /// Puts what happened where it is seen.
    fn show(&self, occurrences: Vec<Occurrence>) {
        let mut board = self.shared.lock();
        let board = &mut *board;
        let surplus = (board.recent.len() + occurrences.len()).saturating_sub(RECENT);
        board.recent.drain(..surplus.min(board.recent.len()));
        board.occurred += occurrences.len() as u64;
        board.recent.extend(occurrences);
        if board.renew() {
            (self.wake)();
        }
    }

    /// Does what was asked for; whether to look again now.
    fn take_orders(&self, mut live: Option<&mut Live<Kept>>) -> Result<bool, Over> {
        let mut is_due = false;
        loop {
            let order = match self.orders.try_recv() {
                Ok(order) => order,
                Err(TryRecvError::Empty) => return Ok(is_due),
                Err(TryRecvError::Disconnected) => return Err(Over),
            };
            if let (Order::Interval(interval), Some(live)) = (&order, live.as_mut()) {
                live.set_interval(*interval);
            }
            is_due |= self.shared.lock().obey(order);
            (self.wake)();
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::net::TcpListener;

    use sockeye_core::filter::Filter;
    use sockeye_core::table::Scope;
    use sockeye_core::view::Line;
    use sockeye_os::{Namespaces, SourceChoice};

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(20);

    /// A desk that shows what this process holds.
    #[expect(clippy::unwrap_used, reason = "a test that fails tells where")]
    fn desk() -> Desk {
        let mine = format!("pid = {}", std::process::id());
        let look = Look {
            scope: Scope::ALL,
            filter: Filter::parse(&mine).unwrap(),
            search: String::new(),
            columns: Vec::new(),
            sort: Vec::new(),
            group: None,
        };
        let (namespaces, source) = (Namespaces::Own, SourceChoice::Netlink);
        let wants = Wants { namespaces, source, ..Wants::EVERYTHING };
        let plan = Plan { wants, interval: Duration::from_millis(20), places: Vec::new() };
        Desk::start(plan, look, || {}).unwrap()
    }

    /// Waits until the desk shows a row with this local port, or shows none.
    fn wait_for(desk: &Desk, port: u16, is_there: bool) {
        let end = Instant::now() + PATIENCE;
        loop {
            let board = desk.board();
            let mut rows = (0..board.view.len()).filter_map(|line| board.view.line(line));
            let found = rows.any(|line| match line {
                Line::Row(id) => board
                    .view
                    .row(id, &board.session)
                    .is_some_and(|shown| shown.row.endpoint.local.port() == port),
                Line::Group(_) => false,
            });
            drop(board);
            if found == is_there {
                return;
            }
            assert!(Instant::now() < end, "port {port} is not {is_there}");
            thread::sleep(Duration::from_millis(5));
        }
    }

    #[test]
    fn what_opens_comes_and_what_closes_goes() {
        let desk = desk();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        wait_for(&desk, port, true);
        assert!(desk.board().status.is_ready);
        drop(listener);
        wait_for(&desk, port, false);
    }

    #[test]
    fn time_stands_still_while_it_is_paused() {
        let desk = desk();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        wait_for(&desk, port, true);
        desk.order(Order::Pause(true));
        while !desk.board().status.is_paused {
            thread::sleep(Duration::from_millis(5));
        }
        drop(listener);
        thread::sleep(Duration::from_millis(300));
        wait_for(&desk, port, true);
        desk.order(Order::Pause(false));
        wait_for(&desk, port, false);
    }
}
