//! OpenSK's environment: its clock, memory, randomness, button, sensor and port.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use opensk::api::clock::Clock;
use opensk::api::connection::{HidConnection, RecvStatus, UsbEndpoint};
use opensk::api::customization::{CustomizationImpl, DEFAULT_CUSTOMIZATION};
use opensk::api::fingerprint::{Ctap2EnrollFeedback, Fingerprint, FingerprintCheckError, FingerprintKind};
use opensk::api::persist::{Persist, PersistIter};
use opensk::api::rng::{Rng, rand_core};
use opensk::api::user_presence::{UserPresence, UserPresenceError, UserPresenceWaitResult};
use opensk::ctap::Channel;
use opensk::ctap::data_formats::EnterpriseAttestationMode;
use opensk::ctap::status_code::{Ctap2StatusCode, CtapResult};
use opensk::env::Env;

use super::body::MAX_PIN_RETRIES;
use super::crypto::{self, BendingCrypto};
use super::{Port, Shared, Wake, profile};
use crate::message::{
    CANCEL, ERR_CHANNEL_BUSY, ERROR, INIT, KEEPALIVE, KEEPALIVE_PERIOD, Message, PROCESSING,
};
use crate::{Asked, Attestation, Corruption, Form, Misbehaviour, PinProtocols, Report, Touch};

/// OpenSK's message assembler is the only user of a timer of this length.
const ASSEMBLER_TIMEOUT_MS: usize = 100;

/// What a fingerprint enrolment needs.
const SAMPLES: usize = 3;

/// One powered key's surroundings.
pub(crate) struct KeyEnv<P: Port> {
    pub(crate) port: P,
    pub(crate) shared: Arc<Shared>,
    /// Channel and command byte of the request being worked on.
    pub(crate) request: Option<([u8; 4], u8)>,
    /// What it asks, if it is a CTAP2 request that has a name.
    pub(crate) asked: Option<Asked>,
    /// What it asked before it was changed under way, if it was.
    changed_from: Option<Asked>,
    /// How that request was ended before its time, if it was.
    pub(crate) ended: Option<Ended>,
    /// What is to be wrong in the reply to that request.
    pub(crate) corruption: Option<Corruption>,
    /// The credential ids that it names, if it is getAssertion.
    pub(crate) allow_list: Vec<Vec<u8>>,
    /// What is to come instead of that reply.
    pub(crate) misbehaviour: Option<Misbehaviour>,
    /// When the key gives up the wait for its person that is under way.
    gives_up_at: Option<Duration>,
    /// The power is gone: everything is to return as soon as it can.
    pub(crate) unplugged: bool,
    customization: CustomizationImpl,
    samples_left: usize,
    /// The id of the template being enrolled, the same from the first sample on.
    template: u8,
}

/// A request that did not run to its own end.
pub(crate) enum Ended {
    /// `CTAPHID_CANCEL` (CTAP 2.1 §11.2.9.1.5).
    Cancelled,
    /// `CTAPHID_INIT` on the channel in use drops the request and its reply (CTAP 2.1 §11.2.9.1.3); the report is still
    /// to be answered.
    Resynchronised(Report),
    /// By the key itself, with this status: its person has not come.
    TimedOut(u8),
}

impl<P: Port> KeyEnv<P> {
    pub(crate) fn new(port: P, shared: Arc<Shared>) -> Self {
        let customization = {
            let config = &shared.lock().config;
            CustomizationImpl {
                allows_pin_protocol_v1: config.protocols != PinProtocols::Two,
                enforce_always_uv: config.always_uv,
                default_min_pin_length: config.min_pin_length,
                max_msg_size: config.max_msg_size,
                max_supported_resident_keys: config.room,
                max_pin_retries: MAX_PIN_RETRIES,
                use_batch_attestation: config.attestation == Attestation::Model,
                enterprise_attestation_mode: (config.attestation == Attestation::Enterprise)
                    .then_some(EnterpriseAttestationMode::PlatformManaged),
                max_credential_count_in_list: config.max_credential_count_in_list,
                ..DEFAULT_CUSTOMIZATION.clone()
            }
        };
        Self {
            port,
            shared,
            request: None,
            asked: None,
            changed_from: None,
            ended: None,
            corruption: None,
            allow_list: Vec::new(),
            misbehaviour: None,
            gives_up_at: None,
            unplugged: false,
            customization,
            samples_left: 0,
            template: 0,
        }
    }

