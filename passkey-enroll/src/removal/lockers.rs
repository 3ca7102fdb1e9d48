//! Programs that lock a session when logind asks them to. logind only passes the wish on: without such a program nothing is locked.
//!
//! They are no hosts of the module: most have another program ask PAM ([`passkey_core::host`] knows those).

use std::fs;
use std::os::unix::fs::MetadataExt as _;

use passkey_core::host::is_program;

/// Their names.
const KNOWN: [&str; 12] = [
    "cinnamon-screensaver",
    "cosmic-greeter",
    "gnome-shell",
    "hypridle",
    "ksmserver",
    "kwin_wayland",
    "light-locker",
    "mate-screensaver",
    "phosh",
    "swayidle",
    "xfce4-screensaver",
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
        .filter_map(|comm| known(comm.trim_end()).map(str::to_owned))
        .collect();
    running.sort_unstable();
    running.dedup();
    running
}

/// The program of a process of this name.
fn known(comm: &str) -> Option<&'static str> {
    KNOWN.into_iter().find(|known| is_program(known, comm))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_known_however_the_kernel_has_its_name() {
        assert_eq!(known("light-locker"), Some("light-locker"));
        assert_eq!(known("cinnamon-screen"), Some("cinnamon-screensaver"));
        assert_eq!(known("xfce4-screensav"), Some("xfce4-screensaver"));
        assert_eq!(known(".xss-lock-wrapp"), Some("xss-lock"));
        assert_eq!(known("cinnamon-sessio"), None);
        assert_eq!(known("xss-lock-session"), None);
    }
}
