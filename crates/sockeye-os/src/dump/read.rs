//! Reading a dump: line by line, believing nothing, never more in memory than the file holds.

use std::io::BufRead;

use sockeye_core::process::{Absent, Fact};
use sockeye_core::snapshot::{NamespaceId, Source};
use sockeye_core::{Degradation, Process, ProcessId, Timestamp};

use super::lines::{Line, Lines, Problem};
use super::{
    ABSENCES, BYTE_ORDER, MAGIC, NO, NO_ID, REASONS, TABLE_FORMS, TABLE_ID, VERSION, YES, hex_byte,
    unescape,
};
use crate::assemble::noted::{Listed, process};
use crate::decode::inet_diag::decode_answer;
use crate::decode::proc_net::decode_table;
use crate::decode::{Malformed, SocketRow, Table, iphlp};
use crate::raw::{Form, Keep, Raw, RawAnswer, RawNamespace, RawProcess, Text, Unreadable};
use crate::{Error, Wants};

/// Reads a dump, called `name` in errors: the tables that are wanted, all processes.
pub(crate) fn read(
    input: &mut dyn BufRead,
    name: &str,
    (wants, keep): (&Wants, Keep),
) -> Result<Raw, Error> {
    let mut reader =
        Reader { lines: Lines::new(input), wants, keep, malformed: 0, first: None, interrupted: 0 };
    reader.dump().map_err(|problem| problem.explain(name))
}

/// A number in digits.
fn number<T: std::str::FromStr>(digits: &str) -> Option<T> {
    digits.parse().ok()
}

/// A name as it was.
fn name(text: &str) -> Option<String> {
    String::from_utf8(unescape(text)?).ok()
}

/// The instant at the begin of `text`; what follows is for people.
fn instant(text: &str) -> Option<Timestamp> {
    let digits = text.split(' ').next()?;
    number(digits).map(Timestamp::from_unix_ns)
}

/// Reads a dump from the first line to the last.
struct Reader<'a> {
    lines: Lines<'a>,
    wants: &'a Wants,
    keep: Keep,
    /// Rows that made no sense, and the first of them.
    malformed: u32,
    first: Option<Malformed>,
    /// Answers that the kernel marked as inconsistent.
    interrupted: u32,
}

