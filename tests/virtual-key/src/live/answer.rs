//! Doing what a command says.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use serde_json::{Value, json};

use super::command::{self, Command, Switch};
use super::key::LiveKey;
use crate::{Counts, Impostor, Record, Requested, Timeline, Touch};

/// All keys of the process by name.
#[derive(Default)]
pub(super) struct Keys(Mutex<BTreeMap<String, Arc<LiveKey>>>);

impl Keys {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Arc<LiveKey>>> {
        self.0.lock().expect("nobody panics with the keys in hand")
    }

    fn key(&self, name: &str) -> Result<Arc<LiveKey>, String> {
        self.lock().get(name).cloned().ok_or_else(|| format!("no such key: {name}"))
    }

    /// One that has a memory and could be honest.
    fn honest(&self, name: &str) -> Result<Arc<LiveKey>, String> {
        let key = self.key(name)?;
        if key.record().is_some() { Err(format!("{name} is an impostor")) } else { Ok(key) }
    }

    /// Do it. The answer is a JSON object, or what went wrong.
    pub(super) fn answer(&self, command: &Command) -> Result<Value, String> {
        match command {
            Command::Add(add) => {
                let config = add.config()?;
                let key = || match &add.socket {
                    Some(path) => {
                        LiveKey::behind(path, config).map_err(|error| format!("{}: {error}", path.display()))
                    }
                    None => LiveKey::new(config).map_err(on_uhid),
                };
                self.add(&add.name, add.unplugged, key)
            }
            Command::AddImpostor(add) => {
                let (device, impostor) = (add.device(), Impostor::new(add.config()?));
                self.add(&add.name, add.unplugged, || LiveKey::impostor(device, impostor).map_err(on_uhid))
            }
            Command::Requests { name, reset } => {
                let key = self.key(name)?;
                let record = key.record().ok_or_else(|| format!("{name} is no impostor"))?;
                let requests = show_record(&record);
                if *reset {
                    record.clear();
                }
                Ok(requests)
            }
            Command::Touch { name, within, stranger } => {
                let key = self.key(name)?;
                let touch = if *stranger { Touch::Stranger } else { Touch::Owner };
                if *within > 0 {
                    key.wait_blinking(ms(*within));
                }
                Ok(json!({ "taken": key.touch(touch) }))
            }
            Command::TouchAfter { name, ms: delay } => {
                self.key(name)?.touch_after(ms(*delay));
                Ok(json!({}))
            }
            Command::AutoTouch { name, state, ms: delay } => {
                self.key(name)?.auto_touch((*state == Switch::On).then(|| ms(*delay)));
                Ok(json!({}))
            }
            Command::Never { name } => {
                self.key(name)?.never();
                Ok(json!({}))
            }
            Command::Plug { name } => self.plug(name),
            Command::Unplug { name } => {
                let changed = self.key(name)?.unplug().map_err(|error| error.to_string())?;
                Ok(json!({ "changed": changed }))
            }
            Command::Latency { name, us } => {
                self.key(name)?.set_latency(Duration::from_micros(*us));
                Ok(json!({}))
            }
            Command::Blinking { name } => Ok(json!({ "blinking": self.key(name)?.blinking() })),
            Command::WaitBlinking { name, timeout } => {
                if self.key(name)?.wait_blinking(ms(*timeout)) {
                    Ok(json!({ "blinking": true }))
                } else {
                    Err(format!("{name} did not ask for a touch within {timeout} ms"))
                }
            }
            Command::Counts { name, reset } => {
                let key = self.key(name)?;
                let counts = if *reset { key.take_counts() } else { key.counts() };
                Ok(show(&counts))
            }
            Command::Timeline { name, reset } => self.timeline(name, *reset),
            Command::Retries { name } => {
                let key = self.honest(name)?;
                Ok(json!({ "pin": key.pin_retries(), "pin_set": key.has_pin() }))
            }
            Command::Corrupt { name, what } => {
                self.honest(name)?.corrupt(command::corruption(what)?);
                Ok(json!({}))
            }
            Command::Mute { name, state } => {
                self.key(name)?.mute(*state == Switch::On);
                Ok(json!({}))
            }
            Command::Garble { name, state } => {
                self.honest(name)?.garble(*state == Switch::On);
                Ok(json!({}))
            }
            Command::Misbehave { name, how, at, nth } => {
                self.honest(name)?.sabotage(command::sabotage(how, at.as_deref(), *nth)?);
                Ok(json!({}))
            }
            Command::Forget { name } => {
                self.honest(name)?.forget().map_err(|error| error.to_string())?;
                Ok(json!({}))
            }
            Command::List => Ok(self.list()),
            Command::Quit => {
                self.lock().values().for_each(|key| drop(key.unplug()));
                Ok(json!({}))
            }
        }
    }

