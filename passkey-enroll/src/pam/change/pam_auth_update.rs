//! The common files of Debian and its kin, which services include. `pam-auth-update` writes them from profiles, ours among
//! them, and no other program may.

use std::convert::Infallible;
use std::fmt;
use std::fs;
use std::io::{self, Read as _, Seek as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::{FileChange, Way, file};
use crate::util::process::{self, Waited};

/// What stands for them on the command line: the one of them that signing in is about.
pub(crate) const SERVICE: &str = "common-auth";
/// Where the program looks, and what it writes to, below the root that it is given.
const FOLDERS: [&str; 3] = ["etc/pam.d", "usr/share/pam-configs", "var/lib/pam"];
const PROGRAM: &str = "pam-auth-update";
/// Behind the usual ones: root's PATH does not have them everywhere.
const PATH: &str = "/usr/sbin:/usr/bin:/sbin:/bin";
/// It reads and writes a few small files, on a slow machine too.
const PATIENCE: Duration = Duration::from_secs(60);
/// Of what it says, in bytes.
const MAX_WORDS: u64 = 64 * 1024;
/// Of a common file that there was none of.
const MODE: u32 = 0o644;
/// The files that it writes.
pub(super) const WRITTEN: [&str; 5] =
    ["common-auth", "common-account", "common-password", "common-session", "common-session-noninteractive"];

/// Why pam-auth-update did not do it.
#[derive(Debug)]
pub(crate) enum Failed {
    /// It is not there.
    NoProgram,
    /// Our profile is not there: the package brings it.
    NoProfile(PathBuf),
    /// Its own words.
    Refused(String),
    /// It did not come to an end.
    TimedOut,
    /// What it is to work on cannot be copied.
    Io(io::Error),
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoProgram => write!(f, "there is no {PROGRAM}"),
            Self::NoProfile(path) => write!(f, "there is no profile {}", path.display()),
            Self::Refused(words) => write!(f, "{PROGRAM}: {words}"),
            Self::TimedOut => write!(f, "{PROGRAM} did not come to an end"),
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl From<io::Error> for Failed {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// The profile for a way of asking.
pub(crate) fn profile(way: Way) -> &'static str {
    match way {
        Way::SecondFactor => "passkey-second-factor",
        Way::Passwordless => "passkey-passwordless",
    }
}

/// What the program would write for the profile: it does its work on copies.
pub(crate) fn draft(profile: &str) -> Result<Vec<FileChange>, Failed> {
    let path = Path::new("/").join(FOLDERS[1]).join(profile);
    if !path.is_file() {
        return Err(Failed::NoProfile(path));
    }
    let root = tempfile::Builder::new().prefix("passkey-profile-").tempdir()?;
    for folder in FOLDERS {
        let to = root.path().join(folder);
        fs::create_dir_all(&to)?;
        copy_files(&Path::new("/").join(folder), &to)?;
    }
    let root_option = root.path().to_str().ok_or(io::ErrorKind::InvalidInput).map_err(io::Error::from)?;
    run(&["--root", root_option, "--enable", profile])?;
    let mut changes = Vec::new();
    for name in WRITTEN {
        let path = Path::new("/").join(FOLDERS[0]).join(name);
        let (before, after) = (file::read(&path)?, file::read(&root.path().join(FOLDERS[0]).join(name))?);
        if let Some(after) = after.filter(|after| before.as_ref() != Some(after)) {
            let mode = fs::metadata(&path).map_or(MODE, |metadata| metadata.permissions().mode() & 0o777);
            changes.push(FileChange { path, mode, before, after });
        }
    }
    if changes.is_empty() { Err(Failed::Refused(NO_CHANGE.to_owned())) } else { Ok(changes) }
}

/// It succeeds without an effect if its files were edited by hand.
const NO_CHANGE: &str = "it leaves the common files as they are; if they were edited by hand, have a look at what \
                         pam-auth-update --force would do";

/// Switches the profile on.
pub(crate) fn enable(profile: &str) -> Result<(), Failed> {
    run(&["--enable", profile])
}

/// Switches the profile off. `force`: even if the files are not as the program has left them.
pub(crate) fn disable(profile: &str, force: bool) -> Result<(), Failed> {
    let forced: &[&str] = if force { &["--force"] } else { &[] };
    run(&[forced, &["--disable", profile]].concat())
}

/// Whether the profile is on, going by what the program has written down.
pub(crate) fn is_enabled(profile: &str) -> bool {
    let line = format!("Module: {profile}");
    fs::read_to_string("/var/lib/pam/auth").is_ok_and(|seen| seen.lines().any(|seen| seen == line))
}

/// Which of our profiles is on.
pub(crate) fn enabled() -> Option<Way> {
    [Way::SecondFactor, Way::Passwordless].into_iter().find(|way| is_enabled(profile(*way)))
}

fn run(arguments: &[&str]) -> Result<(), Failed> {
    // Not a pipe, which would have to be read while it is waited for.
    let mut errors = tempfile::tempfile()?;
    let mut process = Command::new(PROGRAM)
        .args(arguments)
        .env("PATH", PATH)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(errors.try_clone()?)
        .spawn()
        .map_err(|error| {
            if error.kind() == io::ErrorKind::NotFound { Failed::NoProgram } else { Failed::Io(error) }
        })?;
    let status = match process::wait(&mut process, PATIENCE, || Ok(None::<Infallible>))? {
        Waited::Ended(status) => status,
        Waited::Event(never) => match never {},
        Waited::TimedOut => return Err(Failed::TimedOut),
    };
    if status.success() {
        return Ok(());
    }
    let mut words = Vec::new();
    errors.rewind()?;
    errors.take(MAX_WORDS).read_to_end(&mut words)?;
    let words = String::from_utf8_lossy(&words);
    Err(Failed::Refused(words.lines().last().unwrap_or("it fails and does not say why").to_owned()))
}

fn copy_files(from: &Path, to: &Path) -> io::Result<()> {
    let entries = match fs::read_dir(from) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        if entry.path().is_file() {
            fs::copy(entry.path(), to.join(entry.file_name()))?;
        }
    }
    Ok(())
}
