//! The examples of FIDO U2F Raw Message Formats 1.2, section 9.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "only tests use it"
)]

/// Bytes from hexadecimal digits.
pub(super) fn hex(digits: &str) -> Vec<u8> {
    assert_eq!(digits.len() % 2, 0);
    let at = |i| u8::from_str_radix(&digits[i..i + 2], 16).unwrap();
    (0..digits.len()).step_by(2).map(at).collect()
}

pub(super) fn hash(digits: &str) -> [u8; 32] {
    hex(digits).try_into().unwrap()
}

/// A successful reply.
pub(super) fn ok(data: &[u8]) -> Vec<u8> {
    [data, &[0x90, 0x00]].concat()
}

// Registration example.
pub(super) const REGISTER_CHALLENGE: &str =
    "4142d21c00d94ffb9d504ada8f99b721f4b191ae4e37ca0140f696b6983cfacb";
pub(super) const REGISTER_APPLICATION: &str =
    "f0e6a6a97042a4f1f1c87f5f7d44315b2d852c2df5c7991cc66241bf7072d1c4";
pub(super) const KEY_HANDLE: &str = "2a552dfdb7477ed65fd84133f86196010b2215b57da75d315b7b9e8fe2e3925a\
                                     6019551bab61d16591659cbaf00b4950f7abfe6660e2e006f76868b772d70c25";
pub(super) const POINT: &str = "04b174bc49c7ca254b70d2e5c207cee9cf174820ebd77ea3c65508c26da51b657c\
                                1cc6b952f8621697936482da0a6d3d3826a59095daf6cd7c03e2e60385d2f6d9";
pub(super) const CERTIFICATE: &str = "3082013c3081e4a003020102020a47901280001155957352300a06082a8648ce3d04030230173115\
                                      30130603550403130c476e756262792050696c6f74301e170d3132303831343138323933325a170d\
                                      3133303831343138323933325a3031312f302d0603550403132650696c6f74476e756262792d302e\
                                      342e312d34373930313238303030313135353935373335323059301306072a8648ce3d020106082a\
                                      8648ce3d030107034200048d617e65c9508e64bcc5673ac82a6799da3c1446682c258c463fffdf58\
                                      dfd2fa3e6c378b53d795c4a4dffb4199edd7862f23abaf0203b4b8911ba0569994e101300a06082a\
                                      8648ce3d0403020347003044022060cdb6061e9c22262d1aac1d96d8c70829b2366531dda268832c\
                                      b836bcd30dfa0220631b1459f09e6330055722c8d89b7f48883b9089b88d60d1d9795902b30410df";
/// The point in the certificate.
pub(super) const ATTESTATION_POINT: &str = "048d617e65c9508e64bcc5673ac82a6799da3c1446682c258c463fffdf58dfd2fa\
                                            3e6c378b53d795c4a4dffb4199edd7862f23abaf0203b4b8911ba0569994e101";
pub(super) const REGISTER_SIGNATURE: &str = "304502201471899bcc3987e62e8202c9b39c33c19033f7340352dba80fcab017db9230e4\
                                             02210082677d673d891933ade6f617e5dbde2e247e70423fd5ad7804a6d3d3961ef871";

/// The whole registration reply, without the status word.
pub(super) fn register_data() -> Vec<u8> {
    let parts = ["05", POINT, "40", KEY_HANDLE, CERTIFICATE, REGISTER_SIGNATURE];
    hex(&parts.concat())
}

// Authentication example.
pub(super) const SIGN_CHALLENGE: &str = "ccd6ee2e47baef244d49a222db496bad0ef5b6f93aa7cc4d30c4821b3b9dbc57";
pub(super) const SIGN_APPLICATION: &str = "4b0be934baebb5d12d26011b69227fa5e86df94e7d94aa2949a89f2d493992ca";
pub(super) const SIGN_POINT: &str = "04d368f1b665bade3c33a20f1e429c7750d5033660c019119d29aa4ba7abc04aa7\
                                     c80a46bbe11ca8cb5674d74f31f8a903f6bad105fb6ab74aefef4db8b0025e1d";
pub(super) const SIGN_SIGNATURE: &str = "304402204b5f0cd17534cedd8c34ee09570ef542a353df4436030ce43d406de870b84778\
                                         0220267bb998fac9b7266eb60e7cb0b5eabdfd5ba9614f53c7b22272ec10047a923f";
pub(super) const SIGN_DATA: &str = "0100000001\
                                    304402204b5f0cd17534cedd8c34ee09570ef542a353df4436030ce43d406de870b84778\
                                    0220267bb998fac9b7266eb60e7cb0b5eabdfd5ba9614f53c7b22272ec10047a923f";

/// Whether an ECDSA signature in DER is over the message.
pub(super) fn verifies(point: &str, message: &[u8], signature: &[u8]) -> bool {
    use p256::ecdsa::{Signature, VerifyingKey, signature::Verifier as _};
    let key = VerifyingKey::from_sec1_bytes(&hex(point)).unwrap();
    key.verify(message, &Signature::from_der(signature).unwrap()).is_ok()
}
