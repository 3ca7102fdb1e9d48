//! PAM services: what their files say, who gets in with what, and how that is changed.
//!
//! [`parse`] reads files into stacks, [`simulate`] computes who gets in, `edit` puts lines in and takes them out, `change` makes the
//! change on the machine and takes it back. Each uses only those before it.

pub(crate) mod change;
pub(crate) mod edit;
pub mod parse;
pub mod simulate;

#[cfg(test)]
mod recipes_tests;
