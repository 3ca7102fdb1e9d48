use super::*;

const LATE: Duration = Duration::from_secs(20);

fn shell(script: &str) -> Command {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", script]);
    command
}

#[test]
fn lines_are_passed_on_escaped() {
    let mut said = Vec::new();
    let mut pipe = Pipe::new(&b"one\n\x1b[2Jtwo\r\nno end"[..], &mut said);
    while pipe.pass_on().unwrap() {}
    assert_eq!(String::from_utf8(said).unwrap(), "one\n\\u{1b}[2Jtwo\\u{d}\nno end");
}

#[test]
fn how_it_ended_is_told() {
    let (interrupt, _raise) = Interrupt::by_hand();
    let status = relay(&mut shell("cat; exit 3"), Some(LATE), &interrupt).unwrap();
    assert_eq!(status.code(), Some(3), "there is nothing to read");
}

#[test]
fn it_ends_in_time_and_when_it_is_interrupted() {
    let (interrupt, raise) = Interrupt::by_hand();
    let start = Instant::now();
    let error = relay(&mut shell("exec sleep 60"), Some(Duration::from_millis(200)), &interrupt).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    drop(raise);
    let mut command = shell("exec sleep 60");
    let status = relay(std::os::unix::process::CommandExt::process_group(&mut command, 0), None, &interrupt);
    assert!(status.unwrap().code().is_none(), "a signal has ended it");
    assert!(start.elapsed() < LATE);
}

#[test]
fn what_is_no_user_is_refused() {
    let words = |words: &[&str]| words.iter().map(OsString::from).collect::<Vec<_>>();
    for wrong in [&["1000", "1000"][..], &["alice", "1000", "", "list"], &["1000", "1000", "1,x", "list"]] {
        assert!(become_user(&words(wrong)).is_none(), "{wrong:?}");
    }
}
