//! The fuzzer in front of `pam_passkey_fuzz::statement`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    pam_passkey_fuzz::statement::run(data);
});
