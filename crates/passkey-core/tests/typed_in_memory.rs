//! What was typed in place of a PIN is nowhere in memory once it has been looked at, freed memory included.
#![allow(missing_docs, clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used)]

use ctap::{Pin, Secret};
use passkey_core::store::recovery::{Code, Reading};
use process_memory::{MASK, Memory, masked};
use std::hint::black_box;

#[path = "shared/process_memory.rs"]
mod process_memory;

/// The allocator writes over the first bytes of what it is given back, so that the last ones are looked for.
#[test]
fn nothing_of_what_was_typed_is_left_behind() {
    // The values of 7K3M9Q, and another six that are left behind on purpose: they are found.
    let (symbols, control) = (masked(&[7, 19, 3, 20, 9, 23]), masked(&[29, 2, 31, 5, 17, 11]));
    let letters = masked(b"7K3M9Q");
    let memory = Memory::open();

    let left_behind: Vec<u8> =
        black_box(vec![0; 16].into_iter().chain(control.map(|byte| byte ^ MASK)).collect());
    drop(left_behind);
    assert!(memory.holds(control), "what is freed without being wiped is found");

    for (what, typed, end) in [
        ("one character that no code has", "ABCDEFGHJKMNPQRS7K3M9Q!", "NoCode"),
        ("more than a code has", "ABCDEFGHJKMNPQRS7K3M9Q7", "NoCode"),
        ("as long as a code with a slip", "ABCDEFGHJKMNPQRS7K3M9Q", "Mistyped"),
    ] {
        let typed = Secret::new(typed.as_bytes().to_vec());
        let reading = Code::read(&typed);
        drop(Pin::parse(&typed, Pin::MIN_LENGTH));
        drop(Pin::parse(&typed, usize::MAX));
        drop(typed);
        let left = (memory.holds(symbols), memory.holds(letters));
        assert_eq!(left, (false, false), "{what}: as symbols, as letters");
        let read = match reading {
            Reading::Code(_) => "Code",
            Reading::Mistyped => "Mistyped",
            Reading::NoCode => "NoCode",
        };
        assert_eq!(read, end, "{what}");
    }
}
