//! What the benchmark asks of its probe in the guest, and what the probe answers: one JSON value each way.
#![forbid(unsafe_code)]

use serde::{Deserialize, Serialize};

/// Sign-ins to be measured in turn.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Plan {
    /// How often each of them is measured.
    pub rounds: usize,
    /// What is measured in every round, one after the other.
    pub sign_ins: Vec<SignIn>,
    /// The keys whose counts and timelines belong to a measurement.
    pub keys: Vec<String>,
    /// How long a sign-in may take, in milliseconds. After that it is ended, and the keys are unplugged and plugged in again.
    pub patience_ms: u64,
    /// Whether the kernel forgets the content of all files before each.
    pub is_cold: bool,
}

/// One sign-in.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SignIn {
    /// How it is started.
    pub by: By,
    /// The answers to prompts, in their order.
    pub answers: Vec<String>,
}

/// What signs in.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum By {
    /// A PAM service, called from this process.
    Pam {
        /// Its file in `/etc/pam.d`.
        service: String,
        /// The user; an empty name is none.
        user: String,
    },
    /// A program of its own, which gets the answers on its standard input, with a line's end between them.
    Program(Vec<String>),
}

/// One sign-in as measured.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Measurement {
    /// Its place in the plan.
    pub sign_in: usize,
    /// What it took; None: it did not end in time.
    pub cost: Option<Cost>,
    /// What the keys tell, in the order of the plan.
    pub keys: Vec<KeyRecord>,
}

/// What a sign-in took of its process. Moments are `CLOCK_MONOTONIC` in nanoseconds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Cost {
    /// What PAM returned, or the exit status.
    pub code: i32,
    /// What was said and asked.
    pub said: Vec<String>,
    /// Before `pam_start`, which loads the module; or before the program was started.
    pub begun: u64,
    /// Before `pam_authenticate`.
    pub started: u64,
    /// When `pam_authenticate` had returned.
    pub ended: u64,
    /// Processor time from `pam_start` to `pam_end`, that of child processes included.
    pub cpu_ns: u64,
    /// The process's highest resident set, in KiB.
    pub peak_kib: u64,
    /// File-backed mappings before `pam_end`, in KiB.
    pub mapped_kib: u64,
    /// Pages that are of no file any more, or never were: the memory of the process alone; before `pam_end`, in KiB.
    pub anonymous_kib: u64,
    /// Shared objects mapped before `pam_end`.
    pub libraries: Vec<Library>,
}

/// A shared object on disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Library {
    /// Its path.
    pub path: String,
    /// Its size in bytes.
    pub bytes: u64,
}

/// What one key tells of one sign-in.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct KeyRecord {
    /// What went over the wire, as `virtual-key ctl counts` tells it.
    pub counts: serde_json::Value,
    /// When.
    pub timeline: Timeline,
}

/// As `virtual-key ctl timeline` tells it: `CLOCK_MONOTONIC` in nanoseconds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Timeline {
    /// When the first report came from the host.
    pub first_report_in: Option<u64>,
    /// Each time that the key began to ask for a touch.
    pub blinks: Vec<u64>,
    /// Each touch that it took.
    pub touches: Vec<u64>,
    /// When the latest report went to the host.
    pub last_report_out: Option<u64>,
}

/// Users to be enrolled beside the one who signs in.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Population {
    /// How many users, the one who signs in included.
    pub users: usize,
    /// Who signs in; her entries stand in the middle of the others.
    pub user: String,
    /// Her credential file, of which every other user gets a link to a copy.
    pub credential_file: String,
    /// The folder of credential files, `USER.toml` each.
    pub folder: String,
    /// Her line of pam_u2f's authfile.
    pub u2f_line: String,
    /// The authfile.
    pub authfile: String,
}

/// A part of a sign-in that needs no device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Loading and relocating the module.
    Load,
    /// Reading the documented configuration.
    Configuration,
    /// Reading a credential file with so many passkeys.
    Passkeys(u8),
    /// Verifying one signature on P-256.
    Signature,
    /// All that is done with a key, from the first report to the proof: a touch.
    Ceremony,
}

impl Part {
    /// All that are counted, by their names on `bench-part`'s command line and in a table.
    pub const ALL: [(&'static str, Self, &'static str); 7] = [
        ("load", Self::Load, "loading the module"),
        ("configuration", Self::Configuration, "reading the documented configuration"),
        ("passkeys-1", Self::Passkeys(1), "reading a credential file with 1 passkey"),
        ("passkeys-10", Self::Passkeys(10), "reading one with 10"),
        ("passkeys-200", Self::Passkeys(200), "reading one with 200"),
        ("signature", Self::Signature, "verifying a signature on P-256"),
        ("ceremony", Self::Ceremony, "a whole ceremony by touch, that signature included"),
    ];

    /// The part of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(of, ..)| *of == name).map(|(_, part, _)| part)
    }

    /// The functions of `bench-part` that begin and end what counts, each at its beginning and at its end, where not all of it does:
    /// patterns for callgrind's `--toggle-collect`.
    pub const fn toggles(self) -> &'static [&'static str] {
        match self {
            // A key in the same process takes far more.
            Self::Ceremony => &["*::Scene::sign_in*", "*::Machine::of_the_key*"],
            Self::Load | Self::Configuration | Self::Passkeys(_) | Self::Signature => &[],
        }
    }
}
