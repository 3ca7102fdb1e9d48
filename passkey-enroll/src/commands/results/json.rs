//! The shapes of results in JSON. They are part of the command's interface: keys are added, never renamed.

use std::collections::BTreeMap;

use jiff::Timestamp;
use passkey_core::attestation::{AttestationSummary, Certification, TrustRoot};
use passkey_core::ceremony::{
    Attachment, Authenticator, InspectError, KeyError as CeremonyKeyError, PluggedKey,
};
use passkey_core::credential::{self, algorithm_name};
use passkey_core::store::{CredentialState, SkippedEntry};
use serde::Serialize;

use crate::key::place;
use crate::util::encoding::to_base64url;

/// A passkey.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Credential {
    /// base64url
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) rp_id: String,
    /// As on the command line.
    pub(crate) algorithm: &'static str,
    /// The COSE key in base64url.
    pub(crate) public_key: String,
    pub(crate) aaguid: String,
    /// The name of the model that has the AAGUID, where it is known.
    pub(crate) model: Option<String>,
    pub(crate) discoverable: bool,
    /// `none`, `pin` or `fingerprint`
    pub(crate) user_verification: &'static str,
    /// 1, 2, 3, or null where the key did not say.
    pub(crate) cred_protect: Option<u8>,
    pub(crate) transports: Vec<String>,
    /// What it is on, by its transports.
    pub(crate) authenticator: Holder,
    pub(crate) attestation: Option<Attestation>,
    /// Null where it is not known yet.
    pub(crate) answers_silently: Option<bool>,
    pub(crate) enabled: bool,
    pub(crate) added: Timestamp,
    pub(crate) last_used: Option<Timestamp>,
    /// Null where no counter has been stored.
    pub(crate) sign_count: Option<u32>,
    /// Since the last sign-in.
    pub(crate) failures: u32,
}

/// What a passkey is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Holder {
    /// Something that is plugged in.
    SecurityKey,
    /// This computer.
    ThisComputer,
    /// Another service of this machine, such as one for a phone.
    Service,
}

impl Holder {
    fn of(credential: &credential::Credential) -> Self {
        match (credential.is_on_a_service(), credential.transports.iter().any(|one| one == "internal")) {
            (false, _) => Self::SecurityKey,
            (true, true) => Self::ThisComputer,
            (true, false) => Self::Service,
        }
    }
}

impl From<&PluggedKey> for Holder {
    fn from(key: &PluggedKey) -> Self {
        match (key.attachment, place::authenticator_of(key)) {
            (_, Authenticator::ThisComputer) => Self::ThisComputer,
            (Attachment::Plugged, Authenticator::SecurityKey | Authenticator::Guiding) => Self::SecurityKey,
            (Attachment::Service, Authenticator::SecurityKey | Authenticator::Guiding) => Self::Service,
        }
    }
}

/// What was recorded of an attestation.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Attestation {
    pub(crate) format: String,
    /// Whether a maker vouches for the key who was trusted at enrolment.
    pub(crate) trusted: bool,
    /// `none`, `self`, `basic` or `enterprise`; null where nothing was verified.
    pub(crate) kind: Option<&'static str>,
    /// The name of the root that was trusted.
    pub(crate) root: Option<String>,
    /// The SHA-256 of its certificate.
    pub(crate) root_sha256: Option<String>,
    /// As in the metadata: `FIDO_CERTIFIED_L1` and the like.
    pub(crate) certification: Option<&'static str>,
    /// The number of the key among those of its model, in hexadecimal.
    pub(crate) serial: Option<String>,
    /// When all this was verified.
    pub(crate) checked: Option<Timestamp>,
}

impl From<&AttestationSummary> for Attestation {
    fn from(summary: &AttestationSummary) -> Self {
        let proof = summary.proof.as_ref();
        let root = proof.and_then(|proof| proof.root.as_ref());
        Self {
            format: summary.format.clone(),
            trusted: root.is_some(),
            kind: proof.map(|proof| proof.kind.as_str()),
            root: root.map(|root| root.name().to_owned()),
            root_sha256: root.map(TrustRoot::fingerprint),
            certification: proof.and_then(|proof| proof.certification).map(Certification::as_str),
            serial: proof.and_then(|proof| proof.serial.as_ref()).map(ToString::to_string),
            checked: proof.map(|proof| proof.checked),
        }
    }
}

impl Credential {
    /// A passkey and what is remembered of its use.
    pub(crate) fn new(credential: &credential::Credential, state: Option<&CredentialState>) -> Self {
        Self {
            id: credential.id.to_base64url(),
            name: credential.name.clone(),
            rp_id: credential.rp_id.clone(),
            algorithm: algorithm_name(&credential.public_key),
            public_key: to_base64url(&credential.public_key.encode()),
            aaguid: credential.aaguid.to_string(),
            model: None,
            discoverable: credential.discoverable,
            user_verification: credential.user_verification.as_str(),
            cred_protect: credential.cred_protect,
            transports: credential.transports.clone(),
            authenticator: Holder::of(credential),
            attestation: credential.attestation.as_ref().map(Attestation::from),
            answers_silently: credential.answers_silently,
            enabled: credential.enabled,
            added: credential.added,
            last_used: state.and_then(|state| state.last_used),
            sign_count: state.and_then(|state| state.sign_count),
            failures: state.map_or(0, |state| state.failures),
        }
    }
}

