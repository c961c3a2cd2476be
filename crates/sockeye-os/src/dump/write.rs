//! Writing a dump: the format that the top of [`dump`](super) describes.

use std::io::{self, BufWriter, Write};

use sockeye_core::process::Fact;
use sockeye_core::{Degradation, NamespaceId, Process, ProcessId, Timestamp};

use super::{
    ABSENCES, Anonymity, BYTE_ORDER, Escaped, MAGIC, NO, NO_ID, REASONS, TABLE_FORMS, TABLE_ID,
    VERSION, YES,
};
use crate::raw::{Form, Raw, RawAnswer, RawNamespace, RawProcess, Text};
use crate::sys;

/// Bytes of a datagram in a line.
const HEX_BYTES: usize = 40;
/// Bytes of a text in a line, when it has no line end of its own before.
const TEXT_BYTES: usize = 1024;

/// Writes `raw`, down to the end marker.
pub(crate) fn write(out: &mut dyn Write, raw: &Raw, anonymity: Anonymity) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(64 * 1024, out);
    let out = &mut out;
    write_header(out, raw, anonymity)?;
    for namespace in &raw.namespaces {
        write_namespace(out, namespace)?;
    }
    for process in &raw.processes {
        write_process(out, process)?;
    }
    for process in &raw.described {
        write_listed(out, process)?;
    }
    writeln!(out)?;
    for (pid, tag, name) in &raw.service_tags {
        writeln!(out, "service-tag {pid} {tag} {}", Escaped(name.as_bytes()))?;
    }
    for (id, name) in &raw.users {
        writeln!(out, "user {id} {}", Escaped(name.as_bytes()))?;
    }
    for (id, path) in &raw.cgroups {
        writeln!(out, "cgroup-id {id} {}", Escaped(path.as_bytes()))?;
    }
    for degradation in &raw.degradations {
        write_degradation(out, degradation)?;
    }
    writeln!(out, "end")?;
    out.flush()
}

fn write_header(out: &mut impl Write, raw: &Raw, anonymity: Anonymity) -> io::Result<()> {
    let anonymity = match anonymity {
        Anonymity::Plain => "plain",
        Anonymity::Anonymous => "anonymous",
    };
    writeln!(out, "{MAGIC}{VERSION}")?;
    writeln!(out, "by sockeye {} {anonymity}", env!("CARGO_PKG_VERSION"))?;
    let (os, architecture) = (std::env::consts::OS, std::env::consts::ARCH);
    let release = word(&sys::kernel_release());
    writeln!(out, "system {os} {release} {architecture} {BYTE_ORDER}")?;
    write_time(out, "time", raw.time)?;
    write_time(out, "boot", raw.boot)?;
    writeln!(out, "ticks {}", raw.ticks_per_second)?;
    let (first, last) = raw.ephemeral_ports;
    writeln!(out, "ephemeral-ports {first} {last}")?;
    writeln!(out, "source {}", raw.source.id())?;
    let owners = if raw.has_owners { YES } else { NO };
    writeln!(out, "owners {owners}")
}

/// The instant as a number to read back, and for people.
fn write_time(out: &mut impl Write, word: &str, time: Timestamp) -> io::Result<()> {
    writeln!(out, "{word} {} ({time})", time.unix_ns())
}

/// A text that others follow in the same line.
fn word(text: &str) -> String {
    Escaped(text.as_bytes()).to_string().replace(' ', r"\x20")
}

fn write_namespace(out: &mut impl Write, namespace: &RawNamespace) -> io::Result<()> {
    let id = match namespace.id {
        Some(NamespaceId::Inode(inode)) => inode.to_string(),
        Some(NamespaceId::Table(inode)) => format!("{TABLE_ID}{inode}"),
        None => NO_ID.to_owned(),
    };
    let label = Escaped(namespace.label.as_bytes());
    writeln!(out, "\nnamespace {id} {label}")?;
    if namespace.is_own {
        writeln!(out, "  own")?;
    }
    if let Some(pid) = namespace.pid {
        writeln!(out, "  pid {pid}")?;
    }
    for (number, name) in &namespace.interfaces {
        writeln!(out, "  interface {number} {}", Escaped(name.as_bytes()))?;
    }
    for cookie in &namespace.vanished {
        writeln!(out, "  vanished {cookie}")?;
    }
    namespace.answers.iter().try_for_each(|answer| write_answer(out, answer))
}

