use super::Secret;

#[test]
fn printing_shows_nothing() {
    let secret = Secret::new(b"1234".to_vec());
    assert_eq!(format!("{secret:?}"), "Secret(..)");
    assert_eq!(format!("{:?}", Some(secret)), "Some(Secret(..))");
}

#[test]
fn equality_is_that_of_the_bytes() {
    let secret = |bytes: &[u8]| Secret::new(bytes.to_vec());
    assert_eq!(secret(b"1234"), secret(b"1234"));
    assert_ne!(secret(b"1234"), secret(b"1235"));
    assert_ne!(secret(b"1234"), secret(b"12345"));
    assert_ne!(secret(b"1234"), secret(b""));
    assert_eq!(secret(b""), secret(b""));
}

#[test]
fn bytes_and_length_are_those_given() {
    let secret = Secret::from(vec![0, 1, 2]);
    assert_eq!(secret.as_bytes(), [0, 1, 2]);
    assert_eq!(secret.len(), 3);
    assert!(!secret.is_empty());
    assert!(Secret::new(Vec::new()).is_empty());
    assert_eq!(secret.clone(), secret);
}
