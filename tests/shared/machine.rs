//! What a test takes of the machine that it runs on.

/// Set by `./check`, as which nothing may be left out unseen.
const CHECK: &str = "PASSKEY_CHECK";

/// Whether the machine has what this test cannot do without; `what` is its name. By hand a test may go without, and says so; in `./check`
/// it fails.
#[track_caller]
#[allow(clippy::print_stderr, reason = "a test says what it left out")]
#[allow(clippy::disallowed_methods, reason = "no test is set-uid")]
pub(crate) fn has(is_there: bool, what: &str) -> bool {
    assert!(is_there || std::env::var_os(CHECK).is_none(), "this test takes {what}");
    if !is_there {
        eprintln!("left out, for want of {what}");
    }
    is_there
}
