//! The machine as a ceremony uses it: time, randomness and the plugged-in keys.
//!
//! The ceremonies are written against this trait alone, so that the same code runs on real `hidraw` devices
//! ([`super::LinuxPlatform`]) and, in tests, on virtual keys under a fake clock.

use crate::credential::Credential;
use ctap::hid::Report;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// One plugged-in key, for as long as it stays plugged in: a key that comes back gets a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub u64);

/// What can be known of a key without opening it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PluggedKey {
    /// Stands for the key until it is unplugged.
    pub id: KeyId,
    /// The maker's and product's name, as the device says it: hostile text, to be escaped before it is shown.
    pub name: String,
    /// The device node, `/dev/hidraw0`, or the socket of a service.
    pub path: PathBuf,
    /// USB vendor id; 0 for a service.
    pub vendor_id: u16,
    /// USB product id; 0 for a service.
    pub product_id: u16,
    /// How it belongs to this machine.
    pub attachment: Attachment,
}

/// How an authenticator belongs to this machine, and so what its word is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attachment {
    /// It is plugged in. It can be pulled out, and may claim anything.
    Plugged,
    /// It is a service of this machine, where the superuser alone can have put it. It cannot be touched.
    Service,
}

impl Attachment {
    /// The passkeys that can be on what is attached so: one that a service of this machine made is on nothing that can be plugged in,
    /// whatever a device says that it is.
    pub(crate) fn may_hold<'a>(self, passkeys: &[&'a Credential]) -> Vec<&'a Credential> {
        let is_service = self == Self::Service;
        passkeys.iter().copied().filter(|passkey| passkey.is_on_a_service() == is_service).collect()
    }
}

/// Why a report was not exchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransferError {
    /// The key is gone.
    Gone,
    /// It may still be there, and is to be opened again: this is what a resume of the USB port or a KVM switch leaves behind.
    Failed,
}

/// Why the keys that are plugged in cannot be listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListError {
    /// The process, or the machine, has no file descriptor left.
    NoDescriptors,
    /// Anything else, for now.
    Failed,
}

/// Why a key cannot be used now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenError {
    /// It was unplugged in the meantime.
    Gone,
    /// This process may not open it. Worth another try: udev sets the permissions a moment after the node appears.
    Denied,
    /// It is plugged in, but a sandbox hides it from this process.
    Hidden,
    /// The process, or the machine, has no file descriptor left.
    NoDescriptors,
    /// Not now, since it would have to be waited for.
    Later,
    /// Anything else, for now.
    Failed,
}

/// What ended a [`Platform::wait`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wake {
    /// Keys were plugged in or unplugged, or their permissions changed.
    pub plugging: bool,
    /// The person gave up (Ctrl-C).
    pub interrupted: bool,
}

/// No randomness could be had from the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoRandomness;

/// Time, randomness and keys. No call blocks but [`wait`](Platform::wait).
pub trait Platform {
    /// Monotonic time since an arbitrary start.
    fn now(&self) -> Duration;
    /// Fills `bytes` from a cryptographic source.
    fn random(&mut self, bytes: &mut [u8]) -> Result<(), NoRandomness>;
    /// From now on [`plugged`](Self::plugged) tells of this machine's services as well; they answer for the account of this user id.
    fn include_services(&mut self, _account: u32) {}
    /// The FIDO keys that are plugged in now.
    fn plugged(&mut self) -> Result<Vec<PluggedKey>, ListError>;
    /// Opens a key.
    fn open(&mut self, key: KeyId) -> Result<(), OpenError>;
    /// Closes a key, giving up its lock. Closing what is not open does nothing.
    fn close(&mut self, key: KeyId);
    /// Takes the key's advisory lock; `false` when another program holds it.
    fn try_lock(&mut self, key: KeyId) -> bool;
    /// Gives the advisory lock back.
    fn unlock(&mut self, key: KeyId);
    /// The next report of the key, if one has come.
    fn read(&mut self, key: KeyId) -> Result<Option<Report>, TransferError>;
    /// Sends a report; `false` when the key cannot take it yet.
    fn write(&mut self, key: KeyId, report: &Report) -> Result<bool, TransferError>;
    /// Notes a step of the ceremony for debugging. Holds nothing secret, and text of keys is not escaped yet.
    fn trace(&mut self, _step: fmt::Arguments<'_>) {}
    /// Sleeps until a key of `keys` may be readable, one of `writers` writable, something was plugged or unplugged, the person
    /// gave up, or `until` ([`now`](Platform::now)'s clock) has come. May return early for no reason.
    fn wait(&mut self, until: Duration, readers: &[KeyId], writers: &[KeyId]) -> Wake;
}

/// Runs `f` with a source of randomness, and takes its result back if the kernel had none.
pub(crate) fn with_randomness<T>(
    platform: &mut impl Platform,
    f: impl FnOnce(&mut dyn FnMut(&mut [u8])) -> T,
) -> Result<T, NoRandomness> {
    let mut failed = false;
    let result = f(&mut |bytes| failed |= platform.random(bytes).is_err());
    if failed { Err(NoRandomness) } else { Ok(result) }
}
