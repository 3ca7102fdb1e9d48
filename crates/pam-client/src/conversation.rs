//! The modules' questions, and who answers them.
#![allow(unsafe_code, reason = "libpam calls back with pointers")]

use std::ffi::{CStr, c_char, c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

use zeroize::Zeroizing;

use crate::raw::{self, Message, Response};

/// The person who signs in.
pub trait Person {
    /// Tells them something. The text comes from modules, which may quote others.
    fn tell(&mut self, tone: Tone, text: &str);
    /// Asks them something; `echo`: what they type may be seen.
    fn ask(&mut self, question: &str, echo: bool) -> Answer;
}

/// How something is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// `PAM_TEXT_INFO`
    Info,
    /// `PAM_ERROR_MSG`
    Error,
}

/// What a person answers.
#[derive(Debug)]
pub enum Answer {
    /// This, possibly nothing at all.
    Typed(Zeroizing<Vec<u8>>),
    /// They have given up, or there is no person.
    None,
}

/// The person behind the pointer that libpam hands through.
pub(crate) struct Conversing<'p> {
    pub(crate) person: &'p mut dyn Person,
}

/// The function of the conversation. `data` is a [`Conversing`].
pub(crate) extern "C" fn converse(
    count: c_int,
    messages: *mut *const Message,
    responses: *mut *mut Response,
    data: *mut c_void,
) -> c_int {
    // A panic must not cross C.
    catch_unwind(AssertUnwindSafe(|| {
        let Ok(len) = usize::try_from(count) else { return raw::CONV_ERR };
        if messages.is_null()
            || responses.is_null()
            || data.is_null()
            || count > raw::MAX_MESSAGES
            || len == 0
        {
            return raw::CONV_ERR;
        }
        // SAFETY: `Transaction` has put it there, and keeps it for as long as its handle lives; libpam calls from one thread.
        let conversing = unsafe { &mut *data.cast::<Conversing<'_>>() };
        let Some(mut answers) = Answers::new(len) else { return raw::BUF_ERR };
        for index in 0..len {
            // SAFETY: Linux-PAM hands over an array of `count` pointers to messages (pam_conv(3)).
            let message = unsafe { *messages.add(index) };
            if message.is_null() {
                return raw::CONV_ERR;
            }
            // SAFETY: not null, and a message by the same contract.
            let Message { style, text } = unsafe { message.read() };
            if !answer(conversing.person, &mut answers, index, style, text) {
                return raw::CONV_ERR;
            }
        }
        // SAFETY: not null, and meant for this.
        unsafe { *responses = answers.hand_over() };
        raw::SUCCESS
    }))
    .unwrap_or(raw::CONV_ERR)
}

/// Whether the conversation goes on.
fn answer(
    person: &mut dyn Person,
    answers: &mut Answers,
    index: usize,
    style: c_int,
    text: *const c_char,
) -> bool {
    let text = if text.is_null() {
        String::new()
    } else {
        // SAFETY: a text of C, by the contract of pam_conv(3).
        unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
    };
    match style {
        raw::TEXT_INFO => person.tell(Tone::Info, &text),
        raw::ERROR_MSG => person.tell(Tone::Error, &text),
        raw::PROMPT_ECHO_OFF | raw::PROMPT_ECHO_ON => match person.ask(&text, style == raw::PROMPT_ECHO_ON) {
            Answer::Typed(bytes) => return answers.set(index, &bytes),
            Answer::None => return false,
        },
        // Binary prompts and whatever else there may be: this application speaks none of them.
        _ => return false,
    }
    true
}

/// An array of responses as libpam wants it: allocated by `malloc`, freed by the caller.
struct Answers {
    first: *mut Response,
    len: usize,
}

impl Answers {
    fn new(len: usize) -> Option<Self> {
        // SAFETY: calloc sees to the product of both, and gives null where there is no room.
        let first = unsafe { libc::calloc(len, size_of::<Response>()) }.cast::<Response>();
        (!first.is_null()).then_some(Self { first, len })
    }

    /// Whether there was room for it.
    fn set(&mut self, index: usize, bytes: &[u8]) -> bool {
        // What stands behind a zero would not arrive.
        let bytes = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
        if index >= self.len {
            return false;
        }
        // SAFETY: one more byte than is copied, and zeroed; `index` is within the array.
        unsafe {
            let text = libc::calloc(bytes.len().saturating_add(1), 1).cast::<c_char>();
            if text.is_null() {
                return false;
            }
            ptr::copy_nonoverlapping(bytes.as_ptr().cast(), text, bytes.len());
            (*self.first.add(index)).text = text;
        }
        true
    }

    fn hand_over(mut self) -> *mut Response {
        std::mem::replace(&mut self.first, ptr::null_mut())
    }
}

impl Drop for Answers {
    fn drop(&mut self) {
        if self.first.is_null() {
            return;
        }
        for index in 0..self.len {
            // SAFETY: within the array; `set` has put a C string there, which has no other owner.
            unsafe {
                let text = (*self.first.add(index)).text;
                if !text.is_null() {
                    libc::explicit_bzero(text.cast(), libc::strlen(text));
                    libc::free(text.cast());
                }
            }
        }
        // SAFETY: calloc's, without another owner.
        unsafe { libc::free(self.first.cast()) };
    }
}

#[cfg(test)]
#[path = "conversation_tests.rs"]
mod tests;
