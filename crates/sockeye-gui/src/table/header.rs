//! The header of the table: sorts by a click, moves by a drag, resizes at its edges, hides by its menu.

use eframe::egui::{
    self, Align2, CursorIcon, Id, Key, Modifiers, Rect, Sense, Stroke, Ui, pos2, vec2,
};
use sockeye_core::Column;

use super::{Columns, PAD, Scene};
use crate::command;
use crate::settings::{Levels, Settings, WIDTHS};
use crate::theme::{self, icon};

/// How high it is, in points.
pub(super) const HEIGHT: f32 = 26.0;
/// How near to an edge it is taken hold of.
const GRIP: f32 = 4.0;

/// The header, between two frames.
#[derive(Default, Debug)]
pub(super) struct Header {
    /// The column that is being moved, by its place.
    moved: Option<usize>,
    /// What the user wants, as far as this frame has told.
    changes: Vec<Change>,
}

/// Where it is.
pub(super) struct Places {
    pub(super) head: Rect,
    /// How far the table is scrolled to the right.
    pub(super) offset: f32,
    pub(super) table: Rect,
}

/// What happens to a column.
#[derive(Debug)]
enum Change {
    Sort(&'static Column, Levels),
    Width(usize, f32),
    /// From one place to another.
    Move(usize, usize),
    Toggle(&'static Column),
    Usual,
}

impl Header {
    /// Draws it, and does to the settings what the user wants.
    pub(super) fn show(
        &mut self,
        ui: &mut Ui,
        places: &Places,
        (columns, scene): (&Columns, &mut Scene<'_>),
    ) {
        let tones = scene.tones;
        let painter = ui.painter().with_clip_rect(places.head);
        painter.rect_filled(places.head, 0.0, tones.panel);
        painter.hline(
            places.head.x_range(),
            places.head.bottom() - 0.5,
            Stroke::new(1.0, tones.line),
        );
        let mut inside = ui.new_child(egui::UiBuilder::new().max_rect(places.head));
        inside.set_clip_rect(places.head.intersect(ui.clip_rect()));
        let left = places.head.left() - places.offset;
        for (number, (column, range)) in columns.all.iter().enumerate() {
            let x = left + range.start..=left + range.end;
            let place = Rect::from_x_y_ranges(x, places.head.y_range());
            self.heading(&inside, (number, column, place), (columns, scene));
        }
        // The edges after all headings: they lie over both neighbours.
        for (number, (column, range)) in columns.all.iter().enumerate() {
            let x = left + range.end;
            edge(&inside, (number, column, x, range.end - range.start), scene, &mut self.changes);
        }
        self.mark_target(ui, places, (columns, scene));
        for change in std::mem::take(&mut self.changes) {
            apply(&change, scene.settings);
        }
    }

    /// Draws one heading and takes what is done to it.
    fn heading(
        &mut self,
        ui: &Ui,
        (number, column, place): (usize, &'static Column, Rect),
        (columns, scene): (&Columns, &Scene<'_>),
    ) {
        let id = Id::unique(("heading", column.name));
        let response = ui.interact(place, id, Sense::click_and_drag());
        let sorted = scene.settings.sort.iter().position(|sorting| sorting.column == column.name);
        let is_descending =
            sorted.and_then(|level| scene.settings.sort.get(level)).map(|s| s.is_descending);
        let label = match is_descending {
            Some(true) => format!("{}, sorted downwards", column.header),
            Some(false) => format!("{}, sorted upwards", column.header),
            None => column.header.to_owned(),
        };
        response.widget_info(|| {
            egui::WidgetInfo::labeled(egui::Role::ColumnHeader, true, label.clone())
        });
        draw(ui, (column, place, &response), (is_descending, scene));
        if response.clicked() {
            let is_more = ui.input(|input| input.modifiers.shift);
            self.changes
                .push(Change::Sort(column, if is_more { Levels::More } else { Levels::One }));
        }
        if response.drag_started() {
            self.moved = Some(number);
        }
        if response.drag_stopped()
            && let Some(from) = self.moved.take()
            && let Some(pos) = response.interact_pointer_pos()
        {
            let origin = place.left() - columns.all.get(number).map_or(0.0, |(_, r)| r.start);
            self.changes.push(Change::Move(from, target(columns, pos.x - origin)));
        }
        if response.has_focus() {
            let is_pressed = |key| ui.input_mut(|input| input.consume_key(Modifiers::ALT, key));
            if is_pressed(Key::ArrowLeft) {
                self.changes.push(Change::Move(number, number.saturating_sub(1)));
            }
            if is_pressed(Key::ArrowRight) {
                self.changes.push(Change::Move(number, number + 2));
            }
        }
        response.context_menu(|ui| menu(ui, column, scene.settings, &mut self.changes));
        if self.moved.is_none() {
            response.on_hover_text(column.meaning);
        }
    }

    /// Shows where a column that is being moved would come to stand.
    fn mark_target(&self, ui: &Ui, places: &Places, (columns, scene): (&Columns, &Scene<'_>)) {
        let (Some(_), Some(pointer)) = (self.moved, ui.input(|i| i.pointer.interact_pos())) else {
            return;
        };
        ui.set_cursor_icon(CursorIcon::Grabbing);
        let left = places.head.left() - places.offset;
        let place = target(columns, pointer.x - left);
        let last = columns.all.last().map_or(0.0, |(_, range)| range.end);
        let x = left + columns.all.get(place).map_or(last, |(_, range)| range.start);
        let stroke = Stroke::new(2.0, scene.tones.accent);
        ui.painter().vline(x, places.head.top()..=places.table.bottom(), stroke);
    }
}

/// In front of which column something would stand that is let go at `x`.
fn target(columns: &Columns, x: f32) -> usize {
    let is_before =
        |(_, range): &(&Column, std::ops::Range<f32>)| x < range.start.midpoint(range.end);
    columns.all.iter().position(is_before).unwrap_or(columns.all.len())
}

/// Draws the text of a heading, and the mark of its order.
fn draw(
    ui: &Ui,
    (column, place, response): (&Column, Rect, &egui::Response),
    (is_descending, scene): (Option<bool>, &Scene<'_>),
) {
    let tones = scene.tones;
    let painter = ui.painter();
    if response.hovered() || response.dragged() {
        painter.rect_filled(place, 0.0, tones.hover);
    }
    if response.has_focus() {
        let stroke = Stroke::new(1.0, tones.accent);
        painter.rect_stroke(place.shrink(1.0), 2.0, stroke, egui::StrokeKind::Inside);
    }
    let room = place.shrink2(vec2(PAD, 0.0));
    let mut middle = room.center().y;
    let color = if is_descending.is_some() { tones.text } else { tones.dim };
    let font = theme::bold(theme::SMALL);
    let mut job = egui::text::LayoutJob::simple_singleline(column.header.to_owned(), font, color);
    job.wrap = egui::text::TextWrapping::truncate_at_width(room.width().max(1.0));
    let galley = painter.layout_job(job);
    let is_right = column.kind.is_right_aligned();
    let x = if is_right { room.right() - galley.size().x } else { room.left() };
    // Above the text: beside it there is no room in narrow columns.
    if let Some(is_descending) = is_descending {
        let mark = if is_descending { icon::DOWN } else { icon::UP };
        let at = pos2(x + galley.size().x / 2.0, room.top() + 5.0);
        painter.text(at, Align2::CENTER_CENTER, mark, theme::bold(11.0), tones.accent);
        middle += 3.0;
    }
    painter.galley(pos2(x, middle - galley.size().y / 2.0), galley, color);
}

/// The right edge of a column: a drag resizes it.
fn edge(
    ui: &Ui,
    (number, column, x, width): (usize, &Column, f32, f32),
    scene: &Scene<'_>,
    changes: &mut Vec<Change>,
) {
    let y = ui.max_rect().y_range();
    let place = Rect::from_x_y_ranges(x - GRIP..=x + GRIP, y);
    let id = Id::unique(("edge", column.name));
    let response = ui.interact(place, id, Sense::CLICK | Sense::DRAG);
    let is_held = response.dragged();
    if response.hovered() || is_held {
        ui.set_cursor_icon(CursorIcon::ResizeHorizontal);
    }
    let color = if is_held { scene.tones.accent } else { scene.tones.line };
    ui.painter().vline(x - 0.5, y.shrink(5.0), Stroke::new(1.0, color));
    if is_held && let Some(pos) = response.interact_pointer_pos() {
        changes.push(Change::Width(number, width + pos.x - x));
    }
    if response.double_clicked() {
        changes.push(Change::Width(number, f32::from(column.width).mul_add(7.5, 24.0)));
    }
}

/// The menu of a heading.
fn menu(ui: &mut Ui, column: &'static Column, settings: &Settings, changes: &mut Vec<Change>) {
    let mut item = |ui: &mut Ui, label: &str, change: Change| {
        if ui.button(label).clicked() {
            changes.push(change);
            ui.close();
        }
    };
    item(ui, &format!("Sort by {}", column.header), Change::Sort(column, Levels::One));
    item(ui, &format!("Then Sort by {}", column.header), Change::Sort(column, Levels::More));
    ui.separator();
    if settings.columns.len() > 1 {
        item(ui, &format!("Hide {}", column.header), Change::Toggle(column));
    }
    ui.menu_button("Columns", |ui| {
        egui::ScrollArea::vertical().max_height(420.0).show(ui, |ui| {
            for column in command::choosable() {
                let mut is_shown = settings.has_column(column);
                let response = ui.checkbox(&mut is_shown, column.header);
                if response.on_hover_text(column.meaning).changed() {
                    changes.push(Change::Toggle(column));
                }
            }
        });
    });
    if ui.button("TCPView's Columns").clicked() {
        changes.push(Change::Usual);
        ui.close();
    }
}

fn apply(change: &Change, settings: &mut Settings) {
    match *change {
        Change::Sort(column, levels) => settings.sort_by(column, levels),
        Change::Toggle(column) => settings.toggle_column(column),
        Change::Usual => settings.columns = Settings::default().columns,
        Change::Width(number, width) => {
            if let Some(shown) = settings.columns.get_mut(number) {
                shown.width = width.clamp(WIDTHS.0, WIDTHS.1).round();
            }
        }
        Change::Move(from, to) => {
            if from >= settings.columns.len() {
                return;
            }
            let shown = settings.columns.remove(from);
            let to = if to > from { to - 1 } else { to };
            settings.columns.insert(to.min(settings.columns.len()), shown);
        }
    }
}
