//! getspnam(3).
#![allow(unsafe_code, reason = "a function of libc that fills a structure")]

use std::ffi::{CStr, CString, c_char, c_int};
use std::io;
use std::mem::MaybeUninit;
use std::ptr;

use zeroize::Zeroizing;

/// The longest entry that is taken, in bytes.
const MAX_LEN: usize = 1 << 20;
/// The first try's room for an entry.
const USUAL_LEN: usize = 4096;

/// Whether a password signs an account in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Password {
    /// One could: there is a hash, or none is needed.
    Usable,
    /// None could: the field begins with `!` or `*`, which no hash does.
    Locked,
    /// The shadow database has no entry for the account. Its password, if any, is checked elsewhere, as by SSSD.
    Elsewhere,
}

impl Password {
    /// By the password field of shadow(5).
    fn of_field(field: &[u8]) -> Self {
        if field.starts_with(b"!") || field.starts_with(b"*") { Self::Locked } else { Self::Usable }
    }
}

/// Looks the account of this name up in the shadow database, as `pam_unix` does. The hash does not leave this function.
///
/// # Errors
/// When the database cannot be asked; as a rule because the caller is not root.
pub fn password(name: &str) -> io::Result<Password> {
    Ok(password_field(name)?.map_or(Password::Elsewhere, |field| Password::of_field(&field)))
}

/// The password field of shadow(5) for the account of this name; `None` where the shadow database has no entry for it.
///
/// # Errors
/// As for [`password`].
pub fn password_field(name: &str) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    let Ok(name) = CString::new(name) else { return Ok(None) };
    let mut len = USUAL_LEN;
    loop {
        let mut room = Zeroizing::new(vec![0_u8; len]);
        let mut entry = MaybeUninit::<libc::spwd>::uninit();
        let mut found: *mut libc::spwd = ptr::null_mut();
        // SAFETY: all pointers are to what lives until after the call, and `room` is as long as it says.
        let code: c_int = unsafe {
            libc::getspnam_r(
                name.as_ptr(),
                entry.as_mut_ptr(),
                room.as_mut_ptr().cast::<c_char>(),
                room.len(),
                &raw mut found,
            )
        };
        match code {
            0 if found.is_null() => return Ok(None),
            0 => {
                // SAFETY: on success `found` is `entry`, filled; its field is null or a text in `room`, which still lives.
                let field = unsafe {
                    let field = (*found).sp_pwdp;
                    if field.is_null() { c"*" } else { CStr::from_ptr(field) }
                };
                return Ok(Some(Zeroizing::new(field.to_bytes().to_vec())));
            }
            libc::ERANGE if len < MAX_LEN => len = len.saturating_mul(4),
            libc::ENOENT | libc::ESRCH => return Ok(None),
            error => return Err(io::Error::from_raw_os_error(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_that_is_no_hash_is_locked() {
        for (field, expected) in [
            (&b"$y$j9T$x"[..], Password::Usable),
            // No password is asked for.
            (b"", Password::Usable),
            (b"!", Password::Locked),
            (b"!!", Password::Locked),
            (b"*", Password::Locked),
            (b"!$6$x$y", Password::Locked),
        ] {
            assert_eq!(Password::of_field(field), expected, "{}", String::from_utf8_lossy(field));
        }
    }

    #[test]
    fn only_root_is_told() {
        assert_eq!(password("no\0such").unwrap(), Password::Elsewhere);
        // SAFETY: it takes no arguments and cannot fail.
        if unsafe { libc::geteuid() } == 0 {
            assert_eq!(password("nobody-of-this-name").unwrap(), Password::Elsewhere);
            let shadow = std::fs::read_to_string("/etc/shadow").unwrap();
            for line in shadow.lines() {
                let mut fields = line.split(':');
                let (name, field) = (fields.next().unwrap(), fields.next().unwrap());
                assert_eq!(password(name).unwrap(), Password::of_field(field.as_bytes()), "{name}");
            }
        } else {
            assert_eq!(password("root").unwrap_err().kind(), io::ErrorKind::PermissionDenied);
        }
    }
}
