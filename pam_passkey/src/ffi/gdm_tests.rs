//! The real libpam with applications that answer a binary prompt as GDM does, and as it should not.

use std::cell::RefCell;
use std::ffi::{CStr, CString};

use super::*;
use crate::ffi::handle::tests::with_converse;

/// What an application gives back.
#[derive(Clone, Copy)]
enum Reply {
    Json(&'static CStr),
    LongJson,
    NoJson,
    Nothing,
    NoResponse,
    Text(&'static CStr),
    Length(u32),
    Number(u8),
    Name(&'static [u8]),
    Version(c_uint),
    /// A reply and an error.
    Fail,
}

/// Length, number, name, version and JSON of a request.
type Asked = (u32, u8, String, c_uint, String);

struct Application {
    reply: Reply,
    asked: Vec<Asked>,
}

unsafe extern "C" fn converse(
    count: c_int,
    messages: *mut *const Message,
    responses: *mut *mut Response,
    data: *mut c_void,
) -> c_int {
    assert_eq!(count, 1);
    // SAFETY: `ask` put it there and keeps it.
    let mut application = unsafe { &*data.cast::<RefCell<Application>>() }.borrow_mut();
    // SAFETY: libpam's contract, and GDM's: one message, a packet with a string in it.
    let asked = unsafe {
        assert_eq!((**messages).style, PAM_BINARY_PROMPT);
        &*(**messages).data.cast::<Packet>()
    };
    // SAFETY: as above.
    let json = unsafe { CStr::from_ptr(asked.json) }.to_str().unwrap().to_owned();
    let name = CStr::from_bytes_until_nul(&asked.name).unwrap().to_str().unwrap().to_owned();
    let header = (u32::from_be(asked.header.length), asked.header.number);
    application.asked.push((header.0, header.1, name, asked.version, json));
    let long = CString::new("x".repeat(1 << 20)).unwrap();
    let json: &CStr = match application.reply {
        Reply::Json(json) => json,
        Reply::LongJson => &long,
        _ => c"{}",
    };
    // SAFETY: malloc throughout, as the module frees it.
    unsafe {
        let mut packet = Packet::new(asked.header.number, ptr::null_mut());
        match application.reply {
            Reply::NoResponse => return 0,
            Reply::Length(length) => packet.header.length = length,
            Reply::Number(number) => packet.header.number = number,
            Reply::Name(name) => packet.name[..name.len()].copy_from_slice(name),
            Reply::Version(version) => packet.version = version,
            _ => {}
        }
        let data = match application.reply {
            Reply::Nothing => ptr::null_mut(),
            Reply::Text(text) => libc::strdup(text.as_ptr()).cast(),
            Reply::NoJson => {
                let room = libc::malloc(size_of::<Packet>()).cast::<Packet>();
                room.write(packet);
                room.cast()
            }
            _ => {
                packet.json = libc::strdup(json.as_ptr());
                let room = libc::malloc(size_of::<Packet>()).cast::<Packet>();
                room.write(packet);
                room.cast()
            }
        };
        let response = libc::malloc(size_of::<Response>()).cast::<Response>();
        response.write(Response { data, code: 0 });
        *responses = response;
    }
    if matches!(application.reply, Reply::Fail) { 19 } else { 0 }
}

fn ask(reply: Reply) -> (JsonAnswer, Vec<Asked>) {
    let application = RefCell::new(Application { reply, asked: Vec::new() });
    let mut answer = JsonAnswer::Failed;
    with_converse(converse as *const c_void, ptr::from_ref(&application).cast_mut().cast(), |pam| {
        answer = exchange(pam, 1, r#"{"a":1}"#);
    });
    (answer, application.into_inner().asked)
}

#[test]
fn a_request_has_the_form_of_gdms_header_file() {
    let (answer, asked) = ask(Reply::Json(c"{\"b\":2}"));
    assert_eq!(answer, JsonAnswer::Given(Secret::new(b"{\"b\":2}".to_vec())));
    let size = u32::try_from(size_of::<Packet>()).unwrap();
    assert_eq!(asked, [(size, 1, "auth-mechanisms".to_owned(), 1, "{\"a\":1}".to_owned())]);
    if cfg!(target_pointer_width = "64") {
        assert_eq!(size, 88);
        assert_eq!(
            (mem::offset_of!(Packet, name), mem::offset_of!(Packet, version), mem::offset_of!(Packet, json)),
            (8, 72, 80)
        );
    }
    assert_eq!(mem::offset_of!(Header, number), 4);
}

#[test]
fn what_is_no_reply_is_taken_for_none() {
    for reply in [Reply::Nothing, Reply::NoResponse, Reply::NoJson, Reply::Fail] {
        assert_eq!(ask(reply).0, JsonAnswer::Failed);
    }
    for reply in [
        Reply::LongJson,
        Reply::Text(c""),
        Reply::Text(c"X"),
        Reply::Text(c"a password that was typed"),
        Reply::Length(0),
        Reply::Length(88),
        Reply::Length(u32::MAX),
        Reply::Number(0),
        Reply::Name(b"auth-mechanism\0"),
        Reply::Name(&[b'x'; 64]),
        Reply::Version(0),
        Reply::Version(2),
    ] {
        assert_eq!(ask(reply).0, JsonAnswer::Unfit);
    }
    assert_eq!(ask(Reply::Json(c"")).0, JsonAnswer::Given(Secret::new(Vec::new())));
}

#[test]
fn what_stands_behind_the_name_does_not_count() {
    let name = b"auth-mechanisms\0what GDM's memory held before it was given......";
    assert_eq!(name.len(), NAME_LEN);
    assert_eq!(ask(Reply::Name(name)).0, JsonAnswer::Given(Secret::new(b"{}".to_vec())));
}

#[test]
fn bytes_are_wiped() {
    let mut bytes = *b"1234";
    wipe(&mut bytes);
    assert_eq!(bytes, [0; 4]);
}
