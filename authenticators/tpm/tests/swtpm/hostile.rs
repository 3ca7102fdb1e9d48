//! Requests that are changed on their way to the authenticator, which has a PIN, credentials and a token to lose.

use ctap::client_pin::{self, Permissions};
use ctap::pin_uv_auth::PinUvAuthProtocol;
use ctap::{Status, get_assertion};

use crate::client::{ALICE, Bench, DISCOVERABLE, HASH, ORDINARY, RP_ID, pin, plain, random};

const PIN: &str = "correct horse";

/// Every request cut short, and with a bit of every byte changed: there is an answer, and no signature.
#[test]
fn changed_requests_get_nothing() {
    let mut bench = Bench::new();
    bench.simulator.set_lockout(1000, 1);
    let mut client = bench.connect(ALICE);
    client.set_pin(&mut bench, PIN);
    let credential = client.enrol(&mut bench, PIN, ORDINARY);
    let kept = client.enrol(&mut bench, PIN, DISCOVERABLE);
    let list: [&[u8]; 2] = [&credential.id, &kept.id];
    let token = client.token(&mut bench, PIN, Permissions::GA, Some(RP_ID)).unwrap();
    let agreement = client.agree(&mut bench);
    let new_pin_enc = agreement.new_pin_enc(&pin("another"), &mut random);
    // With a wrong MAC, so that parsing is what is tested.
    let wrong_mac = Some((PinUvAuthProtocol::Two, vec![0; 32]));
    let silent = get_assertion::Request { allow_list: &list, up: false, ..plain() }.encode();
    let requests = [
        silent,
        get_assertion::Request { allow_list: &list, pin_uv_auth: wrong_mac.clone(), ..plain() }.encode(),
        ORDINARY.request(wrong_mac).encode(),
        client_pin::Request::SetPin { session: &agreement, new_pin_enc: &new_pin_enc }.encode(),
        client_pin::Request::PinRetries { protocol: PinUvAuthProtocol::Two }.encode(),
    ];
    let file = bench.state.path().join(format!("{ALICE}.toml"));
    let before = std::fs::read_to_string(&file).unwrap();
    for request in requests {
        for len in 0..request.len() {
            let reply = client.ask(&mut bench, &request[..len]);
            assert!(reply[0] != 0 || len == 1, "{:02x?}", &request[..len]);
        }
        for place in 1..request.len() {
            let mut changed = request.clone();
            changed[place] ^= 1 << (place % 8);
            let reply = client.ask(&mut bench, &changed);
            // getPINRetries and getKeyAgreement need no authorization.
            assert!(reply[0] != 0 || request[0] == 0x06, "{changed:02x?}");
        }
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap(), before);
    credential.verify(&client.assert(&mut bench, &token, &[&credential.id]).unwrap());
}

/// A changed MAC, or what it is over.
#[test]
fn changed_hashes_and_macs_are_not_signed() {
    let mut bench = Bench::new();
    let mut client = bench.connect(ALICE);
    client.set_pin(&mut bench, PIN);
    let credential = client.enrol(&mut bench, PIN, ORDINARY);
    let token = client.token(&mut bench, PIN, Permissions::GA, Some(RP_ID)).unwrap();
    let mac = token.authenticate(&HASH);
    let list: [&[u8]; 1] = [&credential.id];
    for place in 0..32 {
        let (mut hash, mut changed_mac) = (HASH, mac.clone());
        hash[place] ^= 1;
        changed_mac[place] ^= 1;
        for (client_data_hash, mac) in
            [(&hash, mac.clone()), (&HASH, changed_mac), (&HASH, mac[..place].to_vec())]
        {
            let pin_uv_auth = Some((PinUvAuthProtocol::Two, mac));
            let request =
                get_assertion::Request { client_data_hash, allow_list: &list, pin_uv_auth, ..plain() };
            // Nothing at all asks for a touch.
            let expected = match &request.pin_uv_auth {
                Some((_, mac)) if mac.is_empty() => Status::OPERATION_DENIED,
                _ => Status::PIN_AUTH_INVALID,
            };
            assert_eq!(client.refused(&mut bench, &request.encode()), expected);
        }
    }
    credential.verify(&client.assert(&mut bench, &token, &list).unwrap());
}
