//! What mouse, keyboard and screen readers do to lines of the table, and what screen readers are told.

use eframe::egui::{Key, Modifiers, Rect, Response, Sense, Ui, UiBuilder, accesskit};
use sockeye_core::session::Phase;
use sockeye_engine::desk::Order;

use super::choice::{Cursor, Manner};
use super::draw::show_full;
use super::lines::Line;
use super::{Columns, Scene, Seen, Table, id, line_id};
use crate::command;
use crate::theme;

impl Table {
    /// Takes keys that move through lines and choose them.
    pub(super) fn take_keys(&mut self, ui: &Ui, scene: &Scene<'_>) {
        let page = (ui.available_height() / theme::ROW).floor().max(2.0) - 1.0;
        #[expect(clippy::cast_possible_truncation, reason = "no screen has so many lines")]
        let page = page as isize;
        let far = isize::MAX;
        let moves = [
            (Key::ArrowDown, 1),
            (Key::ArrowUp, -1),
            (Key::PageDown, page),
            (Key::PageUp, -page),
            (Key::Home, -far),
            (Key::End, far),
        ];
        for (key, lines) in moves {
            let manners = [
                (Modifiers::SHIFT, Manner::Range),
                (Modifiers::COMMAND, Manner::Move),
                // Last: it also fits keys with modifiers.
                (Modifiers::NONE, Manner::Alone),
            ];
            for (modifiers, manner) in manners {
                let count = ui.input_mut(|input| input.count_and_consume_key(modifiers, key));
                for _ in 0..count {
                    let board = scene.desk.board();
                    self.wanted = self.choice.move_by(&board.view, lines, manner).or(self.wanted);
                }
            }
        }
        let is_pressed = |key, modifiers| ui.input_mut(|input| input.consume_key(modifiers, key));
        if is_pressed(Key::Space, Modifiers::COMMAND) {
            let board = scene.desk.board();
            if let Some(index) = self.choice.position(&board.view) {
                self.choice.go_to(&board.view, index, Manner::Toggle);
            }
        }
        let sideways = [(Key::ArrowRight, true), (Key::ArrowLeft, false)];
        for (key, is_right) in sideways {
            if is_pressed(key, Modifiers::NONE) {
                self.move_sideways(is_right, scene);
            }
        }
    }

    /// Opens or closes the group that the keyboard is on, else goes to the next column.
    fn move_sideways(&mut self, is_right: bool, scene: &Scene<'_>) {
        if let Some(Cursor::Group(number)) = self.choice.cursor {
            return self.asked.orders.push(Order::Open(number, is_right));
        }
        let last = scene.settings.columns.len().saturating_sub(1);
        self.cell = if is_right { (self.cell + 1).min(last) } else { self.cell.saturating_sub(1) };
    }

