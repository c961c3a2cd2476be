//! Whom a process runs as. Windows names users by security identifiers, not by numbers: Sockeye gives
//! each the next number, for as long as it runs.

#![expect(unsafe_code, reason = "identifiers are known to calls alone")]

use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::ptr;
use std::sync::{Mutex, PoisonError};

use windows_sys::Win32::Foundation::{HANDLE, LocalFree};
use windows_sys::Win32::Security::Authorization::ConvertSidToStringSidW;
use windows_sys::Win32::Security::{
    GetLengthSid, GetTokenInformation, LookupAccountSidW, PSID, SID_AND_ATTRIBUTES, TOKEN_QUERY,
    TOKEN_USER, TokenUser,
};
use windows_sys::Win32::System::Threading::OpenProcessToken;

use super::handle::ProcessHandle;
use super::wide::{text, text_at};

/// Units of the longest name that is taken; the system's own limits are lower (UNLEN 256, DNLEN 15,
/// domains by DNS 255).
const NAME: usize = 512;

/// Users that were met; the number of each is its place.
static KNOWN: Mutex<Vec<User>> = Mutex::new(Vec::new());

/// A user: identifier and name.
struct User {
    sid: Box<[u8]>,
    name: Box<str>,
}

/// The number of the user that `process` runs as, and the user's name.
pub(super) fn user_of(process: &ProcessHandle) -> Option<u32> {
    let token = open_token(process.raw(), TOKEN_QUERY)?;
    u32::try_from(number(&Sid::of(&token)?)).ok()
}

/// The number of the user whose identifier these bytes are, where they are one.
pub(super) fn user_called(sid: &[u8]) -> Option<u32> {
    u32::try_from(number(&Sid::from_bytes(sid)?)).ok()
}

/// The place of a user among those that were met.
fn number(sid: &Sid) -> usize {
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let place = known.iter().position(|user| *user.sid == *sid.bytes());
    place.unwrap_or_else(|| {
        known.push(User { sid: sid.bytes().into(), name: sid.name().into() });
        known.len() - 1
    })
}

/// The name of the user with this number: `HOST\user`, or the identifier of one without a name.
pub(super) fn name(number: u32) -> Option<Box<str>> {
    let known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    known.get(number as usize).map(|user| user.name.clone())
}

/// The token of a process.
pub(super) fn open_token(process: HANDLE, access: u32) -> Option<OwnedHandle> {
    let mut token = ptr::null_mut();
    // SAFETY: the handle is open; `token` takes one.
    let is_open = unsafe { OpenProcessToken(process, access, &raw mut token) };
    // SAFETY: the handle is new, and ours.
    (is_open != 0).then(|| unsafe { OwnedHandle::from_raw_handle(token) })
}

/// A TOKEN_USER with the identifier that it points to: at most 68 bytes long (SECURITY_MAX_SID_SIZE).
struct Sid(Box<[u64; 32]>);

impl Sid {
    /// The user of a token.
    fn of(token: &OwnedHandle) -> Option<Self> {
        let mut sid = Self(Box::new([0; 32]));
        let mut size = 0;
        // SAFETY: the buffer has as many bytes as are said.
        let is_told = unsafe {
            GetTokenInformation(
                token.as_raw_handle(),
                TokenUser,
                sid.0.as_mut_ptr().cast(),
                256,
                &raw mut size,
            )
        };
        (is_told != 0).then_some(sid)
    }

    /// A copy of an identifier: revision, count of its numbers, authority, numbers (MS-DTYP 2.4.2).
    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (revision, numbers) = (*bytes.first()?, usize::from(*bytes.get(1)?));
        let start = size_of::<TOKEN_USER>() / size_of::<u64>();
        let mut sid = Self(Box::new([0; 32]));
        let room = sid.0.get_mut(start..)?;
        if revision != 1 || bytes.len() != 8 + 4 * numbers || bytes.len() > size_of_val(room) {
            return None;
        }
        for (word, part) in room.iter_mut().zip(bytes.chunks(8)) {
            let mut whole = [0; 8];
            whole.get_mut(..part.len())?.copy_from_slice(part);
            *word = u64::from_le_bytes(whole);
        }
        let attributes = SID_AND_ATTRIBUTES { Sid: room.as_mut_ptr().cast(), Attributes: 0 };
        // SAFETY: the box begins with room for the structure, which is aligned as its words are.
        unsafe { sid.0.as_mut_ptr().cast::<TOKEN_USER>().write(TOKEN_USER { User: attributes }) };
        Some(sid)
    }

    /// The identifier, as the system takes it.
    fn raw(&self) -> PSID {
        // SAFETY: the system wrote a TOKEN_USER there, which points into the same box.
        unsafe { self.0.as_ptr().cast::<TOKEN_USER>().read() }.User.Sid
    }

    fn bytes(&self) -> &[u8] {
        // SAFETY: a valid identifier.
        let length = unsafe { GetLengthSid(self.raw()) } as usize;
        // SAFETY: it is so long, and lives as long as the buffer.
        unsafe { std::slice::from_raw_parts(self.raw().cast(), length) }
    }

    /// What people call it.
    fn name(&self) -> String {
        self.account().or_else(|| self.digits()).unwrap_or_else(|| "?".to_owned())
    }

    /// `HOST\user`; `NT AUTHORITY\SYSTEM`.
    fn account(&self) -> Option<String> {
        let (mut name, mut domain) = ([0; NAME], [0; NAME]);
        let (mut name_size, mut domain_size) = (NAME as u32, NAME as u32);
        let mut kind = 0;
        // SAFETY: the buffers have as many units as their sizes say; the identifier is valid.
        let is_known = unsafe {
            LookupAccountSidW(
                ptr::null(),
                self.raw(),
                name.as_mut_ptr(),
                &raw mut name_size,
                domain.as_mut_ptr(),
                &raw mut domain_size,
                &raw mut kind,
            )
        };
        if is_known == 0 {
            return None;
        }
        let (name, domain) = (text(&name), text(&domain));
        Some(if domain.is_empty() { name } else { format!(r"{domain}\{name}") })
    }

    /// `S-1-5-21-…`.
    fn digits(&self) -> Option<String> {
        let mut digits = ptr::null_mut();
        // SAFETY: the identifier is valid; `digits` takes an address.
        let is_told = unsafe { ConvertSidToStringSidW(self.raw(), &raw mut digits) };
        if is_told == 0 {
            return None;
        }
        // SAFETY: a text that ends in a zero.
        let text = unsafe { text_at(digits) };
        // SAFETY: it is to be freed so.
        unsafe { LocalFree(digits.cast()) };
        Some(text)
    }
}
