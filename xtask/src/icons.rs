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
/// The sides of the pictures inside of Windows' icon, in pixels: those that its shell asks for at usual scales.
const ICO_SIZES: [u32; 9] = [16, 20, 24, 32, 40, 48, 64, 128, 256];
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

/// Windows' icon, which is linked into both programs.
fn ico() -> PathBuf {
    run::root().join(DIRECTORY).join("sockeye.ico")
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
    let inside = fs::read(ico()).map(|bytes| unpack(&bytes)).unwrap_or_default();
    for (index, size) in ICO_SIZES.into_iter().enumerate() {
        let drawn = draw(&tree, size)?;
        if !inside.get(index).is_some_and(|committed| are_alike(committed, &drawn)) {
            different.push(format!("{size} in sockeye.ico"));
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
    let pictures =
        ICO_SIZES.map(|size| draw(&tree, size)).into_iter().collect::<Result<Vec<_>, _>>()?;
    fs::write(ico(), pack(&pictures)?).context("cannot write sockeye.ico")?;
    println!("wrote {} pictures and sockeye.ico to {DIRECTORY}", SIZES.len());
    Ok(())
}

/// Pictures in one file: a directory of 6 + 16 × n bytes (ICONDIR, ICONDIRENTRY: learn.microsoft.com, "Icons"),
/// then each as PNG, which Windows reads in every size since Vista.
fn pack(pictures: &[Pixmap]) -> anyhow::Result<Vec<u8>> {
    let encoded = pictures.iter().map(Pixmap::encode_png).collect::<Result<Vec<_>, _>>()?;
    let mut bytes = Vec::new();
    // Reserved, 1 for icons, how many.
    for word in [0, 1, u16::try_from(encoded.len())?] {
        bytes.extend(word.to_le_bytes());
    }
    let mut offset = u32::try_from(6 + 16 * encoded.len())?;
    for (picture, png) in pictures.iter().zip(&encoded) {
        let length = u32::try_from(png.len())?;
        // 0 stands for 256. No palette; one plane of 32 bits.
        bytes.extend([picture.width() as u8, picture.height() as u8, 0, 0, 1, 0, 32, 0]);
        bytes.extend(length.to_le_bytes());
        bytes.extend(offset.to_le_bytes());
        offset += length;
    }
    bytes.extend(encoded.concat());
    Ok(bytes)
}

/// What [`pack`] packed, as far as it can be read.
fn unpack(bytes: &[u8]) -> Vec<Pixmap> {
    let number = |at: usize| -> Option<usize> {
        let bytes = bytes.get(at..at + 4)?.try_into().ok()?;
        usize::try_from(u32::from_le_bytes(bytes)).ok()
    };
    let picture = |place: usize| {
        let entry = 6 + 16 * place;
        let (length, offset) = (number(entry + 8)?, number(entry + 12)?);
        Pixmap::decode_png(bytes.get(offset..offset.checked_add(length)?)?).ok()
    };
    (0..ICO_SIZES.len()).map_while(picture).collect()
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
    fn what_is_packed_is_unpacked() {
        let pictures: Vec<Pixmap> = [16, 256].map(|size| Pixmap::new(size, size).unwrap()).into();
        let bytes = pack(&pictures).unwrap();
        assert_eq!(bytes[..8], [0, 0, 1, 0, 2, 0, 16, 16]);
        assert_eq!(bytes[22..24], [0, 0]);
        assert_eq!(unpack(&bytes), pictures);
        assert_eq!(unpack(&bytes[..bytes.len() - 1]), pictures[..1]);
        assert!(unpack(b"").is_empty());
    }

    #[test]
    fn the_pictures_are_current() {
        check().unwrap();
    }
}
