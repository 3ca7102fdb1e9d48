//! `docs/performance.md` and its pictures.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::implementation::Implementation;
use crate::plot::{Group, Plot};
use crate::results::{Figures, Results, Spread, number};
use crate::table;

const BEGIN: &str = "<!-- made by tests/bench/run --update -->\n";
const END: &str = "<!-- end -->\n";
/// Rows whose time until the key blinks is drawn.
const DRAWN: [&str; 5] = ["touch-1ms", "touch-4ms", "pin-1ms", "ten-1ms", "sixteen-keys-1ms"];

/// The tables, for a terminal.
pub fn tables(results: &Results) -> String {
    table::all(results)
}

/// Writes tables and pictures.
pub fn update(results: &Results) {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let document = docs.join("performance.md");
    let text = fs::read_to_string(&document).expect("docs/performance.md");
    fs::write(&document, with_tables(&text, &tables(results))).expect("docs/performance.md");
    draw(&blinks(results), &docs.join("pictures/performance-blink.svg"));
    draw(&costs(results), &docs.join("pictures/performance-cost.svg"));
}

/// The document with these tables between its marks.
fn with_tables(text: &str, tables: &str) -> String {
    let (before, rest) = text.split_once(BEGIN).expect("the document has a mark where tables begin");
    let (_, after) = rest.split_once(END).expect("the document has a mark where they end");
    format!("{before}{BEGIN}{tables}{END}{after}")
}

fn draw(plot: &Plot, path: &Path) {
    fs::write(path, plot.svg()).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut convert = Command::new("rsvg-convert");
    convert.args(["--zoom", "1", "--output"]).arg(path.with_extension("png")).arg(path);
    let status =
        convert.status().unwrap_or_else(|error| panic!("rsvg-convert: {error}; tests/bench/run installs it"));
    assert!(status.success(), "rsvg-convert {}: {status}", path.display());
}

fn series(results: &Results) -> Vec<String> {
    Implementation::COMPARED.iter().map(|&module| results.called(module).to_owned()).collect()
}

fn blinks(results: &Results) -> Plot {
    let rows = DRAWN.iter().filter_map(|name| results.row(name));
    let groups = rows.map(|row| Group {
        name: row.title.clone(),
        bars: Implementation::COMPARED
            .iter()
            .map(|module| {
                let ns = row.figures.get(module)?.blink_ns?.median;
                Some((number(ns), format!("{} ms", table::ms(ns))))
            })
            .collect(),
    });
    let groups = groups.collect();
    Plot { title: "From pam_authenticate until the key blinks".to_owned(), series: series(results), groups }
}

/// Everything that one touch costs, where the newer pam_u2f is 1.
fn costs(results: &Results) -> Plot {
    let of = |figure: fn(&Figures) -> Option<Spread>| {
        Implementation::COMPARED.map(|module| Some(figure(results.figures("touch", module)?)?.median))
    };
    let profile = |figure: fn(&crate::Profile) -> Option<u64>| {
        Implementation::COMPARED.map(|module| figure(results.row("touch")?.profiles.get(&module)?))
    };
    let libraries = Implementation::COMPARED.map(|module| {
        let libraries = &results.figures("touch", module)?.libraries;
        // Of a program that has ended, they are not known.
        Some(libraries.iter().map(|library| library.bytes).sum::<u64>()).filter(|bytes| *bytes > 0)
    });
    let costs = [
        ("transactions", of(|figures| figures.transactions)),
        ("processor time", of(|figures| figures.cpu_ns)),
        ("instructions", profile(|profile| profile.instructions)),
        ("system calls", profile(|profile| Some(profile.system_calls))),
        ("bytes read", profile(|profile| Some(profile.bytes_read))),
        ("peak memory", of(|figures| figures.peak_kib)),
        ("files mapped", of(|figures| figures.mapped_kib)),
        ("module and libraries, bytes", libraries),
    ];
    let is_base = |module: &Implementation| *module == Implementation::PamU2f;
    let base = Implementation::COMPARED.iter().position(is_base).expect("it is one of them");
    let groups = costs.into_iter().map(|(name, values)| Group {
        name: name.to_owned(),
        bars: values
            .iter()
            .map(|value| {
                let share = number((*value)?) / number(values[base].filter(|base| *base > 0)?);
                Some((share, format!("{share:.2}")))
            })
            .collect(),
    });
    Plot {
        title: format!(
            "What one touch costs, beyond an empty stack ({} = 1)",
            results.called(Implementation::PamU2f)
        ),
        series: series(results),
        groups: groups.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::{BEGIN, END, with_tables};

    #[test]
    fn only_what_is_between_the_marks_is_replaced() {
        let text = format!("before\n{BEGIN}old\n{END}after\n");
        let new = with_tables(&text, "new\n");
        assert_eq!(new, format!("before\n{BEGIN}new\n{END}after\n"));
        assert_eq!(with_tables(&new, "new\n"), new);
    }
}
