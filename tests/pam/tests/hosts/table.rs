//! The table: host × mode × mishap, and what comes of it.

use crate::row::Host::{
    I3lock, Login, Polkit, PolkitInSsh, SandboxedPolkit, Sshd, Su, Sudo, SudoInSsh, SudoRs, Swaylock,
    TuiGreet,
};
use crate::row::Mishap::{
    AlwaysUv, BrokenConfiguration, ClosedStore, CtrlC, DamagedStore, EchoedPassword, EmptyPin, ForeignKey,
    LateKey, NoDropIn, NoKey, NoTouch, NotEnrolled, NotEnrolledIgnored, OwnHostName, PasswordTyped,
    PinLocked, PulledOut, Remote, RemoteAllowed, RightTouch, StrangeFinger, WrongPin,
};
use crate::row::Mode::{Passwordless, SecondFactor};
use crate::row::Row;
use crate::words::*;

const SUCCESS: &str = "SUCCESS";
const UNAVAILABLE: &str = "AUTHINFO_UNAVAIL";
const AUTH_ERR: &str = "AUTH_ERR";
const MAXTRIES: &str = "MAXTRIES";
const SERVICE_ERR: &str = "SERVICE_ERR";
const IGNORE: &str = "IGNORE";

/// In the order in which they run, so that hosts of one stage share its keys one after the other.
pub(crate) const ROWS: &[Row] = &[
    // sudo: everything, since it is what people meet most.
    Row::new((Sudo, SecondFactor, RightTouch), SUCCESS, &[TOUCH], "verified"),
    Row::new((Sudo, SecondFactor, NoKey), UNAVAILABLE, &[PLUG_IN, NO_KEY], "no security key was plugged in"),
    Row::new((Sudo, SecondFactor, ForeignKey), UNAVAILABLE, &[FOREIGN], "no plugged-in security key holds"),
    Row::new((Sudo, SecondFactor, LateKey), SUCCESS, &[PLUG_IN, TOUCH], "verified"),
    Row::new((Sudo, SecondFactor, PulledOut), SUCCESS, &[TOUCH, PLUG_IN_AGAIN, TOUCH], "verified"),
    Row::new((Sudo, SecondFactor, NoTouch), AUTH_ERR, &[TOUCH, NO_TOUCH], "not touched in time"),
    Row::new((Sudo, SecondFactor, CtrlC), UNAVAILABLE, &[TOUCH], "Ctrl-C"),
    Row::new((Sudo, SecondFactor, AlwaysUv), SUCCESS, &[PIN, TOUCH], "verified"),
    Row::new(
        (Sudo, SecondFactor, EchoedPassword),
        UNAVAILABLE,
        &[PIN, NOT_THE_PASSWORD, NOT_SENT],
        "not sent to the security key",
    ),
    Row::new((Sudo, SecondFactor, BrokenConfiguration), SERVICE_ERR, &[BROKEN], "passkey.toml:2"),
    Row::new((Sudo, SecondFactor, DamagedStore), SERVICE_ERR, &[STORE_BROKEN], "alice.toml"),
    Row::new((Sudo, SecondFactor, NotEnrolled), UNAVAILABLE, &[NOT_ENROLLED], "the user has no passkey"),
    Row::new((Sudo, SecondFactor, NotEnrolledIgnored), IGNORE, &[], "unenrolled=ignore"),
    Row::new((Sudo, SecondFactor, OwnHostName), SUCCESS, &[TOUCH], "verified"),
    Row::new((Sudo, Passwordless, RightTouch), SUCCESS, &[PIN, TOUCH], "verified"),
    Row::new((Sudo, Passwordless, NoKey), UNAVAILABLE, &[NO_KEY], "no security key was plugged in"),
    Row::new((Sudo, Passwordless, LateKey), SUCCESS, &[PLUG_IN, PIN, TOUCH], "verified"),
    Row::new((Sudo, Passwordless, NoTouch), AUTH_ERR, &[PIN, TOUCH, NO_TOUCH], "not touched in time"),
    Row::new((Sudo, Passwordless, CtrlC), UNAVAILABLE, &[PIN, TOUCH], "Ctrl-C"),
    Row::new((Sudo, Passwordless, WrongPin), SUCCESS, &[PIN, PIN_WRONG, TOUCH], "verified"),
    Row::new((Sudo, Passwordless, PinLocked), MAXTRIES, &[PIN, PIN_WRONG, PIN_LOCKED], "the PIN is locked"),
    Row::new((Sudo, Passwordless, EmptyPin), UNAVAILABLE, &[PIN], "no PIN was typed"),
    Row::new(
        (Sudo, Passwordless, StrangeFinger),
        SUCCESS,
        &[FINGER, FINGER_AGAIN, FINGER_LOCKED, PIN, TOUCH],
        "verified",
    ),
    Row::new((Sudo, Passwordless, DamagedStore), SERVICE_ERR, &[STORE_BROKEN], "alice.toml"),
    // su: the same conversation, but the person is not the one who signs in.
    Row::new((Su, SecondFactor, RightTouch), SUCCESS, &[TOUCH], "verified"),
    Row::new((Su, SecondFactor, ForeignKey), UNAVAILABLE, &[FOREIGN], "no plugged-in security key holds"),
    Row::new((Su, SecondFactor, CtrlC), UNAVAILABLE, &[TOUCH], "Ctrl-C"),
    Row::new((Su, Passwordless, RightTouch), SUCCESS, &[PIN, TOUCH], "verified"),
    Row::new((Su, Passwordless, WrongPin), SUCCESS, &[PIN, PIN_WRONG, TOUCH], "verified"),
    Row::new((Su, Passwordless, NotEnrolled), UNAVAILABLE, &[NOT_ENROLLED], "the user has no passkey"),
    // login, at the machine's own keyboard and screen.
    Row::new((Login, SecondFactor, RightTouch), SUCCESS, &[TOUCH], "verified"),
    Row::new((Login, SecondFactor, LateKey), SUCCESS, &[PLUG_IN, TOUCH], "verified"),
    Row::new((Login, SecondFactor, PulledOut), SUCCESS, &[TOUCH, PLUG_IN_AGAIN, TOUCH], "verified"),
    Row::new((Login, SecondFactor, NoTouch), AUTH_ERR, &[TOUCH, NO_TOUCH], "not touched in time"),
    Row::new((Login, SecondFactor, CtrlC), UNAVAILABLE, &[TOUCH], "Ctrl-C"),
    Row::new((Login, SecondFactor, NotEnrolledIgnored), IGNORE, &[], "unenrolled=ignore"),
    Row::new((Login, Passwordless, RightTouch), SUCCESS, &[PIN, TOUCH], "verified"),
    Row::new((Login, Passwordless, NoKey), UNAVAILABLE, &[NO_KEY], "no security key was plugged in"),
    Row::new((Login, Passwordless, EmptyPin), UNAVAILABLE, &[PIN], "no PIN was typed"),
    Row::new((Login, Passwordless, StrangeFinger), SUCCESS, &[FINGER, FINGER_LOCKED, PIN, TOUCH], "verified"),
    Row::new((Login, Passwordless, BrokenConfiguration), SERVICE_ERR, &[BROKEN], "passkey.toml:2"),
    // sshd: nobody sits before the key.
    Row::new((Sshd, SecondFactor, Remote), UNAVAILABLE, &[], "the person is at another machine"),
    Row::new((Sshd, Passwordless, Remote), UNAVAILABLE, &[], "the person is at another machine"),
    Row::new((Sshd, SecondFactor, RemoteAllowed), SUCCESS, &[], "verified"),
    Row::new((Sshd, Passwordless, RemoteAllowed), SUCCESS, &[PIN], "verified"),
    // polkit, whose agent relays all that the module says.
    Row::new((Polkit, SecondFactor, RightTouch), SUCCESS, &[TOUCH], "verified"),
    Row::new((Polkit, SecondFactor, CtrlC), UNAVAILABLE, &[TOUCH], "Ctrl-C"),
    Row::new((Polkit, Passwordless, NoKey), UNAVAILABLE, &[NO_KEY], "no security key was plugged in"),
    Row::new((Polkit, Passwordless, WrongPin), SUCCESS, &[PIN, PIN_WRONG, TOUCH], "verified"),
    // i3lock: runs as the person, shows nothing, and answers every prompt with the one line that was typed.
    Row::new((I3lock, SecondFactor, RightTouch), SUCCESS, &[], "verified"),
    Row::new((I3lock, SecondFactor, EchoedPassword), UNAVAILABLE, &[], "not sent to the security key"),
    Row::new((I3lock, SecondFactor, ForeignKey), UNAVAILABLE, &[], "no plugged-in security key holds"),
    Row::new((I3lock, SecondFactor, ClosedStore), SERVICE_ERR, &[], "alice.toml"),
    Row::new((I3lock, Passwordless, RightTouch), SUCCESS, &[], "verified"),
    Row::new((I3lock, Passwordless, NoKey), UNAVAILABLE, &[], "no security key was plugged in"),
    Row::new((I3lock, Passwordless, PasswordTyped), UNAVAILABLE, &[], "cannot be the PIN"),
    // sudo-rs.
    Row::new((SudoRs, SecondFactor, RightTouch), SUCCESS, &[TOUCH], "verified"),
    Row::new((SudoRs, SecondFactor, LateKey), SUCCESS, &[PLUG_IN, TOUCH], "verified"),
    Row::new((SudoRs, SecondFactor, CtrlC), UNAVAILABLE, &[TOUCH], "Ctrl-C"),
    Row::new((SudoRs, SecondFactor, NoTouch), AUTH_ERR, &[TOUCH, NO_TOUCH], "not touched in time"),
    Row::new((SudoRs, Passwordless, RightTouch), SUCCESS, &[PIN, TOUCH], "verified"),
    Row::new((SudoRs, Passwordless, WrongPin), SUCCESS, &[PIN, PIN_WRONG, TOUCH], "verified"),
    Row::new((SudoRs, Passwordless, EmptyPin), UNAVAILABLE, &[PIN], "no PIN was typed"),
    // swaylock: as i3lock.
    Row::new((Swaylock, SecondFactor, RightTouch), SUCCESS, &[], "verified"),
    Row::new((Swaylock, Passwordless, RightTouch), SUCCESS, &[], "verified"),
    Row::new((Swaylock, Passwordless, NoKey), UNAVAILABLE, &[], "no security key was plugged in"),
    // Its second prompt would end the sign-in: the line is handed on as the password.
    Row::new((Swaylock, Passwordless, PasswordTyped), UNAVAILABLE, &[], "cannot be the PIN"),
    // tuigreet, which shows all that the module says.
    Row::new((TuiGreet, SecondFactor, RightTouch), SUCCESS, &[TOUCH], "verified"),
    Row::new((TuiGreet, Passwordless, WrongPin), SUCCESS, &[PIN, PIN_WRONG, TOUCH], "verified"),
    Row::new((TuiGreet, Passwordless, NoKey), UNAVAILABLE, &[NO_KEY], "no security key was plugged in"),
    // What only a machine with systemd has.
    Row::new(
        (SandboxedPolkit, SecondFactor, NoDropIn),
        UNAVAILABLE,
        &[NOT_PERMITTED],
        "the sandbox of this service hides the security key",
    ),
    Row::new((SandboxedPolkit, SecondFactor, RightTouch), SUCCESS, &[TOUCH], "verified"),
    Row::new((SandboxedPolkit, Passwordless, WrongPin), SUCCESS, &[PIN, PIN_WRONG, TOUCH], "verified"),
    Row::new(
        (PolkitInSsh, SecondFactor, Remote),
        UNAVAILABLE,
        &[],
        "the person is at another machine: session",
    ),
    Row::new(
        (SudoInSsh, SecondFactor, Remote),
        UNAVAILABLE,
        &[],
        "the person is at another machine: session",
    ),
    Row::new((SudoInSsh, SecondFactor, RemoteAllowed), SUCCESS, &[TOUCH], "verified"),
];
