use super::*;

#[test]
fn the_numbers_are_those_of_the_documentation() {
    let in_order = [
        Exit::Done,
        Exit::Failed,
        Exit::Usage,
        Exit::NoKey,
        Exit::WrongPin,
        Exit::Locked,
        Exit::TimedOut,
        Exit::Cancelled,
        Exit::NotPermitted,
        Exit::NotEnrolled,
        Exit::AlreadyEnrolled,
        Exit::Broken,
    ];
    for (number, exit) in (0..).zip(in_order) {
        assert_eq!(exit.code(), number, "{exit:?}");
    }
}

#[test]
fn the_help_names_every_number() {
    let help = crate::cli::command().render_long_help().to_string();
    let list = help.split("Exit status:").nth(1).unwrap();
    for number in 0..=11 {
        assert!(list.split_whitespace().any(|word| word == number.to_string()), "{number} in {list}");
    }
}
