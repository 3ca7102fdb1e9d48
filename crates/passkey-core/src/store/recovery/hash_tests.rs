use std::fmt::Write as _;

use super::*;
use crate::store::recovery::Reading;

/// The bytes 0 to 9.
fn code() -> Code {
    match Code::read(&Secret::new(b"000G-40R4-0M30-E209-3Y15".to_vec())) {
        Reading::Code(code) => code,
        other => panic!("{other:?}"),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

/// As the program of the algorithm's authors computes it (`argon2 saltsaltsaltsalt -id -t 2 -k 19456 -p 1`).
#[test]
fn it_is_argon2id() {
    for (cost, expected) in [
        (Cost::NEW, "14747d8c0d8c9c2eaa03f92f07267fc9ba54b227fc4fba37ea489fb265111488"),
        (
            Cost { memory_kib: 64, passes: 3, lanes: 4 },
            "b629782dca34475e0adf60256de1adc4662d38ec9bbbff09eab18db3dba0d482",
        ),
    ] {
        let hash = Hasher::new(&cost).unwrap().hash(&code(), b"saltsaltsaltsalt").unwrap();
        assert_eq!(hex(hash.as_bytes()), expected);
    }
}

#[test]
fn no_file_makes_the_machine_groan() {
    let bearable = |memory_kib, passes, lanes| Cost { memory_kib, passes, lanes }.is_bearable();
    assert!(Cost::NEW.is_bearable());
    assert!(bearable(64 * 1024, 8, 4) && bearable(8, 1, 1));
    for (memory_kib, passes, lanes) in [
        (64 * 1024 + 1, 1, 1),
        (u32::MAX, 1, 1),
        (1024, 9, 1),
        (1024, u32::MAX, 1),
        (1024, 0, 1),
        (1024, 1, 5),
        (1024, 1, 0),
        (1024, 1, u32::MAX),
        (7, 1, 1),
        (0, 1, 1),
        (16, 1, 4),
    ] {
        assert!(!bearable(memory_kib, passes, lanes), "{memory_kib} {passes} {lanes}");
    }
}
