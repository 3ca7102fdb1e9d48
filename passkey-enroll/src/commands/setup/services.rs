//! The services that are to ask for passkeys.

use serde_json::Value;

use super::report::Outcome;
use super::{Run, Stop, TRIES};
use crate::cli::SetupStep;

/// Services that people switch on, where the machine has them, and what each is for.
const USUAL: [(&str, &str); 9] = [
    ("sudo", "commands as root"),
    ("su", "becoming another user"),
    ("login", "the text console"),
    ("polkit-1", "settings of the desktop"),
    ("gdm-password", "GNOME: signing in and unlocking"),
    ("sddm", "KDE: signing in"),
    ("kde", "KDE: unlocking the screen"),
    ("lightdm", "LightDM: signing in and unlocking"),
    ("swaylock", "unlocking the screen"),
];
impl Run<'_> {
    pub(super) fn services(&mut self) -> Result<(), Stop> {
        if self.is_skipped(SetupStep::Services) {
            return Ok(());
        }
        let status = self.read(&["pam", "status"])?;
        let asks = |service: &str| -> Option<String> {
            let services = status.as_ref()?.get("services")?.as_array()?;
            let found = services
                .iter()
                .find(|entry| entry.get("service").and_then(Value::as_str) == Some(service))?;
            Some(found.get("asks")?.get("for")?.as_str()?.to_owned())
        };
        let usual: Vec<(&str, &str, String)> =
            USUAL.into_iter().filter_map(|(service, what)| Some((service, what, asks(service)?))).collect();
        let services = self.chosen_services(&usual)?;
        if services.is_empty() {
            let command = self.command("pam enable sudo");
            self.record(SetupStep::Services, None, Outcome::Skipped, String::new(), Some(command), None);
            return Ok(());
        }
        let way = self.way()?;
        let has_codes = self
            .read(&["recovery", "status"])?
            .and_then(|status| status.get("left")?.as_u64())
            .is_some_and(|left| left > 0);
        for service in services {
            let mut arguments = vec!["pam", "enable", service.as_str(), way];
            if has_codes {
                arguments.push("--recovery-codes");
            }
            if self.arguments.no_rehearsal {
                arguments.push("--no-rehearsal");
            }
            if self.arguments.yes {
                arguments.push("--yes");
            }
            for risk in &self.arguments.accept {
                arguments.extend(["--accept", risk]);
            }
            let seconds = self.arguments.confirm_within.map(|seconds| seconds.to_string());
            arguments
                .extend(seconds.as_deref().into_iter().flat_map(|seconds| ["--confirm-within", seconds]));
            let command = self.command(&format!("pam enable {service} {way}"));
            self.step(SetupStep::Services, Some(service.clone()), &arguments, command)?;
        }
        Ok(())
    }

    fn chosen_services(&mut self, usual: &[(&str, &str, String)]) -> Result<Vec<String>, Stop> {
        if !self.arguments.services.is_empty() {
            let named = self.arguments.services.iter().filter(|service| !service.is_empty());
            return Ok(named.cloned().collect());
        }
        if self.arguments.yes {
            return Ok(vec!["sudo".to_owned()]);
        }
        self.tell("Which services are to ask for the passkey? Begin with sudo; the others can follow once it has proved itself.");
        for (service, what, asks) in usual {
            let asks = asks.replace('_', " ");
            self.tell(&format!("  {service:<14} {what} (now: {asks})"));
        }
        let typed = self.line("Names, separated by spaces; Enter for sudo; skip for none: ")?;
        Ok(match typed.trim() {
            "" => vec!["sudo".to_owned()],
            "skip" => Vec::new(),
            names => names.split([' ', ',']).filter(|name| !name.is_empty()).map(str::to_owned).collect(),
        })
    }

    fn way(&mut self) -> Result<&'static str, Stop> {
        const SECOND_FACTOR: &str = "--second-factor";
        const PASSWORDLESS: &str = "--passwordless";
        match (self.arguments.second_factor, self.arguments.passwordless, self.arguments.yes) {
            (true, _, _) | (_, false, true) => return Ok(SECOND_FACTOR),
            (_, true, _) => return Ok(PASSWORDLESS),
            (false, false, false) => {}
        }
        self.tell("How?");
        self.tell("  1  besides the password: whoever learns your password still needs the key");
        self.tell(
            "  2  in place of the password: touch and PIN or fingerprint; without the key the password does",
        );
        for _ in 0..TRIES {
            match self.line("1 or 2; Enter for 1: ")?.trim() {
                "" | "1" => return Ok(SECOND_FACTOR),
                "2" => return Ok(PASSWORDLESS),
                _ => {}
            }
        }
        Err(Stop::Here)
    }
}
