//! Which security keys are plugged in, according to sysfs.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

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

/// The security keys that are plugged in now, in the order of their device numbers.
///
/// A device that vanishes while it is being looked at, or whose report descriptor is malformed, is left out.
///
/// # Errors
/// When `/sys/class/hidraw` exists and cannot be read. No such folder means no keys.
pub fn list() -> io::Result<Vec<KeyInfo>> {
    list_in(Path::new("/sys"), Path::new("/dev"))
}

/// As [`list`], with other places for sysfs and the device nodes.
///
/// # Errors
/// As [`list`].
pub fn list_in(sys: &Path, dev: &Path) -> io::Result<Vec<KeyInfo>> {
    let entries = match fs::read_dir(sys.join("class/hidraw")) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut keys = Vec::new();
    for entry in entries {
        let entry = entry?;
        if let Some(number) = node_number(&entry.file_name())
            && let Some(key) = inspect(&entry.path(), &dev.join(entry.file_name()))
        {
            // They are few, and the code of a sort is large.
            let place = keys.partition_point(|(other, _)| *other < number);
            keys.insert(place, (number, key));
        }
    }
    Ok(keys.into_iter().map(|(_, key)| key).collect())
}

/// 3 for `hidraw3`.
pub(crate) fn node_number(name: &OsStr) -> Option<u32> {
    let digits = name.to_str()?.strip_prefix("hidraw")?;
    if digits.bytes().all(|byte| byte.is_ascii_digit()) { digits.parse().ok() } else { None }
}

/// `None`: not a security key, or no longer there.
fn inspect(class_entry: &Path, node: &Path) -> Option<KeyInfo> {
    let sysfs = fs::canonicalize(class_entry).ok()?;
    let descriptor = read_bounded(&sysfs.join("device/report_descriptor"), MAX_DESCRIPTOR_LEN).ok()?;
    let report_len = descriptor::fido_report_len(&descriptor).ok()??;
    let device_number = device_number(&sysfs)?;
    let uevent = read_bounded(&sysfs.join("device/uevent"), MAX_ATTRIBUTE_LEN).unwrap_or_default();
    let Identity { name, vendor_id, product_id } = Identity::parse(&String::from_utf8_lossy(&uevent));
    Some(KeyInfo { path: node.to_path_buf(), sysfs, name, vendor_id, product_id, report_len, device_number })
}

/// Major and minor number of a device from its `dev` attribute, such as `240:3`.
pub(crate) fn device_number(sysfs: &Path) -> Option<(u32, u32)> {
    let text = read_bounded(&sysfs.join("dev"), 32).ok()?;
    let (major, minor) = std::str::from_utf8(&text).ok()?.trim_end().split_once(':')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
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

/// The whole of a small file; one that is longer than `limit` is an error, not cut off.
fn read_bounded(path: &Path, limit: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let bound = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    File::open(path)?.take(bound).read_to_end(&mut bytes)?;
    if bytes.len() > limit { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(bytes) }
}

#[cfg(test)]
#[path = "list_tests.rs"]
mod tests;
