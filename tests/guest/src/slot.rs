//! A guest keeps one processor busy, hardly ever the second of its two, and rests for a good third of its time, in waits that are what
//! is tested. More guests at a time than keep this machine's processors busy only make every one of them miss its deadlines. So they
//! take turns, also across test processes.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use crate::image::cache;

/// Of who comes last when everything runs at once.
const PATIENCE: Duration = Duration::from_secs(1800);

/// Held for as long as a guest runs.
pub(crate) struct Slot {
    _lock: File,
    /// When it was taken.
    pub(crate) since: SystemTime,
}

impl Slot {
    /// Waits for a free one.
    pub(crate) fn take() -> io::Result<Self> {
        let folder = cache();
        fs::create_dir_all(&folder)?;
        let processors = thread::available_parallelism()?.get();
        // Two guests work for as long as three are there.
        let slots = processors.saturating_add(processors.div_ceil(2));
        let start = Instant::now();
        // Who waits comes before who has just had one and asks for the next.
        let mut queue = None;
        while start.elapsed() < PATIENCE {
            if queue.is_none() {
                queue = lock(&folder.join("slot-queue"))?;
            }
            if queue.is_some() {
                for slot in 0..slots {
                    if let Some(lock) = lock(&folder.join(format!("slot-{slot}")))? {
                        return Ok(Self { _lock: lock, since: SystemTime::now() });
                    }
                }
            }
            thread::sleep(Duration::from_millis(100));
        }
        let reason = format!("other guests have kept all processors for {PATIENCE:?}");
        Err(io::Error::new(io::ErrorKind::TimedOut, reason))
    }
}

/// `None`: somebody else has it.
fn lock(path: &Path) -> io::Result<Option<File>> {
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(path)?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Some(file)),
        Err(Errno::AGAIN | Errno::INTR) => Ok(None),
        Err(errno) => Err(errno.into()),
    }
}
