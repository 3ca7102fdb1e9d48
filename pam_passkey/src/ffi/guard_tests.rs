use super::*;

#[test]
fn a_panic_becomes_a_value() {
    assert_eq!(caught(|| 5), Ok(5));
    assert!(caught(|| panic!("here")).is_err());
}

#[test]
fn a_payload_that_panics_when_dropped_is_left_alone() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("again");
        }
    }
    assert!(caught(|| panic::panic_any(Bomb)).is_err());
}

#[test]
fn what_is_said_of_a_panic_is_bounded() {
    let caught = caught(|| panic!("{}", "here")).unwrap_err();
    assert!(caught.place().len() <= MAX_PLACE);
}
