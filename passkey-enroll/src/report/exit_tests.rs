use super::*;

#[test]
fn the_numbers_are_those_of_the_documentation() {
    for (number, exit) in (0..).zip(Exit::ALL) {
        assert_eq!(exit.code(), number, "{exit:?}");
    }
}

#[test]
fn the_help_names_every_number() {
    let help = crate::cli::command().render_long_help().to_string();
    let list = help.split("Exit status:").nth(1).unwrap();
    for exit in Exit::ALL {
        assert!(list.contains(&format!(" {:2}  {}", exit.code(), exit.meaning())), "{exit:?} in {list}");
    }
}
