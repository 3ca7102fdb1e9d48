use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketAddrUnix, SocketFlags, SocketType, accept, bind, listen, recv,
    send, socket_with,
};

use super::*;

#[test]
fn the_words_of_the_crate_become_a_status() {
    for (words, expected) in [
        ("response_status err = 0x31 CTAP2_ERR_PIN_INVALID   PIN Invalid.", Failure::Status(0x31)),
        (
            "response_status err = 0x2E CTAP2_ERR_NO_CREDENTIALS    No valid credentials",
            Failure::Status(0x2e),
        ),
        // One without a name, and one of a single digit.
        ("response_status err = 0x99", Failure::Status(0x99)),
        ("response_status err = 0x7", Failure::Status(0x07)),
        ("response_status err = 0x", Failure::Garbled),
        ("response_status err = 0xPIN", Failure::Garbled),
        ("read err = 0xFE", Failure::Gone),
        ("read error", Failure::Gone),
        ("write error", Failure::Gone),
        ("Failed to open device.", Failure::CannotOpen),
        ("ciborium parse error", Failure::Garbled),
        ("", Failure::Garbled),
    ] {
        assert_eq!(failure(words), expected, "{words}");
    }
}

/// Who is asked for.
const ACCOUNT: u32 = 1000;
/// The tests set the folder of the whole process, one at a time.
static FOLDER: std::sync::Mutex<()> = std::sync::Mutex::new(());

/// A service that answers the requests of so many connections like this: with these replies, one after the other, and then nothing more.
/// Without the account, nothing at all.
fn service(
    folder: &tempfile::TempDir,
    connections: usize,
    replies: Vec<Vec<u8>>,
) -> (std::path::PathBuf, thread::JoinHandle<()>) {
    let path = folder.path().join("tpm.sock");
    let listener =
        socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None).unwrap();
    bind(&listener, &SocketAddrUnix::new(&path).unwrap()).unwrap();
    listen(&listener, 2).unwrap();
    let replies = Arc::new(std::sync::Mutex::new(std::collections::VecDeque::from(replies)));
    let thread = thread::spawn(move || {
        let served: Vec<_> = (0..connections)
            .map(|_| {
                let (socket, replies) = (accept(&listener).unwrap(), Arc::clone(&replies));
                thread::spawn(move || serve(&socket, &replies))
            })
            .collect();
        for one in served {
            one.join().unwrap();
        }
    });
    (path, thread)
}

fn serve(socket: &std::os::fd::OwnedFd, replies: &std::sync::Mutex<std::collections::VecDeque<Vec<u8>>>) {
    let mut report = [0; 64];
    let account = [0xff, 0xff, 0xff, 0xff, 0xc2, 0, 4, 0, 0, 0x03, 0xe8];
    recv(socket, &mut report, RecvFlags::empty()).unwrap();
    assert_eq!(report[..account.len()], account);
    while recv(socket, &mut report, RecvFlags::empty()).is_ok_and(|(len, _)| len > 0) {
        let mut reply = [0; 64];
        // The channel and the command are those of the request.
        reply[..5].copy_from_slice(&report[..5]);
        if report[4] == 0x86 {
            // CTAPHID_INIT: the nonce, a channel, versions and capabilities.
            reply[6] = 17;
            reply[7..15].copy_from_slice(&report[7..15]);
            reply[15..24].copy_from_slice(&[1, 2, 3, 4, 2, 1, 0, 0, 0x04]);
        } else if report[4] == 0x91 {
            // CTAPHID_CANCEL.
            continue;
        } else {
            let Some(told) = replies.lock().unwrap().pop_front() else { return };
            reply[6] = u8::try_from(told.len()).unwrap();
            for (place, byte) in reply.iter_mut().skip(7).zip(told) {
                *place = byte;
            }
        }
        let _ = send(socket, &reply, SendFlags::NOSIGNAL);
    }
}

fn folder_of(folder: &tempfile::TempDir) -> Folder {
    Folder::of(folder.path().to_owned(), rustix::process::getuid().as_raw())
}

/// What the crate itself says of a key that answers a request with these statuses.
fn said_by_the_crate(statuses: &[u8]) -> Failure {
    let _alone = FOLDER.lock().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let (path, key) = service(&dir, 1, statuses.iter().map(|status| vec![*status]).collect());
    hidapi::services(folder_of(&dir), ACCOUNT);
    let settings = LibCfg::init();
    let params = [HidParam::Path(path.to_str().unwrap().to_owned())];
    let opened = classify_error(FidoKeyHidFactory::create_by_params(&params, &settings)).unwrap();
    let failure = classify_error(opened.get_info()).unwrap_err();
    drop(opened);
    key.join().unwrap();
    failure
}

/// Each sentence is made by the crate, not copied from it: another version with other sentences turns this red.
#[test]
fn the_sentences_that_are_parsed_are_those_of_the_crate() {
    // A status with a name, one of a single digit, and one that the crate has no name for.
    for status in [[0x31].as_slice(), &[0x2e], &[0x07], &[0x99]] {
        assert_eq!(said_by_the_crate(status), Failure::Status(status[0]), "{status:?}");
    }
    assert_eq!(said_by_the_crate(&[]), Failure::Gone, "it hangs up");
    let _alone = FOLDER.lock().unwrap();
    let nowhere = [HidParam::Path("/dev/hidraw-of-nobody".to_owned())];
    let opened = classify_error(FidoKeyHidFactory::create_by_params(&nowhere, &LibCfg::init()));
    assert_eq!(opened.err(), Some(Failure::CannotOpen));
}

/// What becomes of a request to a service that answers like this.
fn done(operation: Operation, replies: Vec<Vec<u8>>) -> Result<Outcome, Failure> {
    let _alone = FOLDER.lock().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let (socket, key) = service(&dir, 2, replies);
    let of = Identity::Service { socket, account: ACCOUNT };
    let request = Request { of, protocol: 2, preview: false, operation };
    let (ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
    let end = |stream: &std::os::unix::net::UnixStream| {
        File::from(std::os::fd::OwnedFd::from(stream.try_clone().unwrap()))
    };
    let mut channel =
        Channel { input: BufReader::with_capacity(MAX_REQUEST_LEN, end(&theirs)), output: end(&theirs) };
    let outcome = work(request, &folder_of(&dir), &mut channel);
    // The command hangs up: nothing waits for a person any more, and the connections go.
    drop(ours);
    key.join().unwrap();
    outcome
}

/// The crate's requests and our own, over connections that name the account first.
#[test]
fn a_service_is_asked_like_a_key() {
    let pin = || ctap::Pin::parse(&ctap::Secret::new(b"2468".to_vec()), 4).unwrap();
    let passkeys = done(Operation::Passkeys { pin: pin() }, vec![vec![0x3b]]);
    assert_eq!(passkeys, Err(Failure::Status(0x3b)));
    let setting = crate::key::Setting::ToggleAlwaysUv;
    let configured = done(Operation::Configure { pin: pin(), setting }, vec![vec![0x3c]]);
    assert_eq!(configured, Err(Failure::Status(0x3c)));
}

#[test]
fn a_service_that_listens_no_more_is_gone() {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("tpm.sock");
    let of = Identity::Service { socket, account: ACCOUNT };
    assert_eq!(Found::look(&of, &folder_of(&dir)).err(), Some(Failure::Gone));
}

/// A sentence may change with any version.
#[test]
fn the_version_of_the_crate_is_pinned() {
    let workspace = include_str!("../../../../Cargo.toml");
    assert!(workspace.lines().any(|line| line.starts_with("ctap-hid-fido2 = \"=")));
}
