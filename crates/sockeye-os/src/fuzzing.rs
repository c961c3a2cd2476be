//! Entry points of the fuzz targets: hostile input goes in, an invariant that breaks is a panic.
//!
//! No stable interface: only the targets in `fuzz/` and the tests call it.

use std::borrow::Cow;

use sockeye_core::Transport;

use crate::assemble::assemble;
use crate::decode::bpf::{Record, records};
use crate::decode::btf::{excerpt, structure_names};
use crate::decode::containers::{decode_config, decode_list};
use crate::decode::estats::decode_counts;
use crate::decode::etw;
use crate::decode::http::{self, Stream};
use crate::decode::inet_diag::{decode_answer, decode_destroyed};
use crate::decode::mounts::{
    bound_namespaces, cgroup2_mount_point, decode_mounts, is_proc_restricted,
};
use crate::decode::packages::desktop::DesktopEntry;
use crate::decode::packages::elf_note::{decode_metadata, decode_note};
use crate::decode::packages::icons::Theme;
use crate::decode::packages::{Aliases, Catalogue, apk, bdb, dpkg, ndb, pacman, rpm};
use crate::decode::proc_net::decode_table;
use crate::decode::process::{
    decode_cgroup, decode_command_line, decode_image_link, decode_namespace_link,
    decode_socket_link, decode_stat, decode_status_users, is_title,
};
use crate::decode::socket_unit::SocketUnit;
use crate::decode::{Malformed, SocketRow, Table, iphlp, ntprocess};
use crate::dump::anonymize::anonymize;
use crate::dump::read::read as read_dump;
use crate::dump::{Anonymity, write_raw};
use crate::raw::{Form, Keep, Raw, RawAnswer, RawNamespace};
use crate::{Error, Kind, Wants};

/// A netlink datagram: rows are of the transport asked for, what was cut short yields no other
/// rows, and anonymous bytes decode to as many. As a message about destroyed sockets it tells of no
/// more than there are.
pub fn netlink(datagram: &[u8]) {
    let mut destroyed = 0;
    decode_destroyed(datagram, |row| {
        destroyed +=
            usize::from(row.is_ok_and(|row| row.local.port() != 0 || row.remote.is_some()));
    });
    assert!(destroyed <= rows_of(datagram, Transport::Udp).0.len());
    for transport in [Transport::Tcp, Transport::Udp] {
        let whole = rows_of(datagram, transport);
        assert!(whole.0.iter().all(|row| row.transport == transport));
        let table = Table { transport, is_ipv6: false };
        assert_masked(table, Form::Netlink, datagram);
    }
}

/// A dump: it reads, or says why not; what reads is written and read back the same, and reads as
/// well when it is anonymous.
pub fn dump(file: &[u8]) {
    let raw = match read(file) {
        Ok(raw) => raw,
        Err(error) => return assert_eq!(error.kind, Kind::Malformed, "{error}"),
    };
    let again = read(&written(raw.clone(), Anonymity::Plain)).expect("what was written reads");
    let snapshot = assemble(raw.clone());
    assert_eq!(assemble(again), snapshot);
    let masked = read(&written(raw, Anonymity::Anonymous)).expect("what was written reads");
    let masked = assemble(masked);
    assert_eq!(masked.endpoints.len(), snapshot.endpoints.len());
    let owners = |snapshot: &sockeye_core::Snapshot| {
        let owners = snapshot.endpoints.iter().map(|e| e.owners.clone());
        owners.collect::<Vec<_>>()
    };
    assert_eq!(owners(&masked), owners(&snapshot));
}

/// Every text of `/proc/PID`.
pub fn process(text: &[u8]) {
    if let Ok(stat) = decode_stat(text) {
        assert!(text.contains(&b'('), "{stat:?}");
    }
    let line = decode_command_line(text);
    assert_eq!(line.is_none(), text.iter().all(|byte| *byte == 0));
    decode_status_users(text);
    is_title(text);
    decode_cgroup(text);
    let (path, is_deleted) = decode_image_link(text);
    assert_eq!(is_deleted, text.ends_with(b" (deleted)"), "{path}");
    if let Some(inode) = decode_socket_link(text) {
        assert_eq!(decode_socket_link(format!("socket:[{inode}]").as_bytes()), Some(inode));
    }
    if let Some(inode) = decode_namespace_link(text) {
        assert_eq!(decode_namespace_link(format!("net:[{inode}]").as_bytes()), Some(inode));
    }
    let mounts = decode_mounts(text);
    bound_namespaces(&mounts);
    cgroup2_mount_point(&mounts);
    is_proc_restricted(&mounts);
}

