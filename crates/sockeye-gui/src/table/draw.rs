//! Drawing of one line of the table.

use eframe::egui::{
    self, Align2, Color32, Painter, Pos2, Rect, Response, Stroke, StrokeKind, pos2,
    text::LayoutJob, vec2,
};
use sockeye_core::Column;
use sockeye_core::session::Phase;

use super::cell;
use super::lines::{Group, Row};
use super::{Columns, MARK, PAD};
use crate::page::Icons;
use crate::theme::{self, Tones, icon};

/// Tells in full what a cell has no room for, or leaves out.
pub(super) fn show_full(
    response: &Response,
    painter: &Painter,
    (row, column, width): (&Row, usize, f32),
) {
    let Some(cell) = row.cells.get(column) else { return };
    let room = width - 2.0 * PAD - if column == 0 { ICON } else { 0.0 };
    let galley =
        painter.layout_no_wrap(cell.text.clone(), theme::plain(theme::TEXT), Color32::WHITE);
    let is_cut = galley.size().x > room;
    let full = match (&cell.full, is_cut) {
        (Some(full), true) => format!("{}\n{full}", cell.text),
        (Some(full), false) => full.clone(),
        (None, true) => cell.text.clone(),
        (None, false) => return,
    };
    response.clone().on_hover_text_at_pointer(full);
}

/// Room for the icon of a process.
const ICON: f32 = 22.0;

/// The side of a picture of a program.
const PICTURE: f32 = 16.0;

/// Draws one line.
pub(super) struct Brush<'a> {
    pub(super) tones: &'a Tones,
    pub(super) painter: &'a Painter,
    pub(super) icons: &'a Icons,
    pub(super) place: Rect,
    pub(super) is_hovered: bool,
    pub(super) has_focus: bool,
}

