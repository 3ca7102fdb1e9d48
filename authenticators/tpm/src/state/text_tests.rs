use super::*;

fn account() -> Account {
    let blob = |byte: u8| Blob { private: vec![byte; 126], public: vec![byte; 40] };
    Account {
        tries: Tries { left: 3, since: 1_800_000_000 },
        finger_tries: FingerTries { left: 1 },
        pin: Some(PinRecord {
            storage_key: vec![1; 34],
            salt: [2; 32],
            sealed: blob(3),
            hmac_key: blob(4),
            mac_key: Zeroizing::new([5; 32]),
        }),
        credentials: vec![
            Discoverable {
                id: vec![6; 250],
                rp_id: "desk.example.org".to_owned(),
                user: User { id: vec![7; 64], name: Some("a\"\\\n\u{7f}ü".to_owned()), display_name: None },
            },
            Discoverable {
                id: vec![8; 250],
                rp_id: String::new(),
                user: User { id: vec![9], name: None, display_name: Some(String::new()) },
            },
        ],
    }
}

#[test]
fn an_account_reads_back() {
    for account in [account(), Account::default()] {
        assert_eq!(parse(&write(&account)).unwrap(), account);
    }
}

#[test]
fn a_text_that_is_cut_short_is_an_error() {
    let text = write(&account());
    for (len, _) in text.char_indices().filter(|(len, _)| *len > 0) {
        assert!(parse(&text[..len]).is_err() || text[len..].trim().is_empty(), "{len}");
    }
    assert!(parse("").is_err());
}

#[test]
fn what_is_not_known_is_an_error() {
    let text = write(&account());
    for (old, new, message) in [
        ("version = 1", "version = 2", "another version"),
        ("tries_left = 3", "tries_left = 9", "too many"),
        ("tries_left = 3", "tries_left = -1", "not a number"),
        ("tries_left = 3", "tries_left = 3\nmore = 1", "unknown key `more`"),
        ("finger_tries_left = 1", "finger_tries_left = 4", "`finger_tries_left` is too many"),
        ("finger_tries_left = 1", "finger_tries_left = true", "`finger_tries_left` is not a number"),
        ("[pin]", "[pin]\nmore = 1", "unknown key `more`"),
        ("salt = \"A", "salt = \"", "`salt` is not in base64url"),
        ("salt = \"AgIC", "salt = \"", "`salt` has another length"),
        ("mac_key", "mac", "`mac_key` is missing"),
        ("rp_id = \"desk.example.org\"", "", "`rp_id` is missing"),
        ("rp_id = \"desk.example.org\"", "rp_id = 1", "`rp_id` is not a text"),
    ] {
        assert!(text.contains(old), "{old}");
        let (_, wrong) = parse(&text.replacen(old, new, 1)).unwrap_err();
        assert!(wrong.contains(message), "{old}: {wrong}");
    }
    let line = text.lines().position(|line| line == "[[credential]]").unwrap() + 1;
    let (found, _) = parse(&text.replacen("rp_id = \"desk.example.org\"", "", 1)).unwrap_err();
    assert_eq!(found, Some(line));
}

#[test]
fn an_account_without_fingers_is_as_it_was_before_there_were_any() {
    let text = write(&Account { finger_tries: FingerTries::default(), ..account() });
    assert!(!text.contains("finger"), "{}", text.as_str());
    assert_eq!(parse(&text).unwrap().finger_tries.left, MAX_FINGER_TRIES);
}

#[test]
fn what_a_finger_unlocks_reads_back_or_not_at_all() {
    let seal = FingerSeal {
        salt: [1; 32],
        auth: Zeroizing::new([2; 32]),
        sealed: Blob { private: vec![3; 126], public: vec![4; 40] },
    };
    let text = write_seal(&seal);
    assert_eq!(parse_seal(&text).unwrap(), seal);
    for (len, _) in text.char_indices() {
        assert!(parse_seal(&text[..len]).is_err() || text[len..].trim().is_empty(), "{len}");
    }
    for (old, new) in
        [("version = 1", "version = 2"), ("auth = \"Ag", "auth = \""), ("salt", "more = 1\nsalt")]
    {
        assert!(parse_seal(&text.replacen(old, new, 1)).is_err(), "{old}");
    }
}
