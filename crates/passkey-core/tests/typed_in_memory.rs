//! What was typed in place of a PIN is nowhere in memory once it has been looked at, freed memory included.
#![allow(missing_docs, clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used)]

use ctap::{Pin, Secret};
use passkey_core::store::recovery::{Code, Reading};
use std::fs::{self, File};
use std::hint::black_box;
use std::ops::Range;
use std::os::unix::fs::FileExt as _;

/// What is looked for is kept under this mask, so that the search does not find itself.
const MASK: u8 = 0xa5;
const LEN: usize = 6;

/// All that this process can write to.
struct Memory {
    file: File,
    places: Vec<Range<u64>>,
}

impl Memory {
    fn open() -> Self {
        let maps = fs::read_to_string("/proc/self/maps").unwrap();
        let writable = maps.lines().filter(|line| line.contains(" rw-p "));
        let places = writable.map(|line| {
            let (start, end) = line.split(' ').next().unwrap().split_once('-').unwrap();
            u64::from_str_radix(start, 16).unwrap()..u64::from_str_radix(end, 16).unwrap()
        });
        Self { file: File::open("/proc/self/mem").unwrap(), places: places.collect() }
    }

    /// Allocates nothing, so that what was freed last is still as it was left.
    fn holds(&self, masked: [u8; LEN]) -> bool {
        let mut page = [0; 4096 + LEN];
        for place in &self.places {
            for start in place.clone().step_by(4096) {
                let Ok(len) = self.file.read_at(&mut page, start) else { continue };
                let found =
                    page[..len].windows(LEN).any(|bytes| (0..LEN).all(|i| bytes[i] ^ MASK == masked[i]));
                page.fill(0);
                if found {
                    return true;
                }
            }
        }
        false
    }
}

fn masked(bytes: &[u8]) -> [u8; LEN] {
    std::array::from_fn(|place| black_box(bytes[place]) ^ MASK)
}

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
