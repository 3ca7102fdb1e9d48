//! An independent client (webauthn-authenticator-rs) enrols and signs in with the authenticator behind a socket, and an independent relying
//! party (webauthn-rs-core) verifies what it signs: `webauthn-rs-client platform|roaming SOCKET AAGUID [ACCOUNT]`.
//!
//! The authenticator is a new one. The person types a wrong PIN twice. A platform authenticator is reset at the end. Prints `done`, or panics.
#![expect(clippy::print_stdout, reason = "a command line talks")]

mod person;
mod relying_party;
mod token;

use std::path::PathBuf;

use futures::executor::block_on;
use uuid::Uuid;
use webauthn_authenticator_rs::ctap2::commands::{ClientPinRequest, ClientPinSubCommand, UserCM};
use webauthn_authenticator_rs::ctap2::{
    CredentialManagementAuthenticator as _, Ctap21Authenticator, CtapAuthenticator,
};
use webauthn_authenticator_rs::error::CtapError;
use webauthn_authenticator_rs::prelude::WebauthnCError;
use webauthn_authenticator_rs::transport::Token as _;
use webauthn_rs_core::proto::{AuthenticatorTransport, Credential, CredentialProtectionPolicy};

use crate::person::Person;
use crate::relying_party::{RP_ID, RelyingParty, USER_ID, USER_NAME};
use crate::token::SocketToken;

const PIN: &str = "correct horse";
const OTHER_PIN: &str = "battery staple";
const WRONG_PIN: &str = "wrong one";

type Client<'a> = Ctap21Authenticator<'a, SocketToken, Person>;

/// Where the authenticator is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// This computer, whose PIN is all that it asks for.
    Platform,
    /// A security key, which asks for a touch.
    Roaming,
}

/// The authenticator as a service for one account.
#[derive(Clone)]
struct Service {
    socket: PathBuf,
    account: Option<u32>,
    kind: Kind,
    aaguid: Uuid,
}

impl Service {
    fn token(&self) -> SocketToken {
        SocketToken::connect(&self.socket, self.account).expect("the service listens")
    }

    fn client<'a>(&self, person: &'a Person) -> Client<'a> {
        Self::open(self.token(), person)
    }

    /// One that makes discoverable credentials.
    fn discoverable_client<'a>(&self, person: &'a Person) -> Client<'a> {
        Self::open(self.token().asking_for_discoverable(), person)
    }

    fn open(token: SocketToken, person: &Person) -> Client<'_> {
        match block_on(CtapAuthenticator::new(token, person)) {
            Some(CtapAuthenticator::Fido21(client)) => client,
            other => panic!("it speaks no CTAP 2.1: {other:?}"),
        }
    }

    fn pin_retries(&self) -> u32 {
        let request = ClientPinRequest {
            // OpenSK insists on one.
            pin_uv_protocol: Some(1),
            sub_command: ClientPinSubCommand::GetPinRetries,
            ..ClientPinRequest::default()
        };
        let mut token = self.token();
        block_on(token.init()).expect("it opens a channel");
        let reply = block_on(token.transmit(request, &Person::new(PIN))).expect("it answers");
        assert_ne!(reply.power_cycle_state, Some(true));
        reply.pin_retries.expect("it says how many are left")
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut argument = || arguments.next();
    let kind = match argument().as_deref() {
        Some("platform") => Kind::Platform,
        Some("roaming") => Kind::Roaming,
        other => panic!("{other:?}: no kind of authenticator"),
    };
    let socket = argument().expect("a socket").into();
    let aaguid = argument().expect("an AAGUID").parse().expect("an AAGUID");
    let other_account = argument().map(|account| account.parse().expect("an account's number"));
    let service = Service { socket, account: None, kind, aaguid };
    let desk = RelyingParty::new(aaguid);

    look(&service);
    set_pin(&service, &desk);
    let credential = enrol_and_sign_in(&service, &desk);
    type_wrong_pins(&service, &desk, &credential);
    keep_and_manage(&service, &desk, &credential);
    if let Some(account) = other_account {
        let other = Service { account: Some(account), ..service.clone() };
        be_another_account(&other, &desk, &credential);
    }
    if kind == Kind::Platform {
        reset(&service, &desk, &credential);
    }
    println!("done");
}

