//! Draws a window without a graphics card: triangles with textures, as egui's painters do it.
//!
//! The same everywhere: pictures can be compared with those that are committed.

use std::collections::HashMap;

use eframe::egui::{
    self, Color32, Context, FullOutput, ImageData, Pos2, Rect, TextureId, TexturesDelta,
};
use egui_kittest::TestRenderer;
use image::{Rgba, RgbaImage};

/// Textures, and what draws with them.
#[derive(Default)]
pub(crate) struct Raster {
    textures: HashMap<TextureId, egui::ColorImage>,
}

impl TestRenderer for Raster {
    fn handle_delta(&mut self, delta: &mut TexturesDelta) {
        let (set, free) = (std::mem::take(&mut delta.set), std::mem::take(&mut delta.free));
        for (id, deltas) in set {
            for delta in deltas {
                let ImageData::Color(image) = &delta.image;
                match delta.pos {
                    None => drop(self.textures.insert(id, (**image).clone())),
                    Some([x, y]) => {
                        let Some(texture) = self.textures.get_mut(&id) else { continue };
                        for row in 0..image.size[1] {
                            let from = row * image.size[0];
                            let to = (y + row) * texture.size[0] + x;
                            texture.pixels[to..to + image.size[0]]
                                .copy_from_slice(&image.pixels[from..from + image.size[0]]);
                        }
                    }
                }
            }
        }
        free.into_iter().for_each(|id| drop(self.textures.remove(&id)));
    }

    fn render(&mut self, ctx: &Context, output: &FullOutput) -> Result<RgbaImage, String> {
        let scale = ctx.pixels_per_point();
        let size = ctx.content_rect().size() * scale;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a window")]
        let mut canvas = Canvas::new(size.x.round() as u32, size.y.round() as u32);
        for primitive in ctx.tessellate(output.shapes.clone(), scale) {
            let egui::epaint::Primitive::Mesh(mesh) = &primitive.primitive else { continue };
            let Some(texture) = self.textures.get(&mesh.texture_id) else { continue };
            let clip = primitive.clip_rect * scale;
            for corners in mesh.indices.chunks_exact(3) {
                let corner = |index: usize| mesh.vertices[corners[index] as usize];
                let corners = [corner(0), corner(1), corner(2)];
                canvas.triangle(corners, (scale, clip), texture);
            }
        }
        Ok(canvas.image)
    }
}

/// What is drawn on.
struct Canvas {
    image: RgbaImage,
}

impl Canvas {
    fn new(width: u32, height: u32) -> Self {
        Self { image: RgbaImage::from_pixel(width, height, Rgba([0, 0, 0, 255])) }
    }

    /// Draws a triangle. A pixel belongs to it if its middle does; one on an edge, to the triangle
    /// right of or below that edge, so that two that share it draw it once.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "pixels of a window"
    )]
    fn triangle(
        &mut self,
        corners: [egui::epaint::Vertex; 3],
        (scale, clip): (f32, Rect),
        texture: &egui::ColorImage,
    ) {
        let [a, mut b, mut c] = corners;
        let position = |vertex: &egui::epaint::Vertex| vertex.pos * scale;
        let area = cross(position(&a), position(&b), position(&c));
        if area == 0.0 || !area.is_finite() {
            return;
        }
        if area < 0.0 {
            std::mem::swap(&mut b, &mut c);
        }
        let area = area.abs();
        let points = [position(&a), position(&b), position(&c)];
        let bounds = Rect::from_points(&points).intersect(clip);
        let (width, height) = self.image.dimensions();
        // Clipping is to whole pixels, as scissors of graphics cards are.
        let (left, right) = (clip.left().round().max(0.0), clip.right().round().min(width as f32));
        let (top, bottom) = (clip.top().round().max(0.0), clip.bottom().round().min(height as f32));
        let columns = bounds.left().floor().max(left) as u32
            ..bounds.right().ceil().min(right).max(0.0) as u32;
        let rows = bounds.top().floor().max(top) as u32
            ..bounds.bottom().ceil().min(bottom).max(0.0) as u32;
        for y in rows {
            for x in columns.clone() {
                let middle = Pos2::new(x as f32 + 0.5, y as f32 + 0.5);
                let weights = [
                    edge(points[1], points[2], middle),
                    edge(points[2], points[0], middle),
                    edge(points[0], points[1], middle),
                ];
                let Some(weights) = all(weights) else { continue };
                let weights = weights.map(|weight| weight / area);
                let color = shade(&[a, b, c], weights, texture);
                blend(self.image.get_pixel_mut(x, y), color);
            }
        }
    }
}

fn cross(a: Pos2, b: Pos2, c: Pos2) -> f32 {
    (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x)
}

/// How far `p` is inside of the edge, if it is.
fn edge(a: Pos2, b: Pos2, p: Pos2) -> Option<f32> {
    let inside = cross(a, b, p);
    let is_top_or_left = (a.y == b.y && b.x > a.x) || b.y < a.y;
    (inside > 0.0 || (inside == 0.0 && is_top_or_left)).then_some(inside)
}

fn all(weights: [Option<f32>; 3]) -> Option<[f32; 3]> {
    Some([weights[0]?, weights[1]?, weights[2]?])
}

/// The colour inside a triangle: that of its corners times that of the texture, both with their
/// transparency multiplied in.
fn shade(
    corners: &[egui::epaint::Vertex; 3],
    weights: [f32; 3],
    texture: &egui::ColorImage,
) -> [f32; 4] {
    let mut color = [0.0; 4];
    let mut uv = egui::Vec2::ZERO;
    for (corner, weight) in corners.iter().zip(weights) {
        for (sum, part) in color.iter_mut().zip(corner.color.to_array()) {
            *sum += f32::from(part) * weight;
        }
        uv += corner.uv.to_vec2() * weight;
    }
    let texel = sample(texture, uv);
    for (part, texel) in color.iter_mut().zip(texel) {
        *part = *part * texel / 255.0;
    }
    color
}

/// The texture at a place, between its pixels.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "pixels of a texture"
)]
fn sample(texture: &egui::ColorImage, uv: egui::Vec2) -> [f32; 4] {
    let [width, height] = texture.size;
    let x = (uv.x * width as f32 - 0.5).clamp(0.0, width as f32 - 1.0);
    let y = (uv.y * height as f32 - 0.5).clamp(0.0, height as f32 - 1.0);
    let (left, top) = (x.floor() as usize, y.floor() as usize);
    let (right, bottom) = ((left + 1).min(width - 1), (top + 1).min(height - 1));
    let (fx, fy) = (x.fract(), y.fract());
    let at = |x: usize, y: usize| -> Color32 { texture.pixels[y * width + x] };
    let mut color = [0.0; 4];
    for (pixel, weight) in [
        (at(left, top), (1.0 - fx) * (1.0 - fy)),
        (at(right, top), fx * (1.0 - fy)),
        (at(left, bottom), (1.0 - fx) * fy),
        (at(right, bottom), fx * fy),
    ] {
        for (sum, part) in color.iter_mut().zip(pixel.to_array()) {
            *sum += f32::from(part) * weight;
        }
    }
    color
}

/// Lays a colour over a pixel, in the space of screens, as egui's painters do.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 255")]
fn blend(pixel: &mut Rgba<u8>, color: [f32; 4]) {
    let left = 1.0 - color[3] / 255.0;
    for (part, color) in pixel.0.iter_mut().zip(color) {
        *part = f32::from(*part).mul_add(left, color).round().clamp(0.0, 255.0) as u8;
    }
    pixel.0[3] = 255;
}
