//! Care for the key itself: PIN, fingerprints, passkeys on it, reset.

use guest::{Guest, Key, KeyOptions, Output};
use pam_tests::guest;

/// Runs `passkey-enroll key …` as alice, who sits at the machine, with this standard input.
#[track_caller]
fn care(guest: &Guest, words: &str, input: &str) -> Output {
    guest.run("alice", &format!("passkey-enroll key {words}"), input.as_bytes(), guest::PATIENCE)
}

/// The same, which must end like this.
#[track_caller]
fn ends(guest: &Guest, words: &str, input: &str, status: i32, code: &str) {
    let output = care(guest, &format!("{words} --json"), input);
    assert_eq!(output.status, status, "{words}: {} {}", output.stdout, output.stderr);
    let found = output.stdout.contains(&format!("\"code\": \"{code}\""));
    assert!(found, "{words}: {code} in {}", output.stdout);
}

fn replug(key: &Key<'_>) {
    key.unplug();
    key.plug();
}

/// Makes a discoverable passkey with another program: for `rp`, of `user`.
#[track_caller]
fn make_elsewhere(guest: &Guest, key: &str, pin: &str, rp: &str, user: &str) {
    let device = guest.key(key).path();
    guest.write("/tmp/parameters", format!("{}\n{rp}\n{user}\nAQID\n", "A".repeat(43) + "="));
    guest.key(key).touch_always(100);
    let command = format!("fido2-cred -M -r -v -i /tmp/parameters -o /dev/null {device}");
    let mut terminal = guest.terminal("root", &command);
    terminal.expect("PIN").type_line(pin);
    let exit = terminal.wait();
    guest.key(key).touch_never();
    assert_eq!(exit.status, 0, "{}", exit.screen);
}

/// What a terminal would obey, and does not when it comes from a key.
const HOSTILE: &str = "\u{1b}[2J\u{1b}]0;evil\u{7}";

/// Yubico's python-fido2 lists the fingerprints, and then calls the second one something else.
const FINGERPRINTS: &str = r#"
from fido2.ctap2 import ClientPin, Ctap2
from fido2.ctap2.bio import FPBioEnrollment
from fido2.hid import CtapHidDevice
key = Ctap2(next(CtapHidDevice.list_devices()))
pin = ClientPin(key)
fingerprints = FPBioEnrollment(key, pin.protocol, pin.get_pin_token("1234", ClientPin.PERMISSION.BIO_ENROLL))
for id, name in sorted(fingerprints.enumerate_enrollments().items()):
    print(id.hex(), name)
fingerprints.set_name(id, "\x1b[2J\x1b]0;evil\x07")
"#;

#[test]
fn pin_passkeys_and_reset() {
    let guest = guest("").key("blue", KeyOptions::default().with(&["--min-pin", "6"])).boot();

    // The first PIN, typed until it fits and is the same twice.
    let mut terminal = guest.terminal("alice", "passkey-enroll key pin set");
    terminal.expect("New PIN, 6 characters or more: ").type_line("12345");
    terminal.expect("fewer than 6 characters").type_line(&"1".repeat(64));
    terminal.expect("more than 63 bytes").type_line("123456");
    terminal.expect("The same again: ").type_line("123457");
    terminal.expect("not the same").type_line("123456");
    terminal.expect("The same again: ").type_line("123456");
    terminal.expect("is set");
    assert_eq!(terminal.wait().status, 0);
    assert!(!terminal.transcript().contains("123456"), "no PIN is shown");
    ends(&guest, "pin set --pin-stdin", "123456\n", 1, "pin_already_set");

    // It is the PIN for our own protocol stack and for others, too.
    guest.key("blue").touch_after(200);
    guest
        .run(
            "root",
            "passkey-enroll add --user alice --name blue --discoverable --pin-stdin",
            b"123456\n",
            guest::PATIENCE,
        )
        .ok();
    make_elsewhere(&guest, "blue", "123456", "evil.example", HOSTILE);
    make_elsewhere(&guest, "blue", "123456", "good.example", "alice");

    passkeys_on_the_key(&guest);
    change_pin(&guest);
    a_hostile_key_ends_nobody(&guest);
    lock_and_block(&guest);
    too_late_for_a_reset(&guest);
    reset(&guest);
}

