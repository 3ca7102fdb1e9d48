//! The account of a connection.

use ctap::hid::packet::{self, Packet};
use ctap::hid::{Cid, Report};

/// The vendor command by which a peer names the account.
const COMMAND: u8 = 0x42;
/// Whom the kernel gives for users of other namespaces, and which number is no user.
const NOT_USERS: [u32; 2] = [65534, u32::MAX];

/// What the first report of a connection says of the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Named {
    /// Nothing: it is the peer's own, and the report is still to be handled.
    Own(u32),
    /// It is this one.
    As(u32),
    /// One that the peer may not name, or a command that is malformed.
    Refused,
}

/// Reads the first report of a peer with the user id `peer`.
pub(crate) fn named(report: &Report, peer: u32) -> Named {
    if !is_user(peer) {
        return Named::Refused;
    }
    if !is_naming(report) {
        return Named::Own(peer);
    }
    match packet::parse(report) {
        Ok((Cid::BROADCAST, Packet::Initialization { message_len: 4, data: &[a, b, c, d, ..], .. })) => {
            let account = u32::from_be_bytes([a, b, c, d]);
            if is_user(account) && (peer == 0 || peer == account) {
                Named::As(account)
            } else {
                Named::Refused
            }
        }
        Ok(_) | Err(_) => Named::Refused,
    }
}

/// Whether the report names an account, which only the first one may.
pub(crate) fn is_naming(report: &Report) -> bool {
    matches!(packet::parse(report), Ok((_, Packet::Initialization { command: COMMAND, .. })))
}

fn is_user(uid: u32) -> bool {
    !NOT_USERS.contains(&uid)
}

#[cfg(test)]
#[path = "account_tests.rs"]
mod tests;
