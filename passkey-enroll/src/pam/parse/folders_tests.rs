use std::fs;
use std::os::unix::fs::symlink;

use super::*;

fn machine(files: &[(&str, &str)]) -> (tempfile::TempDir, ServiceFiles) {
    let root = tempfile::tempdir().unwrap();
    for folder in ["etc/pam.d", "usr/lib/pam.d"] {
        fs::create_dir_all(root.path().join(folder)).unwrap();
    }
    for (path, text) in files {
        fs::write(root.path().join(path), text).unwrap();
    }
    let services = ServiceFiles::below(root.path());
    (root, services)
}

/// The module that a service's only line calls.
fn module(files: &ServiceFiles, name: &str) -> Result<String, ReadError> {
    let (_, file) = files.read(name)?;
    match &file.lines()[0].content {
        Content::Rule(rule) => Ok(rule.module.clone()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_administrators_file_hides_the_vendors() {
    let (root, files) = machine(&[
        ("etc/pam.d/sudo", "auth required ours.so\n"),
        ("usr/lib/pam.d/sudo", "auth required theirs.so\n"),
        ("usr/lib/pam.d/polkit-1", "auth required theirs.so\n"),
        ("etc/pam.d/sudo.dpkg-dist", "auth required old.so\n"),
        ("etc/pam.d/sudo~", "auth required old.so\n"),
        ("etc/pam.d/.swp", "auth required old.so\n"),
        ("etc/pam.d/Upper", "auth required upper.so\n"),
    ]);
    assert_eq!(files.services().into_iter().collect::<Vec<_>>(), ["polkit-1", "sudo"]);
    assert_eq!(module(&files, "sudo").unwrap(), "ours.so");
    assert_eq!(module(&files, "polkit-1").unwrap(), "theirs.so");
    // It can be included all the same.
    assert_eq!(module(&files, "Upper").unwrap(), "upper.so");
    let path = root.path().join("usr/lib/pam.d/sudo");
    assert_eq!(module(&files, path.to_str().unwrap()).unwrap(), "theirs.so");
    let error = files.read("nosuch").unwrap_err();
    assert!(error.is_missing());
    assert_eq!(error.to_string(), "nosuch: there is no such file");
}

#[test]
fn what_is_no_file_is_not_waited_for() {
    let (root, files) = machine(&[("usr/lib/pam.d/folder", "auth required theirs.so\n")]);
    symlink("/dev/zero", root.path().join("etc/pam.d/endless")).unwrap();
    assert!(files.read("endless").unwrap_err().to_string().ends_with("not a file"));
    // A folder opens like a file, and nothing is in it.
    assert_eq!(module(&files, "folder").unwrap(), "theirs.so");
    fs::create_dir(root.path().join("etc/pam.d/folder")).unwrap();
    assert!(files.read("folder").unwrap().1.lines().is_empty());
    fs::write(root.path().join("etc/pam.d/long"), "#".repeat(300_000)).unwrap();
    let error = files.read("long").unwrap_err();
    assert!(!error.is_missing());
    assert!(error.path().ends_with("etc/pam.d/long") && error.to_string().contains("longer than"), "{error}");
    // Links of authselect and the like.
    symlink("../../usr/lib/pam.d/folder", root.path().join("etc/pam.d/linked")).unwrap();
    assert_eq!(module(&files, "linked").unwrap(), "theirs.so");
}
