//! Devices that were never enrolled, beside an enrolled key and alone: sudo asks the person for nothing on their account, and they end
//! nothing.

use guest::{Guest, Key, KeyOptions, Terminal};
use pam_tests::{audit_line, enrol, guest, passkey_only, second_factor};
use std::thread;
use std::time::Duration;

/// What is said of a device that holds none of the passkeys.
const FOREIGN: &str = "holds no passkey for this account";

/// sudo with the passkey after the password, and in its place.
const MODES: [Mode; 2] = [Mode::SecondFactor, Mode::Passwordless];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    SecondFactor,
    Passwordless,
}

impl Mode {
    fn set_up(self, guest: &Guest, arguments: &str) {
        let service = match self {
            Self::SecondFactor => second_factor(arguments),
            Self::Passwordless => passkey_only(&format!("mode=passwordless {arguments}")),
        };
        guest.write("/etc/pam.d/sudo", service);
    }

    /// Starts sudo, up to where the passkey's turn comes.
    fn sudo(self, guest: &Guest) -> Terminal {
        let mut sudo = guest.terminal("alice", "sudo -k; sudo id -un");
        if self == Self::SecondFactor {
            sudo.expect("password for alice").type_line("secret");
        }
        sudo
    }

    /// Signs in with the enrolled key, which is touched by itself.
    #[track_caller]
    fn finish(self, guest: &Guest, mut sudo: Terminal) {
        if self == Self::Passwordless {
            sudo.expect("PIN of").type_line("1234");
        }
        let exit = sudo.wait();
        assert_eq!(exit.status, 0, "{self:?}: {}", exit.screen);
        let line = audit_line(guest);
        assert!(line.contains("result=success") && line.contains(r#"passkey="blue""#), "{self:?}: {line}");
    }
}

/// Asserts that it was asked, and asked nothing for which the person types a PIN, presents a finger or touches it.
#[track_caller]
fn assert_not_asked_for_its_user(impostor: &Key<'_>, when: &str) {
    let asked = impostor.reset_requests();
    assert_ne!(asked.count("info"), 0, "{when}: it takes part: {asked:?}");
    for request in ["key-agreement", "pin-token", "uv-token", "selection"] {
        assert_eq!(asked.count(request), 0, "{request}, {when}: {asked:?}");
    }
    assert!(asked.blinks.is_empty(), "{when}: {asked:?}");
}

#[test]
fn a_device_that_claims_a_sensor_gets_neither_pin_nor_finger() {
    let guest = guest("")
        .file("/etc/sudoers.d/once", "Defaults passwd_tries=1\n")
        .key("blue", KeyOptions::default().pin("1234"))
        .boot();
    let blue = guest.key("blue");
    enrol(&guest, "blue", Some("1234"));
    blue.touch_always(50);
    for preset in ["claims-sensor", "claims-sensor-2.0"] {
        let impostor = guest.add_key(preset, &KeyOptions::impostor(preset));
        for mode in MODES {
            mode.set_up(&guest, "wait_for_key=3");
            mode.finish(&guest, mode.sudo(&guest));
            assert_not_asked_for_its_user(&impostor, &format!("{preset}, {mode:?}, beside the enrolled key"));

            blue.unplug();
            let mut sudo = mode.sudo(&guest);
            sudo.expect(FOREIGN).expect("Plug in yours").expect(FOREIGN).expect("Use another one");
            let exit = sudo.wait();
            assert_ne!(exit.status, 0, "{}", exit.screen);
            assert!(!exit.screen.contains("PIN") && !exit.screen.contains("finger"), "{}", exit.screen);
            assert_not_asked_for_its_user(&impostor, &format!("{preset}, {mode:?}, alone"));
            let line = audit_line(&guest);
            assert!(line.contains("code=PAM_AUTHINFO_UNAVAIL"), "{line}");
            assert!(line.contains("holds a passkey of the user"), "{line}");
            assert!(!line.contains("passkey=") && !line.contains("blue"), "what was not proved: {line}");
            blue.plug();
        }
        impostor.unplug();
    }
    a_foreign_device_does_not_end_the_wait(&guest);
}

/// It stays plugged in, and answers with a status that says nothing of passkeys; the enrolled key comes after a few seconds.
fn a_foreign_device_does_not_end_the_wait(guest: &Guest) {
    let blue = guest.key("blue");
    let foreign = guest.add_key("foreign", &KeyOptions::impostor("foreign-0x7f"));
    // Where a touch is enough and no other key is there, the device is asked for one at once: only that tells what it holds.
    for (mode, is_touched) in
        [(Mode::Passwordless, false), (Mode::SecondFactor, false), (Mode::SecondFactor, true)]
    {
        mode.set_up(guest, "wait_for_key=30");
        blue.unplug();
        let mut sudo = mode.sudo(guest);
        if mode == Mode::SecondFactor {
            sudo.expect("Touch your security key");
        }
        if is_touched {
            foreign.touch();
        }
        if is_touched || mode == Mode::Passwordless {
            sudo.expect(FOREIGN).expect("Plug in yours");
        }
        // If the device ended the sign-in, it would have by now.
        thread::sleep(Duration::from_secs(2));
        assert!(sudo.is_running(), "{mode:?}, touched: {is_touched}: {}", sudo.screen());
        blue.plug();
        mode.finish(guest, sudo);
        foreign.wait_dark();
    }
    foreign.unplug();
}
