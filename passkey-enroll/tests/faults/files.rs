use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};

use faults::Machine;

/// A file: what it holds, and who can read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Content {
    pub(crate) text: String,
    mode: u32,
    gid: u32,
}

/// The files of the store and of the state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Files(pub(crate) BTreeMap<PathBuf, Content>);

impl Content {
    /// The same, but for what is another at each time: its length is left.
    pub(crate) fn masked(&self) -> Self {
        let mask = |line: &str| match line.split_once(" = ") {
            Some((key @ ("added" | "made" | "salt" | "hash"), value)) => format!("{key} {}\n", value.len()),
            _ => format!("{line}\n"),
        };
        Self { text: self.text.lines().map(mask).collect(), ..self.clone() }
    }
}

impl Files {
    pub(crate) fn now() -> Self {
        let with_mode = |(path, bytes): (PathBuf, Vec<u8>)| {
            let metadata = fs::metadata(&path).unwrap();
            let text = String::from_utf8(bytes).unwrap();
            (path, Content { text, mode: metadata.mode(), gid: metadata.gid() })
        };
        Self(Machine::files().into_iter().map(with_mode).collect())
    }

    pub(crate) fn of(&self, path: &str) -> Option<&Content> {
        self.0.get(Path::new(path))
    }

    /// Writes these files where others are now, and leaves all others.
    pub(crate) fn put_back(&self) {
        let now = Self::now();
        for (path, content) in self.0.iter().filter(|(path, content)| now.0.get(*path) != Some(*content)) {
            fs::write(path, &content.text).unwrap();
            chown(path, None, Some(content.gid)).unwrap();
            fs::set_permissions(path, Permissions::from_mode(content.mode)).unwrap();
        }
    }

    /// Has these files there, and no others.
    pub(crate) fn restore(&self) {
        self.put_back();
        for path in Self::now().0.keys().filter(|path| !self.0.contains_key(*path)) {
            fs::remove_file(path).unwrap();
        }
    }
}
