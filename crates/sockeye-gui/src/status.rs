//! The status bar: the counts that TCPView has there, what is observed with, and what cannot be seen.

use eframe::egui::{self, Button, RichText, Role, Ui, WidgetInfo};
use sockeye_core::snapshot::Source;
use sockeye_core::view::Totals;
use sockeye_core::{Degradation, State};
use sockeye_engine::desk::Status;
use sockeye_print::escaped;

use crate::command::Id;
use crate::table::grouped;
use crate::theme::{self, Tones, icon};
use crate::toolbar::speed;

/// What the bar tells.
#[derive(Debug)]
pub(crate) struct Told<'a> {
    pub(crate) totals: &'a Totals,
    pub(crate) status: &'a Status,
    pub(crate) source: Source,
    /// What the last snapshot could not show.
    pub(crate) degradations: &'a [Degradation],
    pub(crate) shown: usize,
    pub(crate) chosen: usize,
    /// Rows are kept where they are because somebody points at them.
    pub(crate) holds_rows: bool,
}

/// Draws the bar and returns what was chosen in it.
pub(crate) fn show(ui: &mut Ui, told: &Told<'_>, tones: &Tones) -> Option<Id> {
    let mut chosen = None;
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = theme::STEP;
        let mut counts = vec![("Endpoints", told.totals.endpoints)];
        counts.extend(
            [
                ("Established", State::Established),
                ("Listening", State::Listen),
                ("Time Wait", State::TimeWait),
                ("Close Wait", State::CloseWait),
            ]
            .map(|(name, state)| (name, told.totals.of(state))),
        );
        for (index, (name, count)) in counts.into_iter().enumerate() {
            if index > 0 {
                line(ui);
            }
            fact(ui, name, &grouped(count as u64), tones);
        }
        line(ui);
        let update = if told.status.is_paused {
            "paused".to_owned()
        } else {
            speed(u64::try_from(told.status.interval.as_millis()).unwrap_or(u64::MAX))
        };
        fact(ui, "Update", &update, tones);
        if told.shown < told.totals.endpoints {
            line(ui);
            fact(ui, "Shown", &grouped(told.shown as u64), tones);
        }
        if told.chosen > 1 {
            line(ui);
            fact(ui, "Selected", &grouped(told.chosen as u64), tones);
        }
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            chosen = tier(ui, told, tones);
            if told.holds_rows {
                let text = format!("{} order held", icon::FROZEN);
                ui.label(RichText::new(text).color(tones.dim).size(theme::SMALL))
                    .on_hover_text("Rows stay where they are while the pointer is on the table.");
            }
        });
    });
    chosen
}

fn line(ui: &mut Ui) {
    ui.add(egui::Separator::default().vertical().spacing(1.0).shrink(5.0));
}

fn fact(ui: &mut Ui, name: &str, value: &str, tones: &Tones) {
    ui.spacing_mut().item_spacing.x = theme::HALF;
    let response = ui.label(RichText::new(name).color(tones.dim).size(theme::SMALL));
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("{name} {value}")));
    ui.label(RichText::new(value).color(tones.text).size(theme::SMALL));
    ui.spacing_mut().item_spacing.x = theme::STEP;
}

/// What cannot be seen, each a sentence; the same is said once.
pub(crate) fn limits(told: &Told<'_>) -> Vec<String> {
    let mut sentences: Vec<String> = Vec::new();
    for degradation in
        told.status.limits.iter().chain(&told.status.unanswered).chain(told.degradations)
    {
        let sentence = escaped(&degradation.to_string());
        if !sentences.contains(&sentence) {
            sentences.push(sentence);
        }
    }
    sentences
}

/// What is observed with, in few words.
fn observing(told: &Told<'_>) -> &'static str {
    let coverage = told.status.coverage;
    match told.source {
        Source::Replay => "A recording",
        _ if coverage.tcp && coverage.udp => "eBPF: as it happens",
        _ if coverage.tcp || coverage.udp => "eBPF, in part",
        Source::Ebpf => "Looking every interval, by eBPF",
        Source::SockDiag => "Looking every interval",
        Source::Procfs => "Looking every interval, by /proc",
        Source::Iphlpapi => "Looking every interval, by the IP Helper",
    }
}

/// What is observed with and what that leaves out; a click tells more.
fn tier(ui: &mut Ui, told: &Told<'_>, tones: &Tones) -> Option<Id> {
    let limits = limits(told);
    let (mark, color, summary) = if told.status.error.is_some() {
        (icon::ERROR, tones.error, "nothing can be seen".to_owned())
    } else if !told.status.is_ready {
        (icon::WAITING, tones.dim, "beginning".to_owned())
    } else if limits.is_empty() {
        (icon::WHOLE, tones.good, "sees everything".to_owned())
    } else {
        let count = limits.len();
        let things = if count == 1 { "1 limit".to_owned() } else { format!("{count} limits") };
        (icon::LIMITED, tones.warning, things)
    };
    let text = format!("{} · {summary}", observing(told));
    let button = Button::new((
        RichText::new(mark).color(color),
        RichText::new(&text).size(theme::SMALL).color(tones.text),
    ));
    let button = button.frame_when_inactive(false);
    let mut chosen = None;
    let (response, _) = egui::containers::menu::MenuButton::from_button(button).ui(ui, |ui| {
        ui.set_max_width(420.0);
        ui.set_min_width(320.0);
        egui::Frame::NONE.inner_margin(theme::STEP).show(ui, |ui| {
            chosen = explain(ui, told, (&limits, tones));
        });
    });
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &text));
    response.on_hover_text("What is seen, what is not, and what helps");
    chosen
}

fn explain(ui: &mut Ui, told: &Told<'_>, (limits, tones): (&[String], &Tones)) -> Option<Id> {
    ui.label(RichText::new(observing(told)).font(theme::bold(theme::TEXT)));
    ui.add_space(theme::HALF);
    if let Some(error) = &told.status.error {
        ui.label(
            RichText::new(format!("Nothing can be seen: {}.", escaped(error))).color(tones.error),
        );
    } else if limits.is_empty() {
        ui.label("Every endpoint and every process is seen.");
    } else {
        ui.label("Not seen:");
        for limit in limits {
            ui.horizontal_wrapped(|ui| {
                ui.label(RichText::new(icon::WARNING).color(tones.warning));
                ui.label(limit);
            });
        }
    }
    ui.add_space(theme::STEP);
    let mut chosen = None;
    if ui.button("What Would Help…").clicked() {
        chosen = Some(Id::Doctor);
        ui.close();
    }
    chosen
}
