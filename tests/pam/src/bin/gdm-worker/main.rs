//! A host of PAM modules that talks to them as GDM's worker does: a binary prompt carries JSON, which it shows, and a line of its input
//! is the reply.
//!
//! Arguments are service and user. It writes `json REQUEST`, `asked PROMPT`, `warned ERROR`, `told INFORMATION` and at the end `result
//! CODE`, with which it ends. `!` in place of an answer fails the conversation.
#![allow(unsafe_code, reason = "a host of PAM modules speaks C")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a panic is a failed test")]
#![allow(clippy::print_stdout, reason = "that is what it is for")]

use std::ffi::{CStr, CString, c_char, c_int, c_uint, c_void};
use std::ptr;

use pam_client::raw::{
    CONV_ERR, Conversation, ERROR_MSG, Message, PROMPT_ECHO_OFF, PROMPT_ECHO_ON, Response, SUCCESS,
    pam_authenticate, pam_end, pam_start,
};

/// `PAM_BINARY_PROMPT`
const BINARY_PROMPT: c_int = 7;

/// `GdmPamExtensionJSONProtocol` of GDM's `gdm-custom-json-pam-extension.h`.
#[repr(C)]
struct Packet {
    /// Of the whole, in network order.
    length: u32,
    /// Its place in the list of extensions.
    number: u8,
    /// Length and number are a structure of their own.
    padding: [u8; 3],
    name: [c_char; 64],
    version: c_uint,
    json: *mut c_char,
}

fn line() -> Option<CString> {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
    let line = line.trim_end_matches('\n');
    (line != "!").then(|| CString::new(line).unwrap())
}

extern "C" fn converse(
    count: c_int,
    messages: *mut *const Message,
    responses: *mut *mut Response,
    _data: *mut c_void,
) -> c_int {
    assert_eq!(count, 1);
    // SAFETY: libpam's contract: one message.
    let Message { style, text } = unsafe { &**messages };
    let reply: *mut c_char = match *style {
        BINARY_PROMPT => {
            // SAFETY: the module knows that this host takes a binary prompt for a packet.
            let request = unsafe { &*text.cast::<Packet>() };
            assert_eq!(u32::from_be(request.length) as usize, size_of::<Packet>());
            // SAFETY: the request is text that ends with NUL.
            println!("json {}", unsafe { CStr::from_ptr(request.json) }.to_str().unwrap());
            let Some(json) = line() else { return CONV_ERR };
            let Packet { length, number, padding, mut name, version, .. } = *request;
            // GDM copies the name and one NUL, and leaves behind it what was in the memory.
            name.iter_mut().skip_while(|byte| **byte != 0).skip(1).for_each(|byte| *byte = 0x5a);
            // SAFETY: malloc, as GDM has it: the module frees both.
            unsafe {
                let reply = libc::malloc(size_of::<Packet>()).cast::<Packet>();
                let json = libc::strdup(json.as_ptr());
                reply.write(Packet { length, number, padding, name, version, json });
                reply.cast()
            }
        }
        style => {
            // SAFETY: text that ends with NUL.
            let text = unsafe { CStr::from_ptr(*text) }.to_string_lossy();
            match style {
                PROMPT_ECHO_OFF | PROMPT_ECHO_ON => {
                    println!("asked {text}");
                    let Some(answer) = line() else { return CONV_ERR };
                    // SAFETY: text that ends with NUL.
                    unsafe { libc::strdup(answer.as_ptr()) }
                }
                ERROR_MSG => {
                    println!("warned {text}");
                    ptr::null_mut()
                }
                _ => {
                    println!("told {text}");
                    ptr::null_mut()
                }
            }
        }
    };
    // SAFETY: malloc's, and freed by the module.
    unsafe {
        let response = libc::calloc(1, size_of::<Response>()).cast::<Response>();
        (*response).text = reply;
        *responses = response;
    }
    SUCCESS
}

fn main() {
    let words: Vec<CString> = std::env::args().skip(1).map(|word| CString::new(word).unwrap()).collect();
    let [service, user] = words.as_slice() else { panic!("gdm-worker SERVICE USER") };
    let conversation = Conversation { converse, data: ptr::null_mut() };
    let mut handle = ptr::null_mut();
    // SAFETY: libpam copies the strings and the conversation; the handle is not used after its end.
    let code = unsafe {
        let code = pam_start(service.as_ptr(), user.as_ptr(), &raw const conversation, &raw mut handle);
        assert_eq!(code, SUCCESS);
        let code = pam_authenticate(handle, 0);
        assert_eq!(pam_end(handle, code), SUCCESS);
        code
    };
    println!("result {code}.");
    std::process::exit(code);
}
