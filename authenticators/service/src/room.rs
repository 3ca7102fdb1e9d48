//! Which connections are accepted.

use std::cmp::Reverse;
use std::time::Instant;

use crate::party::Party;
use crate::settings::Settings;
use crate::worker::ConnectionId;

/// A connection that is let in already.
pub(crate) struct Place {
    pub(crate) id: ConnectionId,
    pub(crate) party: Party,
    /// `None` while a request is in work.
    pub(crate) idle_since: Option<Instant>,
}

/// Whether there is room for one more.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    Free,
    /// Once this one, which is idle, is closed. Its peer can connect again.
    InPlaceOf(ConnectionId),
    Refused,
}

/// Whether a connection of that party is let in.
///
/// Root's and users' are limited apart, so that neither keep the other out. Where there is no room left, those who hold most give way
/// to those with fewer; an account does not give way to itself, so two clients that keep connecting do not close each other in turn.
pub(crate) fn admit(party: Party, places: &[Place], settings: &Settings) -> Admission {
    let held = |by: Party| places.iter().filter(|place| place.party == by).count();
    let own = held(party);
    let (limit, limit_of_party) = match party {
        Party::Unnamed => (settings.connections_unnamed, usize::MAX),
        Party::Root(_) => (settings.connections_of_root, settings.connections_for_account),
        Party::User(_) => (settings.connections_of_users, settings.connections_for_account),
    };
    if own >= limit_of_party {
        return Admission::Refused;
    }
    if places.iter().filter(|place| shares(party, place.party)).count() < limit {
        return Admission::Free;
    }
    let gives_way = |other: Party| match party {
        // It has had its time: the name is the first thing to be sent.
        Party::Unnamed => true,
        Party::Root(_) | Party::User(_) => own == 0 || held(other) > own.saturating_add(1),
    };
    let idle = places.iter().filter_map(|place| Some((place, place.idle_since?)));
    idle.filter(|(place, _)| shares(party, place.party) && gives_way(place.party))
        .max_by_key(|(place, since)| (held(place.party), Reverse((*since, place.id))))
        .map_or(Admission::Refused, |(place, _)| Admission::InPlaceOf(place.id))
}

/// Whether both are limited together.
fn shares(one: Party, other: Party) -> bool {
    match (one, other) {
        (Party::Unnamed, Party::Unnamed)
        | (Party::Root(_), Party::Root(_))
        | (Party::User(_), Party::User(_)) => true,
        (Party::Unnamed | Party::Root(_) | Party::User(_), _) => false,
    }
}

#[cfg(test)]
#[path = "room_tests.rs"]
mod tests;
