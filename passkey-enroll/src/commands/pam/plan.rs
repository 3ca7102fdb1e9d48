//! The change of a service's file that makes it ask for passkeys, or stop asking, and its consequences.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;

use passkey_core::config::{Config, Recovery, Unenrolled, serves_other_machines};

use super::super::Context;
use super::error::PamError;
use crate::cli::{Global, PamEnable};
use crate::commands::error::Error;
use crate::doctor::{self, Finding, Machine, Severity, Subject};
use crate::pam::change::{FileChange, Originals, Way, pam_auth_update};
use crate::pam::edit::{self, NoDraft};
use crate::pam::parse::ServiceFiles;
use crate::pam::simulate::{self, Asked, Exemption, GDM_SWITCHABLE, ServiceAccess};
use crate::report;

/// Of service files that there were none of.
const MODE: u32 = 0o644;
/// The program by which people change their password.
const PASSWD: &str = "passwd";
/// Services that include Debian's common files, for a rehearsal of those.
const REHEARSABLE: [&str; 3] = ["sudo", "login", "su"];

/// Whether the service, and its siblings with it, ask as `arguments` has it already.
pub(super) fn asks(
    files: &ServiceFiles,
    config: &Config,
    service: &str,
    way: Way,
    arguments: &PamEnable,
) -> bool {
    let asks = |service: &str| {
        let Ok(access) = ServiceAccess::of(files, service, config) else { return false };
        let Ok(verdict) = access.verdict() else { return false };
        let is_way = match way {
            Way::SecondFactor => {
                !verdict.is_shut() && !verdict.passkey_is_enough() && verdict.way_without_passkey().is_none()
            }
            Way::Passwordless => verdict.passkey_is_enough(),
        };
        let is_as_asked = |asked: &Asked| {
            let ignores = asked.policy.unenrolled == Unenrolled::Ignore;
            let takes_codes = asked.policy.recovery == Recovery::Allow;
            // What the configuration allows besides is the administrator's to say.
            (ignores == arguments.ignore_unenrolled
                || ignores && asked.arguments.settings.unenrolled.is_none())
                && (takes_codes || !arguments.recovery_codes)
        };
        is_way && access.passkeys.iter().all(|call| call.asked.as_ref().is_ok_and(is_as_asked))
    };
    asks(service) && siblings(files, config, service).into_iter().all(asks)
}

/// The lines that let people in without the passkey at a service that asks for it.
pub(super) fn exempt(files: &ServiceFiles, config: &Config, service: &str) -> Vec<Exemption> {
    let verdict = ServiceAccess::of(files, service, config).ok().and_then(|access| access.verdict().ok());
    verdict.map(|verdict| verdict.exempt).unwrap_or_default()
}

/// Other services of the same program, each with lines of its own.
fn siblings(files: &ServiceFiles, config: &Config, service: &str) -> Vec<&'static str> {
    let siblings = SIBLINGS.iter().filter(|(first, _)| *first == service).map(|(_, sibling)| *sibling);
    // One that has no file is never asked.
    siblings
        .filter(|sibling| {
            ServiceAccess::of(files, sibling, config).is_ok_and(|access| !access.stack.is_other)
        })
        .collect()
}

/// Services of the same program, each with a file of its own: `sudo -i` goes by the second. Who switches the first on means both.
const SIBLINGS: [(&str, &str); 3] = [("sudo", "sudo-i"), ("su", "su-l"), ("runuser", "runuser-l")];

/// What is to be done.
pub(super) struct Plan {
    /// The service files as they would be.
    pub(super) after: ServiceFiles,
    /// The profile that pam-auth-update is to write them from, where it does.
    pub(super) profile: Option<String>,
    /// The files, byte for byte.
    pub(super) files: Vec<FileChange>,
    /// What a person signs in to, to try it.
    pub(super) rehearsable: String,
    /// The lines that let people in without the passkey, as they do today.
    pub(super) exempt: Vec<Exemption>,
    /// Whether a change that this command has made before is undone first.
    pub(super) replaces: bool,
}

impl Plan {
    /// `originals`: what is to be changed in place of the files as they are.
    pub(super) fn of_file(
        files: &ServiceFiles,
        config: &Config,
        service: &str,
        way: Way,
        arguments: &PamEnable,
        originals: Option<&Originals>,
    ) -> Result<Self, PamError> {
        let mut base = files.clone();
        for (path, bytes) in originals.into_iter().flatten() {
            base = base.with(&path.file_name().unwrap_or_default().to_string_lossy(), bytes.clone());
        }
        let mut plan = Self {
            after: base.clone(),
            profile: None,
            files: Vec::new(),
            rehearsable: service.to_owned(),
            exempt: Vec::new(),
            replaces: originals.is_some(),
        };
        plan.add_file(&base, config, service, way, arguments)?;
        for sibling in siblings(&base, config, service) {
            // One that includes the first asks with it.
            if ServiceAccess::of(&plan.after, sibling, config).is_ok_and(|access| !access.asks()) {
                plan.add_file(&base, config, sibling, way, arguments)?;
            }
        }
        if way == Way::Passwordless {
            plan.hear_of_changes(&base, config)?;
        }
        // Files of services can be included by others.
        let more = judge_others(&base, &plan.after, config, way)?;
        plan.exempt.extend(more.into_iter().filter(|new| !plan.exempt.contains(new)).collect::<Vec<_>>());
        Ok(plan)
    }

