use super::super::test_data::{credential, enrolled, file, passkeys};
use super::*;
use passkey_core::credential::UvCapability;

/// What an entry says, in short.
fn short(entry: &Entry) -> String {
    let user = entry.user.as_deref().unwrap_or("-");
    match &entry.passkey {
        Err(damage) => format!("{} {user} {damage:?}", entry.line),
        Ok(passkey) => {
            let id = match &passkey.id {
                Id::Known(id) => id.to_string(),
                Id::OnKey => "*".to_owned(),
                Id::InPrivateFile => "private".to_owned(),
            };
            let rp_id = match passkey.rp_id {
                RpId::Programs => "origin",
                RpId::AppId => "appid",
                RpId::Stated(_) => "stated",
            };
            let presence = if passkey.presence() { "touch" } else { "-" };
            let verification = passkey.verification().as_str();
            format!(
                "{} {user} {id} {} {rp_id} {presence} {verification}",
                entry.line,
                passkey.public_key.algorithm()
            )
        }
    }
}

#[test]
fn what_pamu2fcfg_wrote() {
    let recorded = file("u2f_keys");
    let expected = [
        "2 alice DFH4wt1L_Q ES256 origin touch none",
        "3 bob zdANVP5L9Q ES256 origin - none",
        "5 alice _p3kKbG5Kw ES256 origin touch pin",
        "5 alice * ES256 origin touch none",
        "5 alice * ES256 origin touch pin",
        "6 alice hVAlvHXy8w ES256 origin touch fingerprint",
        "6 alice u9nZ4P_hpA ES256 origin - fingerprint",
        "8 alice jjh7g22UkQ EdDSA origin touch none",
        "8 alice * EdDSA origin touch none",
        "10 alice DFH4wt1L_Q ES256 appid touch none",
    ];
    assert_eq!(parse(&recorded).iter().map(short).collect::<Vec<_>>(), expected);
    // As a program on Windows would leave it.
    let crlf = String::from_utf8(recorded.clone()).unwrap().replace('\n', "\r\n");
    assert_eq!(parse(crlf.as_bytes()), parse(&recorded));

    let entries = parse(&recorded);
    let rsa = passkeys(parse(&file("u2f_rs256")));
    assert_eq!(rsa.len(), 1);
    // The old form and the new one are the same passkey.
    let (new, old) = (entries[0].passkey.as_ref().unwrap(), entries[9].passkey.as_ref().unwrap());
    assert_eq!((&new.id, &new.public_key), (&old.id, &old.public_key));
    // What we write is what pamu2fcfg writes, byte for byte.
    let text = String::from_utf8(recorded).unwrap() + &String::from_utf8(file("u2f_rs256")).unwrap();
    let mut written = 0;
    let sound = entries.iter().filter_map(|entry| entry.passkey.as_ref().ok()).chain(&rsa);
    for passkey in sound.filter(|passkey| passkey.id != Id::OnKey && passkey.rp_id == RpId::Programs) {
        let row = row(&enrolled(passkey, UvCapability::None), passkey.options.unwrap()).unwrap();
        let whole = |text: &str| text.split([':', '\n']).any(|other| other == row);
        assert!(whole(&text), "{row}");
        written += 1;
    }
    assert_eq!(written, 7);
}

#[test]
fn an_openssh_key_is_one_entry() {
    let entries = parse(&file("ecdsa_sk"));
    assert_eq!(entries.iter().map(short).collect::<Vec<_>>(), ["1 - 1mW3BZJuEQ ES256 stated touch none"]);
    assert_eq!(entries, openssh::parse(&file("ecdsa_sk")));
}

const ID: &str = "AQIDBAUGBwg=";
const KEY: &str = "LpQP+xyOjupzQTMQ2L6B5kv1SnAntUC5zANmZ8Zntdo=";

