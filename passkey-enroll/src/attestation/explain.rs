//! Why an authenticator may not hold a passkey, with remedies.

use ::attestation::Refusal;
use passkey_core::ceremony::Authenticator;
use passkey_core::config::ConfigError;

use crate::attestation::roots::TrustError;
use crate::report::{ErrorReport, Exit};

/// How a refused authenticator comes out. `left_behind`: the passkey takes up room on it.
pub(crate) fn refused(refusal: &Refusal, authenticator: Authenticator, left_behind: bool) -> ErrorReport {
    let (it, another, on) = match authenticator {
        Authenticator::SecurityKey => ("The security key", "another security key", ""),
        Authenticator::ThisComputer => ("This computer", "a security key", " --on this-computer"),
        Authenticator::Guiding => ("It", "a security key", ""),
    };
    let otherwise = match refusal {
        Refusal::ModelNotAllowed { .. } => {
            ", or have its model added to `allowed_aaguids` of the configuration."
        }
        Refusal::Untrusted { .. } => ", or have its maker's root added to `roots` of the configuration.",
        Refusal::UnknownModel { .. } => {
            ", or have the metadata replaced by the current one, or its maker's root added to `roots`."
        }
        Refusal::NoAttestation
        | Refusal::Unsupported { .. }
        | Refusal::Invalid(_)
        | Refusal::SelfAttested
        | Refusal::Compromised { .. }
        | Refusal::NotCertified { .. } => ": `[attestation]` of the configuration says what it has to prove.",
    };
    let mut hint = format!("Use {another}{otherwise}");
    if left_behind {
        hint.push_str(" The passkey stays on this one, of no use, until it is removed there: passkey-enroll key passkeys remove");
        hint.push_str(on);
    }
    let message = format!("{it} was refused: {refusal}. Nothing was stored.");
    ErrorReport::new(Exit::Failed, "attestation_refused", message).hint(hint)
}

/// How a table comes out that is not understood.
pub(crate) fn config(error: &ConfigError) -> ErrorReport {
    ErrorReport::new(Exit::Broken, "config_broken", error.to_string())
        .hint("Put it right: until then no passkey is added. Nobody is kept from signing in.")
}

/// How files come out that do not say who is trusted.
pub(crate) fn trust(error: &TrustError) -> ErrorReport {
    match error {
        TrustError::Outdated { .. } => ErrorReport::new(Exit::Broken, "metadata_outdated", error.to_string()).hint(
            "Replace it by the current one, from https://mds3.fidoalliance.org, or set `metadata_outdated = \"warn\"`.",
        ),
        TrustError::File(_) | TrustError::Certificates { .. } | TrustError::Metadata { .. } => {
            ErrorReport::new(Exit::Broken, "attestation_broken", error.to_string())
                .hint("Put it right, or correct `[attestation]` of the configuration: until then no passkey is added.")
        }
    }
}

/// The result if no maker is trusted.
pub(crate) fn nobody_trusted() -> ErrorReport {
    let message = "No security key can be trusted: the configuration names nobody who could vouch for one.";
    ErrorReport::new(Exit::Usage, "nobody_trusted", message)
        .hint("Name `roots` or `metadata` in `[attestation]` of the configuration, or leave --require-attestation out.")
}
