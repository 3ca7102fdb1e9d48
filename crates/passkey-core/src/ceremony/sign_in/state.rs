//! How far one key has come in a sign-in. A state owns what it needs and nothing else.

use super::super::keys::{Attachment, Protocol};
use super::super::prompter::Authenticator;
use super::super::standing::{ModelClaim, Trusted};
use super::super::steps::allow_list::AllowListBatch;
use super::super::steps::assertion::{AssertionRequest, Token};
use super::super::steps::pin_uv_token::PinUvTokenFlow;
use super::super::steps::uv_method::Method;
use super::error::Refusal;
use crate::config::Account;
use crate::credential::Credential;
use crate::verify::{Verified, VerifyError};
use ctap::Info;
use ctap::hmac_secret::Salts;
use ctap::pin_uv_auth::{PinUvAuthProtocol, Session};
use std::collections::VecDeque;
use std::time::Duration;

/// Where a key is. Keys that hold nothing, or have failed, have no state any more.
pub(super) enum State<'a> {
    /// authenticatorGetInfo is under way.
    Identifying,
    /// It is asked, without a touch, whether it holds one of the passkeys.
    PreFlight(PreFlight<'a>),
    /// Its person is needed next; when is for the schedule to decide.
    Ready(Candidate<'a>),
    /// The person may touch it to say that this is the key they mean.
    Selecting(Candidate<'a>),
    /// It verifies its user, by PIN or sensor, for a token.
    Verifying(Candidate<'a>, Box<Verifying<'a>>),
    /// It is asked what there is to show to its person.
    Showing(Candidate<'a>),
    /// A secret is being agreed on with it, for the salts of its passkey.
    Agreeing(Candidate<'a>, PinUvAuthProtocol),
    /// The assertion proper is under way.
    Touching(Candidate<'a>, Touching<'a>),
    /// Its person will be asked for again at this time.
    Pausing(Candidate<'a>, Duration),
    /// It has been touched and is telling its other discoverable passkeys.
    Collecting(Candidate<'a>, Discovery<'a>),
    /// Its state is being worked on.
    Changing,
}

/// The search for the passkeys on one key.
pub(super) struct PreFlight<'a> {
    pub(super) protocol: Protocol,
    /// Lists still to be asked for; the first is the one in flight.
    pub(super) batches: VecDeque<AllowListBatch<'a>>,
    /// Lists to which it has said neither yes nor no.
    pub(super) unanswered: VecDeque<AllowListBatch<'a>>,
    /// What the reply in flight is held against.
    pub(super) request: Option<AssertionRequest<'a>>,
    /// What came of a touch that was asked for before anything was known of the key. It counts once the key has proved itself.
    pub(super) touched: Option<Refusal>,
    /// A U2F key has said that the first of the lists is its own, and is asked to sign without a touch.
    pub(super) proves_u2f: bool,
    /// It waits for a touch, although it should not.
    pub(super) blinks: bool,
    /// Requests that it has answered.
    pub(super) answered: usize,
    pub(super) answered_at: Duration,
    pub(super) since: Duration,
}

/// A key that may hold a passkey.
pub(super) struct Candidate<'a> {
    pub(super) protocol: Protocol,
    /// Lists that it is to be asked for; the first is the next. None where it is asked for whatever it has.
    pub(super) batches: VecDeque<AllowListBatch<'a>>,
    pub(super) standing: Standing<'a>,
    /// Whether it has answered without a touch, where it was asked so.
    pub(super) silently: Option<bool>,
    /// Its person has been asked for.
    pub(super) has_asked: bool,
    /// How often it has said that it was chosen, sooner than any person could have touched it.
    pub(super) too_soon: u8,
    /// What it is.
    pub(super) authenticator: Authenticator,
}

/// What the key has shown so far.
pub(super) enum Standing<'a> {
    /// Nothing, since it was not asked: it is the only key, and a touch is all it takes.
    NotAsked,
    /// Nothing: it neither answers nor denies. A touch will tell.
    Undecided,
    /// Its user would be verified if it were what it says, and the person means it.
    Claimed(Claim<'a>, Method),
    /// Enough for its user to be verified.
    Trusted(UserCheck<'a>),
}

/// What an unproven key says that it is.
pub(super) enum Claim<'a> {
    /// Of a model that holds passkeys which do not show themselves.
    Model(ModelClaim<'a>),
    /// One that knows who is signing in.
    Discoverable,
}

/// A trusted key, and how far its user is verified.
pub(super) struct UserCheck<'a> {
    pub(super) trusted: Trusted<'a>,
    pub(super) method: Method,
    pub(super) token: Option<Token>,
    /// What salts go under.
    pub(super) agreement: Agreement,
    /// Fingers that were not recognised by a key without tokens.
    pub(super) sensor_failures: u8,
    /// Tokens that it did not take (any more).
    pub(super) refused_tokens: u8,
}

/// The secret that salts for a key go under, as far as it takes any.
#[derive(Default)]
pub(super) struct Agreement {
    session: Option<Box<Session>>,
    /// The assertion that is under way has salts.
    is_salted: bool,
    /// Protocols that it has refused salts under, or given no key for.
    refused: Vec<PinUvAuthProtocol>,
}

/// A key that verifies its user.
pub(super) struct Verifying<'a> {
    pub(super) flow: PinUvTokenFlow<'a>,
    /// When it is asked again, if its sensor was not used.
    pub(super) resume_at: Option<Duration>,
}

/// The assertion proper.
pub(super) struct Touching<'a> {
    pub(super) request: AssertionRequest<'a>,
    /// What a secret is asked for, if one is.
    pub(super) salted: Option<Salted<'a>>,
    /// When the person is told to touch it, should the key not say before that it waits.
    pub(super) cue_at: Option<Duration>,
}

/// A passkey, and what its key is to make a secret of.
#[derive(Clone, Copy)]
pub(super) struct Salted<'a> {
    pub(super) credential: &'a Credential,
    pub(super) salts: Salts,
}

