//! Which way a key should verify its user: decided from the requirement, the credential and what the key can do.

use crate::config::UserVerification;
use ctap::Info;

/// The way a key verifies its user in this ceremony.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    /// Not at all: a touch is enough.
    None,
    /// By its own sensor. With `token`, through a pinUvAuthToken (CTAP 2.1 §6.5.5.7.3), else by the `uv` option (CTAP 2.0).
    BuiltIn { token: bool },
    /// By its PIN.
    Pin,
}

/// Why a key cannot verify its user although it must.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Impossible {
    /// It could, but neither a PIN nor a fingerprint has been set up.
    NotSetUp,
    /// It can do neither.
    NotSupported,
    /// It speaks U2F alone, which knows neither.
    U2fOnly,
    /// Its PIN must be changed first (CTAP 2.1 §6.4 `forcePINChange`).
    PinMustChange,
}

/// Chooses the method. `credential_insists` is true for a credential that answers only after user verification (credProtect level
/// 3, CTAP 2.1 §12.1).
pub(crate) fn choose(
    requirement: UserVerification,
    info: &Info,
    credential_insists: bool,
) -> Result<Method, Impossible> {
    let insisted = info.options.always_uv || credential_insists;
    if requirement == UserVerification::Discouraged && !insisted {
        return Ok(Method::None);
    }
    let required = requirement == UserVerification::Required || insisted;
    match best(info) {
        Ok(method) => Ok(method),
        Err(_) if !required => Ok(Method::None),
        Err(impossible) => Err(impossible),
    }
}

fn best(info: &Info) -> Result<Method, Impossible> {
    let options = &info.options;
    if options.uv == Some(true) {
        return Ok(Method::BuiltIn { token: options.pin_uv_auth_token });
    }
    pin(info)
}

/// The PIN, for a key whose sensor cannot be used (any more).
pub(crate) fn pin(info: &Info) -> Result<Method, Impossible> {
    match info.options.client_pin {
        Some(true) if info.force_pin_change => Err(Impossible::PinMustChange),
        Some(true) if info.pin_uv_auth_protocols.is_empty() => Err(Impossible::NotSupported),
        Some(true) if info.options.no_mc_ga_permissions_with_client_pin => Err(Impossible::NotSupported),
        Some(true) => Ok(Method::Pin),
        Some(false) => Err(Impossible::NotSetUp),
        None if info.options.uv == Some(false) => Err(Impossible::NotSetUp),
        None => Err(Impossible::NotSupported),
    }
}

/// Whether a key that has no PIN could verify its user if it had one.
pub(crate) fn pin_would_do(info: &Info) -> bool {
    info.options.client_pin == Some(false)
        && !info.pin_uv_auth_protocols.is_empty()
        && !info.options.no_mc_ga_permissions_with_client_pin
}
