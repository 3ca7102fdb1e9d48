//! Whole sign-ins: every input of `corpus/sign_in` under the real libpam, and an oracle that is shown to object.
#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use pam_passkey_fuzz::sign_in;
use pam_passkey_fuzz::sign_in::oracle::{Expected, KnownPasskey, Observed, Violation, judge, sha256};
use pam_passkey_fuzz::sign_in::wire::{self, Exchanged, Message, Sender};

#[path = "../../tests/shared/machine.rs"]
mod machine;

/// The longest input.
const MAX_LEN: usize = 4096;
/// Inputs by which the person is let in.
const LET_IN: [&str; 5] = ["one-of-several", "pin", "second-pin", "touch", "two-keys-and-a-pin"];

/// One test, as the machine is one thread's.
#[test]
fn every_input_holds_and_some_let_the_person_in() {
    if !machine::has(rustix::process::geteuid().is_root(), "root") {
        return;
    }
    sign_in::MODULE_PATH.set(build()).unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/sign_in");
    let mut names: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let mut let_in = Vec::new();
    for name in &names {
        let input = fs::read(folder.join(name)).unwrap();
        assert!(input.len() <= MAX_LEN, "{name} is too long to be committed");
        if sign_in::run(&input) {
            let_in.push(name.as_str());
        }
    }
    let seeds: Vec<&str> = let_in.iter().copied().filter(|name| !name.starts_with("found-")).collect();
    println!("sign_in: {} inputs, {} let the person in", names.len(), let_in.len());
    assert!(LET_IN.iter().all(|name| seeds.contains(name)), "{seeds:?}");
    assert!(names.len() > 3 * let_in.len(), "nearly all let the person in");
}

/// The module as it is shipped, built by the command of `pam_passkey/tests/artefact`.
fn build() -> PathBuf {
    // target/debug/deps/sign_in-0123 → target
    let target = std::env::current_exe().unwrap().ancestors().nth(3).unwrap().to_owned();
    let status = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../packaging/cargo"))
        .env("CARGO", env!("CARGO"))
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../pam_passkey"))
        .args(["build", "--release", "--quiet", "--lib", "--example", "panicking", "--target-dir"])
        .arg(&target)
        .status()
        .unwrap();
    assert!(status.success(), "the release build fails");
    target.join("release/libpam_passkey.so")
}

/// A sign-in that was made up, in which all is as it should be.
struct MadeUp {
    key: SigningKey,
    passkeys: [KnownPasskey; 2],
    expected: Expected,
    observed: Observed,
}

const CHALLENGE: [u8; 32] = [7; 32];

impl MadeUp {
    fn new() -> Self {
        let key = SigningKey::from_bytes(&[9; 32].into()).unwrap();
        let passkey = KnownPasskey {
            user: "alice",
            is_enabled: true,
            rp_id_hash: sha256(b"fuzz.example"),
            public_key: *key.verifying_key(),
        };
        let other = SigningKey::from_bytes(&[8; 32].into()).unwrap();
        let bobs = KnownPasskey { user: "bob", public_key: *other.verifying_key(), ..passkey.clone() };
        let expected = Expected {
            user: Some("alice"),
            is_policy_known: true,
            verification: true,
            limit: Duration::from_secs(3),
        };
        let messages =
            vec![request(0, &CHALLENGE), reply(&key, 0, &CHALLENGE, 0), pin(0), request(0, &CHALLENGE)];
        let observed = Observed {
            user: Some("alice".to_owned()),
            messages,
            took: Duration::from_secs(1),
            ..Observed::default()
        };
        let mut made_up = Self { key, passkeys: [passkey, bobs], expected, observed };
        made_up.add(5);
        made_up
    }

    /// Adds a reply with these flags.
    fn add(&mut self, flags: u8) {
        self.observed.messages.push(reply(&self.key, 0, &CHALLENGE, flags));
    }

    fn judged(&self) -> Result<(), Violation> {
        judge(&self.passkeys, &self.expected, &self.observed)
    }
}

fn message(device: usize, sender: Sender, payload: &[u8]) -> Message {
    Message { device, sender, command: 0x10, payload: payload.to_vec() }
}

/// authenticatorGetAssertion.
fn request(device: usize, challenge: &[u8; 32]) -> Message {
    message(device, Sender::Host, &[&[2, 0xa2, 1, 0x61, b'x', 2, 0x58, 32], challenge.as_slice()].concat())
}

/// getPinToken, without what matters only to a key.
fn pin(device: usize) -> Message {
    message(device, Sender::Host, &[6, 0xa2, 1, 2, 2, 5])
}

fn reply(key: &SigningKey, device: usize, challenge: &[u8; 32], flags: u8) -> Message {
    let data = [sha256(b"fuzz.example").as_slice(), &[flags, 0, 0, 0, 1]].concat();
    let signature: Signature = key.sign(&[data.as_slice(), challenge].concat());
    let signature = signature.to_der();
    let len = u8::try_from(signature.as_bytes().len()).unwrap();
    let reply = [&[0, 0xa2, 2, 0x58, 37], data.as_slice(), &[3, 0x58, len], signature.as_bytes()].concat();
    message(device, Sender::Device, &reply)
}

