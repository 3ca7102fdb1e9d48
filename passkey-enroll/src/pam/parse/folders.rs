//! The folders of service files.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::dialect::{Dialect, Includes};
use super::file::{Content, ServiceFile};
use super::rule::{Facility, Rule};
use crate::util::bounded_read;

/// The longest service file, in bytes.
const MAX_LEN: u64 = 256 * 1024;
/// The most service files that are looked at.
const MAX_FILES: usize = 1024;
/// Behind the names of files that package managers and editors leave lying about.
const LEFTOVERS: [&str; 10] = [
    "~",
    ".bak",
    ".orig",
    ".dpkg-dist",
    ".dpkg-old",
    ".dpkg-new",
    ".rpmsave",
    ".rpmnew",
    ".pacnew",
    ".pacsave",
];

/// The service files of a machine.
#[derive(Clone, Debug)]
pub struct ServiceFiles {
    /// Those first whose files hide others.
    folders: Vec<PathBuf>,
    dialect: Dialect,
    /// What the first folder would hold besides, or in place of its own.
    drafts: BTreeMap<String, Vec<u8>>,
}

impl ServiceFiles {
    /// This machine's, as its libpam reads them. Where that cannot be found out, for want of a place for temporary files, they
    /// are read as the newest libpam does.
    pub fn of_machine() -> Self {
        static DIALECT: OnceLock<Dialect> = OnceLock::new();
        let dialect = DIALECT.get_or_init(|| Dialect::of_machine().unwrap_or_default());
        Self::new(Path::new("/"), dialect.clone())
    }

    /// Those of a machine whose files are below `root`, as its libpam reads them.
    pub fn new(root: &Path, dialect: Dialect) -> Self {
        let below = |folder: &PathBuf| root.join(folder.strip_prefix("/").unwrap_or(folder));
        Self { folders: dialect.folders.iter().map(below).collect(), dialect, drafts: BTreeMap::new() }
    }

    /// Those of this machine or, for a test, of a folder with the files of one, whose libpam is the newest.
    pub fn below(root: &Path) -> Self {
        if root == Path::new("/") { Self::of_machine() } else { Self::new(root, Dialect::default()) }
    }

    /// How they are read.
    pub fn dialect(&self) -> &Dialect {
        &self.dialect
    }

    /// The same files, had the first folder one with these bytes by this name.
    #[must_use]
    pub fn with(mut self, name: &str, bytes: Vec<u8>) -> Self {
        self.drafts.insert(name.to_owned(), bytes);
        self
    }

    /// Where a service's own file is, or would be: in the administrator's folder.
    pub fn own_path(&self, service: &str) -> PathBuf {
        self.folders.first().map_or_else(PathBuf::new, |folder| folder.join(service))
    }

    /// The names of the files that [`ServiceFiles::with`] has put in.
    pub fn drafted(&self) -> Vec<String> {
        self.drafts.keys().cloned().collect()
    }

    /// The bytes that [`ServiceFiles::with`] has put in by this name.
    pub fn drafted_bytes(&self, name: &str) -> Option<&[u8]> {
        self.drafts.get(name).map(Vec::as_slice)
    }

    /// The folders, those first whose files hide others.
    pub fn folders(&self) -> &[PathBuf] {
        &self.folders
    }

    /// The names of the services that have a file, in order. libpam knows services in lower case only: a file of another name
    /// can be included, and is no service.
    pub fn services(&self) -> BTreeSet<String> {
        let entries = self.folders.iter().filter_map(|folder| folder.read_dir().ok()).flatten();
        entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .chain(self.drafts.keys().cloned())
            .filter(|name| !name.starts_with('.') && *name == name.to_ascii_lowercase())
            .filter(|name| !LEFTOVERS.iter().any(|ending| name.ends_with(ending)))
            .take(MAX_FILES)
            .collect()
    }

