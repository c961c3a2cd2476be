//! Pictures of programs in the table: found, read and kept by path, in a thread.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::mpsc::{self, Receiver, SyncSender, TrySendError};
use std::thread;

use eframe::egui::{self, ColorImage, TextureHandle, TextureId, TextureOptions};
use sockeye_core::{Process, ProcessId};
use sockeye_os::packages::{Image, Known};

use super::informant::{self, packages, picture_of};

/// So many programs are remembered; then all are forgotten, and found again.
const MOST: usize = 512;
/// So many wait to be found; who does not fit is asked for again when it is drawn again.
const WAITING: usize = 64;
/// The side of an icon in the table, in pixels: 16 points on a screen of two for one.
const SIDE: u16 = 32;

/// A program whose icon is to be found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Program {
    process: ProcessId,
    path: Box<str>,
    is_deleted: bool,
}

impl Program {
    /// What `process` runs, where that is known.
    pub(crate) fn of(process: &Process) -> Option<Self> {
        let Image { process, path, is_deleted } = informant::image(process).ok()?;
        Some(Self { process, path: path.into(), is_deleted })
    }

    fn image(&self) -> Image<'_> {
        Image { process: self.process, path: &self.path, is_deleted: self.is_deleted }
    }
}

/// The icons of programs; by default none is looked for.
#[derive(Default, Debug)]
pub(crate) struct Icons(RefCell<Inside>);

#[derive(Default)]
struct Inside {
    /// What is known of each; `None` while it is being found, or where there is none.
    known: HashMap<Box<str>, Option<TextureHandle>>,
    finder: Option<Finder>,
    is_finding: bool,
}

impl std::fmt::Debug for Inside {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} icons", self.known.len())
    }
}

/// The thread that finds them.
struct Finder {
    questions: SyncSender<Program>,
    answers: Receiver<(Box<str>, Option<ColorImage>)>,
}

impl Icons {
    /// Icons that are found where the desktop's themes have them.
    pub(super) fn of_desktop() -> Self {
        Self(RefCell::new(Inside { is_finding: true, ..Inside::default() }))
    }

    /// The icon of `program`: `None` where it has none, or none is found yet.
    pub(crate) fn of(&self, ctx: &egui::Context, program: &Program) -> Option<TextureId> {
        let mut inside = self.0.borrow_mut();
        inside.take_answers(ctx);
        if inside.is_finding && !inside.known.contains_key(&program.path) {
            inside.ask(program, || Finder::start(ctx, find));
        }
        inside.known.get(&program.path)?.as_ref().map(TextureHandle::id)
    }
}

impl Inside {
    /// Has the icon of `program` found, by the finder or by the one that `start` begins.
    fn ask(&mut self, program: &Program, start: impl FnOnce() -> Finder) {
        let finder = self.finder.get_or_insert_with(start);
        match finder.questions.try_send(program.clone()) {
            Err(TrySendError::Full(_)) => {}
            // Without a thread nobody has an icon.
            Ok(()) | Err(TrySendError::Disconnected(_)) => {
                self.remember(program.path.clone(), None);
            }
        }
    }

    fn take_answers(&mut self, ctx: &egui::Context) {
        let Some(finder) = &self.finder else { return };
        let answers: Vec<_> = finder.answers.try_iter().collect();
        for (path, picture) in answers {
            let name = format!("icon of {path}");
            let load = |picture| ctx.load_texture(name, picture, TextureOptions::LINEAR);
            self.remember(path, picture.map(load));
        }
    }

    fn remember(&mut self, path: Box<str>, icon: Option<TextureHandle>) {
        if self.known.len() >= MOST {
            self.known.clear();
        }
        self.known.insert(path, icon);
    }
}

impl Finder {
    /// Begins a thread that answers by what `begin` makes there, until nobody asks any more.
    fn start<F>(ctx: &egui::Context, begin: fn() -> F) -> Self
    where
        F: FnMut(&Program) -> Option<ColorImage> + 'static,
    {
        let (questions, asked) = mpsc::sync_channel::<Program>(WAITING);
        let (sender, answers) = mpsc::channel();
        let ctx = ctx.clone();
        let work = move || {
            let mut find = begin();
            for program in asked {
                let picture = find(&program);
                if sender.send((program.path, picture)).is_err() {
                    return;
                }
                ctx.request_repaint();
            }
        };
        // Without a thread nobody receives, which whoever asks is told.
        let _ = thread::Builder::new().name("icons".into()).spawn(work);
        Self { questions, answers }
    }
}

/// Finds icons where themes have them.
fn find() -> impl FnMut(&Program) -> Option<ColorImage> + 'static {
    let mut packages = packages();
    move |program| {
        let image = program.image();
        let entry = packages.desktop_entry_of(&image);
        let known = Known { entry: entry.as_deref(), package: None };
        picture_of(&mut packages, image.path, known, SIDE)
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::super::samples;
    use super::*;

    /// Only nginx has a picture.
    fn nginx() -> impl FnMut(&Program) -> Option<ColorImage> + 'static {
        |program| {
            let picture = ColorImage::filled([2, 2], egui::Color32::RED);
            program.path.ends_with("nginx").then_some(picture)
        }
    }

    fn program(path: &str) -> Program {
        Program::of(&samples::process(1207, path, 0)).unwrap()
    }

    #[test]
    fn icons_come_late_and_are_asked_for_once() {
        let ctx = egui::Context::default();
        let icons = Icons::of_desktop();
        icons.0.borrow_mut().finder = Some(Finder::start(&ctx, nginx));
        assert_eq!(icons.of(&ctx, &program("/usr/sbin/nginx")), None);
        let end = Instant::now() + Duration::from_secs(20);
        while icons.of(&ctx, &program("/usr/sbin/nginx")).is_none() {
            assert!(Instant::now() < end, "no icon came");
            thread::yield_now();
        }
        let first = icons.of(&ctx, &program("/usr/sbin/nginx"));
        assert_eq!(icons.of(&ctx, &program("/usr/sbin/nginx")), first);
        assert_eq!(icons.of(&ctx, &program("/usr/bin/curl")), None);
        assert_eq!(icons.0.borrow().known.len(), 2);
    }

    #[test]
    fn memory_is_bounded() {
        let mut inside = Inside::default();
        for number in 0..3 * MOST {
            inside.remember(number.to_string().into(), None);
            assert!(inside.known.len() <= MOST);
        }
    }

    #[test]
    fn a_process_without_a_path_has_no_program() {
        let mut process = samples::process(1207, "/usr/sbin/nginx", 0);
        process.path = Err(sockeye_core::process::Absent::Denied);
        assert_eq!(Program::of(&process), None);
    }
}
