//! The person's language: what the module says in a sudo that speaks German, and who may not choose its words.

use guest::{Exit, Guest, KeyOptions, Terminal};
use pam_tests::{enrol, guest};

/// A sudo of alice's with this environment, her password typed.
fn sudo(guest: &Guest, environment: &str) -> Terminal {
    let mut sudo = guest.terminal("alice", &format!("sudo -k; {environment} sudo id -un"));
    sudo.expect("alice").type_line("secret");
    sudo
}

/// The sudo of somebody who gives up at its next question.
fn given_up(sudo: &mut Terminal) -> Exit {
    sudo.expect("alice").ctrl_c();
    let exit = sudo.wait();
    assert_ne!(exit.status, 0);
    exit
}

#[test]
fn sudo_speaks_the_language_of_who_called_it() {
    let guest = guest("timeout=5 wait_for_key=0 verification=required")
        .key("blue", KeyOptions::default().pin("1234"))
        .boot();
    enrol(&guest, "blue", Some("1234"));
    let blue = guest.key("blue");

    // German: touch, a wrong PIN with the tries that are left, no key.
    let mut german = sudo(&guest, "LANG=de_DE.UTF-8");
    german.expect("PIN Ihres Sicherheitsschlüssels: ").type_line("9999");
    german.expect("Diese PIN war falsch. Noch 7 Versuche. PIN Ihres Sicherheitsschlüssels, noch einmal: ");
    german.type_line("1234").expect("Berühren Sie Ihren Sicherheitsschlüssel.");
    blue.wait_blinking();
    blue.touch();
    let exit = german.wait();
    assert_eq!(exit.status, 0, "{}", exit.screen);
    // The log stays English.
    assert!(guest.syslog().contains("reason=\"verified\""), "{}", guest.syslog());

    // English: in the locale that has no language, in one that has no catalogue, and without UTF-8.
    for environment in ["LANG=C.UTF-8", "LANG=fr_FR.UTF-8", "LANG=C LANGUAGE=de"] {
        let mut english = sudo(&guest, environment);
        english.expect("PIN of your security key: ").type_line("1234");
        english.expect("Touch your security key.");
        blue.wait_blinking();
        blue.touch();
        let exit = english.wait();
        assert_eq!(exit.status, 0, "{environment}: {}", exit.screen);
    }

    blue.unplug();
    let mut german = sudo(&guest, "LANG=de_DE.UTF-8");
    german.expect("Es war kein Sicherheitsschlüssel eingesteckt.");
    given_up(&mut german);

    // A language that is preferred to that of the locale, by its name.
    let mut preferred = sudo(&guest, "LANG=fr_FR.UTF-8 LANGUAGE=xx:de");
    preferred.expect("Es war kein Sicherheitsschlüssel eingesteckt.");
    given_up(&mut preferred);

    nobody_chooses_the_words_of_a_set_uid_program(&guest);
}

/// `LANGUAGE` is the caller's, and to libc it is a path. In a set-uid program only its own catalogues count.
fn nobody_chooses_the_words_of_a_set_uid_program(guest: &Guest) {
    let catalogue = "/tmp/evil/LC_MESSAGES/pam_passkey.mo";
    // The German one, with another word for the security key: as long, so that the file stays whole.
    let forge = format!(
        "mkdir -p $(dirname {catalogue}) && \
         sed s/Sicherheitsschl/Boeswillig_ger_/g /usr/share/locale/de/LC_MESSAGES/pam_passkey.mo >{catalogue}"
    );
    guest.run_as("alice", &forge).ok();
    let evil = "LANGUAGE=../../../../tmp/evil:/tmp/evil";

    // It is a catalogue, and in a program like any other it counts.
    let look_up = "import ctypes, locale; locale.setlocale(locale.LC_ALL, ''); libc = ctypes.CDLL(None); \
                   libc.dgettext.restype = ctypes.c_char_p; \
                   print(libc.dgettext(b'pam_passkey', b'No security key was plugged in.').decode())";
    let found = guest.run_as("alice", &format!("LANG=de_DE.UTF-8 {evil} python3 -c \"{look_up}\""));
    assert!(found.ok().contains("Boeswillig"));

    for language in [evil, "LANGUAGE=../../../../tmp/evil", "LANGUAGE=..:../../../../tmp/evil/"] {
        let mut german = sudo(guest, &format!("LANG=de_DE.UTF-8 {language}"));
        german.expect("No security key was plugged in.");
        let screen = given_up(&mut german).screen;
        assert!(!screen.contains("Boeswillig"), "{language}: {screen}");
    }
}