fn passkeys_on_the_key(guest: &Guest) {
    let list = care(guest, "passkeys list --pin-stdin", "123456\n").ok();
    assert!(!list.contains('\u{1b}') && !list.contains('\u{7}'), "{list:?}");
    let line =
        |word: &str| list.lines().find(|line| line.contains(word)).map(str::to_owned).unwrap_or_default();
    assert!(line("evil.example").contains("\\u{1b}[2J"), "{list}");
    assert!(line("good.example").contains("alice"), "{list}");
    assert!(line("guest").contains("blue"), "ours is known by its name: {list}");
    let json = care(guest, "passkeys list --pin-stdin --json", "123456\n").ok();
    assert!(!json.contains('\u{1b}'), "{json:?}");
    let json: String = json.split_whitespace().collect();
    assert!(json.contains("\"user_name\":\"\\u001b[2J\\u001b]0;evil\\u0007\""), "{json}");
    assert!(json.contains("\"enrolled\":\"blue\"") && json.contains("\"enrolled\":null"), "{json}");

    // Another program sees the same.
    let device = guest.key("blue").path();
    let mut terminal = guest.terminal("root", &format!("fido2-token -L -r {device}"));
    terminal.expect("PIN").type_line("123456");
    terminal.expect("evil.example");
    assert_eq!(terminal.wait().status, 0);

    // One of them is taken away, by the end of its id.
    let id = line("evil.example").split_whitespace().last().unwrap().to_owned();
    ends(guest, "passkeys remove nowhere --yes --pin-stdin", "123456\n", 9, "no_such_passkey");
    care(guest, &format!("passkeys remove {id} --yes --pin-stdin"), "123456\n").ok();
    let left = care(guest, "passkeys list --pin-stdin", "123456\n").ok();
    assert!(!left.contains("evil.example") && left.contains("good.example"), "{left}");

    // One that signs alice in is not taken away unawares.
    let id = line("blue").split_whitespace().last().unwrap().to_owned();
    let mut terminal = guest.terminal("alice", &format!("passkey-enroll key passkeys remove {id}"));
    terminal.expect("PIN of your security key: ").type_line("123456");
    terminal.expect("passkey “blue” of alice on this machine");
    terminal.expect("Type yes to go on: ").type_line("y");
    assert_eq!(terminal.wait().status, 7);
    assert!(care(guest, "passkeys list --pin-stdin", "123456\n").ok().contains("blue"));
}

fn change_pin(guest: &Guest) {
    let blue = guest.key("blue");
    // Wrong at first: only the present PIN is asked for again.
    let mut terminal = guest.terminal("alice", "passkey-enroll key pin change");
    terminal.expect("PIN of your security key: ").type_line("999999");
    terminal.expect("New PIN, 6 characters or more: ").type_line("abcdef");
    terminal.expect("The same again: ").type_line("abcdef");
    terminal.expect("That PIN was wrong. 7 tries left.").type_line("123456");
    terminal.expect("is changed");
    assert_eq!(terminal.wait().status, 0);
    assert_eq!(blue.retries(), 8);
    care(guest, "pin change --pin-stdin", "abcdef\nключ-24\n").ok();
    care(guest, "pin change --pin-stdin", "ключ-24\n123456\n").ok();

    // What cannot be a PIN costs no try.
    ends(guest, "pin change --pin-stdin", "123\n123456\n", 4, "not_a_pin");
    ends(guest, "pin change --pin-stdin", "123456\n12345\n", 1, "new_pin_unfit");
    ends(guest, "pin change --pin-stdin", "123456\n", 1, "pin_needed");
    let long = "1".repeat(64);
    ends(guest, "pin change --pin-stdin", &format!("123456\n{long}\n"), 1, "new_pin_unfit");
    ends(guest, "passkeys list --pin-stdin", &format!("{long}\n"), 4, "not_a_pin");
    assert_eq!(blue.retries(), 8);

    // Without a terminal there is nobody to ask.
    ends(guest, "passkeys list </dev/null", "", 1, "pin_needed");
}

