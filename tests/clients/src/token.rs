//! The client's `Token`: CTAPHID (CTAP 2.1 §11.2) over a socket, as docs/protocol.md describes it. None of it is the product's.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketAddrUnix, SocketType, connect, recv, send, socket, sockopt,
};
use serde_cbor_2::{Value, from_slice, ser::to_vec_packed};
use webauthn_authenticator_rs::error::{CtapError, WebauthnCError};
use webauthn_authenticator_rs::transport::Token;
use webauthn_authenticator_rs::ui::UiCallback;
use webauthn_rs_core::proto::AuthenticatorTransport;

const REPORT_LEN: usize = 64;
const BROADCAST: u32 = 0xffff_ffff;
const INIT: u8 = 0x86;
const CBOR: u8 = 0x90;
const CANCEL: u8 = 0x91;
const KEEPALIVE: u8 = 0xbb;
/// Names the account that the connection is for.
const ACCOUNT: u8 = 0xc2;

const PROCESSING: u8 = 1;
const USER_PRESENCE_NEEDED: u8 = 2;

/// `CTAPHID_INIT`'s nonce: a connection has one client, which opens one channel.
const NONCE: [u8; 8] = *b"a nonce!";
/// Of the reply to `CTAPHID_INIT`, and the capabilities of an authenticator that knows CTAP2 and no U2F.
const INIT_REPLY_LEN: usize = 17;
const CAPABILITIES: u8 = 0x04 | 0x08;
const CAPABILITY_CBOR: u8 = 0x04;

const MAKE_CREDENTIAL: u8 = 0x01;
const OPTIONS: i128 = 0x07;

/// Longer than any answer takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// A connection to an authenticator.
#[derive(Debug)]
pub(crate) struct SocketToken {
    socket: OwnedFd,
    channel: u32,
    capabilities: u8,
    asks_for_discoverable: bool,
}

impl SocketToken {
    /// For the account that is named, or the own one.
    pub(crate) fn connect(path: &Path, account: Option<u32>) -> io::Result<Self> {
        let socket = socket(AddressFamily::UNIX, SocketType::SEQPACKET, None)?;
        sockopt::set_socket_timeout(&socket, sockopt::Timeout::Recv, Some(PATIENCE))?;
        connect(&socket, &SocketAddrUnix::new(path)?)?;
        let token = Self { socket, channel: BROADCAST, capabilities: 0, asks_for_discoverable: false };
        if let Some(account) = account {
            token.send(ACCOUNT, &account.to_be_bytes())?;
        }
        Ok(token)
    }

    /// The client cannot ask for a discoverable credential: it leaves options out. Its transport adds the one that it takes.
    pub(crate) fn asking_for_discoverable(self) -> Self {
        Self { asks_for_discoverable: true, ..self }
    }

    /// Whether it knows CTAP2 and no U2F.
    pub(crate) fn is_without_u2f(&self) -> bool {
        self.capabilities & CAPABILITIES == CAPABILITIES
    }

    fn send(&self, command: u8, message: &[u8]) -> io::Result<()> {
        let len = u16::try_from(message.len()).map_err(io::Error::other)?;
        let (first, rest) = message.split_at(message.len().min(REPORT_LEN - 7));
        self.send_report(&[&[command], &len.to_be_bytes()[..], first].concat())?;
        for (sequence, part) in (0..0x80).zip(rest.chunks(REPORT_LEN - 5)) {
            self.send_report(&[&[sequence], part].concat())?;
        }
        Ok(())
    }

    fn send_report(&self, rest: &[u8]) -> io::Result<()> {
        let mut report = [&self.channel.to_be_bytes(), rest].concat();
        report.resize(REPORT_LEN, 0);
        let sent = send(&self.socket, &report, SendFlags::NOSIGNAL)?;
        if sent == REPORT_LEN { Ok(()) } else { Err(io::Error::other("a report was cut short")) }
    }