    fn add(
        &self,
        name: &str,
        unplugged: bool,
        make: impl FnOnce() -> Result<LiveKey, String>,
    ) -> Result<Value, String> {
        {
            let mut keys = self.lock();
            if keys.contains_key(name) {
                return Err(format!("there is a key {name} already"));
            }
            keys.insert(name.to_owned(), Arc::new(make()?));
        }
        if unplugged { Ok(json!({})) } else { self.plug(name) }
    }

    fn plug(&self, name: &str) -> Result<Value, String> {
        let key = self.key(name)?;
        let changed = key.plug().map_err(|error| error.to_string())?;
        if let Some(socket) = key.socket() {
            return Ok(json!({ "changed": changed, "socket": socket }));
        }
        let hidraw = key.hidraw(Duration::from_secs(10)).ok_or("no hidraw device appears")?;
        Ok(json!({ "changed": changed, "hidraw": hidraw }))
    }

    fn timeline(&self, name: &str, reset: bool) -> Result<Value, String> {
        let key = self.honest(name)?;
        Ok(show_timeline(&if reset { key.take_timeline() } else { key.timeline() }))
    }

    fn list(&self) -> Value {
        let keys = self.lock().clone();
        let keys: Vec<Value> = keys
            .iter()
            .map(|(name, key)| {
                json!({
                    "name": name,
                    "plugged": key.is_plugged(),
                    "hidraw": key.hidraw(Duration::ZERO),
                    "socket": key.socket(),
                    "blinking": key.blinking(),
                    "pin_set": key.has_pin(),
                    "discoverable_credentials": key.discoverable_credentials(),
                })
            })
            .collect();
        json!({ "keys": keys })
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn on_uhid(error: io::Error) -> String {
    format!("/dev/uhid: {error}")
}

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

fn show(counts: &Counts) -> Value {
    let commands: BTreeMap<String, u64> =
        counts.commands.iter().map(|(command, count)| (format!("{command:#04x}"), *count)).collect();
    json!({
        "transactions": counts.transactions,
        "init": counts.inits,
        "cbor": counts.cbor,
        "msg": counts.msg,
        "ping": counts.ping,
        "wink": counts.wink,
        "other": counts.other,
        "cancel": counts.cancels,
        "commands": commands,
        "reports_in": counts.reports_in,
        "reports_out": counts.reports_out,
        "keepalives": counts.keepalives,
        "opens": counts.opens,
        "closes": counts.closes,
    })
}

fn show_timeline(timeline: &Timeline) -> Value {
    let ns = |time: &Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    let all = |times: &[Duration]| times.iter().map(ns).collect::<Vec<_>>();
    json!({
        "first_report_in": timeline.first_report_in.as_ref().map(ns),
        "blinks": all(&timeline.blinks),
        "touches": all(&timeline.touches),
        "last_report_out": timeline.last_report_out.as_ref().map(ns),
    })
}

fn show_record(record: &Record) -> Value {
    let ms = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    let requests: Vec<Value> = record
        .requests()
        .iter()
        .map(|request| json!({ "at": ms(request.at), "request": request_name(request.what) }))
        .collect();
    let blinks: Vec<Value> = record
        .blinks()
        .iter()
        .map(|blink| json!({ "from": ms(blink.from), "until": blink.until.map(ms) }))
        .collect();
    let touches: Vec<u64> = record.touches().into_iter().map(ms).collect();
    json!({ "requests": requests, "blinks": blinks, "touches": touches })
}

/// A kind by its name, any other request by its numbers: `cbor-0x06-0x03`, `u2f-0x03`, `hid-0x11`.
fn request_name(what: Requested) -> String {
    match what {
        Requested::Asked(asked) => asked.name().to_owned(),
        Requested::Cbor { command, subcommand: None } => format!("cbor-{command:#04x}"),
        Requested::Cbor { command, subcommand: Some(subcommand) } => {
            format!("cbor-{command:#04x}-{subcommand:#04x}")
        }
        Requested::U2f(instruction) => format!("u2f-{instruction:#04x}"),
        Requested::Hid(command) => format!("hid-{command:#04x}"),
    }
}
