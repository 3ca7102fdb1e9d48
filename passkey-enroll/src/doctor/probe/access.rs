//! May a user open a file? The kernel is asked, with the user's rights: it alone knows what modes, access control lists and security
//! modules come to.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nix::unistd::{Gid, Uid};
use passkey_core::account::Account;
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use crate::report::Exit;

/// How long the kernel may take over one path: a network file system can be slow.
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest question or answer, in bytes: a path, and as many groups as the kernel knows.
const MAX_LEN: u64 = 1 << 20;
/// The user and the group that stand for those who have no rights of their own; the kernel's own choice.
const OVERFLOW_IDS: [&str; 2] = ["/proc/sys/kernel/overflowuid", "/proc/sys/kernel/overflowgid"];
/// What that is where the kernel does not say.
const NOBODY: u32 = 65_534;

/// A user and their groups.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::doctor) struct Identity {
    pub(in crate::doctor) uid: u32,
    pub(in crate::doctor) gid: u32,
    /// The supplementary groups.
    groups: Vec<u32>,
}

impl Identity {
    /// As the user database has it.
    pub(in crate::doctor) fn of(account: &Account) -> Self {
        Self { uid: account.uid, gid: account.gid, groups: crate::account::groups(account) }
    }

    /// A user who owns nothing and is in no group.
    pub(in crate::doctor) fn nobody() -> Self {
        let [uid, gid] = OVERFLOW_IDS.map(|path| {
            let text = std::fs::read_to_string(path).ok();
            text.and_then(|text| text.trim().parse().ok()).unwrap_or(NOBODY)
        });
        Self { uid, gid, groups: Vec::new() }
    }

    /// Whether this process has the user's rights already.
    fn is_own(&self) -> bool {
        let (real, effective) = (rustix::process::getuid(), rustix::process::geteuid());
        real == effective && effective.as_raw() == self.uid
    }
}

/// What a user wants with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::doctor) enum Access {
    Read,
    ReadWrite,
}

