use super::*;

fn layout(len: usize) -> Layout {
    Layout::from_size_align(len, 8).unwrap()
}

fn in_use() -> usize {
    // SAFETY: this thread has a reserve.
    unsafe { Region::in_use(REGION.get().region) }
}

/// More than any machine has, so that malloc denies it, and with it what follows is the region's.
const TOO_MUCH: usize = isize::MAX.unsigned_abs() - 4096;

#[test]
fn a_piece_goes_back_to_where_it_is_from() {
    let reserve = Reserve::for_line().unwrap();
    let piece = from_region(layout(100));
    assert!(is_of_region(piece) && in_use() == 1);
    // SAFETY: the piece is 100 bytes long, and everything that is given back here was got here.
    unsafe {
        piece.write_bytes(7, 100);
        // malloc has enough again.
        let longer = ALLOCATOR.realloc(piece, layout(100), 5000);
        assert!(!is_of_region(longer) && in_use() == 0);
        assert!(std::slice::from_raw_parts(longer, 100).iter().all(|byte| *byte == 7));
        assert!(ALLOCATOR.realloc(longer, layout(5000), TOO_MUCH).is_null(), "neither has as much");
        ALLOCATOR.dealloc(longer, layout(5000));
    }
    drop(reserve);
    assert_eq!(REGION.get(), NOTHING);
    assert!(from_region(layout(1)).is_null(), "no call, no reserve");
}

#[test]
fn what_outlives_a_call_keeps_its_memory() {
    let reserve = Reserve::for_line().unwrap();
    let inner = Reserve::for_sign_in().unwrap();
    drop(inner);
    assert_ne!(REGION.get(), NOTHING, "a call within a call leaves the outer one its reserve");
    let piece = from_region(layout(24));
    drop(reserve);
    assert!(is_of_region(piece), "still there");
    assert!(Reserve::for_sign_in().is_err(), "what is kept is not as much");
    drop(Reserve::for_line().unwrap());
    assert!(is_of_region(piece), "still there");
    // SAFETY: it was got above.
    unsafe { ALLOCATOR.dealloc(piece, layout(24)) };
    drop(Reserve::for_sign_in().unwrap());
    assert_eq!(REGION.get(), NOTHING, "given back by the next call");
}
