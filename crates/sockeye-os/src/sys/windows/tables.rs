//! The IP Helper's tables of sockets.

#![expect(unsafe_code, reason = "tables are written into buffers of ours")]

use std::borrow::Cow;
use std::ffi::{CStr, c_void};
use std::io;
use std::mem::{offset_of, size_of};
use std::ptr;

use sockeye_core::Transport;
use windows_sys::Win32::Foundation::NO_ERROR;
use windows_sys::Win32::NetworkManagement::IpHelper::{
    GetExtendedTcpTable, GetExtendedUdpTable, MIB_TCP6ROW_OWNER_MODULE, MIB_TCP6ROW_OWNER_PID,
    MIB_TCP6ROW2, MIB_TCP6TABLE_OWNER_MODULE, MIB_TCPROW_OWNER_MODULE, MIB_TCPROW_OWNER_PID,
    MIB_TCPROW2, MIB_TCPTABLE_OWNER_MODULE, MIB_UDP6ROW_OWNER_MODULE, MIB_UDP6ROW_OWNER_PID,
    MIB_UDP6ROW2, MIB_UDPROW_OWNER_MODULE, MIB_UDPROW_OWNER_PID, MIB_UDPROW2,
    MIB_UDPTABLE_OWNER_MODULE, TCP_TABLE_OWNER_MODULE_ALL, TCP_TABLE_OWNER_PID_ALL,
    UDP_TABLE_OWNER_MODULE, UDP_TABLE_OWNER_PID,
};
use windows_sys::Win32::Networking::WinSock::{AF_INET, AF_INET6};
use windows_sys::Win32::System::Memory::{GetProcessHeap, HeapFree, HeapSize};

use super::library::find_safe;
use super::privilege::is_elevated;
use crate::decode::Table;
use crate::decode::iphlp::{Form, Layout};
use crate::error::plain;
use crate::win32::refusal::{
    INVALID_PARAMETER, NO_DATA, NOT_SUPPORTED, Operation, Rights, refusal,
};
use crate::win32::room::Room;
use crate::{Error, Kind};

/// Bytes of the first buffer: room for some 800 connections.
const FIRST: usize = 128 * 1024;
/// A table without rows.
const EMPTY: [u8; 8] = [0; 8];

/// What the decoder believes is what the SDK says.
const _: () = {
    const fn is(transport: Transport, is_ipv6: bool, form: Form, place: (usize, usize)) {
        let layout = Layout::of(Table { transport, is_ipv6 }, form);
        assert!(layout.first == place.0 && layout.size == place.1);
    }
    use Form::{OwnerModule, OwnerPid, Second};
    use Transport::{Tcp, Udp};
    let module = offset_of!(MIB_TCPTABLE_OWNER_MODULE, table);
    assert!(module == offset_of!(MIB_TCP6TABLE_OWNER_MODULE, table));
    assert!(module == offset_of!(MIB_UDPTABLE_OWNER_MODULE, table));
    is(Tcp, false, OwnerPid, (4, size_of::<MIB_TCPROW_OWNER_PID>()));
    is(Tcp, true, OwnerPid, (4, size_of::<MIB_TCP6ROW_OWNER_PID>()));
    is(Udp, false, OwnerPid, (4, size_of::<MIB_UDPROW_OWNER_PID>()));
    is(Udp, true, OwnerPid, (4, size_of::<MIB_UDP6ROW_OWNER_PID>()));
    is(Tcp, false, OwnerModule, (module, size_of::<MIB_TCPROW_OWNER_MODULE>()));
    is(Tcp, true, OwnerModule, (module, size_of::<MIB_TCP6ROW_OWNER_MODULE>()));
    is(Udp, false, OwnerModule, (module, size_of::<MIB_UDPROW_OWNER_MODULE>()));
    is(Udp, true, OwnerModule, (module, size_of::<MIB_UDP6ROW_OWNER_MODULE>()));
    is(Tcp, false, Second, (4, size_of::<MIB_TCPROW2>()));
    is(Tcp, true, Second, (4, size_of::<MIB_TCP6ROW2>()));
    is(Udp, false, Second, (module, size_of::<MIB_UDPROW2>()));
    is(Udp, true, Second, (module, size_of::<MIB_UDP6ROW2>()));
    let tcp6 = Layout::of(Table { transport: Tcp, is_ipv6: true }, OwnerModule);
    assert!(
        matches!(tcp6.created, Some(at) if at == offset_of!(MIB_TCP6ROW_OWNER_MODULE, liCreateTimestamp))
    );
    assert!(matches!(tcp6.state, Some(at) if at == offset_of!(MIB_TCP6ROW_OWNER_MODULE, dwState)));
    let udp6 = Layout::of(Table { transport: Udp, is_ipv6: true }, Second);
    assert!(matches!(udp6.remote, Some(at) if at == offset_of!(MIB_UDP6ROW2, ucRemoteAddr)));
    assert!(matches!(udp6.module, Some(at) if at == offset_of!(MIB_UDP6ROW2, OwningModuleInfo)));
};

