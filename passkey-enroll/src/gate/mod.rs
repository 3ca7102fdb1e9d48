//! Who comes in at a service, going by its PAM files and by what the configuration makes of its calls of `pam_passkey.so`.

mod modules;

use std::collections::BTreeSet;
use std::fmt;

use passkey_core::config::{
    ArgumentError, Arguments, Config, ConfigError, ConfigPath, Policy, Remote, Settings, Unenrolled,
    serves_other_machines,
};

use crate::pam_files::{
    Call, Content, Facility, Include, Place, ReturnValue, Rule, ServiceFiles, Stack, StackError, Step,
};
use modules::Habit;
pub(crate) use modules::{KEYRINGS, MODULE};

/// The most conditions of one service that are tried both ways.
const MAX_CONDITIONS: usize = 8;

/// A service that asks for passkeys.
#[derive(Debug)]
pub(crate) struct Gate {
    /// Its name.
    pub(crate) service: String,
    /// What happens there when somebody signs in.
    pub(crate) stack: Stack,
    /// Its calls of the module, in order; never empty.
    pub(crate) passkeys: Vec<PasskeyCall>,
}

/// A call of the module.
#[derive(Debug)]
pub(crate) struct PasskeyCall {
    /// Where it stands.
    pub(crate) place: Place,
    /// What stands behind the module.
    pub(crate) arguments: Vec<String>,
    /// What it asks for, or why the module refuses to work at all.
    pub(crate) asked: Result<Asked, Refusal>,
}

/// What a call of the module asks for.
#[derive(Debug)]
pub(crate) struct Asked {
    /// The arguments, understood.
    pub(crate) arguments: Arguments,
    /// The configuration that they name, where it is another one than that of all services.
    pub(crate) own_config: Option<Box<Config>>,
    /// What comes of both.
    pub(crate) policy: Policy,
}

/// Why the module refuses to work at all. Its `Display` is what the module would put into the log.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// An argument is not understood.
    Argument(ArgumentError),
    /// The configuration that the call names cannot be used.
    Config(Box<ConfigError>),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Argument(error) => error.fmt(f),
            Self::Config(error) => error.fmt(f),
        }
    }
}

/// What somebody brings along.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Visitor {
    pub(crate) passkey: Passkey,
    /// Whether they know the password.
    pub(crate) password: bool,
}

/// What somebody is to the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Passkey {
    /// They have a passkey and use it.
    Used,
    /// Their passkey does not sign them in.
    Fails,
    /// They have none that could.
    Lacking(Lack),
}

/// Why somebody has no passkey that could sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lack {
    /// They have none at all, and `unenrolled` says what becomes of them.
    Unenrolled,
    /// They have some that are disabled or damaged: the module refuses them in any case.
    NoneUsable,
}

/// One way in which the conditions of a service can turn out: a bit for each of them that fails.
type Turnout = u32;

impl Gate {
    /// The service, if it asks for passkeys. `config` is the configuration of all services.
    ///
    /// # Errors
    /// When PAM gives the service nothing at all.
    pub(crate) fn of(
        files: &ServiceFiles,
        service: &str,
        config: &Config,
    ) -> Result<Option<Self>, StackError> {
        let stack = files.stack(service, Facility::Auth)?;
        let mut calls = Vec::new();
        flatten(&stack.steps, &mut calls);
        let passkeys: Vec<PasskeyCall> = calls
            .into_iter()
            .filter(|call| call.rule.module_name() == MODULE)
            .map(|call| PasskeyCall {
                place: call.place.clone(),
                arguments: call.rule.arguments.clone(),
                asked: Asked::of(&call.rule, service, config),
            })
            .collect();
        let is_asked = !passkeys.is_empty();
        Ok(is_asked.then(|| Self { service: service.to_owned(), stack, passkeys }))
    }

    /// Whether what the visitor brings lets them in where it lets in whoever has everything, in each way in which the conditions
    /// can turn out; in the order of those.
    fn compared(&self, visitor: Visitor) -> Vec<bool> {
        let all = Visitor { passkey: Passkey::Used, password: true };
        self.turnouts()
            .filter(|turnout| self.opens(all, *turnout))
            .map(|turnout| self.opens(visitor, turnout))
            .collect()
    }

