//! A machine's files in a folder of their own, and the command at work on them.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// The built command.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_passkey-enroll");

/// A passkey of the prepared file.
pub(crate) const BLUE: &str = include_str!("blue.toml");

/// Another.
pub(crate) const GREEN: &str = r#"
[[credential]]
name = "green"
id = "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI"
rp_id = "machine.example"
public_key = "pAEBAycgBiFYIAICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIC"
algorithm = "eddsa"
aaguid = "00000000-0000-0000-0000-000000000000"
discoverable = true
user_verification = "none"
transports = []
added = "2026-11-24T02:03:04Z"
enabled = true
"#;

/// A passkey that nobody understands.
pub(crate) const DAMAGED: &str = "
[[credential]]
name = \"red\"
id = \"AwMDAwMDAwMDAwMD\"
";

/// A machine.
pub(crate) struct Scene {
    dir: TempDir,
}

impl Scene {
    /// Nobody is enrolled.
    pub(crate) fn new() -> Self {
        let scene = Self { dir: tempfile::tempdir().unwrap() };
        for dir in [scene.dir.path().to_path_buf(), scene.store()] {
            fs::create_dir_all(&dir).unwrap();
            fs::set_permissions(&dir, fs::Permissions::from_mode(0o755)).unwrap();
        }
        scene.configure("");
        scene
    }

    /// The user who runs the tests has these passkeys.
    pub(crate) fn enrolled(entries: &[&str]) -> Self {
        Self::enrolled_as(&user(), entries)
    }

    /// The user of this name has these passkeys.
    pub(crate) fn enrolled_as(user: &str, entries: &[&str]) -> Self {
        let scene = Self::new();
        let head =
            format!("version = 1\ncount = {}\nuser_handle = \"CQkJCQkJCQkJCQkJCQkJCQ\"\n", entries.len());
        write(&scene.store().join(format!("{user}.toml")), &format!("{head}{}", entries.concat()));
        scene
    }

    /// Adds `text` to the configuration.
    pub(crate) fn configure(&self, text: &str) {
        let dir = self.dir.path().display();
        let places = format!(
            "credential_files = [\"{dir}/store/{{user}}.toml\"]\nstate_dir = \"{dir}/state\"\nrecovery_dir = \"{dir}/recovery\"\n"
        );
        write(&self.config(), &format!("{places}rp_id = \"machine.example\"\n{text}"));
    }

    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.dir.path().join("passkey.toml")
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.dir.path().join("store")
    }

    pub(crate) fn recovery_file(&self) -> PathBuf {
        self.dir.path().join("recovery").join(format!("{}.toml", user()))
    }

    pub(crate) fn credential_file(&self) -> PathBuf {
        self.store().join(format!("{}.toml", user()))
    }

    /// The command with these arguments, under this machine's configuration, not started yet.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.arg("--config").arg(self.config()).args(arguments);
        command.env_remove("SUDO_UID").env("TZ", "UTC");
        command
    }

    /// Runs the command.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        Ran::new(&self.command(arguments).output().unwrap())
    }
}

fn write(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
}

/// Whether the machine that runs the tests has a security key, which is not for us: what waits for one cannot be tried then.
pub(crate) fn has_security_key() -> bool {
    hidraw::list().is_ok_and(|listing| !listing.keys.is_empty())
}

/// The name of the user who runs the tests.
pub(crate) fn user() -> String {
    let ran = Command::new("id").arg("-un").output().unwrap();
    String::from_utf8(ran.stdout).unwrap().trim().to_owned()
}

/// The command, run by somebody who may look at the store and not change it, on passkeys of their own.
pub(crate) fn as_stranger(scene: &Scene, arguments: &[&str]) -> Command {
    let is_root = fs::metadata(scene.dir()).unwrap().uid() == 0;
    if !is_root {
        fs::set_permissions(scene.store(), fs::Permissions::from_mode(0o555)).unwrap();
        return scene.command(arguments);
    }
    // Where the build lies, a stranger may have no way to.
    let program = scene.dir().join("passkey-enroll");
    if !program.exists() {
        // By another process: a child that a test beside this one is just starting would inherit the open file, and what is
        // open for writing cannot be run.
        assert!(Command::new("cp").arg(PROGRAM).arg(&program).status().unwrap().success());
        fs::copy(scene.credential_file(), scene.store().join("nobody.toml")).unwrap();
    }
    let mut command = Command::new(program);
    command.arg("--config").arg(scene.config()).args(arguments);
    command.env_remove("SUDO_UID").uid(65_534).gid(65_534).current_dir("/");
    command
}

/// What a command left behind.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    pub(crate) fn new(output: &Output) -> Self {
        Self {
            code: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout.clone()).unwrap(),
            stderr: String::from_utf8(output.stderr.clone()).unwrap(),
        }
    }

    /// The object on stdout.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The word for the error.
    pub(crate) fn error_code(&self) -> String {
        self.json()["error"]["code"].as_str().unwrap().to_owned()
    }
}
