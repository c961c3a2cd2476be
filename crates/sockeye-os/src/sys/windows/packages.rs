//! Whose software a process runs, as its image says itself: its version resource.

#![expect(unsafe_code, reason = "resources are read by calls alone")]

use std::ffi::c_void;
use std::io;
use std::path::PathBuf;
use std::ptr;
use std::sync::Arc;

use hashbrown::HashMap;
use sockeye_core::answer::{Origin, Package};
use sockeye_core::process::{Absent, Fact};
use windows_sys::Win32::Foundation::{ERROR_FILE_NOT_FOUND, ERROR_PATH_NOT_FOUND};
use windows_sys::Win32::Storage::FileSystem::{
    GetFileVersionInfoSizeW, GetFileVersionInfoW, VerQueryValueW,
};

use super::wide::{text, wide};
use crate::packages::{DesktopEntry, Image, Known};

/// Languages to try where a resource names none: U.S. English in Unicode and in Windows-1252, and
/// neutral, which is what Explorer tries.
const USUAL: [(u16, u16); 3] = [(0x409, 1200), (0x409, 1252), (0, 1200)];

/// See [`crate::packages::Packages`].
#[derive(Debug)]
pub(crate) struct Packages {
    known: HashMap<Box<str>, Fact<Arc<Package>>>,
}

impl Packages {
    /// See [`crate::packages::Packages::with_data_directories`]. Windows has no such directories.
    pub(crate) fn new(_: Vec<PathBuf>) -> Self {
        Self { known: HashMap::new() }
    }

    /// See [`crate::packages::Packages::owners_of`].
    pub(crate) fn owners_of(&mut self, images: &[Image<'_>]) -> Vec<Fact<Arc<Package>>> {
        let mut owner = |image: &Image<'_>| {
            let known = self.known.entry(image.path.into());
            known.or_insert_with(|| read(image.path).map(Arc::new)).clone()
        };
        images.iter().map(&mut owner).collect()
    }

    /// See [`crate::packages::Packages::desktop_entry_of`]. There are none.
    pub(crate) fn desktop_entry_of(&mut self, _: &Image<'_>) -> Option<Arc<DesktopEntry>> {
        None
    }

    /// See [`crate::packages::Packages::icon_of`]. Icons are inside of images, not files.
    pub(crate) fn icon_of(&mut self, _: &str, _: Known<'_>, _: u16) -> Option<PathBuf> {
        None
    }
}

/// What the version resource of the file at `path` says.
fn read(path: &str) -> Fact<Package> {
    let resource = Resource::load(path)?;
    let language = resource.language();
    let say = |name| resource.say(language, name);
    let name =
        say("ProductName").or_else(|| say("FileDescription")).or_else(|| say("InternalName"));
    Ok(Package {
        name: name.ok_or(Absent::Nonexistent)?,
        version: say("ProductVersion").or_else(|| say("FileVersion")),
        vendor: say("CompanyName"),
        description: say("FileDescription"),
        origin: Origin::VersionResource,
    })
}

/// A version resource, in words, as the calls want it aligned.
struct Resource(Vec<u32>);

impl Resource {
    fn load(path: &str) -> Fact<Self> {
        let path = wide(path);
        let mut ignored = 0;
        // SAFETY: the path ends in a zero.
        let size = unsafe { GetFileVersionInfoSizeW(path.as_ptr(), &raw mut ignored) };
        if size == 0 {
            return Err(absent(&io::Error::last_os_error()));
        }
        let mut words = vec![0_u32; (size as usize).div_ceil(size_of::<u32>())];
        // SAFETY: the buffer has at least so many bytes.
        let is_read =
            unsafe { GetFileVersionInfoW(path.as_ptr(), 0, size, words.as_mut_ptr().cast()) };
        if is_read == 0 {
            return Err(absent(&io::Error::last_os_error()));
        }
        Ok(Self(words))
    }

    /// The first language and code page that it has texts in.
    fn language(&self) -> (u16, u16) {
        let named = self.find(r"\VarFileInfo\Translation").and_then(|(start, bytes)| {
            // SAFETY: the value is inside of the resource, and so long.
            (bytes >= 4).then(|| unsafe { start.cast::<[u16; 2]>().read_unaligned() })
        });
        let named = named.map(|[language, page]| (language, page));
        let has_name = |language: &(u16, u16)| self.say(*language, "ProductName").is_some();
        named.into_iter().chain(USUAL).find(has_name).or(named).unwrap_or(USUAL[0])
    }

    /// One of its texts; an empty one says nothing.
    fn say(&self, (language, page): (u16, u16), name: &str) -> Option<Box<str>> {
        let (start, units) =
            self.find(&format!(r"\StringFileInfo\{language:04x}{page:04x}\{name}"))?;
        // SAFETY: the value is inside of the resource, and has so many units.
        let units = unsafe { std::slice::from_raw_parts(start.cast::<u16>(), units) };
        let text = text(units);
        let text = text.trim();
        (!text.is_empty()).then(|| text.into())
    }

    /// A value: where it begins, and how long it is, in units where it is a text and else in bytes.
    fn find(&self, name: &str) -> Option<(*const c_void, usize)> {
        let name = wide(name);
        let (mut start, mut length) = (ptr::null_mut(), 0);
        // SAFETY: the buffer is what GetFileVersionInfoW wrote; the name ends in a zero.
        let is_found = unsafe {
            VerQueryValueW(self.0.as_ptr().cast(), name.as_ptr(), &raw mut start, &raw mut length)
        };
        (is_found != 0 && !start.is_null() && length > 0)
            .then_some((start.cast_const(), length as usize))
    }
}

/// Why there is no resource.
fn absent(error: &io::Error) -> Absent {
    match error.raw_os_error().map(i32::cast_unsigned) {
        Some(ERROR_FILE_NOT_FOUND | ERROR_PATH_NOT_FOUND) => Absent::Vanished,
        _ if error.kind() == io::ErrorKind::PermissionDenied => Absent::Denied,
        _ => Absent::Nonexistent,
    }
}
