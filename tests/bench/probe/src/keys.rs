//! The keys of the guest, by the socket of their host.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;

use bench_probe::KeyRecord;
use serde_json::Value;
use virtual_key::live::Command;

const SOCKET: &str = "/run/virtual-key.sock";

/// A connection to the keys' host.
pub(crate) struct Keys(BufReader<UnixStream>);

impl Keys {
    pub(crate) fn connect() -> Self {
        let socket = UnixStream::connect(SOCKET).unwrap_or_else(|error| panic!("{SOCKET}: {error}"));
        Self(BufReader::new(socket))
    }

    /// What a key has counted and when; it forgets both.
    pub(crate) fn take(&mut self, name: &str) -> KeyRecord {
        let name = name.to_owned();
        let counts = self.ask(&Command::Counts { name: name.clone(), reset: true });
        let timeline = self.ask(&Command::Timeline { name, reset: true });
        KeyRecord { counts, timeline: serde_json::from_value(timeline).expect("a timeline") }
    }

    /// Ends whatever a key was asked.
    pub(crate) fn replug(&mut self, name: &str) {
        let name = name.to_owned();
        self.ask(&Command::Unplug { name: name.clone() });
        self.ask(&Command::Plug { name });
    }

    fn ask(&mut self, command: &Command) -> Value {
        let line = serde_json::to_string(command).expect("plain data");
        writeln!(self.0.get_mut(), "{line}").expect("the host is there");
        let mut answer = String::new();
        self.0.read_line(&mut answer).expect("the host is there");
        let answer: Value = serde_json::from_str(&answer).expect("JSON");
        assert_eq!(answer.get("ok"), Some(&Value::Bool(true)), "{line}: {answer}");
        answer
    }
}
