//! The service files of a rehearsal, laid out in a folder of their own.
//!
//! libpam is told that folder (`pam_start_confdir`) and reads the service's file there. What that file includes it looks for elsewhere in some
//! versions: Debian's 1.5 and 1.7 have included files of `/etc/pam.d` only. An absolute path is taken as it is by all of them. So every
//! file that the service reaches is copied, and includes the copies by their paths: what is rehearsed is what will run.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::pam::parse::{Content, Facility, Include, IncludeKind, Line, ServiceFiles};

/// What libpam takes where a service has no lines of its own.
const OTHER: &str = "other";

/// Puts the files that `service` reaches into `folder`.
pub(super) fn lay_out(files: &ServiceFiles, service: &str, folder: &Path) -> io::Result<()> {
    let mut layout = Layout { files, folder, copies: BTreeMap::new() };
    for root in [service, OTHER] {
        // One that is missing is missing for libpam as well.
        layout.copy(root, &folder.join(root))?;
    }
    Ok(())
}

struct Layout<'f> {
    files: &'f ServiceFiles,
    folder: &'f Path,
    /// What was copied, by the path that it was read from, and where the copy is.
    copies: BTreeMap<PathBuf, PathBuf>,
}

impl Layout<'_> {
    /// Copies a file and all that it includes. `false` where it cannot be read.
    fn copy(&mut self, name: &str, to: &Path) -> io::Result<bool> {
        let Ok((path, file)) = self.files.read(name) else { return Ok(false) };
        self.copies.insert(path, to.to_owned());
        let mut bytes = Vec::new();
        for line in file.lines() {
            bytes.extend(self.rewritten(line)?);
        }
        fs::write(to, bytes)?;
        fs::set_permissions(to, Permissions::from_mode(0o600))?;
        Ok(true)
    }

    fn rewritten(&mut self, line: &Line) -> io::Result<Vec<u8>> {
        let Content::Include(include) = &line.content else { return Ok(line.bytes.clone()) };
        Ok(match self.included(&include.target)? {
            Some(copy) => include_line(include, &copy).into_bytes(),
            // libpam cannot read it either.
            None => line.bytes.clone(),
        })
    }

    /// Where the copy of an included file is.
    fn included(&mut self, target: &str) -> io::Result<Option<PathBuf>> {
        // A path to where a draft would be put means the draft.
        let own = self.files.own_path("");
        let name = Path::new(target).strip_prefix(&own).ok().and_then(Path::to_str).unwrap_or(target);
        let Ok((path, _)) = self.files.read(name) else { return Ok(None) };
        if let Some(copy) = self.copies.get(&path) {
            return Ok(Some(copy.clone()));
        }
        // Hidden, so that it is no service.
        let copy = self.folder.join(format!(".{}", self.copies.len()));
        Ok(self.copy(name, &copy)?.then_some(copy))
    }
}

fn include_line(include: &Include, copy: &Path) -> String {
    let facility = match include.facility {
        Some(Facility::Auth) => "auth",
        Some(Facility::Account) => "account",
        Some(Facility::Session) => "session",
        Some(Facility::Password) => "password",
        None => "",
    };
    let kind = match include.kind {
        IncludeKind::AtInclude => "@include",
        IncludeKind::Include => "include",
        IncludeKind::Substack => "substack",
    };
    format!("{facility} {kind} {}\n", copy.display()).trim_start().to_owned()
}

#[cfg(test)]
#[path = "rehearsal_files_tests.rs"]
mod tests;
