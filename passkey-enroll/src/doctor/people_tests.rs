use super::*;
use crate::doctor::Severity;
use crate::doctor::fixture::{Fixture, account, passkey};

/// The names of the people, with what they have.
fn people(machine: &Fixture) -> Vec<(String, &'static str)> {
    let store = Store::new(&machine.config());
    let people = People::of(&machine.machine(), &machine.config(), &store);
    let what = |enrolment: &Enrolment| match enrolment {
        Enrolment::Usable(_) => "usable",
        Enrolment::Lacking(MissingPasskey::Unenrolled, _) => "none",
        Enrolment::Lacking(MissingPasskey::NoneUsable, _) => "none usable",
        Enrolment::Unreadable(_) => "unreadable",
        Enrolment::Hidden => "hidden",
    };
    people.seen.iter().map(|person| (person.name.clone(), what(&person.enrolment))).collect()
}

fn named<'p>(people: &'p [(String, &'static str)]) -> Vec<&'p str> {
    people.iter().map(|(name, _)| name.as_str()).collect()
}

#[test]
fn people_have_numbers_of_their_own_passwords_or_passkeys() {
    let machine = Fixture::healthy();
    assert_eq!(named(&people(&machine)), ["alice", "bob"]);
    machine.append(
        "etc/passwd",
        "root:x:0:0::/root:/bin/bash\n\
         postgres:x:120:120::/var/lib/postgresql:/bin/bash\n\
         old:x:501:501::/home/old:/bin/bash\n\
         homed:x:60001:60001::/home/homed:/bin/bash\n\
         dir:*:1804200001:100::/home/dir:/bin/bash\n\
         vm:x:64055:64055::/var/lib/vm:/bin/bash\n\
         nobody:x:65534:65534::/nonexistent:/usr/sbin/nologin\n",
    );
    machine.append("etc/shadow", "postgres:!:1::::::\nold:$y$x:1::::::\nvm:*:1::::::\n");
    // homed's and the directory's passwords are checked elsewhere.
    assert_eq!(named(&people(&machine)), ["alice", "bob", "root", "old", "homed", "dir"]);
    machine.put("etc/shadow", "root:*:1::::::\nold:!:1::::::\n");
    assert_eq!(named(&people(&machine)), ["alice", "bob", "homed", "dir", "vm"]);
    // Whoever has passkeys signs in with them.
    machine.enrol("postgres", &["elephant"]);
    assert!(people(&machine).contains(&("postgres".to_owned(), "usable")), "{:?}", people(&machine));
    assert_eq!(id_range("# UID_MIN 5\nUID_MIN\t\t  500\nUID_MAX 600\n"), IdRange { first: 500, last: 600 });
    assert_eq!(id_range("UID_MIN many\n"), PEOPLE);
}

#[test]
fn a_credential_file_brings_in_who_is_not_listed() {
    let machine = Fixture::healthy();
    machine.put(
        "directory",
        "carol:*:70001:100::/home/carol:/bin/bash\ndave:*:70002:100::/home/dave:/bin/bash\n",
    );
    machine.enrol("carol", &["sea"]);
    assert_eq!(named(&people(&machine)), ["alice", "bob", "carol"]);
    let gone = machine.examine().into_iter().any(|finding| finding.code == "files_of_nobody");
    assert!(!gone, "the directory knows carol");

    // By number, and in a folder of each one's own.
    let config = std::fs::read_to_string(machine.path("etc/passkey/passkey.toml")).unwrap();
    for (template, file) in [("{uid}.toml", "70002.toml"), ("{user}/passkeys.toml", "dave/passkeys.toml")] {
        let root = machine.path("");
        machine.put("etc/passkey/passkey.toml", config.replace("{user}.toml", template));
        let carols = std::fs::read(root.join("etc/passkey/credentials/carol.toml")).unwrap();
        machine.put(&format!("etc/passkey/credentials/{file}"), carols);
        assert!(
            people(&machine).contains(&("dave".to_owned(), "usable")),
            "{template}: {:?}",
            people(&machine)
        );
    }
}

#[test]
fn the_passkeys_of_another_name_of_the_same_user_count() {
    let machine = Fixture::healthy();
    machine.append(
        "etc/passwd",
        "alicia:x:1000:100::/home/alice:/bin/bash\nbert:x:1003:100::/home/bert:/bin/bash\n",
    );
    let people = people(&machine);
    assert!(people.contains(&("alicia".to_owned(), "usable")), "{people:?}");
    assert!(people.contains(&("bert".to_owned(), "none")), "{people:?}");
    let findings = machine.examine();
    let closed = findings.iter().find(|finding| finding.code == "closed_without_passkey").unwrap();
    assert!(closed.message.ends_with(": bert."), "{}", closed.message);
    // One file is not two users with the same handle.
    assert!(!findings.iter().any(|finding| finding.code == "handle_shared"), "{findings:#?}");
}

#[test]
fn passkeys_of_all_kinds_are_told_apart() {
    let machine = Fixture::healthy();
    let disabled = passkey_core::credential::Credential { enabled: false, ..passkey("red") };
    let replaced = Store::new(&machine.config()).update(&account("bob"), |file| {
        file.credentials = vec![disabled];
        Ok::<_, std::convert::Infallible>(())
    });
    replaced.unwrap();
    machine.put("etc/passkey/credentials/alice.toml", "version = 7\n");
    let expected = [("alice".to_owned(), "unreadable"), ("bob".to_owned(), "none usable")];
    assert_eq!(people(&machine), expected);
}

/// What is said of people who may be missing.
fn unseen(machine: &Fixture) -> Vec<String> {
    let findings = machine.examine().into_iter().filter(|finding| finding.code == "people_unseen");
    findings
        .inspect(|finding| assert_eq!(finding.severity, Severity::Note))
        .map(|finding| finding.message)
        .collect()
}

#[test]
fn who_cannot_be_listed_is_said_to_be_unseen() {
    let machine = Fixture::healthy();
    assert_eq!(unseen(&machine), [""; 0]);
    machine.put("etc/nsswitch.conf", "passwd: files ldap winbind\n");
    let message = "ldap, winbind (in /etc/nsswitch.conf) do not list every user: people without a passkey, to whom sudo is \
                   closed, may not be known here.";
    assert_eq!(unseen(&machine), [message]);
    machine.put("etc/nsswitch.conf", "passwd: files systemd\n");
    machine.put("list_breaks_off", "it was not listed within 20 seconds");
    let found = unseen(&machine);
    assert!(
        found[0].starts_with("The user database cannot be listed (it was not listed within"),
        "{found:?}"
    );
    // Who has no passkey comes in without one.
    machine.put("etc/pam.d/sudo", "@include common-auth\nauth required pam_passkey.so unenrolled=ignore\n");
    assert_eq!(unseen(&machine), [""; 0]);
}

#[test]
fn a_password_is_told_from_what_is_none() {
    assert!(has_password("root:$6$x$y:19000:0:99999:7:::\n", "root"));
    for shadow in ["root:*:19000::::::\n", "root:!:1::::::\n", "rooter:$6$x:1::::::\n", ""] {
        assert!(!has_password(shadow, "root"), "{shadow}");
    }
}
