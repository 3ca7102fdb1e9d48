//! However much a key talks, no ceremony keeps more of it than one message and a few notes.
#![allow(
    missing_docs,
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used
)]

use ctap::authenticator_data::Aaguid;
use ctap::cose::{Algorithm, PublicKey};
use ctap::hid::{MAX_MESSAGE_LEN, REPORT_LEN, Report};
use jiff::Timestamp;
use passkey_core::ceremony::{
    Attachment, Enrolment, KeyId, ListError, NoRandomness, Notice, OpenError, Passkey, PinAnswer, PinPrompt,
    Platform, PluggedKey, Prompter, SignIn, TransferError, Wake, Wanted, enrol, inspect, sign_in,
};
use passkey_core::config::{Config, Policy, Settings, UserVerification};
use passkey_core::credential::{Credential, CredentialId, UserHandle, UvCapability};
use peak_alloc::PeakAlloc;
use std::path::PathBuf;
use std::time::Duration;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

const TIMEOUT: Duration = Duration::from_secs(10);
/// A key that says this much in a second says more than any USB device can.
const REPORT_TIME: Duration = Duration::from_micros(20);
/// Of each key: one message in the making, one on its way to be looked at, and what is noted of it.
const ALLOWED_PER_KEY: usize = 4 * MAX_MESSAGE_LEN;
/// Of the ceremony itself.
const ALLOWED: usize = 32 * 1024;

/// What a key says without end.
#[derive(Clone, Copy, Debug)]
enum Talk {
    /// Replies to `CTAPHID_INIT` that are for somebody else.
    Inits,
    /// That it is at work.
    Keepalives(u8),
    /// Messages as long as there can be, as replies to whatever it was asked.
    Messages,
    /// The same on a channel that is not ours.
    Foreign,
    /// First reports of such messages.
    Beginnings,
    /// That it is busy.
    Busy,
    /// That it has forgotten its channel.
    Forgetful,
}

/// A key with something to say whenever it is listened to.
struct Key {
    talk: Talk,
    channel: [u8; 4],
    /// The nonce of an INIT that is to be answered.
    nonce: Option<[u8; 8]>,
    said: usize,
}

impl Key {
    fn hear(&mut self, report: &Report) {
        if report[4] == 0x86 {
            self.nonce = Some(report[7..15].try_into().unwrap());
            self.said = 0;
        }
    }

    fn say(&mut self) -> Report {
        let mut report = [0; REPORT_LEN];
        if let (Some(nonce), false) = (self.nonce.take(), matches!(self.talk, Talk::Inits)) {
            report[..7].copy_from_slice(&[0xff, 0xff, 0xff, 0xff, 0x86, 0, 17]);
            report[7..15].copy_from_slice(&nonce);
            report[15..19].copy_from_slice(&self.channel);
            report[19..24].copy_from_slice(&[2, 1, 0, 0, 0x04]);
            return report;
        }
        report[..4].copy_from_slice(&self.channel);
        let [high, low] = u16::try_from(MAX_MESSAGE_LEN).unwrap().to_be_bytes();
        let head = match self.talk {
            Talk::Inits => {
                report[..4].fill(0xff);
                vec![0x86, 0, 17]
            }
            Talk::Keepalives(status) => vec![0xbb, 0, 1, status],
            Talk::Busy => vec![0xbf, 0, 1, 0x06],
            Talk::Forgetful => vec![0xbf, 0, 1, 0x0b],
            Talk::Beginnings => vec![0x90, high, low],
            Talk::Messages | Talk::Foreign => {
                let place = self.said % 129;
                if let Talk::Foreign = self.talk {
                    report[0] ^= 0xff;
                }
                if place == 0 { vec![0x90, high, low] } else { vec![u8::try_from(place - 1).unwrap()] }
            }
        };
        self.said += 1;
        report[4..4 + head.len()].copy_from_slice(&head);
        report
    }
}

struct Flood {
    now: Duration,
    keys: Vec<Key>,
    random: u8,
    reads: u64,
}

impl Flood {
    fn new(talks: &[Talk]) -> Self {
        let key = |(n, talk): (u8, &Talk)| Key { talk: *talk, channel: [1, 2, 3, n], nonce: None, said: 0 };
        Self { now: Duration::ZERO, keys: (0..).zip(talks).map(key).collect(), random: 0, reads: 0 }
    }

    fn key(&mut self, id: KeyId) -> &mut Key {
        &mut self.keys[usize::try_from(id.0).unwrap()]
    }
}

impl Platform for Flood {
    fn now(&self) -> Duration {
        self.now
    }

    fn random(&mut self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        self.random = self.random.wrapping_add(1);
        bytes.fill(self.random);
        Ok(())
    }

    fn plugged(&mut self) -> Result<Vec<PluggedKey>, ListError> {
        let plugged = (0..).zip(&self.keys).map(|(id, key)| PluggedKey {
            id: KeyId(id),
            name: format!("{:?}", key.talk),
            path: PathBuf::from("/dev/hidraw0"),
            vendor_id: 0x1209,
            product_id: 1,
            attachment: Attachment::Plugged,
        });
        Ok(plugged.collect())
    }

