//! A throw-away machine for tests of real programs: Debian's kernel and a clean Debian under QEMU, with the programs of this
//! workspace installed and security keys of `virtual-key` plugged in, up in a few seconds and gone with the test.
//!
//! ```no_run
//! use guest::{Guest, KeyOptions};
//!
//! let guest = Guest::debian12()
//!     .user("alice", "secret")
//!     .file("/etc/pam.d/sudo", "auth required pam_unix.so\naccount required pam_permit.so\n")
//!     .key("blue", KeyOptions::default())
//!     .boot();
//! let mut sudo = guest.terminal("alice", "sudo id -un");
//! sudo.expect("password for alice").type_line("secret");
//! assert_eq!(sudo.wait().status, 0);
//! assert!(guest.syslog().contains("session opened"));
//! ```
//!
//! The first guest of a kind saves its state when its kernel is up, the others go on from it: they listen after a third of the
//! processor time. Their clocks, random numbers and files are their own.
//!
//! It is test equipment: what goes wrong panics, with what is needed to see why. Nothing waits without a deadline.
#![forbid(unsafe_code)]
#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "test equipment: a panic is how a test fails"
)]

pub mod agent;
pub mod demo;
pub mod protocol;

mod architecture;
mod builder;
mod console;
mod disk;
mod display;
mod guest;
mod hardware;
mod image;
mod key;
mod link;
mod machine;
mod monitor;
mod output;
mod picture;
mod products;
mod qemu;
mod reader;
mod screen;
mod seed;
mod slot;
mod state;
mod terminal;
mod usage;

pub use architecture::{debian_architecture, libraries};
pub use builder::GuestBuilder;
pub use console::Console;
pub use disk::Disk;
pub use display::Display;
pub use guest::Guest;
pub use image::{Root, file_of_debian};
pub use key::{Blink, Counts, Key, KeyOptions, Request, Requests};
pub use output::Output;
pub use picture::{Area, Picture};
pub use reader::{Announcements, Element, ScreenReader, expect_element};
pub use terminal::{Exit, Terminal};

/// How long anything in a guest may take that has no deadline of its own. Emulation is slow, so is a loaded machine.
pub const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);