    /// A service's file and its path, by the service's name.
    ///
    /// # Errors
    /// When there is none that can be read.
    pub fn read(&self, name: &str) -> Result<(PathBuf, ServiceFile), ReadError> {
        self.read_in(&self.folders, name)
    }

    /// A file that another one includes, and its path, by a name or by a path.
    ///
    /// # Errors
    /// When there is none that can be read.
    pub fn read_included(&self, target: &str) -> Result<(PathBuf, ServiceFile), ReadError> {
        match self.dialect.includes {
            Includes::LikeServices => self.read_in(&self.folders, target),
            Includes::EtcOnly => self.read_in(self.folders.get(..1).unwrap_or_default(), target),
        }
    }

    fn read_in(&self, folders: &[PathBuf], name: &str) -> Result<(PathBuf, ServiceFile), ReadError> {
        if let (Some(bytes), Some(first)) = (self.drafts.get(name), self.folders.first()) {
            return Ok((first.join(name), ServiceFile::parse(bytes, &self.dialect)));
        }
        let mut error = ReadError { path: PathBuf::from(name), reason: ReadErrorReason::Missing };
        for folder in folders {
            // An absolute path stays the path that it is.
            let path = folder.join(name);
            match read(&path) {
                Ok(bytes) => return Ok((path, ServiceFile::parse(&bytes, &self.dialect))),
                Err(ReadErrorReason::Missing) => {}
                // libpam looks on in the next folder; what could not be read here is still the better reason.
                Err(reason) => error = ReadError { path, reason },
            }
        }
        Err(error)
    }

    /// All calls of a module for a facility, in whichever service's file they stand.
    pub fn calls(&self, facility: Facility, module: &str) -> Vec<Rule> {
        let files = self.services().into_iter().filter_map(|name| Some(self.read(&name).ok()?.1));
        let contents = files.flat_map(|file| file.lines().to_vec()).map(|line| line.content);
        let rules = contents.filter_map(|content| match content {
            Content::Rule(rule) => Some(rule),
            Content::Nothing | Content::Include(_) | Content::Flawed { .. } => None,
        });
        rules.filter(|rule| rule.facility == facility && rule.module_name() == module).collect()
    }
}

fn read(path: &Path) -> Result<Vec<u8>, ReadErrorReason> {
    // Links are followed, as by libpam: authselect and alternatives make them. Nothing but a file is opened.
    if path.metadata()?.is_dir() {
        // libpam opens it as well, and reads nothing.
        return Ok(Vec::new());
    }
    Ok(bounded_read::read(path, MAX_LEN)?.to_vec())
}

/// Why a service file cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadError {
    path: PathBuf,
    reason: ReadErrorReason,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum ReadErrorReason {
    Missing,
    NotFile,
    TooLong,
    Io(io::ErrorKind),
}

impl ReadError {
    /// The file, or its name where there is none.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether there is truly no such file.
    pub fn is_missing(&self) -> bool {
        self.reason == ReadErrorReason::Missing
    }
}

impl From<io::Error> for ReadErrorReason {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Self::Missing,
            kind => Self::Io(kind),
        }
    }
}

impl From<bounded_read::ReadError> for ReadErrorReason {
    fn from(error: bounded_read::ReadError) -> Self {
        match error {
            bounded_read::ReadError::Io(error) => error.into(),
            bounded_read::ReadError::NotRegular => Self::NotFile,
            bounded_read::ReadError::TooLong { .. } => Self::TooLong,
        }
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.path.display())?;
        match self.reason {
            ReadErrorReason::Missing => f.write_str("there is no such file"),
            ReadErrorReason::NotFile => f.write_str("not a file"),
            ReadErrorReason::TooLong => write!(f, "longer than {MAX_LEN} bytes"),
            ReadErrorReason::Io(kind) => write!(f, "cannot be read: {kind}"),
        }
    }
}

impl std::error::Error for ReadError {}

#[cfg(test)]
#[path = "folders_tests.rs"]
mod tests;
