//! `[attestation]`: can it be told which security keys may hold new passkeys? Errors here do not prevent a sign-in.

use std::path::Path;

use jiff::Timestamp;
use passkey_core::config::{Config, OutdatedMetadata};

use super::configuration::place;
use super::store::file_remedy;
use crate::attestation::roots::{self, TrustError};
use crate::doctor::finding::{Area, Finding};
use crate::doctor::machine::Machine;

pub(in crate::doctor) fn check(machine: &Machine, given: Option<&Path>, config: &Config) -> Option<Finding> {
    let mut policy = match config.attestation.read() {
        Ok(policy) => policy,
        Err(error) => {
            let message = format!("{error}. Until it is corrected, no passkey can be added.");
            let finding = Finding::error(Area::Configuration, "attestation_broken", message);
            let finding = finding.at_line(error.path(), error.line());
            return Some(finding.remedy("Correct the line; what can stand there is in passkey.toml(5)."));
        }
    };
    let (_, owner) = place(machine, given);
    let is_put_up_with =
        policy.metadata.as_ref().is_some_and(|metadata| metadata.outdated == OutdatedMetadata::Warn);
    if let Some(metadata) = &mut policy.metadata {
        metadata.outdated = OutdatedMetadata::Refuse;
    }
    match roots::load(&policy, owner, Timestamp::now()) {
        Ok(_) => None,
        Err(error @ TrustError::Outdated { .. }) => {
            let finding = if is_put_up_with {
                Finding::warning(Area::Configuration, "metadata_outdated", format!("{error}."))
            } else {
                let message = format!("{error}. Until it is, no passkey is added.");
                Finding::error(Area::Configuration, "metadata_outdated", message)
            };
            Some(finding.remedy("Fetch it from https://mds3.fidoalliance.org by a timer."))
        }
        Err(error) => {
            let message = format!("{error}. Until it is corrected, no passkey can be added.");
            let finding = Finding::error(Area::Configuration, "attestation_broken", message);
            Some(match &error {
                TrustError::File(refusal) => {
                    finding.at(refusal.path()).remedy(file_remedy(refusal, Some("0644")))
                }
                TrustError::Certificates { path, .. }
                | TrustError::Metadata { path, .. }
                | TrustError::Outdated { path, .. } => finding
                    .at(path)
                    .remedy("Replace the file, or correct [attestation] of the configuration."),
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use virtual_key::{attestation_root, metadata, metadata_root};

    use crate::doctor::finding::Severity;
    use crate::doctor::fixture::Fixture;

    fn found(lines: &str, next_update: &str) -> Vec<(Severity, &'static str)> {
        let machine = Fixture::healthy();
        let path = |name: &str| machine.path(name).display().to_string();
        machine.put("etc/passkey/root.der", metadata_root());
        machine.put("etc/passkey/maker.der", attestation_root());
        machine.put("etc/passkey/blob.jwt", metadata(&[], next_update));
        machine.append(
            "etc/passkey/passkey.toml",
            &format!(
                "[attestation]\nmetadata = \"{}\"\nmetadata_root = \"{}\"\nroots = \"{}\"\n{lines}\n",
                path("etc/passkey/blob.jwt"),
                path("etc/passkey/root.der"),
                path("etc/passkey/maker.der"),
            ),
        );
        let findings = machine.examine().into_iter();
        let ours =
            findings.filter(|finding| matches!(finding.code, "attestation_broken" | "metadata_outdated"));
        ours.map(|finding| (finding.severity, finding.code)).collect()
    }

    #[test]
    fn what_keeps_passkeys_from_being_added_is_found() {
        let (newest, old) = ("2049-12-31", "2026-01-01");
        assert_eq!(found("require = \"trusted\"", newest), []);
        assert_eq!(found("require = \"all\"", newest), [(Severity::Error, "attestation_broken")]);
        assert_eq!(found("metadata_signer = \"x\"", newest), [(Severity::Error, "attestation_broken")]);
        assert_eq!(found("", old), [(Severity::Error, "metadata_outdated")]);
        assert_eq!(found("metadata_outdated = \"warn\"", old), [(Severity::Warning, "metadata_outdated")]);
    }
}
