use std::{fs, os::unix::fs::PermissionsExt as _, sync::mpsc};

use tempfile::TempDir;

use super::*;

const MAX_LEN: u64 = 64;

fn place(dir: &TempDir) -> Place {
    Place {
        path: dir.path().join("sub/alice.toml"),
        owner: Owner::RootOr(rustix::process::geteuid().as_raw()),
        group: None,
        dir_mode: 0o755,
        lock: LockFile::OfFile,
        max_len: MAX_LEN,
    }
}

fn names(dir: &TempDir) -> Vec<String> {
    let entries = fs::read_dir(dir.path().join("sub")).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn a_new_content_is_beside_the_old_until_it_is_whole() {
    let dir = TempDir::new().unwrap();
    let place = place(&dir);
    let locked = place.lock(Duration::ZERO).unwrap();
    assert_eq!(locked.read().unwrap(), None);
    locked.replace("old").unwrap();

    let staged = locked.stage("new").unwrap();
    assert_eq!(place.read().unwrap(), "old");
    assert_eq!(names(&dir), [".alice.toml.lock", ".alice.toml.tmp", "alice.toml"]);
    staged.commit().unwrap();
    assert_eq!(place.read().unwrap(), "new");
    assert_eq!(names(&dir), [".alice.toml.lock", "alice.toml"]);
}

#[test]
fn a_content_that_is_given_up_leaves_nothing() {
    let dir = TempDir::new().unwrap();
    let place = place(&dir);
    let locked = place.lock(Duration::ZERO).unwrap();
    locked.replace("old").unwrap();
    drop(locked.stage("new").unwrap());
    assert_eq!(place.read().unwrap(), "old");
    assert_eq!(names(&dir), [".alice.toml.lock", "alice.toml"]);
}

#[test]
fn what_a_killed_writer_left_is_cleared_away() {
    let dir = TempDir::new().unwrap();
    let place = place(&dir);
    place.lock(Duration::ZERO).unwrap().replace("old").unwrap();
    fs::write(dir.path().join("sub/.alice.toml.tmp"), "ne").unwrap();
    assert_eq!(place.read().unwrap(), "old");
    place.lock(Duration::ZERO).unwrap().replace("new").unwrap();
    assert_eq!(place.read().unwrap(), "new");
    assert_eq!(names(&dir), [".alice.toml.lock", "alice.toml"]);
}

#[test]
fn a_link_in_the_temporary_files_place_is_replaced_and_not_followed() {
    let dir = TempDir::new().unwrap();
    let place = place(&dir);
    place.lock(Duration::ZERO).unwrap().replace("old").unwrap();
    let victim = dir.path().join("victim");
    fs::write(&victim, "precious").unwrap();
    std::os::unix::fs::symlink(&victim, dir.path().join("sub/.alice.toml.tmp")).unwrap();
    place.lock(Duration::ZERO).unwrap().replace("new").unwrap();
    assert_eq!(fs::read_to_string(&victim).unwrap(), "precious");
    assert_eq!(place.read().unwrap(), "new");
}

#[test]
fn a_link_in_the_locks_place_is_refused() {
    let dir = TempDir::new().unwrap();
    let place = place(&dir);
    place.lock(Duration::ZERO).unwrap().replace("old").unwrap();
    let lock = dir.path().join("sub/.alice.toml.lock");
    fs::remove_file(&lock).unwrap();
    std::os::unix::fs::symlink(dir.path().join("victim"), &lock).unwrap();
    assert!(matches!(place.lock(Duration::ZERO), Err(StoreError::Write { .. })));
    assert!(!dir.path().join("victim").exists());
}

#[test]
fn nothing_longer_than_what_is_read_is_written() {
    let dir = TempDir::new().unwrap();
    let place = place(&dir);
    let locked = place.lock(Duration::ZERO).unwrap();
    locked.replace(&"x".repeat(64)).unwrap();
    assert!(matches!(locked.replace(&"y".repeat(65)), Err(StoreError::Full { max_len: MAX_LEN, .. })));
    assert_eq!(place.read().unwrap(), "x".repeat(64));
}

#[test]
fn one_writer_at_a_time_and_the_wait_is_bounded() {
    let dir = TempDir::new().unwrap();
    let place = place(&dir);
    let locked = place.lock(Duration::ZERO).unwrap();
    let patience = Duration::from_millis(50);
    let before = Instant::now();
    assert!(matches!(place.lock(patience), Err(StoreError::Locked { .. })));
    assert!(before.elapsed() >= patience);

    let (send, receive) = mpsc::channel();
    std::thread::scope(|scope| {
        let place = &place;
        scope.spawn(move || {
            let locked = place.lock(Duration::from_secs(20)).unwrap();
            send.send(locked.read().unwrap()).unwrap();
        });
        assert!(receive.recv_timeout(patience).is_err());
        locked.replace("by the first").unwrap();
        drop(locked);
        assert_eq!(receive.recv().unwrap().as_deref(), Some("by the first"));
    });
}

#[test]
fn modes_do_not_depend_on_the_hosts_umask() {
    let dir = TempDir::new().unwrap();
    let alone = place(&dir);
    alone.lock(Duration::ZERO).unwrap().replace("x").unwrap();
    assert_eq!(mode(&alone.path), 0o600);
    let shared = Place { group: Some(rustix::process::getegid().as_raw()), ..alone };
    shared.lock(Duration::ZERO).unwrap().replace("x").unwrap();
    assert_eq!(mode(&shared.path), 0o640);
    assert_eq!(mode(&dir.path().join("sub")), 0o755);
    assert_eq!(mode(&dir.path().join("sub/.alice.toml.lock")) & 0o077, 0);
}

#[test]
fn a_directory_has_one_lock_for_all_its_files_where_that_is_asked_for() {
    let dir = TempDir::new().unwrap();
    let one = Place { lock: LockFile::OfDirectory, ..place(&dir) };
    let other = Place { path: dir.path().join("sub/bob.toml"), ..one.clone() };
    let locked = one.lock(Duration::ZERO).unwrap();
    assert!(matches!(other.lock(Duration::ZERO), Err(StoreError::Locked { .. })));
    drop(locked);
    other.lock(Duration::ZERO).unwrap().replace("x").unwrap();
    assert_eq!(names(&dir), [".lock", "bob.toml"]);
}

#[test]
fn what_is_no_text_is_an_error() {
    let dir = TempDir::new().unwrap();
    let place = place(&dir);
    place.lock(Duration::ZERO).unwrap().replace("x").unwrap();
    fs::write(&place.path, b"\xff").unwrap();
    assert!(matches!(place.read(), Err(StoreError::Malformed { .. })));
    assert!(matches!(place.lock(Duration::ZERO).unwrap().read(), Err(StoreError::Malformed { .. })));
}
