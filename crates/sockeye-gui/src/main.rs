//! The desktop's view of every endpoint: a window with a table that keeps itself up to date.

// Windows opens no console beside the window; other systems pass over this.
#![cfg_attr(not(test), windows_subsystem = "windows")]

mod act;
mod app;
mod command;
mod dialog;
mod elevate;
mod menu;
mod overview;
mod page;
mod picture;
mod save;
mod search;
mod settings;
mod status;
mod table;
#[cfg(test)]
mod tests;
mod theme;
mod timing;
mod toolbar;
mod whole;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};

use anyhow::Context as _;
use clap::Parser;
use eframe::{NativeOptions, egui};
use sockeye_engine::desk::{Desk, Plan};
use sockeye_engine::places::Atlas;
use sockeye_os::{Wants, desktop};

use settings::{Settings, Store};

/// The name by which a desktop knows the program: that of its desktop entry.
pub(crate) const NAME: &str = "io.github.sockeye_net.Sockeye";

/// Show every TCP and UDP endpoint of this machine in a window
///
/// Which process holds each, what it carries, and how they change, as it happens. Settings are kept in
/// sockeye/desktop.toml in your directory for configuration. No privileges are needed to start; what
/// cannot be seen without them is named in the status bar, with the remedy. In a terminal, sockeye
/// shows the same.
#[derive(Parser, Debug)]
#[command(version, after_help = HELP)]
struct Arguments {
    /// Begin with this in the search box: a word, or a filter as in `sockeye --filter`.
    #[arg(value_name = "SEARCH")]
    search: Option<String>,
    /// Print a line for each frame: `frame`, the µs that the window's own code took, the rows.
    #[arg(long)]
    timing: bool,
}

const HELP: &str = "\
Examples:
  sockeye-gui
  sockeye-gui firefox
  sockeye-gui 'remote.port = 443 and not loopback'";

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(answer) => return tell_answer(&answer),
    };
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let text = format!("sockeye-gui: {error:#}");
            if desktop::attach_console() {
                #[expect(clippy::print_stderr, reason = "there is no window that could say it")]
                {
                    eprintln!("{text}");
                }
            } else {
                desktop::show_message("Sockeye", &text);
            }
            ExitCode::FAILURE
        }
    }
}

/// Tells what reading the arguments came to: help, the version, a mistake.
fn tell_answer(answer: &clap::Error) -> ExitCode {
    if desktop::attach_console() {
        // Whoever asked may be gone.
        let _ = answer.print();
    } else {
        desktop::show_message("Sockeye", &answer.render().to_string());
    }
    // 0 for help and version, 2 for mistakes.
    u8::try_from(answer.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from)
}

fn run(arguments: Arguments) -> anyhow::Result<()> {
    let mut store = Store::own();
    let (settings, notice) = store.load();
    // Watching begins before there is a window: its rows are there when the window is.
    let window: Arc<OnceLock<egui::Context>> = Arc::default();
    let shown = Arc::clone(&window);
    let wake = move || shown.get().into_iter().for_each(egui::Context::request_repaint);
    let look = settings.look("", None);
    let notice = notice.or_else(|| complaint(&settings.place_databases));
    let places = settings.place_databases.clone();
    let plan = Plan { wants: Wants::EVERYTHING, interval: settings.interval(), places };
    let desk = Desk::start(plan, look, wake).context("cannot start a thread")?;
    let options = options(&settings);
    let create = move |context: &eframe::CreationContext<'_>| {
        let ctx = context.egui_ctx.clone();
        let _ = window.set(ctx.clone());
        let mut app = app::App::new(&ctx, desk, (store, settings, notice));
        app.pages = page::Pages::own();
        app.search.text = arguments.search.unwrap_or_default();
        if arguments.timing {
            // Without a console nobody reads it.
            let _ = desktop::attach_console();
            app.timing = Some(timing::Timing::default());
        }
        Ok(Box::new(app) as Box<dyn eframe::App>)
    };
    eframe::run_native(NAME, options, Box::new(create))
        .map_err(|error| anyhow::anyhow!("no window can be opened: {error}"))
}

/// Why the databases of places cannot be read, if that is so.
fn complaint(files: &[PathBuf]) -> Option<String> {
    let error = Atlas::open(files).err()?;
    Some(format!("No places are shown: {}.", sockeye_print::escaped(&error.to_string())))
}

/// Where the window opens, and how.
fn options(settings: &Settings) -> NativeOptions {
    let mut viewport = egui::ViewportBuilder::default()
        .with_title("Sockeye")
        .with_app_id(NAME)
        .with_min_inner_size([560.0, 320.0])
        .with_inner_size([1280.0, 800.0]);
    // Where a desktop takes the window's icon from its desktop entry, this one is not seen.
    let icon = include_bytes!("../assets/sockeye-64.png");
    if let Ok(icon) = eframe::icon_data::from_png_bytes(icon) {
        viewport = viewport.with_icon(icon);
    }
    if let Some(place) = settings.window {
        viewport = viewport
            .with_inner_size([place.width, place.height])
            .with_position([place.x, place.y])
            .with_maximized(place.is_maximized);
    }
    NativeOptions { viewport, persist_window: false, ..NativeOptions::default() }
}
