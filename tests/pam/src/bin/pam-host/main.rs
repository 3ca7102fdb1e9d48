//! A host of PAM modules that signs in again and again in one process, and tells what each sign-in has changed in it.
//!
//! A line of its input is one sign-in: service, user, and the answers to prompts in their order. `!` fails the prompt, `-` answers
//! it with no text at all, `_` with an empty one. It writes what is said to the person, `during` with whatever of the module's could be
//! seen from the conversation or from a program started in it, `left` with whatever has not been put back at the end, and a line
//! `result CODE …` with how often Ctrl-C has reached the host itself and how many bytes of heap are in use.
#![allow(unsafe_code, reason = "a host of PAM modules speaks C")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a panic is a failed test")]
#![allow(clippy::print_stdout, reason = "that is what it is for")]

mod footprint;
mod pam;

use footprint::Footprint;
use std::sync::atomic::{AtomicU32, Ordering};

/// Ctrl-C that has reached the host.
static INTERRUPTS: AtomicU32 = AtomicU32::new(0);

extern "C" fn on_interrupt(_signal: libc::c_int) {
    INTERRUPTS.fetch_add(1, Ordering::Relaxed);
}

fn main() {
    if std::env::args().nth(1).as_deref() == Some(footprint::LOOK) {
        return print!("{}", Footprint::inherited());
    }
    // SAFETY: the handler touches nothing but an atomic; the strings are literals.
    unsafe {
        libc::signal(libc::SIGINT, on_interrupt as *const () as libc::sighandler_t);
        // Libc keeps its connection to the system log from the first line on, whoever writes it.
        libc::syslog(libc::LOG_DEBUG, c"%s".as_ptr(), c"here I am".as_ptr());
    }
    println!("ready");
    for line in std::io::stdin().lines() {
        let line = line.unwrap();
        let mut words = line.split(' ').map(str::to_owned);
        let (Some(service), Some(user)) = (words.next(), words.next()) else { continue };
        sign_in(&service, &user, words.collect());
    }
}

fn sign_in(service: &str, user: &str, answers: Vec<String>) {
    let before = Footprint::take();
    let from_child = Footprint::from_child();
    let code =
        pam::authenticate(service, user, pam::Person::new(answers, before.clone(), from_child.clone()));
    for difference in Footprint::take().differences(&before) {
        println!("left {difference}");
    }
    for difference in Footprint::from_child().differences(&from_child) {
        println!("left to a child {difference}");
    }
    drop((before, from_child));
    let interrupts = INTERRUPTS.load(Ordering::Relaxed);
    println!("result {code} interrupts {interrupts} heap {}", footprint::heap());
    println!("done.");
}
