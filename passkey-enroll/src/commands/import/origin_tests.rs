use std::fs;

use super::*;

/// The RP IDs by these service files, for the passkeys in `/etc/u2f_mappings`.
fn find(files: &[(&str, &str)], configuration: &str) -> Result<(Origin, Source), TransferError> {
    find_for(files, configuration, Some("/etc/u2f_mappings"))
}

fn find_for(
    files: &[(&str, &str)],
    configuration: &str,
    file: Option<&str>,
) -> Result<(Origin, Source), TransferError> {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("etc/pam.d");
    fs::create_dir_all(&folder).unwrap();
    for (name, text) in files {
        fs::write(folder.join(name), text).unwrap();
    }
    let conf = tempfile::NamedTempFile::new().unwrap();
    fs::write(conf.path(), configuration).unwrap();
    let services = ServiceFiles::below(dir.path());
    find_with(&services, conf.path(), file.map(Path::new), "Host")
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
        Err(error @ TransferError::SeveralOrigins(_)) => {
            let said = error.report();
            let message = said.message.split("several origins on this machine: ").nth(1).unwrap();
            let (host, other) = message.split_once("; ").unwrap();
            assert!(host.starts_with("pam://Host (") && host.ends_with("/pam.d/su)"), "{host}");
            assert!(other.starts_with("pam://c (") && other.ends_with("/pam.d/login)."), "{other}");
            assert!(said.hint.unwrap().ends_with("--rp-id pam://Host"));
        }
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

/// Several services, each with a file and an origin of its own.
#[test]
fn each_file_has_the_origin_of_the_calls_that_read_it() {
    let services = [
        ("sudo", "auth required pam_u2f.so authfile=/etc/u2f_sudo origin=pam://sudo\n"),
        ("login", "auth required pam_u2f.so authfile=/etc/u2f_login origin=pam://login appid=pam://old\n"),
        ("su", "auth required pam_u2f.so origin=pam://su\n"),
        ("gdm", "auth required pam_u2f.so expand authfile=/etc/u2f/%u.keys origin=pam://gdm\n"),
        ("kde", "auth required pam_u2f.so authfile=.keys/u2f origin=pam://kde\n"),
    ];
    for (file, origin, app_id) in [
        ("/etc/u2f_sudo", "pam://sudo", "pam://sudo"),
        ("/etc/u2f_login", "pam://login", "pam://old"),
        ("/home/alice/.config/Yubico/u2f_keys", "pam://su", "pam://su"),
        ("/etc/u2f/alice.keys", "pam://gdm", "pam://gdm"),
        ("/home/alice/.keys/u2f", "pam://kde", "pam://kde"),
    ] {
        assert_eq!(
            find_for(&services, "", Some(file)).unwrap(),
            found(origin, app_id, Source::Pam),
            "{file}"
        );
    }
    // One that no call reads, and standard input: nothing tells which it is.
    for file in [Some("/tmp/copy"), Some("/etc/u2f/.keys"), Some("/etc/u2f/a/b.keys"), None] {
        let error = find_for(&services, "", file).unwrap_err();
        assert!(
            matches!(&error, TransferError::SeveralOrigins(uses) if uses.len() == 5),
            "{file:?} {error:?}"
        );
    }
}
