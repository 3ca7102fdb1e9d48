use clap::error::ErrorKind;
use ctap::cose::Algorithm;

use super::*;

fn parse(arguments: &[&str]) -> Result<Cli, clap::Error> {
    Cli::try_parse_from(std::iter::once("passkey-enroll").chain(arguments.iter().copied()))
}

#[test]
fn the_definitions_are_consistent() {
    command().debug_assert();
}

#[test]
fn options_that_every_command_takes_can_stand_anywhere() {
    for arguments in [["--json", "list", "--user", "alice"], ["list", "--user", "alice", "--json"]] {
        let cli = parse(&arguments).unwrap();
        assert!(cli.global.json);
        assert_eq!(cli.global.user.as_deref(), Some("alice"));
    }
}

#[test]
fn values_are_checked_before_anything_is_done() {
    for arguments in [
        &["add", "--name", ""][..],
        &["add", "--name", " blue"],
        &["add", "--name", "a\nb"],
        &["add", "--name", "\u{202e}eulb"],
        &["add", "--rp-id", ""],
        &["add", "--rp-id", "ex ample.org"],
        &["add", "--timeout", "0"],
        &["add", "--timeout", "601"],
        &["add", "--timeout", "-1"],
        &["add", "--algorithm", "rs256"],
        &["add", "--verification", "maybe"],
    ] {
        let kind = parse(arguments).unwrap_err().kind();
        assert!(
            matches!(kind, ErrorKind::ValueValidation | ErrorKind::InvalidValue | ErrorKind::UnknownArgument),
            "{arguments:?}: {kind:?}"
        );
    }
}

#[test]
fn the_algorithms_stand_in_the_order_of_preference() {
    let algorithms: Vec<Algorithm> =
        SignatureAlgorithm::value_variants().iter().map(|algorithm| (*algorithm).into()).collect();
    assert_eq!(algorithms, [Algorithm::Es256, Algorithm::EdDsa, Algorithm::Es384]);
}

#[test]
fn every_option_and_command_says_what_it_does() {
    let mut open = vec![command()];
    while let Some(command) = open.pop() {
        assert!(command.get_about().is_some(), "{}", command.get_name());
        for argument in command.get_arguments() {
            assert!(argument.get_help().is_some(), "{} {}", command.get_name(), argument.get_id());
        }
        open.extend(command.get_subcommands().cloned());
    }
}

/// The words of every command that does something, but for `pam`'s.
fn leaves(of: &clap::Command, words: &str) -> Vec<String> {
    let below = of.get_subcommands().filter(|command| !matches!(command.get_name(), "help" | "pam"));
    let below: Vec<String> =
        below.flat_map(|command| leaves(command, format!("{words} {}", command.get_name()).trim())).collect();
    if below.is_empty() { vec![words.to_owned()] } else { below }
}

#[test]
fn every_command_has_examples_that_are_right() {
    let all = leaves(&command(), "");
    assert!(all.len() > 25, "{all:?}");
    for command in &all {
        let examples = help::examples(command);
        assert!(!examples.is_empty(), "{command}");
        for (example, meaning) in examples {
            assert!(!meaning.is_empty() && !meaning.ends_with('.'));
            // What comes before and behind is the shell's.
            let ours = example.split(" > ").next().unwrap().split(" | ").last().unwrap();
            let ours = ours.strip_prefix("sudo ").unwrap_or(ours);
            let words = ours.split('"').enumerate().flat_map(|(n, part)| match n % 2 {
                0 => part.split_whitespace().map(str::to_owned).collect(),
                _ => vec![part.to_owned()],
            });
            let cli = Cli::try_parse_from(words.collect::<Vec<_>>());
            assert!(cli.is_ok(), "{example}: {}", cli.unwrap_err());
        }
    }
    for (help_of, text) in all.iter().map(|command| {
        let words = ["passkey-enroll"].into_iter().chain(command.split(' ')).chain(["--help"]);
        (command, Cli::try_parse_from(words).unwrap_err().to_string())
    }) {
        assert!(text.contains(help::examples(help_of)[0].0), "{help_of}: {text}");
    }
}

#[test]
fn aliases_are_the_command() {
    assert!(matches!(parse(&["enroll", "--name", "x"]).unwrap().command, Command::Add(_)));
    assert!(matches!(parse(&["ls"]).unwrap().command, Command::List));
    assert!(matches!(
        parse(&["rm", "blue", "-y"]).unwrap().command,
        Command::Remove(Remove { yes: true, .. })
    ));
}

#[test]
fn an_id_may_begin_with_a_hyphen() {
    for words in [["--yes", "-abcd"], ["-abcd", "--yes"], ["-y", "-abcd"], ["-abcd", "-y"]] {
        let cli = parse(&[&["key", "passkeys", "remove"][..], &words].concat()).unwrap();
        let Command::Key(Key { command: KeyCommand::Passkeys(PasskeysCommand::Remove(arguments)) }) =
            cli.command
        else {
            panic!("{words:?}");
        };
        assert_eq!((arguments.id.as_str(), arguments.yes), ("-abcd", true), "{words:?}");
    }
}