    fn open(&mut self, _key: KeyId) -> Result<(), OpenError> {
        Ok(())
    }

    fn close(&mut self, _key: KeyId) {}

    fn try_lock(&mut self, _key: KeyId) -> bool {
        true
    }

    fn unlock(&mut self, _key: KeyId) {}

    fn read(&mut self, key: KeyId) -> Result<Option<Report>, TransferError> {
        self.now += REPORT_TIME;
        self.reads += 1;
        Ok(Some(self.key(key).say()))
    }

    fn write(&mut self, key: KeyId, report: &Report) -> Result<bool, TransferError> {
        self.key(key).hear(report);
        Ok(true)
    }

    fn wait(&mut self, until: Duration, readers: &[KeyId], _writers: &[KeyId]) -> Wake {
        // Whoever is listened to has something to say.
        if readers.is_empty() {
            self.now = self.now.max(until);
        }
        Wake::default()
    }
}

struct Nobody;

impl Prompter for Nobody {
    fn tell(&mut self, _notice: &Notice) {}

    fn ask_pin(&mut self, _prompt: &PinPrompt<'_>) -> PinAnswer {
        PinAnswer::Unavailable
    }
}

fn credential() -> Credential {
    // The base point of P-256, so nobody's key.
    let x = "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296";
    let y = "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";
    let hex = format!("a5010203262001215820{x}225820{y}");
    let cose: Vec<u8> =
        (0..hex.len()).step_by(2).map(|i| u8::from_str_radix(&hex[i..i + 2], 16).unwrap()).collect();
    Credential {
        id: CredentialId::new(vec![7; 64]).unwrap(),
        name: "mine".to_owned(),
        rp_id: "desk.example".to_owned(),
        public_key: PublicKey::parse(&cose).unwrap(),
        aaguid: Aaguid([0; 16]),
        discoverable: false,
        user_verification: UvCapability::None,
        cred_protect: None,
        transports: vec![],
        added: Timestamp::UNIX_EPOCH,
        answers_silently: None,
        enabled: true,
        attestation: None,
        imported_options: None,
        hmac_secret: false,
    }
}

/// The most memory that a ceremony over these keys needs at any moment beyond what it began with, and how it ended.
fn measure(talks: &[Talk], ceremony: impl FnOnce(&mut Flood)) -> usize {
    let mut platform = Flood::new(talks);
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    ceremony(&mut platform);
    let most = MEMORY.peak_usage() - before;
    // The deadline, and the turn of each key that was under way then.
    assert!(platform.now <= TIMEOUT + 300 * 20 * REPORT_TIME, "{talks:?}: {:?}", platform.now);
    assert!(platform.reads > 100, "{talks:?} has hardly been listened to");
    most
}

/// One test alone in its process: the memory of all threads is counted.
#[test]
fn no_flood_fills_the_memory() {
    let policy = Policy {
        wait_for_key: TIMEOUT,
        timeout: TIMEOUT,
        ..Config::default().policy("bench", &Settings::default())
    };
    let (mine, handle) = (credential(), UserHandle::new(vec![7; 32]).unwrap());
    let all = [
        Talk::Inits,
        Talk::Keepalives(1),
        Talk::Keepalives(2),
        Talk::Messages,
        Talk::Foreign,
        Talk::Beginnings,
        Talk::Busy,
        Talk::Forgetful,
    ];
    let sixteen: Vec<Talk> = all.iter().chain(&all).copied().collect();
    let desks: Vec<&[Talk]> = all.chunks(1).chain([&sixteen[..]]).collect();
    for talks in desks {
        let signing_in = measure(talks, |platform| {
            let passkeys = [Passkey { credential: &mine, sign_count: None, salts: None }];
            let request = SignIn {
                wanted: Wanted::Passkeys(&passkeys),
                policy: &policy,
                forbidden_pin: None,
                takes_recovery_code: false,
            };
            sign_in(platform, &mut Nobody, &request).result.expect_err("nobody can sign in");
        });
        let enrolling = measure(talks, |platform| {
            let enrolment = Enrolment {
                rp_id: "desk.example",
                user_handle: &handle,
                user_name: "alice",
                name: "mine",
                added: Timestamp::UNIX_EPOCH,
                algorithms: &[Algorithm::Es256],
                discoverable: false,
                verification: UserVerification::Discouraged,
                existing: &[&mine],
                device: None,
                allowed_aaguids: &[],
                enterprise_attestation: false,
                pin_attempts: 3,
                timeout: TIMEOUT,
            };
            enrol(platform, &mut Nobody, &enrolment).expect_err("nothing can be enrolled");
        });
        let surveying = measure(talks, |platform| drop(inspect(platform, &[&mine], TIMEOUT)));
        let allowed = ALLOWED + talks.len() * ALLOWED_PER_KEY;
        for most in [signing_in, enrolling, surveying] {
            assert!(
                most < allowed,
                "{talks:?}: {signing_in}, {enrolling}, {surveying} bytes; {allowed} allowed"
            );
        }
    }
}
