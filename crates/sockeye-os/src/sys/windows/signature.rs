//! Who signed an image, by WinVerifyTrust: inside of the file, else in one of the system's catalogues.
//! Nobody is asked anything, neither the user nor the network.

#![expect(unsafe_code, reason = "signatures are judged by calls alone")]

use std::ffi::c_void;
use std::fs::File;
use std::io::{self, Seek as _};
use std::os::windows::io::AsRawHandle as _;
use std::ptr;
use std::sync::OnceLock;
use std::time::SystemTime;

use hashbrown::HashMap;
use sockeye_core::process::{Absent, Fact};
use sockeye_core::signature::Signature;
use windows_sys::Win32::Foundation::{HANDLE, HWND, INVALID_HANDLE_VALUE};
use windows_sys::Win32::Security::Cryptography::{CERT_CONTEXT, CERT_NAME_SIMPLE_DISPLAY_TYPE};
use windows_sys::Win32::Security::WinTrust::{
    CRYPT_PROVIDER_CERT, CRYPT_PROVIDER_SGNR, WINTRUST_ACTION_GENERIC_VERIFY_V2,
    WINTRUST_CATALOG_INFO, WINTRUST_DATA, WINTRUST_DATA_0, WINTRUST_FILE_INFO,
    WTD_CACHE_ONLY_URL_RETRIEVAL, WTD_CHOICE_CATALOG, WTD_CHOICE_FILE, WTD_REVOKE_NONE,
    WTD_STATEACTION_CLOSE, WTD_STATEACTION_VERIFY, WTD_UI_NONE,
};
use windows_sys::core::{BOOL, GUID};

use super::catalogue::{Algorithm, Catalogues, Listing};
use super::library::{declared, find};
use super::wide::{text, wide};
use crate::win32::trust::{judged, member_tag, settled};

/// So many files are remembered; then all are forgotten.
const MOST: usize = 4_096;
/// So many units of a signer's name are read (X.520 allows a name of 64, an organisation no more).
const NAME: usize = 512;

// As wintrust.h and wincrypt.h declare them. Of what a provider knows only the address is passed on.
type Verify = unsafe extern "system" fn(HWND, *mut GUID, *mut c_void) -> i32;
type Provider = unsafe extern "system" fn(HANDLE) -> *mut c_void;
type Signer = unsafe extern "system" fn(*mut c_void, u32, BOOL, u32) -> *mut CRYPT_PROVIDER_SGNR;
type Certificate =
    unsafe extern "system" fn(*mut CRYPT_PROVIDER_SGNR, u32) -> *mut CRYPT_PROVIDER_CERT;
type Name =
    unsafe extern "system" fn(*const CERT_CONTEXT, u32, u32, *const c_void, *mut u16, u32) -> u32;

/// A file as it was when it was looked at: its size and when it was last written.
type Stamp = (u64, Option<SystemTime>);

/// Finds out who signed files; remembers it for as long as a file stays as it is.
#[derive(Default, Debug)]
pub(super) struct Signatures {
    known: HashMap<Box<str>, (Stamp, Fact<Signature>)>,
}

impl Signatures {
    /// Who signed the file at `path`. It is read whole, unless it is known.
    pub(super) fn of(&mut self, path: &str) -> Fact<Signature> {
        let file = File::open(path).map_err(|error| absent(&error))?;
        let about = file.metadata().map_err(|error| absent(&error))?;
        let stamp = (about.len(), about.modified().ok());
        if let Some((then, signature)) = self.known.get(path)
            && *then == stamp
        {
            return signature.clone();
        }
        let signature = calls().ok_or(Absent::Unsupported)?.judge(path, &file);
        if self.known.len() >= MOST {
            self.known.clear();
        }
        self.known.insert(path.into(), (stamp, signature.clone()));
        signature
    }
}

/// Why a file cannot be read.
fn absent(error: &io::Error) -> Absent {
    match error.kind() {
        io::ErrorKind::NotFound => Absent::Vanished,
        io::ErrorKind::PermissionDenied => Absent::Denied,
        _ => Absent::Unsupported,
    }
}

/// The calls that judge signatures.
#[derive(Debug)]
struct Calls {
    verify: Verify,
    /// What tells the signer's name.
    names: Option<Names>,
    catalogues: Option<Catalogues>,
}

#[derive(Debug)]
struct Names {
    provider: Provider,
    signer: Signer,
    certificate: Certificate,
    name: Name,
}

/// The calls, looked up once; none where the system cannot judge.
fn calls() -> Option<&'static Calls> {
    static CALLS: OnceLock<Option<Calls>> = OnceLock::new();
    CALLS.get_or_init(Calls::find).as_ref()
}

impl Calls {
    fn find() -> Option<Self> {
        let verify = find("wintrust.dll", c"WinVerifyTrust");
        // SAFETY: the type is how wintrust.h declares the function of that name.
        let verify = unsafe { declared(verify) }?;
        Some(Self { verify, names: Names::find(), catalogues: Catalogues::find() })
    }

