//! The enrolment ceremony: the person picks a key by touching it, the key makes a passkey, and the passkey proves itself once.

mod u2f;

use super::keys::{Attachment, KeyId, Message, NoRandomness, Platform, PluggedKey, Protocol};
use super::prompter::{Authenticator, Notice, Prompter};
use super::select::{Selecting, Selection};
use super::standing::{Chosen, Trusted};
use super::steps::allow_list;
use super::steps::assertion::{AssertionRequest, Token, UserPresence};
use super::steps::pin_uv_token::{TokenError, TokenRequest};
use super::steps::single_key::{KeyFailure, NoToken, SingleKey};
use super::steps::uv_method::{self, Impossible, Method};
use crate::attestation::AttestationSummary;
use crate::client_data::{CHALLENGE_LEN, ClientData};
use crate::config::UserVerification;
use crate::credential::{Credential, CredentialId, UserHandle, UvCapability};
use crate::verify::VerifyError;
use ctap::authenticator_data::{Aaguid, Flags};
use ctap::client_pin::Permissions;
use ctap::cose::{Algorithm, PublicKey};
use ctap::extensions::CredProtect;
use ctap::hmac_secret;
use ctap::make_credential;
use ctap::{Info, ReplyError, Status, get_assertion};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use std::path::Path;
use std::time::Duration;

/// The protocol of enterprise attestation for which the platform answers (CTAP 2.1 §7.1.2), and not a list in the key.
const PLATFORM_MANAGED: u8 = 2;

/// What passkey to make.
#[derive(Clone, Copy, Debug)]
pub struct Enrolment<'a> {
    /// The RP ID to make it for.
    pub rp_id: &'a str,
    /// The user's handle, shared by all of their passkeys.
    pub user_handle: &'a UserHandle,
    /// The account's name, as keys with a display show it.
    pub user_name: &'a str,
    /// What the person calls the passkey.
    pub name: &'a str,
    /// Now.
    pub added: Timestamp,
    /// The signature algorithms that will do, best first.
    pub algorithms: &'a [Algorithm],
    /// Whether the key should find the passkey without being told its id.
    pub discoverable: bool,
    /// What is required of user verification while enrolling.
    pub verification: UserVerification,
    /// The user's passkeys, disabled ones included: a key that holds one is not enrolled again.
    pub existing: &'a [&'a Credential],
    /// Only this device node.
    pub device: Option<&'a Path>,
    /// The models that may be enrolled; empty for all. A key that says it is another one is let go before anything is asked of
    /// the person. Its word proves nothing: see [`Enrolled::attestation`].
    pub allowed_aaguids: &'a [Aaguid],
    /// Whether a key that can is asked for an attestation that tells it from others of its model.
    pub enterprise_attestation: bool,
    /// Wrong PINs allowed, at least one.
    pub pin_attempts: u8,
    /// The whole ceremony ends after this time, not counting the time that the person takes to type a PIN.
    pub timeout: Duration,
}

/// A new passkey, not stored yet.
#[derive(Debug)]
pub struct Enrolled {
    /// The passkey.
    pub credential: Credential,
    /// Its signature counter.
    pub sign_count: u32,
    /// The key that holds it.
    pub key: PluggedKey,
    /// What the key made, with its attestation: nothing of that has been verified.
    pub attestation: Attestation,
}

/// A new credential as the key handed it over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attestation {
    /// The reply, or what a CTAP2 key would have replied in the place of one that speaks U2F.
    pub made: make_credential::Response,
    /// The hash of the client data that was sent: part of what the attestation signs.
    pub client_data_hash: [u8; 32],
    /// Whether an attestation was asked for that tells the key from others of its model.
    pub enterprise_requested: bool,
}

/// Why no passkey was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EnrolError {
    /// No key was picked, or it gave no reply that could be used.
    Key(KeyFailure),
    /// The key already holds this passkey of the user.
    AlreadyEnrolled(Option<String>),
    /// The key cannot verify its user although it must.
    CannotVerifyUser(Impossible),
    /// The same, and a PIN is all that this key lacks for it.
    PinNotSet(Box<PluggedKey>),
    /// The key did not verify its user.
    Pin(TokenError),
    /// The key knows none of the algorithms.
    NoAlgorithm,
    /// The key has no room for another discoverable passkey.
    KeyFull,
    /// The key cannot hold discoverable passkeys.
    NotDiscoverable,
    /// The key says that it is of a model that may not be enrolled.
    ModelNotAllowed(Aaguid),
    /// The new passkey's first signature was wrong.
    Rejected(VerifyError),
    /// What the key made is not what was asked for.
    WrongCredential,
    /// The kernel gave no randomness.
    NoRandomness,
}

