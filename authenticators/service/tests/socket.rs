//! A service behind a real socket: whose account it is, deadlines, limits, cancelling, several peers at once.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test says by a panic that it fails"
)]

#[path = "../../../tests/shared/machine.rs"]
mod machine;

use std::os::fd::{AsFd as _, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use authenticator_service::{
    Answer, Authenticator, Listener, Peer, ServeError, Settings, Shown, Wait, Waiting, serve,
};
use ctap::hid::{Channel, Command, Event, HidError, Keepalive, REPORT_LEN, Report, packet};
use rustix::event::{PollFd, PollFlags};
use rustix::io::Errno;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketAddrUnix, SocketType};
use rustix::process::Uid;

/// Answers with its account and how often it was asked on the connection.
struct Counter;

/// Keeps all others waiting until it is cancelled, and says whether it was.
const WAIT: u8 = 0x51;
/// Takes this long: the second byte, in tenths of a second.
const SLEEP: u8 = 0x52;
/// As long as a message can be.
const LONG: u8 = 0x53;
const PANIC: u8 = 0x54;
/// Waits beside the others until it is cancelled, and says so.
const WAIT_BESIDE: u8 = 0x55;
/// Waits beside the others for this long, the second byte in tenths of a second, whether it is cancelled or not; then once more.
const SLEEP_BESIDE: u8 = 0x56;
/// Panics in a wait.
const PANIC_BESIDE: u8 = 0x57;

/// What comes of a wait.
enum Outcome {
    Cancelled(bool),
    /// To be waited for once more.
    Again,
}

fn sleeps(tenths: u8, outcome: Outcome) -> Answer<Outcome> {
    Answer::later(move |_| {
        thread::sleep(Duration::from_millis(100) * u32::from(tenths));
        outcome
    })
}

fn waits(waiting: &Waiting<'_>) -> Outcome {
    waiting.needs_user(true);
    let mut cancelled = [PollFd::from_borrowed_fd(waiting.as_fd(), PollFlags::IN)];
    rustix::event::poll(&mut cancelled, Some(&Duration::from_secs(20).try_into().unwrap())).unwrap();
    Outcome::Cancelled(waiting.is_cancelled())
}

impl Authenticator for Counter {
    type Session = (Peer, u8);
    type Outcome = Outcome;
    const SHOWS: bool = true;
    const VERSION: [u8; 3] = [1, 2, 3];

    fn connect(&mut self, peer: Peer) -> (Peer, u8) {
        (peer, 0)
    }

    fn cbor(&mut self, (peer, count): &mut (Peer, u8), request: &[u8], wait: &dyn Wait) -> Answer<Outcome> {
        *count += 1;
        match request {
            [WAIT] => {
                wait.needs_user(true);
                let begun = Instant::now();
                while !wait.is_cancelled() && begun.elapsed() < Duration::from_secs(20) {
                    thread::sleep(Duration::from_millis(5));
                }
                vec![if wait.is_cancelled() { 0x2d } else { 0 }].into()
            }
            [WAIT_BESIDE] => Answer::later(waits),
            [SLEEP_BESIDE, tenths] => sleeps(*tenths, Outcome::Again),
            [PANIC_BESIDE] => Answer::later(|_| panic!("as asked")),
            [SLEEP, tenths] => {
                thread::sleep(Duration::from_millis(100) * u32::from(*tenths));
                vec![0].into()
            }
            [LONG] => vec![0; 7609].into(),
            [PANIC] => panic!("as asked"),
            _ => [&[0][..], &peer.account.to_be_bytes(), &[u8::from(peer.is_root), *count]].concat().into(),
        }
    }

    fn resume(&mut self, _: &mut (Peer, u8), outcome: Option<Outcome>, wait: &dyn Wait) -> Answer<Outcome> {
        match outcome.unwrap() {
            Outcome::Cancelled(cancelled) => {
                assert_eq!(cancelled, wait.is_cancelled());
                vec![if cancelled { 0x2d } else { 0 }].into()
            }
            Outcome::Again => sleeps(1, Outcome::Cancelled(wait.is_cancelled())),
        }
    }

