//! A screen that nobody sees, for windows that tests open: an Xvfb of its own.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context as _, ensure};
use resvg::tiny_skia::{ColorU8, Pixmap};

use crate::run;

/// A screen; it ends when it is dropped.
pub(crate) struct Screen {
    server: Child,
    /// What programs find it by, as DISPLAY.
    pub(crate) display: String,
    /// Where it keeps its pixels.
    directory: PathBuf,
}

impl Screen {
    /// Opens one with so many pixels.
    ///
    /// # Errors
    ///
    /// When a program is not installed, or does not start.
    pub(crate) fn open((width, height): (u32, u32)) -> anyhow::Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        for program in ["Xvfb", "xdotool"] {
            ensure!(run::is_installed(program), "{program} is not installed");
        }
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("sockeye-screen-{}-{number}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        fs::create_dir_all(&directory)?;
        // Without -noreset it starts anew whenever its last client leaves, and turns others away then.
        let mut server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-nolisten", "tcp", "-noreset", "-screen", "0"])
            .arg(format!("{width}x{height}x24"))
            .arg("-fbdir")
            .arg(&directory)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let mut number = String::new();
        let output = server.stdout.take().context("a process without output")?;
        BufReader::new(output).read_line(&mut number)?;
        Ok(Self { server, display: format!(":{}", number.trim()), directory })
    }

    /// The command that does what `words` say by xdotool.
    pub(crate) fn xdotool(&self, words: &str) -> Command {
        let mut command = Command::new("xdotool");
        command.args(words.split(' ')).env("DISPLAY", &self.display);
        command
    }

    /// What it shows.
    ///
    /// # Errors
    ///
    /// When its pixels are not to be had.
    pub(crate) fn picture(&self) -> anyhow::Result<Pixmap> {
        let bytes = fs::read(self.directory.join("Xvfb_screen0"))?;
        decode(&bytes).context("Xvfb keeps its screen in another way")
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.server.kill();
        let _ = self.server.wait();
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// Reads a window dump (X11/XWDFile.h): a header of numbers that begin with the highest byte, a table of
/// colours that are 12 bytes each, then pixels. Only what Xvfb writes is read: 32 bits for each, blue first.
fn decode(bytes: &[u8]) -> Option<Pixmap> {
    let field = |place: usize| {
        let number = bytes.get(place * 4..place * 4 + 4)?;
        Some(u32::from_be_bytes(number.try_into().ok()?))
    };
    let (header, width, height) = (field(0)?, field(4)?, field(5)?);
    let (order, bits, line, colors) = (field(7)?, field(11)?, field(12)?, field(19)?);
    if (order, bits) != (0, 32) {
        return None;
    }
    let pixels = bytes.get(usize::try_from(header + colors * 12).ok()?..)?;
    let mut picture = Pixmap::new(width, height)?;
    let lines = pixels.chunks_exact(usize::try_from(line).ok()?);
    let seen = lines.flat_map(|line| line.chunks_exact(4).take(width as usize));
    let mut drawn = 0;
    for (pixel, seen) in picture.pixels_mut().iter_mut().zip(seen) {
        let [blue, green, red, _] = *<&[u8; 4]>::try_from(seen).ok()?;
        *pixel = ColorU8::from_rgba(red, green, blue, 255).premultiply();
        drawn += 1;
    }
    (drawn == u64::from(width) * u64::from(height)).then_some(picture)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_are_read_line_by_line() {
        let mut fields = [0_u32; 25];
        // Two pixels by one, in a line of twelve bytes, with one colour in the table.
        (fields[0], fields[4], fields[5], fields[11], fields[12], fields[19]) =
            (100, 2, 1, 32, 12, 1);
        let mut bytes: Vec<u8> = fields.iter().flat_map(|field| field.to_be_bytes()).collect();
        bytes.extend([0; 12]);
        bytes.extend([1, 2, 3, 0, 4, 5, 6, 0, 9, 9, 9, 9]);
        let picture = decode(&bytes).unwrap();
        let colors: Vec<_> =
            picture.pixels().iter().map(|p| [p.red(), p.green(), p.blue()]).collect();
        assert_eq!(colors, [[3, 2, 1], [6, 5, 4]]);
        assert!(decode(&bytes[..bytes.len() - 1]).is_none());
        assert!(decode(&bytes[..50]).is_none());
    }
}