    /// Takes what the pointer, or a screen reader, does to lines.
    pub(super) fn take_pointer(
        &mut self,
        ui: &Ui,
        response: &Response,
        (seen, columns, scene): (&Seen, &Columns, &Scene<'_>),
    ) {
        self.take_requests(ui, seen, scene);
        let Some(pointer) = response.interact_pointer_pos().or(response.hover_pos()) else {
            return;
        };
        let index = seen.index_at(pointer).filter(|index| *index < self.lines.len);
        let is_pressed =
            response.clicked() || response.secondary_clicked() || response.double_clicked();
        if is_pressed {
            response.request_focus();
        }
        let Some(index) = index else { return };
        let column = columns.at(pointer.x - seen.left);
        if is_pressed && let Some(column) = column {
            self.cell = column;
        }
        let Some(line) = self.lines.line(index).cloned() else { return };
        if response.clicked() {
            let modifiers = ui.input(|input| input.modifiers);
            self.click(index, &line, (modifiers, scene));
        }
        if response.secondary_clicked()
            && let Line::Row(row) = &line
            && !self.choice.contains(row.id)
        {
            self.choice.go_to(&scene.desk.board().view, index, Manner::Alone);
        }
        if response.double_clicked() && matches!(line, Line::Row(_)) {
            self.asked.commands.push(command::Id::Properties);
        }
        if response.hovered()
            && let (Some(column), Line::Row(row)) = (column, &line)
        {
            let width = columns.all.get(column).map_or(0.0, |(_, range)| range.end - range.start);
            show_full(response, ui.painter(), (row, column, width));
        }
    }

    fn click(&mut self, index: usize, line: &Line, (modifiers, scene): (Modifiers, &Scene<'_>)) {
        let manner = match modifiers {
            modifiers if modifiers.shift => Manner::Range,
            modifiers if modifiers.command => Manner::Toggle,
            _ => Manner::Alone,
        };
        if let (Line::Group(group), Manner::Alone) = (line, manner) {
            self.asked.orders.push(Order::Open(group.number, !group.is_open));
            return self.choice.go_to(&scene.desk.board().view, index, Manner::Move);
        }
        self.choice.go_to(&scene.desk.board().view, index, manner);
    }

    /// Takes what a screen reader clicks.
    fn take_requests(&mut self, ui: &Ui, seen: &Seen, scene: &Scene<'_>) {
        for index in seen.range.clone() {
            let Some(line) = self.lines.line(index).cloned() else { continue };
            let is_asked = ui.input(|input| {
                input.has_accesskit_action_request(line_id(&line), accesskit::Action::Click)
            });
            if is_asked {
                self.click(index, &line, (Modifiers::NONE, scene));
            }
        }
    }

    /// Tells screen readers what a line is, and what stands in its cells.
    pub(super) fn describe_line(
        &self,
        ui: &mut Ui,
        index: usize,
        (line, place, columns): (&Line, Rect, &Columns),
    ) {
        // Nobody listens: what would be said need not be made.
        if ui.ctx().accesskit_node_builder(id(), |_| ()).is_none() {
            return;
        }
        let row_id = line_id(line);
        let bounds = |rect: Rect| accesskit::Rect {
            x0: rect.min.x.into(),
            y0: rect.min.y.into(),
            x1: rect.max.x.into(),
            y1: rect.max.y.into(),
        };
        let (label, is_chosen) = match line {
            Line::Group(group) => {
                let is_chosen = self.choice.has_head(group.number);
                (format!("{}, {}", group.name, group.count), Some(is_chosen))
            }
            Line::Row(row) => {
                let texts = row.cells.iter().map(|cell| cell.text.as_str());
                let texts: Vec<&str> = texts.filter(|text| !text.is_empty()).collect();
                let said = phase_word(row.phase).map(|word| format!("{word}: "));
                let label = said.unwrap_or_default() + &texts.join(", ");
                (label, Some(self.choice.contains(row.id)))
            }
        };
        let is_open = match line {
            Line::Group(group) => Some(group.is_open),
            Line::Row(_) => None,
        };
        ui.interact(place, row_id, Sense::hover());
        let is_on = ui.ctx().accesskit_node_builder(row_id, |node| {
            node.set_role(accesskit::Role::Row);
            node.set_label(label);
            node.set_row_index(index);
            node.set_bounds(bounds(place));
            node.add_action(accesskit::Action::Click);
            is_chosen.into_iter().for_each(|is_chosen| node.set_selected(is_chosen));
            is_open.into_iter().for_each(|is_open| node.set_expanded(is_open));
        });
        let (Some(()), Line::Row(row)) = (is_on, line) else { return };
        let within = UiBuilder::new().max_rect(place).accessibility_parent(row_id).id_salt(row_id);
        let inside = ui.new_child(within);
        for (number, (cell, (column, range))) in row.cells.iter().zip(&columns.all).enumerate() {
            let x = place.left() + range.start..=place.left() + range.end;
            let place = Rect::from_x_y_ranges(x, place.y_range());
            inside.interact(place, row_id.with(number), Sense::hover());
            inside.ctx().accesskit_node_builder(row_id.with(number), |node| {
                node.set_role(accesskit::Role::Cell);
                node.set_label(format!("{}: {}", column.header, cell.text));
                node.set_column_index(number);
                node.set_bounds(bounds(place));
            });
        }
    }
}

/// What happened to a row, for those who hear it.
fn phase_word(phase: Phase) -> Option<&'static str> {
    match phase {
        Phase::Fresh => Some("opened"),
        Phase::Changed => Some("changed"),
        Phase::Closed => Some("closed"),
        Phase::Steady => None,
    }
}