impl Brush<'_> {
    pub(super) fn group(&self, group: &Group, (is_chosen, is_current): (bool, bool), left: f32) {
        let Self { tones, painter, place, .. } = self;
        let back = match (is_chosen, self.is_hovered) {
            (true, _) => tones.selected,
            (false, true) => tones.hover,
            (false, false) => tones.panel,
        };
        painter.rect_filled(*place, 0.0, back);
        if is_current {
            self.outline();
        }
        let middle = place.center().y;
        let mark = if group.is_open { icon::DOWN } else { icon::RIGHT };
        let left = left.max(place.left());
        let (text, dim) = if is_chosen {
            (tones.on_selected, tones.on_selected)
        } else {
            (tones.text, tones.dim)
        };
        self.text(pos2(left + PAD, middle), mark, (theme::plain(theme::TEXT), dim));
        let name = (theme::bold(theme::TEXT), text);
        let x = self.text(pos2(left + MARK + PAD, middle), &group.name, name) + theme::STEP;
        let dim = || (theme::plain(theme::SMALL), dim);
        let mut x = self.text(pos2(x, middle), &group.count, dim()) + theme::STEP * 2.0;
        if let Some((received, sent)) = &group.sums {
            for (mark, sum) in [(icon::RECEIVED, received), (icon::SENT, sent)] {
                x = self.text(pos2(x, middle), mark, dim()) + theme::HALF;
                x = self.text(pos2(x, middle), sum, dim()) + theme::STEP;
            }
        }
    }

    /// Writes on one line and returns where that ends.
    fn text(&self, at: Pos2, text: &str, (font, color): (egui::FontId, Color32)) -> f32 {
        self.painter.text(at, Align2::LEFT_CENTER, text, font, color).right()
    }

    pub(super) fn row(
        &self,
        row: &Row,
        columns: &Columns,
        (is_chosen, current): (bool, Option<usize>),
    ) {
        let Self { tones, painter, place, .. } = self;
        let happened = tones.of_phase(row.phase);
        let back = match (is_chosen, happened, self.is_hovered) {
            (true, ..) => Some(tones.selected),
            (false, Some((tint, _)), _) => Some(tint),
            (false, None, true) => Some(tones.hover),
            (false, None, false) => None,
        };
        if let Some(back) = back {
            painter.rect_filled(*place, 0.0, back);
        }
        if let Some((_, bar)) = happened {
            let edge = Rect::from_min_size(place.min, vec2(3.0, place.height()));
            painter.rect_filled(edge, 0.0, bar);
            let at = pos2(place.left() + 4.0 + (MARK - 4.0) / 2.0, place.center().y);
            let glyph = phase_glyph(row.phase);
            painter.text(at, Align2::CENTER_CENTER, glyph, theme::bold(theme::TEXT), tones.text);
        }
        let color = if is_chosen { tones.on_selected } else { tones.text };
        let clip = painter.clip_rect();
        for (number, (cell, (column, range))) in row.cells.iter().zip(&columns.all).enumerate() {
            let x = place.left() + range.start..=place.left() + range.end;
            let room = Rect::from_x_y_ranges(x, place.y_range());
            if !clip.intersects(room) {
                continue;
            }
            let dim = if is_chosen { tones.on_selected } else { tones.dim };
            let mut inner = room.shrink2(vec2(PAD, 0.0));
            if column.name == "process.executable.name" {
                self.icon(pos2(inner.left(), inner.center().y), row, dim);
                inner.min.x += ICON;
            }
            self.cell(inner, cell, (column, if cell.is_dim { dim } else { color }));
            if current == Some(number) && self.has_focus {
                let stroke = Stroke::new(1.0, tones.accent);
                painter.rect_stroke(room.shrink(1.0), 2.0, stroke, StrokeKind::Inside);
            }
        }
        if current.is_some() && self.has_focus && !is_chosen {
            self.outline();
        }
    }

    /// Draws the picture of a row's program, or what stands for such programs.
    fn icon(&self, at: Pos2, row: &Row, color: Color32) {
        let picture = row.program.as_ref();
        let Some(picture) = picture.and_then(|it| self.icons.of(self.painter.ctx(), it)) else {
            self.text(at, row.icon, (theme::plain(theme::TEXT), color));
            return;
        };
        let place = Rect::from_min_size(at - vec2(0.0, PICTURE / 2.0), egui::Vec2::splat(PICTURE));
        let whole = Rect::from_min_max(Pos2::ZERO, pos2(1.0, 1.0));
        self.painter.image(picture, place, whole, Color32::WHITE);
    }

    fn outline(&self) {
        if self.has_focus {
            let stroke = Stroke::new(1.0, self.tones.edge);
            self.painter.rect_stroke(self.place, 0.0, stroke, StrokeKind::Inside);
        }
    }

    /// Writes a cell, with an ellipsis where it has no room.
    fn cell(&self, room: Rect, cell: &cell::Cell, (column, color): (&Column, Color32)) {
        if cell.text.is_empty() || room.width() < 4.0 {
            return;
        }
        let font = theme::plain(theme::TEXT);
        let mut galley = self.painter.layout_no_wrap(cell.text.clone(), font.clone(), color);
        if galley.size().x > room.width() {
            let mut job = LayoutJob::simple_singleline(cell.text.clone(), font, color);
            job.wrap = egui::text::TextWrapping::truncate_at_width(room.width());
            galley = self.painter.layout_job(job);
        }
        let x = if column.kind.is_right_aligned() {
            room.right() - galley.size().x
        } else {
            room.left()
        };
        let at = pos2(x, room.center().y - galley.size().y / 2.0);
        self.painter.galley(at, galley, color);
    }
}

/// What happened to a row, for those who see no colours.
fn phase_glyph(phase: Phase) -> &'static str {
    match phase {
        Phase::Fresh => icon::OPENED,
        Phase::Changed => icon::CHANGED,
        Phase::Closed => icon::CLOSED,
        Phase::Steady => "",
    }
}