/// Runs the ceremony to its end.
pub fn enrol(
    platform: &mut impl Platform,
    person: &mut impl Prompter,
    enrolment: &Enrolment<'_>,
) -> Result<Enrolled, EnrolError> {
    Ceremony { single: SingleKey::new(platform, person, enrolment.timeout), enrolment }.run()
}

struct Ceremony<'a, W: Platform, P: Prompter> {
    single: SingleKey<'a, W, P>,
    enrolment: &'a Enrolment<'a>,
}

impl<W: Platform, P: Prompter> Ceremony<'_, W, P> {
    /// One step after the other: from here on only one key matters.
    fn run(&mut self) -> Result<Enrolled, EnrolError> {
        let Selection { key, protocol, chosen } = self.select()?;
        self.refuse_model(protocol.info())?;
        let attestation = match &protocol {
            Protocol::Ctap2(info) => {
                self.refuse_duplicate(key, info)?;
                let (method, token) = self.verify_user(key, info, chosen)?;
                self.make_credential(key, info, method, token.as_ref())?
            }
            Protocol::U2f => {
                self.refuse_u2f_duplicate(key)?;
                self.register(key)?
            }
        };
        let plugged = self.single.pool.plugged(key).cloned().ok_or(KeyFailure::Unplugged)?;
        let mut credential = self.check_credential(plugged.attachment, protocol.info(), &attestation.made)?;
        let proved = match &protocol {
            Protocol::Ctap2(_) => self.prove(key, &credential)?,
            // It signs only after another touch; what it made is signed already, by the maker's key.
            Protocol::U2f => None,
        };
        if let Protocol::Ctap2(_) = &protocol {
            credential.answers_silently = Some(proved.is_some_and(|(_, silently)| silently));
        }
        let sign_count =
            proved.map_or(attestation.made.authenticator_data.sign_count, |(sign_count, _)| sign_count);
        Ok(Enrolled { credential, sign_count, key: plugged, attestation })
    }

    /// Lets a key go that is of no model that may be enrolled. Keys that speak only U2F have no model.
    fn refuse_model(&self, info: Option<&Info>) -> Result<(), EnrolError> {
        let aaguid = info.map_or(Aaguid::ZERO, |info| info.aaguid);
        let allowed = self.enrolment.allowed_aaguids;
        if allowed.is_empty() || allowed.contains(&aaguid) {
            Ok(())
        } else {
            Err(EnrolError::ModelNotAllowed(aaguid))
        }
    }

    fn select(&mut self) -> Result<Selection, EnrolError> {
        Ok(Selecting::new(&mut self.single, self.enrolment.device).run()?)
    }

    /// Looks silently for the user's passkeys on the key, before anything is asked of the person.
    fn refuse_duplicate(&mut self, key: KeyId, info: &Info) -> Result<(), EnrolError> {
        let attachment = self.single.pool.attachment(key);
        for batch in allow_list::to_find(self.enrolment.existing, attachment, info) {
            let asked = batch.0.clone();
            let Some((question, answer)) = self.ask_silently(key, batch.0)? else { continue };
            let found = match (answer, attachment, asked.as_slice()) {
                (Ok(response), _, _) => {
                    question.verify(&response).ok().map(|facts| facts.credential().name.clone())
                }
                // A service is believed what a device would have to show.
                (Err(ReplyError::Status(Status::PUAT_REQUIRED)), Attachment::Service, [only]) => {
                    Some(only.name.clone())
                }
                // It says nothing: the key's own excludeList check follows.
                (Err(_), _, _) => None,
            };
            if found.is_some() {
                return Err(EnrolError::AlreadyEnrolled(found));
            }
        }
        Ok(())
    }

    /// Asks the key for an assertion without a touch.
    #[allow(clippy::type_complexity, reason = "what was asked, and what came back")]
    fn ask_silently<'c>(
        &mut self,
        key: KeyId,
        asked: Vec<&'c Credential>,
    ) -> Result<Option<(AssertionRequest<'c>, Result<get_assertion::Response, ReplyError>)>, EnrolError> {
        let question = AssertionRequest::new(asked, UserPresence::Silent, self.single.pool.platform());
        let Some((question, message)) = question.map_err(|NoRandomness| EnrolError::NoRandomness)? else {
            return Ok(None);
        };
        let reply = self.single.exchange_silently(key, message)?;
        Ok(Some((question, get_assertion::Response::parse(&reply.payload))))
    }

    fn challenge(&mut self) -> Result<[u8; CHALLENGE_LEN], EnrolError> {
        let mut challenge = [0; CHALLENGE_LEN];
        self.single.pool.platform().random(&mut challenge).map_err(|_| EnrolError::NoRandomness)?;
        Ok(challenge)
    }

    /// Verifies the user where the key or the policy wants it for a new passkey.
    fn verify_user(
        &mut self,
        key: KeyId,
        info: &Info,
        chosen: Chosen,
    ) -> Result<(Method, Option<Token>), EnrolError> {
        let options = &info.options;
        let protected = options.client_pin == Some(true) || options.uv == Some(true);
        // A protected key makes no passkey without its user, unless it says so, and then no discoverable one (CTAP 2.1 §6.1.2).
        let key_insists = protected && (!options.make_cred_uv_not_required || self.enrolment.discoverable);
        let method = uv_method::choose(self.enrolment.verification, info, key_insists)
            .map_err(|impossible| self.cannot_verify_user(key, info, impossible))?;
        let by_sensor = match method {
            Method::None | Method::BuiltIn { token: false } => return Ok((method, None)),
            Method::BuiltIn { token: true } => true,
            Method::Pin => false,
        };
        let request = TokenRequest {
            permissions: Permissions::MC | Permissions::GA,
            rp_id: self.enrolment.rp_id,
            by_sensor,
        };
        let trusted = Trusted::Chosen(chosen);
        let token = self.single.token(key, info, &trusted, request, self.enrolment.pin_attempts)?;
        Ok((method, Some(token)))
    }

    fn cannot_verify_user(&self, key: KeyId, info: &Info, impossible: Impossible) -> EnrolError {
        let helps = impossible == Impossible::NotSetUp && uv_method::pin_would_do(info);
        match self.single.pool.plugged(key).filter(|_| helps) {
            Some(plugged) => EnrolError::PinNotSet(Box::new(plugged.clone())),
            None => EnrolError::CannotVerifyUser(impossible),
        }
    }

    fn make_credential(
        &mut self,
        key: KeyId,
        info: &Info,
        method: Method,
        token: Option<&Token>,
    ) -> Result<Attestation, EnrolError> {
        if self.enrolment.discoverable && !info.options.rk {
            return Err(EnrolError::NotDiscoverable);
        }
        // A key on which it is not switched on would refuse the whole request (CTAP 2.1 §6.1.2).
        let enterprise_requested = self.enrolment.enterprise_attestation && info.options.ep == Some(true);
        let client_data = ClientData::enrolment(self.enrolment.rp_id, &self.challenge()?);
        // The search before has looked at all of them; one list's worth guards against a key that does not search silently.
        let first = allow_list::cut(self.enrolment.existing, info).into_iter().next();
        let excluded: Vec<&[u8]> =
            first.iter().flat_map(|batch| &batch.0).map(|credential| credential.id.as_bytes()).collect();
        let protectable = info.has_extension("credProtect");
        let payload = make_credential::Request {
            client_data_hash: client_data.hash(),
            rp_id: self.enrolment.rp_id,
            rp_name: None,
            user: make_credential::User {
                id: self.enrolment.user_handle.as_bytes(),
                name: Some(self.enrolment.user_name),
                display_name: None,
            },
            algorithms: self.enrolment.algorithms,
            exclude_list: &excluded,
            // A finder of the key should not be able to list whose passkeys are on it.
            cred_protect: (self.enrolment.discoverable && protectable)
                .then_some(CredProtect::UserVerificationOptionalWithCredentialIdList),
            // It cannot be had later, and costs nothing: a password can be wrapped under what it makes.
            hmac_secret: info.has_extension(hmac_secret::NAME),
            rk: self.enrolment.discoverable,
            uv: method == Method::BuiltIn { token: false },
            pin_uv_auth: token.map(|(protocol, token)| (*protocol, token.authenticate(client_data.hash()))),
            enterprise_attestation: enterprise_requested.then_some(PLATFORM_MANAGED),
        }
        .encode();
        let cue = match self.single.authenticator(key, info) {
            Authenticator::SecurityKey => Some(&Notice::TouchKey),
            Authenticator::ThisComputer | Authenticator::Guiding => None,
        };
        let reply = self.single.exchange(key, Message::ctap2(payload), cue)?;
        let made = make_credential::Response::parse(&reply.payload).map_err(|error| match error {
            ReplyError::Status(Status::CREDENTIAL_EXCLUDED) => EnrolError::AlreadyEnrolled(None),
            ReplyError::Status(Status::UNSUPPORTED_ALGORITHM) => EnrolError::NoAlgorithm,
            ReplyError::Status(Status::KEY_STORE_FULL) => EnrolError::KeyFull,
            ReplyError::Status(Status::OPERATION_DENIED) => KeyFailure::Declined.into(),
            ReplyError::Status(Status::USER_ACTION_TIMEOUT | Status::ACTION_TIMEOUT) => {
                KeyFailure::NoTouch.into()
            }
            other => KeyFailure::from(other).into(),
        })?;
        Ok(Attestation { made, client_data_hash: *client_data.hash(), enterprise_requested })
    }

    /// Holds what the key made against what was asked for.
    fn check_credential(
        &self,
        attachment: Attachment,
        info: Option<&Info>,
        made: &make_credential::Response,
    ) -> Result<Credential, EnrolError> {
        let data = &made.authenticator_data;
        let attested = data.attested_credential.as_ref().ok_or(EnrolError::WrongCredential)?;
        let public_key =
            PublicKey::parse(&attested.public_key_cose).map_err(|_| EnrolError::WrongCredential)?;
        let id = CredentialId::new(attested.credential_id.clone()).ok_or(EnrolError::WrongCredential)?;
        let verified = data.flags.contains(Flags::UV);
        let as_asked = data.rp_id_hash.as_slice() == Sha256::digest(self.enrolment.rp_id).as_slice()
            && data.flags.contains(Flags::UP)
            && (verified || self.enrolment.verification != UserVerification::Required)
            && self.enrolment.algorithms.contains(&public_key.algorithm())
            && !self.enrolment.existing.iter().any(|credential| credential.id == id);
        if !as_asked {
            return Err(EnrolError::WrongCredential);
        }
        Ok(Credential {
            id,
            name: self.enrolment.name.to_owned(),
            rp_id: self.enrolment.rp_id.to_owned(),
            public_key,
            aaguid: attested.aaguid,
            discoverable: self.enrolment.discoverable,
            user_verification: match info.map(|info| &info.options) {
                Some(options) if options.uv == Some(true) => UvCapability::Fingerprint,
                Some(options) if options.client_pin == Some(true) => UvCapability::Pin,
                Some(_) | None => UvCapability::None,
            },
            cred_protect: data.cred_protect().map(CredProtect::level),
            transports: transports(attachment, info.map_or(&[], |info| &info.transports)),
            added: self.enrolment.added,
            answers_silently: None,
            enabled: true,
            attestation: Some(AttestationSummary { format: made.format.clone(), proof: None }),
            imported_options: None,
            hmac_secret: data.makes_secrets(),
        })
    }

    /// The new passkey's first signature, asked for silently: its counter, and whether the key gave it without a touch. `None` where
    /// the key does not give one, in whatever words it says so.
    fn prove(&mut self, key: KeyId, credential: &Credential) -> Result<Option<(u32, bool)>, EnrolError> {
        let Some((question, reply)) = self.ask_silently(key, vec![credential])? else { return Ok(None) };
        match reply {
            Ok(response) => {
                let facts = question.verify(&response).map_err(EnrolError::Rejected)?;
                Ok(Some((facts.sign_count(), !facts.user_present())))
            }
            // It denies what it has just made, unless it shows that to its user only.
            Err(ReplyError::Status(Status::NO_CREDENTIALS | Status::INVALID_CREDENTIAL))
                if !credential.insists_on_user_verification() =>
            {
                Err(EnrolError::WrongCredential)
            }
            Err(ReplyError::Status(_)) => Ok(None),
            Err(error @ ReplyError::Malformed(_)) => Err(KeyFailure::from(error).into()),
        }
    }
}

/// How the passkey can be reached: as the key says, as far as how it is attached allows. This decides later whom a passkey is looked for on.
fn transports(attachment: Attachment, told: &[String]) -> Vec<String> {
    let is_of_devices = |transport: &String| matches!(transport.as_str(), "usb" | "nfc" | "ble");
    let mut transports = told.to_vec();
    match attachment {
        Attachment::Plugged if !told.is_empty() && !told.iter().any(is_of_devices) => {
            transports.push("usb".to_owned());
        }
        Attachment::Plugged => {}
        Attachment::Service => {
            transports.retain(|transport| !is_of_devices(transport));
            if transports.is_empty() {
                transports.push("internal".to_owned());
            }
        }
    }
    transports
}

impl From<KeyFailure> for EnrolError {
    fn from(failure: KeyFailure) -> Self {
        Self::Key(failure)
    }
}

impl From<NoToken> for EnrolError {
    fn from(error: NoToken) -> Self {
        match error {
            NoToken::Key(failure) => Self::Key(failure),
            NoToken::Pin(error) => Self::Pin(error),
            NoToken::NoProtocol => Self::CannotVerifyUser(Impossible::NotSupported),
        }
    }
}
