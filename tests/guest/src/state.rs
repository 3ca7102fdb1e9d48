//! What a machine is like once its kernel is up, saved for others of its kind to go on from: the first ten seconds of every guest are
//! the same in all of them.

use std::collections::hash_map::DefaultHasher;
use std::fs::{File, FileTimes, OpenOptions};
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use rustix::fs::{FlockOperation, flock};

use crate::architecture::Architecture;
use crate::hardware::Hardware;
use crate::image::cache;
use crate::monitor::Monitor;

/// Where the state of one kind of machine is, or will be.
pub(crate) struct State {
    path: PathBuf,
    saved: bool,
    /// Not where a TPM's own state would have to go with the machine's, nor where its random numbers would be those of others.
    is_of_use: bool,
}

impl State {
    pub(crate) fn of(hardware: &Hardware) -> Self {
        let mut hasher = DefaultHasher::new();
        hardware.kind().hash(&mut hasher);
        let files = &hardware.files;
        for file in [&files.kernel, &files.initrd, &files.root] {
            // Those in the cache are never changed, an image of one's own may be.
            let data = file.metadata().ok();
            data.map(|data| (data.len(), data.modified().ok())).hash(&mut hasher);
        }
        // A state is good for the very same version only.
        let own = Architecture::own();
        let version = Command::new(own.emulator).arg("--version").output();
        version.map(|output| output.stdout).unwrap_or_default().hash(&mut hasher);
        let path = cache().join(format!("state-{:016x}", hasher.finish()));
        let is_of_use = own.has_generation_id && !hardware.tpm;
        // The time of last use, by which image/build throws old ones away.
        let _in_use = in_use();
        let saved = OpenOptions::new().append(true).open(&path).is_ok_and(|file| {
            let _ = file.set_times(FileTimes::new().set_modified(SystemTime::now()));
            true
        });
        Self { path, saved: saved && is_of_use, is_of_use }
    }

    /// The file, if there is one.
    pub(crate) fn saved(&self) -> Option<&Path> {
        self.saved.then_some(&*self.path)
    }

    /// It is of no use.
    pub(crate) fn forget(&self) {
        let _ = std::fs::remove_file(&self.path);
    }

    /// Saves a machine that has come to the end of what it has in common with others, for the next one to be up sooner. Does nothing when
    /// another is at it, or where there is no room.
    pub(crate) fn save(&self, monitor: &mut Monitor) -> Result<(), String> {
        if !self.is_of_use {
            return Ok(());
        }
        let Ok(lock) = File::create(cache().join("state-lock")) else { return Ok(()) };
        if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err() || self.path.exists() {
            return Ok(());
        }
        let Ok(file) = tempfile::Builder::new().prefix("tmp.").tempfile_in(cache()) else { return Ok(()) };
        if monitor.save(file.path())? {
            let _ = file.persist(&self.path);
        }
        Ok(())
    }
}

/// Whoever takes something from the cache into use holds this, as in `image/build`; whoever throws something away waits. Without it, at the
/// worst, a state is gone between here and QEMU, and the machine is switched on.
fn in_use() -> Option<File> {
    let file = File::create(cache().join("in-use.lock")).ok()?;
    flock(&file, FlockOperation::LockShared).ok().map(|()| file)
}
