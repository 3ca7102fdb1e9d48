//! `setup`: from a security key in the hand, or this computer, to services that ask for it, step by step.
//!
//! Each step is a command of its own, run as such: what it does, and whether it is done already, is that command's to say. So
//! `setup` can be ended anywhere and started again.

mod child;
mod report;
mod services;

use std::cell::Cell;

use ctap::Secret;
use passkey_core::escape::Escaped;
use serde_json::Value;

use super::Context;
use super::add::ask_where;
use crate::account::Caller;
use crate::cli::{Global, On, Setup, SetupStep};
use crate::commands::error::Error;
use crate::report::{Exit, note, warning};
use crate::terminal::input::{Line, StdinSecrets, Terminal};
use crate::terminal::signals::Interrupt;
use child::Output;
use report::{Entry, Outcome, Summary};

/// How often the person is asked to plug a key in.
const TRIES: usize = 5;

pub(super) fn run(context: &Context, global: &Global, arguments: &Setup) -> Result<Exit, Error> {
    if !Caller::of_process().is_root {
        return Err(Error::SetupOnlyRoot);
    }
    if !arguments.yes && Terminal::open().is_none() {
        return Err(Error::NobodyToConfirm);
    }
    let interrupt = Interrupt::install().map_err(Error::Signals)?;
    let mut run = Run {
        global,
        arguments,
        json: global.json,
        user_option: format!(" --user {}", context.account.name),
        interrupt: &interrupt,
        pins: arguments.pin_stdin.then(StdinSecrets::new),
        steps: Vec::new(),
        exit: Cell::new(Exit::Done.code()),
    };
    let result = run.all();
    let (steps, exit) = (run.steps, run.exit.get());
    match result {
        Ok(()) | Err(Stop::Here) => {}
        Err(Stop::Error(error)) => return Err(*error),
    }
    context.output.result::<Error>(&Summary { user: context.user(), steps })?;
    Ok(Exit::ALL.into_iter().find(|known| known.code() == exit).unwrap_or(Exit::Failed))
}

struct Run<'a> {
    global: &'a Global,
    arguments: &'a Setup,
    json: bool,
    user_option: String,
    interrupt: &'a Interrupt,
    /// PINs to come, one per line.
    pins: Option<StdinSecrets>,
    steps: Vec<Entry>,
    /// Of the first step that failed.
    exit: Cell<u8>,
}

/// Why there are no further steps.
enum Stop {
    /// The person has had enough, or nothing that follows could be done.
    Here,
    Error(Box<Error>),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Error(Box::new(error))
    }
}

/// A key that is plugged in, or this computer.
#[derive(Debug)]
struct PluggedIn {
    is_this_computer: bool,
    path: String,
    name: String,
    has_pin: Option<bool>,
    /// Whether it holds a passkey of the user.
    is_enrolled: bool,
}

/// What the person says to a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Yes,
    Skip,
    Stop,
}

