use super::*;
use crate::status::Status;
use crate::vectors::{hex, vector};

fn parse(name: &str) -> Info {
    Info::parse(&vector(name)).unwrap()
}

/// A reply with the required members and one more.
fn with(key: &str, value: &str) -> Result<Info, ReplyError> {
    Info::parse(&hex(&format!("00 a3 01 81 68 4649444f5f325f30 03 50 {} {key} {value}", "00".repeat(16))))
}

#[test]
fn the_request_is_its_command() {
    assert_eq!(request(), vector("request.get_info"));
}

#[test]
fn what_a_key_does_not_say_has_its_default() {
    let info = parse("reply.info.smallest");
    assert_eq!(
        info,
        Info {
            versions: vec!["FIDO_2_0".to_owned()],
            extensions: vec![],
            aaguid: Aaguid(hex("f8a011f38c0a4d15800617111f9edc7d").try_into().unwrap()),
            options: Options::default(),
            max_msg_size: 1024,
            pin_uv_auth_protocols: vec![],
            max_credential_count_in_list: None,
            max_credential_id_length: None,
            transports: vec![],
            algorithms: vec![],
            force_pin_change: false,
            min_pin_length: 4,
            firmware_version: None,
            preferred_platform_uv_attempts: None,
            uv_modality: None,
            remaining_discoverable_credentials: None,
            attestation_formats: vec![],
        }
    );
    assert!(info.options.up && !info.options.rk && info.options.client_pin.is_none());
    assert!(info.fido_2_0() && !info.fido_2_1() && !info.u2f_v2());
}

#[test]
fn a_ctap20_key() {
    let info = parse("reply.info.ctap20");
    assert!(info.fido_2_0() && info.u2f_v2() && !info.fido_2_1());
    assert_eq!(info.pin_uv_auth_protocols, [PinUvAuthProtocol::One]);
    assert_eq!(info.max_msg_size, 1200);
    assert_eq!(info.options, Options { rk: true, client_pin: Some(true), ..Options::default() });
    assert!(info.has_extension("hmac-secret") && !info.has_extension("hmac"));
}

#[test]
fn a_key_that_says_everything() {
    assert_eq!(
        parse("reply.info.full"),
        Info {
            versions: ["U2F_V2", "FIDO_2_0", "FIDO_2_1_PRE", "FIDO_2_1"].map(str::to_owned).into(),
            extensions: ["credProtect", "hmac-secret", "largeBlobKey", "credBlob", "minPinLength"]
                .map(str::to_owned)
                .into(),
            aaguid: "f8a011f3-8c0a-4d15-8006-17111f9edc7d".parse().unwrap(),
            options: Options {
                plat: false,
                rk: true,
                client_pin: Some(true),
                up: true,
                uv: Some(false),
                pin_uv_auth_token: true,
                no_mc_ga_permissions_with_client_pin: true,
                large_blobs: true,
                ep: Some(false),
                bio_enroll: Some(false),
                user_verification_mgmt_preview: Some(false),
                uv_bio_enroll: true,
                authnr_cfg: true,
                uv_acfg: true,
                cred_mgmt: true,
                credential_mgmt_preview: true,
                set_min_pin_length: true,
                make_cred_uv_not_required: true,
                always_uv: true,
            },
            max_msg_size: 1280,
            pin_uv_auth_protocols: vec![PinUvAuthProtocol::Two, PinUvAuthProtocol::One],
            max_credential_count_in_list: Some(8),
            max_credential_id_length: Some(128),
            transports: ["nfc", "usb"].map(str::to_owned).into(),
            algorithms: vec![Algorithm::Es256, Algorithm::EdDsa, Algorithm::Es384],
            force_pin_change: true,
            min_pin_length: 6,
            firmware_version: Some(328_966),
            preferred_platform_uv_attempts: Some(3),
            uv_modality: Some(2),
            remaining_discoverable_credentials: Some(25),
            attestation_formats: ["packed", "none"].map(str::to_owned).into(),
        }
    );
}

#[test]
fn a_preview_is_not_ctap21_and_later_versions_are() {
    for (version, expected) in [
        ("FIDO_2_1_PRE", false),
        ("FIDO_2_1", true),
        ("FIDO_2_2", true),
        ("FIDO_2_3", true),
        ("FIDO_2_10", false),
        ("fido_2_1", false),
    ] {
        let info = Info { versions: vec![version.to_owned()], ..parse("reply.info.smallest") };
        assert_eq!(info.fido_2_1(), expected, "{version}");
    }
}

#[test]
fn limits_are_held_within_reason() {
    assert_eq!(with("05", "1a7fffffff").unwrap().max_msg_size, 7609);
    assert_eq!(with("05", "00").unwrap().max_msg_size, 0);
    assert_eq!(with("07", "00").unwrap().max_credential_count_in_list, None);
    assert_eq!(with("08", "00").unwrap().max_credential_id_length, None);
    assert_eq!(with("06", "84 01 01 02 1bffffffffffffffff").unwrap().pin_uv_auth_protocols.len(), 2);
    assert_eq!(with("09", &format!("9840 {}", "60".repeat(64))).unwrap().transports.len(), 64);
    assert_eq!(with("09", &format!("81 7880 {}", "61".repeat(128))).unwrap().transports[0].len(), 128);
}

