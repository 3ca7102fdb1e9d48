//! A machine of its own: this thread's view of the file system, with a key, a user and a log.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use ctap::Secret;
use ctap::cose::Algorithm;
use ctaphid_socket::Folder;
use jiff::Timestamp;
use passkey_core::account::{Account, PasswdEntry};
use passkey_core::ceremony::{Enrolment, LinuxPlatform, Notice, PinAnswer, PinPrompt, Prompter, enrol};
use passkey_core::config::{Config, UserVerification};
use passkey_core::credential::UserHandle;
use passkey_core::store::Store;
use virtual_key::live::LiveKey;
use virtual_key::{Form, KeyConfig};

/// Who signs in: a user that every machine has.
pub const USER: &str = "nobody";
/// The PIN of the key.
pub(crate) const PIN: &str = "2468";
const SOCKET: &str = "/run/passkey/authenticators/tpm.sock";
/// Folders that are this machine's own, empty at first.
const FOLDERS: [&str; 4] = ["/etc/passkey", "/var/lib/passkey", "/run/passkey", "/dev"];
/// What is taken over from the real one.
const DEVICES: [&str; 4] = ["/dev/null", "/dev/urandom", "/dev/random", "/dev/tty"];
/// The command byte of getAssertion (CTAP 2.1 §6.2).
const GET_ASSERTION: u8 = 0x02;

/// A machine with this computer's passkey for [`USER`].
///
/// The folders are the calling thread's and those of the programs that it starts; every other thread keeps the real ones.
pub struct Machine {
    key: LiveKey,
    log: UnixDatagram,
}

/// Types the PIN.
struct Typist;

impl Prompter for Typist {
    fn tell(&mut self, _: &Notice) {}

    fn ask_pin(&mut self, _: &PinPrompt<'_>) -> PinAnswer {
        PinAnswer::Pin(Secret::new(PIN.as_bytes().to_vec()))
    }
}

impl Machine {
    /// # Panics
    /// Without root, and where anything else is amiss.
    pub fn new() -> Self {
        own_mounts();
        let log = UnixDatagram::bind("/dev/log").expect("a socket");
        log.set_nonblocking(true).expect("a socket");
        fs::create_dir("/run/passkey/authenticators").expect("a folder");
        let config = KeyConfig { always_uv: true, form: Form::Platform, ..KeyConfig::new("tpm") };
        let key = LiveKey::behind(Path::new(SOCKET), config.pin(PIN)).expect("a key");
        key.plug().expect("a key");
        enrol_user();
        key.take_counts();
        Self { key, log }
    }

    /// How often the key has been asked for an assertion since the last call.
    pub fn assertions(&self) -> u64 {
        self.key.take_counts().commands.get(&GET_ASSERTION).copied().unwrap_or_default()
    }

    /// What has been logged since the last call.
    pub fn logged(&self) -> String {
        let mut text = String::new();
        let mut line = [0; 4096];
        while let Ok(len) = self.log.recv(&mut line) {
            text.push_str(&String::from_utf8_lossy(line.get(..len).unwrap_or_default()));
            text.push('\n');
        }
        text
    }

    /// Puts an empty folder of this machine's own in the place of `folder`.
    ///
    /// # Panics
    /// When it cannot be mounted.
    pub fn hide(&self, folder: &str) {
        run("mount", &["-t", "tmpfs", "-o", "mode=755", "none", folder]);
    }

    /// The account of [`USER`].
    ///
    /// # Panics
    /// Where this machine has no such user.
    pub fn account() -> Account {
        let passwd = fs::read_to_string("/etc/passwd").expect("the user database");
        let entry = passwd.lines().filter_map(PasswdEntry::parse).find(|entry| entry.name == USER);
        Account::from_entry(entry.expect("every machine has this user"))
    }

    /// The files of the store and of the state, with their content.
    ///
    /// # Panics
    /// When they cannot be read.
    pub fn files() -> Vec<(PathBuf, Vec<u8>)> {
        let mut files = Vec::new();
        for folder in ["/etc/passkey", "/var/lib/passkey"] {
            collect(Path::new(folder), &mut files).expect("files");
        }
        files.sort();
        files
    }
}

impl Default for Machine {
    fn default() -> Self {
        Self::new()
    }
}

fn collect(folder: &Path, files: &mut Vec<(PathBuf, Vec<u8>)>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push((path.clone(), fs::read(&path)?));
        }
    }
    Ok(())
}

/// Gives this thread mounts of its own, and puts [`FOLDERS`] there.
#[allow(unsafe_code, reason = "rustix marks it so as well: other threads must not share what is changed")]
fn own_mounts() {
    // SAFETY: the file system view of this thread alone changes, and no memory is shared through it.
    assert_eq!(unsafe { libc::unshare(libc::CLONE_NEWNS) }, 0, "{}", io::Error::last_os_error());
    run("mount", &["--make-rprivate", "/"]);
    let real = tempfile::tempdir().expect("a folder");
    let real = real.path().to_str().expect("text");
    run("mount", &["--bind", "/dev", real]);
    for folder in FOLDERS {
        fs::create_dir_all(folder).expect("a folder");
        run("mount", &["-t", "tmpfs", "-o", "mode=755", "none", folder]);
    }
    for device in DEVICES {
        fs::write(device, "").expect("a file");
        run("mount", &["--bind", &device.replacen("/dev", real, 1), device]);
    }
    run("umount", &["--lazy", real]);
}

fn run(program: &str, arguments: &[&str]) {
    let status = Command::new(program).args(arguments).status().expect("a program of util-linux");
    assert!(status.success(), "{program} {arguments:?}: {status}");
}

fn enrol_user() {
    let account = Machine::account();
    let user_handle = UserHandle::new(vec![7; 32]).expect("a handle");
    let enrolment = Enrolment {
        rp_id: "machine.example",
        user_handle: &user_handle,
        user_name: USER,
        name: "laptop",
        added: Timestamp::UNIX_EPOCH,
        algorithms: &[Algorithm::Es256],
        discoverable: false,
        verification: UserVerification::Required,
        existing: &[],
        device: None,
        allowed_aaguids: &[],
        enterprise_attestation: false,
        pin_attempts: 3,
        timeout: Duration::from_secs(60),
    };
    let mut platform =
        LinuxPlatform::new(None).with_services(Folder::default(), account.uid).only(SOCKET.into());
    let enrolled = enrol(&mut platform, &mut Typist, &enrolment).expect("enrolled");
    let added = Store::new(&Config::default()).update_or_create(&account, &user_handle, |file| {
        file.credentials.push(enrolled.credential);
        Ok::<_, std::convert::Infallible>(())
    });
    added.expect("stored");
    // Passkeys of a real machine lie in a folder that all may look into.
    fs::set_permissions("/etc/passkey", fs::Permissions::from_mode(0o755)).expect("a folder");
}
