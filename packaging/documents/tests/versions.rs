//! The oldest Rust that is supported is the same wherever it is named.
#![allow(missing_docs, clippy::unwrap_used)]

use std::fs;
use std::path::Path;

fn file(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(name)).unwrap()
}

#[test]
fn the_oldest_rust_is_the_same_everywhere() {
    let oldest = env!("CARGO_PKG_RUST_VERSION");
    let manifest = format!("rust-version = \"{oldest}\"\n");
    // By the first, tests/toolchains/run chooses the compiler.
    for name in ["Cargo.toml", "tests/clients/Cargo.toml"] {
        assert!(file(name).contains(&manifest), "{name}: {manifest}");
    }
    let said = format!("`rust-version` in `Cargo.toml`, {oldest}");
    assert!(file("docs/packaging.md").contains(&said), "docs/packaging.md: {said}");
}
