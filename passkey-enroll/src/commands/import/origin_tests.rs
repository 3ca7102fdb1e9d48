use std::fs;

use super::*;

/// The RP IDs by these service files, for the passkeys in `/etc/u2f_mappings`.
fn find(files: &[(&str, &str)], configuration: &str) -> Result<(Origin, Source), TransferError> {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("etc/pam.d");
    fs::create_dir_all(&folder).unwrap();
    for (name, text) in files {
        fs::write(folder.join(name), text).unwrap();
    }
    let conf = tempfile::NamedTempFile::new().unwrap();
    fs::write(conf.path(), configuration).unwrap();
    let services = ServiceFiles::below(dir.path());
    find_with(&services, conf.path(), Path::new("/etc/u2f_mappings"), "Host")
}

fn found(origin: &str, app_id: &str, source: Source) -> (Origin, Source) {
    (Origin { origin: origin.to_owned(), app_id: app_id.to_owned() }, source)
}

#[test]
fn the_call_that_reads_the_file_counts_most() {
    let sudo = ("sudo", "auth required pam_u2f.so authfile=/etc/u2f_mappings origin=pam://a appid=pam://b\n");
    let login = ("login", "auth required pam_u2f.so origin=pam://c cue [cue_prompt=Touch it]\n");
    let su = ("su", "auth required pam_u2f.so\n");
    for (files, configuration, expected) in [
        (vec![], "", found("pam://Host", "pam://Host", Source::Assumed)),
        (vec![], "# none\n origin = pam://d # yes\n", found("pam://d", "pam://d", Source::Assumed)),
        (vec![sudo], "", found("pam://a", "pam://b", Source::Pam)),
        (vec![login], "", found("pam://c", "pam://c", Source::Pam)),
        (vec![su], "", found("pam://Host", "pam://Host", Source::Pam)),
        (vec![su], "origin=pam://d\nappid=pam://e\n", found("pam://d", "pam://e", Source::Pam)),
        (vec![sudo, login, su], "", found("pam://a", "pam://b", Source::Pam)),
        (vec![login, ("kde", login.1)], "", found("pam://c", "pam://c", Source::Pam)),
    ] {
        assert_eq!(find(&files, configuration).unwrap(), expected, "{files:?} {configuration}");
    }
}

#[test]
fn contradictions_are_for_the_person_to_resolve() {
    let login = ("login", "auth required pam_u2f.so origin=pam://c\n");
    let su = ("su", "auth required pam_u2f.so\n");
    match find(&[login, su], "") {
        Err(TransferError::SeveralOrigins(origins)) => assert_eq!(origins, ["pam://Host", "pam://c"]),
        other => panic!("{other:?}"),
    }
    assert!(matches!(
        find(&[("su", "auth required pam_u2f.so origin=pam://\u{1b}[2J\n")], ""),
        Err(TransferError::BadOrigin)
    ));
}

#[test]
fn a_configuration_of_its_own_is_read() {
    let conf = tempfile::NamedTempFile::new().unwrap();
    fs::write(conf.path(), "authfile=/etc/u2f_mappings\norigin=pam://own\n").unwrap();
    let sudo = format!("auth required pam_u2f.so conf={}\n", conf.path().display());
    let su = ("su", "auth required pam_u2f.so\n");
    assert_eq!(find(&[("sudo", &sudo), su], "").unwrap(), found("pam://own", "pam://own", Source::Pam));
}
