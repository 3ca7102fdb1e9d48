//! Which RP ID pam_u2f's passkeys are for: it stands in PAM's files, not with the passkeys.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use passkey_core::credential::is_rp_id;

use crate::interop::TransferError;
use crate::pam::parse::{Facility, ServiceFiles};

const MODULE: &str = "pam_u2f.so";
/// What every call of the module begins with, since its version 1.4.
const CONFIGURATION: &str = "/etc/security/pam_u2f.conf";
/// The longest such file, in bytes.
const MAX_LEN: u64 = 64 * 1024;

/// pam_u2f's RP IDs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Origin {
    /// For FIDO2.
    pub(super) origin: String,
    /// For passkeys that were made through U2F.
    pub(super) app_id: String,
}

/// Where they were found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// In PAM's files.
    Pam,
    /// Nowhere: they are what the module assumes.
    Assumed,
}

/// What stands in a call of the module, or in its configuration.
#[derive(Clone, Debug, Default)]
struct Settings {
    file: Option<String>,
    origin: Option<String>,
    app_id: Option<String>,
}

impl Settings {
    fn parse<'a>(words: impl Iterator<Item = &'a str>) -> Self {
        let mut settings = Self::default();
        for word in words {
            match word.split_once('=') {
                Some(("authfile", value)) => settings.file = Some(value.to_owned()),
                Some(("origin", value)) => settings.origin = Some(value.to_owned()),
                Some(("appid", value)) => settings.app_id = Some(value.to_owned()),
                _ => {}
            }
        }
        settings
    }

    fn or(self, below: &Self) -> Self {
        Self {
            file: self.file.or_else(|| below.file.clone()),
            origin: self.origin.or_else(|| below.origin.clone()),
            app_id: self.app_id.or_else(|| below.app_id.clone()),
        }
    }

    fn origin(&self, host_name: &str) -> Origin {
        let origin = self.origin.clone().unwrap_or_else(|| format!("pam://{host_name}"));
        let app_id = self.app_id.clone().unwrap_or_else(|| origin.clone());
        Origin { origin, app_id }
    }
}

/// The RP IDs of the passkeys in `file`, by the calls of pam_u2f that read it, else by all there are.
///
/// # Errors
/// When they contradict each other, or are no RP IDs.
pub(super) fn find(files: &ServiceFiles, file: &Path) -> Result<(Origin, Source), TransferError> {
    let host_name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    find_with(files, Path::new(CONFIGURATION), file, &host_name)
}

fn find_with(
    files: &ServiceFiles,
    configuration: &Path,
    file: &Path,
    host_name: &str,
) -> Result<(Origin, Source), TransferError> {
    let calls: Vec<Settings> = files
        .calls(Facility::Auth, MODULE)
        .iter()
        .map(|rule| {
            let own = rule.arguments.iter().find_map(|argument| argument.strip_prefix("conf="));
            let below = read(own.map_or(configuration, Path::new));
            Settings::parse(rule.arguments.iter().map(String::as_str)).or(&below)
        })
        .collect();
    let reads_it = |call: &&Settings| call.file.as_deref().is_some_and(|path| is_same(Path::new(path), file));
    let of_file: Vec<&Settings> = calls.iter().filter(reads_it).collect();
    let chosen = if of_file.is_empty() { calls.iter().collect() } else { of_file };
    let mut origins: BTreeSet<Origin> = chosen.iter().map(|call| call.origin(host_name)).collect();
    let source = if origins.is_empty() { Source::Assumed } else { Source::Pam };
    let origin = origins.pop_first().unwrap_or_else(|| read(configuration).origin(host_name));
    if !origins.is_empty() {
        let others = origins.into_iter().map(|other| other.origin);
        return Err(TransferError::SeveralOrigins(std::iter::once(origin.origin).chain(others).collect()));
    }
    if is_rp_id(&origin.origin) && is_rp_id(&origin.app_id) {
        Ok((origin, source))
    } else {
        Err(TransferError::BadOrigin)
    }
}

fn is_same(one: &Path, other: &Path) -> bool {
    one == other || one.canonicalize().ok().is_some_and(|one| other.canonicalize().ok() == Some(one))
}

/// The module's configuration: a word of its arguments in each line, with space around the `=` and comments.
fn read(path: &Path) -> Settings {
    let mut text = String::new();
    let file = path.metadata().ok().filter(std::fs::Metadata::is_file).and_then(|_| File::open(path).ok());
    let Some(file) = file else { return Settings::default() };
    if file.take(MAX_LEN).read_to_string(&mut text).is_err() {
        return Settings::default();
    }
    let words: Vec<String> = text
        .lines()
        .map(|line| line.split_once('#').map_or(line, |(before, _)| before))
        .map(|line| match line.split_once('=') {
            Some((key, value)) => format!("{}={}", key.trim(), value.trim()),
            None => line.trim().to_owned(),
        })
        .collect();
    Settings::parse(words.iter().map(String::as_str))
}

#[cfg(test)]
#[path = "origin_tests.rs"]
mod tests;
