use std::fs;

use super::*;

fn guessed(bytes: &[u8]) -> Result<&'static str, Vec<&'static str>> {
    match guess(Path::new("file"), bytes) {
        Ok(format) => Ok(format.as_str()),
        Err(TransferError::FormatUnclear { candidates, .. }) => Err(candidates),
        Err(other) => panic!("{other:?}"),
    }
}

#[test]
fn each_file_that_another_program_wrote_is_known_by_its_content() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors/foreign");
    let mut guesses = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let expected = match path.file_name().unwrap().to_str().unwrap() {
            "u2f_keys" | "u2f_rs256" => "pam-u2f",
            "sssd" => "sssd",
            _ => "openssh",
        };
        assert_eq!(guessed(&fs::read(&path).unwrap()), Ok(expected), "{}", path.display());
        guesses += 1;
    }
    assert!(guesses > 10);
}

const KEY: &str = "LpQP+xyOjupzQTMQ2L6B5kv1SnAntUC5zANmZ8Zntdo=";
const SPKI: &str = "MCowBQYDK2VwAyEAc3EIumLwJkbWuY3stigwxf2qPThAR79+6ttA1jkrmt4=";

#[test]
fn damaged_ones_are_known_by_what_they_look_like_and_others_by_nothing() {
    let (pam_u2f, sssd) = (format!("alice:AQID,{KEY},eddsa,+presence\n"), format!("passkey:AQID,{SPKI}\n"));
    for (text, expected) in [
        (format!("alice:AQID,{KEY},eddsa,+presence+iris"), Ok("pam-u2f")),
        (format!("alice:AQID,{KEY},es512,"), Ok("pam-u2f")),
        ("passkey:AQID,AAAA".to_owned(), Ok("sssd")),
        ("-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----".to_owned(), Ok("openssh")),
        ("ssh-rsa AAAA me".to_owned(), Ok("openssh")),
        ("hello".to_owned(), Err(vec![])),
        ("uid: alice\nhttp://example.org, and more".to_owned(), Err(vec![])),
        (String::new(), Err(vec![])),
        ("# nothing\n".to_owned(), Err(vec![])),
        (format!("{pam_u2f}{sssd}"), Err(vec!["pam-u2f", "sssd"])),
        // One damaged line more changes nothing.
        (format!("{pam_u2f}passkey:AQID,AAAA"), Ok("pam-u2f")),
    ] {
        assert_eq!(guessed(text.as_bytes()), expected, "{text}");
    }
    assert_eq!(guessed(b"\xff\xfe\0"), Err(vec![]));
}
