//! A stand-in for the crate [hidapi](https://docs.rs/hidapi), with just what `ctap-hid-fido2` calls: the keys of [`hidraw`] and
//! their reports.
//!
//! The real one is C code on libudev. With this one the command needs no library and no header files, a device node is opened
//! with the checks of [`hidraw::Device::open`], and only security keys are ever seen. Names and signatures are the original's.
//!
//! A service of this machine opens as a key does, once [`services`] has said where to look.
//!
//! As the original, it waits for a report as long as the key likes: the caller must be able to do without an answer.

#![forbid(unsafe_code)]

mod service;

use std::ffi::{CStr, CString};
use std::fmt;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt as _;

use hidraw::descriptor::{FIDO_USAGE_CTAPHID, FIDO_USAGE_PAGE};
use hidraw::{Device, KeyInfo};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

pub use service::services;

/// What the functions here return.
pub type HidResult<T> = Result<T, HidError>;

/// Why something could not be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HidError(String);

impl HidError {
    fn new(reason: impl fmt::Display) -> Self {
        Self(reason.to_string())
    }
}

impl fmt::Display for HidError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for HidError {}

/// The keys that were plugged in when it was made.
#[derive(Debug)]
pub struct HidApi {
    devices: Vec<DeviceInfo>,
}

impl HidApi {
    /// Looks for keys.
    ///
    /// # Errors
    /// When sysfs cannot be read.
    pub fn new() -> HidResult<Self> {
        let keys = hidraw::list().map_err(HidError::new)?.keys;
        Ok(Self { devices: keys.into_iter().filter_map(DeviceInfo::new).collect() })
    }

    /// The keys.
    pub fn device_list(&self) -> impl Iterator<Item = &DeviceInfo> {
        self.devices.iter()
    }

    /// Opens the key with this device node, if it is still the one that was found, or the service with this socket.
    ///
    /// # Errors
    /// When there was no such key and is no such service, or it cannot be opened.
    pub fn open_path(&self, path: &CStr) -> HidResult<HidDevice> {
        if let Some(service) = service::open(path)? {
            return Ok(HidDevice(Connection::Service(service)));
        }
        let device = self.devices.iter().find(|device| device.path() == path);
        let key = &device.ok_or_else(|| HidError::new("no such security key"))?.key;
        Ok(HidDevice(Connection::Hidraw(Device::open(key).map_err(HidError::new)?)))
    }
}

/// What can be known of a key without opening it.
#[derive(Debug)]
pub struct DeviceInfo {
    key: KeyInfo,
    path: CString,
}

impl DeviceInfo {
    fn new(key: KeyInfo) -> Option<Self> {
        let path = CString::new(key.path.as_os_str().as_bytes()).ok()?;
        Some(Self { key, path })
    }

    /// The device node.
    pub fn path(&self) -> &CStr {
        &self.path
    }

    /// USB vendor ID, 0 if unknown.
    pub fn vendor_id(&self) -> u16 {
        self.key.vendor_id
    }

    /// USB product ID, 0 if unknown.
    pub fn product_id(&self) -> u16 {
        self.key.product_id
    }

    /// What the key calls itself.
    pub fn product_string(&self) -> Option<&str> {
        Some(&self.key.name)
    }

    /// Never known here.
    pub fn serial_number(&self) -> Option<&str> {
        None
    }

    /// That of the FIDO Alliance.
    pub fn usage_page(&self) -> u16 {
        FIDO_USAGE_PAGE
    }

    /// CTAPHID.
    pub fn usage(&self) -> u16 {
        FIDO_USAGE_CTAPHID
    }
}

/// An open key.
#[derive(Debug)]
pub struct HidDevice(Connection);

/// How the reports travel.
#[derive(Debug)]
enum Connection {
    Hidraw(Device),
    Service(service::Service),
}

impl Connection {
    /// Sends a report; false if it cannot be taken now.
    fn write(&self, report: &[u8]) -> HidResult<bool> {
        match self {
            Self::Hidraw(device) => device.write(report).map_err(HidError::new),
            Self::Service(service) => service.write(report),
        }
    }

    /// Receives a report; none if none is there.
    fn read(&self, buf: &mut [u8]) -> HidResult<Option<usize>> {
        match self {
            Self::Hidraw(device) => device.read(buf).map_err(HidError::new),
            Self::Service(service) => service.read(buf),
        }
    }
}

impl AsFd for Connection {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Hidraw(device) => device.as_fd(),
            Self::Service(service) => service.as_fd(),
        }
    }
}

impl HidDevice {
    /// Sends a report; the first byte is its number, which is 0 for every key.
    ///
    /// # Errors
    /// When the report has not the right length, or the key is gone.
    pub fn write(&self, data: &[u8]) -> HidResult<usize> {
        let Some((0, report)) = data.split_first() else {
            return Err(HidError::new("security keys do not number their reports"));
        };
        while !self.0.write(report)? {
            self.wait(PollFlags::OUT)?;
        }
        Ok(data.len())
    }

    /// Waits for a report.
    ///
    /// # Errors
    /// When the key is gone.
    pub fn read(&self, buf: &mut [u8]) -> HidResult<usize> {
        loop {
            if let Some(len) = self.0.read(buf)? {
                return Ok(len);
            }
            self.wait(PollFlags::IN)?;
        }
    }

    fn wait(&self, event: PollFlags) -> HidResult<()> {
        match poll(&mut [PollFd::new(&self.0, event)], None::<&Timespec>) {
            // A signal: whether there is a report is found out by trying.
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(errno) => Err(HidError::new(errno)),
        }
    }
}
