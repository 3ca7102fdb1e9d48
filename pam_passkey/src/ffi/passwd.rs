//! The user database.

use std::ffi::{CStr, CString, OsStr};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::ptr;

use ctap::Secret;

use passkey_core::account::{Account, PasswdEntry, UserDatabase};

/// The buffer that a database entry may fill, in bytes: nothing honest comes near.
const MAX_ENTRY_LEN: usize = 1 << 20;

/// All the databases that `/etc/nsswitch.conf` names, as libc reads them.
#[derive(Debug)]
pub(crate) struct SystemUsers;

impl UserDatabase for SystemUsers {
    fn by_name(&self, name: &str) -> io::Result<Option<Account>> {
        // No database holds a name with a NUL in it.
        CString::new(name).map_or(Ok(None), |name| look_up(&Key::Name(&name)))
    }

    fn by_uid(&self, uid: u32) -> io::Result<Option<Account>> {
        look_up(&Key::Uid(uid))
    }

    fn password_field(&self, account: &Account) -> io::Result<Option<Secret>> {
        let field = nss::password_field(&account.name)?;
        Ok(field.map(|field| Secret::new(field.to_vec())))
    }
}

/// What an entry is looked up by.
enum Key<'a> {
    Name(&'a CStr),
    Uid(libc::uid_t),
}

fn look_up(key: &Key<'_>) -> io::Result<Option<Account>> {
    let mut buffer: Vec<u8> = vec![0; 1024];
    loop {
        let mut entry = std::mem::MaybeUninit::<libc::passwd>::uninit();
        let mut found: *mut libc::passwd = ptr::null_mut();
        let text = buffer.as_mut_ptr().cast();
        let error = match key {
            // SAFETY: `name` ends with NUL; `entry`, `text` with the buffer's length, and `found` are valid for writing and
            // outlive the call. What the entry points to lies in `buffer`.
            Key::Name(name) => unsafe {
                libc::getpwnam_r(name.as_ptr(), entry.as_mut_ptr(), text, buffer.len(), &raw mut found)
            },
            // SAFETY: as above, without a name.
            Key::Uid(uid) => unsafe {
                libc::getpwuid_r(*uid, entry.as_mut_ptr(), text, buffer.len(), &raw mut found)
            },
        };
        match error {
            0 if found.is_null() => return Ok(None),
            0 => {
                // SAFETY: on success with a result, the call has filled all of `entry`.
                let entry = unsafe { entry.assume_init_ref() };
                if entry.pw_name.is_null() || entry.pw_dir.is_null() {
                    return Err(io::ErrorKind::InvalidData.into());
                }
                // SAFETY: neither is null, and the call has put strings that end with NUL into `buffer`, which lives on.
                let (name, home) = unsafe { (CStr::from_ptr(entry.pw_name), CStr::from_ptr(entry.pw_dir)) };
                let name = name.to_str().map_err(|_| io::ErrorKind::InvalidData)?;
                return Ok(Some(Account::from_entry(PasswdEntry {
                    // The entry's own name: a database that ignores case, or takes a domain with it, finds one account by many.
                    name: name.to_owned(),
                    uid: entry.pw_uid,
                    gid: entry.pw_gid,
                    home: PathBuf::from(OsStr::from_bytes(home.to_bytes())),
                })));
            }
            // getpwnam_r(3): these say "not found" as well.
            libc::ENOENT | libc::ESRCH => return Ok(None),
            libc::EINTR => {}
            libc::ERANGE if buffer.len() < MAX_ENTRY_LEN => {
                let longer = buffer.len().saturating_mul(4);
                buffer.resize(longer, 0);
            }
            error => return Err(io::Error::from_raw_os_error(error)),
        }
    }
}

#[cfg(test)]
#[path = "passwd_tests.rs"]
mod tests;
