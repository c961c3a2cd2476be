//! The system's catalogues, which list files that are signed though nothing in them says so: most of
//! Windows' own.

#![expect(unsafe_code, reason = "catalogues are known to calls alone")]

use std::fs::File;
use std::io::{self, Seek as _};
use std::os::windows::io::AsRawHandle as _;
use std::ptr;

use sockeye_core::process::{Absent, Fact};
use windows_sys::Win32::Foundation::{HANDLE, SetLastError};
use windows_sys::Win32::Security::Cryptography::Catalog::CATALOG_INFO;
use windows_sys::core::{BOOL, GUID};

use super::library::{declared, find, find_safe};
use super::tables::code_of;
use super::wide::wide;
use crate::win32::trust::is_no_more;

const LIBRARY: &str = "wintrust.dll";
/// The most bytes of a hash: SHA-512's.
const HASH: usize = 64;

// As mscat.h declares them. `isize` stands for HCATADMIN and HCATINFO.
type Acquire = unsafe extern "system" fn(*mut isize, *const GUID, u32) -> BOOL;
type Hash = unsafe extern "system" fn(HANDLE, *mut u32, *mut u8, u32) -> BOOL;
type AcquireFor =
    unsafe extern "system" fn(*mut isize, *const GUID, *const u16, *const (), u32) -> BOOL;
type HashFor = unsafe extern "system" fn(isize, HANDLE, *mut u32, *mut u8, u32) -> BOOL;
type Next = unsafe extern "system" fn(isize, *const u8, u32, u32, *mut isize) -> isize;
type Tell = unsafe extern "system" fn(isize, *mut CATALOG_INFO, u32) -> BOOL;
type Leave = unsafe extern "system" fn(isize, isize, u32) -> BOOL;
type Release = unsafe extern "system" fn(isize, u32) -> BOOL;

/// The calls that know catalogues.
#[derive(Debug)]
pub(super) struct Catalogues {
    /// By SHA-256, since Windows 8.
    newer: Option<(AcquireFor, HashFor)>,
    /// By SHA-1.
    older: Option<(Acquire, Hash)>,
    next: Next,
    tell: Tell,
    leave: Leave,
    release: Release,
}

/// How files are listed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Algorithm {
    Sha256,
    Sha1,
}

impl Catalogues {
    /// None where the system lacks them. Wine 8 has but one of the newer two, which does nothing.
    pub(super) fn find() -> Option<Self> {
        let acquire_for = find_safe(LIBRARY, c"CryptCATAdminAcquireContext2");
        let hash_for = find_safe(LIBRARY, c"CryptCATAdminCalcHashFromFileHandle2");
        let acquire = find(LIBRARY, c"CryptCATAdminAcquireContext");
        let hash = find(LIBRARY, c"CryptCATAdminCalcHashFromFileHandle");
        let next = find(LIBRARY, c"CryptCATAdminEnumCatalogFromHash");
        let tell = find(LIBRARY, c"CryptCATCatalogInfoFromContext");
        let leave = find(LIBRARY, c"CryptCATAdminReleaseCatalogContext");
        let release = find(LIBRARY, c"CryptCATAdminReleaseContext");
        // SAFETY: each type is how mscat.h declares the function of that name.
        unsafe {
            Some(Self {
                newer: declared(acquire_for).zip(declared(hash_for)),
                older: declared(acquire).zip(declared(hash)),
                next: declared(next)?,
                tell: declared(tell)?,
                leave: declared(leave)?,
                release: declared(release)?,
            })
        }
    }

