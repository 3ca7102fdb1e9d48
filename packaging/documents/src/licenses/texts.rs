use std::fs;
use std::path::{Path, PathBuf};

use super::error::LicensesError;
use super::license::License;
use super::linked::Linked;

/// The texts for crates that bring none, by the crate's name.
const PROVIDED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/licenses");

/// Where the code of others that a crate has taken in is, with its licence beside it.
const INNER: [&str; 2] = ["src", "third_party"];

/// The licences that a crate is used under, with their texts and what else it brings of the kind, in the order of the files' names.
pub(super) fn texts(linked: &Linked) -> Result<(Vec<License>, Vec<String>), LicensesError> {
    let name = format!("{} {}", linked.name, linked.version);
    let chosen = License::chosen(&linked.expression).ok_or_else(|| LicensesError::Expression {
        linked: name.clone(),
        expression: linked.expression.clone(),
    })?;
    let mut found = read(&linked.folder)?;
    let provided = Path::new(PROVIDED).join(&linked.name);
    if provided.exists() {
        found.push(tidy(&read_text(&provided)?));
    }
    for license in &chosen {
        if !found.iter().any(|text| License::found_in(text).contains(license)) {
            return Err(LicensesError::NoText {
                linked: name,
                folder: linked.folder.clone(),
                license: license.id(),
            });
        }
    }
    // The licence that was not chosen stays away; what is none, such as a list of authors, does not.
    let mut texts = without(found, |license| !chosen.contains(&license));
    for folder in INNER {
        inner(&linked.folder.join(folder), &mut texts)?;
    }
    texts.dedup();
    Ok((chosen, texts))
}

/// Without the texts that hold nothing but licences that are `unwanted`.
fn without(texts: Vec<String>, unwanted: impl Fn(License) -> bool) -> Vec<String> {
    let mut texts = texts;
    texts.retain(|text| {
        let licenses = License::found_in(text);
        licenses.is_empty() || !licenses.into_iter().all(&unwanted)
    });
    texts
}

/// Adds those of `folder` and the folders in it.
fn inner(folder: &Path, texts: &mut Vec<String>) -> Result<(), LicensesError> {
    if !folder.is_dir() {
        return Ok(());
    }
    let found = read(folder)?;
    let is_a_choice = found.iter().any(|text| License::found_in(text).contains(&License::Mit));
    texts.extend(without(found, |license| is_a_choice && license == License::Apache2));
    for path in entries(folder)? {
        if path.is_dir() {
            inner(&path, texts)?;
        }
    }
    Ok(())
}

/// The texts that lie in `folder` itself.
fn read(folder: &Path) -> Result<Vec<String>, LicensesError> {
    let mut texts = Vec::new();
    for path in entries(folder)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        let is_one = ["license", "licence", "copying", "copyright", "notice", "unlicense"]
            .iter()
            .any(|word| name.starts_with(word));
        // Not a module of that name.
        let is_code = path.extension().is_some_and(|extension| extension == "rs");
        if is_one && !is_code && path.is_file() {
            texts.push(tidy(&read_text(&path)?));
        }
    }
    Ok(texts)
}

/// What lies in `folder`, in the order of the names.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, LicensesError> {
    let read = || -> std::io::Result<Vec<PathBuf>> {
        fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect()
    };
    let mut paths = read().map_err(|error| LicensesError::Read(folder.to_owned(), error))?;
    paths.sort();
    Ok(paths)
}

fn read_text(path: &Path) -> Result<String, LicensesError> {
    fs::read_to_string(path).map_err(|error| LicensesError::Read(path.to_owned(), error))
}

/// Without spaces at the ends of lines and empty lines at its own.
fn tidy(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    lines.join("\n").trim_matches('\n').to_owned()
}

#[cfg(test)]
#[path = "texts_tests.rs"]
mod tests;
