//! OpenSSH's keys on security keys, `ecdsa-sk` and `ed25519-sk`: private key files (PROTOCOL.key, PROTOCOL.u2f), which name the
//! passkey and hold no secret, and lines of public key files, which do not name it.

use base64ct::{Base64, Encoding as _};
use ctap::cose::PublicKey;
use passkey_core::credential::{CredentialId, UvCapability, check_name, is_rp_id};
use ssh_encoding::Decode as _;
use zeroize::Zeroizing;

use super::{Damage, Entry, ForeignPasskey, Id, MAX_ENTRIES, RpId, encoding, public_key, text};

const BEGIN: &[u8] = b"-----BEGIN OPENSSH PRIVATE KEY-----";
const END: &[u8] = b"-----END OPENSSH PRIVATE KEY-----";
/// What armoured keys of any kind begin and end with.
const ANY_BEGIN: &[u8] = b"-----BEGIN ";
const ANY_END: &[u8] = b"-----END ";
/// What an unarmoured private key file begins with.
const MAGIC: &[u8] = b"openssh-key-v1\0";
/// Key types.
const ECDSA_SK: &str = "sk-ecdsa-sha2-nistp256@openssh.com";
const ED25519_SK: &str = "sk-ssh-ed25519@openssh.com";
const CURVE: &str = "nistp256";
/// Cipher of a key without passphrase.
const NO_CIPHER: &str = "none";

/// Flags of a key (PROTOCOL.u2f, "private key format").
mod flag {
    pub(super) const USER_PRESENCE: u8 = 0x01;
    pub(super) const USER_VERIFICATION: u8 = 0x04;
    pub(super) const RESIDENT: u8 = 0x20;
}

/// Whether the file is a private key of OpenSSH's.
pub(super) fn is_private_key(bytes: &[u8]) -> bool {
    super::lines(bytes).any(|(_, line)| line == BEGIN)
}

/// The entries of a file: one for each key.
pub fn parse(bytes: &[u8]) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut lines = super::lines(bytes);
    while let Some((number, line)) = lines.next().filter(|_| entries.len() < MAX_ENTRIES) {
        let passkey = if line.is_empty() || line.starts_with(b"#") {
            continue;
        } else if line == BEGIN {
            let body: Option<Vec<&[u8]>> = collect_until(&mut lines, END);
            body.ok_or(Damage::CutShort).and_then(|body| parse_private(&Zeroizing::new(body.concat())))
        } else if line.starts_with(ANY_BEGIN) {
            collect_until(&mut lines, ANY_END);
            Err(Damage::OrdinaryKey)
        } else {
            text(line).and_then(parse_public)
        };
        entries.push(Entry { line: number, user: None, passkey });
    }
    entries
}

/// The lines up to the one that begins with `end`; `None` where there is no such line.
fn collect_until<'b>(
    lines: &mut impl Iterator<Item = (usize, &'b [u8])>,
    end: &[u8],
) -> Option<Vec<&'b [u8]>> {
    let mut body = Vec::new();
    loop {
        let (_, line) = lines.next()?;
        if line.starts_with(end) {
            return Some(body);
        }
        body.push(line);
    }
}

/// A private key file without its armour.
fn parse_private(armoured: &[u8]) -> Result<ForeignPasskey, Damage> {
    let armoured = std::str::from_utf8(armoured).map_err(|_| Damage::PrivateKey)?;
    let file = Zeroizing::new(Base64::decode_vec(armoured).map_err(|_| Damage::PrivateKey)?);
    let mut reader = file.strip_prefix(MAGIC).ok_or(Damage::PrivateKey)?;
    let reader = &mut reader;
    let cipher = string(reader).ok_or(Damage::PrivateKey)?;
    let _kdf = string(reader).ok_or(Damage::PrivateKey)?;
    let _kdf_options = bytes(reader).ok_or(Damage::PrivateKey)?;
    if u32::decode(reader) != Ok(1) {
        return Err(Damage::PrivateKey);
    }
    // First what kind of key it is: nothing secret of an ordinary one is touched.
    let public = bytes(reader).ok_or(Damage::PrivateKey)?;
    let (public_key, application) = read_public(&mut public.as_slice())?;
    if cipher != NO_CIPHER {
        return Err(Damage::Encrypted);
    }
    let private = bytes(reader).ok_or(Damage::PrivateKey)?;
    if !reader.is_empty() {
        return Err(Damage::PrivateKey);
    }
    let passkey = read_private(&private)?;
    // The two halves speak of the same key.
    if passkey.public_key != public_key || passkey.rp_id != RpId::Stated(application) {
        return Err(Damage::PrivateKey);
    }
    Ok(passkey)
}

