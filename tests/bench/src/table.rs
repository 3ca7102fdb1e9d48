//! Figures as tables of Markdown.

use std::fmt::Write as _;

use crate::aims::{Aim, aims};
use crate::implementation::Implementation;
use crate::results::{Figures, Results, RowResult, Spread, number};
use crate::row::{Row, Wire};

const COMPARED: [Implementation; 4] = Implementation::COMPARED;
/// The row whose costs are shown in detail.
const DETAIL: &str = "touch";

/// Everything that is made for the document.
pub(crate) fn all(results: &Results) -> String {
    let versions: Vec<&str> = COMPARED.iter().map(|&module| results.called(module)).collect();
    let rounds = results.rows.iter().flat_map(|row| row.figures.values()).map(|figures| figures.rounds).max();
    let rounds = rounds.unwrap_or(0);
    format!(
        "Measured: {}, {}; {rounds} rounds.\n\n### Aims\n{}\n### What goes over the wire\n{}\n### Until the key blinks\n{}\n\
         ### From the touch until PAM returns\n{}\n### Where no key is touched\n{}\n### Processor time\n{}\n\
         ### What one touch costs\n{}\n### Parts that need no device\n{}\n### `passkey-enroll list`\n{}",
        versions.join(", "),
        results.machine,
        aims_table(&aims(results)),
        wire(results),
        times(results, |figures| figures.blink_ns, |_| None),
        times(results, |figures| figures.touch_to_return_ns, |figures| figures.reply_to_return_ns),
        untouched(results),
        times(results, |figures| figures.cpu_ns, |_| None),
        detail(results),
        parts(results),
        listings(results),
    )
}

/// Of our module alone.
fn parts(results: &Results) -> String {
    let mut table = "| part of a sign-in by pam_passkey | instructions, millions |\n|---|---|\n".to_owned();
    for part in &results.parts {
        let _ = writeln!(table, "| {} | {:.2} |", part.title, number(part.instructions) / 1e6);
    }
    table
}

fn header(results: &Results, first: &str) -> String {
    let names = COMPARED.iter().map(|&module| results.called(module).to_owned());
    line(first, names) + "|---|" + &"---|".repeat(COMPARED.len()) + "\n"
}

fn aims_table(aims: &[Aim]) -> String {
    let mut table = "| figure | aim | measured | met |\n|---|---|---|---|\n".to_owned();
    for aim in aims {
        let measured = aim.measured.map_or_else(|| "–".to_owned(), |value| aim.shown(value));
        let met = match aim.is_met() {
            Some(true) => "yes",
            Some(false) => "no",
            None => "–",
        };
        let _ = writeln!(table, "| {} | ≤ {} | {measured} | {met} |", aim.figure, aim.shown(aim.limit));
    }
    table
}

/// Rows on an ideal wire: another one changes nothing of what goes over it.
fn wire(results: &Results) -> String {
    let mut table = header(results, "transactions · reports to and from the keys · opens");
    for row in &results.rows {
        if Row::named(&row.name).is_some_and(|row| row.wire != Wire::IDEAL) {
            continue;
        }
        table += &row_line(row, |figures| {
            let [transactions, to, from, opens] =
                [figures.transactions, figures.reports_in, figures.reports_out, figures.opens]
                    .map(|spread| spread.map_or(0, |spread| spread.median));
            format!("{transactions} · {to}/{from} · {opens}{}", end(figures))
        });
    }
    table
}

/// Rows that have such a time, with a part of it in brackets.
fn times(
    results: &Results,
    time: fn(&Figures) -> Option<Spread>,
    part: fn(&Figures) -> Option<Spread>,
) -> String {
    let mut table = header(results, "milliseconds: median (lowest–highest)");
    for row in &results.rows {
        if !row.figures.values().any(|figures| time(figures).is_some()) {
            continue;
        }
        table += &row_line(row, |figures| {
            let of = part(figures)
                .map_or_else(String::new, |part| format!(", {} after the key's reply", ms(part.median)));
            time(figures).map_or_else(|| "–".to_owned(), |time| spread(time) + &of) + end(figures)
        });
    }
    table
}

fn untouched(results: &Results) -> String {
    let mut table = header(results, "milliseconds until PAM returns: median (lowest–highest)");
    for row in &results.rows {
        let is_touched = |figures: &Figures| figures.touch_to_return_ns.is_some();
        if row.figures.values().any(is_touched) {
            continue;
        }
        table +=
            &row_line(row, |figures| figures.whole_ns.map_or_else(|| "–".to_owned(), spread) + end(figures));
    }
    table
}

