//! Which RP ID pam_u2f's passkeys are for: it stands in PAM's files, not with the passkeys.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use passkey_core::credential::is_rp_id;

use crate::interop::TransferError;
use crate::interop::error::OriginUse;
use crate::pam::parse::{Content, Facility, ServiceFiles};

const MODULE: &str = "pam_u2f.so";
/// What every call of the module begins with, since its version 1.4.
const CONFIGURATION: &str = "/etc/security/pam_u2f.conf";
/// The file that it reads without `authfile`, below a user's home.
const DEFAULT_FILE: &str = ".config/Yubico/u2f_keys";
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

    /// Whether the module reads this file for a user. Without `authfile` it reads each user's own; a relative path is below their
    /// home, and `%u` stands for their name.
    fn reads(&self, file: &Path) -> bool {
        match self.file.as_deref() {
            None => file.canonicalize().unwrap_or_else(|_| file.to_owned()).ends_with(DEFAULT_FILE),
            Some(path) => match path.split_once("%u") {
                Some((before, behind)) => file.to_str().is_some_and(|file| {
                    let user = file.strip_prefix(before).and_then(|rest| rest.strip_suffix(behind));
                    user.is_some_and(|user| !user.is_empty() && !user.contains('/'))
                }),
                None if Path::new(path).is_absolute() => is_same(Path::new(path), file),
                None => file.ends_with(path),
            },
        }
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
pub(super) fn find(files: &ServiceFiles, file: Option<&Path>) -> Result<(Origin, Source), TransferError> {
    let host_name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    find_with(files, Path::new(CONFIGURATION), file, &host_name)
}

fn find_with(
    files: &ServiceFiles,
    configuration: &Path,
    file: Option<&Path>,
    host_name: &str,
) -> Result<(Origin, Source), TransferError> {
    let calls = calls(files, configuration);
    let reads_it = |call: &&Call| file.is_some_and(|file| call.settings.reads(file));
    let of_file: Vec<&Call> = calls.iter().filter(reads_it).collect();
    let chosen = if of_file.is_empty() { calls.iter().collect() } else { of_file };
    let mut origins: BTreeMap<Origin, BTreeSet<PathBuf>> = BTreeMap::new();
    for call in chosen {
        origins.entry(call.settings.origin(host_name)).or_default().insert(call.file.clone());
    }
    if origins.len() > 1 {
        let uses = origins
            .into_iter()
            .map(|(origin, files)| OriginUse { origin: origin.origin, files: files.into_iter().collect() });
        return Err(TransferError::SeveralOrigins(uses.collect()));
    }
    let (origin, source) = match origins.pop_first() {
        Some((origin, _)) => (origin, Source::Pam),
        None => (read(configuration).origin(host_name), Source::Assumed),
    };
    if is_rp_id(&origin.origin) && is_rp_id(&origin.app_id) {
        Ok((origin, source))
    } else {
        Err(TransferError::BadOrigin)
    }
}

/// A call of the module.
struct Call {
    /// The PAM file that it stands in.
    file: PathBuf,
    /// Its arguments, over its configuration.
    settings: Settings,
}

fn calls(files: &ServiceFiles, configuration: &Path) -> Vec<Call> {
    let mut calls = Vec::new();
    for service in files.services() {
        let Ok((path, file)) = files.read(&service) else { continue };
        for line in file.lines() {
            let Content::Rule(rule) = &line.content else { continue };
            if rule.facility != Facility::Auth || rule.module_name() != MODULE {
                continue;
            }
            let own = rule.arguments.iter().find_map(|argument| argument.strip_prefix("conf="));
            let below = read(own.map_or(configuration, Path::new));
            let settings = Settings::parse(rule.arguments.iter().map(String::as_str)).or(&below);
            calls.push(Call { file: path.clone(), settings });
        }
    }
    calls
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
