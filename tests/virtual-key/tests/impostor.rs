//! Devices that were never enrolled: clean CTAPHID, any claim, and a record of what they were asked.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unchecked_time_subtraction,
    clippy::unwrap_used
)]

mod host;

use std::time::Duration;

use ctap::pin_uv_auth::PinUvAuthProtocol;
use ctap::status::Status;
use ctap::{Info, ReplyError};
use host::impostor::{BROADCAST, GET_INFO, INIT, MS, MSG, PING, SECOND, Scene, client_pin, u2f};
use host::{CANCEL, CBOR, ERROR, Host, get_assertion};
use virtual_key::{Asked, Claim, ClaimedInfo, ImpostorConfig, KeyConfig, Refusal, Request, Requested};

// CTAPHID

#[test]
fn init_echoes_the_nonce_and_gives_channels() {
    for capabilities in [0x04, 0x05, 0x08, 0x09, 0x00] {
        let mut scene = Scene::new(ImpostorConfig { capabilities, ..ImpostorConfig::default() });
        let first = scene.host.channel;
        let reply = scene.init(BROADCAST, 3);
        assert_eq!(reply.len(), 17);
        assert_eq!(reply[12..], [2, 1, 0, 0, capabilities]);
        let second: [u8; 4] = reply[8..12].try_into().unwrap();
        assert!(second != first && second != [0; 4] && second != BROADCAST);
        assert_eq!(scene.init(first, 4)[8..12], first, "on a channel of its own");
        for (command, length) in [(INIT, 7), (INIT, 9)] {
            assert_eq!(scene.message(command, &vec![1; length]), Some((ERROR, vec![0x03])));
        }
        for channel in [first, second] {
            scene.host.channel = channel;
            assert_eq!(scene.message(PING, &[5; 3]), Some((PING, vec![5; 3])));
        }
        // Plugged in again, it has forgotten them.
        scene.bench.unplug(scene.key);
        scene.bench.plug(scene.key);
        scene.bench.open(scene.key).unwrap();
        assert_eq!(scene.message(PING, &[5; 3]), Some((ERROR, vec![0x0b])));
    }
}

#[test]
fn what_is_not_claimed_is_no_command() {
    let version = [0, 3, 0, 0, 0, 0, 0];
    for capabilities in [0x00, 0x01, 0x04, 0x08, 0x0d] {
        let mut scene = Scene::new(ImpostorConfig { capabilities, ..ImpostorConfig::default() });
        let mut known =
            |command, payload: &[u8]| scene.message(command, payload) != Some((ERROR, vec![0x01]));
        assert_eq!(known(0x08, &[]), capabilities & 0x01 != 0, "WINK");
        assert_eq!(known(CBOR, &[GET_INFO]), capabilities & 0x04 != 0, "CBOR");
        assert_eq!(known(MSG, &version), capabilities & 0x08 == 0, "MSG");
        assert!(!known(0x40, &[]) && known(PING, &[]));
    }
}

#[test]
fn messages_are_cut_up_both_ways() {
    let mut scene = Scene::new(ImpostorConfig::default());
    for length in [0, 1, 57, 58, 116, 117, 1200, 7609] {
        let payload: Vec<u8> = (0..length).map(|index| u8::try_from(index % 251).unwrap()).collect();
        assert_eq!(scene.message(PING, &payload), Some((PING, payload)));
    }
}

