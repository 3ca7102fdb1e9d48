//! Libpam, as an application uses it.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::ffi::{CStr, CString, c_int, c_void};
use std::ptr;

use pam_client::raw::{
    CONV_ERR, Conversation, ERROR_MSG, Message, PROMPT_ECHO_OFF, PROMPT_ECHO_ON, Response, SUCCESS,
    pam_authenticate, pam_end, pam_setcred, pam_start,
};

use super::footprint::Footprint;

const ESTABLISH_CRED: c_int = 2;

/// Who answers prompts, and looks about meanwhile.
pub(crate) struct Person {
    answers: VecDeque<String>,
    before: Footprint,
    child_before: Footprint,
}

impl Person {
    pub(crate) fn new(answers: Vec<String>, before: Footprint, child_before: Footprint) -> Self {
        Self { answers: answers.into(), before, child_before }
    }

    /// Tells of all that the module lets be seen.
    fn look(&self, prompted: bool) {
        for difference in Footprint::take().differences(&self.before) {
            // A key is locked while it is asked something, and never while a person types.
            let needed = difference.is_needed_descriptor() || difference.is_lock() && !prompted;
            if !needed {
                println!("during {difference}");
            }
        }
        for difference in Footprint::from_child().differences(&self.child_before) {
            println!("during, in a child, {difference}");
        }
    }
}

extern "C" fn converse(
    count: c_int,
    messages: *mut *const Message,
    responses: *mut *mut Response,
    data: *mut c_void,
) -> c_int {
    assert_eq!(count, 1);
    // SAFETY: `authenticate` put it there and keeps it.
    let mut person = unsafe { &*data.cast::<RefCell<Person>>() }.borrow_mut();
    // SAFETY: libpam's contract: one message, and its text ends with NUL.
    let (style, text) = unsafe { ((**messages).style, CStr::from_ptr((**messages).text)) };
    let prompted = matches!(style, PROMPT_ECHO_OFF | PROMPT_ECHO_ON);
    person.look(prompted);
    let kind = match style {
        PROMPT_ECHO_OFF | PROMPT_ECHO_ON => "asked",
        ERROR_MSG => "warned",
        _ => "told",
    };
    println!("{kind} {}", text.to_string_lossy());
    let answer = if prompted { person.answers.pop_front() } else { None };
    let answer = match answer.as_deref() {
        Some("!") => return CONV_ERR,
        Some("-") | None => None,
        Some("_") => Some(String::new()),
        Some(answer) => Some(answer.to_owned()),
    };
    let answer = answer.map(|answer| CString::new(answer).unwrap());
    // SAFETY: response and text are malloc's, and freed by the module.
    unsafe {
        let response = libc::calloc(1, size_of::<Response>()).cast::<Response>();
        (*response).text = answer.map_or(ptr::null_mut(), |answer| libc::strdup(answer.as_ptr()));
        *responses = response;
    }
    SUCCESS
}

/// One sign-in from start to end; libpam's code.
pub(crate) fn authenticate(service: &str, user: &str, person: Person) -> c_int {
    let (service, user) = (CString::new(service).unwrap(), CString::new(user).unwrap());
    let person = RefCell::new(person);
    let conversation = Conversation { converse, data: ptr::from_ref(&person).cast_mut().cast() };
    let mut handle = ptr::null_mut();
    // SAFETY: libpam copies the strings and the conversation; `person` outlives the handle, which is not used after its end.
    unsafe {
        let code = pam_start(service.as_ptr(), user.as_ptr(), &raw const conversation, &raw mut handle);
        assert_eq!(code, SUCCESS);
        let mut code = pam_authenticate(handle, 0);
        if code == SUCCESS {
            code = pam_setcred(handle, ESTABLISH_CRED);
        }
        assert_eq!(pam_end(handle, code), SUCCESS);
        code
    }
}
