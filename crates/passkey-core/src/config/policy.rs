//! The words of the policy, and the policy itself.

use std::time::Duration;

use super::Settings;
use crate::host::{Host, Role, Waits};

/// A word of the configuration with a fixed set of values.
pub(super) trait Word: Copy + Sized + 'static {
    /// Every value with its spelling.
    const WORDS: &'static [(&'static str, Self)];

    /// The value spelled `word`.
    fn from_word(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(spelling, _)| *spelling == word).map(|(_, value)| *value)
    }
}

/// Defines an enum whose values are words of the configuration.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$value_meta:meta])* $value:ident = $word:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $($(#[$value_meta])* $value),+ }

        impl Word for $name {
            const WORDS: &'static [(&'static str, Self)] = &[$(($word, Self::$value)),+];
        }

        impl $name {
            /// The word in the configuration and in the module's arguments.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$value => $word),+ }
            }
        }
    };
}

pub(super) use words;

words! {
    /// What a passkey is for in a service.
    Mode {
        /// After a password.
        SecondFactor = "second-factor",
        /// Instead of one.
        Passwordless = "passwordless",
    }
}

words! {
    /// Whether the security key has to verify its user (PIN, fingerprint). WebAuthn Level 3, section 5.8.6.
    UserVerification {
        /// No sign-in without.
        Required = "required",
        /// Where the key can.
        Preferred = "preferred",
        /// Only where the key insists.
        Discouraged = "discouraged",
    }
}

words! {
    /// What becomes of a user who has no passkey.
    Unenrolled {
        /// The module fails.
        Deny = "deny",
        /// The module stands aside, if the store was read and truly holds none.
        Ignore = "ignore",
    }
}

words! {
    /// What becomes of a session from another machine, whose person cannot touch a key plugged in here.
    Remote {
        /// The module fails at once.
        Refuse = "refuse",
        /// The module goes on as if the person were here.
        Allow = "allow",
    }
}

words! {
    /// What becomes of a recovery code in place of a passkey.
    Recovery {
        /// It is not taken.
        Deny = "deny",
        /// It signs its user in, once, where no security key can.
        Allow = "allow",
    }
}

words! {
    /// What becomes of a login password that is wrapped for the passkey.
    KeyringPolicy {
        /// It is unwrapped and handed on to the modules that open the keyring.
        On = "on",
        /// It stays wrapped.
        Off = "off",
    }
}

words! {
    /// What a signature counter that does not rise means.
    CounterPolicy {
        /// A line in the log.
        Warn = "warn",
        /// No sign-in.
        Deny = "deny",
    }
}

/// Everything that one sign-in in one service needs to know, all of it decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// What the passkey is for.
    pub mode: Mode,
    /// Whether the key may say who signs in if no name was given.
    pub usernameless: bool,
    /// Whether the key has to verify its user.
    pub verification: UserVerification,
    /// The time for the touch, from when a key can be touched.
    pub timeout: Duration,
    /// How long to wait for a key to be plugged in; zero fails at once without one.
    pub wait_for_key: Duration,
    /// What becomes of a user without a passkey.
    pub unenrolled: Unenrolled,
    /// What becomes of a session from another machine.
    pub remote: Remote,
    /// What a signature counter that does not rise means.
    pub counter: CounterPolicy,
    /// What becomes of a recovery code in place of a passkey.
    pub recovery: Recovery,
    /// What becomes of a login password that is wrapped for the passkey.
    pub keyring: KeyringPolicy,
    /// How many PINs may be typed in one ceremony.
    pub pin_attempts: u8,
    /// The program that asks, and what it makes of a conversation.
    pub host: &'static Host,
    /// Whether to say nothing beyond prompts.
    pub quiet: bool,
    /// Whether to log the steps of the ceremony.
    pub debug: bool,
}

impl Policy {
    /// Fills what `settings` leaves open with the built-in values of its mode, and of the `host` unless they name another one.
    pub(super) fn from_settings(settings: &Settings, host: &'static Host) -> Self {
        let host = settings.host.unwrap_or(host);
        let mode = settings.mode.unwrap_or(Mode::SecondFactor);
        let verification = match mode {
            Mode::SecondFactor => UserVerification::Discouraged,
            Mode::Passwordless => UserVerification::Required,
        };
        let wait_for_key = match (mode, host.waits) {
            (Mode::SecondFactor, Waits::Yes) => Duration::from_secs(30),
            (Mode::SecondFactor, Waits::No) | (Mode::Passwordless, _) => Duration::ZERO,
        };
        // Elsewhere no keyring is unlocked, and a password that is not needed is not made available.
        let keyring = match (mode, host.role) {
            (Mode::Passwordless, Role::Greeter) => KeyringPolicy::On,
            (Mode::Passwordless, Role::Locker | Role::Other) | (Mode::SecondFactor, _) => KeyringPolicy::Off,
        };
        Self {
            mode,
            usernameless: settings.usernameless.unwrap_or(false),
            verification: settings.verification.unwrap_or(verification),
            timeout: settings.timeout.unwrap_or(Duration::from_secs(30)),
            wait_for_key: settings.wait_for_key.unwrap_or(wait_for_key),
            unenrolled: settings.unenrolled.unwrap_or(Unenrolled::Deny),
            remote: settings.remote.unwrap_or(Remote::Refuse),
            counter: settings.counter.unwrap_or(CounterPolicy::Warn),
            recovery: settings.recovery.unwrap_or(Recovery::Deny),
            keyring: settings.keyring.unwrap_or(keyring),
            pin_attempts: host.pin_attempts(settings.pin_attempts.unwrap_or(3)),
            host,
            quiet: settings.quiet.unwrap_or(false),
            debug: settings.debug.unwrap_or(false),
        }
    }
}
