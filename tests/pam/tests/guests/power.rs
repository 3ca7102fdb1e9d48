//! The power goes while a service is being switched on: after each step of it that a disk may see, in a copy of the disk as a power cut
//! would leave it there. Another machine starts from each of them.

use std::thread;
use std::time::{Duration, Instant};

use guest::{Disk, Guest, KeyOptions, Terminal};
use pam_tests::enrol;

/// What is on the disk.
const FOLDERS: [&str; 2] = ["/etc/pam.d", "/var/lib/passkey"];
/// At least so many steps are there.
const POINTS: usize = 20;
/// And not more, with the one at the end, than there are letters for disks.
const MOST_POINTS: usize = 23;
/// The steps: these calls change what is on a disk, or have it written there.
const STEPS: &str = "mkdir,fchmod,fsync,rename,unlink";
/// Where it is written down that the command has stopped after one of them.
const STOPS: &str = "/run/stops";
/// What it says at the end of them.
const SWITCHED: &str = "Waiting for the confirmation";

#[test]
fn somebody_comes_in_wherever_the_power_goes() {
    let (before, after, disks) = cut();
    let points = disks.len();
    assert!(points >= POINTS, "{points}");
    let mut builder = Guest::debian12().user("alice", "secret").key("blue", KeyOptions::default());
    for disk in disks {
        builder = builder.with_disk(disk);
    }
    let guest = builder.boot();
    enrol(&guest, "blue", None);
    guest.key("blue").touch_always(20);
    let (mut untouched, mut switched) = (0, 0);
    for point in 0..points {
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
    let enable = format!(
        "strace -o {STOPS} -e trace={STEPS} -e inject={STEPS}:signal=SIGSTOP passkey-enroll pam enable sudo --user alice --yes \
         --no-rehearsal --accept only_way_to_root"
    );
    let mut disks = Vec::new();
    let mut enabling = guest.terminal("root", &enable);
    while stops_again(&guest, disks.len(), &mut enabling) {
        disks.push(guest.copy_of_disk("system"));
        assert!(disks.len() < MOST_POINTS, "so many disks do not go into a machine");
        guest.root("pkill -CONT -x passkey-enroll").ok();
    }
    let after = guest.root("cat /etc/pam.d/sudo").ok();
    // And one for real.
    disks.extend(guest.power_cut());
    (before, after, disks)
}

/// Waits until the command has stopped more than so many times; not if it has done all that it does.
fn stops_again(guest: &Guest, times: usize, enabling: &mut Terminal) -> bool {
    let start = Instant::now();
    while !enabling.transcript().contains(SWITCHED) {
        let stops = guest.root(&format!("grep -c 'stopped by SIGSTOP' {STOPS}")).stdout;
        if stops.trim().parse().unwrap_or(0) > times {
            return true;
        }
        assert!(start.elapsed() < guest::PATIENCE, "{}", enabling.transcript());
        thread::sleep(Duration::from_millis(20));
    }
    false
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
