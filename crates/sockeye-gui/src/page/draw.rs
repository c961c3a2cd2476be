//! Parts that several pages draw alike.

use eframe::egui::{self, Label, Rect, RichText, Ui, UiKind, Vec2};

use super::words::Said;

/// Tells screen readers what the dialog is called that is drawn here: egui knows no title of it.
pub(super) fn name_dialog(ui: &Ui, title: &str) {
    let dialog = ui.stack().iter().find(|level| level.kind() == Some(UiKind::Modal));
    dialog.into_iter().for_each(|dialog| {
        ui.ctx().accesskit_node_builder(dialog.unique_id, |node| node.set_label(title));
    });
}

/// Where a window of this size opens: in the middle, each a little beside the one before.
pub(super) fn place(ctx: &egui::Context, size: [f32; 2], number: u64) -> Rect {
    let room = ctx.content_rect().shrink(24.0);
    let size = Vec2::from(size).min(room.size());
    let beside = 24.0 * f32::from(u8::try_from(number % 6).unwrap_or_default());
    let place = Rect::from_center_size(room.center(), size).translate(Vec2::splat(beside));
    let beyond = (place.max - room.max).max(Vec2::ZERO);
    place.translate(-beyond)
}

/// The only answer there is, with the focus; whether it was given.
pub(super) fn answer(ui: &mut Ui, text: &str) -> bool {
    let align = egui::Layout::right_to_left(egui::Align::Center);
    ui.with_layout(align, |ui| {
        let button = ui.button(text);
        if ui.memory(|memory| memory.focused().is_none()) {
            button.request_focus();
        }
        button.clicked()
    })
    .inner
}

/// A sentence that says what failed.
pub(super) fn failure(ui: &mut Ui, text: &str) {
    let text = RichText::new(text).color(ui.visuals().error_fg_color);
    ui.add(Label::new(text).wrap());
}

/// Labels, and what is said behind each.
pub(super) fn facts(ui: &mut Ui, lines: &[(&str, Said)]) {
    ui.scope(|ui| {
        // Nothing here is clicked, so a line needs no more room than its text.
        ui.spacing_mut().interact_size.y = 0.0;
        let grid = egui::Grid::new("facts").num_columns(2).spacing([16.0, 4.0]);
        grid.show(ui, |ui| lines.iter().for_each(|(label, said)| fact(ui, label, said)));
    });
}

/// A row of the grid.
fn fact(ui: &mut Ui, label: &str, said: &Said) {
    let name = Label::new(RichText::new(label).weak()).extend();
    let name = ui.vertical(|ui| ui.add(name)).inner;
    let text = match said {
        Said::Known(text) => RichText::new(text),
        Said::Absent(reason) => RichText::new(*reason).weak().italics(),
    };
    // A grid takes no more room than its widest cell: what is long has to wrap by itself.
    ui.vertical(|ui| {
        ui.set_max_width(ui.available_width().max(200.0));
        ui.add(Label::new(text).wrap().selectable(true)).labelled_by(name.id);
    });
    ui.end_row();
}

/// A button that is greyed out, and says why, where there is a refusal; whether it was clicked.
pub(super) fn button_unless(ui: &mut Ui, text: RichText, refusal: Option<&str>) -> bool {
    let button = ui.add_enabled(refusal.is_none(), egui::Button::new(text));
    match refusal {
        Some(reason) => button.on_disabled_hover_text(reason).clicked(),
        None => button.clicked(),
    }
}

/// A button that copies what is said.
pub(super) fn copy(ui: &mut Ui, text: impl FnOnce() -> String) {
    if ui.button("Copy").on_hover_text("Everything that is said here").clicked() {
        ui.ctx().copy_text(text());
    }
}
