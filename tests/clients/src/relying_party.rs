//! The relying party: webauthn-rs-core, which wants the user verified in every ceremony.

use std::time::Duration;

use uuid::Uuid;
use webauthn_authenticator_rs::WebauthnAuthenticator;
use webauthn_authenticator_rs::prelude::{Url, WebauthnCError};
use webauthn_rs_core::WebauthnCore;
use webauthn_rs_core::error::WebauthnError;
use webauthn_rs_core::proto::{
    AttestationConveyancePreference, AuthenticationResult, Credential, ParsedAttestationData,
    UserVerificationPolicy,
};

pub(crate) const RP_ID: &str = "desk.example.org";
pub(crate) const USER_ID: &[u8] = b"handle";
pub(crate) const USER_NAME: &str = "alice";

/// It, and the one model of authenticator that it takes.
pub(crate) struct RelyingParty {
    core: WebauthnCore,
    origin: Url,
    aaguid: Uuid,
}

impl RelyingParty {
    pub(crate) fn new(aaguid: Uuid) -> Self {
        let origin = Url::parse(&format!("https://{RP_ID}")).expect("it is one");
        let timeout = Duration::from_secs(60);
        let core = WebauthnCore::new_unsafe_experts_only(
            "The desk",
            RP_ID,
            vec![origin.clone()],
            timeout,
            None,
            None,
        );
        Self { core, origin, aaguid }
    }

    /// A registration, whose attestation is verified.
    pub(crate) fn register(
        &self,
        client: &mut impl WebauthnAuthenticator,
        excluded: &[&Credential],
    ) -> Result<Credential, WebauthnCError> {
        let excluded = excluded.iter().map(|credential| credential.cred_id.clone()).collect();
        let request = self
            .core
            .new_challenge_register_builder(USER_ID, USER_NAME, "Alice")
            .expect("it is complete")
            .attestation(AttestationConveyancePreference::Direct)
            .user_verification_policy(UserVerificationPolicy::Required)
            .exclude_credentials(Some(excluded));
        let (options, state) = self.core.generate_challenge_register(request).expect("it is complete");
        let mut answer = client.do_registration(self.origin.clone(), options)?;
        let credential = self.core.register_credential(&answer, &state, None).expect("it verifies");
        assert!(credential.user_verified && !credential.backup_eligible);
        assert!(
            matches!(credential.attestation.data, ParsedAttestationData::Self_),
            "{:?}",
            credential.attestation
        );
        // The AAGUID stands before the credential id and the two bytes of its length.
        let object = &mut answer.response.attestation_object;
        let id = find(object, &credential.cred_id).expect("it is attested");
        assert_eq!(Uuid::from_slice(&object[id - 18..id - 2]).ok(), Some(self.aaguid));
        let signature = find(object, b"csig").expect("it is signed");
        object[signature + SIGNATURE_INSIDE] ^= 1;
        self.core.register_credential(&answer, &state, None).expect_err("its signature is broken");
        Ok(credential)
    }

    /// An assertion by one of the credentials that are named, or else by any of those that are known.
    pub(crate) fn authenticate(
        &self,
        client: &mut impl WebauthnAuthenticator,
        named: &[&Credential],
        known: &[&Credential],
    ) -> Result<AuthenticationResult, WebauthnCError> {
        let begin = || {
            let named = named.iter().copied().cloned().collect();
            let request = self
                .core
                .new_challenge_authenticate_builder(named, Some(UserVerificationPolicy::Required))
                .expect("it is complete");
            let (options, mut state) =
                self.core.generate_challenge_authenticate(request).expect("it is complete");
            state.set_allowed_credentials(known.iter().copied().cloned().collect());
            (options, state)
        };
        let (options, state) = begin();
        let mut answer = client.do_authentication(self.origin.clone(), options)?;
        let result = self.core.authenticate_credential(&answer, &state).expect("it verifies");
        assert!(result.user_verified() && !result.backup_eligible());
        let (_, other) = begin();
        let refused =
            self.core.authenticate_credential(&answer, &other).expect_err("it answers another challenge");
        assert!(matches!(refused, WebauthnError::MismatchedChallenge), "{refused}");
        answer.response.signature[SIGNATURE_INSIDE] ^= 1;
        self.core.authenticate_credential(&answer, &state).expect_err("its signature is broken");
        Ok(result)
    }
}

/// In the first number of a DER signature, and also if counted from the name that stands before it.
const SIGNATURE_INSIDE: usize = 20;

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}