    /// Whether nobody ever comes in, whatever they have.
    pub(crate) fn is_shut(&self) -> bool {
        self.compared(Visitor { passkey: Passkey::Used, password: true }).is_empty()
    }

    /// Whether somebody who lacks a passkey stays outside where others come in.
    pub(crate) fn is_closed_to(&self, lack: Lack) -> bool {
        self.compared(Visitor { passkey: Passkey::Lacking(lack), password: true }).contains(&false)
    }

    /// Whether the password is enough, and the passkey makes no difference.
    pub(crate) fn password_is_enough(&self) -> bool {
        let outcomes = self.compared(Visitor { passkey: Passkey::Fails, password: true });
        !outcomes.is_empty() && !outcomes.contains(&false)
    }

    /// Whether the passkey is enough.
    pub(crate) fn passkey_is_enough(&self) -> bool {
        self.compared(Visitor { passkey: Passkey::Used, password: false }).contains(&true)
    }

    /// The calls of modules that are reached, where every condition holds.
    pub(crate) fn reached(&self, visitor: Visitor) -> Vec<Place> {
        let mut reached = Vec::new();
        self.run(visitor, 0, &mut |call| reached.push(call.place.clone()));
        reached
    }

    /// Every call in its stack.
    pub(crate) fn calls(&self) -> Vec<&Call> {
        let mut calls = Vec::new();
        flatten(&self.stack.steps, &mut calls);
        calls
    }

    fn conditions(&self) -> Vec<&Rule> {
        let mut conditions: Vec<&Rule> = Vec::new();
        for call in self.calls() {
            if modules::habit(&call.rule) == Habit::Condition
                && !conditions.iter().any(|known| is_same(known, &call.rule))
            {
                conditions.push(&call.rule);
            }
        }
        conditions.truncate(MAX_CONDITIONS);
        conditions
    }

    fn turnouts(&self) -> std::ops::Range<Turnout> {
        // At most eight.
        0..1_u32.checked_shl(u32::try_from(self.conditions().len()).unwrap_or(0)).unwrap_or(1)
    }

    fn opens(&self, visitor: Visitor, turnout: Turnout) -> bool {
        self.run(visitor, turnout, &mut |_| {}) == ReturnValue::Success
    }

    fn run(&self, visitor: Visitor, turnout: Turnout, reached: &mut dyn FnMut(&Call)) -> ReturnValue {
        let conditions = self.conditions();
        self.stack.outcome(&mut |call| {
            reached(call);
            match modules::habit(&call.rule) {
                Habit::Passkey => self.passkey_answer(&call.place, visitor.passkey),
                Habit::Password if visitor.password => ReturnValue::Success,
                Habit::Password | Habit::Fails => ReturnValue::AuthErr,
                Habit::StandsAside => ReturnValue::Ignore,
                Habit::Succeeds => ReturnValue::Success,
                // What is beyond the most holds.
                Habit::Condition => match conditions.iter().position(|known| is_same(known, &call.rule)) {
                    Some(bit) if turnout >> bit & 1 == 1 => ReturnValue::AuthErr,
                    Some(_) | None => ReturnValue::Success,
                },
            }
        })
    }

    fn passkey_answer(&self, place: &Place, passkey: Passkey) -> ReturnValue {
        let call = self.passkeys.iter().find(|call| call.place == *place);
        match call.map(|call| &call.asked) {
            Some(Ok(asked)) => asked.policy_answer(&self.service, passkey),
            Some(Err(_)) | None => ReturnValue::ServiceErr,
        }
    }
}

impl Asked {
    fn of(rule: &Rule, service: &str, config: &Config) -> Result<Self, Refusal> {
        let arguments =
            Arguments::parse(rule.arguments.iter().map(String::as_bytes)).map_err(Refusal::Argument)?;
        let own_config = match &arguments.config {
            ConfigPath::Default => None,
            ConfigPath::Given(_) => {
                Some(Box::new(arguments.config.load().map_err(|error| Refusal::Config(Box::new(error)))?))
            }
        };
        let policy = own_config.as_deref().unwrap_or(config).policy(service, &arguments.settings);
        Ok(Self { arguments, own_config, policy })
    }

