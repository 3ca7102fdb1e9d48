//! A machine of its own for a test, and system calls and allocations that fail there one at a time.
//!
//! It takes root, since the module trusts nobody else's files, and `strace`, which makes a chosen call fail.
// Test equipment: whatever is not as expected here is a broken test, and a panic is how a test says so.
#![allow(clippy::panic, clippy::expect_used)]

mod host;
mod machine;
mod spread;
mod strace;

pub use host::{Report, SignIn, fail_allocation, host};
pub use machine::{Machine, USER};
pub use spread::spread;
pub use strace::{Call, Traced, errors_of, inject, record};