    /// A report arrives while the key waits for its person.
    ///
    /// Returns whether it ends the wait.
    fn overheard(&mut self, report: &Report) -> bool {
        let channel = [report[0], report[1], report[2], report[3]];
        let command = (report[4] & 0x80 != 0).then_some(report[4] & 0x7f);
        if self.request.is_some_and(|(own, _)| own == channel) {
            match command {
                Some(CANCEL) => self.ended = Some(Ended::Cancelled),
                Some(INIT) => self.ended = Some(Ended::Resynchronised(*report)),
                // Anything else is none of the host's business before it has its reply.
                _ => return false,
            }
            return true;
        }
        if command.is_some_and(|command| command != CANCEL) {
            let busy = Message { channel, command: ERROR, payload: vec![ERR_CHANNEL_BUSY] };
            for report in busy.split() {
                self.transmit(&report);
            }
        }
        false
    }

    pub(crate) fn transmit(&mut self, report: &Report) {
        if !self.unplugged {
            self.port.send(report);
        }
    }

    /// OpenSK's loops send a keep-alive per turn, also on the last turns after the end.
    fn send_unless_ended(&mut self, report: &Report) {
        if self.ended.is_none() {
            self.transmit(report);
        }
    }

    /// Compute for as long as this key does over such a request.
    pub(crate) fn compute(&mut self, asked: Option<Asked>) {
        let time = self.shared.lock().config.quirks.computes_for(asked);
        self.compute_for(time);
    }

    /// Compute for as long as this key does over what it has signed for the request.
    pub(crate) fn sign(&mut self) {
        let time = self.shared.lock().config.quirks.signing_time;
        self.compute_for(time * crypto::take_signatures());
    }

    fn compute_for(&mut self, time: Duration) {
        let end = self.port.now() + time;
        while !self.unplugged && self.ended.is_none() && self.port.now() < end {
            let turn = end.min(self.port.now() + KEEPALIVE_PERIOD);
            // A touch that nobody asked for is lost.
            while self.touched(turn).is_some() {}
            if self.port.now() < end
                && let Some((channel, _)) = self.request
            {
                let keepalive = Message { channel, command: KEEPALIVE, payload: vec![PROCESSING] };
                self.send_unless_ended(&keepalive.split()[0]);
            }
        }
    }

    /// The reports of a complete request as OpenSK is to see them: a silent assertion as one that asks for a touch.
    pub(crate) fn without_silence(&mut self, request: Option<Vec<Report>>) -> Vec<Report> {
        match request {
            None => Vec::new(),
            Some(request) => match profile::with_touch(&request) {
                None => request,
                Some(changed) => {
                    self.changed_from = Some(Asked::SilentAssertion);
                    changed
                }
            },
        }
    }

    /// Wait for a touch until `deadline`; None if there was none.
    fn touched(&mut self, deadline: Duration) -> Option<Touch> {
        let deadline = self.gives_up_at.map_or(deadline, |end| end.min(deadline));
        while !self.unplugged && self.ended.is_none() {
            match self.port.wait(Some(deadline)) {
                Wake::Touch(touch) => return Some(touch),
                Wake::Deadline => {
                    let quirk = self.shared.lock().config.quirks.user_timeout;
                    if let Some(quirk) = quirk
                        && self.gives_up_at.is_some_and(|end| end <= self.port.now())
                    {
                        self.ended = Some(Ended::TimedOut(quirk.status));
                    }
                    return None;
                }
                Wake::Unplugged => self.unplugged = true,
                Wake::Report(report) => {
                    self.overheard(&report);
                }
            }
        }
        None
    }

    fn in_ms(&self, milliseconds: usize) -> Duration {
        self.port.now() + Duration::from_millis(milliseconds as u64)
    }

    fn wants_touch(&mut self, wanted: bool) {
        let since = wanted.then(|| self.port.now());
        let timeout = self.shared.lock().config.quirks.user_timeout;
        self.gives_up_at = since.zip(timeout).map(|(since, timeout)| since + timeout.after);
        self.shared.want_touch(since);
    }
}

