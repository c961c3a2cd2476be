//! A table that keeps itself up to date: a thread watches the machine, a front end draws.
//!
//! Both share a [`Board`]. The thread locks it only to hand over what happened, the front end only to
//! read the lines that it draws; the order of the rows is made by the thread.

use std::collections::VecDeque;
use std::sync::mpsc::{self, Receiver, Sender, TryRecvError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use sockeye_core::event::{Coverage, Occurrence};
use sockeye_core::view::{Look, View};
use sockeye_core::{Degradation, Session};
use sockeye_os::{Error, Wants};

use crate::live::{Initial, Keep, Live, Options};

/// How often, at most, what happened is shown.
const FRAME: Duration = Duration::from_millis(100);
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
    /// How it is watched.
    pub status: Status,
    /// Another number whenever anything may look different.
    pub version: u64,
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

impl Keep for Shared {
    fn with<T>(&mut self, work: impl FnOnce(&mut Session) -> T) -> T {
        work(&mut self.lock().session)
    }
}

/// A table that keeps itself up to date, until it is dropped.
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
        wants: Wants,
        interval: Duration,
        look: Look,
        wake: impl Fn() + Send + 'static,
    ) -> std::io::Result<Self> {
        let status = Status { interval, ..Status::default() };
        let board = Board {
            session: Session::new(Coverage::default()),
            view: View::new(look),
            recent: VecDeque::new(),
            status,
            version: 0,
        };
        let shared = Shared(Arc::new(Mutex::new(board)));
        let (orders, received) = mpsc::channel();
        let worker = Worker { shared: shared.clone(), wants, orders: received, wake };
        let worker = thread::Builder::new().name("desk".into()).spawn(move || worker.work())?;
        Ok(Self { shared, orders: Some(orders), worker: Some(worker) })
    }

    /// What there is to draw. Hold it no longer than it takes to read what is drawn.
    pub fn board(&self) -> MutexGuard<'_, Board> {
        self.shared.lock()
    }

    /// What there is to draw, unless it is being renewed at this moment.
    pub fn try_board(&self) -> Option<MutexGuard<'_, Board>> {
        self.shared.0.try_lock().ok()
    }

    /// Asks for something; it is done soon.
    pub fn order(&self, order: Order) {
        // Without a worker there is nobody to do it, and nothing to draw.
        let _ = self.orders.as_ref().map(|orders| orders.send(order));
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
    wants: Wants,
    orders: Receiver<Order>,
    wake: W,
}

/// Nobody draws any more.
struct Over;

impl<W: Fn()> Worker<W> {
    /// Watches until nobody draws any more; begins anew where the source fails.
    fn work(self) {
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
        let mut live = Live::start_in(&self.wants, options, |session| {
            self.shared.lock().session = session;
            self.shared.clone()
        })?;
        live.set_measuring(self.wants.metrics);
        self.begin(&live);
        loop {
            match self.take_orders(Some(&mut live)) {
                Ok(true) => live.refresh()?,
                Ok(false) => {}
                Err(over) => return Ok(over),
            }
            let is_paused = self.shared.lock().status.is_paused;
            let frame = Instant::now() + FRAME;
            if is_paused {
                live.hold(frame)?;
                continue;
            }
            let occurrences = live.next(frame)?;
            self.show(occurrences);
            // Occurrences come at once; what they changed is shown in due time.
            live.next(frame).map(|more| self.show(more))?;
        }
    }

    /// Shows the first snapshot.
    fn begin(&self, live: &Live<Shared>) {
        let mut board = self.shared.lock();
        let status = &mut board.status;
        status.coverage = live.coverage();
        status.limits = live.limits().to_vec();
        (status.is_ready, status.error) = (true, None);
        let look = board.view.look().clone();
        board.view = View::new(look);
        drop(board);
        self.show(Vec::new());
    }

    /// Puts what happened where it is seen.
    fn show(&self, occurrences: Vec<Occurrence>) {
        let mut board = self.shared.lock();
        let board = &mut *board;
        let surplus = (board.recent.len() + occurrences.len()).saturating_sub(RECENT);
        board.recent.drain(..surplus.min(board.recent.len()));
        board.recent.extend(occurrences);
        if board.view.update(&mut board.session) {
            board.version += 1;
            (self.wake)();
        }
    }

    /// Does what was asked for; whether to look again now.
    fn take_orders(&self, mut live: Option<&mut Live<Shared>>) -> Result<bool, Over> {
        let mut is_due = false;
        loop {
            let order = match self.orders.try_recv() {
                Ok(order) => order,
                Err(TryRecvError::Empty) => return Ok(is_due),
                Err(TryRecvError::Disconnected) => return Err(Over),
            };
            let mut board = self.shared.lock();
            let Board { session, view, status, version, .. } = &mut *board;
            *version += 1;
            match order {
                Order::Look(look) => view.set_look(*look, session),
                Order::Freeze(is_frozen) => view.set_frozen(is_frozen, session),
                Order::Open(group, is_open) => view.set_open(group, is_open),
                Order::Pause(is_paused) => status.is_paused = is_paused,
                Order::Refresh => is_due = true,
                Order::Interval(interval) => {
                    status.interval = interval;
                    live.iter_mut().for_each(|live| live.set_interval(interval));
                }
            }
            drop(board);
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
        Desk::start(wants, Duration::from_millis(20), look, || {}).unwrap()
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
