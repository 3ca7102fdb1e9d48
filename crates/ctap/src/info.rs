//! authenticatorGetInfo (CTAP 2.1 §6.4): what a key can do and in which state it is.

use crate::authenticator_data::Aaguid;
use crate::cbor::{Key, Malformed, Reader};
use crate::cose::Algorithm;
use crate::entity::PUBLIC_KEY;
use crate::pin_uv_auth::PinUvAuthProtocol;
use crate::status::{self, ReplyError};

const COMMAND: u8 = 0x04;
/// The message size of an authenticator that does not tell its own (CTAP 2.1 §6.4).
const DEFAULT_MAX_MSG_SIZE: usize = 1024;
/// The longest message that CTAPHID carries (CTAP 2.1 §11.2.4).
const MAX_CTAPHID_MSG_SIZE: usize = 7609;
/// PIN length in code points of an authenticator that does not tell its own (CTAP 2.1 §6.4).
const DEFAULT_MIN_PIN_LENGTH: usize = 4;
/// More elements than any list of the reply has.
const MAX_ELEMENTS: usize = 64;
/// More bytes than any name in the reply has.
const MAX_NAME_LEN: usize = 128;

/// The request as the payload of `CTAPHID_CBOR`.
pub fn request() -> Vec<u8> {
    vec![COMMAND]
}

/// What a key says of itself. Text is as the key sent it: to be escaped before it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Info {
    /// Versions of the specification: `FIDO_2_1`, `FIDO_2_0`, `U2F_V2`, …
    pub versions: Vec<String>,
    /// Extensions: `credProtect`, `hmac-secret`, …
    pub extensions: Vec<String>,
    /// The model.
    pub aaguid: Aaguid,
    /// Options that are supported or set up.
    pub options: Options,
    /// The longest message in bytes, at most what CTAPHID carries.
    pub max_msg_size: usize,
    /// The PIN/UV auth protocols that are known here, the preferred one first. The first one for a key that knows PINs and gives
    /// no list.
    pub pin_uv_auth_protocols: Vec<PinUvAuthProtocol>,
    /// The longest list of credentials in a request.
    pub max_credential_count_in_list: Option<usize>,
    /// The longest credential id, in bytes.
    pub max_credential_id_length: Option<usize>,
    /// How the key can be reached: `usb`, `nfc`, …
    pub transports: Vec<String>,
    /// The algorithms that are known here, the preferred one first.
    pub algorithms: Vec<Algorithm>,
    /// Whether the PIN must be changed before it is good for anything.
    pub force_pin_change: bool,
    /// The shortest PIN, in code points.
    pub min_pin_length: usize,
    /// The version of the firmware.
    pub firmware_version: Option<u64>,
    /// How often the platform should let the key's own sensor try before it asks for the PIN.
    pub preferred_platform_uv_attempts: Option<u64>,
    /// The ways in which the user can be verified without a PIN, as bits of the FIDO Registry of Predefined Values (§3.1).
    pub uv_modality: Option<u64>,
    /// Room for further discoverable credentials.
    pub remaining_discoverable_credentials: Option<u64>,
    /// Attestation statement formats (CTAP 2.2).
    pub attestation_formats: Vec<String>,
}

impl Info {
    /// Parses the payload of the `CTAPHID_CBOR` reply.
    ///
    /// # Errors
    /// The authenticator's refusal, or what is wrong with its reply.
    pub fn parse(payload: &[u8]) -> Result<Self, ReplyError> {
        Ok(Reader::whole(status::of(payload)?, Self::read)?)
    }

    /// Whether the key speaks CTAP 2.0.
    pub fn fido_2_0(&self) -> bool {
        self.has_version("FIDO_2_0")
    }

    /// Whether the key speaks CTAP 2.1 or a later version, not merely a preview of it.
    pub fn fido_2_1(&self) -> bool {
        ["FIDO_2_1", "FIDO_2_2", "FIDO_2_3"].into_iter().any(|version| self.has_version(version))
    }

    /// Whether the key speaks U2F.
    pub fn u2f_v2(&self) -> bool {
        self.has_version("U2F_V2")
    }

    /// Whether the key knows an extension.
    pub fn has_extension(&self, name: &str) -> bool {
        self.extensions.iter().any(|extension| extension == name)
    }

