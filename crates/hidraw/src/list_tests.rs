use std::os::unix::fs::symlink;

use super::*;

const FIDO: &[u8] = &[
    0x06, 0xD0, 0xF1, 0x09, 0x01, 0xA1, 0x01, 0x75, 0x08, 0x95, 0x40, 0x09, 0x20, 0x81, 0x02, 0x09, 0x21,
    0x91, 0x02, 0xC0,
];
const MOUSE: &[u8] = &[0x05, 0x01, 0x09, 0x02, 0xA1, 0x01, 0x75, 0x08, 0x95, 0x03, 0x81, 0x06, 0xC0];

/// A sysfs as the kernel lays it out: a class folder of links into the device tree.
struct Sysfs(tempfile::TempDir);

impl Sysfs {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("class/hidraw")).unwrap();
        Self(root)
    }

    fn device(&self, hid: &str, node: &str, descriptor: &[u8], uevent: &str, dev: &str) -> PathBuf {
        let hid = self.0.path().join("devices/usb1").join(hid);
        let own = hid.join("hidraw").join(node);
        fs::create_dir_all(&own).unwrap();
        fs::write(hid.join("report_descriptor"), descriptor).unwrap();
        fs::write(hid.join("uevent"), uevent).unwrap();
        fs::write(own.join("dev"), dev).unwrap();
        symlink("../..", own.join("device")).unwrap();
        symlink(&own, self.0.path().join("class/hidraw").join(node)).unwrap();
        own
    }

    fn list(&self) -> Vec<KeyInfo> {
        let listing = list_in(self.0.path(), Path::new("/dev")).unwrap();
        assert!(listing.skipped.is_empty(), "{:?}", listing.skipped);
        listing.keys
    }
}

fn nodes(keys: &[KeyInfo]) -> Vec<&str> {
    keys.iter().map(|key| key.path.to_str().unwrap()).collect()
}

#[test]
fn no_class_folder_means_no_keys() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("class")).unwrap();
    let listing = list_in(root.path(), Path::new("/dev")).unwrap();
    assert!(listing.keys.is_empty() && listing.skipped.is_empty());
}

#[test]
fn no_sysfs_is_an_error_of_its_own() {
    let root = tempfile::tempdir().unwrap();
    for sys in [root.path(), &root.path().join("missing")] {
        let error = list_in(sys, Path::new("/dev")).unwrap_err();
        assert!(matches!(error, ListError::NoSysfs), "{error:?}");
    }
}

#[test]
fn what_cannot_be_looked_at_costs_nothing_but_itself() {
    let sysfs = Sysfs::new();
    for number in 1..=3 {
        let node = format!("hidraw{number}");
        sysfs.device(&node, &node, FIDO, "", "240:1\n");
    }
    // A folder opens and does not read (EISDIR), to root too.
    let descriptor = sysfs.0.path().join("devices/usb1/hidraw2/report_descriptor");
    fs::remove_file(&descriptor).unwrap();
    fs::create_dir(&descriptor).unwrap();
    let listing = list_in(sysfs.0.path(), Path::new("/dev")).unwrap();
    assert_eq!(nodes(&listing.keys), ["/dev/hidraw1", "/dev/hidraw3"]);
    let [skipped] = &listing.skipped[..] else { panic!("{:?}", listing.skipped) };
    assert_eq!(skipped.path, Path::new("/dev/hidraw2"));
    assert!(matches!(skipped.error, ListError::Io(_)), "{:?}", skipped.error);
}

#[test]
fn an_unreadable_class_folder_is_an_error() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("class")).unwrap();
    fs::write(root.path().join("class/hidraw"), "a file").unwrap();
    let error = list_in(root.path(), Path::new("/dev")).unwrap_err();
    assert!(matches!(error, ListError::Io(_)), "{error:?}");
}

#[test]
fn a_key_is_described_in_full() {
    let sysfs = Sysfs::new();
    let uevent = "DRIVER=hid-generic\nHID_ID=0003:00001050:00000407\nHID_NAME=Yubico YubiKey OTP+FIDO+CCID\nHID_UNIQ=\n";
    let own = sysfs.device("0003:1050:0407.0005", "hidraw3", FIDO, uevent, "240:3\n");
    assert_eq!(
        sysfs.list(),
        [KeyInfo {
            path: "/dev/hidraw3".into(),
            sysfs: fs::canonicalize(own).unwrap(),
            name: "Yubico YubiKey OTP+FIDO+CCID".into(),
            vendor_id: 0x1050,
            product_id: 0x0407,
            report_len: ReportLen { input: 64, output: 64 },
            device_number: (240, 3),
        }]
    );
}

#[test]
fn keys_come_in_the_order_of_their_numbers_and_others_are_left_out() {
    let sysfs = Sysfs::new();
    for (node, descriptor, dev) in [
        ("hidraw10", FIDO, "240:10\n"),
        ("hidraw2", FIDO, "240:2\n"),
        ("hidraw0", MOUSE, "240:0\n"),
        ("hidraw3", &FIDO[..19], "240:3\n"),
        ("hidraw4", FIDO, "nonsense\n"),
        ("hidraw5", FIDO, "240\n"),
        ("hidrawx", FIDO, "240:6\n"),
        ("hidraw+7", FIDO, "240:7\n"),
    ] {
        sysfs.device(node, node, descriptor, "", dev);
    }
    // Unplugged between reading the folder and looking: the link leads nowhere.
    symlink("/nowhere", sysfs.0.path().join("class/hidraw/hidraw9")).unwrap();
    assert_eq!(nodes(&sysfs.list()), ["/dev/hidraw2", "/dev/hidraw10"]);
}

#[test]
fn odd_identities_do_not_hide_a_key() {
    let sysfs = Sysfs::new();
    for (number, uevent) in
        ["", "HID_ID=0003:1", "HID_ID=0003:00011050:00000407", "HID_ID=x:y:z\nHID_NAME=", "\n\n=\n"]
            .iter()
            .enumerate()
    {
        let node = format!("hidraw{number}");
        sysfs.device(&node, &node, FIDO, uevent, "240:1");
    }
    let keys = sysfs.list();
    assert_eq!(keys.len(), 5);
    assert!(
        keys.iter().all(|key| (key.vendor_id, key.product_id, key.name.as_str()) == (0, 0, "")),
        "{keys:?}"
    );
}

#[test]
fn overlong_attributes_are_refused() {
    let sysfs = Sysfs::new();
    sysfs.device("a", "hidraw1", &[FIDO, &[0xFE; MAX_DESCRIPTOR_LEN]].concat(), "", "240:1");
    assert_eq!(sysfs.list(), []);
}
