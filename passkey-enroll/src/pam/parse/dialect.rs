//! How this machine's libpam reads service files.
//!
//! There is no version to ask for, and distributions patch what matters here. So libpam itself is tried: on files in a folder of
//! their own, without a sign-in.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use pam_client::{Answer, Person, Tone, Transaction};

/// Folders of service files that every libpam has, in the order in which it looks.
const FOLDERS: [&str; 2] = ["/etc/pam.d", "/usr/lib/pam.d"];
/// What such a folder looks like in libpam's own text.
const FOLDER_PATTERN: &[u8] = b"/pam.d/%s\0";
/// The longest libpam that is looked through, in bytes.
const MAX_LIBRARY_LEN: u64 = 4 * 1024 * 1024;
/// A service of the trials.
const SERVICE: &str = "passkey-probe";
/// A file that a trial includes, and that no machine has.
const INCLUDED: &str = "passkey-probe-included";

/// How libpam reads service files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dialect {
    /// How lines are read.
    pub reader: Reader,
    /// Whether `@include` is known, which is Debian's.
    pub at_include: bool,
    /// Where an included file is looked for by its name.
    pub includes: Includes,
    /// The folders of services; one of an earlier folder hides that of the same name in a later one.
    pub folders: Vec<PathBuf>,
}

/// How lines are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// Up to Linux-PAM 1.5: an empty line or a comment within a continued line is skipped, lines have at most
    /// [`Reader::MAX_OLD_LEN`] bytes, and files can include each other to any depth.
    Old,
    /// From Linux-PAM 1.6 on: an empty line or a comment ends a continued line.
    New,
}

impl Reader {
    /// The longest line of the old reader, in bytes, continued lines counted as one.
    pub const MAX_OLD_LEN: usize = 1023;
}

/// Where an included file is looked for by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Includes {
    /// Where services are.
    LikeServices,
    /// In `/etc/pam.d` only, even for a sign-in that takes its services from another folder (Debian 12 and 13).
    EtcOnly,
}

impl Default for Dialect {
    /// The newest, as in Debian sid.
    fn default() -> Self {
        Self {
            reader: Reader::New,
            at_include: true,
            includes: Includes::LikeServices,
            folders: FOLDERS.iter().chain(&["/usr/etc/pam.d"]).map(PathBuf::from).collect(),
        }
    }
}

impl Dialect {
    /// This machine's, found out by trying.
    ///
    /// # Errors
    /// When the files of the trials cannot be written.
    pub fn of_machine() -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("passkey-pam-").tempdir()?;
        fs::write(folder.path().join("other"), "auth required pam_deny.so\n")?;
        fs::write(folder.path().join(INCLUDED), "auth required pam_permit.so\n")?;
        let accepts = |text: &str| -> io::Result<bool> {
            fs::write(folder.path().join(SERVICE), text)?;
            let mut nobody = Silent;
            Ok(Transaction::start(SERVICE, "nobody", Some(folder.path()), &mut nobody).is_ok())
        };
        // To the old reader the line goes on behind the comment, where the file ends.
        let is_new = accepts("auth required pam_permit.so \\\n# comment\n")?;
        // A file that cannot be included ends everything; without Debian's patch it is a line of an unknown facility.
        let at_include = !accepts(&format!("@include {}\n", folder.path().join("nosuch").display()))?;
        let is_like_services = !at_include || accepts(&format!("@include {INCLUDED}\n"))?;
        Ok(Self {
            reader: if is_new { Reader::New } else { Reader::Old },
            at_include,
            includes: if is_like_services { Includes::LikeServices } else { Includes::EtcOnly },
            folders: folders(),
        })
    }
}

/// The folders of services: those of every libpam, and one that this one was built with.
fn folders() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = FOLDERS.iter().map(PathBuf::from).collect();
    let vendors = library().map(|library| vendor_folders(&library)).unwrap_or_default();
    folders
        .extend(vendors.into_iter().filter(|folder| !FOLDERS.iter().any(|known| Path::new(known) == folder)));
    folders
}

/// libpam as this process has loaded it.
fn library() -> Option<Vec<u8>> {
    let maps = fs::read_to_string("/proc/self/maps").ok()?;
    let path = maps.lines().find_map(|line| {
        let path = line.get(line.find('/')?..)?;
        path.rsplit('/').next()?.starts_with("libpam.so").then(|| PathBuf::from(path))
    })?;
    if path.metadata().ok()?.len() > MAX_LIBRARY_LEN {
        return None;
    }
    fs::read(path).ok()
}

/// Absolute folders that stand in a library as `FOLDER/%s`.
fn vendor_folders(library: &[u8]) -> Vec<PathBuf> {
    let ends = library.windows(FOLDER_PATTERN.len()).enumerate().filter(|(_, text)| *text == FOLDER_PATTERN);
    let folders = ends.filter_map(|(index, _)| {
        let before = library.get(..index)?;
        let start = before.iter().rposition(|byte| *byte == 0)?.checked_add(1)?;
        let parent = std::str::from_utf8(before.get(start..)?).ok()?;
        parent.starts_with('/').then(|| Path::new(parent).join("pam.d"))
    });
    folders.collect()
}

/// No person: nothing is asked without a sign-in.
struct Silent;

impl Person for Silent {
    fn tell(&mut self, _: Tone, _: &str) {}

    fn ask(&mut self, _: &str, _: bool) -> Answer {
        Answer::None
    }
}

#[cfg(test)]
#[path = "dialect_tests.rs"]
mod tests;
