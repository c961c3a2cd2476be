//! Dump files: a machine's raw answers as text, for bug reports, tests and `--replay`.
//!
//! A dump is read by the decoders that read the machine, so it shows what the machine showed, and
//! what went wrong there goes wrong again. It is text that a person can read and compare:
//!
//! ```text
//! sockeye dump 1
//! by sockeye 0.1.0 plain
//! system linux 6.18.44 x86_64 little-endian
//! time 1700000000500000000 (2023-11-14T22:13:20.5Z)
//! boot 1699990000000000000 (2023-11-14T19:26:40Z)
//! ticks 100
//! ephemeral-ports 32768 60999
//! source sock_diag
//! owners yes                         processes were looked at
//!
//! namespace 4026531840 self          inode, or that of its table:, or - ; label
//!   own                              Sockeye ran in it
//!   pid 1                            the lowest PID in it
//!   interface 2 eth0                 number, name
//!   vanished 4711                    cookie of a socket that was gone at the second look
//!   netlink tcp                      a datagram of sock_diag about this table, in hexadecimal
//!     |4c00000014000200…
//!   iphlp-module tcp                 a table of Windows' IP Helper with owners and services, in
//!     |0200000000000000…             hexadecimal; iphlp-pid with owners, iphlp-second of newer exports
//!   proc-net udp6                    the text of /proc/net/udp6
//!     |  sl  local_address …\x0a
//!
//! process 1207 8814 1 nginx          pid, start in ticks since boot, parent, name
//!   status denied                    denied, vanished or nonexistent; else the text in | lines
//!   command-line                     /proc/1207/cmdline
//!     |nginx: worker process\x00
//!   image                            where /proc/1207/exe points
//!     |/usr/sbin/nginx
//!   cgroup                           /proc/1207/cgroup
//!     |0::/system.slice/nginx.service\x0a
//!   socket 6 15958                   descriptor, inode
//! listed 924 133444736005000000 640 svchost.exe
//!                                    Windows: pid, start in 100 ns since 1601, parent or 0, name
//!   path                             denied, vanished, nonexistent or unsupported; else the text
//!     |C:\\Windows\\System32\\svchost.exe
//!   command-line denied
//!   runs-as 2                        number of its user
//!   services Dnscache, NlaSvc
//! service-tag 924 3 Dnscache         which service of a process the tag of a socket stands for
//! user 33 www-data
//! cgroup-id 3120 /system.slice/nginx.service
//! degradation processes_denied 12    the word of the degradation, what it carries
//! end
//! ```
//!
//! Lines may be set in by spaces, and empty ones mean nothing. A text is the sum of the `|` lines
//! below its word. In texts and names a backslash is `\\`, and every byte that is no printable
//! ASCII is `\xNN`. The last line is `end`: a dump without it was cut short.

mod addresses;
pub(crate) mod anonymize;
mod file;
mod lines;
mod narrow;
pub(crate) mod read;
#[cfg(test)]
mod tests;
pub(crate) mod write;

use std::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;

use sockeye_core::Snapshot;
use sockeye_core::process::Absent;

use crate::assemble::assemble;
use crate::decode::iphlp;
use crate::raw::{Keep, Raw, Unreadable};
use crate::{Error, SourceChoice, Wants, sys};

pub use file::save;

/// How the first line of every dump begins; the version follows.
const MAGIC: &str = "sockeye dump ";
/// The version that is written and read.
const VERSION: &str = "1";
/// The byte order of this machine, in which the kernel's answers are.
const BYTE_ORDER: &str =
    if cfg!(target_endian = "little") { "little-endian" } else { "big-endian" };
/// Whether processes were looked at, as written.
const YES: &str = "yes";
const NO: &str = "no";
/// Stands for a namespace without an identity.
const NO_ID: &str = "-";
/// Stands before the inode of a table, where that identifies the namespace.
const TABLE_ID: &str = "table:";
/// Why a text is not there, as written.
const REASONS: [(Unreadable, &str); 3] = [
    (Unreadable::Denied, "denied"),
    (Unreadable::Vanished, "vanished"),
    (Unreadable::Nonexistent, "nonexistent"),
];

/// The same of Windows' facts.
const ABSENCES: [(Absent, &str); 4] = [
    (Absent::Denied, "denied"),
    (Absent::Vanished, "vanished"),
    (Absent::Nonexistent, "nonexistent"),
    (Absent::Unsupported, "unsupported"),
];
/// The forms of Windows' tables, as written.
const TABLE_FORMS: [(iphlp::Form, &str); 3] = [
    (iphlp::Form::OwnerPid, "iphlp-pid"),
    (iphlp::Form::OwnerModule, "iphlp-module"),
    (iphlp::Form::Second, "iphlp-second"),
];

