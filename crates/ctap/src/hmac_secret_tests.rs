use super::*;
use crate::pin_uv_auth::PeerKey;
use crate::vectors::{scripted, vector};

const SALT: Salt = Salt([0x5a; LEN]);

fn session(protocol: PinUvAuthProtocol) -> Session {
    let peer = PeerKey::parse(&vector("agreement.authenticator_key")).unwrap();
    Session::agree(protocol, &peer, &mut scripted(vector("agreement.platform_private"))).unwrap()
}

#[test]
fn outputs_have_the_length_of_what_was_asked_for() {
    for (protocol, iv) in [(PinUvAuthProtocol::One, 0), (PinUvAuthProtocol::Two, 16)] {
        let session = session(protocol);
        for (second, expected) in [(None, 32), (Some(SALT), 64)] {
            for length in 0..200 {
                let opened = open(&session, &Salts { first: SALT, second }, &vec![7; length]);
                assert_eq!(opened.is_ok(), length == iv + expected, "{protocol:?} {second:?} {length}");
                if let Ok(outputs) = opened {
                    assert_eq!(outputs.second.is_some(), second.is_some());
                }
            }
        }
    }
}

/// CTAP 2.1 §12.5: only protocol two is named, and older keys do not know the member.
#[test]
fn protocol_one_goes_without_saying() {
    for (protocol, members) in [(PinUvAuthProtocol::One, 0xa3), (PinUvAuthProtocol::Two, 0xa4)] {
        let input =
            Input::new(&session(protocol), &Salts { first: SALT, second: None }, &mut |bytes| bytes.fill(1));
        assert_eq!(input.to_item().into_bytes().first(), Some(&members), "{protocol:?}");
    }
}

#[test]
fn nothing_of_it_is_printed() {
    let printed = format!("{:?}", Outputs { first: Secret::new(vec![65; LEN]), second: None });
    assert!(!printed.contains("65") && !printed.contains('A'), "{printed}");
}
