//! A finger in place of the PIN: the service behind its socket, and fprintd with libfprint's virtual reader.

use std::path::PathBuf;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use authenticator_service::{Listener, ServeError, Settings, serve};
use ctap::client_pin::{self, Permissions};
use ctap::hid::{Event, Keepalive};
use ctap::make_credential;
use ctap::pin_uv_auth::{PinUvAuthProtocol, PinUvAuthToken, Session as Agreement};
use ctap::{Flags, Info, ReplyError, Status, get_assertion, info, status};
use passkey_tpm::TpmAuthenticator;
use passkey_tpm::fingerprint::{Fprintd, Limits};
use passkey_tpm::fingers::Fingers;
use passkey_tpm::state::{FingerSeals, MAX_FINGER_TRIES, Store};
use passkey_tpm::tpm::Tpm;
use tss_esapi::tcti_ldr::TctiNameConf;

use crate::client::{DISCOVERABLE, Enrolment, HASH, ORDINARY, RP_ID, pin, plain, random};
use crate::machine;
use crate::reader::{Peer, Reader, full_bus, mute_bus, nonsense};
use crate::simulator::Simulator;
use crate::socket::Connection;

const PIN: &str = "correct horse";
const PROTOCOL: PinUvAuthProtocol = PinUvAuthProtocol::Two;

/// A computer with a TPM, its service and a bus.
struct Desk {
    simulator: Simulator,
    folder: tempfile::TempDir,
    bus: String,
    limits: Limits,
    serving: Option<JoinHandle<Result<(), ServeError>>>,
}

fn own() -> u32 {
    rustix::process::getuid().as_raw()
}

/// The account's name, as fprintd is asked for it.
fn name_of(uid: u32) -> String {
    nix::unistd::User::from_uid(nix::unistd::Uid::from_raw(uid)).unwrap().unwrap().name
}

impl Desk {
    fn new(bus: String) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["state", "runtime"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        let simulator = Simulator::start();
        simulator.set_lockout(32, 7200);
        let mut desk = Self { simulator, folder, bus, limits: Limits::default(), serving: None };
        desk.switch("fingerprint = true");
        desk.start();
        desk
    }

    /// With a reader that knows one finger, and a passkey by PIN.
    fn ready() -> (Self, Reader, Vec<u8>) {
        let reader = Reader::start();
        reader.enrol(&name_of(own()), "mine");
        let desk = Self::new(reader.address());
        let mut client = desk.connect();
        client.set_pin(PIN);
        client.info();
        let id = client.enrol(PIN, ORDINARY);
        (desk, reader, id)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn switch(&self, settings: &str) {
        std::fs::write(self.path("tpm.toml"), settings).unwrap();
    }

    fn start(&mut self) {
        let listener = Listener::bind(&self.path("socket")).unwrap();
        let (tcti, bus, limits) = (self.simulator.tcti(), self.bus.clone(), self.limits);
        let [state, runtime, settings] = ["state", "runtime", "tpm.toml"].map(|name| self.path(name));
        self.serving = Some(thread::spawn(move || {
            let owner = rustix::process::geteuid().as_raw();
            let seals = FingerSeals::open(&runtime).unwrap();
            let fingers = Fingers::new(settings, owner, seals, Fprintd { bus, limits });
            let tcti: TctiNameConf = tcti.parse().unwrap();
            let authenticator = TpmAuthenticator::new(Tpm::new(tcti), Store::open(&state).unwrap());
            let idle_exit = Duration::from_millis(200);
            let mut authenticator = authenticator.with_fingers(fingers);
            serve(&listener, &mut authenticator, &Settings { idle_exit, ..Settings::default() })
        }));
    }

    /// Everybody has hung up: the service ends by itself, and is started anew.
    fn restart(&mut self) {
        self.serving.take().unwrap().join().unwrap().unwrap();
        self.simulator.power_cycle();
        self.start();
    }

    fn account_file(&self) -> String {
        std::fs::read_to_string(self.path("state").join(format!("{}.toml", own()))).unwrap()
    }

    fn seals(&self) -> usize {
        std::fs::read_dir(self.path("runtime")).unwrap().count()
    }

    fn connect(&self) -> Client {
        Client(Connection::open(&self.path("socket"), Some(own())))
    }

    /// For another account, which root alone may name.
    fn connect_for(&self, account: u32) -> Client {
        Client(Connection::open(&self.path("socket"), Some(account)))
    }
}

struct Client(Connection);

impl Client {
    fn any_event(&mut self) -> Event {
        self.0.any_event()
    }

