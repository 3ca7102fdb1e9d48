use super::super::test_data::{file, passkeys};
use super::*;

/// A recorded key, with what another reader of the format found in it.
fn recorded(name: &str) -> ForeignPasskey {
    let mut entries = parse(&file(name));
    assert_eq!((entries.len(), entries[0].line), (1, 1), "{name}");
    entries.remove(0).passkey.unwrap()
}

#[test]
fn what_ssh_keygen_wrote() {
    for (name, id, application, discoverable, presence, hides) in [
        (
            "ecdsa_sk",
            "ucestt_PICKHJoTDLr4-u6xlJ6no1z_rqZ6xMH9YxiX7KD4lsyw4_4wJ3pq-KXaDiSOWdbQ6tE671mW3BZJuEQ",
            "ssh:",
            false,
            true,
            false,
        ),
        (
            "ed25519_sk",
            "qO8OL1gZltKsZUyaE27iMrk6EtNeDMmkan254u2rkW91ssLhHA9yJBM599uOyJB9eKjbMl2MpXInv7eieofg7Q",
            "ssh:",
            false,
            true,
            false,
        ),
        (
            "work_sk",
            "YfxqsJiB78MX8mHwADEMBpk4gB6UvNhImWLDtpA_s4s6OyHLYnvS9hkWZE1senB5v5OaeOj-1yq0ksffwxMedA",
            "ssh:work",
            false,
            false,
            false,
        ),
        (
            "verify_sk",
            "OPEwp4lyC3MAbkLYcCzebdm9ZQtYCRZeH5dBCVbIutQ4sEkchnUnduplDY9LYfJ8RlaSj3nuki6EHFjw3XSshg",
            "ssh:",
            false,
            true,
            true,
        ),
        ("resident_sk", "yqGghI3vVL3xozM6RlCLBXKOKms01DsyPDiVcFe7LiE", "ssh:", true, true, false),
    ] {
        let passkey = recorded(name);
        assert_eq!(passkey.id, Id::Known(CredentialId::from_base64url(id).unwrap()), "{name}");
        assert_eq!(passkey.rp_id, RpId::Stated(application.to_owned()));
        assert_eq!((passkey.discoverable, passkey.presence), (discoverable, presence), "{name}");
        assert_eq!((passkey.hides, passkey.verification == UvCapability::Pin), (hides, hides), "{name}");
        assert_eq!(passkey.name.as_deref(), Some("alice@laptop"));
    }
}

#[test]
fn a_public_half_names_the_key_and_not_the_passkey() {
    for name in ["ecdsa_sk", "ed25519_sk", "resident_sk"] {
        let private = recorded(name);
        let public = passkeys(parse(&file(&format!("{name}.pub")))).remove(0);
        assert_eq!((&public.public_key, &public.rp_id), (&private.public_key, &private.rp_id));
        assert_eq!((public.id, public.name), (Id::InPrivateFile, private.name));
    }
    // As in authorized_keys.
    let line = String::from_utf8(file("ed25519_sk.pub")).unwrap();
    let keys =
        format!("# mine\nno-touch-required,command=\"echo hello\" {line}\n\nssh-ed25519 AAAA me\n{line}");
    let results: Vec<_> =
        parse(keys.as_bytes()).into_iter().map(|entry| (entry.line, entry.passkey.err())).collect();
    assert_eq!(results, [(2, None), (5, Some(Damage::OrdinaryKey)), (6, None)]);
}

#[test]
fn keys_that_cannot_be_imported_are_told_apart() {
    let sound = file("ed25519_sk");
    for (other, damage) in [
        (file("encrypted_sk"), Damage::Encrypted),
        (file("ordinary"), Damage::OrdinaryKey),
        (file("ordinary.pub"), Damage::OrdinaryKey),
        (
            b"-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n".to_vec(),
            Damage::OrdinaryKey,
        ),
        (b"hello\n".to_vec(), Damage::NotAnEntry),
        (b"\xff\n".to_vec(), Damage::NotText),
        (b"sk-ssh-ed25519@openssh.com\n".to_vec(), Damage::PublicKey),
        (b"sk-ssh-ed25519@openssh.com AAAA\n".to_vec(), Damage::PublicKey),
    ] {
        let results: Vec<_> = parse(&[sound.clone(), other.clone(), sound.clone()].concat())
            .into_iter()
            .map(|entry| entry.passkey.err())
            .collect();
        assert_eq!(results, [None, Some(damage), None], "{}", other.escape_ascii());
    }
}

#[test]
fn a_key_without_its_end_or_with_other_line_ends() {
    for name in ["ecdsa_sk", "ed25519_sk", "verify_sk"] {
        let text = String::from_utf8(file(name)).unwrap();
        let expected = Some(recorded(name));
        for same in [text.replace('\n', "\r\n"), text.trim_end().to_owned(), format!("\n\n  {text}")] {
            assert_eq!(parse(same.as_bytes()).remove(0).passkey.ok(), expected, "{name}");
        }
        let cut = text.replace("-----END OPENSSH PRIVATE KEY-----", "");
        assert_eq!(parse(cut.as_bytes())[0].passkey, Err(Damage::CutShort));
    }
}

/// The file without its armour, changed, and armoured again.
fn changed(name: &str, change: impl FnOnce(&mut Vec<u8>)) -> Result<ForeignPasskey, Damage> {
    let text = String::from_utf8(file(name)).unwrap();
    let body: String = text.lines().filter(|line| !line.starts_with('-')).collect();
    let mut bytes = Base64::decode_vec(&body).unwrap();
    change(&mut bytes);
    parse_private(Base64::encode_string(&bytes).as_bytes())
}

#[test]
fn nothing_that_is_cut_or_longer_is_taken() {
    for name in ["ecdsa_sk", "ed25519_sk"] {
        assert!(changed(name, |_| {}).is_ok());
        let len = {
            let mut len = 0;
            let _ = changed(name, |bytes| len = bytes.len());
            len
        };
        for end in 0..len {
            assert!(changed(name, |bytes| bytes.truncate(end)).is_err(), "{name} {end}");
        }
        assert_eq!(changed(name, |bytes| bytes.push(0)), Err(Damage::PrivateKey));
    }
}

#[test]
fn a_changed_byte_is_noticed_where_it_can_be() {
    let sound = changed("ed25519_sk", |_| {}).unwrap();
    let mut taken = 0;
    let mut len = 0;
    let _ = changed("ed25519_sk", |bytes| len = bytes.len());
    for at in 0..len {
        if let Ok(passkey) = changed("ed25519_sk", |bytes| bytes[at] ^= 0x40) {
            // Only what nothing else speaks of: flags, key handle, comment.
            assert_eq!((&passkey.public_key, &passkey.rp_id), (&sound.public_key, &sound.rp_id), "{at}");
            taken += 1;
        }
    }
    assert!((64..=120).contains(&taken), "{taken}");
}
