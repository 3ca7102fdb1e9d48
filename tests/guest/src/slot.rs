//! A guest keeps one processor busy, hardly ever the second of its two: more guests at a time than this machine has processors only
//! make every one of them miss its deadlines. So they take turns, also across test processes.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};

use crate::image::cache;

/// Held for as long as a guest runs.
pub(crate) struct Slot {
    _lock: File,
}

impl Slot {
    /// Waits for a free one, for ten minutes at most.
    pub(crate) fn take() -> io::Result<Self> {
        let folder = cache();
        fs::create_dir_all(&folder)?;
        let slots = thread::available_parallelism()?.get();
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(600) {
            for slot in 0..slots {
                let path = folder.join(format!("slot-{slot}"));
                let lock = OpenOptions::new().create(true).truncate(false).write(true).open(path)?;
                if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_ok() {
                    return Ok(Self { _lock: lock });
                }
            }
            thread::sleep(Duration::from_millis(100));
        }
        Err(io::Error::new(io::ErrorKind::TimedOut, "other guests have kept all processors for ten minutes"))
    }
}
