//! Impostors that tests ask for by name.

use super::{Answer, ClaimedInfo, ImpostorConfig};
use crate::Asked;
use crate::sabotage::hexadecimal;

/// The names of all presets. `foreign-0x02` stands for `foreign-` and any status.
pub const PRESETS: [&str; 6] = [
    "plain",
    "claims-sensor",
    "claims-sensor-2.0",
    "finger-never-recognised",
    "foreign-0x02",
    "yes-to-everything",
];

/// Statuses (CTAP 2.1 §8.2).
const PIN_INVALID: u8 = 0x31;
const PUAT_REQUIRED: u8 = 0x36;
const UV_BLOCKED: u8 = 0x3c;
const UV_INVALID: u8 = 0x3f;

impl ImpostorConfig {
    /// An impostor of a kind that has a name:
    /// - `plain`: the default, a key without credentials.
    /// - `claims-sensor`: claims CTAP 2.1, a fingerprint sensor, a PIN and alwaysUv; every assertion is refused with
    ///   `CTAP2_ERR_PUAT_REQUIRED`, the sensor is blocked, every PIN wrong and no attempt at one ever used up.
    /// - `claims-sensor-2.0`: the same of a key that knows CTAP 2.0 and PIN/UV auth protocol 1 only.
    /// - `finger-never-recognised`: as `claims-sensor`, but the sensor asks for a finger again and again.
    /// - `foreign-0x02` and so on: a silent assertion is refused with this status.
    /// - `yes-to-everything`: claims to hold every passkey, takes every PIN and every finger, and signs nonsense.
    ///
    /// # Errors
    /// A sentence that lists the names.
    pub fn preset(name: &str, preset: &str) -> Result<Self, String> {
        let config = Self::new(name);
        Ok(match preset {
            "plain" => config,
            "claims-sensor" => claims_sensor(config),
            "claims-sensor-2.0" => claims_sensor_2_0(config),
            "finger-never-recognised" => claims_sensor(config)
                .answer(Asked::UvToken, Answer::on_touch(Answer::Status(UV_INVALID)))
                .answer(Asked::UvRetries, Answer::UvRetries(3)),
            "yes-to-everything" => yes_to_everything(config),
            _ => {
                let status = foreign(preset)
                    .ok_or_else(|| format!("no such impostor: {preset} ({})", PRESETS.join(", ")))?;
                config.answer(Asked::SilentAssertion, Answer::Status(status))
            }
        })
    }
}

fn foreign(preset: &str) -> Option<u8> {
    hexadecimal(preset.strip_prefix("foreign-0x")?)?.try_into().ok()
}

fn claims_sensor(config: ImpostorConfig) -> ImpostorConfig {
    let options = ["rk", "up", "uv", "clientPin", "pinUvAuthToken", "alwaysUv"].map(|name| (name, true));
    let info = ClaimedInfo::default().versions(&["FIDO_2_0", "FIDO_2_1"]).options(&options);
    refuses_with_sensor(config.info(info))
}

fn claims_sensor_2_0(config: ImpostorConfig) -> ImpostorConfig {
    let options = ["rk", "up", "uv", "clientPin"].map(|name| (name, true));
    let info = ClaimedInfo {
        pin_uv_auth_protocols: Some(vec![1]),
        ..ClaimedInfo::default().versions(&["FIDO_2_0"]).options(&options)
    };
    refuses_with_sensor(config.info(info))
}

fn refuses_with_sensor(config: ImpostorConfig) -> ImpostorConfig {
    config
        .answer(Asked::SilentAssertion, Answer::Status(PUAT_REQUIRED))
        .answer(Asked::Assertion, Answer::Status(PUAT_REQUIRED))
        .answer(Asked::UvToken, Answer::Status(UV_BLOCKED))
        .answer(Asked::KeyAgreement, Answer::KeyAgreement { alg: -25 })
        .answer(Asked::PinToken, Answer::Status(PIN_INVALID))
        .answer(Asked::PinRetries, Answer::PinRetries(8))
}

fn yes_to_everything(config: ImpostorConfig) -> ImpostorConfig {
    let options = ["rk", "up", "uv", "clientPin", "pinUvAuthToken"].map(|name| (name, true));
    config
        .info(ClaimedInfo::default().options(&options))
        .answer(Asked::SilentAssertion, Answer::SignsNonsense)
        .answer(Asked::Assertion, Answer::on_touch(Answer::SignsNonsense))
        .answer(Asked::NextAssertion, Answer::SignsNonsense)
        .answer(Asked::PinToken, Answer::Token)
        .answer(Asked::UvToken, Answer::on_touch(Answer::Token))
        // The key handle is mine: this asks for a touch (FIDO U2F Raw Message Formats §5.1).
        .answer(Asked::U2fCheck, Answer::StatusWord(0x6985))
        .answer(Asked::U2fSign, Answer::on_touch(Answer::SignsNonsense))
}