/// What one key's discoverable passkeys have proved so far.
pub(super) struct Discovery<'a> {
    pub(super) request: AssertionRequest<'a>,
    /// Passkeys that it is still to tell of.
    pub(super) left: usize,
    pub(super) found: Vec<Discovered>,
    /// The error of an assertion for a user who is known here.
    pub(super) rejected: Option<VerifyError>,
}

/// A user who would be signed in.
pub(super) struct Discovered {
    pub(super) account: Account,
    pub(super) verified: Verified,
}

impl<'a> PreFlight<'a> {
    pub(super) fn new(
        protocol: Protocol,
        batches: impl IntoIterator<Item = AllowListBatch<'a>>,
        now: Duration,
    ) -> Self {
        Self {
            protocol,
            batches: batches.into_iter().collect(),
            unanswered: VecDeque::new(),
            request: None,
            touched: None,
            proves_u2f: false,
            blinks: false,
            answered: 0,
            answered_at: now,
            since: now,
        }
    }
}

impl<'a> Candidate<'a> {
    pub(super) fn new(
        attachment: Attachment,
        protocol: Protocol,
        batches: VecDeque<AllowListBatch<'a>>,
        standing: Standing<'a>,
    ) -> Self {
        let authenticator = Authenticator::of(attachment, protocol.info());
        Self { protocol, batches, standing, silently: None, has_asked: false, too_soon: 0, authenticator }
    }

    /// Whether it can be touched to say that it is meant.
    pub(super) fn is_touchable(&self) -> bool {
        self.authenticator == Authenticator::SecurityKey
    }

    /// Whether it is this computer, which asks for its PIN and for no touch.
    pub(super) fn is_this_computer(&self) -> bool {
        self.authenticator == Authenticator::ThisComputer
    }

    /// What it says of itself, if it speaks CTAP2.
    pub(super) fn info(&self) -> Option<&Info> {
        self.protocol.info()
    }

    /// The RP ID of what it is asked for next; `None` where that is no particular passkey.
    pub(super) fn rp_id(&self) -> Option<&'a str> {
        self.batches.front()?.0.first().map(|credential| credential.rp_id.as_str())
    }

    /// The passkeys that it is asked for next.
    pub(super) fn asked(&self) -> Vec<&'a Credential> {
        self.batches.front().map_or_else(Vec::new, |batch| batch.0.clone())
    }

    /// The passkey that it has proved to hold.
    pub(super) fn proved(&self) -> Option<&'a Credential> {
        match &self.standing {
            Standing::Trusted(check) => check.trusted.proved(),
            Standing::NotAsked | Standing::Undecided | Standing::Claimed(..) => None,
        }
    }

    /// Whether it could be the one that the person means, as far as others are concerned: an undecided key does not delay them.
    pub(super) fn may_be_meant(&self) -> bool {
        matches!(self.standing, Standing::Claimed(..) | Standing::Trusted(_))
    }

    pub(super) fn is_trusted(&self) -> bool {
        matches!(self.standing, Standing::Trusted(_))
    }

    /// How its user is verified, where that is known.
    pub(super) fn method(&self) -> Option<Method> {
        match &self.standing {
            Standing::Trusted(UserCheck { method, .. }) | Standing::Claimed(_, method) => Some(*method),
            Standing::NotAsked | Standing::Undecided => None,
        }
    }

    /// Whether its user has been verified.
    pub(super) fn has_token(&self) -> bool {
        matches!(&self.standing, Standing::Trusted(check) if check.token.is_some())
    }

    /// Whether nothing speaks against it, so that the time for the touch begins with it.
    pub(super) fn is_worth_waiting_for(&self) -> bool {
        !matches!(self.standing, Standing::Undecided)
    }

    /// Whether a PIN is what it needs next, or the person's word that they mean it.
    pub(super) fn needs_selecting(&self) -> bool {
        match &self.standing {
            Standing::Claimed(..) => true,
            Standing::Trusted(check) => check.method == Method::Pin && check.token.is_none(),
            Standing::NotAsked | Standing::Undecided => false,
        }
    }
}