/// A key that stops answering behind the PIN prompt, where only the process inside can notice.
fn a_hostile_key_ends_nobody(guest: &Guest) {
    let blue = guest.key("blue");
    let mut terminal = guest.terminal("alice", "passkey-enroll key passkeys list --timeout 4");
    terminal.expect("PIN of your security key: ");
    blue.mute();
    terminal.type_line("123456");
    terminal.expect("did not answer in time");
    assert_eq!(terminal.wait().status, 6);
    assert_ne!(guest.root("pgrep -f [k]ey-helper").status, 0, "the process is gone");
    blue.unmute();
    replug(&blue);
    assert_eq!(blue.retries(), 8);

    // One that answers what makes ctap-hid-fido2 panic, which nobody else notices.
    let mut terminal = guest.terminal("alice", "passkey-enroll key pin change");
    terminal.expect("PIN of your security key: ").type_line("123456");
    terminal.expect("New PIN, 6 characters or more: ").type_line("abcdef");
    terminal.expect("The same again: ");
    blue.garble();
    terminal.type_line("abcdef");
    terminal.expect("error: What the security key answers makes no sense.");
    assert_eq!(terminal.wait().status, 1);
    assert!(!terminal.transcript().contains("panicked"), "{}", terminal.transcript());
    blue.ungarble();

    // Pulled out behind the prompt; another key in its place does not get the PIN.
    let mut terminal = guest.terminal("alice", "passkey-enroll key passkeys list");
    terminal.expect("PIN of your security key: ");
    replug(&blue);
    blue.reset_counts();
    terminal.type_line("123456");
    terminal.expect("was unplugged");
    assert_eq!(terminal.wait().status, 3);
    assert_eq!(blue.counts().transactions, 0, "nothing was sent to it");
}

fn lock_and_block(guest: &Guest) {
    let blue = guest.key("blue");
    // Each wrong PIN of a script costs one try, and the third in a row locks the key until it is plugged in again.
    ends(guest, "passkeys list --pin-stdin", "999999\n", 4, "wrong_pin");
    assert_eq!(blue.retries(), 7);
    ends(guest, "pin change --pin-stdin", "999999\n123456\n", 4, "wrong_pin");
    assert_eq!(blue.retries(), 6);
    ends(guest, "passkeys list --pin-stdin", "999999\n", 5, "pin_locked");
    assert_eq!(blue.retries(), 5);
    // Then it is not even asked for.
    ends(guest, "pin change --pin-stdin", "123456\nabcdef\n", 5, "pin_locked");
    assert_eq!(blue.retries(), 5);
    replug(&blue);
    for left in [4, 3] {
        ends(guest, "passkeys list --pin-stdin", "999999\n", 4, "wrong_pin");
        assert_eq!(blue.retries(), left);
    }
    replug(&blue);
    let mut terminal = guest.terminal("alice", "passkey-enroll key passkeys list");
    terminal.expect("Careful: 3 tries left").type_line("999998");
    terminal.expect("Careful: 2 tries left").type_line("999997");
    terminal.expect("the last try").ctrl_c();
    assert_eq!(terminal.wait().status, 7);
    replug(&blue);
    ends(guest, "passkeys list --pin-stdin", "999999\n", 5, "pin_blocked");
    ends(guest, "pin change --pin-stdin", "123456\nabcdef\n", 5, "pin_blocked");
    assert_eq!(blue.retries(), 0);
}

