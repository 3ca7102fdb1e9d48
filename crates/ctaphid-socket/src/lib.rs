//! Authenticators that are not plugged in but are services of this machine: its TPM, a phone, a reader for cards.
//!
//! Such a service listens on a Unix socket in [`FOLDER`], whose packets are the 64-byte reports of CTAPHID (CTAP 2.1 §11.2.4).
//! `docs/protocol.md` has the whole of it. As with the crate `hidraw`, nothing here knows what the reports mean and nothing
//! waits: an open connection is a file descriptor for the caller's own `poll(2)`.
//!
//! A plugged-in device can say of itself whatever it likes. A service is vouched for: it listens where only the superuser can have
//! put it, and the kernel says that the superuser has.
#![forbid(unsafe_code)]
#![warn(clippy::disallowed_methods)]

mod connection;
mod folder;

pub use connection::{ConnectError, Connection, TransferError};
pub use folder::{Folder, ListError, ServiceInfo};

/// Where services listen. The folder and what is in it are the superuser's.
pub const FOLDER: &str = "/run/passkey/authenticators";

/// Length of a packet, and of a report.
pub const REPORT_LEN: usize = 64;
