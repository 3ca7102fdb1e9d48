//! The telling words of what a person reads: each of them in one place.

/// All of them.
pub(crate) const ALL: [&str; 18] = [
    TOUCH,
    FINGER,
    FINGER_AGAIN,
    FINGER_LOCKED,
    PLUG_IN,
    PLUG_IN_AGAIN,
    NO_KEY,
    FOREIGN,
    NOT_PERMITTED,
    NO_TOUCH,
    PIN,
    PIN_WRONG,
    PIN_LOCKED,
    NOT_THE_PASSWORD,
    NOT_SENT,
    BROKEN,
    STORE_BROKEN,
    NOT_ENROLLED,
];

pub(crate) const TOUCH: &str = "Touch your security key";
pub(crate) const FINGER: &str = "Put your finger on the reader";
pub(crate) const FINGER_AGAIN: &str = "not recognised";
pub(crate) const FINGER_LOCKED: &str = "no more fingerprints";
pub(crate) const PLUG_IN: &str = "Plug in your security key";
pub(crate) const PLUG_IN_AGAIN: &str = "Plug it in again";
pub(crate) const NO_KEY: &str = "No security key was plugged in";
pub(crate) const FOREIGN: &str = "holds no passkey for this account";
pub(crate) const NOT_PERMITTED: &str = "not permitted to use the security key";
pub(crate) const NO_TOUCH: &str = "not touched in time";
pub(crate) const PIN: &str = "PIN of your security key";
pub(crate) const PIN_WRONG: &str = "That PIN was wrong";
pub(crate) const PIN_LOCKED: &str = "Unplug it, plug it in again";
pub(crate) const NOT_THE_PASSWORD: &str = "That is your password";
pub(crate) const NOT_SENT: &str = "No PIN was sent";
pub(crate) const BROKEN: &str = "not set up correctly";
pub(crate) const STORE_BROKEN: &str = "cannot be read";
pub(crate) const NOT_ENROLLED: &str = "No passkey is set up for this account";
