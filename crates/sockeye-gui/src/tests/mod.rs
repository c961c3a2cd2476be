//! The window as a user sees it, over a board that stands still.

mod board;
mod commands;
mod pictures;
pub(crate) mod raster;
mod rows;
mod searching;
mod speed;

pub(crate) use board::board;
use eframe::egui::{self, Role, Theme, Ui};
use egui_kittest::kittest::{NodeT, Queryable};
use egui_kittest::{Harness, Node};
use sockeye_engine::desk::Desk;
use sockeye_os::support::{Finding, Status};

use crate::app::App;
use crate::settings::{Settings, Store, ThemeChoice};
use crate::theme;

/// A window in a test.
struct Bench {
    desk: Option<Desk>,
    settings: Settings,
    app: Option<App>,
    /// What was put on the clipboard last.
    copied: Option<String>,
}

impl Bench {
    fn show(&mut self, ui: &mut Ui) {
        let Self { desk, settings, app, copied } = self;
        let app = app.get_or_insert_with(|| {
            let kept = (Store::at(None), settings.clone(), None);
            let mut app = App::new(ui.ctx(), desk.take().unwrap(), kept);
            app.examine = findings;
            app
        });
        // A window has no margin, unlike what a harness makes.
        let whole = egui::UiBuilder::new().max_rect(ui.ctx().content_rect());
        let mut ui = ui.new_child(whole);
        ui.set_clip_rect(ui.max_rect());
        app.show(&mut ui);
        ui.ctx().output(|output| {
            for command in &output.commands {
                if let egui::OutputCommand::CopyText(text) = command {
                    *copied = Some(text.clone());
                }
            }
        });
    }
}

/// What the doctor finds here.
fn findings() -> Vec<Finding> {
    vec![
        Finding {
            capability: "sock_diag",
            title: "Endpoints",
            status: Status::Works,
            detail: "the tables of the own network namespace can be read".into(),
            remedy: None,
        },
        Finding {
            capability: "owners",
            title: "Owners",
            status: Status::Limited,
            detail: "2 processes of other users may not be looked into".into(),
            remedy: Some("sudo setcap cap_sys_ptrace+ep /usr/bin/sockeye-gui".into()),
        },
    ]
}

/// A harness around a window.
type Window = Harness<'static, Bench>;

/// A window of the size of a small screen, with these settings.
fn window_with(desk: Desk, settings: Settings, theme: Theme) -> Window {
    let choice = if theme == Theme::Dark { ThemeChoice::Dark } else { ThemeChoice::Light };
    let settings = Settings { theme: choice, ..settings };
    let bench = Bench { desk: Some(desk), settings, app: None, copied: None };
    Harness::builder()
        .with_size([1280.0, 800.0])
        .with_step_dt(1.0 / 30.0)
        .with_max_steps(64)
        .with_context_setup(theme::install_faces)
        .renderer(raster::Raster::default())
        .build_ui_state(|ui, bench: &mut Bench| bench.show(ui), bench)
}

fn window() -> Window {
    settled(window_with(board::desk(), Settings::default(), Theme::Dark))
}

/// Lets a window come to rest.
fn settled(mut window: Window) -> Window {
    rest(&mut window);
    window
}

fn rest(window: &mut Window) {
    window.run_steps(6);
}

fn app(window: &mut Window) -> &mut App {
    window.state_mut().app.as_mut().unwrap()
}

/// The rows of the table, as screen readers know them.
fn rows(window: &Window) -> Vec<String> {
    let rows = window.query_all_by_role(Role::Row);
    rows.map(|row| row.accesskit_node().label().unwrap_or_default()).collect()
}

/// How many rows the table has, seen or not.
fn count(window: &mut Window) -> usize {
    app(window).desk.board().view.rows().len()
}

/// Clicks on what is called `label`, and lets the window come to rest.
fn click(window: &mut Window, label: &str) {
    node(window, label).click();
    rest(window);
}

/// The one thing that can be clicked and is called `label`.
fn node<'w>(window: &'w Window, label: &'w str) -> Node<'w> {
    let clickable =
        |node: &Node<'_>| !matches!(node.accesskit_node().role(), Role::Label | Role::Cell);
    let mut found: Vec<_> = window.query_all_by_label(label).filter(clickable).collect();
    assert_eq!(found.len(), 1, "{label}: {found:?}");
    found.remove(0)
}

/// Presses a key with Ctrl.
fn press_ctrl(window: &mut Window, key: egui::Key) {
    window.key_press_modifiers(egui::Modifiers::COMMAND, key);
    rest(window);
}

fn press(window: &mut Window, key: egui::Key) {
    window.key_press(key);
    rest(window);
}
