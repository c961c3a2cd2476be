//! Reading a dump: line by line, believing nothing, never more in memory than the file holds.

use std::io::{self, BufRead, Read};

use sockeye_core::snapshot::{NamespaceId, Source};
use sockeye_core::{Degradation, Timestamp, Transport};

use super::{BYTE_ORDER, MAGIC, NO, NO_ID, REASONS, TABLE_ID, VERSION, YES, hex_byte, unescape};
use crate::decode::inet_diag::decode_answer;
use crate::decode::proc_net::decode_table;
use crate::decode::{Malformed, SocketRow, Table};
use crate::raw::{Form, Keep, Raw, RawAnswer, RawNamespace, RawProcess, Text, Unreadable};
use crate::{Error, Kind, Wants};

/// No line that is written is longer; whatever has longer ones is something else.
const LINE_LIMIT: u64 = 1024 * 1024;

/// Reads a dump, called `name` in errors: the tables that are wanted, all processes.
pub(crate) fn read(
    input: &mut dyn BufRead,
    name: &str,
    (wants, keep): (&Wants, Keep),
) -> Result<Raw, Error> {
    let mut reader = Reader {
        input,
        number: 0,
        ahead: None,
        wants,
        keep,
        malformed: 0,
        first: None,
        interrupted: 0,
    };
    reader.dump().map_err(|problem| problem.explain(name))
}

/// Why a dump cannot be read.
enum Problem {
    /// The file cannot.
    Io(io::Error),
    /// A line is wrong: its number, and what is wrong with it and to be done.
    Line(usize, String),
}

impl Problem {
    /// What is wrong is damage.
    fn damage(line: usize, what: impl std::fmt::Display) -> Self {
        let advice = "the dump is damaged; copy it again, or make a new one";
        Self::Line(line, format!("{what}: {advice}"))
    }

    fn explain(self, name: &str) -> Error {
        match self {
            Self::Io(error) => Error::from_io("read", name, &error),
            Self::Line(number, what) => Error::new(
                Kind::Malformed,
                "read",
                name,
                format!("line {number} {what}"),
            ),
        }
    }
}

impl From<io::Error> for Problem {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// One line, without its indentation.
struct Line {
    number: usize,
    text: String,
}

impl Line {
    /// Its first word and what follows.
    fn split(&self) -> (&str, &str) {
        self.text.split_once(' ').unwrap_or((&self.text, ""))
    }

    /// Its fields behind the first word, the last one with all that is left, read by `read`;
    /// `form` says in an error how the line should look.
    fn parse<const N: usize, T>(
        &self,
        form: &str,
        read: impl FnOnce([&str; N]) -> Option<T>,
    ) -> Result<T, Problem> {
        let fields: Vec<&str> = self.split().1.splitn(N, ' ').collect();
        let read = fields.try_into().ok().and_then(read);
        read.ok_or_else(|| Problem::damage(self.number, format!("is not of the form `{form}`")))
    }