impl Reader<'_> {
    fn dump(&mut self) -> Result<Raw, Problem> {
        let mut raw = self.header()?;
        loop {
            let line = self.lines.next()?;
            if line.text == "end" {
                break;
            }
            self.add(&mut raw, &line)?;
        }
        if self.lines.load()?.is_some() {
            return Err(Problem::damage(self.lines.number(), "follows the end marker"));
        }
        self.note(&mut raw.degradations);
        Ok(raw)
    }

    /// Adds to `raw` what `line` begins.
    fn add(&mut self, raw: &mut Raw, line: &Line) -> Result<(), Problem> {
        match line.split().0 {
            "namespace" => raw.namespaces.push(self.namespace(line)?),
            "process" => raw.processes.push(self.process(line)?),
            "listed" => raw.described.push(self.listed(line)?),
            "service-tag" => {
                let read =
                    |[pid, tag, text]: [&str; 3]| Some((number(pid)?, number(tag)?, name(text)?));
                raw.service_tags.push(line.parse("service-tag PID TAG NAME", read)?);
            }
            "user" => {
                let read = |[id, text]: [&str; 2]| Some((number(id)?, name(text)?));
                raw.users.push(line.parse("user ID NAME", read)?);
            }
            "cgroup-id" => {
                let read = |[id, path]: [&str; 2]| Some((number(id)?, name(path)?));
                raw.cgroups.push(line.parse("cgroup-id ID PATH", read)?);
            }
            "degradation" => {
                let read = |[text]: [&str; 1]| read_degradation(text);
                raw.degradations.push(line.parse("degradation WORD DETAILS", read)?);
            }
            _ => return Err(line.unknown()),
        }
        Ok(())
    }

    fn header(&mut self) -> Result<Raw, Problem> {
        self.magic()?;
        self.field("by", |[text]| Some(text.to_owned()))?;
        self.system()?;
        let time = self.field("time", |[time]| instant(time))?;
        let mut raw = Raw::new(time, Source::Replay);
        raw.boot = self.field("boot", |[time]| instant(time))?;
        raw.ticks_per_second = self.field("ticks", |[ticks]| number(ticks))?;
        let ports = |[first, last]: [&str; 2]| Some((number(first)?, number(last)?));
        raw.ephemeral_ports = self.field("ephemeral-ports", ports)?;
        self.field("source", |[text]| Some(text.to_owned()))?;
        raw.has_owners = self.field("owners", |[text]| match text {
            YES => Some(true),
            NO => Some(false),
            _ => None,
        })?;
        Ok(raw)
    }

    /// The first line: that this is a dump, and of which version.
    fn magic(&mut self) -> Result<(), Problem> {
        let no_dump = "is not `sockeye dump 1`: this is no dump; `sockeye dump FILE` makes one";
        let first = match self.lines.load() {
            Ok(first) => first,
            Err(Problem::Io(error)) => return Err(error.into()),
            Err(Problem::Line(..)) => None,
        };
        let version = first.as_ref().and_then(|line| line.text.strip_prefix(MAGIC));
        match version {
            Some(VERSION) => Ok(()),
            Some(version) if number::<u32>(version).is_some() => {
                let what = format!(
                    "says version {version}, and this Sockeye reads version {VERSION}: \
                     read it with the Sockeye that wrote it"
                );
                Err(Problem::Line(1, what))
            }
            _ => Err(Problem::Line(1, no_dump.to_owned())),
        }
    }

    /// The system it was written on: only the byte order matters.
    fn system(&mut self) -> Result<(), Problem> {
        let order = self.field("system", |[_, _, _, order]| Some(order.to_owned()))?;
        match &*order {
            order if order == BYTE_ORDER => Ok(()),
            "little-endian" | "big-endian" => {
                let what = format!(
                    "says that a {order} machine wrote it: replay it on one, this is {BYTE_ORDER}"
                );
                Err(Problem::Line(self.lines.number(), what))
            }
            _ => Err(Problem::damage(self.lines.number(), "names no known byte order")),
        }
    }

    /// The next line, which must begin with `word`.
    fn field<const N: usize, T>(
        &mut self,
        word: &str,
        read: impl FnOnce([&str; N]) -> Option<T>,
    ) -> Result<T, Problem> {
        let line = self.lines.next()?;
        if line.split().0 == word {
            line.parse(&format!("{word} …"), read)
        } else {
            let what = format!("does not begin with `{word}`");
            Err(Problem::damage(line.number, what))
        }
    }

    fn namespace(&mut self, head: &Line) -> Result<RawNamespace, Problem> {
        let (id, label) = head.parse("namespace INODE LABEL", |[id, label]| {
            let id = match (id, id.strip_prefix(TABLE_ID)) {
                (NO_ID, _) => None,
                (_, Some(digits)) => Some(NamespaceId::Table(number(digits)?)),
                (digits, _) => Some(NamespaceId::Inode(number(digits)?)),
            };
            Some((id, name(label)?))
        })?;
        let mut namespace = RawNamespace::new(id, label);
        while let Some(line) = self.lines.next_of(&NAMESPACE_WORDS)? {
            self.add_to_namespace(&mut namespace, &line)?;
        }
        Ok(namespace)
    }

    fn add_to_namespace(
        &mut self,
        namespace: &mut RawNamespace,
        line: &Line,
    ) -> Result<(), Problem> {
        match line.split().0 {
            "own" => namespace.is_own = true,
            "pid" => namespace.pid = Some(line.parse("pid PID", |[pid]| number(pid))?),
            "interface" => {
                let interface = line.parse("interface NUMBER NAME", |[index, text]| {
                    Some((number(index)?, name(text)?))
                })?;
                namespace.interfaces.push(interface);
            }
            "vanished" => {
                let cookie = line.parse("vanished COOKIE", |[cookie]| number(cookie))?;
                namespace.vanished.push(cookie);
            }
            word => {
                let of_windows = TABLE_FORMS.iter().find(|(_, known)| *known == word);
                let form = match (of_windows, word) {
                    (Some((form, _)), _) => Form::Iphlp(*form),
                    (None, "netlink") => Form::Netlink,
                    (None, _) => Form::ProcNet,
                };
                let table = line.parse("netlink TABLE", |[table]| Table::named(table))?;
                let bytes = self.value(form)?;
                self.decode(namespace, RawAnswer { table, form, bytes });
            }
        }
        Ok(())
    }

    fn process(&mut self, head: &Line) -> Result<RawProcess, Problem> {
        let form = "process PID START PARENT NAME";
        let mut process = head.parse(form, |[pid, start, parent, text]| {
            Some(RawProcess {
                pid: number(pid)?,
                start: number(start)?,
                name: name(text)?,
                parent: number(parent)?,
                status: Err(Unreadable::Nonexistent),
                command_line: Err(Unreadable::Nonexistent),
                image: Err(Unreadable::Nonexistent),
                cgroup: Err(Unreadable::Nonexistent),
                sockets: Vec::new(),
            })
        })?;
        while let Some(line) = self.lines.next_of(&PROCESS_WORDS)? {
            match line.split().0 {
                "status" => process.status = self.fact(&line)?,
                "command-line" => process.command_line = self.fact(&line)?,
                "image" => process.image = self.fact(&line)?,
                "cgroup" => process.cgroup = self.fact(&line)?,
                _ => {
                    process.sockets.push(line.parse("socket FD INODE", |[fd, inode]| {
                        Some((number(fd)?, number(inode)?))
                    })?);
                }
            }
        }
        Ok(process)
    }

    /// A process as Windows lists it.
    fn listed(&mut self, head: &Line) -> Result<Process, Problem> {
        let form = "listed PID START PARENT NAME";
        let mut listed = head.parse(form, |[pid, start, parent, text]| {
            Some(Listed {
                id: ProcessId { pid: number(pid)?, start: number(start)? },
                parent: Some(number(parent)?).filter(|parent| *parent != 0),
                name: name(text)?.into(),
                path: Err(Absent::Nonexistent),
                command_line: Err(Absent::Nonexistent),
                user_id: None,
                services: None,
            })
        })?;
        while let Some(line) = self.lines.next_of(&LISTED_WORDS)? {
            match line.split().0 {
                "path" => listed.path = self.told(&line)?,
                "command-line" => listed.command_line = self.told(&line)?,
                "runs-as" => {
                    listed.user_id = Some(line.parse("runs-as NUMBER", |[id]| number(id))?);
                }
                _ => {
                    let services = line.parse("services NAMES", |[text]| name(text))?;
                    listed.services = Some(services.into());
                }
            }
        }
        Ok(process(listed))
    }

    /// What Windows told, below `line`, or the reason in it why it did not.
    fn told(&mut self, line: &Line) -> Result<Fact<Box<str>>, Problem> {
        let (word, reason) = line.split();
        if reason.is_empty() {
            let text = String::from_utf8(self.value(Form::ProcNet)?);
            let what = "holds text that is not UTF-8";
            let text = text.map_err(|_| Problem::damage(line.number, what))?;
            return Ok(Ok(text.into()));
        }
        let known = ABSENCES.iter().find(|(_, text)| *text == reason);
        let what = || Problem::damage(line.number, format!("does not say why there is no {word}"));
        known.map(|(absent, _)| Err(*absent)).ok_or_else(what)
    }

    /// The text below `line`, or the reason in it why there is none.
    fn fact(&mut self, line: &Line) -> Result<Text, Problem> {
        let (word, reason) = line.split();
        if reason.is_empty() {
            return Ok(Ok(self.value(Form::ProcNet)?));
        }
        let known = REASONS.iter().find(|(_, text)| *text == reason);
        match known {
            Some((reason, _)) => Ok(Err(*reason)),
            None => {
                let what = format!("does not say why there is no {word}");
                Err(Problem::damage(line.number, what))
            }
        }
    }

    /// The sum of the `|` lines that follow: digits for a datagram, else escaped text.
    fn value(&mut self, form: Form) -> Result<Vec<u8>, Problem> {
        let mut bytes = Vec::new();
        while let Some(line) = self.lines.next_if(|line| line.text.starts_with('|'))? {
            let piece = line.text.strip_prefix('|').unwrap_or_default();
            let (read, what) = match form {
                Form::Netlink | Form::Iphlp(_) => {
                    (unhex(piece), "holds something else than pairs of digits")
                }
                Form::ProcNet => (unescape(piece), "holds a backslash that escapes nothing"),
            };
            bytes.extend(read.ok_or_else(|| Problem::damage(line.number, what))?);
        }
        Ok(bytes)
    }

    /// Decodes `answer` into `namespace`, if its table is wanted.
    fn decode(&mut self, namespace: &mut RawNamespace, answer: RawAnswer) {
        if !self.wants.has(answer.table.transport) {
            return;
        }
        let (table, bytes) = (answer.table, &answer.bytes);
        match answer.form {
            Form::Netlink => {
                let mut take = |row: Result<SocketRow, Malformed>| match row {
                    Ok(row) => namespace.sockets.push(row),
                    Err(malformed) => self.note_malformed(malformed),
                };
                let is_interrupted =
                    decode_answer(bytes, table.transport, &mut take).is_interrupted;
                self.interrupted = self.interrupted.saturating_add(is_interrupted.into());
            }
            Form::ProcNet => {
                let rows = decode_table(table.transport, table.family(), bytes);
                namespace.sockets.extend(rows.rows);
                rows.malformed.into_iter().for_each(|malformed| self.note_malformed(malformed));
            }
            Form::Iphlp(form) => {
                let decoded = iphlp::decode_table(table, form, bytes);
                if let Some(first) = decoded.first {
                    self.malformed = self.malformed.saturating_add(decoded.missing.max(1));
                    self.first.get_or_insert(first);
                }
                iphlp::join(&mut namespace.rows, decoded.rows, (table, form));
            }
        }
        if self.keep == Keep::Answers {
            namespace.answers.push(answer);
        }
    }

    fn note_malformed(&mut self, malformed: Malformed) {
        self.malformed = self.malformed.saturating_add(1);
        self.first.get_or_insert(malformed);
    }

    /// Adds what decoding found wrong to what the dump says was wrong.
    ///
    /// Both are the same unless the dump was damaged: the answers stand in it as they came.
    fn note(&self, degradations: &mut Vec<Degradation>) {
        let (mut malformed, mut interrupted) = (self.malformed, self.interrupted);
        for said in &*degradations {
            match said {
                Degradation::Malformed { count, .. } => {
                    malformed = malformed.saturating_sub(*count);
                }
                Degradation::Unstable { count } => {
                    interrupted = interrupted.saturating_sub(*count);
                }
                _ => {}
            }
        }
        if let Some(first) = self.first.filter(|_| malformed > 0) {
            let (count, first) = (malformed, first.to_string());
            degradations.push(Degradation::Malformed { count, first });
        }
        if interrupted > 0 {
            degradations.push(Degradation::Unstable { count: interrupted });
        }
    }
}

