//! Where the service files stand, and how this machine's libpam reads them.

use std::fs;
use std::path::{Path, PathBuf};

use passkey_enroll::pam::parse::{Dialect, Includes, ServiceFiles};
use tempfile::TempDir;

use crate::case::Case;

/// The service that signs in. Every other file is named like it, with something behind.
pub(crate) const SERVICE: &str = "passkey-differential";

/// The service whose lines hold for those that have none.
pub(crate) const OTHER: &str = "other";

/// Where the service files stand.
pub(crate) struct Site {
    pub(crate) dialect: Dialect,
    /// Those first whose files hide others.
    pub(crate) folders: Vec<PathBuf>,
    /// The folder as libpam is told of it; `None`: it looks where it always does.
    pub(crate) confdir: Option<PathBuf>,
    _own: Option<TempDir>,
}

impl Site {
    /// The machine's own folders, or one that is thrown away.
    pub(crate) fn prepare(machine: bool) -> Self {
        let dialect = Dialect::of_machine().unwrap();
        if machine {
            let folders = dialect.folders.clone();
            for folder in &folders {
                fs::create_dir_all(folder).unwrap();
                // It would speak for services whose own lines say nothing.
                let _ = fs::remove_file(folder.join(OTHER));
            }
            return Self { dialect, folders, confdir: None, _own: None };
        }
        let own = tempfile::Builder::new().prefix("pam-differential-").tempdir().unwrap();
        let folders = vec![own.path().to_owned()];
        let dialect = Dialect { folders: folders.clone(), ..dialect };
        Self { dialect, folders, confdir: Some(own.path().to_owned()), _own: Some(own) }
    }

    /// The files, as the command reads them.
    pub(crate) fn files(&self) -> ServiceFiles {
        ServiceFiles::new(Path::new("/"), self.dialect.clone())
    }

    /// Whether a file of this site is found by its name where another one includes it.
    pub(crate) fn includes_by_name(&self) -> bool {
        self.confdir.is_none() || self.dialect.includes == Includes::LikeServices
    }

    /// Puts the files in place, with these answers.
    pub(crate) fn write(&self, case: &Case, answers: &[&str]) {
        for file in &case.files {
            fs::write(self.folders[file.folder].join(&file.name), file.with_answers(answers)).unwrap();
        }
    }

    /// Takes them away.
    pub(crate) fn clear(&self, case: &Case) {
        for file in &case.files {
            fs::remove_file(self.folders[file.folder].join(&file.name)).unwrap();
        }
    }

    /// In words.
    pub(crate) fn describe(&self) -> String {
        let Dialect { reader, at_include, includes, .. } = &self.dialect;
        format!("reader {reader:?}, @include {at_include}, includes {includes:?}, in {:?}", self.folders)
    }
}
