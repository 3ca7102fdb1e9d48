//! A part of a sign-in that needs no device, so many times, for callgrind to count its instructions.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a panic is a failed measurement")]

use std::cell::RefCell;
use std::path::PathBuf;
use std::{env, hint};

use bench_probe::Part;
use ctap::cose::PublicKey;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use passkey_core::config::Config;
use passkey_core::credential::{Credential, CredentialId};
use passkey_core::store::CredentialFile;
use passkey_core::verify::verify_signature;

use ceremony::Scene;

mod ceremony;

/// The documented configuration, every option of which is a comment.
const CONFIGURATION: &str = include_str!("../../../../../../config/passkey.toml");

/// As it is after enrolment; id and key are exchanged for longer ones.
const ONE_PASSKEY: &str = r#"version = 1
count = 1
user_handle = "CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk"

[[credential]]
name = "one"
id = "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI"
rp_id = "host.example"
public_key = "pAEBAycgBiFYIAICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIC"
algorithm = "eddsa"
aaguid = "00000000-0000-0000-0000-000000000000"
discoverable = false
user_verification = "none"
transports = ["usb"]
added = "2026-11-23T02:03:04Z"
enabled = true
"#;

fn main() {
    let words: Vec<String> = env::args().skip(1).collect();
    let [part, times, module] = words.as_slice() else { panic!("bench-part PART TIMES MODULE") };
    let part = Part::named(part).unwrap_or_else(|| panic!("no part is called {part}"));
    let work = work(part, PathBuf::from(module));
    for _ in 0..times.parse().expect("a number") {
        work();
    }
}

fn work(part: Part, module: PathBuf) -> Box<dyn Fn()> {
    let key = SigningKey::from_slice(&[1; 32]).expect("a number below the order");
    let point = key.verifying_key().to_sec1_point(false);
    let (x, y) = point.as_bytes().split_at(1).1.split_at(32);
    let public_key = PublicKey::Es256 { x: x.try_into().unwrap(), y: y.try_into().unwrap() };
    match part {
        Part::Load => Box::new(move || pam_client::module::load(&module).expect("it is a module")),
        Part::Configuration => Box::new(|| {
            let parsed = Config::parse("passkey.toml".as_ref(), hint::black_box(CONFIGURATION));
            hint::black_box(parsed.expect("the documented options"));
        }),
        Part::Passkeys(count) => {
            let text = credential_file(&public_key, count).encode();
            Box::new(move || {
                hint::black_box(CredentialFile::parse(hint::black_box(&text)).expect("its own text"));
            })
        }
        Part::Signature => {
            // As long as authenticator data and a hash.
            let message = [7; 69];
            let signature: Signature = key.sign(&message);
            let signature = signature.to_der();
            Box::new(move || {
                let verified = verify_signature(&public_key, hint::black_box(&message), signature.as_bytes());
                verified.expect("its own signature");
            })
        }
        Part::Ceremony => {
            let scene = RefCell::new(Scene::new());
            Box::new(move || scene.borrow_mut().sign_in())
        }
    }
}

fn credential_file(public_key: &PublicKey, count: u8) -> CredentialFile {
    let mut file = CredentialFile::parse(ONE_PASSKEY).expect("a credential file");
    let one = file.credentials.remove(0);
    let number = |number: u8| Credential {
        id: CredentialId::new(vec![number; 64]).expect("as long as others"),
        name: format!("key {number}"),
        public_key: public_key.clone(),
        ..one.clone()
    };
    file.credentials = (0..count).map(number).collect();
    file
}