    /// Those that may list `file`, by its hash; `None` where the system has none by this algorithm.
    pub(super) fn of(&self, file: &File, algorithm: Algorithm) -> Option<Fact<Listing<'_>>> {
        let is_there = match algorithm {
            Algorithm::Sha256 => self.newer.is_some(),
            Algorithm::Sha1 => self.older.is_some(),
        };
        is_there.then(|| {
            let admin = self.acquire(algorithm).ok_or(Absent::Unsupported)?;
            // From here on, dropping the listing gives the context back.
            let mut listing = Listing { calls: self, admin, hash: vec![0; HASH], catalogue: 0 };
            let length = self.hash((admin, algorithm), file, &mut listing.hash);
            listing.hash.truncate(length.ok_or(Absent::Unsupported)?);
            Ok(listing)
        })
    }

    /// A context that hashes by `algorithm`.
    fn acquire(&self, algorithm: Algorithm) -> Option<isize> {
        let mut admin = 0;
        let is_acquired = match algorithm {
            Algorithm::Sha256 => {
                let name = wide("SHA256"); // BCRYPT_SHA256_ALGORITHM
                // SAFETY: the context is ours to write; the name ends in a zero; nothing else is asked.
                unsafe {
                    (self.newer?.0)(&raw mut admin, ptr::null(), name.as_ptr(), ptr::null(), 0)
                }
            }
            // SAFETY: the context is ours to write; nothing else is asked.
            Algorithm::Sha1 => unsafe { (self.older?.0)(&raw mut admin, ptr::null(), 0) },
        };
        (is_acquired != 0).then_some(admin)
    }

    /// Writes the hash of `file` and says how long it is. Of a program, parts that signing changes
    /// are left out.
    fn hash(
        &self,
        (admin, algorithm): (isize, Algorithm),
        mut file: &File,
        hash: &mut [u8],
    ) -> Option<usize> {
        file.rewind().ok()?;
        let mut size = u32::try_from(hash.len()).ok()?;
        let (handle, start) = (file.as_raw_handle(), hash.as_mut_ptr());
        let is_hashed = match algorithm {
            // SAFETY: the context and the file are open, and the buffer has so many bytes.
            Algorithm::Sha256 => unsafe { (self.newer?.1)(admin, handle, &raw mut size, start, 0) },
            // SAFETY: the file is open, and the buffer has so many bytes.
            Algorithm::Sha1 => unsafe { (self.older?.1)(handle, &raw mut size, start, 0) },
        };
        (is_hashed != 0).then_some(size as usize)
    }
}

/// The catalogues that list a file, one after the other.
#[derive(Debug)]
pub(super) struct Listing<'a> {
    calls: &'a Catalogues,
    /// The context that it was looked up in.
    pub(super) admin: isize,
    /// The file's hash.
    pub(super) hash: Vec<u8>,
    /// The catalogue that was told last; 0 for none.
    catalogue: isize,
}

impl Listing<'_> {
    /// The path of the next one, ended by a zero.
    pub(super) fn next(&mut self) -> Fact<Option<[u16; 260]>> {
        let length = u32::try_from(self.hash.len()).unwrap_or_default();
        // The call gives back the one before.
        let mut before = std::mem::take(&mut self.catalogue);
        let place = if before == 0 { ptr::null_mut() } else { &raw mut before };
        // SAFETY: takes a number. It tells afterwards whether anything failed.
        unsafe { SetLastError(0) };
        // SAFETY: the context is open, the hash is so long, and the catalogue before is one of it.
        let found = unsafe { (self.calls.next)(self.admin, self.hash.as_ptr(), length, 0, place) };
        if found == 0 {
            let code = code_of(&io::Error::last_os_error());
            return if is_no_more(code) { Ok(None) } else { Err(Absent::Unsupported) };
        }
        self.catalogue = found;
        let mut info =
            CATALOG_INFO { cbStruct: size_of::<CATALOG_INFO>() as u32, ..CATALOG_INFO::default() };
        // SAFETY: the catalogue is open, and the structure says how long it is.
        if unsafe { (self.calls.tell)(found, &raw mut info, 0) } == 0 {
            return Err(Absent::Unsupported);
        }
        if let Some(last) = info.wszCatalogFile.last_mut() {
            *last = 0;
        }
        Ok(Some(info.wszCatalogFile))
    }
}

impl Drop for Listing<'_> {
    fn drop(&mut self) {
        if self.catalogue != 0 {
            // SAFETY: the catalogue is one of this context, and nobody has it any more.
            unsafe { (self.calls.leave)(self.admin, self.catalogue, 0) };
        }
        // SAFETY: the context is ours, and nobody has it any more.
        unsafe { (self.calls.release)(self.admin, 0) };
    }
}