/// Makes a cell of what was measured of one implementation.
type Cell<'a> = &'a dyn Fn(Implementation, &Figures) -> String;

fn detail(results: &Results) -> String {
    let mut table = header(results, "beyond an empty stack");
    let Some(row) = results.row(DETAIL) else { return table };
    let median = |spread: Option<Spread>| spread.map_or(0, |spread| spread.median);
    let kib = |spread: Option<Spread>| spread.map_or_else(|| "–".to_owned(), |it| it.median.to_string());
    let lines: [(&str, Cell<'_>); 10] = [
        ("processor time, ms", &|_, figures| ms(median(figures.cpu_ns))),
        ("loading the module, ms", &|_, figures| ms(median(figures.load_ns))),
        ("instructions outside of the kernel, millions", &|of, _| {
            let count = row.profiles.get(&of).and_then(|it| it.instructions);
            count.map_or_else(|| "–".to_owned(), |it| tenths(it, 1_000_000))
        }),
        ("system calls", &|of, _| {
            row.profiles.get(&of).map_or_else(|| "–".to_owned(), |it| it.system_calls.to_string())
        }),
        ("bytes read", &|of, _| {
            row.profiles.get(&of).map_or_else(|| "–".to_owned(), |it| it.bytes_read.to_string())
        }),
        ("peak memory, KiB", &|_, figures| kib(figures.peak_kib)),
        ("of it, pages of no file, KiB", &|_, figures| kib(figures.anonymous_kib)),
        ("files mapped, KiB", &|_, figures| kib(figures.mapped_kib)),
        ("the file of module or program, KiB", &|of, _| {
            tenths(results.sizes.get(&of).copied().unwrap_or(0), 1024)
        }),
        ("shared objects, with all that the module pulls in", &|_, figures| {
            if figures.libraries.is_empty() {
                return "–".to_owned();
            }
            let bytes = figures.libraries.iter().map(|library| library.bytes).sum();
            format!("{}, {} KiB", figures.libraries.len(), tenths(bytes, 1024))
        }),
    ];
    for (name, cell) in lines {
        let cells = COMPARED
            .iter()
            .map(|&of| row.figures.get(&of).map_or_else(|| "–".to_owned(), |figures| cell(of, figures)));
        table += &line(name, cells);
    }
    table
}

fn listings(results: &Results) -> String {
    let mut table = "| passkeys | nothing cached, ms | everything cached, ms |\n|---|---|---|\n".to_owned();
    for listing in &results.listings {
        let (cold, warm) = (spread(listing.cold_ns), spread(listing.warm_ns));
        let _ = writeln!(table, "| {} | {cold} | {warm} |", listing.passkeys);
    }
    table
}

/// A row of the table, with a cell for each that has figures.
fn row_line(row: &RowResult, cell: impl Fn(&Figures) -> String) -> String {
    line(&row.title, COMPARED.iter().map(|of| row.figures.get(of).map_or_else(|| "–".to_owned(), &cell)))
}

fn line(first: &str, cells: impl Iterator<Item = String>) -> String {
    format!("| {first} | {} |\n", cells.collect::<Vec<_>>().join(" | "))
}

/// What is to be known of sign-ins that did not succeed.
fn end(figures: &Figures) -> &'static str {
    if figures.ended < figures.rounds {
        ", did not end"
    } else if figures.codes.iter().any(|code| *code != 0) {
        ", refused"
    } else {
        ""
    }
}

fn spread(spread: Spread) -> String {
    format!("{} ({}–{})", ms(spread.median), ms(spread.min), ms(spread.max))
}

pub(crate) fn ms(ns: u64) -> String {
    tenths(ns, 1_000_000)
}

/// In units of `unit`, with one digit behind the point.
fn tenths(value: u64, unit: u64) -> String {
    let tenths = (value * 10 + unit / 2) / unit;
    format!("{}.{}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::{ms, tenths};

    #[test]
    fn figures_are_rounded() {
        assert_eq!(
            (ms(1_250_000), ms(49_999), ms(0)),
            ("1.3".to_owned(), "0.0".to_owned(), "0.0".to_owned())
        );
        assert_eq!(tenths(1_048_576, 1024), "1024.0");
    }
}
