use super::*;
use jiff::Timestamp;

fn wrapped(id: u8) -> WrappedPassword {
    WrappedPassword {
        id: CredentialId::new(vec![id; 16]).unwrap(),
        made: Timestamp::from_second(1_700_000_000).unwrap(),
        salt: Salt([id; 32]),
        nonce: [id; 12],
        ciphertext: vec![id; 80],
        mark: id.is_multiple_of(2).then_some(PasswordMark([id; 32])),
        stale: id == 3,
    }
}

fn keyring() -> Keyring {
    let mut keyring = Keyring::default();
    (1..=3).for_each(|id| keyring.put(wrapped(id)));
    keyring
}

#[test]
fn a_file_reads_back_as_it_was() {
    let keyring = keyring();
    assert_eq!(Keyring::parse(&keyring.encode()).unwrap(), keyring);
    assert_eq!(Keyring::parse(&Keyring::default().encode()).unwrap(), Keyring::default());
}

#[test]
fn a_passkey_has_one_wrapping() {
    let mut keyring = keyring();
    let again = WrappedPassword { nonce: [9; 12], ..wrapped(2) };
    keyring.put(again.clone());
    assert_eq!(keyring.entries().len(), 3);
    assert_eq!(keyring.get(&again.id), Some(&again));
    assert!(keyring.remove(&again.id));
    assert!(!keyring.remove(&again.id));
    assert_eq!(keyring.get(&again.id), None);
}

#[test]
fn an_entry_that_is_not_understood_costs_itself_and_is_kept() {
    let text = keyring().encode().replacen("nonce = \"AgIC", "nonce = \"?", 1);
    let mut read = Keyring::parse(&text).unwrap();
    assert_eq!((read.entries().len(), read.skipped().len()), (2, 1));
    assert!(Keyring::parse(&read.encode()).unwrap().skipped().len() == 1);
    // It must not come back once its passkey is gone.
    assert!(read.remove(&wrapped(2).id));
    assert!(read.skipped().is_empty());
}

#[test]
fn every_cut_is_noticed() {
    let text = keyring().encode();
    for length in 0..text.len() - 1 {
        let whole = Keyring::parse(&text[..length]).is_ok_and(|read| read.entries().len() == 3);
        assert!(!whole, "{length}");
    }
}

#[test]
fn a_changed_password_makes_all_of_them_stale() {
    let mut keyring = keyring();
    assert!(keyring.mark_stale());
    assert!(!keyring.mark_stale());
    assert!(keyring.entries().iter().all(|entry| entry.is_stale(None)));
}

#[test]
fn what_is_stale_stays_so_when_it_is_wrapped_again() {
    let mut keyring = keyring();
    keyring.put_again(WrappedPassword { stale: false, nonce: [9; 12], ..wrapped(3) });
    keyring.put_again(WrappedPassword { nonce: [9; 12], ..wrapped(1) });
    let stale: Vec<bool> = keyring.entries().iter().map(|entry| entry.is_stale(None)).collect();
    assert_eq!(stale, [false, true, false]);
}
