//! Icon themes: which directory of a theme has icons of which size (Icon Theme Specification).

use super::keyfile::decode;
use crate::decode::{decimal_u32, lossy};

/// Directories of a theme that are looked at; the largest theme has about 400.
const MOST_DIRECTORIES: usize = 2048;

/// A directory of a theme.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct IconDirectory {
    /// Its path below the theme.
    pub path: Box<str>,
    /// The smallest size that its icons are made for, in pixels.
    pub least: u32,
    /// The largest.
    pub most: u32,
}

/// A theme: its directories, and the themes it falls back on.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Theme {
    /// Where its icons are, those for screens of usual density.
    pub directories: Vec<IconDirectory>,
    /// Names of other themes that have what this one lacks.
    pub parents: Vec<Box<str>>,
}

impl IconDirectory {
    /// How far `size` is from what its icons are made for; 0 for a size that fits.
    pub fn distance(&self, size: u32) -> u32 {
        self.least.saturating_sub(size).max(size.saturating_sub(self.most))
    }
}

/// What a group of `index.theme` says of a directory.
#[derive(Default)]
struct Group<'a> {
    name: &'a [u8],
    size: Option<u32>,
    least: Option<u32>,
    most: Option<u32>,
    threshold: Option<u32>,
    scale: Option<u32>,
    kind: &'a [u8],
}

impl Theme {
    /// Decodes an `index.theme`. A directory is one that has a group with a size.
    pub fn decode(text: &[u8]) -> Self {
        let mut theme = Self::default();
        let mut group = Group::default();
        for line in decode(text) {
            if line.group == b"Icon Theme" {
                if line.key == b"Inherits" {
                    let names = line.value.split(|&byte| byte == b',').map(<[u8]>::trim_ascii);
                    theme.parents = names.map(|name| lossy(name).into()).collect();
                }
                continue;
            }
            if group.name != line.group {
                theme.add(&group);
                group = Group { name: line.group, ..Group::default() };
            }
            let number = || decimal_u32(line.value);
            match line.key {
                b"Size" => group.size = number(),
                b"MinSize" => group.least = number(),
                b"MaxSize" => group.most = number(),
                b"Threshold" => group.threshold = number(),
                b"Scale" => group.scale = number(),
                b"Type" => group.kind = line.value,
                _ => {}
            }
        }
        theme.add(&group);
        theme
    }

    /// Adds a directory, unless it is for screens of another density.
    fn add(&mut self, group: &Group<'_>) {
        let Some(size) = group.size.filter(|_| group.scale.is_none_or(|scale| scale == 1)) else {
            return;
        };
        let (least, most) = match group.kind {
            b"Fixed" => (size, size),
            b"Scalable" => (group.least.unwrap_or(size), group.most.unwrap_or(size)),
            // The specification's default of both the kind and the threshold.
            _ => {
                let threshold = group.threshold.unwrap_or(2);
                (size.saturating_sub(threshold), size.saturating_add(threshold))
            }
        };
        if self.directories.len() < MOST_DIRECTORIES {
            self.directories.push(IconDirectory { path: lossy(group.name).into(), least, most });
        }
    }
}
