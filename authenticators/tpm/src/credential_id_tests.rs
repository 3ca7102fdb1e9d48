use super::*;

const KEY: [u8; 32] = [1; 32];
const HASH: [u8; 32] = [2; 32];
const SCOPE: Scope<'_> = Scope { mac_key: &KEY, account: 1000, rp_id_hash: &HASH };

fn credential(discoverable: bool, hmac_secret: bool, cred_protect: CredProtect) -> Credential {
    Credential {
        properties: Properties { discoverable, hmac_secret, cred_protect },
        nonce: [3; NONCE_LEN],
        key: SigningKey { private: vec![6; 126], x: [4; 32], y: [5; 32] },
    }
}

#[test]
fn an_id_reads_back() {
    for discoverable in [false, true] {
        for hmac_secret in [false, true] {
            for level in 1..=3 {
                let level = CredProtect::from_level(level).unwrap();
                let credential = credential(discoverable, hmac_secret, level);
                assert_eq!(Credential::decode(&credential.encode(SCOPE), SCOPE), Some(credential));
            }
        }
    }
}

#[test]
fn an_id_is_of_one_account_and_one_rp_id() {
    let id = credential(false, false, CredProtect::UserVerificationOptional).encode(SCOPE);
    for scope in [
        Scope { account: 1001, ..SCOPE },
        Scope { rp_id_hash: &[9; 32], ..SCOPE },
        Scope { mac_key: &[9; 32], ..SCOPE },
    ] {
        assert_eq!(Credential::decode(&id, scope), None);
    }
}

#[test]
fn a_changed_id_is_none() {
    let id = credential(false, false, CredProtect::UserVerificationOptional).encode(SCOPE);
    for bit in 0..id.len() * 8 {
        let mut changed = id.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(Credential::decode(&changed, SCOPE), None);
    }
    for len in 0..id.len() {
        assert_eq!(Credential::decode(&id[..len], SCOPE), None);
    }
    assert_eq!(Credential::decode(&[id, vec![0]].concat(), SCOPE), None);
}
