//! Recovery codes: anything typed where one is asked for, and any file of them. What is understood and written again is understood
//! the same.
#![no_main]

use ctap::Secret;
use libfuzzer_sys::fuzz_target;
use passkey_core::store::recovery::{Code, Codes, Reading};

fuzz_target!(|bytes: &[u8]| {
    if let Reading::Code(code) = Code::read(&Secret::new(bytes.to_vec())) {
        assert!(matches!(Code::read(&code.text()), Reading::Code(again) if again == code));
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(codes) = Codes::parse(text) {
        let again = Codes::parse(&codes.encode()).expect("what was written can be read");
        assert_eq!((again.total(), again.left()), (codes.total(), codes.left()));
        assert_eq!((again.failures(), again.skipped().len()), (codes.failures(), codes.skipped().len()));
    }
});
