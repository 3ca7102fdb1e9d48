//! Which passkeys a device holds, asked by a process of its own: a device that hangs keeps the kernel, and with it the process that talks to
//! the device, waiting for seconds. The watcher waits for none of them.
//!
//! Everything is asked silently. No key blinks, no PIN is asked for, and the key is let go when it has answered.

use std::ffi::OsString;
use std::io::{self, Read as _};
use std::os::fd::{AsFd as _, BorrowedFd};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use ctap::Aaguid;
use passkey_core::account::{Account, UserDatabase as _};
use passkey_core::ceremony::{InspectError, InspectedKey, KeyError, LinuxPlatform, inspect};
use passkey_core::config::{Config, DEFAULT_PATH};
use passkey_core::credential::{Credential, CredentialId};
use passkey_core::safe_file::Owner;
use passkey_core::session::find_passkeys;
use passkey_core::store::Store;
use serde::{Deserialize, Serialize};

use super::presence::{Device, Holds};
use crate::account::SystemUsers;
use crate::report::{Exit, StdoutError, plain, warning};

/// What this program is called with to be that process: the configuration, or `-`, and the device node. It is not a command for people.
pub(crate) const COMMAND: &str = "probe-security-key";
/// How long a device may take to answer.
const TIMEOUT: Duration = Duration::from_secs(5);
/// How long the process may take in all.
pub(super) const PATIENCE: Duration = Duration::from_secs(8);
/// The longest answer, in bytes.
const MAX_LEN: usize = 256 * 1024;

/// What the process says.
#[derive(Debug, Deserialize, Serialize)]
struct Answer {
    /// The device that was asked: another one may have taken its node meanwhile.
    sysfs: PathBuf,
    /// Ids of passkeys that it has signed for.
    proved: Vec<String>,
    /// Ids of passkeys that its model makes it the likely holder of.
    claimed: Vec<String>,
}

/// A device that is being asked.
#[derive(Debug)]
pub(super) struct Probe {
    sysfs: PathBuf,
    child: Child,
    text: Vec<u8>,
    started: Instant,
}

/// What has become of a question.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// There is more to come.
    Pending,
    /// The device has shown this.
    Told(Holds),
    /// It has shown nothing, and may another time.
    Unknown,
}

impl Probe {
    /// Has a process ask the device.
    pub(super) fn start(device: &Device, config: Option<&Path>) -> io::Result<Self> {
        let mut command = Command::new("/proc/self/exe");
        command.arg(COMMAND).arg(config.unwrap_or(Path::new("-"))).arg(&device.node);
        command.env_clear().current_dir("/").stdin(Stdio::null()).stdout(Stdio::piped());
        Ok(Self {
            sysfs: device.sysfs.clone(),
            child: command.spawn()?,
            text: Vec::new(),
            started: Instant::now(),
        })
    }

    /// The device.
    pub(super) fn sysfs(&self) -> &Path {
        &self.sysfs
    }

    /// Readable when there is something to [take in](Self::advance).
    pub(super) fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.child.stdout.as_ref().map(|stdout| stdout.as_fd())
    }

    /// The time that is left to it.
    pub(super) fn left(&self) -> Duration {
        PATIENCE.saturating_sub(self.started.elapsed())
    }

    /// Takes in what has been said, if there is something to read.
    pub(super) fn advance(&mut self, is_readable: bool) -> Outcome {
        if is_readable && let Some(stdout) = &mut self.child.stdout {
            let mut chunk = [0; 16 * 1024];
            match stdout.read(&mut chunk) {
                Ok(0) => return parse(&self.text, &self.sysfs).map_or(Outcome::Unknown, Outcome::Told),
                Ok(len) => self.text.extend_from_slice(chunk.get(..len).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return Outcome::Unknown,
            }
        }
        if self.text.len() > MAX_LEN || self.left().is_zero() { Outcome::Unknown } else { Outcome::Pending }
    }

    /// Has the process end. It is to be waited for, but may be a while in the kernel.
    pub(super) fn end(mut self) -> Child {
        // One that has ended cannot be killed, and need not be.
        let _ = self.child.kill();
        self.child
    }
}

fn parse(text: &[u8], sysfs: &Path) -> Option<Holds> {
    let answer: Answer = serde_json::from_slice(text).ok()?;
    let ids =
        |ids: &[String]| ids.iter().map(|id| CredentialId::from_base64url(id)).collect::<Option<Vec<_>>>();
    if answer.sysfs != sysfs {
        return None;
    }
    Some(Holds { proved: ids(&answer.proved)?, claimed: ids(&answer.claimed)? })
}

/// That process, from beginning to end.
pub(crate) fn inside(arguments: &[OsString]) -> Exit {
    // It is not to go on when the watcher has ended.
    let _ = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL));
    let [config, node] = arguments else { return Exit::Usage };
    let config = (config != "-").then(|| Path::new(config));
    match ask(config, Path::new(node)) {
        // The device has not answered, or is no longer there.
        Ok(None) => Exit::NoKey,
        Ok(Some(answer)) => match plain::<StdoutError>(&serde_json::to_string(&answer).unwrap_or_default()) {
            Ok(()) => Exit::Done,
            Err(_) => Exit::Failed,
        },
        Err(reason) => {
            warning(&reason);
            Exit::Failed
        }
    }
}

