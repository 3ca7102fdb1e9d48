//! The person touches the key they mean.

use super::super::keys::{KeyId, Platform};
use super::super::prompter::Prompter;
use super::super::standing::{Chosen, Trusted};
use super::super::steps::selection::{self, SelectionReply, Touched};
use super::super::steps::timing::REPEAT_DELAY;
use super::Ceremony;
use super::error::Refusal;
use super::state::{Candidate, Claim, Standing, State, UserCheck};
use std::time::Duration;

/// How often a key may say that it was selected sooner than it can have been.
pub(super) const MAX_TOO_SOON: u8 = 3;

impl<'a, W: Platform, P: Prompter> Ceremony<'a, W, P> {
    /// Makes a key blink so that the person can say that it is the one they mean.
    pub(super) fn begin_selection(&mut self, key: KeyId, mut candidate: Candidate<'a>) {
        self.begin_person(&mut candidate);
        let message = selection::message(&candidate.protocol);
        self.set(key, State::Selecting(candidate));
        self.send(key, message, true);
    }

    /// The reply to what [`begin_selection`](Self::begin_selection) asked.
    pub(super) fn on_selection(
        &mut self,
        key: KeyId,
        mut candidate: Candidate<'a>,
        payload: &[u8],
        took: Duration,
    ) {
        let refusal = match selection::reply_of(&candidate.protocol, payload, took) {
            Ok(SelectionReply::Touched(touched)) => {
                self.selected = Some((key, touched));
                return self.set(key, State::Ready(candidate));
            }
            Ok(SelectionReply::Again) => return self.pause(key, candidate, REPEAT_DELAY),
            Ok(SelectionReply::TooSoon) => {
                candidate.too_soon = candidate.too_soon.saturating_add(1);
                return self.pause(key, candidate, REPEAT_DELAY);
            }
            Ok(SelectionReply::Declined) => Refusal::Status(ctap::Status::OPERATION_DENIED),
            Ok(SelectionReply::Failed(error)) => error.into(),
            Err(error) => error.into(),
        };
        if candidate.is_trusted() {
            let passkey = candidate.proved();
            self.turn_away(key, passkey, refusal.of_trusted());
        } else {
            self.dismiss(key);
        }
    }

    /// What the key claims counts, since the person has touched it.
    pub(super) fn confirm_touched(candidate: &mut Candidate<'a>, touched: Touched) {
        if let Standing::Claimed(claim, method) = &candidate.standing {
            let trusted = match claim {
                Claim::Model(claim) => Trusted::Vouched(claim.touched(touched)),
                Claim::Discoverable => Trusted::Chosen(Chosen::touched(touched)),
            };
            candidate.standing = Standing::Trusted(UserCheck::new(trusted, *method));
        }
    }

    /// What the key claims counts, if there is no other one that could be meant: `candidates` are left in the ceremony.
    pub(super) fn confirm_alone(&self, candidate: &mut Candidate<'a>, candidates: usize) {
        if let Standing::Claimed(claim, method) = &candidate.standing {
            let trusted = match claim {
                Claim::Model(claim) => claim.alone(self.pool.count()).map(Trusted::Vouched),
                Claim::Discoverable => Chosen::only(candidates).map(Trusted::Chosen),
            };
            if let Some(trusted) = trusted {
                candidate.standing = Standing::Trusted(UserCheck::new(trusted, *method));
            }
        }
    }
}
