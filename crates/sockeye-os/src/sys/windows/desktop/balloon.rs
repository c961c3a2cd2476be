//! Notifications: Windows shows what an icon of the taskbar says, as a balloon or as a toast of its own.

#![expect(unsafe_code, reason = "the taskbar takes notifications by calls alone")]

use std::collections::VecDeque;
use std::ptr;
use std::time::{Duration, Instant};

use windows_sys::Win32::Foundation::HWND;
use windows_sys::Win32::System::LibraryLoader::GetModuleHandleW;
use windows_sys::Win32::UI::Shell::{
    NIF_ICON, NIF_INFO, NIF_TIP, NIIF_INFO, NIIF_RESPECT_QUIET_TIME, NIM_ADD, NIM_DELETE,
    NIM_MODIFY, NOTIFY_ICON_MESSAGE, NOTIFYICONDATAW, Shell_NotifyIconW,
};
use windows_sys::Win32::UI::WindowsAndMessaging::{
    CreateWindowExW, DestroyWindow, HICON, HWND_MESSAGE, IDI_INFORMATION, LoadIconW,
};

use super::super::wide::wide;
use crate::desktop::cut;
use crate::{Error, Kind};

/// How long one notification is shown before the next one takes its place, at least: what people read a
/// line in, and what Windows shows by default (SPI_GETMESSAGEDURATION).
const PACE: Duration = Duration::from_secs(5);
/// How long the icon stays after the last one: with the icon goes what it says.
const STAY: Duration = Duration::from_secs(30);
/// So many wait at most; what comes later is left out.
const WAITING: usize = 8;
/// The number of the programs' icon in their resources (windows/build.rs).
const ICON: usize = 1;

/// Shows notifications one after the other. It belongs to the thread that made it; the taskbar has an icon
/// while there is something to say, and no more when it is dropped.
#[derive(Debug, Default)]
pub struct Notifier {
    waiting: VecDeque<(String, String)>,
    icon: Option<Icon>,
}

impl Notifier {
    /// One that has nothing to say.
    pub fn new() -> Self {
        Self::default()
    }

    /// Shows a notification, at once or when those before it were shown. A title of more than 63 units of
    /// UTF-16 and a text of more than 255 are cut.
    ///
    /// # Errors
    ///
    /// When there is no taskbar that takes it.
    pub fn show(&mut self, title: &str, text: &str) -> Result<(), Error> {
        if self.waiting.len() < WAITING {
            self.waiting.push_back((title.to_owned(), text.to_owned()));
        }
        self.go_on()
    }

    /// Shows what waits, and takes the icon away when nothing was said for long. Whoever has a notifier
    /// calls this every second or so.
    ///
    /// # Errors
    ///
    /// As [`Self::show`].
    pub fn go_on(&mut self) -> Result<(), Error> {
        let age = self.icon.as_ref().map(|icon| icon.shown.elapsed());
        if age.is_some_and(|age| age < PACE) {
            return Ok(());
        }
        let Some((title, text)) = self.waiting.pop_front() else {
            self.icon.take_if(|_| age.is_some_and(|age| age > STAY));
            return Ok(());
        };
        let icon = match self.icon.take() {
            Some(icon) => icon,
            None => Icon::add()?,
        };
        self.icon.insert(icon).say(&title, &text)
    }
}

/// An icon of the taskbar, until dropped.
#[derive(Debug)]
struct Icon {
    /// The window that it belongs to, which nobody sees.
    window: HWND,
    shown: Instant,
}

impl Icon {
    fn add() -> Result<Self, Error> {
        let (class, name) = (wide("STATIC"), wide("Sockeye"));
        // SAFETY: both names end in a zero; the class is the system's. A window for messages alone is
        // never seen, and gets none that are meant for all.
        let window = unsafe {
            CreateWindowExW(
                0,
                class.as_ptr(),
                name.as_ptr(),
                0,
                0,
                0,
                0,
                0,
                HWND_MESSAGE,
                ptr::null_mut(),
                ptr::null_mut(),
                ptr::null(),
            )
        };
        if window.is_null() {
            return Err(refused());
        }
        let icon = Self { window, shown: Instant::now() };
        let mut told = icon.told(NIF_ICON | NIF_TIP);
        (told.hIcon, told.szTip) = (picture(), cut("Sockeye"));
        icon.tell(NIM_ADD, &told).map(|()| icon)
    }

    fn say(&mut self, title: &str, text: &str) -> Result<(), Error> {
        let mut told = self.told(NIF_INFO);
        told.dwInfoFlags = NIIF_INFO | NIIF_RESPECT_QUIET_TIME;
        (told.szInfoTitle, told.szInfo) = (cut(title), cut(text));
        self.shown = Instant::now();
        self.tell(NIM_MODIFY, &told)
    }

    /// What tells the taskbar of it.
    fn told(&self, flags: u32) -> NOTIFYICONDATAW {
        NOTIFYICONDATAW {
            cbSize: size_of::<NOTIFYICONDATAW>() as u32,
            hWnd: self.window,
            uFlags: flags,
            ..NOTIFYICONDATAW::default()
        }
    }

    fn tell(&self, message: NOTIFY_ICON_MESSAGE, told: &NOTIFYICONDATAW) -> Result<(), Error> {
        // SAFETY: the structure says its size; its texts end in zeros.
        let is_told = unsafe { Shell_NotifyIconW(message, told) };
        if is_told == 0 { Err(refused()) } else { Ok(()) }
    }
}

impl Drop for Icon {
    fn drop(&mut self) {
        // The taskbar may have ended, with all of its icons.
        let _ = self.tell(NIM_DELETE, &self.told(0));
        // SAFETY: the window is ours, of this thread, and nobody uses it any more.
        unsafe { DestroyWindow(self.window) };
    }
}

/// The program's own icon, else one of the system's; both are shared and never destroyed.
fn picture() -> HICON {
    // SAFETY: null stands for this program.
    let module = unsafe { GetModuleHandleW(ptr::null()) };
    // SAFETY: a number below 65,536 in place of a name (MAKEINTRESOURCE).
    let own = unsafe { LoadIconW(module, ptr::without_provenance(ICON)) };
    if !own.is_null() {
        return own;
    }
    // SAFETY: the system's icons have no module.
    unsafe { LoadIconW(ptr::null_mut(), IDI_INFORMATION) }
}

fn refused() -> Error {
    let reason = "the taskbar takes none";
    Error::new(Kind::Unsupported, "show a notification", "", reason)
}