impl Run<'_> {
    fn all(&mut self) -> Result<(), Stop> {
        self.tell("This guides you from your security key to signing in with it. Every step can be left out, and done later.");
        let key = self.key()?;
        self.pin(key.as_ref())?;
        self.passkey(key.as_ref())?;
        self.second_key(key.as_ref())?;
        self.recovery_codes()?;
        self.services()
    }

    fn key(&mut self) -> Result<Option<PluggedIn>, Stop> {
        if self.is_skipped(SetupStep::Key) {
            return Ok(None);
        }
        let this_computer = self.listed()?.into_iter().find(|key| key.is_this_computer);
        if let Some(key) = this_computer.filter(|_| !self.arguments.yes)
            && self.wants_this_computer()?
        {
            let detail = "this computer".to_owned();
            self.record(SetupStep::Key, None, Outcome::Done, detail, None, None);
            return Ok(Some(key));
        }
        for _ in 0..TRIES {
            let keys = self.plugged_in()?;
            if let Some(key) = keys.into_iter().next() {
                let detail = key.name.clone();
                self.record(SetupStep::Key, None, Outcome::Done, detail, None, None);
                return Ok(Some(key));
            }
            if self.arguments.yes
                || self.ask("Plug in your security key. Press Enter when it is in", true)? != Answer::Yes
            {
                break;
            }
        }
        self.fail(Exit::NoKey.code());
        let detail = "no security key is plugged in".to_owned();
        self.record(SetupStep::Key, None, Outcome::Failed, detail, Some(self.command("keys")), None);
        Err(Stop::Here)
    }

    /// Where this computer can hold passkeys as well, the person says which they want.
    fn wants_this_computer(&mut self) -> Result<bool, Stop> {
        let has_key = !self.plugged_in()?.is_empty();
        let mut terminal = Terminal::open().ok_or(Error::NobodyToConfirm)?;
        match ask_where(&mut terminal, self.interrupt, has_key) {
            Ok(on) => Ok(on == On::ThisComputer),
            Err(Error::Cancelled) => {
                self.exit.set(Exit::Cancelled.code());
                Err(Stop::Here)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn pin(&mut self, key: Option<&PluggedIn>) -> Result<(), Stop> {
        if self.is_skipped(SetupStep::Pin) {
            return Ok(());
        }
        let Some(key) = key else {
            let command = Some(self.command("key pin set"));
            self.record(
                SetupStep::Pin,
                None,
                Outcome::Skipped,
                "no key was looked for".to_owned(),
                command,
                None,
            );
            return Ok(());
        };
        match key.has_pin {
            Some(false) => {}
            Some(true) => {
                self.record(SetupStep::Pin, None, Outcome::Already, String::new(), None, None);
                return Ok(());
            }
            None => {
                let detail = "this key has none".to_owned();
                self.record(SetupStep::Pin, None, Outcome::Already, detail, None, None);
                return Ok(());
            }
        }
        let (reason, question, command) = if key.is_this_computer {
            (
                "You have no PIN on this computer yet, and a passkey on it needs one.",
                "Set one?",
                "key pin set --on this-computer",
            )
        } else {
            (
                "The key has no PIN. With one, a stolen key is of no use, and the passkey can take the place of your password.",
                "Give it a PIN?",
                "key pin set",
            )
        };
        self.tell(reason);
        // There is no person to choose one.
        let command = self.command(command);
        if self.arguments.yes || self.ask(question, false)? == Answer::Skip {
            self.record(SetupStep::Pin, None, Outcome::Skipped, String::new(), Some(command), None);
            return Ok(());
        }
        self.step(SetupStep::Pin, None, &["key", "pin", "set", "--device", &key.path], command)
    }

    fn passkey(&mut self, key: Option<&PluggedIn>) -> Result<(), Stop> {
        if self.is_skipped(SetupStep::Passkey) {
            return Ok(());
        }
        let names = self.passkeys()?;
        if !names.is_empty() {
            self.record(SetupStep::Passkey, None, Outcome::Already, names.join(", "), None, None);
            return Ok(());
        }
        let (hint, question, command) = if key.is_some_and(|key| key.is_this_computer) {
            (
                "Now the passkey. This computer asks for the PIN that you have on it.",
                "Enrol a passkey on this computer?",
                "add --on this-computer",
            )
        } else {
            (
                "Now the passkey. Touch the key when it blinks: once to make the passkey, once to try it.",
                "Enrol a passkey on this key?",
                "add",
            )
        };
        let command = self.command(command);
        self.tell(hint);
        if !self.arguments.yes && self.ask(question, false)? == Answer::Skip {
            self.record(SetupStep::Passkey, None, Outcome::Skipped, String::new(), Some(command), None);
            // Nothing that follows makes sense without one.
            return Err(Stop::Here);
        }
        let device = key.map(|key| key.path.clone());
        let mut arguments = vec!["add"];
        arguments.extend(device.as_deref().into_iter().flat_map(|path| ["--device", path]));
        self.step(SetupStep::Passkey, None, &arguments, command)
    }

    fn second_key(&mut self, first: Option<&PluggedIn>) -> Result<(), Stop> {
        if self.is_skipped(SetupStep::SecondKey) {
            return Ok(());
        }
        let names = self.passkeys()?;
        if names.len() > 1 {
            self.record(SetupStep::SecondKey, None, Outcome::Already, names.join(", "), None, None);
            return Ok(());
        }
        let command = self.command("add");
        let is_here = first.is_some_and(|key| key.is_this_computer);
        self.tell(if is_here {
            "The day this computer's mainboard is replaced or its TPM cleared, a security key signs you in. This is the step that prevents being locked out."
        } else {
            "The day you lose this key, a second one signs you in. Keep it in a safe place. This is the step that prevents being locked out."
        });
        for _ in 0..TRIES {
            let new: Vec<PluggedIn> = self.plugged_in()?.into_iter().filter(|key| !key.is_enrolled).collect();
            if let [key] = new.as_slice() {
                let question = format!("Enrol a passkey on {} too?", Escaped::text(&key.name));
                if !self.arguments.yes && self.ask(&question, false)? == Answer::Skip {
                    break;
                }
                return self.step(SetupStep::SecondKey, None, &["add", "--device", &key.path], command);
            }
            if self.arguments.yes {
                break;
            }
            let question = match (new.is_empty(), is_here) {
                (true, false) => "Plug in the second key. Press Enter when it is in",
                (true, true) => "Plug in a security key. Press Enter when it is in",
                (false, _) => "Leave only one new key plugged in. Press Enter when it is so",
            };
            if self.ask(question, true)? != Answer::Yes {
                break;
            }
        }
        let detail = if is_here { "clearing the TPM locks you out" } else { "losing the key locks you out" };
        let detail = detail.to_owned();
        self.record(SetupStep::SecondKey, None, Outcome::Skipped, detail, Some(command), None);
        Ok(())
    }

    fn recovery_codes(&mut self) -> Result<(), Stop> {
        if self.is_skipped(SetupStep::RecoveryCodes) {
            return Ok(());
        }
        let status = self.read(&["recovery", "status"])?;
        let left = status.as_ref().and_then(|status| status.get("left")?.as_u64()).unwrap_or(0);
        if left > 0 {
            self.record(SetupStep::RecoveryCodes, None, Outcome::Already, format!("{left} left"), None, None);
            return Ok(());
        }
        let command = self.command("recovery new");
        self.tell("Recovery codes sign you in when no key is at hand, each of them once. They are shown now and never again: have paper ready.");
        if !self.arguments.yes && self.ask("Make recovery codes?", false)? == Answer::Skip {
            self.record(SetupStep::RecoveryCodes, None, Outcome::Skipped, String::new(), Some(command), None);
            return Ok(());
        }
        self.step(SetupStep::RecoveryCodes, None, &["recovery", "new"], command)
    }

    /// Runs a command as a step; one that fails may be tried again.
    fn step(
        &mut self,
        step: SetupStep,
        service: Option<String>,
        arguments: &[&str],
        command: String,
    ) -> Result<(), Stop> {
        let arguments: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        for _ in 0..TRIES {
            let pin = self.next_pin(step)?;
            let mut arguments = arguments.clone();
            if pin.is_some() {
                arguments.push("--pin-stdin".to_owned());
            }
            // Codes and the lines of a service are for the person's own eyes.
            let is_shown = matches!(step, SetupStep::RecoveryCodes | SetupStep::Services) && !self.json;
            let output = if is_shown { Output::Shown } else { Output::Read };
            let ended = child::run(self.global, &arguments, output, pin.as_ref()).map_err(Error::Terminal)?;
            if self.interrupt.is_raised() {
                self.fail(Exit::Cancelled.code());
                self.record(
                    step,
                    service,
                    Outcome::Failed,
                    "cancelled".to_owned(),
                    Some(command),
                    ended.result,
                );
                return Err(Stop::Here);
            }
            if ended.is_done() {
                let name = ended.result.as_ref().and_then(|result| result.get("name")?.as_str());
                let detail = name.unwrap_or_default().to_owned();
                if !detail.is_empty() {
                    self.tell(&format!("The passkey “{detail}” is enrolled, and it works."));
                }
                self.record(step, service, Outcome::Done, detail, None, ended.result);
                return Ok(());
            }
            if let Some(error) = ended.result.as_ref().and_then(|result| result.get("error")) {
                for word in ["message", "hint"] {
                    if let Some(text) = error.get(word).and_then(Value::as_str) {
                        warning(text);
                    }
                }
            }
            let answer = if self.arguments.yes {
                Answer::Skip
            } else {
                self.ask("That did not work. Try again?", false)?
            };
            if answer == Answer::Skip {
                self.fail(ended.exit);
                self.record(step, service, Outcome::Failed, String::new(), Some(command), ended.result);
                // Without a passkey there is nothing to go on with.
                return if step == SetupStep::Passkey { Err(Stop::Here) } else { Ok(()) };
            }
        }
        self.fail(Exit::Failed.code());
        self.record(step, service, Outcome::Failed, String::new(), Some(command), None);
        Ok(())
    }

    fn next_pin(&mut self, step: SetupStep) -> Result<Option<Secret>, Stop> {
        if !matches!(step, SetupStep::Passkey | SetupStep::SecondKey) {
            return Ok(None);
        }
        let Some(pins) = &mut self.pins else { return Ok(None) };
        match pins.next(self.interrupt).map_err(Error::Terminal)? {
            Line::Typed(pin) => Ok(Some(pin)),
            Line::End => Ok(None),
            Line::Interrupted => Err(Error::Cancelled.into()),
        }
    }

    /// The result of a command that changes nothing; `None` where it fails, having said why.
    fn read(&self, arguments: &[&str]) -> Result<Option<Value>, Stop> {
        let arguments: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        let ended = child::run(self.global, &arguments, Output::Looked, None).map_err(Error::Terminal)?;
        if self.interrupt.is_raised() {
            return Err(Error::Cancelled.into());
        }
        Ok(ended.result)
    }

    /// The keys that are plugged in.
    fn plugged_in(&self) -> Result<Vec<PluggedIn>, Stop> {
        let mut keys = self.listed()?;
        keys.retain(|key| !key.is_this_computer);
        Ok(keys)
    }

    /// The same, and this computer where it holds passkeys.
    fn listed(&self) -> Result<Vec<PluggedIn>, Stop> {
        let keys = self.read(&["keys"])?;
        let keys = keys.as_ref().and_then(|keys| keys.get("keys")?.as_array()).cloned().unwrap_or_default();
        let text = |key: &Value, name: &str| key.get(name).and_then(Value::as_str).map(str::to_owned);
        let keys = keys.iter().filter_map(|key| {
            let authenticator = text(key, "authenticator")?;
            if !matches!(authenticator.as_str(), "security_key" | "this_computer") {
                return None;
            }
            Some(PluggedIn {
                is_this_computer: authenticator == "this_computer",
                path: text(key, "path")?,
                name: text(key, "model")
                    .or_else(|| text(key, "name"))
                    .unwrap_or_else(|| "security key".to_owned()),
                has_pin: key.get("pin").and_then(|pin| pin.get("set")?.as_bool()),
                is_enrolled: key
                    .get("enrolled")
                    .and_then(Value::as_array)
                    .is_some_and(|names| !names.is_empty()),
            })
        });
        Ok(keys.collect())
    }

    /// The names of the user's passkeys that can sign in.
    fn passkeys(&self) -> Result<Vec<String>, Stop> {
        let list = self.read(&["list"])?;
        let list =
            list.as_ref().and_then(|list| list.get("credentials")?.as_array()).cloned().unwrap_or_default();
        let usable =
            list.iter().filter(|credential| credential.get("enabled").and_then(Value::as_bool) == Some(true));
        Ok(usable.filter_map(|credential| Some(credential.get("name")?.as_str()?.to_owned())).collect())
    }

    fn is_skipped(&mut self, step: SetupStep) -> bool {
        let is_skipped = self.arguments.skip.contains(&step);
        if is_skipped {
            self.record(step, None, Outcome::Skipped, String::new(), None, None);
        }
        is_skipped
    }

    fn record(
        &mut self,
        step: SetupStep,
        service: Option<String>,
        outcome: Outcome,
        detail: String,
        command: Option<String>,
        result: Option<Value>,
    ) {
        self.steps.push(Entry { step, service, outcome, detail, command, result });
    }

    fn fail(&self, exit: u8) {
        if self.exit.get() == Exit::Done.code() {
            self.exit.set(exit);
        }
    }

    fn command(&self, command: &str) -> String {
        format!("sudo passkey-enroll {command}{}", self.user_option)
    }

    fn tell(&self, text: &str) {
        if !self.arguments.yes {
            note(text);
        }
    }

    /// Asks whether to go on with a step. `by_enter`: an empty answer is a yes.
    fn ask(&mut self, question: &str, by_enter: bool) -> Result<Answer, Stop> {
        let choices = if by_enter { "; or type skip or stop: " } else { " Type yes, skip or stop: " };
        for _ in 0..TRIES {
            let answer =
                match self.line(&format!("{question}{choices}"))?.trim().to_ascii_lowercase().as_str() {
                    "yes" | "y" => Answer::Yes,
                    "" if by_enter => Answer::Yes,
                    "skip" | "no" | "n" => Answer::Skip,
                    "stop" => Answer::Stop,
                    _ => continue,
                };
            return if answer == Answer::Stop { Err(Stop::Here) } else { Ok(answer) };
        }
        Err(Stop::Here)
    }

    fn line(&self, question: &str) -> Result<String, Stop> {
        let mut terminal = Terminal::open().ok_or(Error::NobodyToConfirm)?;
        match terminal.ask(question, self.interrupt).map_err(Error::Terminal)? {
            Line::Typed(line) => Ok(String::from_utf8_lossy(line.as_bytes()).into_owned()),
            Line::End | Line::Interrupted => {
                self.exit.set(Exit::Cancelled.code());
                Err(Stop::Here)
            }
        }
    }
}
