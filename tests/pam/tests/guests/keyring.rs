//! The login password, wrapped for passkeys and handed on after a sign-in without it.

use guest::{Guest, KeyOptions, Output, Terminal};
use pam_tests::{guest, path};
use serde_json::Value;

/// What the module hands on goes to a file. A module that finds nothing asks, and is answered with nothing.
const HANDED_ON: &str = "/run/handed-on";
/// Long enough to be looked for in memory.
const PIN: &str = "4815162342";
const FILE: &str = "/var/lib/passkey/keyring/alice.toml";

fn service(arguments: &str) -> String {
    format!(
        "auth required pam_passkey.so mode=passwordless {arguments}\n\
         auth optional pam_exec.so quiet expose_authtok /usr/bin/tee {HANDED_ON}\n\
         account required pam_permit.so\n"
    )
}

/// A login password and the PIN, as a script gives them.
fn lines(password: &str) -> String {
    format!("{password}\n{PIN}\n")
}

struct Desk {
    guest: Guest,
}

impl Desk {
    /// `passkey-enroll keyring …` or another command, as root about alice, with these lines on stdin.
    #[track_caller]
    fn command(&self, command: &str, input: &str) -> Output {
        let command = format!("passkey-enroll {command} --user alice --json");
        self.guest.run("root", &command, input.as_bytes(), guest::PATIENCE)
    }

