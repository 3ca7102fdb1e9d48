//! Disks that outlive their guest.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::NamedTempFile;

/// The longest serial number of a virtio disk.
const MAX_NAME: usize = 20;

/// A disk with an ext4 file system, `/dev/disk/by-id/virtio-NAME` in the guest that has it; not mounted by itself.
///
/// It keeps what the guest's kernel has sent to it, as a disk without a cache of its own does. What the kernel still holds in memory, and
/// nobody has synchronised, is lost with the machine.
#[derive(Debug)]
pub struct Disk {
    name: String,
    file: NamedTempFile,
}

impl Disk {
    /// An empty one.
    pub(crate) fn create(name: &str, megabytes: u64) -> Result<Self, String> {
        let sound = |character: char| character.is_ascii_alphanumeric() || character == '-';
        if name.is_empty() || name.len() > MAX_NAME || !name.chars().all(sound) {
            return Err(format!("a disk cannot be called {name:?}"));
        }
        let disk = Self::new(name)?;
        disk.file.as_file().set_len(megabytes << 20).map_err(|error| format!("disk '{name}': {error}"))?;
        // Not left to the guest's kernel, which would be at it in the background.
        run(Command::new("mkfs.ext4")
            .env("PATH", path())
            .args(["-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0"])
            .arg(disk.path()))?;
        Ok(disk)
    }

    /// Another one with the same content.
    pub(crate) fn copy(&self) -> Result<Self, String> {
        let copy = Self::new(&self.name)?;
        run(Command::new("cp").arg("--sparse=always").arg(self.path()).arg(copy.path()))?;
        Ok(copy)
    }

    fn new(name: &str) -> Result<Self, String> {
        let file = tempfile::Builder::new().prefix("disk-").tempfile().map_err(|error| error.to_string())?;
        Ok(Self { name: name.to_owned(), file })
    }

    /// As the guest knows it.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn path(&self) -> &Path {
        self.file.path()
    }

    pub(crate) fn file(&self) -> &File {
        self.file.as_file()
    }
}

/// Of people who are not root it often lacks the folder of what administrators need.
fn path() -> String {
    format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default())
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{command:?}: {error}; './check' installs what it needs"))?;
    if output.status.success() {
        Ok(())
    } else {
        Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr)))
    }
}
