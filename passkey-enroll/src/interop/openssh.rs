//! OpenSSH's keys on security keys, `ecdsa-sk` and `ed25519-sk`: private key files (PROTOCOL.key, PROTOCOL.u2f), which name the
//! passkey and hold no secret, and lines of public key files and of `authorized_keys`, which do not name it.

use ctap::cose::PublicKey;
use passkey_core::credential::{CredentialId, ImportedOptions, check_name, is_rp_id};
use ssh_key::private::KeypairData;
use ssh_key::public::KeyData;
use ssh_key::{Algorithm, PrivateKey};
use zeroize::Zeroizing;

use super::{Damage, Entry, ForeignPasskey, Id, MAX_ENTRIES, RpId, public_key, text};
use crate::util::encoding;

/// What an armoured block begins and ends with: the label stands between the two dashes.
const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
const DASHES: &[u8] = b"-----";
/// The label of OpenSSH's private keys.
const PRIVATE_KEY: &[u8] = b"OPENSSH PRIVATE KEY";
/// RFC 4716 has four dashes and a space.
const RFC4716_BEGIN: &[u8] = b"---- BEGIN SSH2 PUBLIC KEY ----";
const RFC4716_END: &[u8] = b"---- END SSH2 PUBLIC KEY ----";
/// What a private key of `PuTTY` begins with, and how its last line begins.
const PUTTY_BEGIN: &[u8] = b"PuTTY-User-Key-File-";
const PUTTY_END: &[u8] = b"Private-MAC:";
/// Options of a line of `authorized_keys` (sshd(8)) that say what the security key is asked for.
const NO_TOUCH_REQUIRED: &str = "no-touch-required";
const VERIFY_REQUIRED: &str = "verify-required";

/// Flags of a key (PROTOCOL.u2f, "private key format").
mod flag {
    pub(super) const USER_PRESENCE: u8 = 0x01;
    pub(super) const USER_VERIFICATION: u8 = 0x04;
    pub(super) const RESIDENT: u8 = 0x20;
}

/// Whether the file is a private key of OpenSSH's.
pub(super) fn is_private_key(bytes: &[u8]) -> bool {
    super::lines(bytes).any(|(_, line)| label(line) == Some(PRIVATE_KEY))
}

/// The entries of a file: one for each key.
pub fn parse(bytes: &[u8]) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut lines = super::lines(bytes);
    while let Some((number, line)) = lines.next().filter(|_| entries.len() < MAX_ENTRIES) {
        let passkey = if line.is_empty() || line.starts_with(b"#") {
            continue;
        } else if let Some(label) = label(line) {
            let body = collect_until(&mut lines, END);
            if label == PRIVATE_KEY {
                body.ok_or(Damage::CutShort).and_then(|body| parse_private(&Zeroizing::new(body.concat())))
            } else {
                Err(other_block(label))
            }
        } else if line.starts_with(RFC4716_BEGIN) {
            collect_until(&mut lines, RFC4716_END);
            Err(Damage::Rfc4716)
        } else if line.starts_with(PUTTY_BEGIN) {
            collect_until(&mut lines, PUTTY_END);
            Err(Damage::PuttyKey)
        } else {
            text(line).and_then(parse_public)
        };
        entries.push(Entry { line: number, user: None, passkey });
    }
    entries
}

/// The label of the armoured block that begins in this line.
fn label(line: &[u8]) -> Option<&[u8]> {
    line.strip_prefix(BEGIN)?.strip_suffix(DASHES)
}

/// What an armoured block is that is no private key of OpenSSH's.
fn other_block(label: &[u8]) -> Damage {
    match label {
        b"SSH SIGNATURE" => Damage::SshSignature,
        b"PUBLIC KEY" | b"RSA PUBLIC KEY" => Damage::PemPublicKey,
        b"X509 CERTIFICATE" | b"TRUSTED CERTIFICATE" => Damage::Certificate,
        label if label.starts_with(b"CERTIFICATE") => Damage::Certificate,
        label if label.starts_with(b"PGP ") => Damage::OpenPgp,
        label if label.ends_with(b"PRIVATE KEY") => Damage::OrdinaryKey,
        _ => Damage::OtherBlock,
    }
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
    let file = Zeroizing::new(encoding::base64(armoured).ok_or(Damage::PrivateKey)?);
    let key = PrivateKey::from_bytes(&file).map_err(|error| private_damage(&error))?;
    // The public half tells what kind of key it is, even of one with a passphrase.
    let (public_key, application) = sk_key(key.public_key().key_data())?;
    let (flags, id) = match key.key_data() {
        KeypairData::SkEcdsaSha2NistP256(key) => (key.flags(), key.key_handle()),
        KeypairData::SkEd25519(key) => (key.flags(), key.key_handle()),
        KeypairData::Encrypted(_) => return Err(Damage::Encrypted),
        _ => return Err(Damage::OrdinaryKey),
    };
    let id = CredentialId::new(id.to_vec()).ok_or(Damage::CredentialId)?;
    let verified = flags & flag::USER_VERIFICATION != 0;
    Ok(ForeignPasskey {
        discoverable: flags & flag::RESIDENT != 0,
        options: Some(ImportedOptions {
            presence: flags & flag::USER_PRESENCE != 0,
            verification: false,
            pin: verified,
        }),
        // ssh-keygen makes keys with `verify-required` so that they answer only then.
        hides: verified,
        name: key.comment().as_str().ok().and_then(name),
        ..ForeignPasskey::new(Id::Known(id), public_key, RpId::Stated(application))
    })
}

