//! The power goes while a service is being switched on: at twenty points, each a copy of the disk as a power cut would leave it there.
//! Another machine starts from each of them.

use std::thread;
use std::time::{Duration, Instant};

use guest::{Disk, Guest, KeyOptions};
use pam_tests::enrol;

/// What is on the disk.
const FOLDERS: [&str; 2] = ["/etc/pam.d", "/var/lib/passkey"];
const POINTS: usize = 20;
/// Whatever puts something on a disk takes so long here, in microseconds: as long as a moment between two copies.
const DELAY: u32 = 250_000;

#[test]
fn somebody_comes_in_wherever_the_power_goes() {
    let (before, after, disks) = cut();
    assert_eq!(disks.len(), POINTS);
    let mut builder = Guest::debian12().user("alice", "secret").key("blue", KeyOptions::default());
    for disk in disks {
        builder = builder.with_disk(disk);
    }
    let guest = builder.boot();
    enrol(&guest, "blue", None);
    guest.key("blue").touch_always(20);
    let (mut untouched, mut switched) = (0, 0);
    for point in 0..POINTS {
        mount(&guest, point);
        let found = guest.root("cat /etc/pam.d/sudo").ok();
        // The one or the other, whole, and the person signs in by it.
        if found == before {
            untouched += 1;
        } else {
            assert_eq!(found, after, "point {point}");
            switched += 1;
        }
        signs_in(&guest, point);
        // What the unit does when the machine starts.
        guest.root("passkey-enroll pam undo").ok();
        assert_eq!(guest.root("cat /etc/pam.d/sudo").ok(), before, "point {point}");
        let left = guest
            .root("ls -A /etc/pam.d | grep '^[.]'; find /var/lib/passkey/pam -type f ! -name .lock")
            .stdout;
        assert_eq!(left, "", "point {point}: nothing is left lying about");
        guest.root("busybox umount /etc/pam.d /var/lib/passkey /disk").ok();
    }
    println!("power cut: {untouched} points with the old file, {switched} with the new one");
    assert!(untouched > 0 && switched > 0, "the points lie on both sides of the change");
}

/// The file before and after, and the disks.
fn cut() -> (String, String, Vec<Disk>) {
    let guest = Guest::debian12()
        .user("alice", "secret")
        .disk("system", 64)
        .key("blue", KeyOptions::default())
        .boot();
    enrol(&guest, "blue", None);
    guest.root("mkdir -p /disk /var/lib/passkey && busybox mount /dev/vdc /disk").ok();
    for folder in FOLDERS {
        let own = own(folder);
        guest.root(&format!("cp -a {folder} {own} && busybox mount --bind {own} {folder} && sync")).ok();
    }
    let before = guest.root("cat /etc/pam.d/sudo").ok();
    let writes = "fsync,rename,renameat,renameat2,unlink,unlinkat";
    let enable = format!(
        "strace -o /dev/null -e trace={writes} -e inject={writes}:delay_enter={DELAY} passkey-enroll pam enable sudo --user alice \
         --yes --no-rehearsal --accept only_way_to_root"
    );
    let mut enabling = guest.terminal("root", &enable);
    guest.root("until [ -e /var/lib/passkey/pam ]; do sleep 0.02; done").ok();
    let mut disks = Vec::new();
    let start = Instant::now();
    while disks.len() < POINTS - 1 {
        disks.push(guest.copy_of_disk("system"));
        thread::sleep(Duration::from_micros(u64::from(DELAY)));
        assert!(start.elapsed() < guest::PATIENCE);
    }
    enabling.expect("on trial");
    let after = guest.root("cat /etc/pam.d/sudo").ok();
    // And one for real.
    disks.extend(guest.power_cut());
    (before, after, disks)
}

/// Where on the disk a folder is.
fn own(folder: &str) -> String {
    format!("/disk/{}", folder.rsplit('/').next().unwrap())
}

/// The folders as that disk has them.
fn mount(guest: &Guest, point: usize) {
    let letter = char::from(b'c' + u8::try_from(point).unwrap());
    let mounts: Vec<String> =
        FOLDERS.iter().map(|folder| format!("busybox mount --bind {} {folder}", own(folder))).collect();
    guest
        .root(&format!(
            "mkdir -p /disk /var/lib/passkey && busybox mount /dev/vd{letter} /disk && {}",
            mounts.join(" && ")
        ))
        .ok();
}

/// Alice becomes root with her password, and a touch where it is asked for.
fn signs_in(guest: &Guest, point: usize) {
    let mut sudo = guest.terminal("alice", "sudo -k; sudo id -un");
    sudo.expect("password for alice").type_line("secret");
    let exit = sudo.wait();
    assert_eq!(exit.status, 0, "point {point}: {}", exit.screen);
}
