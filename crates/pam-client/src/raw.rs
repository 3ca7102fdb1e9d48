//! The part of `security/pam_appl.h` that is used here.

use std::ffi::{c_char, c_int, c_void};

/// `struct pam_message`
#[repr(C)]
#[derive(Debug)]
pub struct Message {
    /// One of [`PROMPT_ECHO_OFF`], [`PROMPT_ECHO_ON`], [`ERROR_MSG`], [`TEXT_INFO`], or something that libpam has added since.
    pub style: c_int,
    /// The text, ending with a zero.
    pub text: *const c_char,
}

/// `struct pam_response`
#[repr(C)]
#[derive(Debug)]
pub struct Response {
    /// The answer, allocated by `malloc` and freed by the caller; null without one.
    pub text: *mut c_char,
    /// Always 0.
    pub code: c_int,
}

/// The function of a `struct pam_conv`.
pub type Converse = extern "C" fn(c_int, *mut *const Message, *mut *mut Response, *mut c_void) -> c_int;

/// `struct pam_conv`
#[repr(C)]
#[derive(Debug)]
pub struct Conversation {
    /// What is called with questions.
    pub converse: Converse,
    /// What it is called with besides.
    pub data: *mut c_void,
}

/// `pam_handle_t`, whose inside is libpam's own.
#[repr(C)]
#[derive(Debug)]
pub struct Handle {
    _private: [u8; 0],
}

/// `PAM_SUCCESS`
pub const SUCCESS: c_int = 0;
/// `PAM_BUF_ERR`
pub const BUF_ERR: c_int = 5;
/// `PAM_CONV_ERR`
pub const CONV_ERR: c_int = 19;

/// `PAM_PROMPT_ECHO_OFF`
pub const PROMPT_ECHO_OFF: c_int = 1;
/// `PAM_PROMPT_ECHO_ON`
pub const PROMPT_ECHO_ON: c_int = 2;
/// `PAM_ERROR_MSG`
pub const ERROR_MSG: c_int = 3;
/// `PAM_TEXT_INFO`
pub const TEXT_INFO: c_int = 4;

/// `PAM_TTY`
pub const TTY: c_int = 3;
/// `PAM_RHOST`
pub const RHOST: c_int = 4;
/// `PAM_RUSER`
pub const RUSER: c_int = 8;

/// The most messages of one call: `PAM_MAX_NUM_MSG`.
pub const MAX_MESSAGES: c_int = 32;

#[link(name = "pam")]
#[allow(unsafe_code, reason = "the declarations of a library written in C")]
unsafe extern "C" {
    /// Begins a sign-in with the machine's service files.
    pub fn pam_start(
        service: *const c_char,
        user: *const c_char,
        conversation: *const Conversation,
        handle: *mut *mut Handle,
    ) -> c_int;
    /// Begins a sign-in with the service files of `folder`; in Linux-PAM from 1.4 on.
    pub fn pam_start_confdir(
        service: *const c_char,
        user: *const c_char,
        conversation: *const Conversation,
        folder: *const c_char,
        handle: *mut *mut Handle,
    ) -> c_int;
    /// Sets an item such as [`TTY`].
    pub fn pam_set_item(handle: *mut Handle, item: c_int, value: *const c_void) -> c_int;
    /// Sets a variable of the sign-in's own environment, `NAME=VALUE`.
    pub fn pam_putenv(handle: *mut Handle, variable: *const c_char) -> c_int;
    /// The facility `auth`.
    pub fn pam_authenticate(handle: *mut Handle, flags: c_int) -> c_int;
    /// The facility `auth` again, for what signing in brings along.
    pub fn pam_setcred(handle: *mut Handle, flags: c_int) -> c_int;
    /// The facility `account`.
    pub fn pam_acct_mgmt(handle: *mut Handle, flags: c_int) -> c_int;
    /// What an answer means, in words; they stay libpam's.
    pub fn pam_strerror(handle: *mut Handle, code: c_int) -> *const c_char;
    /// Ends the sign-in.
    pub fn pam_end(handle: *mut Handle, status: c_int) -> c_int;
}
