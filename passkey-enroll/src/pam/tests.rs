use std::fs;
use std::os::unix::fs::symlink;

use tempfile::TempDir;

use super::*;

fn services(files: &[(&str, &str)]) -> (TempDir, Services) {
    let dir = tempfile::tempdir().unwrap();
    let folders: Vec<PathBuf> = ["etc", "usr"].map(|folder| dir.path().join(folder)).to_vec();
    for folder in &folders {
        fs::create_dir(folder).unwrap();
    }
    for (path, text) in files {
        fs::write(dir.path().join(path), text).unwrap();
    }
    (dir, Services::in_folders(folders))
}

fn modules(stack: &[Step]) -> Vec<&str> {
    let names = stack.iter().map(|step| match step {
        Step::Module(rule) => rule.module.as_str(),
        Step::Substack(_) => "…",
    });
    names.collect()
}

#[test]
fn included_files_stand_where_they_are_included() {
    let (_dir, services) = services(&[
        ("etc/sudo", "auth required a.so\n@include common-auth\nauth substack own\nauth required d.so\n"),
        ("etc/common-auth", "auth required b.so\naccount required x.so\n"),
        ("etc/own", "auth required c.so\n"),
    ]);
    assert_eq!(modules(&services.stack("sudo").unwrap()), ["a.so", "b.so", "…", "d.so"]);
    assert_eq!(services.included("sudo"), ["common-auth", "own"]);
    assert!(services.stack("login").is_err());
    assert_eq!(services.calls("c.so").len(), 1);
}

#[test]
fn an_administrators_file_hides_the_vendors() {
    let (dir, services) = services(&[
        ("etc/sudo", "auth required ours.so\n"),
        ("usr/sudo", "auth required theirs.so\n"),
        ("usr/polkit-1", "auth required theirs.so\n"),
        ("etc/sudo.dpkg-dist", "auth required old.so\n"),
        ("etc/sudo~", "auth required old.so\n"),
    ]);
    assert_eq!(services.names().into_iter().collect::<Vec<_>>(), ["polkit-1", "sudo"]);
    assert_eq!(modules(&services.stack("sudo").unwrap()), ["ours.so"]);
    assert_eq!(modules(&services.stack("polkit-1").unwrap()), ["theirs.so"]);
    symlink("/dev/zero", dir.path().join("etc/endless")).unwrap();
    assert!(services.stack("endless").is_err());
}

#[test]
fn files_that_include_each_other_come_to_an_end() {
    let twice = "auth required a.so\n@include loop\n@include loop\n";
    let (_dir, services) =
        services(&[("etc/loop", twice), ("etc/sub", "auth substack sub\nauth substack sub\n")]);
    assert!(services.stack("loop").unwrap().len() <= MAX_STEPS);
    assert_eq!(services.stack("sub").unwrap().len(), 2);
}
