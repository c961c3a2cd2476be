//! What this process may do: whether it is elevated, and the privilege to look at others' processes.

#![expect(unsafe_code, reason = "tokens are known to calls alone")]

use std::os::windows::io::AsRawHandle;
use std::ptr;
use std::sync::OnceLock;

use windows_sys::Win32::Foundation::{ERROR_SUCCESS, GetLastError, LUID};
use windows_sys::Win32::Security::{
    AdjustTokenPrivileges, GetTokenInformation, LUID_AND_ATTRIBUTES, LookupPrivilegeValueW,
    SE_DEBUG_NAME, SE_PRIVILEGE_ENABLED, SE_SYSTEM_PROFILE_NAME, TOKEN_ADJUST_PRIVILEGES,
    TOKEN_ELEVATION, TOKEN_PRIVILEGES, TOKEN_QUERY, TokenElevation,
};
use windows_sys::Win32::System::Threading::GetCurrentProcess;
use windows_sys::core::PCWSTR;

use super::accounts::open_token;

/// Whether this process runs with an administrator's full rights.
pub(super) fn is_elevated() -> bool {
    // SAFETY: takes nothing.
    let process = unsafe { GetCurrentProcess() };
    let Some(token) = open_token(process, TOKEN_QUERY) else { return false };
    let mut elevation = TOKEN_ELEVATION { TokenIsElevated: 0 };
    let mut size = 0;
    // SAFETY: the structure is as large as is said.
    let is_told = unsafe {
        GetTokenInformation(
            token.as_raw_handle(),
            TokenElevation,
            (&raw mut elevation).cast(),
            size_of::<TOKEN_ELEVATION>() as u32,
            &raw mut size,
        )
    };
    is_told != 0 && elevation.TokenIsElevated != 0
}

/// Asks once for the privilege that the kernel's tracing sessions take (SeSystemProfilePrivilege), and
/// says whether it was granted.
pub(super) fn may_trace() -> bool {
    static GRANTED: OnceLock<bool> = OnceLock::new();
    *GRANTED.get_or_init(|| enable(SE_SYSTEM_PROFILE_NAME).is_some())
}

/// Asks once for the privilege to look at every process, services' and other users' too
/// (SeDebugPrivilege), and says whether it was granted: elevated administrators have it.
pub(super) fn may_look_at_all() -> bool {
    static GRANTED: OnceLock<bool> = OnceLock::new();
    *GRANTED.get_or_init(|| enable(SE_DEBUG_NAME).is_some())
}

/// Enables the privilege `name`, a constant of the SDK.
fn enable(name: PCWSTR) -> Option<()> {
    // SAFETY: takes nothing.
    let process = unsafe { GetCurrentProcess() };
    let token = open_token(process, TOKEN_QUERY | TOKEN_ADJUST_PRIVILEGES)?;
    let mut luid = LUID { LowPart: 0, HighPart: 0 };
    // SAFETY: the name ends in a zero; `luid` takes a number.
    let is_known = unsafe { LookupPrivilegeValueW(ptr::null(), name, &raw mut luid) };
    if is_known == 0 {
        return None;
    }
    let one = LUID_AND_ATTRIBUTES { Luid: luid, Attributes: SE_PRIVILEGE_ENABLED };
    let wanted = TOKEN_PRIVILEGES { PrivilegeCount: 1, Privileges: [one] };
    // SAFETY: the structure holds as many privileges as it says; the old ones are not asked for.
    let is_taken = unsafe {
        AdjustTokenPrivileges(
            token.as_raw_handle(),
            0,
            &raw const wanted,
            0,
            ptr::null_mut(),
            ptr::null_mut(),
        )
    };
    // Success may mean that nothing was granted: ERROR_NOT_ALL_ASSIGNED.
    // SAFETY: takes nothing.
    let is_granted = is_taken != 0 && unsafe { GetLastError() } == ERROR_SUCCESS;
    is_granted.then_some(())
}
