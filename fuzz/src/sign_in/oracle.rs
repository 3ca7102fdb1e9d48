//! What must hold of every sign-in, told from what went over the sockets alone. Nothing of the product has a part in it.

use std::fmt;
use std::time::Duration;

use p256::ecdsa::signature::Verifier as _;
use p256::ecdsa::{Signature, VerifyingKey};
use sha2::{Digest as _, Sha256};

use super::cbor::{Item, member};
use super::wire::{Message, Sender};

/// CTAPHID commands.
const MSG: u8 = 0x03;
const CBOR: u8 = 0x10;
/// CTAP2 commands.
const MAKE_CREDENTIAL: u8 = 0x01;
const GET_ASSERTION: u8 = 0x02;
const CLIENT_PIN: u8 = 0x06;
const RESET: u8 = 0x07;
/// Subcommands of clientPIN that have a PIN in them, or what is made of one (CTAP 2.1 §6.5.5).
const WITH_PIN: [u64; 4] = [0x03, 0x04, 0x05, 0x09];
/// `U2F_AUTHENTICATE`
const AUTHENTICATE: u8 = 0x02;
/// Flags of authenticator data.
const UP: u8 = 0x01;
const UV: u8 = 0x04;
/// How much longer than its time-out a sign-in may take on a busy machine.
const MARGIN: Duration = Duration::from_secs(10);
/// `PAM_SUCCESS`
const SUCCESS: i32 = 0;

/// A passkey that could have signed.
#[derive(Clone, Debug)]
pub struct KnownPasskey {
    /// Whose it is.
    pub user: &'static str,
    /// Whether it counts.
    pub is_enabled: bool,
    /// SHA-256 of the RP ID.
    pub rp_id_hash: [u8; 32],
    /// What verifies its signatures.
    pub public_key: VerifyingKey,
}

/// What was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    /// Who signs in; `None`: whoever the key names.
    pub user: Option<&'static str>,
    /// Whether files and arguments are known, and with them what the module should make of them.
    pub is_policy_known: bool,
    /// Whether the policy asks for user verification.
    pub verification: bool,
    /// How long it may take, without the margin.
    pub limit: Duration,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    /// What libpam gave.
    pub code: i32,
    /// `PAM_USER` in the end.
    pub user: Option<String>,
    /// What went over the sockets.
    pub messages: Vec<Message>,
    /// What the module has put into the log.
    pub log: Vec<String>,
    /// How long it took.
    pub took: Duration,
    /// And how long from Ctrl-C on.
    pub interrupted_for: Option<Duration>,
    /// What it has left changed in its host.
    pub left_behind: Option<String>,
}

/// What does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Violation {
    /// Success without a signature of an enabled passkey of the user, by a person who was there.
    NobodySigned,
    /// The same without user verification, which the policy asks for.
    NotVerified,
    /// The application named another user.
    OtherUser(Option<String>),
    /// This device was sent what is made of a PIN, and has not proved to hold a passkey of the user.
    PinForStranger(usize),
    /// This device was asked to make or erase something.
    Changed(usize),
    /// It took so long.
    TooLong(Duration),
    /// The module has panicked.
    Panicked(String),
    /// The host is not as it was.
    LeftBehind(String),
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NobodySigned => f.write_str("success, and no enabled passkey of the user has signed"),
            Self::NotVerified => f.write_str("success without the user verification that is required"),
            Self::OtherUser(user) => write!(f, "success for {user:?}, whom the application did not name"),
            Self::PinForStranger(device) => write!(f, "device {device} got a PIN and has proved nothing"),
            Self::Changed(device) => write!(f, "device {device} was asked to make or erase something"),
            Self::TooLong(took) => write!(f, "it took {took:?}"),
            Self::Panicked(line) => write!(f, "a panic: {line}"),
            Self::LeftBehind(what) => write!(f, "left behind: {what}"),
        }
    }
}

/// A signature of a passkey over a challenge of this sign-in.
struct Proof<'k> {
    device: usize,
    passkey: &'k KnownPasskey,
    flags: u8,
}

