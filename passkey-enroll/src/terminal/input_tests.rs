use std::io::Read as _;
use std::os::unix::net::UnixStream;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use super::*;

fn read(bytes: &[u8]) -> Line {
    let (interrupt, _raise) = Interrupt::by_hand();
    let (mut writer, reader) = UnixStream::pair().unwrap();
    writer.write_all(bytes).unwrap();
    drop(writer);
    read_line(reader.as_fd(), &interrupt, &mut nothing()).unwrap()
}

fn typed(line: &Line) -> Option<&[u8]> {
    if let Line::Typed(secret) = line { Some(secret.as_bytes()) } else { None }
}

#[test]
fn a_line_ends_where_its_line_end_is() {
    for (bytes, line) in [
        (&b"1234\n"[..], &b"1234"[..]),
        (b"1234\r\n", b"1234"),
        (b"\n", b""),
        (b" 12 34 \n", b" 12 34 "),
        (b"1234\n5678\n", b"1234"),
        (b"1234", b"1234"),
    ] {
        assert_eq!(typed(&read(bytes)), Some(line), "{bytes:?}");
    }
    assert!(matches!(read(b""), Line::End));
}

#[test]
fn an_endless_line_stays_too_long_for_a_pin() {
    let mut endless = vec![b'1'; 100_000];
    endless.push(b'\n');
    let (interrupt, _raise) = Interrupt::by_hand();
    let (mut writer, reader) = UnixStream::pair().unwrap();
    let feeder = std::thread::spawn(move || writer.write_all(&endless));
    let line = read_line(reader.as_fd(), &interrupt, &mut nothing()).unwrap();
    feeder.join().unwrap().unwrap();
    assert_eq!(typed(&line).map(<[u8]>::len), Some(MAX_LINE_LEN));
}

#[test]
fn lines_come_one_after_the_other_however_they_arrive() {
    let long = "x".repeat(300);
    for text in ["old\nnew\n".to_owned(), "old\nnew".to_owned(), format!("{long}\nnew\n")] {
        let first = text.split('\n').next().unwrap();
        for piece in [1, 3, 1000] {
            let (interrupt, _raise) = Interrupt::by_hand();
            let (mut writer, reader) = UnixStream::pair().unwrap();
            let sent = text.clone();
            let feeder = std::thread::spawn(move || {
                sent.as_bytes().chunks(piece).for_each(|part| writer.write_all(part).unwrap());
            });
            let mut rest = nothing();
            let mut next = || read_line(reader.as_fd(), &interrupt, &mut rest).unwrap();
            assert_eq!(typed(&next()), Some(first.as_bytes()));
            assert_eq!(typed(&next()), Some(&b"new"[..]));
            assert!(matches!(next(), Line::End));
            feeder.join().unwrap();
        }
    }
}

#[test]
fn giving_up_ends_this_wait_and_all_that_follow() {
    let (interrupt, mut raise) = Interrupt::by_hand();
    let (_writer, reader) = UnixStream::pair().unwrap();
    raise.write_all(b"!").unwrap();
    for _ in 0..2 {
        assert!(matches!(read_line(reader.as_fd(), &interrupt, &mut nothing()).unwrap(), Line::Interrupted));
    }
}

/// A terminal, and the person's end of it.
fn terminal() -> (Terminal, File) {
    let person = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&person).unwrap();
    unlockpt(&person).unwrap();
    let name = ptsname(&person, Vec::new()).unwrap();
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
    let terminal = rustix::fs::open(name.as_c_str(), flags, Mode::empty()).unwrap();
    (Terminal(File::from(terminal)), File::from(person))
}

/// What stands on the screen once `end` has appeared on it.
fn screen_until(person: &mut File, end: &str) -> String {
    let mut screen = Vec::new();
    while !String::from_utf8_lossy(&screen).contains(end) {
        let mut byte = [0];
        person.read_exact(&mut byte).unwrap();
        screen.push(byte[0]);
    }
    String::from_utf8(screen).unwrap()
}

fn echoes(terminal: &Terminal) -> bool {
    tcgetattr(&terminal.0).unwrap().local_modes.contains(LocalModes::ECHO)
}

#[test]
fn a_secret_is_not_shown_and_the_echo_comes_back() {
    let (mut terminal, mut person) = terminal();
    let (interrupt, _raise) = Interrupt::by_hand();
    assert!(echoes(&terminal));
    let typing = std::thread::spawn(move || {
        let mut screen = screen_until(&mut person, "PIN: ");
        person.write_all(b"271828\n").unwrap();
        screen.push_str(&screen_until(&mut person, "\n"));
        (screen, person)
    });
    let line = terminal.ask_secret("PIN: ", &interrupt).unwrap();
    let (screen, _person) = typing.join().unwrap();
    assert_eq!(typed(&line), Some(&b"271828"[..]));
    assert_eq!(screen, "PIN: \r\n");
    assert!(echoes(&terminal));
}

#[test]
fn the_echo_comes_back_when_the_person_gives_up() {
    let (mut terminal, mut person) = terminal();
    let (interrupt, mut raise) = Interrupt::by_hand();
    let typing = std::thread::spawn(move || {
        screen_until(&mut person, "PIN: ");
        person.write_all(b"27").unwrap();
        raise.write_all(b"!").unwrap();
        person
    });
    let line = terminal.ask_secret("PIN: ", &interrupt).unwrap();
    let _person = typing.join().unwrap();
    assert!(matches!(line, Line::Interrupted));
    assert!(echoes(&terminal));
}

#[test]
fn a_question_shows_what_is_typed() {
    let (mut terminal, mut person) = terminal();
    let (interrupt, _raise) = Interrupt::by_hand();
    let typing = std::thread::spawn(move || {
        screen_until(&mut person, "Sure? ");
        person.write_all(b"yes\n").unwrap();
        (screen_until(&mut person, "\n"), person)
    });
    let line = terminal.ask("Sure? ", &interrupt).unwrap();
    let (screen, _person) = typing.join().unwrap();
    assert_eq!(typed(&line), Some(&b"yes"[..]));
    assert_eq!(screen, "yes\r\n");
}
