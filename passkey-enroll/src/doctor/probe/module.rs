//! Loading a PAM module, as libpam does it.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use pam_client::module::{NotLoaded, load as load_module};
use pam_client::{Answer, Person, Tone, Transaction};
use serde::{Deserialize, Serialize};

use crate::report::Exit;
use crate::util::process::{RunError, run};

/// How long loading a module may take: it reads a few files.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest answer, in bytes.
const MAX_LEN: usize = 64 * 1024;
/// Modules of libpam's own, none of which does anything when it is loaded.
const LIBPAMS_OWN: [&str; 3] = ["pam_deny.so", "pam_permit.so", "pam_unix.so"];

/// What becomes of loading a module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::doctor) enum Loading {
    /// It loads, and has what libpam looks for.
    Loads,
    /// The dynamic linker refuses it, in its own words.
    Refused(String),
    /// It is a library, and not a PAM module.
    NotAModule,
    /// It ends the process that loads it, by this signal.
    Kills(i32),
    /// It takes too long.
    Hangs,
    /// It was not tried, for the reason given.
    NotTried(String),
}

/// Has the module loaded by the process that `command` starts.
pub(super) fn load(mut command: Command) -> Loading {
    match run(&mut command, PATIENCE, MAX_LEN) {
        Ok(ended) => match (ended.status.signal(), serde_json::from_slice(&ended.stdout)) {
            (Some(signal), _) => Loading::Kills(signal),
            (None, Ok(loading)) => loading,
            // A library that ends the process in an orderly way when it is loaded.
            (None, Err(_)) => Loading::NotTried(format!("the process that loads it ended: {}", ended.status)),
        },
        Err(RunError::TimedOut { .. }) => Loading::Hangs,
        Err(RunError::TooLong) => Loading::NotTried("it writes to standard output".to_owned()),
        Err(RunError::Io(error)) => Loading::NotTried(error.to_string()),
    }
}

/// The process that loads a module.
pub(super) fn try_to_load(path: &Path) -> Exit {
    let loading = match load_module(path) {
        Ok(()) => Loading::Loads,
        Err(NotLoaded::Linker(words)) => Loading::Refused(words),
        Err(NotLoaded::NotAModule) => Loading::NotAModule,
    };
    write_json(&loading)
}

/// The folder that libpam loads modules from, found out by the process that `command` starts.
pub(super) fn folder(mut command: Command) -> Option<PathBuf> {
    let ended = run(&mut command, PATIENCE, MAX_LEN).ok()?;
    serde_json::from_slice(&ended.stdout).ok()?
}

/// The process that finds the folder: libpam loads the modules of a service when a sign-in begins, and the kernel knows from where.
pub(super) fn find_folder() -> Exit {
    let found = load_libpams_own().ok().and_then(|()| {
        let maps = fs::read_to_string("/proc/self/maps").ok()?;
        folder_in(&maps)
    });
    write_json(&found)
}

fn load_libpams_own() -> io::Result<()> {
    let folder = tempfile::Builder::new().prefix("passkey-doctor-").tempdir()?;
    // With the dash, one that is not there is not complained of in the log.
    let lines = LIBPAMS_OWN.map(|module| format!("-auth required {module}\n"));
    fs::write(folder.path().join("doctor"), lines.concat())?;
    let mut silent = Silent;
    // This does not sign in. The module stays loaded until the end of the process, at the latest.
    match Transaction::start("doctor", "root", Some(folder.path()), &mut silent) {
        Ok(transaction) => std::mem::forget(transaction),
        Err(error) => return Err(io::Error::other(error.to_string())),
    }
    Ok(())
}

/// Where the kernel has loaded one of libpam's own modules from (`proc_pid_maps(5)`).
fn folder_in(maps: &str) -> Option<PathBuf> {
    let paths = maps.lines().filter_map(|line| line.find('/').and_then(|start| line.get(start..)));
    paths.map(Path::new).find_map(|path| {
        let is_own = LIBPAMS_OWN.iter().any(|module| path.file_name().is_some_and(|name| name == *module));
        is_own.then(|| path.parent().map(Path::to_owned))?
    })
}

/// No person is asked.
struct Silent;

impl Person for Silent {
    fn tell(&mut self, _: Tone, _: &str) {}

    fn ask(&mut self, _: &str, _: bool) -> Answer {
        Answer::None
    }
}

fn write_json(answer: &impl Serialize) -> Exit {
    let Ok(mut line) = serde_json::to_vec(answer) else { return Exit::Failed };
    line.push(b'\n');
    let mut stdout = io::stdout().lock();
    if stdout.write_all(&line).and_then(|()| stdout.flush()).is_ok() { Exit::Done } else { Exit::Failed }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_knows_where_a_module_came_from() {
        let maps = "7f00-7f01 r-xp 00000000 08:01 1 /usr/lib/x86_64-linux-gnu/libpam.so.0\n\
                    7f02-7f03 r-xp 00000000 00:00 0 [heap]\n\
                    7f04-7f05 r-xp 00000000 08:01 2                  /usr/lib/x86_64-linux-gnu/security/pam_permit.so\n";
        assert_eq!(folder_in(maps).as_deref(), Some(Path::new("/usr/lib/x86_64-linux-gnu/security")));
        assert_eq!(folder_in(maps.replace("pam_permit", "pam_other").as_str()), None);
    }

    /// What a process that answers like this comes to.
    fn loading(script: &str) -> Loading {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        load(command)
    }

    #[test]
    fn whatever_a_library_does_to_its_process_is_told() {
        assert_eq!(loading("echo '\"loads\"'"), Loading::Loads);
        assert_eq!(loading(r#"echo '{"refused":"no"}'"#), Loading::Refused("no".to_owned()));
        assert_eq!(loading("kill -BUS $$"), Loading::Kills(7));
        assert!(matches!(loading("exit 3"), Loading::NotTried(words) if words.contains("exit status: 3")));
        assert!(matches!(loading("yes"), Loading::NotTried(_)));
    }
}