/// Whether all holds.
///
/// # Errors
/// The first that does not.
pub fn judge(passkeys: &[KnownPasskey], expected: &Expected, observed: &Observed) -> Result<(), Violation> {
    let counts = |proof: &Proof<'_>, user: Option<&str>| {
        let is_enabled = proof.passkey.is_enabled || !expected.is_policy_known;
        is_enabled && user.is_none_or(|user| proof.passkey.user == user)
    };
    let mut challenges = Vec::new();
    let mut proofs: Vec<Proof<'_>> = Vec::new();
    for message in &observed.messages {
        match message.sender {
            Sender::Host => {
                if is_change(message) {
                    return Err(Violation::Changed(message.device));
                }
                challenges.extend(challenge(message).map(|challenge| (message.device, challenge)));
                let is_proved =
                    proofs.iter().any(|proof| proof.device == message.device && counts(proof, expected.user));
                // Where nobody is named, and where the files are unknown, there may be nothing to prove.
                if has_pin(message) && !is_proved && expected.is_policy_known && expected.user.is_some() {
                    return Err(Violation::PinForStranger(message.device));
                }
            }
            Sender::Device => proofs.extend(proof(passkeys, &challenges, message)),
        }
    }
    if observed.code == SUCCESS {
        if expected.user.is_some() && observed.user.as_deref() != expected.user {
            return Err(Violation::OtherUser(observed.user.clone()));
        }
        let user = observed.user.as_deref().unwrap_or_default();
        let signed =
            |flags: u8| proofs.iter().any(|proof| proof.flags & flags == flags && counts(proof, Some(user)));
        if !signed(UP) {
            return Err(Violation::NobodySigned);
        }
        if expected.is_policy_known && expected.verification && !signed(UP | UV) {
            return Err(Violation::NotVerified);
        }
    }
    for (took, limit) in [(Some(observed.took), expected.limit), (observed.interrupted_for, Duration::ZERO)] {
        if let Some(took) = took.filter(|took| *took > limit.saturating_add(MARGIN)) {
            return Err(Violation::TooLong(took));
        }
    }
    if let Some(line) = observed.log.iter().find(|line| line.contains("panic")) {
        return Err(Violation::Panicked(line.clone()));
    }
    observed.left_behind.clone().map_or(Ok(()), |what| Err(Violation::LeftBehind(what)))
}

fn is_change(message: &Message) -> bool {
    message.command == CBOR && matches!(message.payload.first(), Some(&MAKE_CREDENTIAL | &RESET))
}

fn has_pin(message: &Message) -> bool {
    let Some((&CLIENT_PIN, parameters)) = message.payload.split_first() else { return false };
    // What cannot be understood could have one in it.
    message.command == CBOR
        && match member(parameters, 2) {
            Some(Item::Unsigned(subcommand)) => WITH_PIN.contains(&subcommand),
            Some(Item::Bytes(_) | Item::Other) | None => true,
        }
}

/// What the device is asked to sign.
fn challenge(message: &Message) -> Option<[u8; 32]> {
    let bytes = match (message.command, message.payload.as_slice()) {
        (CBOR, [GET_ASSERTION, parameters @ ..]) => member(parameters, 2)?.bytes()?,
        // CLA, INS, P1, P2, and the length in three bytes (FIDO U2F Raw Message Formats §3.1.2).
        (MSG, [_, AUTHENTICATE, _, _, _, _, _, data @ ..]) => data.get(..32)?,
        _ => return None,
    };
    bytes.try_into().ok()
}

fn proof<'k>(
    passkeys: &'k [KnownPasskey],
    challenges: &[(usize, [u8; 32])],
    message: &Message,
) -> Option<Proof<'k>> {
    passkeys.iter().find_map(|passkey| {
        let (signed, signature) = match (message.command, message.payload.as_slice()) {
            (CBOR, [0, reply @ ..]) => (member(reply, 2)?.bytes()?.to_vec(), member(reply, 3)?.bytes()?),
            // User presence, counter, signature (FIDO U2F Raw Message Formats §5.4).
            (MSG, [presence @ .., 0x90, 0x00]) if presence.len() > 5 => {
                let (said, signature) = presence.split_at(5);
                ([&passkey.rp_id_hash, said].concat(), signature)
            }
            _ => return None,
        };
        let flags = *signed.get(32)?;
        let signature = Signature::from_der(signature).ok()?;
        let is_own = signed.starts_with(&passkey.rp_id_hash);
        let verifies = |challenge: &[u8; 32]| {
            passkey.public_key.verify(&[&signed, challenge.as_slice()].concat(), &signature).is_ok()
        };
        let is_asked =
            |(device, challenge): &(usize, [u8; 32])| *device == message.device && verifies(challenge);
        let is_proof = is_own && challenges.iter().any(is_asked);
        is_proof.then_some(Proof { device: message.device, passkey, flags })
    })
}

/// SHA-256.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}
