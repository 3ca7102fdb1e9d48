//! The user database.

use std::ffi::{CStr, CString, OsStr};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::ptr;

use passkey_core::store::Account;

/// The buffer that a database entry may fill, in bytes: nothing honest comes near.
const MAX_ENTRY_LEN: usize = 1 << 20;

/// Why there is no account.
#[derive(Debug)]
pub(crate) enum LookupError {
    /// No database knows the name.
    Unknown,
    /// A database could not be asked, or its answer makes no sense.
    Failed(io::Error),
}

/// Looks a user up by name, in all the databases that `/etc/nsswitch.conf` names.
pub(crate) fn lookup(name: &str) -> Result<Account, LookupError> {
    // No database holds a name with a NUL in it.
    let c_name = CString::new(name).map_err(|_| LookupError::Unknown)?;
    let mut buffer: Vec<u8> = vec![0; 1024];
    loop {
        let mut entry = std::mem::MaybeUninit::<libc::passwd>::uninit();
        let mut found: *mut libc::passwd = ptr::null_mut();
        // SAFETY: `c_name` ends with NUL; `entry`, `buffer` with its length, and `found` are valid for writing and
        // outlive the call. What the entry points to lies in `buffer`.
        let error = unsafe {
            libc::getpwnam_r(
                c_name.as_ptr(),
                entry.as_mut_ptr(),
                buffer.as_mut_ptr().cast(),
                buffer.len(),
                &raw mut found,
            )
        };
        match error {
            0 if found.is_null() => return Err(LookupError::Unknown),
            0 => {
                // SAFETY: on success with a result, getpwnam_r has filled all of `entry`.
                let entry = unsafe { entry.assume_init_ref() };
                if entry.pw_dir.is_null() {
                    return Err(LookupError::Failed(io::ErrorKind::InvalidData.into()));
                }
                // SAFETY: not null, and getpwnam_r has put a string that ends with NUL into `buffer`, which lives on.
                let home = unsafe { CStr::from_ptr(entry.pw_dir) };
                return Ok(Account {
                    // The caller's name, not the entry's: the two differ in directories that ignore case, and what
                    // the rest of the stack decides on is the caller's.
                    name: name.to_owned(),
                    uid: entry.pw_uid,
                    gid: entry.pw_gid,
                    home: PathBuf::from(OsStr::from_bytes(home.to_bytes())),
                });
            }
            // getpwnam_r(3): these say "not found" as well.
            libc::ENOENT | libc::ESRCH => return Err(LookupError::Unknown),
            libc::EINTR => {}
            libc::ERANGE if buffer.len() < MAX_ENTRY_LEN => {
                let longer = buffer.len().saturating_mul(4);
                buffer.resize(longer, 0);
            }
            error => return Err(LookupError::Failed(io::Error::from_raw_os_error(error))),
        }
    }
}

#[cfg(test)]
#[path = "passwd_tests.rs"]
mod tests;
