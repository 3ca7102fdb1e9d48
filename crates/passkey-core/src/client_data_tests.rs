use super::*;

#[test]
fn both_ceremonies_byte_for_byte() {
    let challenge = std::array::from_fn(|i| u8::try_from(i).unwrap());
    let sign_in = ClientData::sign_in("host.example", &challenge);
    assert_eq!(
        sign_in.json(),
        r#"{"type":"webauthn.get","challenge":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8","origin":"host.example","crossOrigin":false}"#
    );
    assert_eq!(
        ClientData::enrolment("host.example", &challenge).json(),
        r#"{"type":"webauthn.create","challenge":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8","origin":"host.example","crossOrigin":false}"#
    );
    assert_eq!(sign_in.hash().as_slice(), Sha256::digest(sign_in.json()).as_slice());
}

#[test]
fn the_hash_depends_on_every_part() {
    let base = ClientData::sign_in("host", &[0; 32]);
    let mut last_bit = [0; 32];
    last_bit[31] = 1;
    for other in [
        ClientData::enrolment("host", &[0; 32]),
        ClientData::sign_in("hosu", &[0; 32]),
        ClientData::sign_in("host", &last_bit),
    ] {
        assert_ne!(base.hash(), other.hash());
    }
}

#[test]
fn an_origin_cannot_break_out_of_its_string() {
    let data = ClientData::sign_in("a\",\"type\":\"webauthn.create\\\u{1}\u{1f}ü", &[0; 32]);
    assert!(
        data.json().contains(r#""origin":"a\",\"type\":\"webauthn.create\\\u0001\u001fü","crossOrigin""#)
    );
}
