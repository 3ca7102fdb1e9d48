//! Lock on removal: the watcher that asks logind to lock the user's sessions, and switching it on and off.
//!
//! - [`watch`]: the loop over hot-plug, grace periods and signals. It opens no device, so none can hold it up.
//! - [`probe`]: which passkeys a device holds, asked by a process of its own for each device.
//! - [`presence`]: which passkeys are at the machine; [`sign_ins`]: which of them has signed a session in. Neither does any input or output.
//! - [`records`]: what is on file of the user.
//! - [`lockers`]: the programs that lock when [logind](crate::logind) asks them to.
//! - [`as_user`]: what root does for a user, with that user's rights.
//! - [`settings`], [`mod@unit`]: what it goes by, and the unit of the user's service manager that it runs in.
//!
//! logind and systemd are asked by their own commands, each with a deadline: they are on every machine that has a logind, their output
//! is as stable as its D-Bus interface, and no library for D-Bus has to be kept up.

pub(crate) mod as_user;
mod error;
pub(crate) mod lockers;
mod notify;
mod presence;
pub(crate) mod probe;
pub(crate) mod records;
pub(crate) mod settings;
mod sign_ins;
pub(crate) mod unit;
pub(crate) mod watch;

pub(crate) use error::RemovalError;
