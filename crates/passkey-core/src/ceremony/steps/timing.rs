//! Durations and time limits.

use std::time::Duration;

/// A key that is asked something that needs no person and gives no sign of life for this long is not there for us. (Some want their
/// person all the same, to be unlocked on a display of their own, and say so meanwhile.)
pub(crate) const IDLE_TIMEOUT: Duration = Duration::from_secs(5);
/// Until a U2F key that waits for a touch is asked again: it answers at once, whether it was touched or not (FIDO U2F Raw
/// Message Formats §4.1, §5.1). Short enough for a touch to be seen soon, long enough for others to have a turn at the key.
pub(crate) const U2F_POLL: Duration = Duration::from_millis(150);
/// How long a key may take to end what was cancelled before the person is asked something.
pub(crate) const QUIET: Duration = Duration::from_millis(250);
/// Before the same is asked of a key again: one that refuses at once must not keep the processor busy.
pub(crate) const REPEAT_DELAY: Duration = Duration::from_millis(250);
/// Before a key that did not answer is tried again.
pub(crate) const SILENT_RETRY: Duration = Duration::from_secs(2);
/// The touch is asked for at the latest this long after the key has got the request, should it not say that it waits.
///
/// The words never come before the request. A key that was not asked silently may turn out to hold nothing, and a program that takes
/// its time to show them would keep the key dark. A person who touches a blinking key before reading why has agreed nevertheless.
pub(crate) const CUE_DELAY: Duration = Duration::from_millis(500);
/// How long keys may be asked for passkeys before the person is told that they are.
pub(crate) const SEARCH_NOTICE: Duration = Duration::from_secs(2);
/// No person touches a key so soon after it has begun to blink: an answer that came faster was not theirs.
pub(crate) const FASTEST_TOUCH: Duration = Duration::from_millis(40);
/// `CTAP2_ERR_OPERATION_DENIED` later than this is the key's own time-out (CTAP 2.1 §6.2.2 step 11 and §8.2), sooner it is a refusal.
/// Keys wait for a touch for ten seconds at the least.
pub(crate) const OWN_TIMEOUT: Duration = Duration::from_secs(5);
/// How long the person has for a key that a touch is enough for, before the PIN of this computer is asked for instead: a prompt cannot
/// stand while a key blinks.
pub(crate) const TOUCH_FIRST: Duration = Duration::from_secs(8);