/// What the authenticator says of itself.
fn look(service: &Service) {
    let mut token = service.token();
    block_on(token.init()).expect("it opens a channel");
    assert_eq!(token.is_without_u2f(), service.kind == Kind::Platform);
    drop(token);

    let person = Person::new(PIN);
    let mut client = service.client(&person);
    let info = client.get_info();
    let has = |option: &str| info.get_option(option);
    assert!(info.versions.contains("FIDO_2_0") && info.versions.contains("FIDO_2_1"), "{info}");
    assert_eq!(info.aaguid, Some(service.aaguid));
    assert_eq!(
        (has("rk"), has("clientPin"), has("pinUvAuthToken")),
        (Some(true), Some(false), Some(true)),
        "{info}"
    );
    assert_eq!((has("credMgmt"), has("uv"), has("ep")), (Some(true), None, None), "{info}");
    assert_eq!(info.get_min_pin_length(), 4);
    let extensions = info.extensions.as_deref().expect("it has some");
    assert!(["credProtect", "hmac-secret"].iter().all(|name| extensions.iter().any(|known| known == name)));
    match service.kind {
        Kind::Platform => {
            assert_eq!(
                (has("plat"), has("alwaysUv"), has("makeCredUvNotRqd")),
                (Some(true), Some(true), Some(false))
            );
            assert_eq!(info.get_transports(), Some(vec![AuthenticatorTransport::Internal]));
            assert_eq!(info.pin_protocols.as_deref(), Some(&[2, 1][..]));
            assert!(info.max_msg_size.is_some_and(|size| size >= 1024));
            assert!(info.remaining_discoverable_credentials.is_some_and(|left| left > 0));
            // It cannot be touched, and answering by itself it would always be the one that is meant.
            assert_eq!(block_on(client.selection()), refusal(CtapError::Ctap2OperationDenied));
        }
        Kind::Roaming => {
            assert_ne!(has("plat"), Some(true));
            assert_eq!(block_on(client.selection()), Ok(()));
        }
    }
    assert!(service.kind == Kind::Roaming || !person.was_asked_for_touch());
}

fn set_pin(service: &Service, desk: &RelyingParty) {
    let person = Person::new(PIN);
    let mut client = service.client(&person);
    assert_eq!(desk.register(&mut *client, &[]).err(), Some(WebauthnCError::UserVerificationRequired));
    assert_eq!(block_on(client.set_new_pin("123")), Err(WebauthnCError::PinTooShort));
    block_on(client.set_new_pin(PIN)).expect("there was none");
    assert_eq!(client.get_info().get_option("clientPin"), Some(true));
    assert_eq!(block_on(client.set_new_pin(OTHER_PIN)), refusal(CtapError::Ctap2PinAuthInvalid));
}

fn enrol_and_sign_in(service: &Service, desk: &RelyingParty) -> Credential {
    let person = Person::new(PIN);
    let mut client = service.client(&person);
    let credential = desk.register(&mut *client, &[]).expect("it is made");
    assert_eq!(credential.transports, client.get_info().get_transports());
    let excluded = desk.register(&mut *client, &[&credential]);
    assert_eq!(excluded.err(), Some(CtapError::Ctap2CredentialExcluded.into()));

    // On the same connection, and on another one.
    let mut counter = credential.counter;
    for _ in 0..2 {
        let result = desk.authenticate(&mut *client, &[&credential], &[&credential]).expect("it signs");
        assert_eq!(result.cred_id(), &credential.cred_id);
        match service.kind {
            // A TPM's keys cannot be copied.
            Kind::Platform => assert_eq!((counter, result.counter()), (0, 0)),
            Kind::Roaming => assert!(result.counter() > counter),
        }
        counter = result.counter();
        drop(client);
        client = service.client(&person);
    }
    assert!(service.kind == Kind::Roaming || !person.was_asked_for_touch());
    credential
}

fn type_wrong_pins(service: &Service, desk: &RelyingParty, credential: &Credential) {
    let person = Person::new(WRONG_PIN);
    let all = service.pin_retries();
    let mut client = service.client(&person);
    let refused = desk.authenticate(&mut *client, &[credential], &[credential]);
    assert_eq!(refused.err(), Some(CtapError::Ctap2PinInvalid.into()));
    drop(client);
    assert_eq!(service.pin_retries(), all - 1);
    let mut client = service.client(&person);
    assert_eq!(block_on(client.change_pin(WRONG_PIN, OTHER_PIN)), refusal(CtapError::Ctap2PinInvalid));
    drop(client);
    assert_eq!(service.pin_retries(), all - 2);

    let mut client = service.client(&person);
    block_on(client.change_pin(PIN, OTHER_PIN)).expect("it is the right one");
    drop(client);
    let given_back = match service.kind {
        // The TPM forgets none for a right one.
        Kind::Platform => 0,
        Kind::Roaming => 2,
    };
    assert_eq!(service.pin_retries(), all - 2 + given_back);
    let mut client = service.client(&person);
    person.types(OTHER_PIN);
    desk.authenticate(&mut *client, &[credential], &[credential]).expect("it is the new one");
    block_on(client.change_pin(OTHER_PIN, PIN)).expect("it is the right one");
}

