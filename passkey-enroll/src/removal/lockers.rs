//! Programs that lock a session when logind asks them to. logind only passes the wish on: without such a program nothing is locked.

use std::fs;
use std::os::unix::fs::MetadataExt as _;

/// The names of their processes, as the kernel has them: 15 bytes at most.
const KNOWN: [&str; 12] = [
    "cinnamon-screen",
    "cosmic-greeter",
    "gnome-shell",
    "hypridle",
    "ksmserver",
    "kwin_wayland",
    "light-locker",
    "mate-screensave",
    "phosh",
    "swayidle",
    "xfce4-screensav",
    "xss-lock",
];

/// Those that run as the user.
pub(crate) fn running(uid: u32) -> Vec<String> {
    let mut running: Vec<String> = fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.file_name().as_encoded_bytes().iter().all(u8::is_ascii_digit))
        .filter(|entry| entry.metadata().is_ok_and(|metadata| metadata.uid() == uid))
        .filter_map(|entry| fs::read_to_string(entry.path().join("comm")).ok())
        .map(|name| name.trim_end().to_owned())
        .filter(|name| KNOWN.contains(&name.as_str()))
        .collect();
    running.sort_unstable();
    running.dedup();
    running
}
