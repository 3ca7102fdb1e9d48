//! The command at work on security keys, held against its transcripts.

use std::path::Path;
use std::thread;
use std::time::Duration;

use guest::{Guest, KeyOptions, Terminal};
use transcript::{Dialogue, Document, Ids, Ran, Stage, codes, dates, json_numbers, play};

/// Who sits at the machine. They may do with sudo what they like.
const PERSON: &str = "alice";
/// As long as a quick finger takes.
const FINGER: Duration = Duration::from_millis(60);
/// What stands before a key's counter.
const COUNTER: &str = "Signature counter";

#[test]
fn with_keys_the_command_does_what_is_written() {
    let guest = Guest::debian12().user(PERSON, "secret").boot();
    let documents = documents("keys");
    assert!(documents.len() > 3, "{}", documents.len());
    play_all(&guest, &documents);
}

/// Those in a folder, in order.
pub(crate) fn documents(folder: &str) -> Vec<Document> {
    let folders = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../passkey-enroll/tests/transcripts");
    Document::read_all(&folders.join(folder))
}

/// One after the other, each with the machine as it was made.
pub(crate) fn play_all(guest: &Guest, documents: &[Document]) {
    let sudoers = "/etc/sudoers.d/person";
    guest.root(&format!("umask 227; echo '{PERSON} ALL=(ALL) NOPASSWD: ALL' >{sudoers}")).ok();
    for document in documents {
        play(document, &mut Bench::new(guest));
    }
    guest.root(&format!("rm {sudoers}")).ok();
}

/// A machine as it was made, and no key about.
struct Bench<'g> {
    guest: &'g Guest,
    ids: Ids,
}

impl<'g> Bench<'g> {
    fn new(guest: &'g Guest) -> Self {
        guest
            .root(
                "virtual-key ctl --patience 1 quit >/dev/null 2>&1; rm -f /run/virtual-key.sock
                 rm -rf /etc/passkey /var/lib/passkey
                 for try in $(seq 200); do ls /dev/hidraw* >/dev/null 2>&1 || exit 0; sleep 0.05; done; exit 1",
            )
            .ok();
        Self { guest, ids: Ids::default() }
    }
}

impl Stage for Bench<'_> {
    type Dialogue = AtTerminal;

    fn direct(&mut self, words: &str) {
        let words: Vec<&str> = words.split_whitespace().collect();
        let key = |name: &&str| self.guest.key(name);
        match words.as_slice() {
            ["new", "key", name, options @ ..] => {
                self.guest.add_key(name, &KeyOptions::default().with(options));
            }
            ["plug", "in", name] => key(name).plug(),
            ["unplug", name] => key(name).unplug(),
            ["touch", name] => {
                // One that is faster than a person's finger can be is taken for none.
                key(name).wait_blinking();
                thread::sleep(FINGER);
                key(name).touch();
            }
            ["touch", name, "whenever", "asked"] => key(name).touch_always(50),
            ["touch", name, "no", "more"] => key(name).touch_never(),
            ["touch", name, "as", "a", "stranger"] => key(name).touch_as_stranger(),
            ["garble", name] => key(name).garble(),
            ["wait", "until", name, "blinks"] => key(name).wait_blinking(),
            ["clear", "the", "TPM"] => {
                self.guest.root("systemctl stop passkey-tpm.service; tpm2_clear -c l").ok();
            }
            ["switch", "the", "service", switch @ ("on" | "off")] => {
                let verb = if *switch == "on" { "start" } else { "stop" };
                self.guest.root(&format!("systemctl {verb} passkey-tpm.socket")).ok();
            }
            other => panic!("nobody knows how to {other:?}"),
        }
    }

    fn run(&mut self, command: &str, input: &str) -> Ran {
        let output = self.guest.run(PERSON, command, input.as_bytes(), 2 * guest::PATIENCE);
        Ran { status: output.status, stdout: output.stdout, stderr: output.stderr }
    }

    fn open(&mut self, command: &str) -> AtTerminal {
        // Each sentence on a line of its own, rather than one that moves.
        let terminal = self.guest.terminal(PERSON, &format!("export TERM=dumb; {command}"));
        AtTerminal { terminal, read: 0 }
    }

    fn redact(&mut self, text: &str) -> String {
        let text: String =
            json_numbers(&codes(&dates(text)), "sign_count").split_inclusive('\n').map(counter).collect();
        self.ids.redact(&text)
    }
}

/// A key's counter rises as the key likes.
fn counter(line: &str) -> String {
    match line.split_once(COUNTER) {
        Some((before, number)) if before.trim().is_empty() => {
            let number = number.trim();
            if number.chars().all(|c| c.is_ascii_digit()) {
                line.replace(number, "[number]")
            } else {
                line.to_owned()
            }
        }
        _ => line.to_owned(),
    }
}

/// A command at a terminal.
struct AtTerminal {
    terminal: Terminal,
    /// How much of what it has shown was looked at.
    read: usize,
}

impl Dialogue for AtTerminal {
    fn wait_for(&mut self, text: &str) -> String {
        self.terminal.expect(text);
        let all = self.terminal.transcript();
        let end = self.read + all[self.read..].find(text).expect("it was expected") + text.len();
        let shown = all[self.read..end].to_owned();
        self.read = end;
        shown
    }

    fn end(&mut self) -> (String, i32) {
        let status = self.terminal.wait().status;
        (self.terminal.transcript()[self.read..].to_owned(), status)
    }

    fn type_line(&mut self, line: &str) {
        self.terminal.type_line(line);
    }

    fn give_up(&mut self) {
        self.terminal.ctrl_c();
    }
}
