//! Settings, inside the process that talks to the key (CTAP 2.1 §6.11).
//!
//! The one thing that is not done by `ctap-hid-fido2`: of setMinPINLength it writes the members out of order, which a key that is
//! strict about canonical CBOR (CTAP 2.1 §8) refuses. Here the messages are those of `ctap`, over a channel of its own.

use ctap::authenticator_config::{self, Request};
use ctap::client_pin::{self, Permissions};
use ctap::hid::{Channel, Command, Event};
use ctap::pin_uv_auth::{PinUvAuthProtocol, PinUvAuthToken, Session};
use ctap::{Pin, ReplyError};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::link::Link;
use super::protocol::{Failure, Setting};

/// Changes a setting. Where the key does not answer, the process is killed.
pub(super) fn set(link: &Link, protocol: u8, pin: &Pin, setting: Setting) -> Result<(), Failure> {
    let protocol = PinUvAuthProtocol::from_number(protocol.into()).ok_or(Failure::Garbled)?;
    let mut connection = Connection { link, channel: Channel::new() };
    connection.open()?;
    let token = connection.token(protocol, pin)?;
    let request = match setting {
        Setting::ToggleAlwaysUv => Request::ToggleAlwaysUv,
        Setting::MinPinLength(length) => {
            Request::SetMinPinLength { length: Some(length), force_change: false }
        }
        Setting::ForcePinChange => Request::SetMinPinLength { length: None, force_change: true },
    };
    let reply = connection.ask(&request.encode(protocol, &token))?;
    authenticator_config::parse(&reply).map_err(refused)
}

/// A channel to the key, one request at a time.
struct Connection<'l> {
    link: &'l Link,
    channel: Channel,
}

impl Connection<'_> {
    fn open(&mut self) -> Result<(), Failure> {
        self.link.drain()?;
        let mut nonce = [0; 8];
        random(&mut nonce)?;
        self.channel.init(nonce);
        match self.finish()? {
            Event::Opened => Ok(()),
            Event::Keepalive(_) | Event::Response { .. } | Event::Error(_) => Err(Failure::Garbled),
        }
    }

    /// The reply to a request.
    fn ask(&mut self, request: &[u8]) -> Result<Vec<u8>, Failure> {
        self.channel.request(Command::Cbor, request).map_err(|_| Failure::Garbled)?;
        match self.finish()? {
            Event::Response { payload, .. } => Ok(payload),
            Event::Opened | Event::Keepalive(_) | Event::Error(_) => Err(Failure::Garbled),
        }
    }

    /// A token for authenticatorConfig, by the PIN.
    fn token(&mut self, protocol: PinUvAuthProtocol, pin: &Pin) -> Result<PinUvAuthToken, Failure> {
        let agreement = self.ask(&client_pin::Request::KeyAgreement { protocol }.encode())?;
        let agreement = client_pin::Response::parse(&agreement).map_err(refused)?;
        let peer = agreement.key_agreement.ok_or(Failure::Garbled)?;
        let mut failed = false;
        let mut draw = |bytes: &mut [u8]| failed |= random(bytes).is_err();
        let session = Session::agree(protocol, &peer, &mut draw).map_err(|_| Failure::Garbled)?;
        let pin_hash_enc = session.pin_hash_enc(pin, &mut draw);
        if failed {
            return Err(Failure::Garbled);
        }
        let request = client_pin::Request::PinTokenWithPermissions {
            session: &session,
            pin_hash_enc: &pin_hash_enc,
            permissions: Permissions::ACFG,
            rp_id: None,
        };
        let reply = self.ask(&request.encode())?;
        let reply = client_pin::Response::parse(&reply).map_err(refused)?;
        session.open_token(&reply.pin_uv_auth_token.ok_or(Failure::Garbled)?).map_err(|_| Failure::Garbled)
    }

    /// Sends what is queued and waits for the end of the transaction.
    fn finish(&mut self) -> Result<Event, Failure> {
        while let Some(report) = self.channel.next_report() {
            while !self.link.write(&report)? {
                self.wait(PollFlags::OUT)?;
            }
        }
        loop {
            let Some(report) = self.link.read()? else {
                self.wait(PollFlags::IN)?;
                continue;
            };
            match self.channel.handle_report(&report).map_err(|_| Failure::Garbled)? {
                None | Some(Event::Keepalive(_)) => {}
                Some(event) => return Ok(event),
            }
        }
    }

    fn wait(&self, event: PollFlags) -> Result<(), Failure> {
        match poll(&mut [PollFd::new(self.link, event)], None::<&Timespec>) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(_) => Err(Failure::Gone),
        }
    }
}

fn random(bytes: &mut [u8]) -> Result<(), Failure> {
    passkey_core::random::fill(bytes).map_err(|_| Failure::Garbled)
}

fn refused(error: ReplyError) -> Failure {
    match error {
        ReplyError::Status(status) => Failure::Status(status.0),
        ReplyError::Malformed(_) => Failure::Garbled,
    }
}
