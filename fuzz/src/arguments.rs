//! The module's arguments, one a line. Their order does not matter, and each setting means what it means in the configuration file.

use passkey_core::config::{Arguments, Config, Settings};
use std::path::Path;

/// The one argument that is no setting.
const CONFIG: &[u8] = b"config=";

/// Whether the module takes them all.
pub fn run(data: &[u8]) -> bool {
    let mut arguments: Vec<&[u8]> =
        data.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
    let parsed = Arguments::parse(arguments.iter().copied());
    arguments.reverse();
    let reversed = Arguments::parse(arguments.iter().copied());
    let Ok(parsed) = parsed else {
        let _ = parsed.map_err(|error| error.to_string());
        assert!(reversed.is_err(), "what is refused is refused in any order");
        return false;
    };
    assert_eq!(reversed.as_ref(), Ok(&parsed), "the order does not matter");
    let lines =
        arguments.iter().filter(|argument| !argument.starts_with(CONFIG)).map(|argument| line(argument));
    let text = "[defaults]\n".to_owned() + &lines.collect::<String>();
    let file = Config::parse(Path::new("/etc/passkey/passkey.toml"), &text);
    let file = file.unwrap_or_else(|error| panic!("{error}, which the module takes as an argument"));
    for service in ["sudo", "gdm-password", "sshd"] {
        let by_argument = Config::default().policy(service, &parsed.settings);
        assert_eq!(file.policy(service, &Settings::default()), by_argument, "{text}");
    }
    true
}

/// An argument as a line of the file.
fn line(argument: &[u8]) -> String {
    let text = std::str::from_utf8(argument).expect("the module takes nothing else");
    match text.split_once('=') {
        None => format!("{text} = true\n"),
        Some((key, value @ ("true" | "false"))) => format!("{key} = {value}\n"),
        Some((key, value)) => match value.parse::<i64>() {
            Ok(number) => format!("{key} = {number}\n"),
            Err(_) => format!("{key} = \"{value}\"\n"),
        },
    }
}
