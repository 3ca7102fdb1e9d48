//! The manual page of `passkey.toml`, made from `config/passkey.toml`.

use jiff::civil::Date;

use crate::page::Page;
use crate::sample::{self, Block, Sample, Setting, Table};

pub(crate) fn page(date: Date) -> String {
    let sample = Sample::parse(sample::TEXT);
    let mut page = Page::new("passkey.toml", 5, "how passkeys sign people in on this computer", date);
    page.heading("SYNOPSIS");
    page.paragraph(&format!("`{}`", passkey_core::config::DEFAULT_PATH));
    page.heading("DESCRIPTION");
    blocks(&mut page, &sample.about);
    page.paragraph(
        "The file is written in TOML: `key = value`, text in double quotes, and tables that begin with their names in brackets. \
         Settings outside any table come first.",
    );
    for table in &sample.tables {
        section(&mut page, table);
    }
    page.heading("SEE ALSO");
    page.paragraph("`passkey-enroll`(1), `pam_passkey`(8), `pam.conf`(5)");
    page.finish()
}

fn section(page: &mut Page, table: &Table) {
    match table.name.as_str() {
        "" => page.heading("OUTSIDE ANY TABLE"),
        // An example of a table that can have any name.
        name => match name.split_once('.') {
            Some((kind, _)) if page.has(&format!("[{kind}.NAME]")) => {}
            Some((kind, _)) => page.heading(&format!("[{kind}.NAME]")),
            None => page.heading(&format!("[{name}]")),
        },
    }
    blocks(page, &table.about);
    if table.name.contains('.') {
        let lines = table.settings.iter().flat_map(|setting| &setting.keys);
        let lines = lines.map(|(key, value)| format!("{key} = {value}"));
        page.example(&std::iter::once(format!("[{}]", table.name)).chain(lines).collect::<Vec<_>>());
        return;
    }
    for setting in &table.settings {
        item(page, setting);
    }
}

fn item(page: &mut Page, Setting { keys, about }: &Setting) {
    let keys: Vec<String> = keys.iter().map(|(key, value)| format!("`{key} = {value}`")).collect();
    page.item(&keys.join(", "), &paragraphs(about));
}

/// Its paragraphs; input is set in bold.
pub(crate) fn paragraphs(about: &[Block]) -> Vec<String> {
    let paragraph = |block: &Block| match block {
        Block::Text(text) => text.clone(),
        Block::Example(line) => format!("`{line}`"),
    };
    about.iter().map(paragraph).collect()
}

fn blocks(page: &mut Page, about: &[Block]) {
    for block in about {
        match block {
            Block::Text(text) => page.paragraph(text),
            Block::Example(line) => page.example(&[line]),
        }
    }
}