    fn show(&mut self, _: &mut (Peer, u8), _: &dyn Wait) -> Option<Shown> {
        Some(Shown::new("Scan this.", Some("FIDO:/0123")).unwrap())
    }
}

struct Service {
    path: PathBuf,
    serving: JoinHandle<Result<(), ServeError>>,
    _folder: tempfile::TempDir,
}

/// Ends long after its test has.
fn lasting() -> Settings {
    Settings { idle_exit: Duration::from_secs(20), ..Settings::default() }
}

/// Ends soon.
fn brief() -> Settings {
    Settings { idle_exit: Duration::from_millis(300), ..Settings::default() }
}

fn start(settings: Settings) -> Service {
    let folder = tempfile::tempdir().unwrap();
    // A client of another user must get in.
    rustix::fs::chmod(folder.path(), rustix::fs::Mode::from_raw_mode(0o755)).unwrap();
    let path = folder.path().join("test.sock");
    let listener = Listener::bind(&path).unwrap();
    let serving = thread::spawn(move || serve(&listener, &mut Counter, &settings));
    Service { path, serving, _folder: folder }
}

struct Client {
    socket: OwnedFd,
    channel: Channel,
    keepalives: Vec<Keepalive>,
}

fn connect(path: &Path) -> OwnedFd {
    let socket = rustix::net::socket(AddressFamily::UNIX, SocketType::SEQPACKET, None).unwrap();
    rustix::net::connect(&socket, &SocketAddrUnix::new(path).unwrap()).unwrap();
    socket
}

impl Client {
    fn new(path: &Path) -> Self {
        Self { socket: connect(path), channel: Channel::new(), keepalives: Vec::new() }
    }

    fn open(path: &Path) -> Self {
        let mut client = Self::new(path);
        client.init();
        client
    }

    fn init(&mut self) {
        self.channel.init(*b"a nonce!");
        assert_eq!(self.event(), Some(Event::Opened));
    }

    /// That the service has closed the connection is seen when reading.
    fn send(&self, bytes: &[u8]) {
        match rustix::net::send(&self.socket, bytes, SendFlags::NOSIGNAL) {
            Ok(_) | Err(Errno::PIPE | Errno::CONNRESET) => {}
            Err(errno) => panic!("{errno}"),
        }
    }

    fn flush(&mut self) {
        while let Some(report) = self.channel.next_report() {
            self.send(&report);
        }
    }

    /// `None` when the service has closed the connection.
    fn report(&self) -> Option<Report> {
        let mut report = [0; REPORT_LEN];
        match rustix::net::recv(&self.socket, &mut report, RecvFlags::empty()) {
            Ok((_, REPORT_LEN)) => Some(report),
            Ok((_, 0)) | Err(Errno::CONNRESET) => None,
            other => panic!("{other:?}"),
        }
    }

    /// The next event but keepalives, which are kept.
    fn event(&mut self) -> Option<Event> {
        self.flush();
        loop {
            match self.channel.handle_report(&self.report()?).unwrap() {
                Some(Event::Keepalive(status)) => self.keepalives.push(status),
                Some(event) => return Some(event),
                None => {}
            }
        }
    }

    fn cbor(&mut self, request: &[u8]) -> Vec<u8> {
        self.channel.request(Command::Cbor, request).unwrap();
        match self.event() {
            Some(Event::Response { payload, .. }) => payload,
            other => panic!("{other:?}"),
        }
    }

    fn is_closed(&self) -> bool {
        self.report().is_none()
    }
}

fn naming(account: u32) -> Report {
    packet::fragment(ctap::hid::Cid::BROADCAST, 0x42, &account.to_be_bytes()).unwrap()[0]
}

fn own() -> u32 {
    rustix::process::getuid().as_raw()
}

/// What Counter says.
fn said(account: u32, is_root: bool, count: u8) -> Vec<u8> {
    [&[0][..], &account.to_be_bytes(), &[u8::from(is_root), count]].concat()
}

