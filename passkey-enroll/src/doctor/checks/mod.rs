//! The parts of the machine, each with a check that gives findings.

pub(in crate::doctor) mod attestation;
pub(in crate::doctor) mod clock;
pub(in crate::doctor) mod configuration;
pub(in crate::doctor) mod devices;
pub(in crate::doctor) mod keys;
pub(in crate::doctor) mod module_file;
pub(in crate::doctor) mod passkeys;
pub(in crate::doctor) mod polkit;
pub(in crate::doctor) mod security;
pub(in crate::doctor) mod services;
pub(in crate::doctor) mod session;
pub(in crate::doctor) mod store;
pub(in crate::doctor) mod this_computer;
pub(in crate::doctor) mod udev;
