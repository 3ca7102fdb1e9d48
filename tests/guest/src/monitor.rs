//! QEMU's own ear: its machine protocol (QMP), a JSON object a line.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::PATIENCE;

/// Commands to one machine, one after the other.
pub(crate) struct Monitor {
    stream: BufReader<UnixStream>,
}

impl Monitor {
    /// Takes the connection over and ends its opening negotiation.
    pub(crate) fn new(stream: UnixStream) -> Result<Self, String> {
        stream.set_read_timeout(Some(PATIENCE)).map_err(|error| error.to_string())?;
        let mut monitor = Self { stream: BufReader::new(stream) };
        monitor.line()?;
        monitor.execute("qmp_capabilities", &json!({}))?;
        Ok(monitor)
    }

    /// Writes all of the machine but its disks to a file, and goes on with it. False: it could not be written.
    pub(crate) fn save(&mut self, to: &Path) -> Result<bool, String> {
        // No other traffic has to be spared.
        self.execute("migrate-set-parameters", &json!({ "max-bandwidth": 1_u64 << 40 }))?;
        self.execute("migrate", &json!({ "uri": format!("exec:exec cat >{}", quote(to)) }))?;
        let start = Instant::now();
        let saved = loop {
            match self.execute("query-migrate", &json!({}))?["status"].as_str() {
                Some("completed") => break true,
                Some("failed" | "cancelled") => break false,
                _ if start.elapsed() > PATIENCE => return Err("saving the machine takes too long".to_owned()),
                _ => thread::sleep(Duration::from_millis(10)),
            }
        };
        self.execute("cont", &json!({}))?;
        Ok(saved)
    }

    /// Has the machine stand still meanwhile; what it has sent to its disks until then is in their files.
    pub(crate) fn paused<T>(&mut self, action: impl FnOnce() -> T) -> Result<T, String> {
        self.execute("stop", &json!({}))?;
        let result = action();
        self.execute("cont", &json!({}))?;
        Ok(result)
    }

    /// Moves keys and the pointer: a list of QEMU's `InputEvent`.
    pub(crate) fn input(&mut self, events: &Value) -> Result<(), String> {
        self.execute("input-send-event", &json!({ "events": events })).map(drop)
    }

    /// Writes what the screen shows to a file, in the format PPM.
    pub(crate) fn screendump(&mut self, to: &Path) -> Result<(), String> {
        self.execute("screendump", &json!({ "filename": to })).map(drop)
    }

    fn execute(&mut self, command: &str, arguments: &Value) -> Result<Value, String> {
        let request = json!({ "execute": command, "arguments": arguments });
        self.stream
            .get_mut()
            .write_all(format!("{request}\n").as_bytes())
            .map_err(|error| format!("QEMU's monitor: {error}"))?;
        loop {
            let mut answer = self.line()?;
            if let Some(error) = answer.get("error") {
                return Err(format!("QEMU refuses '{command}': {error}"));
            }
            // Everything else is an event, which nobody waits for.
            if let Some(value) = answer.get_mut("return") {
                return Ok(value.take());
            }
        }
    }

    fn line(&mut self) -> Result<Value, String> {
        let mut line = String::new();
        self.stream.read_line(&mut line).map_err(|error| format!("QEMU's monitor: {error}"))?;
        serde_json::from_str(&line).map_err(|error| format!("QEMU's monitor says {line:?}: {error}"))
    }
}

/// As one word of the shell's.
pub(crate) fn quote(path: &Path) -> String {
    crate::guest::quote(&path.to_string_lossy())
}