    fn has_version(&self, name: &str) -> bool {
        self.versions.iter().any(|version| version == name)
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let (mut aaguid, mut pin_uv_auth_protocols) = (None, None);
        let mut info = Self {
            versions: Vec::new(),
            extensions: Vec::new(),
            aaguid: Aaguid::ZERO,
            options: Options::default(),
            max_msg_size: DEFAULT_MAX_MSG_SIZE,
            pin_uv_auth_protocols: Vec::new(),
            max_credential_count_in_list: None,
            max_credential_id_length: None,
            transports: Vec::new(),
            algorithms: Vec::new(),
            force_pin_change: false,
            min_pin_length: DEFAULT_MIN_PIN_LENGTH,
            firmware_version: None,
            preferred_platform_uv_attempts: None,
            uv_modality: None,
            remaining_discoverable_credentials: None,
            attestation_formats: Vec::new(),
        };
        reader.map(|key, value| {
            match key {
                Key::Int(0x01) => info.versions = names(value)?,
                Key::Int(0x02) => info.extensions = names(value)?,
                Key::Int(0x03) => aaguid = Some(Aaguid(value.array_of_bytes()?)),
                Key::Int(0x04) => info.options = Options::read(value)?,
                Key::Int(0x05) => info.max_msg_size = value.unsigned::<usize>()?.min(MAX_CTAPHID_MSG_SIZE),
                Key::Int(0x06) => pin_uv_auth_protocols = Some(protocols(value)?),
                Key::Int(number) => info.read_newer(number, value)?,
                _ => value.skip()?,
            }
            Ok(())
        })?;
        // A key of CTAP 2.0 need not list its protocols: there was only one.
        info.pin_uv_auth_protocols = pin_uv_auth_protocols
            .unwrap_or_else(|| info.options.client_pin.map(|_| PinUvAuthProtocol::One).into_iter().collect());
        info.aaguid = aaguid.ok_or(Malformed::Missing)?;
        if info.versions.is_empty() {
            return Err(Malformed::Missing);
        }
        Ok(info)
    }

    /// Takes a member that CTAP 2.0 does not have. Keys made after a draft of CTAP 2.1 number some of them in other ways: one that
    /// is not what it should be is passed over, as if the key did not give it.
    fn read_newer(&mut self, number: i64, value: &mut Reader<'_>) -> Result<(), Malformed> {
        // Zero is no limit that a key could mean.
        let limit = |value: &mut Reader<'_>| value.fitting(Reader::unsigned).map(|n| n.filter(|n| *n > 0));
        match number {
            0x07 => self.max_credential_count_in_list = limit(value)?,
            0x08 => self.max_credential_id_length = limit(value)?,
            0x09 => self.transports = value.fitting(names)?.unwrap_or_default(),
            0x0a => self.algorithms = value.fitting(algorithms)?.unwrap_or_default(),
            0x0c => self.force_pin_change = value.fitting(Reader::bool)?.unwrap_or_default(),
            0x0d => {
                self.min_pin_length = value.fitting(Reader::unsigned)?.unwrap_or(DEFAULT_MIN_PIN_LENGTH);
            }
            0x0e => self.firmware_version = value.fitting(Reader::unsigned)?,
            0x11 => self.preferred_platform_uv_attempts = value.fitting(Reader::unsigned)?,
            0x12 => self.uv_modality = value.fitting(Reader::unsigned)?,
            0x14 => self.remaining_discoverable_credentials = value.fitting(Reader::unsigned)?,
            0x16 => self.attestation_formats = value.fitting(names)?.unwrap_or_default(),
            _ => value.skip()?,
        }
        Ok(())
    }
}

