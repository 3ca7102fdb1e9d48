use std::fs;
use std::os::unix::fs::PermissionsExt;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::*;

fn readable(hotplug: &Hotplug) -> bool {
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    poll(&mut [PollFd::new(hotplug, PollFlags::IN)], Some(&now)).unwrap() == 1
}

type Step = fn(&Path);

#[test]
fn nodes_that_come_change_or_go_are_noticed() {
    let dev = tempfile::tempdir().unwrap();
    let hotplug = Hotplug::watching(dev.path()).unwrap();
    let node = dev.path().join("hidraw7");
    assert!(!readable(&hotplug));
    assert!(!hotplug.drain().unwrap());

    let steps: [(&str, Step); 4] = [
        ("plugged in", |node| fs::write(node, "").unwrap()),
        ("access granted", |node| fs::set_permissions(node, fs::Permissions::from_mode(0o600)).unwrap()),
        ("renamed", |node| fs::rename(node, node.with_file_name("hidraw8")).unwrap()),
        ("unplugged", |node| fs::remove_file(node.with_file_name("hidraw8")).unwrap()),
    ];
    for (what, step) in steps {
        step(&node);
        assert!(readable(&hotplug), "{what}");
        assert!(hotplug.drain().unwrap(), "{what}");
        assert!(!readable(&hotplug), "{what}");
        assert!(!hotplug.drain().unwrap(), "{what}");
    }
}

#[test]
fn other_nodes_are_taken_in_without_a_notice() {
    let dev = tempfile::tempdir().unwrap();
    let hotplug = Hotplug::watching(dev.path()).unwrap();
    for name in ["tty1", "hidraw", "hidrawx", "xhidraw1"] {
        fs::write(dev.path().join(name), "").unwrap();
    }
    fs::create_dir(dev.path().join("input")).unwrap();
    fs::write(dev.path().join("input/hidraw1"), "").unwrap();
    assert!(readable(&hotplug));
    assert!(!hotplug.drain().unwrap());
    assert!(!readable(&hotplug));
}

#[test]
fn a_storm_is_taken_in_piece_by_piece() {
    let dev = tempfile::tempdir().unwrap();
    let hotplug = Hotplug::watching(dev.path()).unwrap();
    let node = dev.path().join("hidraw1");
    for _ in 0..2000 {
        fs::write(&node, "").unwrap();
        fs::remove_file(&node).unwrap();
    }
    let mut rounds = 0;
    while readable(&hotplug) {
        assert!(hotplug.drain().unwrap());
        rounds += 1;
        assert!(rounds < 100, "never ends");
    }
    assert!(rounds > 1);
}

#[test]
fn watching_nothing_is_an_error() {
    let dev = tempfile::tempdir().unwrap();
    for missing in [&dev.path().join("missing"), Path::new("/dev/null")] {
        let error = Hotplug::watching(missing).unwrap_err();
        assert!(matches!(error, HotplugError::Io(_)), "{error:?}");
    }
}

#[test]
fn instances_and_descriptors_are_told_apart() {
    let told = |errno, another| format!("{:?}", HotplugError::from_init(errno, || another));
    assert_eq!(told(Errno::MFILE, Ok(())), "NoInstances");
    assert_eq!(told(Errno::MFILE, Err(Errno::MFILE)), "NoDescriptors");
    assert_eq!(told(Errno::NFILE, Ok(())), "NoDescriptors");
    assert!(told(Errno::NOMEM, Ok(())).starts_with("Io("));
}