#[test]
fn the_oracle_lets_an_honest_sign_in_be() {
    assert_eq!(MadeUp::new().judged(), Ok(()));
    let refused = Observed { code: 9, messages: Vec::new(), ..MadeUp::new().observed };
    assert_eq!(MadeUp { observed: refused, ..MadeUp::new() }.judged(), Ok(()));
}

#[test]
fn the_oracle_objects_to_success_that_nobody_has_earned() {
    let change = |change: fn(&mut MadeUp)| {
        let mut made_up = MadeUp::new();
        change(&mut made_up);
        made_up.judged()
    };
    let last_gone = |made_up: &mut MadeUp| drop(made_up.observed.messages.pop());
    assert_eq!(change(last_gone), Err(Violation::NobodySigned), "a silent assertion is none");
    let by_another = |made_up: &mut MadeUp| {
        made_up.key = SigningKey::from_bytes(&[8; 32].into()).unwrap();
        made_up.observed.messages = vec![request(0, &CHALLENGE)];
        made_up.add(5);
    };
    assert_eq!(change(by_another), Err(Violation::NobodySigned), "bob's");
    let replayed = |made_up: &mut MadeUp| {
        made_up.observed.messages = vec![request(0, &[6; 32])];
        made_up.add(5);
    };
    assert_eq!(change(replayed), Err(Violation::NobodySigned), "over another challenge");
    let disabled = |made_up: &mut MadeUp| {
        made_up.observed.messages.remove(2);
        made_up.passkeys.iter_mut().for_each(|passkey| passkey.is_enabled = false);
    };
    assert_eq!(change(disabled), Err(Violation::NobodySigned), "disabled");
    let present_only = |made_up: &mut MadeUp| {
        made_up.observed.messages.pop();
        made_up.add(1);
    };
    assert_eq!(change(present_only), Err(Violation::NotVerified));
    let renamed = |made_up: &mut MadeUp| made_up.observed.user = Some("bob".to_owned());
    assert_eq!(change(renamed), Err(Violation::OtherUser(Some("bob".to_owned()))));
}

#[test]
fn the_oracle_objects_to_whatever_else_must_not_be() {
    let change = |change: fn(&mut MadeUp)| {
        let mut made_up = MadeUp::new();
        change(&mut made_up);
        made_up.judged()
    };
    let stranger = |made_up: &mut MadeUp| made_up.observed.messages.push(pin(1));
    assert_eq!(change(stranger), Err(Violation::PinForStranger(1)));
    let too_early = |made_up: &mut MadeUp| made_up.observed.messages.swap(1, 2);
    assert_eq!(change(too_early), Err(Violation::PinForStranger(0)));
    let reset = |made_up: &mut MadeUp| made_up.observed.messages.push(message(0, Sender::Host, &[7]));
    assert_eq!(change(reset), Err(Violation::Changed(0)));
    let late = |made_up: &mut MadeUp| made_up.observed.took = Duration::from_secs(14);
    assert_eq!(change(late), Err(Violation::TooLong(Duration::from_secs(14))));
    let deaf = |made_up: &mut MadeUp| made_up.observed.interrupted_for = Some(Duration::from_secs(11));
    assert_eq!(change(deaf), Err(Violation::TooLong(Duration::from_secs(11))));
    let panicked = |made_up: &mut MadeUp| made_up.observed.log.push("panic at x.rs:1".to_owned());
    assert_eq!(change(panicked), Err(Violation::Panicked("panic at x.rs:1".to_owned())));
    let untidy = |made_up: &mut MadeUp| made_up.observed.left_behind = Some("a descriptor".to_owned());
    assert_eq!(change(untidy), Err(Violation::LeftBehind("a descriptor".to_owned())));
}

#[test]
fn messages_are_put_together_across_keepalives_and_devices() {
    let report = |device, bytes: &[u8]| {
        let mut report = [0; 64];
        report.iter_mut().zip(bytes).for_each(|(place, byte)| *place = *byte);
        Exchanged { device, sender: Sender::Device, report }
    };
    let first = report(0, &[1, 1, 1, 1, 0x90, 0, 59, 5]);
    let exchanged = [
        first,
        report(1, &[1, 1, 1, 1, 0x90, 0, 1, 6]),
        report(0, &[1, 1, 1, 1, 0xbb, 0, 1, 2]),
        report(0, &[1, 1, 1, 1, 0, 7, 8]),
    ];
    let messages = wire::messages(&exchanged);
    let [short, long] = messages.as_slice() else { unreachable!("{messages:?}") };
    assert_eq!((short.device, short.payload.as_slice()), (1, [6].as_slice()));
    assert_eq!((long.payload.len(), long.payload.first(), long.payload.last()), (59, Some(&5), Some(&8)));
}
