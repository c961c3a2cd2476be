//! Pictures of programs, as icon themes have them: PNG and SVG, read without trusting them.

use std::fs::File;
use std::io::{Cursor, Read};
use std::path::Path;

use eframe::egui::ColorImage;
use image::{ImageFormat, ImageReader, Limits};
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{ImageHrefResolver, Options, Tree};

/// A file that is larger is no icon.
const BYTES: u64 = 1 << 20;
/// A picture with longer sides is no icon.
const SIDE: u32 = 1024;
/// So many elements of an SVG are drawn at most; icons of themes have some hundreds.
const ELEMENTS: usize = 5_000;

/// Reads the icon at `path`; an SVG is drawn `size` pixels wide. `None` where it cannot be read.
pub(super) fn read(path: &Path, size: u16) -> Option<ColorImage> {
    let mut bytes = Vec::new();
    let file = File::open(path).ok().filter(|file| file.metadata().is_ok_and(|it| it.is_file()))?;
    file.take(BYTES + 1).read_to_end(&mut bytes).ok()?;
    if bytes.len() as u64 > BYTES {
        return None;
    }
    match path.extension().and_then(|end| end.to_str()) {
        Some("svg") => draw(&bytes, size),
        // Themes may call a picture .xpm: nobody has such any more.
        Some("png") => decode(&bytes),
        _ => None,
    }
}

/// Decodes a PNG.
fn decode(bytes: &[u8]) -> Option<ColorImage> {
    let mut limits = Limits::default();
    limits.max_image_width = Some(SIDE);
    limits.max_image_height = Some(SIDE);
    limits.max_alloc = Some(u64::from(SIDE * SIDE * 8));
    let mut reader = ImageReader::with_format(Cursor::new(bytes), ImageFormat::Png);
    reader.limits(limits);
    let picture = reader.decode().ok()?.into_rgba8();
    let sides = [picture.width() as usize, picture.height() as usize];
    Some(ColorImage::from_rgba_unmultiplied(sides, picture.as_raw()))
}

/// Draws an SVG into a square of `size` pixels, in its middle. Nothing that it links to is read.
fn draw(bytes: &[u8], size: u16) -> Option<ColorImage> {
    let text = std::str::from_utf8(bytes).ok()?;
    // A tree in which elements use others that use others grows beyond all measure.
    if text.matches('<').count() > ELEMENTS || text.matches("<use").count() > 64 {
        return None;
    }
    let options = Options {
        image_href_resolver: ImageHrefResolver {
            resolve_data: Box::new(|_, _, _| None),
            resolve_string: Box::new(|_, _| None),
        },
        ..Options::default()
    };
    let tree = Tree::from_str(text, &options).ok()?;
    let side = f32::from(size);
    let scale = side / tree.size().width().max(tree.size().height());
    let left = (side - tree.size().width() * scale) / 2.0;
    let top = (side - tree.size().height() * scale) / 2.0;
    let mut pixmap = Pixmap::new(size.into(), size.into())?;
    let transform = Transform::from_scale(scale, scale).post_translate(left, top);
    resvg::render(&tree, transform, &mut pixmap.as_mut());
    let sides = [usize::from(size), usize::from(size)];
    Some(ColorImage::from_rgba_premultiplied(sides, pixmap.data()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_icon_is_read_from_both_formats() {
        let assets = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets");
        let drawn = read(&assets.join("sockeye.svg"), 64).unwrap();
        let decoded = read(&assets.join("sockeye-64.png"), 64).unwrap();
        assert_eq!((drawn.size, decoded.size), ([64, 64], [64, 64]));
        let is_near = |(a, b): (&eframe::egui::Color32, &eframe::egui::Color32)| {
            a.to_array().iter().zip(b.to_array()).all(|(a, b)| a.abs_diff(b) <= 3)
        };
        let near = drawn.pixels.iter().zip(&decoded.pixels).filter(|pair| is_near(*pair)).count();
        assert!(near > 64 * 64 * 98 / 100, "{near}");
        assert!(drawn.pixels.iter().any(|pixel| pixel.r() > 200 && pixel.g() < 80));
    }

    #[test]
    fn what_is_no_icon_is_none() {
        assert!(decode(b"no picture").is_none());
        assert!(draw(b"no drawing", 32).is_none());
        assert!(draw(&b"<a/>".repeat(ELEMENTS + 1), 32).is_none());
        assert!(read(Path::new("/dev/zero.png"), 32).is_none());
        assert!(read(Path::new(env!("CARGO_MANIFEST_DIR")), 32).is_none());
        // A header that promises 2^31 pixels a side, and nothing behind it.
        let mut huge =
            b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\x7f\xff\xff\xff\x7f\xff\xff\xff\x08\x06\0\0\0".to_vec();
        huge.extend([0; 16]);
        assert!(decode(&huge).is_none());
        let wide = "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 20 10'><path d='M0 0h20v10h-20z' fill='#ff0000'/></svg>";
        let drawn = draw(wide.as_bytes(), 20).unwrap();
        assert_eq!((drawn[(10, 2)].a(), drawn[(10, 10)].r()), (0, 255));
    }
}