impl From<Access> for rustix::fs::Access {
    fn from(access: Access) -> Self {
        match access {
            Access::Read => Self::READ_OK,
            Access::ReadWrite => Self::READ_OK | Self::WRITE_OK,
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Question {
    user: Identity,
    /// As bytes: a path need not be UTF-8.
    path: Vec<u8>,
    access: Access,
}

/// The process that takes on other users' rights, from the first question on; one for all of them.
#[derive(Debug, Default)]
pub(super) enum Accessor {
    #[default]
    NotStarted,
    Running(Process),
    /// It could not be started, or did not answer in time.
    Broken,
}

#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    socket: BufReader<UnixStream>,
}

impl Accessor {
    /// Whether a user may open a file. `None` where that cannot be found out: only root can take on the rights of others.
    pub(super) fn ask(
        &mut self,
        command: impl FnOnce() -> Command,
        user: &Identity,
        path: &Path,
        access: Access,
    ) -> Option<bool> {
        if user.is_own() {
            return told(rustix::fs::access(path, access.into()));
        }
        if !rustix::process::geteuid().is_root() {
            return None;
        }
        if matches!(self, Self::NotStarted) {
            *self = Process::start(command()).map_or(Self::Broken, Self::Running);
        }
        let Self::Running(process) = self else { return None };
        let question = Question { user: user.clone(), path: path.as_os_str().as_bytes().to_vec(), access };
        let answer = process.ask(&question);
        if answer.is_err() {
            // A late answer would be taken for that to the next question.
            *self = Self::Broken;
        }
        answer.ok().flatten()
    }
}

impl Process {
    fn start(mut command: Command) -> io::Result<Self> {
        let (ours, theirs) = UnixStream::pair()?;
        ours.set_read_timeout(Some(PATIENCE))?;
        ours.set_write_timeout(Some(PATIENCE))?;
        command.stdin(OwnedFd::from(theirs)).stdout(Stdio::null()).stderr(Stdio::null());
        Ok(Self { child: command.spawn()?, socket: BufReader::new(ours) })
    }

    fn ask(&mut self, question: &Question) -> io::Result<Option<bool>> {
        write_line(self.socket.get_mut(), question)?;
        let line = read_line(&mut self.socket)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        Ok(serde_json::from_slice(&line)?)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // A process that the kernel holds ends as soon as it is let go.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The process that takes on other users' rights. It answers the questions that come in at stdin, which is a socket.
pub(super) fn answer() -> Exit {
    let stdin = io::stdin();
    let open = || Ok::<_, io::Error>(UnixStream::from(stdin.as_fd().try_clone_to_owned()?));
    let (Ok(input), Ok(mut output)) = (open(), open()) else { return Exit::Usage };
    let mut input = BufReader::new(input);
    while let Ok(Some(line)) = read_line(&mut input) {
        let Ok(question) = serde_json::from_slice::<Question>(&line) else { return Exit::Usage };
        let Ok(answer) = judge(&question) else { return Exit::Failed };
        if write_line(&mut output, &answer).is_err() {
            return Exit::Failed;
        }
    }
    Exit::Done
}

/// Answers with the user's rights, and takes them off again.
///
/// # Errors
/// When they cannot be taken off: nothing may be answered after that.
fn judge(question: &Question) -> io::Result<Option<bool>> {
    let path = PathBuf::from(std::ffi::OsStr::from_bytes(&question.path));
    let answer = match take_on(&question.user) {
        Ok(()) => told(rustix::fs::access(&path, question.access.into())),
        // A user namespace, as of a container, does not know every id.
        Err(_) => None,
    };
    let root = Identity { uid: 0, gid: 0, groups: Vec::new() };
    nix::unistd::setresuid(Uid::from_raw(0), Uid::from_raw(0), Uid::from_raw(0))?;
    take_on(&root)?;
    Ok(answer)
}

/// Takes on a user's ids, and their real ids too: those are what access(2) goes by. The saved user id stays root's, which is the
/// way back.
fn take_on(user: &Identity) -> nix::Result<()> {
    let groups: Vec<Gid> = user.groups.iter().copied().map(Gid::from_raw).collect();
    let (uid, gid) = (Uid::from_raw(user.uid), Gid::from_raw(user.gid));
    nix::unistd::setgroups(&groups)?;
    nix::unistd::setresgid(gid, gid, gid)?;
    nix::unistd::setresuid(uid, uid, Uid::from_raw(0))
}

/// What access(2) says. `None` for anything but a yes or a no, such as a file that does not exist.
fn told(answer: rustix::io::Result<()>) -> Option<bool> {
    match answer {
        Ok(()) => Some(true),
        Err(Errno::ACCESS | Errno::PERM | Errno::ROFS) => Some(false),
        Err(_) => None,
    }
}

fn write_line(socket: &mut UnixStream, value: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    socket.write_all(&line)
}

/// The next line; `None` at the end.
fn read_line(socket: &mut BufReader<UnixStream>) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    socket.take(MAX_LEN).read_until(b'\n', &mut line)?;
    Ok(if line.ends_with(b"\n") { Some(line) } else { None })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    /// The tests' user does not need another process.
    #[test]
    fn what_is_asked_of_ones_own_rights_is_answered_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, "").unwrap();
        let (uid, gid) = (rustix::process::getuid().as_raw(), rustix::process::getgid().as_raw());
        let own = Identity { uid, gid, groups: Vec::new() };
        let mut accessor = Accessor::default();
        let mut ask =
            |path: &Path, access| accessor.ask(|| panic!("no process is needed"), &own, path, access);
        assert_eq!(ask(&file, Access::ReadWrite), Some(true));
        assert_eq!(ask(&dir.path().join("nosuch"), Access::Read), None);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o400)).unwrap();
        let is_root = uid == 0;
        assert_eq!(ask(&file, Access::ReadWrite), Some(is_root));
        assert_eq!(ask(&file, Access::Read), Some(true));
    }

    #[test]
    fn a_process_that_does_not_answer_is_not_asked_again() {
        let other = Identity { uid: 12_345, gid: 12_345, groups: Vec::new() };
        let mut accessor = Accessor::default();
        let mut ask = || accessor.ask(|| Command::new("/bin/false"), &other, Path::new("/"), Access::Read);
        assert_eq!((ask(), ask()), (None, None));
        if rustix::process::geteuid().is_root() {
            assert!(matches!(accessor, Accessor::Broken));
        } else {
            assert!(matches!(accessor, Accessor::NotStarted));
        }
    }
}
