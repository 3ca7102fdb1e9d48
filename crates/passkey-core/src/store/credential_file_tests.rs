use ctap::Aaguid;

use super::*;
use crate::ceremony::Passkey;

/// A passkey with every optional part.
fn full(name: &str, id: u8) -> Credential {
    Credential {
        id: CredentialId::new(vec![id; 32]).unwrap(),
        name: name.to_owned(),
        rp_id: "host.example".to_owned(),
        public_key: PublicKey::EdDsa { x: [id; 32] },
        aaguid: "01234567-89ab-cdef-0123-456789abcdef".parse().unwrap(),
        discoverable: true,
        user_verification: UvCapability::Fingerprint,
        cred_protect: Some(3),
        transports: vec!["usb".to_owned(), "nfc".to_owned()],
        added: "2026-11-23T02:03:04Z".parse().unwrap(),
        answers_silently: Some(true),
        imported_options: Some(ImportedOptions { presence: true, verification: false, pin: true }),
        hmac_secret: false,
        enabled: true,
        attestation: Some(AttestationSummary {
            format: "packed".to_owned(),
            proof: Some(AttestationProof {
                kind: AttestationKind::Enterprise,
                root: Some(TrustRoot::new("Maker \"Root\"", [0xa5; 32])),
                certification: Some(Certification::L1Plus),
                serial: SerialNumber::new(vec![0, 7]),
                checked: "2026-11-23T02:03:05Z".parse().unwrap(),
            }),
        }),
    }
}

/// One without.
fn plain(name: &str, id: u8) -> Credential {
    Credential {
        aaguid: Aaguid::ZERO,
        discoverable: false,
        user_verification: UvCapability::None,
        cred_protect: None,
        transports: Vec::new(),
        answers_silently: None,
        imported_options: None,
        hmac_secret: false,
        enabled: false,
        attestation: None,
        ..full(name, id)
    }
}

fn file(credentials: Vec<Credential>) -> CredentialFile {
    CredentialFile { credentials, ..CredentialFile::new(UserHandle::new(vec![9; 32]).unwrap()) }
}

const TEXT: &str = r#"# Passkeys: public keys and metadata. Use passkey-enroll to change them.
version = 1
count = 2
user_handle = "CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk"

[[credential]]
name = "blue"
id = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE"
rp_id = "host.example"
public_key = "pAEBAycgBiFYIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB"
algorithm = "eddsa"
aaguid = "01234567-89ab-cdef-0123-456789abcdef"
discoverable = true
user_verification = "fingerprint"
cred_protect = 3
transports = ["usb", "nfc"]
added = "2026-11-23T02:03:04Z"
attestation = { format = "packed", kind = "enterprise", root = "Maker \"Root\"", root_sha256 = "a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5", certification = "FIDO_CERTIFIED_L1plus", serial = "0007", checked = "2026-11-23T02:03:05Z" }
answers_silently = true
imported_options = ["presence", "pin"]
enabled = true

[[credential]]
name = "old \"key\""
id = "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI"
rp_id = "host.example"
public_key = "pAEBAycgBiFYIAICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIC"
algorithm = "eddsa"
aaguid = "00000000-0000-0000-0000-000000000000"
discoverable = false
user_verification = "none"
transports = []
added = "2026-11-23T02:03:04Z"
enabled = false
"#;

fn two() -> CredentialFile {
    file(vec![full("blue", 1), plain("old \"key\"", 2)])
}

#[test]
fn the_format_is_this() {
    assert_eq!(two().encode(), TEXT);
    assert_eq!(CredentialFile::parse(TEXT).unwrap(), two());
}

