//! The application: libpam, and a conversation with answers from a list.
#![allow(unsafe_code, reason = "libpam is written in C")]

use std::ffi::{CStr, CString, c_int, c_void};
use std::ptr;

use pam_client::raw::{
    BUF_ERR, CONV_ERR, Conversation, Handle, Message, PROMPT_ECHO_OFF, PROMPT_ECHO_ON, RHOST, Response,
    SUCCESS, TTY, pam_authenticate, pam_end, pam_set_item, pam_start_confdir,
};

use super::fixture::{PIN, WRONG_PIN};
use super::machine::PAM_FOLDER;
use super::scenario::{Answer, Scenario};

/// `PAM_USER`
const USER: c_int = 2;

#[link(name = "pam")]
unsafe extern "C" {
    fn pam_get_item(handle: *const Handle, item: c_int, value: *mut *const c_void) -> c_int;
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// What `pam_authenticate` gave.
    pub code: c_int,
    /// `PAM_USER` after it.
    pub user: Option<String>,
}

/// Signs in.
pub fn sign_in(scenario: &Scenario) -> Ended {
    let mut answers = scenario.answers.clone();
    answers.reverse();
    let data = ptr::from_mut(&mut answers).cast();
    let conversation = Conversation { converse, data };
    let text = |text: &str| CString::new(text).expect("it has no zero");
    let (service, user) = (text(scenario.service), scenario.user.map(text));
    let folder = text(PAM_FOLDER);
    let mut handle = ptr::null_mut();
    // SAFETY: libpam copies texts and conversation; the answers outlive the handle, and nothing else uses them meanwhile.
    unsafe {
        let started = pam_start_confdir(
            service.as_ptr(),
            user.as_ref().map_or(ptr::null(), |user| user.as_ptr()),
            &raw const conversation,
            folder.as_ptr(),
            &raw mut handle,
        );
        if started != SUCCESS {
            return Ended { code: started, user: None };
        }
        for (item, value) in [(RHOST, scenario.rhost), (TTY, scenario.tty)] {
            if let Some(value) = value.map(text) {
                pam_set_item(handle, item, value.as_ptr().cast());
            }
        }
        let code = pam_authenticate(handle, 0);
        let mut user = ptr::null();
        pam_get_item(handle, USER, &raw mut user);
        let user = (!user.is_null()).then(|| CStr::from_ptr(user.cast()).to_string_lossy().into_owned());
        pam_end(handle, code);
        Ended { code, user }
    }
}

/// The function of the conversation; `data` are the answers, the next one last.
extern "C" fn converse(
    count: c_int,
    messages: *mut *const Message,
    responses: *mut *mut Response,
    data: *mut c_void,
) -> c_int {
    let Ok(count) = usize::try_from(count) else { return CONV_ERR };
    // SAFETY: an array of `count` messages and a place for as many responses (pam_conv(3)), and what `sign_in` has put there. Responses
    // are malloc's, and libpam's from then on.
    unsafe {
        let answers = &mut *data.cast::<Vec<Answer>>();
        let array = libc::calloc(count, size_of::<Response>()).cast::<Response>();
        if array.is_null() {
            return BUF_ERR;
        }
        for index in 0..count {
            let style = (**messages.add(index)).style;
            if style != PROMPT_ECHO_OFF && style != PROMPT_ECHO_ON {
                continue;
            }
            let answer = answers.pop();
            let typed: &[u8] = match &answer {
                Some(Answer::Pin) => PIN.as_bytes(),
                Some(Answer::WrongPin) => WRONG_PIN.as_bytes(),
                Some(Answer::Empty) | None => b"",
                Some(Answer::Null) => continue,
                Some(Answer::Failure) => {
                    // The answers before it leak where there are several messages, of which the module never makes use.
                    libc::free(array.cast());
                    return CONV_ERR;
                }
                Some(Answer::Text(text)) => text.split(|byte| *byte == 0).next().unwrap_or_default(),
            };
            (*array.add(index)).text = libc::strndup(typed.as_ptr().cast(), typed.len());
        }
        *responses = array;
    }
    SUCCESS
}