impl<P: Port> Env for KeyEnv<P> {
    type Rng = Self;
    type UserPresence = Self;
    type Persist = Self;
    type KeyStore = Self;
    type Write = Silence;
    type Customization = CustomizationImpl;
    type HidConnection = Self;
    type Clock = Self;
    type Crypto = BendingCrypto;
    type Fingerprint = Self;

    fn rng(&mut self) -> &mut Self {
        self
    }
    fn user_presence(&mut self) -> &mut Self {
        self
    }
    fn persist(&mut self) -> &mut Self {
        self
    }
    fn key_store(&mut self) -> &mut Self {
        self
    }
    fn clock(&mut self) -> &mut Self {
        self
    }
    fn fingerprint(&mut self) -> &mut Self {
        self
    }
    fn write(&mut self) -> Silence {
        Silence
    }
    fn customization(&self) -> &CustomizationImpl {
        &self.customization
    }
    fn hid_connection(&mut self) -> &mut Self {
        self
    }
    fn boots_after_soft_reset(&self) -> bool {
        false
    }

    /// Not for vendor commands: OpenSK shows every request here before it looks at it.
    fn process_vendor_command(&mut self, request: &[u8], channel: Channel) -> Option<Vec<u8>> {
        let Channel::MainHid(channel) = channel;
        let command = request.first().copied().unwrap_or_default();
        self.request = Some((channel, command));
        let asked = self.changed_from.take().or_else(|| Asked::of(request));
        self.asked = asked;
        self.compute(asked);
        if self.ended.is_some() || self.unplugged {
            // The reply is thrown away or given another status.
            return Some(vec![profile::INVALID_COMMAND]);
        }
        let mut body = self.shared.lock();
        self.misbehaviour = body.misbehaviour(asked);
        if let Some(Misbehaviour::Corrupt(corruption)) = self.misbehaviour {
            self.corruption = Some(corruption);
        }
        if self.misbehaviour.is_some_and(Misbehaviour::refuses_to_work) {
            // The reply is thrown away; what matters is that nothing is done.
            return Some(vec![profile::INVALID_COMMAND]);
        }
        if let Some(status) = profile::refuse(&body, request) {
            return Some(vec![status]);
        }
        let signs = profile::is_assertion(command)
            || asked == Some(Asked::MakeCredential) && self.misbehaviour.is_some();
        self.corruption = self.corruption.filter(|_| signs);
        self.allow_list = profile::allow_list(request);
        crypto::bend(self.corruption);
        None
    }
}

impl<P: Port> Rng for KeyEnv<P> {}
impl<P: Port> rand_core::CryptoRng for KeyEnv<P> {}
impl<P: Port> rand_core::RngCore for KeyEnv<P> {
    fn next_u32(&mut self) -> u32 {
        let mut bytes = [0; 4];
        self.fill_bytes(&mut bytes);
        u32::from_be_bytes(bytes)
    }
    fn next_u64(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.fill_bytes(&mut bytes);
        u64::from_be_bytes(bytes)
    }
    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        self.shared.lock().random.fill(bytes);
    }
    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), rand_core::Error> {
        self.fill_bytes(bytes);
        Ok(())
    }
}

impl<P: Port> Persist for KeyEnv<P> {
    fn find(&self, key: usize) -> CtapResult<Option<Vec<u8>>> {
        Ok(self.shared.lock().flash.get(&key).cloned())
    }
    fn insert(&mut self, key: usize, value: &[u8]) -> CtapResult<()> {
        self.shared.lock().flash.insert(key, value.to_vec());
        Ok(())
    }
    fn remove(&mut self, key: usize) -> CtapResult<()> {
        self.shared.lock().flash.remove(&key);
        Ok(())
    }
    fn iter(&self) -> CtapResult<PersistIter<'_>> {
        let entries: Vec<usize> = self.shared.lock().flash.keys().copied().collect();
        Ok(Box::new(entries.into_iter().map(Ok)))
    }
}

impl<P: Port> Clock for KeyEnv<P> {
    /// When the timer runs out; None is an elapsed timer.
    type Timer = Option<Duration>;

    fn make_timer(&mut self, milliseconds: usize) -> Self::Timer {
        if milliseconds == ASSEMBLER_TIMEOUT_MS {
            return Some(self.port.now() + self.shared.lock().config.message_timeout);
        }
        Some(self.in_ms(milliseconds))
    }
    fn is_elapsed(&mut self, timer: &Self::Timer) -> bool {
        timer.is_none_or(|end| self.port.now() >= end)
    }
}

