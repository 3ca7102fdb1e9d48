use passkey_core::credential::{Credential, UvCapability};
use passkey_core::store::Store;

use crate::doctor::finding::{Finding, Severity};
use crate::doctor::fixture::{Fixture, account, passkey};

/// What is found to be said of alice's passkeys when they are these.
fn found(machine: &Fixture, passkeys: Vec<Credential>) -> Vec<Finding> {
    let replaced = Store::new(&machine.config()).update(&account("alice"), |file| {
        file.credentials = passkeys;
        Ok::<_, std::convert::Infallible>(())
    });
    replaced.unwrap();
    machine.examine().into_iter().filter(|finding| finding.area == super::Area::Passkeys).collect()
}

fn codes(findings: &[Finding]) -> Vec<(Severity, &'static str)> {
    findings.iter().map(|finding| (finding.severity, finding.code)).collect()
}

#[test]
fn how_many_there_are_is_told() {
    use Severity::{Note, Warning};
    let machine = Fixture::healthy();
    let disabled = || Credential { enabled: false, ..passkey("blue") };
    for (passkeys, expected) in [
        (vec![], (Note, "no_passkey")),
        (vec![disabled()], (Warning, "all_disabled")),
        (vec![disabled(), passkey("green")], (Note, "only_passkey")),
        (vec![passkey("blue"), passkey("green")], (Severity::Ok, "passkeys")),
    ] {
        let findings = found(&machine, passkeys);
        assert_eq!(codes(&findings), [expected]);
        let closed = findings[0].message.contains("closed without one: sudo");
        assert_eq!(closed, ["no_passkey", "all_disabled"].contains(&expected.1), "{}", findings[0].message);
    }
}

#[test]
fn whether_they_will_do_is_told() {
    use Severity::{Note, Warning};
    let machine = Fixture::healthy();
    machine.put(
        "etc/pam.d/login",
        "auth sufficient pam_passkey.so mode=passwordless usernameless\n@include common-auth\n",
    );
    let findable =
        |name, rp_id: &str| Credential { discoverable: true, rp_id: rp_id.to_owned(), ..passkey(name) };
    let weak = Credential { user_verification: UvCapability::None, ..findable("weak", "machine.example") };
    for (passkeys, expected) in [
        (vec![findable("blue", "machine.example"), passkey("green")], &[][..]),
        (vec![passkey("blue"), passkey("green")], &[(Note, "not_discoverable")]),
        (vec![findable("blue", "old.example"), passkey("green")], &[(Warning, "other_rp_id")]),
        (vec![weak, passkey("green")], &[(Note, "passkey_without_verification")]),
    ] {
        assert_eq!(&codes(&found(&machine, passkeys))[1..], expected);
    }
}
