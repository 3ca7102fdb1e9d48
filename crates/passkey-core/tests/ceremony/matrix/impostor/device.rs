//! What devices that were never enrolled claim and answer, and the port that one after the other is plugged into.

use super::super::bench::EAGER;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use virtual_key::{
    Answer, Asked, Behaviour, Claim, ClaimedInfo, Impostor, ImpostorConfig, Keepalive, Record, Refusal,
    Report, Touch,
};

/// The model of the honest key, which is on record as answering silently.
pub(super) const ENROLLED_MODEL: [u8; 16] = [7; 16];
const OTHER_MODEL: [u8; 16] = [9; 16];

/// What a device says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Claims {
    pub(super) speaks: Speaks,
    pub(super) model: [u8; 16],
    pub(super) uv: Option<bool>,
    pub(super) client_pin: Option<bool>,
    pub(super) token: bool,
    pub(super) always_uv: bool,
    pub(super) rk: bool,
    pub(super) protocols: Option<&'static [u64]>,
}

/// What a device says that it speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Speaks {
    /// CTAP2, in these versions.
    Versions(&'static [&'static str]),
    /// U2F, as INIT says.
    U2f,
    /// U2F: INIT says CTAP2, and getInfo is refused.
    U2fAfterAll,
}

const VERSIONS: [&[&str]; 2] = [&["FIDO_2_0"], &["U2F_V2", "FIDO_2_0", "FIDO_2_1"]];

impl Claims {
    /// Every combination of the options and versions that decide how a key verifies its user, for each model.
    pub(super) fn all() -> Vec<Self> {
        let maybe = [None, Some(false), Some(true)];
        let mut all = Vec::new();
        for versions in VERSIONS {
            for model in [[0; 16], OTHER_MODEL, ENROLLED_MODEL] {
                for uv in maybe {
                    for client_pin in maybe {
                        for flags in 0..4 {
                            all.push(Self {
                                speaks: Speaks::Versions(versions),
                                model,
                                uv,
                                client_pin,
                                token: flags & 1 != 0,
                                always_uv: flags & 2 != 0,
                                ..Self::plain()
                            });
                        }
                    }
                }
            }
        }
        all
    }

    /// One of each kind that is asked differently.
    pub(super) fn kinds() -> [Self; 7] {
        let sensor = Self { uv: Some(true), ..Self::with_pin(OTHER_MODEL) };
        [
            Self::plain(),
            Self::with_pin(ENROLLED_MODEL),
            Self { always_uv: true, protocols: None, ..sensor },
            Self { token: false, speaks: Speaks::Versions(VERSIONS[0]), protocols: Some(&[1]), ..sensor },
            Self { speaks: Speaks::Versions(&["U2F_V2"]), rk: false, ..Self::plain() },
            Self { speaks: Speaks::U2f, ..Self::plain() },
            Self { speaks: Speaks::U2fAfterAll, ..Self::plain() },
        ]
    }

    /// A key of CTAP 2.1 that can do nothing besides.
    pub(super) fn plain() -> Self {
        Self {
            speaks: Speaks::Versions(VERSIONS[1]),
            model: [0; 16],
            uv: None,
            client_pin: None,
            token: false,
            always_uv: false,
            rk: true,
            protocols: Some(&[2, 1]),
        }
    }

    /// A key of CTAP 2.1 of this model that has a PIN.
    fn with_pin(model: [u8; 16]) -> Self {
        Self { model, client_pin: Some(true), token: true, ..Self::plain() }
    }

    pub(super) fn config(self) -> ImpostorConfig {
        let config = ImpostorConfig::new("impostor");
        let versions = match self.speaks {
            Speaks::Versions(versions) => versions,
            Speaks::U2f => return ImpostorConfig { capabilities: 0, ..config },
            Speaks::U2fAfterAll => {
                return ImpostorConfig { info: Claim::Refused(Refusal::Status(0x01)), ..config };
            }
        };
        let options = [
            ("rk", self.rk.then_some(true)),
            ("uv", self.uv),
            ("clientPin", self.client_pin),
            ("pinUvAuthToken", self.token.then_some(true)),
            ("alwaysUv", self.always_uv.then_some(true)),
        ];
        let stated: Vec<(&str, bool)> =
            options.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
        let info = ClaimedInfo {
            aaguid: self.model,
            pin_uv_auth_protocols: self.protocols.map(<[u64]>::to_vec),
            ..ClaimedInfo::default().versions(versions).options(&stated)
        };
        config.info(info)
    }
}

/// Statuses (CTAP 2.1 §8.2) that a key may have for one reason or another, and one that no specification names.
const STATUSES: [u8; 14] =
    [0x01, 0x02, 0x12, 0x14, 0x27, 0x2b, 0x2c, 0x2e, 0x2f, 0x33, 0x36, 0x3b, 0x7f, 0xfe];
