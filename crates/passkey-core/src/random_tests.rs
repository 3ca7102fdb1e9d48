use super::*;

#[test]
fn the_kernel_fills_every_byte() {
    let mut bytes = [0; 4096];
    fill(&mut bytes).unwrap();
    // Sixteen zeros in a row come up once in 2^116 times.
    assert!(bytes.chunks_exact(16).all(|chunk| chunk.iter().any(|byte| *byte != 0)));
    fill(&mut []).unwrap();
}

#[test]
fn what_the_kernel_gives_in_pieces_is_put_together() {
    let mut bytes = [0; 10];
    let mut calls = 0;
    fill_from(&mut bytes, |rest| {
        calls += 1;
        if calls % 2 == 0 {
            return Err(Errno::INTR);
        }
        let filled = rest.len().min(3);
        rest[..filled].fill(calls);
        Ok(filled)
    })
    .unwrap();
    assert_eq!(bytes, [1, 1, 1, 3, 3, 3, 5, 5, 5, 7]);
}

#[test]
fn a_kernel_that_has_none_yet_is_not_waited_for() {
    let refused = |errno| fill_from(&mut [0; 4], |_| Err(errno)).unwrap_err().to_string();
    assert!(
        refused(Errno::AGAIN).starts_with("the kernel has no randomness yet"),
        "{}",
        refused(Errno::AGAIN)
    );
    assert!(refused(Errno::NOSYS).starts_with("the kernel gives no randomness: "));
    assert!(fill_from(&mut [0; 4], |_| Ok(0)).is_err());
}
