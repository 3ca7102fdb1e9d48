//! Security keys in the guest, by way of `virtual-key ctl`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::PATIENCE;
use crate::guest::{Guest, quote};

/// Where the process that is all the keys is told what to do; `virtual-key` knows it by itself.
pub(crate) const SOCKET: &str = "/run/virtual-key.sock";

/// How long a key may take to ask for a touch, in milliseconds.
const UNTIL_ASKED: &str = "60000";

/// What a key is like: unless told otherwise CTAP 2.1, no PIN, no fingerprint sensor, eight credentials in a list, plugged in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyOptions {
    /// What kind of impostor, if it is one.
    impostor: Option<String>,
    words: Vec<String>,
}

impl KeyOptions {
    /// A device that was never enrolled and lies: `claims-sensor`, `yes-to-everything` and so on, as `virtual-key ctl add-impostor --help`
    /// lists them. Of the methods below, [`KeyOptions::with`], [`KeyOptions::without_out_endpoint`] and
    /// [`KeyOptions::unplugged`] are for it.
    #[must_use]
    pub fn impostor(preset: &str) -> Self {
        Self { impostor: Some(preset.to_owned()), words: Vec::new() }
    }

    /// Words of `virtual-key ctl add`, or of `add-impostor`, that have no method here.
    #[must_use]
    pub fn with(mut self, words: &[&str]) -> Self {
        self.words.extend(words.iter().map(|&word| word.to_owned()));
        self
    }

    /// Its PIN is set.
    #[must_use]
    pub fn pin(self, pin: &str) -> Self {
        self.with(&["--pin", pin])
    }

    /// It asks for user verification always.
    #[must_use]
    pub fn always_uv(self) -> Self {
        self.with(&["--always-uv"])
    }

    /// It has a fingerprint sensor, and knows one finger.
    #[must_use]
    pub fn fingerprint(self) -> Self {
        self.with(&["--fingerprint"])
    }

    /// The newest specification that it knows: `2.1`, `2.0` or `u2f`.
    #[must_use]
    pub fn ctap(self, version: &str) -> Self {
        self.with(&["--ctap", version])
    }

    /// It has no interrupt OUT endpoint: each write to it waits in the kernel until it has taken the report, and for 5 s while it is
    /// [mute](Key::mute).
    #[must_use]
    pub fn without_out_endpoint(self) -> Self {
        // By this number `image/init` has the kernel treat it so.
        self.with(&["--product", "0002"])
    }

    /// It is not plugged in yet.
    #[must_use]
    pub fn unplugged(self) -> Self {
        self.with(&["--unplugged"])
    }
}

/// What a key has counted since it was made or last reset.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Counts {
    /// CTAPHID requests with their replies.
    pub transactions: u64,
    /// `CTAPHID_INIT` among them.
    #[serde(rename = "init")]
    pub inits: u64,
    /// `CTAPHID_CBOR` among them.
    pub cbor: u64,
    /// `CTAPHID_MSG` among them.
    pub msg: u64,
    /// CTAP2 commands among the `CTAPHID_CBOR`, by number: `0x02` is getAssertion.
    pub commands: BTreeMap<String, u64>,
    /// `CTAPHID_CANCEL` packets.
    #[serde(rename = "cancel")]
    pub cancels: u64,
    /// 64-byte packets to the key.
    pub reports_in: u64,
    /// 64-byte packets from the key.
    pub reports_out: u64,
    /// Of those, the ones that only say that it is still at work or waiting for a touch.
    pub keepalives: u64,
    /// How often a program has opened it.
    pub opens: u64,
}

/// What an impostor was asked and did, in milliseconds since it was made.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Requests {
    /// Every request in the order in which it came.
    pub requests: Vec<Request>,
    /// Every time during which it blinked.
    pub blinks: Vec<Blink>,
    /// When it was touched while it blinked.
    pub touches: Vec<u64>,
}

