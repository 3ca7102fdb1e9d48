//! HID report descriptors: any bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = hidraw::descriptor::fido_report_len(data);
});
