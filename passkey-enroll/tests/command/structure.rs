//! The folders of the program use each other in one direction only.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Each folder or file of `src`, those first that may use all that follow.
const LAYERS: [&str; 17] = [
    "lib.rs",
    "fuzzing.rs",
    "commands",
    "doctor",
    "pam",
    "removal",
    "key",
    "keyring",
    "interop",
    "cli",
    "account.rs",
    "logind.rs",
    "explain",
    "attestation",
    "terminal",
    "report",
    "util",
];

#[test]
fn arrows_point_downwards_only() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let layers: BTreeMap<&str, usize> =
        LAYERS.iter().enumerate().map(|(index, layer)| (layer.trim_end_matches(".rs"), index)).collect();
    let mut arrows = 0;
    let mut wrong = Vec::new();
    for path in files(&source) {
        let name = path.strip_prefix(&source).unwrap().components().next().unwrap();
        let own = name.as_os_str().to_str().unwrap().trim_end_matches(".rs").trim_end_matches("_tests");
        // It only starts the rest.
        if own == "main" {
            continue;
        }
        let own_layer = layers.get(own).unwrap_or_else(|| panic!("no layer for {own}"));
        for used in used(&fs::read_to_string(&path).unwrap()) {
            let Some(layer) = layers.get(used.as_str()) else { continue };
            arrows += 1;
            if layer < own_layer {
                wrong.push(format!("{} uses {used}", path.display()));
            }
        }
    }
    assert!(arrows > 100, "{arrows}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The parts of `pam`, too.
#[test]
fn pam_goes_from_files_to_changes() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/pam");
    let order = ["change", "edit", "simulate", "parse"];
    let place = |part: &str| order.iter().position(|known| *known == part);
    for path in files(&source) {
        let own = path.strip_prefix(&source).unwrap().components().next().unwrap();
        let Some(own) = place(own.as_os_str().to_str().unwrap()) else { continue };
        let text = fs::read_to_string(&path).unwrap();
        for (index, part) in order.iter().enumerate() {
            let uses = text.contains(&format!("crate::pam::{part}"))
                || text.contains(&format!("use super::{part}::"));
            assert!(!uses || index >= own, "{} uses {part}", path.display());
        }
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") && !is_test(&path) {
            all.push(path);
        }
    }
    all
}

/// The first names behind `crate::`.
fn used(text: &str) -> Vec<String> {
    text.split("crate::")
        .skip(1)
        .map(|rest| rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect())
        .collect()
}

/// Tests may use anything.
fn is_test(path: &Path) -> bool {
    path.file_stem().is_some_and(|stem| stem == "tests" || stem.to_str().unwrap().ends_with("_tests"))
}
