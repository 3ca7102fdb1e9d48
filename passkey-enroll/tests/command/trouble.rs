//! Files that are broken, missing or closed.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::process::ExitStatusExt as _;
use std::process::Command;

use crate::scene::{BLUE, PROGRAM, Ran, Scene, as_stranger, user};

#[test]
fn a_broken_configuration_stops_everything_and_is_named_with_its_line() {
    for (text, words) in [
        ("[defaults]\ntimeot = 3\n", ":6: [defaults] unknown key `timeot`, did you mean `timeout`?"),
        ("[service.sudo]\nmode = \"both\"\n", ":6: [service.sudo] `mode` cannot be `both`"),
        ("= = =\n", ":5: not valid TOML"),
    ] {
        let scene = Scene::enrolled(&[BLUE]);
        scene.configure(text);
        for command in
            [&["list"][..], &["show", "blue"], &["remove", "blue", "--yes"], &["verify"], &["keys"], &["add"]]
        {
            let ran = scene.run(command);
            assert_eq!((ran.code, ran.stdout.as_str()), (11, ""), "{command:?}");
            assert!(ran.stderr.contains(&format!("{}{words}", scene.config().display())), "{}", ran.stderr);
        }
        assert_eq!(scene.run(&["list", "--json"]).error_code(), "config_broken");
    }
}

#[test]
fn a_configuration_that_is_asked_for_must_be_there() {
    let scene = Scene::new();
    fs::remove_file(scene.config()).unwrap();
    assert_eq!(scene.run(&["list", "--json"]).error_code(), "config_missing");
    assert_eq!(scene.run(&["list"]).code, 11);
}

#[test]
fn a_credential_file_that_cannot_be_trusted_is_never_taken_for_none() {
    /// Something done to a machine.
    type Mishap = fn(&Scene);
    let mishaps: [(&str, Mishap); 4] = [
        ("store_broken", |scene| fs::write(scene.credential_file(), "version = 1\ncount = ").unwrap()),
        ("store_broken", |scene| fs::write(scene.credential_file(), "").unwrap()),
        ("store_not_trusted", |scene| {
            fs::set_permissions(scene.credential_file(), fs::Permissions::from_mode(0o666)).unwrap();
        }),
        ("store_not_trusted", |scene| {
            let elsewhere = scene.dir().join("elsewhere.toml");
            fs::rename(scene.credential_file(), &elsewhere).unwrap();
            symlink(elsewhere, scene.credential_file()).unwrap();
        }),
    ];
    for (code, mishap) in mishaps {
        let scene = Scene::enrolled(&[BLUE]);
        mishap(&scene);
        let before = fs::read(scene.credential_file()).unwrap();
        for command in [
            &["list", "--json"][..],
            &["show", "blue", "--json"],
            &["remove", "blue", "--yes", "--json"],
            &["verify", "--json"],
            &["add", "--json"],
        ] {
            let ran = scene.run(command);
            assert_eq!(ran.code, 11, "{command:?} {ran:?}");
            assert_eq!(ran.error_code(), code, "{command:?}");
        }
        assert_eq!(fs::read(scene.credential_file()).unwrap(), before);
        // Keys can be looked at even so, but nothing is claimed about what they hold.
        let ran = scene.run(&["keys", "--json"]);
        assert_eq!(ran.code, 0, "{ran:?}");
        assert!(ran.stderr.contains("warning:"), "{ran:?}");
    }
}

#[test]
fn state_that_cannot_be_read_costs_a_warning() {
    let scene = Scene::enrolled(&[BLUE]);
    let state = scene.dir().join("state");
    fs::create_dir(&state).unwrap();
    fs::write(state.join(format!("{}.toml", user())), "nonsense").unwrap();
    let ran = scene.run(&["list"]);
    assert_eq!(ran.code, 0);
    assert!(ran.stdout.contains("not known"), "{}", ran.stdout);
    assert!(ran.stderr.contains("warning:"), "{}", ran.stderr);
}

#[test]
fn who_cannot_change_the_store_is_told_before_they_touch_a_key() {
    let scene = Scene::enrolled(&[BLUE]);
    let before = fs::read(scene.credential_file()).unwrap();
    for command in [
        &["add", "--json"][..],
        &["remove", "blue", "--yes", "--json"],
        &["rename", "blue", "green", "--json"],
        &["disable", "blue", "--yes", "--json"],
        &["enable", "blue", "--json"],
    ] {
        let ran = Ran::new(&as_stranger(&scene, command).output().unwrap());
        assert_eq!(ran.code, 8, "{ran:?}");
        let error = &ran.json()["error"];
        assert_eq!(error["code"], "not_permitted");
        let hint = error["hint"].as_str().unwrap();
        // The whole command, as it was given.
        let config = scene.config().display().to_string();
        let whole = format!("sudo passkey-enroll --config {config} {}", command.join(" "));
        assert!(hint.ends_with(&whole), "{hint}");
    }
    let ran = Ran::new(&as_stranger(&scene, &["list"]).output().unwrap());
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(fs::read(scene.credential_file()).unwrap(), before);
}

#[test]
fn other_users_are_for_root() {
    let scene = Scene::enrolled(&[BLUE]);
    let mut command = as_stranger(&scene, &["list", "--json", "--user", "daemon"]);
    let ran = Ran::new(&command.output().unwrap());
    assert_eq!((ran.code, ran.error_code().as_str()), (8, "not_permitted"));
}

#[test]
fn a_name_that_is_taken_is_refused_before_anything_else() {
    let ran = Scene::enrolled(&[BLUE]).run(&["add", "--name", "blue", "--json"]);
    assert_eq!((ran.code, ran.error_code().as_str()), (10, "name_taken"));
}

#[test]
fn a_result_that_nobody_reads_is_no_failure() {
    let scene = Scene::enrolled(&[BLUE]);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let status = scene.command(&["list"]).stdout(writer).status().unwrap();
    assert_eq!(status.code(), Some(0));
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let status = scene.command(&["list"]).stdout(full).status().unwrap();
    assert_eq!(status.code(), Some(1));
}

/// The kernel ends a process that writes beyond such a limit, unless it has a handler for the signal.
#[test]
fn a_limit_on_the_size_of_files_is_an_error_and_never_a_signal() {
    let scene = Scene::enrolled(&[BLUE]);
    let before = fs::read(scene.credential_file()).unwrap();
    let mut command = Command::new("bash");
    command.args(["-c", "ulimit -f 0; exec \"$@\"", "bash"]).arg(PROGRAM).arg("--config").arg(scene.config());
    command.args(["rename", "blue", "red", "--json"]).env_remove("SUDO_UID");
    let ran = Ran::new(&command.output().unwrap());
    assert_eq!(ran.error_code(), "store_not_writable", "{ran:?}");
    assert_eq!(fs::read(scene.credential_file()).unwrap(), before);

    // What it says goes to files as well.
    let scene = Scene::enrolled(&[BLUE]);
    let mut command = Command::new("bash");
    command
        .args(["-c", "ulimit -f 0; exec \"$@\" >said", "bash"])
        .arg(PROGRAM)
        .arg("--config")
        .arg(scene.config());
    let status = command.args(["list"]).env_remove("SUDO_UID").current_dir(scene.dir()).status().unwrap();
    assert_eq!(status.signal(), None, "{status}");
}
