//! Libpam's handle: items, environment, conversation, log.

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::ptr;

use ctap::Secret;
use pam::constants::{PAM_ERROR_MSG, PAM_PROMPT_ECHO_OFF, PAM_PROMPT_ECHO_ON, PAM_TEXT_INFO};
use pam::conv::Conv;
use pam::items::{AuthTok, RHost, RUser, Service, Tty, User};
use pam::module::PamHandle;

use passkey_core::escape::Escaped;

/// `PAM_USER` (`security/_pam_types.h`).
const PAM_USER: c_int = 2;
/// `PAM_AUTHTOK`.
const PAM_AUTHTOK: c_int = 6;
/// `PAM_SUCCESS`.
const PAM_SUCCESS: c_int = 0;

// What pam-bindings leaves out. All are in libpam.so.0 from 0.99 on (security/pam_modules.h, pam_ext.h).
unsafe extern "C" {
    fn pam_set_data(
        handle: *mut PamHandle,
        name: *const c_char,
        data: *mut c_void,
        cleanup: unsafe extern "C" fn(*mut PamHandle, *mut c_void, c_int),
    ) -> c_int;
    fn pam_get_data(handle: *const PamHandle, name: *const c_char, data: *mut *const c_void) -> c_int;
    fn pam_set_item(handle: *mut PamHandle, item: c_int, value: *const c_void) -> c_int;
    fn pam_getenv(handle: *mut PamHandle, name: *const c_char) -> *const c_char;
    fn pam_syslog(handle: *const PamHandle, priority: c_int, format: *const c_char, ...);
}

/// The name of what [`Pam::keep`] keeps.
const KEPT: &CStr = c"pam_passkey_kept";

/// Frees what [`Pam::keep`] has kept.
unsafe extern "C" fn free(_handle: *mut PamHandle, data: *mut c_void, _status: c_int) {
    // SAFETY: it is malloc's, by `keep`, and libpam gives it back once.
    unsafe { libc::free(data) };
}

/// One sign-in, as the application and the modules before us have described it.
pub(crate) struct Pam<'h> {
    handle: &'h mut PamHandle,
}

/// An item that is no UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotText;

/// Libpam did not take an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotSet;

/// What came of a prompt.
#[derive(Debug, PartialEq)]
pub(crate) enum Answer {
    /// Something was typed: at least one byte.
    Given(Secret),
    /// Nothing was typed.
    Empty,
    /// The application reports success without an answer: there is no person to ask.
    Missing,
    /// There is no conversation, or it failed: no person to ask, or the person gave up.
    Failed,
}

/// How serious a line of the log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Severity {
    /// An administrator must act: broken configuration, broken store.
    Error,
    /// An administrator should look: a counter that did not rise, a locked key.
    Warning,
    /// The audit line.
    Notice,
    /// Only with `debug`.
    Debug,
}

impl<'h> Pam<'h> {
    pub(crate) fn new(handle: &'h mut PamHandle) -> Self {
        Self { handle }
    }

    /// Libpam's own handle, for what else of this folder asks libpam.
    pub(super) fn raw(&self) -> *const PamHandle {
        self.handle
    }

