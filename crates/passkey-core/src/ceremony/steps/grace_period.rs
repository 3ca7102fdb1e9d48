//! How long keys that have not answered yet delay the prompt: a person with two keys plugged in should be able to choose
//! between them even if one is slow, and should not wait for a silent key.
//!
//! A key is waited for as long as it gets on: until it has said nothing for [`SETTLE`], and for [`LIMIT`] at most. A key that takes
//! longer over a request than that says so every tenth of a second (CTAP 2.1 §11.2.9.1.7).

use super::super::keys::{KeyId, KeyPool, Platform};
use std::time::Duration;

/// How long a key may say nothing.
const SETTLE: Duration = Duration::from_millis(250);
/// How long it is waited for however much it says.
const LIMIT: Duration = Duration::from_secs(1);

/// Until when the person is not asked, who could be since `ready_at`: the keys `undecided` may still turn out to be meant.
pub(crate) fn settled_at<W: Platform>(
    pool: &KeyPool<'_, W>,
    ready_at: Duration,
    undecided: impl Iterator<Item = KeyId>,
) -> Duration {
    let last_heard = undecided.filter_map(|key| pool.heard_at(key)).fold(ready_at, Duration::max);
    last_heard.saturating_add(SETTLE).min(ready_at.saturating_add(LIMIT))
}
