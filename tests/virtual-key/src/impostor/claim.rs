//! What an impostor says of itself.

use std::time::Duration;

use sk_cbor::Value;

use super::Answer;
use super::reply::encode;
use crate::{Asked, Refusal};

/// Everything that distinguishes one impostor from another. The default claims to be a plain CTAP 2.1 key and holds no credential; change
/// what matters: `ImpostorConfig { capabilities: 0x08, ..ImpostorConfig::new("red") }`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImpostorConfig {
    /// Its name in tests.
    pub name: String,
    /// The capability flags in the reply to INIT (CTAP 2.1 §11.2.9.1.3): WINK 0x01, CBOR 0x04, NMSG 0x08. What they do not claim is answered
    /// with `ERR_INVALID_CMD`.
    pub capabilities: u8,
    /// The answer to getInfo.
    pub info: Claim,
    /// The answers to requests of a kind (None: to any but INIT and getInfo). The first that fits counts; where none does, the impostor
    /// answers as a key without credentials.
    pub answers: Vec<(Option<Asked>, Answer)>,
    /// How long it waits for the rest of a message before it answers `ERR_MSG_TIMEOUT`.
    pub message_timeout: Duration,
}

/// What an impostor answers to getInfo.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::large_enum_variant)] // an impostor has one
pub enum Claim {
    /// This.
    Info(ClaimedInfo),
    /// Success and these bytes.
    Raw(Vec<u8>),
    /// Nothing: it refuses.
    Refused(Refusal),
}

/// The members of a getInfo reply (CTAP 2.1 §6.4). An empty list and None: not stated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimedInfo {
    /// `versions`; stated even if empty.
    pub versions: Vec<String>,
    /// `extensions`.
    pub extensions: Vec<String>,
    /// `aaguid`.
    pub aaguid: [u8; 16],
    /// `options`, in any combination.
    pub options: Vec<(String, bool)>,
    /// `maxMsgSize`.
    pub max_msg_size: Option<u64>,
    /// `pinUvAuthProtocols`; an empty list is stated as one.
    pub pin_uv_auth_protocols: Option<Vec<u64>>,
    /// `maxCredentialCountInList`.
    pub max_credential_count_in_list: Option<u64>,
    /// `maxCredentialIdLength`.
    pub max_credential_id_length: Option<u64>,
    /// `transports`.
    pub transports: Vec<String>,
    /// `algorithms`: COSE numbers.
    pub algorithms: Vec<i64>,
    /// `forcePINChange`.
    pub force_pin_change: Option<bool>,
    /// `minPINLength`.
    pub min_pin_length: Option<u64>,
    /// `firmwareVersion`.
    pub firmware_version: Option<u64>,
    /// `preferredPlatformUvAttempts`.
    pub preferred_platform_uv_attempts: Option<u64>,
    /// `remainingDiscoverableCredentials`.
    pub remaining_discoverable_credentials: Option<u64>,
}

impl ImpostorConfig {
    /// The default under this name.
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    /// The same with other claims.
    #[must_use]
    pub fn info(self, info: ClaimedInfo) -> Self {
        Self { info: Claim::Info(info), ..self }
    }

    /// The same with this answer to requests of this kind, whatever was configured for them before.
    #[must_use]
    pub fn answer(mut self, asked: Asked, answer: Answer) -> Self {
        self.answers.insert(0, (Some(asked), answer));
        self
    }

    /// The answer to a request; `asked` is None if the request is of no kind that has a name. INIT and getInfo have one only if
    /// they were named.
    pub(super) fn answer_to(&self, asked: Option<Asked>) -> Option<&Answer> {
        let by_itself = matches!(asked, Some(Asked::Init | Asked::Info));
        let fits = |kind: &Option<Asked>| if kind.is_none() { !by_itself } else { *kind == asked };
        self.answers.iter().find(|(kind, _)| fits(kind)).map(|(_, answer)| answer)
    }
}

impl Default for ImpostorConfig {
    fn default() -> Self {
        Self {
            name: "impostor".to_owned(),
            capabilities: 0x04,
            info: Claim::Info(ClaimedInfo::default()),
            answers: Vec::new(),
            message_timeout: Duration::from_millis(500),
        }
    }
}

impl Default for ClaimedInfo {
    fn default() -> Self {
        Self {
            versions: owned(&["U2F_V2", "FIDO_2_0", "FIDO_2_1"]),
            extensions: owned(&["credProtect", "hmac-secret"]),
            aaguid: [0; 16],
            options: vec![("rk".to_owned(), true), ("up".to_owned(), true)],
            max_msg_size: Some(1200),
            pin_uv_auth_protocols: Some(vec![2, 1]),
            max_credential_count_in_list: Some(8),
            max_credential_id_length: Some(128),
            transports: owned(&["usb"]),
            algorithms: vec![-7],
            force_pin_change: None,
            min_pin_length: None,
            firmware_version: None,
            preferred_platform_uv_attempts: None,
            remaining_discoverable_credentials: None,
        }
    }
}

impl ClaimedInfo {
    /// The same with these options and no others.
    #[must_use]
    pub fn options(self, options: &[(&str, bool)]) -> Self {
        Self { options: options.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect(), ..self }
    }

    /// The same with these versions and no others.
    #[must_use]
    pub fn versions(self, versions: &[&str]) -> Self {
        Self { versions: owned(versions), ..self }
    }

    /// The map as CBOR.
    pub(super) fn encode(&self) -> Vec<u8> {
        let text = |text: &String| Value::text_string(text.clone());
        let texts = |texts: &[String]| Value::array(texts.iter().map(text).collect());
        let number = |number: &Option<u64>| number.map(Value::unsigned);
        let stated = |list: &[String]| (!list.is_empty()).then(|| texts(list));
        let options = self.options.iter().map(|(name, value)| (text(name), Value::bool_value(*value)));
        let protocols = self.pin_uv_auth_protocols.as_ref();
        let algorithm = |alg: &i64| {
            Value::map(vec![
                (Value::text_string("alg".to_owned()), Value::integer(*alg)),
                (Value::text_string("type".to_owned()), Value::text_string("public-key".to_owned())),
            ])
        };
        let algorithms = || Value::array(self.algorithms.iter().map(algorithm).collect());
        let members = [
            (0x01, Some(texts(&self.versions))),
            (0x02, stated(&self.extensions)),
            (0x03, Some(Value::byte_string(self.aaguid.to_vec()))),
            (0x04, (!self.options.is_empty()).then(|| Value::map(options.collect()))),
            (0x05, number(&self.max_msg_size)),
            (0x06, protocols.map(|list| Value::array(list.iter().map(|id| Value::unsigned(*id)).collect()))),
            (0x07, number(&self.max_credential_count_in_list)),
            (0x08, number(&self.max_credential_id_length)),
            (0x09, stated(&self.transports)),
            (0x0a, (!self.algorithms.is_empty()).then(algorithms)),
            (0x0c, self.force_pin_change.map(Value::bool_value)),
            (0x0d, number(&self.min_pin_length)),
            (0x0e, number(&self.firmware_version)),
            (0x11, number(&self.preferred_platform_uv_attempts)),
            (0x14, number(&self.remaining_discoverable_credentials)),
        ];
        let members = members.into_iter().filter_map(|(key, value)| Some((Value::unsigned(key), value?)));
        encode(Value::map(members.collect()))
    }
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}
