//! One process in full.

use hashbrown::HashMap;
use sockeye_core::description::{Nature, Standing};
use sockeye_core::process::Absent;
use sockeye_core::{Description, Process, ProcessId};

use super::accounts;
use super::facts::{Facts, IDLE, SYSTEM, in_memory};
use super::list::{Processes, list};
use super::peb::Text;
use super::privilege::may_look_at_all;
use super::signature::Signatures;
use crate::{Error, Kind};

/// Parents are followed so far: no honest chain is as long.
const GENERATIONS: usize = 64;

/// See [`crate::Describer`].
#[derive(Debug)]
pub(crate) struct Describer {
    facts: Facts,
    signatures: Signatures,
}

impl Describer {
    /// See [`crate::Describer::new`].
    pub(crate) fn new() -> Self {
        Self { facts: Facts::default(), signatures: Signatures::default() }
    }

    /// See [`crate::Describer::describe`].
    pub(crate) fn describe(&mut self, wanted: ProcessId) -> Result<Description, Error> {
        may_look_at_all();
        let fail =
            |kind, reason: String| Error::new(kind, "describe process", wanted.to_string(), reason);
        let processes = list().map_err(|error| fail(Kind::Os, error.to_string()))?;
        let listed = processes.get(&wanted.pid);
        let listed = listed.filter(|it| wanted.start == 0 || wanted.start == it.start);
        let gone = || fail(Kind::Vanished, "there is no such process".to_owned());
        let listed = listed.ok_or_else(gone)?;
        self.facts.keep(&processes);
        let process = self.facts.of(listed);
        let directory = in_memory(listed, Text::Directory).map(|path| without_slash(path).into());
        let path = process.path.as_deref().map_err(|absent| *absent);
        let signature = path.and_then(|path| self.signatures.of(path));
        let ancestors = self.ancestors(&process, &processes);
        let all = std::iter::once(&process).chain(&ancestors);
        let users: HashMap<u32, Box<str>> =
            all.filter_map(|it| Some((it.user_id?, accounts::name(it.user_id?)?))).collect();
        Ok(Description {
            working_directory: directory,
            // What only Linux has.
            root_directory: Err(Absent::Nonexistent),
            identity: Err(Absent::Nonexistent),
            capabilities: Err(Absent::Nonexistent),
            security_label: Err(Absent::Nonexistent),
            groups: Default::default(),
            signature,
            threads: Ok(listed.threads),
            standing: Standing { nature: nature(listed.pid), ..Standing::default() },
            users: users.into_iter().collect(),
            ancestors,
            process,
        })
    }

    /// The chain of parents, the nearest first. A parent began no later than its child: else its
    /// number is another process's by now.
    fn ancestors(&mut self, process: &Process, processes: &Processes) -> Vec<Process> {
        let mut chain: Vec<Process> = Vec::new();
        let (mut parent, mut start) = (process.parent, process.id.start);
        while let Some(listed) = parent.and_then(|pid| processes.get(&pid)) {
            if listed.start > start || chain.len() >= GENERATIONS {
                break;
            }
            let next = self.facts.of(listed);
            (parent, start) = (next.parent, listed.start);
            chain.push(next);
        }
        chain
    }
}

/// The idle process and the system have numbers, and run no program.
fn nature(pid: u32) -> Nature {
    if matches!(pid, IDLE | SYSTEM) { Nature::KernelThread } else { Nature::Ordinary }
}

/// `C:\Users` of `C:\Users\`; a drive's own directory keeps its backslash.
fn without_slash(path: String) -> String {
    match path.strip_suffix('\\') {
        Some(shorter) if !shorter.ends_with(':') => shorter.to_owned(),
        _ => path,
    }
}