/// Whoever may open the key only 11 seconds after it was plugged in comes too late.
fn too_late_for_a_reset(guest: &Guest) {
    let blue = guest.key("blue");
    guest.root("useradd -m bob").ok();
    guest.root(&format!("chown bob {}", blue.path())).ok();
    let mut terminal = guest.terminal("bob", "passkey-enroll key reset --yes");
    terminal.expect("Unplug the security key.");
    blue.unplug();
    terminal.expect("Plug it in again");
    blue.plug();
    guest.root("sleep 11").ok();
    guest.root(&format!("chown bob {}", blue.path())).ok();
    terminal.expect("within 10 seconds");
    assert_eq!(terminal.wait().status, 6, "{}", terminal.screen());
    assert!(terminal.screen().contains("too late"), "{}", terminal.screen());
    assert_eq!(blue.retries(), 0, "nothing was reset");

    // Nobody unplugs it.
    let output = guest.run_as("alice", "passkey-enroll key reset --yes --timeout 1");
    assert_eq!(output.status, 6, "{}", output.stderr);
    // Nobody says yes.
    ends(guest, "reset </dev/null", "", 2, "confirmation_needed");
}

fn reset(guest: &Guest) {
    let blue = guest.key("blue");
    let mut terminal = guest.terminal("root", "passkey-enroll key reset --user alice");
    terminal.expect("all of its passkeys, those for websites too");
    terminal.expect("Among them, of alice on this machine: “blue”.");
    terminal.expect("Type reset to go on: ").type_line("yes");
    assert_eq!(terminal.wait().status, 7);
    assert_eq!(blue.retries(), 0);

    let mut terminal = guest.terminal("root", "passkey-enroll key reset --user alice");
    terminal.expect("Type reset to go on: ").type_line("reset");
    terminal.expect("Unplug the security key.");
    blue.unplug();
    terminal.expect("Plug it in again");
    blue.plug();
    terminal.expect("Touch it now");
    blue.touch();
    terminal.expect("Remove “blue” from this machine too?");
    terminal.expect("Type yes to go on: ").type_line("yes");
    terminal.expect("is as new");
    terminal.expect("Removed from this machine as well: “blue”.");
    assert_eq!(terminal.wait().status, 0);
    assert_eq!(blue.retries(), 8);
    let keys = guest.run_as("alice", "passkey-enroll keys").ok();
    assert!(keys.contains("not set"), "{keys}");
    let list = guest.run_as("alice", "passkey-enroll list");
    assert!(list.stderr.contains("has no passkey"), "{}", list.stderr);
    ends(guest, "passkeys list --pin-stdin", "123456\n", 1, "pin_not_set");
}

#[test]
fn fingerprints_and_several_keys() {
    let guest = guest("")
        .key("green", KeyOptions::default().pin("1234").with(&["--blank-sensor"]))
        .key("plain", KeyOptions::default().pin("4321"))
        .key("old", KeyOptions::default().ctap("2.0").pin("0000").unplugged())
        .file("/root/fingerprints.py", FINGERPRINTS)
        .boot();
    let (green, plain, old) = (guest.key("green"), guest.key("plain"), guest.key("old"));
    let on_green = format!("--device {} --pin-stdin", green.path());

    // Of two keys the one that is touched is meant.
    let mut terminal = guest.terminal("alice", "passkey-enroll key fingerprint list");
    terminal.expect("Touch the security key that you want to use.");
    green.touch();
    terminal.expect("PIN of your security key: ").type_line("1234");
    terminal.expect("knows no fingerprint");
    assert_eq!(terminal.wait().status, 0);
    plain.wait_dark();
    plain.unplug();

    // Sample by sample, one of them bad.
    let mut terminal = guest.terminal("alice", "passkey-enroll key fingerprint add --name thumb");
    terminal.expect("PIN of your security key: ").type_line("1234");
    terminal.expect("Touch the reader: sample 1 of 3.");
    green.touch();
    terminal.expect("Touch the reader: sample 2 of 3.");
    green.touch_as_stranger();
    terminal.expect("That was too fast. Touch the reader: sample 2 of 3.");
    green.touch();
    terminal.expect("Touch the reader: sample 3 of 3.");
    green.touch();
    terminal.expect("knows the fingerprint “thumb”");
    assert_eq!(terminal.wait().status, 0);
    green.touch_always(50);
    ends(&guest, &format!("fingerprint add --name thumb {on_green}"), "1234\n", 10, "name_taken");
    let added = care(&guest, &format!("fingerprint add {on_green} --json"), "1234\n").ok();
    let added: String = added.split_whitespace().collect();
    assert!(added.contains("\"name\":\"Finger\"") && added.contains("\"samples\":3"), "{added}");
    green.touch_never();

    given_up_on(&guest, &on_green);
    renamed_and_removed(&guest, &on_green);

    // What a key cannot do is said, and its PIN is not asked for.
    plain.plug();
    ends(
        &guest,
        &format!("fingerprint list --device {} --pin-stdin", plain.path()),
        "4321\n",
        1,
        "no_fingerprint_reader",
    );
    plain.unplug();
    green.unplug();

    // A key of the first generation has a PIN to care for, and nothing else.
    old.plug();
    care(&guest, "pin change --pin-stdin", "0000\n1111\n").ok();
    ends(&guest, "pin change --pin-stdin", "0000\n1111\n", 4, "wrong_pin");
    ends(&guest, "passkeys list --pin-stdin", "1111\n", 1, "passkeys_unsupported");
    ends(&guest, "fingerprint list --pin-stdin", "1111\n", 1, "no_fingerprint_reader");
}