fn private_damage(error: &ssh_key::Error) -> Damage {
    match error {
        ssh_key::Error::AlgorithmUnknown | ssh_key::Error::AlgorithmUnsupported { .. } => Damage::OrdinaryKey,
        _ => Damage::PrivateKey,
    }
}

/// A line of a public key file or of `authorized_keys`: options, the type, the key, a comment.
fn parse_public(line: &str) -> Result<ForeignPasskey, Damage> {
    let mut rest = line;
    let mut options = Vec::new();
    let kind = loop {
        let (word, behind) = next_word(rest).ok_or(Damage::NotAnEntry)?;
        rest = behind;
        if is_key_type(word) {
            break word;
        }
        options.extend(split_unquoted(word, ','));
    };
    let has_option = |name: &str| options.iter().any(|option| option.eq_ignore_ascii_case(name));
    if kind.contains("-cert-") {
        return Err(Damage::SshCertificate);
    }
    let algorithm = Algorithm::new(kind).map_err(|_| Damage::OrdinaryKey)?;
    if !matches!(algorithm, Algorithm::SkEcdsaSha2NistP256 | Algorithm::SkEd25519) {
        return Err(Damage::OrdinaryKey);
    }
    let (blob, comment) = next_word(rest).ok_or(Damage::PublicKey)?;
    let blob = encoding::base64(blob).ok_or(Damage::PublicKey)?;
    let key = ssh_key::PublicKey::from_bytes(&blob).map_err(|_| Damage::PublicKey)?;
    if key.algorithm() != algorithm {
        return Err(Damage::PublicKey);
    }
    let (public_key, application) = sk_key(key.key_data())?;
    Ok(ForeignPasskey {
        options: Some(ImportedOptions {
            presence: !has_option(NO_TOUCH_REQUIRED),
            verification: false,
            pin: has_option(VERIFY_REQUIRED),
        }),
        name: name(comment.trim()),
        ..ForeignPasskey::new(Id::InPrivateFile, public_key, RpId::Stated(application))
    })
}

/// Whether a word is the type of an SSH key, rather than an option before it.
fn is_key_type(word: &str) -> bool {
    ["sk-", "ssh-", "ecdsa-", "webauthn-"].iter().any(|kind| word.starts_with(kind))
        && !word.contains(['"', '='])
}

/// The next word and what is behind it. Space in double quotes is part of a word, as in `command="a b"`.
fn next_word(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start();
    let word = split_unquoted(text, ' ').next().filter(|word| !word.is_empty())?;
    Some((word, text.get(word.len()..).unwrap_or_default()))
}

/// Splits at `separator` (a space stands for tabs too), but not within double quotes, in which `\"` is a quote.
fn split_unquoted(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(move |c: char| {
        let splits = !quoted && (c == separator || (separator == ' ' && c == '\t'));
        if c == '"' && !escaped {
            quoted = !quoted;
        }
        escaped = c == '\\' && !escaped;
        splits
    })
}

/// The key and the application that it is for; only of keys on security keys.
fn sk_key(key: &KeyData) -> Result<(PublicKey, String), Damage> {
    let (key, application) = match key {
        KeyData::SkEcdsaSha2NistP256(key) => {
            (public_key::from_point(key.ec_point().as_bytes())?, key.application())
        }
        KeyData::SkEd25519(key) => (public_key::from_ed25519(key.public_key().as_ref())?, key.application()),
        _ => return Err(Damage::OrdinaryKey),
    };
    if is_rp_id(application) { Ok((key, application.to_owned())) } else { Err(Damage::Application) }
}

/// A comment, if it can be the name of a passkey.
fn name(comment: &str) -> Option<String> {
    check_name(comment).is_ok().then(|| comment.to_owned())
}

#[cfg(test)]
#[path = "openssh_tests.rs"]
mod tests;
