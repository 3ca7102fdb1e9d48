//! The device node that `--device` names.

use std::path::{Path, PathBuf};

use crate::report::{ErrorReport, Exit};

/// Why no security key can be meant by a path. Waiting would not change it: a node's name says nothing of the key that gets it next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DeviceError {
    /// There is nothing at the path.
    Missing(PathBuf),
    /// It is something other than a security key.
    NotAKey(PathBuf),
}

/// The device node of a security key that is plugged in, by its own path or by a link such as those of udev: the ceremonies know
/// keys by their nodes.
///
/// # Errors
/// When there is no such key.
pub(crate) fn resolve(path: &Path) -> Result<PathBuf, DeviceError> {
    let node = path.canonicalize().map_err(|_| DeviceError::Missing(path.to_owned()))?;
    // What cannot be looked at now may be one: the ceremony says what is the matter with it.
    let is_key = hidraw::list().map_or(true, |listing| {
        listing.keys.iter().any(|key| key.path == node)
            || listing.skipped.iter().any(|skipped| skipped.path == node)
    });
    if is_key { Ok(node) } else { Err(DeviceError::NotAKey(path.to_owned())) }
}

impl DeviceError {
    /// How it comes out.
    pub(crate) fn report(&self) -> ErrorReport {
        match self {
            Self::Missing(path) => {
                let message = format!("There is no device {}.", path.display());
                ErrorReport::new(Exit::NoKey, "no_such_device", message)
            }
            Self::NotAKey(path) => {
                let message = format!("{} is not a security key.", path.display());
                ErrorReport::new(Exit::NoKey, "not_a_key", message)
            }
        }
        .hint("List the security keys that are plugged in: passkey-enroll keys")
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn what_cannot_be_a_key_is_told_from_what_is_not_there() {
        let dir = tempfile::tempdir().unwrap();
        let link = dir.path().join("key");
        assert_eq!(resolve(&link), Err(DeviceError::Missing(link.clone())));
        symlink("/dev/hidraw-of-nobody", &link).unwrap();
        assert_eq!(resolve(&link), Err(DeviceError::Missing(link.clone())));
        std::fs::remove_file(&link).unwrap();
        symlink("/dev/null", &link).unwrap();
        assert_eq!(resolve(&link), Err(DeviceError::NotAKey(link.clone())));
        assert_eq!(resolve(dir.path()), Err(DeviceError::NotAKey(dir.path().to_owned())));
    }
}
