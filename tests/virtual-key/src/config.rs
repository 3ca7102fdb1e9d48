//! What a key is like before it is first plugged in.

use std::time::Duration;

use crate::Asked;

/// Everything that distinguishes one virtual key from another. Start from [`KeyConfig::new`] and change what matters:
/// `KeyConfig { pin: Some("1234".into()), ..KeyConfig::new("blue") }`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyConfig {
    /// The name of the key in tests.
    pub name: String,
    /// The name that the HID device shows.
    pub product: String,
    /// The PIN set before the key is first plugged in.
    pub pin: Option<String>,
    /// The shortest PIN that can be set, in characters: 4 unless told.
    pub min_pin_length: u8,
    /// The fingerprint sensor, if any.
    pub fingerprints: Fingerprints,
    /// `maxCredentialCountInList` (CTAP 2.1 §6.4), 8 by default; longer lists are answered with `CTAP2_ERR_LIMIT_EXCEEDED`.
    /// None: not stated, and no limit.
    pub max_credential_count_in_list: Option<usize>,
    /// How many discoverable credentials there is room for: 150 unless told.
    pub room: usize,
    /// `maxMsgSize` in bytes, 1024 to 7609 (the default).
    pub max_msg_size: usize,
    /// The `alwaysUv` option, not to be switched off (it also switches U2F off, CTAP 2.1 §7.2).
    pub always_uv: bool,
    /// Where it is.
    pub form: Form,
    /// The PIN/UV auth protocols that the key speaks.
    pub protocols: PinProtocols,
    /// The age of the key.
    pub profile: Profile,
    /// Who vouches for new CTAP2 credentials. U2F registrations always carry the model's certificate.
    pub attestation: Attestation,
    /// The model's identifier; zero by default.
    pub aaguid: [u8; 16],
    /// USB vendor number; by default that of the pid.codes test range.
    pub vendor_id: u16,
    /// USB product number.
    pub product_id: u16,
    /// Time that each report takes on the wire, in both directions.
    pub latency: Duration,
    /// How long the key waits for the rest of a message before it answers `ERR_MSG_TIMEOUT`: 100 ms in OpenSK, which a
    /// loaded emulated guest cannot keep.
    pub message_timeout: Duration,
    /// Where the key differs from what most keys do.
    pub quirks: Quirks,
    /// Seed of all randomness in the key; by default made from the name.
    pub seed: [u8; 32],
}

/// The fingerprint sensor of a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fingerprints {
    /// The key has no sensor: it has neither a `uv` nor a `bioEnroll` option.
    #[default]
    NoSensor,
    /// The key has a sensor, and no fingerprint is enrolled.
    NoneEnrolled,
    /// The key has a sensor, and one fingerprint is enrolled. Set a PIN as well: OpenSK refuses every token without one.
    Enrolled,
}

/// Who vouches for a new credential (WebAuthn §6.5.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Attestation {
    /// The credential itself.
    #[default]
    Itself,
    /// A certificate of the model's under [`attestation_root`](crate::attestation_root).
    Model,
    /// Enterprise attestation is switched on (CTAP 2.1 §7.1): who asks for it gets a certificate of this very key, with the key's
    /// name as its serial number. Nobody vouches for the credential to anybody else. Not for keys that speak only U2F.
    Enterprise,
}

/// Where an authenticator is (WebAuthn §6.2.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// In the hands of its person.
    #[default]
    Roaming,
    /// Built into a computer (`plat`, CTAP 2.1 §6.4). Its PIN is all it asks for: it waits for no touch, and an assertion without user
    /// verification is refused with `CTAP2_ERR_PUAT_REQUIRED` for what it holds. Set a PIN and `always_uv` as well.
    Platform,
    /// In a phone, behind a service that shows a code (`hybrid`, capability 0x40 of INIT's reply): [`Hybrid::TEXT`] above [`Hybrid::DRAWING`], a code of [`Hybrid::URI`].
    /// A silent assertion is refused with `CTAP2_ERR_UNSUPPORTED_OPTION`. Give it a PIN, a fingerprint and [`Profile::Ctap20`].
    Hybrid,
}

/// What a key of [`Form::Hybrid`] shows.
#[derive(Clone, Copy, Debug)]
pub struct Hybrid;

impl Hybrid {
    /// The sentence.
    pub const TEXT: &str = "Scan this with your phone.";
    /// What the code holds, in the form of the hybrid transport (CTAP 2.2 §11.5.1).
    pub const URI: &str = "FIDO:/164563996822734463995503077960148746317432241384135223707580320201623850122649316829\
        846972138808263149041007646841901710060320794230298309044773391958786107096654083076";
    /// The code of it, drawn by another program than ours: light on a dark terminal.
    pub const DRAWING: &str = include_str!("code.txt");
}

