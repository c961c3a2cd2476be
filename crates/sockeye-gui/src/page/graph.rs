//! Live graphs: bytes in and out, and the round-trip time.

use std::collections::VecDeque;

use eframe::egui::{self, Color32, Ui, Vec2b};
use egui_plot::{Corner, Legend, Line, Plot, PlotPoints};

use super::rates::{Point, Rates};
use super::words;

/// What a line is called, its colour, and what it shows of a point.
type Series = (&'static str, Color32, fn(&Point) -> f64);

/// Draws what `rates` has, `height` points high; `name` is what screen readers call it.
pub(super) fn show(ui: &mut Ui, name: &str, rates: &Rates, height: f32) {
    if !rates.is_measured() {
        ui.weak("Nobody measures what is carried here: UDP is only measured by eBPF.");
        return;
    }
    let points = rates.points();
    if points.is_empty() {
        ui.weak("The first two snapshots make the first point …");
        return;
    }
    let (received, sent) = colors(ui);
    let last = points.back().copied();
    let series: [Series; 2] =
        [("in", received, |point| point.received), ("out", sent, |point| point.sent)];
    plot(ui, name, height)
        .y_axis_formatter(|mark, _| format!("{}/s", words::bytes(mark.value)))
        .show(ui, |plot| {
            for (label, color, value) in series {
                let amount = last.map(|last| words::bytes(value(&last))).unwrap_or_default();
                let line = Line::new(format!("{label} {amount}/s"), curve(points, value));
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
    plot(ui, &format!("{name}, round trip"), height * 0.6)
        .y_axis_formatter(|mark, _| format!("{:.1} ms", mark.value))
        .show(ui, |plot| {
            let line = Line::new(format!("round trip {last:.1} ms"), PlotPoints::from(rtt));
            plot.line(line.color(color).id(egui::Id::unique("rtt")));
        });
}

/// A graph that moves by itself and cannot be moved, with time to the right.
fn plot<'a>(ui: &Ui, name: &str, height: f32) -> Plot<'a> {
    let width = ui.available_width();
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
        .y_axis_min_width(72.0)
        .include_y(0.0)
        .legend(Legend::default().position(Corner::LeftTop))
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
