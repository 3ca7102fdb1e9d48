use super::super::test_data::file;
use super::*;

/// The keys of the file that another library wrote: ES256, EdDSA, RS256 and ES384.
fn written_elsewhere() -> Vec<Vec<u8>> {
    let text = String::from_utf8(file("sssd")).unwrap().replace("\n ", "");
    let keys = text.lines().filter_map(|line| line.split_once("passkey:")?.1.split(',').nth(1));
    keys.map(|key| crate::util::encoding::base64(key).unwrap()).collect()
}

#[test]
fn three_algorithms_are_read_and_written_the_same() {
    let keys = written_elsewhere();
    assert_eq!(keys.len(), 4);
    for der in &keys[..3] {
        let key = from_spki(der).unwrap();
        assert_eq!(to_spki(&key).as_ref(), Some(der));
    }
    assert_eq!(from_spki(&keys[3]), Err(Damage::Algorithm));
}

#[test]
fn what_is_cut_or_longer_is_no_key() {
    for der in &written_elsewhere()[..3] {
        for end in 0..der.len() {
            assert!(from_spki(&der[..end]).is_err(), "{end}");
        }
        assert!(from_spki(&[der.as_slice(), &[0]].concat()).is_err());
    }
}

#[test]
fn points_that_are_none_are_refused() {
    assert_eq!(from_coordinates(&[1; 64]), Err(Damage::PublicKey));
    assert_eq!(from_coordinates(&[1; 63]), Err(Damage::PublicKey));
    assert_eq!(from_point(&[]), Err(Damage::PublicKey));
    assert_eq!(from_point(&[[2; 1].as_slice(), &[1; 32]].concat()), Err(Damage::PublicKey));
    assert_eq!(from_ed25519(&[0; 31]), Err(Damage::PublicKey));
    // The identity signs everything.
    assert_eq!(from_ed25519(&[[1].as_slice(), &[0; 31]].concat()), Err(Damage::PublicKey));
    assert_eq!(from_rsa(&[0xff; 100]), Err(Damage::PublicKey));
    assert_eq!(from_rsa(&[0xff; 256]), Err(Damage::PublicKey), "no exponent");
}
