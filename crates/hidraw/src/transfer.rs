//! What can go wrong with a report on its way.

use std::fmt;
use std::io;

use rustix::io::Errno;

/// Why a report did not get through.
///
/// What the kernel returns, by `drivers/hid/hidraw.c`, `drivers/hid/usbhid/hid-core.c` and
/// `Documentation/driver-api/usb/error-codes.rst`:
///
/// | | from | means |
/// |---|---|---|
/// | `ENODEV` | hidraw, usbcore | the device no longer exists, or this descriptor was revoked (`HIDIOCREVOKE`) |
/// | `ESHUTDOWN` | usbcore | the device or its host controller was disabled, as by an unplug |
/// | `EIO` on a read | hidraw | the device no longer exists |
/// | `EIO` on a write | uhid, USB drivers | the transfer failed |
/// | `EPIPE` | usbcore | the endpoint is stalled, as after a resume or behind a KVM switch |
/// | `EPROTO`, `EILSEQ`, `ETIME` | USB host controllers | the device did not answer on the bus; perhaps just unplugged |
/// | `ETIMEDOUT` | usbcore | the device did not take the report within 5 s |
/// | `ENOENT`, `EHOSTUNREACH` | usbcore | the endpoint is disabled by a reset, or the device suspended |
///
/// Only an error that says that the device itself no longer exists is [`Gone`](Self::Gone). A transfer also fails in the quarter
/// of a second before the kernel notices an unplug: opening the device again tells which it was.
#[derive(Debug)]
pub enum TransferError {
    /// The device was unplugged, or the descriptor taken away: it will never work again.
    Gone,
    /// This transfer failed. The device may work once it is opened again.
    Failed(io::Error),
}

impl TransferError {
    pub(crate) fn from_read(errno: Errno) -> Self {
        match errno {
            Errno::NODEV | Errno::SHUTDOWN | Errno::IO => Self::Gone,
            other => Self::Failed(other.into()),
        }
    }

    pub(crate) fn from_write(errno: Errno) -> Self {
        match errno {
            Errno::NODEV | Errno::SHUTDOWN => Self::Gone,
            other => Self::Failed(other.into()),
        }
    }
}

impl fmt::Display for TransferError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gone => f.write_str("the security key was unplugged"),
            Self::Failed(error) => write!(f, "the report did not get through: {error}"),
        }
    }
}

impl std::error::Error for TransferError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Gone => None,
            Self::Failed(error) => Some(error),
        }
    }
}