impl<'a> UserCheck<'a> {
    pub(super) fn new(trusted: Trusted<'a>, method: Method) -> Self {
        Self {
            trusted,
            method,
            token: None,
            agreement: Agreement::default(),
            sensor_failures: 0,
            refused_tokens: 0,
        }
    }
}

impl Agreement {
    /// What salts go under now.
    pub(super) fn session(&self) -> Option<&Session> {
        self.session.as_deref()
    }

    /// The protocol to agree under next, of those that the key speaks; `None` where that is done, or will not be.
    pub(super) fn next(&self, info: &Info) -> Option<PinUvAuthProtocol> {
        let mut untried =
            info.pin_uv_auth_protocols.iter().filter(|protocol| !self.refused.contains(protocol));
        if self.session.is_some() { None } else { untried.next().copied() }
    }

    pub(super) fn agreed(&mut self, session: Session) {
        if !self.refused.contains(&session.protocol()) {
            self.session = Some(Box::new(session));
        }
    }

    pub(super) fn refuse(&mut self, protocol: PinUvAuthProtocol) {
        self.refused.push(protocol);
        self.session = None;
    }

    /// Whether the assertion that begins has salts.
    pub(super) fn begins(&mut self, is_salted: bool) {
        self.is_salted = is_salted;
    }

    /// The key refuses the assertion; whether that may be for its salts, so that it is to be asked once more.
    pub(super) fn give_up(&mut self) -> bool {
        if !std::mem::take(&mut self.is_salted) {
            return false;
        }
        let protocol = self.session.as_deref().map(Session::protocol);
        protocol.map(|protocol| self.refuse(protocol)).is_some()
    }
}

impl<'a> State<'a> {
    /// The key as a candidate, once it is one.
    pub(super) fn candidate(&self) -> Option<&Candidate<'a>> {
        match self {
            Self::Ready(candidate)
            | Self::Selecting(candidate)
            | Self::Verifying(candidate, _)
            | Self::Showing(candidate)
            | Self::Agreeing(candidate, _)
            | Self::Touching(candidate, _)
            | Self::Pausing(candidate, _)
            | Self::Collecting(candidate, _) => Some(candidate),
            Self::Identifying | Self::PreFlight(_) | Self::Changing => None,
        }
    }

    /// The candidate, for another state.
    pub(super) fn into_candidate(self) -> Option<Candidate<'a>> {
        match self {
            Self::Ready(candidate)
            | Self::Selecting(candidate)
            | Self::Verifying(candidate, _)
            | Self::Showing(candidate)
            | Self::Agreeing(candidate, _)
            | Self::Touching(candidate, _)
            | Self::Pausing(candidate, _)
            | Self::Collecting(candidate, _) => Some(candidate),
            Self::Identifying | Self::PreFlight(_) | Self::Changing => None,
        }
    }

    /// Whether its person has to do something on it now.
    pub(super) fn waits_for_person(&self) -> bool {
        match self {
            Self::Touching(..) | Self::Selecting(_) | Self::Pausing(..) => true,
            Self::Verifying(_, verifying) => verifying.flow.waits_for_person(),
            Self::PreFlight(pre_flight) => pre_flight.blinks,
            Self::Identifying
            | Self::Ready(_)
            | Self::Showing(_)
            | Self::Agreeing(..)
            | Self::Collecting(..)
            | Self::Changing => false,
        }
    }

    pub(super) fn is_undecided(&self) -> bool {
        matches!(self, Self::Identifying | Self::PreFlight(_))
    }
}
