//! The status bar: the counts that TCPView has there, what is observed with, and what cannot be seen.

use std::time::Duration;

use eframe::egui::{self, Button, RichText, Role, Ui, WidgetInfo};
use sockeye_core::degradation::number_of;
use sockeye_core::snapshot::Source;
use sockeye_core::view::Totals;
use sockeye_core::{Degradation, State};
use sockeye_engine::desk::Status;
use sockeye_print::escaped;

use crate::command::{ELEVATE, Id};
use crate::search::sentence;
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
    /// How many of the rows that are shown have not closed.
    pub(crate) shown: usize,
    /// How long ago bytes and packets were counted last.
    pub(crate) measured_ago: Option<Duration>,
    pub(crate) chosen: usize,
    /// Rows are kept where they are because somebody points at them.
    pub(crate) holds_rows: bool,
}

/// Draws the bar and returns what was chosen in it. More can be seen with an administrator's rights where
/// that `may_elevate`.
pub(crate) fn show(
    ui: &mut Ui,
    told: &Told<'_>,
    (tones, may_elevate): (&Tones, bool),
) -> Option<Id> {
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
        if let Some(ago) = late(told) {
            line(ui);
            fact(ui, "Measured", &ago, tones);
        }
        if told.shown < told.totals.endpoints {
            line(ui);
            fact(ui, "Shown", &grouped(told.shown as u64), tones);
        }
        if told.chosen > 1 {
            line(ui);
            fact(ui, "Selected", &grouped(told.chosen as u64), tones);
        }
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            chosen = tier(ui, told, (tones, may_elevate));
            if told.holds_rows {
                let text = format!("{} order held", icon::FROZEN);
                ui.label(RichText::new(text).color(tones.dim).size(theme::SMALL))
                    .on_hover_text("Rows stay where they are while the pointer is on the table.");
            }
        });
    });
    chosen
}

/// How long ago bytes and packets were counted last, where that is longer than two intervals: beside
/// events, looking takes a small part of the time at most.
fn late(told: &Told<'_>) -> Option<String> {
    let ago = told.measured_ago.filter(|ago| *ago > told.status.interval * 2)?;
    let is_late = !told.status.is_paused && ago.as_secs() > 0;
    is_late.then(|| format!("{} s ago", ago.as_secs()))
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
pub(crate) fn limits(told: &Told<'_>) -> Vec<(String, &'static str)> {
    let mut sentences: Vec<(String, &'static str)> = Vec::new();
    for degradation in
        told.status.limits.iter().chain(&told.status.unanswered).chain(told.degradations)
    {
        let limit = explained(degradation, told.source);
        if !sentences.contains(&limit) {
            sentences.push(limit);
        }
    }
    sentences
}

/// What cannot be seen, in a short sentence, and what helps.
fn explained(degradation: &Degradation, source: Source) -> (String, &'static str) {
    const ROOT: &str = "Root sees them; Doctor has the command that gives Sockeye the right.";
    const DOCTOR: &str = "Doctor tells more.";
    const EVENTS: &str = "eBPF tells of everything; Doctor says why it is not to be had.";
    match degradation {
        Degradation::ProcessesDenied { count } => {
            let processes = number_of(*count as usize, "process", "processes");
            (format!("{processes} of other users may not be looked into."), ROOT)
        }
        Degradation::ProcessesHidden => {
            ("Processes of other users are hidden (hidepid).".to_owned(), ROOT)
        }
        Degradation::NamespacesDenied { count } => {
            let namespaces = number_of(*count as usize, "network namespace", "network namespaces");
            (format!("{namespaces} may not be entered."), ROOT)
        }
        Degradation::EventsUnavailable { .. } => {
            let helps = if source == Source::Iphlpapi { DOCTOR } else { EVENTS };
            ("What opens and closes between two looks is missed.".to_owned(), helps)
        }
        Degradation::IteratorUnavailable { .. } => {
            ("Looking takes longer than it could.".to_owned(), EVENTS)
        }
        other => (sentence(&escaped(&other.to_string())), DOCTOR),
    }
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
        Source::Iphlpapi if coverage.connections => "ETW, and looking every interval",
        Source::Iphlpapi => "Looking every interval, by the IP Helper",
    }
}

/// What is observed with and what that leaves out; a click tells more.
fn tier(ui: &mut Ui, told: &Told<'_>, (tones, may_elevate): (&Tones, bool)) -> Option<Id> {
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
            if may_elevate && ui.button(ELEVATE).clicked() {
                chosen = Some(Id::Elevate);
                ui.close();
            }
        });
    });
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &text));
    response.on_hover_text("What is seen, what is not, and what helps");
    chosen
}

fn explain(
    ui: &mut Ui,
    told: &Told<'_>,
    (limits, tones): (&[(String, &str)], &Tones),
) -> Option<Id> {
    ui.label(RichText::new(observing(told)).font(theme::bold(theme::TEXT)));
    ui.add_space(theme::HALF);
    if let Some(error) = &told.status.error {
        ui.label(
            RichText::new(format!("Nothing can be seen: {}.", escaped(error))).color(tones.error),
        );
    } else if limits.is_empty() {
        ui.label("Every endpoint and every process is seen.");
    } else {
        for (limit, remedy) in limits {
            ui.horizontal_top(|ui| {
                ui.label(RichText::new(icon::WARNING).color(tones.warning));
                ui.vertical(|ui| {
                    ui.spacing_mut().item_spacing.y = 0.0;
                    ui.label(limit);
                    ui.label(RichText::new(*remedy).color(tones.dim));
                });
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_measurement_that_is_old_says_how_old() {
        let totals = Totals::default();
        let check = |seconds: u64, is_paused, expected: Option<&str>| {
            let interval = Duration::from_secs(1);
            let status = Status { interval, is_paused, ..Status::default() };
            let told = Told {
                totals: &totals,
                status: &status,
                source: Source::Ebpf,
                degradations: &[],
                shown: 0,
                measured_ago: Some(Duration::from_secs(seconds)),
                chosen: 0,
                holds_rows: false,
            };
            assert_eq!(late(&told).as_deref(), expected, "{seconds}");
        };
        check(1, false, None);
        check(2, false, None);
        check(7, false, Some("7 s ago"));
        check(7, true, None);
    }
}
