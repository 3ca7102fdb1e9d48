//! GDM's extension of PAM that carries JSON (`gdm-custom-json-pam-extension.h`): a binary prompt, and a reply of the same form.

use std::ffi::{c_char, c_int, c_uint, c_void};
use std::{mem, ptr};

use ctap::Secret;
use pam::module::PamHandle;
use passkey_core::gdm::{MAX_REPLY_LEN, PROTOCOL, VERSION, extension_number};

use super::handle::Pam;

/// Where GDM's worker names what it offers: in the environment of its own process.
const OFFERED: &str = "GDM_SUPPORTED_PAM_EXTENSIONS";
/// The longest list that is looked at.
const MAX_OFFERED_LEN: usize = 4096;
/// `PAM_CONV` (`security/_pam_types.h`).
const PAM_CONV: c_int = 5;
/// `PAM_BINARY_PROMPT`.
const PAM_BINARY_PROMPT: c_int = 7;
/// `PAM_SUCCESS`.
const PAM_SUCCESS: c_int = 0;
/// Room for a protocol's name, with its NUL.
const NAME_LEN: usize = 64;

unsafe extern "C" {
    fn pam_get_item(handle: *const PamHandle, item: c_int, value: *mut *const c_void) -> c_int;
}

/// `struct pam_message`
#[repr(C)]
struct Message {
    style: c_int,
    data: *const c_void,
}

/// `struct pam_response`
#[repr(C)]
struct Response {
    data: *mut c_void,
    code: c_int,
}

/// `struct pam_conv`
#[repr(C)]
struct Conversation {
    converse:
        Option<unsafe extern "C" fn(c_int, *mut *const Message, *mut *mut Response, *mut c_void) -> c_int>,
    data: *mut c_void,
}

/// `GdmPamExtensionMessage`
#[repr(C)]
struct Header {
    /// Of the whole, in network order.
    length: u32,
    /// The number of the extension.
    number: u8,
}

/// `GdmPamExtensionJSONProtocol`
#[repr(C)]
struct Packet {
    header: Header,
    name: [u8; NAME_LEN],
    version: c_uint,
    json: *mut c_char,
}

/// What came of a request.
#[derive(Debug, PartialEq)]
pub(crate) enum JsonAnswer {
    /// A reply, not looked at yet.
    Given(Secret),
    /// The application gave none, or the person gave up.
    Failed,
    /// What came back is no reply of this protocol, or too long for one.
    Unfit,
}

/// The number of the extension, where this process offers it.
#[expect(clippy::disallowed_methods, reason = "GDM's worker says it so; what it offers opens nothing")]
pub(crate) fn offered_number() -> Option<u8> {
    let offered = std::env::var_os(OFFERED)?;
    extension_number(offered.to_str().filter(|offered| offered.len() <= MAX_OFFERED_LEN)?)
}

impl Packet {
    fn new(number: u8, json: *mut c_char) -> Self {
        let mut name = [0; NAME_LEN];
        for (place, byte) in name.iter_mut().zip(PROTOCOL.bytes()) {
            *place = byte;
        }
        let length = u32::try_from(size_of::<Self>()).unwrap_or_default().to_be();
        Self { header: Header { length, number }, name, version: VERSION, json }
    }
}

