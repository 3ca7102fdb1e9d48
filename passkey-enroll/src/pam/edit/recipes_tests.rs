//! The stacks of `docs/keyring.md`, as they stand there: who gets in, what is run after a passkey, and where a changed password is heard of.

use super::stacks_tests::machine;
use super::*;

const GUIDE: &str = include_str!("../../../../docs/keyring.md");
const SERVICE: &str = "recipe";
/// Debian's, which the stacks that are kept leave out.
const COMMON_PASSWORD: &str = "password [success=1 default=ignore] pam_unix.so obscure yescrypt\npassword requisite pam_deny.so\n\
     password required pam_permit.so\n";

/// A fenced block of the guide: ```` ```pam MACHINE MODULE… ````, the machine being one of `tests/stacks`.
struct Recipe<'g> {
    machine: &'g str,
    /// What takes the password.
    modules: Vec<&'g str>,
    text: &'g str,
}

fn recipes() -> Vec<Recipe<'static>> {
    let blocks = GUIDE.split("\n```pam ").skip(1);
    let recipes = blocks.map(|block| {
        let (head, rest) = block.split_once('\n').unwrap();
        let mut words = head.split(' ');
        let machine = words.next().unwrap();
        Recipe { machine, modules: words.collect(), text: rest.split_once("\n```").unwrap().0 }
    });
    recipes.collect()
}

#[test]
fn each_recipe_for_the_keyring_does_what_the_guide_says() {
    let recipes = recipes();
    assert_eq!(recipes.len(), 4, "as many as there are to see");
    let mut heard_of = 0;
    for Recipe { machine: name, modules, text } in recipes {
        let (_root, files) = machine(name);
        let files = files.with("common-password", COMMON_PASSWORD.into());
        let files = files.with(SERVICE, format!("{text}\n").into_bytes());
        let access = ServiceAccess::of(&files, SERVICE, &Config::default()).unwrap();
        let verdict = access.verdict().unwrap();
        let what = format!("{name}:\n{text}");
        assert!(verdict.passkey_is_enough() && verdict.password_is_enough(), "{what}");
        assert!(verdict.open_door().is_none() && verdict.open_to_unenrolled.is_none(), "{what}");
        assert_eq!(access.passed_by(&access, &files).unwrap(), [], "{what}");
        let served = access.served_by_passkey(&files).unwrap();
        let served: Vec<&str> = served.iter().map(|line| line.rule.module_name()).collect();
        let expected: Vec<String> = modules.iter().map(|module| format!("pam_{module}.so")).collect();
        assert_eq!(served, expected, "{what}");
        if simulate::hears_of_changes(&files, SERVICE) {
            heard_of += 1;
            assert_eq!(simulate::misplaced(&files.stack(SERVICE, Facility::Password).unwrap()), [], "{what}");
        }
    }
    assert_eq!(heard_of, 1);
}
