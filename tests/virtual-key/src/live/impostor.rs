//! Impostors on `/dev/uhid`: how they are asked for, and how they run.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use clap::Args;
use serde::{Deserialize, Serialize};

use super::command::{aaguid, hex};
use super::quirks::kind_of_request;
use crate::key::{Port, Shared, Wake};
use crate::{Answer, Asked, Behaviour, Claim, ClaimedInfo, Impostor, ImpostorConfig, KeyConfig};

/// What a new impostor is like.
#[derive(Clone, Debug, PartialEq, Eq, Args, Serialize, Deserialize)]
pub struct AddImpostor {
    /// The impostor's name in all other commands.
    pub name: String,
    /// What kind: plain, claims-sensor, claims-sensor-2.0, finger-never-recognised, foreign-0xNN or yes-to-everything.
    #[arg(value_parser = |text: &str| ImpostorConfig::preset("", text).map(|_| text.to_owned()))]
    pub preset: String,
    /// Answer such a request (any: all but INIT and getInfo) differently: assertion=touch:status-0x27. The first that fits counts.
    #[arg(long = "answer", value_name = "REQUEST=ANSWER", value_parser = |text: &str| answer(text).map(|_| text.to_owned()))]
    pub answers: Vec<String>,
    /// Claim an option of getInfo to have this value: alwaysUv=true.
    #[arg(long = "option", value_name = "NAME=BOOL", value_parser = |text: &str| option(text).map(|_| text.to_owned()))]
    pub options: Vec<String>,
    /// Claim these versions: `FIDO_2_0,U2F_V2`.
    #[arg(long, value_name = "VERSIONS", value_delimiter = ',')]
    pub versions: Vec<String>,
    /// Claim these PIN/UV auth protocols, or "none" to state none: 2,1.
    #[arg(long, value_name = "NUMBERS", value_parser = |text: &str| protocols(text).map(|_| text.to_owned()))]
    pub protocols: Option<String>,
    /// Claim this `maxCredentialCountInList`.
    #[arg(long, value_name = "N")]
    pub list_max: Option<u64>,
    /// The capability flags in the reply to INIT, hexadecimal.
    #[arg(long, value_name = "HEX", default_value = "04", value_parser = |text: &str| byte(text))]
    pub capabilities: u8,
    /// Model identifier: 32 hexadecimal digits, hyphens allowed.
    #[arg(long, value_parser = |text: &str| aaguid(text).map(|_| text.to_owned()))]
    pub aaguid: Option<String>,
    /// USB vendor number, hexadecimal.
    #[arg(long, value_name = "HEX", default_value = "1209", value_parser = hex)]
    pub vendor: u16,
    /// USB product number, hexadecimal.
    #[arg(long, value_name = "HEX", default_value = "0001", value_parser = hex)]
    pub product: u16,
    /// The device name that the host sees.
    #[arg(long, value_name = "TEXT")]
    pub model: Option<String>,
    /// How long to wait for the rest of a message, in milliseconds: an emulated machine under load is not fast.
    #[arg(long, value_name = "MS", default_value_t = 3000)]
    pub message_timeout: u64,
    /// Do not plug it in yet.
    #[arg(long)]
    pub unplugged: bool,
}

impl AddImpostor {
    /// The impostor that is asked for.
    pub fn config(&self) -> Result<ImpostorConfig, String> {
        let mut config = ImpostorConfig::preset(&self.name, &self.preset)?;
        let answers: Vec<_> = self.answers.iter().map(|text| answer(text)).collect::<Result<_, _>>()?;
        config.answers.splice(..0, answers);
        if let Claim::Info(info) = &mut config.info {
            self.change(info)?;
        }
        config.capabilities = self.capabilities;
        config.message_timeout = Duration::from_millis(self.message_timeout);
        Ok(config)
    }

    fn change(&self, info: &mut ClaimedInfo) -> Result<(), String> {
        for text in &self.options {
            let (name, value) = option(text)?;
            info.options.retain(|(other, _)| *other != name);
            info.options.push((name, value));
        }
        if !self.versions.is_empty() {
            info.versions.clone_from(&self.versions);
        }
        if let Some(text) = &self.protocols {
            info.pin_uv_auth_protocols = protocols(text)?;
        }
        if self.list_max.is_some() {
            info.max_credential_count_in_list = self.list_max;
        }
        if let Some(text) = &self.aaguid {
            info.aaguid = aaguid(text)?;
        }
        Ok(())
    }

    /// The HID device as which it shows itself.
    pub(super) fn device(&self) -> KeyConfig {
        let mut config = KeyConfig::new(&self.name);
        (config.vendor_id, config.product_id) = (self.vendor, self.product);
        if let Some(model) = &self.model {
            config.product.clone_from(model);
        }
        config
    }
}

fn answer(text: &str) -> Result<(Option<Asked>, Answer), String> {
    let (kind, answer) = text.split_once('=').ok_or_else(|| format!("no request with an answer: {text}"))?;
    Ok((kind_of_request(kind)?, answer.parse()?))
}

fn option(text: &str) -> Result<(String, bool), String> {
    let read = || {
        let (name, value) = text.split_once('=')?;
        Some((name.to_owned(), value.parse().ok()?))
    };
    read().ok_or_else(|| format!("no option with true or false: {text}"))
}

fn protocols(text: &str) -> Result<Option<Vec<u64>>, String> {
    if text == "none" {
        return Ok(None);
    }
    let numbers: Result<Vec<u64>, _> = text.split(',').map(str::parse).collect();
    numbers.map(Some).map_err(|error| error.to_string())
}

fn byte(text: &str) -> Result<u8, String> {
    hex(text)?.try_into().map_err(|_| format!("no byte: {text}"))
}

/// Be an impostor until the power goes.
pub(super) fn run<P: Port>(shared: &Arc<Shared>, mut port: P, impostor: &Mutex<Impostor>) {
    let mut impostor = impostor.lock().expect("an impostor's thread has panicked");
    loop {
        let wake = port.wait(impostor.wakes_at());
        let now = port.now();
        let reports = match wake {
            Wake::Report(report) => impostor.on_report(now, &report),
            Wake::Touch(touch) => impostor.on_touch(now, touch),
            Wake::Deadline => impostor.on_wake(now),
            Wake::Unplugged => break,
        };
        shared.want_touch(impostor.blinking().then_some(now));
        // An impostor sends everything at once.
        for (_, report) in &reports {
            port.send(report);
        }
    }
    impostor.on_unplug(port.now());
    shared.lock().power_off();
    shared.want_touch(None);
}
