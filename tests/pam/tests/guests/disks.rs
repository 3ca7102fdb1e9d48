//! The test equipment's disks, and what a power cut does to them.

use guest::{Guest, GuestBuilder};

fn bare() -> GuestBuilder {
    Guest::debian12().without_product()
}

const MOUNT: &str = "mkdir -p /state && busybox mount /dev/disk/by-id/virtio-state /state";

/// What was synchronised is there afterwards. What was not is lost, where nothing writes it by itself.
#[test]
fn a_power_cut_leaves_what_was_synchronised() {
    let guest = bare().disk("state", 64).boot();
    // Nor does the journal get written with anything but the last synchronisation.
    guest.root("echo 0 >/proc/sys/vm/dirty_writeback_centisecs").ok();
    guest.root(&format!("{MOUNT} -o commit=3600")).ok();
    guest.root("echo kept >/state/synchronised && sync /state/synchronised /state").ok();
    let early = guest.copy_of_disk("state");
    guest.root("echo later >/state/later && sync /state/later /state").ok();
    guest.root("echo lost >/state/unsynchronised && cat /state/unsynchronised").ok();
    let mut disks = guest.power_cut();
    assert_eq!(disks.len(), 1);

    let left = bare().with_disk(disks.remove(0)).boot();
    left.root(MOUNT).ok();
    assert_eq!(left.root("cd /state && cat synchronised later").ok(), "kept\nlater\n");
    assert_eq!(left.root("ls /state").ok(), "later\nlost+found\nsynchronised\n");
    drop(left);

    // The guest went on after the copy, which does not know of that.
    let copied = bare().with_disk(early).boot();
    copied.root(MOUNT).ok();
    assert_eq!(copied.root("ls /state && cat /state/synchronised").ok(), "lost+found\nsynchronised\nkept\n");
}