/// One request to an impostor.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Request {
    /// When it came.
    pub at: u64,
    /// What was asked: `pin-token`, `silent-assertion` and so on, anything else by its numbers, as `hid-0x11` for CANCEL.
    pub request: String,
}

/// A time during which an impostor blinked.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Blink {
    /// From when.
    pub from: u64,
    /// Until when; None: still.
    pub until: Option<u64>,
}

impl Requests {
    /// How many requests of a kind have come.
    pub fn count(&self, request: &str) -> usize {
        self.requests.iter().filter(|other| other.request == request).count()
    }
}

#[derive(Deserialize)]
struct Touched {
    taken: bool,
}

/// One key of a guest.
pub struct Key<'a> {
    guest: &'a Guest,
    name: String,
}

impl<'a> Key<'a> {
    pub(crate) fn new(guest: &'a Guest, name: &str) -> Self {
        Self { guest, name: name.to_owned() }
    }

    #[track_caller]
    pub(crate) fn add(&self, options: &KeyOptions) {
        let mut words = match &options.impostor {
            None => vec!["add", &self.name],
            Some(preset) => vec!["add-impostor", &self.name, preset],
        };
        words.extend(options.words.iter().map(String::as_str));
        self.control(&words);
    }

    /// Waits until it asks for a touch, and touches it.
    ///
    /// # Panics
    /// When it does not ask.
    #[track_caller]
    pub fn touch(&self) {
        let taken = self.ask::<Touched>(&["touch", &self.name, "--within", UNTIL_ASKED]).taken;
        assert!(taken, "key '{}' has not asked for a touch", self.name);
    }

    /// Touches it now; false when it does not ask for that: the touch is lost.
    #[track_caller]
    pub fn touch_now(&self) -> bool {
        self.ask::<Touched>(&["touch", &self.name]).taken
    }

    /// Waits until it asks for a touch, and puts a finger on it that it does not know.
    #[track_caller]
    pub fn touch_as_stranger(&self) {
        self.control(&["touch", &self.name, "--within", UNTIL_ASKED, "--stranger"]);
    }

    /// Touches it so many milliseconds after it next asks, once.
    #[track_caller]
    pub fn touch_after(&self, milliseconds: u64) {
        self.control(&["touch-after", &self.name, &milliseconds.to_string()]);
    }

    /// Touches it so many milliseconds after whenever it asks, from now on.
    #[track_caller]
    pub fn touch_always(&self, milliseconds: u64) {
        self.control(&["auto-touch", &self.name, "on", &milliseconds.to_string()]);
    }

    /// Forgets every touch that is planned.
    #[track_caller]
    pub fn touch_never(&self) {
        self.control(&["never", &self.name]);
    }

    /// Pulls it out.
    #[track_caller]
    pub fn unplug(&self) {
        self.control(&["unplug", &self.name]);
    }

    /// Plugs it in again; it has kept its PIN and credentials.
    #[track_caller]
    pub fn plug(&self) {
        self.control(&["plug", &self.name]);
    }

    /// Its device node, as long as it is plugged in: `/dev/hidraw0`.
    ///
    /// # Panics
    /// When it is not plugged in.
    #[track_caller]
    pub fn path(&self) -> String {
        #[derive(Deserialize)]
        struct Answer {
            keys: Vec<Listed>,
        }
        #[derive(Deserialize)]
        struct Listed {
            name: String,
            hidraw: Option<PathBuf>,
        }
        let keys = self.ask::<Answer>(&["list"]).keys;
        let node =
            keys.iter().find(|key| key.name == self.name).and_then(|key| key.hidraw.as_deref()?.file_name());
        let node = node.unwrap_or_else(|| panic!("key '{}' is not plugged in", self.name));
        format!("/dev/{}", node.display())
    }

    /// Lets each report take so many microseconds.
    #[track_caller]
    pub fn latency(&self, microseconds: u64) {
        self.control(&["latency", &self.name, &microseconds.to_string()]);
    }

