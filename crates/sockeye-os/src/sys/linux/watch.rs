//! Watching: which way of it there is here, behind one name.

use std::time::Duration;

use sockeye_core::event::{Coverage, Event};
use sockeye_core::{Degradation, Snapshot};

use super::bpf::Stream;
use super::memory;
use super::polling::Polling;
use super::source::of_windows;
use crate::{Error, SourceChoice, Wants};

/// See [`crate::Watcher`].
#[derive(Debug)]
pub(crate) struct Watcher(Tier);

/// The ways of watching.
#[derive(Debug)]
enum Tier {
    /// Programs in the kernel.
    Ebpf(Box<Stream>),
    /// Snapshots, and the multicast of closings where it is to be had.
    Polling(Polling),
}

impl Watcher {
    pub(crate) fn start(wants: &Wants) -> Result<Self, Error> {
        memory::return_what_is_freed();
        let refused = match wants.source {
            SourceChoice::Auto | SourceChoice::Ebpf => match Stream::start(wants) {
                Ok(stream) => return Ok(Self(Tier::Ebpf(Box::new(stream)))),
                Err(error) if wants.source == SourceChoice::Ebpf => return Err(error),
                Err(error) => Some(error),
            },
            SourceChoice::Netlink | SourceChoice::Proc => None,
            SourceChoice::Etw | SourceChoice::Iphlpapi => return Err(of_windows()),
        };
        let mut polling = Polling::start(wants)?;
        if let Some(error) = refused {
            polling.limit(&error.to_string());
        }
        Ok(Self(Tier::Polling(polling)))
    }

    pub(crate) fn coverage(&self) -> Coverage {
        match &self.0 {
            Tier::Ebpf(stream) => stream.coverage(),
            Tier::Polling(_) => Coverage::default(),
        }
    }

    pub(crate) fn limits(&self) -> &[Degradation] {
        match &self.0 {
            Tier::Ebpf(stream) => stream.limits(),
            Tier::Polling(polling) => polling.limits(),
        }
    }

    pub(crate) fn wait(&mut self, timeout: Duration, events: &mut Vec<Event>) -> Result<(), Error> {
        match &mut self.0 {
            Tier::Ebpf(stream) => stream.wait(timeout, events),
            Tier::Polling(polling) => polling.wait(timeout, events),
        }
    }

    pub(crate) fn set_measuring(&mut self, is_measuring: bool) {
        match &mut self.0 {
            Tier::Ebpf(stream) => stream.set_measuring(is_measuring),
            Tier::Polling(polling) => polling.set_measuring(is_measuring),
        }
    }

    pub(crate) fn snapshot(&mut self) -> Result<Snapshot, Error> {
        match &mut self.0 {
            Tier::Ebpf(stream) => stream.snapshot(),
            Tier::Polling(polling) => polling.snapshot(),
        }
    }
}
