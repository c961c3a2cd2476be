//! The icon inside of an image, in pixels.

#![expect(unsafe_code, reason = "icons are given and taken by calls alone")]

use std::ffi::c_void;
use std::ptr;

use windows_sys::Win32::Graphics::Gdi::{
    BI_RGB, BITMAP, BITMAPINFO, BITMAPINFOHEADER, CreateCompatibleDC, DIB_RGB_COLORS, DeleteDC,
    DeleteObject, GetDIBits, GetObjectW, HBITMAP, HDC,
};
use windows_sys::Win32::UI::Shell::SHDefExtractIconW;
use windows_sys::Win32::UI::WindowsAndMessaging::{DestroyIcon, GetIconInfo, HICON, ICONINFO};

use super::super::wide::wide;
use crate::decode::icon::{Picture, decode};

/// No icon has longer sides: 256 is the longest that an ICO can name.
const LONGEST: u32 = 256;

/// See [`crate::desktop::icon_in`].
pub(crate) fn icon_in(path: &str, side: u16) -> Option<Picture> {
    let path = wide(path);
    let mut icon = ptr::null_mut();
    // SAFETY: the path ends in a zero; one icon is asked for and given. 0: the first of the file, as it
    // is. The size of the large one is the lower half.
    let answer = unsafe {
        SHDefExtractIconW(path.as_ptr(), 0, 0, &raw mut icon, ptr::null_mut(), side.into())
    };
    // 1 (S_FALSE): it has none.
    (answer == 0 && !icon.is_null()).then(|| Icon(icon)).and_then(|icon| icon.picture())
}

/// An icon, until dropped.
struct Icon(HICON);

impl Drop for Icon {
    fn drop(&mut self) {
        // SAFETY: the icon is ours, and nobody uses it any more.
        unsafe { DestroyIcon(self.0) };
    }
}

impl Icon {
    fn picture(&self) -> Option<Picture> {
        let mut told = ICONINFO::default();
        // SAFETY: the icon is there; both bitmaps that are told are ours.
        if unsafe { GetIconInfo(self.0, &raw mut told) } == 0 {
            return None;
        }
        let (colours, mask) = (Bitmap(told.hbmColor), Bitmap(told.hbmMask));
        // One that is black and white has no colours, and is as good as none.
        let sides = colours.sides()?;
        let context = Context::new()?;
        decode(sides, &colours.pixels(&context, sides)?, &mask.pixels(&context, sides)?)
    }
}

/// What bitmaps are read by, until dropped.
struct Context(HDC);

impl Context {
    fn new() -> Option<Self> {
        // SAFETY: null stands for the screen.
        let context = unsafe { CreateCompatibleDC(ptr::null_mut()) };
        (!context.is_null()).then_some(Self(context))
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        // SAFETY: the context is ours, and nobody uses it any more.
        unsafe { DeleteDC(self.0) };
    }
}

/// A bitmap, or none, until dropped.
struct Bitmap(HBITMAP);

impl Drop for Bitmap {
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: the bitmap is ours, and nobody uses it any more.
            unsafe { DeleteObject(self.0) };
        }
    }
}

impl Bitmap {
    /// Width and height, where they are those of an icon.
    fn sides(&self) -> Option<(u32, u32)> {
        if self.0.is_null() {
            return None;
        }
        let mut told = BITMAP::default();
        let bytes = size_of::<BITMAP>() as i32;
        // SAFETY: the structure is as large as is said.
        if unsafe { GetObjectW(self.0, bytes, (&raw mut told).cast::<c_void>()) } != bytes {
            return None;
        }
        let side = |told: i32| u32::try_from(told).ok().filter(|side| (1..=LONGEST).contains(side));
        Some((side(told.bmWidth)?, side(told.bmHeight)?))
    }

    /// So many of its pixels, from the top, 32 bits each.
    fn pixels(&self, context: &Context, (width, height): (u32, u32)) -> Option<Vec<u8>> {
        let header = BITMAPINFOHEADER {
            biSize: size_of::<BITMAPINFOHEADER>() as u32,
            biWidth: i32::try_from(width).ok()?,
            // Below zero: the first line is the top one.
            biHeight: -i32::try_from(height).ok()?,
            biPlanes: 1,
            biBitCount: 32,
            biCompression: BI_RGB,
            ..BITMAPINFOHEADER::default()
        };
        let mut info = BITMAPINFO { bmiHeader: header, ..BITMAPINFO::default() };
        let mut pixels = vec![0_u8; (width * height * 4) as usize];
        let start = pixels.as_mut_ptr().cast::<c_void>();
        // SAFETY: the buffer has room for all lines as the header describes them.
        let lines = unsafe {
            GetDIBits(context.0, self.0, 0, height, start, &raw mut info, DIB_RGB_COLORS)
        };
        (lines != 0).then_some(pixels)
    }
}
