use std::{
    fs::{self, Permissions},
    os::unix::fs::{PermissionsExt as _, chown, lchown, symlink},
    time::Duration,
};

use rustix::fs::{CWD, mknodat};
use tempfile::TempDir;

use super::*;

#[path = "../../../tests/shared/machine.rs"]
mod machine;

const MAX_LEN: u64 = 64;

fn me() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// A directory that is trusted, with the file `a/b/file` in it.
struct Place {
    dir: TempDir,
}

impl Place {
    fn new() -> Self {
        let dir = TempDir::new().unwrap();
        let place = Self { dir };
        fs::create_dir_all(place.path("a/b")).unwrap();
        for dir in ["", "a", "a/b"] {
            place.chmod(dir, 0o755);
        }
        fs::write(place.file(), "content").unwrap();
        place.chmod("a/b/file", 0o640);
        place
    }

    fn path(&self, below: &str) -> PathBuf {
        self.dir.path().join(below)
    }

    fn file(&self) -> PathBuf {
        self.path("a/b/file")
    }

    fn chmod(&self, below: &str, mode: u32) {
        fs::set_permissions(self.path(below), Permissions::from_mode(mode)).unwrap();
    }

    fn read(&self) -> Result<Vec<u8>, SafeFileError> {
        read(&self.file(), Owner::RootOr(me()), MAX_LEN)
    }
}

#[test]
fn a_file_that_only_its_owner_can_write_is_read() {
    assert_eq!(Place::new().read().unwrap(), b"content");
}

