use std::path::Path;

use super::*;

fn config(text: &str) -> Config {
    Config::parse(Path::new("passkey.toml"), text).unwrap()
}

#[test]
fn a_new_passkey_must_do_what_the_strictest_service_asks_for() {
    for (text, verification) in [
        ("", UserVerification::Discouraged),
        ("[defaults]\nverification = \"preferred\"", UserVerification::Preferred),
        ("[defaults]\nmode = \"passwordless\"", UserVerification::Required),
        ("[service.login]\nmode = \"passwordless\"", UserVerification::Required),
        (
            "[defaults]\nverification = \"preferred\"\n[service.sudo]\nverification = \"discouraged\"",
            UserVerification::Preferred,
        ),
    ] {
        assert_eq!(strictest(&config(text)), verification, "{text}");
    }
}

#[test]
fn a_name_of_an_entry_that_cannot_be_read_is_taken() {
    let damaged = "version = 1\ncount = 1\nuser_handle = \"AAAA\"\n\n[[credential]]\nname = \"blue\"\n";
    let file = CredentialFile::parse(damaged).unwrap();
    assert_eq!(file.skipped.len(), 1);
    assert!(!is_free(&file, "blue"));
    assert!(is_free(&file, "green"));
}
