//! The built service, behind its socket.

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use ctap::client_pin;
use ctap::pin_uv_auth::{PinUvAuthProtocol, Session as Agreement};
use passkey_tpm::ctap2::AAGUID;
use passkey_tpm::state::MAX_TRIES;

use crate::client::{pin, random};
use crate::simulator::Simulator;
use crate::socket::Connection;

struct Service {
    process: Child,
    folder: tempfile::TempDir,
}

impl Service {
    fn start(simulator: &Simulator) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let process = spawn(simulator, &folder);
        Self { process, folder }
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("tpm.sock")
    }
}

fn spawn(simulator: &Simulator, folder: &tempfile::TempDir) -> Child {
    let state = folder.path().join("state");
    let _ = std::fs::create_dir(&state);
    let socket = folder.path().join("tpm.sock");
    let _ = std::fs::remove_file(&socket);
    let process = Command::new(env!("CARGO_BIN_EXE_passkey-tpm"))
        .args(["--tcti", &simulator.tcti(), "--state"])
        .arg(&state)
        .arg("--listen")
        .arg(&socket)
        .env("TSS2_LOG", "all+none")
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while !socket.exists() {
        assert!(begun.elapsed() < Duration::from_secs(10));
        std::thread::sleep(Duration::from_millis(5));
    }
    process
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A client behind the socket.
struct Client(Connection);

impl Client {
    fn open(path: &Path) -> Self {
        Self(Connection::open(path, None))
    }

    fn ask(&mut self, request: &client_pin::Request<'_>) -> client_pin::Response {
        client_pin::Response::parse(&self.0.ask(&request.encode())).unwrap()
    }

    fn agree(&mut self) -> Agreement {
        let protocol = PinUvAuthProtocol::Two;
        let key = self.ask(&client_pin::Request::KeyAgreement { protocol }).key_agreement.unwrap();
        Agreement::agree(protocol, &key, &mut random).unwrap()
    }

    fn set_pin(&mut self, new: &str) {
        let session = self.agree();
        let new_pin_enc = session.new_pin_enc(&pin(new), &mut random);
        self.ask(&client_pin::Request::SetPin { session: &session, new_pin_enc: &new_pin_enc });
    }

    /// Sends it without waiting for the answer.
    fn begin_wrong_pin(&mut self) {
        let session = self.agree();
        let pin_hash_enc = session.pin_hash_enc(&pin("wrong one"), &mut random);
        let request = client_pin::Request::PinToken { session: &session, pin_hash_enc: &pin_hash_enc };
        self.0.begin(&request.encode());
    }
}

fn passkey_tpm(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_passkey-tpm"));
    command.args(arguments).env_remove("STATE_DIRECTORY").env_remove("LISTEN_FDS").output().unwrap()
}

/// Killed after a minute.
fn wait(mut child: Child) -> ExitStatus {
    let begun = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if begun.elapsed() > Duration::from_secs(60) {
            let _ = child.kill();
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn python_fido2_enrols_and_signs_in() {
    let simulator = Simulator::start();
    simulator.set_lockout(32, 7200);
    let service = Service::start(&simulator);
    let mut client = Command::new("/usr/bin/python3");
    client.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fido2_client.py"));
    client.arg(service.socket()).arg(AAGUID.to_string()).arg("7");
    assert_done(&mut client, &service);
    assert_eq!(simulator.lockout_counter(), 1);
}

#[test]
#[ignore = "its client is built by ./check clients"]
fn webauthn_authenticator_rs_enrols_and_signs_in() {
    let simulator = Simulator::start();
    simulator.set_lockout(32, 7200);
    let service = Service::start(&simulator);
    let client = std::env::var_os("WEBAUTHN_RS_CLIENT").expect("./check clients says where it is");
    let mut client = Command::new(client);
    client.arg("platform").arg(service.socket()).arg(AAGUID.to_string());
    assert_done(&mut client, &service);
    // It has typed two wrong PINs.
    assert_eq!(simulator.lockout_counter(), 2);
}

/// An independent client has done all that it does.
fn assert_done(client: &mut Command, service: &Service) {
    let state = std::fs::metadata(service.folder.path().join("state")).unwrap();
    let is_root = std::os::unix::fs::MetadataExt::uid(&state) == 0;
    // Only root may name another account.
    client.args(is_root.then_some("1234"));
    let mut client = client.stdout(Stdio::piped()).spawn().unwrap();
    let mut said = String::new();
    BufReader::new(client.stdout.take().unwrap()).read_line(&mut said).unwrap();
    assert!(wait(client).success());
    assert_eq!(said, "done\n");
}

/// Killed at the worst moments of a try, it gives no try back and loses nothing.
#[test]
fn it_can_be_killed_at_any_moment() {
    let mut simulator = Simulator::start();
    simulator.set_lockout(100, 7200);
    let mut service = Service::start(&simulator);
    let state = service.folder.path().join("state");
    let account = rustix::process::getuid().as_raw();
    let load = || passkey_tpm::state::Store::open(&state).unwrap().load(account).unwrap();
    let mut client = Client::open(&service.socket());
    client.set_pin("correct horse");
    // While the TPM starts a session, loads the account's secret, has been asked for it.
    for (taken, (code, counted)) in (1..).zip([(0x176, 0), (0x157, 0), (0x15e, 1)]) {
        let held = simulator.hold(code);
        let mut client = Client::open(&service.socket());
        client.begin_wrong_pin();
        held.recv_timeout(Duration::from_secs(20)).unwrap();
        service.process.kill().unwrap();
        service.process.wait().unwrap();
        let account = load();
        assert_eq!(account.tries.left, MAX_TRIES - taken, "{code:#x}");
        assert!(account.pin.is_some());
        assert_eq!(simulator.lockout_counter(), counted, "{code:#x}");
        // There is no resource manager, which would clear up what the service has left in the TPM.
        simulator.power_cycle();
        service.process = spawn(&simulator, &service.folder);
    }
}

#[test]
fn what_it_cannot_do_it_says() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().to_str().unwrap();
    for (arguments, code, words) in [
        (&["--help"][..], 0, "usage: passkey-tpm"),
        (&["--nonsense"], 2, "unknown argument \"--nonsense\""),
        (&["--state"], 2, "--state takes a value"),
        (&[], 2, "--state is missing"),
        (&["--tcti", "nonsense", "--state", state], 2, "\"nonsense\" is no way to a TPM"),
        (&["--state", "/nonexistent"], 1, "/nonexistent: No such file"),
        (&["--state", state], 1, "systemd has handed over no socket"),
        (&["--state", state, "--listen", "/nonexistent/x"], 1, "/nonexistent/x: cannot listen: No such file"),
    ] {
        let output = passkey_tpm(arguments);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        assert!(said.contains(words), "{arguments:?}: {said}");
    }
}