/// Something done to a trusted file, the refusal that has to follow, the path it names and words of its remedy.
type Row = (&'static str, fn(&Place), fn(&SafeFileError) -> Option<&PathBuf>, &'static str, &'static str);

const ROWS: &[Row] = &[
    (
        "missing file",
        |place| fs::remove_file(place.file()).unwrap(),
        |error| match error {
            SafeFileError::NotFound { path } => Some(path),
            _ => None,
        },
        "a/b/file",
        "does not exist",
    ),
    (
        "missing directory",
        |place| fs::rename(place.path("a"), place.path("z")).unwrap(),
        |error| match error {
            SafeFileError::NotFound { path } => Some(path),
            _ => None,
        },
        "a",
        "does not exist",
    ),
    (
        "file writable by the group",
        |place| place.chmod("a/b/file", 0o660),
        |error| match error {
            SafeFileError::WritableByOthers { path, mode: 0o660 } => Some(path),
            _ => None,
        },
        "a/b/file",
        "chmod go-w",
    ),
    (
        "file writable by everybody",
        |place| place.chmod("a/b/file", 0o602),
        |error| match error {
            SafeFileError::WritableByOthers { path, mode: 0o602 } => Some(path),
            _ => None,
        },
        "a/b/file",
        "chmod go-w",
    ),
    (
        "a sticky bit does not excuse a file",
        |place| place.chmod("a/b/file", 0o1660),
        |error| match error {
            SafeFileError::WritableByOthers { path, .. } => Some(path),
            _ => None,
        },
        "a/b/file",
        "chmod go-w",
    ),
    (
        "directory writable by the group",
        |place| place.chmod("a/b", 0o775),
        |error| match error {
            SafeFileError::WritableByOthers { path, mode: 0o775 } => Some(path),
            _ => None,
        },
        "a/b",
        "chmod go-w",
    ),
    (
        "directory further up writable by everybody",
        |place| place.chmod("a", 0o757),
        |error| match error {
            SafeFileError::WritableByOthers { path, mode: 0o757 } => Some(path),
            _ => None,
        },
        "a",
        "chmod go-w",
    ),
    (
        "symbolic link for the file",
        |place| {
            fs::rename(place.file(), place.path("a/b/elsewhere")).unwrap();
            symlink("elsewhere", place.file()).unwrap();
        },
        |error| match error {
            SafeFileError::Symlink { path } => Some(path),
            _ => None,
        },
        "a/b/file",
        "symbolic link",
    ),
    (
        "symbolic link to nothing for the file",
        |place| {
            fs::remove_file(place.file()).unwrap();
            symlink("/nonexistent", place.file()).unwrap();
        },
        |error| match error {
            SafeFileError::Symlink { path } => Some(path),
            _ => None,
        },
        "a/b/file",
        "symbolic link",
    ),
    (
        "symbolic link for a directory",
        |place| {
            fs::rename(place.path("a"), place.path("elsewhere")).unwrap();
            symlink("elsewhere", place.path("a")).unwrap();
            // Whoever runs the tests otherwise is not root, and so is no link of theirs.
            if me() == 0 {
                lchown(place.path("a"), Some(12_345), None).unwrap();
            }
        },
        |error| match error {
            SafeFileError::Symlink { path } => Some(path),
            _ => None,
        },
        "a",
        "symbolic link",
    ),
    (
        "a file for a directory",
        |place| {
            fs::remove_dir_all(place.path("a")).unwrap();
            fs::write(place.path("a"), "").unwrap();
        },
        |error| match error {
            SafeFileError::NotDirectory { path } => Some(path),
            _ => None,
        },
        "a",
        "not a directory",
    ),
    (
        "a directory for the file",
        |place| {
            fs::remove_file(place.file()).unwrap();
            fs::create_dir(place.file()).unwrap();
        },
        |error| match error {
            SafeFileError::NotRegular { path } => Some(path),
            _ => None,
        },
        "a/b/file",
        "not a regular file",
    ),
    (
        "a FIFO for the file",
        |place| {
            fs::remove_file(place.file()).unwrap();
            mknodat(CWD, place.file(), FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
        },
        |error| match error {
            SafeFileError::NotRegular { path } => Some(path),
            _ => None,
        },
        "a/b/file",
        "not a regular file",
    ),
    (
        "a second name",
        |place| fs::hard_link(place.file(), place.path("second")).unwrap(),
        |error| match error {
            SafeFileError::HardLinked { path } => Some(path),
            _ => None,
        },
        "a/b/file",
        "hard link",
    ),
    (
        "one byte too long",
        |place| fs::write(place.file(), [b'x'; 65]).unwrap(),
        |error| match error {
            SafeFileError::TooLarge { path, max_len: MAX_LEN } => Some(path),
            _ => None,
        },
        "a/b/file",
        "longer than 64 bytes",
    ),
];

#[test]
fn each_refusal_names_its_path_and_its_remedy() {
    for (what, spoil, path_of, path, remedy) in ROWS {
        let place = Place::new();
        spoil(&place);
        let error = place.read().unwrap_err();
        assert_eq!(path_of(&error), Some(&place.path(path)), "{what}: {error:?}");
        let message = error.to_string();
        assert!(message.starts_with(&format!("{}: ", place.path(path).display())), "{what}: {message}");
        assert!(message.contains(remedy), "{what}: {message}");
    }
}

#[test]
fn the_longest_file_is_read() {
    let place = Place::new();
    fs::write(place.file(), [b'x'; 64]).unwrap();
    assert_eq!(place.read().unwrap().len(), 64);
}

#[test]
fn a_sticky_directory_is_passed_because_its_entries_are_judged() {
    let place = Place::new();
    place.chmod("a", 0o1777);
    assert_eq!(place.read().unwrap(), b"content");
}

/// Somebody who is neither root nor the user. Root can give files away; anybody else is a stranger to root's files.
fn with_stranger(place: &Place, below: &str) -> (Owner, u32) {
    if me() == 0 {
        chown(place.path(below), Some(12_345), None).unwrap();
        (Owner::RootOr(54_321), 12_345)
    } else {
        (Owner::Root, me())
    }
}

#[test]
fn a_strangers_file_or_directory_is_refused() {
    for below in ["a/b/file", "a/b", "a"] {
        let place = Place::new();
        let (owner, stranger) = with_stranger(&place, below);
        match read(&place.file(), owner, MAX_LEN) {
            Err(error @ SafeFileError::ForeignOwner { uid, .. }) => {
                assert_eq!(uid, stranger);
                assert!(error.to_string().contains("chown"), "{error}");
            }
            other => panic!("{below}: {other:?}"),
        }
    }
}

#[test]
fn files_of_the_user_are_taken_where_the_user_may_own_them() {
    let place = Place::new();
    let user = if me() == 0 {
        chown(place.file(), Some(12_345), None).unwrap();
        12_345
    } else {
        me()
    };
    assert_eq!(read(&place.file(), Owner::RootOr(user), MAX_LEN).unwrap(), b"content");
    assert!(matches!(read(&place.file(), Owner::Root, MAX_LEN), Err(SafeFileError::ForeignOwner { .. })));
}

#[test]
fn paths_that_lead_around_are_refused() {
    for path in ["", "relative", "relative/file", "/", "/tmp/../etc/passwd", "/etc/.."] {
        let error = read(Path::new(path), Owner::RootOr(me()), MAX_LEN).unwrap_err();
        assert!(matches!(error, SafeFileError::NotPlain { .. }), "{path:?}: {error:?}");
    }
}

#[test]
fn a_fifo_does_not_keep_us_waiting() {
    let place = Place::new();
    fs::remove_file(place.file()).unwrap();
    mknodat(CWD, place.file(), FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
    let (done, waiting) = std::sync::mpsc::channel();
    std::thread::spawn(move || done.send(place.read().is_err()));
    assert_eq!(waiting.recv_timeout(Duration::from_secs(10)), Ok(true));
}

#[test]
fn directories_are_made_with_the_mode_asked_for_and_found_ones_are_left_alone() {
    let place = Place::new();
    place.chmod("a", 0o700);
    let mode = |below| fs::metadata(place.path(below)).unwrap().permissions().mode() & 0o7777;
    let dir = TrustedDir::create(&place.path("a/new/newer"), Owner::RootOr(me()), Mode::from_raw_mode(0o751))
        .unwrap();
    assert_eq!(dir.path(), place.path("a/new/newer"));
    assert_eq!((mode("a"), mode("a/new"), mode("a/new/newer")), (0o700, 0o751, 0o751));
    TrustedDir::create(&place.path("a/new"), Owner::RootOr(me()), Mode::from_raw_mode(0o700)).unwrap();
    assert_eq!(mode("a/new"), 0o751);
}

#[test]
fn nothing_is_made_below_a_directory_that_is_not_trusted() {
    let place = Place::new();
    place.chmod("a", 0o777);
    let made = TrustedDir::create(&place.path("a/new"), Owner::RootOr(me()), Mode::from_raw_mode(0o755));
    assert!(matches!(made, Err(SafeFileError::WritableByOthers { .. })), "{made:?}");
    assert!(!place.path("a/new").exists());
}

#[test]
fn the_names_in_a_directory_are_sorted_and_counted() {
    let place = Place::new();
    for name in ["z", ".hidden", "c"] {
        fs::write(place.path("a/b").join(name), "x").unwrap();
    }
    let dir = TrustedDir::open(&place.path("a/b"), Owner::RootOr(me())).unwrap();
    assert_eq!(dir.names(3).unwrap(), ["c", "file", "z"]);
    let error = dir.names(2).unwrap_err();
    assert!(matches!(error, SafeFileError::TooManyFiles { max: 2, .. }), "{error:?}");
}

/// A place whose `b` is below `real`, and a link `a` to it: what has `/home` → `/var/home`. Such links are root's, so there is
/// nothing to see where somebody else runs the tests.
fn behind_a_link(target: impl Fn(&Place) -> PathBuf) -> Option<Place> {
    let place = Place::new();
    fs::rename(place.path("a"), place.path("real")).unwrap();
    symlink(target(&place), place.path("a")).unwrap();
    machine::has(me() == 0, "root, for links of root's").then_some(place)
}

#[test]
fn a_link_of_roots_in_a_directory_of_roots_is_followed() {
    let targets: [fn(&Place) -> PathBuf; 4] = [
        |_| "real".into(),
        |place| place.path("real"),
        |_| "./real/../real/b/..".into(),
        |place| {
            let name = place.dir.path().file_name().unwrap().to_str().unwrap();
            format!("../{name}/real").into()
        },
    ];
    for target in targets {
        let Some(place) = behind_a_link(target) else { return };
        assert_eq!(place.read().unwrap(), b"content");
        let dir = TrustedDir::open(&place.path("a/b"), Owner::RootOr(me())).unwrap();
        assert_eq!(dir.path(), place.path("real/b"), "errors name what is there");
        TrustedDir::create(&place.path("a/new"), Owner::RootOr(me()), Mode::from_raw_mode(0o755)).unwrap();
        assert!(place.path("real/new").is_dir());
    }
}

#[test]
fn no_way_up_leads_above_the_root() {
    let Some(place) = behind_a_link(|place| {
        let path = place.path("real");
        PathBuf::from("../".repeat(40)).join(path.strip_prefix("/").unwrap())
    }) else {
        return;
    };
    assert_eq!(place.read().unwrap(), b"content");
}

#[test]
fn a_link_that_others_could_have_put_there_is_not_followed() {
    type Spoil = fn(&Place);
    let spoilers: [(&str, Spoil); 4] = [
        ("a user's link", |place| lchown(place.path("a"), Some(12_345), None).unwrap()),
        ("a user's directory", |place| chown(place.dir.path(), Some(12_345), None).unwrap()),
        ("a sticky directory", |place| place.chmod("", 0o1777)),
        ("a user's link to a link of root's", |place| {
            fs::rename(place.path("a"), place.path("root's")).unwrap();
            symlink("root's", place.path("a")).unwrap();
            lchown(place.path("a"), Some(12_345), None).unwrap();
        }),
    ];
    for (what, spoil) in spoilers {
        let Some(place) = behind_a_link(|_| "real".into()) else { return };
        spoil(&place);
        match read(&place.file(), Owner::RootOr(12_345), MAX_LEN) {
            Err(SafeFileError::Symlink { path }) => assert_eq!(path, place.path("a"), "{what}"),
            other => panic!("{what}: {other:?}"),
        }
    }
}

#[test]
fn what_is_behind_a_link_is_judged_as_any_path() {
    let Some(place) = behind_a_link(|_| "real".into()) else { return };
    place.chmod("real/b", 0o777);
    match place.read() {
        Err(SafeFileError::WritableByOthers { path, .. }) => assert_eq!(path, place.path("real/b")),
        other => panic!("{other:?}"),
    }
    let Some(place) = behind_a_link(|_| "nowhere".into()) else { return };
    match place.read() {
        Err(SafeFileError::NotFound { path }) => assert_eq!(path, place.path("nowhere")),
        other => panic!("{other:?}"),
    }
    // A file behind it is none of what a way consists of.
    let Some(place) = behind_a_link(|_| "real/b/file".into()) else { return };
    match place.read() {
        Err(SafeFileError::NotDirectory { path }) => assert_eq!(path, place.path("real/b/file")),
        other => panic!("{other:?}"),
    }
}

#[test]
fn eight_links_are_followed_and_no_more() {
    let Some(place) = behind_a_link(|_| "l2".into()) else { return };
    for link in 2..8 {
        symlink(format!("l{}", link + 1), place.path(&format!("l{link}"))).unwrap();
    }
    symlink("real", place.path("l8")).unwrap();
    assert_eq!(place.read().unwrap(), b"content");
    fs::remove_file(place.path("l8")).unwrap();
    symlink("l9", place.path("l8")).unwrap();
    symlink("real", place.path("l9")).unwrap();
    match place.read() {
        Err(SafeFileError::Symlink { path }) => assert_eq!(path, place.path("l9")),
        other => panic!("{other:?}"),
    }
    let Some(place) = behind_a_link(|_| "a".into()) else { return };
    assert!(matches!(place.read(), Err(SafeFileError::Symlink { .. })), "a link to itself");
}

#[test]
fn what_is_longer_than_the_process_may_write_is_not_begun() {
    // The limit itself is the affair of `tests/file_size_limit.rs`, in a process of its own.
    let mut file = tempfile::tempfile().unwrap();
    write_whole(&mut file, b"content").unwrap();
    assert_eq!(file.metadata().unwrap().len(), 7);
}
