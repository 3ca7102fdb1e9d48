//! The guest in which everything is measured.

use guest::{Guest, GuestBuilder};

use crate::implementation::{OLDER_PAM_U2F, PASSWORD, POPULATION, USER};

/// The suite with the newest pam_u2f of a Debian release.
const SUITE: &str = "trixie";
/// The suite that the older pam_u2f comes from.
const OLDER_SUITE: &str = "bookworm";
/// The disk with the files of many users.
const DISK: &str = "population";

/// A guest with every module and the probe.
pub fn machine() -> GuestBuilder {
    let module = format!("{}/security/pam_u2f.so", guest::libraries());
    Guest::debian(SUITE)
        .packages(&["sssd-passkey", "valgrind"])
        .bench_probe()
        .gdm_worker()
        .user(USER, PASSWORD)
        .file(OLDER_PAM_U2F, guest::file_of_debian(OLDER_SUITE, module.trim_start_matches('/')))
        .memory(2048)
}

/// The same with a disk for many users, booted.
pub fn boot() -> Guest {
    let guest = machine().disk(DISK, 1536).boot();
    guest
        .root(&format!("mkdir {POPULATION} && busybox mount /dev/disk/by-id/virtio-{DISK} {POPULATION}"))
        .ok();
    guest
}