/// Errors of CTAPHID: the command is unknown, the channel is busy, and anything else.
const HID_ERRORS: [u8; 3] = [0x01, 0x06, 0x7f];
/// Status words (FIDO U2F Raw Message Formats §3.3): a touch is needed, no such key handle, and the rest.
const STATUS_WORDS: [u16; 6] = [0x6985, 0x6a80, 0x6700, 0x6d00, 0x6e00, 0x6f00];

/// Everything that a device may answer to a request of this kind; empty where it is never to be asked that.
pub(super) fn answers(asked: Asked) -> Vec<(String, Answer)> {
    let mut at_once: Vec<(String, Answer)> = match asked {
        Asked::U2fCheck | Asked::U2fSign => {
            STATUS_WORDS.map(|word| (format!("0x{word:04x}"), Answer::StatusWord(word))).into_iter().collect()
        }
        Asked::SilentAssertion | Asked::Assertion => {
            STATUSES.map(|status| (format!("0x{status:02x}"), Answer::Status(status))).into_iter().collect()
        }
        _ => return Vec::new(),
    };
    at_once.extend(HID_ERRORS.map(|code| (format!("CTAPHID 0x{code:02x}"), Answer::HidError(code))));
    at_once.push(("nonsense".to_owned(), Answer::SignsNonsense));
    at_once.push(("nonsense, unnamed".to_owned(), Answer::SignsNonsenseUnnamed));
    at_once.push(("an empty success".to_owned(), Answer::Success(Vec::new())));
    let nothing = ("nothing".to_owned(), Answer::Silent);
    let never_touched = ("waits".to_owned(), Answer::on_touch(Answer::SignsNonsense));
    let mut all = vec![nothing, never_touched];
    if matches!(asked, Asked::Assertion | Asked::U2fSign) {
        // As if it had been touched.
        all.extend(at_once.iter().map(|(name, answer)| {
            let then = Box::new(answer.clone());
            let answer = Answer::After { time: EAGER, keepalive: Keepalive::UpNeeded, then };
            (format!("{name} once touched"), answer)
        }));
    }
    at_once.extend(all);
    at_once
}

/// A port: the device in it changes, and its place does not.
#[derive(Clone, Default)]
pub(super) struct Port(Arc<Mutex<Option<Plugged>>>);

struct Plugged {
    impostor: Impostor,
    /// The CBOR message that is coming in.
    message: Vec<u8>,
    missing: usize,
    /// Whether an assertion with the `uv` option has come.
    asked_for_uv: bool,
}

impl Port {
    /// Puts another device here, to be plugged in next.
    pub(super) fn hold(&self, config: ImpostorConfig) -> Record {
        let impostor = Impostor::new(config);
        let record = impostor.record();
        let plugged = Plugged { impostor, message: Vec::new(), missing: 0, asked_for_uv: false };
        *self.0.lock().unwrap() = Some(plugged);
        record
    }

    /// Whether its user was to be verified by its sensor, without a token.
    pub(super) fn was_asked_for_uv(&self) -> bool {
        self.0.lock().unwrap().as_ref().is_some_and(|plugged| plugged.asked_for_uv)
    }

    fn with<T>(&self, f: impl FnOnce(&mut Plugged) -> T) -> Option<T> {
        self.0.lock().unwrap().as_mut().map(f)
    }
}

/// `"uv": true` in CBOR.
const UV: [u8; 4] = [0x62, b'u', b'v', 0xf5];

impl Plugged {
    fn hear(&mut self, report: &Report) {
        let length = usize::from(u16::from_be_bytes([report[5], report[6]]));
        let content = match report[4] {
            0x90 => {
                self.message.clear();
                self.missing = length;
                &report[7..]
            }
            0x00..=0x7f => &report[5..],
            _ => return,
        };
        let (content, _) = content.split_at(content.len().min(self.missing));
        self.missing -= content.len();
        self.message.extend(content);
        self.asked_for_uv |= self.message.windows(UV.len()).any(|bytes| bytes == UV);
    }
}

impl Behaviour for Port {
    fn on_report(&mut self, now: Duration, report: &Report) -> Vec<(Duration, Report)> {
        let reports = self.with(|plugged| {
            plugged.hear(report);
            plugged.impostor.on_report(now, report)
        });
        reports.unwrap_or_default()
    }

    fn on_touch(&mut self, now: Duration, touch: Touch) -> Vec<(Duration, Report)> {
        self.with(|plugged| plugged.impostor.on_touch(now, touch)).unwrap_or_default()
    }

    fn on_unplug(&mut self, now: Duration) {
        self.with(|plugged| plugged.impostor.on_unplug(now));
    }

    fn wakes_at(&self) -> Option<Duration> {
        self.with(|plugged| plugged.impostor.wakes_at()).flatten()
    }

    fn on_wake(&mut self, now: Duration) -> Vec<(Duration, Report)> {
        self.with(|plugged| plugged.impostor.on_wake(now)).unwrap_or_default()
    }

    fn blinking(&self) -> bool {
        self.with(|plugged| plugged.impostor.blinking()).unwrap_or_default()
    }
}