#[test]
fn a_connection_has_its_own_session_and_the_peers_account() {
    let service = start(lasting());
    let mut first = Client::open(&service.path);
    let mut second = Client::open(&service.path);
    for (client, count) in [(&mut first, 1), (&mut second, 1)] {
        assert_eq!(client.cbor(&[4]), said(own(), own() == 0, count));
    }
    assert_eq!(first.cbor(&[4]), said(own(), own() == 0, 2));
    let capabilities = first.channel.capabilities().unwrap();
    assert!(capabilities.cbor() && !capabilities.msg());
    assert_eq!(capabilities.device_version(), [1, 2, 3]);
}

#[test]
fn only_root_names_another_account() {
    let service = start(lasting());
    let path = service.path.clone();
    let try_naming = move |account| {
        let mut client = Client::new(&path);
        client.send(&naming(account));
        client.channel.init([1; 8]);
        (client.event() == Some(Event::Opened)).then(|| client.cbor(&[4]))
    };
    if own() == 0 {
        assert_eq!(try_naming(1234), Some(said(1234, true, 1)));
        // As another user, in this thread alone.
        let as_user = thread::spawn(move || {
            rustix::thread::set_thread_res_uid(Uid::from_raw(1234), Uid::from_raw(1234), Uid::from_raw(1234))
                .unwrap();
            [0, 1235, 1234].map(try_naming)
        });
        assert_eq!(as_user.join().unwrap(), [None, None, Some(said(1234, false, 1))]);
    } else {
        assert_eq!(try_naming(0), None);
        assert_eq!(try_naming(own() + 1), None);
        assert_eq!(try_naming(own()), Some(said(own(), false, 1)));
    }
}

#[test]
fn an_account_is_named_first_or_never() {
    let service = start(lasting());
    let late = Client::open(&service.path);
    late.send(&naming(own()));
    assert!(late.is_closed());
    let twice = Client::new(&service.path);
    twice.send(&naming(own()));
    twice.send(&naming(own()));
    assert!(twice.is_closed());
}

#[test]
fn packets_of_another_length_close_the_connection() {
    let service = start(lasting());
    for len in [0, 1, 63, 65, 128, 4096] {
        let client = Client::open(&service.path);
        client.send(&vec![0; len]);
        assert!(client.is_closed(), "{len}");
    }
    assert_eq!(Client::open(&service.path).cbor(&[4]), said(own(), own() == 0, 1));
}

#[test]
fn a_request_in_work_is_cancelled() {
    let service = start(lasting());
    let mut client = Client::open(&service.path);
    client.channel.request(Command::Cbor, &[WAIT]).unwrap();
    client.flush();
    while client.keepalives.last() != Some(&Keepalive::UserPresenceNeeded) {
        if let Some(Event::Keepalive(status)) =
            client.channel.handle_report(&client.report().unwrap()).unwrap()
        {
            client.keepalives.push(status);
        }
    }
    client.channel.cancel();
    let payload = vec![0x2d];
    assert_eq!(client.event(), Some(Event::Response { command: Command::Cbor, payload }));
    assert_eq!(client.cbor(&[4]), said(own(), own() == 0, 2));
}

#[test]
fn init_forgets_a_request_in_work_and_another_waits_for_its_end() {
    let service = start(lasting());
    let mut client = Client::open(&service.path);
    for second_is_cancelled in [false, true] {
        client.channel.request(Command::Cbor, &[SLEEP, 3]).unwrap();
        client.flush();
        // It has begun when its first keepalive has come, give or take.
        client.report().unwrap();
        thread::sleep(Duration::from_millis(50));
        client.init();
        client.channel.request(Command::Cbor, &[4]).unwrap();
        if second_is_cancelled {
            client.channel.cancel();
        }
        let payload = if second_is_cancelled { vec![0x2d] } else { said(own(), own() == 0, 2) };
        assert_eq!(client.event(), Some(Event::Response { command: Command::Cbor, payload }));
    }
}

