//! The connection to the TPM, its storage key, and sessions.

use std::fmt;

use tss_esapi::attributes::{ObjectAttributesBuilder, SessionAttributesBuilder};
use tss_esapi::constants::{CapabilityType, SessionType};
use tss_esapi::handles::{KeyHandle, ObjectHandle, PersistentTpmHandle, SessionHandle, TpmHandle};
use tss_esapi::interface_types::algorithm::{HashingAlgorithm, PublicAlgorithm};
use tss_esapi::interface_types::ecc::EccCurve;
use tss_esapi::interface_types::resource_handles::Hierarchy;
use tss_esapi::interface_types::session_handles::AuthSession;
use tss_esapi::structures::{
    Auth, CapabilityData, EccParameter, EccPoint, EccScheme, KeyDerivationFunctionScheme, Private, Public,
    PublicBuilder, PublicEccParameters, SymmetricDefinition, SymmetricDefinitionObject,
};
use tss_esapi::tcti_ldr::TctiNameConf;
use tss_esapi::{Context, Error, WrapperErrorKind};
use zeroize::Zeroizing;

use super::error::TpmError;

/// Where the storage root key is kept (TCG TPM v2.0 Provisioning Guidance §7.8).
const STORAGE_ROOT_KEY: u32 = 0x8100_0001;

/// The authorization value of an object.
pub struct AuthValue(Zeroizing<[u8; 32]>);

impl AuthValue {
    /// TPMs strip zeros from the end of authorization values, and not all libraries do as they do: there are none.
    pub fn new(mut bytes: Zeroizing<[u8; 32]>) -> Self {
        if let Some(last) = bytes.last_mut() {
            *last |= 1;
        }
        Self(bytes)
    }

    /// The bytes themselves.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_slice()
    }

    pub(super) fn to_auth(&self) -> Result<Auth, TpmError> {
        Ok(Auth::try_from(self.0.as_slice())?)
    }
}

impl fmt::Debug for AuthValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuthValue(..)")
    }
}

/// The TPM. It is opened when it is first needed, and again after it could not be used.
#[derive(Debug)]
pub struct Tpm {
    tcti: TctiNameConf,
    /// The storage key that is asked for by its name.
    wanted: Option<Vec<u8>>,
    open: Option<Open>,
}

/// An open TPM.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) context: Context,
    /// The storage key, under which everything else is.
    pub(super) primary: KeyHandle,
    primary_name: Vec<u8>,
    persistent: Option<StorageKey>,
    created: Option<StorageKey>,
}

/// A storage key. Its name is shared by no two TPMs, nor by one before and after it was cleared.
#[derive(Clone, Debug)]
struct StorageKey {
    handle: KeyHandle,
    name: Vec<u8>,
}

impl Tpm {
    /// One that is reached as `tcti` says.
    pub fn new(tcti: TctiNameConf) -> Self {
        Self { tcti, wanted: None, open: None }
    }

    /// Selects the storage key for new accounts and returns its name.
    ///
    /// # Errors
    /// When the TPM cannot be used.
    pub fn use_default_storage_key(&mut self) -> Result<Vec<u8>, TpmError> {
        self.wanted = None;
        self.attempt(|open| open.choose(None).map(|_| open.primary_name.clone()))
    }

    /// Selects the storage key with that name. Returns whether there is one.
    ///
    /// # Errors
    /// When the TPM cannot be used.
    pub fn use_storage_key(&mut self, name: &[u8]) -> Result<bool, TpmError> {
        self.wanted = Some(name.to_vec());
        self.attempt(|open| open.choose(Some(name)))
    }

    /// Does something with the TPM, without a session.
    pub(super) fn attempt<T>(
        &mut self,
        act: impl FnOnce(&mut Open) -> Result<T, TpmError>,
    ) -> Result<T, TpmError> {
        let open = match &mut self.open {
            Some(open) => open,
            closed @ None => closed.insert(Open::new(&self.tcti, self.wanted.as_deref())?),
        };
        let result = act(open);
        if let Err(TpmError::Unavailable(_) | TpmError::Failure(_)) = result {
            self.open = None;
        }
        result
    }

    /// Does something with the TPM in a session that authorizes and encrypts.
    pub(super) fn in_session<T>(
        &mut self,
        act: impl FnOnce(&mut Open) -> Result<T, TpmError>,
    ) -> Result<T, TpmError> {
        // A connection opened earlier may be stale, for example after suspend. Starting the session reveals it before a PIN is
        // tried.
        let session = match self.attempt(Open::start_session) {
            Err(TpmError::Unavailable(_)) => self.attempt(Open::start_session)?,
            other => other?,
        };
        self.attempt(|open| {
            open.context.set_sessions((Some(session), None, None));
            let result = act(open);
            open.context.clear_sessions();
            let flushed = open.context.flush_context(SessionHandle::from(session).into());
            let result = result?;
            flushed?;
            Ok(result)
        })
    }
}

impl Open {
    fn new(tcti: &TctiNameConf, wanted: Option<&[u8]>) -> Result<Self, TpmError> {
        let mut context = Context::new(tcti.clone())?;
        let persistent = persistent_storage_key(&mut context)?;
        let mut created = None;
        let first = if let Some(key) = &persistent {
            key.clone()
        } else {
            created.insert(create_storage_key(&mut context)?).clone()
        };
        let mut open = Self { context, primary: first.handle, primary_name: first.name, persistent, created };
        open.choose(wanted)?;
        Ok(open)
    }

