use std::sync::atomic::{AtomicU32, Ordering};

use super::*;

fn is_readable(guard: &InterruptGuard) -> bool {
    let mut poll =
        libc::pollfd { fd: std::os::fd::AsRawFd::as_raw_fd(&guard.fd()), events: libc::POLLIN, revents: 0 };
    // SAFETY: one valid entry, and no waiting.
    unsafe { libc::poll(&raw mut poll, 1, 0) == 1 }
}

/// One test for everything that raises signals: handlers belong to the whole process.
#[test]
fn ctrl_c_is_seen_used_up_or_handed_on() {
    static HANDLED: AtomicU32 = AtomicU32::new(0);
    extern "C" fn handler(_signal: libc::c_int) {
        HANDLED.fetch_add(1, Ordering::SeqCst);
    }
    let handled = || HANDLED.load(Ordering::SeqCst);
    // SAFETY: the handler only touches an atomic.
    let old = unsafe { libc::signal(libc::SIGINT, handler as *const () as libc::sighandler_t) };
    // SAFETY: raising a signal in this thread that has a handler.
    let ctrl_c = || assert_eq!(unsafe { libc::raise(libc::SIGINT) }, 0);

    ctrl_c();
    assert_eq!(handled(), 1, "the handler works");

    let guard = InterruptGuard::new().unwrap();
    assert!(!guard.take());
    ctrl_c();
    assert_eq!(handled(), 1, "blocked");
    assert!(guard.take());
    assert!(!guard.take(), "used up");

    guard.lifted(|| {
        ctrl_c();
        assert_eq!(handled(), 2, "during a prompt the host handles it");
    });
    ctrl_c();
    assert_eq!(handled(), 2, "blocked again after the prompt");
    assert!(guard.take());

    guard.lifted_unless_pressed(|| {
        ctrl_c();
        assert_eq!(handled(), 3, "while a message is shown, too");
    });
    ctrl_c();
    guard.lifted_unless_pressed(|| assert_eq!(handled(), 3, "what came before is still ours"));
    assert!(guard.take());
    HANDLED.store(2, Ordering::SeqCst);

    drop(guard);
    assert_eq!(handled(), 2, "what was taken does not reach the host");

    let guard = InterruptGuard::new().unwrap();
    ctrl_c();
    drop(guard);
    assert_eq!(handled(), 3, "what was not taken does");

    // A host that has SIGINT blocked keeps it so.
    let outer = InterruptGuard::new().unwrap();
    drop(InterruptGuard::new().unwrap());
    ctrl_c();
    assert_eq!(handled(), 3);
    assert!(outer.take());
    drop(outer);

    let guard = InterruptGuard::new().unwrap();
    let panicked =
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| guard.lifted(|| panic!("in a prompt"))));
    assert!(panicked.is_err());
    ctrl_c();
    assert_eq!(handled(), 3, "blocked again after a panic");
    assert!(guard.take());
    drop(guard);

    // SAFETY: the handler only touches an atomic.
    let others = unsafe {
        [
            libc::signal(libc::SIGTERM, handler as *const () as libc::sighandler_t),
            libc::signal(libc::SIGHUP, libc::SIG_IGN),
        ]
    };
    let guard = InterruptGuard::new().unwrap();
    assert!(!is_readable(&guard));
    // SAFETY: an ignored signal.
    assert_eq!(unsafe { libc::raise(libc::SIGHUP) }, 0);
    assert!(!is_readable(&guard), "what the host ignores ends nothing");
    // SAFETY: one that has a handler.
    assert_eq!(unsafe { libc::raise(libc::SIGTERM) }, 0);
    assert!(is_readable(&guard));
    assert!(!guard.take(), "the host's own");
    assert_eq!(handled(), 3, "held back");
    drop(guard);
    assert_eq!(handled(), 4, "and handed on");

    // SAFETY: puts the old handlers back.
    unsafe {
        libc::signal(libc::SIGTERM, others[0]);
        libc::signal(libc::SIGHUP, others[1]);
    }
    // SAFETY: puts the old handler back.
    unsafe { libc::signal(libc::SIGINT, old) };
}
