use super::super::test_data::{file, passkeys};
use super::*;
use passkey_core::credential::UvCapability;

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
        assert_eq!((passkey.discoverable, passkey.presence()), (discoverable, presence), "{name}");
        assert_eq!((passkey.hides, passkey.verification() == UvCapability::Pin), (hides, hides), "{name}");
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
fn blocks_that_are_no_key_of_ours_are_called_what_they_are() {
    let sound = file("ed25519_sk");
    for (label, damage) in [
        ("RSA PRIVATE KEY", Damage::OrdinaryKey),
        ("EC PRIVATE KEY", Damage::OrdinaryKey),
        ("ENCRYPTED PRIVATE KEY", Damage::OrdinaryKey),
        ("PRIVATE KEY", Damage::OrdinaryKey),
        ("PUBLIC KEY", Damage::PemPublicKey),
        ("RSA PUBLIC KEY", Damage::PemPublicKey),
        ("SSH SIGNATURE", Damage::SshSignature),
        ("CERTIFICATE", Damage::Certificate),
        ("CERTIFICATE REQUEST", Damage::Certificate),
        ("TRUSTED CERTIFICATE", Damage::Certificate),
        ("PGP PRIVATE KEY BLOCK", Damage::OpenPgp),
        ("PGP SIGNATURE", Damage::OpenPgp),
        ("DH PARAMETERS", Damage::OtherBlock),
    ] {
        let block = format!("-----BEGIN {label}-----\nAAAA\n-----END {label}-----\n");
        let both: Vec<_> = parse(&[block.as_bytes(), &sound].concat())
            .into_iter()
            .map(|entry| (entry.line, entry.passkey.err()))
            .collect();
        assert_eq!(both, [(1, Some(damage)), (4, None)], "{label}");
        assert!(!damage.to_string().is_empty() && damage.remedy().ends_with('.'));
    }
    let rfc4716 = b"---- BEGIN SSH2 PUBLIC KEY ----\nComment: \"me\"\nAAAA\n---- END SSH2 PUBLIC KEY ----\n";
    assert_eq!(parse(rfc4716)[0].passkey, Err(Damage::Rfc4716));
    let putty =
        b"PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nPublic-Lines: 1\nAAAA\nPrivate-MAC: 00\n";
    assert_eq!(parse(putty).len(), 1);
    assert_eq!(parse(putty)[0].passkey, Err(Damage::PuttyKey));
    assert_eq!(
        parse(b"sk-ssh-ed25519-cert-v01@openssh.com AAAA me\n")[0].passkey,
        Err(Damage::SshCertificate)
    );
}

#[test]
fn options_of_authorized_keys_are_read_and_never_taken_for_a_key() {
    let key = String::from_utf8(file("ed25519_sk.pub")).unwrap();
    for (options, presence, verification) in [
        ("", true, UvCapability::None),
        (r#"command="x" "#, true, UvCapability::None),
        (r#"command="ssh-keygen -l" "#, true, UvCapability::None),
        (r#"command="sk-ssh-ed25519@openssh.com AAAA" "#, true, UvCapability::None),
        (r#"command="echo \"ssh-rsa AAAA\" # no" "#, true, UvCapability::None),
        (r#"restrict,from="10.0.0.0/8,::1",verify-required "#, true, UvCapability::Pin),
        (r#"no-touch-required,command="a b" "#, false, UvCapability::None),
        ("No-Touch-Required,Verify-Required\t", false, UvCapability::Pin),
        // The options stand in the command, and are none.
        (r#"command="a,verify-required,b" "#, true, UvCapability::None),
    ] {
        let passkey = passkeys(parse(format!("{options}{key}").as_bytes())).remove(0);
        assert_eq!((passkey.presence(), passkey.verification()), (presence, verification), "{options}");
        assert_eq!(passkey.name.as_deref(), Some("alice@laptop"), "{options}");
    }
    // A quote without an end swallows the key.
    assert_eq!(parse(format!("command=\"x {key}").as_bytes())[0].passkey, Err(Damage::NotAnEntry));
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
    let mut bytes = encoding::base64(&body).unwrap();
    change(&mut bytes);
    parse_private(encoding::to_base64(&bytes).as_bytes())
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
