//! The table as it stands in `docs/hosts.md`.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

use crate::row::Row;
use crate::table::ROWS;

const START: &str = "<!-- table: written by the test, see below -->\n";
const END: &str = "<!-- end of table -->\n";

/// The rows in Markdown.
pub(crate) fn table<'a>(rows: impl IntoIterator<Item = &'a Row>) -> String {
    let mut text = String::from(
        "| host | mode | what happens | PAM code | the person reads | the log says | and then |\n\
         |---|---|---|---|---|---|---|\n",
    );
    for row in rows {
        let words: Vec<String> = row.words.iter().map(|words| format!("{words}…")).collect();
        let Row { host, mode, mishap, code, log, .. } = row;
        let words = match words.as_slice() {
            // Whatever is said: the host has no place for it.
            [] if !host.shows_words() => "–".to_owned(),
            [] => "nothing".to_owned(),
            words => words.join(" "),
        };
        // Writing to a string cannot fail.
        let _ =
            writeln!(text, "| {host} | {mode} | {mishap} | `PAM_{code}` | {words} | {log} | {} |", row.end());
    }
    text
}

/// Fails where the document tells something else than the suite tries; `UPDATE_DOCS=1` corrects the document.
pub(crate) fn compare() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/hosts.md");
    let document = fs::read_to_string(&path).expect("docs/hosts.md");
    let (before, rest) = document.split_once(START).expect("the start of the table");
    let (old, after) = rest.split_once(END).expect("the end of the table");
    let new = table(ROWS);
    if env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, format!("{before}{START}{new}{END}{after}")).expect("docs/hosts.md");
        return;
    }
    assert!(
        old == new,
        "docs/hosts.md is stale; this corrects it:\n    UPDATE_DOCS=1 cargo test -p pam-tests --test hosts document"
    );
}
