//! A passkey on its way in: what a file says of it, and what a security key adds to that.

use ctap::{Aaguid, Info};
use passkey_core::ceremony::PluggedKey;
use passkey_core::credential::{Credential, CredentialId, UserHandle, UvCapability};

use crate::cli::ForeignFormat;
use crate::commands::default_name;
use crate::commands::results::json::Remark;
use crate::interop::{ForeignPasskey, Id};

/// A passkey on its way in.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    /// Where it stands in the file.
    pub(super) line: usize,
    /// What the file says.
    pub(super) passkey: ForeignPasskey,
    /// The RP ID it was made for.
    pub(super) rp_id: String,
    /// What the security key that holds it says, where it was plugged in.
    pub(super) seen: Option<Seen>,
}

/// What the security key that holds a passkey says of it.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    id: CredentialId,
    aaguid: Aaguid,
    user_verification: UvCapability,
    transports: Vec<String>,
    key_name: String,
    user_handle: Option<UserHandle>,
}

impl Seen {
    /// The passkey of this id is on this key.
    pub(super) fn new(
        id: CredentialId,
        key: &PluggedKey,
        info: &Info,
        user_handle: Option<UserHandle>,
    ) -> Self {
        let user_verification = if info.options.uv == Some(true) {
            UvCapability::Fingerprint
        } else if info.options.client_pin == Some(true) {
            UvCapability::Pin
        } else {
            UvCapability::None
        };
        Self {
            id,
            aaguid: info.aaguid,
            user_verification,
            transports: info.transports.clone(),
            key_name: key.name.clone(),
            user_handle,
        }
    }
}

impl Draft {
    /// Its id, as far as it is known.
    pub(super) fn id(&self) -> Option<&CredentialId> {
        match (&self.passkey.id, &self.seen) {
            (Id::Known(id), _) => Some(id),
            (Id::OnKey | Id::InPrivateFile, Some(seen)) => Some(&seen.id),
            (Id::OnKey | Id::InPrivateFile, None) => None,
        }
    }

    /// Whether only its key, and its user, can tell what is missing: the id, or which model hides it.
    pub(super) fn must_be_found(&self) -> bool {
        self.seen.is_none() && (self.passkey.hides || self.id().is_none())
    }

    /// Whether the passkey is on file already, be it under an id that is not known here.
    pub(super) fn is(&self, credential: &Credential) -> bool {
        match self.id() {
            Some(id) => credential.id == *id,
            None => credential.public_key == self.passkey.public_key && credential.rp_id == self.rp_id,
        }
    }

    /// Whose it is in the eyes of the key, as far as that is known.
    pub(super) fn user_handle(&self) -> Option<&UserHandle> {
        let seen = self.seen.as_ref().and_then(|seen| seen.user_handle.as_ref());
        self.passkey.user_handle.as_ref().or(seen)
    }

    /// Whether the key finds it by itself.
    fn is_discoverable(&self) -> bool {
        // A key that found it without being told its id finds it.
        self.passkey.discoverable || (self.passkey.id == Id::InPrivateFile && self.seen.is_some())
    }

    /// The user handle that a new file should have for the sake of this passkey: the key returns it if no name says who
    /// signs in.
    pub(super) fn own_handle(&self) -> Option<&UserHandle> {
        self.user_handle().filter(|_| self.is_discoverable())
    }

    /// As it is stored; `None` while its id is not known. Names that are not `free` are not given.
    pub(super) fn credential(
        &self,
        format: ForeignFormat,
        free: impl Fn(&str) -> bool,
    ) -> Option<Credential> {
        let name = match (&self.passkey.name, &self.seen) {
            (Some(name), _) => default_name::unique(name, free),
            (None, Some(seen)) => default_name::suggest(&seen.key_name, free),
            (None, None) => default_name::unique(format.fallback_name(), free),
        };
        Some(Credential {
            id: self.id()?.clone(),
            name,
            rp_id: self.rp_id.clone(),
            public_key: self.passkey.public_key.clone(),
            aaguid: self.seen.as_ref().map_or(Aaguid::ZERO, |seen| seen.aaguid),
            discoverable: self.is_discoverable(),
            user_verification: self
                .seen
                .as_ref()
                .map_or(self.passkey.verification(), |seen| seen.user_verification),
            cred_protect: self.passkey.hides.then_some(3),
            transports: self.seen.as_ref().map(|seen| seen.transports.clone()).unwrap_or_default(),
            added: passkey_core::time::now(),
            answers_silently: None,
            enabled: true,
            attestation: None,
            imported_options: self.passkey.options,
            hmac_secret: false,
        })
    }

    /// What the other program knew and there is no place for here. `handle`: the one on file.
    pub(super) fn remarks(&self, handle: &UserHandle) -> Vec<Remark> {
        let mut remarks = Vec::new();
        if self.passkey.verification() != UvCapability::None {
            remarks.push(Remark::VerificationIsTheServices);
        }
        if !self.passkey.presence() {
            remarks.push(Remark::AlwaysTouched);
        }
        if self.is_discoverable() && self.user_handle() != Some(handle) {
            remarks.push(Remark::ForeignUserHandle);
        }
        if self.passkey.hides && self.seen.is_none() {
            remarks.push(Remark::HidesOnUnknownModel);
        }
        remarks
    }
}