    /// Selects a storage key by name. Without a name: the persistent one if there is one, else the created one. The persistent
    /// key may be younger than an account's keys, which are then still under the created one.
    fn choose(&mut self, wanted: Option<&[u8]>) -> Result<bool, TpmError> {
        let fits = |key: &StorageKey| wanted.is_none_or(|name| key.name == name);
        let found = [&self.persistent, &self.created].into_iter().flatten().find(|key| fits(key)).cloned();
        let key = match (found, &self.created) {
            (Some(key), _) => key,
            (None, Some(_)) => return Ok(false),
            (None, None) => {
                let key = create_storage_key(&mut self.context)?;
                self.created = Some(key.clone());
                if !fits(&key) {
                    return Ok(false);
                }
                key
            }
        };
        (self.primary, self.primary_name) = (key.handle, key.name);
        Ok(true)
    }

    fn start_session(&mut self) -> Result<AuthSession, TpmError> {
        let session = self.context.start_auth_session(
            Some(self.primary),
            None,
            None,
            SessionType::Hmac,
            SymmetricDefinition::AES_128_CFB,
            HashingAlgorithm::Sha256,
        )?;
        let session = session.ok_or(Error::WrapperError(WrapperErrorKind::WrongValueFromTpm))?;
        let (attributes, mask) = SessionAttributesBuilder::new()
            .with_continue_session(true)
            .with_decrypt(true)
            .with_encrypt(true)
            .build();
        self.context.tr_sess_set_attributes(session, attributes, mask)?;
        Ok(session)
    }

    /// Does something with an object while it is in the TPM.
    pub(super) fn with_loaded<T>(
        &mut self,
        (private, public): (Private, Public),
        auth: &AuthValue,
        act: impl FnOnce(&mut Context, KeyHandle) -> Result<T, TpmError>,
    ) -> Result<T, TpmError> {
        let key = self.context.load(self.primary, private, public)?;
        let result = auth
            .to_auth()
            .and_then(|auth| Ok(self.context.tr_set_auth(key.into(), auth)?))
            .and_then(|()| act(&mut self.context, key));
        let sessions = self.context.sessions();
        self.context.clear_sessions();
        let flushed = self.context.flush_context(key.into());
        self.context.set_sessions(sessions);
        let result = result?;
        flushed?;
        Ok(result)
    }
}

/// What all keys have in common that the TPM makes itself and keeps. Wrong authorization values do not count for them (`noDA`): no one
/// guesses a random one.
pub(super) fn made_here() -> ObjectAttributesBuilder {
    ObjectAttributesBuilder::new()
        .with_fixed_tpm(true)
        .with_fixed_parent(true)
        .with_sensitive_data_origin(true)
        .with_user_with_auth(true)
        .with_no_da(true)
}

/// The storage root key that is there already, if it is one that objects can be under.
fn persistent_storage_key(context: &mut Context) -> Result<Option<StorageKey>, TpmError> {
    let handle = PersistentTpmHandle::new(STORAGE_ROOT_KEY)?;
    let (found, _) = context.get_capability(CapabilityType::Handles, STORAGE_ROOT_KEY, 1)?;
    let CapabilityData::Handles(found) = found else {
        return Err(Error::WrapperError(WrapperErrorKind::WrongValueFromTpm).into());
    };
    if found.first() != Some(&TpmHandle::Persistent(handle)) {
        return Ok(None);
    }
    let object: ObjectHandle = context.tr_from_tpm_public(TpmHandle::Persistent(handle))?;
    let key = KeyHandle::from(object);
    let (public, ..) = context.read_public(key)?;
    let attributes = public.object_attributes();
    let is_storage_key = attributes.restricted() && attributes.decrypt() && attributes.user_with_auth();
    let is_asymmetric = matches!(public, Public::Ecc { .. } | Public::Rsa { .. });
    if is_storage_key && is_asymmetric { named(context, key).map(Some) } else { Ok(None) }
}

/// The standard storage root key on P-256 (TCG EK Credential Profile, template of the SRK): the same one each time.
fn create_storage_key(context: &mut Context) -> Result<StorageKey, TpmError> {
    let attributes = made_here().with_restricted(true).with_decrypt(true).build()?;
    let zeros = || EccParameter::try_from([0; 32].as_slice());
    let public = PublicBuilder::new()
        .with_public_algorithm(PublicAlgorithm::Ecc)
        .with_name_hashing_algorithm(HashingAlgorithm::Sha256)
        .with_object_attributes(attributes)
        .with_ecc_parameters(PublicEccParameters::new(
            SymmetricDefinitionObject::AES_128_CFB,
            EccScheme::Null,
            EccCurve::NistP256,
            KeyDerivationFunctionScheme::Null,
        ))
        .with_ecc_unique_identifier(EccPoint::new(zeros()?, zeros()?))
        .build()?;
    context.set_sessions((Some(AuthSession::Password), None, None));
    let created = context.create_primary(Hierarchy::Owner, public, None, None, None, None);
    context.clear_sessions();
    named(context, created?.key_handle)
}

fn named(context: &mut Context, handle: KeyHandle) -> Result<StorageKey, TpmError> {
    let name = context.tr_get_name(handle.into())?.value().to_vec();
    Ok(StorageKey { handle, name })
}
