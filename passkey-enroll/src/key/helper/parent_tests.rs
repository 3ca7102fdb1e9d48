use std::sync::atomic::{AtomicUsize, Ordering};

use super::super::protocol::{Operation, Sample};
use super::*;
use crate::key::identity::Identity;

const SOON: Duration = Duration::from_millis(500);
const LATE: Duration = Duration::from_secs(20);

fn request() -> Request {
    let pin = ctap::Pin::parse(&ctap::Secret::new(b"1234".to_vec()), 4).unwrap();
    Request {
        of: Identity::Plugged("/nowhere".into()),
        protocol: 2,
        preview: false,
        operation: Operation::Passkeys { pin },
    }
}

/// Has a shell script in the place of the process.
fn run_script(script: &str, timeout: Duration) -> (Result<Outcome, Broken>, usize) {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", script]);
    let (interrupt, _raise) = Interrupt::by_hand();
    let events = AtomicUsize::new(0);
    let outcome = run_in(command, &request(), &interrupt, timeout, |_| {
        events.fetch_add(1, Ordering::Relaxed);
        true
    });
    (outcome, events.into_inner())
}

#[test]
fn events_come_before_the_outcome() {
    let (outcome, events) = run_script(
        r#"read -r request
        printf '"busy"\n{"sample":{"taken":0,"left":3,"status":null}}\n' >&0
        printf '{"done":"done"}\n' >&0"#,
        LATE,
    );
    assert_eq!((outcome.unwrap(), events), (Outcome::Done, 2));
}

#[test]
fn the_request_arrives_whole_and_nothing_else_is_open() {
    let (outcome, _) = run_script(
        r#"read -r request
        case $request in *'"pin":"1234"'*) ;; *) exit 1 ;; esac
        [ "$(env | grep -cv -e '^PWD=' -e '^_=' -e '^SHLVL=' -e '^OLDPWD=')" = 0 ] || exit 1
        [ "$(readlink /proc/$$/fd/1)" = /dev/null ] && [ "$(readlink /proc/$$/fd/2)" = /dev/null ] || exit 1
        printf '{"done":"done"}\n' >&0"#,
        LATE,
    );
    assert_eq!(outcome.unwrap(), Outcome::Done);
}

#[test]
fn a_mute_process_is_killed() {
    let start = Instant::now();
    let mark = format!("3.{}", std::process::id());
    let (outcome, _) = run_script(&format!("trap '' TERM HUP INT; while :; do sleep {mark}; done"), SOON);
    assert!(matches!(outcome, Err(Broken::TimedOut)), "{outcome:?}");
    assert!(start.elapsed() >= SOON && start.elapsed() < LATE, "{:?}", start.elapsed());
    let shells = Command::new("pgrep").args(["-f", &format!("trap .*{mark}")]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&shells.stdout), "", "nothing goes on");
}

#[test]
fn a_process_that_dies_or_babbles_is_a_failure() {
    for script in [
        "exit 0",
        "kill -SEGV $$",
        "printf 'nonsense\\n' >&0; sleep 100",
        "printf '{\"done\":\"nothing known\"}\\n' >&0; sleep 100",
        "printf '{\"sample\":{}}\\n' >&0; sleep 100",
        // A line without end.
        "yes 'x' | tr -d '\\n' >&0",
    ] {
        let (outcome, _) = run_script(script, LATE);
        assert!(matches!(outcome, Err(Broken::Failed(Failure::Garbled))), "{script}: {outcome:?}");
    }
}

#[test]
fn what_the_process_says_is_passed_on() {
    let (outcome, _) = run_script("printf '{\"failed\":{\"status\":49}}\\n' >&0", LATE);
    assert!(matches!(outcome, Err(Broken::Failed(Failure::Status(49)))), "{outcome:?}");
}

#[test]
fn who_gives_up_is_not_kept_waiting_and_the_process_hears_of_it() {
    let mut command = Command::new("/bin/sh");
    let dir = tempfile::tempdir().unwrap();
    let heard = dir.path().join("heard");
    // The end of the input is the sign to stop.
    command.args(["-c", &format!("cat >/dev/null; : >'{}'", heard.display())]);
    let (interrupt, raise) = Interrupt::by_hand();
    drop(raise);
    let start = Instant::now();
    let outcome = run_in(command, &request(), &interrupt, LATE, |_| true);
    assert!(matches!(outcome, Err(Broken::Interrupted)), "{outcome:?}");
    assert!(start.elapsed() < CANCEL_PATIENCE, "{:?}", start.elapsed());
    assert!(heard.exists());
}

#[test]
fn only_what_counts_puts_off_the_end() {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", r#"while :; do printf '"busy"\n' >&0; sleep 0.1; done"#]);
    let (interrupt, _raise) = Interrupt::by_hand();
    let outcome = run_in(command, &request(), &interrupt, SOON, |_| false);
    assert!(matches!(outcome, Err(Broken::TimedOut)), "{outcome:?}");
}

#[test]
fn a_program_that_is_not_there_is_an_error_of_its_own() {
    let (interrupt, _raise) = Interrupt::by_hand();
    let outcome = run_in(Command::new("/nonexistent"), &request(), &interrupt, LATE, |_| true);
    assert!(matches!(outcome, Err(Broken::NoProcess(_))), "{outcome:?}");
}

#[test]
fn a_sample_reads_as_it_was_written() {
    let event = Event::Sample(Sample { taken: 2, left: 3, status: Some(5) });
    let line = serde_json::to_string(&event).unwrap();
    assert_eq!(line, r#"{"sample":{"taken":2,"left":3,"status":5}}"#);
    assert_eq!(serde_json::from_str::<Event>(&line).unwrap(), event);
}
