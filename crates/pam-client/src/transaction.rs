//! One sign-in.
#![allow(unsafe_code, reason = "libpam is written in C")]

use std::ffi::{CString, NulError, c_int};
use std::fmt;
use std::marker::PhantomData;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::ptr;

use crate::code::Code;
use crate::conversation::{Conversing, Person, converse};
use crate::raw::{self, Conversation, Handle};

/// A sign-in that has begun; dropping it ends it.
///
/// Modules run in this process and can do to it what they like: change its signals, end it. Callers that depend on their process
/// give the sign-in one of its own.
pub struct Transaction<'p> {
    handle: *mut Handle,
    /// libpam's, until the handle is gone.
    conversing: *mut Conversing<'p>,
    status: Code,
    _person: PhantomData<&'p mut dyn Person>,
}

/// Why a sign-in did not begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotStarted {
    /// A name with a zero in it.
    Zero,
    /// libpam says no.
    Refused(Code),
}

impl fmt::Display for NotStarted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Zero => f.write_str("a name holds a zero byte"),
            Self::Refused(code) => code.fmt(f),
        }
    }
}

impl std::error::Error for NotStarted {}

impl From<NulError> for NotStarted {
    fn from(_: NulError) -> Self {
        Self::Zero
    }
}

impl<'p> Transaction<'p> {
    /// Begins a sign-in of `user` to `service`, by the service files of `folder`; without one, by the machine's.
    ///
    /// # Errors
    /// When libpam refuses: as a rule because it cannot read the service's file.
    pub fn start(
        service: &str,
        user: &str,
        folder: Option<&Path>,
        person: &'p mut dyn Person,
    ) -> Result<Self, NotStarted> {
        let (service, user) = (CString::new(service)?, CString::new(user)?);
        let folder = folder.map(|folder| CString::new(folder.as_os_str().as_bytes())).transpose()?;
        let conversing = Box::into_raw(Box::new(Conversing { person }));
        let conversation = Conversation { converse, data: conversing.cast() };
        let mut handle = ptr::null_mut();
        // SAFETY: libpam copies the names and the conversation; what that points to lives until `drop`.
        let code = unsafe {
            match &folder {
                None => {
                    raw::pam_start(service.as_ptr(), user.as_ptr(), &raw const conversation, &raw mut handle)
                }
                Some(folder) => raw::pam_start_confdir(
                    service.as_ptr(),
                    user.as_ptr(),
                    &raw const conversation,
                    folder.as_ptr(),
                    &raw mut handle,
                ),
            }
        };
        let started = Self { handle, conversing, status: Code(code), _person: PhantomData };
        // One that libpam refuses has no handle; what was made for it goes with `started`.
        if Code(code) == Code::SUCCESS && !handle.is_null() {
            Ok(started)
        } else {
            Err(NotStarted::Refused(Code(code)))
        }
    }

    /// Which terminal the person sits at (`PAM_TTY`).
    ///
    /// # Errors
    /// Libpam's answer where it is not success.
    pub fn set_tty(&mut self, tty: &str) -> Result<(), Code> {
        self.set_item(raw::TTY, tty)
    }

    /// Who asks for it (`PAM_RUSER`).
    ///
    /// # Errors
    /// Libpam's answer where it is not success.
    pub fn set_ruser(&mut self, user: &str) -> Result<(), Code> {
        self.set_item(raw::RUSER, user)
    }

    /// Is the person who they say they are?
    ///
    /// # Errors
    /// Libpam's answer where it is not success.
    pub fn authenticate(&mut self) -> Result<(), Code> {
        // SAFETY: the handle lives.
        self.done(unsafe { raw::pam_authenticate(self.handle, 0) })
    }

    /// May they come in?
    ///
    /// # Errors
    /// Libpam's answer where it is not success.
    pub fn check_account(&mut self) -> Result<(), Code> {
        // SAFETY: the handle lives.
        self.done(unsafe { raw::pam_acct_mgmt(self.handle, 0) })
    }

    fn set_item(&mut self, item: c_int, value: &str) -> Result<(), Code> {
        let value = CString::new(value).map_err(|_| Code(raw::BUF_ERR))?;
        // SAFETY: the handle lives; these items are texts, which libpam copies.
        self.done(unsafe { raw::pam_set_item(self.handle, item, value.as_ptr().cast()) })
    }

    fn done(&mut self, code: c_int) -> Result<(), Code> {
        self.status = Code(code);
        if self.status == Code::SUCCESS { Ok(()) } else { Err(self.status) }
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        // SAFETY: the handle is libpam's own and not used again; only the handle knew the conversation.
        unsafe {
            if !self.handle.is_null() {
                raw::pam_end(self.handle, self.status.0);
            }
            drop(Box::from_raw(self.conversing));
        }
    }
}

impl fmt::Debug for Transaction<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transaction").field("status", &self.status).finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "transaction_tests.rs"]
mod tests;
