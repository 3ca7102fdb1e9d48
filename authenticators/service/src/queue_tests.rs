use super::*;

const ALICE: Party = Party::User(1000);
const BOB: Party = Party::User(1001);
const ROOT_FOR_ALICE: Party = Party::Root(1000);
const ROOT_FOR_BOB: Party = Party::Root(1001);

fn queue(items: &[(Party, u8)]) -> Queue<(Party, u8)> {
    let mut queue = Queue::new();
    for item in items {
        queue.push(item.0, *item);
    }
    queue
}

fn order(mut queue: Queue<(Party, u8)>) -> Vec<(Party, u8)> {
    std::iter::from_fn(|| queue.pop()).collect()
}

#[test]
fn one_partys_come_in_their_order() {
    let items = [(BOB, 1), (BOB, 2), (BOB, 3)];
    assert_eq!(order(queue(&items)), items);
}

#[test]
fn parties_take_turns() {
    let queue = queue(&[(BOB, 1), (BOB, 2), (BOB, 3), (ALICE, 1), (ALICE, 2)]);
    assert_eq!(order(queue), [(BOB, 1), (ALICE, 1), (BOB, 2), (ALICE, 2), (BOB, 3)]);
}

#[test]
fn one_who_comes_again_stands_behind_those_who_wait() {
    let mut queue = queue(&[(BOB, 1), (BOB, 2), (ALICE, 1)]);
    assert_eq!(queue.pop(), Some((BOB, 1)));
    assert_eq!(queue.pop(), Some((ALICE, 1)));
    queue.push(ALICE, (ALICE, 2));
    assert_eq!(order(queue), [(BOB, 2), (ALICE, 2)]);
}

#[test]
fn root_comes_before_users_and_takes_turns_by_account() {
    let mut queue = queue(&[(BOB, 1), (ROOT_FOR_BOB, 1), (ROOT_FOR_BOB, 2), (ROOT_FOR_ALICE, 1)]);
    assert_eq!(queue.pop(), Some((ROOT_FOR_BOB, 1)));
    assert_eq!(queue.pop(), Some((ROOT_FOR_ALICE, 1)));
    queue.push(ROOT_FOR_ALICE, (ROOT_FOR_ALICE, 2));
    assert_eq!(order(queue), [(ROOT_FOR_BOB, 2), (ROOT_FOR_ALICE, 2), (BOB, 1)]);
}

#[test]
fn nothing_is_left() {
    let mut queue = queue(&[(BOB, 1)]);
    assert!(!queue.is_empty());
    queue.pop();
    assert!(queue.is_empty());
    assert_eq!(queue.pop(), None);
}
