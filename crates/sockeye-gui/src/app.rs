//! The main window: what it shows, and what its parts tell each other.

use std::time::{Duration, Instant};

use eframe::egui::{
    self, Frame, Margin, Modifiers, Panel, RichText, Ui, ViewportCommand, WindowLevel,
};
use sockeye_engine::desk::{Desk, Order};
use sockeye_os::support::Finding;

use crate::command::{self, Counts, Facts, Id, When};
use crate::dialog::{self, Closing, Dialog};
use crate::elevate::Elevate;
use crate::page::Pages;
use crate::picture::Picture;
use crate::search::{Reading, Search};
use crate::settings::{Place, Settings, Store};
use crate::table::{Scene, Table, Wanted};
use crate::theme::{self, Tones, icon};
use crate::timing::Timing;
use crate::{menu, overview, status, table, toolbar};

/// How long settings wait to be kept: a column that is dragged changes them in every frame.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long a notice that is no complaint is shown, in seconds.
const NOTICE: f64 = 6.0;

/// The program while its window is open.
pub(crate) struct App {
    pub(crate) desk: Desk,
    pub(crate) settings: Settings,
    pub(crate) search: Search,
    pub(crate) table: Table,
    pub(crate) pages: Pages,
    pub(crate) dialog: Option<Dialog>,
    pub(crate) notice: Option<Notice>,
    picture: Picture,
    store: Store,
    /// What desk and window were told.
    told: Option<Told>,
    changed: Option<Instant>,
    /// Finds out what can be seen and done.
    pub(crate) examine: fn() -> Vec<Finding>,
    pub(crate) elevate: Elevate,
    /// Where somebody wants to know how long frames take.
    pub(crate) timing: Option<Timing>,
}

/// A sentence for the user, until it is sent away.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Notice {
    pub(crate) text: String,
    pub(crate) is_bad: bool,
    /// When it was first drawn, in seconds of the window.
    pub(crate) since: Option<f64>,
}

/// What desk and window go by.
#[derive(Clone, PartialEq, Debug)]
struct Told {
    settings: Settings,
    reading: Reading,
}

impl App {
    /// A window on `desk`, as the settings of `store` say, with what was to be said of those.
    pub(crate) fn new(
        ctx: &egui::Context,
        desk: Desk,
        (store, settings, notice): (Store, Settings, Option<String>),
    ) -> Self {
        theme::install_faces(ctx);
        theme::apply(ctx, settings.theme.preference(), settings.contrast());
        let notice = notice.map(|text| Notice { text, is_bad: true, since: None });
        Self {
            desk,
            settings,
            search: Search::default(),
            table: Table::summoned(),
            pages: Pages::default(),
            dialog: None,
            notice,
            picture: Picture::default(),
            store,
            told: None,
            changed: None,
            examine: sockeye_os::support::examine,
            elevate: Elevate::of_system(),
            timing: None,
        }
    }

    /// Draws everything and does what the user wants.
    pub(crate) fn show(&mut self, ui: &mut Ui) {
        let ctx = ui.ctx().clone();
        // What is open when a frame begins takes its keys, though it may close by them.
        let is_covered =
            self.dialog.is_some() || egui::Popup::is_any_open(&ctx) || ctx.text_edit_focused();
        self.picture.renew(&self.desk, &mut self.table.choice);
        let mut commands = self.take_keys(&ctx);
        commands.extend(self.bars(ui));
        let wanted = self.center(ui);
        wanted.orders.into_iter().for_each(|order| self.desk.order(order));
        commands.extend(wanted.commands);
        commands.extend(self.show_dialog(&ctx));
        for command in commands {
            self.run(command, &ctx);
        }
        self.pages.show(&ctx, &self.desk, is_covered);
        self.follow_elevation(&ctx);
        self.show_notice(&ctx);
        self.tell(&ctx);
        self.keep(&ctx, PATIENCE);
    }

    /// What is shown and chosen.
    pub(crate) fn counts(&self) -> Counts {
        let is_filtered = self.settings.hides_rows() || !self.search.text.trim().is_empty();
        Counts {
            has_current: self.table.choice.cursor.is_some(),
            is_filtered,
            has_search: !self.search.text.trim().is_empty(),
            is_closing_refused: self.pages.is_closing_refused(),
            elevation: self.elevate.elevation,
            ..self.picture.counts
        }
    }

