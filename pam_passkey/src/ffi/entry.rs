//! The six `pam_sm_*` entry points.
//!
//! Not those of pam-bindings: its `pam_hooks!` makes a list of the arguments first, and memory may be what is lacking.
#![allow(unreachable_pub, reason = "libpam looks for these names in the library")]

use std::ffi::{CStr, c_char, c_int};

use pam::constants::{PamFlag, PamResultCode};
use pam::module::PamHandle;
use passkey_core::memory::NoMemory;

use super::cancel::CancelHeld;
use super::guard;
use super::handle::{Pam, Severity};
use super::memory::Reserve;
use crate::{auth, outcome::Outcome, password_change};

/// The password has been changed, or could not be: the second of the two calls of `pam_chauthtok` (`security/_pam_types.h`). The first one is
/// there to look whether it can be.
const PAM_UPDATE_AUTHTOK: PamFlag = 0x2000;

/// `PAM_SILENT` is not looked at: sudo sets it for every sign-in, and a key that blinks without a word is a key
/// that is never touched. The argument `quiet` silences the module.
///
/// # Safety
/// `handle` is libpam's, and `arguments` are `count` strings, which libpam keeps meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pam_sm_authenticate(
    handle: *mut PamHandle,
    _flags: PamFlag,
    count: c_int,
    arguments: *const *const c_char,
) -> PamResultCode {
    call(handle, &mut |handle| {
        // SAFETY: the caller's contract is the same.
        let arguments = unsafe { list(count, arguments) };
        auth::authenticate(&mut Pam::new(handle), &arguments)
    })
}

/// Looks on: whether the password may be changed, and to what, is for others to say.
///
/// # Safety
/// As for [`pam_sm_authenticate`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pam_sm_chauthtok(
    handle: *mut PamHandle,
    flags: PamFlag,
    count: c_int,
    arguments: *const *const c_char,
) -> PamResultCode {
    let _ = call(handle, &mut |handle| {
        let mut pam = Pam::new(handle);
        if flags & PAM_UPDATE_AUTHTOK == 0 {
            password_change::begin(&mut pam);
        } else {
            // SAFETY: the caller's contract is the same.
            password_change::follow(&mut pam, &unsafe { list(count, arguments) });
        }
        PamResultCode::PAM_IGNORE
    });
    PamResultCode::PAM_IGNORE
}

/// There are no credentials to set, and an application that asks is told so in a way that lets it go on: after
/// `PAM_IGNORE` from every module of the stack, libpam makes an error of `pam_setcred`.
#[unsafe(no_mangle)]
pub extern "C" fn pam_sm_setcred(
    _: *mut PamHandle,
    _: PamFlag,
    _: c_int,
    _: *const *const c_char,
) -> PamResultCode {
    PamResultCode::PAM_SUCCESS
}

/// Account and session management are none of our business.
#[unsafe(no_mangle)]
pub extern "C" fn pam_sm_acct_mgmt(
    _: *mut PamHandle,
    _: PamFlag,
    _: c_int,
    _: *const *const c_char,
) -> PamResultCode {
    PamResultCode::PAM_IGNORE
}

/// As [`pam_sm_acct_mgmt`].
#[unsafe(no_mangle)]
pub extern "C" fn pam_sm_open_session(
    _: *mut PamHandle,
    _: PamFlag,
    _: c_int,
    _: *const *const c_char,
) -> PamResultCode {
    PamResultCode::PAM_IGNORE
}

/// As [`pam_sm_acct_mgmt`].
#[unsafe(no_mangle)]
pub extern "C" fn pam_sm_close_session(
    _: *mut PamHandle,
    _: PamFlag,
    _: c_int,
    _: *const *const c_char,
) -> PamResultCode {
    PamResultCode::PAM_IGNORE
}

/// What the module does in a call.
type Work<'w> = dyn FnMut(&mut PamHandle) -> PamResultCode + 'w;

/// Does `work` with a reserve of memory, under guard, and to its end.
fn call(handle: *mut PamHandle, work: &mut Work<'_>) -> PamResultCode {
    // SAFETY: libpam's own handle, which nothing else refers to meanwhile.
    let handle = unsafe { &mut *handle };
    let _held = CancelHeld::new();
    guard::silence_panics();
    let Ok(_reserve) = Reserve::for_sign_in() else {
        return match Reserve::for_line() {
            Ok(_reserve) => refused(handle, &Outcome::NoMemory),
            Err(NoMemory) => PamResultCode::PAM_BUF_ERR,
        };
    };
    match guard::caught(|| work(handle)) {
        Ok(code) => code,
        Err(panic) => refused(handle, &Outcome::Panicked(panic)),
    }
}

/// Ends a sign-in that nothing more can be done for than a line in the log, which is written under guard as well.
fn refused(handle: &mut PamHandle, outcome: &Outcome) -> PamResultCode {
    let _ = guard::caught(|| Pam::new(handle).log(Severity::Error, &outcome.row().reason));
    outcome.code()
}

/// # Safety
/// `arguments` are `count` strings that end with NUL, none of them null, and live for as long as the list.
unsafe fn list<'a>(count: c_int, arguments: *const *const c_char) -> Vec<&'a CStr> {
    let count = usize::try_from(count).unwrap_or_default();
    // SAFETY: as the caller guarantees.
    (0..count).map(|place| unsafe { CStr::from_ptr(*arguments.add(place)) }).collect()
}