    /// A line that belongs nowhere.
    fn unknown(&self) -> Problem {
        let word: String = self.split().0.chars().take(40).collect();
        let what = format!("begins with `{word}`, which has no place there");
        Problem::damage(self.number, what)
    }
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
    input: &'a mut dyn BufRead,
    /// Lines read so far.
    number: usize,
    /// A line that was looked at and not yet taken.
    ahead: Option<Line>,
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
            let line = self.next()?;
            if line.text == "end" {
                break;
            }
            self.add(&mut raw, &line)?;
        }
        if self.load()?.is_some() {
            return Err(Problem::damage(self.number, "follows the end marker"));
        }
        self.note(&mut raw.degradations);
        Ok(raw)
    }

    /// Adds to `raw` what `line` begins.
    fn add(&mut self, raw: &mut Raw, line: &Line) -> Result<(), Problem> {
        match line.split().0 {
            "namespace" => raw.namespaces.push(self.namespace(line)?),
            "process" => raw.processes.push(self.process(line)?),
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
                raw.degradations
                    .push(line.parse("degradation WORD DETAILS", read)?);
            }
            _ => return Err(line.unknown()),
        }
        Ok(())
    }

    fn header(&mut self) -> Result<Raw, Problem> {
        self.magic()?;
        self.field("by", |[text]| Some(text.to_owned()))?;
        self.system()?;
        let mut raw = Raw {
            time: self.field("time", |[time]| instant(time))?,
            source: Source::Replay,
            boot: self.field("boot", |[time]| instant(time))?,
            ticks_per_second: self.field("ticks", |[ticks]| number(ticks))?,
            ephemeral_ports: self.field("ephemeral-ports", |[first, last]| {
                Some((number(first)?, number(last)?))
            })?,
            namespaces: Vec::new(),
            has_owners: true,
            processes: Vec::new(),
            users: Vec::new(),
            cgroups: Vec::new(),
            degradations: Vec::new(),
        };
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
        let first = match self.load() {
            Ok(first) => first,
            Err(Problem::Io(error)) => return Err(error.into()),
            Err(Problem::Line(..)) => None,
        };
        let version = first
            .as_ref()
            .and_then(|line| line.text.strip_prefix(MAGIC));
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
                Err(Problem::Line(self.number, what))
            }
            _ => Err(Problem::damage(self.number, "names no known byte order")),
        }
    }

    /// The next line, which must begin with `word`.
    fn field<const N: usize, T>(
        &mut self,
        word: &str,
        read: impl FnOnce([&str; N]) -> Option<T>,
    ) -> Result<T, Problem> {
        let line = self.next()?;
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
        let mut namespace = RawNamespace {
            id,
            label,
            pid: None,
            is_own: false,
            interfaces: Vec::new(),
            sockets: Vec::new(),
            vanished: Vec::new(),
            answers: Vec::new(),
        };
        while let Some(line) = self.next_of(&NAMESPACE_WORDS)? {
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
                let form = if word == "netlink" {
                    Form::Netlink
                } else {
                    Form::ProcNet
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
        while let Some(line) = self.next_of(&PROCESS_WORDS)? {
            match line.split().0 {
                "status" => process.status = self.fact(&line)?,
                "command-line" => process.command_line = self.fact(&line)?,
                "image" => process.image = self.fact(&line)?,
                "cgroup" => process.cgroup = self.fact(&line)?,
                _ => process
                    .sockets
                    .push(line.parse("socket FD INODE", |[fd, inode]| {
                        Some((number(fd)?, number(inode)?))
                    })?),
            }
        }
        Ok(process)
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
        while let Some(line) = self.next_if(|line| line.text.starts_with('|'))? {
            let piece = line.text.strip_prefix('|').unwrap_or_default();
            let (read, what) = match form {
                Form::Netlink => (unhex(piece), "holds something else than pairs of digits"),
                Form::ProcNet => (unescape(piece), "holds a backslash that escapes nothing"),
            };
            bytes.extend(read.ok_or_else(|| Problem::damage(line.number, what))?);
        }
        Ok(bytes)
    }

    /// Decodes `answer` into `namespace`, if its table is wanted.
    fn decode(&mut self, namespace: &mut RawNamespace, answer: RawAnswer) {
        let is_wanted = match answer.table.transport {
            Transport::Tcp => self.wants.tcp,
            Transport::Udp => self.wants.udp,
        };
        if !is_wanted {
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
                rows.malformed
                    .into_iter()
                    .for_each(|malformed| self.note_malformed(malformed));
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

    /// The next line, which must be there.
    fn next(&mut self) -> Result<Line, Problem> {
        self.peek()?;
        match self.ahead.take() {
            Some(line) => Ok(line),
            None => {
                let what = "is the last one, and that is not `end`: the dump was cut short; \
                            copy it again, or make a new one";
                Err(Problem::Line(self.number, what.to_owned()))
            }
        }
    }

    /// The next line, if it begins with one of `words`.
    fn next_of(&mut self, words: &[&str]) -> Result<Option<Line>, Problem> {
        self.next_if(|line| words.contains(&line.split().0))
    }

    /// The next line, if it is such.
    fn next_if(&mut self, is_such: impl Fn(&Line) -> bool) -> Result<Option<Line>, Problem> {
        self.peek()?;
        Ok(self.ahead.take_if(|line| is_such(line)))
    }

    /// Sees to it that the next line is in `ahead`.
    fn peek(&mut self) -> Result<(), Problem> {
        if self.ahead.is_none() {
            self.ahead = self.load()?;
        }
        Ok(())
    }

    /// Reads the next line that is not empty; `None` at the end of the file.
    fn load(&mut self) -> Result<Option<Line>, Problem> {
        loop {
            let mut bytes = Vec::new();
            (&mut *self.input)
                .take(LINE_LIMIT)
                .read_until(b'\n', &mut bytes)?;
            if bytes.is_empty() {
                return Ok(None);
            }
            self.number += 1;
            let text = self.text(&bytes)?.trim_start_matches(' ');
            if !text.is_empty() {
                let (number, text) = (self.number, text.to_owned());
                return Ok(Some(Line { number, text }));
            }
        }
    }

    /// `line` as text, without its end.
    fn text<'b>(&self, line: &'b [u8]) -> Result<&'b str, Problem> {
        let Some(text) = line.strip_suffix(b"\n") else {
            let what = if (line.len() as u64) < LINE_LIMIT {
                "has no end: the dump was cut short; copy it again, or make a new one".to_owned()
            } else {
                format!("is longer than {LINE_LIMIT} bytes: this is no dump, or it is damaged")
            };
            return Err(Problem::Line(self.number, what));
        };
        // A copy by way of Windows ends its lines by two characters.
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        let is_text = text.iter().all(|byte| matches!(byte, b' '..=b'~'));
        let text = std::str::from_utf8(text).ok().filter(|_| is_text);
        text.ok_or_else(|| Problem::damage(self.number, "holds bytes that are no text"))
    }
}

/// The words that belong to a namespace.
const NAMESPACE_WORDS: [&str; 6] = ["own", "pid", "interface", "vanished", "netlink", "proc-net"];
/// The words that belong to a process.
const PROCESS_WORDS: [&str; 5] = ["status", "command-line", "image", "cgroup", "socket"];

/// The bytes that pairs of hexadecimal digits write.
fn unhex(digits: &str) -> Option<Vec<u8>> {
    let (pairs, []) = digits.as_bytes().as_chunks::<2>() else {
        return None;
    };
    pairs
        .iter()
        .map(|[high, low]| hex_byte(*high, *low))
        .collect()
}

/// A degradation, by its word and what it carries.
fn read_degradation(text: &str) -> Option<Degradation> {
    let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
    Some(match word {
        "processes_denied" => Degradation::ProcessesDenied {
            count: number(rest)?,
        },
        "processes_hidden" => Degradation::ProcessesHidden,
        "outside_pid_namespace" => Degradation::OutsidePidNamespace,
        "namespaces_denied" => Degradation::NamespacesDenied {
            count: number(rest)?,
        },
        "sock_diag_unavailable" => Degradation::SockDiagUnavailable {
            reason: name(rest)?,
        },
        "table_unavailable" => {
            let (table, reason) = rest.split_once(' ')?;
            Degradation::TableUnavailable {
                table: name(table)?,
                reason: name(reason)?,
            }
        }
        "malformed" => {
            let (count, first) = rest.split_once(' ')?;
            Degradation::Malformed {
                count: number(count)?,
                first: name(first)?,
            }
        }
        "unstable" => Degradation::Unstable {
            count: number(rest)?,
        },
        _ => return None,
    })
}
