use super::*;
use crate::store::recovery::limit::Lock;

/// So that a test takes no time.
const CHEAP: Cost = Cost { memory_kib: 8, passes: 1, lanes: 1 };

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

const TEXT: &str = r#"# Recovery codes, hashed with Argon2id. Use `passkey-enroll recovery` to change them.
version = 1
count = 2
made = "2023-11-14T22:13:20Z"
salt = "BwcHBwcHBwcHBwcHBwcHBw"
memory_kib = 19456
passes = 2
lanes = 1
failures = 5
locked_since = "2023-11-14T22:30:00Z"
locked_until = "2023-11-14T22:31:00Z"

[[code]]
hash = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE"
used = "2023-11-14T22:20:00Z"

[[code]]
hash = "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI"
used = "never"
"#;

fn set() -> Codes {
    Codes {
        made: at(1_700_000_000),
        salt: [7; SALT_LEN],
        cost: Cost::NEW,
        limit: Limit { failures: 5, lock: Some(Lock { since: at(1_700_001_000), until: at(1_700_001_060) }) },
        entries: vec![
            Hashed { hash: Secret::new(vec![1; HASH_LEN]), used: Some(at(1_700_000_400)) },
            Hashed { hash: Secret::new(vec![2; HASH_LEN]), used: None },
        ],
        skipped: Vec::new(),
    }
}

#[test]
fn the_format_is_this() {
    assert_eq!(set().encode(), TEXT);
    let read = Codes::parse(TEXT).unwrap();
    assert_eq!(read, set());
    assert_eq!((read.total(), read.left(), read.failures()), (2, 1, 5));
    assert_eq!(read.last_used(), Some(at(1_700_000_400)));
    assert_eq!(read.locked_until(at(1_700_001_030)), Some(at(1_700_001_060)));
    assert_eq!(read.locked_until(at(1_700_001_060)), None);
    assert_eq!(read.locked_for(at(1_700_001_030)), Some(Duration::from_secs(30)));
    assert_eq!(read.locked_for(at(1_700_000_999)), None, "the clock was set back: trying one settles it");
    let unlocked = Codes { limit: Limit::default(), ..set() };
    assert_eq!(Codes::parse(&unlocked.encode()).unwrap(), unlocked);
}

#[test]
fn a_new_set_has_ten_codes_each_of_which_is_found_once() {
    let (mut set, codes) = Codes::with_cost(at(5), CHEAP).unwrap();
    assert_eq!((set.total(), set.left(), codes.len()), (10, 10, 10));
    set = Codes::parse(&set.encode()).unwrap();
    let hash = |set: &Codes, code| Hasher::new(&set.cost).unwrap().hash(code, &set.salt);
    for (index, code) in codes.iter().enumerate() {
        let found = set.find(hash(&set, code).as_ref());
        assert_eq!(found, Match::Unused(index));
        set.use_up(index, at(6));
        assert_eq!(set.find(hash(&set, code).as_ref()), Match::Used);
    }
    assert_eq!((set.left(), set.last_used()), (0, Some(at(6))));
    assert_eq!(set.find(hash(&set, &Code::random().unwrap()).as_ref()), Match::None);
    assert_eq!(set.find(None), Match::None);
    let other = Codes::with_cost(at(5), CHEAP).unwrap().0;
    assert_ne!(set.salt, other.salt);
}

#[test]
fn no_secret_is_in_the_file() {
    let (set, codes) = Codes::with_cost(at(5), CHEAP).unwrap();
    let text = set.encode();
    for code in codes {
        let code = String::from_utf8(code.text().as_bytes().to_vec()).unwrap();
        for group in code.split('-') {
            assert!(!text.contains(group) || group.bytes().all(|byte| byte.is_ascii_digit()), "{group}");
        }
    }
}

#[test]
fn a_right_code_makes_up_for_wrong_ones() {
    let mut codes = set();
    codes.use_up(1, at(9));
    assert_eq!((codes.failures(), codes.locked_for(at(1_700_001_030)), codes.left()), (0, None, 0));
}

/// Somebody who repairs a file by hand may copy an entry.
#[test]
fn a_copied_entry_brings_no_code_back() {
    let copy = TEXT.replace(
        "\"AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI",
        "\"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE",
    );
    let codes = Codes::parse(&copy).unwrap();
    assert_eq!(codes.find(Some(&Secret::new(vec![1; HASH_LEN]))), Match::Used);
}

#[test]
fn a_damaged_entry_costs_nothing_but_itself_and_is_kept() {
    for (from, to) in [
        ("used = \"never\"\n", ""),
        ("used = \"never\"", "used = \"no\""),
        ("used = \"never\"", "used = false"),
        ("used = \"never\"", "used = \"never\"\nexpires = 1"),
        ("\"AgIC", "\"AgI"),
        ("\"AgIC", "\"+gIC"),
        (
            "\"AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI\"",
            "\"AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg\"",
        ),
    ] {
        let text = TEXT.replace(from, to);
        assert_ne!(text, TEXT);
        let codes = Codes::parse(&text).unwrap();
        assert_eq!((codes.total(), codes.left(), codes.skipped().len()), (1, 0, 1), "{to}");
        assert_eq!(codes.skipped()[0].line, 17);
        assert_eq!(codes.encode(), text, "{to}");
    }
}

#[test]
fn a_file_that_asks_for_too_much_or_is_not_whole_is_refused() {
    for (from, to) in [
        ("version = 1", "version = 2"),
        ("version = 1\n", ""),
        ("count = 2", "count = 1"),
        ("count = 2", "count = 10"),
        ("made = \"2023-11-14T22:13:20Z\"\n", ""),
        ("salt = \"BwcH", "salt = \"Bwc"),
        ("salt = \"BwcHBwcHBwcHBwcHBwcHBw\"", "salt = \"\""),
        ("memory_kib = 19456", "memory_kib = 65537"),
        ("memory_kib = 19456", "memory_kib = 4294967295"),
        ("memory_kib = 19456", "memory_kib = 4294967296"),
        ("memory_kib = 19456", "memory_kib = -1"),
        ("memory_kib = 19456", "memory_kib = 0"),
        ("memory_kib = 19456\n", ""),
        ("passes = 2", "passes = 9"),
        ("passes = 2", "passes = 0"),
        ("lanes = 1", "lanes = 64"),
        ("lanes = 1", "lanes = 1.0"),
        ("failures = 5", "failures = -5"),
        ("failures = 5\n", ""),
        ("locked_since = \"2023-11-14T22:30:00Z\"\n", ""),
        ("locked_until = \"2023-11-14T22:31:00Z\"\n", ""),
        ("locked_until = \"2023-11-14T22:31:00Z\"", "locked_until = \"soon\""),
        ("lanes = 1", "lanes = 1\nalgorithm = \"none\""),
        ("[[code]]", "[[credential]]"),
    ] {
        let text = TEXT.replace(from, to);
        assert_ne!(text, TEXT);
        assert!(Codes::parse(&text).is_err(), "{to}");
    }
}

#[test]
fn no_cut_of_a_file_is_taken_for_a_whole_one() {
    for end in 0..TEXT.len() - 1 {
        let cut = &TEXT[..end];
        if let Ok(codes) = Codes::parse(cut) {
            assert_eq!(codes.left(), 0, "{cut}");
        }
    }
}