/// The options of a key (CTAP 2.1 §6.4, "options"). Where absence differs from `false`, `None` means not supported and
/// `Some(false)` supported but not set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "they are the specification's")]
pub struct Options {
    /// Built into the machine.
    pub plat: bool,
    /// Can hold discoverable credentials.
    pub rk: bool,
    /// A PIN.
    pub client_pin: Option<bool>,
    /// Can ask for a touch.
    pub up: bool,
    /// A sensor of its own that verifies the user.
    pub uv: Option<bool>,
    /// Gives tokens that are bound to permissions.
    pub pin_uv_auth_token: bool,
    /// A token gotten by PIN is no good for making credentials and assertions.
    pub no_mc_ga_permissions_with_client_pin: bool,
    /// Large blobs.
    pub large_blobs: bool,
    /// Enterprise attestation.
    pub ep: Option<bool>,
    /// Fingerprints.
    pub bio_enroll: Option<bool>,
    /// Fingerprints, by the command of the preview.
    pub user_verification_mgmt_preview: Option<bool>,
    /// Fingerprints can be managed after the sensor itself has verified the user.
    pub uv_bio_enroll: bool,
    /// authenticatorConfig.
    pub authnr_cfg: bool,
    /// authenticatorConfig can be used after the sensor itself has verified the user.
    pub uv_acfg: bool,
    /// authenticatorCredentialManagement.
    pub cred_mgmt: bool,
    /// authenticatorCredentialManagement, by the command of the preview.
    pub credential_mgmt_preview: bool,
    /// The shortest PIN can be set.
    pub set_min_pin_length: bool,
    /// Credentials that are not discoverable can be made without user verification.
    pub make_cred_uv_not_required: bool,
    /// Nothing is done without user verification.
    pub always_uv: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            plat: false,
            rk: false,
            client_pin: None,
            up: true,
            uv: None,
            pin_uv_auth_token: false,
            no_mc_ga_permissions_with_client_pin: false,
            large_blobs: false,
            ep: None,
            bio_enroll: None,
            user_verification_mgmt_preview: None,
            uv_bio_enroll: false,
            authnr_cfg: false,
            uv_acfg: false,
            cred_mgmt: false,
            credential_mgmt_preview: false,
            set_min_pin_length: false,
            make_cred_uv_not_required: false,
            always_uv: false,
        }
    }
}

impl Options {
    fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let mut options = Self::default();
        reader.map(|key, value| {
            let Key::Text(name) = key else { return value.skip() };
            match name {
                "plat" => options.plat = value.bool()?,
                "rk" => options.rk = value.bool()?,
                "clientPin" => options.client_pin = Some(value.bool()?),
                "up" => options.up = value.bool()?,
                "uv" => options.uv = Some(value.bool()?),
                "pinUvAuthToken" => options.pin_uv_auth_token = value.bool()?,
                "noMcGaPermissionsWithClientPin" => {
                    options.no_mc_ga_permissions_with_client_pin = value.bool()?;
                }
                "largeBlobs" => options.large_blobs = value.bool()?,
                "ep" => options.ep = Some(value.bool()?),
                "bioEnroll" => options.bio_enroll = Some(value.bool()?),
                "userVerificationMgmtPreview" => {
                    options.user_verification_mgmt_preview = Some(value.bool()?);
                }
                "uvBioEnroll" => options.uv_bio_enroll = value.bool()?,
                "authnrCfg" => options.authnr_cfg = value.bool()?,
                "uvAcfg" => options.uv_acfg = value.bool()?,
                "credMgmt" => options.cred_mgmt = value.bool()?,
                "credentialMgmtPreview" => options.credential_mgmt_preview = value.bool()?,
                "setMinPINLength" => options.set_min_pin_length = value.bool()?,
                "makeCredUvNotRqd" => options.make_cred_uv_not_required = value.bool()?,
                "alwaysUv" => options.always_uv = value.bool()?,
                _ => value.skip()?,
            }
            Ok(())
        })?;
        Ok(options)
    }
}

fn names(reader: &mut Reader<'_>) -> Result<Vec<String>, Malformed> {
    let mut names = Vec::new();
    reader.array(MAX_ELEMENTS, |element| {
        names.push(element.text_up_to(MAX_NAME_LEN)?.to_owned());
        Ok(())
    })?;
    Ok(names)
}

/// Those that are known here, each once.
fn protocols(reader: &mut Reader<'_>) -> Result<Vec<PinUvAuthProtocol>, Malformed> {
    let mut protocols = Vec::new();
    reader.array(MAX_ELEMENTS, |element| {
        let protocol = PinUvAuthProtocol::from_number(element.unsigned()?);
        protocols.extend(protocol.filter(|protocol| !protocols.contains(protocol)));
        Ok(())
    })?;
    Ok(protocols)
}

/// Those that are known here.
fn algorithms(reader: &mut Reader<'_>) -> Result<Vec<Algorithm>, Malformed> {
    let mut algorithms = Vec::new();
    reader.array(MAX_ELEMENTS, |element| {
        let (mut alg, mut public_key) = (None, false);
        element.map(|key, value| {
            match key {
                Key::Text("alg") => alg = Some(value.int()?),
                Key::Text("type") => public_key = value.text()? == PUBLIC_KEY,
                _ => value.skip()?,
            }
            Ok(())
        })?;
        algorithms.extend(alg.filter(|_| public_key).and_then(Algorithm::from_id));
        Ok(())
    })?;
    Ok(algorithms)
}

#[cfg(test)]
#[path = "info_tests.rs"]
mod tests;
