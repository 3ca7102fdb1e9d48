use std::time::Duration;

use super::*;

const ALICE: Party = Party::User(1000);
const BOB: Party = Party::User(1001);
const CAROL: Party = Party::User(1002);

fn settings() -> Settings {
    Settings {
        connections_for_account: 3,
        connections_of_users: 4,
        connections_of_root: 4,
        connections_unnamed: 2,
        ..Settings::default()
    }
}

/// The first has been idle for longest.
fn idle(parties: &[Party]) -> Vec<Place> {
    let now = Instant::now();
    let place = |(id, party): (ConnectionId, &Party)| Place {
        id,
        party: *party,
        idle_since: now.checked_add(Duration::from_secs(id)),
    };
    (0..).zip(parties).map(place).collect()
}

fn admitted(party: Party, places: &[Place]) -> Admission {
    admit(party, places, &settings())
}

#[test]
fn one_party_holds_no_more_than_its_limit() {
    for party in [BOB, Party::Root(1001)] {
        assert_eq!(admitted(party, &idle(&[party; 2])), Admission::Free);
        assert_eq!(admitted(party, &idle(&[party; 3])), Admission::Refused);
    }
}

#[test]
fn root_users_and_the_unnamed_have_rooms_of_their_own() {
    let root = Party::Root(1000);
    let users = idle(&[BOB, BOB, CAROL, CAROL]);
    assert_eq!(admitted(root, &users), Admission::Free);
    assert_eq!(admitted(Party::Unnamed, &users), Admission::Free);
    let roots = idle(&[root, root, Party::Root(0), Party::Root(0)]);
    assert_eq!(admitted(ALICE, &roots), Admission::Free);
    assert_eq!(admitted(root, &idle(&[Party::Unnamed; 2])), Admission::Free);
}

#[test]
fn who_holds_most_gives_way_with_what_is_idle_longest() {
    let places = idle(&[CAROL, BOB, BOB, BOB]);
    assert_eq!(admitted(ALICE, &places), Admission::InPlaceOf(1));
    assert_eq!(admitted(CAROL, &places), Admission::InPlaceOf(1));
    let [one, two] = [Party::Root(1000), Party::Root(1001)];
    assert_eq!(admitted(Party::Root(0), &idle(&[one, two, two, one])), Admission::InPlaceOf(0));
}

#[test]
fn of_those_idle_for_as_long_the_first_gives_way() {
    let mut places = idle(&[BOB, BOB, CAROL, CAROL]);
    let since = places[0].idle_since;
    for place in &mut places {
        place.idle_since = since;
    }
    assert_eq!(admitted(ALICE, &places), Admission::InPlaceOf(0));
}

#[test]
fn what_is_in_work_stays() {
    let mut places = idle(&[CAROL, BOB, BOB, BOB]);
    for (place, expected) in [(1, 2), (2, 3), (3, 0)] {
        places[place].idle_since = None;
        assert_eq!(admitted(ALICE, &places), Admission::InPlaceOf(expected));
    }
    places[0].idle_since = None;
    assert_eq!(admitted(ALICE, &places), Admission::Refused);
}

/// Or two would close each other's connections for ever.
#[test]
fn equals_do_not_give_way_except_to_one_who_has_none() {
    let places = idle(&[CAROL, CAROL, BOB, BOB]);
    assert_eq!(admitted(CAROL, &places), Admission::Refused);
    assert_eq!(admitted(ALICE, &places), Admission::InPlaceOf(0));
    assert_eq!(admitted(ALICE, &idle(&[CAROL, ALICE, BOB, BOB])), Admission::Refused);
    let each_one = idle(&[CAROL, BOB, Party::User(1), Party::User(2)]);
    assert_eq!(admitted(ALICE, &each_one), Admission::InPlaceOf(0));
}

#[test]
fn the_unnamed_give_way_to_each_other() {
    assert_eq!(admitted(Party::Unnamed, &idle(&[Party::Unnamed])), Admission::Free);
    assert_eq!(admitted(Party::Unnamed, &idle(&[Party::Unnamed; 2])), Admission::InPlaceOf(0));
}
