//! The table: draws the lines that are seen, and takes what mouse and keyboard do to them.

mod cell;
mod choice;
mod draw;
mod hand;
mod header;
mod lines;

use std::ops::Range;

use eframe::egui::{
    self, EventFilter, Id, Pos2, Rect, Response, Sense, Ui, UiBuilder, Vec2, pos2, vec2,
};
use sockeye_core::Column;
use sockeye_core::view::RowId;
use sockeye_engine::desk::{Desk, Order};

use crate::command;
use crate::page::Icons;
use crate::settings::Settings;
use crate::theme::{self, Tones};

pub(crate) use cell::{bytes, duration, grouped, state};
pub(crate) use choice::{Choice, Cursor};
use draw::Brush;
use header::Header;
use lines::{Form, Line, Lines, Row};

/// Room at the left of a row, for the mark of what happened to it.
const MARK: f32 = 18.0;
/// Room at both sides of a cell.
const PAD: f32 = theme::HALF + 1.0;

/// The table, between two frames.
#[derive(Default, Debug)]
pub(crate) struct Table {
    lines: Lines,
    pub(crate) choice: Choice,
    header: Header,
    /// The column that the keyboard is on.
    cell: usize,
    /// A line that is to be seen.
    wanted: Option<usize>,
    /// What the user wants, as far as this frame has told.
    asked: Wanted,
    is_frozen: bool,
    /// It takes the keyboard in the next frame.
    pub(crate) is_summoned: bool,
}

/// What the table works with.
pub(crate) struct Scene<'a> {
    pub(crate) desk: &'a Desk,
    pub(crate) settings: &'a mut Settings,
    pub(crate) tones: &'a Tones,
    pub(crate) icons: &'a Icons,
    /// Draws the menu of rows, and takes what was chosen in it.
    pub(crate) menu: &'a mut dyn FnMut(&mut Ui, &Settings) -> Option<command::Id>,
    /// Something lies over the table: rows stay where they are.
    pub(crate) is_covered: bool,
}

/// What the user wants.
#[derive(Default, Debug)]
pub(crate) struct Wanted {
    pub(crate) orders: Vec<Order>,
    pub(crate) commands: Vec<command::Id>,
}

/// Where the columns are, from the left edge of the table.
struct Columns {
    all: Vec<(&'static Column, Range<f32>)>,
    width: f32,
}

impl Columns {
    fn of(settings: &Settings) -> Self {
        let mut x = MARK;
        let mut place = |(column, width): (&'static Column, f32)| {
            let start = x;
            x += width;
            (column, start..x)
        };
        let all = settings.shown_columns().into_iter().map(&mut place).collect();
        Self { all, width: x }
    }

    /// The column at `x`, by its place.
    fn at(&self, x: f32) -> Option<usize> {
        self.all.iter().position(|(_, range)| range.contains(&x))
    }
}

/// What stands for the table where widgets are known by name.
pub(crate) fn id() -> Id {
    Id::unique("endpoints")
}

impl Table {
    /// One that takes the keyboard.
    pub(crate) fn summoned() -> Self {
        Self { is_summoned: true, ..Self::default() }
    }

    /// How many lines there are.
    pub(crate) fn len(&self) -> usize {
        self.lines.len
    }

    /// Whether rows are kept where they are although they belong elsewhere.
    pub(crate) fn holds_rows(&self) -> bool {
        self.is_frozen && self.lines.is_stale
    }

    /// The dotted name of the column that the keyboard is on.
    pub(crate) fn column(&self, settings: &Settings) -> Option<&'static Column> {
        settings.shown_columns().get(self.cell).map(|(column, _)| *column)
    }

    /// Draws the table into what is left of `ui`.
    pub(crate) fn show(&mut self, ui: &mut Ui, mut scene: Scene<'_>) -> Wanted {
        let whole = ui.available_rect_before_wrap();
        ui.painter().rect_filled(whole, 0.0, scene.tones.table);
        let (head, body) = whole.split_top_bottom_at_y(whole.top() + header::HEIGHT);
        let response = ui.interact(body, id(), Sense::CLICK | Sense::FOCUSABLE);
        self.describe(ui, &response);
        if std::mem::take(&mut self.is_summoned) {
            response.request_focus();
        }
        if response.has_focus() {
            self.take_keys(ui, &scene);
        }
        let columns = Columns::of(scene.settings);
        let mut body_ui = ui.new_child(UiBuilder::new().max_rect(body).accessibility_parent(id()));
        body_ui.spacing_mut().item_spacing = Vec2::ZERO;
        let scroll = egui::ScrollArea::both().id_salt("table").auto_shrink(false);
        let output = scroll.show_viewport(&mut body_ui, |ui, viewport| {
            self.draw_lines(ui, viewport, (&columns, &scene, &response))
        });
        self.take_pointer(ui, &response, (&output.inner, &columns, &scene));
        self.open_menu(&response, &mut scene);
        let places = header::Places { head, offset: output.state.clamped_offset().x, table: body };
        self.header.show(ui, &places, (&columns, &mut scene));
        ui.advance_cursor_after_rect(whole);
        let is_covered = scene.is_covered || egui::Popup::is_any_open(ui.ctx());
        self.freeze(is_covered || response.contains_pointer());
        std::mem::take(&mut self.asked)
    }

