//! One connection to an authenticator that is a service of this machine.

use super::platform::{OpenError, TransferError};
use ctap::hid::{REPORT_LEN, Report};
use ctaphid_socket::{ConnectError, Connection, ServiceInfo};

/// Connects to the service, for the account of this user id.
pub(super) fn open(service: &ServiceInfo, account: u32) -> Result<Connection, OpenError> {
    Connection::open(service, account).map_err(|error| match error {
        ConnectError::Denied => OpenError::Denied,
        ConnectError::NoDescriptors => OpenError::NoDescriptors,
        ConnectError::Busy => OpenError::Later,
        // It may be on its way up: only a socket that is no longer listed is gone.
        ConnectError::Gone | ConnectError::Untrusted | ConnectError::Io(_) => OpenError::Failed,
    })
}

pub(super) fn read(connection: &Connection) -> Result<Option<Report>, TransferError> {
    let mut report = [0; REPORT_LEN];
    Ok(connection.read(&mut report)?.then_some(report))
}

/// `false` where the service has yet to read what was sent before.
pub(super) fn write(connection: &Connection, report: &Report) -> Result<bool, TransferError> {
    Ok(connection.write(report)?)
}

impl From<ctaphid_socket::TransferError> for TransferError {
    fn from(error: ctaphid_socket::TransferError) -> Self {
        match error {
            // A service that has ended is started by the next connection.
            ctaphid_socket::TransferError::Closed
            | ctaphid_socket::TransferError::NotAReport
            | ctaphid_socket::TransferError::Io(_) => Self::Failed,
        }
    }
}
