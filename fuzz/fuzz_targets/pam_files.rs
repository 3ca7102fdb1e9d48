//! The fuzzer in front of `pam_passkey_fuzz::pam_files`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    pam_passkey_fuzz::pam_files::run(data);
});
