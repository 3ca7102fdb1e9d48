//! What goes wrong, and what the person does about it.

use guest::{Guest, Key};

use crate::polkit::{PUT_DROP_IN_BACK, TAKE_DROP_IN_AWAY};
use crate::program::Sitting;
use crate::row::{Host, Mishap, Mode, Row};
use crate::scene::{PIN, REPAIR};
use crate::words;

impl Mishap {
    /// Arguments of the module beside its mode.
    pub(crate) fn arguments(self, mode: Mode) -> &'static str {
        match self {
            Self::NoKey if mode == Mode::SecondFactor => "wait_for_key=1",
            Self::ForeignKey => "wait_for_key=0",
            Self::LateKey | Self::PulledOut if mode == Mode::Passwordless => "wait_for_key=30",
            Self::NoTouch => "timeout=3",
            Self::NotEnrolledIgnored => "unenrolled=ignore",
            Self::RemoteAllowed => "remote=allow",
            Self::RightTouch
            | Self::NoKey
            | Self::LateKey
            | Self::PulledOut
            | Self::CtrlC
            | Self::WrongPin
            | Self::PinLocked
            | Self::EmptyPin
            | Self::EchoedPassword
            | Self::PasswordTyped
            | Self::StrangeFinger
            | Self::AlwaysUv
            | Self::BrokenConfiguration
            | Self::DamagedStore
            | Self::ClosedStore
            | Self::NoDropIn
            | Self::NotEnrolled
            | Self::OwnHostName
            | Self::Remote => "",
        }
    }

    /// Who signs in.
    pub(crate) fn user(self) -> &'static str {
        match self {
            Self::NotEnrolled | Self::NotEnrolledIgnored => "carol",
            _ => "alice",
        }
    }

    /// A shell command, as root, that breaks something.
    pub(crate) fn breaking(self) -> Option<&'static str> {
        match self {
            Self::BrokenConfiguration => {
                Some("printf '[defaults]\\ntimeot = 3\\n' >/etc/passkey/passkey.toml")
            }
            Self::DamagedStore => Some("truncate -s -60 /etc/passkey/credentials/alice.toml"),
            Self::ClosedStore => Some("chown root: /etc/passkey/credentials/alice.toml"),
            Self::NoDropIn => Some(TAKE_DROP_IN_AWAY),
            Self::OwnHostName => Some("echo 'Defaults pam_rhost' >/etc/sudoers.d/rhost"),
            _ => None,
        }
    }

    /// A shell command, as root, that undoes what [`Self::breaking`] has done.
    pub(crate) fn repair(self) -> &'static str {
        match self {
            Self::NoDropIn => PUT_DROP_IN_BACK,
            _ => REPAIR,
        }
    }
}

impl Row {
    /// The key that the person holds.
    pub(crate) fn key(&self) -> &'static str {
        match (self.mishap, self.mode) {
            (Mishap::ForeignKey, _) => "foreign",
            (Mishap::PinLocked, _) => "doomed",
            (Mishap::StrangeFinger, _) => "finger",
            (Mishap::AlwaysUv | Mishap::EchoedPassword, _) => "strict",
            (_, Mode::SecondFactor) => "blue",
            (_, Mode::Passwordless) => "green",
        }
    }

    pub(crate) fn starts_plugged_in(&self) -> bool {
        !matches!(self.mishap, Mishap::NoKey | Mishap::LateKey)
    }

    /// Whether the person types the password first, and not a program in their place.
    pub(crate) fn password_first(&self) -> bool {
        self.mode == Mode::SecondFactor && !(self.host == Host::Sudo && self.mishap == Mishap::EchoedPassword)
    }

    /// From the module's first word to its last.
    pub(crate) fn act(&self, guest: &Guest, sitting: &mut dyn Sitting) {
        let key = guest.key(self.key());
        match self.mishap {
            Mishap::RightTouch | Mishap::AlwaysUv | Mishap::OwnHostName | Mishap::RemoteAllowed => {
                self.sign(&key, sitting);
            }
            Mishap::LateKey => {
                sitting.expect(words::PLUG_IN);
                key.plug();
                self.sign(&key, sitting);
            }
            Mishap::PulledOut => {
                self.give_pin(sitting);
                sitting.expect(words::TOUCH);
                key.wait_blinking();
                key.unplug();
                sitting.expect(words::PLUG_IN_AGAIN);
                key.plug();
                self.sign(&key, sitting);
            }
            Mishap::CtrlC => {
                self.give_pin(sitting);
                sitting.expect(words::TOUCH);
                key.wait_blinking();
                sitting.ctrl_c();
            }
            Mishap::NoTouch => {
                self.give_pin(sitting);
                sitting.expect(words::NO_TOUCH);
            }
            Mishap::WrongPin => {
                sitting.expect(words::PIN);
                sitting.type_line("9999");
                sitting.expect(words::PIN_WRONG);
                sitting.type_line(PIN);
                self.touch(&key, sitting);
            }
            Mishap::PinLocked => {
                sitting.expect(words::PIN);
                for wrong in ["9999", "8888"] {
                    sitting.type_line(wrong);
                    sitting.expect("left");
                }
                sitting.type_line("7777");
                sitting.expect(words::PIN_LOCKED);
            }
            Mishap::EmptyPin => {
                sitting.expect(words::PIN);
                sitting.type_line("");
            }
            Mishap::StrangeFinger => {
                sitting.expect(words::FINGER);
                for _ in 0..3 {
                    key.touch_as_stranger();
                }
                sitting.expect(words::FINGER_LOCKED);
                self.sign(&key, sitting);
            }
            Mishap::EchoedPassword => sitting.expect(words::NOT_SENT),
            // The one line that is typed, and is the answer to the next prompt too.
            Mishap::PasswordTyped
            | Mishap::NoKey
            | Mishap::ForeignKey
            | Mishap::BrokenConfiguration
            | Mishap::DamagedStore
            | Mishap::ClosedStore
            | Mishap::NoDropIn
            | Mishap::NotEnrolled
            | Mishap::NotEnrolledIgnored
            | Mishap::Remote => {}
        }
    }

    /// What must hold of the key, however it went.
    pub(crate) fn check_key(&self, guest: &Guest) {
        let key = guest.key(self.key());
        if matches!(self.mishap, Mishap::NoTouch | Mishap::CtrlC) {
            key.wait_dark();
        }
        if self.key() != "blue" && self.key() != "foreign" {
            let left = if self.mishap == Mishap::PinLocked { 5 } else { 8 };
            assert_eq!(
                key.retries(),
                left,
                "PIN tries: a right PIN sets them back, the password is never sent"
            );
        }
    }

    fn give_pin(&self, sitting: &mut dyn Sitting) {
        if self.key() != "blue" {
            sitting.expect(words::PIN);
            sitting.type_line(PIN);
        }
    }

    fn sign(&self, key: &Key<'_>, sitting: &mut dyn Sitting) {
        self.give_pin(sitting);
        self.touch(key, sitting);
    }

    fn touch(&self, key: &Key<'_>, sitting: &mut dyn Sitting) {
        // Who touches it at once is never asked to.
        if self.words.contains(&words::TOUCH) {
            sitting.expect(words::TOUCH);
        }
        key.touch();
    }
}
