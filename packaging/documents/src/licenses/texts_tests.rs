use std::fs;

use super::super::error::LicensesError;
use super::super::license::License;
use super::super::linked::Linked;
use super::texts;

const MIT: &str = "Copyright 2020 A. Author\n\nPermission is hereby granted, free of charge, to any person\nobtaining a copy\n";
const APACHE: &str = "   Apache License\n   Version 2.0, January 2004\n";
const ISC: &str = "Permission to use, copy, modify, and/or distribute this software\nfor any purpose\r\n";

/// A crate of those files.
fn linked(expression: &str, files: &[(&str, &str)]) -> (tempfile::TempDir, Linked) {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let linked = Linked {
        name: "sample".to_owned(),
        version: "1.2.3".to_owned(),
        expression: expression.to_owned(),
        folder: folder.path().to_owned(),
        authors: Vec::new(),
    };
    (folder, linked)
}

#[test]
fn of_a_choice_the_shorter_text_goes_along_and_what_is_no_licence_does_too() {
    let files = [
        ("LICENSE-APACHE", APACHE),
        ("LICENSE-MIT.txt", MIT),
        ("COPYRIGHT", "See the list.\n"),
        ("src/lib.rs", ""),
    ];
    let (_folder, linked) = linked("Apache-2.0/MIT", &files);
    let (chosen, texts) = texts(&linked).unwrap();
    assert_eq!(chosen, [License::Mit]);
    assert_eq!(texts, ["See the list.", MIT.trim_end()]);
}

#[test]
fn each_licence_of_a_sum_goes_along() {
    let (_folder, linked) = linked("Apache-2.0 AND ISC", &[("LICENSE-1", APACHE), ("LICENSE-2", ISC)]);
    let (chosen, texts) = texts(&linked).unwrap();
    assert_eq!(chosen, [License::Isc, License::Apache2]);
    assert_eq!(texts.len(), 2);
    assert!(!texts.concat().contains('\r'));
}

#[test]
fn what_a_crate_has_taken_in_brings_its_own() {
    let files = [
        ("LICENSE", ISC),
        ("src/other/LICENSE-MIT", MIT),
        ("src/other/LICENSE-APACHE", APACHE),
        ("src/license.rs", "not a text"),
        ("tests/LICENSE", "not linked"),
    ];
    let (_folder, linked) = linked("ISC", &files);
    assert_eq!(texts(&linked).unwrap().1, [ISC.replace('\r', "").trim_end(), MIT.trim_end()]);
}

#[test]
fn a_crate_without_the_text_is_named() {
    for (expression, files) in [("MIT OR Apache-2.0", &[][..]), ("MIT AND ISC", &[("LICENSE", MIT)][..])] {
        let (_folder, linked) = linked(expression, files);
        let error = texts(&linked).unwrap_err();
        assert!(matches!(error, LicensesError::NoText { .. }), "{error}");
        let said = error.to_string();
        assert!(said.contains("sample 1.2.3 brings no text of"), "{said}");
        assert!(said.contains("packaging/documents/licenses/sample"), "{said}");
    }
}

#[test]
fn a_crate_under_another_licence_is_named() {
    for expression in ["GPL-3.0-only", "MIT AND MPL-2.0", ""] {
        let (_folder, linked) = linked(expression, &[("LICENSE", MIT)]);
        let error = texts(&linked).unwrap_err();
        assert!(matches!(error, LicensesError::Expression { .. }), "{expression}: {error}");
        assert!(error.to_string().contains("sample 1.2.3"), "{error}");
    }
}
