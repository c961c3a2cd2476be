//! Lines that break between their parts, never inside one.

use anstyle::Style;

use super::cell;
use super::palette::{Palette, paint};

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

    /// Appends `· ` and what `put` writes: a fact beside the main thing.
    pub(super) fn put_fact(&mut self, put: impl FnOnce(&mut Vec<u8>)) {
        self.put_styled(1, self.palette.secondary(), |part| {
            part.extend_from_slice("· ".as_bytes());
            put(part);
        });
    }

    /// Appends what `put` writes at column `start`, or two spaces after what stands there already;
    /// nothing when that is nothing.
    pub(super) fn put_cell(&mut self, start: usize, style: Style, put: impl FnOnce(&mut Vec<u8>)) {
        let gap = if self.used == 0 { start } else { start.saturating_sub(self.used).max(2) };
        self.put_styled(gap, style, put);
    }

    /// Appends a path: in one piece where the line has room for it, else broken after slashes, so
    /// that no name in it is cut.
    pub(super) fn put_path(&mut self, path: &[u8]) {
        if self.used + cell::width(path) <= self.width {
            return self.put(0, |part| part.extend_from_slice(path));
        }
        for piece in path.split_inclusive(|byte| *byte == b'/') {
            self.put(0, |part| part.extend_from_slice(piece));
        }
    }

    fn put_styled(&mut self, mut gap: usize, style: Style, put: impl FnOnce(&mut Vec<u8>)) {
        self.part.clear();
        put(&mut self.part);
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
    fn parts_are_never_cut() {
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
