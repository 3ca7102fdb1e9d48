use super::*;

#[test]
fn only_one_of_one_is_meant_without_a_word() {
    assert!(Chosen::only(0).is_none());
    assert!(Chosen::only(1).is_some());
    assert!(Chosen::only(2).is_none());
}
