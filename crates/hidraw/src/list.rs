//! Which security keys are plugged in, according to sysfs.

use std::ffi::OsStr;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use crate::descriptor::{self, MAX_DESCRIPTOR_LEN, ReportLen};

/// Names of devices are at most 128 bytes in the kernel, a whole `uevent` well under a page.
const MAX_ATTRIBUTE_LEN: usize = 4096;

/// One plugged-in security key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct KeyInfo {
    /// The device node, for example `/dev/hidraw3`. The number is used again after an unplug.
    pub path: PathBuf,
    /// The device's own folder in sysfs, symlinks resolved. Its name changes with every plugging in, so it tells a
    /// key that stayed from one that was taken out and put back, or exchanged, under the same `path`.
    pub sysfs: PathBuf,
    /// What the key calls itself (maker and product). Comes from the device: escape it before showing it.
    pub name: String,
    /// USB vendor ID, 0 if unknown.
    pub vendor_id: u16,
    /// USB product ID, 0 if unknown.
    pub product_id: u16,
    /// How long its reports are.
    pub report_len: ReportLen,
    /// Major and minor number that the node at `path` must have.
    pub device_number: (u32, u32),
}

/// The security keys that are plugged in, and what could not be looked at.
#[derive(Debug, Default)]
pub struct Listing {
    /// The keys, in the order of their device numbers.
    pub keys: Vec<KeyInfo>,
    /// Devices of which cannot be said whether they are security keys. They cost nothing but themselves.
    pub skipped: Vec<Skipped>,
}

/// A device that could not be looked at.
#[derive(Debug)]
pub struct Skipped {
    /// Its node, for example `/dev/hidraw3`.
    pub path: PathBuf,
    /// Why.
    pub error: ListError,
}

/// Why keys could not be listed.
#[derive(Debug)]
pub enum ListError {
    /// There is no sysfs: it is not mounted, or a sandbox hides it.
    NoSysfs,
    /// This process, or the machine, has used up its file descriptors (`EMFILE`, `ENFILE`).
    NoDescriptors,
    /// Anything else, such as missing permission.
    Io(io::Error),
}

impl fmt::Display for ListError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSysfs => f.write_str("there is no sysfs at /sys"),
            Self::NoDescriptors => f.write_str("no file descriptors are left"),
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ListError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::NoSysfs | Self::NoDescriptors => None,
            Self::Io(error) => Some(error),
        }
    }
}

impl From<io::Error> for ListError {
    fn from(error: io::Error) -> Self {
        match Errno::from_io_error(&error) {
            Some(Errno::MFILE | Errno::NFILE) => Self::NoDescriptors,
            _ => Self::Io(error),
        }
    }
}

/// The security keys that are plugged in now.
///
/// A device that vanishes while it is being looked at, or whose report descriptor is malformed, is no key. A kernel
/// that has met no HID device yet has no `/sys/class/hidraw`: no keys.
///
/// # Errors
/// When the devices cannot be told at all; one that cannot be looked at is [skipped](Listing::skipped).
pub fn list() -> Result<Listing, ListError> {
    list_in(Path::new("/sys"), Path::new("/dev"))
}

/// As [`list`], with other places for sysfs and the device nodes.
///
/// # Errors
/// As [`list`].
pub fn list_in(sys: &Path, dev: &Path) -> Result<Listing, ListError> {
    let entries = match fs::read_dir(sys.join("class/hidraw")) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            // Even a kernel without a single device has classes.
            let mounted = sys.join("class").try_exists()?;
            return if mounted { Ok(Listing::default()) } else { Err(ListError::NoSysfs) };
        }
        Err(error) => return Err(error.into()),
    };
    let mut keys = Vec::new();
    let mut skipped = Vec::new();
    for entry in entries {
        let entry = entry?;
        let Some(number) = node_number(&entry.file_name()) else { continue };
        let path = dev.join(entry.file_name());
        match inspect(&entry.path(), &path) {
            Ok(Some(key)) => {
                // They are few, and the code of a sort is large.
                let place = keys.partition_point(|(other, _)| *other < number);
                keys.insert(place, (number, key));
            }
            Ok(None) => {}
            Err(error) => skipped.push(Skipped { path, error: error.into() }),
        }
    }
    Ok(Listing { keys: keys.into_iter().map(|(_, key)| key).collect(), skipped })
}

