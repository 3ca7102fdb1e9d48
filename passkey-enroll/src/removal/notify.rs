//! What the service manager is told (`sd_notify(3)`), where one has started this process.

use std::ffi::OsStr;
use std::io;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// The service manager's socket.
#[derive(Debug, Default)]
pub(super) struct Notify {
    socket: Option<UnixDatagram>,
    /// The last words.
    status: String,
}

impl Notify {
    /// To the socket that the service manager has named.
    pub(super) fn from_env() -> Self {
        let socket = std::env::var_os("NOTIFY_SOCKET").and_then(|name| connect(&name).ok());
        Self { socket, status: String::new() }
    }

    /// From here on keys are watched.
    pub(super) fn ready(&self) {
        self.send("READY=1");
    }

    /// One line for `systemctl --user status`.
    pub(super) fn status(&mut self, text: String) {
        if self.status != text {
            self.send(&format!("STATUS={text}"));
            self.status = text;
        }
    }

    fn send(&self, text: &str) {
        // A missing listener cannot be reported elsewhere.
        let _ = self.socket.as_ref().map(|socket| socket.send(text.as_bytes()));
    }
}

fn connect(name: &OsStr) -> io::Result<UnixDatagram> {
    let address = match name.as_bytes().strip_prefix(b"@") {
        Some(name) => SocketAddr::from_abstract_name(name)?,
        None => SocketAddr::from_pathname(name)?,
    };
    let socket = UnixDatagram::unbound()?;
    socket.connect_addr(&address)?;
    Ok(socket)
}
