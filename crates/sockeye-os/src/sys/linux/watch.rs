//! Watching: which way of it there is here, behind one name.

use std::time::Duration;

use sockeye_core::event::{Coverage, Event};
use sockeye_core::{Degradation, Snapshot};

use super::polling::Polling;
use super::source;
use crate::{Error, Wants};

/// See [`crate::Watcher`].
#[derive(Debug)]
pub(crate) struct Watcher(Tier);

/// The ways of watching.
#[derive(Debug)]
enum Tier {
    /// Snapshots, and the multicast of closings where it is to be had.
    Polling(Polling),
}

impl Watcher {
    pub(crate) fn start(wants: &Wants) -> Result<Self, Error> {
        source::check(wants.source)?;
        Polling::start(wants).map(Tier::Polling).map(Self)
    }

    pub(crate) fn coverage(&self) -> Coverage {
        match &self.0 {
            Tier::Polling(_) => Coverage::default(),
        }
    }

    pub(crate) fn limits(&self) -> &[Degradation] {
        match &self.0 {
            Tier::Polling(polling) => polling.limits(),
        }
    }

    pub(crate) fn wait(&mut self, timeout: Duration, events: &mut Vec<Event>) -> Result<(), Error> {
        match &mut self.0 {
            Tier::Polling(polling) => polling.wait(timeout, events),
        }
    }

    pub(crate) fn snapshot(&mut self) -> Result<Snapshot, Error> {
        match &mut self.0 {
            Tier::Polling(polling) => polling.snapshot(),
        }
    }
}
