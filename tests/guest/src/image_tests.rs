//! What `image/build` makes of a cache, without anything being built.

use std::fs::{self, File, FileTimes};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, SystemTime};

use super::folder;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

struct Cache(tempfile::TempDir);

impl Cache {
    fn new() -> Self {
        let cache = Self(tempfile::tempdir().unwrap());
        fs::create_dir(cache.path()).unwrap();
        cache
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("pam_passkey")
    }

    /// Looks for what a guest of this suite boots from.
    fn look(&self, suite: &str) -> Output {
        let mut build = Command::new(folder().join("build"));
        build.args(["--cached", "--suite", suite]).env("XDG_CACHE_HOME", self.0.path());
        build.output().unwrap()
    }

    /// The name, without its date, of what is missing first.
    fn missing(&self, suite: &str) -> PathBuf {
        let output = self.look(suite);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(3), "{said}");
        said.trim_end().rsplit(' ').next().unwrap().into()
    }

    fn file(&self, name: &str, used: u32) -> PathBuf {
        let path = self.path().join(name);
        File::create(&path).unwrap();
        last_used(&path, used);
        path
    }
}

/// A folder that was made so many days ago and last used so many days ago; its path.
fn made(name: &Path, made: u32, used: u32) -> PathBuf {
    let path = PathBuf::from(format!("{}-{}", name.display(), days_ago(made)));
    fs::create_dir(&path).unwrap();
    last_used(&path, used);
    path
}

/// Some minutes more than so many days ago: not on the border.
fn last_used(path: &Path, days: u32) {
    let time = SystemTime::now() - DAY * days - DAY / 100;
    File::open(path).unwrap().set_times(FileTimes::new().set_modified(time)).unwrap();
}

fn days_ago(days: u32) -> String {
    let date = Command::new("date").args(["-u", "-d", &format!("{days} days ago"), "+%Y%m%d"]).output();
    String::from_utf8(date.unwrap().stdout).unwrap().trim().to_owned()
}

#[test]
fn an_unstable_debian_is_a_week_old_at_most_and_says_so() {
    let cache = Cache::new();
    for (suite, is_good) in [("sid", false), ("bookworm", true)] {
        let kernel = cache.missing(suite);
        made(&kernel, 8, 8);
        assert_eq!(cache.missing(suite) != kernel, is_good, "{suite}: a kernel of last week");
        made(&kernel, 6, 6);
        let root = cache.missing(suite);
        assert_ne!(root, kernel, "{suite}");
        made(&root, 8, 8);
        if !is_good {
            assert_eq!(cache.missing(suite), root);
        }
        let latest = made(&root, 6, 6);
        let output = cache.look(suite);
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(said.contains(&format!("root={}/root.squashfs\n", latest.display())), "{said}");
        assert_eq!(said.contains("dated="), !is_good, "{said}");
    }
}

#[test]
fn what_is_used_stays_and_what_is_not_goes() {
    let cache = Cache::new();
    let kernel = cache.missing("sid");
    made(&kernel, 0, 0);
    let root = cache.missing("sid");
    let other = |recipe: &str| {
        let (what, _) = root.to_str().unwrap().rsplit_once('-').unwrap();
        PathBuf::from(format!("{what}-{recipe}"))
    };
    let kept = [
        made(&root, 6, 1),
        // Of a worktree that is at work.
        made(&other("000000000000"), 3, 0),
        made(&cache.path().join("root-bookworm-amd64-111111111111-222222222222"), 29, 29),
        cache.file("state-0000000000000000", 1),
        cache.file("cargo-deny", 90),
    ];
    let gone = [
        made(&root, 20, 20),
        made(&other("333333333333"), 3, 2),
        made(&cache.path().join("root-bookworm-amd64-444444444444-555555555555"), 31, 31),
        made(&cache.path().join("kernel-trixie-0123456789abcdef"), 31, 31),
        cache.file("state-1111111111111111", 3),
        cache.file("tmp.killed", 3),
    ];
    assert!(cache.look("sid").status.success());
    for path in &kept {
        assert!(path.exists(), "{}", path.display());
    }
    for path in &gone {
        assert!(!path.exists(), "{}", path.display());
    }
    // Not more than once a day.
    let again = cache.file("tmp.another", 3);
    assert!(cache.look("sid").status.success());
    assert!(again.exists());
}