    /// Who signed the file at `path`, which is open as `file`.
    fn judge(&self, path: &str, mut file: &File) -> Fact<Signature> {
        let path = wide(path);
        let mut subject = WINTRUST_FILE_INFO {
            cbStruct: size_of::<WINTRUST_FILE_INFO>() as u32,
            pcwszFilePath: path.as_ptr(),
            hFile: file.as_raw_handle(),
            pgKnownSubject: ptr::null_mut(),
        };
        file.rewind().map_err(|error| absent(&error))?;
        let subject = WINTRUST_DATA_0 { pFile: &raw mut subject };
        // SAFETY: the subject is a file, its path ends in a zero, and both live until the end.
        let (code, signer) = unsafe { self.verify(WTD_CHOICE_FILE, subject) };
        if let Some(signature) = judged(code, signer)? {
            return Ok(signature);
        }
        let Some(catalogues) = &self.catalogues else { return Err(Absent::Unsupported) };
        settled([Algorithm::Sha256, Algorithm::Sha1].into_iter().map(|algorithm| {
            let listing = catalogues.of(file, algorithm)?;
            Some(listing.and_then(|listing| self.judge_listed((&path, file), listing)))
        }))
    }

    /// What the catalogues say that list a file: the first that is trusted, else the first.
    fn judge_listed(
        &self,
        (path, mut file): (&[u16], &File),
        mut listing: Listing<'_>,
    ) -> Fact<Option<Signature>> {
        let tag = wide(member_tag(&listing.hash));
        let mut first = None;
        while let Some(catalogue) = listing.next()? {
            let mut subject = WINTRUST_CATALOG_INFO {
                cbStruct: size_of::<WINTRUST_CATALOG_INFO>() as u32,
                pcwszCatalogFilePath: catalogue.as_ptr(),
                pcwszMemberTag: tag.as_ptr(),
                pcwszMemberFilePath: path.as_ptr(),
                hMemberFile: file.as_raw_handle(),
                pbCalculatedFileHash: listing.hash.as_mut_ptr(),
                cbCalculatedFileHash: listing.hash.len() as u32,
                hCatAdmin: listing.admin,
                ..WINTRUST_CATALOG_INFO::default()
            };
            file.rewind().map_err(|error| absent(&error))?;
            let subject = WINTRUST_DATA_0 { pCatalog: &raw mut subject };
            // SAFETY: the subject is a catalogue; its texts end in a zero; all live until the end.
            let (code, signer) = unsafe { self.verify(WTD_CHOICE_CATALOG, subject) };
            match judged(code, signer)? {
                Some(trusted @ Signature::Trusted { .. }) => return Ok(Some(trusted)),
                other => first = first.or(other),
            }
        }
        Ok(first)
    }

    /// The code by which Windows judges `subject`, and whom its signature names.
    ///
    /// # Safety
    ///
    /// `subject` is what `choice` says, and valid.
    unsafe fn verify(&self, choice: u32, subject: WINTRUST_DATA_0) -> (u32, Option<Box<str>>) {
        let mut action = WINTRUST_ACTION_GENERIC_VERIFY_V2;
        let mut data = WINTRUST_DATA {
            cbStruct: size_of::<WINTRUST_DATA>() as u32,
            dwUIChoice: WTD_UI_NONE,
            fdwRevocationChecks: WTD_REVOKE_NONE,
            dwUnionChoice: choice,
            Anonymous: subject,
            dwStateAction: WTD_STATEACTION_VERIFY,
            dwProvFlags: WTD_CACHE_ONLY_URL_RETRIEVAL,
            ..WINTRUST_DATA::default()
        };
        // SAFETY: the structure says how long it is; its subject is valid, says the caller. The
        // window that is none says that there is no user to be asked.
        let code =
            unsafe { (self.verify)(INVALID_HANDLE_VALUE, &raw mut action, (&raw mut data).cast()) };
        let signer = self.names.as_ref().and_then(|names| names.of(data.hWVTStateData));
        data.dwStateAction = WTD_STATEACTION_CLOSE;
        // SAFETY: as above; the state is that which the call before has opened.
        unsafe { (self.verify)(INVALID_HANDLE_VALUE, &raw mut action, (&raw mut data).cast()) };
        (code.cast_unsigned(), signer)
    }
}

impl Names {
    fn find() -> Option<Self> {
        let provider = find("wintrust.dll", c"WTHelperProvDataFromStateData");
        let signer = find("wintrust.dll", c"WTHelperGetProvSignerFromChain");
        let certificate = find("wintrust.dll", c"WTHelperGetProvCertFromChain");
        let name = find("crypt32.dll", c"CertGetNameStringW");
        // SAFETY: each type is how wintrust.h and wincrypt.h declare the function of that name.
        unsafe {
            Some(Self {
                provider: declared(provider)?,
                signer: declared(signer)?,
                certificate: declared(certificate)?,
                name: declared(name)?,
            })
        }
    }

    /// The name in the first signer's certificate. `state` is open, or null where nothing was found.
    fn of(&self, state: HANDLE) -> Option<Box<str>> {
        if state.is_null() {
            return None;
        }
        // SAFETY: the state is open.
        let provider = unsafe { (self.provider)(state) };
        if provider.is_null() {
            return None;
        }
        // SAFETY: the provider's data are those of an open state.
        let signer = unsafe { (self.signer)(provider, 0, 0, 0) };
        if signer.is_null() {
            return None;
        }
        // SAFETY: the signer is one of an open state.
        let certificate = unsafe { (self.certificate)(signer, 0) };
        if certificate.is_null() {
            return None;
        }
        // SAFETY: a certificate of an open state.
        let context = unsafe { (*certificate).pCert };
        if context.is_null() {
            return None;
        }
        let mut units = vec![0; NAME];
        let (kind, room) = (CERT_NAME_SIMPLE_DISPLAY_TYPE, NAME as u32);
        // SAFETY: the certificate is one of an open state, and the buffer has so many units.
        unsafe { (self.name)(context, kind, 0, ptr::null(), units.as_mut_ptr(), room) };
        let name = text(&units);
        let name = name.trim();
        (!name.is_empty()).then(|| name.into())
    }
}
