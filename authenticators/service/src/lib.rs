//! A program that is an authenticator: 64-byte CTAPHID reports (CTAP 2.1 §11.2.4) over a `SOCK_SEQPACKET` socket.
//!
//! An [`Authenticator`] answers CTAP2 requests, one at a time; [`serve`] does everything else: the socket ([`Listener`]), who is
//! at its other end and for which account ([`Peer`]), channels and fragments, keepalives and cancelling, limits and deadlines.
//! An answer that takes a person is waited for beside the others ([`Answer::Later`]).
//! Peers are not trusted: one that is slow, silent or never reads costs only its own connection, and one that asks without end only
//! its own turns.

#![forbid(unsafe_code)]

mod account;
mod authenticator;
mod channel;
mod connection;
mod error;
mod listener;
mod log;
mod party;
mod queue;
mod room;
mod server;
mod settings;
mod shown;
mod waiting;
mod worker;

pub use authenticator::{Answer, Authenticator, Later, Peer, Wait};
pub use error::{ListenError, ServeError};
pub use listener::Listener;
pub use log::log;
pub use server::serve;
pub use settings::Settings;
pub use shown::{Shown, TooLong};
pub use waiting::Waiting;
