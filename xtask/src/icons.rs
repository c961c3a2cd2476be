//! The application's icon: drawn once, as SVG, and committed as pictures in the sizes that desktops use.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree};

use crate::run;

/// Which way `icons` works.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Write nothing; fail when a picture differs from what would be drawn.
    #[arg(long)]
    check: bool,
}

/// Where drawing and pictures are.
const DIRECTORY: &str = "crates/sockeye-gui/assets";
/// The sides of the pictures, in pixels: those of the hicolor theme that desktops look for.
pub(crate) const SIZES: [u32; 8] = [16, 24, 32, 48, 64, 128, 256, 512];
/// How far a colour may be off between machines that round differently, of 255.
const TOLERANCE: u8 = 2;

/// The drawing.
pub(crate) fn drawing() -> PathBuf {
    run::root().join(DIRECTORY).join("sockeye.svg")
}

/// The picture with sides of `size` pixels.
pub(crate) fn picture(size: u32) -> PathBuf {
    run::root().join(DIRECTORY).join(format!("sockeye-{size}.png"))
}

/// Draws the pictures, or checks them.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    if arguments.check { check() } else { write() }
}

/// Fails with the sizes of the pictures that are not current.
pub(crate) fn check() -> anyhow::Result<()> {
    let tree = read_drawing()?;
    let mut different = Vec::new();
    for size in SIZES {
        let committed = Pixmap::load_png(picture(size));
        let drawn = draw(&tree, size)?;
        if !committed.is_ok_and(|committed| are_alike(&committed, &drawn)) {
            different.push(size.to_string());
        }
    }
    if !different.is_empty() {
        bail!("not what sockeye.svg shows, run `cargo xtask icons`: {}", different.join(", "));
    }
    Ok(())
}

fn write() -> anyhow::Result<()> {
    let tree = read_drawing()?;
    for size in SIZES {
        let path = picture(size);
        let drawn = draw(&tree, size)?;
        drawn.save_png(&path).with_context(|| format!("cannot write {}", path.display()))?;
    }
    println!("wrote {} pictures to {DIRECTORY}", SIZES.len());
    Ok(())
}

fn read_drawing() -> anyhow::Result<Tree> {
    let path = drawing();
    let svg = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    Tree::from_data(&svg, &Options::default())
        .with_context(|| format!("cannot understand {}", path.display()))
}

/// The drawing, as large as fits a square of `size` pixels.
fn draw(tree: &Tree, size: u32) -> anyhow::Result<Pixmap> {
    let mut pixmap = Pixmap::new(size, size).context("a picture has sides")?;
    let scale = f64::from(size) / f64::from(tree.size().width().max(tree.size().height()));
    #[expect(clippy::cast_possible_truncation, reason = "a scale needs no more digits")]
    let scale = scale as f32;
    resvg::render(tree, Transform::from_scale(scale, scale), &mut pixmap.as_mut());
    Ok(pixmap)
}

/// Whether two pictures have the same size and, but for rounding, the same colours.
fn are_alike(left: &Pixmap, right: &Pixmap) -> bool {
    let is_near = |(left, right): (&u8, &u8)| left.abs_diff(*right) <= TOLERANCE;
    (left.width(), left.height()) == (right.width(), right.height())
        && left.data().iter().zip(right.data()).all(is_near)
}

#[cfg(test)]
mod tests {
    use resvg::tiny_skia::PremultipliedColorU8;

    use super::*;

    #[test]
    fn another_drawing_is_another_picture() {
        let draw_svg = |body: &str, size| {
            let svg =
                format!("<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 8 8'>{body}</svg>");
            draw(&Tree::from_str(&svg, &Options::default()).unwrap(), size).unwrap()
        };
        let square = draw_svg("<path fill='#e5293b' d='M1 1h6v6h-6z'/>", 16);
        assert_eq!(square.pixel(8, 8).map(|p| (p.red(), p.alpha())), Some((0xe5, 255)));
        assert_eq!(square.pixel(0, 0).map(PremultipliedColorU8::alpha), Some(0));
        let check = |body, size, expected| {
            assert_eq!(are_alike(&square, &draw_svg(body, size)), expected, "{body} {size}");
        };
        check("<path fill='#e42a3a' d='M1 1h6v6h-6z'/>", 16, true);
        check("<path fill='#e5893b' d='M1 1h6v6h-6z'/>", 16, false);
        check("<path fill='#e5293b' d='M1 1h6v5h-6z'/>", 16, false);
        check("<path fill='#e5293b' d='M1 1h6v6h-6z'/>", 32, false);
    }

    #[test]
    fn the_pictures_are_current() {
        check().unwrap();
    }
}
