use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};

use super::*;

const LEN_64: ReportLen = ReportLen { input: 64, output: 64 };

/// A device whose far end is ours: a packet socket keeps the borders of reports as hidraw does.
fn pair() -> (Device, OwnedFd) {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let (near, far) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None).unwrap();
    (Device { fd: near, report_len: LEN_64 }, far)
}

/// A key whose node is `/dev/null` (character device 1:3) and whose sysfs folder is `sysfs`.
fn null_key(sysfs: &Path, path: &Path, device_number: (u32, u32)) -> KeyInfo {
    fs::write(sysfs.join("dev"), format!("{}:{}\n", device_number.0, device_number.1)).unwrap();
    KeyInfo {
        path: path.into(),
        sysfs: sysfs.into(),
        name: "test".into(),
        vendor_id: 0,
        product_id: 0,
        report_len: LEN_64,
        device_number,
    }
}

#[test]
fn reports_go_out_with_report_number_zero() {
    let (device, far) = pair();
    assert!(device.write(&[7; 64]).unwrap());
    let mut seen = [0xFF; 128];
    assert_eq!(rustix::io::read(&far, &mut seen).unwrap(), 65);
    assert_eq!(seen[0], 0);
    assert_eq!(seen[1..65], [7; 64]);
}

#[test]
fn detached_reports_go_out_with_report_number_zero_each() {
    let _alone = detached::tests::alone();
    let (near, far) =
        socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None).unwrap();
    let device = Device { fd: near, report_len: LEN_64 };
    let reports = [[7; 64], [8; 64]].concat();
    let _write = device.write_detached(&reports).unwrap();
    for byte in [7, 8] {
        let mut seen = [0xFF; 128];
        assert_eq!(rustix::io::read(&far, &mut seen).unwrap(), 65);
        assert_eq!(seen[0], 0);
        assert_eq!(seen[1..65], [byte; 64]);
    }
    device.close_detached();
    assert_eq!(rustix::io::read(&far, &mut [0; 128]).unwrap(), 0, "closed");
}

#[test]
fn reports_of_another_length_are_refused() {
    let (device, _far) = pair();
    for len in [0, 63, 65, 127] {
        let error = device.write_detached(&vec![0; len]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{len}");
    }
    for len in [0, 63, 65] {
        let error = device.write(&vec![0; len]).unwrap_err();
        assert!(
            matches!(&error, TransferError::Failed(error) if error.kind() == io::ErrorKind::InvalidInput)
        );
    }
}

#[test]
fn a_full_queue_is_no_error() {
    let (device, _far) = pair();
    let mut sent = 0_u32;
    while device.write(&[0; 64]).unwrap() {
        sent += 1;
        assert!(sent < 100_000, "the socket never fills");
    }
    assert!(sent > 0);
}

#[test]
fn reading_never_waits_and_an_unplugged_key_is_an_error() {
    let (device, far) = pair();
    let mut buf = [0; 64];
    assert_eq!(device.read(&mut buf).unwrap(), None);
    rustix::io::write(&far, &[9; 64]).unwrap();
    assert_eq!(device.read(&mut buf).unwrap(), Some(64));
    assert_eq!(buf, [9; 64]);
    drop(far);
    assert!(matches!(device.read(&mut buf), Err(TransferError::Gone)));
    // A socket's word for it, EPIPE, is hidraw's for a stalled endpoint.
    assert!(matches!(device.write(&[0; 64]), Err(TransferError::Failed(_))));
}

#[test]
fn only_what_says_that_the_device_is_no_more_means_gone() {
    let gone = |error: TransferError| matches!(error, TransferError::Gone);
    for errno in [Errno::NODEV, Errno::SHUTDOWN] {
        assert!(gone(TransferError::from_read(errno)) && gone(TransferError::from_write(errno)), "{errno}");
    }
    // hidraw_read says EIO for a device that no longer exists; a write, for a transfer that failed.
    assert!(gone(TransferError::from_read(Errno::IO)));
    for errno in [Errno::IO, Errno::PIPE, Errno::PROTO, Errno::TIMEDOUT, Errno::NOENT, Errno::HOSTUNREACH] {
        assert!(!gone(TransferError::from_write(errno)), "{errno}");
    }
}

#[test]
fn shortages_are_told_apart_from_what_the_key_does() {
    for (errno, expected) in [
        (Errno::MFILE, "NoDescriptors"),
        (Errno::NFILE, "NoDescriptors"),
        (Errno::NOMEM, "NoMemory"),
        (Errno::ACCESS, "Denied"),
        (Errno::BUSY, "Busy"),
        (Errno::NODEV, "Gone"),
    ] {
        assert_eq!(format!("{:?}", OpenError::from(errno)), expected);
        assert_eq!(format!("{:?}", OpenError::from(io::Error::from(errno))), expected);
    }
    assert!(matches!(OpenError::from(Errno::IO), OpenError::Io(_)));
}

#[test]
fn draining_leaves_only_what_comes_later() {
    let (device, far) = pair();
    for stale in 0..5 {
        rustix::io::write(&far, &[stale; 64]).unwrap();
    }
    device.drain().unwrap();
    let mut buf = [0; 64];
    assert_eq!(device.read(&mut buf).unwrap(), None);
    rustix::io::write(&far, &[9; 64]).unwrap();
    assert_eq!(device.read(&mut buf).unwrap(), Some(64));
}

#[test]
fn the_lock_excludes_others_until_given_up_or_closed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("node");
    fs::write(&file, "").unwrap();
    let open = || Device { fd: fs::File::open(&file).unwrap().into(), report_len: LEN_64 };
    let (one, two) = (open(), open());
    assert!(one.try_lock().unwrap());
    assert!(one.try_lock().unwrap(), "taking it twice is harmless");
    assert!(!two.try_lock().unwrap());
    one.unlock().unwrap();
    one.unlock().unwrap();
    assert!(two.try_lock().unwrap());
    drop(two);
    assert!(one.try_lock().unwrap());
}