/// Sends `json`, and waits for the reply. `number` is that of [`offered_number`].
pub(crate) fn exchange(pam: &Pam<'_>, number: u8, json: &str) -> JsonAnswer {
    let mut text = json.as_bytes().to_vec();
    text.push(0);
    let packet = Packet::new(number, text.as_mut_ptr().cast());
    let mut item: *const c_void = ptr::null();
    // SAFETY: the handle is libpam's own; the item is a pointer that libpam keeps.
    let code = unsafe { pam_get_item(pam.raw(), PAM_CONV, &raw mut item) };
    if code != PAM_SUCCESS || item.is_null() {
        return JsonAnswer::Failed;
    }
    // SAFETY: not null; libpam's own `struct pam_conv`, which stays as it is during a sign-in.
    let conversation = unsafe { &*item.cast::<Conversation>() };
    let Some(converse) = conversation.converse else { return JsonAnswer::Failed };
    let message = Message { style: PAM_BINARY_PROMPT, data: (&raw const packet).cast() };
    let mut messages = &raw const message;
    let mut response: *mut Response = ptr::null_mut();
    // SAFETY: one message that outlives the call, as `struct pam_conv` has it; the process has said that it knows its form.
    let code = unsafe { converse(1, &raw mut messages, &raw mut response, conversation.data) };
    if response.is_null() {
        return JsonAnswer::Failed;
    }
    // SAFETY: not null; the application gives over one response that it has allocated with malloc. What is in it was allocated so too
    // and is a packet, or whatever begins otherwise: `take` looks at that first.
    let answer = unsafe {
        let data = mem::replace(&mut (*response).data, ptr::null_mut());
        libc::free(response.cast());
        take(data.cast(), number)
    };
    if code == PAM_SUCCESS { answer } else { JsonAnswer::Failed }
}

/// Reads the reply and frees it, wiped.
///
/// # Safety
/// `reply` is null, or was allocated with malloc, is not used elsewhere and has the size that its first bytes tell, as [`Packet`]
/// has it; where it is one of this protocol, likewise its `json` is null or a string that was allocated so.
unsafe fn take(reply: *mut Packet, number: u8) -> JsonAnswer {
    if reply.is_null() {
        return JsonAnswer::Failed;
    }
    let expected = Packet::new(number, ptr::null_mut());
    // SAFETY: an allocation holds as much as a header; a text that an application gave instead begins with other bytes, or with NUL, and
    // is not looked at any further.
    let header = unsafe { ptr::read_unaligned(reply.cast::<[u8; size_of::<u32>()]>()) };
    if header != expected.header.length.to_ne_bytes() {
        // SAFETY: allocated with malloc. How long it is, is not known: what it holds cannot be wiped.
        unsafe { libc::free(reply.cast()) };
        return JsonAnswer::Unfit;
    }
    // SAFETY: it says that it has the size of a packet, any bytes of which are one.
    let packet = unsafe { ptr::read_unaligned(reply) };
    // GDM copies the name and one NUL; what stands behind that is what malloc found.
    let name = packet.name.split(|&byte| byte == 0).next();
    let is_reply =
        packet.header.number == number && name == Some(PROTOCOL.as_bytes()) && packet.version == VERSION;
    let answer = if !is_reply {
        // Whatever stands in the place of the JSON, it is not known to be a string.
        JsonAnswer::Unfit
    } else if packet.json.is_null() {
        JsonAnswer::Failed
    } else {
        // SAFETY: a string of its own, which `strnlen` looks at up to its end or the bound, and the copy does not go beyond that. Its
        // bytes are wiped as far as they were looked at, and it is not used again.
        unsafe {
            let len = libc::strnlen(packet.json, MAX_REPLY_LEN.saturating_add(1));
            let bytes = std::slice::from_raw_parts_mut(packet.json.cast::<u8>(), len);
            let copy = Secret::new(bytes.to_vec());
            wipe(bytes);
            libc::free(packet.json.cast());
            if len <= MAX_REPLY_LEN { JsonAnswer::Given(copy) } else { JsonAnswer::Unfit }
        }
    };
    // SAFETY: allocated with malloc, and not used again.
    unsafe { libc::free(reply.cast()) };
    answer
}

/// Overwrites `bytes` in a way that the compiler keeps.
fn wipe(bytes: &mut [u8]) {
    for byte in bytes {
        // SAFETY: a reference is valid for writes.
        unsafe { ptr::write_volatile(byte, 0) };
    }
}

#[cfg(test)]
#[path = "gdm_tests.rs"]
mod tests;
