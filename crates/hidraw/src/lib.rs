//! Finds FIDO security keys among Linux's hidraw devices and exchanges reports with them, never waiting.
//!
//! Nothing here knows what the reports mean, and nothing here waits, with the exceptions that [`Device`] names: whatever
//! can become ready is a file descriptor for the caller's own `poll(2)`. Keys are recognised by their report descriptor in sysfs, so neither
//! udev, libudev nor netlink is needed, and a sandbox that shows `/dev/hidraw*` and `/sys` is enough.
#![deny(unsafe_code)]
#![warn(clippy::disallowed_methods)]

/// The report descriptor of a HID interface: is this a security key, and how long are its reports?
pub mod descriptor;
mod detached;
mod device;
mod hotplug;
mod list;
mod transfer;

pub use descriptor::ReportLen;
pub use detached::DetachedWrite;
pub use device::{Device, OpenError};
pub use hotplug::{Hotplug, HotplugError};
pub use list::{KeyInfo, ListError, Listing, Skipped, list, list_in};
pub use transfer::TransferError;