/// Records of our programs, whole ones and one cut short at the end: each is a socket with rows
/// that make sense, or something else, or malformed.
pub fn bpf(bytes: &[u8]) {
    let decoded: Vec<_> = records(bytes).collect();
    assert!(decoded.len() <= bytes.len() / 8 + 1);
    for record in decoded.into_iter().flatten() {
        if let Record::Socket(socket) = record {
            let row = socket.row(true);
            let is_placed = row.is_none_or(|row| Some(row.transport) == socket.transport());
            assert!(is_placed && socket.holder().is_none_or(|holder| holder.start_ns != 0));
        }
    }
}

/// A kernel's description of its types: the excerpt of all structures in it can be read, and an
/// excerpt of that is the same.
pub fn btf(bytes: &[u8]) {
    let Ok(names) = structure_names(bytes) else { return };
    let Ok(whole) = excerpt(bytes, &names, &["bpf_iter_tcp"]) else { return };
    assert_eq!(structure_names(&whole.btf).as_ref(), Ok(&names));
    assert!(excerpt(&whole.btf, &names, &[]).is_ok());
}

/// What a container runtime answers or keeps: no name is empty, no body longer than the answer, and
/// what is whole stays so when the connection ends.
pub fn containers(bytes: &[u8]) {
    if let Ok(Some(answer)) = http::decode_answer(bytes, Stream::Open) {
        assert!(answer.body.len() <= bytes.len());
        assert_eq!(http::decode_answer(bytes, Stream::Ended), Ok(Some(answer)));
    }
    let named = decode_list(bytes).unwrap_or_default();
    assert!(named.iter().all(|(_, name)| !name.is_empty()));
    assert!(!matches!(decode_config(bytes), Ok(Some(name)) if name.is_empty()));
}

/// The RPM database in its older formats, and one header: all headers together are no longer than the
/// file, and a header makes a package with a name or none.
pub fn rpm(file: &[u8]) {
    let headers = ndb::headers(file).into_iter().flatten().filter_map(Result::ok);
    let headers = headers.map(Cow::Borrowed);
    let older = bdb::headers(file).into_iter().flatten().filter_map(Result::ok);
    let mut length = 0;
    let mut catalogue = Catalogue::new(Aliases::default());
    for blob in headers.chain(older).chain([Cow::Borrowed(file)]) {
        length += blob.len();
        if let Ok(header) = rpm::Header::decode(&blob) {
            assert!(header.package().is_none_or(|package| !package.name.is_empty()));
            header.add_to(&mut catalogue);
        }
    }
    assert!(length <= 2 * file.len());
}

/// Texts of other package databases, package notes, desktop entries and themes: what is found has a
/// name, and nothing is longer than the text.
pub fn packages(text: &[u8]) {
    let mut reader = dpkg::Reader::new(Aliases::default());
    reader.add_status(text);
    reader.add_diversions(text);
    reader.add_list(b"salmon", text);
    reader.add_part(text, text);
    let lines = text.split(|byte| *byte == b'\n').count();
    assert!(reader.finish().len() <= 2 * lines);
    assert!(apk::decode_installed(text, Aliases::default()).len() <= lines);
    if let Some(package) = pacman::decode_desc(text) {
        assert!(!package.name.is_empty());
        pacman::add_package(&mut Catalogue::new(Aliases::default()), package, text);
    }
    let notes = [decode_note(text), decode_metadata(text)];
    assert!(notes.into_iter().flatten().all(|package| !package.name.is_empty()));
    let entry = DesktopEntry::decode(text);
    assert!(entry.is_none_or(|entry| !entry.name.is_empty()));
    for directory in Theme::decode(text).directories {
        assert!(directory.least <= directory.most || directory.distance(48) > 0);
    }
}

/// A unit file of systemd, as that of several units: none listens at port 0, and an empty assignment
/// takes all back.
pub fn socket_unit(text: &[u8]) {
    for name in ["a.socket", "a-b@8080.socket", "@.socket", ""] {
        let unit = SocketUnit::decode(name, [text]);
        assert!(unit.listens.iter().all(|listen| listen.port != 0));
        let again = SocketUnit::decode(name, [text, b"[Socket]\nListenStream=\n"]);
        assert!(again.listens.is_empty());
    }
}

/// The text of a table in `/proc/net`: every line is a header, a row or malformed, and anonymous
/// text decodes to as many rows.
pub fn proc_net(text: &[u8]) {
    for table in Table::ALL {
        let rows = decode_table(table.transport, table.family(), text);
        let lines = text.split_inclusive(|byte| *byte == b'\n').count();
        assert!(rows.rows.len() + rows.malformed.len() <= lines);
        assert_masked(table, Form::ProcNet, text);
    }
}