    fn reply(&mut self) -> Vec<u8> {
        self.0.reply()
    }

    fn begin(&mut self, request: &[u8]) {
        self.0.begin(request);
    }

    fn ask(&mut self, request: &[u8]) -> Vec<u8> {
        self.0.ask(request)
    }

    fn info(&mut self) -> Info {
        Info::parse(&self.ask(&info::request())).unwrap()
    }

    fn uv(&mut self) -> Option<bool> {
        self.info().options.uv
    }

    fn agree(&mut self) -> Agreement {
        let request = client_pin::Request::KeyAgreement { protocol: PROTOCOL }.encode();
        let response = client_pin::Response::parse(&self.ask(&request)).unwrap();
        Agreement::agree(PROTOCOL, &response.key_agreement.unwrap(), &mut random).unwrap()
    }

    fn set_pin(&mut self, new: &str) {
        let session = self.agree();
        let new_pin_enc = session.new_pin_enc(&pin(new), &mut random);
        let request = client_pin::Request::SetPin { session: &session, new_pin_enc: &new_pin_enc };
        assert_eq!(self.ask(&request.encode()), [0]);
    }

    fn change_pin(&mut self, old: &str, new: &str) {
        let session = self.agree();
        let request = client_pin::Request::ChangePin {
            session: &session,
            new_pin_enc: &session.new_pin_enc(&pin(new), &mut random),
            pin_hash_enc: &session.pin_hash_enc(&pin(old), &mut random),
        };
        assert_eq!(self.ask(&request.encode()), [0]);
    }

    fn pin_token(&mut self, with: &str, permissions: Permissions) -> PinUvAuthToken {
        let session = self.agree();
        let request = client_pin::Request::PinTokenWithPermissions {
            session: &session,
            pin_hash_enc: &session.pin_hash_enc(&pin(with), &mut random),
            permissions,
            rp_id: Some(RP_ID),
        };
        let response = client_pin::Response::parse(&self.ask(&request.encode())).unwrap();
        session.open_token(&response.pin_uv_auth_token.unwrap()).unwrap()
    }

