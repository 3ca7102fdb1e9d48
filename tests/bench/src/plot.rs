//! Horizontal bars as SVG.

use std::fmt::Write as _;

/// One picture.
pub(crate) struct Plot {
    pub(crate) title: String,
    /// What the bars' names stand for, in the order of each group's bars.
    pub(crate) series: Vec<String>,
    pub(crate) groups: Vec<Group>,
}

/// Bars that are compared with each other; None where there is no value.
pub(crate) struct Group {
    pub(crate) name: String,
    /// The value, and how it is written at the end of its bar.
    pub(crate) bars: Vec<Option<(f64, String)>>,
}

/// Told apart by people who do not tell red from green, and in grey.
const COLOURS: [&str; 4] = ["#1b5e9e", "#e08a1e", "#a9b0b7", "#5d4a66"];
const WIDTH: f64 = 830.0;
const NAMES: f64 = 330.0;
/// Room behind the longest bar for its value.
const VALUES: f64 = 110.0;
const BAR: f64 = 14.0;
const GAP: f64 = 14.0;
const HEAD: f64 = 64.0;

impl Plot {
    /// The picture. Its longest bar is as wide as there is room.
    pub(crate) fn svg(&self) -> String {
        let values = self.groups.iter().flat_map(|group| group.bars.iter().flatten());
        let longest = values.map(|(value, _)| *value).fold(f64::MIN_POSITIVE, f64::max);
        let scale = (WIDTH - NAMES - VALUES) / longest;
        let mut body = String::new();
        let mut x = 16.0;
        for (name, colour) in self.series.iter().zip(COLOURS) {
            let _ = writeln!(body, r#"<rect x="{x}" y="40" width="12" height="12" fill="{colour}"/>"#);
            let _ = writeln!(body, r#"<text x="{}" y="51">{}</text>"#, x + 18.0, escaped(name));
            x += 180.0;
        }
        let mut y = HEAD;
        for group in &self.groups {
            let height = BAR * f64::from(u32::try_from(group.bars.len()).expect("few"));
            let _ = writeln!(
                body,
                r#"<text x="{}" y="{:.1}" text-anchor="end">{}</text>"#,
                NAMES - 8.0,
                y + height / 2.0 + 4.0,
                escaped(&group.name)
            );
            for (bar, colour) in group.bars.iter().zip(COLOURS) {
                if let Some((value, shown)) = bar {
                    let width = value * scale;
                    let _ = writeln!(
                        body,
                        r#"<rect x="{NAMES}" y="{:.1}" width="{width:.1}" height="{}" fill="{colour}"/>"#,
                        y + 1.0,
                        BAR - 2.0
                    );
                    let _ = writeln!(
                        body,
                        r#"<text x="{:.1}" y="{:.1}" font-size="11">{}</text>"#,
                        NAMES + width + 5.0,
                        y + BAR - 3.0,
                        escaped(shown)
                    );
                }
                y += BAR;
            }
            y += GAP;
        }
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{y}\" viewBox=\"0 0 {WIDTH} {y}\" \
             font-family=\"DejaVu Sans, sans-serif\" font-size=\"13\" fill=\"#1c1f23\">\n\
             <rect width=\"{WIDTH}\" height=\"{y}\" fill=\"#ffffff\"/>\n\
             <text x=\"16\" y=\"24\" font-size=\"16\" font-weight=\"bold\">{}</text>\n{body}</svg>\n",
            escaped(&self.title)
        )
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::{Group, Plot};

    #[test]
    fn bars_are_in_proportion() {
        let bar = |value: f64| Some((value, format!("{value} <ms>")));
        let plot = Plot {
            title: "a & b".to_owned(),
            series: vec!["one".to_owned(), "two".to_owned()],
            groups: vec![Group { name: "touch".to_owned(), bars: vec![bar(10.0), bar(40.0), None] }],
        };
        let svg = plot.svg();
        assert!(svg.contains("width=\"97.5\"") && svg.contains("width=\"390.0\""), "{svg}");
        assert!(svg.contains("a &amp; b") && svg.contains("10 &lt;ms&gt;"), "{svg}");
    }
}
