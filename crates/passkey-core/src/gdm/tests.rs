#![allow(clippy::unnecessary_wraps, reason = "they are compared with results")]

use super::*;
use ctap::Secret;

fn pin(text: &str) -> Result<Reply, ReplyError> {
    Ok(Reply::Pin(Secret::new(text.as_bytes().to_vec())))
}

fn password(text: &str) -> Result<Reply, ReplyError> {
    Ok(Reply::Password(Secret::new(text.as_bytes().to_vec())))
}

fn selection(members: &str) -> Result<Reply, ReplyError> {
    parse(format!("{{\"authSelection\":{{{members}}}}}").as_bytes())
}

/// As gnome-shell 51 writes them.
#[test]
fn what_was_typed_is_read() {
    assert_eq!(
        selection(r#""status":"Ok","passkey":{"pin":"1234","kerberos":false,"cryptoChallenge":""}"#),
        pin("1234")
    );
    assert_eq!(
        selection(r#""status":"Ok","password":{"password":"correct horse"}"#),
        password("correct horse")
    );
    assert_eq!(selection(r#""status":"Ok","passkey":{"pin":""}"#), pin(""));
    assert_eq!(
        parse(b" {\n\t\"authSelection\" : { \"passkey\" : { \"pin\" : \"1\" } ,\r\"status\" : \"Ok\" } } \n"),
        pin("1")
    );
    let others = r#""a":[1,-2.5e+3,true,false,null,"x",{},[],{"b":[{}]}],"status":"Ok","#;
    assert_eq!(selection(&format!(r#"{others}"passkey":{{"c":[[]],"pin":"7"}},"d":{{}}"#)), pin("7"));
}

#[test]
fn escapes_are_what_they_stand_for() {
    for (written, meant) in [
        (r#"\"\\\/\b\f\n\r\t"#, "\"\\/\u{8}\u{c}\n\r\t"),
        (r"\u0041\u00e4\u20AC", "A\u{e4}\u{20ac}"),
        (r"\ud83d\ude00", "\u{1f600}"),
        (r"\uD800\uDC00\udbff\udfff", "\u{10000}\u{10ffff}"),
        ("\u{e4}\u{1f600}", "\u{e4}\u{1f600}"),
        (r"\u0000", "\0"),
    ] {
        let reply = selection(&format!(r#""status":"Ok","password":{{"password":"{written}"}}"#));
        assert_eq!(reply, password(meant), "{written}");
        // Names are names however they are written.
        let reply = selection(r#""st\u0061tus":"O\u006b","passk\u0065y":{"p\u0069n":"1"}"#);
        assert_eq!(reply, pin("1"));
    }
}

#[test]
fn what_is_written_is_read_again() {
    for text in ["", "plain", "\"\\/\n\t\0\u{1f}\u{7f}", "\u{e4}\u{1f600}\u{2028}"] {
        let reply = selection(&format!(r#""status":"Ok","password":{{"password":{}}}"#, quoted(text)));
        assert_eq!(reply, password(text));
    }
}

#[test]
fn what_says_something_else_is_no_answer() {
    use ReplyError::{Malformed, NotOk, NotOneAnswer};
    for (members, error) in [
        ("", NotOk),
        (r#""passkey":{"pin":"1"}"#, NotOk),
        (r#""status":"ok","passkey":{"pin":"1"}"#, NotOk),
        (r#""status":"Error","passkey":{"pin":"1"}"#, NotOk),
        (r#""status":"Ok\u0000","passkey":{"pin":"1"}"#, NotOk),
        (r#""status":"Ok""#, NotOneAnswer),
        (r#""status":"Ok","smartcard":{"pin":"1"}"#, NotOneAnswer),
        (r#""status":"Ok","passkey":{"pin":"1"},"password":{"password":"x"}"#, NotOneAnswer),
        (r#""status":true,"passkey":{"pin":"1"}"#, Malformed),
        (r#""status":"Ok","passkey":{}"#, Malformed),
        (r#""status":"Ok","passkey":"1""#, Malformed),
        (r#""status":"Ok","passkey":{"pin":1234}"#, Malformed),
        (r#""status":"Ok","passkey":{"pin":null}"#, Malformed),
        (r#""status":"Ok","password":{"pin":"x"}"#, Malformed),
        // The same name twice could be two answers.
        (r#""status":"Ok","status":"Ok","passkey":{"pin":"1"}"#, Malformed),
        (r#""status":"Ok","passkey":{"pin":"1"},"passkey":{"pin":"1"}"#, Malformed),
        (r#""status":"Ok","passkey":{"pin":"1","p\u0069n":"2"}"#, Malformed),
    ] {
        assert_eq!(selection(members), Err(error), "{members}");
    }
    let good = r#""authSelection":{"status":"Ok","passkey":{"pin":"1"}}"#;
    for text in
        [format!("{{{good},{good}}}"), format!("{{{good}}}x"), format!("[{{{good}}}]"), good.to_owned()]
    {
        assert_eq!(parse(text.as_bytes()), Err(Malformed), "{text}");
    }
    assert_eq!(parse(b"{}"), Err(NotOk));
}

#[test]
fn what_is_not_json_is_malformed() {
    for text in [
        "",
        " ",
        "{",
        "}",
        "\"",
        "null",
        "[]",
        "{\"",
        "{\"a",
        "{\"a\"",
        "{\"a\":",
        "{\"a\":}",
        "{\"a\":1,}",
        "{,}",
        "{\"a\" 1}",
        "{a:1}",
        "{'a':1}",
        "{\"a\":tru}",
        "{\"a\":[1 2]}",
        "{\"a\":[1,]}",
        "{\"a\":\"\\x\"}",
        "{\"a\":\"\\u12\"}",
        "{\"a\":\"\\u12g4\"}",
        "{\"a\":\"\\ud800\"}",
        "{\"a\":\"\\udc00\"}",
        "{\"a\":\"\\ud800\\u0041\"}",
        "{\"a\":\"\\ud800\\ud800\"}",
        "{\"a\":\"\n\"}",
        "{\"a\":\"\\\"}",
        "{\"a\":\"\0\"}",
        "\u{feff}{}",
        "{}\0",
        "{\"a\":/**/1}",
        "{\"a\":+1}",
        "{\"a\":NaN}",
    ] {
        assert_eq!(parse(text.as_bytes()), Err(ReplyError::Malformed), "{text:?}");
    }
    assert_eq!(parse(b"{\"a\":\"\xff\"}"), Err(ReplyError::Malformed));
    assert_eq!(parse(b"\xff"), Err(ReplyError::Malformed));
}

/// Every beginning of a reply, and every reply with one byte changed, ends in an error or an answer.
#[test]
fn no_byte_is_trusted() {
    let good = br#"{"authSelection":{"status":"Ok","passkey":{"pin":"12\u00e434","a":[1,{"b":null}]}}}"#;
    assert_eq!(parse(good), pin("12\u{e4}34"));
    for len in 0..good.len() {
        assert!(parse(&good[..len]).is_err());
    }
    for place in 0..good.len() {
        for byte in 0..=255 {
            let mut changed = good.to_vec();
            changed[place] = byte;
            assert!(!matches!(parse(&changed), Ok(Reply::Password(_))));
        }
    }
}

#[test]
fn depth_and_length_are_bounded() {
    let nested = |open: &str, close: &str, count: usize| {
        selection(&format!(
            r#""a":{}1{},"status":"Ok","passkey":{{"pin":"1"}}"#,
            open.repeat(count),
            close.repeat(count)
        ))
    };
    assert_eq!(nested("[", "]", 10), pin("1"));
    assert_eq!(nested("[", "]", 1000), Err(ReplyError::Malformed));
    assert_eq!(nested("{\"b\":", "}", 10), pin("1"));
    assert_eq!(nested("{\"b\":", "}", 1000), Err(ReplyError::Malformed));
    let long = "x".repeat(MAX_REPLY_LEN);
    assert_eq!(
        selection(&format!(r#""status":"Ok","password":{{"password":"{long}"}}"#)),
        Err(ReplyError::TooLong)
    );
    let fits = "x".repeat(MAX_REPLY_LEN - 100);
    assert_eq!(selection(&format!(r#""status":"Ok","password":{{"password":"{fits}"}}"#)), password(&fits));
}

#[test]
fn an_error_says_nothing_of_what_was_typed() {
    for error in [ReplyError::TooLong, ReplyError::Malformed, ReplyError::NotOk, ReplyError::NotOneAnswer] {
        assert!(error.to_string().starts_with("it"), "{error}");
    }
}

#[test]
fn the_extension_has_the_number_of_its_place() {
    let list = "org.gnome.DisplayManager.UserVerifier.ChoiceList";
    assert_eq!(extension_number(EXTENSION), Some(0));
    assert_eq!(extension_number(&format!("{EXTENSION} {list}")), Some(0));
    assert_eq!(extension_number(&format!(" {list}  {EXTENSION} ")), Some(1));
    for offered in ["", " ", list, "org.gnome.DisplayManager.UserVerifier.CustomJSON2", "org.gnome"] {
        assert_eq!(extension_number(offered), None, "{offered}");
    }
    assert_eq!(extension_number(&format!("{}{EXTENSION}", "x ".repeat(255))), Some(255));
    assert_eq!(extension_number(&format!("{}{EXTENSION}", "x ".repeat(256))), None);
}

#[test]
fn a_request_is_json_whatever_a_key_is_called() {
    let request = Request {
        key_connected: true,
        pin_request: true,
        pin_attempts: Some(3),
        passkey_name: "Passkey",
        password_name: "Password",
        init_instruction: "Plug in your security key.",
        pin_prompt: "PIN of the security key \"\\\n",
        touch_instruction: "Touch your security key.",
    };
    assert_eq!(
        request.to_json(),
        r#"{"authSelection":{"mechanisms":{"passkey":{"role":"passkey","name":"Passkey","initInstruction":"Plug in your security key.","pinPrompt":"PIN of the security key \"\\\u000a","touchInstruction":"Touch your security key.","cryptoChallenge":"","keyConnected":true,"pinRequest":true,"kerberos":false,"pinAttempts":3},"password":{"role":"password","name":"Password","prompt":"Password"}},"priority":["passkey","password"]}}"#
    );
    let request = Request { key_connected: false, pin_request: false, pin_attempts: None, ..request };
    let json = request.to_json();
    assert!(json.contains(r#""keyConnected":false,"pinRequest":false,"kerberos":false},"#), "{json}");
    // Its own reader finds nothing wrong with its form.
    assert_eq!(parse(json.as_bytes()), Err(ReplyError::NotOk));
}
