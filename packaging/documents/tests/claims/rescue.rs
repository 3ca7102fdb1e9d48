//! Every row of what to do in a rescue shell has been tried, by a test in a guest.

use super::tree::{Tree, attributes, table};

const GUIDE: &str = "docs/administration.md";
const LOCKOUT: &str = "tests/pam/tests/guests/lockout.rs";
const PAM_AUTH_UPDATE: &str = "passkey-enroll/src/pam/recipes_tests/pam_auth_update.rs";

/// What happened, as the guide has it; the test in which it happens, and that does what the guide says.
const ROWS: [(&str, &str, &str); 9] = [
    ("a service was switched on and shuts everybody out", LOCKOUT, "somebody_comes_in_again"),
    (
        "lines written by hand shut everybody out",
        "tests/pam/tests/guests/trials.rs",
        "lines_that_were_put_in_by_hand_come_out_as_carefully",
    ),
    ("the common files ask for passkeys", PAM_AUTH_UPDATE, "each_profile_is_switched_off_as_the_guide_says"),
    ("the module is gone while lines still name it", LOCKOUT, "somebody_comes_in_again"),
    ("the configuration is broken", LOCKOUT, "somebody_comes_in_again"),
    ("a credential file is damaged or lost", LOCKOUT, "somebody_comes_in_again"),
    ("the key is lost", LOCKOUT, "somebody_comes_in_again"),
    ("the key's PIN is blocked for good", LOCKOUT, "a_blocked_pin_locks_nobody_out"),
    (
        "the power went while a service was being switched",
        "tests/pam/tests/guests/power.rs",
        "somebody_comes_in_wherever_the_power_goes",
    ),
];

#[test]
fn each_row_of_the_rescue_shell_has_its_test() {
    let tree = Tree::read();
    let guide = tree.text(GUIDE);
    let rows: Vec<&str> = table(&guide, "## From a rescue shell").iter().map(|row| row[0]).collect();
    assert_eq!(rows, ROWS.map(|(what, ..)| what), "each has its test in this file");
    for (what, file, test) in ROWS {
        let source = tree.text(file);
        let attributes = attributes(&source, test).unwrap_or_else(|| panic!("{what}: {file} has no {test}"));
        assert_eq!(attributes, ["#[test]"], "{what}: {test}");
    }
}

/// What the test in the guest does for each mishap stands in the guide. It says so itself, but an hour later.
#[test]
fn what_is_tried_stands_in_the_guide() {
    let tree = Tree::read();
    let (guide, source) = (tree.text(GUIDE), tree.text(LOCKOUT));
    let named: Vec<&str> = source
        .lines()
        .filter_map(|line| line.trim().strip_prefix("named: \"")?.strip_suffix("\","))
        .collect();
    assert!(named.len() > 5, "{named:?}");
    for words in named {
        assert!(guide.contains(words), "{GUIDE} does not name {words}");
    }
}
