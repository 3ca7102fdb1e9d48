//! Who is trusted to vouch for a key: the files that `[attestation]` of the configuration names.

use std::fmt;
use std::path::{Path, PathBuf};

use attestation::metadata::{MAX_LEN, MetadataError};
use attestation::{Certificate, CertificatesError, Metadata, Trust};
use jiff::Timestamp;
use jiff::civil::Date;
use passkey_core::config::{AttestationPolicy, MetadataPolicy, OutdatedMetadata};
use passkey_core::safe_file::{self, Owner, SafeFileError, TrustedDir};

use crate::report;

/// The longest file of certificates, in bytes.
const MAX_CERTIFICATES_LEN: u64 = 1024 * 1024;
/// The most files in a folder of roots.
const MAX_FILES: usize = 1024;

/// Reads everything that `policy` names; files that `owner` may not own are not believed. Metadata that is outdated and good enough
/// for the policy is warned of.
pub(crate) fn load(policy: &AttestationPolicy, owner: Owner, now: Timestamp) -> Result<Trust, TrustError> {
    let roots = policy.roots.as_deref().map(|path| roots(path, owner)).transpose()?.unwrap_or_default();
    let metadata = policy.metadata.as_ref().map(|policy| current(policy, owner, now)).transpose()?;
    Ok(Trust { roots, metadata })
}

/// The certificates in a file, or in all files of a folder.
fn roots(path: &Path, owner: Owner) -> Result<Vec<Certificate>, TrustError> {
    match safe_file::read(path, owner, MAX_CERTIFICATES_LEN) {
        Err(SafeFileError::NotRegular { .. }) => {}
        read => return certificates(path, &read?),
    }
    let folder = TrustedDir::open(path, owner)?;
    let mut all = Vec::new();
    for name in folder.names(MAX_FILES)? {
        all.extend(certificates(&path.join(&name), &folder.read(&name, MAX_CERTIFICATES_LEN)?)?);
    }
    if all.is_empty() {
        let (path, error) = (path.to_owned(), CertificatesError::Empty);
        return Err(TrustError::Certificates { path, error });
    }
    Ok(all)
}

fn certificates(path: &Path, file: &[u8]) -> Result<Vec<Certificate>, TrustError> {
    let broken = |error| TrustError::Certificates { path: path.to_owned(), error };
    Certificate::parse_all(file).map_err(broken)
}

/// The metadata, if it is new enough for the policy.
fn current(policy: &MetadataPolicy, owner: Owner, now: Timestamp) -> Result<Metadata, TrustError> {
    let metadata = metadata(policy, owner, now)?;
    if metadata.is_outdated(now) {
        let outdated = TrustError::Outdated { path: policy.file.clone(), since: metadata.next_update() };
        match policy.outdated {
            OutdatedMetadata::Refuse => return Err(outdated),
            OutdatedMetadata::Warn => report::warning(&outdated.to_string()),
        }
    }
    Ok(metadata)
}

/// The metadata that the policy names, its signature verified, whether or not there ought to be a newer one.
pub(crate) fn metadata(
    policy: &MetadataPolicy,
    owner: Owner,
    now: Timestamp,
) -> Result<Metadata, TrustError> {
    let root = certificates(&policy.root, &safe_file::read(&policy.root, owner, MAX_CERTIFICATES_LEN)?)?;
    let blob = safe_file::read(&policy.file, owner, u64::try_from(MAX_LEN).unwrap_or(u64::MAX))?;
    Metadata::parse(&blob, &root, &policy.signer, now)
        .map_err(|error| TrustError::Metadata { path: policy.file.clone(), error: Box::new(error) })
}

/// Why it cannot be said who is trusted. Each `Display` names the file.
#[derive(Debug)]
pub(crate) enum TrustError {
    /// A file cannot be read, or may not be trusted itself.
    File(SafeFileError),
    /// A file is no file of certificates.
    Certificates {
        /// The file.
        path: PathBuf,
        /// Why not.
        error: CertificatesError,
    },
    /// The metadata cannot be relied on.
    Metadata {
        /// The file.
        path: PathBuf,
        /// Why not.
        error: Box<MetadataError>,
    },
    /// There is newer metadata.
    Outdated {
        /// The file.
        path: PathBuf,
        /// The day by which it should have been replaced.
        since: Date,
    },
}

impl fmt::Display for TrustError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(error) => write!(f, "{error}"),
            Self::Certificates { path, error } => write!(f, "{}: {error}", path.display()),
            Self::Metadata { path, error } => write!(f, "{}: {error}", path.display()),
            Self::Outdated { path, since } => {
                write!(f, "{}: this metadata should have been replaced by {since}", path.display())
            }
        }
    }
}

impl std::error::Error for TrustError {}

impl From<SafeFileError> for TrustError {
    fn from(error: SafeFileError) -> Self {
        Self::File(error)
    }
}
