//! Is the person sitting here, or at another machine? A key that is plugged in here cannot be touched from there.
//!
//! There is no single sign of it, so all the known ones are combined; each is set by the application or by libpam, never
//! by the person. A `sudo` inside an SSH session is known by its session alone, where there is systemd-logind to tell.

use std::ffi::CStr;
use std::fmt;

use passkey_core::config::serves_other_machines;
use rustix::io::Errno;

use crate::ffi::{self, Pam};
use crate::logind::{Logind, RemoteSession};

/// What is known of where a request comes from.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    /// `PAM_SERVICE`.
    pub(crate) service: String,
    /// `PAM_TTY`.
    pub(crate) tty: Option<String>,
    /// `PAM_RHOST`.
    pub(crate) rhost: Option<String>,
    /// The first of [`SSH_VARIABLES`] that is set in the PAM environment.
    pub(crate) ssh_variable: Option<&'static str>,
    /// This machine's host name.
    pub(crate) hostname: Option<String>,
    /// The session of this process, or of polkit's agent, where logind counts it as remote, or that cannot be told.
    pub(crate) session: Option<Result<RemoteSession, Errno>>,
}

/// What sshd puts into the PAM environment.
const SSH_VARIABLES: [&CStr; 3] = [c"SSH_CONNECTION", c"SSH_CLIENT", c"SSH_TTY"];

/// Names of this machine in `PAM_RHOST`, besides its own host name.
const LOCAL_HOSTS: [&str; 6] =
    ["localhost", "localhost.localdomain", "localhost4", "localhost6", "ip6-localhost", "ip6-loopback"];

/// How a request was recognised as remote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RemoteSign {
    /// `PAM_RHOST` names another machine.
    RemoteHost(String),
    /// `PAM_TTY` is `ssh`, as sshd sets it.
    SshTty,
    /// An SSH variable in the PAM environment.
    SshVariable(&'static str),
    /// The service serves other machines.
    Service(String),
    /// Logind counts the session as remote.
    Session(RemoteSession),
    /// The session could be a remote one, for all that can be read.
    UnknownSession(Errno),
}

impl fmt::Display for RemoteSign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RemoteHost(host) => write!(f, "PAM_RHOST is {host:?}"),
            Self::SshTty => f.write_str("PAM_TTY is \"ssh\""),
            Self::SshVariable(name) => write!(f, "{name} is set in the PAM environment"),
            Self::Service(service) => write!(f, "the service {service:?} serves other machines"),
            Self::Session(RemoteSession { id, host: Some(host) }) => {
                write!(f, "session {id:?} is one from {host:?}")
            }
            Self::Session(RemoteSession { id, host: None }) => {
                write!(f, "session {id:?} is one from another machine")
            }
            Self::UnknownSession(errno) => write!(f, "the session cannot be read: {errno}"),
        }
    }
}

impl Origin {
    /// What libpam and the kernel know.
    pub(crate) fn of(pam: &mut Pam<'_>) -> Self {
        Self {
            service: pam.service(),
            tty: pam.tty(),
            rhost: pam.rhost(),
            ssh_variable: SSH_VARIABLES
                .into_iter()
                .find(|name| pam.variable(name).is_some())
                .and_then(|name| name.to_str().ok()),
            hostname: rustix::system::uname().nodename().to_str().ok().map(str::to_owned),
            session: remote_session(&Logind::default())
                .or_else(|| agent(&pam.service()).as_ref().and_then(remote_session)),
        }
    }

    /// The first sign that the person is at another machine.
    pub(crate) fn remote_sign(&self) -> Option<RemoteSign> {
        if let Some(host) = self.rhost.as_deref()
            && !self.is_this_machine(host)
        {
            return Some(RemoteSign::RemoteHost(host.to_owned()));
        }
        if self.tty.as_deref() == Some("ssh") {
            return Some(RemoteSign::SshTty);
        }
        if let Some(name) = self.ssh_variable {
            return Some(RemoteSign::SshVariable(name));
        }
        if serves_other_machines(&self.service) {
            return Some(RemoteSign::Service(self.service.clone()));
        }
        self.session
            .clone()
            .map(|session| session.map_or_else(RemoteSign::UnknownSession, RemoteSign::Session))
    }

    /// sudo with `pam_rhost` puts this machine's own host name into `PAM_RHOST`, and some applications an address of
    /// the loopback network.
    fn is_this_machine(&self, host: &str) -> bool {
        let host = host.strip_suffix('.').unwrap_or(host);
        let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        if let Ok(address) = address.parse::<std::net::IpAddr>() {
            return address.to_canonical().is_loopback();
        }
        let same = |name: &str| name.eq_ignore_ascii_case(host);
        host.is_empty()
            || LOCAL_HOSTS.iter().any(|name| same(name))
            || self.hostname.as_deref().is_some_and(|own| {
                // With or without the domain that is part of our own name. A domain that is not could belong to anyone:
                // the owner of an address's reverse DNS can put our first name before it.
                same(own) || own.split('.').next().is_some_and(same)
            })
    }
}

fn remote_session(logind: &Logind) -> Option<Result<RemoteSession, Errno>> {
    logind.remote_session().transpose()
}

/// polkit's helper belongs to no session where systemd has started it (polkit 127); the agent that has connected to it does.
fn agent(service: &str) -> Option<Logind> {
    (service == "polkit-1").then(|| ffi::peer(std::io::stdin()))?.map(Logind::of)
}

#[cfg(test)]
#[path = "remote_tests.rs"]
mod tests;
