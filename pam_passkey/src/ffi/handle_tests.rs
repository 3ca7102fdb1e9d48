//! The real libpam with conversation functions as bad as they come.

use std::cell::RefCell;
use std::ffi::c_void;
use std::ptr;

use super::*;

#[repr(C)]
struct Message {
    style: c_int,
    text: *const c_char,
}

#[repr(C)]
struct Response {
    text: *mut c_char,
    code: c_int,
}

type Converse = extern "C" fn(c_int, *mut *const Message, *mut *mut Response, *mut c_void) -> c_int;

#[repr(C)]
struct Conversation {
    converse: Option<Converse>,
    data: *mut c_void,
}

unsafe extern "C" {
    fn pam_start_confdir(
        service: *const c_char,
        user: *const c_char,
        conversation: *const Conversation,
        folder: *const c_char,
        handle: *mut *mut PamHandle,
    ) -> c_int;
    fn pam_end(handle: *mut PamHandle, status: c_int) -> c_int;
    fn pam_putenv(handle: *mut PamHandle, variable: *const c_char) -> c_int;
    fn pam_set_item(handle: *mut PamHandle, item: c_int, value: *const c_void) -> c_int;
}

/// What an application does when it is asked to converse.
#[derive(Clone, Copy)]
pub(crate) enum Behaviour {
    Answer(&'static CStr),
    /// Success, with a response that has no text.
    NoText,
    /// Success, without any response.
    NoResponse,
    Fail(c_int),
}

struct Script {
    behaviour: Behaviour,
    heard: Vec<(c_int, String)>,
}

extern "C" fn converse(
    count: c_int,
    messages: *mut *const Message,
    responses: *mut *mut Response,
    data: *mut c_void,
) -> c_int {
    assert_eq!(count, 1);
    // SAFETY: `data` is the RefCell that `with_pam` put there and keeps alive.
    let mut script = unsafe { &*data.cast::<RefCell<Script>>() }.borrow_mut();
    // SAFETY: libpam's contract: one message, its text ending with NUL.
    let (style, text) = unsafe { ((**messages).style, CStr::from_ptr((**messages).text)) };
    script.heard.push((style, text.to_str().unwrap().to_owned()));
    let text = match script.behaviour {
        // SAFETY: a literal that ends with NUL.
        Behaviour::Answer(answer) => unsafe { libc::strdup(answer.as_ptr()) },
        Behaviour::NoText => ptr::null_mut(),
        Behaviour::NoResponse => return 0,
        Behaviour::Fail(code) => return code,
    };
    // SAFETY: malloc as libpam's contract wants it, as the module frees it.
    unsafe {
        let response = libc::malloc(size_of::<Response>()).cast::<Response>();
        response.write(Response { text, code: 0 });
        *responses = response;
    }
    0
}

/// Runs `work` on a fresh handle of libpam whose application behaves so; what the application heard.
pub(crate) fn with_pam(behaviour: Behaviour, work: impl FnOnce(&mut Pam<'_>)) -> Vec<(c_int, String)> {
    let script = RefCell::new(Script { behaviour, heard: Vec::new() });
    let data = ptr::from_ref(&script).cast_mut().cast();
    with_handle(c"alice", &Conversation { converse: Some(converse), data }, work);
    script.into_inner().heard
}

/// As [`with_pam`], with a conversation function of any kind.
pub(crate) fn with_converse(converse: *const c_void, data: *mut c_void, work: impl FnOnce(&mut Pam<'_>)) {
    // SAFETY: the caller's function has the form of C's `struct pam_conv`; what it takes the messages for is its own affair.
    let converse = unsafe { std::mem::transmute::<*const c_void, Converse>(converse) };
    with_handle(c"alice", &Conversation { converse: Some(converse), data }, work);
}

fn with_handle(user: &CStr, conversation: &Conversation, work: impl FnOnce(&mut Pam<'_>)) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("some-service"), "auth required pam_deny.so\n").unwrap();
    let path = CString::new(folder.path().to_str().unwrap()).unwrap();
    let mut handle = ptr::null_mut();
    // SAFETY: all strings end with NUL and all pointers outlive the handle.
    let code = unsafe {
        pam_start_confdir(
            c"some-service".as_ptr(),
            user.as_ptr(),
            conversation,
            path.as_ptr(),
            &raw mut handle,
        )
    };
    assert_eq!(code, 0);
    // SAFETY: libpam has just made the handle.
    work(&mut Pam::new(unsafe { &mut *handle }));
    // SAFETY: as above; not used again.
    assert_eq!(unsafe { pam_end(handle, 0) }, 0);
}

fn set(pam: &mut Pam<'_>, item: c_int, value: &CStr) {
    // SAFETY: libpam copies the string.
    assert_eq!(unsafe { pam_set_item(pam.handle, item, value.as_ptr().cast()) }, 0);
}

const ECHO_OFF: c_int = 1;
const ERROR: c_int = 3;
const INFO: c_int = 4;
const CONV_ERR: c_int = 19;

#[test]
fn an_answer_is_an_answer() {
    let heard = with_pam(Behaviour::Answer(c"1234"), |pam| {
        assert_eq!(pam.ask_secret("PIN: "), Answer::Given(Secret::new(b"1234".to_vec())));
    });
    assert_eq!(heard, [(ECHO_OFF, "PIN: ".into())]);
    with_pam(Behaviour::Answer(c"\xff\xfe"), |pam| {
        assert_eq!(pam.ask_secret("PIN: "), Answer::Given(Secret::new(vec![0xFF, 0xFE])));
    });
}

#[test]
fn empty_missing_and_failed_answers_are_told_apart() {
    for (behaviour, answer) in [
        (Behaviour::Answer(c""), Answer::Empty),
        (Behaviour::NoText, Answer::Missing),
        (Behaviour::NoResponse, Answer::Failed),
        (Behaviour::Fail(CONV_ERR), Answer::Failed),
        (Behaviour::Fail(30), Answer::Failed),
        (Behaviour::Fail(-7), Answer::Failed),
        (Behaviour::Fail(c_int::MAX), Answer::Failed),
    ] {
        let heard = with_pam(behaviour, |pam| assert_eq!(pam.ask_secret("PIN: "), answer));
        assert_eq!(heard.len(), 1, "asked exactly once");
    }
}

#[test]
fn messages_are_sent_whatever_the_application_makes_of_them() {
    for behaviour in
        [Behaviour::Answer(c"unasked"), Behaviour::NoText, Behaviour::NoResponse, Behaviour::Fail(CONV_ERR)]
    {
        let heard = with_pam(behaviour, |pam| {
            assert!(pam.can_converse());
            pam.tell("Touch your security key.");
            pam.complain("Too many wrong PINs.");
        });
        assert_eq!(
            heard,
            [(INFO, "Touch your security key.".into()), (ERROR, "Too many wrong PINs.".into())]
        );
    }
}

#[test]
fn a_key_cannot_write_on_the_terminal_or_end_a_message() {
    let heard = with_pam(Behaviour::NoText, |pam| {
        pam.tell("a\0b\x1b[2J\nc");
        pam.tell(&"x".repeat(10_000));
        pam.ask_secret("PIN of \u{202e}yek\r: ");
    });
    assert_eq!(heard[0].1, r"a\u{0}b\u{1b}[2J\u{a}c");
    assert!(heard[1].1.len() < 512);
    assert_eq!(heard[2].1, r"PIN of \u{202e}yek\u{d}: ");
}

#[test]
fn without_a_conversation_function_nothing_is_asked() {
    let none = Conversation { converse: None, data: ptr::null_mut() };
    with_handle(c"alice", &none, |pam| {
        pam.tell("anybody?");
        assert_eq!(pam.ask_secret("PIN: "), Answer::Failed);
    });
}

#[test]
fn items_and_variables_are_read() {
    with_pam(Behaviour::NoText, |pam| {
        assert_eq!(pam.user(), Ok(Some("alice".into())));
        assert_eq!(pam.service(), "some-service");
        assert_eq!((pam.tty(), pam.rhost(), pam.ruser(), pam.authtok()), (None, None, None, None));
        set(pam, 3, c"/dev/pts/1");
        set(pam, 4, c"192.0.2.1");
        set(pam, 8, c"bob\xff");
        assert_eq!(pam.tty().as_deref(), Some("/dev/pts/1"));
        assert_eq!(pam.rhost().as_deref(), Some("192.0.2.1"));
        assert_eq!(pam.ruser().as_deref(), Some("bob\u{fffd}"));
        set(pam, 4, c"");
        assert_eq!(pam.rhost(), None, "empty is unset");

        assert_eq!(pam.variable(c"SSH_CONNECTION"), None);
        // SAFETY: libpam copies the string.
        assert_eq!(unsafe { pam_putenv(pam.handle, c"SSH_CONNECTION=192.0.2.1 5 192.0.2.2 22".as_ptr()) }, 0);
        assert_eq!(pam.variable(c"SSH_CONNECTION").as_deref(), Some("192.0.2.1 5 192.0.2.2 22"));
        assert_eq!(pam.variable(c"PATH"), None, "not the process environment");
    });
}

#[test]
fn a_user_name_is_text_or_nobody() {
    let none = Conversation { converse: None, data: ptr::null_mut() };
    with_handle(c"al\xffice", &none, |pam| assert_eq!(pam.user(), Err(NotText)));
    with_handle(c"", &none, |pam| assert_eq!(pam.user(), Ok(None)));
}

#[test]
fn any_line_can_be_logged() {
    with_pam(Behaviour::NoText, |pam| {
        for line in ["", "%s%n%d", "a\0b", "line\nforged", &"x".repeat(100_000)] {
            for severity in [Severity::Error, Severity::Warning, Severity::Notice, Severity::Debug] {
                pam.log(severity, line);
            }
        }
    });
}
