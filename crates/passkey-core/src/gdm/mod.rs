//! GDM's exchange of JSON about ways to sign in: the protocol `auth-mechanisms`, which gnome-shell speaks with the PAM service
//! `gdm-switchable-auth` (`docs/protocol.md`).
//!
//! A request offers a passkey and a password; the reply has what was typed for one of them. The reply comes from the host, and holds
//! secrets: it is read without recursion to speak of, without copies that are not wiped, and anything that is not understood is no
//! answer.

mod reply;
mod request;

pub use reply::{MAX_REPLY_LEN, Reply, ReplyError, parse};
pub use request::{Request, quoted};

/// The protocol's name.
pub const PROTOCOL: &str = "auth-mechanisms";
/// Its version.
pub const VERSION: u32 = 1;
/// GDM's extension of PAM that carries it.
pub const EXTENSION: &str = "org.gnome.DisplayManager.UserVerifier.CustomJSON";

/// The number by which a binary prompt names [`EXTENSION`]: its place in the list of the extensions that the host offers, separated by
/// spaces. `None` where it is not one of them.
pub fn extension_number(offered: &str) -> Option<u8> {
    let place = offered.split(' ').filter(|name| !name.is_empty()).position(|name| name == EXTENSION)?;
    u8::try_from(place).ok()
}

#[cfg(test)]
mod tests;