    fn add_file(
        &mut self,
        base: &ServiceFiles,
        config: &Config,
        service: &str,
        way: Way,
        arguments: &PamEnable,
    ) -> Result<(), PamError> {
        let module_arguments: Vec<String> = [
            (arguments.ignore_unenrolled, "unenrolled=ignore"),
            (arguments.recovery_codes, "recovery=allow"),
        ]
        .into_iter()
        .filter(|(is_wanted, _)| *is_wanted)
        .map(|(_, argument)| argument.to_owned())
        .collect();
        let is_missing = || self.after.read(service).is_err_and(|error| error.is_missing());
        let drafted = if service == GDM_SWITCHABLE && is_missing() {
            edit::gdm_switchable(&self.after, config, &module_arguments)
        } else {
            edit::with_passkeys(&self.after, config, service, way, &module_arguments)
        };
        let edit::Draft { bytes, exempt } =
            drafted.map_err(|reason| PamError::NoDraft(service.to_owned(), reason))?;
        self.put(base, service, bytes)?;
        self.exempt.extend(exempt.into_iter().filter(|new| !self.exempt.contains(new)).collect::<Vec<_>>());
        Ok(())
    }

    /// Where a password is handed on to keyrings, the module has to hear when it is changed: there, and by passwd.
    fn hear_of_changes(&mut self, base: &ServiceFiles, config: &Config) -> Result<(), PamError> {
        let changed: Vec<String> =
            self.files.iter().filter_map(|file| Some(file.path.file_name()?.to_str()?.to_owned())).collect();
        let hands_on = |service: &String| {
            let served = ServiceAccess::of(&self.after, service, config)
                .ok()
                .map(|access| access.served_by_passkey(&self.after));
            served.is_some_and(|served| served.is_ok_and(|served| !served.is_empty()))
        };
        let mut hearing: Vec<String> = changed.into_iter().filter(hands_on).collect();
        if hearing.is_empty() {
            return Ok(());
        }
        // A link is another program's.
        if !base.own_path(PASSWD).is_symlink() {
            hearing.push(PASSWD.to_owned());
        }
        for service in hearing {
            if let Some(bytes) = edit::hearing_of_changes(&self.after, &service) {
                self.put(base, &service, bytes)?;
            }
        }
        Ok(())
    }