/// Makes a discoverable credential beside the other one, signs in with it without a name, and deletes it.
fn keep_and_manage(service: &Service, desk: &RelyingParty, other: &Credential) {
    let person = Person::new(PIN);
    let mut client = service.client(&person);
    let before = block_on(client.get_credentials_metadata()).expect("it tells");
    assert_eq!(before.existing_resident_credentials_count, 0);
    assert_eq!(block_on(client.enumerate_rps()), Ok(vec![]));
    let nothing = desk.authenticate(&mut *client, &[], &[other]);
    assert_eq!(nothing.err(), Some(CtapError::Ctap2NoCredentials.into()));
    drop(client);

    let mut client = service.discoverable_client(&person);
    let kept = desk.register(&mut *client, &[]).expect("it is made");
    drop(client);

    let mut client = service.client(&person);
    let found = desk.authenticate(&mut *client, &[], &[other, &kept]).expect("it is found");
    assert_eq!(found.cred_id(), &kept.cred_id);
    let after = block_on(client.get_credentials_metadata()).expect("it tells");
    assert_eq!(after.existing_resident_credentials_count, 1);
    assert_eq!(
        after.max_possible_remaining_resident_credentials_count,
        before.max_possible_remaining_resident_credentials_count - 1
    );
    let relying_parties = block_on(client.enumerate_rps()).expect("it lists them");
    let [relying_party] = &relying_parties[..] else { panic!("{relying_parties:?}") };
    assert_eq!(relying_party.id.as_deref(), Some(RP_ID));
    let by_name = block_on(client.enumerate_credentials_by_rpid(RP_ID)).expect("it lists them");
    let by_hash = relying_party.hash.expect("it is told");
    let by_hash = block_on(client.enumerate_credentials_by_hash(by_hash)).expect("it lists them");
    assert_eq!(by_name, by_hash);
    let [listed] = &by_name[..] else { panic!("{by_name:?}") };
    let id = listed.credential_id.clone().expect("it is told");
    assert_eq!(id.id, kept.cred_id);
    assert_eq!(listed.public_key.as_ref(), Some(&kept.cred));
    assert_eq!(listed.cred_protect, Some(CredentialProtectionPolicy::UserVerificationOptional));
    let user = listed.user.clone().expect("it is told");
    assert_eq!((&user.id[..], user.name.as_deref()), (USER_ID, Some(USER_NAME)));

    let renamed = UserCM { display_name: Some("A.".to_owned()), ..user };
    block_on(client.update_credential_user(id.clone(), renamed.clone())).expect("it is there");
    let listed = block_on(client.enumerate_credentials_by_rpid(RP_ID)).expect("it lists them");
    assert_eq!(listed.into_iter().map(|credential| credential.user).collect::<Vec<_>>(), [Some(renamed)]);
    block_on(client.delete_credential(id)).expect("it is there");
    assert_eq!(block_on(client.enumerate_credentials_by_rpid(RP_ID)), Ok(vec![]));
    let gone = desk.authenticate(&mut *client, &[&kept], &[&kept]);
    assert_eq!(gone.err(), Some(CtapError::Ctap2NoCredentials.into()));
}

/// An account sees nothing of another account.
fn be_another_account(service: &Service, desk: &RelyingParty, of_first: &Credential) {
    let person = Person::new(OTHER_PIN);
    let mut client = service.client(&person);
    assert_eq!(client.get_info().get_option("clientPin"), Some(false));
    block_on(client.set_new_pin(OTHER_PIN)).expect("there was none");
    let refused = desk.authenticate(&mut *client, &[of_first], &[of_first]);
    assert_eq!(refused.err(), Some(CtapError::Ctap2NoCredentials.into()));
    let own = desk.register(&mut *client, &[of_first]).expect("the first account's is not excluded");
    desk.authenticate(&mut *client, &[of_first, &own], &[of_first, &own]).expect("it signs");
}

/// Nothing of this account is left.
fn reset(service: &Service, desk: &RelyingParty, credential: &Credential) {
    let person = Person::new(PIN);
    block_on(service.client(&person).factory_reset()).expect("it has just been connected to");
    let mut client = service.client(&person);
    assert_eq!(client.get_info().get_option("clientPin"), Some(false));
    block_on(client.set_new_pin(PIN)).expect("there is none any more");
    let gone = desk.authenticate(&mut *client, &[credential], &[credential]);
    assert_eq!(gone.err(), Some(CtapError::Ctap2NoCredentials.into()));
    drop(client);
    block_on(service.client(&person).factory_reset()).expect("it has just been connected to");
}

fn refusal(error: CtapError) -> Result<(), WebauthnCError> {
    Err(error.into())
}
