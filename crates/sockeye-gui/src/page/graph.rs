//! Live graphs: bytes in and out, and the round-trip time.

use std::collections::VecDeque;

use eframe::egui::{self, Color32, RichText, Ui, Vec2b};
use egui_plot::{AxisHints, GridInput, GridMark, Line, Plot, PlotPoints};

use super::rates::{Point, Rates};
use super::words;
use crate::table;

/// What a line is called, its colour, and what it shows of a point.
type Series = (&'static str, Color32, fn(&Point) -> f64);

/// Draws what `rates` has, so many points high; the name is what screen readers call it. Where nothing
/// is measured, it says `why`.
pub(super) fn show(ui: &mut Ui, (name, height): (&str, f32), rates: &Rates, why: &str) {
    if !rates.is_measured() {
        ui.weak(format!("No graph of bytes: {why}."));
        return;
    }
    let points = rates.points();
    if points.is_empty() {
        ui.weak("The next two measurements make the first point …");
        return;
    }
    let (received, sent) = colors(ui);
    let last = points.back().copied();
    let series: [Series; 2] =
        [("in", received, |point| point.received), ("out", sent, |point| point.sent)];
    let told = series.map(|(label, color, value)| {
        let amount = last.map(|last| words::bytes(value(&last))).unwrap_or_default();
        (format!("{label} {amount}/s"), color)
    });
    legend(ui, &told);
    plot(ui, (name, height), |value| format!("{}/s", words::bytes(value))).show(ui, |plot| {
        for (label, color, value) in series {
            let line = Line::new(label, curve(points, value));
            plot.line(line.color(color).id(egui::Id::unique(label)));
        }
    });
    if points.iter().any(|point| point.rtt_ms.is_some()) {
        show_rtt(ui, name, points, height);
    }
}

/// The round-trip time, where there is one.
fn show_rtt(ui: &mut Ui, name: &str, points: &VecDeque<Point>, height: f32) {
    let color = ui.visuals().hyperlink_color;
    let rtt: Vec<[f64; 2]> =
        points.iter().filter_map(|point| Some([point.seconds, point.rtt_ms?])).collect();
    let last = rtt.last().map_or(0.0, |[_, rtt]| *rtt);
    legend(ui, &[(format!("round trip {}", milliseconds(last)), color)]);
    plot(ui, (&format!("{name}, round trip"), height * 0.6), milliseconds).show(ui, |plot| {
        let line = Line::new("round trip", PlotPoints::from(rtt));
        plot.line(line.color(color).id(egui::Id::unique("rtt")));
    });
}

/// A time in the unit that fits: `250 µs`, `4.5 ms`.
fn milliseconds(value: f64) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
    let nanoseconds = (value * 1e6).round() as u64;
    table::duration(nanoseconds)
}

/// What the lines below are, each in its colour: above the graph, where it covers none of them.
fn legend(ui: &mut Ui, lines: &[(String, Color32)]) {
    ui.horizontal(|ui| {
        for (label, color) in lines {
            ui.label(RichText::new(label).color(*color).strong());
            ui.add_space(12.0);
        }
    });
}

/// A graph that moves by itself and cannot be moved, with time to the right and values at the left.
fn plot<'a>(ui: &Ui, (name, height): (&str, f32), write: fn(f64) -> String) -> Plot<'a> {
    let width = ui.available_width();
    let axis = AxisHints::new_y().min_thickness(72.0).label_spacing(8.0..=14.0);
    Plot::new(name.to_owned())
        .height(height)
        .width(width)
        .allow_drag(false)
        .allow_zoom(false)
        .allow_scroll(false)
        .allow_boxed_zoom(false)
        .allow_axis_zoom_drag(false)
        .show_x(false)
        .show_axes(Vec2b::new(false, true))
        .show_grid(Vec2b::new(false, true))
        .custom_y_axes(vec![axis.formatter(move |mark: GridMark, _: &_| write(mark.value))])
        .y_grid_spacer(|input: GridInput| marks(input.bounds.1))
        .include_y(0.0)
}

/// Where values are written that reach up to `most`: at two to five round numbers.
fn marks(most: f64) -> Vec<GridMark> {
    let most = most.max(f64::MIN_POSITIVE);
    let tens = 10_f64.powf((most / 2.0).log10().floor());
    let step = [5.0, 2.0, 1.0].map(|part| part * tens).into_iter().find(|step| step * 2.0 <= most);
    let step_size = step.unwrap_or(tens);
    let values = (0..6_u32).map(|number| f64::from(number) * step_size);
    values.filter(|value| *value <= most).map(|value| GridMark { value, step_size }).collect()
}

/// The points of one line.
fn curve(points: &VecDeque<Point>, value: fn(&Point) -> f64) -> PlotPoints<'static> {
    PlotPoints::from(points.iter().map(|point| [point.seconds, value(point)]).collect::<Vec<_>>())
}

/// Received and sent: blue and orange, which also the colour-blind tell apart.
fn colors(ui: &Ui) -> (Color32, Color32) {
    if ui.visuals().dark_mode {
        (Color32::from_rgb(0x62, 0xad, 0xf8), Color32::from_rgb(0xf2, 0x9d, 0x49))
    } else {
        (Color32::from_rgb(0x0b, 0x62, 0xc4), Color32::from_rgb(0xb4, 0x5a, 0x00))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_has_a_few_round_numbers() {
        let check = |most: f64, expected: &[f64]| {
            let values: Vec<f64> = marks(most).iter().map(|mark| mark.value).collect();
            assert_eq!(values, expected, "{most}");
        };
        check(10.0, &[0.0, 5.0, 10.0]);
        check(9.9, &[0.0, 2.0, 4.0, 6.0, 8.0]);
        check(1300.0, &[0.0, 500.0, 1000.0]);
        check(3.5, &[0.0, 1.0, 2.0, 3.0]);
    }

    #[test]
    fn short_round_trips_are_microseconds() {
        assert_eq!(milliseconds(0.25), "250 µs");
        assert_eq!(milliseconds(4.5), "4.5 ms");
    }
}
