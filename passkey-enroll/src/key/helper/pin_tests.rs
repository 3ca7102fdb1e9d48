use ctap::{Pin, Secret};
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize)]
#[serde(transparent)]
struct Sent(#[serde(with = "super")] Pin);

fn sent(text: &str) -> Sent {
    Sent(Pin::parse(&Secret::new(text.as_bytes().to_vec()), Pin::MIN_LENGTH).unwrap())
}

#[test]
fn a_pin_goes_over_the_pipe_and_nowhere_else() {
    let typed = sent("pä\"ss");
    assert!(!format!("{typed:?}").contains("ss"));
    let line = serde_json::to_string(&typed).unwrap();
    assert_eq!(serde_json::from_str::<Sent>(&line).unwrap().0, typed.0);
}

/// Whichever way its letters were composed when it was typed.
#[test]
fn it_goes_there_in_normalization_form_c() {
    assert_eq!(serde_json::to_string(&sent("pe\u{301}ss")).unwrap(), "\"p\u{e9}ss\"");
    assert_eq!(serde_json::from_str::<Sent>("\"pe\u{301}ss\"").unwrap().0, sent("p\u{e9}ss").0);
}

#[test]
fn what_is_no_pin_does_not_arrive() {
    let otp = format!("\"12{}\"", "cccjgjgkhcbbirdrfdnlnghhfgrtnnlgedjlftrbdeut");
    for line in ["\"123\"", &format!("\"{}\"", "a".repeat(64)), "1234", "\"1234\\u0000\"", &otp] {
        assert!(serde_json::from_str::<Sent>(line).is_err(), "{line}");
    }
}
