use super::*;

#[test]
fn the_words_of_the_crate_become_a_status() {
    for (words, expected) in [
        ("response_status err = 0x31 CTAP2_ERR_PIN_INVALID   PIN Invalid.", Failure::Status(0x31)),
        (
            "response_status err = 0x2E CTAP2_ERR_NO_CREDENTIALS    No valid credentials",
            Failure::Status(0x2e),
        ),
        // One without a name, and one of a single digit.
        ("response_status err = 0x99", Failure::Status(0x99)),
        ("response_status err = 0x7", Failure::Status(0x07)),
        ("response_status err = 0x", Failure::Garbled),
        ("response_status err = 0xPIN", Failure::Garbled),
        ("read err = 0xFE", Failure::Gone),
        ("read error", Failure::Gone),
        ("write error", Failure::Gone),
        ("Failed to open device.", Failure::CannotOpen),
        ("ciborium parse error", Failure::Garbled),
        ("", Failure::Garbled),
    ] {
        assert_eq!(failure(words), expected, "{words}");
    }
}
