//! What `--timing` prints: how long the window's own code took for each frame.

use std::io::Write as _;
use std::time::Duration;

use eframe::egui;

/// Prints a line for each frame.
#[derive(Default, Debug)]
pub(crate) struct Timing {
    has_shown_rows: bool,
}

impl Timing {
    /// Prints how many µs the code took for one frame, and how many rows the table had then.
    ///
    /// After the first frame with rows there is a second one, whose line comes when the first is on the
    /// screen: a frame begins when the one before it was handed to the screen.
    pub(crate) fn note(&mut self, ctx: &egui::Context, took: Duration, rows: usize) {
        // Whoever measures may be gone: the window stays.
        let _ = writeln!(std::io::stdout(), "frame {} {rows}", took.as_micros());
        if rows > 0 && !self.has_shown_rows {
            self.has_shown_rows = true;
            ctx.request_repaint();
        }
    }
}
