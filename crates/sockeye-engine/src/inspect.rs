//! Processes in full, each found out once: who has ended keeps what was known while it lived.

use std::collections::HashMap;
use std::sync::Arc;

use sockeye_core::description::{Description, Standing};
use sockeye_core::process::Absent;
use sockeye_core::{Process, ProcessId};
use sockeye_os::{Describer, Error};

/// So many processes are remembered; then those are forgotten that are not asked for again.
const MOST: usize = 16_384;

/// Describes processes, and remembers them.
#[derive(Default, Debug)]
pub struct Inspector {
    describer: Describer,
    known: HashMap<ProcessId, Arc<Description>>,
}

impl Inspector {
    /// What is known of `process`, which a snapshot shows: in full, or, when it ended before anybody
    /// asked, what the snapshot knows.
    pub fn describe(&mut self, process: &Process) -> Arc<Description> {
        let found = self.find(process.id);
        found.unwrap_or_else(|_| Arc::new(described_late(process.clone())))
    }

    /// What is known of the process `id`; of whichever has that pid now, or has a thread with that
    /// number, when its start is 0.
    ///
    /// # Errors
    ///
    /// When there is no such process, or it is hidden.
    pub fn find(&mut self, id: ProcessId) -> Result<Arc<Description>, Error> {
        if let Some(known) = self.known.get(&id) {
            return Ok(Arc::clone(known));
        }
        let description = Arc::new(self.describer.describe(id)?);
        if self.known.len() >= MOST {
            self.known.clear();
        }
        self.known.insert(description.process.id, Arc::clone(&description));
        Ok(description)
    }
}

/// What remains to be said of a process that has ended.
fn described_late(process: Process) -> Description {
    Description {
        working_directory: Err(Absent::Vanished),
        root_directory: Err(Absent::Vanished),
        identity: Err(Absent::Vanished),
        capabilities: Err(Absent::Vanished),
        security_label: Err(Absent::Vanished),
        signature: Err(Absent::Vanished),
        threads: Err(Absent::Vanished),
        standing: Standing { descriptors: Err(Absent::Vanished), ..Standing::default() },
        ancestors: Vec::new(),
        users: Default::default(),
        groups: Default::default(),
        process,
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn who_has_ended_keeps_what_was_known() {
        let mut child = Command::new("/bin/cat").stdin(Stdio::piped()).spawn().unwrap();
        let id = ProcessId { pid: child.id(), start: 0 };
        let mut inspector = Inspector::default();
        let known = loop {
            let found = Inspector::default().find(id).unwrap();
            if &*found.process.name == "cat" {
                break inspector.find(found.process.id).unwrap();
            }
        };
        drop(child.stdin.take());
        child.wait().unwrap();
        assert_eq!(inspector.describe(&known.process), known);
        let unknown = Inspector::default().describe(&known.process);
        assert_eq!(unknown.process, known.process);
        assert_eq!(unknown.working_directory, Err(Absent::Vanished));
    }
}
