//! `keys`: the security keys that are plugged in, and this computer where it holds passkeys.

use std::collections::BTreeMap;
use std::time::Duration;

use ctap::info::{Info, Options};
use passkey_core::ceremony::{InspectedKey, inspect};
use passkey_core::credential::Credential;

use super::Context;
use crate::commands::error::Error;
use crate::commands::results::json::{Holder, Key, KeyError, Keys, PinState, Plugged, UvState};
use crate::report::{self};
use crate::terminal::signals::Interrupt;

/// Keys that have not told all by then are shown with what they have told.
const TIMEOUT: Duration = Duration::from_secs(5);

pub(super) fn run(context: &Context) -> Result<(), Error> {
    // A key is worth showing even where the passkeys cannot be read.
    let loaded = match context.load() {
        Ok(loaded) => Some(loaded),
        Err(error) => {
            report::warning(&error.report().message);
            None
        }
    };
    let credentials: Option<Vec<&Credential>> =
        loaded.as_ref().map(|loaded| loaded.iter().flat_map(|loaded| &loaded.file.credentials).collect());
    let interrupt = Interrupt::install().map_err(Error::Signals)?;
    let mut platform = context.services().platform(&interrupt);
    let keys = inspect(&mut platform, credentials.as_deref().unwrap_or_default(), TIMEOUT);
    if interrupt.is_raised() {
        return Err(Error::Cancelled);
    }
    if keys.is_empty() {
        report::note("No security key is plugged in.");
    }
    context.output.result(&Keys {
        keys: keys.iter().map(|key| described(context, key, credentials.as_deref())).collect(),
    })
}

/// `credentials`: the user's passkeys, where they could be read.
fn described(context: &Context, inspected: &InspectedKey, credentials: Option<&[&Credential]>) -> Key {
    let info = inspected.info.as_ref().ok().and_then(Option::as_ref);
    let own_name = Some(&inspected.key.name).filter(|name| !name.is_empty());
    Key {
        plugged: Plugged::from(&inspected.key),
        authenticator: Holder::from(&inspected.key),
        aaguid: info.map(|info| info.aaguid.to_string()),
        model: info.and_then(|info| context.models.name(info.aaguid)).or_else(|| own_name.cloned()),
        firmware_version: info.and_then(|info| info.firmware_version),
        versions: info.map(|info| info.versions.clone()).unwrap_or_default(),
        extensions: info.map(|info| info.extensions.clone()).unwrap_or_default(),
        algorithms: info.map(algorithms).unwrap_or_default(),
        options: info.map(|info| options(&info.options)).unwrap_or_default(),
        pin: PinState {
            set: info.and_then(|info| info.options.client_pin),
            retries: inspected.pin_retries,
            locked: inspected.pin_locked,
            must_change: info.is_some_and(|info| info.force_pin_change),
        },
        uv: UvState {
            available: info.is_some_and(|info| info.options.uv == Some(true)),
            retries: inspected.uv_retries,
        },
        remaining_discoverable: info.and_then(|info| info.remaining_discoverable_credentials),
        enrolled: credentials.map(|credentials| held(inspected, credentials)),
        error: inspected.info.as_ref().err().copied().or(inspected.untold).map(KeyError::from),
    }
}

/// The names of those of `credentials` that the key holds, in their order.
fn held(inspected: &InspectedKey, credentials: &[&Credential]) -> Vec<String> {
    credentials
        .iter()
        .filter(|credential| inspected.holds.contains(&credential.id))
        .map(|credential| credential.name.clone())
        .collect()
}

fn algorithms(info: &Info) -> Vec<String> {
    info.algorithms.iter().map(|algorithm| algorithm.to_string().to_lowercase()).collect()
}

/// The options that the key has, under their names in the specification (CTAP 2.1 §6.4).
fn options(options: &Options) -> BTreeMap<&'static str, bool> {
    let only_if_true = |set: bool| set.then_some(true);
    [
        ("plat", only_if_true(options.plat)),
        ("rk", Some(options.rk)),
        ("clientPin", options.client_pin),
        ("up", Some(options.up)),
        ("uv", options.uv),
        ("pinUvAuthToken", only_if_true(options.pin_uv_auth_token)),
        ("noMcGaPermissionsWithClientPin", only_if_true(options.no_mc_ga_permissions_with_client_pin)),
        ("largeBlobs", only_if_true(options.large_blobs)),
        ("ep", options.ep),
        ("bioEnroll", options.bio_enroll),
        ("userVerificationMgmtPreview", options.user_verification_mgmt_preview),
        ("uvBioEnroll", only_if_true(options.uv_bio_enroll)),
        ("authnrCfg", only_if_true(options.authnr_cfg)),
        ("uvAcfg", only_if_true(options.uv_acfg)),
        ("credMgmt", only_if_true(options.cred_mgmt)),
        ("credentialMgmtPreview", only_if_true(options.credential_mgmt_preview)),
        ("setMinPINLength", only_if_true(options.set_min_pin_length)),
        ("makeCredUvNotRqd", only_if_true(options.make_cred_uv_not_required)),
        ("alwaysUv", only_if_true(options.always_uv)),
    ]
    .into_iter()
    .filter_map(|(name, value)| value.map(|value| (name, value)))
    .collect()
}
