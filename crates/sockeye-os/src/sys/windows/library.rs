//! Functions that not every Windows has: looked up by name, absent where they are absent.

#![expect(unsafe_code, reason = "nothing else finds a function by its name")]

use std::ffi::{CStr, c_char};
use std::ptr;
use std::sync::OnceLock;

use windows_sys::Win32::Foundation::FARPROC;
use windows_sys::Win32::System::LibraryLoader::{
    GetProcAddress, LOAD_LIBRARY_SEARCH_SYSTEM32, LoadLibraryExW,
};

use super::wide::wide;

/// The function `name` of the system's own `library`, which stays loaded.
pub(super) fn find(library: &str, name: &CStr) -> FARPROC {
    let library = wide(library);
    // SAFETY: the name ends in a zero. Only the system's own directory is searched, so that nobody
    // else's library is run.
    let module =
        unsafe { LoadLibraryExW(library.as_ptr(), ptr::null_mut(), LOAD_LIBRARY_SEARCH_SYSTEM32) };
    if module.is_null() {
        return None;
    }
    // SAFETY: the module is loaded, the name ends in a zero.
    unsafe { GetProcAddress(module, name.as_ptr().cast()) }
}

/// `function` as it is declared; `None` where it was not found.
///
/// # Safety
///
/// `F` is the type of the function that was found.
pub(super) unsafe fn declared<F: Copy>(function: FARPROC) -> Option<F> {
    const { assert!(size_of::<F>() == size_of::<FARPROC>(), "a pointer to a function") };
    // SAFETY: both are pointers to functions, and the caller says that this one is such.
    function.map(|function| unsafe { std::mem::transmute_copy(&function) })
}

/// The version of Wine, where this is Wine. It exports functions that end the process when they are
/// called (`NsiSetAllParameters`, `I_QueryTagInformation`): there they count as absent.
pub(super) fn wine() -> Option<&'static str> {
    static VERSION: OnceLock<Option<String>> = OnceLock::new();
    VERSION.get_or_init(ask_wine).as_deref()
}

fn ask_wine() -> Option<String> {
    type Found = unsafe extern "system" fn() -> isize;
    type Version = unsafe extern "C" fn() -> *const c_char;
    let function = find("ntdll.dll", c"wine_get_version")?;
    // SAFETY: this is how Wine declares the only function of this name (dlls/ntdll/version.c).
    let version = unsafe { std::mem::transmute::<Found, Version>(function) };
    // SAFETY: it takes nothing.
    let text = unsafe { version() };
    // SAFETY: it gives a constant text.
    Some(unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned())
}

/// The function `name` of `library`, where calling it does not end the process.
pub(super) fn find_safe(library: &str, name: &CStr) -> FARPROC {
    if wine().is_some() { None } else { find(library, name) }
}