fn write_answer(out: &mut impl Write, answer: &RawAnswer) -> io::Result<()> {
    let table = answer.table.name();
    match answer.form {
        Form::Netlink => {
            writeln!(out, "  netlink {table}")?;
            answer.bytes.chunks(HEX_BYTES).try_for_each(|bytes| write_hex(out, bytes))
        }
        Form::ProcNet => {
            writeln!(out, "  proc-net {table}")?;
            write_text(out, &answer.bytes)
        }
        Form::Iphlp(form) => {
            let known = TABLE_FORMS.iter().find(|(known, _)| *known == form);
            writeln!(out, "  {} {table}", known.map_or("", |(_, word)| word))?;
            answer.bytes.chunks(HEX_BYTES).try_for_each(|bytes| write_hex(out, bytes))
        }
    }
}

/// A process as Windows lists it.
fn write_listed(out: &mut impl Write, process: &Process) -> io::Result<()> {
    let (ProcessId { pid, start }, parent) = (process.id, process.parent.unwrap_or(0));
    writeln!(out, "\nlisted {pid} {start} {parent} {}", Escaped(process.name.as_bytes()))?;
    write_told(out, "path", &process.path)?;
    write_told(out, "command-line", &process.command_line)?;
    if let Some(number) = process.user_id {
        writeln!(out, "  runs-as {number}")?;
    }
    if let Some(services) = &process.services {
        writeln!(out, "  services {}", Escaped(services.as_bytes()))?;
    }
    Ok(())
}

/// A fact, or why there is none.
fn write_told(out: &mut impl Write, word: &str, fact: &Fact<Box<str>>) -> io::Result<()> {
    match fact {
        Ok(text) => {
            writeln!(out, "  {word}")?;
            write_text(out, text.as_bytes())
        }
        Err(reason) => {
            let known = ABSENCES.iter().find(|(known, _)| known == reason);
            writeln!(out, "  {word} {}", known.map_or("", |(_, text)| text))
        }
    }
}

/// One line of hexadecimal digits.
fn write_hex(out: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    let digit = |nibble: u8| char::from_digit(nibble.into(), 16).map_or(0, |digit| digit as u8);
    let mut line = Vec::with_capacity(2 * HEX_BYTES + 6);
    line.extend_from_slice(b"    |");
    line.extend(bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]));
    line.push(b'\n');
    out.write_all(&line)
}

/// A text, a line for each of its own and for each argument of a command line.
fn write_text(out: &mut impl Write, text: &[u8]) -> io::Result<()> {
    for piece in text.split_inclusive(|byte| matches!(byte, b'\n' | b'\0')) {
        for part in piece.chunks(TEXT_BYTES) {
            writeln!(out, "    |{}", Escaped(part))?;
        }
    }
    Ok(())
}

fn write_process(out: &mut impl Write, process: &RawProcess) -> io::Result<()> {
    let (pid, start, parent) = (process.pid, process.start, process.parent);
    let name = Escaped(process.name.as_bytes());
    writeln!(out, "\nprocess {pid} {start} {parent} {name}")?;
    write_fact(out, "status", &process.status)?;
    write_fact(out, "command-line", &process.command_line)?;
    write_fact(out, "image", &process.image)?;
    write_fact(out, "cgroup", &process.cgroup)?;
    for (fd, inode) in &process.sockets {
        writeln!(out, "  socket {fd} {inode}")?;
    }
    Ok(())
}

/// A text, or why there is none.
fn write_fact(out: &mut impl Write, word: &str, text: &Text) -> io::Result<()> {
    match text {
        Ok(text) => {
            writeln!(out, "  {word}")?;
            write_text(out, text)
        }
        Err(reason) => {
            let known = REASONS.iter().find(|(known, _)| known == reason);
            writeln!(out, "  {word} {}", known.map_or("", |(_, text)| text))
        }
    }
}

fn write_degradation(out: &mut impl Write, degradation: &Degradation) -> io::Result<()> {
    write!(out, "degradation {}", degradation.id())?;
    match degradation {
        Degradation::ProcessesHidden | Degradation::OutsidePidNamespace => writeln!(out),
        Degradation::ProcessesDenied { count }
        | Degradation::NamespacesDenied { count }
        | Degradation::Unstable { count } => writeln!(out, " {count}"),
        Degradation::SockDiagUnavailable { reason }
        | Degradation::EventsUnavailable { reason }
        | Degradation::EventsIncomplete { reason }
        | Degradation::IteratorUnavailable { reason }
        | Degradation::Unmeasured { reason } => {
            writeln!(out, " {}", Escaped(reason.as_bytes()))
        }
        Degradation::TableUnavailable { table: what, reason }
        | Degradation::ContainersUnnamed { runtime: what, reason } => {
            writeln!(out, " {} {}", word(what), Escaped(reason.as_bytes()))
        }
        Degradation::Malformed { count, first } | Degradation::UnitsUnread { count, first } => {
            writeln!(out, " {count} {}", Escaped(first.as_bytes()))
        }
    }
}
