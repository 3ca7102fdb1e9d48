//! What requests and replies have in common: credential descriptors, users, options (WebAuthn Level 3 §5.4 and §5.8).

use crate::cbor::{Item, Key, Malformed, Reader, entry};

/// The only type of credential there is.
pub(crate) const PUBLIC_KEY: &str = "public-key";
const MAX_CREDENTIAL_ID_LEN: usize = 1023;
const MAX_USER_HANDLE_LEN: usize = 64;
/// Authenticators cut names to 64 bytes or more; what is far beyond that is no name.
const MAX_NAME_LEN: usize = 1024;

/// The user that a discoverable credential belongs to, as the authenticator remembers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The user handle, at most 64 bytes.
    pub id: Vec<u8>,
    /// The account's name. Only after user verification.
    pub name: Option<String>,
    /// The person's name. Only after user verification.
    pub display_name: Option<String>,
}

impl User {
    /// `None` for a user without id. It says nothing, and it is not needed where the credential itself was asked for.
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Option<Self>, Malformed> {
        let (mut id, mut name, mut display_name) = (None, None, None);
        reader.map(|key, value| {
            match key {
                Key::Text("id") => id = Some(value.bytes_up_to(MAX_USER_HANDLE_LEN)?.to_vec()),
                Key::Text("name") => name = name_of(value)?,
                Key::Text("displayName") => display_name = name_of(value)?,
                _ => value.skip()?,
            }
            Ok(())
        })?;
        Ok(id.map(|id| Self { id, name, display_name }))
    }
}

/// A name as far as it is one: authenticators may cut names in the middle of a character (WebAuthn Level 3 §6.4.1), and some
/// give null for a name that they do not have.
fn name_of(reader: &mut Reader<'_>) -> Result<Option<String>, Malformed> {
    if !reader.at_text() {
        return reader.skip().map(|()| None);
    }
    let bytes = reader.text_bytes()?;
    if bytes.len() > MAX_NAME_LEN {
        return Err(Malformed::TooLong);
    }
    Ok(Some(String::from_utf8_lossy(bytes).into_owned()))
}

/// A list of credentials; an empty one is left out.
pub(crate) fn descriptors(ids: &[&[u8]]) -> Option<Item> {
    let descriptor =
        |id: &&[u8]| Item::map([entry("id", Item::from(*id)), entry("type", Item::from(PUBLIC_KEY))]);
    (!ids.is_empty()).then(|| Item::array(ids.iter().map(descriptor)))
}

/// The credential id of a descriptor.
pub(crate) fn descriptor_id<'b>(reader: &mut Reader<'b>) -> Result<&'b [u8], Malformed> {
    let mut id = None;
    reader.map(|key, value| {
        match key {
            Key::Text("id") => id = Some(value.bytes_up_to(MAX_CREDENTIAL_ID_LEN)?),
            Key::Text("type") if value.text()? != PUBLIC_KEY => return Err(Malformed::Invalid),
            Key::Text("type") => {}
            _ => value.skip()?,
        }
        Ok(())
    })?;
    id.ok_or(Malformed::Missing)
}

/// The options that differ from their defaults; none of them: left out.
pub(crate) fn options<const N: usize>(members: [Option<(Item, Item)>; N]) -> Option<Item> {
    members.iter().any(Option::is_some).then(|| Item::map(members))
}
