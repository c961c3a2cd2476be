//! Starting again with an administrator's rights, where there are such rights and the user agrees.

use std::time::Duration;

use eframe::egui::{self, ViewportCommand};
use sockeye_os::desktop::{self, Elevation};
use sockeye_os::{Error, Kind};

use crate::app::App;
use crate::page::{Progress, Task};

/// Rights that this program has not, and how it gets them.
#[derive(Debug)]
pub(crate) struct Elevate {
    /// Whether they can be had.
    pub(crate) elevation: Elevation,
    /// Starts this program with them and with these arguments; tests have another.
    pub(crate) start: fn(&[&str]) -> Result<(), Error>,
    /// The user is being asked.
    asked: Option<Task<Result<(), Error>>>,
}

impl Elevate {
    /// By this system.
    pub(crate) fn of_system() -> Self {
        Self { elevation: desktop::elevation(), start: desktop::start_elevated, asked: None }
    }

    /// Whether it is of use to ask.
    pub(crate) fn is_possible(&self) -> bool {
        self.elevation == Elevation::Possible
    }
}

impl App {
    /// Has the user asked by the system, in a thread: the answer takes its time.
    pub(crate) fn restart_elevated(&mut self, ctx: &egui::Context) {
        if self.elevate.asked.is_some() {
            return;
        }
        // Whoever starts reads what this one has kept.
        self.keep(ctx, Duration::ZERO);
        let (start, search) = (self.elevate.start, self.search.text.trim().to_owned());
        let ask = move || if search.is_empty() { start(&[]) } else { start(&["--", &search]) };
        self.elevate.asked = Some(Task::start("elevate", ctx, ask));
    }

    /// Makes way for the one that was started, or says why none was.
    pub(crate) fn follow_elevation(&mut self, ctx: &egui::Context) {
        let answer = match self.elevate.asked.as_mut().map(Task::poll) {
            None | Some(Progress::Running) => return,
            Some(Progress::Failed) => None,
            Some(Progress::Done(answer)) => Some(answer.clone()),
        };
        self.elevate.asked = None;
        match answer {
            Some(Ok(())) => ctx.send_viewport_cmd(ViewportCommand::Close),
            Some(Err(error)) if error.kind == Kind::Denied => {
                self.say("That was refused: Sockeye goes on without an administrator's rights.");
            }
            Some(Err(error)) => self.complain(format!("Sockeye {error}.")),
            None => self.complain("Sockeye cannot start a thread."),
        }
    }
}
