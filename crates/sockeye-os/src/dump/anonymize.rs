//! The same answers with other addresses and names in them, the same ones by the same.
//!
//! What is not understood is not kept: a row, a line or an attribute that no decoder reads could
//! hold anything, so it becomes zeros, or goes. Numbers are given in the order of appearance and
//! say nothing about what they stand for.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use hashbrown::HashMap;

use sockeye_core::Process;

use super::addresses::Addresses;
use crate::assemble::noted;
use crate::decode::inet_diag::{
    AF_INET, AF_INET6, ATTR_CGROUP_ID, ATTR_INFO, HEADER, MESSAGE, SOCK_DIAG_BY_FAMILY,
    TCPDIAG_GETSOCK, split_message,
};
use crate::decode::ntprocess::arguments;
use crate::decode::proc_net::decode_table;
use crate::decode::{SocketRow, Table, fields, iphlp, lossy};
use crate::raw::{Form, Raw, RawAnswer, RawNamespace, RawProcess};

/// Directories that every system has, or that say only what kind of program it is.
const DIRECTORIES: &[&str] = &[
    "usr", "bin", "sbin", "lib", "lib32", "lib64", "libexec", "local", "share", "opt", "home",
    "root", "var", "cache", "log", "run", "etc", "srv", "tmp", "proc", "self", "sys", "dev", "shm",
    "mnt", "media", "boot", "snap", "flatpak", "nix", "store", "app", "apps", "current",
];
/// The same on Windows.
const WINDOWS: &[&str] = &[
    "Windows",
    "System32",
    "SysWOW64",
    "Program Files",
    "Program Files (x86)",
    "ProgramData",
    "Users",
    "AppData",
    "Local",
    "Roaming",
];
/// Control groups that systemd(1) or a container runtime makes on every host.
const CGROUPS: &[&str] = &[
    "-.slice",
    "system.slice",
    "user.slice",
    "machine.slice",
    "init.scope",
    "app.slice",
    "session.slice",
    "background.slice",
    "kubepods.slice",
    "kubepods",
    "docker",
    "lxc",
    "..",
];
/// The endings of systemd's units, systemd.unit(5).
const UNITS: &[&str] = &[".service", ".slice", ".scope", ".socket", ".mount", ".swap", ".timer"];
/// The line above the rows of a table in `/proc/net`.
const HEADER_ROW: &str = "  sl  local_address rem_address st tx_queue:rx_queue tr:tm->when \
                          retrnsmt uid timeout inode";
/// What the kernel puts behind a path that is gone.
const DELETED: &str = " (deleted)";