/// An entry of the credential file that was passed over.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Skipped {
    pub(crate) line: usize,
    pub(crate) name: Option<String>,
    pub(crate) reason: String,
}

impl From<&SkippedEntry> for Skipped {
    fn from(entry: &SkippedEntry) -> Self {
        Self { line: entry.line, name: entry.name.clone(), reason: entry.reason.to_string() }
    }
}

/// `list`
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Passkeys {
    pub(crate) user: String,
    /// base64url; null where the user was never enrolled.
    pub(crate) user_handle: Option<String>,
    /// The credential file; null where there is none.
    pub(crate) path: Option<String>,
    pub(crate) credentials: Vec<Credential>,
    pub(crate) skipped: Vec<Skipped>,
    /// Whether last use and counters could be read: if not, they are null because they are unknown.
    pub(crate) state_known: bool,
}

/// `show`
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Shown {
    pub(crate) user: String,
    #[serde(flatten)]
    pub(crate) credential: Credential,
}

/// `add`
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Added {
    pub(crate) user: String,
    #[serde(flatten)]
    pub(crate) credential: Credential,
    /// Whether it opens the keyring; absent where that was not asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) keyring: Option<bool>,
    /// What a person is told after their first one.
    #[serde(skip)]
    pub(crate) first_steps: Option<FirstSteps>,
}

/// What to do after the first enrolment.
#[derive(Clone, Debug)]
pub(crate) struct FirstSteps {
    /// ` --user NAME`, where the command was given it.
    pub(crate) user_option: String,
    /// What the first one is on.
    pub(crate) authenticator: Authenticator,
}

/// `remove`
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Removal {
    pub(crate) user: String,
    pub(crate) removed: Credential,
    /// How many passkeys the user has left.
    pub(crate) remaining: usize,
    /// How many of those can sign in.
    pub(crate) usable: usize,
    /// The services that are closed to the user for want of one.
    pub(crate) closed_services: Vec<String>,
}

/// `rename`
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Renamed {
    pub(crate) user: String,
    pub(crate) old_name: String,
    #[serde(flatten)]
    pub(crate) credential: Credential,
}

/// `disable`, `enable`
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Switched {
    pub(crate) user: String,
    #[serde(flatten)]
    pub(crate) credential: Credential,
    /// Whether it was the other way round before.
    pub(crate) changed: bool,
    /// How many of the user's passkeys can sign in.
    pub(crate) usable: usize,
    /// The services that are closed to the user for want of one.
    pub(crate) closed_services: Vec<String>,
}

/// `import`
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Imported {
    pub(crate) file: String,
    /// As on the command line.
    pub(crate) format: &'static str,
    pub(crate) counts: Counts,
    pub(crate) credentials: Vec<ImportedPasskey>,
    /// What was on file already and is left as it was.
    pub(crate) skipped: Vec<Known>,
    /// What could not be imported.
    pub(crate) damaged: Vec<Damaged>,
}

/// How many entries of a foreign file came to what end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Counts {
    pub(crate) imported: usize,
    pub(crate) skipped: usize,
    pub(crate) damaged: usize,
}

/// A passkey that was imported.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ImportedPasskey {
    pub(crate) user: String,
    /// Where it stands in the file.
    pub(crate) line: usize,
    #[serde(flatten)]
    pub(crate) credential: Credential,
    pub(crate) remarks: Vec<Remark>,
}

/// What the other program knew of a passkey and there is no place for here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Remark {
    /// It asked for more than a touch with this passkey.
    VerificationIsTheServices,
    /// It did not ask for a touch.
    AlwaysTouched,
    /// The key gives a user handle for it that is not the user's here.
    ForeignUserHandle,
    /// It shows itself to its user only, and which model holds it is not known.
    HidesOnUnknownModel,
}

/// An entry that is a passkey on file.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Known {
    pub(crate) user: String,
    /// Where it stands in the file.
    pub(crate) line: usize,
    /// What it is called here.
    pub(crate) name: String,
}

/// An entry that could not be imported.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Damaged {
    /// Where it stands in the file.
    pub(crate) line: usize,
    /// Whose it is, where that is known.
    pub(crate) user: Option<String>,
    pub(crate) code: &'static str,
    pub(crate) reason: String,
    pub(crate) hint: String,
}

/// `export`
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Exported {
    pub(crate) user: String,
    /// As on the command line.
    pub(crate) format: &'static str,
    pub(crate) rp_id: String,
    /// What the other program's file should hold.
    pub(crate) lines: Vec<String>,
    pub(crate) credentials: Vec<ExportedPasskey>,
    pub(crate) left_out: Vec<LeftOut>,
    /// What to do with it, for a person.
    pub(crate) use_it: Vec<String>,
}