#[test]
fn mistakes_of_the_host_are_errors() {
    let mut scene = Scene::new(ImpostorConfig::default());
    let own = scene.host.channel;
    let send = |scene: &mut Scene, reports: &[[u8; 64]]| {
        for report in reports {
            scene.bench.write(scene.key, report).unwrap();
        }
        scene.host.receive(&mut scene.bench, Duration::ZERO)
    };
    let ping = host::reports(own, PING, &[1; 200]);
    assert_eq!(send(&mut scene, &[ping[0], ping[2]]), Some((ERROR, vec![0x04])), "a sequence with a gap");
    assert_eq!(send(&mut scene, &ping[1..]), None, "what continues nothing");
    assert_eq!(send(&mut scene, &[ping[0], ping[0]]), Some((ERROR, vec![0x04])), "a start in the middle");
    let mut oversized = ping[0];
    oversized[5..7].copy_from_slice(&7610_u16.to_be_bytes());
    assert_eq!(send(&mut scene, &[oversized]), Some((ERROR, vec![0x03])));
    for channel in [[0; 4], [0, 0, 0, 9]] {
        scene.host.channel = channel;
        assert_eq!(scene.message(PING, &[1]), Some((ERROR, vec![0x0b])));
        assert_eq!(scene.message(CANCEL, &[]), None, "CANCEL has no reply");
    }
    scene.host.channel = BROADCAST;
    assert_eq!(scene.message(PING, &[1]), Some((ERROR, vec![0x0b])));

    scene.host.channel = own;
    assert_eq!(send(&mut scene, &ping[..2]), None);
    let start = scene.bench.now();
    assert_eq!(scene.host.receive(&mut scene.bench, SECOND), Some((ERROR, vec![0x05])));
    assert_eq!(scene.bench.now() - start, 500 * MS);
    assert_eq!(scene.message(PING, &[1]), Some((PING, vec![1])));
    assert!(!scene.requests().contains(&Requested::Asked(Asked::Init)));
}

#[test]
fn another_channel_finds_it_busy() {
    let mut scene = Scene::new(ImpostorConfig::default());
    let mut other = Host::open(&mut scene.bench, scene.key);
    // While a message is under way,
    let ping = host::reports(scene.host.channel, PING, &[1; 100]);
    scene.bench.write(scene.key, &ping[0]).unwrap();
    other.send(&mut scene.bench, CBOR, &[GET_INFO]);
    assert_eq!(other.receive(&mut scene.bench, Duration::ZERO), Some((ERROR, vec![0x06])));
    scene.bench.write(scene.key, &ping[1]).unwrap();
    assert_eq!(scene.host.receive(&mut scene.bench, Duration::ZERO), Some((PING, vec![1; 100])));
    // and while it waits.
    scene.host.ask(&mut scene.bench, 0x0b, &[]);
    scene.bench.advance(Duration::ZERO);
    other.send(&mut scene.bench, CBOR, &[GET_INFO]);
    assert_eq!(other.receive(&mut scene.bench, Duration::ZERO), Some((ERROR, vec![0x06])));
    other.send(&mut scene.bench, CANCEL, &[]);
    assert_eq!(other.receive(&mut scene.bench, SECOND), None);
    assert!(scene.bench.blinking(scene.key), "a foreign CANCEL ends nothing");
    assert_eq!(scene.record.count(Asked::Info), 0, "what it was too busy for is not on record");
}

// Claims

