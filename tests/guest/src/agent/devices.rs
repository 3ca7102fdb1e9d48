//! What udev does for security keys: as they are plugged in, the group of the people at the console gets access.

use std::fs::{self, Permissions};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;
use std::thread;

use rustix::fs::inotify::{self, CreateFlags, Reader, WatchFlags};

/// Debian's group for removable devices.
pub(crate) const GROUP: &str = "plugdev";

/// Watches `/dev` from now on.
pub(super) fn start() -> io::Result<()> {
    let gid = fs::read_to_string("/etc/group")?
        .lines()
        .find_map(|line| line.strip_prefix(GROUP)?.split(':').nth(2)?.parse().ok())
        .unwrap_or(0);
    let inotify = inotify::init(CreateFlags::CLOEXEC)?;
    inotify::add_watch(&inotify, "/dev", WatchFlags::CREATE)?;
    thread::spawn(move || watch(&inotify, gid));
    Ok(())
}

fn watch(inotify: &OwnedFd, gid: u32) {
    let mut buffer = [MaybeUninit::uninit(); 4096];
    let mut events = Reader::new(inotify, &mut buffer);
    while let Ok(event) = events.next() {
        let Some(name) = event.file_name().and_then(|name| name.to_str().ok()) else { continue };
        if name.starts_with("hidraw") {
            let path = Path::new("/dev").join(name);
            // It may be gone again.
            let _ = chown(&path, None, Some(gid))
                .and_then(|()| fs::set_permissions(&path, Permissions::from_mode(0o660)));
        }
    }
}