#[test]
fn a_peer_that_goes_cancels_what_it_asked_for() {
    let service = start(lasting());
    let mut gone = Client::open(&service.path);
    gone.channel.request(Command::Cbor, &[WAIT]).unwrap();
    gone.flush();
    // It is the other's turn only when the wait is over.
    let mut other = Client::open(&service.path);
    drop(gone);
    let begun = Instant::now();
    assert_eq!(other.cbor(&[4]), said(own(), own() == 0, 1));
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[test]
fn peers_take_turns_and_hear_that_they_wait() {
    let service = start(lasting());
    let mut slow = Client::open(&service.path);
    slow.channel.request(Command::Cbor, &[SLEEP, 4]).unwrap();
    slow.flush();
    let mut waiting = Client::open(&service.path);
    assert_eq!(waiting.cbor(&[4]), said(own(), own() == 0, 1));
    assert!(waiting.keepalives.len() >= 2, "{:?}", waiting.keepalives);
}

impl Client {
    /// Asks for a wait, and returns once it has begun.
    fn begin_wait(&mut self) {
        self.channel.request(Command::Cbor, &[WAIT_BESIDE]).unwrap();
        self.flush();
        self.until_needed();
    }

    fn until_needed(&mut self) {
        let from = self.keepalives.len();
        while !self.keepalives[from..].contains(&Keepalive::UserPresenceNeeded) {
            if let Some(Event::Keepalive(status)) =
                self.channel.handle_report(&self.report().unwrap()).unwrap()
            {
                self.keepalives.push(status);
            }
        }
    }

    fn cancel(&mut self) {
        self.channel.cancel();
        let payload = vec![0x2d];
        assert_eq!(self.event(), Some(Event::Response { command: Command::Cbor, payload }));
    }
}

#[test]
fn while_one_waits_for_a_person_the_others_are_served() {
    let service = start(lasting());
    let mut waiting: Vec<Client> = (0..7).map(|_| Client::open(&service.path)).collect();
    waiting.iter_mut().for_each(Client::begin_wait);
    let mut other = Client::open(&service.path);
    let begun = Instant::now();
    for count in 1..=3 {
        assert_eq!(other.cbor(&[4]), said(own(), own() == 0, count));
    }
    assert!(other.keepalives.is_empty(), "{:?}", other.keepalives);
    // Each ends when it is cancelled, and no other one.
    for client in &mut waiting {
        client.cancel();
        assert_eq!(client.cbor(&[4]), said(own(), own() == 0, 2), "in the session that has waited");
    }
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[test]
fn a_wait_that_is_cancelled_before_it_begins_ends_as_well() {
    let service = start(lasting());
    let mut slow = Client::open(&service.path);
    slow.channel.request(Command::Cbor, &[SLEEP, 2]).unwrap();
    slow.flush();
    let mut client = Client::open(&service.path);
    client.channel.request(Command::Cbor, &[WAIT_BESIDE]).unwrap();
    client.cancel();
}

#[test]
fn an_answer_may_take_several_waits_and_a_deaf_one_is_forgotten() {
    let service = start(lasting());
    let mut client = Client::open(&service.path);
    assert_eq!(client.cbor(&[SLEEP_BESIDE, 1]), [0]);
    client.channel.request(Command::Cbor, &[SLEEP_BESIDE, 3]).unwrap();
    client.flush();
    client.report().unwrap();
    client.init();
    // Its session comes back with the end of the wait.
    assert_eq!(client.cbor(&[4]), said(own(), own() == 0, 3));
}

#[test]
fn one_who_hangs_up_ends_their_wait_and_nobody_elses() {
    let service = start(Settings { idle_exit: Duration::from_millis(300), ..lasting() });
    let mut gone = Client::open(&service.path);
    let mut stays = Client::open(&service.path);
    gone.begin_wait();
    stays.begin_wait();
    drop(gone);
    stays.until_needed();
    let begun = Instant::now();
    drop(stays);
    service.serving.join().unwrap().unwrap();
    assert!(begun.elapsed() < Duration::from_secs(5), "the wait had been 20 s");
}

/// A wait that goes on after its peer has gone counts as a connection, and keeps the service from ending.
#[test]
fn no_more_waits_than_connections() {
    let settings = Settings { connections_for_account: 3, ..brief() };
    let service = start(settings);
    let begun = Instant::now();
    for _ in 0..2 {
        let mut gone = Client::open(&service.path);
        gone.channel.request(Command::Cbor, &[SLEEP_BESIDE, 9]).unwrap();
        gone.flush();
        gone.report().unwrap();
    }
    let last = Client::open(&service.path);
    assert!(Client::new(&service.path).turned_away());
    assert!(begun.elapsed() < Duration::from_millis(900), "the waits were still going on");
    drop(last);
    service.serving.join().unwrap().unwrap();
    assert!(begun.elapsed() >= Duration::from_secs(1), "both waits were waited for");
}

#[test]
fn a_panic_in_a_wait_ends_the_service() {
    let service = start(lasting());
    let mut client = Client::open(&service.path);
    client.channel.request(Command::Cbor, &[PANIC_BESIDE]).unwrap();
    client.flush();
    while client.report().is_some() {}
    assert!(service.serving.join().is_err());
}

/// Run by the next test, in a process of its own.
#[test]
#[ignore = "a process of its own, which it ends"]
fn hangs() {
    let asked: u8 = std::env::var("PASSKEY_TEST_ASKED").unwrap().parse().unwrap();
    let service = start(Settings { request: Duration::from_millis(200), ..lasting() });
    let mut client = Client::open(&service.path);
    client.channel.request(Command::Cbor, &[asked, 100]).unwrap();
    client.flush();
    thread::sleep(Duration::from_secs(8));
}

/// At work or in a wait, cancelled or not.
#[test]
fn what_hangs_ends_the_service() {
    for asked in [SLEEP, SLEEP_BESIDE] {
        let begun = Instant::now();
        let mut child = std::process::Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", "hangs", "--ignored", "--nocapture"]);
        let child = child.env("PASSKEY_TEST_ASKED", asked.to_string()).output().unwrap();
        let said = String::from_utf8_lossy(&child.stderr).into_owned();
        assert_eq!(child.status.code(), Some(1), "{said}");
        assert!(said.contains("does not answer; ending, to be started anew"), "{said}");
        assert!(begun.elapsed() < Duration::from_secs(5));
    }
}

#[test]
fn a_peer_that_never_reads_is_let_go_and_hinders_no_other() {
    let service = start(Settings { unread: Duration::from_millis(200), ..lasting() });
    let mut deaf = Client::open(&service.path);
    rustix::net::sockopt::set_socket_recv_buffer_size(&deaf.socket, 1).unwrap();
    let begun = Instant::now();
    let ended = loop {
        deaf.channel.init([1; 8]);
        let report = deaf.channel.next_report().unwrap();
        match rustix::net::send(&deaf.socket, &report, SendFlags::NOSIGNAL | SendFlags::DONTWAIT) {
            Err(Errno::PIPE | Errno::CONNRESET) => break true,
            _ if begun.elapsed() > Duration::from_secs(10) => break false,
            Ok(_) => {}
            Err(_) => thread::sleep(Duration::from_millis(5)),
        }
    };
    assert!(ended);
    assert_eq!(Client::open(&service.path).cbor(&[4]), said(own(), own() == 0, 1));
}

#[test]
fn silence_has_an_end() {
    let service = start(Settings {
        first_report: Duration::from_millis(100),
        silence: Duration::from_millis(400),
        ..lasting()
    });
    let begun = Instant::now();
    assert!(Client::new(&service.path).is_closed());
    assert!(begun.elapsed() < Duration::from_millis(350));
    let client = Client::open(&service.path);
    let begun = Instant::now();
    assert!(client.is_closed());
    assert!(begun.elapsed() >= Duration::from_millis(350));
}

#[test]
fn connections_are_limited_for_each_account() {
    let service = start(Settings { connections_for_account: 2, ..lasting() });
    let mut within: Vec<Client> = (0..2).map(|_| Client::open(&service.path)).collect();
    assert!(Client::new(&service.path).turned_away());
    for client in &mut within {
        assert_eq!(client.cbor(&[4]), said(own(), own() == 0, 1));
    }
    within.pop();
    // The service learns of it in its own time.
    let begun = Instant::now();
    while Client::new(&service.path).turned_away() {
        assert!(begun.elapsed() < Duration::from_secs(5));
    }
}

impl Client {
    fn turned_away(mut self) -> bool {
        self.channel.init([2; 8]);
        let report = self.channel.next_report().unwrap();
        rustix::net::send(&self.socket, &report, SendFlags::NOSIGNAL).is_err() || self.report().is_none()
    }
}

#[test]
fn users_leave_room_for_root() {
    if !machine::has(own() == 0, "root, for more than one user") {
        return;
    }
    let service = start(Settings { connections_of_users: 2, connections_of_root: 1, ..lasting() });
    let (sender, receiver) = mpsc::channel();
    let path = service.path.clone();
    let users = thread::spawn(move || {
        rustix::thread::set_thread_res_uid(Uid::from_raw(1234), Uid::from_raw(1234), Uid::from_raw(1234))
            .unwrap();
        let held = [Client::open(&path), Client::open(&path)];
        sender.send(Client::new(&path).is_closed()).unwrap();
        thread::park_timeout(Duration::from_secs(5));
        drop(held);
    });
    assert!(receiver.recv().unwrap());
    assert_eq!(Client::open(&service.path).cbor(&[4]), said(0, true, 1));
    users.thread().unpark();
    users.join().unwrap();
}

#[test]
fn the_user_who_holds_most_gives_way() {
    if !machine::has(own() == 0, "root, for more than one user") {
        return;
    }
    let service = start(Settings { connections_of_users: 2, ..lasting() });
    let open_as = |uid: u32| {
        let path = service.path.clone();
        let opened = thread::spawn(move || {
            let user = Uid::from_raw(uid);
            rustix::thread::set_thread_res_uid(user, user, user).unwrap();
            Client::open(&path)
        });
        opened.join().unwrap()
    };
    let [oldest, mut newer] = [(); 2].map(|()| open_as(1234));
    let mut other = open_as(1235);
    assert!(oldest.is_closed());
    assert_eq!(newer.cbor(&[4]), said(1234, false, 1));
    assert_eq!(other.cbor(&[4]), said(1235, false, 1));
}

#[test]
fn what_there_is_to_show_is_shown() {
    let service = start(lasting());
    let mut client = Client::open(&service.path);
    client.channel.request(Command::Show, &[]).unwrap();
    let event = loop {
        match client.event().unwrap() {
            Event::Keepalive(_) => {}
            event => break event,
        }
    };
    let Event::Response { command: Command::Show, payload } = event else { panic!("{event:?}") };
    let shown = ctap::show::Shown::parse(&payload).unwrap();
    assert_eq!((shown.text.as_str(), shown.uri.as_deref()), ("Scan this.", Some("FIDO:/0123")));
    assert!(shown.drawing.is_some());
}

#[test]
fn long_messages_go_both_ways() {
    let service = start(lasting());
    let mut client = Client::open(&service.path);
    assert_eq!(client.cbor(&[LONG]), vec![0; 7609]);
    client.channel.request(Command::Ping, &[7; 7609]).unwrap();
    let payload = vec![7; 7609];
    assert_eq!(client.event(), Some(Event::Response { command: Command::Ping, payload }));
    client.channel.request(Command::Wink, &[]).unwrap();
    assert_eq!(client.event(), Some(Event::Error(HidError::INVALID_COMMAND)));
}

#[test]
fn without_connections_it_ends() {
    let service = start(brief());
    let client = Client::open(&service.path);
    thread::sleep(Duration::from_millis(500));
    assert!(!service.serving.is_finished());
    drop(client);
    service.serving.join().unwrap().unwrap();
}

#[test]
fn a_panic_of_the_authenticator_ends_the_service() {
    let service = start(lasting());
    let mut client = Client::open(&service.path);
    client.channel.request(Command::Cbor, &[PANIC]).unwrap();
    client.flush();
    while client.report().is_some() {}
    assert!(service.serving.join().is_err());
}

#[test]
fn a_socket_that_was_left_behind_is_replaced_and_one_in_use_is_not() {
    let service = start(brief());
    let in_use = Listener::bind(&service.path).unwrap_err().to_string();
    assert!(in_use.ends_with("test.sock: cannot listen: Address already in use (os error 98)"), "{in_use}");
    service.serving.join().unwrap().unwrap();
    drop(Listener::bind(&service.path).unwrap());
}

#[test]
fn nothing_is_taken_that_systemd_did_not_hand_over() {
    let error = Listener::from_systemd().unwrap_err().to_string();
    assert!(error.contains("LISTEN_FDS"), "{error}");
}

/// With as many requests under way as a user may have connections.
#[test]
fn one_user_keeps_root_waiting_for_no_more_than_a_request() {
    if !machine::has(own() == 0, "root, for more than one user") {
        return;
    }
    let service = start(lasting());
    let until = Instant::now() + Duration::from_millis(1200);
    let busy: Vec<JoinHandle<()>> = (0..8)
        .map(|_| {
            let path = service.path.clone();
            thread::spawn(move || {
                let user = Uid::from_raw(1234);
                rustix::thread::set_thread_res_uid(user, user, user).unwrap();
                let mut client = Client::open(&path);
                while Instant::now() < until {
                    client.cbor(&[SLEEP, 2]);
                }
            })
        })
        .collect();
    thread::sleep(Duration::from_millis(600));
    let mut root = Client::open(&service.path);
    let begun = Instant::now();
    root.cbor(&[4]);
    let took = begun.elapsed();
    for thread in busy {
        thread.join().unwrap();
    }
    // One that is worked on already, and some time for a loaded machine.
    assert!(took < Duration::from_millis(700), "{took:?}");
}

/// Names an account, and is let in for it or not.
fn open_for(service: &Service, account: u32) -> Option<Client> {
    let mut client = Client::new(&service.path);
    client.send(&naming(account));
    client.channel.init([3; 8]);
    (client.event() == Some(Event::Opened)).then_some(client)
}

/// Any user can start set-uid programs that ask for alice's PIN and wait.
#[test]
fn prompts_for_one_account_keep_no_other_account_out() {
    if !machine::has(own() == 0, "root, for more than one user") {
        return;
    }
    let service = start(lasting());
    let open = |account| open_for(&service, account);
    let waiting: Vec<Option<Client>> = (0..40).map(|_| open(1000)).collect();
    assert!(open(1001).is_some(), "{} are open", waiting.iter().flatten().count());
}

#[test]
fn one_that_is_idle_gives_way_to_another_account() {
    if !machine::has(own() == 0, "root, for more than one user") {
        return;
    }
    let service = start(Settings { connections_of_root: 3, ..lasting() });
    let mut open: Vec<Client> =
        [1000, 1001, 1001].into_iter().map(|account| open_for(&service, account).unwrap()).collect();
    open[1].begin_wait();
    let other = open_for(&service, 1002).unwrap();
    assert!(open.pop().unwrap().is_closed(), "the one of 1001's that is idle");
    open[1].cancel();
    open.push(other);
    for (client, count) in open.iter_mut().zip([1, 2, 1]) {
        assert_eq!(client.cbor(&[4]).last(), Some(&count));
    }
}

#[test]
fn one_that_names_no_account_keeps_nobody_out() {
    if !machine::has(own() == 0, "root, for more than one user") {
        return;
    }
    let service = start(Settings { connections_unnamed: 2, ..lasting() });
    let begun = Instant::now();
    let silent = [(); 2].map(|()| Client::new(&service.path));
    assert!(open_for(&service, 1000).is_some());
    assert!(silent[0].is_closed());
    assert!(begun.elapsed() < Duration::from_secs(5), "before the time for a name is over");
}
