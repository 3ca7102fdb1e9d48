use super::*;
use crate::conversation::{Answer, Tone};

struct Nobody;

impl Person for Nobody {
    fn tell(&mut self, _: Tone, _: &str) {}

    fn ask(&mut self, _: &str, _: bool) -> Answer {
        Answer::None
    }
}

/// What comes of signing in by this stack.
fn sign_in(stack: &str) -> Result<(), Code> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("door"), stack).unwrap();
    let mut nobody = Nobody;
    let mut transaction = Transaction::start("door", "nobody", Some(folder.path()), &mut nobody).unwrap();
    transaction.set_tty("/dev/tty1").unwrap();
    transaction.set_ruser("nobody").unwrap();
    transaction.authenticate().and_then(|()| transaction.check_account())
}

#[test]
fn the_stack_decides() {
    assert_eq!(sign_in("auth required pam_permit.so\naccount required pam_permit.so\n"), Ok(()));
    let refused = sign_in("auth required pam_deny.so\naccount required pam_permit.so\n").unwrap_err();
    assert_eq!(refused.0, 7);
    assert_eq!(refused.to_string(), "Authentication failure");
    // `PAM_ACCT_EXPIRED` is what pam_deny says to the facility account; its number is what must arrive.
    assert!(sign_in("auth required pam_permit.so\naccount required pam_deny.so\n").is_err());
}

#[test]
fn what_cannot_begin_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let start = |service: &str| {
        Transaction::start(service, "nobody", Some(folder.path()), &mut Nobody).map(|_| ()).unwrap_err()
    };
    assert!(matches!(start("nosuch"), NotStarted::Refused(_)));
    assert_eq!(start("no\0such"), NotStarted::Zero);
}
