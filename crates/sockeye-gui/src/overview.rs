//! The strip above the table: how many endpoints there are in which state, and what they carry.

use std::collections::VecDeque;
use std::time::Duration;

use eframe::egui::{
    self, Align2, Button, Rect, RichText, Role, Sense, Shape, Stroke, Ui, Vec2, WidgetInfo, pos2,
    vec2,
};
use sockeye_core::State;
use sockeye_core::view::Totals;
use sockeye_engine::desk::Sample;

use crate::command::Id;
use crate::settings::{Kind, Settings};
use crate::table::{bytes, grouped, state};
use crate::theme::{self, Tones, icon};

/// How much of the past graphs show.
const SHOWN: Duration = Duration::from_secs(180);
/// The size of a graph.
const GRAPH: Vec2 = vec2(132.0, 26.0);

/// The states that are always counted, also when there is none.
const ALWAYS: [State; 2] = [State::Established, State::Listen];

/// Draws the strip and returns what was chosen in it; clicks on states change the settings.
pub(crate) fn show(
    ui: &mut Ui,
    (totals, traffic): (&Totals, &VecDeque<Sample>),
    settings: &mut Settings,
    tones: &Tones,
) -> Option<Id> {
    let mut chosen = None;
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = theme::HALF;
        let all = count(ui, (totals.endpoints, "endpoints"), !settings.hides_rows(), tones);
        if all.on_hover_text("Show all endpoints").clicked() {
            chosen = Some(Id::ClearFilters);
        }
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = theme::STEP;
            graph(ui, (traffic, Side::Sent), tones);
            ui.add_space(theme::STEP);
            graph(ui, (traffic, Side::Received), tones);
            ui.add_space(theme::STEP);
            ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                ui.spacing_mut().item_spacing.x = theme::HALF;
                states(ui, totals, settings, tones);
            });
        });
    });
    chosen
}

/// The room that a count takes at most, and that the menu of the others does.
const COUNT: f32 = 110.0;

/// The counts of the states that there are, the most frequent first; those that there is no room for
/// are in a menu.
fn states(ui: &mut Ui, totals: &Totals, settings: &mut Settings, tones: &Tones) {
    let all = shown_states(totals);
    let mut rest = all.as_slice();
    while let Some((first, others)) = rest.split_first() {
        let needed = if others.is_empty() { COUNT } else { 2.0 * COUNT };
        if ui.available_width() < needed {
            break;
        }
        one_state(ui, (totals, *first), settings, tones);
        rest = others;
    }
    if !rest.is_empty() {
        let text = RichText::new(format!("… {} more", rest.len())).color(tones.dim);
        let menu = ui.menu_button(text, |ui| {
            rest.iter().for_each(|state| one_state(ui, (totals, *state), settings, tones));
        });
        menu.response.on_hover_text("The other states");
    }
}

/// The states that are counted: two always first, then those that there are, the most frequent first.
fn shown_states(totals: &Totals) -> Vec<State> {
    let is_there = |state: &State| !ALWAYS.contains(state) && totals.of(*state) > 0;
    let mut others: Vec<State> = State::all().filter(is_there).collect();
    others.sort_by_key(|state| std::cmp::Reverse(totals.of(*state)));
    ALWAYS.into_iter().chain(others).collect()
}

/// The count of one state; a click shows that one alone, or all again.
fn one_state(
    ui: &mut Ui,
    (totals, which): (&Totals, State),
    settings: &mut Settings,
    tones: &Tones,
) {
    let is_listen = which == State::Listen;
    let name = if is_listen { "listening".into() } else { state(which).to_lowercase() };
    let is_only = is_only(settings, which);
    let response = count(ui, (totals.of(which), &name), is_only, tones);
    let what = if is_only { "Show every state again" } else { "Show only this state" };
    if response.on_hover_text(what).clicked() {
        settings.show_only(which);
        ui.close();
    }
}

/// Whether TCP in this state alone is shown.
fn is_only(settings: &Settings, state: State) -> bool {
    let is_right = |other: State| settings.shows_state(other) == (other == state);
    !settings.shows_kind(Kind::Udp4) && State::all().all(is_right)
}

/// A number and what it counts, to be clicked.
fn count(ui: &mut Ui, (number, noun): (usize, &str), is_on: bool, tones: &Tones) -> egui::Response {
    let number = grouped(number as u64);
    let label = format!("{number} {noun}");
    let number = RichText::new(number).font(theme::bold(theme::TEXT)).color(tones.text);
    let noun = RichText::new(noun).color(tones.dim);
    let is_marked = is_on && noun_is_state(&label);
    let button = Button::new((number, noun)).gap(5.0);
    let button = button.frame_when_inactive(is_marked).selected(is_marked);
    let response = ui.add(button.min_size(vec2(0.0, theme::CONTROL)));
    response.widget_info(|| WidgetInfo {
        selected: Some(is_on),
        ..WidgetInfo::labeled(Role::Button, true, &label)
    });
    response
}

