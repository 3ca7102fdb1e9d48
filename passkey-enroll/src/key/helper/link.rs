//! Reports to and from the key that is meant: a device, or a service of this machine.

use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};

use ctap::hid::REPORT_LEN;
use ctaphid_socket::{ConnectError, Connection, Folder, ServiceInfo};
use hidraw::{Device, KeyInfo, OpenError};

use super::super::identity::Identity;
use super::protocol::Failure;

/// An open key.
#[derive(Debug)]
pub(super) enum Link {
    Device(Device),
    Service(Connection),
}

/// What there is to be opened.
#[derive(Debug)]
pub(super) enum Found {
    Device(KeyInfo),
    Service(ServiceInfo, u32),
}

impl Found {
    /// The key, or the service in `folder`, if it is still there.
    pub(super) fn look(identity: &Identity, folder: &Folder) -> Result<Self, Failure> {
        match identity {
            Identity::Plugged(sysfs) => plugged(sysfs).map(Self::Device),
            Identity::Service { socket, account } => {
                let listed = folder.list().map_err(|_| Failure::CannotOpen)?;
                let found = listed.into_iter().find(|service| service.path == *socket);
                found.map(|service| Self::Service(service, *account)).ok_or(Failure::Gone)
            }
        }
    }

    /// The device node, or the socket.
    pub(super) fn path(&self) -> &PathBuf {
        match self {
            Self::Device(info) => &info.path,
            Self::Service(info, _) => &info.path,
        }
    }

    pub(super) fn open(&self) -> Result<Link, Failure> {
        match self {
            Self::Device(info) => Device::open(info).map(Link::Device).map_err(|error| match error {
                OpenError::Gone => Failure::Gone,
                OpenError::Denied | OpenError::Hidden => Failure::Denied,
                OpenError::Busy
                | OpenError::NotADevice
                | OpenError::NoDescriptors
                | OpenError::NoMemory
                | OpenError::Io(_) => Failure::CannotOpen,
            }),
            Self::Service(info, account) => {
                Connection::open(info, *account).map(Link::Service).map_err(|error| match error {
                    ConnectError::Gone => Failure::Gone,
                    ConnectError::Denied => Failure::Denied,
                    ConnectError::Busy => Failure::Busy,
                    ConnectError::Untrusted | ConnectError::NoDescriptors | ConnectError::Io(_) => {
                        Failure::CannotOpen
                    }
                })
            }
        }
    }
}

fn plugged(sysfs: &Path) -> Result<KeyInfo, Failure> {
    let plugged = hidraw::list().map_err(|_| Failure::CannotOpen)?;
    // It may be among those that could not be looked at.
    let otherwise = if plugged.skipped.is_empty() { Failure::Gone } else { Failure::CannotOpen };
    plugged.keys.into_iter().find(|key| key.sysfs == sysfs).ok_or(otherwise)
}

impl Link {
    /// Whether it is ours now; a service tells its connections apart by itself.
    pub(super) fn try_lock(&self) -> bool {
        match self {
            // A device that cannot be locked at all is used without.
            Self::Device(device) => device.try_lock().unwrap_or(true),
            Self::Service(_) => true,
        }
    }

    /// Forgets what was sent to others before.
    pub(super) fn drain(&self) -> Result<(), Failure> {
        match self {
            Self::Device(device) => device.drain().map_err(|error| lost(&error)),
            Self::Service(_) => Ok(()),
        }
    }

    /// Sends a report; false if it cannot be taken now.
    pub(super) fn write(&self, report: &[u8; REPORT_LEN]) -> Result<bool, Failure> {
        match self {
            Self::Device(device) => device.write(report).map_err(|error| lost(&error)),
            Self::Service(connection) => connection.write(report).map_err(|error| closed(&error)),
        }
    }

    /// Receives a report; none if none is there.
    pub(super) fn read(&self) -> Result<Option<Vec<u8>>, Failure> {
        match self {
            Self::Device(device) => {
                let mut report = vec![0; device.report_len().input];
                let len = device.read(&mut report).map_err(|error| lost(&error))?;
                Ok(len.map(|len| {
                    report.truncate(len);
                    report
                }))
            }
            Self::Service(connection) => {
                let mut report = [0; REPORT_LEN];
                let is_there = connection.read(&mut report).map_err(|error| closed(&error))?;
                Ok(is_there.then(|| report.to_vec()))
            }
        }
    }
}

impl AsFd for Link {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Device(device) => device.as_fd(),
            Self::Service(connection) => connection.as_fd(),
        }
    }
}

fn lost(error: &hidraw::TransferError) -> Failure {
    match error {
        hidraw::TransferError::Gone => Failure::Gone,
        hidraw::TransferError::Failed(_) => Failure::CannotOpen,
    }
}

fn closed(error: &ctaphid_socket::TransferError) -> Failure {
    match error {
        ctaphid_socket::TransferError::Closed => Failure::Gone,
        ctaphid_socket::TransferError::NotAReport => Failure::Garbled,
        ctaphid_socket::TransferError::Io(_) => Failure::CannotOpen,
    }
}