/// A table as the system wrote it.
pub(super) struct Answer<'a> {
    pub(super) form: Form,
    pub(super) bytes: Cow<'a, [u8]>,
}

/// Reads tables into a buffer that it keeps.
#[derive(Debug)]
pub(super) struct Tables {
    room: Room,
    second: Second,
}

impl Tables {
    pub(super) fn new() -> Self {
        Self { room: Room::new(FIRST), second: Second::find() }
    }

    /// `table`: sockets with their processes, and when and for whom they were made.
    ///
    /// # Errors
    ///
    /// What the system said.
    pub(super) fn read(&mut self, table: Table) -> Result<Answer<'_>, Error> {
        let mut form = Form::OwnerModule;
        let mut code = self.ask(table, form);
        if matches!(code, NOT_SUPPORTED | INVALID_PARAMETER) {
            form = Form::OwnerPid;
            code = self.ask(table, form);
        }
        match code {
            NO_ERROR => Ok(Answer { form, bytes: self.bytes().into() }),
            NO_DATA => Ok(Answer { form, bytes: EMPTY[..].into() }),
            code => Err(refused(Operation::Table, code)),
        }
    }

    /// What the newer exports tell about `table`: TCP that is bound and nothing more, UDP with its
    /// remotes. `None` where this system has no such export.
    ///
    /// # Errors
    ///
    /// What the system said.
    pub(super) fn read_second(&self, table: Table) -> Option<Result<Answer<'static>, Error>> {
        let function = self.second.of(table)?;
        let answer = |bytes: Vec<u8>| Answer { form: Form::Second, bytes: bytes.into() };
        Some(call(function).map(answer))
    }

    /// The exports that this system lacks.
    pub(super) fn missing(&self) -> impl Iterator<Item = &'static str> {
        let exports = Table::ALL.into_iter().filter(|table| self.second.of(*table).is_none());
        exports.filter_map(|table| export(table).to_str().ok())
    }

    /// Asks once, and again only where the table has outgrown the buffer.
    fn ask(&mut self, table: Table, form: Form) -> u32 {
        let family = u32::from(if table.is_ipv6 { AF_INET6 } else { AF_INET });
        let has_module = form == Form::OwnerModule;
        self.room.fill(|buffer, size| match table.transport {
            Transport::Tcp => {
                let class =
                    if has_module { TCP_TABLE_OWNER_MODULE_ALL } else { TCP_TABLE_OWNER_PID_ALL };
                let buffer = buffer.as_mut_ptr().cast();
                // SAFETY: the buffer has as many bytes as `size` says.
                unsafe { GetExtendedTcpTable(buffer, size, 0, family, class, 0) }
            }
            Transport::Udp => {
                let class = if has_module { UDP_TABLE_OWNER_MODULE } else { UDP_TABLE_OWNER_PID };
                let buffer = buffer.as_mut_ptr().cast();
                // SAFETY: as above.
                unsafe { GetExtendedUdpTable(buffer, size, 0, family, class, 0) }
            }
        })
    }

    fn bytes(&self) -> &[u8] {
        let words = self.room.as_words();
        // SAFETY: words are bytes, all of which have a value.
        unsafe { std::slice::from_raw_parts(words.as_ptr().cast(), size_of_val(words)) }
    }
}