/// What Windows' IP Helper or its list of processes gives: the first byte says which table in which
/// form. What was cut short yields no other rows.
pub fn windows(bytes: &[u8]) {
    let Some((which, bytes)) = bytes.split_first() else { return };
    let forms = [iphlp::Form::OwnerPid, iphlp::Form::OwnerModule, iphlp::Form::Second];
    let table = Table::ALL.get(usize::from(which & 3));
    if let (Some(table), Some(form)) = (table, forms.get(usize::from(which >> 2 & 3))) {
        let whole = iphlp::decode_table(*table, *form, bytes);
        let less = iphlp::decode_table(*table, *form, cut(bytes));
        assert!(whole.rows.starts_with(&less.rows));
        assert!(whole.rows.iter().all(|row| row.table == *table));
        let masked = iphlp::mask((*table, *form), bytes, |ip| ip);
        assert_eq!(iphlp::decode_table(*table, *form, &masked).rows, whole.rows);
        let used = iphlp::used(*table, *form, bytes);
        assert_eq!(iphlp::decode_table(*table, *form, used), whole);
        whole.rows.iter().for_each(|row| drop(iphlp::encode_row(row)));
    }
    let counts = decode_counts(Some(bytes), Some(cut(bytes))).unwrap_or_default();
    assert_eq!(counts.since, None);
    let mut processes = Vec::new();
    // What is wrong with them is one of the two things that may come of it.
    let _ = ntprocess::decode_processes(bytes, u64::from(*which), &mut processes);
    assert!(processes.len() <= bytes.len());
    event(*which, bytes);
}

/// What the kernel tells a tracing session: what was read of it is in its bytes.
fn event(which: u8, bytes: &[u8]) {
    let network = [Transport::Tcp, Transport::Udp].map(etw::Class::Network);
    let opcodes = [1, 10, 12, 28];
    let (opcode, version) = (which & 3, which >> 2 & 7);
    for class in network.into_iter().chain([etw::Class::Process]) {
        let opcode = opcodes.get(usize::from(opcode)).copied().unwrap_or_default();
        let header = etw::Header { class, opcode, version, is_64_bit: which & 0x80 != 0 };
        match etw::decode_record(header, bytes) {
            Ok(Some(etw::Record::Process(started))) => {
                assert!(started.name.len() + started.command_line.len() <= 3 * bytes.len());
            }
            Ok(Some(etw::Record::Flow(flow))) => assert!(flow.is_ipv6 || bytes.len() >= 20),
            Ok(None) | Err(_) => {}
        }
    }
}

/// The first half.
fn cut(bytes: &[u8]) -> &[u8] {
    bytes.get(..bytes.len() / 2).unwrap_or_default()
}

/// Reads a dump, with its answers.
fn read(mut file: &[u8]) -> Result<Raw, Error> {
    read_dump(&mut file, "dump", (&Wants::EVERYTHING, Keep::Answers))
}

/// The rows of a datagram, and what made no sense.
fn rows_of(datagram: &[u8], transport: Transport) -> (Vec<SocketRow>, Vec<Malformed>) {
    let (mut rows, mut malformed) = (Vec::new(), Vec::new());
    decode_answer(datagram, transport, |row| match row {
        Ok(row) => rows.push(row),
        Err(what) => malformed.push(what),
    });
    (rows, malformed)
}

/// The anonymous answer decodes to as many rows, with the same ports and inodes, and as many
/// mistakes.
fn assert_masked(table: Table, form: Form, bytes: &[u8]) {
    let decode = |bytes: &[u8]| match form {
        Form::Iphlp(_) => Default::default(), // Its own target compares them.
        Form::Netlink => rows_of(bytes, table.transport),
        Form::ProcNet => {
            let rows = decode_table(table.transport, table.family(), bytes);
            (rows.rows, rows.malformed)
        }
    };
    let mut raw = empty();
    raw.namespaces.push(RawNamespace {
        answers: vec![RawAnswer { table, form, bytes: bytes.to_vec() }],
        ..RawNamespace::new(None, String::new())
    });
    anonymize(&mut raw);
    let answers = raw.namespaces.iter().flat_map(|n| &n.answers);
    let (plain, masked) = (decode(bytes), answers.map(|answer| decode(&answer.bytes)));
    for masked in masked {
        assert_eq!(masked.1.len(), plain.1.len());
        let kept = |row: &SocketRow| {
            let remote = row.remote.map(|remote| remote.port());
            (row.local.port(), remote, row.inode, row.state, row.cookie)
        };
        let rows = |rows: &[SocketRow]| rows.iter().map(kept).collect::<Vec<_>>();
        assert_eq!(rows(&masked.0), rows(&plain.0));
    }
}

/// What `raw` looks like in a dump.
fn written(raw: Raw, anonymity: Anonymity) -> Vec<u8> {
    let mut file = Vec::new();
    write_raw(&mut file, raw, anonymity).expect("writing to memory does not fail");
    file
}

/// Answers of no machine.
fn empty() -> Raw {
    Raw::new(sockeye_core::Timestamp::from_unix_ns(0), sockeye_core::snapshot::Source::Replay)
}
