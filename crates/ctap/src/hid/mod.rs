//! CTAPHID: messages over 64-byte reports (CTAP 2.1 §11.2).
//!
//! A [`Channel`] turns requests into reports and reports into [`Event`]s. It never waits and knows no time: the caller writes
//! what [`Channel::next_report`] yields, feeds what it reads to [`Channel::handle_report`] and decides when to give up.
//! The authenticator's side of a channel is made of the same parts, [`packet`] and [`Reassembly`].

mod channel;
mod error;
pub mod packet;
mod reassembly;
mod report;

#[cfg(test)]
mod mutation_tests;

pub use channel::{Capabilities, Channel, Event, Keepalive};
pub use error::{FramingError, HidError, RequestError};
pub use packet::Command;
pub use reassembly::Reassembly;
pub use report::{Cid, FIRST_LEN, MAX_MESSAGE_LEN, REPORT_LEN, Report};
