//! PINs and recovery codes: anything typed where one is asked for, and any file of codes. What is understood and written again is
//! understood the same.
#![no_main]

use ctap::{Pin, Secret};
use libfuzzer_sys::fuzz_target;
use passkey_core::store::recovery::{Code, Codes, Reading};

fuzz_target!(|bytes: &[u8]| {
    let typed = Secret::new(bytes.to_vec());
    if let Ok(pin) = Pin::parse(&typed, Pin::MIN_LENGTH) {
        assert!(pin.as_bytes().len() <= Pin::MAX_LEN);
        assert_eq!(Pin::parse(&Secret::from(&pin), Pin::MIN_LENGTH).as_ref(), Ok(&pin));
    }
    if let Reading::Code(code) = Code::read(&typed) {
        assert!(matches!(Code::read(&code.text()), Reading::Code(again) if again == code));
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(codes) = Codes::parse(text) {
        let again = Codes::parse(&codes.encode()).expect("what was written can be read");
        assert_eq!((again.total(), again.left()), (codes.total(), codes.left()));
        assert_eq!((again.failures(), again.skipped().len()), (codes.failures(), codes.skipped().len()));
    }
});