impl<P: Port> HidConnection for KeyEnv<P> {
    fn send(&mut self, report: &Report, _endpoint: UsbEndpoint) -> CtapResult<()> {
        self.send_unless_ended(report);
        Ok(())
    }

    /// OpenSK 0.1.0 reads through [`UserPresence`] only.
    fn recv(&mut self, _report: &mut Report, _timeout_ms: usize) -> CtapResult<RecvStatus> {
        Ok(RecvStatus::Timeout)
    }
}

impl<P: Port> UserPresence for KeyEnv<P> {
    fn check_init(&mut self) {
        let is_platform = self.shared.lock().config.form == Form::Platform;
        self.wants_touch(!is_platform);
    }

    fn wait_with_timeout(&mut self, _report: &mut Report, timeout_ms: usize) -> UserPresenceWaitResult {
        if self.shared.lock().config.form == Form::Platform {
            return Ok((Ok(()), RecvStatus::Timeout));
        }
        let deadline = self.in_ms(timeout_ms);
        let touch = self.touched(deadline);
        if self.unplugged {
            return Err(Ctap2StatusCode::CTAP2_ERR_VENDOR_HARDWARE_FAILURE);
        }
        let presence = match (touch, &self.ended) {
            (Some(_), _) => Ok(()),
            (None, Some(_)) => Err(UserPresenceError::Canceled),
            (None, None) => Err(UserPresenceError::Timeout),
        };
        Ok((presence, RecvStatus::Timeout))
    }

    fn check_complete(&mut self) {
        self.wants_touch(false);
    }
}

impl<P: Port> Fingerprint for KeyEnv<P> {
    fn prepare_enrollment(&mut self) -> CtapResult<()> {
        self.samples_left = SAMPLES;
        let known = self.persist().template_infos()?;
        let last = known.iter().filter_map(|template| template.template_id.first().copied()).max();
        self.template = last.unwrap_or(0) + 1;
        Ok(())
    }

    fn capture_sample(
        &mut self,
        timeout_ms: Option<usize>,
    ) -> CtapResult<(Ctap2EnrollFeedback, usize, Option<Vec<u8>>)> {
        let deadline = self.in_ms(timeout_ms.unwrap_or(30_000));
        self.wants_touch(true);
        let touch = self.touched(deadline);
        self.wants_touch(false);
        let feedback = match touch {
            Some(Touch::Owner) => {
                self.samples_left = self.samples_left.saturating_sub(1);
                Ctap2EnrollFeedback::FpGood
            }
            // The sensor does not care whose finger it is; this one slips.
            Some(Touch::Stranger) => Ctap2EnrollFeedback::FpTooFast,
            None => Ctap2EnrollFeedback::NoUserActivity,
        };
        Ok((feedback, self.samples_left, Some(vec![self.template])))
    }

    fn cancel_enrollment(&mut self) -> CtapResult<()> {
        self.samples_left = 0;
        Ok(())
    }

    fn remove_enrollment(&mut self, _template_id: &[u8]) -> CtapResult<()> {
        Ok(())
    }

    fn check_fingerprint_init(&mut self) -> CtapResult<()> {
        self.wants_touch(true);
        Ok(())
    }

    fn check_fingerprint(&mut self, timeout_ms: usize) -> Result<(), FingerprintCheckError> {
        let deadline = self.in_ms(timeout_ms);
        match self.touched(deadline) {
            Some(Touch::Owner) => Ok(()),
            Some(Touch::Stranger) => Err(FingerprintCheckError::NoMatch),
            None => Err(FingerprintCheckError::Timeout),
        }
    }

    fn check_fingerprint_complete(&mut self) -> CtapResult<()> {
        self.wants_touch(false);
        Ok(())
    }

    fn fingerprint_kind(&self) -> FingerprintKind {
        FingerprintKind::Touch
    }

    fn max_capture_samples_required_for_enroll(&self) -> usize {
        SAMPLES
    }
}

/// OpenSK's debug output goes nowhere.
pub(crate) struct Silence;

impl fmt::Write for Silence {
    fn write_str(&mut self, _text: &str) -> fmt::Result {
        Ok(())
    }
}