    /// Asks for a token by finger, and returns once the reader waits for one.
    fn begin_finger(&mut self, permissions: Permissions) -> Agreement {
        let session = self.request_finger(permissions);
        loop {
            match self.any_event() {
                Event::Keepalive(Keepalive::UserPresenceNeeded) => return session,
                Event::Keepalive(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    fn request_finger(&mut self, permissions: Permissions) -> Agreement {
        let session = self.agree();
        let request = client_pin::Request::UvToken { session: &session, permissions, rp_id: Some(RP_ID) };
        self.begin(&request.encode());
        session
    }

    fn finger_token(&mut self, session: &Agreement) -> Result<PinUvAuthToken, Status> {
        match client_pin::Response::parse(&self.reply()) {
            Ok(response) => Ok(session.open_token(&response.pin_uv_auth_token.unwrap()).unwrap()),
            Err(ReplyError::Status(status)) => Err(status),
            Err(ReplyError::Malformed(malformed)) => panic!("{malformed}"),
        }
    }

    /// A token by finger, refused before or after there was one.
    fn refused_finger(&mut self, permissions: Permissions) -> Status {
        let session = self.request_finger(permissions);
        self.finger_token(&session).unwrap_err()
    }

    /// Puts a finger on the reader, for a token.
    fn with_finger(&mut self, reader: &Reader, finger: &str) -> Result<PinUvAuthToken, Status> {
        let session = self.begin_finger(Permissions::GA);
        reader.scan(finger);
        self.finger_token(&session)
    }

    fn uv_retries(&mut self) -> Result<u8, Status> {
        let request = client_pin::Request::UvRetries { protocol: PROTOCOL }.encode();
        match client_pin::Response::parse(&self.ask(&request)) {
            Ok(response) => Ok(response.uv_retries.unwrap()),
            Err(ReplyError::Status(status)) => Err(status),
            Err(ReplyError::Malformed(malformed)) => panic!("{malformed}"),
        }
    }

    fn enrol(&mut self, with: &str, enrolment: Enrolment<'_>) -> Vec<u8> {
        let token = self.pin_token(with, Permissions::MC);
        self.enrol_with(&token, enrolment)
    }

    fn enrol_with(&mut self, token: &PinUvAuthToken, enrolment: Enrolment<'_>) -> Vec<u8> {
        let request = enrolment.request(Some((PROTOCOL, token.authenticate(&HASH))));
        let response = make_credential::Response::parse(&self.ask(&request.encode())).unwrap();
        response.authenticator_data.attested_credential.unwrap().credential_id
    }

    fn assert(&mut self, token: &PinUvAuthToken, id: &[u8]) -> Result<get_assertion::Response, Status> {
        let pin_uv_auth = Some((PROTOCOL, token.authenticate(&HASH)));
        let request = get_assertion::Request { allow_list: &[id], pin_uv_auth, ..plain() };
        match get_assertion::Response::parse(&self.ask(&request.encode())) {
            Ok(response) => Ok(response),
            Err(ReplyError::Status(status)) => Err(status),
            Err(ReplyError::Malformed(malformed)) => panic!("{malformed}"),
        }
    }

    fn signs_by_pin(&mut self, id: &[u8]) {
        let token = self.pin_token(PIN, Permissions::GA);
        assert!(self.assert(&token, id).unwrap().authenticator_data.flags.contains(Flags::UV));
    }
}

/// Whether fingers are off, until the PIN is right once more.
#[track_caller]
fn is_void(desk: &Desk) {
    let mut client = desk.connect();
    assert_eq!(client.uv(), Some(false));
    assert_eq!(client.refused_finger(Permissions::GA), Status::NOT_ALLOWED);
    assert_eq!(desk.seals(), 0);
}

#[test]
fn a_finger_signs_once_the_pin_was_right_since_the_last_start() {
    let (mut desk, reader, id) = Desk::ready();
    let mut client = desk.connect();
    assert_eq!(client.uv(), Some(true));
    let token = client.with_finger(&reader, "mine").unwrap();
    assert!(client.assert(&token, &id).unwrap().authenticator_data.flags.contains(Flags::UV));
    assert_eq!(
        client.assert(&token, &id).unwrap_err(),
        Status::PIN_AUTH_INVALID,
        "one finger, one signature"
    );
    // It enrols as well.
    let session = client.begin_finger(Permissions::MC);
    reader.scan("mine");
    let token = client.finger_token(&session).unwrap();
    client.enrol_with(&token, DISCOVERABLE);
    // It manages nothing.
    for permissions in [Permissions::CM, Permissions::CM | Permissions::GA] {
        assert_eq!(client.refused_finger(permissions), Status::UNAUTHORIZED_PERMISSION);
    }
    drop(client);

    // A service that was started anew knows it still.
    desk.restart();
    let mut client = desk.connect();
    assert_eq!(client.uv(), Some(true));
    client.with_finger(&reader, "mine").unwrap();
    drop(client);

    // What is in memory is gone when the computer was switched off.
    for file in std::fs::read_dir(desk.path("runtime")).unwrap() {
        std::fs::remove_file(file.unwrap().path()).unwrap();
    }
    is_void(&desk);
    let mut client = desk.connect();
    client.info();
    client.signs_by_pin(&id);
    assert_eq!(client.uv(), Some(true));
}

#[test]
fn wrong_fingers_are_counted_over_all_connections_until_the_pin_is_right() {
    let (mut desk, reader, id) = Desk::ready();
    let mut client = desk.connect();
    let session = client.begin_finger(Permissions::GA);
    // It is written down before it is tried.
    assert!(desk.account_file().contains("finger_tries_left = 2"), "{}", desk.account_file());
    reader.scan("another");
    assert_eq!(client.finger_token(&session).unwrap_err(), Status::UV_INVALID);
    assert_eq!(client.uv_retries(), Ok(2));
    drop(client);
    let mut client = desk.connect();
    assert_eq!(client.with_finger(&reader, "another").unwrap_err(), Status::UV_INVALID);
    assert_eq!(client.with_finger(&reader, "another").unwrap_err(), Status::UV_BLOCKED);
    drop(client);
    desk.restart();
    let mut client = desk.connect();
    assert_eq!((client.uv(), client.uv_retries()), (Some(true), Ok(0)));
    assert_eq!(client.refused_finger(Permissions::GA), Status::UV_BLOCKED);
    assert!(desk.account_file().contains("finger_tries_left = 0"));
    client.signs_by_pin(&id);
    assert_eq!(client.uv_retries(), Ok(MAX_FINGER_TRIES));
    // One that was not read well is no try, and the right one gives all back.
    assert_eq!(client.with_finger(&reader, "another").unwrap_err(), Status::UV_INVALID);
    let session = client.begin_finger(Permissions::GA);
    reader.command("RETRY 0");
    reader.scan("mine");
    let token = client.finger_token(&session).unwrap();
    client.assert(&token, &id).unwrap();
    assert_eq!(client.uv_retries(), Ok(MAX_FINGER_TRIES));
}

#[test]
fn a_wait_for_a_finger_keeps_nobody_waiting_and_ends_at_once() {
    let (mut desk, reader, id) = Desk::ready();
    let mut waiting = desk.connect();
    waiting.begin_finger(Permissions::GA);
    let begun = Instant::now();
    let mut other = if own() == 0 { desk.connect_for(1) } else { desk.connect() };
    if own() == 0 {
        other.set_pin("another PIN");
        other.pin_token("another PIN", Permissions::GA);
    } else {
        other.signs_by_pin(&id);
    }
    // The reader is in use: nobody else gets it, and the PIN does.
    let mut second = desk.connect();
    assert_eq!(second.uv(), Some(true));
    waiting.0.channel.cancel();
    assert_eq!(waiting.reply(), [Status::KEEPALIVE_CANCEL.0]);
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert_eq!(second.uv_retries(), Ok(MAX_FINGER_TRIES), "no finger was judged");
    // The reader is free at once, for another connection too, and when one has hung up.
    let session = second.begin_finger(Permissions::GA);
    drop(second);
    drop(session);
    waiting.with_finger(&reader, "mine").unwrap();
    assert_eq!(waiting.uv_retries(), Ok(MAX_FINGER_TRIES));
    drop((waiting, other));
    desk.restart();
}

#[test]
fn nobody_comes() {
    let (mut desk, reader, _) = Desk::ready();
    desk.limits.finger = Duration::from_millis(200);
    desk.restart();
    let mut client = desk.connect();
    let session = client.begin_finger(Permissions::GA);
    assert_eq!(client.finger_token(&session).unwrap_err(), Status::USER_ACTION_TIMEOUT);
    assert_eq!(client.uv_retries(), Ok(MAX_FINGER_TRIES));
    drop(client);
    desk.limits = Limits { begin: Duration::from_secs(1), ..Limits::default() };
    desk.restart();
    let mut client = desk.connect();
    // Another program has the reader, and does not let it go.
    let locker = Peer::new(&reader.address());
    locker.device("Claim", |call| call.append1(name_of(own()))).unwrap();
    assert_eq!(client.refused_finger(Permissions::GA), Status::NOT_ALLOWED);
    assert_eq!(client.uv_retries(), Ok(MAX_FINGER_TRIES));
    drop(locker);
    client.with_finger(&reader, "mine").unwrap();
    // It is pulled out, or breaks, while a finger is waited for.
    let session = client.begin_finger(Permissions::GA);
    reader.command("ERROR 0");
    assert_eq!(client.finger_token(&session).unwrap_err(), Status::NOT_ALLOWED);
    assert_eq!(client.uv_retries(), Ok(MAX_FINGER_TRIES));
}

#[test]
fn a_pin_that_is_another_one_makes_it_void() {
    let (desk, _reader, id) = Desk::ready();
    let mut client = desk.connect();
    assert_eq!((client.uv(), desk.seals()), (Some(true), 1));
    client.change_pin(PIN, "another PIN");
    is_void(&desk);
    client.change_pin("another PIN", PIN);
    client.info();
    client.signs_by_pin(&id);
    assert_eq!(client.uv(), Some(true));
    // A reset.
    assert_eq!(desk.connect().ask(&[0x07]), [0]);
    assert_eq!(desk.seals(), 0);
    assert_eq!(client.uv(), Some(false));
    assert_eq!(client.refused_finger(Permissions::GA), Status::PIN_NOT_SET);
    // Another TPM, or this one after it was cleared.
    client.set_pin(PIN);
    client.enrol(PIN, ORDINARY);
    assert_eq!(client.uv(), Some(true));
    drop(client);
    let mut desk = desk;
    desk.simulator.clear();
    desk.restart();
    let mut client = desk.connect();
    assert_eq!(client.uv(), Some(false));
    assert_eq!(client.refused_finger(Permissions::GA), Status::INTEGRITY_FAILURE);
}

#[test]
fn what_was_there_before_the_pin_changed_is_not_found_again() {
    let (desk, _reader, _) = Desk::ready();
    let seal = desk.path("runtime").join(format!("{}.toml", own()));
    let before = std::fs::read(&seal).unwrap();
    desk.connect().change_pin(PIN, "another PIN");
    std::fs::write(&seal, before).unwrap();
    std::fs::set_permissions(&seal, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    is_void(&desk);
}

#[test]
fn it_is_off_unless_it_is_switched_on() {
    let (desk, reader, id) = Desk::ready();
    for settings in ["fingerprint = false", "", "fingerprint = true\nmore = 1", "fingerprint = 1"] {
        desk.switch("fingerprint = true");
        let mut client = desk.connect();
        client.info();
        client.signs_by_pin(&id);
        assert_eq!((client.uv(), desk.seals()), (Some(true), 1), "{settings}");
        desk.switch(settings);
        let info = client.info();
        assert_eq!((info.options.uv, desk.seals()), (None, 0), "{settings}");
        assert_eq!(client.refused_finger(Permissions::GA), Status::INVALID_SUBCOMMAND);
        assert_eq!(client.uv_retries(), Err(Status::INVALID_SUBCOMMAND));
        client.signs_by_pin(&id);
        assert_eq!(desk.seals(), 0);
    }
    // For every account, whoever asks first.
    desk.switch("fingerprint = true");
    let mut client = desk.connect();
    client.info();
    client.signs_by_pin(&id);
    assert_eq!(desk.seals(), 1);
    desk.switch("fingerprint = false");
    let uid = own().saturating_add(u32::from(own() == 0));
    assert_eq!(desk.connect_for(uid).uv(), None);
    assert_eq!(desk.seals(), 0);
    // Switched off, or the PIN changed, while the finger is on its way.
    for meanwhile in ["off", "changed"] {
        desk.switch("fingerprint = true");
        let mut client = desk.connect();
        client.info();
        client.signs_by_pin(&id);
        let session = client.begin_finger(Permissions::GA);
        match meanwhile {
            "off" => desk.switch("fingerprint = false"),
            _ => desk.connect().change_pin(PIN, "another PIN"),
        }
        reader.scan("mine");
        assert_eq!(client.finger_token(&session).unwrap_err(), Status::NOT_ALLOWED, "{meanwhile}");
        assert_eq!(desk.seals(), 0);
    }
}

/// Any program may send a signal that looks like fprintd's.
#[test]
fn a_forged_verdict_is_not_heard() {
    let (desk, reader, _) = Desk::ready();
    let forger = Peer::new(&reader.address());
    let mut client = desk.connect();
    for result in ["verify-match", "verify-no-match"] {
        let session = client.begin_finger(Permissions::GA);
        forger.forge(result);
        reader.scan(if result == "verify-match" { "another" } else { "mine" });
        let token = client.finger_token(&session);
        assert_eq!(token.err(), (result == "verify-match").then_some(Status::UV_INVALID), "{result}");
    }
}

/// The PIN works whatever becomes of fprintd, and nobody waits for it for long.
#[test]
fn without_fprintd_the_pin_is_left() {
    let (mut desk, mut reader, id) = Desk::ready();
    let brief = Duration::from_millis(300);
    let pin_is_left = |desk: &Desk, what: &str| {
        let begun = Instant::now();
        let mut client = desk.connect();
        assert_eq!(client.uv(), Some(false), "{what}");
        assert!(begun.elapsed() < Duration::from_secs(4), "{what}: {:?}", begun.elapsed());
        client.signs_by_pin(&id);
        assert_eq!(client.refused_finger(Permissions::GA), Status::NOT_ALLOWED, "{what}");
        assert_eq!(client.uv_retries(), Ok(MAX_FINGER_TRIES), "{what}");
    };
    reader.refuse();
    pin_is_left(&desk, "polkit refuses");
    // It ends in the middle of a wait.
    drop(reader);
    let mut reader = Reader::start();
    desk.bus = reader.address();
    desk.restart();
    pin_is_left(&desk, "no prints");
    reader.enrol(&name_of(own()), "mine");
    let mut client = desk.connect();
    client.info();
    client.signs_by_pin(&id);
    let session = client.begin_finger(Permissions::GA);
    reader.kill_fprintd();
    assert_eq!(client.finger_token(&session).unwrap_err(), Status::NOT_ALLOWED);
    drop(client);
    pin_is_left(&desk, "nobody is there");
    let answers = Peer::new(&reader.address()).impersonate(|call| call.method_return().append1(nonsense()));
    pin_is_left(&desk, "nonsense");
    drop(reader);
    answers.join().unwrap();
    pin_is_left(&desk, "the bus is gone");
    let (mute, _listener) = mute_bus(desk.folder.path());
    desk.bus = mute;
    desk.limits = Limits { ask: brief, begin: brief, finger: brief };
    desk.restart();
    pin_is_left(&desk, "the bus hangs");
    let (full, _held) = full_bus(desk.folder.path());
    desk.bus = full;
    desk.restart();
    pin_is_left(&desk, "the bus takes no more connections");
}

#[test]
fn the_finger_of_one_account_is_not_anothers() {
    if !machine::has(own() == 0, "root, for more than one account") {
        return;
    }
    let (desk, reader, _) = Desk::ready();
    let mut other = desk.connect_for(1);
    other.set_pin(PIN);
    assert_eq!(other.uv(), Some(false), "no prints");
    reader.enrol(&name_of(1), "theirs");
    assert_eq!(other.uv(), Some(false), "the PIN was not right yet");
    let id = other.enrol(PIN, ORDINARY);
    assert_eq!(other.uv(), Some(true));
    assert_eq!(other.with_finger(&reader, "mine").unwrap_err(), Status::UV_INVALID);
    let token = other.with_finger(&reader, "theirs").unwrap();
    other.assert(&token, &id).unwrap();
    assert_eq!(desk.connect().uv_retries(), Ok(MAX_FINGER_TRIES));
}

/// Not in the database of users: fprintd cannot be asked for them.
#[test]
fn an_account_without_a_name_has_no_prints() {
    if !machine::has(own() == 0, "root, for more than one account") {
        return;
    }
    let reader = Reader::start();
    let desk = Desk::new(reader.address());
    let mut client = desk.connect_for(4_000_000);
    client.set_pin(PIN);
    assert_eq!(client.uv(), Some(false));
    client.enrol(PIN, ORDINARY);
    assert_eq!(desk.seals(), 0);
}

#[test]
fn what_a_token_by_finger_is_for_must_be_said() {
    let (desk, _reader, _) = Desk::ready();
    let mut client = desk.connect();
    let session = client.agree();
    for (permissions, rp_id, expected) in [
        (Permissions(0), Some(RP_ID), Status::INVALID_PARAMETER),
        (Permissions::GA, None, Status::MISSING_PARAMETER),
        (Permissions(0x40), Some(RP_ID), Status::UNAUTHORIZED_PERMISSION),
    ] {
        let request = client_pin::Request::UvToken { session: &session, permissions, rp_id };
        let reply = client.ask(&request.encode());
        assert_eq!(status::of(&reply), Err(ReplyError::Status(expected)));
    }
}
