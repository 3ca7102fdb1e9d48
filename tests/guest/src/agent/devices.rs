//! What udev does for security keys: as they are plugged in, the group of the people at the console gets access.

use std::fs::{self, Permissions};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;
use std::thread;

use rustix::fs::inotify::{self, CreateFlags, Reader, WatchFlags};

/// Debian's group for removable devices.
pub(crate) const GROUP: &str = "plugdev";
const MODE: u32 = 0o660;

/// Watches `/dev` from now on.
pub(super) fn start() -> io::Result<()> {
    let gid = fs::read_to_string("/etc/group")?
        .lines()
        .find_map(|line| line.strip_prefix(GROUP)?.split(':').nth(2)?.parse().ok())
        .unwrap_or(0);
    let inotify = inotify::init(CreateFlags::CLOEXEC)?;
    // The kernel makes a node first and sets its owner and mode afterwards, which shows as a change of attributes.
    inotify::add_watch(&inotify, "/dev", WatchFlags::CREATE | WatchFlags::ATTRIB)?;
    thread::spawn(move || watch(&inotify, gid));
    Ok(())
}

fn watch(inotify: &OwnedFd, gid: u32) {
    let mut buffer = [MaybeUninit::uninit(); 4096];
    let mut events = Reader::new(inotify, &mut buffer);
    while let Ok(event) = events.next() {
        let Some(name) = event.file_name().and_then(|name| name.to_str().ok()) else { continue };
        if name.starts_with("hidraw") {
            // It may be gone again.
            let _ = give(&Path::new("/dev").join(name), gid);
        }
    }
}

fn give(device: &Path, gid: u32) -> io::Result<()> {
    let is = fs::metadata(device)?;
    if is.gid() != gid || is.mode() & 0o777 != MODE {
        chown(device, None, Some(gid))?;
        fs::set_permissions(device, Permissions::from_mode(MODE))?;
    }
    Ok(())
}
