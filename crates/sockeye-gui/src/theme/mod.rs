//! How everything looks: faces, colours of both themes, spacing.

pub(crate) mod icon;
mod tones;

use std::sync::Arc;

use eframe::egui::{
    self, Color32, CornerRadius, FontData, FontDefinitions, FontFamily, FontId, Margin, Shadow,
    Stroke, Style, TextStyle, Theme, ThemePreference, Vec2, Visuals,
};

pub(crate) use tones::{Contrast, Tones};

/// Height of a row of the table, in points.
pub(crate) const ROW: f32 = 22.0;
/// Height of what is clicked in bars.
pub(crate) const CONTROL: f32 = 26.0;
/// Size of text.
pub(crate) const TEXT: f32 = 13.0;
/// Size of what matters less.
pub(crate) const SMALL: f32 = 12.0;
/// Half a step of the grid that everything stands on.
pub(crate) const HALF: f32 = 4.0;
/// A step of that grid.
pub(crate) const STEP: f32 = 8.0;
/// Roundness of what is clicked.
const ROUND: CornerRadius = CornerRadius::same(4);

/// The face of headings.
pub(crate) fn bold(size: f32) -> FontId {
    FontId::new(size, FontFamily::Name("bold".into()))
}

/// The face of everything else, icons included.
pub(crate) fn plain(size: f32) -> FontId {
    FontId::new(size, FontFamily::Proportional)
}

/// Gives `ctx` its faces and colours. Both themes are set up; which of them holds follows
/// `preference`.
pub(crate) fn apply(ctx: &egui::Context, preference: ThemePreference, contrast: Contrast) {
    ctx.set_theme(preference);
    for theme in [Theme::Light, Theme::Dark] {
        ctx.style_mut_of(theme, |style| set_style(style, Tones::of(theme, contrast)));
    }
    ctx.options_mut(|options| options.zoom_with_keyboard = false);
}

/// Gives `ctx` its faces: Inter with figures of one width, and icons.
pub(crate) fn install_faces(ctx: &egui::Context) {
    let mut fonts = FontDefinitions::empty();
    let faces: [(&str, &'static [u8]); 3] = [
        ("inter", include_bytes!("../../assets/Inter-Regular.otf")),
        ("inter-bold", include_bytes!("../../assets/Inter-SemiBold.otf")),
        ("icons", include_bytes!("../../assets/icons.ttf")),
    ];
    for (name, bytes) in faces {
        let mut data = FontData::from_static(bytes);
        if name == "icons" {
            // Phosphor draws around the middle of its square, text stands on the line.
            data.tweak.y_offset_factor = 0.06;
            data.tweak.scale = 1.2;
        }
        fonts.font_data.insert(name.to_owned(), Arc::new(data));
    }
    let family = |first: &str| vec![first.to_owned(), "icons".to_owned()];
    fonts.families.insert(FontFamily::Proportional, family("inter"));
    fonts.families.insert(FontFamily::Monospace, family("inter"));
    fonts.families.insert(FontFamily::Name("bold".into()), family("inter-bold"));
    ctx.set_fonts(fonts);
}

/// Sizes, distances and colours of what egui draws itself.
fn set_style(style: &mut Style, tones: &Tones) {
    style.text_styles = [
        (TextStyle::Small, plain(SMALL)),
        (TextStyle::Body, plain(TEXT)),
        (TextStyle::Monospace, plain(TEXT)),
        (TextStyle::Button, plain(TEXT)),
        (TextStyle::Heading, bold(16.0)),
    ]
    .into();
    let spacing = &mut style.spacing;
    spacing.item_spacing = Vec2::new(STEP, HALF);
    spacing.button_padding = Vec2::new(STEP, HALF);
    spacing.menu_margin = Margin::same(4);
    spacing.window_margin = Margin::same(16);
    spacing.interact_size = Vec2::new(CONTROL, CONTROL);
    spacing.icon_width = 16.0;
    spacing.icon_spacing = 6.0;
    spacing.tooltip_width = 480.0;
    spacing.scroll = egui::style::ScrollStyle::floating();
    spacing.scroll.fade.strength = 0.0;
    spacing.scroll.dormant_handle_opacity = 0.5;
    style.interaction.selectable_labels = false;
    style.interaction.tooltip_delay = 0.4;
    style.animation_time = 0.08;
    style.visuals = visuals(tones);
}

fn visuals(tones: &Tones) -> Visuals {
    let mut visuals = if tones.is_dark { Visuals::dark() } else { Visuals::light() };
    let hairline = Stroke::new(1.0, tones.line);
    let widgets = &mut visuals.widgets;
    for widget in [
        &mut widgets.noninteractive,
        &mut widgets.inactive,
        &mut widgets.hovered,
        &mut widgets.active,
        &mut widgets.open,
    ] {
        widget.corner_radius = ROUND;
        widget.expansion = 0.0;
        widget.bg_stroke = Stroke::NONE;
        widget.fg_stroke = Stroke::new(1.0, tones.text);
    }
    widgets.noninteractive.bg_fill = tones.panel;
    widgets.noninteractive.weak_bg_fill = tones.panel;
    widgets.noninteractive.bg_stroke = hairline;
    (widgets.inactive.bg_fill, widgets.inactive.weak_bg_fill) = (tones.field, tones.button);
    widgets.inactive.bg_stroke = Stroke::new(1.0, tones.edge);
    (widgets.hovered.bg_fill, widgets.hovered.weak_bg_fill) = (tones.field, tones.hover);
    widgets.hovered.bg_stroke = Stroke::new(1.0, tones.edge);
    (widgets.active.bg_fill, widgets.active.weak_bg_fill) = (tones.pressed, tones.pressed);
    widgets.active.bg_stroke = Stroke::new(1.0, tones.accent);
    (widgets.open.bg_fill, widgets.open.weak_bg_fill) = (tones.pressed, tones.pressed);
    visuals.selection.bg_fill = tones.selected;
    visuals.selection.stroke = Stroke::new(1.0, tones.on_selected);
    visuals.hyperlink_color = tones.accent;
    visuals.weak_text_color = Some(tones.dim);
    visuals.panel_fill = tones.panel;
    visuals.window_fill = tones.raised;
    visuals.window_stroke = Stroke::new(1.0, tones.edge);
    visuals.window_corner_radius = CornerRadius::same(8);
    visuals.menu_corner_radius = CornerRadius::same(6);
    visuals.extreme_bg_color = tones.table;
    visuals.text_edit_bg_color = Some(tones.field);
    visuals.faint_bg_color = tones.panel;
    visuals.code_bg_color = tones.button;
    visuals.warn_fg_color = tones.warning;
    visuals.error_fg_color = tones.error;
    visuals.striped = false;
    let shade = if tones.is_dark { 110 } else { 38 };
    let shadow = |offset: i8, blur| Shadow {
        offset: [0, offset],
        blur,
        spread: 0,
        color: Color32::from_black_alpha(shade),
    };
    visuals.popup_shadow = shadow(4, 12);
    visuals.window_shadow = shadow(8, 28);
    visuals
}
