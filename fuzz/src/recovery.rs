//! PINs and recovery codes: anything typed where one is asked for, and any file of codes. What is understood and written again is
//! understood the same.

use ctap::{Pin, Secret};
use passkey_core::store::recovery::{Code, Codes, Reading};

/// Whether it is a recovery code, or a file of them.
pub fn run(data: &[u8]) -> bool {
    let typed = Secret::new(data.to_vec());
    if let Ok(pin) = Pin::parse(&typed, Pin::MIN_LENGTH) {
        assert!(pin.as_bytes().len() <= Pin::MAX_LEN);
        assert_eq!(Pin::parse(&Secret::from(&pin), Pin::MIN_LENGTH).as_ref(), Ok(&pin));
    }
    if let Reading::Code(code) = Code::read(&typed) {
        assert!(matches!(Code::read(&code.text()), Reading::Code(again) if again == code));
        return true;
    }
    let Ok(codes) = std::str::from_utf8(data).map(Codes::parse) else { return false };
    if let Ok(codes) = &codes {
        let again = Codes::parse(&codes.encode()).expect("what was written can be read");
        assert_eq!((again.total(), again.left()), (codes.total(), codes.left()));
        assert_eq!((again.failures(), again.skipped().len()), (codes.failures(), codes.skipped().len()));
    }
    codes.is_ok()
}