    /// `PAM_USER`: who wants to sign in. `None` if that is not settled; never prompts for it.
    ///
    /// # Errors
    /// [`NotText`]: no user of ours.
    pub(crate) fn user(&self) -> Result<Option<String>, NotText> {
        match self.handle.get_item::<User<'_>>() {
            Ok(Some(User(user))) if !user.is_empty() => {
                user.to_str().map(|user| Some(user.to_owned())).map_err(|_| NotText)
            }
            _ => Ok(None),
        }
    }

    /// As [`user`](Self::user); where it is not settled, the application asks the person for a name, in its own words.
    ///
    /// # Errors
    /// [`NotText`]: no user of ours.
    pub(crate) fn settled_user(&mut self) -> Result<Option<String>, NotText> {
        if self.user() == Ok(None) {
            // What comes of it is in the item, in full; the call itself would make one error of all that can go wrong.
            let _ = self.handle.get_user(None);
        }
        self.user()
    }

    /// Sets the user who has signed in, if the application named none: `PAM_USER`.
    ///
    /// # Errors
    /// When libpam does not take it, for lack of memory.
    pub(crate) fn set_user(&mut self, name: &str) -> Result<(), NotSet> {
        let name = CString::new(name).map_err(|_| NotSet)?;
        // SAFETY: the handle is libpam's own; `name` ends with NUL, and libpam copies it.
        let code = unsafe { pam_set_item(self.handle, PAM_USER, name.as_ptr().cast()) };
        if code == PAM_SUCCESS { Ok(()) } else { Err(NotSet) }
    }

    /// `PAM_SERVICE`, such as `sudo`; empty if the application gives none, which libpam does not allow.
    pub(crate) fn service(&self) -> String {
        text(self.handle.get_item().ok().flatten().map(|Service(item)| item)).unwrap_or_default()
    }

    /// `PAM_TTY`.
    pub(crate) fn tty(&self) -> Option<String> {
        text(self.handle.get_item().ok().flatten().map(|Tty(item)| item))
    }

    /// `PAM_RHOST`: where the request comes from.
    pub(crate) fn rhost(&self) -> Option<String> {
        text(self.handle.get_item().ok().flatten().map(|RHost(item)| item))
    }

    /// `PAM_RUSER`: who asks, for example the caller of sudo.
    pub(crate) fn ruser(&self) -> Option<String> {
        text(self.handle.get_item().ok().flatten().map(|RUser(item)| item))
    }

    /// `PAM_AUTHTOK`: the password that a module before us has got. Never prompts.
    pub(crate) fn authtok(&self) -> Option<Secret> {
        let token = self.handle.get_item::<AuthTok<'_>>().ok().flatten()?;
        Some(Secret::new(token.as_bytes().to_vec()))
    }

    /// Hands a password on to the modules after this one: `PAM_AUTHTOK`.
    ///
    /// # Errors
    /// When it cannot be one, or libpam does not take it, for lack of memory.
    pub(crate) fn set_authtok(&mut self, password: &Secret) -> Result<(), NotSet> {
        let text = Secret::new(password.as_bytes().iter().copied().chain([0]).collect());
        let text = CStr::from_bytes_with_nul(text.as_bytes()).map_err(|_| NotSet)?;
        // SAFETY: the handle is libpam's own; `text` ends with NUL, and libpam copies it and wipes its copy.
        let code = unsafe { pam_set_item(self.handle, PAM_AUTHTOK, text.as_ptr().cast()) };
        if code == PAM_SUCCESS { Ok(()) } else { Err(NotSet) }
    }

    /// Keeps this for the next time that libpam calls the module within the same handle.
    ///
    /// # Errors
    /// When libpam does not take it, for lack of memory.
    pub(crate) fn keep(&mut self, bytes: [u8; 32]) -> Result<(), NotSet> {
        // Not the module's own allocator, whose reserve ends with the call.
        // SAFETY: it takes any size, and a pointer that is not null is to that much memory, aligned for anything.
        let data = unsafe { libc::malloc(size_of_val(&bytes)) };
        if data.is_null() {
            return Err(NotSet);
        }
        // SAFETY: as above.
        unsafe { data.cast::<[u8; 32]>().write(bytes) };
        // SAFETY: the handle is libpam's own, the name ends with NUL; the data lives until libpam gives it to `free`.
        let code = unsafe { pam_set_data(self.handle, KEPT.as_ptr(), data, free) };
        if code == PAM_SUCCESS {
            return Ok(());
        }
        // SAFETY: libpam has not taken it.
        unsafe { libc::free(data) };
        Err(NotSet)
    }

    /// What was kept.
    pub(crate) fn kept(&self) -> Option<[u8; 32]> {
        let mut data = ptr::null();
        // SAFETY: the handle is libpam's own, the name ends with NUL, and there is room for a pointer.
        let code = unsafe { pam_get_data(&raw const *self.handle, KEPT.as_ptr(), &raw mut data) };
        // SAFETY: under this name there is nothing but what `keep` has made, which libpam holds.
        (code == PAM_SUCCESS && !data.is_null()).then(|| unsafe { *data.cast::<[u8; 32]>() })
    }

    /// A variable of the PAM environment, which only the application and the modules before us can set; not of the
    /// process environment.
    pub(crate) fn variable(&mut self, name: &CStr) -> Option<String> {
        // SAFETY: the handle is libpam's own, `name` ends with NUL.
        let value = unsafe { pam_getenv(self.handle, name.as_ptr()) };
        if value.is_null() {
            return None;
        }
        // SAFETY: not null; a string within libpam's environment that lives until it is changed, so not during the
        // copying here.
        text(Some(unsafe { CStr::from_ptr(value) }))
    }

    /// Whether the application can talk to a person at all.
    pub(crate) fn can_converse(&self) -> bool {
        matches!(self.handle.get_item::<Conv<'_>>(), Ok(Some(_)))
    }

    /// Tells the person something.
    pub(crate) fn tell(&self, message: &str) {
        self.send_only(PAM_TEXT_INFO, message);
    }

    /// Tells the person what went wrong.
    pub(crate) fn complain(&self, message: &str) {
        self.send_only(PAM_ERROR_MSG, message);
    }

    /// What the application does with a message is its own affair. Some return no response array at all to a message
    /// that wants none, which pam-bindings reports as `PAM_CONV_ERR`; a host that cannot show a message will be unable to
    /// prompt as well, and is found out there.
    fn send_only(&self, style: c_int, message: &str) {
        if let Ok(Some(conversation)) = self.handle.get_item::<Conv<'_>>() {
            let _ = conversation.send(style, &Escaped::message(message).to_string());
        }
    }

    /// Asks for a secret, without echo, and waits for the answer.
    pub(crate) fn ask_secret(&self, prompt: &str) -> Answer {
        self.ask(PAM_PROMPT_ECHO_OFF, prompt)
    }

    /// Asks for what is no secret, with echo, and waits for the answer.
    pub(crate) fn ask_openly(&self, prompt: &str) -> Answer {
        self.ask(PAM_PROMPT_ECHO_ON, prompt)
    }

    fn ask(&self, style: c_int, prompt: &str) -> Answer {
        let Ok(Some(conversation)) = self.handle.get_item::<Conv<'_>>() else { return Answer::Failed };
        match conversation.send(style, &Escaped::message(prompt).to_string()) {
            Ok(Some(answer)) if answer.is_empty() => Answer::Empty,
            Ok(Some(answer)) => Answer::Given(Secret::new(answer.as_bytes().to_vec())),
            Ok(None) => Answer::Missing,
            Err(_) => Answer::Failed,
        }
    }

    /// Writes one line to the system log, after libpam's own `pam_passkey(service:auth):`. Control characters arrive
    /// escaped, so that another line cannot be forged.
    pub(crate) fn log(&self, severity: Severity, line: &str) {
        let priority = match severity {
            Severity::Error => libc::LOG_ERR,
            Severity::Warning => libc::LOG_WARNING,
            Severity::Notice => libc::LOG_NOTICE,
            Severity::Debug => libc::LOG_DEBUG,
        };
        let Ok(line) = CString::new(Escaped::line(line).to_string()) else { return };
        // SAFETY: the handle is libpam's own; the format takes one string, and is given one that ends with NUL.
        unsafe { pam_syslog(self.handle, priority, c"%s".as_ptr(), line.as_ptr()) }
    }
}

/// An item as text; what is no UTF-8 in it is replaced. Empty counts as unset.
fn text(item: Option<&CStr>) -> Option<String> {
    item.filter(|item| !item.is_empty()).map(|item| item.to_string_lossy().into_owned())
}

#[cfg(test)]
#[path = "handle_tests.rs"]
pub(crate) mod tests;
