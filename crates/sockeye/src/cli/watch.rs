//! `sockeye watch`: what happens to endpoints, one line each, as it happens.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;
use jiff::tz::TimeZone;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use sockeye_core::degradation::number_of;
use sockeye_core::event::Coverage;
use sockeye_core::{Action, Degradation, Occurrence, Row};
use sockeye_engine::answers::Asked;
use sockeye_engine::live::Live;

use super::Status;
use super::args::WatchArgs;
use super::console::{Console, Reader};
use super::names;
use super::sights::Sights;
use sockeye_print::{EventPrinter, Look, all_notes, escaped};

/// How long an interruption may go unnoticed.
const SLICE: Duration = Duration::from_millis(50);

/// How long it may go unnoticed that nobody reads any more, while there is nothing to print.
const GLANCE: Duration = Duration::from_secs(1);

/// How long host names may hold up what happened; later ones stand in later lines.
const PATIENCE: Duration = Duration::from_millis(300);

/// Watches what `args` ask for.
pub(super) fn run(args: &WatchArgs, console: &mut Console) -> anyhow::Result<Status> {
    let sights = Sights::parse(args)?;
    let stop = stop_flag().context("cannot wait for signals")?;
    let zone = zone(&sights, console);
    console.note_each(sights.unasked.as_slice());
    let answerer = names::answerer(&args.informants, sights.questions)?;
    let live = Live::start(&sights.wants(), sights.options)?.asking(answerer);
    console.note(&beginning(&sights, &live));
    let look = Look { palette: console.layout.palette, zone, ports: sights.ports };
    let printer = EventPrinter::new(sights.format, sights.columns(), look);
    let mut watch = Watch { sights, live, printer, console, matched: 0, lost: 0, said: Vec::new() };
    let ending = watch.until_the_end(&stop)?;
    watch.note_flaws();
    Ok(watch.status(ending))
}

/// A flag that is set when the program is asked to end. A second request ends it at once, also where
/// nobody reads what it is about to write.
fn stop_flag() -> io::Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&stop))?;
        flag::register(signal, Arc::clone(&stop))?;
    }
    Ok(stop)
}

/// The time zone of this machine; where it is not known, UTC, which is said to whom it matters.
fn zone(sights: &Sights, console: &mut Console) -> TimeZone {
    TimeZone::try_system().unwrap_or_else(|_| {
        if sights.shows_time_of_day() {
            console.note(b"sockeye: note: times are in UTC: no time zone is set here\n");
        }
        TimeZone::UTC
    })
}

/// What is watched with what, and what that cannot see.
fn beginning(sights: &Sights, live: &Live) -> Vec<u8> {
    let snapshot = live.session().context();
    let subject = match (sights.scope.tcp, sights.scope.udp) {
        (true, false) => "TCP",
        (false, true) => "UDP",
        _ => "TCP and UDP",
    };
    let interval = sights.options.interval;
    let how = match (live.is_looking(), live.coverage() == Coverage::default()) {
        (false, _) => "as it happens".to_owned(),
        (true, true) => format!("looking every {interval:?}"),
        (true, false) => format!("as it happens, and looking every {interval:?}"),
    };
    let source = snapshot.source.id();
    let mut text = format!("sockeye: note: watching {subject} by {source}, {how}\n").into_bytes();
    text.extend(all_notes(live.limits()));
    text.extend(all_notes(&snapshot.degradations));
    text
}

/// Why watching came to its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Ending {
    /// The time was over.
    Time,
    /// There were enough lines.
    Count,
    /// Somebody asked for it.
    Interrupted,
    /// Nobody reads any more.
    Unread,
}

/// A watch in progress.
struct Watch<'c> {
    sights: Sights,
    live: Live,
    printer: EventPrinter,
    console: &'c mut Console,
    /// How many lines were printed, those of lost events apart.
    matched: u64,
    /// How many events were lost.
    lost: u64,
    /// What was said that could not be found out.
    said: Vec<Degradation>,
}

