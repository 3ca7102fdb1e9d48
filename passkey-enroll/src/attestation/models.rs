//! Names for the models of keys, by AAGUID.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use attestation::Metadata;
use ctap::Aaguid;
use jiff::Timestamp;
use passkey_core::config::MetadataPolicy;
use passkey_core::safe_file::Owner;
use toml::de::{DeTable, DeValue};

use crate::attestation::roots;

/// The table that comes with the program.
const BUILT_IN: &str = include_str!("models.toml");

/// A source of the names of models: the table that comes with the program, or the statements of the FIDO Alliance's Metadata
/// Service in a file of the administrator's.
pub(crate) trait ModelNames {
    /// The name of the model, where it is known. Text from outside: to be escaped before it is shown.
    fn name(&self, aaguid: Aaguid) -> Option<String>;
}

/// All who know models by name.
pub(crate) struct Models {
    sources: Vec<Box<dyn ModelNames>>,
}

impl Models {
    /// The first of `sources` that knows a model names it.
    pub(crate) fn new(sources: Vec<Box<dyn ModelNames>>) -> Self {
        Self { sources }
    }

    /// The name of a model. A key that does not tell its model (WebAuthn Level 3, section 6.5.1) has none.
    pub(crate) fn name(&self, aaguid: Aaguid) -> Option<String> {
        if aaguid == Aaguid::ZERO {
            return None;
        }
        self.sources.iter().find_map(|source| source.name(aaguid))
    }
}

/// The table that comes with the program.
pub(crate) struct Table(BTreeMap<Aaguid, String>);

impl Table {
    /// Reads it.
    pub(crate) fn built_in() -> Self {
        let entries = DeTable::parse(BUILT_IN).map(|table| entries(table.get_ref())).unwrap_or_default();
        Self(entries.into_iter().filter_map(|(aaguid, name)| Some((aaguid.parse().ok()?, name))).collect())
    }
}

fn entries(table: &DeTable<'_>) -> Vec<(String, String)> {
    let entry = |key: &str, value: &DeValue<'_>| match value {
        DeValue::String(name) => Some((key.to_owned(), name.to_string())),
        _ => None,
    };
    table.iter().filter_map(|(key, value)| entry(key.get_ref(), value.get_ref())).collect()
}

/// The administrator's metadata, which is read once for a model that is not in the sources before it.
pub(crate) struct FromMetadata {
    policy: MetadataPolicy,
    owner: Owner,
    read: OnceCell<Option<Metadata>>,
}

impl FromMetadata {
    /// The metadata that `policy` names; it is believed if `owner` may own it.
    pub(crate) fn new(policy: MetadataPolicy, owner: Owner) -> Self {
        Self { policy, owner, read: OnceCell::new() }
    }
}

impl ModelNames for FromMetadata {
    /// Metadata that cannot be relied on keeps passkeys from being added, and says so then; here it costs a name.
    fn name(&self, aaguid: Aaguid) -> Option<String> {
        let metadata =
            self.read.get_or_init(|| roots::metadata(&self.policy, self.owner, Timestamp::now()).ok());
        metadata.as_ref()?.description(aaguid).map(str::to_owned)
    }
}

impl ModelNames for Table {
    fn name(&self, aaguid: Aaguid) -> Option<String> {
        self.0.get(&aaguid).cloned()
    }
}

#[cfg(test)]
#[path = "models_tests.rs"]
mod tests;
