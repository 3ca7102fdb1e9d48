//! `key config`: the settings of a key (authenticatorConfig, CTAP 2.1 §6.11).

use super::Context;
use crate::cli::{AlwaysUv, ConfigCommand, ListOnKey, MinPinLength, OnKey, Pin, Switch};
use crate::commands::error::Error;
use crate::commands::results::json::Plugged;
use crate::commands::results::key::{KeyConfigured, Settings};
use crate::key::{Dialect, ManageError, ManagedKey, Operation, Place, Setting};
use crate::terminal::signals::Interrupt;

pub(super) fn run(context: &Context, place: &Place, command: &ConfigCommand) -> Result<(), Error> {
    match command {
        ConfigCommand::AlwaysUv(arguments) => always_uv(context, place, arguments),
        ConfigCommand::MinPinLength(arguments) => min_pin_length(context, place, arguments),
        ConfigCommand::ForcePinChange(arguments) => force_pin_change(context, place, arguments),
    }
}

fn always_uv(context: &Context, place: &Place, AlwaysUv { state, pin, on }: &AlwaysUv) -> Result<(), Error> {
    let wanted = *state == Switch::On;
    set(context, place, on, *pin, |managed| {
        let is_on = managed.info().options.always_uv;
        Ok((is_on != wanted).then_some(Setting::ToggleAlwaysUv))
    })
}

fn min_pin_length(
    context: &Context,
    place: &Place,
    MinPinLength { length, pin, on }: &MinPinLength,
) -> Result<(), Error> {
    set(context, place, on, *pin, |managed| {
        check_pin_rules(managed)?;
        let (present, wanted) = (managed.min_pin_chars(), usize::from(*length));
        if wanted < present {
            return Err(ManageError::MinPinLengthLower { present });
        }
        Ok((wanted > present).then_some(Setting::MinPinLength(*length)))
    })
}

fn force_pin_change(
    context: &Context,
    place: &Place,
    ListOnKey { pin, on }: &ListOnKey,
) -> Result<(), Error> {
    set(context, place, on, *pin, |managed| {
        check_pin_rules(managed)?;
        Ok(Some(Setting::ForcePinChange))
    })
}

/// Both of the settings for PINs come with the same option.
fn check_pin_rules(managed: &ManagedKey<'_>) -> Result<(), ManageError> {
    if managed.info().options.set_min_pin_length { Ok(()) } else { Err(ManageError::NoMinPinLength) }
}

/// Changes the setting that `choose` finds to be another than is wanted, and tells what the key says of itself afterwards.
fn set(
    context: &Context,
    place: &Place,
    on: &OnKey,
    pin: Pin,
    choose: impl FnOnce(&ManagedKey<'_>) -> Result<Option<Setting>, ManageError>,
) -> Result<(), Error> {
    let interrupt = Interrupt::install().map_err(Error::Signals)?;
    let mut managed = ManagedKey::select(&interrupt, &super::selection(context, place, on, pin.pin_stdin))?;
    if !managed.info().options.authnr_cfg {
        return Err(ManageError::NoSettings.into());
    }
    let setting = choose(&managed)?;
    if let Some(setting) = setting {
        managed.check_pin()?;
        managed.with_pin(Dialect::Final, |pin| Operation::Configure { pin, setting }, |_, _| {})?;
        managed.ask_again()?;
    }
    let info = managed.info();
    context.output.result(&KeyConfigured {
        key: Plugged::from(managed.key()),
        settings: Settings {
            always_uv: info.options.always_uv,
            min_pin_length: managed.min_pin_chars(),
            pin_must_change: info.force_pin_change,
        },
        changed: setting.is_some(),
    })
}