impl Watch<'_> {
    /// Prints what happens until there is a reason to end.
    fn until_the_end(&mut self, stop: &AtomicBool) -> anyhow::Result<Ending> {
        let end = self.sights.span.map(|span| Instant::now() + span);
        if self.console.append(self.printer.header().as_bytes())? == Reader::Gone {
            return Ok(Ending::Unread);
        }
        let mut glanced = Instant::now();
        while !stop.load(Ordering::Relaxed) {
            let now = Instant::now();
            if now - glanced >= GLANCE {
                glanced = now;
                if !sockeye_os::is_output_read() {
                    return Ok(Ending::Unread);
                }
            }
            if end.is_some_and(|end| now >= end) {
                return self.finish(Ending::Time);
            }
            let deadline = end.map_or(now + SLICE, |end| end.min(now + SLICE));
            let occurrences = self.live.next(deadline)?;
            self.learn(&occurrences);
            if let Some(ending) = self.print(&occurrences)? {
                return Ok(ending);
            }
        }
        self.finish(Ending::Interrupted)
    }

    /// Prints what has happened up to now, for the reason to end that `ending` is.
    fn finish(&mut self, ending: Ending) -> anyhow::Result<Ending> {
        let last = self.live.finish()?;
        self.learn(&last);
        Ok(self.print(&last)?.unwrap_or(ending))
    }

    /// Finds out what `occurrences` need to be known, where that is wanted; says once what cannot be.
    fn learn(&mut self, occurrences: &[Occurrence]) {
        if self.sights.questions.are_none() || occurrences.is_empty() {
            return;
        }
        let context = self.live.session().context();
        let mut asked = Asked::default();
        occurrences.iter().for_each(|it| self.sights.ask(context, it, &mut asked));
        if asked.is_empty() {
            return;
        }
        for degradation in self.live.answer(asked, PATIENCE) {
            if !self.said.contains(&degradation) {
                self.console.note(&all_notes(std::slice::from_ref(&degradation)));
                self.said.push(degradation);
            }
        }
    }

    /// Prints those of `occurrences` that are wanted; answers whether this was the end.
    fn print(&mut self, occurrences: &[Occurrence]) -> anyhow::Result<Option<Ending>> {
        let context = self.live.session().context();
        let mut rows: Vec<Row<'_>> = Vec::new();
        for occurrence in occurrences {
            if self.sights.count == Some(self.matched) {
                break;
            }
            if occurrence.action == Action::Lost {
                self.lost = self.lost.saturating_add(occurrence.lost.unwrap_or_default());
                rows.extend(Row::occurred(context, occurrence));
            } else if let Some(row) = self.sights.row(context, occurrence) {
                self.matched += 1;
                rows.push(row);
            }
        }
        let text = self.printer.render(&rows);
        if !text.is_empty() && self.console.append(&text)? == Reader::Gone {
            return Ok(Some(Ending::Unread));
        }
        Ok((self.sights.count == Some(self.matched)).then_some(Ending::Count))
    }

    /// Says at the end what was lost on the way, and what events failed to tell.
    fn note_flaws(&mut self) {
        let defects = self.live.session().defects();
        let last = defects.last.as_deref().map(|last| format!(" (the last: {})", escaped(last)));
        let flaws = [
            (self.lost, "event was lost", "events were lost", None),
            (defects.total(), "change was not told", "changes were not told", last),
        ];
        for (count, one, many, which) in flaws.into_iter().filter(|flaw| flaw.0 > 0) {
            let count = number_of(usize::try_from(count).unwrap_or(usize::MAX), one, many);
            let which = which.unwrap_or_default();
            self.console.note(
                format!("sockeye: note: {count}, and made good by looking again{which}\n")
                    .as_bytes(),
            );
        }
    }

    /// What the exit status says.
    fn status(&mut self, ending: Ending) -> Status {
        if ending != Ending::Time || self.matched > 0 {
            return Status::Found;
        }
        self.console.note(b"sockeye: nothing happened that matches\n");
        Status::Nothing
    }
}
