//! Names of services by the documented call, where tags cannot be asked for: one call for each tag.

#![expect(unsafe_code, reason = "owners are known to calls alone")]

use std::ffi::{CStr, c_void};

use windows_sys::Win32::NetworkManagement::IpHelper::{
    TCPIP_OWNER_MODULE_BASIC_INFO, TCPIP_OWNER_MODULE_INFO_BASIC,
};

use super::library::find_safe;
use super::wide::text_at;
use crate::decode::Table;
use crate::decode::iphlp::{Row, encode_row};
use crate::win32::room::Room;

/// Bytes of the first buffer: two texts, of which one is a path.
const FIRST: usize = 4096;

/// `GetOwnerModuleFromTcpEntry` and its siblings: the row of the form with owner and module, what is
/// asked (0: names), where to put it, how large that is (iphlpapi.h).
type Owner = unsafe extern "system" fn(*const c_void, i32, *mut c_void, *mut u32) -> u32;

/// The calls, in the order of [`Table::ALL`].
const NAMES: [&CStr; 4] = [
    c"GetOwnerModuleFromTcpEntry",
    c"GetOwnerModuleFromTcp6Entry",
    c"GetOwnerModuleFromUdpEntry",
    c"GetOwnerModuleFromUdp6Entry",
];

/// What this system has of them.
#[derive(Debug)]
pub(super) struct Modules([Option<Owner>; 4]);

impl Modules {
    pub(super) fn find() -> Self {
        Self(NAMES.map(|name| {
            type Found = unsafe extern "system" fn() -> isize;
            let function = find_safe("iphlpapi.dll", name)?;
            // SAFETY: functions of these names differ in the row alone, which is behind a pointer.
            Some(unsafe { std::mem::transmute::<Found, Owner>(function) })
        }))
    }

    /// The calls that this system lacks.
    pub(super) fn missing(&self) -> impl Iterator<Item = &'static str> {
        let missing = self.0.iter().zip(NAMES).filter(|(function, _)| function.is_none());
        missing.filter_map(|(_, name)| name.to_str().ok())
    }

    /// The service that made the socket of `row`, which has a tag.
    pub(super) fn service(&self, row: &Row) -> Option<String> {
        let place = Table::ALL.iter().position(|table| *table == row.table)?;
        let function = self.0.get(place).copied().flatten()?;
        let asked = encode_row(row);
        let mut room = Room::new(FIRST);
        let code = room.fill(|buffer, size| {
            let buffer = buffer.as_mut_ptr().cast();
            // SAFETY: the row is whole, in words as its structure; the buffer has so many bytes.
            unsafe { function(asked.as_ptr().cast(), TCPIP_OWNER_MODULE_INFO_BASIC, buffer, size) }
        });
        if code != 0 {
            return None;
        }
        // SAFETY: the call wrote this structure there, and the buffer is larger.
        let told =
            unsafe { room.as_words().as_ptr().cast::<TCPIP_OWNER_MODULE_BASIC_INFO>().read() };
        if told.pModuleName.is_null() {
            return None;
        }
        // SAFETY: a text in the same buffer, which ends in a zero.
        let name = unsafe { text_at(told.pModuleName) };
        // Of protected processes the name is empty; where no service is known it is that of the image.
        let is_image = name.to_ascii_lowercase().ends_with(".exe");
        (!name.is_empty() && !is_image).then_some(name)
    }
}
