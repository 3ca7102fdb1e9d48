use super::*;

#[test]
fn each_answer_that_is_no_pin_has_its_words() {
    for (unfit, expected) in [
        (NotAPin::OneTimePassword, "Your security key typed that itself. Touch it only when it blinks."),
        (NotAPin::NotText, "That cannot be a PIN: it is not text."),
        (NotAPin::HoldsNul, "That cannot be a PIN: it contains a NUL character."),
        (NotAPin::TooShort { min_length: 6 }, "That cannot be a PIN: it has fewer than 6 characters."),
        (NotAPin::TooLong, "That cannot be a PIN: it has more than 63 bytes."),
    ] {
        assert_eq!(words(unfit), expected);
    }
}
