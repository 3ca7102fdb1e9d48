use std::path::Path;

use super::*;

#[test]
fn an_answer_counts_for_the_device_that_was_asked_only() {
    let text = br#"{"sysfs":"/sys/devices/a","proved":["Ymx1ZQ"],"claimed":[]}"#;
    let blue = CredentialId::new(b"blue".to_vec()).unwrap();
    assert_eq!(
        parse(text, Path::new("/sys/devices/a")),
        Some(Holds { proved: vec![blue], claimed: Vec::new() })
    );
    assert_eq!(parse(text, Path::new("/sys/devices/b")), None, "its node was used again");
    for text in ["", "{}", "[]", r#"{"sysfs":"/sys/devices/a","proved":["!"],"claimed":[]}"#] {
        assert_eq!(parse(text.as_bytes(), Path::new("/sys/devices/a")), None, "{text}");
    }
}