#[test]
fn attestations_of_older_and_of_lesser_kinds_read_back() {
    let checked = "2026-11-23T02:03:05Z".parse().unwrap();
    let plain = AttestationProof {
        kind: AttestationKind::SelfAttested,
        root: None,
        certification: None,
        serial: None,
        checked,
    };
    for (proof, text) in [
        (None, r#"{ format = "packed" }"#),
        (Some(plain), r#"{ format = "packed", kind = "self", checked = "2026-11-23T02:03:05Z" }"#),
    ] {
        let attestation = Some(AttestationSummary { format: "packed".to_owned(), proof });
        let file = file(vec![Credential { attestation, ..full("blue", 1) }]);
        assert!(file.encode().contains(&format!("attestation = {text}\n")), "{}", file.encode());
        assert_eq!(CredentialFile::parse(&file.encode()).unwrap(), file);
    }
}

#[test]
fn an_attestation_that_makes_no_sense_costs_its_entry() {
    let whole = two().encode();
    for (from, to, error) in [
        ("kind = \"enterprise\", ", "", EntryError::UnknownKey("certification".to_owned())),
        ("\"enterprise\"", "\"Basic\"", EntryError::BadValue("kind")),
        ("root_sha256 = \"a5", "root_sha256 = \"", EntryError::BadValue("root_sha256")),
        ("root = \"Maker", "root = \"\\u001bMaker", EntryError::BadValue("root_sha256")),
        (", checked = \"2026-11-23T02:03:05Z\"", "", EntryError::Missing("checked")),
        ("L1plus", "L9", EntryError::BadValue("certification")),
        ("\"0007\"", "\"07a\"", EntryError::BadValue("serial")),
        (
            "format = \"packed\", kind",
            "format = \"packed\", sort",
            EntryError::UnknownKey("certification".to_owned()),
        ),
    ] {
        let text = whole.replacen(from, to, 1);
        assert_ne!(text, whole, "{from}");
        let file = CredentialFile::parse(&text).unwrap();
        assert_eq!(file.skipped.iter().map(|entry| &entry.reason).collect::<Vec<_>>(), [&error], "{from}");
    }
}

#[test]
fn an_empty_file_says_that_it_is_empty() {
    let empty = file(Vec::new());
    assert_eq!(CredentialFile::parse(&empty.encode()).unwrap(), empty);
    assert!(empty.is_unenrolled());
    assert!(!two().is_unenrolled());
}

#[test]
fn every_algorithm_has_its_word() {
    let generator = p256::ecdsa::SigningKey::from_slice(&[1; 32]).unwrap();
    let point = generator.verifying_key().to_sec1_point(false);
    for (public_key, word) in [
        (
            PublicKey::Es256 {
                x: point.as_bytes()[1..33].try_into().unwrap(),
                y: point.as_bytes()[33..].try_into().unwrap(),
            },
            "es256",
        ),
        (PublicKey::Es384 { x: [1; 48], y: [2; 48] }, "es384"),
        (PublicKey::EdDsa { x: [3; 32] }, "eddsa"),
        (PublicKey::Rs256 { n: vec![0xff; 256], e: vec![1, 0, 1] }, "rs256"),
    ] {
        let file = file(vec![Credential { public_key, ..full("key", 1) }]);
        let text = file.encode();
        assert!(text.contains(&format!("algorithm = \"{word}\"\n")), "{text}");
        assert_eq!(CredentialFile::parse(&text).unwrap(), file);
    }
}

#[test]
fn no_cut_is_taken_for_a_file_with_fewer_passkeys() {
    let whole = two();
    for end in 0..TEXT.len() {
        if let Ok(cut) = CredentialFile::parse(&TEXT[..end]) {
            // What is lost is noticed: as an entry that was skipped, or not at all when it was only the last line end.
            assert_eq!(cut.credentials.len() + cut.skipped.len(), 2, "{end}");
            assert!(!cut.is_unenrolled(), "{end}");
            assert!(cut.skipped.len() == 1 || cut == whole, "{end}");
            assert!(cut.credentials.iter().all(|credential| whole.credentials.contains(credential)), "{end}");
        }
    }
}

#[test]
fn no_cut_of_an_empty_file_is_one_without_passkeys_but_for_its_last_line_end() {
    let text = file(Vec::new()).encode();
    for end in 0..text.len() {
        let parsed = CredentialFile::parse(&text[..end]);
        assert_eq!(parsed.is_ok(), end == text.len() - 1, "{end}: {parsed:?}");
    }
}

/// A change of [`TEXT`], the reason for which an entry is then skipped, its line and name.
const DAMAGE: &[(&str, &str, EntryError, usize, Option<&str>)] = &[
    ("id = \"AQEB", "id = \"AQ+B", EntryError::BadValue("id"), 6, Some("blue")),
    ("AQEBAQE\"\nrp", "AQEBAQE=\"\nrp", EntryError::BadValue("id"), 6, Some("blue")),
    (
        "id = \"AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI\"",
        "",
        EntryError::Missing("id"),
        23,
        Some("old \"key\""),
    ),
    (
        "id = \"AgIC",
        "id = \"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE\" # ",
        EntryError::SameId,
        23,
        Some("old \"key\""),
    ),
    ("name = \"blue\"", "name = \"old \\\"key\\\"\"", EntryError::SameName, 23, Some("old \"key\"")),
    ("name = \"blue\"", "name = \"\\u001b[2J\"", EntryError::BadValue("name"), 6, Some("\u{1b}[2J")),
    ("name = \"blue\"", "name = 7", EntryError::BadValue("name"), 6, None),
    (
        "rp_id = \"host.example\"\npublic_key = \"pAEBAycgBiFYIAEB",
        "rp_id = \"\"\npublic_key = \"pAEBAycgBiFYIAEB",
        EntryError::BadValue("rp_id"),
        6,
        Some("blue"),
    ),
    ("pAEBAycgBiFYIAEB", "pAEBAycgByFYIAEB", EntryError::BadValue("public_key"), 6, Some("blue")),
    ("AQEB\"\nalg", "AQEBAA\"\nalg", EntryError::BadValue("public_key"), 6, Some("blue")),
    (
        "algorithm = \"eddsa\"\naaguid = \"0123",
        "algorithm = \"es256\"\naaguid = \"0123",
        EntryError::AlgorithmMismatch,
        6,
        Some("blue"),
    ),
    ("aaguid = \"0123", "aaguid = \"g123", EntryError::BadValue("aaguid"), 6, Some("blue")),
    ("discoverable = true", "discoverable = 1", EntryError::BadValue("discoverable"), 6, Some("blue")),
    ("\"fingerprint\"", "\"iris\"", EntryError::BadValue("user_verification"), 6, Some("blue")),
    (
        "answers_silently = true",
        "answers_silently = \"yes\"",
        EntryError::BadValue("answers_silently"),
        6,
        Some("blue"),
    ),
    (
        "[\"presence\", \"pin\"]",
        "[\"presence\", \"iris\"]",
        EntryError::BadValue("imported_options"),
        6,
        Some("blue"),
    ),
    ("cred_protect = 3", "cred_protect = 4", EntryError::BadValue("cred_protect"), 6, Some("blue")),
    ("cred_protect = 3", "cred_protect = 259", EntryError::BadValue("cred_protect"), 6, Some("blue")),
    ("[\"usb\", \"nfc\"]", "\"usb\"", EntryError::BadValue("transports"), 6, Some("blue")),
    ("[\"usb\", \"nfc\"]", "[\"usb\", 1]", EntryError::BadValue("transports"), 6, Some("blue")),
    ("[\"usb\", \"nfc\"]", "[\"u sb\"]", EntryError::BadValue("transports"), 6, Some("blue")),
    (
        "added = \"2026-11-23T02:03:04Z\"\natt",
        "added = \"yesterday\"\natt",
        EntryError::BadValue("added"),
        6,
        Some("blue"),
    ),
    ("{ format = \"packed\", kind", "{ kind", EntryError::Missing("format"), 6, Some("blue")),
    ("attestation = {", "attestation = \"packed\" # {", EntryError::BadValue("attestation"), 6, Some("blue")),
    ("enabled = true\n", "", EntryError::Missing("enabled"), 6, Some("blue")),
    (
        "enabled = false\n",
        "enabled = false\nrestricted = true\n",
        EntryError::UnknownKey(String::new()),
        23,
        Some("old \"key\""),
    ),
];

#[test]
fn a_damaged_entry_costs_only_itself_and_is_kept_as_it_stands() {
    for (from, to, reason, line, name) in DAMAGE {
        assert!(TEXT.contains(from), "{from}");
        let damaged = TEXT.replacen(from, to, 1);
        let file = CredentialFile::parse(&damaged).unwrap_or_else(|error| panic!("{from} {to}: {error:?}"));
        assert_eq!((file.credentials.len(), file.skipped.len()), (1, 1), "{from} {to}");
        let skipped = &file.skipped[0];
        match (&skipped.reason, reason) {
            (EntryError::UnknownKey(key), EntryError::UnknownKey(_)) => assert_eq!(key, "restricted"),
            (found, expected) => assert_eq!(found, expected, "{from} {to}"),
        }
        assert_eq!((skipped.line, skipped.name.as_deref()), (*line, *name), "{from} {to}");

        let written = file.encode();
        assert!(written.contains(to.trim_end()), "{from} {to}: {written}");
        let again = CredentialFile::parse(&written).unwrap();
        assert!(file.reads_back_as(&again));
        assert_eq!(again.encode(), written);
    }
}

#[test]
fn an_entry_with_tables_of_its_own_is_kept_with_them() {
    let text = TEXT.replacen("enabled = true\n", "enabled = true\n[credential.future]\nkey = 1\n", 1);
    let file = CredentialFile::parse(&text).unwrap();
    assert_eq!(file.skipped[0].reason, EntryError::UnknownKey("future".to_owned()));
    assert!(file.encode().contains("enabled = true\n[credential.future]\nkey = 1\n"));
    assert_eq!(file.credentials, [plain("old \"key\"", 2)]);
}

/// A change of [`TEXT`] that spoils the file as a whole, and words of the message.
const MALFORMED: &[(&str, &str, &str)] = &[
    ("version = 1\n", "", "version"),
    ("version = 1", "version = 2", "newer format 2"),
    ("version = 1", "version = 0", "version"),
    ("version = 1", "version = \"1\"", "version"),
    ("count = 2", "count = 3", "`count` is 3, yet there are 2"),
    ("count = 2", "count = 1", "`count` is 1, yet there are 2"),
    ("count = 2", "count = -2", "`count` is -2"),
    ("count = 2", "count = \"2\"", "count"),
    ("user_handle = \"CQkJ", "user_handle = \"C+kJ", "`user_handle` is not understood"),
    ("user_handle", "user_hand", "`user_handle` is missing"),
    ("count = 2", "count = 2\nother = 1", "unknown key `other`"),
    ("[[credential]]\nname = \"blue\"", "[other]\n[[credential]]\nname = \"blue\"", "unknown key `other`"),
    ("enabled = false\n", "enabled = false\n[credentials]\n", "unknown key `credentials`"),
    ("name = \"blue\"", "name = \"blue\nred\"", "not valid TOML"),
    ("name = \"blue\"", "name = \"blue\"\nname = \"red\"", "not valid TOML"),
];

#[test]
fn a_file_that_is_not_understood_as_a_whole_is_an_error() {
    for (from, to, words) in MALFORMED {
        assert!(TEXT.contains(from), "{from}");
        let error = CredentialFile::parse(&TEXT.replacen(from, to, 1)).unwrap_err();
        assert!(error.message.contains(words), "{to}: {error:?}");
        assert!(!error.message.chars().any(char::is_control), "{error:?}");
    }
    for (text, line) in [("", None), ("\n\nversion 1", Some(3)), ("version = 1\ncredential = [{}]\n", None)] {
        let error = CredentialFile::parse(text).unwrap_err();
        assert_eq!(error.line, line, "{text:?}: {error:?}");
    }
}

#[test]
fn entries_need_headers_of_their_own() {
    for entries in ["credential = [{ name = \"a\" }]\n", "credential = 3\n", "[credential]\nname = \"a\"\n"] {
        let text = format!("version = 1\ncount = 1\nuser_handle = \"AA\"\n{entries}");
        let error = CredentialFile::parse(&text).unwrap_err();
        assert!(error.message.contains("[[credential]]"), "{error:?}");
    }
}

#[test]
fn a_count_may_be_left_out_by_hand_where_there_are_entries() {
    assert_eq!(CredentialFile::parse(&TEXT.replacen("count = 2\n", "", 1)).unwrap(), two());
    let error = CredentialFile::parse("version = 1\nuser_handle = \"AA\"\n").unwrap_err();
    assert!(error.message.contains("count = 0"), "{error:?}");
}

#[test]
fn very_long_and_very_deep_files_are_no_trouble() {
    let long = TEXT.replacen("AQEBAQE\"\nrp", &format!("{}\"\nrp", "A".repeat(500_000)), 1);
    assert_eq!(CredentialFile::parse(&long).unwrap().skipped[0].reason, EntryError::BadValue("id"));
    let long = TEXT.replacen("\"usb\", ", &"\"usb\", ".repeat(100_000), 1);
    assert_eq!(CredentialFile::parse(&long).unwrap().skipped[0].reason, EntryError::BadValue("transports"));
    for deep in ["[".repeat(200_000), "{a=".repeat(200_000)] {
        assert!(CredentialFile::parse(&format!("a = {deep}")).is_err());
    }
    assert!(CredentialFile::parse(&format!("{} = 1", "a.".repeat(200_000))).is_err());
}

#[test]
fn passkeys_are_added_renamed_disabled_and_removed_by_name() {
    let mut file = file(Vec::new());
    file.add(full("blue", 1)).unwrap();
    file.add(full("red", 2)).unwrap();
    assert_eq!(file.add(full("blue", 3)), Err(EditError::SameName));
    assert_eq!(file.add(full("green", 1)), Err(EditError::SameId));
    assert_eq!(file.add(full("", 3)), Err(EditError::Name(NameError::Empty)));

    assert_eq!(file.rename("blue", "red"), Err(EditError::SameName));
    assert_eq!(file.rename("blue", "a\nb"), Err(EditError::Name(NameError::Unprintable)));
    assert_eq!(file.rename("green", "x"), Err(EditError::NoSuchName));
    file.rename("blue", "blue").unwrap();
    file.rename("blue", "azure").unwrap();
    assert!(file.named("blue").is_none() && file.named("azure").is_some());

    assert_eq!(file.set_enabled("blue", false), Err(EditError::NoSuchName));
    file.set_enabled("azure", false).unwrap();
    assert_eq!(file.enabled().map(|credential| credential.name.as_str()).collect::<Vec<_>>(), ["red"]);
    file.set_enabled("azure", true).unwrap();
    assert_eq!(file.enabled().count(), 2);

    assert_eq!(file.remove("blue"), Err(EditError::NoSuchName));
    assert_eq!(file.remove("azure").unwrap().id, full("", 1).id);
    assert_eq!(file.credentials, [full("red", 2)]);
}

#[test]
fn a_disabled_passkey_is_one_all_the_same() {
    let file = file(vec![plain("old", 1)]);
    assert_eq!(file.enabled().count(), 0);
    assert!(!file.is_unenrolled());
}

#[test]
fn what_was_removed_does_not_come_back_from_a_duplicate() {
    let text = TEXT.replacen("id = \"AgIC", "id = \"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE\" # ", 1);
    let mut file = CredentialFile::parse(&text).unwrap();
    assert_eq!(file.skipped.len(), 1);
    file.remove("blue").unwrap();
    assert!(CredentialFile::parse(&file.encode()).unwrap().is_unenrolled());
}

#[test]
fn a_passkey_with_anothers_name_counts_once_the_name_is_free() {
    let text = TEXT.replacen("name = \"blue\"", "name = \"old \\\"key\\\"\"", 1);
    let mut file = CredentialFile::parse(&text).unwrap();
    file.rename("old \"key\"", "blue").unwrap();
    let again = CredentialFile::parse(&file.encode()).unwrap();
    assert!(file.reads_back_as(&again));
    assert_eq!(again, two());
    assert_eq!(CredentialFile::parse(&text).unwrap().discard_skipped("old \"key\""), 1);
}

#[test]
fn whether_a_key_answers_silently_is_noted_once() {
    let mut file = two();
    let id = file.credentials[1].id.clone();
    assert_eq!(file.credentials[1].answers_silently, None);
    for (answers, news) in [(false, true), (false, false), (true, true), (true, false)] {
        assert_eq!(file.note_answers_silently(&id, answers), news);
        assert_eq!(file.credentials[1].answers_silently, Some(answers));
        assert_eq!(CredentialFile::parse(&file.encode()).unwrap(), file);
    }
    assert!(!file.note_answers_silently(&CredentialId::new(vec![7; 3]).unwrap(), true));
}

/// The processor time of this thread for reading a file of `count` such entries: the least of a few, since other work on the machine
/// only adds to it.
fn cost(count: usize, entry: &dyn Fn(usize) -> String, parse: &dyn Fn(&str) -> usize) -> std::time::Duration {
    let entries: String = (0..count).map(entry).collect();
    let text = format!("version = 1\ncount = {count}\nuser_handle = \"CQkJ\"\n{entries}");
    let now = || {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        std::time::Duration::new(time.tv_sec.try_into().unwrap(), time.tv_nsec.try_into().unwrap())
    };
    let once = || {
        let before = now();
        assert_eq!(parse(&text), count);
        now().checked_sub(before).unwrap()
    };
    (0..3).map(|_| once()).min().unwrap()
}

#[test]
fn passkeys_are_asked_for_by_their_last_use_and_then_by_their_place_in_the_file() {
    let names = ["never", "first", "last", "never either", "first too", "between"];
    let credentials: Vec<Credential> = (1..).zip(names).map(|(id, name)| full(name, id)).collect();
    let mut state = super::super::State::default();
    for (name, second) in [("last", 3), ("first", 1), ("between", 2), ("first too", 1)] {
        let credential = credentials.iter().find(|credential| credential.name == name).unwrap();
        state.record_success(&credential.id, 7, jiff::Timestamp::from_second(second).unwrap());
    }
    let file = file(credentials);
    let passkeys = Passkey::enabled(&file, &state);
    let order: Vec<&str> = passkeys.iter().map(|passkey| passkey.credential.name.as_str()).collect();
    assert_eq!(order, ["last", "between", "first", "first too", "never", "never either"]);
    let counters: Vec<Option<u32>> = passkeys.iter().map(|passkey| passkey.sign_count).collect();
    assert_eq!(counters, [Some(7), Some(7), Some(7), Some(7), None, None]);
}

/// What is in a file, an entry of it by its number, and how many entries are found in a text.
type Row<'a> = (&'a str, &'a dyn Fn(usize) -> String, &'a dyn Fn(&str) -> usize);

#[test]
fn the_cost_of_a_file_is_proportional_to_its_length_whatever_is_in_it() {
    let credentials = |text: &str| {
        let file = CredentialFile::parse(text).unwrap();
        file.credentials.len() + file.skipped.len()
    };
    let states = |text: &str| {
        let text = text.replace("user_handle = \"CQkJ\"\n", "");
        let state = super::super::State::parse(&text).unwrap();
        state.encode().matches("[[credential]]").count()
    };
    let whole = |number: usize| {
        let credential = Credential { id: numbered(number), ..plain(&number.to_string(), 1) };
        let mut text = String::new();
        write_credential(&mut text, &credential);
        text
    };
    let rows: [Row<'_>; 5] = [
        ("damaged", &|_| "[[credential]]\n".to_owned(), &credentials),
        ("whole", &whole, &credentials),
        ("all the same", &|_| whole(1), &credentials),
        (
            "state",
            &|number| format!("[[credential]]\nid = \"{}\"\nfailures = 0\n", numbered(number).to_base64url()),
            &states,
        ),
        ("damaged state", &|_| "[[credential]]\nid = \"AQ\"\n".to_owned(), &states),
    ];
    for (what, entry, parse) in rows {
        let (few, many) = (cost(2_000, entry, parse), cost(16_000, entry, parse));
        // Eight times as many; with a look at all the others for each, it would be some sixty times as long.
        assert!(many < few * 24, "{what}: {few:?} for 2,000 entries, {many:?} for 16,000");
    }
}

fn numbered(number: usize) -> CredentialId {
    CredentialId::new(number.to_be_bytes().to_vec()).unwrap()
}
