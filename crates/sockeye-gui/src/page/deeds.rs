//! What pages have done in threads of their own: asking, acting, and what this user may do.

use std::net::IpAddr;
use std::sync::mpsc::{self, Receiver, TryRecvError};
use std::thread;

use eframe::egui;
use sockeye_core::{Description, Endpoint, ProcessId};
use sockeye_engine::act::{self, Fate, Insistence};
use sockeye_engine::inspect::Inspector;
use sockeye_engine::whois::{self, Record};
use sockeye_os::desktop::{Elevation, elevation};
use sockeye_os::{Error, SourceChoice};

use super::informant::{Informant, Told};

/// What pages ask the machine and do to it; tests have others.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deeds {
    /// Closes connections, and tells what became of each.
    pub(super) close: fn(&[&Endpoint]) -> Vec<Fate>,
    /// Ends processes, and tells what became of each.
    pub(super) end: fn(&[ProcessId], Insistence) -> Vec<Fate>,
    /// Asks whose an address is.
    pub(super) whois: fn(IpAddr) -> Result<Record, Error>,
    /// Finds out everything about a process.
    pub(super) describe: fn(&mut Informant, &sockeye_core::Process) -> Told,
    /// Finds out what this user may do.
    pub(super) examine: fn() -> Powers,
}

impl Deeds {
    /// On this machine.
    pub(super) const REAL: Self = Self {
        close: |endpoints| act::close(endpoints, SourceChoice::Auto),
        end: act::end,
        whois: |address| whois::ask(address, None),
        describe: Informant::describe,
        examine: Powers::examine,
    };
}

/// What this user may do to connections and processes.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Powers {
    /// Why connections cannot be closed.
    pub(super) no_closing: Option<String>,
    /// Why processes of other users cannot be ended.
    pub(super) no_foreign_ending: Option<String>,
    /// Who this user is, by number; `None` where that is not known.
    pub(super) user: Option<u32>,
}

impl Powers {
    /// Concludes it from what this process may do, because trying takes sockets of our own, which the
    /// table would show. What a kernel cannot do for other reasons is said when it is tried.
    fn examine() -> Self {
        let powers = Self::of_own_process();
        // Windows lets administrators alone close connections (SetTcpEntry, learn.microsoft.com).
        let needs_elevation = elevation() == Elevation::Possible;
        let helps =
            "Closing connections takes an administrator's rights: File, Restart as Administrator.";
        let no_closing = needs_elevation.then(|| helps.to_owned()).or(powers.no_closing);
        Self { no_closing, ..powers }
    }

    fn of_own_process() -> Self {
        let own = ProcessId { pid: std::process::id(), start: 0 };
        match Inspector::default().find(own) {
            Ok(description) => Self::of(&description),
            Err(error) => Self {
                no_closing: Some(format!("Sockeye cannot do this here: {error}.")),
                no_foreign_ending: None,
                user: None,
            },
        }
    }

    /// What a process like this may do: closing takes CAP_NET_ADMIN (sock_diag(7), SOCK_DESTROY),
    /// signalling others CAP_KILL (kill(2)).
    fn of(description: &Description) -> Self {
        let capabilities = description.capabilities.as_ref();
        let lacks = |wanted: &str| {
            capabilities.is_ok_and(|sets| !sets.effective.names().any(|name| name == wanted))
        };
        let no_closing = "Closing connections takes CAP_NET_ADMIN, which root has.";
        let no_ending = "Ending processes of other users takes CAP_KILL, which root has.";
        Self {
            no_closing: lacks("CAP_NET_ADMIN").then(|| no_closing.to_owned()),
            no_foreign_ending: lacks("CAP_KILL").then(|| no_ending.to_owned()),
            user: description.identity.as_ref().ok().map(|identity| identity.effective_user),
        }
    }
}

/// Something that a thread finds out.
#[derive(Debug)]
pub(crate) struct Task<T> {
    receiver: Receiver<T>,
    answer: Option<T>,
}

impl<T: Send + 'static> Task<T> {
    /// Begins `work` in a thread called `name`; `ctx` draws again when it is done. Who drops the task
    /// waits for nothing: the thread ends by itself, and its answer is thrown away.
    pub(crate) fn start(
        name: &str,
        ctx: &egui::Context,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Self {
        let (sender, receiver) = mpsc::channel();
        let ctx = ctx.clone();
        let run = move || {
            // Nobody waits for it any more where the page was closed.
            let _ = sender.send(work());
            ctx.request_repaint();
        };
        // Without a thread the sender is gone, which the page shows as a failure.
        let _ = thread::Builder::new().name(name.to_owned()).spawn(run);
        Self { receiver, answer: None }
    }

    /// What came of it.
    pub(crate) fn poll(&mut self) -> Progress<'_, T> {
        if self.answer.is_none() {
            match self.receiver.try_recv() {
                Ok(answer) => self.answer = Some(answer),
                Err(TryRecvError::Empty) => return Progress::Running,
                Err(TryRecvError::Disconnected) => return Progress::Failed,
            }
        }
        self.answer.as_ref().map_or(Progress::Running, Progress::Done)
    }
}

/// How far a task is.
#[derive(Debug)]
pub(crate) enum Progress<'a, T> {
    /// It has not ended.
    Running,
    /// It ended without an answer: no thread could be made, or it panicked.
    Failed,
    /// It has an answer.
    Done(&'a T),
}

#[cfg(test)]
mod tests {
    use sockeye_core::description::{Capabilities, CapabilitySet};
    use sockeye_core::process::Absent;

    use super::super::samples;
    use super::*;

    #[test]
    fn powers_are_concluded_from_capabilities() {
        let told = samples::told(&samples::process(1207, "/usr/sbin/nginx", 33));
        // CAP_KILL is 5, CAP_NET_ADMIN is 12 (include/uapi/linux/capability.h).
        let check = |effective: Option<u64>, may_close: bool, may_end: bool| {
            let sets = effective.map(|bits| Capabilities {
                effective: CapabilitySet(bits),
                ..Capabilities::default()
            });
            let capabilities = sets.ok_or(Absent::Unsupported);
            let powers = Powers::of(&Description { capabilities, ..(*told.description).clone() });
            assert_eq!(powers.no_closing.is_none(), may_close, "{effective:?}");
            assert_eq!(powers.no_foreign_ending.is_none(), may_end, "{effective:?}");
            assert_eq!(powers.user, Some(33));
        };
        check(Some(0), false, false);
        check(Some(1 << 12), true, false);
        check(Some(1 << 5), false, true);
        check(Some(u64::MAX), true, true);
        // Where nobody can tell, it is tried.
        check(None, true, true);
    }
}
