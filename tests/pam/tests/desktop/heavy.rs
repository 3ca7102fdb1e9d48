//! Waiting for desktops, which take minutes to come up under emulation beside another guest.

use std::thread;
use std::time::{Duration, Instant};

use guest::Guest;

/// From the start of a greeter until it is on the screen, and from a sign-in to the desktop.
pub(crate) const PATIENCE: Duration = Duration::from_secs(900);

/// systemd takes a desktop that is not up within 90 seconds for dead, and kills it.
pub(crate) const SLOW_DESKTOPS: (&str, &str) =
    ("/etc/systemd/user/service.d/50-tests.conf", "[Service]\nTimeoutStartSec=900\n");

/// Says how long a step took, on a machine that may be busy with others.
pub(crate) fn timed<T>(name: &str, step: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = step();
    println!("{:>5.1} s  {name}", start.elapsed().as_secs_f32());
    result
}

/// Tries a shell command as root until it succeeds; what it has said.
#[track_caller]
pub(crate) fn wait_for(guest: &Guest, command: &str) -> String {
    let start = Instant::now();
    loop {
        let output = guest.run("root", command, b"", PATIENCE);
        if output.status == 0 {
            return output.stdout;
        }
        assert!(
            start.elapsed() < PATIENCE,
            "not within {PATIENCE:?}: {command}\n{}{}",
            output.stdout,
            output.stderr
        );
        thread::sleep(Duration::from_secs(1));
    }
}

/// Waits for anything to be on the screen.
#[track_caller]
pub(crate) fn wait_for_picture(guest: &Guest) {
    let start = Instant::now();
    while guest.display().picture().colours() < 2 {
        assert!(start.elapsed() < PATIENCE, "the screen stays empty for {PATIENCE:?}");
        thread::sleep(Duration::from_secs(1));
    }
}

/// logind's number of alice's session before the screen.
#[track_caller]
pub(crate) fn session(guest: &Guest) -> String {
    let command =
        "loginctl list-sessions --no-legend | awk '$3 == \"alice\" && $4 == \"seat0\" { print $1 }' | grep .";
    wait_for(guest, command).trim().to_owned()
}

/// Has logind lock her session, and waits until it is.
#[track_caller]
pub(crate) fn lock(guest: &Guest) {
    let session = session(guest);
    // The desktop that hears of it may not be up yet.
    let command = format!(
        "loginctl lock-session {session}; sleep 3; loginctl show-session {session} -p LockedHint | grep yes"
    );
    wait_for(guest, &command);
}

/// Waits until her session is not locked any more.
#[track_caller]
pub(crate) fn unlocked(guest: &Guest) {
    let session = session(guest);
    wait_for(guest, &format!("loginctl show-session {session} -p LockedHint | grep no"));
}

/// Ends alice's session and all that she runs.
#[track_caller]
pub(crate) fn log_out(guest: &Guest) {
    guest.root("loginctl terminate-user alice").ok();
    // What does not end by itself does so for minutes.
    wait_for(guest, "pkill -KILL -u alice; sleep 1; ! pgrep -a -u alice");
}

/// What the module has logged of the latest sign-in at a service; it says this.
#[track_caller]
pub(crate) fn audited(guest: &Guest, service: &str, code: &str) {
    let line = pam_tests::audit_line(guest);
    let (service, code) = (format!("pam_passkey({service}:auth)"), format!("code={code} "));
    assert!(line.contains(&service) && line.contains(&code), "no {service} {code}: {line}");
}
