use super::*;

#[test]
fn what_is_written_is_read_and_the_users_own_come_first() {
    let home = tempfile::tempdir().unwrap();
    let path = user(home.path());
    assert_eq!(Settings::read(&path).unwrap(), None);
    let ours = Settings { grace_seconds: 0, any_key: true };
    ours.write(&path).unwrap();
    assert_eq!(Settings::of_user(home.path()).unwrap(), ours);
    Settings::default().write(&path).unwrap();
    assert_eq!(Settings::read(&path).unwrap(), Some(Settings { grace_seconds: 3, any_key: false }));
    remove(&path).unwrap();
    remove(&path).unwrap();
    assert_eq!(Settings::read(&path).unwrap(), None);
}

#[test]
fn what_is_not_understood_is_named_with_its_line() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("settings.toml");
    for (text, line, reason) in [
        ("grace_seconds = 3\nany_key = 1\n", 2, "true or false"),
        ("grace_seconds = 3\nany_key = true\n\ngrace = 2\n", 4, "grace is no setting"),
        ("grace_seconds = -1\n", 1, "from 0 to 600"),
        ("any_key = true\ngrace_seconds = 601\n", 2, "from 0 to 600"),
        ("grace_seconds = 99999999999999999999\n", 1, "from 0 to 600"),
        ("any_key = true\ngrace_seconds = \"3\"\n", 2, "a number"),
        ("any_key = true\ngrace_seconds\n", 2, ""),
    ] {
        fs::write(&path, text).unwrap();
        match Settings::read(&path) {
            Err(RemovalError::SettingsBroken { line: found, reason: said, .. }) => {
                assert!(said.contains(reason), "{text}: {said}");
                assert_eq!(found, Some(line), "{text}: {said}");
            }
            other => panic!("{text}: {other:?}"),
        }
    }
    fs::write(&path, "any_key = true\n").unwrap();
    assert_eq!(Settings::read(&path).unwrap(), Some(Settings { grace_seconds: 3, any_key: true }));
}
