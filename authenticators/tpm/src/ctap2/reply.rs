//! Replies.

use ctap::cbor::{Item, entry};

use crate::state::User;

/// The parameters of a reply; a command that has nothing to say has none.
pub(super) fn map(members: impl IntoIterator<Item = Option<(Item, Item)>>) -> Vec<u8> {
    Item::map(members).into_bytes()
}

pub(super) fn number(n: usize) -> Item {
    Item::from(i64::try_from(n).unwrap_or(i64::MAX))
}

/// A credential descriptor (WebAuthn Level 3 §5.8.3).
pub(super) fn descriptor(id: &[u8]) -> Item {
    Item::map([entry("id", Item::from(id)), entry("type", Item::from("public-key"))])
}

/// A user without their names.
pub(super) fn user_handle(user: &User) -> Item {
    Item::map([entry("id", Item::from(user.id.as_slice()))])
}

/// A user, who has been verified: with names.
pub(super) fn user(user: &User) -> Item {
    let text = |text: &Option<String>| text.as_deref().map(Item::from);
    Item::map([
        entry("id", Item::from(user.id.as_slice())),
        entry("name", text(&user.name)),
        entry("displayName", text(&user.display_name)),
    ])
}