    /// Tells screen readers what it is.
    fn describe(&self, ui: &Ui, response: &Response) {
        let (lines, has_focus) = (self.lines.len, response.has_focus());
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Table, true, "Endpoints"));
        ui.ctx().accesskit_node_builder(response.id, |node| {
            node.set_row_count(lines);
        });
        if has_focus {
            let filter = EventFilter {
                horizontal_arrows: true,
                vertical_arrows: true,
                ..EventFilter::default()
            };
            ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
        }
    }

    /// Keeps rows where they are while somebody points at them, or lets them move again.
    fn freeze(&mut self, is_needed: bool) {
        if self.is_frozen != is_needed {
            self.is_frozen = is_needed;
            self.asked.orders.push(Order::Freeze(is_needed));
        }
    }

    /// Draws the lines inside `viewport`; returns where they are.
    fn draw_lines(
        &mut self,
        ui: &mut Ui,
        viewport: Rect,
        (columns, scene, response): (&Columns, &Scene<'_>, &Response),
    ) -> Seen {
        let form = Form {
            columns: columns.all.iter().map(|(column, _)| *column).collect(),
            resolves_names: scene.settings.resolves_names,
        };
        // The length first: the range depends on it.
        if let Some(board) = scene.desk.try_board() {
            self.lines.len = board.view.len();
        }
        let range = seen(&viewport, self.lines.len);
        if !self.lines.fill(scene.desk, &range, &form) {
            ui.ctx().request_repaint_after(std::time::Duration::from_millis(8));
        }
        let top = ui.min_rect().top();
        #[expect(clippy::cast_precision_loss, reason = "lines are counted in millions at most")]
        let y_of = |index: usize| top + index as f32 * theme::ROW;
        let width = columns.width.max(viewport.width());
        ui.set_min_size(vec2(width, y_of(self.lines.len) - top));
        let left = ui.min_rect().left();
        if let Some(index) = self.wanted.take() {
            let line = Rect::from_min_size(
                pos2(left + viewport.left(), y_of(index)),
                vec2(1.0, theme::ROW),
            );
            ui.scroll_to_rect_animation(line, None, egui::style::ScrollAnimation::none());
        }
        let pointer = response.hover_pos().filter(|_| response.hovered());
        for index in range.clone() {
            let place = Rect::from_min_size(pos2(left, y_of(index)), vec2(width, theme::ROW));
            let is_hovered = pointer.is_some_and(|pos| place.contains(pos));
            let Some(line) = self.lines.line(index) else { continue };
            let brush = Brush {
                tones: scene.tones,
                painter: ui.painter(),
                icons: scene.icons,
                place,
                is_hovered,
                has_focus: response.has_focus(),
            };
            match line {
                Line::Group(group) => {
                    let is_current = self.choice.cursor == Some(Cursor::Group(group.number));
                    let marks = (self.choice.has_head(group.number), is_current);
                    brush.group(group, marks, ui.clip_rect().left());
                }
                Line::Row(row) => {
                    let is_chosen = self.choice.contains(row.id);
                    let is_current = self.choice.cursor == Some(Cursor::Row(row.id));
                    brush.row(row, columns, (is_chosen, is_current.then_some(self.cell)));
                }
            }
            self.describe_line(ui, index, (line, place, columns));
        }
        Seen { range, top, left }
    }

    /// Shows the menu of rows where it was asked for.
    fn open_menu(&mut self, response: &Response, scene: &mut Scene<'_>) {
        let popup = egui::Popup::context_menu(response);
        let chosen =
            popup.show(|ui| (scene.menu)(ui, scene.settings)).and_then(|shown| shown.inner);
        self.asked.commands.extend(chosen);
    }
}

/// Where lines were drawn.
struct Seen {
    range: Range<usize>,
    /// Where the first of all lines begins, seen or not.
    top: f32,
    left: f32,
}

impl Seen {
    /// The line at a place.
    fn index_at(&self, pos: Pos2) -> Option<usize> {
        let lines = ((pos.y - self.top) / theme::ROW).floor();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not negative")]
        (lines >= 0.0).then_some(lines as usize)
    }
}

/// Which of `len` lines are inside `viewport`.
fn seen(viewport: &Rect, len: usize) -> Range<usize> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not negative")]
    let line = |y: f32| (y.max(0.0) / theme::ROW) as usize;
    line(viewport.top()).min(len)..(line(viewport.bottom()) + 1).min(len)
}

/// What stands for a line as long as it is there.
fn line_id(line: &Line) -> Id {
    match line {
        Line::Group(group) => id().with(("group", group.number)),
        Line::Row(Row { id: RowId { slot, serial }, .. }) => id().with((slot, serial)),
    }
}
