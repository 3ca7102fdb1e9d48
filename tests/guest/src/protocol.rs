//! What the host and the agent in the guest say to each other: one JSON object a line, over a virtio serial port.

use base64ct::{Base64, Encoding};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The name of the port; the agent looks for it under `/sys/class/virtio-ports`.
pub const PORT: &str = "guest.agent";

/// From host to guest. `id` is the caller's and comes back with every answer.
#[derive(Debug, Serialize, Deserialize)]
pub struct Request {
    /// Chosen by the host, never used twice.
    pub id: u64,
    /// What to do.
    pub action: Action,
}

/// What the agent can do.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Run a shell command without a terminal. Answered by one `Finished`.
    Run {
        /// Whose user, groups and environment it gets.
        user: String,
        /// For the user's shell.
        command: String,
        /// All of its standard input.
        #[serde(with = "base64")]
        stdin: Vec<u8>,
    },
    /// Run on a new terminal. Answered by any number of `Output` and one `Exited`.
    Terminal {
        /// As for `Run`.
        user: String,
        /// For the user's shell; none: the login shell itself.
        command: Option<String>,
        /// Rows and columns.
        size: (u16, u16),
    },
    /// Type on the terminal that was opened by request `terminal`. Not answered.
    Input {
        /// The request that opened it.
        terminal: u64,
        /// As if typed.
        #[serde(with = "base64")]
        data: Vec<u8>,
    },
    /// The terminal's window has got another size. Not answered.
    Resize {
        /// The request that opened it.
        terminal: u64,
        /// Rows and columns.
        size: (u16, u16),
    },
    /// Press keys of the machine's keyboard. Answered by `Pressed`.
    Press {
        /// What the keys type: printable ASCII, Enter as `\r`, control characters.
        #[serde(with = "base64")]
        keys: Vec<u8>,
    },
    /// The terminal goes away, as when its window is closed. Not answered.
    HangUp {
        /// The request that opened it.
        terminal: u64,
    },
}

/// From guest to host.
#[derive(Debug, Serialize, Deserialize)]
pub struct Event {
    /// The request it answers; 0 for `Ready`.
    pub id: u64,
    /// The answer.
    pub answer: Answer,
}

/// What the agent says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// The guest is up.
    Ready,
    /// A command has ended.
    Finished {
        /// Exit status, or 128 and the signal's number.
        status: i32,
        /// All of standard output.
        #[serde(with = "base64")]
        stdout: Vec<u8>,
        /// All of standard error.
        #[serde(with = "base64")]
        stderr: Vec<u8>,
    },
    /// A terminal shows something.
    Output {
        /// Bytes as the terminal gets them.
        #[serde(with = "base64")]
        data: Vec<u8>,
    },
    /// A terminal's program has ended.
    Exited {
        /// Exit status, or 128 and the signal's number.
        status: i32,
    },
    /// Keys have been pressed.
    Pressed,
    /// The request could not be carried out.
    Failed {
        /// For the person who reads the failed test.
        reason: String,
    },
}

mod base64 {
    use super::{Base64, Deserialize, Deserializer, Encoding, Serializer};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&Base64::encode_string(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        Base64::decode_vec(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}