/// What is on file of the user whose process this is.
#[derive(Debug)]
pub(crate) struct OnFile {
    pub(crate) config: Config,
    pub(crate) store: Store,
    /// Whose file it is: the record of the passkeys' use goes by this name.
    pub(crate) owner: Account,
    /// The credential file, where there is one.
    pub(crate) path: Option<PathBuf>,
    /// The passkeys that may sign in.
    pub(crate) passkeys: Vec<Credential>,
}

impl OnFile {
    /// Reads it.
    ///
    /// # Errors
    /// A sentence that says why it cannot be read.
    pub(crate) fn read(config: Option<&Path>) -> Result<Self, String> {
        let uid = rustix::process::geteuid().as_raw();
        let config = match config {
            None => Config::load(Path::new(DEFAULT_PATH)),
            Some(path) => Config::read(path, Owner::RootOr(uid)).map(Option::unwrap_or_default),
        };
        let config = config.map_err(|error| error.to_string())?;
        let account = SystemUsers.by_uid(uid).map_err(|error| error.to_string())?;
        let account = account.ok_or_else(|| format!("user id {uid} has no account"))?;
        let store = Store::new(&config);
        let found = find_passkeys(&store, &SystemUsers, &account).map_err(|error| error.to_string())?;
        let (owner, path, passkeys) = found.map_or((account, None, Vec::new()), |(owner, loaded)| {
            let passkeys = loaded.file.enabled().cloned().collect();
            (owner, Some(loaded.path), passkeys)
        });
        Ok(Self { config, store, owner, path, passkeys })
    }
}

fn ask(config: Option<&Path>, node: &Path) -> Result<Option<Answer>, String> {
    let on_file = OnFile::read(config)?;
    let credentials: Vec<&Credential> =
        on_file.passkeys.iter().filter(|passkey| !passkey.is_on_a_service()).collect();
    let mut platform = LinuxPlatform::new(None).only(node.to_owned());
    let started = Instant::now();
    let inspected = inspect(&mut platform, &credentials, TIMEOUT);
    let is_in_time = started.elapsed() < TIMEOUT;
    let Some(key) = inspected.first() else { return Ok(None) };
    let Some(sysfs) = platform.sysfs(key.key.id).map(Path::to_owned) else { return Ok(None) };
    let Some(holds) = shown(key, &credentials, is_in_time) else { return Ok(None) };
    let text = |ids: &[CredentialId]| ids.iter().map(CredentialId::to_base64url).collect();
    Ok(Some(Answer { sysfs, proved: text(&holds.proved), claimed: text(&holds.claimed) }))
}

/// What a device has shown; `None` where it may show more another time.
fn shown(key: &InspectedKey, credentials: &[&Credential], is_in_time: bool) -> Option<Holds> {
    if key.holds.is_empty() && !is_in_time {
        return None;
    }
    let model = match &key.info {
        Ok(Some(info)) => Some(info.aaguid),
        Ok(None) => return Some(shown_by_u2f(&key.holds, credentials)),
        Err(InspectError::Lost(error)) => return (!may_answer_later(*error)).then(Holds::default),
        Err(InspectError::Refused(_) | InspectError::Malformed) => None,
    };
    let proved = key.holds.clone();
    let is_claimed = |credential: &&&Credential| {
        model.is_some_and(|model| credential.may_be_hidden_on(model)) && !proved.contains(&credential.id)
    };
    let claimed = credentials.iter().filter(is_claimed).map(|credential| credential.id.clone()).collect();
    Some(Holds { proved, claimed })
}

/// A key that speaks only U2F says which passkeys are its own, and signs nothing without a touch. Only passkeys that were made on such a key,
/// which has no model, can be on it.
fn shown_by_u2f(holds: &[CredentialId], credentials: &[&Credential]) -> Holds {
    let is_claimed =
        |credential: &&&Credential| credential.aaguid == Aaguid::ZERO && holds.contains(&credential.id);
    let claimed = credentials.iter().filter(is_claimed).map(|credential| credential.id.clone()).collect();
    Holds { proved: Vec::new(), claimed }
}

/// Whether a device that could not be talked to may be another time.
fn may_answer_later(error: KeyError) -> bool {
    match error {
        KeyError::Unplugged
        | KeyError::CannotOpen
        | KeyError::Hidden
        | KeyError::NoDescriptors
        | KeyError::Silent
        | KeyError::Stuck
        | KeyError::Busy
        | KeyError::Garbled(_)
        | KeyError::NoRandomness => true,
        KeyError::NoProtocol | KeyError::Refused(_) => false,
    }
}

#[cfg(test)]
#[path = "probe_tests.rs"]
mod tests;
