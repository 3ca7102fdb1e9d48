//! HID report descriptors: any bytes.

/// Whether it is that of a security key.
pub fn run(data: &[u8]) -> bool {
    hidraw::descriptor::fido_report_len(data).is_ok_and(|lengths| lengths.is_some())
}
