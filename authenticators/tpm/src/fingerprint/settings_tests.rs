use std::os::unix::fs::{PermissionsExt as _, symlink};

use super::*;

fn own() -> u32 {
    rustix::process::geteuid().as_raw()
}

#[test]
fn it_is_off_unless_it_is_switched_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tpm.toml");
    assert_eq!(Settings::read(&path, own()).unwrap(), Settings { fingerprint: false });
    for (text, fingerprint) in [
        ("", false),
        ("# nothing yet\n", false),
        ("fingerprint = false", false),
        ("# The reader of the laptop.\nfingerprint = true # for everybody\n", true),
    ] {
        std::fs::write(&path, text).unwrap();
        assert_eq!(Settings::read(&path, own()).unwrap(), Settings { fingerprint }, "{text}");
    }
}

#[test]
fn what_is_not_understood_switches_nothing_on_and_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tpm.toml");
    for (text, words) in [
        (
            "fingerprint = true\nfinger = true",
            "tpm.toml:2: unknown key `finger`; there is only `fingerprint`",
        ),
        ("\nfingerprint = \"yes\"", "tpm.toml:2: `fingerprint` is true or false"),
        ("fingerprint = 1", "tpm.toml:1: `fingerprint` is true or false"),
        ("fingerprint = true\nfingerprint = true", "tpm.toml:2: not valid TOML: duplicate key"),
        ("fingerprint = true\n[tpm]\n", "tpm.toml:2: unknown key `tpm`"),
        ("fingerprint", "tpm.toml:1: not valid TOML"),
    ] {
        std::fs::write(&path, text).unwrap();
        let error = Settings::read(&path, own()).unwrap_err().to_string();
        assert!(error.contains(words), "{text}: {error}");
        assert!(error.ends_with("until that is mended, the fingerprint stays off"), "{error}");
    }
}

#[test]
fn it_is_roots_word_or_nobodys() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tpm.toml");
    std::fs::write(&path, "fingerprint = true").unwrap();
    assert!(matches!(Settings::read(&path, own() + 1), Err(SettingsError::Untrusted(_))));
    for mode in [0o664, 0o646, 0o666] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        let error = Settings::read(&path, own()).unwrap_err();
        assert!(matches!(error, SettingsError::Untrusted(_)), "{mode:o}: {error}");
    }
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    // As NixOS has it: what the link leads to is judged.
    let link = folder.path().join("link.toml");
    symlink(&path, &link).unwrap();
    assert!(Settings::read(&link, own()).unwrap().fingerprint);
    assert!(matches!(Settings::read(folder.path(), own()), Err(SettingsError::Untrusted(_))));
    assert!(matches!(Settings::read(Path::new("/dev/null"), own()), Err(SettingsError::Untrusted(_))));
}
