use super::*;

#[test]
fn answers_have_names() {
    let touch = |then| Answer::OnTouch(Box::new(then));
    let after = |time, keepalive, then| Answer::After {
        time: Duration::from_millis(time),
        keepalive,
        then: Box::new(then),
    };
    for (text, answer) in [
        ("status-0x36", Answer::Status(0x36)),
        ("word-0x6985", Answer::StatusWord(0x6985)),
        ("hid-error-0x06", Answer::HidError(6)),
        ("silent", Answer::Silent),
        ("touch:status-0x2e", touch(Answer::Status(0x2e))),
        ("processing=250:nonsense", after(250, Keepalive::Processing, Answer::SignsNonsense)),
        ("waiting=30000:status-0x27", after(30_000, Keepalive::UpNeeded, Answer::Status(0x27))),
        (
            "processing=1:touch:nonsense-unnamed",
            after(1, Keepalive::Processing, touch(Answer::SignsNonsenseUnnamed)),
        ),
        ("success", Answer::Success(vec![])),
        ("success=a10518ff", Answer::Success(vec![0xa1, 0x05, 0x18, 0xff])),
        ("key-agreement", Answer::KeyAgreement { alg: -25 }),
        ("key-agreement=-7", Answer::KeyAgreement { alg: -7 }),
        ("pin-retries=8", Answer::PinRetries(8)),
        ("uv-retries=0", Answer::UvRetries(0)),
        ("token", Answer::Token),
    ] {
        assert_eq!(text.parse(), Ok(answer), "{text}");
    }
    for text in [
        "",
        "status",
        "status-0x100",
        "touch",
        "touch:",
        "processing:silent",
        "success=a",
        "status-0x+3",
        "success=+1",
        "success=zz",
        "success=ää",
    ] {
        assert!(text.parse::<Answer>().is_err(), "{text}");
    }
}