/// Replaces in `raw` whatever tells who and where.
pub(crate) fn anonymize(raw: &mut Raw) {
    let mut masks = Masks::default();
    for namespace in &mut raw.namespaces {
        masks.namespace(namespace);
    }
    for process in &mut raw.processes {
        masks.process(process);
    }
    for process in &mut raw.described {
        *process = masks.listed(process);
    }
    for (_, _, name) in &mut raw.service_tags {
        *name = masks.names.other(name);
    }
    for (id, name) in &mut raw.users {
        let is_of_every_system =
            (*id, name.as_str()) == (0, "root") || name.starts_with(r"NT AUTHORITY\");
        if !is_of_every_system {
            *name = masks.users.other(name);
        }
        *id = masks.user_id(*id);
    }
    for (_, path) in &mut raw.cgroups {
        *path = masks.cgroup(path);
    }
}

/// Texts and the numbered words that stand for them.
struct Names {
    word: &'static str,
    known: HashMap<String, usize>,
}

impl Names {
    fn new(word: &'static str) -> Self {
        Self { word, known: HashMap::new() }
    }

    /// The word that stands for `name`; nothing stands for nothing.
    fn other(&mut self, name: &str) -> String {
        if name.is_empty() {
            return String::new();
        }
        let next = self.known.len() + 1;
        let number = self.known.entry_ref(name).or_insert(next);
        format!("{}{number}", self.word)
    }
}

/// What stands for what.
struct Masks {
    addresses: Addresses,
    /// Programs, parts of paths, units.
    names: Names,
    arguments: Names,
    users: Names,
    namespaces: Names,
    interfaces: Names,
    user_ids: HashMap<u32, u32>,
}

impl Default for Masks {
    fn default() -> Self {
        Self {
            addresses: Addresses::default(),
            names: Names::new("name"),
            arguments: Names::new("arg"),
            users: Names::new("user"),
            namespaces: Names::new("netns"),
            interfaces: Names::new("if"),
            user_ids: HashMap::new(),
        }
    }
}

impl Masks {
    fn namespace(&mut self, namespace: &mut RawNamespace) {
        namespace.label = self.label(&namespace.label);
        for (_, name) in &mut namespace.interfaces {
            if name != "lo" {
                *name = self.interfaces.other(name);
            }
        }
        for RawAnswer { table, form, bytes } in &mut namespace.answers {
            match form {
                Form::Netlink => self.datagram(bytes),
                Form::ProcNet => *bytes = self.table(*table, bytes),
                Form::Iphlp(form) => {
                    let addresses = &mut self.addresses;
                    *bytes = iphlp::mask((*table, *form), bytes, |ip| match ip {
                        IpAddr::V4(ip) => addresses.v4(ip).into(),
                        IpAddr::V6(ip) => addresses.v6(ip).into(),
                    });
                }
            }
        }
    }

    /// A namespace's label: our own words for it stay.
    fn label(&mut self, label: &str) -> String {
        let digits = label.strip_prefix("pid:").or(label.strip_prefix("netns:"));
        let is_number = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
        if label == "self" || digits.is_some_and(is_number) {
            label.to_owned()
        } else {
            self.namespaces.other(label)
        }
    }

    fn process(&mut self, process: &mut RawProcess) {
        process.name = self.names.other(&process.name);
        if let Ok(text) = &mut process.status {
            *text = self.status(text, &process.name);
        }
        if let Ok(text) = &mut process.command_line {
            *text = self.command_line(text);
        }
        if let Ok(link) = &mut process.image {
            *link = self.path(&lossy(link)).into_bytes();
        }
        if let Ok(text) = &mut process.cgroup {
            *text = self.cgroups(text);
        }
    }

    /// A process as Windows lists it.
    fn listed(&mut self, process: &Process) -> Process {
        let services = process.services.as_deref().map(|services| {
            let names = services.split(", ").map(|name| self.names.other(name));
            names.collect::<Vec<_>>().join(", ").into()
        });
        noted::process(noted::Listed {
            id: process.id,
            parent: process.parent,
            name: self.file(&process.name).into(),
            path: process
                .path
                .as_deref()
                .map_or_else(|e| Err(*e), |it| Ok(self.backslashes(it).into())),
            command_line: process
                .command_line
                .as_deref()
                .map_or_else(|e| Err(*e), |it| Ok(self.line(it).into())),
            user_id: process.user_id.map(|id| self.user_id(id)),
            services,
        })
    }

    /// A file's name on Windows: what kind of file it is stays.
    fn file(&mut self, name: &str) -> String {
        let kind = [".exe", ".dll"].into_iter().find(|kind| {
            let at = name.len().saturating_sub(kind.len());
            name.get(at..).is_some_and(|end| end.eq_ignore_ascii_case(kind))
        });
        let kind = kind.unwrap_or_default();
        let stem = name.get(..name.len() - kind.len()).unwrap_or_default();
        self.names.other(&stem.to_ascii_lowercase()) + kind
    }

    /// A path of Windows, part by part.
    fn backslashes(&mut self, path: &str) -> String {
        let parts = path.split('\\').map(|part| {
            let is_drive = part.len() == 2 && part.ends_with(':');
            let is_usual = WINDOWS.iter().any(|usual| usual.eq_ignore_ascii_case(part));
            if is_drive || is_usual { part.to_owned() } else { self.file(part) }
        });
        parts.collect::<Vec<_>>().join("\\")
    }

    /// A command line of Windows, argument by argument.
    fn line(&mut self, line: &str) -> String {
        let others = arguments(line).into_iter().map(|argument| {
            let other = if argument.contains(":\\") {
                self.backslashes(&argument)
            } else {
                self.arguments.other(&argument)
            };
            if other.contains(' ') { format!("\"{other}\"") } else { other }
        });
        others.collect::<Vec<_>>().join(" ")
    }

    /// `/proc/PID/status`: the name and the users, nothing else of it is read.
    fn status(&mut self, text: &[u8], name: &str) -> Vec<u8> {
        let text = lossy(text);
        let users = text.lines().find_map(|line| line.strip_prefix("Uid:"));
        let mut other = format!("Name:\t{name}\n");
        if let Some(users) = users {
            other.push_str("Uid:");
            for id in users.split_whitespace().map_while(|id| id.parse().ok()) {
                other.push_str(&format!("\t{}", self.user_id(id)));
            }
            other.push('\n');
        }
        other.into_bytes()
    }

    /// `/proc/PID/cmdline`: each argument by itself.
    fn command_line(&mut self, text: &[u8]) -> Vec<u8> {
        let arguments = text.split(|byte| *byte == 0).map(|argument| {
            let argument = lossy(argument);
            if argument.starts_with('/') {
                self.path(&argument)
            } else {
                self.arguments.other(&argument)
            }
        });
        arguments.collect::<Vec<_>>().join("\0").into_bytes()
    }

    /// A path, part by part.
    fn path(&mut self, path: &str) -> String {
        let (path, deleted) = match path.strip_suffix(DELETED) {
            Some(path) => (path, DELETED),
            None => (path, ""),
        };
        let parts = path.split('/').map(|part| {
            if DIRECTORIES.contains(&part) { part.to_owned() } else { self.names.other(part) }
        });
        parts.collect::<Vec<_>>().join("/") + deleted
    }

    /// `/proc/PID/cgroup`: `ID:controllers:path`, lines of another form left out.
    fn cgroups(&mut self, text: &[u8]) -> Vec<u8> {
        let mut other = String::new();
        for line in lossy(text).lines() {
            let mut parts = line.splitn(3, ':');
            let (Some(id), Some(controllers), Some(path)) =
                (parts.next(), parts.next(), parts.next())
            else {
                continue;
            };
            // The kernel's own controllers do not matter, and other names are the administrator's.
            if matches!(controllers, "" | "name=systemd") && id.parse::<u32>().is_ok() {
                other.push_str(&format!("{id}:{controllers}:{}\n", self.cgroup(path)));
            }
        }
        other.into_bytes()
    }

    /// The path of a control group: units keep their ending.
    fn cgroup(&mut self, path: &str) -> String {
        let (path, deleted) = match path.strip_suffix(DELETED) {
            Some(path) => (path, DELETED),
            None => (path, ""),
        };
        let parts = path.split('/').map(|part| {
            if CGROUPS.contains(&part) {
                return part.to_owned();
            }
            let unit = UNITS.iter().find_map(|end| Some((part.strip_suffix(end)?, *end)));
            let (stem, end) = unit.unwrap_or((part, ""));
            self.names.other(stem) + end
        });
        parts.collect::<Vec<_>>().join("/") + deleted
    }

    /// The number that stands for a user's; root stays root.
    fn user_id(&mut self, id: u32) -> u32 {
        const FIRST: u32 = 1001;
        if id == 0 {
            return 0;
        }
        let next = FIRST.wrapping_add(self.user_ids.len() as u32);
        *self.user_ids.entry(id).or_insert(next)
    }

    /// A datagram of `sock_diag`, message by message; what cannot be followed becomes zeros.
    fn datagram(&mut self, mut rest: &mut [u8]) {
        while !rest.is_empty() {
            let Some((message, after)) = split_message(rest) else {
                return rest.fill(0);
            };
            let (kind, end) = (message.kind, HEADER + message.payload.len());
            let next = rest.len() - after.len();
            let (message, after) = std::mem::take(&mut rest).split_at_mut(next);
            let (inside, padding) = message.split_at_mut(end);
            padding.fill(0);
            let payload = inside.get_mut(HEADER..).unwrap_or_default();
            match kind {
                SOCK_DIAG_BY_FAMILY | TCPDIAG_GETSOCK => self.socket(payload),
                // The errno of an error, the end of a dump.
                _ => payload.get_mut(4..).unwrap_or_default().fill(0),
            }
            rest = after;
        }
    }

    /// `struct inet_diag_msg` and its attributes (see [`crate::decode::inet_diag`]).
    fn socket(&mut self, payload: &mut [u8]) {
        let Some((message, attributes)) = payload.split_first_chunk_mut::<MESSAGE>() else {
            return payload.fill(0);
        };
        let is_ipv6 = match message.first() {
            Some(&AF_INET) => false,
            Some(&AF_INET6) => true,
            _ => return payload.fill(0),
        };
        for at in [8, 24] {
            if let Some(ip) = message.get_mut(at..at + 16) {
                self.address(ip, is_ipv6);
            }
        }
        if let Some(id) = message.get_mut(64..).and_then(|rest| rest.first_chunk_mut()) {
            *id = self.user_id(u32::from_ne_bytes(*id)).to_ne_bytes();
        }
        clear_attributes(attributes);
    }

    /// An address in the 16 bytes that a netlink message has for it.
    fn address(&mut self, bytes: &mut [u8], is_ipv6: bool) {
        let other = match (is_ipv6, <[u8; 16]>::try_from(&*bytes), bytes.first_chunk::<4>()) {
            (true, Ok(ip), _) => self.addresses.v6(Ipv6Addr::from(ip)).octets().to_vec(),
            (false, _, Some(ip)) => self.addresses.v4(Ipv4Addr::from(*ip)).octets().to_vec(),
            _ => Vec::new(),
        };
        bytes.fill(0);
        bytes.iter_mut().zip(other).for_each(|(byte, other)| *byte = other);
    }

    /// The text of `/proc/net/tcp` and its siblings, proc_net_tcp(5): each row written anew from
    /// what is read of it. A row that makes no sense stays one.
    fn table(&mut self, table: Table, text: &[u8]) -> Vec<u8> {
        let mut other = String::new();
        for line in text.split_inclusive(|byte| *byte == b'\n') {
            let read = decode_table(table.transport, table.family(), line);
            match read.rows.first() {
                Some(row) => self.push_row(&mut other, row, line),
                None if read.malformed.is_empty() => other.push_str(HEADER_ROW),
                None => other.push('?'),
            }
            other.push('\n');
        }
        other.into_bytes()
    }

    /// Appends `row`, which `line` was read as.
    fn push_row(&mut self, text: &mut String, row: &SocketRow, line: &[u8]) {
        let nowhere = SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 0);
        let local = self.hex_address(row.local, row.is_ipv6);
        let remote = self.hex_address(row.remote.unwrap_or(nowhere), row.is_ipv6);
        // UDP's state is not kept in a row; this one has been understood.
        let state = lossy(fields(line).nth(3).unwrap_or_default());
        let (send, receive) = (row.send_queue, row.receive_queue);
        let (user, inode) = (self.user_id(row.uid.unwrap_or(0)), row.inode);
        text.push_str(&format!(
            "   0: {local} {remote} {state} {send:08X}:{receive:08X} 00:00000000 00000000 {user} 0 {inode}"
        ));
    }

    /// `0100007F:1F90`, what stands for `address`, in words of 32 bits in the machine's order.
    fn hex_address(&mut self, address: SocketAddr, is_ipv6: bool) -> String {
        let octets = match address.ip() {
            IpAddr::V4(ip) if !is_ipv6 => self.addresses.v4(ip).octets().to_vec(),
            IpAddr::V4(ip) if ip.is_unspecified() => vec![0; 16],
            IpAddr::V4(ip) => self.addresses.v6(ip.to_ipv6_mapped()).octets().to_vec(),
            IpAddr::V6(ip) => self.addresses.v6(ip).octets().to_vec(),
        };
        let (words, _) = octets.as_chunks::<4>();
        let words = words.iter().map(|word| format!("{:08X}", u32::from_ne_bytes(*word)));
        format!("{}:{:04X}", words.collect::<String>(), address.port())
    }
}

/// Zeros in every attribute that no decoder reads, and in whatever follows a broken one.
fn clear_attributes(mut rest: &mut [u8]) {
    while let Some([a, b, c, d]) = rest.first_chunk().copied() {
        let (length, kind) = (u16::from_ne_bytes([a, b]), u16::from_ne_bytes([c, d]));
        let length = usize::from(length);
        if !(4..=rest.len()).contains(&length) {
            break;
        }
        let next = length.next_multiple_of(4).min(rest.len());
        let (attribute, after) = std::mem::take(&mut rest).split_at_mut(next);
        if !matches!(kind, ATTR_INFO | ATTR_CGROUP_ID) {
            attribute.get_mut(4..).unwrap_or_default().fill(0);
        }
        rest = after;
    }
    rest.fill(0);
}
