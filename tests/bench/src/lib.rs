//! Measures `pam_passkey` and its rivals on the same work, with the same virtual keys, in one guest; `tests/bench/run` is the command.
//!
//! - [`ROWS`]: the work loads, as data.
//! - [`Implementation`]: what is compared, and how each is configured and enrolled.
//! - [`Scene`]: the keys and credential files of a row, in the guest.
//! - [`measure`]: sign-ins in turn, system calls, instructions.
//! - [`Results`]: all figures; tables, plots and aims are made of them, and `docs/performance.md` of those.
//! - [`Gate`]: the figures that are the same in every run, against those of the last commit.
#![forbid(unsafe_code)]
#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::panic,
    clippy::unwrap_used,
    reason = "test equipment: a panic is how a test fails"
)]

pub mod aims;
pub mod document;
mod gate;
mod implementation;
mod machine;
pub mod measure;
pub mod parts;
mod plot;
mod profile;
mod results;
mod row;
mod scene;
mod table;

pub use gate::Gate;
pub use implementation::{Implementation, Version};
pub use machine::{boot, machine};
pub use profile::Profile;
pub use results::{Figures, Listing, Results, RowResult, Spread};
pub use row::{Counted, Credentials, Desk, Host, Keyring, LISTINGS, ROWS, Row, Verification, Wire};
pub use scene::{Scene, lose_passkeys};
