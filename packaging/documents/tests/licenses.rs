//! The notices that go along with the programs. That no crate is missing, packaging/check-programs finds out of the programs themselves.
#![allow(missing_docs, clippy::unwrap_used)]

use std::sync::LazyLock;

use documents::licenses::{Notices, Package};

static ALL: LazyLock<Vec<Notices>> = LazyLock::new(|| Notices::all().unwrap());

fn notices(package: Package) -> &'static Notices {
    ALL.iter().find(|notices| notices.package() == package).unwrap()
}

/// The crates that a package's notices name.
fn named(package: Package) -> Vec<String> {
    let text = notices(package).text();
    let lines = text.lines().filter(|line| line.ends_with(')') && line.split(' ').count() >= 3);
    lines.filter_map(|line| line.split_once(' ')).map(|(name, _)| name.to_owned()).collect()
}

#[test]
fn what_is_linked_is_named_and_nothing_else() {
    let module = named(Package::LibpamPasskey);
    for linked in ["aes", "curve25519-dalek", "subtle"] {
        assert!(module.iter().any(|name| name == linked), "{linked} in {module:?}");
    }
    let command = named(Package::PasskeyEnroll);
    for linked in ["clap", "ring", "aes"] {
        assert!(command.iter().any(|name| name == linked), "{linked} in {command:?}");
    }
    assert!(named(Package::PasskeyTpm).iter().any(|name| name == "tss-esapi"));
    for package in Package::ALL {
        let named = named(package);
        // Macros, what only builds or tests it, and our own.
        for other in ["syn", "serde_derive", "cc", "opensk", "passkey-core", "spdx"] {
            assert!(!named.iter().any(|name| name == other), "{other} in {package:?}");
        }
    }
    // Together they are what one package has.
    let mut both: Vec<String> = module.into_iter().chain(command).collect();
    both.sort();
    both.dedup();
    let mut one = named(Package::Passkey);
    one.sort();
    one.dedup();
    assert_eq!(one, both);
}

#[test]
fn the_texts_go_along() {
    let text = notices(Package::PasskeyEnroll).text();
    for words in [
        "Permission is hereby granted, free of charge",
        "Neither the name of the copyright holder nor the names of its contributors",
        "Blue Oak Model License",
        "UNICODE LICENSE V3",
        "Copyright (c) The Rust Project Contributors",
    ] {
        let is_there = text.split_whitespace().collect::<Vec<_>>().join(" ").contains(words);
        assert!(is_there, "{words}");
    }
}

#[test]
fn debians_file_is_of_the_form_that_debian_reads() {
    for package in Package::ALL {
        let text = notices(package).debian_copyright();
        let mut fields = 0;
        for line in text.lines() {
            // A field, a line that goes on with it, or the end of a paragraph.
            let is_field = line.split_once(':').is_some_and(|(name, _)| {
                ["Format", "Upstream-Name", "Files", "Copyright", "License", "Comment"].contains(&name)
            });
            assert!(is_field || line.is_empty() || line.starts_with(' '), "{line:?}");
            assert!(line.is_empty() || !line.trim().is_empty(), "an empty line is ` .`");
            fields += usize::from(is_field);
        }
        assert!(fields > 30, "{fields}");
        assert!(!text.contains("END OF TERMS AND CONDITIONS"), "that text is in /usr/share/common-licenses");
    }
    assert!(notices(Package::LibpamPasskey).debian_copyright().contains("\n vendor/aes-"));
}