/// PIN/UV auth protocols that a key speaks (CTAP 2.1 §6.5.6 and §6.5.7).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PinProtocols {
    /// Protocol 1 only.
    One,
    /// Protocol 2 only.
    Two,
    /// Both, with 2 preferred.
    #[default]
    Both,
}

/// What generation a key belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// `FIDO_2_1`, `FIDO_2_0` and `U2F_V2`, with permission tokens and authenticatorSelection.
    #[default]
    Ctap21,
    /// `FIDO_2_0` and `U2F_V2`: no permission tokens, no authenticatorSelection, PIN protocol 1 only, and a PIN needed
    /// for every makeCredential once it is set.
    Ctap20,
    /// `U2F_V2` only: no CBOR capability at all.
    U2f,
    /// `U2F_V2` only, although INIT states the CBOR capability, as a YubiKey 4 FIPS does: every CTAP2 request is refused.
    U2fClaimingCbor(Refusal),
}

/// How a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// With a status (CTAP 2.1 §8.2).
    Status(u8),
    /// With `CTAPHID_ERROR` and this code (CTAP 2.1 §11.2.9.1.6).
    HidError(u8),
}

/// Where a key that does not lie differs from what OpenSK does. The default is to differ nowhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Quirks {
    /// getInfo states no `pinUvAuthProtocols`, as keys of CTAP 2.0 may; protocol 1 is spoken all the same.
    pub omits_pin_protocols: bool,
    /// The `alg` of the key-agreement key, in place of −25 (CTAP 2.1 §6.5.5.4): −7 on some keys.
    pub key_agreement_alg: Option<i64>,
    /// An assertion names no `credential`, also where the allow list had several.
    pub omits_credential: bool,
    /// `up` = false is not heeded: a silent assertion waits for a touch, and is answered with the user-present flag.
    pub ignores_up_false: bool,
    /// The key's own end of a wait for its person.
    pub user_timeout: Option<UserTimeout>,
    /// What it makes of the `hmac-secret` extension.
    pub hmac_secret: HmacSecret,
    /// For so long after it is plugged in, the key neither hears nor says anything.
    pub mute_for: Duration,
    /// How long the key computes before it begins to answer a request of a kind (None: of any). The first that fits counts. A CTAP2
    /// request is meanwhile answered with keep-alives, status "processing".
    pub computing_time: Vec<(Option<Asked>, Duration)>,
    /// How long the key computes over each signature, once it has been touched, where a touch is asked for: the processor of a security key
    /// takes 50 to 150 ms. In a CTAP2 request, meanwhile keep-alives as above.
    pub signing_time: Duration,
}

impl Quirks {
    /// How long the key computes before it answers this; None: a request of no kind that has a name.
    pub(crate) fn computes_for(&self, asked: Option<Asked>) -> Duration {
        let fits = |kind: &Option<Asked>| kind.is_none() || *kind == asked;
        let first = self.computing_time.iter().find(|(kind, _)| fits(kind));
        first.map_or(Duration::ZERO, |(_, time)| *time)
    }
}

/// What a key makes of the `hmac-secret` extension (CTAP 2.1 §12.5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HmacSecret {
    /// It makes secrets, by whichever protocol it speaks.
    #[default]
    Makes,
    /// It does not name the extension, and refuses salts with `CTAP2_ERR_UNSUPPORTED_EXTENSION`.
    Unknown,
    /// It takes salts by protocol 1 only, and refuses others with this status.
    ByOneOnly(u8),
    /// It names the extension, and refuses salts with this status.
    Refuses(u8),
}

/// When and with what a key gives up waiting for its person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UserTimeout {
    /// After this time without a touch, at most the 30 s of OpenSK.
    pub after: Duration,
    /// The status: `CTAP2_ERR_OPERATION_DENIED` (0x27) on some keys, `CTAP2_ERR_USER_ACTION_TIMEOUT` (0x2f) on most.
    pub status: u8,
}

impl KeyConfig {
    /// A CTAP 2.1 key without PIN and fingerprint sensor.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            product: format!("Virtual key {name}"),
            pin: None,
            min_pin_length: 4,
            fingerprints: Fingerprints::NoSensor,
            max_credential_count_in_list: Some(8),
            room: 150,
            max_msg_size: 7609,
            always_uv: false,
            form: Form::Roaming,
            protocols: PinProtocols::Both,
            profile: Profile::Ctap21,
            attestation: Attestation::Itself,
            aaguid: [0; 16],
            vendor_id: 0x1209,
            product_id: 0x0001,
            latency: Duration::ZERO,
            message_timeout: Duration::from_millis(100),
            quirks: Quirks::default(),
            seed: crate::key::sha256(&[b"virtual key", name.as_bytes()]),
        }
    }

    /// The same key with this PIN.
    #[must_use]
    pub fn pin(self, pin: &str) -> Self {
        Self { pin: Some(pin.to_owned()), ..self }
    }
}
