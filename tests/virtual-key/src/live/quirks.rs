//! The words with which a new key is made to differ from most.

use std::time::Duration;

use clap::Args;
use serde::{Deserialize, Serialize};

use crate::sabotage::hexadecimal;
use crate::{Asked, HmacSecret, Quirks, UserTimeout};

/// Where a new key differs from what most keys do.
#[derive(Clone, Debug, PartialEq, Eq, Args, Serialize, Deserialize)]
#[allow(clippy::struct_excessive_bools)] // switches of a command line
pub struct QuirkOptions {
    /// State no PIN/UV auth protocols.
    #[arg(long)]
    pub omit_protocols: bool,
    /// The algorithm by which the key agreement key is labelled, such as -7.
    #[arg(long, value_name = "ALG", allow_negative_numbers = true)]
    pub key_agreement_alg: Option<i64>,
    /// Name no credential in assertions.
    #[arg(long)]
    pub omit_credential: bool,
    /// Wait for a touch where none is wanted.
    #[arg(long)]
    pub ignore_up_false: bool,
    /// Give up waiting for a touch after so long, with this status: 5000=0x27.
    #[arg(long, value_name = "MS=STATUS", value_parser = |text: &str| user_timeout(text).map(|_| text.to_owned()))]
    pub user_timeout: Option<String>,
    /// What to make of the extension hmac-secret: makes, unknown, by-one-only=0x33, refuses=0x16.
    #[arg(long, default_value = "makes", value_parser = |text: &str| hmac_secret(text).map(|_| text.to_owned()))]
    pub hmac_secret: String,
    /// Hear and say nothing for so long after being plugged in.
    #[arg(long, value_name = "MS", default_value_t = 0)]
    pub mute_for: u64,
    /// Compute so long before answering such a request (any: of any kind): silent-assertion=110. The first that fits counts.
    #[arg(long, value_name = "REQUEST=MS", value_parser = |text: &str| computing_time(text).map(|_| text.to_owned()))]
    pub computing_time: Vec<String>,
    /// Compute so long over each signature.
    #[arg(long, value_name = "MS", default_value_t = 0)]
    pub signing_time: u64,
}

impl QuirkOptions {
    pub(super) fn quirks(&self) -> Result<Quirks, String> {
        Ok(Quirks {
            omits_pin_protocols: self.omit_protocols,
            key_agreement_alg: self.key_agreement_alg,
            omits_credential: self.omit_credential,
            ignores_up_false: self.ignore_up_false,
            user_timeout: self.user_timeout.as_deref().map(user_timeout).transpose()?,
            hmac_secret: hmac_secret(&self.hmac_secret)?,
            mute_for: Duration::from_millis(self.mute_for),
            computing_time: self
                .computing_time
                .iter()
                .map(|text| computing_time(text))
                .collect::<Result<_, _>>()?,
            signing_time: Duration::from_millis(self.signing_time),
        })
    }
}

fn hmac_secret(text: &str) -> Result<HmacSecret, String> {
    let status = |status: &str| hexadecimal(status.strip_prefix("0x")?)?.try_into().ok();
    let read = || match text.split_once('=') {
        None if text == "makes" => Some(HmacSecret::Makes),
        None if text == "unknown" => Some(HmacSecret::Unknown),
        Some(("by-one-only", text)) => status(text).map(HmacSecret::ByOneOnly),
        Some(("refuses", text)) => status(text).map(HmacSecret::Refuses),
        Some(_) | None => None,
    };
    read().ok_or_else(|| format!("{text} is none of makes, unknown, by-one-only=0x33, refuses=0x16"))
}

fn user_timeout(text: &str) -> Result<UserTimeout, String> {
    let read = || {
        let (time, status) = text.split_once("=0x")?;
        let after = milliseconds(time)?;
        Some(UserTimeout { after, status: hexadecimal(status)?.try_into().ok()? })
    };
    read().ok_or_else(|| format!("no time with a status, as 5000=0x27: {text}"))
}

fn computing_time(text: &str) -> Result<(Option<Asked>, Duration), String> {
    let (kind, time) = text.split_once('=').ok_or_else(|| format!("no request with a time: {text}"))?;
    let time = milliseconds(time).ok_or_else(|| format!("no time in milliseconds: {time}"))?;
    Ok((kind_of_request(kind)?, time))
}

/// Reads a kind of request; "any" is None.
pub(super) fn kind_of_request(text: &str) -> Result<Option<Asked>, String> {
    if text == "any" { Ok(None) } else { text.parse().map(Some) }
}

fn milliseconds(text: &str) -> Option<Duration> {
    text.parse().ok().map(Duration::from_millis)
}
