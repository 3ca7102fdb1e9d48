//! A sign-in by GDM's exchange of JSON, in place of prompts.

use ctap::Secret;
use passkey_core::ceremony::{Invitation, Notice, PinPrompt, PinReason};
use passkey_core::config::{Mode, Policy};
use passkey_core::gdm::{Reply, Request, parse};
use passkey_core::host::Extension;
use passkey_core::messages::{self, NO_PIN_BUT_FINGER, NO_PIN_NEEDED, PASSKEY, PASSWORD, Phrase};

use crate::conversation::{FEW_TRIES, words};
use crate::ffi::gdm::{JsonAnswer, exchange, offered_number};
use crate::ffi::{Pam, Severity};

/// The exchange of one sign-in.
#[derive(Debug)]
pub(crate) struct Exchange {
    /// By which the process names it.
    number: u8,
    /// Whether there has been one: an ordinary message before it makes gnome-shell ask for the password instead.
    has_begun: bool,
    /// The PIN, where it was typed before it was asked for.
    pin: Option<Secret>,
    /// What gnome-shell says by itself once the person has answered.
    touch: Option<Notice>,
}

/// What the person typed.
#[derive(Debug)]
pub(crate) enum Typed {
    /// A PIN.
    Pin(Secret),
    /// Nothing, at the passkey.
    Nothing,
    /// The account's password.
    Password(Secret),
    /// There was no person to ask, or the reply is not an answer.
    None,
}

impl Exchange {
    /// Where host and process offer it. Only where the password may be given instead: after a password, gnome-shell is past it.
    pub(crate) fn offered(policy: &Policy) -> Option<Self> {
        match (policy.host.extension, policy.mode) {
            (Extension::GdmJson, Mode::Passwordless) => {
                offered_number().map(|number| Self { number, has_begun: false, pin: None, touch: None })
            }
            (Extension::GdmJson, Mode::SecondFactor) | (Extension::None, _) => None,
        }
    }

    /// Whether the person reads this without a word of ours: before there was an exchange nothing may be said, and after a reply gnome-shell
    /// asks for the touch by itself.
    pub(crate) fn spares(&mut self, notice: &Notice) -> bool {
        !self.has_begun || self.touch.take().as_ref() == Some(notice)
    }

    /// Asks for the PIN of a key that is plugged in; again if the last one was wrong. Where it was typed before anything was known of the
    /// key, it counts, unless the person has to know first that few tries are left.
    pub(crate) fn ask_pin(&mut self, pam: &Pam<'_>, prompt: &PinPrompt<'_>) -> Typed {
        let is_told = prompt.retries_left.is_none_or(|left| left > FEW_TRIES);
        if let Some(pin) = self.pin.take()
            && prompt.reason == PinReason::First
            && is_told
        {
            return Typed::Pin(pin);
        }
        if let Some(before) = messages::pin_reason(prompt).filter(|_| self.has_begun) {
            pam.complain(&words(&before));
        }
        let asked = Asked { is_connected: true, pin: true, attempts: prompt.retries_left };
        self.ask(pam, asked, &words(&messages::pin_prompt_short(prompt)), &Notice::TouchKey)
    }

    /// Shows that a key is plugged in which does not want its PIN at once.
    pub(crate) fn invite(&mut self, pam: &Pam<'_>, invitation: Invitation) -> Typed {
        let Invitation { needs_pin, by_finger_alone } = invitation;
        let asked = Asked { is_connected: true, pin: needs_pin, attempts: None };
        let (prompt, notice) = match (needs_pin, by_finger_alone) {
            (true, _) => (messages::PIN_FIRST, Notice::TouchToChoose),
            (false, true) => (NO_PIN_BUT_FINGER, Notice::UseThisFingerprint),
            (false, false) => (NO_PIN_NEEDED, Notice::TouchKey),
        };
        let prompt = words(&prompt.into());
        let typed = self.ask(pam, asked, &prompt, &notice);
        match typed {
            Typed::Pin(pin) => {
                self.pin = needs_pin.then_some(pin);
                Typed::Nothing
            }
            typed => typed,
        }
    }

    /// Shows why no key can be used, and waits: for the password, or for the person to plug a key in, whereupon gnome-shell ends this sign-in
    /// and begins another one.
    pub(crate) fn without_key(&mut self, pam: &Pam<'_>, why: &Phrase) -> Typed {
        (self.pin, self.touch) = (None, None);
        let asked = Asked { is_connected: false, pin: false, attempts: None };
        let why = words(why);
        self.send(pam, asked, &why, "", &why)
    }

    fn ask(&mut self, pam: &Pam<'_>, asked: Asked, prompt: &str, touch: &Notice) -> Typed {
        let instruction = words(&messages::notice(&Notice::InsertKey));
        self.touch = Some(touch.clone());
        let touch = words(&messages::notice(touch));
        self.send(pam, asked, &instruction, prompt.trim_end_matches([' ', ':']), &touch)
    }

    fn send(&mut self, pam: &Pam<'_>, asked: Asked, instruction: &str, prompt: &str, touch: &str) -> Typed {
        self.has_begun = true;
        let request = Request {
            key_connected: asked.is_connected,
            pin_request: asked.pin,
            pin_attempts: asked.attempts,
            passkey_name: &words(&PASSKEY.into()),
            password_name: &words(&PASSWORD.into()),
            init_instruction: instruction,
            pin_prompt: prompt,
            touch_instruction: touch,
        };
        let reply = match exchange(pam, self.number, &request.to_json()) {
            JsonAnswer::Given(reply) => parse(reply.as_bytes()),
            JsonAnswer::Failed => return Typed::None,
            JsonAnswer::Unfit => {
                pam.log(Severity::Warning, "GDM's reply is none of this protocol");
                return Typed::None;
            }
        };
        match reply {
            Ok(Reply::Pin(pin)) if pin.is_empty() => Typed::Nothing,
            Ok(Reply::Pin(pin)) => Typed::Pin(pin),
            Ok(Reply::Password(password)) => Typed::Password(password),
            Err(error) => {
                pam.log(Severity::Warning, &format!("GDM's reply cannot be used: {error}"));
                Typed::None
            }
        }
    }
}

/// What of a key is shown.
#[derive(Clone, Copy)]
struct Asked {
    is_connected: bool,
    pin: bool,
    attempts: Option<u8>,
}
