//! The fuzzer in front of `pam_passkey_fuzz::arguments`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    pam_passkey_fuzz::arguments::run(data);
});
