//! `[attestation]`: which security keys may hold new passkeys. It does not concern signing in, so it is read on demand, which
//! the module never does.

use std::path::PathBuf;

use ctap::Aaguid;
use toml::de::DeValue;

use super::{
    ConfigError, SettingError,
    error::Expectation,
    file::Source,
    policy::{Word, words},
    settings::Value,
    suggest,
};
use crate::attestation::Certification;

/// The name in the certificate that signs the FIDO Alliance's metadata.
pub const DEFAULT_METADATA_SIGNER: &str = "mds.fidoalliance.org";

const TABLE: &str = "attestation";
/// The longest list of models.
const MAX_MODELS: usize = 1024;
/// The longest name of a signer: a host name's length.
const MAX_SIGNER_LEN: usize = 253;

words! {
    /// What has to be proved of a key before it may hold a passkey.
    AttestationRequirement {
        /// Nothing.
        None = "none",
        /// An attestation has to be there and to verify, be it by the new passkey itself.
        Any = "any",
        /// A maker that is trusted has to vouch for the key.
        Trusted = "trusted",
    }
}

words! {
    /// What metadata that should have been replaced by newer is good for.
    OutdatedMetadata {
        /// Nothing: no passkey is added.
        Refuse = "refuse",
        /// Everything, with a warning.
        Warn = "warn",
    }
}

impl Word for Certification {
    const WORDS: &'static [(&'static str, Self)] = &[
        (Self::Functional.as_str(), Self::Functional),
        (Self::L1.as_str(), Self::L1),
        (Self::L1Plus.as_str(), Self::L1Plus),
        (Self::L2.as_str(), Self::L2),
        (Self::L2Plus.as_str(), Self::L2Plus),
        (Self::L3.as_str(), Self::L3),
        (Self::L3Plus.as_str(), Self::L3Plus),
    ];
}

/// `[attestation]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttestationPolicy {
    /// `require`, or more where something else in the table needs more.
    pub require: AttestationRequirement,
    /// `allowed_aaguids`: the models that may be enrolled; empty for all.
    pub allowed_aaguids: Vec<Aaguid>,
    /// `roots`: a file with certificates of makers, or a folder of such files.
    pub roots: Option<PathBuf>,
    /// `metadata` and what goes with it.
    pub metadata: Option<MetadataPolicy>,
    /// `enterprise`: whether keys that can are asked to say which of their model they are.
    pub enterprise: bool,
}

/// The keys about metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetadataPolicy {
    /// `metadata`: a BLOB of the FIDO Metadata Service, version 3.
    pub file: PathBuf,
    /// `metadata_root`: the certificate that its signature leads to.
    pub root: PathBuf,
    /// `metadata_signer`: the name in the certificate that signs it.
    pub signer: String,
    /// `metadata_outdated`
    pub outdated: OutdatedMetadata,
    /// `certification`: the least that the metadata must say of a key's model.
    pub certification: Option<Certification>,
}

impl Default for AttestationPolicy {
    fn default() -> Self {
        Self {
            require: AttestationRequirement::None,
            allowed_aaguids: Vec::new(),
            roots: None,
            metadata: None,
            enterprise: false,
        }
    }
}

impl AttestationPolicy {
    /// Every key, in the order of the documentation.
    pub const KEYS: &'static [&'static str] = &[
        "require",
        "allowed_aaguids",
        "roots",
        "metadata",
        "metadata_root",
        "metadata_signer",
        "metadata_outdated",
        "certification",
        "enterprise",
    ];

    /// Whether there is anything that a key has to prove, or to say of itself.
    pub fn is_demanding(&self) -> bool {
        self.require != AttestationRequirement::None || !self.allowed_aaguids.is_empty()
    }

    /// Whether anything is named that could make a key trusted.
    pub fn can_trust(&self) -> bool {
        self.roots.is_some() || self.metadata.is_some()
    }
}

/// The table as it is in a file, if it is, unexamined. Mistakes in it are found by [`AttestationTable::read`]; it
/// concerns enrolling, and does not prevent a sign-in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AttestationTable {
    /// The path and the whole text of the configuration.
    file: Option<(PathBuf, String)>,
}

impl AttestationTable {
    pub(super) fn of(source: &Source<'_>) -> Self {
        Self { file: Some((source.path.to_owned(), source.text.to_owned())) }
    }

