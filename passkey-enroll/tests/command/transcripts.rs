//! The transcripts that need no security key, played.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use ctap::Secret;
use passkey_core::store::recovery::{Code, Reading};
use transcript::{Dialogue, Document, Ran, Stage, dates, play};

use crate::scene::{BLUE, DAMAGED, GREEN, PROGRAM, Scene, user};

/// Who runs the command where root runs the tests: an account that every system has, and whose name no sentence holds.
const STANDS_IN: (&str, u32) = ("daemon", 1);
/// As whom they appear.
const USER: &str = "alice";

#[test]
fn commands_without_a_key_say_what_is_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts/files");
    let documents = Document::read_all(&folder);
    assert!(documents.len() > 3, "{}", documents.len());
    for document in &documents {
        play(document, &mut Files::new());
    }
}

/// A folder that stands for a machine, and no key.
struct Files {
    scene: Scene,
    program: PathBuf,
    /// Set where the command must run as somebody else.
    user: Option<u32>,
    name: String,
    host: String,
    /// Where the program was copied to.
    _copy: Option<tempfile::TempDir>,
}

impl Files {
    fn new() -> Self {
        let scene = Scene::new();
        let is_root = fs::metadata(scene.dir()).unwrap().uid() == 0;
        let (name, uid) = STANDS_IN;
        // Where the build lies, they may have no way to.
        let copy = is_root.then(|| {
            let folder = tempfile::tempdir().unwrap();
            fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
            assert!(Command::new("cp").arg(PROGRAM).arg(folder.path()).status().unwrap().success());
            folder
        });
        let host = Command::new("uname").arg("-n").output().unwrap().stdout;
        Self {
            scene,
            program: copy
                .as_ref()
                .map_or_else(|| PROGRAM.into(), |folder| folder.path().join("passkey-enroll")),
            user: is_root.then_some(uid),
            name: if is_root { name.to_owned() } else { user() },
            host: String::from_utf8(host).unwrap().trim().to_owned(),
            _copy: copy,
        }
    }

    /// A machine whose user has these passkeys.
    fn begin_anew(&mut self, passkeys: &str) {
        let entries: Vec<&str> = passkeys
            .split_whitespace()
            .map(|name| match name {
                "blue" => BLUE,
                "green" => GREEN,
                "damaged" => DAMAGED,
                other => panic!("nothing is prepared that is called {other}"),
            })
            .collect();
        self.scene = if entries.is_empty() { Scene::new() } else { Scene::enrolled_as(&self.name, &entries) };
        if let Some(uid) = self.user {
            let handed_over =
                Command::new("chown").args(["-R", &uid.to_string()]).arg(self.scene.dir()).status();
            assert!(handed_over.unwrap().success());
        }
    }
}

/// `text` with the word `from` replaced.
fn replace_word(text: &str, from: &str, to: &str) -> String {
    let mut replaced = String::new();
    let mut word = String::new();
    for c in text.chars().map(Some).chain([None]) {
        match c {
            Some(c) if c.is_alphanumeric() || c == '-' || c == '_' => word.push(c),
            other => {
                replaced.push_str(if word == from { to } else { &word });
                word.clear();
                replaced.extend(other);
            }
        }
    }
    replaced
}

impl Stage for Files {
    type Dialogue = Nobody;

    fn direct(&mut self, words: &str) {
        let (what, rest) = words.split_once(' ').unwrap_or((words, ""));
        match what {
            "machine" => self.begin_anew(rest),
            // What another program wrote.
            "foreign" => {
                let recorded =
                    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors/foreign").join(rest);
                let text = replace_word(&fs::read_to_string(recorded).unwrap(), USER, &self.name);
                let path = self.scene.dir().join(rest);
                fs::write(&path, text).unwrap();
                fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
            }
            other => panic!("nobody knows how to {other}"),
        }
    }

    fn run(&mut self, command: &str, input: &str) -> Ran {
        let command = replace_word(command, USER, &self.name);
        // Without a terminal, whoever runs the tests.
        let mut shell = Command::new("setsid");
        let line = replace_word(&command, "passkey-enroll", "\"$PROGRAM\" --config \"$CONFIG\"");
        shell.args(["--wait", "sh", "-c", &line]).current_dir(self.scene.dir()).env_clear();
        shell.env("PATH", "/usr/bin:/bin").env("TZ", "UTC").env("COLUMNS", "100");
        shell.env("PROGRAM", &self.program).env("CONFIG", self.scene.config()).env("USER", &self.name);
        if let Some(uid) = self.user {
            shell.uid(uid).gid(uid);
        }
        shell.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = shell.spawn().unwrap();
        // It may not want it.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        Ran {
            status: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    fn open(&mut self, command: &str) -> Nobody {
        panic!("terminals are played with keys: {command}")
    }

    fn redact(&mut self, text: &str) -> String {
        // The option that the scene adds to every command.
        let text = text.replace(&format!(" --config {}", self.scene.config().display()), "");
        let text = text.replace(&self.scene.dir().display().to_string(), "/machine");
        let text = replace_word(&replace_word(&text, &self.name, USER), &self.host, "[host]");
        let mut redacted = String::new();
        for word in dates(&text).split_inclusive([' ', '\n', '"']) {
            let bare = word.trim_end_matches([' ', '\n', '"']);
            // Codes as they are shown, in groups.
            let is_code =
                bare.len() == 24 && matches!(Code::read(&Secret::new(bare.into())), Reading::Code(_));
            redacted.push_str(&if is_code { word.replace(bare, "[code]") } else { word.to_owned() });
        }
        redacted
    }
}

/// Nobody sits at a terminal here.
enum Nobody {}

impl Dialogue for Nobody {
    fn wait_for(&mut self, _text: &str) -> String {
        match *self {}
    }

    fn end(&mut self) -> (String, i32) {
        match *self {}
    }

    fn type_line(&mut self, _line: &str) {
        match *self {}
    }

    fn give_up(&mut self) {
        match *self {}
    }
}
