use std::collections::BTreeMap;

use super::*;

#[repr(align(4096))]
struct Memory {
    _bytes: [u8; 16_384],
}

/// What there is for pieces.
const ROOM: usize = 16_384 - size_of::<Region>();

/// Zeros are a region that is not begun.
fn region(memory: &mut Memory) -> *mut Region {
    ptr::from_mut(memory).cast()
}

fn take(region: *mut Region, layout: Layout) -> *mut u8 {
    // SAFETY: so long it is.
    unsafe { Region::take(region, layout, size_of::<Memory>()) }
}

fn in_use(region: *mut Region) -> usize {
    // SAFETY: it is one.
    unsafe { Region::in_use(region) }
}

fn bytes(len: usize) -> Layout {
    Layout::from_size_align(len, 1).unwrap()
}

#[test]
fn nothing_but_a_whole_region_is_left_when_all_is_given_back() {
    let mut memory = Box::new(Memory { _bytes: [0; 16_384] });
    let region = region(&mut memory);
    let mut seed = 7_usize;
    let mut pieces: BTreeMap<usize, (*mut u8, usize)> = BTreeMap::new();
    for _ in 0..20_000 {
        // Knuth's generator is enough for this.
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let number = seed >> 33;
        let len = number % 700 + 1;
        let piece = take(region, bytes(len));
        if piece.is_null() || number.is_multiple_of(3) {
            let Some((_, (piece, len))) = pieces.pop_first() else { continue };
            // SAFETY: it was taken with this length.
            unsafe {
                let content = std::slice::from_raw_parts(piece, len);
                assert!(content.iter().all(|byte| *byte == content[0]), "somebody else has written to it");
                Region::give_back(region, piece, bytes(len));
            }
        }
        if !piece.is_null() {
            assert_eq!(piece.addr() % UNIT, 0);
            let offset = piece.addr() - region.addr();
            assert!(offset >= size_of::<Region>() && offset + len <= size_of::<Memory>());
            // SAFETY: it is so long.
            unsafe { piece.write_bytes(u8::try_from(number % 251).unwrap(), len) };
            pieces.insert(number, (piece, len));
        }
        assert_eq!(in_use(region), pieces.len());
    }
    for (piece, len) in pieces.into_values() {
        // SAFETY: it was taken with this length.
        unsafe { Region::give_back(region, piece, bytes(len)) };
    }
    assert_eq!(in_use(region), 0);
    assert!(!take(region, bytes(ROOM)).is_null(), "in one piece again");
    assert!(take(region, bytes(1)).is_null());
}

#[test]
fn what_does_not_fit_is_not_to_be_had() {
    let mut memory = Box::new(Memory { _bytes: [0; 16_384] });
    let region = region(&mut memory);
    assert!(take(region, bytes(ROOM + 1)).is_null());
    assert!(take(region, Layout::from_size_align(16, 32).unwrap()).is_null());
    assert!(take(region, bytes(isize::MAX.unsigned_abs())).is_null());
}
