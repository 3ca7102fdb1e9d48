//! What the command survives with nothing lost: disks that are read-only or full, two enrolments at once, a key that goes, being killed at
//! any moment, and names that somebody hostile made up.

use guest::{Guest, KeyOptions, Output};
use pam_tests::{enrol, guest, path};

/// A folder in which somebody who writes it anew leaves only the file itself.
const CREDENTIALS: &str = "/etc/passkey/credentials";

/// Everything that is kept, by name and content; left-overs would show.
fn kept(guest: &Guest) -> String {
    guest.root(&format!("cd {CREDENTIALS} && find . -type f ! -name '*.lock' | sort | xargs sha256sum")).ok()
}

/// A change of the file, of no matter what kind.
fn rename(guest: &Guest, from: &str, to: &str) -> Output {
    guest.root(&format!("passkey-enroll rename {from} {to} --user alice"))
}

fn names(guest: &Guest) -> Vec<String> {
    let list = guest.run_as("alice", "passkey-enroll list --json | grep '\"name\"' | cut -d'\"' -f4").ok();
    // Of two enrolments at once, either may come first.
    let mut names: Vec<String> = list.lines().map(str::to_owned).collect();
    names.sort();
    names
}

#[test]
fn nothing_is_lost() {
    let plain = KeyOptions::default;
    let guest = guest("").key("blue", plain()).key("green", plain()).key("red", plain()).boot();
    enrol(&guest, "blue", None);
    two_at_once(&guest);
    a_disk_that_is_read_only(&guest);
    a_full_disk(&guest);
    killed_at_any_moment(&guest);
    a_key_that_goes(&guest);
    hostile_names(&guest);
    assert_eq!(names(&guest), ["blue", "green", "red"], "and all are there in the end");
    guest.key("blue").touch_always(50);
    assert_eq!(guest.root("pamtester passkey alice authenticate").status, 0);
}

fn two_at_once(guest: &Guest) {
    let [green, red] = ["green", "red"].map(|key| {
        guest.key(key).touch_always(100);
        format!("passkey-enroll add --user alice --name {key} --device {}", path(guest, key))
    });
    guest.root(&format!("{green} & first=$!; {red} && wait $first")).ok();
    assert_eq!(names(guest), ["blue", "green", "red"]);
    for key in ["green", "red"] {
        guest.key(key).touch_never();
    }
}

fn a_disk_that_is_read_only(guest: &Guest) {
    let before = kept(guest);
    guest
        .root(
            "busybox mount --bind /etc/passkey /etc/passkey && busybox mount -o remount,bind,ro /etc/passkey",
        )
        .ok();
    let refused = rename(guest, "blue", "azure");
    assert_ne!(refused.status, 0);
    assert!(refused.stderr.contains("Read-only file system"), "{}", refused.stderr);
    // It is said before the person has touched anything.
    let refused = guest.root("passkey-enroll add --user alice --name another");
    assert!(refused.stderr.contains("Read-only file system"), "{}", refused.stderr);
    guest.key("blue").touch_always(50);
    assert_eq!(guest.root("pamtester passkey alice authenticate").status, 0, "who is enrolled signs in");
    guest.key("blue").touch_never();
    guest.root("busybox umount /etc/passkey").ok();
    assert_eq!(kept(guest), before);
}

fn a_full_disk(guest: &Guest) {
    let before = kept(guest);
    guest
        .root(
            "mkdir -p /small && busybox mount -t tmpfs -o size=64k,mode=755 small /small && cp -a /etc/passkey/. /small &&
             { cat /dev/zero >/small/filling 2>/dev/null; busybox mount --bind /small /etc/passkey; }",
        )
        .ok();
    let refused = rename(guest, "blue", "azure");
    assert_ne!(refused.status, 0);
    assert!(refused.stderr.contains("No space left on device"), "{}", refused.stderr);
    assert_eq!(kept(guest), before);
    guest.root("rm /small/filling").ok();
    rename(guest, "blue", "azure").ok();
    rename(guest, "azure", "blue").ok();
    guest.root("busybox umount /etc/passkey && busybox umount /small").ok();
    assert_eq!(kept(guest), before);
}

/// The old file or the new one, never half of one. `store_kill.rs` of passkey-core does the same for hours of a disk's life.
fn killed_at_any_moment(guest: &Guest) {
    let script = "name=blue
        for after in 002 005 010 015 020 025 030 040 050 070; do
            [ $name = blue ] && to=azure || to=blue
            timeout -s KILL 0.$after passkey-enroll rename $name $to --user alice
            name=$(passkey-enroll list --user alice --json | grep -oE '\"name\": \"(blue|azure)\"' | cut -d'\"' -f4) || exit 1
            [ $(passkey-enroll list --user alice --json | grep -c '\"name\"') = 3 ] || exit 1
        done
        [ $name = blue ] || passkey-enroll rename azure blue --user alice";
    guest.root(script).ok();
}

fn a_key_that_goes(guest: &Guest) {
    let before = kept(guest);
    let fresh = guest.add_key("fresh", &KeyOptions::default());
    let command = format!("passkey-enroll add --user alice --name fresh --device {}", path(guest, "fresh"));
    let mut add = guest.terminal("root", &command);
    add.expect("Touch your security key");
    fresh.wait_blinking();
    fresh.unplug();
    let exit = add.wait();
    assert_eq!(exit.status, 3, "{}", exit.screen);
    assert_eq!(kept(guest), before);
}

fn hostile_names(guest: &Guest) {
    let before = kept(guest);
    let names =
        [r"$'\e[31mred'", r"$'two\nlines'", r"$'\xff\xfe'", "''", r"$(head -c 10000 /dev/zero | tr '\0' x)"];
    for name in names {
        for command in
            ["add --user alice --name", "rename --user alice blue", "show --user alice", "list --user"]
        {
            let script = format!("passkey-enroll {command} {name}");
            let output = guest.run("root", "bash", script.as_bytes(), guest::PATIENCE);
            assert_ne!(output.status, 0, "{script}");
            let told = output.stdout + &output.stderr;
            assert!(!told.contains('\u{1b}'), "played back to the terminal: {told:?}");
            assert!(told.len() < 5_000, "{} bytes of words for {command}", told.len());
        }
    }
    assert_eq!(kept(guest), before);
}
