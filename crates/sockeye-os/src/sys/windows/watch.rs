//! Watching: looking again and again.

use std::thread;
use std::time::Duration;

use sockeye_core::event::{Coverage, Event};
use sockeye_core::{Degradation, Snapshot};

use super::observe::{Gatherer, check};
use crate::assemble::assemble;
use crate::{Error, Wants};

/// See [`crate::Watcher`].
#[derive(Debug)]
pub(crate) struct Watcher {
    wants: Wants,
    gatherer: Gatherer,
    limits: Vec<Degradation>,
}

impl Watcher {
    /// See [`crate::Watcher::start`].
    pub(crate) fn start(wants: &Wants) -> Result<Self, Error> {
        check(wants)?;
        let reason = "Windows' tables tell of nothing as it happens".to_owned();
        let limits = vec![Degradation::EventsUnavailable { reason }];
        Ok(Self { wants: wants.clone(), gatherer: Gatherer::new(), limits })
    }

    /// See [`crate::Watcher::coverage`].
    pub(crate) fn coverage(&self) -> Coverage {
        Coverage::default()
    }

    /// See [`crate::Watcher::limits`].
    pub(crate) fn limits(&self) -> &[Degradation] {
        &self.limits
    }

    /// See [`crate::Watcher::wait`]. Nothing ever happens.
    pub(crate) fn wait(&mut self, timeout: Duration, _: &mut Vec<Event>) -> Result<(), Error> {
        thread::sleep(timeout);
        Ok(())
    }

    /// See [`crate::Watcher::set_measuring`]. Tables measure nothing.
    pub(crate) fn set_measuring(&mut self, _: bool) {}

    /// See [`crate::Watcher::snapshot`].
    pub(crate) fn snapshot(&mut self) -> Result<Snapshot, Error> {
        self.gatherer.gather(&self.wants).map(assemble)
    }
}
