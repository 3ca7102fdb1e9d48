//! The manual page of `passkey-enroll`, made from the definitions of its command line.

use clap::{Arg, Command};
use jiff::civil::Date;
use passkey_core::config::{DEFAULT_CREDENTIAL_FILES, DEFAULT_PATH};
use passkey_enroll::Exit;
use passkey_enroll::cli::{self, help};

use crate::page::Page;

pub(crate) fn page(date: Date) -> String {
    let mut command = cli::command();
    command.build();
    let name = command.get_name().to_owned();
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    let mut page = Page::new(&name, 1, &decapitalised(&about), date);
    page.heading("SYNOPSIS");
    page.paragraph(&format!("`{name}` COMMAND [OPTION…]"));
    page.heading("DESCRIPTION");
    for paragraph in paragraphs(&command) {
        page.paragraph(&paragraph);
    }
    page.paragraph(
        "Results are written to standard output, everything else to standard error. Every answer that the command asks for at the terminal can be \
         given on the command line or on standard input instead.",
    );
    page.heading("OPTIONS OF EVERY COMMAND");
    for option in command.get_arguments().filter(|argument| argument.is_global_set()) {
        item(&mut page, option);
    }
    page.heading("COMMANDS");
    commands(&mut page, &command, &name);
    page.heading("EXIT STATUS");
    for exit in Exit::ALL {
        page.item(&format!("`{}`", exit.code()), &[exit.meaning()]);
    }
    page.heading("FILES");
    page.item(&format!("`{DEFAULT_PATH}`"), &["The configuration: see `passkey.toml`(5)."]);
    page.item(
        &format!("`{DEFAULT_CREDENTIAL_FILES}`"),
        &["The passkeys of each user, unless the configuration names another file."],
    );
    page.item(
        "`/var/lib/passkey/pam`",
        &["Copies of PAM files before `passkey-enroll pam enable` changed them, `SERVICE.before`, and changes on trial."],
    );
    page.heading("EXAMPLES");
    for (command, meaning) in help::EXAMPLES {
        page.item(&format!("`{command}`"), &[format!("{meaning}.")]);
    }
    page.heading("SEE ALSO");
    page.paragraph("`passkey.toml`(5), `pam_passkey`(8)");
    page.finish()
}

/// Every command that does something, those of groups too.
fn commands(page: &mut Page, group: &Command, path: &str) {
    for command in group.get_subcommands().filter(|command| command.get_name() != "help") {
        let path = format!("{path} {}", command.get_name());
        if command.has_subcommands() {
            commands(page, command, &path);
            continue;
        }
        let arguments: Vec<&Arg> =
            command.get_arguments().filter(|argument| !is_of_every_command(argument)).collect();
        let words = arguments.iter().filter(|argument| argument.is_positional()).map(|word| value(word));
        let examples = help::examples(path.split_once(' ').map_or("", |(_, words)| words));
        page.subheading(&std::iter::once(path).chain(words).collect::<Vec<_>>().join(" "));
        for paragraph in paragraphs(command) {
            page.paragraph(&paragraph);
        }
        let aliases: Vec<String> =
            command.get_visible_aliases().map(|alias| format!("`passkey-enroll {alias}`")).collect();
        if !aliases.is_empty() {
            page.paragraph(&format!("Also: {}.", aliases.join(", ")));
        }
        for argument in arguments {
            item(page, argument);
        }
        for (example, meaning) in examples {
            page.paragraph(&format!("Example: `{example}`: {meaning}."));
        }
    }
}

/// `--help`, and options that are described at the beginning of the page.
fn is_of_every_command(argument: &Arg) -> bool {
    argument.is_global_set() || matches!(argument.get_id().as_str(), "help" | "version")
}

fn item(page: &mut Page, argument: &Arg) {
    let short = argument.get_short().map(|short| format!("`-{short}`"));
    let long = argument.get_long().map(|long| format!("`--{long}`"));
    let names: Vec<String> = short.into_iter().chain(long).collect();
    let takes_value = argument.get_action().takes_values();
    let term = match (names.as_slice(), takes_value) {
        ([], _) => value(argument),
        (names, true) => format!("{} {}", names.join(", "), value(argument)),
        (names, false) => names.join(", "),
    };
    let defaults: Vec<String> =
        argument.get_default_values().iter().map(|value| format!("`{}`", value.to_string_lossy())).collect();
    let mut text = vec![sentence(&help(argument))];
    if let Some(first) = text.first_mut()
        && takes_value
        && !defaults.is_empty()
    {
        *first = format!("{first} Default: {}.", defaults.join(", "));
    }
    if takes_value {
        let values = argument.get_possible_values();
        text.extend(values.iter().map(|value| {
            let meaning = value.get_help().map(ToString::to_string).unwrap_or_default();
            format!("`{}`: {}", value.get_name(), sentence(&meaning))
        }));
    }
    page.item(&term, &text);
}

/// The long help of an argument, or else the short one.
fn help(argument: &Arg) -> String {
    argument.get_long_help().or_else(|| argument.get_help()).map(ToString::to_string).unwrap_or_default()
}

/// The placeholder of an argument's value.
fn value(argument: &Arg) -> String {
    let names = argument.get_value_names().unwrap_or_default();
    names.iter().map(|name| name.as_str().to_uppercase()).collect::<Vec<_>>().join(" ")
}

/// The help of a command, in paragraphs.
fn paragraphs(command: &Command) -> Vec<String> {
    let about = command.get_long_about().or_else(|| command.get_about()).map(ToString::to_string);
    about.unwrap_or_default().split("\n\n").map(|paragraph| sentence(&paragraph.replace('\n', " "))).collect()
}

/// A text as a sentence: on the command line the first line of a help text has no full stop.
fn sentence(text: &str) -> String {
    match text.chars().last() {
        None | Some('.') => text.to_owned(),
        Some(_) => format!("{text}."),
    }
}

fn decapitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
}