/// Whether a label counts a state: all endpoints are the usual case, which needs no mark.
fn noun_is_state(label: &str) -> bool {
    !label.ends_with("endpoints")
}

/// A direction.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Received,
    Sent,
}

impl Side {
    /// Bytes in a second.
    fn rate(self, sample: &Sample) -> f32 {
        let bytes = match self {
            Self::Received => sample.volume.received,
            Self::Sent => sample.volume.sent,
        };
        #[expect(clippy::cast_precision_loss, reason = "a graph of few points needs no more")]
        let bytes = bytes as f32;
        bytes / sample.duration.as_secs_f32().max(0.001)
    }
}

/// What was carried in one direction over the last minutes, and now.
fn graph(ui: &mut Ui, (traffic, side): (&VecDeque<Sample>, Side), tones: &Tones) {
    let (mark, word, color) = match side {
        Side::Received => (icon::RECEIVED, "in", tones.accent),
        Side::Sent => (icon::SENT, "out", tones.good),
    };
    let (whole, response) = ui.allocate_exact_size(vec2(GRAPH.x + 112.0, GRAPH.y), Sense::hover());
    let now = traffic.back().map_or(0.0, |sample| side.rate(sample));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rate")]
    let rate = format!("{}/s", bytes(now as u64));
    let painter = ui.painter();
    let middle = whole.center().y;
    let small = || theme::plain(theme::TEXT);
    painter.text(pos2(whole.left(), middle), Align2::LEFT_CENTER, mark, small(), color);
    let place =
        Rect::from_min_size(pos2(whole.left() + 20.0, whole.top() + 2.0), GRAPH - vec2(0.0, 4.0));
    let text = pos2(place.right() + theme::STEP, middle);
    painter.text(text, Align2::LEFT_CENTER, &rate, small(), tones.text);
    let floor = Stroke::new(1.0, tones.line);
    painter.hline(place.x_range(), place.bottom(), floor);
    let most = draw(ui, (traffic, side), place, color);
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, format!("{rate} {word}")));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rate")]
    let most = bytes(most as u64);
    let minutes = SHOWN.as_secs() / 60;
    let word = if side == Side::Received { "received" } else { "sent" };
    response.on_hover_text(format!(
        "Payload bytes {word}, over the last {minutes} minutes; {most}/s at most"
    ));
}

/// Draws the area below the rates and returns the highest.
fn draw(
    ui: &Ui,
    (traffic, side): (&VecDeque<Sample>, Side),
    place: Rect,
    color: egui::Color32,
) -> f32 {
    let Some(last) = traffic.back() else { return 0.0 };
    let age = |sample: &Sample| {
        let ns = last.time.unix_ns().saturating_sub(sample.time.unix_ns());
        Duration::from_nanos(u64::try_from(ns).unwrap_or_default())
    };
    let seen: Vec<&Sample> = traffic.iter().filter(|sample| age(sample) <= SHOWN).collect();
    let most = seen.iter().map(|sample| side.rate(sample)).fold(0.0, f32::max);
    if most <= 0.0 {
        return most;
    }
    let at = |sample: &&Sample| {
        let x = place.right() - age(sample).as_secs_f32() / SHOWN.as_secs_f32() * place.width();
        pos2(x, place.bottom() - side.rate(sample) / most * place.height())
    };
    let points: Vec<egui::Pos2> = seen.iter().map(at).collect();
    let mut mesh = egui::Mesh::default();
    let below = color.gamma_multiply(0.25);
    for (index, pair) in points.windows(2).enumerate() {
        let [a, b] = pair else { continue };
        let first = u32::try_from(index * 4).unwrap_or_default();
        for corner in [*a, *b, pos2(b.x, place.bottom()), pos2(a.x, place.bottom())] {
            mesh.colored_vertex(corner, below);
        }
        mesh.add_triangle(first, first + 1, first + 2);
        mesh.add_triangle(first, first + 2, first + 3);
    }
    ui.painter().add(Shape::mesh(mesh));
    ui.painter().add(Shape::line(points, Stroke::new(1.2, color)));
    most
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_frequent_states_come_first() {
        let board = crate::tests::board();
        let states = shown_states(board.view.totals());
        assert_eq!(states[..2], ALWAYS);
        let counts: Vec<usize> = states[2..].iter().map(|it| board.view.totals().of(*it)).collect();
        assert!(counts.is_sorted_by(|a, b| a >= b) && counts.len() > 1, "{counts:?}");
    }
}
