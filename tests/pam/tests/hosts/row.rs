//! What a row of the table is made of.

use std::fmt;

/// A program that signs a person in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Host {
    Sudo,
    SudoRs,
    SudoInSsh,
    Su,
    Login,
    Sshd,
    /// With the set-uid helper of polkit before 127.
    Polkit,
    /// With the helper of later ones, which systemd starts in a sandbox.
    SandboxedPolkit,
    /// That one.
    PolkitInSsh,
    I3lock,
    Swaylock,
    /// The greeter of greetd that runs on a virtual terminal.
    TuiGreet,
}

/// The guest that a host runs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Debian 12 without a service manager.
    Light,
    /// Debian 13, likewise.
    Trixie,
    /// Debian's unstable with systemd.
    Full,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    SecondFactor,
    Passwordless,
}

/// What happens during a sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mishap {
    RightTouch,
    NoKey,
    ForeignKey,
    LateKey,
    PulledOut,
    NoTouch,
    CtrlC,
    WrongPin,
    PinLocked,
    EmptyPin,
    EchoedPassword,
    PasswordTyped,
    StrangeFinger,
    AlwaysUv,
    BrokenConfiguration,
    DamagedStore,
    ClosedStore,
    NoDropIn,
    NotEnrolled,
    NotEnrolledIgnored,
    OwnHostName,
    Remote,
    RemoteAllowed,
}

/// One sign-in and all that shall come of it.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) host: Host,
    pub(crate) mode: Mode,
    pub(crate) mishap: Mishap,
    /// What the module tells libpam, without `PAM_`.
    pub(crate) code: &'static str,
    /// What the person reads, in this order; nothing of the module's, where it is empty and the host [shows words](Host::shows_words).
    pub(crate) words: &'static [&'static str],
    /// Of the audit line's reason.
    pub(crate) log: &'static str,
}

/// How the host's sign-in ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    SignedIn,
    /// By the password, which counts alone after the passkey came to nothing.
    SignedInByPassword,
    Refused,
}

impl Host {
    pub(crate) fn stage(self) -> Stage {
        match self {
            Self::Sudo | Self::Su | Self::Login | Self::Sshd | Self::Polkit | Self::I3lock => Stage::Light,
            Self::SudoRs | Self::Swaylock | Self::TuiGreet => Stage::Trixie,
            Self::SudoInSsh | Self::SandboxedPolkit | Self::PolkitInSsh => Stage::Full,
        }
    }

    /// Whether it has a place for what the module says.
    pub(crate) fn shows_words(self) -> bool {
        match self {
            Self::I3lock | Self::Swaylock => false,
            Self::Sudo
            | Self::SudoRs
            | Self::SudoInSsh
            | Self::Su
            | Self::Login
            | Self::Sshd
            | Self::Polkit
            | Self::SandboxedPolkit
            | Self::PolkitInSsh
            | Self::TuiGreet => true,
        }
    }

    /// The name of its file in `/etc/pam.d`.
    pub(crate) fn service(self) -> &'static str {
        match self {
            Self::Sudo | Self::SudoRs | Self::SudoInSsh => "sudo",
            Self::Su => "su",
            Self::Login => "login",
            Self::Sshd => "sshd",
            Self::Polkit | Self::SandboxedPolkit | Self::PolkitInSsh => "polkit-1",
            Self::I3lock => "i3lock",
            Self::Swaylock => "swaylock",
            Self::TuiGreet => "greetd",
        }
    }
}

impl Row {
    pub(crate) const fn new(
        (host, mode, mishap): (Host, Mode, Mishap),
        code: &'static str,
        words: &'static [&'static str],
        log: &'static str,
    ) -> Self {
        Self { host, mode, mishap, code, words, log }
    }

    /// Follows from the code: a password is the first factor, or the next module.
    pub(crate) fn end(&self) -> End {
        match (self.code, self.mode) {
            ("SUCCESS", _) => End::SignedIn,
            ("IGNORE", _) | (_, Mode::Passwordless) => End::SignedInByPassword,
            (_, Mode::SecondFactor) => End::Refused,
        }
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}, {}", self.host, self.mode, self.mishap)
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sudo => "sudo",
            Self::SudoRs => "sudo-rs",
            Self::SudoInSsh => "sudo in an SSH session",
            Self::Su => "su",
            Self::Login => "login, virtual terminal",
            Self::Sshd => "sshd",
            Self::Polkit => "polkit (pkexec)",
            Self::SandboxedPolkit => "polkit ≥ 127 (pkexec)",
            Self::PolkitInSsh => "polkit ≥ 127 in an SSH session",
            Self::I3lock => "i3lock",
            Self::Swaylock => "swaylock",
            Self::TuiGreet => "greetd, tuigreet",
        })
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SecondFactor => "second factor",
            Self::Passwordless => "passwordless",
        })
    }
}

impl fmt::Display for Mishap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RightTouch => "nothing: the right key is touched",
            Self::NoKey => "no key",
            Self::ForeignKey => "only a foreign key",
            Self::LateKey => "the key is plugged in late",
            Self::PulledOut => "the key is pulled out and put back",
            Self::NoTouch => "the key is not touched in time",
            Self::CtrlC => "Ctrl-C while the key blinks",
            Self::WrongPin => "a wrong PIN, then the right one",
            Self::PinLocked => "wrong PINs until the key locks itself",
            Self::EmptyPin => "an empty PIN",
            Self::PasswordTyped => "the password is typed in place of the PIN",
            Self::EchoedPassword => "the host gives the password to each prompt",
            Self::StrangeFinger => "a strange finger, then the PIN",
            Self::AlwaysUv => "the key insists on its PIN (alwaysUv)",
            Self::BrokenConfiguration => "an unknown key in passkey.toml",
            Self::DamagedStore => "the credential file is cut short",
            Self::ClosedStore => "the credential file is closed to the person",
            Self::NoDropIn => "the key is plugged in, but our drop-in is missing",
            Self::NotEnrolled => "the user has no passkey",
            Self::NotEnrolledIgnored => "the user has no passkey, unenrolled=ignore",
            Self::OwnHostName => "PAM_RHOST is this machine (pam_rhost)",
            Self::Remote => "from another machine",
            Self::RemoteAllowed => "from another machine, remote=allow",
        })
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SignedIn => "signed in",
            Self::SignedInByPassword => "password",
            Self::Refused => "refused",
        })
    }
}
