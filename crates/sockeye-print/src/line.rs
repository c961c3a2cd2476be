//! Lines that break between their parts: addresses and paths stay whole, facts fit a line.

use anstyle::Style;

use super::cell;
use super::palette::{Palette, paint};

/// Terminal cells of the `· ` in front of a fact.
const FACT_LEAD: usize = 2;

/// Appends parts to a buffer and begins a new line where the next part would pass the width.
pub(super) struct Line<'b> {
    buf: &'b mut Vec<u8>,
    palette: Palette,
    width: usize,
    /// Spaces in front of what follows a break.
    indent: usize,
    used: usize,
    part: Vec<u8>,
}

impl<'b> Line<'b> {
    /// Lines of at most `width` terminal cells, where their parts allow it.
    pub(super) fn new(buf: &'b mut Vec<u8>, width: usize, palette: Palette) -> Self {
        Self { buf, palette, width, indent: 0, used: 0, part: Vec::new() }
    }

    /// Begins a line whose continuation is set in by `indent`.
    pub(super) fn begin(&mut self, indent: usize) {
        self.indent = indent;
        self.used = 0;
    }

    /// Ends the line.
    pub(super) fn end(&mut self) {
        self.buf.push(b'\n');
    }

    /// Appends what `put` writes, after `gap` spaces.
    pub(super) fn put(&mut self, gap: usize, put: impl FnOnce(&mut Vec<u8>)) {
        self.put_styled(gap, Style::new(), put);
    }

    /// Appends `· ` and what `put` writes: a fact beside the main thing, cut in its middle where it
    /// is too long for a line of its own.
    pub(super) fn put_fact(&mut self, put: impl FnOnce(&mut Vec<u8>)) {
        self.put_short(self.palette.secondary(), |part| {
            part.extend_from_slice("· ".as_bytes());
            put(part);
        });
    }

    /// Appends what `put` writes as more of a fact.
    pub(super) fn put_more(&mut self, put: impl FnOnce(&mut Vec<u8>)) {
        self.put_short(Style::new(), put);
    }

    /// Appends `· ` and `message` as a fact of which no word may be lost: broken between its words
    /// where it is too long for a line of its own.
    pub(super) fn put_message(&mut self, message: &[u8]) {
        if cell::width(message) + FACT_LEAD <= self.room() {
            return self.put_fact(|part| part.extend_from_slice(message));
        }
        let mut words = message.split(|byte| *byte == b' ');
        self.put_fact(|part| part.extend_from_slice(words.next().unwrap_or_default()));
        for word in words {
            self.put_short(self.palette.secondary(), |part| part.extend_from_slice(word));
        }
    }

    /// Appends what `put` writes at column `start`, or two spaces after what stands there already;
    /// nothing when that is nothing.
    pub(super) fn put_cell(&mut self, start: usize, style: Style, put: impl FnOnce(&mut Vec<u8>)) {
        let gap = if self.used == 0 { start } else { start.saturating_sub(self.used).max(2) };
        self.put_styled(gap, style, put);
    }

    /// Appends a path: in one piece where the line has room for it, else broken after slashes, or
    /// Windows' backslashes, so that no name in it is cut.
    pub(super) fn put_path(&mut self, path: &[u8]) {
        if self.used + cell::width(path) <= self.width {
            return self.put(0, |part| part.extend_from_slice(path));
        }
        let slash = if path.starts_with(b"/") { b'/' } else { b'\\' };
        for piece in path.split_inclusive(|byte| *byte == slash) {
            self.put(0, |part| part.extend_from_slice(piece));
        }
    }

    /// Appends what `put` writes after one space, cut in its middle to what a line has room for.
    fn put_short(&mut self, style: Style, put: impl FnOnce(&mut Vec<u8>)) {
        self.part.clear();
        put(&mut self.part);
        let room = self.room();
        cell::shorten(&mut self.part, room);
        self.place(1, style);
    }

    fn put_styled(&mut self, gap: usize, style: Style, put: impl FnOnce(&mut Vec<u8>)) {
        self.part.clear();
        put(&mut self.part);
        self.place(gap, style);
    }

    /// How wide a part may be that follows a break, or one space where no break is made.
    fn room(&self) -> usize {
        self.width.saturating_sub(self.indent + 1)
    }

    /// Appends the part, on a new line where this one has no room for it.
    fn place(&mut self, mut gap: usize, style: Style) {
        let width = cell::width(&self.part);
        if width == 0 {
            return;
        }
        if self.used > self.indent && self.used + gap + width > self.width {
            self.buf.push(b'\n');
            self.used = 0;
            gap = self.indent;
        }
        self.buf.resize(self.buf.len() + gap, b' ');
        paint(self.buf, style, &self.part);
        self.used += gap + width;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn laid_out(put: impl FnOnce(&mut Line<'_>)) -> String {
        let mut buf = Vec::new();
        let mut line = Line::new(&mut buf, 12, Palette::Plain);
        line.begin(2);
        put(&mut line);
        line.end();
        String::from_utf8(buf).unwrap()
    }

    #[test]
    fn facts_are_cut_to_the_line_and_messages_broken() {
        let fact = |text: &'static str| move |part: &mut Vec<u8>| part.extend(text.bytes());
        assert_eq!(laid_out(|line| line.put_fact(fact("0123456"))), " · 0123456\n");
        assert_eq!(laid_out(|line| line.put_fact(fact("0123456789"))), " · 01…6789\n");
        let holders = |line: &mut Line<'_>| {
            line.put_fact(fact("by 1/ab,"));
            line.put_more(fact("2/0123456789"));
        };
        assert_eq!(laid_out(holders), " · by…/ab,\n  2/01…6789\n");
        assert_eq!(laid_out(|line| line.put_message(b"ab cd e")), " · ab cd e\n");
        assert_eq!(laid_out(|line| line.put_message(b"abc def ghijk")), " · abc def\n  ghijk\n");
    }

    #[test]
    fn other_parts_are_never_cut() {
        let check = |parts: &[&str], expected: &str| {
            let put = |line: &mut Line<'_>| {
                for text in parts {
                    line.put(1, |part| part.extend(text.bytes()));
                }
            };
            assert_eq!(laid_out(put), expected);
        };
        check(&["ab", "", "cd"], " ab cd\n");
        check(&["abcdef", "ghijk"], " abcdef\n  ghijk\n");
        check(&["a-part-longer-than-the-line", "x"], " a-part-longer-than-the-line\n  x\n");
        check(&["日本日本", "日"], " 日本日本 日\n");
        check(&["日本日本", "日本"], " 日本日本\n  日本\n");
    }

    #[test]
    fn paths_break_after_slashes() {
        let check = |path: &str, expected: &str| {
            assert_eq!(laid_out(|line| line.put_path(path.as_bytes())), expected);
        };
        check("/bin/cat", "/bin/cat\n");
        check("/usr/lib/firefox/crashhelper", "/usr/lib/\n  firefox/\n  crashhelper\n");
    }
}
