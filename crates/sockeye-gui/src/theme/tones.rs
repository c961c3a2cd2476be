//! The colours of both themes, each with a form of high contrast.

use eframe::egui::{Color32, Theme};
use sockeye_core::session::Phase;

/// How far text stands out.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) enum Contrast {
    /// At least 4.5 to 1 (WCAG 2.2, 1.4.3).
    #[default]
    Usual,
    /// At least 7 to 1 (1.4.6), and every line is seen.
    High,
}

/// The colours of a theme, by what they are for.
#[derive(Debug)]
pub(crate) struct Tones {
    pub(crate) is_dark: bool,
    /// Behind bars.
    pub(crate) panel: Color32,
    /// Behind rows.
    pub(crate) table: Color32,
    /// Behind dialogs and menus.
    pub(crate) raised: Color32,
    /// Behind text that is typed.
    pub(crate) field: Color32,
    pub(crate) button: Color32,
    pub(crate) hover: Color32,
    pub(crate) pressed: Color32,
    /// Between parts.
    pub(crate) line: Color32,
    /// Around what is clicked.
    pub(crate) edge: Color32,
    pub(crate) text: Color32,
    /// Text that matters less.
    pub(crate) dim: Color32,
    pub(crate) accent: Color32,
    /// Text on the accent.
    pub(crate) on_accent: Color32,
    /// Behind rows that are chosen.
    pub(crate) selected: Color32,
    pub(crate) on_selected: Color32,
    pub(crate) good: Color32,
    pub(crate) warning: Color32,
    pub(crate) error: Color32,
    /// Behind rows that opened, changed and closed, and the bar at their left.
    opened: (Color32, Color32),
    changed: (Color32, Color32),
    closed: (Color32, Color32),
}

const fn rgb(number: u32) -> Color32 {
    let [_, red, green, blue] = number.to_be_bytes();
    Color32::from_rgb(red, green, blue)
}

const LIGHT_TONES: Tones = Tones {
    is_dark: false,
    panel: rgb(0x00f5_f6f8),
    table: rgb(0x00ff_ffff),
    raised: rgb(0x00ff_ffff),
    field: rgb(0x00ff_ffff),
    button: rgb(0x00ff_ffff),
    hover: rgb(0x00ec_eff3),
    pressed: rgb(0x00e1_e6ec),
    line: rgb(0x00e2_e5ea),
    edge: rgb(0x00cf_d5dc),
    text: rgb(0x001b_2027),
    dim: rgb(0x0058_626f),
    accent: rgb(0x000b_62c4),
    on_accent: rgb(0x00ff_ffff),
    selected: rgb(0x00cd_e2fb),
    on_selected: rgb(0x0010_2a4a),
    good: rgb(0x0013_7a35),
    warning: rgb(0x008f_5b00),
    error: rgb(0x00b4_231c),
    opened: (rgb(0x00de_f5e4), rgb(0x001f_9d4c)),
    changed: (rgb(0x00fd_f1cd), rgb(0x00c6_8a00)),
    closed: (rgb(0x00fc_e2e0), rgb(0x00d1_3b33)),
};

static LIGHT: Tones = LIGHT_TONES;

static LIGHT_HIGH: Tones = Tones {
    panel: rgb(0x00ff_ffff),
    line: rgb(0x006a_7480),
    edge: rgb(0x0030_3841),
    text: rgb(0x0000_0000),
    dim: rgb(0x0030_363e),
    accent: rgb(0x0000_3f8f),
    on_selected: rgb(0x0000_0000),
    good: rgb(0x0000_541f),
    warning: rgb(0x005e_3b00),
    error: rgb(0x0086_0f0a),
    ..LIGHT_TONES
};

const DARK_TONES: Tones = Tones {
    is_dark: true,
    panel: rgb(0x001d_2126),
    table: rgb(0x0015_181c),
    raised: rgb(0x0024_292f),
    field: rgb(0x0015_181c),
    button: rgb(0x0027_2c33),
    hover: rgb(0x002f_353d),
    pressed: rgb(0x0039_414b),
    line: rgb(0x002b_3138),
    edge: rgb(0x003a_424c),
    text: rgb(0x00e4_e8ed),
    dim: rgb(0x009d_a8b5),
    accent: rgb(0x0062_adf8),
    on_accent: rgb(0x0008_1828),
    selected: rgb(0x001f_416b),
    on_selected: rgb(0x00f2_f6fb),
    good: rgb(0x0056_c57b),
    warning: rgb(0x00e6_b450),
    error: rgb(0x00f5_827a),
    opened: (rgb(0x0015_3323), rgb(0x003f_b968)),
    changed: (rgb(0x0038_2f12), rgb(0x00e0_ad3a)),
    closed: (rgb(0x003d_1f20), rgb(0x00ec_6660)),
};