/// 3 for `hidraw3`.
pub(crate) fn node_number(name: &OsStr) -> Option<u32> {
    let digits = name.to_str()?.strip_prefix("hidraw")?;
    if digits.bytes().all(|byte| byte.is_ascii_digit()) { digits.parse().ok() } else { None }
}

/// `None`: not a security key, or no longer there.
fn inspect(class_entry: &Path, node: &Path) -> io::Result<Option<KeyInfo>> {
    let Some(sysfs) = unless_gone(fs::canonicalize(class_entry))? else { return Ok(None) };
    let descriptor = attribute(&sysfs.join("device/report_descriptor"), MAX_DESCRIPTOR_LEN)?;
    let report_len = descriptor.and_then(|bytes| descriptor::fido_report_len(&bytes).ok().flatten());
    let Some(report_len) = report_len else { return Ok(None) };
    let Some(device_number) = device_number(&sysfs)? else { return Ok(None) };
    let uevent = attribute(&sysfs.join("device/uevent"), MAX_ATTRIBUTE_LEN)?.unwrap_or_default();
    let Identity { name, vendor_id, product_id } = Identity::parse(&String::from_utf8_lossy(&uevent));
    let path = node.to_path_buf();
    Ok(Some(KeyInfo { path, sysfs, name, vendor_id, product_id, report_len, device_number }))
}

/// Major and minor number of a device from its `dev` attribute, such as `240:3`; `None` if it is no longer there.
pub(crate) fn device_number(sysfs: &Path) -> io::Result<Option<(u32, u32)>> {
    Ok(attribute(&sysfs.join("dev"), 32)?.and_then(|text| {
        let (major, minor) = std::str::from_utf8(&text).ok()?.trim_end().split_once(':')?;
        Some((major.parse().ok()?, minor.parse().ok()?))
    }))
}

#[derive(Default)]
struct Identity {
    name: String,
    vendor_id: u16,
    product_id: u16,
}

impl Identity {
    /// From the HID device's `uevent`: `HID_ID=0003:00001050:00000407` (bus, vendor, product) and `HID_NAME=…`.
    fn parse(uevent: &str) -> Self {
        let mut identity = Self::default();
        for line in uevent.lines() {
            match line.split_once('=') {
                Some(("HID_NAME", name)) => name.trim().clone_into(&mut identity.name),
                Some(("HID_ID", id)) => {
                    let mut numbers = id
                        .split(':')
                        .skip(1)
                        .map(|hex| u16::try_from(u32::from_str_radix(hex, 16).ok()?).ok());
                    if let (Some(Some(vendor_id)), Some(Some(product_id)), None) =
                        (numbers.next(), numbers.next(), numbers.next())
                    {
                        identity.vendor_id = vendor_id;
                        identity.product_id = product_id;
                    }
                }
                _ => {}
            }
        }
        identity
    }
}

/// The whole of a small file; `None` if the device has gone with it, or if it is longer than any device's.
fn attribute(path: &Path, limit: usize) -> io::Result<Option<Vec<u8>>> {
    let bound = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let read = File::open(path).and_then(|file| {
        let mut bytes = Vec::new();
        file.take(bound).read_to_end(&mut bytes)?;
        Ok(bytes)
    });
    Ok(unless_gone(read)?.filter(|bytes| bytes.len() <= limit))
}

/// `None` for what an unplugged device leaves: a link that leads nowhere, or an open attribute (`ENODEV`).
fn unless_gone<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) => match Errno::from_io_error(&error) {
            Some(Errno::NOENT | Errno::NOTDIR | Errno::NODEV | Errno::NXIO) => Ok(None),
            _ => Err(error),
        },
    }
}

#[cfg(test)]
#[path = "list_tests.rs"]
mod tests;
