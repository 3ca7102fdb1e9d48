//! The person touches the key they mean.

use super::super::steps::selection::{self, SelectionReply};
use super::{Ceremony, KeyId, Message, Platform, Prompter, REPEAT_DELAY, SignInError, Step};

impl<W: Platform, P: Prompter> Ceremony<'_, W, P> {
    /// Makes a key blink so that the person can say that it is the one they mean.
    pub(super) fn begin_choice(&mut self, key: KeyId) {
        let Some(candidate) = self.candidates.get_mut(key) else { return };
        let Some(info) = candidate.info() else { return };
        let message = Message::ctap2(selection::request(info));
        candidate.step = Step::Choosing;
        self.send(key, message, true);
    }

    /// The reply to what [`begin_choice`](Self::begin_choice) asked.
    pub(super) fn on_chosen(&mut self, key: KeyId, payload: &[u8]) {
        let until = self.pool.now().saturating_add(REPEAT_DELAY);
        let Some(candidate) = self.candidates.get_mut(key) else { return };
        match selection::reply(payload) {
            SelectionReply::Touched => {
                candidate.step = Step::Ready;
                self.chosen = Some(key);
            }
            SelectionReply::Again => candidate.step = Step::Pausing { until },
            SelectionReply::Declined => self.turn_away(key, SignInError::Declined),
            SelectionReply::Failed(error) => self.turn_away(key, error.into()),
        }
    }
}
