//! systemd-logind's record of this process's session, read without its library and without D-Bus.
//!
//! A `sudo` inside an SSH session shows no other sign of it. Logind keeps a small file for each session in a folder of
//! root's; where there is no logind, or the process belongs to no session (a service, a program of the user's service
//! manager), there is no opinion.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use rustix::fs::{FileType, Mode, OFlags};
use rustix::io::Errno;

/// Longest file that is read; logind's are below one kilobyte, and a cgroup path is bounded by `PATH_MAX` per hierarchy.
const MAX_FILE: u64 = 64 * 1024;
/// Logind's own ids are numbers, of audit or its own (`c1`).
const MAX_ID: usize = 64;
/// What the kernel shows where there is no audit session.
const NO_AUDIT_SESSION: &str = "4294967295";

/// A session whose person sits at another machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RemoteSession {
    /// Its name, such as `3` or `c1`.
    pub(crate) id: String,
    /// Where the person is, if logind knows.
    pub(crate) host: Option<String>,
}

/// Where to look.
#[derive(Debug)]
pub(crate) struct Logind {
    /// What the kernel says of the process.
    process: PathBuf,
    /// A file for each session.
    sessions: PathBuf,
    /// Who must own these files.
    owner: u32,
    /// Whether the process may end before it is looked at: then nothing is known of it.
    may_be_gone: bool,
}

impl Default for Logind {
    fn default() -> Self {
        Self {
            process: "/proc/self".into(),
            sessions: "/run/systemd/sessions".into(),
            owner: 0,
            may_be_gone: false,
        }
    }
}

impl Logind {
    /// Of another process.
    pub(crate) fn of(process: i32) -> Self {
        Self { process: format!("/proc/{process}").into(), may_be_gone: true, ..Self::default() }
    }

    /// The session of the process, if it is a remote one.
    ///
    /// # Errors
    /// When there is something to read, and it cannot be read: the session may be a remote one.
    pub(crate) fn remote_session(&self) -> Result<Option<RemoteSession>, Errno> {
        for session_id in [Self::by_control_group, Self::by_audit] {
            let Some(id) = session_id(self)? else { continue };
            let Some(text) = self.session_file(&id)? else { continue };
            let value = |key: &str| text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
            return Ok((value("REMOTE") == Some("1")).then(|| RemoteSession {
                host: value("REMOTE_HOST").filter(|host| !host.is_empty()).map(str::to_owned),
                id,
            }));
        }
        Ok(None)
    }

    /// As logind itself tells.
    fn by_control_group(&self) -> Result<Option<String>, Errno> {
        match read(&self.process.join("cgroup"))? {
            Some(text) => Ok(scope(&text).or_else(|| group_of_elogind(&text)).map(str::to_owned)),
            None if self.may_be_gone => Err(Errno::SRCH),
            None => Ok(None),
        }
    }

    /// The audit session, whose number logind takes for an id.
    fn by_audit(&self) -> Result<Option<String>, Errno> {
        let by_audit = read(&self.process.join("sessionid"))?.map(|text| text.trim().to_owned());
        Ok(by_audit.filter(|id| is_id(id) && id != NO_AUDIT_SESSION))
    }

    /// `None`: logind knows no such session. What lies in its place and is none of logind's is an error.
    fn session_file(&self, id: &str) -> Result<Option<String>, Errno> {
        let Some(file) = open(&self.sessions.join(id))? else { return Ok(None) };
        let stat = rustix::fs::fstat(&file)?;
        let is_loginds =
            FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile && stat.st_uid == self.owner;
        if is_loginds { content(file).map(Some) } else { Err(Errno::PERM) }
    }
}

/// `ID` of a path like `/user.slice/user-1000.slice/session-ID.scope`. Only the first component below the slices counts:
/// what is under `user@1000.service` is the user's to name.
fn scope(cgroup: &str) -> Option<&str> {
    cgroup
        .lines()
        .filter_map(|line| {
            let (_, rest) = line.split_once(':')?;
            let (controllers, path) = rest.split_once(':')?;
            matches!(controllers, "" | "name=systemd").then_some(path)
        })
        .filter_map(|path| {
            path.split('/').find(|part| !part.is_empty() && part.strip_suffix(".slice").is_none())
        })
        .find_map(|unit| unit.strip_prefix("session-")?.strip_suffix(".scope"))
        .filter(|id| is_id(id))
}

/// elogind's groups are called like their sessions, and lie in no other. They are root's to make.
fn group_of_elogind(cgroup: &str) -> Option<&str> {
    cgroup
        .lines()
        .filter_map(|line| {
            let (_, rest) = line.split_once(':')?;
            let (controllers, path) = rest.split_once(':')?;
            matches!(controllers, "" | "name=elogind").then_some(path)
        })
        .find_map(|path| path.strip_prefix('/').filter(|id| is_id(id)))
}

/// A file name, and nothing else.
fn is_id(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=MAX_ID).contains(&text.len()) && text.bytes().all(plain)
}

fn read(path: &Path) -> Result<Option<String>, Errno> {
    open(path)?.map(content).transpose()
}

/// `None`: there is no such file.
fn open(path: &Path) -> Result<Option<File>, Errno> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    match rustix::fs::open(path, flags, Mode::empty()) {
        Ok(file) => Ok(Some(File::from(file))),
        Err(Errno::NOENT | Errno::NOTDIR) => Ok(None),
        Err(errno) => Err(errno),
    }
}

/// What is no UTF-8 is replaced; what is too long is none of logind's.
fn content(file: File) -> Result<String, Errno> {
    let mut bytes = Vec::new();
    let read = file.take(MAX_FILE).read_to_end(&mut bytes);
    read.map_err(|_| Errno::IO)?;
    let is_whole = u64::try_from(bytes.len()).is_ok_and(|len| len < MAX_FILE);
    if is_whole { Ok(String::from_utf8_lossy(&bytes).into_owned()) } else { Err(Errno::FBIG) }
}

#[cfg(test)]
#[path = "logind_tests.rs"]
mod tests;
