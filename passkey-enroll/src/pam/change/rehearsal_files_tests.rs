use super::*;

/// What lies in the folder, by name.
fn laid_out(files: &[(&str, &str)], drafts: &[(&str, &str)], service: &str) -> BTreeMap<String, String> {
    let (root, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for (path, text) in files {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text.replace("ROOT", root.path().to_str().unwrap())).unwrap();
    }
    let mut service_files = ServiceFiles::below(root.path());
    for (name, text) in drafts {
        service_files =
            service_files.with(name, text.replace("ROOT", root.path().to_str().unwrap()).into_bytes());
    }
    lay_out(&service_files, service, to.path()).unwrap();
    let folder = to.path().to_str().unwrap().to_owned();
    let entries = fs::read_dir(to.path()).unwrap().map(|entry| entry.unwrap());
    entries
        .map(|entry| {
            assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600);
            let text = fs::read_to_string(entry.path()).unwrap().replace(&folder, "TO");
            (entry.file_name().into_string().unwrap(), text)
        })
        .collect()
}

#[test]
fn what_is_included_is_included_by_the_path_of_its_copy() {
    let files = [
        ("etc/pam.d/sudo", "old"),
        ("etc/pam.d/common-auth", "old"),
        ("etc/pam.d/deep", "auth required pam_deny.so # as it stands\\\n"),
        ("etc/pam.d/other", "auth required pam_deny.so\n"),
        ("etc/pam.d/unrelated", "auth required pam_permit.so\n"),
        ("usr/lib/pam.d/vendor", "account required pam_unix.so\n"),
    ];
    let drafts = [
        (
            "sudo",
            "#%PAM-1.0\n@include common-auth\nauth  include ROOT/etc/pam.d/common-auth\n\
                  account include vendor\nsession substack missing\nauth substack deep\n",
        ),
        ("common-auth", "auth required pam_passkey.so\nauth include deep\n"),
    ];
    let found = laid_out(&files, &drafts, "sudo");
    let names: Vec<&str> = found.keys().map(String::as_str).collect();
    assert_eq!(names, [".1", ".2", ".3", "other", "sudo"]);
    assert_eq!(
        found["sudo"],
        "#%PAM-1.0\n@include TO/.1\nauth include TO/.1\naccount include TO/.3\nsession substack missing\n\
         auth substack TO/.2\n"
    );
    assert_eq!(found[".1"], "auth required pam_passkey.so\nauth include TO/.2\n");
    assert_eq!(found[".2"], "auth required pam_deny.so # as it stands\\\n");
    assert_eq!(found[".3"], "account required pam_unix.so\n");
}

#[test]
fn files_that_include_each_other_come_to_an_end() {
    let files = [("etc/pam.d/a", "@include b\n"), ("etc/pam.d/b", "@include a\n@include b\n")];
    let found = laid_out(&files, &[], "a");
    assert_eq!(found["a"], "@include TO/.1\n");
    assert_eq!(found[".1"], "@include TO/a\n@include TO/.1\n");
}
