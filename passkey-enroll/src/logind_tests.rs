use super::*;

/// As systemd 252 says it, and 261.
const SAID: &str = "\
Id=2
User=1000
Leader=814
Timestamp=Mon 2026-11-30 00:25:01 UTC
Service=lightdm
Remote=no
Class=user
State=active
LockedHint=no
Seat=seat0

Id=5
User=1000
Leader=901
Timestamp=Mon 2026-11-30 00:26:01 UTC
Seat=seat0
Service=login
Remote=no
Class=user-early
State=online
LockedHint=yes

Id=7
User=1001
Leader=950
Seat=
Service=sshd
Remote=yes
Class=user
State=active
LockedHint=no

Id=8
User=108
Leader=700
Seat=seat0
Service=lightdm-greeter
Remote=no
Class=greeter
State=active
LockedHint=no

Id=9
User=1000
Leader=820
Seat=seat0
Service=lightdm
Remote=no
Class=user
State=closing
LockedHint=no

Id=10
User=1000
Leader=830
Seat=
Service=systemd-user
Remote=no
Class=manager
State=active
LockedHint=no
";

#[test]
fn a_session_of_a_person_at_a_seat_can_be_locked() {
    let sessions = at_seats(SAID);
    let ids: Vec<&str> = sessions.iter().map(|session| session.id.as_str()).collect();
    assert_eq!(ids, ["2", "5"]);
    assert_eq!(sessions[0].service, "lightdm");
    assert_eq!(sessions[0].start, Some("2026-11-30T00:25:01Z".parse().unwrap()));
    assert_eq!((sessions[0].is_locked, sessions[1].is_locked), (false, true));
    assert_eq!(at_seats(""), []);
}

#[test]
fn a_session_of_a_person_has_a_leader() {
    let sessions = of_people(SAID);
    let leaders: Vec<_> =
        sessions.iter().map(|session| (session.service.as_str(), session.uid, session.leader)).collect();
    assert_eq!(leaders, [("lightdm", 1000, 814), ("login", 1000, 901), ("sshd", 1001, 950)]);
    assert_eq!(of_people(""), []);
}

#[test]
fn a_time_that_is_not_understood_is_none() {
    for text in ["", "n/a", "Mon 2026-11-30 00:25:01 CET", "Mon 2026-11-31 00:25:01 UTC", "1764462301"] {
        assert_eq!(timestamp(text), None, "{text}");
    }
}
