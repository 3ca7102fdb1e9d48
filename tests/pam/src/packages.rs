//! The packages that `./check packages` has made.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

const PROJECT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// The version of the source.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The package `libpam-passkey` of this version.
///
/// # Panics
/// When it is older than what is in it.
pub fn libpam_passkey(version: &str) -> Vec<u8> {
    made("libpam-passkey", version, &["config", "target/release/libpam_passkey.so"])
}

/// The package `passkey-enroll` of this version.
///
/// # Panics
/// As [`libpam_passkey`] does.
pub fn passkey_enroll(version: &str) -> Vec<u8> {
    made("passkey-enroll", version, &["config", "target/release/passkey-enroll"])
}

/// The package `passkey-tpm`.
///
/// # Panics
/// As [`libpam_passkey`] does.
pub fn passkey_tpm() -> Vec<u8> {
    let sources = ["authenticators/tpm/polkit", "authenticators/tpm/systemd", "target/release/passkey-tpm"];
    made("passkey-tpm", VERSION, &sources)
}

fn made(name: &str, version: &str, sources: &[&str]) -> Vec<u8> {
    let architecture = guest::debian_architecture();
    let path = PathBuf::from(format!("{PROJECT}/target/packages/{name}_{version}-1_{architecture}.deb"));
    let modified = |path: &Path| fs::metadata(path).and_then(|file| file.modified());
    let built = modified(&path).unwrap_or_else(|error| {
        panic!("{}: {error}; this makes it:\n    ./check build packages", path.display())
    });
    let mut newest = (PathBuf::new(), SystemTime::UNIX_EPOCH);
    let mut open: Vec<PathBuf> =
        ["packaging"].iter().chain(sources).map(|source| Path::new(PROJECT).join(source)).collect();
    while let Some(source) = open.pop() {
        if source.is_dir() {
            open.extend(entries(&source));
        } else if let Ok(time) = modified(&source)
            && time > newest.1
        {
            newest = (source, time);
        }
    }
    assert!(
        built >= newest.1,
        "{} is older than {}; this makes it anew:\n    ./check build packages",
        path.display(),
        newest.0.display()
    );
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn entries(folder: &Path) -> impl Iterator<Item = PathBuf> {
    fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap_or_else(|error| panic!("in a folder of the project: {error}")).path())
}
