//! Which Windows this is.

#![expect(unsafe_code, reason = "the version is known to a call alone")]

use windows_sys::Wdk::System::SystemServices::RtlGetVersion;
use windows_sys::Win32::System::SystemInformation::OSVERSIONINFOW;

/// `10.0.22631`: unlike GetVersionEx, this call tells the truth to programs without a manifest.
pub(super) fn version() -> String {
    let size = size_of::<OSVERSIONINFOW>() as u32;
    let mut version = OSVERSIONINFOW { dwOSVersionInfoSize: size, ..OSVERSIONINFOW::default() };
    // SAFETY: the structure says its own size.
    let status = unsafe { RtlGetVersion(&raw mut version) };
    let OSVERSIONINFOW { dwMajorVersion, dwMinorVersion, dwBuildNumber, .. } = version;
    if status == 0 {
        format!("{dwMajorVersion}.{dwMinorVersion}.{dwBuildNumber}")
    } else {
        "-".to_owned()
    }
}
