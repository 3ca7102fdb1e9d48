//! The recipes of `docs/administration.md`, as they stand there: with password and touch, with the key alone, and without the key.

use guest::{Guest, KeyOptions};
use pam_tests::enrol;

const GUIDE: &str = include_str!("../../../../docs/administration.md");
/// Fedora's and Arch's common file in its present form, as far as signing in with a local password is concerned.
const SYSTEM_AUTH: &str = "\
auth        required                                     pam_env.so
auth        required                                     pam_faildelay.so delay=2000
auth        [default=1 ignore=ignore success=ok]         pam_usertype.so isregular
auth        [default=1 ignore=ignore success=ok]         pam_localuser.so
auth        sufficient                                   pam_unix.so nullok
auth        required                                     pam_deny.so
account     required                                     pam_unix.so
";

/// A fenced block of the guide: ```` ```pam DISTRIBUTION[,DISTRIBUTION] WAY ````.
struct Recipe {
    distribution: String,
    way: String,
    text: String,
}

fn recipes() -> Vec<Recipe> {
    let blocks = GUIDE.split("\n```pam ").skip(1);
    let recipes = blocks.map(|block| {
        let (head, rest) = block.split_once('\n').unwrap();
        let (distribution, way) = head.split_once(' ').unwrap();
        let (text, _) = rest.split_once("\n```").unwrap();
        Recipe { distribution: distribution.to_owned(), way: way.to_owned(), text: format!("{text}\n") }
    });
    recipes.collect()
}

/// Whether alice is signed in with her password, and a touch where it is wanted.
fn signs_in(guest: &Guest) -> bool {
    let mut terminal = guest.terminal("root", "pamtester recipe alice authenticate acct_mgmt");
    terminal.expect("Password").type_line("secret");
    terminal.wait().status == 0
}

#[test]
fn each_recipe_does_what_the_guide_says() {
    let recipes = recipes();
    assert!(recipes.len() >= 6, "{} recipes", recipes.len());
    let guest = Guest::debian12()
        .user("alice", "secret")
        .file("/etc/pam.d/system-auth", SYSTEM_AUTH)
        .file("/etc/passkey/passkey.toml", "[defaults]\nwait_for_key = 0\ntimeout = 10\n")
        .key("blue", KeyOptions::default())
        .key("green", KeyOptions::default().pin("hidden"))
        .boot();
    for (key, pin) in [("blue", None), ("green", Some("hidden"))] {
        enrol(&guest, key, pin);
        guest.key(key).unplug();
        guest.key(key).touch_always(50);
    }
    for Recipe { distribution, way, text } in recipes {
        let what = format!("{distribution}, {way}:\n{text}");
        guest.write("/etc/pam.d/recipe", &text);
        let says = guest.root("passkey-enroll pam status recipe --json").ok();
        match way.as_str() {
            "second-factor" | "second-factor-optional" => {
                assert!(says.contains("\"for\": \"password_and_passkey\""), "{what}{says}");
                assert!(!signs_in(&guest), "without the key: {what}");
                guest.key("blue").plug();
                assert!(signs_in(&guest), "{what}");
                guest.key("blue").unplug();
            }
            "passwordless" => {
                assert!(says.contains("\"for\": \"passkey_or_password\""), "{what}{says}");
                assert!(signs_in(&guest), "with the password alone: {what}");
                guest.key("green").plug();
                let mut key_alone = guest.terminal("root", "pamtester recipe alice authenticate acct_mgmt");
                key_alone.expect("PIN").type_line("hidden");
                let exit = key_alone.wait();
                assert_eq!(exit.status, 0, "{what}{}", exit.screen);
                guest.key("green").unplug();
            }
            other => panic!("no way of asking is called {other}"),
        }
    }
}