    #[track_caller]
    fn json(&self, command: &str, input: &str) -> Value {
        let output = self.command(command, input);
        serde_json::from_str(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
    }

    #[track_caller]
    fn error(&self, command: &str, input: &str) -> String {
        self.json(command, input)["error"]["code"].as_str().unwrap_or_default().to_owned()
    }

    /// Signs alice in, with this password handed on or none; what was said. Without one, the module after ours asks for it.
    #[track_caller]
    fn signs_in(&self, service: &str, handed_on: Option<&str>) -> String {
        self.guest.root(&format!("rm -f {HANDED_ON}")).ok();
        let mut tester = self.guest.terminal("root", &format!("pamtester {service} alice authenticate"));
        tester.expect("PIN of your security key").type_line(PIN);
        if handed_on.is_none() {
            tester.expect("Password: ").type_line("typed");
        }
        let exit = tester.wait();
        assert!(exit.screen.contains("successfully authenticated"), "{}", exit.screen);
        let found = self.guest.root(&format!("tr -d '\\0' < {HANDED_ON}")).ok();
        assert_eq!(found, handed_on.unwrap_or("typed"), "{}", exit.screen);
        exit.screen
    }

    /// The state of each passkey, by name.
    fn opens(&self, name: &str) -> String {
        let status = self.json("keyring status", "");
        let passkeys = status["passkeys"].as_array().expect("passkeys");
        let passkey = passkeys.iter().find(|passkey| passkey["name"] == name).expect(name);
        passkey["opens"].as_str().unwrap_or_default().to_owned()
    }
}

#[test]
fn the_password_is_handed_on_with_the_passkey_it_is_wrapped_for() {
    let guest = guest("")
        .file("/etc/pam.d/desk", service("keyring=on"))
        .file("/etc/pam.d/plain", service(""))
        .file("/etc/pam.d/passwd", "password required pam_unix.so\npassword optional pam_passkey.so\n")
        .key("blue", KeyOptions::default().pin(PIN))
        .key("red", KeyOptions::default().pin(PIN))
        .boot();
    let desk = Desk { guest };
    let guest = &desk.guest;
    guest.key("red").unplug();
    guest.key("blue").touch_always(50);
    let blue = path(guest, "blue");

    // A wrong password is found out before the key is asked for anything.
    let add = format!("add --name blue --device {blue} --keyring --password-stdin --pin-stdin");
    assert_eq!(desk.error(&add, &lines("wrong")), "wrong_password");
    let added = desk.json(&add, &lines("secret"));
    assert_eq!((&added["keyring"], &added["name"]), (&true.into(), &"blue".into()), "{added}");
    assert_eq!(guest.root(&format!("stat -c '%U %a' {FILE}")).ok(), "root 600\n");
    let alice = guest.run("alice", "passkey-enroll keyring status --json", b"", guest::PATIENCE);
    assert!(alice.stdout.contains("not_permitted"), "{alice:?}");

    desk.signs_in("desk", Some("secret"));
    // A service that opens no keyring has no use for it.
    desk.signs_in("plain", None);

    another_passkey_opens_nothing(&desk);
    a_changed_password_is_followed(&desk);
    what_is_damaged_costs_the_keyring_alone(&desk);
    nothing_of_it_is_told(&desk);
    nothing_is_left_in_the_host(&desk);

    assert_eq!(desk.json("keyring disable", "")["passkeys"], serde_json::json!(["blue"]));
    assert_eq!(guest.root(&format!("test -e {FILE}")).status, 1);
    assert_eq!(desk.error("keyring disable", ""), "keyring_not_set_up");
    let screen = desk.signs_in("desk", None);
    assert!(!screen.contains("keyring"), "{screen}");
}

fn another_passkey_opens_nothing(desk: &Desk) {
    let guest = &desk.guest;
    guest.key("blue").unplug();
    guest.key("red").plug();
    guest.key("red").touch_always(50);
    let red = path(guest, "red");
    desk.json(&format!("add --name red --device {red} --pin-stdin"), &format!("{PIN}\n"));
    assert_eq!(desk.opens("red"), "no");
    let screen = desk.signs_in("desk", None);
    assert!(
        screen.contains("Your keyring stays closed: this security key is not set up to open it."),
        "{screen}"
    );

    // One that is not set up is set up afterwards, and its key is the one to use.
    let enabled = desk.json("keyring enable red --password-stdin --pin-stdin", &lines("secret"));
    assert_eq!(enabled["credential"]["name"], "red", "{enabled}");
    desk.signs_in("desk", Some("secret"));
    assert_eq!(desk.json("remove red --yes", "")["remaining"], 1);
    assert!(!guest.root(&format!("cat {FILE}")).ok().contains("count = 2"), "it goes with its passkey");
    guest.key("red").unplug();
    guest.key("blue").plug();
    guest.key("blue").touch_always(50);
}

fn a_changed_password_is_followed(desk: &Desk) {
    let guest = &desk.guest;
    // Elsewhere than by PAM: known by the shadow file.
    guest.root("echo alice:other | chpasswd -c SHA512").ok();
    assert_eq!(desk.opens("blue"), "stale");
    let screen = desk.signs_in("desk", None);
    assert!(screen.contains("Your keyring stays closed: your password has changed."), "{screen}");
    assert_eq!(desk.error("keyring rotate", ""), "keyring_not_set_up");
    desk.json("keyring enable --password-stdin --pin-stdin", &lines("other"));
    desk.signs_in("desk", Some("other"));

    // By the person at a terminal, with the key at hand.
    let mut change = change_password(guest, "other", "correct horse 1");
    change.expect("Use it now for the new password").expect("PIN of your security key").type_line(PIN);
    let exit = change.wait();
    assert!(
        exit.screen.contains("Your security key opens the keyring with the new password."),
        "{}",
        exit.screen
    );
    desk.signs_in("desk", Some("correct horse 1"));

    // Left for later.
    let mut change = change_password(guest, "correct horse 1", "correct horse 2");
    change.expect("PIN of your security key").type_line("");
    let exit = change.wait();
    assert!(exit.screen.contains("password updated successfully"), "{}", exit.screen);
    assert!(exit.screen.contains("your password has changed"), "{}", exit.screen);
    assert_eq!(desk.opens("blue"), "stale");
    desk.json("keyring enable --password-stdin --pin-stdin", &lines("correct horse 2"));
    // A change that is refused changes nothing.
    let mut change = guest.terminal("alice", "passwd");
    change.expect("Current password").type_line("correct horse 2");
    change.expect("New password").type_line("correct horse 3");
    change.expect("Retype new password").type_line("correct horse 4");
    let exit = change.wait();
    assert!(exit.status != 0 && !exit.screen.contains("keyring"), "{}", exit.screen);
    assert_eq!(desk.opens("blue"), "yes");
    // By root, who has not the key.
    let changed = guest.root("printf 'correct horse 3\\ncorrect horse 3\\n' | passwd alice 2>&1").ok();
    assert!(!changed.contains("PIN") && !changed.contains("keyring"), "{changed}");
    assert_eq!(desk.opens("blue"), "stale");
    desk.json("keyring enable --password-stdin --pin-stdin", &lines("correct horse 3"));

    // Encrypted anew, nobody has to know it.
    let before = guest.root(&format!("cat {FILE}")).ok();
    desk.json("keyring rotate --pin-stdin", &format!("{PIN}\n"));
    assert_ne!(guest.root(&format!("cat {FILE}")).ok(), before);
    desk.signs_in("desk", Some("correct horse 3"));
}

/// Alice's `passwd`, up to the new password.
#[track_caller]
fn change_password(guest: &Guest, old: &str, new: &str) -> Terminal {
    let mut change = guest.terminal("alice", "passwd");
    change.expect("Current password").type_line(old);
    change.expect("New password").type_line(new);
    change.expect("Retype new password").type_line(new);
    change
}

fn what_is_damaged_costs_the_keyring_alone(desk: &Desk) {
    let guest = &desk.guest;
    let whole = guest.root(&format!("cat {FILE}")).ok();
    let line = whole.lines().find(|line| line.starts_with("ciphertext")).expect("a ciphertext").to_owned();
    let (head, tail) = line.split_at(line.len() - 8);
    let other = if tail.starts_with('A') { "B" } else { "A" };
    for damaged in [whole.replace(&line, &format!("{head}{other}{}", &tail[1..])), "nonsense".to_owned()] {
        guest.write_as(FILE, &damaged, "root", 0o600);
        desk.signs_in("desk", None);
        let code = desk.error("keyring rotate --pin-stdin", &format!("{PIN}\n"));
        assert!(["keyring_damaged", "keyring_broken"].contains(&code.as_str()), "{code}");
    }
    guest.write_as(FILE, &whole, "root", 0o600);
    let log = guest.syslog();
    assert!(
        log.contains("the keyring stays closed: /var/lib/passkey/keyring/alice.toml:1: not valid TOML"),
        "{log}"
    );
    assert!(
        log.contains("the keyring stays closed, signed in with passkey \"blue\": what is wrapped is damaged"),
        "{log}"
    );
}

/// Neither the log nor any file of ours has the password.
fn nothing_of_it_is_told(desk: &Desk) {
    let guest = &desk.guest;
    let log = guest.syslog();
    let found =
        guest.root("grep -rl -e 'correct horse' -e 'secret$' /var/lib/passkey /etc/passkey; true").ok();
    assert_eq!(found, "");
    for password in ["correct horse", "secret\n"] {
        assert!(!log.contains(password), "{password}");
    }
}

/// The host lives on after the sign-in: libpam has dropped the password by then, and nothing of ours has kept it, or the PIN.
fn nothing_is_left_in_the_host(desk: &Desk) {
    let guest = &desk.guest;
    guest.write(
        "/etc/pam.d/lasting",
        "auth required pam_passkey.so mode=passwordless keyring=on\naccount required pam_permit.so\n\
         session required pam_exec.so quiet /usr/bin/sleep 600\n",
    );
    let mut tester = guest.terminal("root", "pamtester lasting alice authenticate open_session");
    tester.expect("PIN of your security key").type_line(PIN);
    tester.expect("successfully authenticated");
    guest.write(
        "/root/memory",
        "for range in $(grep ' rw' /proc/$1/maps | cut -d ' ' -f 1); do\n\
         start=$((0x${range%-*} / 4096)); end=$((0x${range#*-} / 4096))\n\
         dd if=/proc/$1/mem bs=4096 skip=$start count=$((end - start)) 2>/dev/null\ndone\n",
    );
    guest.root("sh /root/memory $(pgrep -x pamtester) > /run/memory").ok();
    let found =
        |what: &str| guest.root(&format!("grep -c -a -F -e '{what}' /run/memory")).stdout.trim() != "0";
    assert!(found("lasting"), "what is there is found");
    assert!(!found("correct horse"), "the password");
    assert!(!found(PIN), "the PIN");
    guest.root("rm /run/memory; pkill -x sleep -P $(pgrep -x pamtester)").ok();
    tester.wait();
}