#[test]
fn opening_checks_the_node_against_sysfs() {
    let sysfs = tempfile::tempdir().unwrap();
    let null = Path::new("/dev/null");
    assert!(Device::open(&null_key(sysfs.path(), null, (1, 3))).is_ok());
    let other = Device::open(&null_key(sysfs.path(), null, (240, 3)));
    assert!(matches!(other, Err(OpenError::NotADevice)), "{other:?}");

    let exchanged = null_key(sysfs.path(), null, (1, 3));
    fs::write(sysfs.path().join("dev"), "1:5\n").unwrap();
    assert!(matches!(Device::open(&exchanged), Err(OpenError::Gone)));
    fs::remove_file(sysfs.path().join("dev")).unwrap();
    assert!(matches!(Device::open(&exchanged), Err(OpenError::Gone)));
}

#[test]
fn opening_refuses_what_is_not_a_device_node() {
    let sysfs = tempfile::tempdir().unwrap();
    let place = tempfile::tempdir().unwrap();
    let (file, link, missing) =
        (place.path().join("file"), place.path().join("link"), place.path().join("missing"));
    fs::write(&file, "").unwrap();
    symlink("/dev/null", &link).unwrap();
    for (path, expected) in [
        (&file, "NotADevice"),
        (&link, "NotADevice"),
        (&place.path().to_path_buf(), "NotADevice"),
        (&missing, "Hidden"),
    ] {
        let error = Device::open(&null_key(sysfs.path(), path, (1, 3))).unwrap_err();
        assert_eq!(format!("{error:?}"), expected, "{}", path.display());
        assert!(!error.to_string().is_empty());
    }
    let unplugged = null_key(sysfs.path(), &missing, (1, 3));
    fs::remove_file(sysfs.path().join("dev")).unwrap();
    assert!(matches!(Device::open(&unplugged), Err(OpenError::Gone)));
}

#[test]
fn descriptors_are_closed_on_exec_and_never_block() {
    let sysfs = tempfile::tempdir().unwrap();
    let device = Device::open(&null_key(sysfs.path(), Path::new("/dev/null"), (1, 3))).unwrap();
    assert!(rustix::io::fcntl_getfd(&device).unwrap().contains(rustix::io::FdFlags::CLOEXEC));
    assert!(rustix::fs::fcntl_getfl(&device).unwrap().contains(OFlags::NONBLOCK));
}
