//! What an impostor answers.

use std::str::FromStr;
use std::time::Duration;

use crate::Asked;
use crate::sabotage::hexadecimal;

/// What a waiting impostor says of itself meanwhile (CTAP 2.1 §11.2.9.1.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keepalive {
    /// `STATUS_PROCESSING`: it pretends to compute. It does not heed CANCEL.
    Processing,
    /// `STATUS_UPNEEDED`: it pretends to wait for a touch, and blinks. CANCEL ends that with `CTAP2_ERR_KEEPALIVE_CANCEL`.
    UpNeeded,
}

/// The answer to one kind of request. One that makes no sense for the request, such as [`Answer::KeyAgreement`] to a U2F message, is
/// sent all the same: to `CTAPHID_CBOR` as status and map, to `CTAPHID_MSG` with a status word behind.
///
/// On a command line, an answer is one of the names given here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// `status-0x36`: this status at once; to a U2F request the status word that says the same, if there is one.
    Status(u8),
    /// `word-0x6985`: this status word (FIDO U2F Raw Message Formats §3.3), and to a CTAP2 request its upper byte.
    StatusWord(u16),
    /// `hid-error-0x06`: `CTAPHID_ERROR` with this code.
    HidError(u8),
    /// `silent`: nothing. The next request is heard as if this one had never come.
    Silent,
    /// `processing=MS:ANSWER` or `waiting=MS:ANSWER`: keep-alives each 100 ms, and the answer after this time whether there was a touch
    /// or not.
    After {
        /// How long.
        time: Duration,
        /// What is said meanwhile.
        keepalive: Keepalive,
        /// And then.
        then: Box<Answer>,
    },
    /// `touch:ANSWER`: it blinks until it is touched, without end, and then answers. A U2F request is answered with 0x6985 until there was
    /// a touch, and it blinks for 10 s after each.
    OnTouch(Box<Answer>),
    /// `nonsense`: a well-formed assertion by the first credential of the allow list, whatever that is: right RP ID hash, the flags that
    /// were asked for, a counter that goes up, and a signature that is well-formed and by no key. Without an allow list, a credential
    /// that nobody made.
    SignsNonsense,
    /// `nonsense-unnamed`: the same without `credential`.
    SignsNonsenseUnnamed,
    /// `success` or `success=HEX`: `CTAP2_OK` and these bytes, to be CBOR; to a U2F request these bytes and 0x9000.
    Success(Vec<u8>),
    /// `key-agreement` or `key-agreement=-7`: a point on P-256 under this `alg`, so that the host goes on (CTAP 2.1 §6.5.5.4).
    KeyAgreement {
        /// −25 by the specification.
        alg: i64,
    },
    /// `pin-retries=8`: so many PIN attempts are left (CTAP 2.1 §6.5.5.2).
    PinRetries(u64),
    /// `uv-retries=3`: so many attempts at built-in user verification are left (CTAP 2.1 §6.5.5.3).
    UvRetries(u64),
    /// `token`: success and an encrypted token of the right length, which deciphers to something under any key, whatever the PIN was.
    Token,
}

impl Answer {
    /// This status after this time, with keep-alives meanwhile.
    pub fn status_after(time: Duration, keepalive: Keepalive, status: u8) -> Self {
        Self::After { time, keepalive, then: Box::new(Self::Status(status)) }
    }

    /// This answer once the impostor is touched.
    pub fn on_touch(then: Self) -> Self {
        Self::OnTouch(Box::new(then))
    }

    /// What a key without credentials answers if nothing is configured; None to INIT and getInfo, which are not answered so.
    pub(super) fn unconfigured(asked: Asked) -> Option<Self> {
        Some(match asked {
            Asked::SilentAssertion | Asked::U2fCheck | Asked::U2fSign => Self::Status(0x2e),
            Asked::Assertion => Self::on_touch(Self::Status(0x2e)),
            Asked::Selection => Self::on_touch(Self::Success(Vec::new())),
            Asked::PinRetries => Self::PinRetries(8),
            Asked::KeyAgreement => Self::KeyAgreement { alg: -25 },
            Asked::PinToken => Self::Status(0x31),
            Asked::UvToken => Self::on_touch(Self::Status(0x3f)),
            Asked::UvRetries => Self::UvRetries(3),
            Asked::MakeCredential => Self::on_touch(Self::Status(0x27)),
            Asked::NextAssertion => Self::Status(0x30),
            Asked::U2fRegister => Self::StatusWord(0x6985),
            Asked::Init | Asked::Info => return None,
        })
    }
}

impl FromStr for Answer {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        read(text).ok_or_else(|| {
            format!(
                "no such answer: {text} (status-0xNN, word-0xNNNN, hid-error-0xNN, silent, processing=MS:ANSWER, waiting=MS:ANSWER, \
                 touch:ANSWER, nonsense, nonsense-unnamed, success, success=HEX, key-agreement, key-agreement=ALG, pin-retries=N, \
                 uv-retries=N, token)"
            )
        })
    }
}

fn read(text: &str) -> Option<Answer> {
    if let Some((head, then)) = text.split_once(':') {
        let then = Box::new(read(then)?);
        let (keepalive, time) = match head.split_once('=') {
            None => return (head == "touch").then_some(Answer::OnTouch(then)),
            Some(("processing", time)) => (Keepalive::Processing, time),
            Some(("waiting", time)) => (Keepalive::UpNeeded, time),
            Some(_) => return None,
        };
        return Some(Answer::After { time: Duration::from_millis(time.parse().ok()?), keepalive, then });
    }
    if let Some((head, value)) = text.split_once('=') {
        return Some(match head {
            "success" => Answer::Success(bytes(value)?),
            "key-agreement" => Answer::KeyAgreement { alg: value.parse().ok()? },
            "pin-retries" => Answer::PinRetries(value.parse().ok()?),
            "uv-retries" => Answer::UvRetries(value.parse().ok()?),
            _ => return None,
        });
    }
    if let Some((head, number)) = text.split_once("-0x") {
        let number = hexadecimal(number)?;
        return Some(match head {
            "status" => Answer::Status(number.try_into().ok()?),
            "word" => Answer::StatusWord(number),
            "hid-error" => Answer::HidError(number.try_into().ok()?),
            _ => return None,
        });
    }
    Some(match text {
        "silent" => Answer::Silent,
        "nonsense" => Answer::SignsNonsense,
        "nonsense-unnamed" => Answer::SignsNonsenseUnnamed,
        "success" => Answer::Success(Vec::new()),
        "key-agreement" => Answer::KeyAgreement { alg: -25 },
        "token" => Answer::Token,
        _ => return None,
    })
}

fn bytes(digits: &str) -> Option<Vec<u8>> {
    if !digits.is_ascii() || !digits.len().is_multiple_of(2) {
        return None;
    }
    (0..digits.len())
        .step_by(2)
        .map(|start| hexadecimal(&digits[start..start + 2])?.try_into().ok())
        .collect()
}

#[cfg(test)]
#[path = "answer_tests.rs"]
mod tests;