    /// Reads the table.
    ///
    /// # Errors
    /// When it holds anything that is not understood.
    pub fn read(&self) -> Result<AttestationPolicy, ConfigError> {
        let Some((path, text)) = &self.file else { return Ok(AttestationPolicy::default()) };
        let source = Source { path, text };
        let whole = source.table()?;
        let Some((key, value)) = whole.get_ref().iter().find(|(key, _)| key.get_ref() == TABLE) else {
            return Ok(AttestationPolicy::default());
        };
        let DeValue::Table(table) = value.get_ref() else {
            let error = Value::File(value.get_ref()).refused(TABLE, Expectation::Table);
            return Err(source.error(key.span().start, String::new(), error));
        };
        let mut draft = Draft::default();
        for (key, value) in table {
            draft
                .set(key.get_ref(), value.get_ref())
                .map_err(|error| source.error(key.span().start, TABLE.to_owned(), error))?;
        }
        draft.finish().map_err(|error| {
            let at = table.keys().find(|key| key.get_ref() == error.key()).unwrap_or(key);
            source.error(at.span().start, TABLE.to_owned(), error)
        })
    }
}

/// The table while it is read.
#[derive(Default)]
pub(super) struct Draft {
    require: Option<AttestationRequirement>,
    allowed_aaguids: Vec<Aaguid>,
    roots: Option<PathBuf>,
    metadata: Option<PathBuf>,
    metadata_root: Option<PathBuf>,
    metadata_signer: Option<String>,
    metadata_outdated: Option<OutdatedMetadata>,
    certification: Option<Certification>,
    enterprise: Option<bool>,
}

impl Draft {
    /// Sets a key.
    pub(super) fn set(&mut self, key: &str, value: &DeValue<'_>) -> Result<(), SettingError> {
        let given = Value::File(value);
        match key {
            "require" => self.require = Some(given.word(key)?),
            "allowed_aaguids" => {
                self.allowed_aaguids =
                    aaguids(value).ok_or_else(|| given.refused(key, Expectation::Aaguids))?;
            }
            "roots" => self.roots = Some(given.path(key)?),
            "metadata" => self.metadata = Some(given.path(key)?),
            "metadata_root" => self.metadata_root = Some(given.path(key)?),
            "metadata_signer" => match value {
                DeValue::String(name) if is_signer(name) => self.metadata_signer = Some(name.to_string()),
                _ => return Err(given.refused(key, Expectation::SignerName)),
            },
            "metadata_outdated" => self.metadata_outdated = Some(given.word(key)?),
            "certification" => self.certification = Some(given.word(key)?),
            "enterprise" => self.enterprise = Some(given.switch(key)?),
            _ => return Err(suggest::unknown(key, AttestationPolicy::KEYS)),
        }
        Ok(())
    }

    /// The whole table, where its keys go together.
    ///
    /// # Errors
    /// The key that lacks another one.
    pub(super) fn finish(self) -> Result<AttestationPolicy, SettingError> {
        let lacks = |key: &str, lacking| Err(SettingError::lacks(key, lacking));
        if self.require == Some(AttestationRequirement::Trusted)
            && self.roots.is_none()
            && self.metadata.is_none()
        {
            return lacks("require", "`roots` or `metadata`");
        }
        let metadata = match (self.metadata, self.metadata_root) {
            (Some(file), Some(root)) => Some(MetadataPolicy {
                file,
                root,
                signer: self.metadata_signer.unwrap_or_else(|| DEFAULT_METADATA_SIGNER.to_owned()),
                outdated: self.metadata_outdated.unwrap_or(OutdatedMetadata::Refuse),
                certification: self.certification,
            }),
            (Some(_), None) => return lacks("metadata", "`metadata_root`"),
            (None, root) => {
                let alone = [
                    ("metadata_root", root.is_some()),
                    ("metadata_signer", self.metadata_signer.is_some()),
                    ("metadata_outdated", self.metadata_outdated.is_some()),
                    ("certification", self.certification.is_some()),
                ];
                match alone.into_iter().find(|(_, given)| *given) {
                    Some((key, _)) => return lacks(key, "`metadata`"),
                    None => None,
                }
            }
        };
        let require = match self.certification {
            // A certification does not count for a model without a trusted attestation.
            Some(_) => AttestationRequirement::Trusted,
            None => self.require.unwrap_or(AttestationRequirement::None),
        };
        Ok(AttestationPolicy {
            require,
            allowed_aaguids: self.allowed_aaguids,
            roots: self.roots,
            metadata,
            enterprise: self.enterprise.unwrap_or(false),
        })
    }
}

/// The models in a list that is not empty.
fn aaguids(value: &DeValue<'_>) -> Option<Vec<Aaguid>> {
    let DeValue::Array(list) = value else { return None };
    if !(1..=MAX_MODELS).contains(&list.len()) {
        return None;
    }
    list.iter()
        .map(|item| match item.get_ref() {
            DeValue::String(text) => text.parse().ok(),
            _ => None,
        })
        .collect()
}

fn is_signer(name: &str) -> bool {
    (1..=MAX_SIGNER_LEN).contains(&name.len())
        && name.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic())
}

#[cfg(test)]
#[path = "attestation_tests.rs"]
mod tests;
