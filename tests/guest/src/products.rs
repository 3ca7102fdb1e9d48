//! The programs under test, as built.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use tempfile::NamedTempFile;

use crate::architecture::libraries;

/// Builds everything that goes into a guest.
const BUILD: &str = "tests/guest/image/products";

/// What the German catalogue is compiled from.
const GERMAN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../po/de.po");

/// A program that goes into a guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Product {
    Agent,
    VirtualKey,
    Module,
    Enroll,
    Tpm,
    German,
    Probe,
    GdmWorker,
}

impl Product {
    fn file_name(self) -> &'static str {
        match self {
            Self::Agent => "guest-agent",
            Self::VirtualKey => "virtual-key",
            Self::Module => "libpam_passkey.so",
            Self::Enroll => "passkey-enroll",
            Self::Tpm => "passkey-tpm",
            Self::German => "locale/de/LC_MESSAGES/pam_passkey.mo",
            Self::Probe => "bench-probe",
            Self::GdmWorker => "gdm-worker",
        }
    }

    /// Where it is installed in the guest.
    pub(crate) fn installed(self) -> String {
        match self {
            Self::Agent => "/guest/agent".to_owned(),
            Self::VirtualKey => "/usr/local/bin/virtual-key".to_owned(),
            Self::Module => format!("{}/security/pam_passkey.so", libraries()),
            Self::Enroll => "/usr/bin/passkey-enroll".to_owned(),
            Self::Tpm => "/usr/lib/passkey/passkey-tpm".to_owned(),
            Self::German => "/usr/share/locale/de/LC_MESSAGES/pam_passkey.mo".to_owned(),
            Self::Probe => "/usr/local/bin/bench-probe".to_owned(),
            // The kernel cuts the name where it cuts that of GDM's own.
            Self::GdmWorker => "/usr/local/bin/gdm-session-worker".to_owned(),
        }
    }

    pub(crate) fn mode(self) -> u32 {
        match self {
            Self::German => 0o644,
            _ => 0o755,
        }
    }

    /// What is under test is built as people get it; what only the tests need, as the tests are.
    fn profile(self) -> &'static str {
        match self {
            Self::Agent | Self::VirtualKey | Self::Probe | Self::GdmWorker => "debug",
            Self::Module | Self::Enroll | Self::Tpm | Self::German => "release",
        }
    }

    /// The built file: in `$PASSKEY_PRODUCTS`, else below the workspace's target folder. Refuses one that is older than its sources:
    /// a test of yesterday's program is worse than none.
    pub(crate) fn find(self) -> Result<PathBuf, String> {
        let path = folder(self.profile()).join(self.file_name());
        let built = modified(&path)
            .ok_or_else(|| format!("{} has not been built; this builds it:\n    {BUILD}", path.display()))?;
        let newest_source = match self {
            Self::German => modified(Path::new(GERMAN)).map(|time| (GERMAN.into(), time)),
            _ => newest_source(&path),
        };
        match newest_source {
            Some((source, changed)) if changed > built => Err(format!(
                "{} is older than {}; this builds it anew:\n    {BUILD}",
                path.display(),
                source.display()
            )),
            _ => Ok(path),
        }
    }

    /// What of the built file goes into the guest.
    pub(crate) fn content(self, built: &Path) -> Result<Vec<u8>, String> {
        match self.profile() {
            "debug" => stripped(built),
            _ => fs::read(built).map_err(|error| format!("{}: {error}", built.display())),
        }
    }
}

/// Three quarters of a program that is built as tests are is for debuggers only, and the guest would take a second to unpack that.
fn stripped(program: &Path) -> Result<Vec<u8>, String> {
    let small = NamedTempFile::new().map_err(|error| error.to_string())?;
    let status = Command::new("strip").arg("--strip-debug").arg("-o").arg(small.path()).arg(program).status();
    match status {
        Ok(status) if status.success() => fs::read(small.path()).map_err(|error| error.to_string()),
        Ok(status) => Err(format!("strip {}: {status}", program.display())),
        Err(error) => Err(format!("strip: {error}; './check' installs it")),
    }
}

fn folder(profile: &str) -> PathBuf {
    if let Some(folder) = env::var_os("PASSKEY_PRODUCTS") {
        return folder.into();
    }
    // This program is `target/debug/…`, or a test or an example: `target/debug/deps/…`.
    let program = env::current_exe().unwrap_or_default();
    let folder = program.parent().unwrap_or(Path::new("."));
    let inner = folder.ends_with("deps") || folder.ends_with("examples");
    let own = if inner { folder.parent().unwrap_or(folder) } else { folder };
    own.with_file_name(profile)
}

/// Cargo writes what a program was made of beside it, in the notation of make.
fn newest_source(product: &Path) -> Option<(PathBuf, SystemTime)> {
    let rule = fs::read_to_string(product.with_extension("d")).ok()?;
    let (_, sources) = rule.lines().next()?.split_once(": ")?;
    sources
        .replace("\\ ", "\0")
        .split(' ')
        .map(|source| PathBuf::from(source.replace('\0', " ")))
        .filter_map(|source| modified(&source).map(|time| (source, time)))
        .max_by_key(|(_, time)| *time)
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).ok()?.modified().ok()
}
