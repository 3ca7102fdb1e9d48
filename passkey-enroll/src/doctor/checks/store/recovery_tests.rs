use passkey_core::store::recovery::Codes;
use passkey_core::time;

use super::*;
use crate::doctor::fixture::{Fixture, account};

const CONFIG: &str = "etc/passkey/passkey.toml";
const FOLDER: &str = "var/lib/passkey/recovery";

/// The findings about recovery codes.
fn found(machine: &Fixture) -> Vec<Finding> {
    machine.examine().into_iter().filter(|finding| finding.code.starts_with("recovery_")).collect()
}

fn codes(machine: &Fixture) -> Vec<&'static str> {
    found(machine).iter().map(|finding| finding.code).collect()
}

fn give_codes(machine: &Fixture) {
    let (set, _) = Codes::new(time::now()).unwrap();
    Store::new(&machine.config()).replace_codes(&account("alice"), &set).unwrap();
}

#[test]
fn who_has_none_is_told_only_where_one_is_taken() {
    let machine = Fixture::healthy();
    assert_eq!(codes(&machine), [""; 0]);
    give_codes(&machine);
    assert_eq!(codes(&machine), ["recovery_not_taken"]);
    assert!(found(&machine)[0].remedy.as_ref().unwrap().starts_with("Set `recovery"));
    // The line in the service's file is enough, and what no service asks under is not.
    machine.put("etc/pam.d/sudo", "@include common-auth\nauth required pam_passkey.so recovery=allow\n");
    assert_eq!(codes(&machine), [""; 0]);
    machine.put("etc/pam.d/sudo", "@include common-auth\nauth required pam_passkey.so\n");
    machine.append(CONFIG, "[service.su]\nrecovery = \"allow\"\n");
    assert_eq!(codes(&machine), ["recovery_not_taken"]);
    assert!(found(&machine)[0].remedy.as_ref().unwrap().contains("pam enable"));
    machine.append(CONFIG, "[service.sudo]\nrecovery = \"allow\"\n");
    assert_eq!(codes(&machine), [""; 0]);
    machine.remove(&format!("{FOLDER}/alice.toml"));
    assert_eq!(codes(&machine), ["recovery_none"]);
}

#[test]
fn what_keeps_codes_from_being_taken_is_named_with_its_remedy() {
    let machine = Fixture::healthy();
    machine.append(CONFIG, "[service.sudo]\nrecovery = \"allow\"\n");
    give_codes(&machine);

    machine.mode(FOLDER, 0o755);
    let open = found(&machine);
    assert_eq!(open[0].code, "recovery_open");
    let folder = machine.path(FOLDER);
    assert_eq!(open[0].remedy, Some(format!("chmod 700 {}", folder.display())));
    machine.mode(FOLDER, 0o700);

    // The folder above it counts as well.
    machine.mode("var/lib/passkey", 0o777);
    let above = found(&machine);
    assert_eq!((above.len(), above[0].code), (1, "recovery_not_writable"), "{above:#?}");
    assert_eq!(above[0].remedy, Some(format!("chmod go-w {}", machine.path("var/lib/passkey").display())));
    machine.mode("var/lib/passkey", 0o755);

    machine.put(&format!("{FOLDER}/alice.toml"), "nonsense");
    let broken = found(&machine);
    assert_eq!((broken.len(), broken[0].code), (1, "recovery_broken"), "{broken:#?}");
    assert!(broken[0].message.ends_with("Recovery codes of alice are not accepted."), "{broken:#?}");
}