    /// The next message on this channel.
    fn receive(&self) -> io::Result<(u8, Vec<u8>)> {
        let first = self.receive_report()?;
        let [command, high, low, ref start @ ..] = first;
        if command & 0x80 == 0 {
            return Err(io::Error::other("a message begins in its middle"));
        }
        let len = usize::from(u16::from_be_bytes([high, low]));
        let mut message = start.to_vec();
        for expected in 0..0x80 {
            if message.len() >= len {
                break;
            }
            let [sequence, ref part @ ..] = self.receive_report()?;
            if sequence != expected {
                return Err(io::Error::other("a message comes out of sequence"));
            }
            message.extend(part);
        }
        message.truncate(len);
        Ok((command, message))
    }

    /// What follows the channel in the next report.
    fn receive_report(&self) -> io::Result<[u8; REPORT_LEN - 4]> {
        // One byte more, to see a datagram that is too long.
        let mut report = [0; REPORT_LEN + 1];
        let (received, _) = recv(&self.socket, &mut report, RecvFlags::empty())?;
        let [a, b, c, d, rest @ .., _] = report;
        if received != REPORT_LEN {
            return Err(io::Error::other(format!("a report of {received} bytes")));
        }
        if u32::from_be_bytes([a, b, c, d]) != self.channel {
            return Err(io::Error::other("a report on another channel"));
        }
        Ok(rest)
    }

    fn open_channel(&mut self) -> io::Result<()> {
        self.send(INIT, &NONCE)?;
        let (command, reply) = self.receive()?;
        let malformed = || io::Error::other(format!("the reply to INIT is {command:#x} {reply:02x?}"));
        if command != INIT || reply.len() != INIT_REPLY_LEN || !reply.starts_with(&NONCE) {
            return Err(malformed());
        }
        let [a, b, c, d, 2, _, _, _, capabilities] = reply[NONCE.len()..] else { return Err(malformed()) };
        (self.channel, self.capabilities) = (u32::from_be_bytes([a, b, c, d]), capabilities);
        if capabilities & CAPABILITY_CBOR == 0 { Err(malformed()) } else { Ok(()) }
    }
}

#[async_trait]
impl Token for SocketToken {
    type Id = ();

    fn get_transport(&self) -> AuthenticatorTransport {
        AuthenticatorTransport::Internal
    }

    async fn transmit_raw<U: UiCallback>(
        &mut self,
        request: &[u8],
        ui: &U,
    ) -> Result<Vec<u8>, WebauthnCError> {
        let request = match request {
            [MAKE_CREDENTIAL, parameters @ ..] if self.asks_for_discoverable => discoverable(parameters)?,
            _ => request.to_vec(),
        };
        self.send(CBOR, &request).map_err(io_error)?;
        loop {
            match self.receive().map_err(io_error)? {
                (KEEPALIVE, status) if status == [PROCESSING] => ui.processing(),
                (KEEPALIVE, status) if status == [USER_PRESENCE_NEEDED] => ui.request_touch(),
                (CBOR, mut reply) if !reply.is_empty() => {
                    return match CtapError::from(reply.remove(0)) {
                        CtapError::Ok => Ok(reply),
                        error => Err(error.into()),
                    };
                }
                (command, message) => {
                    return Err(WebauthnCError::IoError(format!("unexpected {command:#x} {message:02x?}")));
                }
            }
        }
    }

    async fn cancel(&mut self) -> Result<(), WebauthnCError> {
        self.send(CANCEL, &[]).map_err(io_error)
    }

    async fn init(&mut self) -> Result<(), WebauthnCError> {
        self.open_channel().map_err(io_error)
    }

    async fn close(&mut self) -> Result<(), WebauthnCError> {
        Ok(())
    }
}

/// The same makeCredential with the option `rk`, which is not under its MAC (CTAP 2.1 §6.1.1).
fn discoverable(parameters: &[u8]) -> Result<Vec<u8>, WebauthnCError> {
    let cbor = |_| WebauthnCError::Cbor;
    let mut parameters: BTreeMap<Value, Value> = from_slice(parameters).map_err(cbor)?;
    let rk = (Value::Text("rk".to_owned()), Value::Bool(true));
    parameters.insert(Value::Integer(OPTIONS), Value::Map(BTreeMap::from([rk])));
    let mut request = vec![MAKE_CREDENTIAL];
    request.extend(to_vec_packed(&parameters).map_err(cbor)?);
    Ok(request)
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn io_error(error: io::Error) -> WebauthnCError {
    WebauthnCError::IoError(error.to_string())
}
