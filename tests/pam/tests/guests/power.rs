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
/// And not more.
const MOST_POINTS: usize = 60;
/// So many disks at once go into a machine, which has letters for them.
const MOST_DISKS: usize = 20;
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
    let (mut untouched, mut switched) = (0, 0);
    let mut disks = disks.into_iter().enumerate().peekable();
    while disks.peek().is_some() {
        let some: Vec<(usize, Disk)> = disks.by_ref().take(MOST_DISKS).collect();
        let points: Vec<usize> = some.iter().map(|(point, _)| *point).collect();
        let mut builder = Guest::debian12().user("alice", "secret").key("blue", KeyOptions::default());
        for (_, disk) in some {
            builder = builder.with_disk(disk);
        }
        let guest = builder.boot();
        enrol(&guest, "blue", None);
        guest.key("blue").touch_always(20);
        for (place, point) in points.into_iter().enumerate() {
            if comes_back(&guest, place, point, &before, &after) {
                switched += 1;
            } else {
                untouched += 1;
            }
        }
    }
    println!("power cut: {untouched} points with the old file, {switched} with the new one");
    assert!(untouched > 0 && switched > 0, "the points lie on both sides of the change");
}

/// A machine with this disk lets people in, and puts the file back; whether it was the new one.
fn comes_back(guest: &Guest, place: usize, point: usize, before: &str, after: &str) -> bool {
    mount(guest, place);
    let found = guest.root("cat /etc/pam.d/sudo").ok();
    // The one or the other, whole, and the person signs in by it.
    assert!(found == before || found == after, "point {point}: {found}");
    signs_in(guest, point);
    // What the unit does when the machine starts.
    guest.root("passkey-enroll pam undo").ok();
    assert_eq!(guest.root("cat /etc/pam.d/sudo").ok(), before, "point {point}");
    let left = guest
        .root("ls -A /etc/pam.d | grep '^[.]'; find /var/lib/passkey/pam -type f ! -name .lock ! -name sudo.json; cat /var/lib/passkey/pam/sudo.json")
        .stdout;
    assert!(
        left.is_empty() || left.starts_with('{') && left.contains("\"is\": \"undone\""),
        "point {point}: {left}"
    );
    guest.root("busybox umount /etc/pam.d /var/lib/passkey /disk").ok();
    found != before
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
         --no-rehearsal --confirm-within 3600 --accept only_way_to_root"
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

/// What a command has said is done is on the disk: the passkey's new name, the counter of a sign-in, a recovery code that is used up, a
/// change that is kept. The file system sends nothing by itself here, neither in time nor for a file that takes the place of another, so
/// each of the two fsyncs of a replaced file is needed for it: that of the file and that of its folder.
#[test]
fn what_is_done_is_on_the_disk() {
    let guest = Guest::debian12()
        .user("alice", "secret")
        .file("/etc/pam.d/passkey", pam_tests::passkey_only("wait_for_key=0 recovery=allow"))
        .disk("system", 64)
        .key("blue", KeyOptions::default())
        .boot();
    guest
        .root(
            "mkdir -p /disk && busybox mount -o noauto_da_alloc,commit=3600 /dev/vdc /disk && \
             mkdir -p /disk/passkey /disk/state /etc/passkey /var/lib/passkey && \
             busybox mount --bind /disk/passkey /etc/passkey && busybox mount --bind /disk/state /var/lib/passkey && \
             echo 3600000 >/proc/sys/vm/dirty_expire_centisecs",
        )
        .ok();
    enrol(&guest, "blue", None);
    let paper = guest.root("passkey-enroll recovery new --user alice").ok();
    let code = paper.lines().map(str::trim).find(|line| line.len() == 24).expect("a code").to_owned();
    guest.root("passkey-enroll pam enable sudo --user alice --yes --no-rehearsal --accept only_way_to_root --confirm-within 3600 >/dev/null 2>&1 &
                until grep -q '\"is\": \"on-trial\"' /var/lib/passkey/pam/sudo.json && grep -q passkey /etc/pam.d/sudo; do sleep 0.1; done; sleep 1; sync").ok();

    let mut disks = Vec::new();
    let mut cut_after = |what: &str| {
        guest.root(what).ok();
        disks.push(guest.copy_of_disk("system"));
    };
    cut_after("passkey-enroll rename blue azure --user alice");
    guest.key("blue").touch_always(20);
    cut_after("pamtester passkey alice authenticate");
    guest.key("blue").unplug();
    cut_after(&format!("printf '%s\\n' {code} | pamtester passkey alice authenticate"));
    cut_after("passkey-enroll pam confirm sudo --yes");

    let mut builder = Guest::debian12();
    for disk in disks {
        builder = builder.with_disk(disk);
    }
    let guest = builder.boot();
    let on_disk = [
        "grep -q 'name = \"azure\"' /disk/passkey/credentials/alice.toml",
        "grep -q ' passkey\"' /disk/state/state/alice.toml && grep -q 'last_used' /disk/state/state/alice.toml",
        "grep -q 'used = .20' /disk/state/recovery/alice.toml",
        "grep -q '\"is\": \"kept\"' /disk/state/pam/sudo.json",
    ];
    for (letter, found) in ('c'..).zip(on_disk) {
        let look = format!("mkdir -p /disk && busybox mount /dev/vd{letter} /disk && {found}");
        let output = guest.root(&look);
        let files =
            guest.root("cd /disk && find . -type f -size -64k ! -path './lost*' | xargs tail -n +1").stdout;
        assert_eq!(output.status, 0, "{found}\n{}\n{files}", output.stderr);
        guest.root("busybox umount /disk").ok();
    }
}
