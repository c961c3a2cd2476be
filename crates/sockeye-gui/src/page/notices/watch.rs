//! The thread that watches for what is worth a notice, whether or not anything is drawn.

use std::fs;
use std::path::PathBuf;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use eframe::egui;
use sockeye_core::notice::{Lookout, Notice, Rules, Seen};
use sockeye_engine::desk::Spectator;

use super::{KEPT, Told, sentence};
use crate::page::Notifier;
use crate::whole;

/// How often it is looked. The desk remembers 10,000 occurrences: who makes more of them in this time
/// is not told of.
const PACE: Duration = Duration::from_millis(250);
/// So many are shown by the desktop at once; of more, how many there are.
const SHOWN: usize = 3;
/// How often, at most, what was seen is written.
const SAVING: Duration = Duration::from_secs(10);

/// Somebody who watches, until dropped.
#[derive(Debug)]
pub(super) struct Watch {
    /// Closed when it is to end.
    end: Option<Sender<()>>,
    worker: Option<JoinHandle<()>>,
}

impl Watch {
    /// Begins to watch by these rules, with what was seen in a file. What is there already is no news.
    pub(super) fn start(
        spectator: Spectator,
        (rules, file): (Rules, Option<PathBuf>),
        told: &Arc<Mutex<Told>>,
        ctx: egui::Context,
    ) -> Option<Self> {
        let (end, ended) = mpsc::channel();
        let told = Arc::clone(told);
        let work = move || {
            let mut worker = Worker::new(spectator, (rules, file), told);
            while ended.recv_timeout(PACE) == Err(RecvTimeoutError::Timeout) {
                if worker.look() {
                    ctx.request_repaint();
                }
            }
            worker.save();
        };
        let worker = thread::Builder::new().name("notices".into()).spawn(work).ok()?;
        Some(Self { end: Some(end), worker: Some(worker) })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.end = None;
        // A notification may be under way; nobody waits for the desktop longer than it may take.
        let _ = self.worker.take().map(JoinHandle::join);
    }
}

/// What the thread knows.
pub(super) struct Worker {
    spectator: Spectator,
    lookout: Lookout,
    file: Option<PathBuf>,
    told: Arc<Mutex<Told>>,
    /// How many occurrences were judged; none before the first snapshot.
    judged: Option<u64>,
    saved: (usize, Instant),
    notifier: Notifier,
}

impl Worker {
    pub(super) fn new(
        spectator: Spectator,
        (rules, file): (Rules, Option<PathBuf>),
        told: Arc<Mutex<Told>>,
    ) -> Self {
        let text = file.as_ref().and_then(|file| fs::read_to_string(file).ok());
        let seen = Seen::read(&text.unwrap_or_default());
        let saved = (seen.len(), Instant::now());
        let lookout = Lookout::new(rules, seen);
        let notifier = Notifier::new();
        Self { spectator, lookout, file, told, judged: None, saved, notifier }
    }

    /// Judges what occurred since the last look; whether there is anything to be told.
    pub(super) fn look(&mut self) -> bool {
        let notices = self.judge();
        if self.saved.1.elapsed() >= SAVING {
            self.save();
        }
        if notices.is_empty() {
            // What the desktop takes no more is listed in the window all the same.
            let _ = self.notifier.go_on();
            return false;
        }
        let failure = show(&mut self.notifier, &notices).err();
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.failure = failure;
        told.unread += notices.len();
        told.notices.extend(notices);
        let surplus = told.notices.len().saturating_sub(KEPT);
        told.notices.drain(..surplus);
        true
    }

    fn judge(&mut self) -> Vec<Notice> {
        let Self { spectator, lookout, judged, .. } = self;
        let board = spectator.board();
        if !board.status.is_ready {
            return Vec::new();
        }
        let Some(known) = judged.replace(board.occurred) else {
            lookout.learn(&board.session);
            return Vec::new();
        };
        let context = board.session.context();
        board.since(known).filter_map(|what| lookout.judge(context, what)).collect()
    }

    /// Keeps what was seen, where that is more than the file has. A file that cannot be written costs
    /// the memory, not the notices.
    pub(super) fn save(&mut self) {
        let count = self.lookout.seen().len();
        if count != self.saved.0
            && let Some(file) = &self.file
        {
            let _ = whole::keep(file, &self.lookout.seen().written());
        }
        self.saved = (count, Instant::now());
    }
}

/// Has the desktop show notices.
fn show(notifier: &mut Notifier, notices: &[Notice]) -> Result<(), String> {
    if cfg!(test) {
        return Err("No desktop notifications in tests.".to_owned());
    }
    // Names and paths of what refused it tell nobody more than this.
    let mut notify = |title: &str, text: &str| {
        let refused = |_| "This desktop shows no notifications.".to_owned();
        notifier.show(title, text).map_err(refused)
    };
    for notice in notices.iter().take(SHOWN) {
        let title = match notice.news {
            sockeye_core::notice::News::Listener => "A program listens",
            sockeye_core::notice::News::Connection(_) => "A program connects for the first time",
        };
        notify(title, &sentence(notice))?;
    }
    match notices.len().saturating_sub(SHOWN) {
        0 => Ok(()),
        more => notify("Sockeye", &format!("{more} more notices")),
    }
}
