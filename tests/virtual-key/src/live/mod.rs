//! Keys on `/dev/uhid`, or behind a socket, in real time, and the socket over which tests plug, touch and question them.

mod answer;
mod command;
mod host;
mod impostor;
mod key;
mod port;
mod quirks;
mod service;
pub mod uhid;

pub use self::command::{Add, Command, Switch, aaguid};
pub use self::host::serve;
pub use self::impostor::AddImpostor;
pub use self::key::LiveKey;
pub use self::quirks::QuirkOptions;