fn given_up_on(guest: &Guest, on_green: &str) {
    let green = guest.key("green");
    // Ctrl-C: the key goes dark.
    let mut terminal = guest.terminal("alice", "passkey-enroll key fingerprint add");
    terminal.expect("PIN of your security key: ").type_line("1234");
    terminal.expect("sample 1 of 3");
    green.touch();
    terminal.expect("sample 2 of 3");
    green.wait_blinking();
    terminal.ctrl_c();
    assert_eq!(terminal.wait().status, 7, "{}", terminal.screen());
    green.wait_dark();
    assert_ne!(guest.root("pgrep -f [k]ey-helper").status, 0, "the process is gone");

    // Nobody comes.
    ends(guest, &format!("fingerprint add {on_green} --timeout 3"), "1234\n", 6, "timed_out");
    green.wait_dark();

    // Somebody pulls it out.
    let mut terminal = guest.terminal("alice", "passkey-enroll key fingerprint add");
    terminal.expect("PIN of your security key: ").type_line("1234");
    terminal.expect("sample 1 of 3");
    green.wait_blinking();
    green.unplug();
    terminal.expect("was unplugged");
    assert_eq!(terminal.wait().status, 3);
    green.plug();
    let listed = care(guest, "fingerprint list --pin-stdin", "1234\n").ok();
    assert_eq!(listed.lines().count(), 3, "a heading and two fingers: {listed}");
}

fn renamed_and_removed(guest: &Guest, on_green: &str) {
    let green = guest.key("green");
    care(guest, &format!("fingerprint rename thumb 'right thumb' {on_green}"), "1234\n").ok();
    ends(guest, &format!("fingerprint rename toe x {on_green}"), "1234\n", 9, "no_such_fingerprint");

    // Another program sees the same, and gives one a name that a terminal would obey.
    let seen = guest.root("python3 /root/fingerprints.py").ok();
    assert_eq!(seen, "01 right thumb\n02 Finger\n");
    let listed = care(guest, &format!("fingerprint list {on_green}"), "1234\n").ok();
    assert!(!listed.contains('\u{1b}') && listed.contains("\\u{1b}[2J"), "{listed:?}");

    // It can still be had by its id, and removed; a script must mean it.
    let id = listed.lines().find(|line| line.contains("evil")).unwrap().split_whitespace().last().unwrap();
    ends(guest, &format!("fingerprint remove {id} {on_green}"), "1234\n", 2, "confirmation_needed");
    care(guest, &format!("fingerprint remove {id} --yes {on_green}"), "1234\n").ok();
    care(guest, &format!("fingerprint remove 'right thumb' --yes {on_green}"), "1234\n").ok();
    let output = care(guest, &format!("fingerprint list {on_green}"), "1234\n");
    assert!(output.stderr.contains("knows no fingerprint"), "{}", output.stderr);
    assert_eq!(green.retries(), 8);
    let keys = guest.run_as("alice", "passkey-enroll keys").ok();
    assert!(keys.contains("not set up"), "{keys}");
}