/// Whether a dump tells who and where.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Anonymity {
    /// Everything as it is.
    Plain,
    /// Addresses, names, paths and arguments replaced, the same by the same: `10.1.2.3` by
    /// another private address wherever it stands, `/usr/sbin/nginx` by `/usr/sbin/name7`.
    ///
    /// Kept: ports, states, numbers of processes and sockets, what kind of address it is, the
    /// directories every system has, systemd's own words, root, the kernel's release.
    Anonymous,
}

/// What was written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Summary {
    /// Endpoints in all namespaces.
    pub endpoints: usize,
    /// Processes that hold them.
    pub processes: usize,
    /// Network namespaces.
    pub namespaces: usize,
}

/// Gathers this machine's raw answers, everything there is, and writes them to `out`.
///
/// # Errors
///
/// What [`observe`](crate::observe) answers when nothing can be observed; an error of `out`.
pub fn write(
    out: &mut dyn Write,
    anonymity: Anonymity,
    source: SourceChoice,
) -> Result<Summary, Error> {
    let raw = sys::gather(&Wants { source, ..Wants::EVERYTHING }, Keep::Answers)?;
    write_raw(out, raw, anonymity).map_err(|error| Error::from_io("write", "the dump", &error))
}

/// Writes `raw`, which was gathered with its answers.
pub(crate) fn write_raw(
    out: &mut dyn Write,
    mut raw: Raw,
    anonymity: Anonymity,
) -> std::io::Result<Summary> {
    let summary = Summary {
        endpoints: raw
            .namespaces
            .iter()
            .map(|n| n.sockets.len() + n.held.len() + n.rows.len())
            .sum(),
        processes: raw.processes.len() + raw.described.len(),
        namespaces: raw.namespaces.len(),
    };
    if anonymity == Anonymity::Anonymous {
        anonymize::anonymize(&mut raw);
    }
    write::write(out, &raw, anonymity)?;
    Ok(summary)
}

/// Reads the dump at `path`; the snapshot holds what `wants` asks for.
///
/// # Errors
///
/// See [`read()`]; when the file cannot be opened.
pub fn read_file(path: &Path, wants: &Wants) -> Result<Snapshot, Error> {
    let name = path.display().to_string();
    let file = File::open(path).map_err(|error| Error::from_io("open", &*name, &error))?;
    read(&mut BufReader::new(file), &name, wants)
}

/// Reads a dump, called `name` in errors; the snapshot holds what `wants` asks for.
///
/// Rows that make no sense are left out and counted among the degradations.
///
/// # Errors
///
/// [`Kind::Malformed`](crate::Kind::Malformed) for what is no dump, of another version or byte
/// order, cut short or damaged, with the number of the line and what to do;
/// [`Kind::Vanished`](crate::Kind::Vanished) when the dump has no such namespace.
pub fn read(input: &mut dyn BufRead, name: &str, wants: &Wants) -> Result<Snapshot, Error> {
    let mut raw = read::read(input, name, (wants, Keep::Rows))?;
    if *wants != Wants::EVERYTHING {
        narrow::narrow(&mut raw, wants)?;
    }
    Ok(assemble(raw))
}

/// Bytes as they are written: printable ASCII but for the backslash as it is, `\\`, `\xNN`.
struct Escaped<'a>(&'a [u8]);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.0 {
            match byte {
                b'\\' => f.write_str(r"\\")?,
                b' '..=b'~' => write!(f, "{}", char::from(*byte))?,
                _ => write!(f, "\\x{byte:02x}")?,
            }
        }
        Ok(())
    }
}

/// The bytes that `text` was written for; `None` when it was not written by [`Escaped`].
fn unescape(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        bytes.push(match (first, after) {
            (b'\\', [b'\\', after @ ..]) => {
                rest = after;
                b'\\'
            }
            (b'\\', [b'x', high, low, after @ ..]) => {
                rest = after;
                hex_byte(*high, *low)?
            }
            (b'\\', _) => return None,
            _ => *first,
        });
    }
    Some(bytes)
}

/// The byte that two hexadecimal digits write.
fn hex_byte(high: u8, low: u8) -> Option<u8> {
    let digit = |byte| char::from(byte).to_digit(16);
    u8::try_from(digit(high)? << 4 | digit(low)?).ok()
}

#[cfg(test)]
mod escape_tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn escaped_text_stays_readable() {
        let check = |bytes: &[u8], text: &str| {
            assert_eq!(Escaped(bytes).to_string(), text);
            assert_eq!(unescape(text).as_deref(), Some(bytes));
        };
        check(b"nginx: worker", "nginx: worker");
        check(b"a\0b\n", r"a\x00b\x0a");
        check(b"\\x00", r"\\x00");
        check("é\u{7f}".as_bytes(), r"\xc3\xa9\x7f");
        for wrong in ["\\", "\\n", "\\x", "\\x0", "\\xg0", "a\\x+1"] {
            assert_eq!(unescape(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_read_back(bytes: Vec<u8>) {
            let text = Escaped(&bytes).to_string();
            prop_assert!(text.bytes().all(|byte| matches!(byte, b' '..=b'~')));
            prop_assert_eq!(unescape(&text), Some(bytes));
        }
    }
}
