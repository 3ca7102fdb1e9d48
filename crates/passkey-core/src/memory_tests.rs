use super::*;

#[test]
fn what_there_is_is_given_and_what_there_cannot_be_is_refused() {
    assert_eq!(ensure(0), Ok(()));
    assert_eq!(ensure_for_text(1024), Ok(()));
    assert_eq!(ensure(usize::MAX), Err(NoMemory));
    assert_eq!(ensure_for_text(usize::MAX), Err(NoMemory));
}
