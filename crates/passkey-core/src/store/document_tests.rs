use super::*;

#[test]
fn what_was_seen_is_known_in_whatever_order_it_comes() {
    let texts: [&[u8]; 6] = [b"", b"a", b"ab", b"b", b"\xff", b"\xff\0"];
    for first in 0..texts.len() {
        for reversed in [false, true] {
            let mut order = texts;
            order.rotate_left(first);
            if reversed {
                order.reverse();
            }
            let mut seen = Seen::default();
            for text in order {
                assert!(!seen.contains(text) && seen.insert(text), "{text:?} in {order:?}");
            }
            for text in order {
                assert!(seen.contains(text) && !seen.insert(text), "{text:?} after {order:?}");
            }
        }
    }
}
