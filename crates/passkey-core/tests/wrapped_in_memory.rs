//! A wrapped password, and the secret that it is wrapped under, are nowhere in memory once they have been used, freed memory included.
#![allow(missing_docs, clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used)]

use ctap::Secret;
use passkey::passkey;
use passkey_core::account::{Account, PasswdEntry};
use passkey_core::store::keyring::{Keyring, WrappedPassword};
use process_memory::{MASK, Memory, masked};
use std::hint::black_box;

#[path = "shared/passkey.rs"]
mod passkey;
#[path = "shared/process_memory.rs"]
mod process_memory;

/// Never whole in the program: the parts are put together where they are wiped again.
fn unmasked(parts: &[u8]) -> Secret {
    Secret::new(parts.iter().map(|byte| black_box(byte ^ MASK)).collect())
}

#[test]
fn nothing_of_password_and_secret_is_left_behind() {
    let password: Vec<u8> = (0..40).map(|byte| (byte * 5 + 33) ^ MASK).collect();
    let secret: Vec<u8> = (0..32).map(|byte| (byte * 7 + 11) ^ MASK).collect();
    // The last six: the allocator writes over the first bytes of what it is given back.
    let end = |masked: &[u8]| -> [u8; 6] { masked[masked.len() - 6..].try_into().unwrap() };
    let control = masked(&[29, 2, 31, 5, 17, 11]);
    let memory = Memory::open();
    let left_behind: Vec<u8> =
        black_box(vec![0; 16].into_iter().chain(control.map(|byte| byte ^ MASK)).collect());
    drop(left_behind);
    assert!(memory.holds(control), "what is freed without being wiped is found");

    let account = Account::from_entry(PasswdEntry {
        name: "alice".to_owned(),
        uid: 1000,
        gid: 1000,
        home: "/home/alice".into(),
    });
    let blue = passkey("blue", vec![1; 16]);
    let mut keyring = Keyring::default();
    {
        let (password, secret) = (unmasked(&password), unmasked(&secret));
        let salt = WrappedPassword::new_salt().unwrap();
        let made = jiff::Timestamp::UNIX_EPOCH;
        keyring.put(WrappedPassword::wrap(&account, &blue, salt, &secret, &password, None, made).unwrap());
    }
    let left = (memory.holds(end(&password)), memory.holds(end(&secret)));
    assert_eq!(left, (false, false), "wrapped: of the password, of the secret");
    {
        let secret = unmasked(&secret);
        let wrapped = keyring.get(&blue.id).unwrap();
        let unwrapped = wrapped.unwrap(&account, &blue, &secret).unwrap();
        assert!(memory.holds(end(&password)), "as long as it is needed, it is there");
        assert_eq!(unwrapped.len(), password.len());
    }
    let left = (memory.holds(end(&password)), memory.holds(end(&secret)));
    assert_eq!(left, (false, false), "unwrapped: of the password, of the secret");
}
