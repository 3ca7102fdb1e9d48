//! One open hidraw device, which may hang on the bus.
//!
//! A write to a device that hangs waits in the kernel for up to 5 s, and while it does, the kernel opens and closes no hidraw device.
//! So as long as a device has not been heard, reports to it are written by another process, and the loop over all keys goes on.

use super::platform::TransferError;
use ctap::hid::{REPORT_LEN, Report};
use hidraw::{DetachedWrite, Device};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

/// A device that takes longer over a report hangs: an honest one takes milliseconds.
const HANGS: Duration = Duration::from_millis(500);

/// Who writes a report to a device that has not been heard yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Writer {
    /// This process: no other key could be held up.
    Here,
    /// A process of its own, where one can be had.
    Detached,
}

#[derive(Debug)]
pub(super) struct HidrawKey {
    device: Device,
    /// It has answered, and not hung since.
    is_heard: bool,
    under_way: Option<DetachedWrite>,
    /// What became of a detached write.
    failed: Option<TransferError>,
}

impl HidrawKey {
    pub(super) fn new(device: Device) -> Self {
        Self { device, is_heard: false, under_way: None, failed: None }
    }

    pub(super) fn device(&self) -> &Device {
        &self.device
    }

    pub(super) fn read(&mut self) -> Result<Option<Report>, TransferError> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        let mut report = [0; REPORT_LEN];
        // A short report is padded with zeros, as framing would.
        let read = self.device.read(&mut report)?.map(|_| report);
        self.is_heard |= read.is_some();
        Ok(read)
    }

    /// `false` while the report before this one is under way.
    pub(super) fn write(&mut self, report: &Report, writer: Writer) -> Result<bool, TransferError> {
        if self.is_hanging() {
            return Ok(false);
        }
        if !self.is_heard
            && writer == Writer::Detached
            && let Ok(under_way) = self.device.write_detached(report)
        {
            self.under_way = Some(under_way);
            return Ok(true);
        }
        let start = Instant::now();
        let written = self.device.write(report)?;
        self.is_heard &= start.elapsed() < HANGS;
        Ok(written)
    }

    /// What tells when the report that another process writes has been taken.
    pub(super) fn under_way(&self) -> Option<BorrowedFd<'_>> {
        self.under_way.as_ref().map(AsFd::as_fd)
    }

    /// Whether the kernel still waits for the device to take a report.
    pub(super) fn is_hanging(&mut self) -> bool {
        let outcome = self.under_way.as_mut().and_then(DetachedWrite::outcome);
        if let Some(outcome) = outcome {
            self.under_way = None;
            self.failed = outcome.err().map(TransferError::from);
        }
        self.under_way.is_some()
    }

    /// Closes the device; in another process where the kernel would have this one wait.
    pub(super) fn close(self, waits: bool) {
        if waits {
            self.device.close_detached();
        }
    }
}

impl From<hidraw::TransferError> for TransferError {
    fn from(error: hidraw::TransferError) -> Self {
        match error {
            hidraw::TransferError::Gone => Self::Gone,
            hidraw::TransferError::Failed(_) => Self::Failed,
        }
    }
}