    fn tones(&self, ctx: &egui::Context) -> &'static Tones {
        Tones::of(ctx.theme(), self.settings.contrast())
    }

    /// The commands whose keys were pressed.
    fn take_keys(&mut self, ctx: &egui::Context) -> Vec<Id> {
        if self.dialog.is_some() || self.pages.is_modal() {
            return Vec::new();
        }
        let is_typing = ctx.text_edit_focused();
        let focused = ctx.memory(egui::Memory::focused);
        let has_table = focused.is_none_or(|id| id == table::id());
        let is_free = !egui::Popup::is_any_open(ctx);
        let is_meant = |when| match when {
            When::Always => true,
            When::NotTyping => !is_typing,
            When::Table => has_table && !is_typing && is_free,
        };
        let with_keys = command::all().iter().filter_map(|c| c.keys.map(|keys| (c.id, keys)));
        let mut meant: Vec<_> = with_keys.filter(|(_, (_, when))| is_meant(*when)).collect();
        // Ctrl+S also fits Ctrl+Shift+S: what asks for more comes first.
        meant.sort_by_key(|(_, (keys, _))| !keys.modifiers.shift);
        let mut pressed: Vec<Id> = meant
            .into_iter()
            .filter(|(_, (keys, _))| ctx.input_mut(|input| input.consume_shortcut(keys)))
            .map(|(id, _)| id)
            .collect();
        // Windowing systems tell Ctrl+C in a way of their own.
        let is_copy = |event: &egui::Event| matches!(event, egui::Event::Copy);
        if !is_typing && ctx.input(|input| input.events.iter().any(is_copy)) {
            pressed.push(Id::Copy);
        }
        if ctx.input_mut(|input| input.consume_key(Modifiers::NONE, egui::Key::F10)) {
            self.summon_menus(ctx);
        }
        pressed
    }

    /// Gives the keyboard to the menu bar.
    fn summon_menus(&mut self, ctx: &egui::Context) {
        ctx.memory_mut(|memory| {
            if let Some(focused) = memory.focused() {
                memory.surrender_focus(focused);
            }
            memory.move_focus(egui::FocusDirection::Next);
        });
    }

    /// Draws what is above and below the table; returns what was chosen there.
    fn bars(&mut self, ui: &mut Ui) -> Vec<Id> {
        let tones = self.tones(ui.ctx());
        let counts = self.counts();
        let mut chosen = Vec::new();
        let bar = |vertical: i8| {
            Frame::NONE.fill(tones.panel).inner_margin(Margin::symmetric(8, vertical))
        };
        let facts = Facts { settings: &self.settings, counts };
        Panel::top("menus").frame(bar(2)).show_separator_line(false).show(ui, |ui| {
            chosen.extend(menu::bar(ui, &facts));
        });
        if self.settings.shows_toolbar {
            Panel::top("toolbar").frame(bar(4)).show(ui, |ui| {
                let (search, settings) = (&mut self.search, &mut self.settings);
                chosen.extend(toolbar::show(ui, search, settings, (counts, tones)));
            });
        }
        if self.settings.shows_overview {
            Panel::top("overview").frame(bar(4)).show(ui, |ui| {
                let seen = (&self.picture.totals, &self.picture.traffic);
                chosen.extend(overview::show(ui, seen, &mut self.settings, tones));
            });
        }
        Panel::bottom("status").frame(bar(1)).show(ui, |ui| {
            let holds_rows = self.table.holds_rows();
            let told = self.picture.told(self.table.choice.len(), holds_rows);
            let may_elevate = self.elevate.is_possible();
            chosen.extend(status::show(ui, &told, (tones, may_elevate)));
        });
        chosen
    }

    /// Says something.
    pub(crate) fn say(&mut self, text: impl Into<String>) {
        self.notice = Some(Notice { text: text.into(), is_bad: false, since: None });
    }

    /// Says that something failed.
    pub(crate) fn complain(&mut self, text: impl Into<String>) {
        self.notice = Some(Notice { text: text.into(), is_bad: true, since: None });
    }

    /// Draws the notice over the table's foot: nothing moves for it. What is no complaint goes by
    /// itself.
    fn show_notice(&mut self, ctx: &egui::Context) {
        let tones = self.tones(ctx);
        let Some(notice) = &mut self.notice else { return };
        let now = ctx.input(|input| input.time);
        let age = now - *notice.since.get_or_insert(now);
        if !notice.is_bad {
            ctx.request_repaint_after(Duration::from_secs(1));
        }
        let mut is_gone = !notice.is_bad && age > NOTICE;
        let (mark, color) =
            if notice.is_bad { (icon::WARNING, tones.warning) } else { (icon::INFO, tones.accent) };
        let area = egui::Area::new(egui::Id::unique("notice")).order(egui::Order::Foreground);
        area.anchor(egui::Align2::CENTER_BOTTOM, [0.0, -36.0]).show(ctx, |ui| {
            Frame::popup(ui.style()).fill(tones.raised).show(ui, |ui| {
                ui.horizontal(|ui| {
                    ui.set_max_width(ctx.content_rect().width() - 80.0);
                    ui.label(RichText::new(mark).color(color));
                    let said = ui.add(egui::Label::new(&notice.text).extend());
                    ctx.accesskit_node_builder(said.id, |node| {
                        node.set_live(egui::accesskit::Live::Polite);
                    });
                    let clear = ui.add(toolbar::quiet(icon::CLEAR));
                    toolbar::name(&clear, "Dismiss");
                    is_gone |= clear.clicked();
                });
            });
        });
        if is_gone {
            self.notice = None;
        }
    }

    /// Draws the table, or why there is none.
    fn center(&mut self, ui: &mut Ui) -> Wanted {
        let tones = self.tones(ui.ctx());
        let counts = self.counts();
        let is_covered = self.dialog.is_some() || self.pages.is_modal();
        let mut wanted = Wanted::default();
        egui::CentralPanel::default().frame(Frame::NONE.fill(tones.table)).show(ui, |ui| {
            let place = ui.available_rect_before_wrap();
            self.search.show_mistake(ui, (place, tones));
            let mut menu =
                |ui: &mut Ui, settings: &Settings| menu::of_rows(ui, &Facts { settings, counts });
            let (desk, settings) = (&self.desk, &mut self.settings);
            let icons = self.pages.icons();
            let scene = Scene { desk, settings, tones, icons, menu: &mut menu, is_covered };
            wanted = self.table.show(ui, scene);
            if self.table.len() == 0 {
                let chosen = self.picture.explain(ui, (place, counts.is_filtered), tones);
                wanted.commands.extend(chosen);
            }
        });
        wanted
    }

    /// Draws the dialog that is open, and returns what was chosen in it.
    fn show_dialog(&mut self, ctx: &egui::Context) -> Option<Id> {
        let tones = self.tones(ctx);
        let counts = self.counts();
        let mut chosen = None;
        let mut dialog = self.dialog.take()?;
        let settings = &mut self.settings;
        let closing = match &mut dialog {
            Dialog::Keys => dialog::keys(ctx, tones),
            Dialog::About => dialog::about(ctx, tones),
            Dialog::Doctor(doctor) => {
                let (closing, command) = doctor.show(ctx, tones, self.elevate.is_possible());
                chosen = command;
                closing
            }
            Dialog::Interval(text) => dialog::interval(ctx, text, settings, tones),
            Dialog::Reset => dialog::reset(ctx, settings, tones),
            Dialog::SaveFilter(name) => {
                dialog::save_filter(ctx, name, (&self.search.text, settings), tones)
            }
            Dialog::Palette(palette) => {
                let (closing, command) = palette.show(ctx, &Facts { settings, counts }, tones);
                chosen = command;
                closing
            }
            Dialog::Save(question) => {
                question.show(ctx, tones, |path| self.save(path).map_err(|error| error.to_string()))
            }
        };
        if closing == Closing::Stay {
            self.dialog = Some(dialog);
        } else {
            self.table.is_summoned = true;
        }
        chosen
    }

    /// Tells desk and window what changed about search and settings.
    fn tell(&mut self, ctx: &egui::Context) {
        let (reading, settings) = (self.search.shown(), &self.settings);
        let is_told = |told: &Told| told.settings == *settings && told.reading == *reading;
        if self.told.as_ref().is_some_and(is_told) {
            return;
        }
        let now = Told { settings: settings.clone(), reading: reading.clone() };
        let before = self.told.as_ref();
        let look = look(&now);
        if before.is_none_or(|before| self::look(before) != look) {
            self.desk.order(Order::Look(Box::new(look)));
        }
        let before = before.map(|told| &told.settings);
        if is_other(before, settings, |settings| settings.interval_ms) {
            self.desk.order(Order::Interval(settings.interval()));
        }
        if is_other(before, settings, |settings| settings.resolves_names) {
            self.desk.order(Order::Resolve(settings.resolves_names));
        }
        if is_other(before, settings, |settings| (settings.theme, settings.contrast())) {
            theme::apply(ctx, settings.theme.preference(), settings.contrast());
        }
        if is_other(before, settings, |settings| settings.text_size) {
            ctx.set_zoom_factor(settings.text_size / theme::TEXT);
        }
        // A window begins below others.
        if before.is_some_and(|before| before.is_on_top) != settings.is_on_top {
            let level =
                if settings.is_on_top { WindowLevel::AlwaysOnTop } else { WindowLevel::Normal };
            ctx.send_viewport_cmd(ViewportCommand::WindowLevel(level));
        }
        self.changed.get_or_insert_with(Instant::now);
        self.told = Some(now);
    }

    /// Keeps settings that changed so long ago.
    pub(crate) fn keep(&mut self, ctx: &egui::Context, patience: Duration) {
        self.remember_window(ctx);
        let Some(changed) = self.changed else { return };
        if changed.elapsed() < patience {
            return ctx.request_repaint_after(patience);
        }
        self.changed = None;
        if let Err(error) = self.store.save(&self.settings) {
            self.complain(format!("Settings could not be kept: {error}."));
        }
    }

    /// Remembers where the window is.
    fn remember_window(&mut self, ctx: &egui::Context) {
        let zoom = ctx.zoom_factor();
        let place = ctx.input(|input| {
            let window = input.viewport();
            let size = window.inner_rect?.size();
            let corner = window.outer_rect.map_or(egui::Pos2::ZERO, |rect| rect.min);
            let is_maximized = window.maximized.unwrap_or_default();
            Some(Place {
                x: corner.x * zoom,
                y: corner.y * zoom,
                width: size.x * zoom,
                height: size.y * zoom,
                is_maximized,
            })
        });
        let Some(place) = place else { return };
        let kept = self.settings.window;
        // A maximized window says nothing of where it is otherwise.
        let place = match kept {
            Some(kept) if place.is_maximized => Place { is_maximized: true, ..kept },
            _ => place,
        };
        if kept != Some(place) {
            self.settings.window = Some(place);
        }
    }
}

