use clap::Parser;

use super::*;

#[derive(Debug, Parser)]
struct Line {
    #[command(subcommand)]
    command: Command,
}

fn add(words: &str) -> Result<KeyConfig, String> {
    let line = Line::try_parse_from(["ctl", "add"].into_iter().chain(words.split(' ')));
    match line.map_err(|error| error.to_string())?.command {
        Command::Add(add) => add.config(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_plain_key() {
    let config = add("blue").unwrap();
    let expected = KeyConfig {
        max_msg_size: 1200,
        message_timeout: Duration::from_secs(3),
        seed: config.seed,
        ..KeyConfig::new("blue")
    };
    assert_eq!(config, expected);
    assert_ne!(config.seed, add("blue").unwrap().seed, "two keys of one name have other secrets");
}

#[test]
fn a_key_with_everything() {
    let words = "blue --pin 1234 --min-pin 6 --list-max 3 --room 5 --message-max 1024 --fingerprint --always-uv --form platform --protocols 1 --ctap 2.0 \
                 --attestation --aaguid 2fc0579f-8113-47ea-b116-bb5a8db9202a --vendor 1050 --product 0x0407 \
                 --model YubiKey --latency 8000 --message-timeout 100 --seed x";
    let config = add(words).unwrap();
    let expected = KeyConfig {
        name: "blue".to_owned(),
        product: "YubiKey".to_owned(),
        pin: Some("1234".to_owned()),
        min_pin_length: 6,
        fingerprints: Fingerprints::Enrolled,
        max_credential_count_in_list: Some(3),
        room: 5,
        max_msg_size: 1024,
        always_uv: true,
        form: Form::Platform,
        protocols: PinProtocols::One,
        profile: Profile::Ctap20,
        attestation: Attestation::Model,
        aaguid: 0x2fc0_579f_8113_47ea_b116_bb5a_8db9_202a_u128.to_be_bytes(),
        vendor_id: 0x1050,
        product_id: 0x0407,
        latency: Duration::from_millis(8),
        message_timeout: Duration::from_millis(100),
        quirks: crate::Quirks::default(),
        seed: add("red --seed x").unwrap().seed,
    };
    assert_eq!(config, expected);
    assert_eq!(add("blue --list-max 0").unwrap().max_credential_count_in_list, None);
    assert_eq!(add("blue --enterprise").unwrap().attestation, Attestation::Enterprise);
    assert_eq!(add("blue --blank-sensor").unwrap().fingerprints, Fingerprints::NoneEnrolled);
}

#[test]
fn a_key_with_every_quirk() {
    let words = "blue --ctap u2f-cbor-error --omit-protocols --key-agreement-alg -7 --omit-credential --ignore-up-false \
                 --user-timeout 5000=0x27 --hmac-secret by-one-only=0x33 \
                 --mute-for 2000 --computing-time silent-assertion=110 --computing-time any=20 --signing-time 80";
    let config = add(words).unwrap();
    let ms = Duration::from_millis;
    let expected = crate::Quirks {
        omits_pin_protocols: true,
        key_agreement_alg: Some(-7),
        omits_credential: true,
        ignores_up_false: true,
        user_timeout: Some(crate::UserTimeout { after: ms(5000), status: 0x27 }),
        hmac_secret: crate::HmacSecret::ByOneOnly(0x33),
        mute_for: ms(2000),
        computing_time: vec![(Some(Asked::SilentAssertion), ms(110)), (None, ms(20))],
        signing_time: ms(80),
    };
    assert_eq!(config.quirks, expected);
    assert_eq!(config.profile, Profile::U2fClaimingCbor(Refusal::HidError(0x01)));
    let status = add("blue --ctap u2f-cbor-status").unwrap().profile;
    assert_eq!(status, Profile::U2fClaimingCbor(Refusal::Status(0x01)));
    let line = Line::try_parse_from(["ctl", "add"].into_iter().chain(words.split_whitespace())).unwrap();
    let json = serde_json::to_string(&line.command).unwrap();
    assert_eq!(serde_json::from_str::<Command>(&json).unwrap(), line.command, "{json}");
}

#[test]
fn an_impostor() {
    let add = |words: &str| {
        let line = Line::try_parse_from(["ctl", "add-impostor"].into_iter().chain(words.split_whitespace()));
        match line.map_err(|error| error.to_string())?.command {
            Command::AddImpostor(add) => Ok::<_, String>((add.config()?, add.device())),
            other => panic!("{other:?}"),
        }
    };
    let preset = |name| crate::ImpostorConfig {
        message_timeout: Duration::from_secs(3),
        ..crate::ImpostorConfig::preset("red", name).unwrap()
    };
    for name in crate::PRESETS {
        let (config, device) = add(&format!("red {name}")).unwrap();
        assert_eq!(config, preset(name));
        assert_eq!((device.name.as_str(), device.vendor_id), ("red", 0x1209));
    }
    let words = "red claims-sensor --answer assertion=touch:status-0x27 --answer any=silent --option alwaysUv=false --option ep=true \
                 --versions FIDO_2_0,U2F_V2 --protocols 1 --list-max 3 --capabilities 0d \
                 --aaguid 2fc0579f-8113-47ea-b116-bb5a8db9202a --vendor 1050 --product 0407 --model YubiKey --message-timeout 100";
    let (config, device) = add(words).unwrap();
    let mut expected = preset("claims-sensor");
    let touch = crate::Answer::on_touch(crate::Answer::Status(0x27));
    expected.answers.splice(..0, [(Some(Asked::Assertion), touch), (None, crate::Answer::Silent)]);
    expected.capabilities = 0x0d;
    expected.message_timeout = Duration::from_millis(100);
    assert_eq!(
        (&config.answers, config.capabilities, config.message_timeout),
        (&expected.answers, 0x0d, expected.message_timeout)
    );
    let crate::Claim::Info(info) = config.info else { panic!("it claims something") };
    assert_eq!(info.versions, ["FIDO_2_0", "U2F_V2"]);
    assert_eq!((info.pin_uv_auth_protocols, info.max_credential_count_in_list), (Some(vec![1]), Some(3)));
    assert_eq!(info.aaguid[..2], [0x2f, 0xc0]);
    let option = |name| {
        info.options.iter().filter(|(other, _)| other == name).map(|(_, value)| *value).collect::<Vec<_>>()
    };
    assert_eq!((option("alwaysUv"), option("ep"), option("uv")), (vec![false], vec![true], vec![true]));
    assert_eq!((device.vendor_id, device.product_id, device.product.as_str()), (0x1050, 0x0407, "YubiKey"));
    let (none, _) = add("red plain --protocols none").unwrap();
    assert!(matches!(none.info, crate::Claim::Info(info) if info.pin_uv_auth_protocols.is_none()));
    for words in [
        "red",
        "red somehow",
        "red plain --answer assertion",
        "red plain --answer breakfast=silent",
        "red plain --answer assertion=loud",
        "red plain --option uv",
        "red plain --option uv=maybe",
        "red plain --protocols x",
        "red plain --capabilities 100",
    ] {
        assert!(add(words).is_err(), "{words}");
    }
}

#[test]
fn a_misbehaviour() {
    let read = |how, at, nth| sabotage(how, at, nth).unwrap();
    assert_eq!(read("none", Some("info"), 3), None);
    let mute = Sabotage { asked: None, nth: 1, how: crate::Misbehaviour::Mute };
    assert_eq!(read("mute", None, 1), Some(mute));
    let lie = Sabotage {
        asked: Some(Asked::Assertion),
        nth: 2,
        how: crate::Misbehaviour::Corrupt(Corruption::RpHash),
    };
    assert_eq!(read("rp-hash", Some("assertion"), 2), Some(lie));
}

#[test]
fn nonsense_is_refused() {
    for words in [
        "blue --protocols 3",
        "blue --ctap 3",
        "blue --aaguid 12",
        "blue --aaguid zz",
        "blue --vendor 12345",
        "blue --message-max 1023",
        "blue --message-max 7610",
        "blue --fingerprint --blank-sensor",
        "blue --user-timeout 5000",
        "blue --user-timeout 5000=39x",
        "blue --computing-time 110",
        "blue --computing-time breakfast=110",
        "blue red",
    ] {
        assert!(add(words).is_err(), "{words}");
    }
    assert!(Line::try_parse_from(["ctl", "corrupt", "blue", "everything"]).is_err());
    assert!(Line::try_parse_from(["ctl", "corrupt", "blue", "none"]).is_ok());
    assert!(Line::try_parse_from(["ctl", "misbehave", "blue", "somehow"]).is_err());
    assert!(Line::try_parse_from(["ctl", "misbehave", "blue", "mute", "--at", "breakfast"]).is_err());
}