static DARK: Tones = DARK_TONES;

static DARK_HIGH: Tones = Tones {
    panel: rgb(0x0000_0000),
    table: rgb(0x0000_0000),
    raised: rgb(0x000c_0e10),
    field: rgb(0x0000_0000),
    line: rgb(0x008a_95a2),
    edge: rgb(0x00c9_d1da),
    text: rgb(0x00ff_ffff),
    dim: rgb(0x00d5_dbe2),
    accent: rgb(0x0093_c8ff),
    on_selected: rgb(0x00ff_ffff),
    good: rgb(0x008a_eaa8),
    warning: rgb(0x00ff_d580),
    error: rgb(0x00ff_b1ab),
    ..DARK_TONES
};

impl Tones {
    /// The colours of a theme.
    pub(crate) fn of(theme: Theme, contrast: Contrast) -> &'static Self {
        match (theme, contrast) {
            (Theme::Light, Contrast::Usual) => &LIGHT,
            (Theme::Light, Contrast::High) => &LIGHT_HIGH,
            (Theme::Dark, Contrast::Usual) => &DARK,
            (Theme::Dark, Contrast::High) => &DARK_HIGH,
        }
    }

    /// What is behind a row in this phase, and the bar at its left; nothing where nothing happened.
    pub(crate) fn of_phase(&self, phase: Phase) -> Option<(Color32, Color32)> {
        match phase {
            Phase::Fresh => Some(self.opened),
            Phase::Changed => Some(self.changed),
            Phase::Closed => Some(self.closed),
            Phase::Steady => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// WCAG 2.2: how far two colours are apart.
    fn contrast(a: Color32, b: Color32) -> f32 {
        let luminance = |color: Color32| {
            let channel = |value: u8| {
                let value = f32::from(value) / 255.0;
                if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
            };
            0.2126 * channel(color.r()) + 0.7152 * channel(color.g()) + 0.0722 * channel(color.b())
        };
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn text_can_be_read_on_everything() {
        for (theme, level, least) in [
            (Theme::Light, Contrast::Usual, 4.5),
            (Theme::Dark, Contrast::Usual, 4.5),
            (Theme::Light, Contrast::High, 7.0),
            (Theme::Dark, Contrast::High, 7.0),
        ] {
            let tones = Tones::of(theme, level);
            let check = |what: &str, front: Color32, back: Color32| {
                let found = contrast(front, back);
                assert!(found >= least, "{theme:?} {level:?} {what}: {found:.2}");
            };
            let tints = [tones.opened.0, tones.changed.0, tones.closed.0, tones.table, tones.hover];
            for (place, tint) in tints.into_iter().enumerate() {
                check(&format!("text on tint {place}"), tones.text, tint);
                check(&format!("dim text on tint {place}"), tones.dim, tint);
            }
            for back in [tones.panel, tones.raised, tones.field, tones.button, tones.pressed] {
                check("text", tones.text, back);
            }
            for front in [tones.dim, tones.accent, tones.good, tones.warning, tones.error] {
                check("colours on bars", front, tones.panel);
                check("colours on dialogs", front, tones.raised);
            }
            check("chosen rows", tones.on_selected, tones.selected);
            check("dim text on chosen rows", tones.on_selected, tones.selected);
            check("the accent", tones.on_accent, tones.accent);
        }
    }

    #[test]
    fn bars_stand_out_from_what_is_beside_them() {
        for tones in [&LIGHT, &DARK] {
            for phase in [Phase::Fresh, Phase::Changed, Phase::Closed] {
                let (tint, bar) = tones.of_phase(phase).unwrap();
                // WCAG 2.2, 1.4.11: what is no text.
                assert!(contrast(tint, bar) >= 2.5, "{phase:?}: {:.2}", contrast(tint, bar));
            }
        }
    }
}
