//! Pictures of a screen.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use png::{BitDepth, ColorType, Compression, Encoder};

/// A rectangle of a screen, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Area {
    /// Of its left edge.
    pub x: usize,
    /// Of its upper edge.
    pub y: usize,
    /// From left to right.
    pub width: usize,
    /// From top to bottom.
    pub height: usize,
}

impl Area {
    /// The pixel in the middle.
    pub fn centre(&self) -> (usize, usize) {
        (self.x + self.width / 2, self.y + self.height / 2)
    }
}

type Colour = [u8; 3];

/// What a screen showed at one moment.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    width: usize,
    pixels: Vec<Colour>,
}

impl Picture {
    /// From the format PPM as QEMU writes it: `P6`, width, height and 255, each behind one white space, then three bytes a pixel.
    pub(crate) fn from_ppm(bytes: &[u8]) -> Result<Self, String> {
        let mut rest = bytes;
        let mut word = || {
            let end = rest.iter().position(u8::is_ascii_whitespace)?;
            let (word, behind) = rest.split_at(end);
            rest = &behind[1..];
            std::str::from_utf8(word).ok()
        };
        let (kind, width, height, depth) = (word(), word(), word(), word());
        let number = |word: Option<&str>| word.and_then(|word| word.parse::<usize>().ok());
        let (Some("P6"), Some(width), Some(height), Some("255")) =
            (kind, number(width), number(height), depth)
        else {
            return Err("no PPM picture of 8 bits a colour".to_owned());
        };
        let pixels: Vec<Colour> = rest.chunks_exact(3).map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect();
        if pixels.len() != width * height {
            return Err(format!("{} pixels in a picture of {width}×{height}", pixels.len()));
        }
        Ok(Self { width, pixels })
    }

    /// Width and height.
    pub fn size(&self) -> (usize, usize) {
        (self.width, self.pixels.len().checked_div(self.width).unwrap_or(0))
    }

    /// A part of it.
    ///
    /// # Panics
    /// When that reaches beyond its edges.
    #[must_use]
    pub fn crop(&self, area: Area) -> Self {
        let Area { x, y, width, height } = area;
        let pixels = self.pixels.chunks_exact(self.width).skip(y).take(height);
        let pixels: Vec<Colour> = pixels.flat_map(|row| &row[x..x + width]).copied().collect();
        assert_eq!(pixels.len(), width * height, "{area:?} of a picture of {:?}", self.size());
        Self { width, pixels }
    }

    /// How many colours it has: one, where nothing is written.
    pub fn colours(&self) -> usize {
        self.histogram().len()
    }

    /// The smallest rectangle that holds all that another picture of this size has otherwise.
    ///
    /// # Panics
    /// When that one is of another size.
    pub fn change(&self, other: &Self) -> Option<Area> {
        assert_eq!(self.size(), other.size(), "two pictures of one screen");
        let mut found: Option<(usize, usize, usize, usize)> = None;
        for (at, _) in self.pixels.iter().zip(&other.pixels).enumerate().filter(|(_, (a, b))| a != b) {
            let (x, y) = (at % self.width, at / self.width);
            let (left, top, right, bottom) = found.unwrap_or((x, y, x, y));
            found = Some((left.min(x), top.min(y), right.max(x), bottom.max(y)));
        }
        found.map(|(left, top, right, bottom)| Area {
            x: left,
            y: top,
            width: right - left + 1,
            height: bottom - top + 1,
        })
    }

    /// Writes it as PNG with a palette; where it has more colours than that holds, the rare ones become the nearest of the others.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn save(&self, path: &Path) {
        let mut common: Vec<(Colour, usize)> = self.histogram().into_iter().collect();
        common.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
        let palette: Vec<Colour> = common.iter().map(|&(colour, _)| colour).take(MOST_COLOURS).collect();
        let nearest: BTreeMap<Colour, u8> =
            common.iter().map(|&(colour, _)| (colour, nearest(&palette, colour))).collect();
        let indices: Vec<u8> = self.pixels.iter().map(|pixel| nearest[pixel]).collect();
        let (width, height) = self.size();
        let size = |length: usize| u32::try_from(length).expect("a screen is not that large");
        let file = File::create(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mut encoder = Encoder::new(BufWriter::new(file), size(width), size(height));
        encoder.set_color(ColorType::Indexed);
        encoder.set_depth(BitDepth::Eight);
        encoder.set_compression(Compression::High);
        encoder.set_palette(palette.into_iter().flatten().collect::<Vec<u8>>());
        encoder
            .write_header()
            .and_then(|mut writer| writer.write_image_data(&indices))
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }

    /// How often each colour occurs.
    fn histogram(&self) -> BTreeMap<Colour, usize> {
        let mut counts = BTreeMap::new();
        for &pixel in &self.pixels {
            *counts.entry(pixel).or_default() += 1;
        }
        counts
    }
}

/// Of a PNG with a palette.
const MOST_COLOURS: usize = 256;

/// The index of the colour that is least far away.
fn nearest(palette: &[Colour], colour: Colour) -> u8 {
    let distance = |other: &Colour| -> u32 {
        other.iter().zip(colour).map(|(&a, b)| u32::from(a.abs_diff(b)).pow(2)).sum()
    };
    (0..=u8::MAX).zip(palette).min_by_key(|(_, other)| distance(other)).map_or(0, |(index, _)| index)
}

#[cfg(test)]
#[path = "picture_tests.rs"]
mod tests;
