//! Tables for reading.

use console::measure_text_width;

use super::paint::Paint;
use passkey_core::escape::Escaped;

/// Between two columns.
const GAP: usize = 2;

/// A table: a heading for each column, and rows of as many cells. Cells are escaped here.
#[derive(Debug)]
pub(crate) struct Table {
    rows: Vec<(Style, Vec<String>)>,
}

/// What a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Style {
    Heading,
    Plain,
    Faint,
}

impl Style {
    fn apply(self, cell: &str, paint: Paint) -> String {
        match self {
            Self::Heading => paint.heading(cell),
            Self::Plain => cell.to_owned(),
            Self::Faint => paint.faint(cell),
        }
    }
}

impl Table {
    pub(crate) fn new(headings: &[&str]) -> Self {
        Self { rows: vec![(Style::Heading, headings.iter().map(|heading| (*heading).to_owned()).collect())] }
    }

    pub(crate) fn row(&mut self, cells: &[String]) {
        self.styled(Style::Plain, cells);
    }

    /// A row that matters less than the others.
    pub(crate) fn faint_row(&mut self, cells: &[String]) {
        self.styled(Style::Faint, cells);
    }

    fn styled(&mut self, style: Style, cells: &[String]) {
        self.rows.push((style, cells.iter().map(|cell| Escaped::text(cell).to_string()).collect()));
    }

    /// The table's lines. Columns are as wide as their widest cell on a terminal.
    pub(crate) fn text(&self, paint: Paint) -> String {
        let columns = self.rows.iter().map(|(_, row)| row.len()).max().unwrap_or_default();
        let widths: Vec<usize> = (0..columns)
            .map(|column| {
                self.rows
                    .iter()
                    .filter_map(|(_, row)| row.get(column))
                    .map(|cell| measure_text_width(cell))
                    .max()
                    .unwrap_or(0)
            })
            .collect();
        let mut text = String::new();
        for (style, row) in &self.rows {
            let last = row.len().saturating_sub(1);
            for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
                text.push_str(&style.apply(cell, paint));
                if column < last {
                    let padding = width.saturating_sub(measure_text_width(cell)).saturating_add(GAP);
                    text.push_str(&" ".repeat(padding));
                }
            }
            text.push('\n');
        }
        text
    }
}

/// Names and their values, one below the other. Values are escaped here.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    facts: Vec<(&'static str, String)>,
}

impl Facts {
    pub(crate) fn add(&mut self, name: &'static str, value: impl Into<String>) {
        self.facts.push((name, value.into()));
    }

    /// A line for each, behind `indent`.
    pub(crate) fn text(&self, indent: &str, paint: Paint) -> String {
        let width = self.facts.iter().map(|(name, _)| measure_text_width(name)).max().unwrap_or_default();
        let mut text = String::new();
        for (name, value) in &self.facts {
            let padding = " ".repeat(width.saturating_sub(measure_text_width(name)).saturating_add(GAP));
            text.extend([indent, &paint.faint(name), &padding, &Escaped::text(value).to_string(), "\n"]);
        }
        text
    }
}
