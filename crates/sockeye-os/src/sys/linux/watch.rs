//! Watching: which way of it there is here, behind one name.

use std::thread;
use std::time::Duration;

use sockeye_core::event::{Coverage, Event};
use sockeye_core::{Degradation, Snapshot};

use crate::{Error, Wants};

/// See [`crate::Watcher`].
#[derive(Debug)]
pub(crate) struct Watcher {
    wants: Wants,
    limits: Vec<Degradation>,
}

impl Watcher {
    pub(crate) fn start(wants: &Wants) -> Result<Self, Error> {
        Ok(Self { wants: wants.clone(), limits: Vec::new() })
    }

    pub(crate) fn coverage(&self) -> Coverage {
        Coverage::default()
    }

    pub(crate) fn limits(&self) -> &[Degradation] {
        &self.limits
    }

    pub(crate) fn wait(&mut self, timeout: Duration, _: &mut Vec<Event>) -> Result<(), Error> {
        thread::sleep(timeout);
        Ok(())
    }

    pub(crate) fn snapshot(&mut self) -> Result<Snapshot, Error> {
        super::observe(&self.wants)
    }
}
