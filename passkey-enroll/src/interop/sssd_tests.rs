use super::super::test_data::{credential, enrolled, file, passkeys};
use super::*;
use ctap::cose::PublicKey;
use passkey_core::credential::UvCapability;

#[test]
fn values_alone_and_as_directories_print_them() {
    let entries = parse(&file("sssd"));
    let lines: Vec<usize> = entries.iter().map(|entry| entry.line).collect();
    assert_eq!(lines, [2, 5, 10, 11]);
    assert_eq!(entries[3].passkey, Err(Damage::Algorithm), "a curve that SSSD does not know either");
    let passkeys = passkeys(entries[..3].to_vec());
    assert!(matches!(passkeys[0].public_key, PublicKey::Es256 { .. }));
    assert!(matches!(passkeys[1].public_key, PublicKey::EdDsa { .. }));
    assert!(matches!(passkeys[2].public_key, PublicKey::Rs256 { .. }));
    let handle = UserHandle::new((0..32).collect()).unwrap();
    assert_eq!(passkeys[2].id, Id::Known(CredentialId::new((0..64).collect()).unwrap()));
    for (passkey, discoverable) in passkeys.iter().zip([false, true, false]) {
        assert_eq!((passkey.discoverable, passkey.user_handle.is_some()), (discoverable, discoverable));
        assert_eq!(passkey.rp_id, RpId::Programs);
    }
    assert_eq!(passkeys[1].user_handle.as_ref(), Some(&handle));

    // What we write is what the other library wrote.
    let text = String::from_utf8(file("sssd")).unwrap().replace("\n ", "");
    for passkey in &passkeys {
        let value = value_of(&enrolled(passkey, UvCapability::None), passkey.user_handle.as_ref()).unwrap();
        assert!(text.contains(&value), "{value}");
    }
    let es384 = PublicKey::Es384 { x: [1; 48], y: [1; 48] };
    let credential = credential(CredentialId::new(vec![1]).unwrap(), es384, false, UvCapability::None);
    assert_eq!(value_of(&credential, None), None);
}

#[test]
fn several_values_in_one_line() {
    let [one, two] = ["AQID", "BAUG"]
        .map(|id| format!("passkey:{id},MCowBQYDK2VwAyEAc3EIumLwJkbWuY3stigwxf2qPThAR79+6ttA1jkrmt4="));
    let ids = |text: &str| -> Vec<(usize, Option<Vec<u8>>)> {
        parse(text.as_bytes())
            .into_iter()
            .map(|entry| match entry.passkey {
                Ok(ForeignPasskey { id: Id::Known(id), .. }) => (entry.line, Some(id.as_bytes().to_vec())),
                _ => (entry.line, None),
            })
            .collect()
    };
    let (first, second) = (Some(vec![1, 2, 3]), Some(vec![4, 5, 6]));
    for line in [
        format!("  Passkey mapping: {one}, {two}"),
        format!("  Passkey mapping: {one},{two}"),
        format!("{one},  {two}"),
        format!("{one},AAA=, {two}"),
    ] {
        assert_eq!(ids(&line), [(1, first.clone()), (1, second.clone())], "{line}");
    }
    // As a narrow terminal has it.
    let wrapped = format!("  Passkey mapping: {one},\n                   {two}\n");
    assert_eq!(ids(&wrapped), [(1, first.clone()), (2, second.clone())]);
    // One that is damaged costs nothing but itself.
    let damaged = format!("  Passkey mapping: {one}, passkey:AQID, {two}");
    assert_eq!(ids(&damaged), [(1, first), (1, None), (1, second)]);
}

#[test]
fn each_damage_is_told_and_what_is_not_ours_is_passed_over() {
    let sound = "passkey:AQID,MCowBQYDK2VwAyEAc3EIumLwJkbWuY3stigwxf2qPThAR79+6ttA1jkrmt4=";
    for (line, damage) in [
        (b"passkey:".as_slice(), Some(Damage::PublicKey)),
        (b"passkey:AQID", Some(Damage::PublicKey)),
        (b"passkey:AQID,", Some(Damage::PublicKey)),
        (b"passkey:AQID,MCow", Some(Damage::PublicKey)),
        (
            b"passkey:,MCowBQYDK2VwAyEAc3EIumLwJkbWuY3stigwxf2qPThAR79+6ttA1jkrmt4=",
            Some(Damage::CredentialId),
        ),
        (
            b"passkey:AQID,MCowBQYDK2VwAyEAc3EIumLwJkbWuY3stigwxf2qPThAR79+6ttA1jkrmt4=,!",
            Some(Damage::UserHandle),
        ),
        (
            b"passkey:AQID,MCowBQYDK2VwAyEAc3EIumLwJkbWuY3stigwxf2qPThAR79+6ttA1jkrmt4=,",
            Some(Damage::UserHandle),
        ),
        (
            b"passkey:AQID,MCowBQYDK2VwAyEAc3EIumLwJkbWuY3stigwxf2qPThAR79+6ttA1jkrmt4=,AA==,AA==",
            Some(Damage::TooManyFields),
        ),
        (b"ipapasskey: passkey:\xff", Some(Damage::NotText)),
        (b"X509:<I>DC=org", None),
        (b"\xff\xfe\0", None),
        (b"ipapasskey:: cGFzc2tleTo=", None),
        (b"Passkey:AQID", None),
        (b"description: not passkey:AQID,AQID", None),
    ] {
        let file = [sound.as_bytes(), b"\r\n", line, b"\n\n", sound.as_bytes()].concat();
        let results: Vec<_> = parse(&file).into_iter().map(|entry| entry.passkey.err()).collect();
        match damage {
            Some(damage) => assert_eq!(results, [None, Some(damage), None], "{}", line.escape_ascii()),
            None => assert_eq!(results, [None, None], "{}", line.escape_ascii()),
        }
    }
}
