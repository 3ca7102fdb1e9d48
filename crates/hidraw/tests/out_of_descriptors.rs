//! A host that has used up its descriptors hears so, and not that its keys were unplugged.
//!
//! In a process of its own, and one test only: the limit is the process's.
#![allow(clippy::unwrap_used)] // A panic is how a test says that something is not as expected.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::Path;

use hidraw::{Device, Hotplug, KeyInfo, ReportLen};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

const FIDO: &[u8] = &[
    0x06, 0xD0, 0xF1, 0x09, 0x01, 0xA1, 0x01, 0x75, 0x08, 0x95, 0x40, 0x09, 0x20, 0x81, 0x02, 0x09, 0x21,
    0x91, 0x02, 0xC0,
];

/// Does something while exactly `free` descriptors are left.
fn with_descriptors_left<T>(free: usize, work: impl FnOnce() -> T) -> T {
    let mut held = Vec::new();
    while let Ok(file) = File::open("/dev/null") {
        held.push(file);
    }
    held.truncate(held.len().checked_sub(free).unwrap());
    work()
}

/// A sysfs with one key, `/dev/null`.
fn sysfs(root: &Path) {
    let own = root.join("devices/hidraw0");
    fs::create_dir_all(own.join("device")).unwrap();
    fs::write(own.join("device/report_descriptor"), FIDO).unwrap();
    fs::write(own.join("dev"), "1:3\n").unwrap();
    fs::create_dir_all(root.join("class/hidraw")).unwrap();
    symlink(&own, root.join("class/hidraw/hidraw0")).unwrap();
}

#[test]
fn each_shortage_has_its_name() {
    let all = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: Some(32), ..all }).unwrap();
    let root = tempfile::tempdir().unwrap();
    sysfs(root.path());
    let key = KeyInfo {
        path: "/dev/null".into(),
        sysfs: root.path().join("devices/hidraw0"),
        name: String::new(),
        vendor_id: 0,
        product_id: 0,
        report_len: ReportLen { input: 64, output: 64 },
        device_number: (1, 3),
    };

    for free in [0, 1] {
        // With one left the node opens, but sysfs can no longer be asked whether it is still the same key.
        let opened = with_descriptors_left(free, || format!("{:?}", Device::open(&key)));
        assert_eq!(opened, "Err(NoDescriptors)", "{free}");
        // With one left the folder opens, but none of its keys can be looked at.
        let listed =
            with_descriptors_left(free, || format!("{:?}", hidraw::list_in(root.path(), "/dev".as_ref())));
        assert!(listed.contains("NoDescriptors"), "{free}: {listed}");
    }
    let watching = with_descriptors_left(0, || format!("{:?}", Hotplug::new()));
    assert_eq!(watching, "Err(NoDescriptors)");

    assert!(Device::open(&key).is_ok());
}