#[test]
fn each_damage_is_told_and_costs_nothing_but_itself() {
    let sound = format!("alice:{ID},{KEY},eddsa,+presence");
    for (line, damage) in [
        (String::from("alice"), Damage::NotAnEntry),
        (format!(":{ID},{KEY},eddsa,+presence"), Damage::NoUser),
        (format!("alice:{ID}"), Damage::PublicKey),
        (format!("alice:{ID},"), Damage::PublicKey),
        (format!("alice:{ID},{KEY}"), Damage::PublicKey),
        (format!("alice:{ID},04zz"), Damage::PublicKey),
        (format!("alice:{ID},04{}", "00".repeat(64)), Damage::PublicKey),
        (format!("alice:{ID},{KEY},es256,+presence"), Damage::PublicKey),
        (format!("alice:{ID},{KEY},rs256,+presence"), Damage::PublicKey),
        (format!("alice:{ID},{KEY},es512,+presence"), Damage::Algorithm),
        (format!("alice:{ID},{KEY},,+presence"), Damage::Algorithm),
        (format!("alice:,{KEY},eddsa,+presence"), Damage::CredentialId),
        (format!("alice:A!B,{KEY},eddsa,+presence"), Damage::CredentialId),
        (format!("alice:{},{KEY},eddsa,+presence", "A".repeat(1368)), Damage::CredentialId),
        (format!("alice:{ID},{KEY},eddsa,+presence+pi"), Damage::Attribute),
        (format!("alice:{ID},{KEY},eddsa,presence"), Damage::Attribute),
        (format!("alice:{ID},{KEY},eddsa,+presence,x"), Damage::TooManyFields),
        // A point of small order.
        (
            format!("alice:{ID},AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=,eddsa,+presence"),
            Damage::PublicKey,
        ),
        (format!("alice:{ID},{KEY},eddsa,+presence\0"), Damage::NotText),
        (String::from("# comment\n \t\n\r\nalice::\nalice:"), Damage::NotAnEntry),
    ] {
        let entries = parse(format!("{sound}\n{line}\n{sound}").as_bytes());
        let results: Vec<_> = entries.iter().map(|entry| entry.passkey.as_ref().err()).collect();
        if line.starts_with('#') {
            assert_eq!(results, [None, None], "{line}");
        } else {
            assert_eq!(results, [None, Some(&damage), None], "{line}");
            assert_eq!(entries[1].line, 2);
        }
    }
    let bytes = [sound.as_bytes(), b"\nal\xffce:x,y\n", sound.as_bytes()].concat();
    let results: Vec<_> = parse(&bytes).into_iter().map(|entry| entry.passkey.err()).collect();
    assert_eq!(results, [None, Some(Damage::NotText), None]);
}

#[test]
fn all_attributes_in_all_combinations() {
    for bits in 0..8 {
        let words = ["+presence", "+verification", "+pin"];
        let chosen: String =
            words.iter().enumerate().filter(|(n, _)| bits >> n & 1 == 1).map(|(_, word)| *word).collect();
        for line in [format!("alice:*,{KEY},EdDSA,{chosen}"), format!("alice:{ID},{KEY},eddsa,{chosen}")] {
            let passkey = passkeys(parse(line.as_bytes())).remove(0);
            assert_eq!(passkey.presence(), bits & 1 == 1, "{line}");
            let expected = match bits >> 1 {
                0 => UvCapability::None,
                2 => UvCapability::Pin,
                _ => UvCapability::Fingerprint,
            };
            assert_eq!(passkey.verification(), expected, "{line}");
            if passkey.id != Id::OnKey {
                let row = row(&enrolled(&passkey, UvCapability::None), passkey.options.unwrap()).unwrap();
                assert_eq!(format!("alice:{row}"), line);
            }
        }
    }
    // Without the comma, too.
    assert!(!passkeys(parse(format!("alice:{ID},{KEY},eddsa").as_bytes()))[0].presence());
}

#[test]
fn long_lines_and_long_files_are_bounded_by_nothing_but_their_number() {
    let row = format!(":{ID},{KEY},eddsa,+presence+pin");
    let entries = parse(format!("alice{}\nbob{row}", row.repeat(5_000)).as_bytes());
    assert_eq!(entries.len(), 5_001);
    assert!(entries.iter().all(|entry| entry.passkey.as_ref().unwrap().verification() == UvCapability::Pin));
    let entries = parse(&b"x\n".repeat(MAX_ENTRIES * 2));
    assert_eq!(entries.len(), MAX_ENTRIES);
    let id = "A".repeat(1364);
    assert!(parse(format!("alice:{id},{KEY},eddsa,").as_bytes())[0].passkey.is_ok());
}

#[test]
fn an_algorithm_that_pam_u2f_does_not_know_has_no_row() {
    let es384 = PublicKey::Es384 { x: [1; 48], y: [1; 48] };
    let credential = credential(CredentialId::new(vec![1]).unwrap(), es384, false, UvCapability::None);
    assert_eq!(row(&credential, ImportedOptions::default()), None);
}