/// The failure that a code of Windows stands for.
pub(super) fn refused(operation: Operation, code: u32) -> Error {
    refused_of((operation, ""), code)
}

/// The same of something that has a name.
pub(super) fn refused_of(what: (Operation, &str), code: u32) -> Error {
    let rights = if is_elevated() { Rights::Elevated } else { Rights::Ordinary };
    let words = || plain(&io::Error::from_raw_os_error(code.cast_signed()));
    refusal(what, code, rights, words)
}

/// The code that an error carries, 0 where it carries none.
pub(super) fn code_of(error: &io::Error) -> u32 {
    error.raw_os_error().map_or(NO_ERROR, i32::cast_unsigned)
}

/// An export that allocates its table on a heap: where to put its address, the heap, its flags. All
/// of them share this signature (System Informer's include/netprv.h declares those of bound TCP).
type Export = unsafe extern "system" fn(*mut *mut c_void, *mut c_void, u32) -> u32;

/// The exports of newer systems: Windows 10 1809 and later have all of them.
#[derive(Debug)]
struct Second([Option<Export>; 4]);

/// What the export that tells more about `table` is called.
fn export(table: Table) -> &'static CStr {
    match (table.transport, table.is_ipv6) {
        (Transport::Tcp, false) => c"InternalGetBoundTcpEndpointTable",
        (Transport::Tcp, true) => c"InternalGetBoundTcp6EndpointTable",
        (Transport::Udp, false) => c"InternalGetUdpTable2",
        (Transport::Udp, true) => c"InternalGetUdp6Table2",
    }
}

impl Second {
    fn find() -> Self {
        Self(Table::ALL.map(|table| {
            let function = find_safe("iphlpapi.dll", export(table))?;
            // SAFETY: functions of these names have this signature.
            Some(unsafe {
                std::mem::transmute::<unsafe extern "system" fn() -> isize, Export>(function)
            })
        }))
    }

    fn of(&self, table: Table) -> Option<Export> {
        let place = Table::ALL.iter().position(|other| *other == table)?;
        self.0.get(place).copied().flatten()
    }
}

/// The table that `function` allocates, as bytes: as many as the heap says there are.
fn call(function: Export) -> Result<Vec<u8>, Error> {
    // SAFETY: every process has a heap.
    let heap = unsafe { GetProcessHeap() };
    let mut table = ptr::null_mut();
    // SAFETY: `table` takes an address; the heap is this process's own.
    let code = unsafe { function(&raw mut table, heap, 0) };
    match code {
        NO_ERROR if !table.is_null() => {}
        NO_ERROR | NO_DATA => return Ok(EMPTY.to_vec()),
        code => return Err(refused(Operation::Table, code)),
    }
    // SAFETY: the table was allocated on this heap.
    let size = unsafe { HeapSize(heap, 0, table) };
    let bytes = if size == usize::MAX {
        let reason = "its size is not known to the heap";
        Err(Error::new(Kind::Malformed, Operation::Table.words(), "", reason))
    } else {
        // SAFETY: the block has so many bytes, and nobody else knows it.
        Ok(unsafe { std::slice::from_raw_parts(table.cast::<u8>(), size) }.to_vec())
    };
    // SAFETY: nothing points into the block any more.
    unsafe { HeapFree(heap, 0, table) };
    bytes
}