#[test]
fn a_claim_is_what_the_parser_reads() {
    let info = |claim: Claim| {
        let mut scene = Scene::new(ImpostorConfig { info: claim, ..ImpostorConfig::default() });
        let parsed = Info::parse(&scene.cbor(&[GET_INFO]));
        assert_eq!(scene.requests(), [Requested::Asked(Asked::Info)]);
        parsed
    };
    let plain = info(Claim::Info(ClaimedInfo::default())).unwrap();
    assert!(plain.fido_2_1() && plain.fido_2_0() && plain.u2f_v2());
    assert_eq!((plain.max_msg_size, plain.max_credential_count_in_list), (1200, Some(8)));

    let all = ClaimedInfo {
        aaguid: [7; 16],
        extensions: vec!["hmac-secret".to_owned()],
        pin_uv_auth_protocols: Some(vec![1]),
        max_credential_count_in_list: Some(1),
        max_credential_id_length: Some(64),
        algorithms: vec![-8, -7],
        force_pin_change: Some(true),
        min_pin_length: Some(6),
        firmware_version: Some(5),
        preferred_platform_uv_attempts: Some(2),
        remaining_discoverable_credentials: Some(0),
        ..ClaimedInfo::default().versions(&["FIDO_2_0"]).options(&[
            ("uv", true),
            ("alwaysUv", true),
            ("clientPin", false),
        ])
    };
    let parsed = info(Claim::Info(all)).unwrap();
    assert!(!parsed.fido_2_1() && parsed.fido_2_0() && parsed.has_extension("hmac-secret"));
    assert_eq!(parsed.aaguid.0, [7; 16]);
    assert_eq!(parsed.pin_uv_auth_protocols, [PinUvAuthProtocol::One]);
    assert_eq!((parsed.max_credential_count_in_list, parsed.max_credential_id_length), (Some(1), Some(64)));
    assert_eq!((parsed.algorithms.len(), parsed.force_pin_change, parsed.min_pin_length), (2, true, 6));
    assert_eq!((parsed.firmware_version, parsed.preferred_platform_uv_attempts), (Some(5), Some(2)));
    assert_eq!(parsed.remaining_discoverable_credentials, Some(0));
    assert_ne!(parsed.options, plain.options);

    let none = ClaimedInfo {
        pin_uv_auth_protocols: None,
        max_credential_count_in_list: None,
        ..ClaimedInfo::default()
    };
    let parsed = info(Claim::Info(none)).unwrap();
    assert_eq!((parsed.pin_uv_auth_protocols, parsed.max_credential_count_in_list), (vec![], None));

    assert_eq!(info(Claim::Refused(Refusal::Status(0x01))), Err(ReplyError::Status(Status(0x01))));
    assert!(matches!(info(Claim::Raw(vec![0xff])), Err(ReplyError::Malformed(_))));
    let refused = Claim::Refused(Refusal::HidError(0x01));
    let mut scene = Scene::new(ImpostorConfig { info: refused, ..ImpostorConfig::default() });
    assert_eq!(scene.message(CBOR, &[GET_INFO]), Some((ERROR, vec![0x01])));
}

// The record

#[test]
fn every_request_is_on_record() {
    let mut scene = Scene::new(ImpostorConfig::default());
    scene.bench.advance(SECOND);
    scene.cbor(&[GET_INFO]);
    scene.bench.advance(SECOND);
    scene.call(0x02, &get_assertion(&[&[1; 241], &[2; 241]], false));
    scene.call(0x06, &client_pin(3));
    scene.call(0x06, &client_pin(9));
    scene.call(0x0a, &[]);
    scene.message(PING, &[1]);
    scene.message(MSG, &u2f(2, 7, 129));
    scene.message(MSG, &[0, 3, 0, 0, 0, 0, 0]);
    scene.host.send(&mut scene.bench, CANCEL, &[]);
    scene.bench.advance(Duration::ZERO);
    let expected = [
        Requested::Asked(Asked::Info),
        Requested::Asked(Asked::SilentAssertion),
        Requested::Cbor { command: 0x06, subcommand: Some(3) },
        Requested::Asked(Asked::PinToken),
        Requested::Cbor { command: 0x0a, subcommand: None },
        Requested::Hid(PING),
        Requested::Asked(Asked::U2fCheck),
        Requested::U2f(3),
        Requested::Hid(CANCEL),
    ];
    assert_eq!(scene.requests(), expected);
    assert_eq!(scene.record.requests()[1], Request { at: 2 * SECOND, what: expected[1] });
    assert_eq!((scene.record.count(Asked::PinToken), scene.record.count(Asked::UvToken)), (1, 0));
    scene.init(BROADCAST, 1);
    assert_eq!(scene.record.count(Asked::Init), 1);
    scene.record.clear();
    assert_eq!((scene.requests(), scene.record.touches()), (vec![], vec![]));
    assert!(scene.bench.counts(scene.key).cbor == 5, "the bench counts as for any key");
}

#[test]
fn it_sits_beside_honest_keys() {
    let mut scene = Scene::new(ImpostorConfig::default());
    let honest = scene.bench.add(KeyConfig::new("honest"));
    let mut on_honest = Host::open(&mut scene.bench, honest);
    scene.host.ask(&mut scene.bench, 0x0b, &[]);
    on_honest.ask(&mut scene.bench, 0x0b, &[]);
    scene.bench.advance(SECOND);
    assert!(scene.bench.blinking(scene.key) && scene.bench.blinking(honest));
    scene.bench.touch(honest);
    assert_eq!(on_honest.reply(&mut scene.bench).0, 0);
    assert!(scene.bench.blinking(scene.key));
    assert_eq!(scene.record.touches(), []);
}