    /// Has a service's file read like this.
    fn put(&mut self, base: &ServiceFiles, service: &str, bytes: Vec<u8>) -> Result<(), PamError> {
        str::from_utf8(&bytes).map_err(|_| PamError::NotText(service.to_owned()))?;
        // A vendor's file stays as it is: the administrator's folder hides it.
        let path = base.own_path(service);
        let failed = |error| PamError::Io(path.clone(), error);
        let (before, mode) = match fs::symlink_metadata(&path) {
            Ok(metadata) if metadata.is_symlink() => return Err(PamError::Link(path)),
            Ok(metadata) => {
                let original =
                    base.drafted_bytes(service).map_or_else(|| fs::read(&path), |bytes| Ok(bytes.to_vec()));
                (Some(original.map_err(failed)?), metadata.permissions().mode() & 0o777)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => (None, MODE),
            Err(error) => return Err(failed(error)),
        };
        self.after = self.after.clone().with(service, bytes.clone());
        self.files.retain(|file| file.path != path);
        self.files.push(FileChange { path, mode, before, after: bytes });
        Ok(())
    }

    pub(super) fn of_common(files: &ServiceFiles, config: &Config, way: Way) -> Result<Self, PamError> {
        if pam_auth_update::enabled().is_some() {
            return Err(PamError::NoDraft(pam_auth_update::SERVICE.to_owned(), NoDraft::AsksAlready));
        }
        let name = pam_auth_update::profile(way).to_owned();
        let changes = pam_auth_update::draft(&name).map_err(PamError::Common)?;
        let mut after = files.clone();
        for change in &changes {
            let name = change.path.file_name().unwrap_or_default().to_string_lossy();
            after = after.with(&name, change.after.clone());
        }
        let exempt = judge_others(files, &after, config, way)?;
        let rehearsable = REHEARSABLE.into_iter().find(|service| files.read(service).is_ok());
        Ok(Self {
            after,
            profile: Some(name),
            files: changes,
            rehearsable: rehearsable.unwrap_or(pam_auth_update::SERVICE).to_owned(),
            exempt,
            replaces: false,
        })
    }
}

/// What would come of a change at each service whose stack it changes. Services that serve other machines are told of as a risk.
fn judge_others(
    before: &ServiceFiles,
    after: &ServiceFiles,
    config: &Config,
    way: Way,
) -> Result<Vec<Exemption>, PamError> {
    let mut exempt: Vec<Exemption> = Vec::new();
    for service in simulate::services(before) {
        let of = |files| ServiceAccess::of(files, &service, config);
        let (Ok(old), Ok(new)) = (of(before), of(after)) else { continue };
        if old.stack == new.stack || serves_other_machines(&service) || old.asks() {
            continue;
        }
        // If no one gets in, or anyone does, there is nothing to lose.
        if old.verdict().is_ok_and(|verdict| verdict.is_shut() || verdict.open_door().is_some()) {
            continue;
        }
        let found = edit::judge(&old, &new, way)
            .map_err(|fault| PamError::NoDraft(service.clone(), NoDraft::Faulty(fault)))?;
        exempt.extend(found.into_iter().filter(|new| !exempt.contains(new)).collect::<Vec<_>>());
    }
    Ok(exempt)
}

/// What would come of a plan that is not good for someone.
pub(super) fn risks(
    context: &Context,
    global: &Global,
    service: &str,
    before: &ServiceFiles,
    plan: &Plan,
    is_unattended: bool,
) -> Vec<Finding> {
    let subject = Subject {
        machine: Machine::this(),
        account: context.account.clone(),
        user_option: context.user_option.clone(),
        config: global.config.clone(),
    };
    let mut risks = doctor::regressions(&subject, service, before, &plan.after);
    risks.extend(doctor::over_ssh(&subject, &context.config, service, before, &plan.after, is_unattended));
    risks.extend(doctor::exempted(service, &plan.exempt));
    risks.extend(doctor::beside_gdm_password(&context.config, service, &plan.after));
    risks
}

/// Its consequences are a reason to refuse it, unless the caller has accepted them by name.
pub(super) fn refuse_risks(risks: &[Finding], accepted: &[String]) -> Result<(), Error> {
    let is_refused = |risk: &&Finding| match risk.severity {
        Severity::Ok | Severity::Note => false,
        Severity::Warning => !accepted.iter().any(|code| code == risk.code),
        Severity::Error => true,
    };
    let refused: Vec<Finding> = risks.iter().filter(is_refused).cloned().collect();
    if refused.is_empty() { Ok(()) } else { Err(PamError::Risks(refused).into()) }
}

/// Says who would no longer get in, where the passkey is all that lets them in today.
pub(super) fn warn_of_lost(before: &ServiceFiles, after: &ServiceFiles, service: &str) {
    let of = |files| ServiceAccess::of(files, service, &Config::default());
    let lost = of(before)
        .ok()
        .zip(of(after).ok())
        .and_then(|(old, new)| simulate::lost_without_passkeys(&old, &new));
    if let Some(line) = lost {
        report::warning(&format!(
            "Some people get in at {service} by their passkey today, and their password would not do: it depends on {line}."
        ));
    }
}

/// How to remove lines that were written by hand; `None` if there are none.
pub(super) fn without_lines(files: &ServiceFiles, service: &str) -> Result<Option<Plan>, PamError> {
    let gate = ServiceAccess::asking(files, service, &Config::default());
    let Some(gate) = gate.map_err(|error| PamError::Broken(service.to_owned(), error.to_string()))? else {
        return Ok(None);
    };
    let path = files.own_path(service);
    if let Some(call) = gate.passkeys.iter().find(|call| call.place.path != path) {
        return Err(PamError::Elsewhere(service.to_owned(), call.place.path.clone()));
    }
    let failed = |error| PamError::Io(path.clone(), error);
    let metadata = fs::symlink_metadata(&path).map_err(failed)?;
    if metadata.is_symlink() {
        return Err(PamError::Link(path));
    }
    let before = fs::read(&path).map_err(failed)?;
    let bytes = edit::without_passkeys(files, &Config::default(), service)
        .map_err(|reason| PamError::NotTakenOut(service.to_owned(), path.clone(), reason))?;
    let mode = metadata.permissions().mode() & 0o777;
    Ok(Some(Plan {
        after: files.clone().with(service, bytes.clone()),
        profile: None,
        files: vec![FileChange { path, mode, before: Some(before), after: bytes }],
        rehearsable: service.to_owned(),
        exempt: Vec::new(),
        replaces: false,
    }))
}