/// Whether a part of the settings is another than before, or nobody was told of it yet.
fn is_other<T: PartialEq>(
    before: Option<&Settings>,
    now: &Settings,
    part: impl Fn(&Settings) -> T,
) -> bool {
    before.is_none_or(|before| part(before) != part(now))
}

/// How the table looks by these settings and this search.
fn look(told: &Told) -> sockeye_core::view::Look {
    let (search, filter) = match &told.reading {
        Reading::Nothing | Reading::Mistake(_) => ("", None),
        Reading::Search(text) => (text.as_str(), None),
        Reading::Filter(filter) => ("", Some(filter)),
    };
    told.settings.look(search, filter)
}

impl eframe::App for App {
    fn ui(&mut self, ui: &mut Ui, _: &mut eframe::Frame) {
        let begun = Instant::now();
        self.show(ui);
        if let Some(timing) = &mut self.timing {
            timing.note(ui.ctx(), begun.elapsed(), self.table.len());
        }
    }

    fn on_exit(&mut self, _: Option<&eframe::glow::Context>) {
        // The window is closing: there is nobody left to tell.
        let _ = self.store.save(&self.settings);
    }

    fn clear_color(&self, visuals: &egui::Visuals) -> [f32; 4] {
        visuals.panel_fill.to_normalized_gamma_f32()
    }
}