#[test]
fn what_is_not_as_specified_is_refused() {
    use Malformed::{Duplicate, Invalid, Missing, TooLong, Truncated, Type};
    for (key, value, why) in [
        ("01", "80", Duplicate),
        ("03", "40", Duplicate),
        ("02", "6161", Type),
        ("02", "81 01", Type),
        ("02", "81 61ff", Invalid),
        ("02", "9841", TooLong),
        ("02", "9a7fffffff", TooLong),
        ("02", "9f ff", Invalid),
        ("04", "80", Type),
        ("04", "a1 627570 01", Type),
        ("04", "a1 627576 f6", Type),
        ("04", "a2 627576 f5 627576 f5", Duplicate),
        ("04", "a1 6378797a", Truncated),
        ("05", "20", Invalid),
        ("05", "f5", Type),
        ("06", "81 20", Invalid),
        ("06", "01", Type),
        // Whatever it is to mean, it has to be well-formed.
        ("0c", "f8 01", Invalid),
        ("0d", "18 01", Invalid),
        ("0e", "1a 01", Truncated),
        ("09", "a2 01 01 01 01", Duplicate),
        ("18 63", &format!("{} 00", "81".repeat(9)), Malformed::Depth),
    ] {
        assert_eq!(with(key, value), Err(ReplyError::Malformed(why)), "{key}: {value}");
    }
    for (reply, why) in [
        ("00", Truncated),
        ("00 a0", Missing),
        ("00 a1 03 50 00000000000000000000000000000000", Missing),
        ("00 a2 01 80 03 50 00000000000000000000000000000000", Missing),
        ("00 a1 01 81 68 4649444f5f325f30", Missing),
        ("00 a2 01 81 68 4649444f5f325f30 03 4f 000000000000000000000000000000", Invalid),
        ("00 80", Type),
    ] {
        assert_eq!(Info::parse(&hex(reply)), Err(ReplyError::Malformed(why)), "{reply}");
    }
    assert_eq!(Info::parse(&[]), Err(ReplyError::Malformed(Truncated)));
    assert_eq!(Info::parse(&hex("01 a0")), Err(ReplyError::Status(Status(0x01))));
}

/// A key of CTAP 2.0 need not list its protocols: there was only one.
#[test]
fn a_key_with_a_pin_and_no_list_of_protocols_speaks_the_first_one() {
    for (pin_support, protocols) in [
        ("04 a1 69636c69656e7450696e f5", vec![PinUvAuthProtocol::One]),
        ("04 a1 69636c69656e7450696e f4", vec![PinUvAuthProtocol::One]),
        ("04 a1 62726b f5", vec![]),
    ] {
        let (key, value) = pin_support.split_at(2);
        assert_eq!(with(key, value).unwrap().pin_uv_auth_protocols, protocols, "{pin_support}");
    }
    // A list that names others only, or none, means what it says.
    for list in ["81 03", "82 00 18 63", "80"] {
        let reply = format!(
            "00 a4 01 81 68 4649444f5f325f30 03 50 {} 04 a1 69636c69656e7450696e f5 06 {list}",
            "00".repeat(16)
        );
        assert_eq!(Info::parse(&hex(&reply)).unwrap().pin_uv_auth_protocols, [], "{list}");
    }
}

/// Drafts of CTAP 2.1 numbered the members that CTAP 2.0 does not have in other ways: 0x0c was the default of credProtect.
#[test]
fn members_newer_than_ctap20_are_taken_only_where_they_are_what_they_should_be() {
    let without = with("18 63", "00").unwrap();
    for (key, value) in [
        ("07", "80"),
        ("07", "20"),
        ("08", "f5"),
        ("09", "a0"),
        ("09", "81 01"),
        ("09", "81 61ff"),
        ("09", &format!("81 7881 {}", "61".repeat(129))),
        ("0a", "81 00"),
        ("0a", "81 a1 63616c67 6161"),
        ("0a", "f6"),
        ("0c", "01"),
        ("0d", "20"),
        ("0d", "f5"),
        ("0e", "43 010203"),
        ("11", "f4"),
        ("14", "20"),
        ("16", "00"),
    ] {
        assert_eq!(with(key, value).as_ref(), Ok(&without), "{key}: {value}");
    }
}

#[test]
fn algorithms_that_are_not_known_or_not_for_public_keys_are_passed_over() {
    let list = "84 \
        a2 63616c67 26 6474797065 6a7075626c69632d6b6579 \
        a2 63616c67 3903e7 6474797065 6a7075626c69632d6b6579 \
        a2 63616c67 27 6474797065 6470737769 \
        a1 63616c67 27";
    assert_eq!(with("0a", list).unwrap().algorithms, [Algorithm::Es256]);
}