/// The words that belong to a namespace.
const NAMESPACE_WORDS: [&str; 9] = [
    "own",
    "pid",
    "interface",
    "vanished",
    "netlink",
    "proc-net",
    "iphlp-pid",
    "iphlp-module",
    "iphlp-second",
];
/// The words that belong to a process.
const PROCESS_WORDS: [&str; 5] = ["status", "command-line", "image", "cgroup", "socket"];

/// The words that belong to a process of Windows.
const LISTED_WORDS: [&str; 4] = ["path", "command-line", "runs-as", "services"];

/// The bytes that pairs of hexadecimal digits write.
fn unhex(digits: &str) -> Option<Vec<u8>> {
    let (pairs, []) = digits.as_bytes().as_chunks::<2>() else {
        return None;
    };
    pairs.iter().map(|[high, low]| hex_byte(*high, *low)).collect()
}

/// A degradation, by its word and what it carries.
fn read_degradation(text: &str) -> Option<Degradation> {
    let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
    Some(match word {
        "processes_denied" => Degradation::ProcessesDenied { count: number(rest)? },
        "processes_hidden" => Degradation::ProcessesHidden,
        "outside_pid_namespace" => Degradation::OutsidePidNamespace,
        "namespaces_denied" => Degradation::NamespacesDenied { count: number(rest)? },
        "sock_diag_unavailable" => Degradation::SockDiagUnavailable { reason: name(rest)? },
        "table_unavailable" => {
            let (table, reason) = rest.split_once(' ')?;
            Degradation::TableUnavailable { table: name(table)?, reason: name(reason)? }
        }
        "malformed" => {
            let (count, first) = rest.split_once(' ')?;
            Degradation::Malformed { count: number(count)?, first: name(first)? }
        }
        "unstable" => Degradation::Unstable { count: number(rest)? },
        "events_unavailable" => Degradation::EventsUnavailable { reason: name(rest)? },
        "containers_unnamed" => {
            let (runtime, reason) = rest.split_once(' ')?;
            Degradation::ContainersUnnamed { runtime: name(runtime)?, reason: name(reason)? }
        }
        "units_unread" => {
            let (count, first) = rest.split_once(' ')?;
            Degradation::UnitsUnread { count: number(count)?, first: name(first)? }
        }
        "events_incomplete" => Degradation::EventsIncomplete { reason: name(rest)? },
        "unmeasured" => Degradation::Unmeasured { reason: name(rest)? },
        "iterator_unavailable" => Degradation::IteratorUnavailable { reason: name(rest)? },
        _ => return None,
    })
}
