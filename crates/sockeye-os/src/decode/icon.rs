//! Pixels of an icon, as GDI gives them, become a picture.

/// A picture, line by line from the top, four bytes for each pixel.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Picture {
    /// How many pixels a line has.
    pub width: u32,
    /// How many lines there are.
    pub height: u32,
    /// Red, green, blue and opacity of each pixel, colours not multiplied by opacity.
    pub rgba: Vec<u8>,
}

/// Makes a picture of 32 bits for each pixel: blue, green, red, opacity. Icons from before Windows XP have
/// no opacity; of those `mask` says where they are seen through, in pixels of the same layout: black is
/// opaque. `None` where there are fewer pixels than that.
pub fn decode((width, height): (u32, u32), colours: &[u8], mask: &[u8]) -> Option<Picture> {
    let bytes = (u64::from(width) * u64::from(height)).checked_mul(4)?;
    let bytes = usize::try_from(bytes).ok()?;
    let colours = colours.get(..bytes)?;
    let has_opacity =
        colours.chunks_exact(4).any(|pixel| pixel.last().is_some_and(|alpha| *alpha > 0));
    let mask = if has_opacity { mask } else { mask.get(..bytes)? };
    let mut masked = mask.chunks_exact(4);
    let mut rgba = Vec::with_capacity(bytes);
    for pixel in colours.chunks_exact(4) {
        let [blue, green, red, alpha] = <[u8; 4]>::try_from(pixel).unwrap_or_default();
        let is_opaque = masked.next().is_none_or(|mask| mask.first() == Some(&0));
        let masked = if is_opaque { 255 } else { 0 };
        rgba.extend([red, green, blue, if has_opacity { alpha } else { masked }]);
    }
    Some(Picture { width, height, rgba })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn colours_change_places_and_opacity_is_that_of_the_icon_or_its_mask() {
        let check = |colours: &[u8], mask: &[u8], expected: &[u8]| {
            let picture = decode((2, 1), colours, mask).unwrap();
            assert_eq!(picture.rgba, expected, "{colours:?} {mask:?}");
        };
        check(&[1, 2, 3, 9, 4, 5, 6, 0], &[255; 8], &[3, 2, 1, 9, 6, 5, 4, 0]);
        check(
            &[1, 2, 3, 0, 4, 5, 6, 0],
            &[0, 0, 0, 0, 255, 255, 255, 0],
            &[3, 2, 1, 255, 6, 5, 4, 0],
        );
        assert_eq!(decode((2, 1), &[1; 7], &[0; 8]), None);
        assert_eq!(decode((2, 1), &[0; 8], &[0; 7]), None);
        assert_eq!(decode((u32::MAX, u32::MAX), &[0; 8], &[]), None);
    }

    proptest! {
        #[test]
        fn any_pixels_make_a_whole_picture_or_none(
            (width, height) in (0_u32..9, 0_u32..9),
            colours: Vec<u8>,
            mask: Vec<u8>,
        ) {
            if let Some(picture) = decode((width, height), &colours, &mask) {
                prop_assert_eq!(picture.rgba.len() as u32, width * height * 4);
            }
        }
    }
}