/// The private section: the key, its application, flags and key handle, a comment, and padding.
fn read_private(mut section: &[u8]) -> Result<ForeignPasskey, Damage> {
    let reader = &mut section;
    let check = u32::decode(reader);
    if check.is_err() || u32::decode(reader) != check {
        return Err(Damage::PrivateKey);
    }
    let (public_key, application) = read_public(reader)?;
    let flags = u8::decode(reader).map_err(|_| Damage::PrivateKey)?;
    let id = CredentialId::new(bytes(reader).ok_or(Damage::PrivateKey)?).ok_or(Damage::CredentialId)?;
    let _reserved = bytes(reader).ok_or(Damage::PrivateKey)?;
    let comment = bytes(reader).ok_or(Damage::PrivateKey)?;
    // 1, 2, 3 … up to a full block.
    if reader.len() >= 256 || !(1..=u8::MAX).zip(reader.iter()).all(|(number, byte)| number == *byte) {
        return Err(Damage::PrivateKey);
    }
    if !is_rp_id(&application) {
        return Err(Damage::Application);
    }
    let verified = flags & flag::USER_VERIFICATION != 0;
    Ok(ForeignPasskey {
        discoverable: flags & flag::RESIDENT != 0,
        presence: flags & flag::USER_PRESENCE != 0,
        verification: if verified { UvCapability::Pin } else { UvCapability::None },
        // ssh-keygen makes keys with `verify-required` so that they answer only then.
        hides: verified,
        name: String::from_utf8(comment).ok().filter(|name| check_name(name).is_ok()),
        ..ForeignPasskey::new(Id::Known(id), public_key, RpId::Stated(application))
    })
}

/// A line of a public key file or of `authorized_keys`.
fn parse_public(line: &str) -> Result<ForeignPasskey, Damage> {
    let mut words = line.split_ascii_whitespace();
    let is_type = |word: &&str| ["sk-", "ssh-", "ecdsa-"].iter().any(|kind| word.starts_with(kind));
    let kind = words.find(is_type).ok_or(Damage::NotAnEntry)?;
    if kind != ECDSA_SK && kind != ED25519_SK {
        return Err(Damage::OrdinaryKey);
    }
    let blob = words.next().and_then(encoding::base64).ok_or(Damage::PublicKey)?;
    let mut reader = blob.as_slice();
    let (public_key, application) = read_public(&mut reader)?;
    if !reader.is_empty() {
        return Err(Damage::PublicKey);
    }
    if !is_rp_id(&application) {
        return Err(Damage::Application);
    }
    let name = words.collect::<Vec<_>>().join(" ");
    Ok(ForeignPasskey {
        name: Some(name).filter(|name| check_name(name).is_ok()),
        ..ForeignPasskey::new(Id::InPrivateFile, public_key, RpId::Stated(application))
    })
}

/// A public key and the application it is for, as both halves begin.
fn read_public(reader: &mut &[u8]) -> Result<(PublicKey, String), Damage> {
    let mut field = || bytes(reader).ok_or(Damage::PublicKey);
    let kind = field()?;
    let key = if kind == ECDSA_SK.as_bytes() {
        if field()? != CURVE.as_bytes() {
            return Err(Damage::PublicKey);
        }
        public_key::from_point(&field()?)?
    } else if kind == ED25519_SK.as_bytes() {
        public_key::from_ed25519(&field()?)?
    } else {
        return Err(Damage::OrdinaryKey);
    };
    Ok((key, String::from_utf8(field()?).map_err(|_| Damage::Application)?))
}

/// A string of bytes (RFC 4251 section 5).
fn bytes(reader: &mut &[u8]) -> Option<Vec<u8>> {
    Vec::decode(reader).ok()
}

/// A string of text.
fn string(reader: &mut &[u8]) -> Option<String> {
    String::decode(reader).ok()
}

#[cfg(test)]
#[path = "openssh_tests.rs"]
mod tests;
