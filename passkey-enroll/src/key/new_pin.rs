//! Asking for a new PIN.

use super::error::ManageError;
use crate::terminal::input::{Line, Terminal};
use crate::terminal::signals::Interrupt;
use ctap::{NotAPin, Pin, Secret};

/// Asks until the person has typed twice the same that can be a PIN of at least `min_chars` characters, or has had enough.
pub(super) fn ask(interrupt: &Interrupt, min_chars: usize) -> Result<Pin, ManageError> {
    let mut terminal = Terminal::open().ok_or(ManageError::NewPinNeeded)?;
    let mut remark = String::new();
    loop {
        let question = format!("{remark}New PIN, {min_chars} characters or more: ");
        let typed = secret(&mut terminal, &question, interrupt)?;
        remark = match Pin::parse(&typed, min_chars) {
            Err(unfit) => format!("{} ", words(unfit)),
            Ok(pin) => {
                let again = secret(&mut terminal, "The same again: ", interrupt)?;
                // Letters that were composed in another way the second time are the same.
                if Pin::parse(&again, min_chars).as_ref() == Ok(&pin) {
                    return Ok(pin);
                }
                "The two were not the same. ".to_owned()
            }
        };
    }
}

/// Nothing typed is no PIN: the person does not want to.
fn secret(terminal: &mut Terminal, question: &str, interrupt: &Interrupt) -> Result<Secret, ManageError> {
    match terminal.ask_secret(question, interrupt).map_err(ManageError::Terminal)? {
        Line::Typed(typed) if !typed.is_empty() => Ok(typed),
        Line::Typed(_) | Line::End | Line::Interrupted => Err(ManageError::Cancelled),
    }
}

fn words(unfit: NotAPin) -> String {
    match unfit {
        NotAPin::OneTimePassword => {
            "Your security key typed that itself. Touch it only when it blinks.".to_owned()
        }
        NotAPin::NotText | NotAPin::HoldsNul | NotAPin::TooShort { .. } | NotAPin::TooLong => {
            format!("That cannot be a PIN: {unfit}.")
        }
    }
}

#[cfg(test)]
#[path = "new_pin_tests.rs"]
mod tests;
