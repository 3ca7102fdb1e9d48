//! Services of this machine in the place of device nodes.

use std::ffi::CStr;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::sync::{Mutex, PoisonError};

use ctaphid_socket::{Connection, Folder, REPORT_LEN};

use crate::{HidError, HidResult};

/// Where services listen, and for which account they are asked. The original has no place to say so where a key is opened.
static SERVICES: Mutex<Option<(Folder, u32)>> = Mutex::new(None);

/// From now on the path of a service that listens in `folder` opens as a key, for the account of this user id. Of the whole process.
pub fn services(folder: Folder, account: u32) {
    *SERVICES.lock().unwrap_or_else(PoisonError::into_inner) = Some((folder, account));
}

/// An open connection; each packet is a report.
#[derive(Debug)]
pub(crate) struct Service(Connection);

/// Connects to the service that listens at `path`; none where no such service is listed.
pub(crate) fn open(path: &CStr) -> HidResult<Option<Service>> {
    let services = SERVICES.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let Some((folder, account)) = services else { return Ok(None) };
    let listed = folder.list().map_err(HidError::new)?;
    let found = listed.iter().find(|service| service.path.as_os_str().as_bytes() == path.to_bytes());
    let open = |service| Connection::open(service, account).map(Service).map_err(HidError::new);
    found.map(open).transpose()
}

impl Service {
    pub(crate) fn write(&self, report: &[u8]) -> HidResult<bool> {
        let report = report.try_into().map_err(|_| HidError::new("a report has 64 bytes"))?;
        self.0.write(report).map_err(HidError::new)
    }

    pub(crate) fn read(&self, buf: &mut [u8]) -> HidResult<Option<usize>> {
        let room = buf.get_mut(..REPORT_LEN).and_then(|room| <&mut [u8; REPORT_LEN]>::try_from(room).ok());
        let room = room.ok_or_else(|| HidError::new("a report has 64 bytes"))?;
        Ok(self.0.read(room).map_err(HidError::new)?.then_some(REPORT_LEN))
    }
}

impl AsFd for Service {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
