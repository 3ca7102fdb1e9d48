//! The common files of Debian and its kin, which services include. `pam-auth-update` writes them from profiles, ours among
//! them, and nobody else may.

use std::fmt;
use std::fs;
use std::io::{self, Read as _, Seek as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::{Way, file};
use crate::pam::parse::ServiceFiles;

/// What stands for them on the command line: the one of them that signing in is about.
pub(crate) const SERVICE: &str = "common-auth";
/// Where the program looks, and what it writes to, below the root that it is given.
const FOLDERS: [&str; 3] = ["etc/pam.d", "usr/share/pam-configs", "var/lib/pam"];
const PROGRAM: &str = "pam-auth-update";
/// Behind the usual ones: root's PATH does not have them everywhere.
const PATH: &str = "/usr/sbin:/usr/bin:/sbin:/bin";
/// It reads and writes a few small files, on a slow machine too.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often it is looked whether it has ended.
const INTERVAL: Duration = Duration::from_millis(20);
/// Of what it says, in bytes.
const MAX_WORDS: u64 = 64 * 1024;
/// The files that it writes.
const WRITTEN: [&str; 5] =
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

/// The service files as they would be with the profile: the program does its work on copies.
pub(crate) fn draft(profile: &str, files: ServiceFiles) -> Result<ServiceFiles, Failed> {
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
    let mut drafted = files;
    for name in WRITTEN {
        let written = file::read(&root.path().join(FOLDERS[0]).join(name))?;
        if let Some(written) = written
            && file::read(&Path::new("/").join(FOLDERS[0]).join(name))?.as_ref() != Some(&written)
        {
            drafted = drafted.with(name, written);
        }
    }
    if drafted.drafted().is_empty() { Err(Failed::Refused(NO_CHANGE.to_owned())) } else { Ok(drafted) }
}

/// It ends well and does nothing where somebody has edited its files by hand.
const NO_CHANGE: &str = "it leaves the common files as they are; if they were edited by hand, have a look at what \
                         pam-auth-update --force would do";

/// Switches the profile on.
pub(crate) fn enable(profile: &str) -> Result<(), Failed> {
    run(&["--enable", profile])
}

/// Switches the profile off.
pub(crate) fn disable(profile: &str) -> Result<(), Failed> {
    run(&["--disable", profile])
}

/// Which of our profiles is on, going by what the program has written down.
pub(crate) fn enabled() -> Option<Way> {
    let seen = fs::read_to_string("/var/lib/pam/auth").ok()?;
    [Way::SecondFactor, Way::Passwordless]
        .into_iter()
        .find(|way| seen.lines().any(|line| line == format!("Module: {}", profile(*way))))
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
    let start = Instant::now();
    let status = loop {
        if let Some(status) = process.try_wait()? {
            break status;
        }
        if start.elapsed() > PATIENCE {
            let _ = process.kill();
            process.wait()?;
            return Err(Failed::TimedOut);
        }
        thread::sleep(INTERVAL);
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