    fn policy_answer(&self, service: &str, passkey: Passkey) -> ReturnValue {
        let refused = self.policy.remote == Remote::Refuse && serves_other_machines(service);
        match passkey {
            // A user without passkeys may pass by from wherever they come.
            Passkey::Lacking(lack) => lack.answer(&self.policy),
            Passkey::Used | Passkey::Fails if refused => ReturnValue::AuthinfoUnavail,
            Passkey::Used => ReturnValue::Success,
            Passkey::Fails => ReturnValue::AuthErr,
        }
    }
}

impl Lack {
    fn answer(self, policy: &Policy) -> ReturnValue {
        match (self, policy.unenrolled) {
            (Self::Unenrolled, Unenrolled::Ignore) => ReturnValue::Ignore,
            (Self::Unenrolled, Unenrolled::Deny)
            | (Self::NoneUsable, Unenrolled::Deny | Unenrolled::Ignore) => ReturnValue::AuthinfoUnavail,
        }
    }
}

/// A service that is closed to somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Closed {
    /// Its name.
    pub(crate) service: String,
    /// The first call of the module there; `None` where only the configuration speaks of the service.
    pub(crate) place: Option<Place>,
}

/// The services that are closed to somebody for want of a passkey, in order.
pub(crate) fn closed(config: &Config, files: &ServiceFiles, lack: Lack) -> Vec<Closed> {
    let mut closed = Vec::new();
    let names = files.services();
    for service in services(files) {
        if let Ok(Some(gate)) = Gate::of(files, &service, config)
            && gate.is_closed_to(lack)
        {
            let place = gate.passkeys.first().map(|call| call.place.clone());
            closed.push(Closed { service, place });
        }
    }
    // Where PAM has no file to look at, the configuration is believed.
    for service in config.services.keys().filter(|service| !names.contains(*service)) {
        if lack.answer(&config.policy(service, &Settings::default())) != ReturnValue::Ignore {
            closed.push(Closed { service: service.clone(), place: None });
        }
    }
    closed.sort_by(|one, other| one.service.cmp(&other.service));
    closed
}

/// The services of the machine, without the files that are there to be included.
pub(crate) fn services(files: &ServiceFiles) -> BTreeSet<String> {
    let mut names = files.services();
    let included: BTreeSet<String> = names.iter().flat_map(|name| included(files, name)).collect();
    names.retain(|name| !(included.contains(name) && is_named_like_a_part(name)));
    names
}

fn included(files: &ServiceFiles, name: &str) -> Vec<String> {
    let Ok((_, file)) = files.read(name) else { return Vec::new() };
    let targets = file.lines().iter().filter_map(|line| match &line.content {
        Content::Include(Include { target, .. }) => Some(target.clone()),
        Content::Nothing | Content::Rule(_) | Content::Flawed { .. } => None,
    });
    targets.collect()
}

/// Whether a file that others include is nothing else, as `common-auth` and `system-auth` are; `su` and `login` are services
/// that others include.
fn is_named_like_a_part(name: &str) -> bool {
    let beginnings = ["common-", "system-", "postlogin", "config-util", "base-"];
    let endings = ["-auth", "-account", "-session", "-session-noninteractive", "-password", "-login"];
    beginnings.iter().any(|beginning| name.starts_with(beginning))
        || endings.iter().any(|ending| name.ends_with(ending))
}

fn flatten<'s>(steps: &'s [Step], calls: &mut Vec<&'s Call>) {
    for step in steps {
        match step {
            Step::Call(call) => calls.push(call),
            Step::Substack(inner) => flatten(inner, calls),
            Step::MustFail(_) => {}
        }
    }
}

/// Whether two calls ask the same.
fn is_same(one: &Rule, other: &Rule) -> bool {
    (one.module_name(), &one.arguments) == (other.module_name(), &other.arguments)
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
