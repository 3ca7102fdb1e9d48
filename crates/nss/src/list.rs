//! getpwent(3).
#![allow(unsafe_code, reason = "the functions of libc that list the user database")]

use std::ffi::{CStr, OsStr, c_char};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// An entry of the user database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The login name.
    pub name: String,
    /// The user id.
    pub uid: u32,
    /// The primary group.
    pub gid: u32,
    /// The home directory.
    pub home: PathBuf,
    /// The login shell.
    pub shell: PathBuf,
}

/// libc has one position in the list for the whole process.
static POSITION: Mutex<()> = Mutex::new(());

/// Lists the user database, up to `max` entries, in the order of its sources: a name that several sources know comes several times.
/// `visit` must not call this function in turn. Entries whose name is not UTF-8 are left out: they are not accounts that a PAM
/// module of this workspace can sign in.
///
/// # Errors
/// When the list is not complete. A source that does not list its accounts is no error to libc, and goes unnoticed.
pub fn entries(max: usize, mut visit: impl FnMut(Entry)) -> io::Result<()> {
    let position = POSITION.lock().unwrap_or_else(PoisonError::into_inner);
    // SAFETY: it takes no arguments; the lock keeps the other callers of this crate away until `endpwent`.
    unsafe { libc::setpwent() };
    let mut visited = 0_usize;
    let result = loop {
        match next_entry() {
            Ok(None) => break Ok(()),
            Ok(Some(_)) if visited >= max => break Err(io::ErrorKind::FileTooLarge.into()),
            Ok(Some(entry)) => visit(entry),
            Err(error) => break Err(error),
        }
        visited = visited.saturating_add(1);
    };
    // SAFETY: as `setpwent`.
    unsafe { libc::endpwent() };
    drop(position);
    result
}

/// The next entry whose name is UTF-8. To be called with the lock held.
fn next_entry() -> io::Result<Option<Entry>> {
    loop {
        clear_errno();
        // SAFETY: what it returns is read here, before the next call, which alone may change it.
        let entry = unsafe { libc::getpwent().as_ref() };
        let Some(entry) = entry else {
            let error = io::Error::last_os_error();
            // Sources differ in how they report the end.
            let is_end = matches!(error.raw_os_error(), None | Some(0 | libc::ENOENT));
            return if is_end { Ok(None) } else { Err(error) };
        };
        // SAFETY: the fields are null or texts that end with a zero, and stay until the next call.
        let (name, home, shell) =
            unsafe { (bytes(entry.pw_name), bytes(entry.pw_dir), bytes(entry.pw_shell)) };
        let path = |bytes| PathBuf::from(OsStr::from_bytes(bytes));
        if let Ok(name) = std::str::from_utf8(name) {
            return Ok(Some(Entry {
                name: name.to_owned(),
                uid: entry.pw_uid,
                gid: entry.pw_gid,
                home: path(home),
                shell: path(shell),
            }));
        }
    }
}

/// The bytes of a text of C, without its zero; none for null.
///
/// # Safety
/// `text` is null or ends with a zero, and stays for `'t`.
unsafe fn bytes<'t>(text: *const c_char) -> &'t [u8] {
    if text.is_null() {
        return &[];
    }
    // SAFETY: the caller's promise.
    unsafe { CStr::from_ptr(text) }.to_bytes()
}

/// getpwent(3) tells an error from the end of the list by `errno` alone.
fn clear_errno() {
    // SAFETY: the address is this thread's own `errno`.
    unsafe { *libc::__errno_location() = 0 };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list() -> Vec<Entry> {
        let mut list = Vec::new();
        entries(100_000, |entry| list.push(entry)).unwrap();
        list
    }

    #[test]
    fn every_local_account_is_listed_and_every_time_anew() {
        let listed = list();
        let root = listed.iter().find(|entry| entry.name == "root").unwrap();
        assert_eq!((root.uid, root.gid, root.home.as_path()), (0, 0, std::path::Path::new("/root")));
        assert!(root.shell.is_absolute());
        let passwd = std::fs::read_to_string("/etc/passwd").unwrap();
        for name in passwd.lines().filter_map(|line| line.split(':').next()) {
            assert!(listed.iter().any(|entry| entry.name == name), "{name}");
        }
        // From several threads at once, and from the beginning.
        let threads: Vec<_> = (0..4).map(|_| std::thread::spawn(list)).collect();
        for thread in threads {
            assert_eq!(thread.join().unwrap(), listed);
        }
        let mut first = Vec::new();
        let error = entries(1, |entry| first.push(entry)).unwrap_err();
        assert_eq!((first.as_slice(), error.kind()), (&listed[..1], io::ErrorKind::FileTooLarge));
    }
}