    /// Lets its assertions be wrong: in `signature`, `rp-hash`, `flags`, `uv`, `counter`, or `none`.
    #[track_caller]
    pub fn corrupt(&self, what: &str) {
        self.control(&["corrupt", &self.name, what]);
    }

    /// Lets it hear nothing and say nothing from now on. [Without an OUT endpoint](KeyOptions::without_out_endpoint) it hangs on the bus.
    #[track_caller]
    pub fn mute(&self) {
        self.control(&["mute", &self.name, "on"]);
    }

    /// Lets it hear again.
    #[track_caller]
    pub fn unmute(&self) {
        self.control(&["mute", &self.name, "off"]);
    }

    /// Lets it answer nonsense from now on: a CTAPHID error without a number, to all but getInfo.
    #[track_caller]
    pub fn garble(&self) {
        self.control(&["garble", &self.name, "on"]);
    }

    /// Lets it make sense again.
    #[track_caller]
    pub fn ungarble(&self) {
        self.control(&["garble", &self.name, "off"]);
    }

    /// Lets it misbehave: `mute`, `keepalives`, `refusal-0x33`, `until-replugged-0x06` and so on, in reply to every request but INIT, or `none`.
    #[track_caller]
    pub fn misbehave(&self, how: &str) {
        self.control(&["misbehave", &self.name, how]);
    }

    /// Lets it misbehave in reply to requests of this kind only: `info`, `silent-assertion`, `assertion` and so on.
    #[track_caller]
    pub fn misbehave_at(&self, request: &str, how: &str) {
        self.control(&["misbehave", &self.name, how, "--at", request]);
    }

    /// Resets it to its factory state.
    #[track_caller]
    pub fn forget(&self) {
        self.control(&["forget", &self.name]);
    }

    /// Whether it waits for a touch.
    #[track_caller]
    pub fn blinking(&self) -> bool {
        #[derive(Deserialize)]
        struct Answer {
            blinking: bool,
        }
        self.ask::<Answer>(&["blinking", &self.name]).blinking
    }

    /// Waits until it waits for a touch.
    ///
    /// # Panics
    /// When it does not within a minute.
    #[track_caller]
    pub fn wait_blinking(&self) {
        self.control(&["wait-blinking", &self.name, "--timeout", UNTIL_ASKED]);
    }

    /// Waits until it does not wait for a touch any more.
    ///
    /// # Panics
    /// When it still does after [`PATIENCE`].
    #[track_caller]
    pub fn wait_dark(&self) {
        let start = Instant::now();
        while self.blinking() {
            assert!(start.elapsed() < PATIENCE, "key '{}' goes on blinking", self.name);
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// What it has counted.
    #[track_caller]
    pub fn counts(&self) -> Counts {
        self.ask(&["counts", &self.name])
    }

    /// What it has counted; from now on it counts from zero.
    #[track_caller]
    pub fn reset_counts(&self) -> Counts {
        self.ask(&["counts", &self.name, "--reset"])
    }

    /// What it was asked, if it is an impostor.
    #[track_caller]
    pub fn requests(&self) -> Requests {
        self.ask(&["requests", &self.name])
    }

    /// What it was asked; from now on it remembers nothing of that.
    #[track_caller]
    pub fn reset_requests(&self) -> Requests {
        self.ask(&["requests", &self.name, "--reset"])
    }

    /// How many wrong PINs it still takes.
    #[track_caller]
    pub fn retries(&self) -> u8 {
        #[derive(Deserialize)]
        struct Answer {
            pin: u8,
        }
        self.ask::<Answer>(&["retries", &self.name]).pin
    }

    #[track_caller]
    fn ask<T: DeserializeOwned>(&self, words: &[&str]) -> T {
        let line = self.control(words);
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("virtual-key answers {line:?}: {error}"))
    }

    #[track_caller]
    fn control(&self, words: &[&str]) -> String {
        let words: Vec<String> = words.iter().map(|word| quote(word)).collect();
        let command = format!("virtual-key ctl {}", words.join(" "));
        self.guest.run("root", &command, b"", 2 * PATIENCE).ok()
    }
}