/// A passkey as another program writes it down.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ExportedPasskey {
    pub(crate) name: String,
    pub(crate) text: String,
    /// What is asked of the person with it: `presence`, `verification`, `pin`. What has no place in the format is here all the same.
    pub(crate) options: Vec<&'static str>,
}

/// A passkey that was not exported.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct LeftOut {
    pub(crate) name: String,
    pub(crate) reason: &'static str,
}

/// A passkey by its names.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Named {
    pub(crate) id: String,
    pub(crate) name: String,
}

/// A counter that did not rise.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct CounterWarning {
    pub(crate) stored: u32,
    pub(crate) received: u32,
}

/// A security key from outside.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Plugged {
    /// The device node, or the socket of a service.
    pub(crate) path: String,
    /// As the device says it; the name of a service.
    pub(crate) name: String,
    /// USB, as a number; null for a service.
    pub(crate) vendor_id: Option<u16>,
    /// USB, as a number; null for a service.
    pub(crate) product_id: Option<u16>,
    /// What it is.
    #[serde(skip)]
    pub(crate) holder: Holder,
}

impl From<&PluggedKey> for Plugged {
    fn from(key: &PluggedKey) -> Self {
        let of_a_device = |number| (key.attachment == Attachment::Plugged).then_some(number);
        Self {
            path: key.path.display().to_string(),
            name: key.name.clone(),
            vendor_id: of_a_device(key.vendor_id),
            product_id: of_a_device(key.product_id),
            holder: Holder::from(key),
        }
    }
}

/// `keys`
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Keys {
    pub(crate) keys: Vec<Key>,
}

/// A security key and what it says of itself. What only FIDO2 keys tell is null where it was not told.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Key {
    #[serde(flatten)]
    pub(crate) plugged: Plugged,
    pub(crate) authenticator: Holder,
    pub(crate) aaguid: Option<String>,
    /// The name of the model that has the AAGUID; where that is not known, the device's own name.
    pub(crate) model: Option<String>,
    /// The maker's number for the firmware.
    pub(crate) firmware_version: Option<u64>,
    pub(crate) versions: Vec<String>,
    pub(crate) extensions: Vec<String>,
    pub(crate) algorithms: Vec<String>,
    /// Under their names in the specification; those that the key does not have are left out.
    pub(crate) options: BTreeMap<&'static str, bool>,
    pub(crate) pin: PinState,
    pub(crate) uv: UvState,
    /// Room for further discoverable passkeys.
    pub(crate) remaining_discoverable: Option<u64>,
    /// The names of the user's passkeys on it; null where the store cannot be read.
    pub(crate) enrolled: Option<Vec<String>>,
    /// Why the key could not be asked.
    pub(crate) error: Option<KeyError>,
}

/// Why a key could not be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum KeyError {
    /// Not by this user, or not at all.
    CannotOpen,
    /// It does not answer.
    Silent,
    /// It answers that it cannot.
    Stuck,
    /// It speaks neither FIDO2 nor U2F.
    NoProtocol,
    /// Not the key's fault: this process cannot open further files.
    NoDescriptors,
    /// Another program is using it.
    Busy,
    /// It refuses to talk.
    Refused,
    /// What it answers makes no sense.
    Garbled,
    /// It was unplugged in the middle.
    Unplugged,
    /// Not the key's fault: the machine has no randomness.
    NoRandomness,
}

impl From<InspectError> for KeyError {
    fn from(error: InspectError) -> Self {
        match error {
            InspectError::Lost(CeremonyKeyError::CannotOpen | CeremonyKeyError::Hidden) => Self::CannotOpen,
            InspectError::Lost(CeremonyKeyError::Silent) => Self::Silent,
            InspectError::Lost(CeremonyKeyError::Stuck) => Self::Stuck,
            InspectError::Lost(CeremonyKeyError::NoProtocol) => Self::NoProtocol,
            InspectError::Lost(CeremonyKeyError::NoDescriptors) => Self::NoDescriptors,
            InspectError::Lost(CeremonyKeyError::Busy) => Self::Busy,
            InspectError::Lost(CeremonyKeyError::Refused(_)) | InspectError::Refused(_) => Self::Refused,
            InspectError::Lost(CeremonyKeyError::Garbled(_)) | InspectError::Malformed => Self::Garbled,
            InspectError::Lost(CeremonyKeyError::Unplugged) => Self::Unplugged,
            InspectError::Lost(CeremonyKeyError::NoRandomness) => Self::NoRandomness,
        }
    }
}

/// A key's PIN.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct PinState {
    /// Null where the key knows no PIN.
    pub(crate) set: Option<bool>,
    /// Wrong PINs that the key still takes.
    pub(crate) retries: Option<u8>,
    /// Whether it takes none before it has been unplugged and plugged in again.
    pub(crate) locked: bool,
    /// Whether it has to be changed before the key can be used.
    pub(crate) must_change: bool,
}

/// A key's own sensor.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct UvState {
    /// Whether it is set up and usable.
    pub(crate) available: bool,
    /// Failures that the sensor still takes.
    pub(crate) retries: Option<u8>,
}
