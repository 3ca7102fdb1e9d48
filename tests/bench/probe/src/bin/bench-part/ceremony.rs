//! A whole sign-in by touch, with a key in this process.

use std::path::PathBuf;
use std::time::Duration;

use ctap::cose::Algorithm;
use ctap::hid::Report;
use jiff::Timestamp;
use passkey_core::ceremony::{
    self, Attachment, Enrolment, KeyId, ListError, NoRandomness, Notice, OpenError, Passkey, PinAnswer,
    PinPrompt, Platform, PluggedKey, Prompter, SignIn, TransferError, Wake, Wanted,
};
use passkey_core::config::{Config, Policy, Settings, UserVerification};
use passkey_core::credential::{Credential, UserHandle};
use passkey_core::verify::Verified;
use virtual_key::{Bench, KeyConfig};

/// One person, one key and its passkey.
pub(super) struct Scene {
    machine: Machine,
    passkey: Credential,
    policy: Policy,
}

impl Scene {
    pub(super) fn new() -> Self {
        let mut bench = Bench::new();
        let key = bench.add(KeyConfig::new("key"));
        bench.auto_touch(key, Duration::from_millis(500));
        let mut machine = Machine { bench, key, random: 1 };
        let user_handle = UserHandle::new(vec![7; 32]).expect("as long as others");
        let enrolment = Enrolment {
            rp_id: "host.example",
            user_handle: &user_handle,
            user_name: "alice",
            name: "one",
            added: Timestamp::UNIX_EPOCH,
            algorithms: &[Algorithm::Es256],
            discoverable: false,
            verification: UserVerification::Discouraged,
            existing: &[],
            device: None,
            allowed_aaguids: &[],
            enterprise_attestation: false,
            pin_attempts: 3,
            timeout: Duration::from_secs(30),
        };
        let enrolled = ceremony::enrol(&mut machine, &mut Person, &enrolment).expect("an honest key");
        let policy = Config::default().policy("sudo", &Settings::default());
        Self { machine, passkey: enrolled.credential, policy }
    }

    /// From the passkeys to the proof that one of them signed.
    #[inline(never)]
    pub(super) fn sign_in(&mut self) {
        let passkey = Passkey { credential: &self.passkey, sign_count: None, salts: None };
        let request = SignIn {
            wanted: Wanted::Passkeys(&[passkey]),
            policy: &self.policy,
            forbidden_pin: None,
            takes_recovery_code: false,
        };
        let attempt = ceremony::sign_in(&mut self.machine, &mut Person, &request);
        let _: Verified = attempt.result.expect("the key is touched");
    }
}

/// Someone who touches the key at once, and has no PIN.
struct Person;

impl Prompter for Person {
    fn tell(&mut self, _notice: &Notice) {}

    fn ask_pin(&mut self, _prompt: &PinPrompt<'_>) -> PinAnswer {
        PinAnswer::Unavailable
    }
}

/// What the ceremony has of a machine.
struct Machine {
    bench: Bench,
    key: virtual_key::KeyId,
    random: u64,
}

impl Machine {
    /// What the key does, and does not count: callgrind is told so by the name of this function.
    #[inline(never)]
    fn of_the_key<T>(&mut self, work: impl FnOnce(&mut Bench, virtual_key::KeyId) -> T) -> T {
        work(&mut self.bench, self.key)
    }
}

impl Platform for Machine {
    fn now(&self) -> Duration {
        self.bench.now()
    }

    fn random(&mut self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        // The same in every run.
        for byte in bytes {
            self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            *byte = self.random.to_be_bytes()[0];
        }
        Ok(())
    }

    fn plugged(&mut self) -> Result<Vec<PluggedKey>, ListError> {
        Ok(vec![PluggedKey {
            id: KeyId(0),
            name: "key".to_owned(),
            path: PathBuf::from("/dev/hidraw0"),
            vendor_id: 0x1209,
            product_id: 1,
            attachment: Attachment::Plugged,
        }])
    }

    fn open(&mut self, _key: KeyId) -> Result<(), OpenError> {
        self.of_the_key(Bench::open).map_err(|_| OpenError::Failed)
    }

    fn close(&mut self, _key: KeyId) {
        self.of_the_key(Bench::close);
    }

    fn try_lock(&mut self, _key: KeyId) -> bool {
        true
    }

    fn unlock(&mut self, _key: KeyId) {}

    fn read(&mut self, _key: KeyId) -> Result<Option<Report>, TransferError> {
        self.of_the_key(Bench::read).map_err(|_| TransferError::Failed)
    }

    fn write(&mut self, _key: KeyId, report: &Report) -> Result<bool, TransferError> {
        let written = self.of_the_key(|bench, key| bench.write(key, report));
        written.map(|()| true).map_err(|_| TransferError::Failed)
    }

    fn wait(&mut self, until: Duration, _readers: &[KeyId], _writers: &[KeyId]) -> Wake {
        self.of_the_key(|bench, _| bench.wait(until));
        Wake::default()
    }
}
