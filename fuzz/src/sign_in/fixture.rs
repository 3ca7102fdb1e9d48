//! Keys with passkeys, enrolled by the real ceremony, and the files that tell of them.

use std::time::Duration;

use ctap::Secret;
use ctap::cose::{Algorithm, PublicKey};
use ctaphid_socket::Folder;
use jiff::Timestamp;
use passkey_core::ceremony::{Enrolment, LinuxPlatform, Notice, PinAnswer, PinPrompt, Prompter, enrol};
use passkey_core::config::UserVerification;
use passkey_core::credential::{Credential, UserHandle};
use passkey_core::store::CredentialFile;
use virtual_key::live::LiveKey;
use virtual_key::{KeyConfig, Memory};

use super::machine::FILES;

/// The PIN of every key that has one.
pub const PIN: &str = "2468";
/// One that no key has.
pub const WRONG_PIN: &str = "135790";
/// Whom the passkeys are for.
pub const RP_ID: &str = "fuzz.example";
/// How long enrolling may take.
const TIMEOUT: Duration = Duration::from_secs(60);

/// A key, the one passkey on it, and whose that is.
pub struct Enrolled {
    /// The account.
    pub user: &'static str,
    /// Whether the passkey counts.
    pub is_enabled: bool,
    /// What the key is.
    pub config: KeyConfig,
    /// What it remembers.
    pub memory: Memory,
    /// The passkey.
    pub credential: Credential,
}

impl std::fmt::Debug for Enrolled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Enrolled").field("user", &self.user).finish_non_exhaustive()
    }
}

/// All keys of the fixture.
#[derive(Debug)]
pub struct Fixture {
    /// By number.
    pub keys: Vec<Enrolled>,
}

impl Fixture {
    /// Enrols them, the same each time.
    ///
    /// # Panics
    /// Where one cannot be enrolled.
    pub fn new() -> Self {
        let with_pin = |name| KeyConfig::new(name).pin(PIN);
        Self {
            keys: vec![
                enrolled("alice", true, with_pin("alices")),
                enrolled("bob", true, KeyConfig::new("bobs")),
                enrolled("alice", false, with_pin("disabled")),
            ],
        }
    }

    /// The key of this number; there are endless ones.
    pub fn key(&self, number: u8) -> Option<&Enrolled> {
        self.keys.get(usize::from(number).checked_rem(self.keys.len())?)
    }

    /// What stands in the files.
    pub fn files(&self) -> Vec<(&'static str, String)> {
        let of = |user: &str, handle| {
            let mut file = CredentialFile::new(UserHandle::new(vec![handle; 32]).expect("32 bytes"));
            for key in self.keys.iter().filter(|key| key.user == user) {
                file.add(key.credential.clone()).expect("all have names of their own");
            }
            file.encode()
        };
        let [config, alice, bob, _] = FILES;
        vec![(config, format!("rp_id = \"{RP_ID}\"\n")), (alice, of("alice", 1)), (bob, of("bob", 2))]
    }
}

impl Default for Fixture {
    fn default() -> Self {
        Self::new()
    }
}

/// Types the PIN.
struct Owner;

impl Prompter for Owner {
    fn tell(&mut self, _: &Notice) {}

    fn ask_pin(&mut self, _: &PinPrompt<'_>) -> PinAnswer {
        PinAnswer::Pin(Secret::new(PIN.as_bytes().to_vec()))
    }
}

fn enrolled(user: &'static str, is_enabled: bool, config: KeyConfig) -> Enrolled {
    let folder = tempfile::tempdir().expect("a folder");
    let socket = folder.path().join("key.sock");
    let key = LiveKey::behind(&socket, config.clone()).expect("a socket");
    key.plug().expect("it is not plugged in yet");
    key.auto_touch(Some(Duration::from_millis(60)));
    let services = Folder::of(folder.path().to_owned(), rustix::process::getuid().as_raw());
    let mut platform = LinuxPlatform::new(None).with_services(services, 1000).only(socket);
    let handle = if user == "alice" { 1 } else { 2 };
    let enrolment = Enrolment {
        rp_id: RP_ID,
        user_handle: &UserHandle::new(vec![handle; 32]).expect("32 bytes"),
        user_name: user,
        name: &config.name,
        added: Timestamp::UNIX_EPOCH,
        algorithms: &[Algorithm::Es256],
        discoverable: true,
        verification: UserVerification::Discouraged,
        existing: &[],
        device: None,
        allowed_aaguids: &[],
        enterprise_attestation: false,
        pin_attempts: 3,
        timeout: TIMEOUT,
    };
    let made = enrol(&mut platform, &mut Owner, &enrolment).expect("an honest key is enrolled");
    assert!(matches!(made.credential.public_key, PublicKey::Es256 { .. }), "the oracle knows no other");
    assert_eq!(made.credential.answers_silently, Some(true), "or it could be vouched for");
    // The descriptors of this process are counted later.
    while key.counts().opens != key.counts().closes {
        std::thread::sleep(Duration::from_millis(1));
    }
    let credential = Credential { enabled: is_enabled, ..made.credential };
    Enrolled { user, is_enabled, memory: key.memory(), config, credential }
}
