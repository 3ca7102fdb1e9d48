//! What the fuzz targets take of the inside: this command's own files and changes, from bytes to bytes.

use passkey_core::config::Config;

use crate::pam::change::entry::Entry;
use crate::pam::edit::{self, Way};
use crate::pam::parse::ServiceFiles;

/// An entry of the journal ([`crate::pam`]), read and written again. `is_marked`: whether the mark of the older form is there.
///
/// # Panics
/// Where an entry contradicts itself.
pub fn journal_entry(bytes: &[u8], is_marked: bool) -> Option<Vec<u8>> {
    let entry = Entry::parse(bytes, is_marked).ok()?;
    assert!(!entry.state.is_due() || entry.state.is_open(), "what is undone or kept is never undone again");
    assert!(
        !entry.is_switched_on() || entry.state.is_in_effect(),
        "what was undone does not ask for passkeys"
    );
    serde_json::to_vec(&entry).ok()
}

/// A service file that asks for passkeys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enabled {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Whether lines of it let people in without the passkey, as they do today.
    pub has_exemptions: bool,
}

/// What `pam enable SERVICE --second-factor` would write.
pub fn second_factor(files: &ServiceFiles, service: &str) -> Option<Enabled> {
    enabled(files, service, Way::SecondFactor)
}

/// What `pam enable SERVICE --passwordless` would write.
pub fn passwordless(files: &ServiceFiles, service: &str) -> Option<Enabled> {
    enabled(files, service, Way::Passwordless)
}

fn enabled(files: &ServiceFiles, service: &str, way: Way) -> Option<Enabled> {
    let draft = edit::with_passkeys(files, &Config::default(), service, way, &[]).ok()?;
    Some(Enabled { bytes: draft.bytes, has_exemptions: !draft.exempt.is_empty() })
}

/// What `pam disable SERVICE` would write where nothing is on record about the file.
pub fn disabled(files: &ServiceFiles, service: &str) -> Option<Vec<u8>> {
    edit::without_passkeys(files, &Config::default(), service).ok()
}
